package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/paper"
	"postroom/internal/register"
)

const lettersConfigText = `landlord: {name: Citrine Homes, phone: 01632 960 100, out_of_hours: 01632 960 999, address: [1 Orchard Quay, Bristol, BS1 7AA]}
letters: {profile: dl-39x93}
review: {undo: 0s}
`

// mailroom is a folder with a configuration and a register in which a letter
// from a resident was decided on; say runs the command there.
type mailroom struct {
	t      *testing.T
	folder string
	room   *recordRoom
	ref    string
	owed   register.ID
}

func newMailroom(t *testing.T) *mailroom {
	t.Helper()
	m := &mailroom{t: t, folder: t.TempDir()}
	m.write("postroom.yaml", lettersConfigText)
	c, err := loadConfig(m.path("postroom.yaml"), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	p, err := configured(c, c.Log.logger(os.Stderr))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.makeRegisterFolder(); err != nil {
		t.Fatal(err)
	}
	m.room = &recordRoom{plan: p, config: c}
	if m.room.register, err = register.Connect(t.Context(), p.registerConfig(false)); err != nil {
		t.Fatal(err)
	}
	if m.room.archive, err = archive.Open(p.archiveDir, time.Now()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.room.close() })
	return m
}

func (m *mailroom) path(name string) string { return filepath.Join(m.folder, name) }

func (m *mailroom) write(name, text string) {
	m.t.Helper()
	if err := os.WriteFile(m.path(name), []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// takes a letter in and has an officer decide on it.
func (m *mailroom) takes(name string, postal ...string) {
	m.t.Helper()
	r, ctx := m.room.register, m.t.Context()
	got, err := r.Receive(ctx, []register.Arrival{{
		Fingerprint: "f" + name, Original: "o", Size: 1, Channel: register.Letter, Source: "scans", ReceivedAt: time.Now().Add(-time.Minute), Basis: register.Stamp,
	}})
	if err != nil || got[0].Err != nil {
		m.t.Fatal(err, got[0].Err)
	}
	_, err = r.Open(ctx, []register.Opening{{Message: got[0].ID, Reading: register.Reading{Text: "x", Automatic: "none", From: register.Address{Name: name}, PostalAddress: postal}, Verdict: classify.Verdict{Label: classify.Complaint, Route: classify.Review}}})
	if err != nil {
		m.t.Fatal(err)
	}
	o, err := r.Decide(ctx, register.Ruling{Message: got[0].ID, Version: 2, By: "Priya", Label: classify.Complaint, Definition: classify.Definition{Issues: []string{"The roof leaks."}}})
	if err != nil {
		m.t.Fatal(err)
	}
	m.ref, m.owed = o.Reference, o.Owed[0].ID
}

// prints does what the worker of serve does with a letter that is owed.
func (m *mailroom) prints() {
	m.t.Helper()
	ctx := m.t.Context()
	claimed, err := m.room.register.Claim(ctx, []register.ID{m.owed}, time.Minute, register.Windows{})
	if err != nil || len(claimed) != 1 {
		m.t.Fatal(len(claimed), err)
	}
	c := m.room.composer()
	if c.Press, err = m.room.press(); err != nil {
		m.t.Fatal(err)
	}
	letter, err := c.Compose(claimed[0], time.Now())
	if err != nil {
		m.t.Fatal(err)
	}
	kept, err := m.room.archive.Put(ctx, bytes.NewReader(letter.Bytes))
	if err != nil {
		m.t.Fatal(err)
	}
	errs, err := m.room.register.Tray(ctx, []register.Printed{{
		Beginning: register.Beginning{ID: m.owed, Attempt: claimed[0].Attempt, Bytes: kept.SHA256, Promised: letter.Promised},
		Address:   letter.Letter.To, Pages: letter.Letter.Pages,
	}})
	if err != nil || errs[0] != nil {
		m.t.Fatal(err, errs)
	}
}

// say runs "postroom letters WORDS" and demands its exit code.
func (m *mailroom) say(code int, words ...string) string {
	m.t.Helper()
	var out bytes.Buffer
	got := run(append([]string{"letters", words[0], "-config", m.path("postroom.yaml")}, words[1:]...), &out, &out)
	if got != code {
		m.t.Errorf("letters %q: exit code %d, want %d: %s", words, got, code, out.String())
	}
	return out.String()
}

func (m *mailroom) want(text string, parts ...string) {
	m.t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			m.t.Errorf("%q lacks %q", text, part)
		}
	}
}

