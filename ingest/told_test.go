package ingest_test

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/register"
)

func file(name, kind, body string) ingest.SubmittedFile {
	return ingest.SubmittedFile{Name: name, Type: kind, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(body)), nil }}
}

func (r *room) typed(id string, change func(*ingest.Submission)) ingest.Submission {
	s := ingest.Submission{
		ID: id, Channel: register.Phone, Source: "logged by Priya", ReceivedAt: r.clock.Now(), Basis: register.Given, Name: "Idris Bowen",
		Text: "I want to make a complaint. The heating has been off for nine days and nobody phones back.",
		Told: register.Told{By: "Priya", Vouched: true, Postal: []string{"12 Tanner's Row", "Millhaven QX4 1RD"}, Answer: register.WishesLetter},
	}
	if change != nil {
		change(&s)
	}
	return s
}

// submit takes a submission in and reads it.
func (r *room) submit(s ingest.Submission) register.Message {
	r.t.Helper()
	got, err := r.intake.Submit(r.t.Context(), s)
	if err == nil {
		err = r.reader.Read(r.t.Context(), []register.ID{got.ID})
	}
	if err != nil {
		r.t.Fatal(err)
	}
	m, err := r.register.GetMessage(r.t.Context(), got.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	return m
}

func TestARecordIsReadAsItWasTyped(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	s := r.typed("form:1", func(s *ingest.Submission) {
		s.Name, s.Email, s.Text = "Zażółć \"Gęślą\" 日本 😀\r\nBcc: x@example.com", "zaz@example.com", "> not a quotation\n-- \nno signature\n\nFrom here: łąka, 😀\n.\nCIT26-7KR4-M9X9"
		s.Told.Needs, s.Told.Wanted = []string{"Braille, 日本 😀 \"x\"\nSubject: y"}, []string{"a new boiler"}
		s.Files = []ingest.SubmittedFile{file("photo of ceiling — 日本.jpg", "image/jpeg", "\xff\xd8\xff"+strings.Repeat("x", 1000)), file("empty.txt", "text/plain", "")}
	})
	var once, twice bytes.Buffer
	if s.WriteRecord(&once) != nil || s.WriteRecord(&twice) != nil || !bytes.Equal(once.Bytes(), twice.Bytes()) {
		t.Fatal("two records of one submission differ")
	}
	if strings.Contains(once.String(), "\r\nBcc:") || strings.Contains(once.String(), "\r\nSubject:") {
		t.Errorf("a field became a header:\n%s", once.String())
	}
	rd := ingest.ReadTold(t.Context(), bytes.NewReader(once.Bytes()), mime.Options{Now: r.clock.Now}, []string{"CIT"})
	if rd.From.Name != s.Name || rd.From.Address != s.Email || rd.NewText != s.Text || rd.Error != "" || !slices.Equal(rd.ReferencesFound, []string{"CIT26-7KR4-M9X9"}) {
		t.Errorf("read %+v", rd)
	}
	if rd.Told == nil || !slices.Equal(rd.Told.Needs, s.Told.Needs) || !slices.Equal(rd.PostalAddress, s.Told.Postal) || !rd.Authenticated {
		t.Errorf("told %+v", rd.Told)
	}
	if len(rd.Attachments) != 2 || rd.Attachments[0].Filename != s.Files[0].Name || rd.Attachments[0].Size != 1003 {
		t.Errorf("files %+v", rd.Attachments)
	}
	var back bytes.Buffer
	if err := mime.OpenAttachment(t.Context(), bytes.NewReader(once.Bytes()), 0, &back, mime.Options{Now: r.clock.Now}); err != nil || back.Len() != 1003 {
		t.Errorf("the file comes back with %d bytes: %v", back.Len(), err)
	}
}

func TestABrokenRecordGoesToAPerson(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, text := range []string{"", "no header", "Postroom-Told: {\r\n\r\nx", "Postroom-Told: []\r\n\r\nx", strings.Repeat("a", 300<<10), "From: a@example.com\r\n\r\nI want to complain"} {
		if rd := ingest.ReadTold(t.Context(), strings.NewReader(text), mime.Options{Now: r.clock.Now}, nil); rd.Error == "" || rd.Authenticated {
			t.Errorf("%.30q reads as %+v", text, rd)
		}
	}
}

func TestAMailCannotPassForARecord(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	rd := ingest.Read(t.Context(), strings.NewReader("From: eve@example.com\r\nPostroom-Told: {\"by\":\"Priya\",\"vouched\":true}\r\n\r\nI want to complain"), mime.Options{Now: r.clock.Now}, nil)
	if rd.Told != nil || rd.Authenticated {
		t.Errorf("a mail is believed: %+v", rd)
	}
}

func TestWhatIsToldGoesTheWayOfAMail(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*ingest.Submission)
		state  register.MessageState
		way    register.Way
		form   register.Form
		why    string
	}{
		"by letter":         {nil, register.Filed, register.ByLetter, register.Defined, ""},
		"by email":          {func(s *ingest.Submission) { s.Email, s.Told.Answer = "idris@example.com", register.WishesEmail }, register.Filed, register.ByEmail, register.Defined, ""},
		"phone then letter": {func(s *ingest.Submission) { s.Email, s.Told.Answer = "idris@example.com", register.WishesPhone }, register.Filed, register.ByLetter, register.Defined, ""},
		"nobody vouches": {func(s *ingest.Submission) {
			s.Email, s.Told = "x@example.com", register.Told{Answer: register.WishesEmail}
		}, register.Filed, register.ByEmail, register.Unquoted, ""},
		"no address":                      {func(s *ingest.Submission) { s.Told.Postal = nil }, register.InReview, "", "", "neither an email address nor a home"},
		"for another":                     {func(s *ingest.Submission) { s.Told.ForOther = true }, register.InReview, "", "", "somebody writes for a resident"},
		"thought otherwise":               {func(s *ingest.Submission) { s.Told.Thinks = classify.ServiceRequest }, register.InReview, "", "", "Priya thinks"},
		"thought the same":                {func(s *ingest.Submission) { s.Told.Thinks = classify.Complaint }, register.Filed, register.ByLetter, register.Defined, ""},
		"to be decided where it was told": {func(s *ingest.Submission) { s.Told.Thinks, s.Told.Decides = classify.Complaint, true }, register.InReview, "", "", "Priya took it down"},
		"by a robot":                      {func(s *ingest.Submission) { s.Junk = true }, register.InReview, "", "", "as robots do"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			m := r.submit(r.typed("contact:1", row.change))
			if m.State != row.state || !strings.Contains(m.Problem, row.why) {
				t.Fatalf("state %s, %q; verdict %+v", m.State, m.Problem, m.Verdict)
			}
			if row.way == "" {
				return
			}
			replies, err := r.register.CaseOutgoings(t.Context(), m.Case)
			if err != nil || len(replies) == 0 || replies[0].Way != row.way || replies[0].Form != row.form {
				t.Errorf("owed %+v, %v", replies, err)
			}
		})
	}
}

func TestDangerThatAnOfficerHeardSoundsAtOnce(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	m := r.submit(r.typed("contact:1", func(s *ingest.Submission) { s.Told.Danger, s.Told.Wanted = true, []string{"Come today"} }))
	alarms, err := r.register.OpenAlarms(t.Context(), 10)
	if err != nil || !slices.ContainsFunc(alarms, func(a register.Alarm) bool { return a.Kind == register.EmergencyAlarm && a.Message == m.ID }) {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
	if !slices.Equal(m.Verdict.Definition.Outcomes, []string{"Come today"}) {
		t.Errorf("outcomes %q", m.Verdict.Definition.Outcomes)
	}
}

func TestTheSameSubmissionIsTheSamePost(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.submit(r.typed("form:1", func(s *ingest.Submission) { s.Channel = register.Note }))
	again := r.submit(r.typed("form:1", func(s *ingest.Submission) { s.Channel = register.Note }))
	other := r.submit(r.typed("form:2", func(s *ingest.Submission) { s.Channel = register.Social }))
	if first.ID != again.ID || first.Reference != again.Reference || other.ID == first.ID || other.Case == first.Case {
		t.Errorf("%s, %s, %s", first.Reference, again.Reference, other.Reference)
	}
}
