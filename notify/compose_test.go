package notify

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"postroom/classify"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

var tuesday = time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)

// answered is owed with the clock of its answer.
func answered() register.Claimed {
	c := owed()
	c.Clocks = []register.Clock{{Name: workday.Stage1Answer, Due: workday.Date{Year: 2026, Month: 12, Day: 8}}}
	c.TheMessage.Deadline = workday.Date{Year: 2026, Month: 11, Day: 30}
	return c
}

func compose(t *testing.T, c register.Claimed) (Composed, mail.Header, map[string]string) {
	t.Helper()
	got, err := composer(t).Compose(c, tuesday)
	if err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(bytes.NewReader(got.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatal(kind, err)
	}
	parts := map[string]string{}
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		parts[strings.Split(p.Header.Get("Content-Type"), ";")[0]] = strings.ReplaceAll(string(text), "\r\n", "\n")
	}
	return got, m.Header, parts
}

func TestComposeHeaders(t *testing.T) {
	t.Parallel()
	c := answered()
	c.TheMessage.Reading.MessageIDs = []string{"first@mail.example", "<second@mail.example>", "bad id", "evil@x\r\nBcc: y@z", "first@mail.example"}
	got, h, parts := compose(t, c)
	for name, want := range map[string]string{
		"Auto-Submitted":           "auto-replied",
		"X-Auto-Response-Suppress": "OOF, AutoReply",
		"X-Loop":                   "complaints@larkmere.example",
		"In-Reply-To":              "<x@mail.example>",
		"References":               "<first@mail.example> <second@mail.example> <x@mail.example>",
		"From":                     `"Larkmere Homes" <complaints@larkmere.example>`,
		"To":                       "<ann@mail.example>",
		"Subject":                  "Your complaint CIT26-7KR4-M9X9",
		"Date":                     "Tue, 24 Nov 2026 10:00:00 +0000",
		"Message-Id":               "<" + got.MessageID + ">",
		"Mime-Version":             "1.0",
		"User-Agent":               "", "X-Mailer": "", "Precedence": "", "Bcc": "", "Cc": "", "Reply-To": "",
	} {
		if h.Get(name) != want {
			t.Errorf("%s: %q, want %q", name, h.Get(name), want)
		}
	}
	if ref, ok := composer(t).IDs.Verify(got.MessageID); !ok || ref != "CIT26-7KR4-M9X9" {
		t.Errorf("our Message-ID %q is not known again: %q", got.MessageID, ref)
	}
	if !strings.Contains(parts["text/plain"], "“The heating is off.”") || !strings.Contains(parts["text/html"], "<q>The heating is off.</q>") {
		t.Errorf("parts %v", parts)
	}
	if got.Promised.String() != "2026-12-08" || !strings.Contains(parts["text/plain"], "Tuesday 8 December 2026") {
		t.Errorf("promised %v", got.Promised)
	}
	for line := range bytes.Lines(got.Bytes) {
		if len(line) > 998 || bytes.IndexByte(line, 0) >= 0 || !bytes.HasSuffix(line, []byte("\r\n")) {
			t.Errorf("the line %q has no business in a mail", line)
		}
		if bytes.IndexFunc(line, func(r rune) bool { return r > 126 }) >= 0 {
			t.Errorf("the line %q is not ASCII", line)
		}
	}
}

func TestComposeIsDeterministic(t *testing.T) {
	t.Parallel()
	first, _, _ := compose(t, answered())
	second, _, _ := compose(t, answered())
	if !bytes.Equal(first.Bytes, second.Bytes) || first.MessageID != second.MessageID {
		t.Error("the same reply has other bytes the second time")
	}
	c := answered()
	c.Ordinal = 2
	third, _, _ := compose(t, c)
	if third.MessageID == first.MessageID {
		t.Error("a second reply has the first one's Message-ID")
	}
}