// TestLettersCommand goes the whole way of a letter by the commands.
func TestLettersCommand(t *testing.T) {
	t.Parallel()
	m := newMailroom(t)
	m.want(m.say(0, "batch", "-by", "Dev"), "The tray is empty")
	m.takes("Ann Other", "12 Quay Street", "Bristol", "BS2 9XX")
	m.want(m.say(0, "address", "-by", "Priya", strings.ToLower(m.ref)), "Ann Other\n12 Quay Street\nBristol\nBS2 9XX")
	m.prints()
	m.want(m.say(0, "list"), "tray\t"+m.ref+"\tacknowledgement\tprint by 20")

	m.want(m.say(1, "pull", "-by", "Dev", m.ref), "Say why the letter is pulled")
	m.want(m.say(0, "pull", "-by", "Dev", "-why", "spoilt", m.ref), "is pulled")
	m.want(m.say(0, "list"), "held\t"+m.ref, "pulled: spoilt", "deadline 20")
	if _, err := m.room.register.Release(context.Background(), m.owed, "Priya", ""); err != nil {
		t.Fatal(err)
	}
	m.prints()
	said := m.say(0, "batch", "-by", "Dev")
	m.want(said, "1 letter, ", filepath.Join(m.folder, "data/print/batch-"), ".csv")
	name := strings.TrimPrefix(strings.Fields(said)[1], "")
	name = strings.TrimSuffix(name, ":")
	m.want(m.say(0, "list"), "batch\t"+name+"\tmade by Dev\tnot posted yet\t1 letter")
	m.want(m.say(0, "batch", "-by", "Dev", "-again", name), "Batch "+name)

	m.want(m.say(1, "posted", "-by", "Dev", "-on", "2020-01-01", name), "cannot have been posted before")
	m.want(m.say(1, "posted", "-by", "Dev", "-on", "yesterday", name), "-on")
	m.want(m.say(1, "posted", "-by", "Dev", "99-01-01/1"), "there is no batch")
	m.want(m.say(0, "posted", "-by", "Dev", name), "1 letter posted on")
	m.want(m.say(1, "unposted", "-by", "Dev", name), "Say why")
	m.want(m.say(0, "unposted", "-by", "Dev", "-why", "the wrong batch", name), "not posted after all")
	m.want(m.say(0, "list"), "not posted yet")
	m.want(m.say(0, "posted", "-by", "Dev", name), "1 letter posted on")
	m.want(m.say(1, "pull", "-by", "Dev", "-why", "late", m.ref), "not in the tray")
	m.want(m.say(0, "returned", "-by", "Dev", "-why", "gone away", m.ref), "came back")
	m.want(m.say(0, "list"), "held\t"+m.ref, "came back undelivered: gone away")
	m.want(m.say(1, "address", "-by", "Priya", m.ref, "Ann Other", "9 New Road", "Paris"), "not a UK postcode")
	m.want(m.say(0, "address", "-by", "Priya", m.ref, "Ann Other", "9 New Road", "ls1 4ap"), "9 New Road\nLS1 4AP")
	if o, err := m.room.register.GetOutgoing(t.Context(), m.owed); err != nil || o.State != register.Owed {
		t.Errorf("after another address: %s, error %v", o.State, err)
	}
}

// A list is whole: what stood behind the first five hundred would not be
// missed by anybody before its day was over.
func TestLettersListsAll(t *testing.T) {
	t.Parallel()
	m := newMailroom(t)
	const many = 501
	r, ctx := m.room.register, t.Context()
	arrivals := make([]register.Arrival, many)
	for i := range arrivals {
		arrivals[i] = register.Arrival{Fingerprint: fmt.Sprint("f", i), Original: "o", Size: 1, Channel: register.Letter, Source: "scans", ReceivedAt: time.Now().Add(-time.Minute), Basis: register.Stamp}
	}
	got, err := r.Receive(ctx, arrivals)
	if err != nil {
		t.Fatal(err)
	}
	verdict := classify.Verdict{Label: classify.Complaint, Confidence: 0.99, Route: classify.Auto, Definition: classify.Definition{Issues: []string{"The roof leaks."}}}
	openings := make([]register.Opening, many)
	for i, g := range got {
		openings[i] = register.Opening{Message: g.ID, Verdict: verdict, Reading: register.Reading{Text: "x", Automatic: "none", From: register.Address{Name: "Ann"}, PostalAddress: []string{"12 Quay Street", "BS2 9XX"}, Paper: &register.Paper{Pages: []int{1}}}}
	}
	opened, err := r.Open(ctx, openings)
	if err != nil {
		t.Fatal(err)
	}
	var owed []register.ID
	for _, o := range opened {
		for _, hint := range o.Owed {
			owed = append(owed, hint.ID)
		}
	}
	claimed, err := r.Claim(ctx, owed, time.Minute, register.Windows{})
	if err != nil || len(claimed) != many {
		t.Fatal(len(opened), len(owed), len(claimed), err)
	}
	printed := make([]register.Printed, many)
	for i, c := range claimed {
		printed[i] = register.Printed{Beginning: register.Beginning{ID: c.ID, Attempt: c.Attempt, Bytes: "b"}, Address: []string{"Ann", "BS2 9XX"}, Pages: 1}
	}
	if errs, err := r.Tray(ctx, printed); err != nil || errors.Join(errs...) != nil {
		t.Fatal(err, errors.Join(errs...))
	}
	if n := strings.Count(m.say(0, "list"), "tray\t"); n != many {
		t.Errorf("%d letters are listed, want %d", n, many)
	}
}

