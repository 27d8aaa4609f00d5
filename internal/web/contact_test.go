package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
)

// heard is a form that can be kept.
func heard(pairs ...string) url.Values {
	f := form("id", strings.Repeat("A", 26), "how", "phone", "date", "2026-11-20", "time", "09:30", "heard", "Tom Askew", "danger", "no", "name", "Idris Bowen", "phone", "01632 960 100",
		"address", "12 Tanner's Row, Millhaven", "postcode", "ls1 4ap", "said", "I want to make a formal complaint. The heating has been off for nine days, I have called five times, nobody phones back and nobody has come. This is the third time this year that you let us down.", "want", "A new boiler", "answer", "letter", "thinks", "")
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func TestAContactIsLogged(t *testing.T) {
	t.Parallel()
	onBoth(t, func(h *house) {
		b := h.signedIn("Priya Nandakumar", register.Reviewer)
		b.get("/contact").want(t, http.StatusOK, "Log a contact", "Monday 30 November 2026", "Housing Ombudsman", `value="Priya Nandakumar"`)
		got := b.post("/contact", heard())
		got.want(t, http.StatusSeeOther)
		b.get(got.header.Get("Location")).want(t, http.StatusOK, "Logged as", "Friday 27 November 2026", "The rules think: complaint", "Logged today", "Idris Bowen")
		id := strings.TrimPrefix(got.header.Get("Location"), "/contact?logged=")
		m := h.message(id)
		if m.Channel != register.Phone || m.Source != "logged by Priya Nandakumar" || m.Basis != register.Given || !m.ReceivedAt.Equal(time.Date(2026, 11, 20, 9, 30, 0, 0, time.UTC)) {
			t.Errorf("registered %+v", m)
		}
		if m.State != register.Filed {
			h.Fatalf("%s: %s, verdict %+v", m.State, m.Problem, m.Verdict)
		}
		c, _, err := h.register.GetCase(h.Context(), m.Case)
		must(h.TB, err)
		if c.Kind != register.ComplaintCase || !c.PostalOK || strings.Join(c.Postal, "|") != "12 Tanner's Row|Millhaven|LS1 4AP" || c.Definition.Outcomes[0] != "A new boiler" {
			t.Errorf("case %+v", c)
		}
		replies, err := h.register.CaseOutgoings(h.Context(), m.Case)
		must(h.TB, err)
		if len(replies) == 0 || replies[0].Kind != register.Acknowledgement || replies[0].Way != register.ByLetter || replies[0].State != register.Owed {
			t.Errorf("owed %+v", replies)
		}
		again := b.post("/contact", heard())
		if again.header.Get("Location") != got.header.Get("Location") {
			t.Error("the same form twice is two messages")
		}
		b.get("/messages/"+id).want(t, http.StatusOK, "Taken down by", "heard by Tom Askew", "01632 960 100", "12 Tanner&#39;s Row")
		b.get("/messages/"+id+"/original").want(t, http.StatusOK, "Postroom-Told")
		b.get("/cases?q=01632960100").want(t, http.StatusOK, m.Reference)
	})
}

func TestAContactThatCannotStand(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Mailroom)
	for name, row := range map[string]struct {
		f    url.Values
		want string
	}{
		"tomorrow":      {heard("date", "2026-11-24"), "nobody can have told us in the future"},
		"later today":   {heard("date", "2026-11-23", "time", "10:01"), "nobody can have told us in the future"},
		"years ago":     {heard("date", "2024-11-23"), "within the last year"},
		"no date":       {heard("date", "soon"), "Give the day and the time"},
		"no danger":     {heard("danger", ""), "in danger now"},
		"no words":      {heard("said", " \n "), "Write down what they said"},
		"too many":      {heard("said", strings.Repeat("x", 20_001)), "at most 20000 characters"},
		"no way":        {heard("how", "pigeon"), "Choose how they reached us"},
		"no answer":     {heard("answer", ""), "Choose how we should answer"},
		"no email":      {heard("answer", "email"), "Give the email address"},
		"odd email":     {heard("email", "a@b, c@d"), "Give an email address such as"},
		"no home":       {heard("address", "", "postcode", ""), "Give the address"},
		"no name":       {heard("name", ""), "Give the name"},
		"odd label":     {heard("thinks", "spam"), "Choose what you think"},
		"too many hope": {heard("want", strings.Repeat("x\n", 30)), "at most 20 lines"},
	} {
		got := b.post("/contact", row.f)
		got.want(t, http.StatusUnprocessableEntity, row.want, "What you typed is still there", "<title>Error: ")
		if name != "no words" && name != "too many" && !strings.Contains(got.body, "nobody phones back") {
			t.Errorf("%s: the words are lost", name)
		}
	}
	if all, err := h.register.Messages(h.Context(), time.Time{}, 10); err != nil || len(all) != 0 {
		t.Errorf("%d registered, %v", len(all), err)
	}
}