func TestStrangersAreToldNothingOfTheirs(t *testing.T) {
	t.Parallel()
	c := answered()
	c.TheCase.MayQuote, c.Form = false, register.Unquoted
	c.To.Name, c.TheCase.Correspondent.Name = "Cheap Pills", "Cheap Pills"
	c.TheMessage.Reading.Subject, c.TheMessage.Reading.NewText = "buy pills", "buy pills"
	got, _, _ := compose(t, c)
	for _, secret := range []string{"Pills", "pills", "heating is off", "Repair it"} {
		if bytes.Contains(got.Bytes, []byte(secret)) {
			t.Errorf("the mail says %q", secret)
		}
	}
}

func TestNamesAreSaidToKnownSenders(t *testing.T) {
	t.Parallel()
	_, _, parts := compose(t, answered())
	if !strings.Contains(parts["text/plain"], "Dear Ann Other,") {
		t.Error("Ann is not greeted by name")
	}
	c := answered()
	c.TheCase.Correspondent.Name = "ann@mail.example"
	if _, _, parts = compose(t, c); !strings.Contains(parts["text/plain"], "Hello,") {
		t.Error("an address is greeted as a name")
	}
}

func TestLongThreadsAreTrimmed(t *testing.T) {
	t.Parallel()
	c := answered()
	for range 200 {
		c.TheMessage.Reading.MessageIDs = append(c.TheMessage.Reading.MessageIDs, strings.Repeat("a", len(c.TheMessage.Reading.MessageIDs)%40+1)+"@mail.example")
	}
	_, h, _ := compose(t, c)
	refs := strings.Fields(h.Get("References"))
	if len(h.Get("References")) > longestReferences || refs[0] != "<a@mail.example>" || refs[len(refs)-1] != "<x@mail.example>" || len(refs) < 10 {
		t.Errorf("References has %d bytes: %v", len(h.Get("References")), refs)
	}
	c.TheMessage.Reading.MessageID = strings.Repeat("x", 500) + "@mail.example"
	if _, h, _ = compose(t, c); h.Get("In-Reply-To") != "" {
		t.Errorf("In-Reply-To: %s", h.Get("In-Reply-To"))
	}
}

func TestComposeRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*register.Claimed, *Composer){
		"a header in the address": func(c *register.Claimed, _ *Composer) { c.To.Address = "a@b.example\r\nBcc: c@d.example" },
		"no clock":                func(c *register.Claimed, _ *Composer) { c.Clocks = nil },
		"no definition":           func(c *register.Claimed, _ *Composer) { c.TheCase.Definition = classify.Definition{} },
		"no case":                 func(c *register.Claimed, _ *Composer) { c.TheCase = nil },
		"no words":                func(c *register.Claimed, _ *Composer) { c.Kind = register.Extension },
		"a bad sender":            func(_ *register.Claimed, w *Composer) { w.From.Address = "nobody" },
		"no landlord":             func(_ *register.Claimed, w *Composer) { w.Landlord.Name = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, w := answered(), composer(t)
			change(&c, w)
			if got, err := w.Compose(c, tuesday); err == nil {
				t.Errorf("composed:\n%s", got.Bytes)
			}
		})
	}
}