func TestCheckLetters(t *testing.T) {
	t.Parallel()
	m := newMailroom(t)
	p := m.room.plan
	if f := p.checkLetters(); f.err != nil || !strings.Contains(f.found, "which will be made") {
		t.Errorf("%+v", f)
	}
	p.printTo = m.folder
	if f := p.checkLetters(); f.err != nil || strings.Contains(f.found, "made") {
		t.Errorf("%+v", f)
	}
	p.noReturn = true
	if f := p.checkLetters(); f.err != nil || !strings.Contains(f.found, "set landlord.address") {
		t.Errorf("%+v", f)
	}
	p.printTo = m.path("postroom.yaml")
	if f := p.checkLetters(); f.err == nil {
		t.Error("a file for a folder is fine")
	}
	p.press = func() (*paper.Press, error) { return nil, os.ErrNotExist }
	if f := p.checkLetters(); f.err == nil {
		t.Error("a logo that is not there is fine")
	}
}

func TestLettersUsage(t *testing.T) {
	t.Parallel()
	m := newMailroom(t)
	for _, words := range [][]string{{"batch"}, {"posted", "-by", "Dev"}, {"pull", "-by", "Dev"}, {"list", "more"}, {"list", "-by", "Dev"}, {"nonsense"}, {"sheet"}, {"address", "-by", "Dev"}} {
		m.want(m.say(2, words...), "usage: postroom letters list")
	}
	m.want(m.say(0, "list", "-h"), "usage: postroom letters list")
	m.want(m.say(1, "pull", "-by", "Dev", "-why", "x", "CIT26-7KR4-M9X9"), "there is no letter")
	m.want(m.say(1, "address", "-by", "Dev", "CIT26-7KR4-M9X9"), "there is no case")
	m.want(m.say(1, "batch", "-by", "Dev", "-again", "x"), "there is no batch")
	m.want(m.say(0, "sheet", m.path("sheet.pdf")), "print it at 100 %")
	if pdf, err := os.ReadFile(m.path("sheet.pdf")); err != nil || !bytes.HasPrefix(pdf, []byte("%PDF")) {
		t.Errorf("the sheet: error %v", err)
	}
}

func TestLettersConfig(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"an unknown profile":     {"letters: {profile: dl}", "letters.profile"},
		"custom without size":    {"letters: {profile: custom}", "letters.envelope"},
		"a window at the top":    {"letters: {profile: custom, envelope: {width: 220, height: 110, window_left: 20, window_top: 5, window_width: 90, window_height: 35, fold: 105}}", "letters.envelope"},
		"an envelope unused":     {"letters: {envelope: {width: 220}}", "letters.envelope"},
		"words for a width":      {"letters: {envelope: {width: wide}}", "letters.envelope.width"},
		"days beyond the week":   {"letters: {days_to_post: 9}", "letters.days_to_post"},
		"no folder":              {"letters: {print_folder: ''}", "letters.print_folder"},
		"a language by itself":   {"templates: {language: cy}", "templates.folder"},
		"a language as a path":   {"templates: {folder: x, language: ../en}", "templates.language"},
		"a custom one that fits": {"letters: {profile: custom, envelope: {width: 229, height: 162, window_left: 20, window_top: 58, window_width: 90, window_height: 44, fold: 148.5}}", ""},
	} {
		_, problems, err := readConfig(strings.NewReader(row.text), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		found := row.want == "" && len(problems) == 0
		for _, p := range problems {
			found = found || row.want != "" && p.key == row.want
		}
		if !found {
			t.Errorf("%s: problems %v, want %s", name, problems, row.want)
		}
	}
	c := defaultConfig()
	c.Letters.Logo = filepath.Join(t.TempDir(), "none.png")
	if _, err := c.press(); err == nil || !strings.Contains(err.Error(), "letters.logo") {
		t.Errorf("a logo that is not there: error %v", err)
	}
	if len(paper.Profiles()) != 4 {
		t.Error("config.example.yaml names four profiles")
	}
}
