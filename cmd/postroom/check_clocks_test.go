package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/internal/objects/objectstest"
	"postroom/internal/openid/openidtest"
	"postroom/internal/registertest"
)

func TestWhichClockIsWrong(t *testing.T) {
	t.Parallel()
	const off = 7 * time.Minute
	database, redis, storage := databaseClock, redisClock, storageClock
	token := func(ahead time.Duration) *witness { return tokenClock("microsoft", ahead) }
	for name, row := range map[string]struct {
		asked []*witness
		wrong bool
		want  []string // in the warning or error; ok when none
	}{
		"nobody to ask":            {},
		"all agree":                {asked: []*witness{database(0), redis(-4 * time.Second), token(time.Second)}},
		"two that are one's own":   {asked: []*witness{database(-6 * time.Second)}, want: []string{"the database server's is 6s behind this machine's. One of them is wrong", "days of receipt are counted by this machine's"}},
		"five minutes":             {asked: []*witness{redis(5 * time.Minute)}, wrong: true, want: []string{"Redis's is 5m0s ahead of this machine's. One of them is wrong"}},
		"two agree, on one server": {asked: []*witness{database(off), redis(off), storage(0)}, wrong: true, want: []string{"the database server's is 7m0s ahead of this machine's and Redis's is 7m0s ahead", "One of them is wrong"}},
		"ours, says the service":   {asked: []*witness{database(0), token(-off)}, wrong: true, want: []string{"sign-in service of microsoft is 7m0s behind this machine's. So this machine's clock is wrong", "refuse who is five minutes off"}},
		"ours, a little":           {asked: []*witness{token(time.Minute)}, want: []string{"is 1m0s ahead of this machine's. So this machine's clock is wrong"}},
		"the database's":           {asked: []*witness{database(off), redis(0), token(0)}, wrong: true, want: []string{"This machine's agrees with that of the sign-in service of microsoft, so let a time server (NTP) set the database server's. Meanwhile: deadlines"}},
		"services that differ":     {asked: []*witness{signOnClock(off), token(0)}, wrong: true, want: []string{"that of the provider in web.oidc is 7m0s ahead", "One of them is wrong", "nobody can sign in when the clocks are 2m0s apart"}},
	} {
		var asked []witness
		for _, w := range row.asked {
			asked = append(asked, *w)
		}
		f := checkClocks(asked)
		said := f.warning
		if f.err != nil {
			said = f.err.Error()
		}
		if (f.err != nil) != row.wrong || (f.warning != "") != (len(row.want) > 0 && !row.wrong) || len(row.want) == 0 && f.found == "" {
			t.Errorf("%s: got %+v", name, f)
		}
		for _, want := range row.want {
			if !strings.Contains(said, want) {
				t.Errorf("%s: %q is missing in %q", name, want, said)
			}
		}
	}
}

// Real servers, asked by a machine whose clock is right, a little or far off.
func TestCheckAsksEveryClock(t *testing.T) {
	t.Parallel()
	redis := os.Getenv("POSTROOM_TEST_REDIS")
	if redis == "" {
		t.Skip("integration: POSTROOM_TEST_REDIS is not set")
	}
	bucket := objectstest.New(t)
	dsn := registertest.Postgres(t, registertest.Config(t, time.Now)).DSN
	provider := openidtest.Start(t, time.Now)
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("client_id") == "refused" {
			w.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(w, `{"error":"invalid_client"}`)
			return
		}
		fmt.Fprint(w, `{"expires_in":3600,"access_token":"x"}`)
	}))
	t.Cleanup(tokens.Close)
	folder := t.TempDir()
	for name, text := range map[string]string{"secret": openidtest.Secret, "town.yaml": fmt.Sprintf(`
oauth:
  - {name: box, provider: other, token_endpoint: %[1]s, grant: client_credentials, client_id: taken, client_secret_file: secret}
  - {name: other, provider: other, token_endpoint: %[1]s, grant: client_credentials, client_id: refused, client_secret_file: secret}
web: {address: "https://postroom.citrine.example/", behind_proxy: true, oidc: {issuer: %[2]q, client_id: %[3]s, client_secret_file: secret}}
`, tokens.URL, provider.URL, openidtest.ClientID)} {
		writeFile(t, filepath.Join(folder, name), text)
	}
	c, err := loadConfig(filepath.Join(folder, "town.yaml"), os.LookupEnv)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.makeKeys(); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		ahead time.Duration
		want  string
	}{
		{0, `^clocks +ok +this machine's agrees with the database server's, the object storage's, Redis's, that of the sign-in service of box, that of the sign-in service of other and that of the provider in web\.oidc\n`},
		{90 * time.Second, `^clocks +look +the database server's is 1m[23]\ds behind this machine's, the object storage's is 1m[23]\ds behind .*So this machine's clock is wrong`},
		{-7 * time.Minute, `^clocks +WRONG +the database server's is [67]m\d+s ahead of this machine's, the object storage's is [67]m\d+s ahead of this machine's, Redis's is [67]m\d+s ahead of this machine's, that of the sign-in service of box is [67]m\d+s ahead .*So this machine's clock is wrong`},
	} {
		p, err := configured(c, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		p.driver, p.dsn, p.redisURL, p.redisPrefix, p.bucket = "postgres", dsn, redis, "clocks:"+filepath.Base(folder)+":", &bucket
		p.now = func() time.Time { return time.Now().Add(row.ahead) }
		p.accounts = nil
		if err := p.addAccounts(c); err != nil {
			t.Fatal(err)
		}
		if err := p.addSignOn(c.Web); err != nil {
			t.Fatal(err)
		}
		line := ""
		for range 10 { // an answer that takes long on a machine with much to do tells no time
			var out bytes.Buffer
			p.check(t.Context(), &out)
			line = out.String()
			line = line[strings.Index(line, "\nclocks")+1:]
			line = line[:strings.Index(line, "\n")+1]
			if regexp.MustCompile(row.want).MatchString(line) {
				line = ""
				break
			}
		}
		if line != "" {
			t.Errorf("%v ahead: got %s", row.ahead, line)
		}
	}
}
