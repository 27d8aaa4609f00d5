package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/ingest"
	"postroom/internal/register"
)

// Check says nothing is well that is not: each of these was "ok".
func TestCheckIsNotPleasedTooSoon(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := examplePlan([]byte(placeholderKey))
	if err != nil {
		t.Fatal(err)
	}
	p.driver, p.dsn = "sqlite", filepath.Join(file, "data", "register.db")
	p.archiveDir, p.printTo = filepath.Join(file, "archive"), filepath.Join(file, "print")
	for _, f := range []finding{p.checkRegister(t.Context()), p.checkArchive(), p.checkLetters()} {
		if f.err == nil || !strings.Contains(f.err.Error(), file) {
			t.Errorf("%s: %q, %v: it cannot be made", f.name, f.found, f.err)
		}
	}
	p.dsn, p.archiveDir, p.printTo = filepath.Join(folder, "a", "b", "register.db"), filepath.Join(folder, "a", "archive"), filepath.Join(folder, "print")
	for _, f := range []finding{p.checkRegister(t.Context()), p.checkArchive(), p.checkLetters()} {
		if f.err != nil || !strings.Contains(f.found, "will be made") {
			t.Errorf("%s: %q, %v: it can be made", f.name, f.found, f.err)
		}
	}
	if left, err := os.ReadDir(folder); err != nil || len(left) != 1 {
		t.Errorf("check has left %v, %v", left, err)
	}

	p.paper.Languages = []string{"klingon"} // which no machine reads
	for _, row := range []struct {
		change func(*plan)
		wrong  bool
	}{
		{func(*plan) {}, false}, {func(p *plan) { p.scans.Path = folder }, true}, {func(p *plan) { p.scanners = map[string][]string{"letters": {ingest.AnyScanner}} }, true},
	} {
		p := p
		row.change(&p)
		for _, f := range p.checkScans(t.Context()) {
			if f.name == "scanned letters" && ((f.err != nil) != row.wrong || f.err == nil && f.warning == "") {
				t.Errorf("letters cannot be read: %+v", f)
			}
		}
	}
}

// Who is told of an emergency is looked at, too.
func TestCheckLooksWhoIsTold(t *testing.T) {
	t.Parallel()
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked++; r.Method != http.MethodHead || r.Header.Get("Authorization") != "" {
			t.Errorf("asked by %s", r.Method)
		}
		w.WriteHeader(http.StatusMethodNotAllowed)
	}))
	defer server.Close()
	email, hook := register.Recipient{Way: register.ByEmail, Address: "duty@citrine.example"}, register.Recipient{Way: register.ByWebhook, Address: server.URL}
	p := plan{now: time.Now}
	if f := p.checkAlerts(t.Context()); f.err != nil || !strings.Contains(f.warning, "nobody is told of emergencies") {
		t.Errorf("nobody: %+v", f)
	}
	p.alarms = []register.Recipient{email}
	if f := p.checkAlerts(t.Context()); f.err != nil || !strings.Contains(f.warning, "no webhook") {
		t.Errorf("by email: %+v", f)
	}
	p.alarms = append(p.alarms, hook)
	if f := p.checkAlerts(t.Context()); f.err != nil || f.warning != "" || asked != 1 || !strings.Contains(f.found, "1 email address and the webhook, which answers") {
		t.Errorf("both: %+v, asked %d times", f, asked)
	}
	p.alarms[1].Address = "http://127.0.0.1:1/secret-path"
	if f := p.checkAlerts(t.Context()); f.err == nil || strings.Contains(f.err.Error(), "secret-path") || !strings.Contains(f.err.Error(), "alerts.webhook") {
		t.Errorf("away: %+v", f)
	}
}

// Words in another language are refused by serve, so "templates check" says so.
func TestTemplatesCheckReadsEveryLanguage(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	file := filepath.Join(folder, "postroom.yaml")
	if err := os.MkdirAll(filepath.Join(folder, "words", "cy"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte("templates: {folder: words}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "words", "cy", "forward.tmpl"), []byte("Subject: x\n{{.Nummber}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, log bytes.Buffer
	if code := run([]string{"templates", "check", "-config", file}, &out, &log); code != 1 || !strings.Contains(log.String()+out.String(), "cy") {
		t.Errorf("exit code %d: %s%s", code, out.String(), log.String())
	}
}

// Who takes in post by the residents' form or the door must be able to answer
// it as well.
func TestWhoTakesPostInOnThePagesMustAnswer(t *testing.T) {
	t.Parallel()
	for _, door := range []string{"form", "api"} {
		_, problems, err := readConfig(strings.NewReader("web: {"+door+": true}\nsmtp: {host: smtp.citrine.example}\n"), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, p := range problems {
			said = append(said, p.key)
		}
		for _, key := range []string{"smtp.from.address", "landlord.name", "landlord.phone", "landlord.out_of_hours"} {
			if !slices.Contains(said, key) {
				t.Errorf("web.%s: nothing is said of %s, but of %s", door, key, said)
			}
		}
	}
}

// "user add" does not promise what the configuration forbids.
func TestUserAddSaysWhetherTheyGetIn(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		web, says string
		role      register.Role
	}{
		{"{}", "can sign in now, as reviewer", register.Reviewer},
		{"{local_accounts: admins, oidc: {issuer: 'https://sso.citrine.example', client_id: a, client_secret_env: S}}", "It cannot sign in", register.Reviewer},
		{"{local_accounts: admins, oidc: {issuer: 'https://sso.citrine.example', client_id: a, client_secret_env: S}}", "can sign in now, as admin", register.Admin},
	} {
		folder := t.TempDir()
		file, typed := filepath.Join(folder, "postroom.yaml"), filepath.Join(folder, "typed")
		if err := os.WriteFile(file, []byte("web: "+row.web+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(typed, []byte("copper kettle lantern\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := os.Open(typed)
		if err != nil {
			t.Fatal(err)
		}
		var out, log bytes.Buffer
		u := userCommand{stdin: in, stdout: &out, stderr: &log, role: row.role, name: "Priya"}
		if err := u.run(t.Context(), "add", file); err != nil || !strings.Contains(out.String(), row.says) {
			t.Errorf("%s as %s: %v, %q", row.web, row.role, err, out.String())
		}
		_ = in.Close()
	}
}
