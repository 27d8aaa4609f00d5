package main

import (
	"encoding"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.yaml.in/yaml/v3"

	"postroom/internal/workday"
)

const exampleFile = "../../config.example.yaml"

func noEnv(string) (string, bool) { return "", false }

// TestExampleHoldsEverySetting reads the example beside the types: it must
// have every key, with the default or the mark "example".
func TestExampleHoldsEverySetting(t *testing.T) {
	t.Parallel()
	file, err := os.Open(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	root, err := parse(file)
	if err != nil {
		t.Fatal(err)
	}
	compareExample(t, reflect.ValueOf(defaultConfig()), root, "")
}

func compareExample(t *testing.T, v reflect.Value, n *yaml.Node, key string) {
	t.Helper()
	values := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(n.Content); i += 2 {
		values[n.Content[i].Value] = n.Content[i+1]
	}
	for name, index := range fieldsOf(v.Type()) {
		field, value, at := v.Field(index), values[name], join(key, name)
		if value == nil {
			t.Errorf("config.example.yaml lacks %s", at)
			continue
		}
		_, text := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(field.Type()))
		switch {
		case field.Kind() == reflect.Struct && !text:
			compareExample(t, field, value, at)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for i, item := range value.Content {
				compareExample(t, defaultItem(field, i), item, fmt.Sprintf("%s[%d]", at, i))
			}
		default:
			compareLeaf(t, field, value, at)
		}
	}
}

// defaultItem is item i of the default list, or else what an item starts from.
func defaultItem(list reflect.Value, i int) reflect.Value {
	if i < list.Len() {
		return list.Index(i)
	}
	item := reflect.New(list.Type().Elem())
	if e, ok := reflect.TypeAssert[interface{ setDefaults() }](item); ok {
		e.setDefaults()
	}
	return item.Elem()
}

func compareLeaf(t *testing.T, field reflect.Value, value *yaml.Node, at string) {
	t.Helper()
	marked := strings.Contains(value.LineComment, "example")
	for _, item := range value.Content { // a mapping's comments are at its values
		marked = marked || strings.Contains(item.LineComment, "example")
	}
	got := reflect.New(field.Type())
	var d decoder
	d.set(got.Elem(), value, at)
	for _, p := range d.problems {
		t.Errorf("config.example.yaml: %s", p)
	}
	same := reflect.DeepEqual(got.Elem().Interface(), field.Interface())
	switch {
	case !same && !marked:
		t.Errorf("%s is %v in config.example.yaml without the mark \"example\", and %v by default", at, got.Elem(), field)
	case same && marked:
		t.Errorf("%s is marked as an example in config.example.yaml, but it is the default", at)
	}
}

// TestExampleDecodesStrictly: the example's own contradictions (a password in
// a file and in the environment) are all that is wrong with it.
func TestExampleDecodesStrictly(t *testing.T) {
	t.Parallel()
	file, err := os.Open(exampleFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	_, problems, err := readConfig(file, "/etc/postroom")
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, p := range problems {
		keys = append(keys, p.key)
	}
	want := []string{
		"register.dsn_file", "register.dsn_file", // both, and driver: sqlite
		"archive.s3.access_key_file", "archive.s3.secret_key_file",
		"queue.redis_file", "queue.redis", "queue.ca_file", "queue", // no TLS, and three ways to say where Redis is
		"queue.sentinel.password_file", "queue.sentinel.sentinel_password_file", "queue.cluster.password_file",
		"oauth[0].tenant", "oauth[0].client_secret_file", // provider: other, and both
		"oauth[0].refresh_token_file", "oauth[0].refresh_token_file", // both, and another grant
		"mailboxes[0].password_file", "mailboxes[0].oauth", // auth: login
		"smtp.oauth", "smtp.password_file", "smtp.envelope_sender", "smtp.dkim.key_file",
		"keys.reference_key_file", "keys.message_id_key_file",
		"alerts.webhook_token_file",
		"letters.envelope", // profile: dl-35x90
		"web.oidc.client_secret_file",
	}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Errorf("problems (-want +got):\n%s\n%v", diff, problems)
	}
}

