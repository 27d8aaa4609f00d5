package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/internal/openid/openidtest"
)

// checked runs the check with the sign-in of that issuer and secret.
func checked(t *testing.T, issuer, client, secret string) string {
	t.Helper()
	folder := t.TempDir()
	writeFile(t, filepath.Join(folder, "secret"), secret+"\n")
	writeFile(t, filepath.Join(folder, "c.yaml"), fmt.Sprintf("web: {address: \"https://postroom.citrine.example/\", behind_proxy: true, oidc: {issuer: %q, client_id: %s, client_secret_file: secret}}\n", issuer, client))
	var out, log bytes.Buffer
	run([]string{"check", "-config", filepath.Join(folder, "c.yaml")}, &out, &log) // exits 1: there is no mail server
	if strings.Contains(out.String()+log.String(), secret) {
		t.Errorf("the secret is shown: %s%s", out.String(), log.String())
	}
	for line := range strings.Lines(out.String()) {
		if strings.HasPrefix(line, "sign-in ") {
			return line
		}
	}
	t.Fatalf("no line about signing in: %s%s", out.String(), log.String())
	return ""
}

func TestCheckExplainsTheSignIn(t *testing.T) {
	t.Parallel()
	lies := openidtest.Start(t, time.Now)
	late := openidtest.Start(t, func() time.Time { return time.Now().Add(-4 * time.Minute) })
	for name, row := range map[string]struct{ issuer, client, secret, want string }{
		"well":                  {lies.URL, openidtest.ClientID, openidtest.Secret, `^sign-in +ok +http://\S+ answers; register there as redirect address https://postroom\.citrine\.example/sign-in/back, after signing out https://postroom\.citrine\.example/sign-in\n$`},
		"another secret":        {lies.URL, openidtest.ClientID, "another-secret", `WRONG +the provider does not know the client, or its secret is wrong`},
		"a slash too many":      {lies.URL + "/", openidtest.ClientID, openidtest.Secret, `WRONG +the provider calls itself "http://[^"/]+"; write exactly that`},
		"nothing there":         {lies.URL + "/other", openidtest.ClientID, openidtest.Secret, `WRONG +there is no provider at web\.oidc\.issuer: .* answers 404`},
		"nobody there":          {"http://127.0.0.1:1", openidtest.ClientID, openidtest.Secret, `WRONG +the provider cannot be reached`},
		"a clock that is ahead": {late.URL, openidtest.ClientID, openidtest.Secret, `WRONG +this machine's clock is [34]m\S+ ahead of the provider's; let it keep time by NTP`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if line := checked(t, row.issuer, row.client, row.secret); !regexp.MustCompile(row.want).MatchString(line) {
				t.Errorf("got %s\nwant %s", line, row.want)
			}
		})
	}
}

// TestCheckOfARealProvider: a right secret and a wrong one, at zitadel's.
func TestCheckOfARealProvider(t *testing.T) {
	t.Parallel()
	issuer := os.Getenv("POSTROOM_TEST_OIDC")
	if issuer == "" {
		t.Skip("integration: POSTROOM_TEST_OIDC names no provider of OpenID Connect")
	}
	if line := checked(t, issuer, "thin", "secret"); !strings.Contains(line, " ok ") {
		t.Error(line)
	}
	if line := checked(t, issuer, "thin", "another-one"); !strings.Contains(line, "WRONG  the provider does not know the client, or its secret is wrong") {
		t.Error(line)
	}
}

func TestTheSignInThatIsConfigured(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, redirect, roles string }{
		"roles by name": {
			`web: {oidc: {issuer: "https://signin.example", client_id: x, client_secret_env: S}}`, "http://127.0.0.1:8080/sign-in/back",
			"map[admin:[admin] auditor:[auditor] mailroom:[mailroom] manager:[manager] reviewer:[reviewer]]",
		},
		"roles by value": {
			`web: {address: "https://p.example/", oidc: {issuer: "https://signin.example", client_id: x, client_secret_env: S, roles: {admin: [a, b], auditor: [b]}}}`,
			"https://p.example/sign-in/back", "map[a:[admin] b:[auditor admin]]",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := t.TempDir()
			writeFile(t, filepath.Join(folder, "c.yaml"), row.text+"\n")
			c, err := loadConfig(filepath.Join(folder, "c.yaml"), func(string) (string, bool) { return "s3cr3t", true })
			if err != nil {
				t.Fatal(err)
			}
			p, err := configured(c, slog.New(slog.DiscardHandler))
			if err != nil {
				t.Fatal(err)
			}
			on := p.access.SignOn
			if on == nil || on.Provider.Redirect() != row.redirect || fmt.Sprint(on.Roles) != row.roles {
				t.Errorf("got %+v", on)
			}
			if strings.Contains(fmt.Sprintf("%+v", c), "s3cr3t") {
				t.Error("the secret shows itself")
			}
		})
	}
}