func TestEveryKindIsComposed(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, template, auto string
		change               func(*register.Claimed)
	}{
		{"unquoted", "acknowledgement_unquoted", "auto-replied", func(c *register.Claimed) { c.Form = register.Unquoted }},
		{"holding", "acknowledgement_holding", "auto-replied", func(c *register.Claimed) { c.Form = register.Holding }},
		{"stage 2", "acknowledgement_defined", "auto-replied", func(c *register.Claimed) {
			c.Stage, c.Clocks = 2, []register.Clock{{Name: workday.Stage2Answer, Due: workday.Date{Year: 2026, Month: 12, Day: 24}}}
		}},
		{"notice", "service_request_notice", "auto-replied", func(c *register.Claimed) { c.Kind, c.Form = register.ServiceNotice, "" }},
		{"receipt of a follow-up", "receipt_follow_up", "auto-replied", func(c *register.Claimed) { c.Kind, c.Form, c.Message = register.Receipt, "", "m2" }},
		{"receipt of an enquiry", "receipt_enquiry", "auto-replied", func(c *register.Claimed) { c.Kind, c.Form, c.TheCase.Kind = register.Receipt, "", register.EnquiryCase }},
		{"forward", "forward", "auto-generated", func(c *register.Claimed) { c.Kind, c.Form = register.Forward, "" }},
		{"alert", "alert_emergency", "auto-generated", func(c *register.Claimed) { c.Kind, c.Form, c.Note = register.Alert, "", "emergency: a smell of gas" }},
		{"alert of a new kind", "alert", "auto-generated", func(c *register.Claimed) { c.Kind, c.Form, c.Note = register.Alert, "", "strange: a thing" }},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := answered()
			row.change(&c)
			got, h, parts := compose(t, c)
			if got.Template != row.template || h.Get("Auto-Submitted") != row.auto || !strings.Contains(h.Get("Subject")+parts["text/plain"], c.Reference) {
				t.Errorf("template %s, Auto-Submitted %s, Subject %s", got.Template, h.Get("Auto-Submitted"), h.Get("Subject"))
			}
			if ourPeople(c.Kind) && (h.Get("In-Reply-To") != "" || !strings.Contains(parts["text/plain"], "https://post.larkmere.example/messages/m1") || strings.Contains(parts["text/plain"], "ann@")) {
				t.Errorf("to our own people:\n%v\n%s", h, parts["text/plain"])
			}
		})
	}
}

func TestEnvelopeSender(t *testing.T) {
	t.Parallel()
	w, c := composer(t), answered()
	for want, change := range map[string]func(){
		"complaints@larkmere.example": func() {},
		"<>":                          func() { w.Envelope = "<>" },
		"bounces@larkmere.example":    func() { w.Envelope = "bounces@larkmere.example" },
	} {
		w.Envelope = ""
		change()
		if got := w.envelope(c); got != want {
			t.Errorf("envelope %q, want %q", got, want)
		}
	}
	w.ReturnPaths = reference.ReturnPaths{Address: "bounces@larkmere.example", Key: w.IDs.Key}
	if ref, n, ok := w.ReturnPaths.Verify(w.envelope(c)); !ok || ref != c.Reference || n != 1 {
		t.Errorf("return path %q", w.envelope(c))
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	w := composer(t)
	m := register.Message{Reference: "CIT26-7KR4-M9X9", Channel: register.Email, ReceivedAt: tuesday}
	f := register.Facts{
		Verdict: classify.Verdict{Label: classify.Complaint, Route: classify.Auto, Definition: classify.Definition{Issues: []string{"The heating is off."}}},
		Reading: register.Reading{From: register.Address{Name: "Ann Other", Address: "ann@mail.example"}, Automatic: "none"},
		Channel: register.Email,
	}
	answer := workday.Date{Year: 2026, Month: 12, Day: 8}
	look := func(policy register.Policy) Shown {
		t.Helper()
		got, err := w.Preview(m, f, policy.Plan(f), answer, settings(), tuesday)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	policy := register.Policy{Acknowledge: register.Automatic}
	if got := look(policy); got.Channel != "email" || got.Template != "acknowledgement_unquoted" || !strings.Contains(got.Text, "Tuesday 8 December 2026") || got.Why != "" {
		t.Errorf("to a stranger: %+v", got)
	}
	f.Reading.Authenticated = true
	if got := look(policy); got.Template != "acknowledgement_defined" || !strings.Contains(got.Text, "The heating is off.") {
		t.Errorf("to a known sender: %+v", got)
	}
	if got := look(register.Policy{Acknowledge: register.Reviewed}); got.Channel != "none" || got.Why == "" || got.Text != "" {
		t.Errorf("reviewed: %+v", got)
	}
	f.Reading.From.Address = "complaints@larkmere.example"
	if got := look(policy); got.Channel != "none" || !strings.Contains(got.Why, "our own") {
		t.Errorf("to ourselves: %+v", got)
	}
	f.Reading.From.Address, m.Channel, f.Channel = "", register.Letter, register.Letter
	if got := look(policy); got.Channel != "letter" || got.Text == "" {
		t.Errorf("by letter: %+v", got)
	}
	f.Verdict.Label = classify.Enquiry
	m.Channel, f.Channel, f.Reading.From.Address = register.Email, register.Email, "ann@mail.example"
	if got := look(policy); got.Template != "receipt_enquiry" {
		t.Errorf("an enquiry: %+v", got)
	}
}

// TestNoPassedDayIsPromised: what goes out after the day of the answer says so
// and binds to nothing, and an extension to a day that has passed goes to a
// person.
func TestNoPassedDayIsPromised(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*register.Claimed)
	}{
		{"an acknowledgement", func(*register.Claimed) {}},
		{"a holding form", func(c *register.Claimed) { c.Form = register.Holding }},
		{"a receipt", func(c *register.Claimed) { c.Kind, c.Form = register.Receipt, "" }},
		{"questions", func(c *register.Claimed) {
			c.Kind, c.Form, c.About = register.Clarification, "", &register.About{Questions: []string{"Which room?"}}
		}},
	} {
		c := answered()
		row.change(&c)
		late, err := composer(t).Compose(c, tuesday.AddDate(0, 0, 15))
		if err != nil {
			t.Fatal(row.name, err)
		}
		text := strings.Join(strings.Fields(strings.ReplaceAll(string(late.Bytes), "=\r\n", "")), " ")
		if !late.Promised.IsZero() || strings.Contains(text, "will answer by") || !strings.Contains(text, "should have answered by: Tuesday 8 December 2026") {
			t.Errorf("%s: promised %s in\n%s", row.name, late.Promised, text)
		}
		if last, err := composer(t).Compose(c, tuesday.AddDate(0, 0, 14)); err != nil || bytes.Contains(last.Bytes, []byte("should have")) {
			t.Errorf("%s on the last day itself: %v", row.name, err)
		}
	}
	c := answered()
	c.Kind, c.Form, c.About = register.Extension, "", &register.About{Reason: "a report", OldDate: workday.Date{Year: 2026, Month: 12, Day: 8}, NewDate: workday.Date{Year: 2026, Month: 12, Day: 15}}
	if _, err := composer(t).Compose(c, tuesday.AddDate(0, 0, 22)); !errors.Is(err, errNewDayPassed) {
		t.Errorf("an extension to a day that has passed: %v", err)
	}
}