func TestWhatIsLeftOutIsTheDefault(t *testing.T) {
	t.Parallel()
	want := defaultConfig()
	resolvePaths(reflect.ValueOf(&want).Elem(), "/etc")
	want.deriveDomain()
	for name, text := range map[string]string{"no settings": "{}\n", "sections without settings": "landlord:\nsmtp:\n"} {
		c, problems, err := readConfig(strings.NewReader(text), "/etc")
		if err != nil || len(problems) > 0 {
			t.Errorf("%s: %v %v", name, err, problems)
		}
		if diff := cmp.Diff(want, c, cmpopts.EquateComparable(maybeTimeOfDay{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A file that was emptied is no configuration: its defaults would begin another
// register.
func TestAFileThatSaysNothingIsRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"empty": "", "blank lines": "\n\n", "comments only": "# nothing\n", "a mark": "---\n", "a mark and its end": "---\n...\n", "null": "null\n"} {
		if _, _, err := readConfig(strings.NewReader(text), "/etc"); err == nil || !strings.Contains(err.Error(), "it holds no setting") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const working = `
landlord: {name: Citrine Homes, phone: 01632 960 100, out_of_hours: 01632 960 999, reference_prefix: CIT}
mailboxes:
  - {name: complaints, host: 127.0.0.1, port: 1143, tls: none, user: c, password_env: PW, start: 2026-11-23}
smtp: {host: localhost, port: 1025, tls: none, from: {address: c@citrine.example}}
`

func TestReadsWhatIsWritten(t *testing.T) {
	t.Parallel()
	c, problems, err := readConfig(strings.NewReader(working+`
failsafe: {at: "09:30"}
register: {path: /var/lib/postroom/register.db}
forwarding: {repairs: r@citrine.example}
warnings: {days_before: []}
smtp2:
`), "/etc/postroom")
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) != 1 || problems[0].key != "smtp2" {
		t.Errorf("problems = %v, want one about smtp2", problems)
	}
	m := c.Mailboxes[0]
	for _, row := range []struct{ what, got, want any }{
		{"a phone number stays text", c.Landlord.Phone, "01632 960 100"},
		{"start", m.Start, workday.Date{Year: 2026, Month: time.November, Day: 23}},
		{"a mailbox starts from its defaults", m.Poll, time.Minute},
		{"time of day", c.Failsafe.At, timeOfDay{9, 30}},
		{"a sibling keeps its default", c.Failsafe.WorkingDay, 4},
		{"an absolute path", c.Register.Path, "/var/lib/postroom/register.db"},
		{"a relative path", c.Archive.Folder, "/etc/postroom/data/archive"},
		{"an empty list replaces the default", len(c.Warnings.DaysBefore), 0},
		{"a map", c.Forwarding["repairs"], "r@citrine.example"},
		{"the Message-IDs' domain is the sender's", c.SMTP.MessageIDDomain, "citrine.example"},
	} {
		if row.got != row.want {
			t.Errorf("%s: %v, want %v", row.what, row.got, row.want)
		}
	}
}

func TestRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, text, want string }{
		{"an unknown key", "smtp:\n  pasword_env: X\n", "smtp.pasword_env: unknown key"},
		{"an unknown key in a list", "mailboxes:\n  - {}\n  - {nme: x}\n", "mailboxes[1].nme: unknown key"},
		{"a secret in the file", "smtp: {password: hunter2}", "smtp.password: unknown key"},
		{"a Go field that is not a key", "Landlord: {}", "Landlord: unknown key"},
		{"a key twice", "nation: scotland\nnation: scotland\n", "nation: stands here twice (line 2)"},
		{"a word for a number", "smtp: {port: many}", `smtp.port: want a whole number, not "many"`},
		{"a number beyond all", "smtp: {port: 99999999999999999999}", "smtp.port: want a whole number"},
		{"a number for a span", "alerts: {repeat: 15}", "alerts.repeat: want a span of time such as"},
		{"a negative span", "alerts: {repeat: -15m}", "alerts.repeat: want more than no time"},
		{"a day that does not exist", "mailboxes: [{start: 2026-02-30}]", "mailboxes[0].start: read date"},
		{"a base-60 time", "failsafe: {at: [12]}", "failsafe.at: want a single value"},
		{"a time that does not exist", `failsafe: {at: "24:00"}`, "failsafe.at: want a time of day"},
		{"a list for a section", "smtp: [1]", "smtp: want settings below it"},
		{"a value for a list", "roles: web", "roles: want a list"},
		{"an alias", "log: &l {level: info}\nweb: *l\n", "web: aliases"},
		{"a merge key", "log: {<<: {level: info}}", "log.<<: unknown key"},
		{"a file that is a list", "- a\n", ": want settings below it"},
		{"plain mail to elsewhere", "smtp: {host: mail.example, tls: none}", "smtp.tls: none is for"},
		{"a name in an address", "alerts: {emails: [\"Duty <duty@x.example>\"]}", "alerts.emails[0]: want an email address"},
		{"a line break in an address", "alerts: {emails: [\"a@x.example\\r\\nBcc: b@x.example\"]}", "alerts.emails[0]: want an email address"},
		{"two ways to Redis", "queue: {redis: \"redis://localhost\", cluster: {addresses: [\"a:1\"]}}", "queue: redis, sentinel and cluster are three ways"},
		{"Sentinels without a name", "queue: {sentinel: {addresses: [\"a:1\"]}}", "queue.sentinel.master: is missing"},
		{"a name without Sentinels", "queue: {sentinel: {master: postroom}}", "queue.sentinel.addresses: is empty"},
		{"an address without a port", "queue: {cluster: {addresses: [redis.example]}}", "queue.cluster.addresses[0]: want a host and a port"},
		{"an authority without TLS", "queue: {redis: \"redis://localhost\", ca_file: ca.pem}", "queue.ca_file: is for TLS"},
		{"an authority for a plain Cluster", "queue: {cluster: {addresses: [\"a:1\"]}, ca_file: ca.pem}", "queue.ca_file: is for TLS"},
		{"an authority for plain Sentinels", "queue: {sentinel: {master: m, addresses: [\"a:1\"]}, ca_file: ca.pem}", "queue.ca_file: is for TLS"},
		{"a plain webhook", "alerts: {webhook: http://pager.example/}", "alerts.webhook: want an address"},
		{"pages for everybody in the clear", `web: {listen: ":8080"}`, "web.listen: without TLS the pages are for this machine only"},
		{"half a TLS", `web: {tls_certificate: a.pem}`, "web.tls_key: tls_certificate and tls_key belong together"},
		{"the other half", `web: {tls_key: a.pem}`, "web.tls_key: tls_certificate and tls_key belong together"},
		{"TLS twice", `web: {tls_certificate: a.pem, tls_key: b.pem, behind_proxy: true, address: "https://p.example"}`, "web.behind_proxy: either the proxy"},
		{"a proxy without an address", `web: {listen: ":8080", behind_proxy: true}`, "web.address: is missing"},
		{"plain cookies over a network", `web: {behind_proxy: true, address: "https://p.example", cookies: plain}`, "web.cookies: plain is for"},
		{"a session that ends before it is idle", `web: {session_idle: 2h, session_longest: 1h}`, "web.session_longest: is shorter"},
		{"a provider half named", `web: {oidc: {client_id: x}}`, "web.oidc.issuer: is missing"},
		{"a provider in the clear", `web: {oidc: {issuer: "http://signin.example", client_id: x, client_secret_env: Y}}`, "web.oidc.issuer: want an address that begins with https://"},
		{"everybody's tenant", `web: {oidc: {issuer: "https://login.microsoftonline.com/common/v2.0", client_id: x, client_secret_env: Y}}`, `web.oidc.issuer: "common" lets in every Microsoft account`},
		{"an old issuer of Entra", `web: {oidc: {issuer: "https://login.microsoftonline.com/0a1b2c3d-0000-4000-8000-000000000000", client_id: x, client_secret_env: Y}}`, "web.oidc.issuer: want https://login.microsoftonline.com/TENANT-ID/v2.0"},
		{"roles by Entra's addresses", `web: {oidc: {issuer: "https://login.microsoftonline.com/t/v2.0", roles_claim: email, client_id: x, client_secret_env: Y}}`, "web.oidc.roles_claim: Entra vouches for no email address"},
		{"a provider without a client", `web: {oidc: {issuer: "https://signin.example", client_secret_env: Y}}`, "web.oidc.client_id: is missing"},
		{"a provider without a secret", `web: {oidc: {issuer: "https://signin.example", client_id: x}}`, "web.oidc.client_secret_file: say where"},
		{"an unknown role", `web: {oidc: {issuer: "https://signin.example", client_id: x, client_secret_env: Y, roles: {king: [k]}}}`, "web.oidc.roles.king: want one of reviewer"},
		{"a role for nobody", `web: {oidc: {issuer: "https://signin.example", client_id: x, client_secret_env: Y, roles: {admin: []}}}`, "web.oidc.roles.admin: want the claim's values"},
		{"a provider that knows no way back", `web: {listen: ":443", tls_certificate: a, tls_key: b, oidc: {issuer: "https://signin.example", client_id: x, client_secret_env: Y}}`, "web.address: is missing; the provider"},
		{"nobody at all", `web: {local_accounts: nobody}`, "web.local_accounts: without web.oidc.issuer"},
		{"local accounts for some", `web: {local_accounts: some}`, "web.local_accounts: want one of everybody, admins, nobody"},
		{"a door without pages", `web: {listen: "", api: true}`, "web.api: needs the pages"},
		{"a form without pages", `web: {listen: "", form: true}`, "web.form: needs the pages"},
		{"an endless session", `web: {session_idle: 0s}`, "web.session_idle: want more than no time"},
		{"figures nowhere", "metrics: {listen: everywhere}", "metrics.listen: want an address"},
		{"figures where the pages are", `metrics: {listen: "127.0.0.1:8080"}`, "metrics.listen: is where the pages are"},
		{"an unknown topic", "forwarding: {drains: d@x.example}", "forwarding.drains: want one of repairs"},
		{"an unknown role", "roles: [web, king]", "roles[1]: want one of"},
		{"an unknown nation", "nation: france", "nation: unknown nation"},
		{"an unknown scheme", "scheme: none", "scheme: unknown scheme"},
		{"a prefix with a dash", "landlord: {reference_prefix: A-B}", "landlord.reference_prefix: want 2 to 5"},
		{"a password in Redis's address", "queue: {redis: redis://:hunter2@localhost}", "queue.redis: holds a password"},
		{"PostgreSQL without keys", "register: {driver: postgres, dsn_env: D}", "keys.reference_key_file: is missing"},
		{"a token from nowhere", strings.ReplaceAll(working, "password_env: PW", "auth: oauth2, oauth: ms"), `mailboxes[0].oauth: names no account under oauth: "ms"`},
		{"a token and a password", strings.ReplaceAll(working, "password_env: PW", "password_env: PW, auth: oauth2"), "mailboxes[0].password_file: with auth: oauth2"},
		{"an account for a password", "smtp: {oauth: ms}", "smtp.oauth: belongs to auth: oauth2"},
		{"a token for nobody", "smtp: {auth: oauth2}", "smtp.user: is missing"},
		{"a tenant that is an address", `oauth: [{name: ms, provider: microsoft, tenant: "https://x"}]`, "oauth[0].tenant: want your tenant's domain"},
		{"a secret over a plain line", `oauth: [{token_endpoint: "http://signin.example/"}]`, "oauth[0].token_endpoint: want an address"},
		{"no refresh token", "oauth: [{name: g, provider: google}]", "oauth[0].refresh_token_file: say where"},
		{"no client secret", "oauth: [{name: m, provider: microsoft}]", "oauth[0].client_secret_file: say where"},
		{"an account twice", "oauth: [{name: m}, {name: m}]", `oauth[1].name: another account is called "m" too`},
		{"a role for a folder", strings.ReplaceAll(working, ", start: 2026-11-23", `, start: 2026-11-23, filed_folder: \Archive`), `mailboxes[0].filed_folder: want the folder's name`},
		{"another role for junk", strings.ReplaceAll(working, ", start: 2026-11-23", `, start: 2026-11-23, junk_folder: \Spam`), `mailboxes[0].junk_folder: want the folder's name`},
		{"no start", strings.ReplaceAll(working, ", start: 2026-11-23", ""), "mailboxes[0].start: is missing"},
		{"no landlord", strings.ReplaceAll(working, "name: Citrine Homes,", ""), "landlord.name: is missing"},
		{"the same name twice", "mailboxes: [{name: a}, {name: a}]", `mailboxes[1].name: another mailbox is called "a" too`},
		{"a message that nobody can keep", "review: {keep: 0s}", "review.keep: want 1m to 12h, not 0s"},
		{"a day to undo", "review: {undo: 24h}", "review.undo: want 0s to 1h, not 24h0m0s"},
		{"a failsafe after the deadline", "failsafe: {working_day: 6}", "failsafe.working_day: want 1 to 5, not 6"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, problems, err := readConfig(strings.NewReader(tt.text), "/etc")
			if err != nil {
				t.Fatal(err)
			}
			found := slices.ContainsFunc(problems, func(p problem) bool { return strings.HasPrefix(p.String(), tt.want) })
			if !found {
				t.Errorf("problems = %v, want one that begins %q", problems, tt.want)
			}
			for _, p := range problems {
				if strings.Contains(p.String(), "hunter2") {
					t.Errorf("the secret is shown: %s", p)
				}
			}
		})
	}
}

func TestRefusesWhatIsNoYAML(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"a second document": "nation: scotland\n---\nnation: scotland\n",
		"an open bracket":   "roles: [web\n",
		"bytes":             "\x00\xff\xfe",
		"a second of junk":  "nation: scotland\n---\n[",
	} {
		if _, _, err := readConfig(strings.NewReader(text), "/etc"); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func TestLoadConfigTellsAllProblemsAtOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	writeFile(t, path, "nation: france\nsmtp: {port: x, password_file: none, user: u}\nalerts: {webhook_token_env: TOKEN}\n")
	_, err := loadConfig(path, noEnv)
	if err == nil {
		t.Fatal("the configuration was loaded")
	}
	for _, want := range []string{"nation: ", "smtp.port: ", "smtp.password_file: ", "alerts.webhook_token_env: the environment variable TOKEN is not set"} {
		if !strings.Contains(err.Error(), "\n  "+want) {
			t.Errorf("the error lacks %q:\n%v", want, err)
		}
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "c.yaml")
	writeFile(t, path, working+"queue: {redis_file: redis}\nalerts: {webhook: https://pager.example, webhook_token_file: token}\n")
	writeFile(t, filepath.Join(folder, "redis"), "redis://:hunter2@localhost\r\n")
	writeFile(t, filepath.Join(folder, "token"), " spaces stay \n")
	c, err := loadConfig(path, func(name string) (string, bool) { return "pass word", name == "PW" })
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		what      string
		got, want secret
	}{
		{"environment", c.Mailboxes[0].Password, "pass word"},
		{"file", c.Queue.URL, "redis://:hunter2@localhost"},
		{"only line ends are cut", c.Alerts.Token, " spaces stay "},
	} {
		if row.got != row.want {
			t.Errorf("%s: %q, want %q", row.what, string(row.got), string(row.want))
		}
	}
	if dump := fmt.Sprintf("%v %+v %#v", c, c, c); strings.Contains(dump, "hunter2") || strings.Contains(dump, "pass word") {
		t.Error("a secret shows itself when the configuration is printed")
	}
}

