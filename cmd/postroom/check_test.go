package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/cmd/postroom/demomail"
	"postroom/ingest"
	"postroom/internal/workday"
	"postroom/notify/smtptest"
)

// Of everything that is wrong, check says what and what to do, and goes on to
// the next.
func TestCheckSaysWhatToDo(t *testing.T) {
	t.Parallel()
	servers, err := demomail.Start(t.Context(), demomail.Config{Complaints: townAddress, AuthservID: townServer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = servers.Close() })
	_, port, err := hostPort(servers.IMAPAddr())
	if err != nil {
		t.Fatal(err)
	}
	locked := smtptest.Start(t, smtptest.Config{Username: "postroom", Password: "right"})
	mailbox := func(name, more string) string {
		if !strings.Contains(more, "port:") {
			more += fmt.Sprintf(", port: %d", port)
		}
		if !strings.Contains(more, "tls:") {
			more += ", tls: none"
		}
		if !strings.Contains(more, "password_file:") {
			more += ", password_file: right"
		}
		return fmt.Sprintf("  - {name: %s, host: 127.0.0.1, user: %s, start: 2020-01-01, %s}\n", name, townAddress, strings.TrimPrefix(more, ", "))
	}
	config := `landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999}
register: {path: right}
archive: {folder: right}
queue: {redis: "redis://127.0.0.1:1"}
mailboxes:
` + mailbox("nobody", "port: 1") + mailbox("refused", "password_file: wrong") + mailbox("no-folder", `folder: Complaints`) + mailbox("near", `folder: Fild`) +
		mailbox("no-tls", "tls: tls") + mailbox("no-starttls", "tls: starttls") + mailbox("good", `filed_folder: Filed, junk_folder: \Junk`) +
		fmt.Sprintf("smtp: {host: 127.0.0.1, port: %d, tls: none, user: postroom, password_file: wrong, from: {address: %s}}\n", locked.Port(), townAddress)
	folder := t.TempDir()
	for name, text := range map[string]string{"right": "demo", "wrong": "not-the-password", "town.yaml": config} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, log bytes.Buffer
	if code := run([]string{"check", "-config", filepath.Join(folder, "town.yaml")}, &out, &log); code != 1 {
		t.Errorf("exit code %d: %s", code, log.String())
	}
	for _, line := range []string{
		`rules +ok `, `bank holidays +ok `,
		`register \(sqlite\) +WRONG .*not a database.*; check register.path`,
		`archive +WRONG .*not a (folder|directory)`,
		`redis +WRONG .*; check queue.redis, the firewall, and whether it wants TLS; until then post is taken in and replies go all the same, more slowly`,
		`mailbox nobody +WRONG .*no IMAP server answers at 127\.0\.0\.1:1; check host, port and tls, and the firewall`,
		`mailbox refused +WRONG .*the server refuses the login; check user, password and auth`,
		`mailbox no-folder +WRONG .*the folder "Complaints" cannot be opened; check folder.*; the server has "Filed", "INBOX", "Junk"`,
		`mailbox near +WRONG .*the folder "Fild" cannot be opened; check folder.*; perhaps "Filed" is meant`,
		`mailbox no-tls +WRONG .*no safe connection to .*; check tls`,
		`mailbox no-starttls +WRONG .*no safe connection to .*; check tls`,
		`mailbox good +ok +INBOX: 0 would be taken in`, `mailbox good \(junk\) +ok +Junk: 0 would be taken in$`,
		`smtp 127\.0\.0\.1:\d+ +WRONG  the mail server refuses the login; check smtp.user, its password and smtp.auth: .*535`,
	} {
		if !regexp.MustCompile(`(?m)^` + line).Match(out.Bytes()) {
			t.Errorf("no line says %s", line)
		}
	}
	if all := out.String() + log.String(); strings.Contains(all, "not-the-password") || t.Failed() {
		t.Errorf("check says:\n%s", all)
	}
}

// TestCheckSaysWhatIsNotVerified: nobody could hold the built-in laws about
// hazards against their text, and the landlord's own take their place.
func TestCheckSaysWhatIsNotVerified(t *testing.T) {
	t.Parallel()
	calendar, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		t.Fatal(err)
	}
	p := &plan{calendar: calendar, now: func() time.Time { return time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC) }}
	found := p.checkHazards().found
	for _, want := range []string{"awaab-phase-1 from", "; then awaab-phase-2 from Monday 30 November 2026 (not verified: its first day", "check GOV.UK"} {
		if !strings.Contains(found, want) {
			t.Errorf("%q is missing in %q", want, found)
		}
	}
	own := workday.HazardLaw{ID: "awaab-phase-2", Name: "checked", EffectiveFrom: workday.Date{Year: 2026, Month: 11, Day: 2}}
	p.hazards = []workday.HazardLaw{own}
	if found := p.checkHazards().found; found != "awaab-phase-2 from Monday 2 November 2026" {
		t.Errorf("with a law of our own: %q", found)
	}
}

// Junk that nobody looks at is told of: complaints land there too.
func TestCheckSaysThatJunkIsNotLookedAt(t *testing.T) {
	t.Parallel()
	servers, err := demomail.Start(t.Context(), demomail.Config{Complaints: townAddress, AuthservID: townServer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = servers.Close() })
	host, port, err := hostPort(servers.IMAPAddr())
	if err != nil {
		t.Fatal(err)
	}
	inbox := ingest.Mailbox{
		Name: "inbox", Host: host, Port: port, TLS: ingest.NoTLS, User: townAddress, Start: workday.Date{Year: 2020, Month: 1, Day: 1},
		Password: func(context.Context) (string, error) { return "demo", nil },
	}
	junk := inbox
	junk.Name, junk.Folder, junk.Junk = "junk", ingest.JunkRole, true
	p := &plan{mailboxes: []ingest.Mailbox{inbox}}
	const note = "junk in Junk is not looked at, since there is no junk_folder"
	if f := p.checkMailbox(t.Context(), inbox); f.err != nil || !strings.Contains(f.found, note) {
		t.Errorf("got %+v", f)
	}
	p.mailboxes = append(p.mailboxes, junk)
	for _, m := range p.mailboxes {
		if f := p.checkMailbox(t.Context(), m); f.err != nil || f.warning != "" || strings.Contains(f.found, note) {
			t.Errorf("%s: got %+v", m.Name, f)
		}
	}
	junk.Junk, junk.Folder = false, "Drafts"
	if f := p.checkMailbox(t.Context(), junk); f.err == nil || !strings.HasSuffix(f.err.Error(), `the server has "Filed", "INBOX", "Junk"`) {
		t.Errorf("got %+v", f)
	}
}