// TestAResidentsLanguage: words in it are used where there are any; where there
// are none a person is asked, and may let it go.
func TestAResidentsLanguage(t *testing.T) {
	t.Parallel()
	welsh := fstest.MapFS{}
	for _, e := range must(os.ReadDir("../templates/en")) {
		text := strings.ReplaceAll(string(must(os.ReadFile("../templates/en/"+e.Name()))), "Subject: Your {{", "Subject: Eich cwyn {{")
		welsh["cy/"+e.Name()] = &fstest.MapFile{Data: []byte(text)}
	}
	c := composer(t)
	c.Languages = map[string]*templates.Set{"cy": must(templates.LoadFolder(welsh, "cy"))}
	s := settings()
	s.Languages = []string{"cy", "en"}
	for _, row := range []struct {
		language, subject string
		decision          Decision
	}{{"", "Your complaint", Send}, {"en", "Your complaint", Send}, {"cy", "Eich cwyn", Send}, {"cy-GB", "Eich cwyn", Send}, {"pl", "Your complaint", Hold}} {
		o := answered()
		o.Language = row.language
		v := Guard(o, s)
		if v.Decision != row.decision || v.Decision == Hold && (!v.Releasable || v.Row != "language") {
			t.Errorf("%q: %+v", row.language, v)
		}
		out, err := c.Compose(o, tuesday)
		if err != nil || !strings.HasPrefix(out.Subject, row.subject) {
			t.Errorf("%q: subject %q, %v", row.language, out.Subject, err)
		}
		if strings.Contains(string(out.Bytes), `lang=3D"cy"`) != (row.subject == "Eich cwyn") {
			t.Errorf("%q: the page says another language", row.language)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