func TestKeysAreMadeOnceAndKept(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	writeFile(t, path, "{}\n")
	keys := make(chan keysConfig)
	for range 8 {
		go func() {
			c, err := loadConfig(path, noEnv)
			if err != nil {
				t.Error(err)
			}
			keys <- c.Keys
		}()
	}
	first := <-keys
	for range 7 {
		if next := <-keys; !reflect.DeepEqual(first, next) {
			t.Error("two processes that start at once have different keys")
		}
	}
	if len(first.Reference) < shortestKey || len(first.MessageID) < shortestKey || first.Reference == first.MessageID {
		t.Errorf("keys of %d and %d characters, equal: %v", len(first.Reference), len(first.MessageID), first.Reference == first.MessageID)
	}
	files, err := os.ReadDir(first.Folder)
	if err != nil || len(files) != 2 {
		t.Errorf("%d files in the folder of keys, want 2 (%v)", len(files), err)
	}
}

func TestDamagedOrWeakKeysAreRefused(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "c.yaml")
	writeFile(t, path, "keys: {message_id_key_env: KEY}\n")
	_, err := loadConfig(path, func(string) (string, bool) { return "short", true })
	if err == nil || !strings.Contains(err.Error(), "keys.message_id_key: has 5 characters") {
		t.Errorf("a short key: %v", err)
	}
	writeFile(t, path, "{}\n")
	if err := os.MkdirAll(filepath.Join(folder, "data", "secrets"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(folder, "data", "secrets", "reference.key"), "")
	if _, err = loadConfig(path, noEnv); err == nil || !strings.Contains(err.Error(), "restore it from a backup") {
		t.Errorf("an empty key file: %v", err)
	}
}

func TestHugeConfigIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	writeFile(t, path, strings.Repeat("# comment\n", largestConfig/10+1))
	if _, err := loadConfig(path, noEnv); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("error = %v", err)
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add(working)
	f.Add("mailboxes: [{start: 2026-11-23}]\nroles: &r [*r]\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, problems, err := readConfig(strings.NewReader(text), "/etc")
		if err == nil && len(problems) == 0 && (c.Outgoing != "send" && c.Outgoing != "held") {
			t.Errorf("accepted outgoing: %q", c.Outgoing)
		}
	})
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// What makes a file no YAML at all is said with its cause.
func TestAConfigurationThatIsNoYAML(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"landlord:\n  name: a\n\tphone: x\n": "never by a tab",
		"\tlandlord: x\n":                    "never by a tab",
		"landlord:\n  name: a: b\n":          "in quotation marks",
		"landlord: {name: a\n":               "is not closed",
		"landlord:\n  name: a\n phone: b\n":  "further left or right",
	} {
		if _, _, err := readConfig(strings.NewReader(text), "/etc"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}