func TestAnOfficersWordCounts(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	take := func(f url.Values) register.Message {
		got := b.post("/contact", f)
		got.want(t, http.StatusSeeOther)
		return h.message(strings.TrimPrefix(got.header.Get("Location"), "/contact?logged="))
	}
	if m := take(heard("id", strings.Repeat("B", 26), "thinks", "service_request")); m.State != register.InReview || !strings.Contains(m.Problem, "Priya thinks") {
		t.Errorf("%s: %s", m.State, m.Problem)
	}
	if m := take(heard("id", strings.Repeat("C", 26), "danger", "yes")); m.Verdict.HazardLevel != classify.Emergency {
		t.Errorf("verdict %+v", m.Verdict)
	}
	if m := take(heard("id", strings.Repeat("D", 26), "how", "social", "name", "", "address", "", "postcode", "", "answer", "none")); m.Channel != register.Social || m.State != register.InReview {
		t.Errorf("%s in %s: %s", m.Channel, m.State, m.Problem)
	}
	if m := take(heard("id", strings.Repeat("E", 26), "rep", "yes")); m.State != register.InReview {
		t.Errorf("%s: %s", m.State, m.Problem)
	}
	b.get("/").want(t, http.StatusOK, "Priya thinks")
}

func TestTheMailroomLogsAndSeesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Sam", register.Mailroom)
	got := b.post("/contact", heard())
	got.want(t, http.StatusSeeOther)
	page := b.get(got.header.Get("Location"))
	page.want(t, http.StatusOK, "Logged as")
	if strings.Contains(page.body, "/messages/") || strings.Contains(page.body, "Logged today") {
		t.Error("the mailroom is led to what it may not read")
	}
	other := h.signedIn("Tom", register.Mailroom)
	if page := other.get(got.header.Get("Location")); strings.Contains(page.body, "Logged as") {
		t.Error("another's contact is shown")
	}
	h.signedIn("Ann", register.Auditor).post("/contact", heard()).want(t, http.StatusForbidden)
}

func TestHostileContacts(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	f := heard("id", attack, "name", attack, "phone", attack, "address", "1 Lane", "said", attack+" I want to make a complaint about the heating", "want", attack, "other", attack, "heard", attack, "reference", attack, "answer", "none")
	got := b.post("/contact", f)
	got.want(t, http.StatusSeeOther)
	for _, path := range []string{got.header.Get("Location"), "/messages/" + strings.TrimPrefix(got.header.Get("Location"), "/contact?logged="), "/", "/cases?q=script"} {
		page := b.get(path)
		page.want(t, http.StatusOK)
		if strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "<img src=x") {
			t.Errorf("%s: what was typed is markup", path)
		}
	}
	f.Set("danger", "")
	if page := b.post("/contact", f); strings.Contains(page.body, "<script>alert") || strings.Contains(page.body, "<img src=x") {
		t.Error("the form gives markup back")
	}
}

// Who goes back to the page and types in another call has logged another one.
// The page that was sent twice as it was is one call.
func TestAnotherContactOnTheSamePageIsAnother(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Mailroom)
	first, again := b.post("/contact", heard()), b.post("/contact", heard())
	other := b.post("/contact", heard("name", "Ada Quill", "said", "The lift has been stuck since Friday and my mother cannot leave her flat.", "danger", "yes"))
	first.want(t, http.StatusSeeOther)
	if first.header.Get("Location") != again.header.Get("Location") || other.header.Get("Location") == first.header.Get("Location") {
		t.Errorf("%q, again %q, and of another call %q", first.header.Get("Location"), again.header.Get("Location"), other.header.Get("Location"))
	}
	if all, err := h.register.Messages(h.Context(), time.Time{}, 10); err != nil || len(all) != 2 {
		t.Errorf("%d are registered, %v", len(all), err)
	}
}
