package web_test

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// decision is the form as it stands when an officer agrees with the rules.
func decision(m register.Message) url.Values {
	return form("version", strconv.FormatInt(m.Version, 10), "label", string(m.Verdict.Label), "reason", "", "issues", strings.Join(m.Verdict.Definition.Issues, "\r\n"),
		"outcomes", strings.Join(m.Verdict.Definition.Outcomes, "\r\n"), "quote", "yes", "join", "", "to", "writer", "to_name", "", "to_email", "")
}

// decide posts a decision and follows to the page after it.
func (b *browser) decide(m register.Message, change ...string) page {
	b.Helper()
	f := decision(m)
	for i := 0; i < len(change); i += 2 {
		f.Set(change[i], change[i+1])
	}
	got := b.post("/messages/"+m.ID+"/decision", f)
	if got.status == http.StatusSeeOther {
		return b.get(got.header.Get("Location"))
	}
	return got
}

func (h *house) events(subject string) (what, by []string) {
	h.Helper()
	events, err := h.register.History(h.Context(), subject)
	must(h.TB, err)
	for _, e := range events {
		what, by = append(what, e.What), append(by, e.By)
	}
	return what, by
}

func TestAcceptingWhatTheRulesThink(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya Nandakumar", register.Reviewer)
	b.decide(m).want(t, http.StatusOK, "Complaint, decided by Priya Nandakumar.", "It is "+m.Reference, "Acknowledgement, stage 1 goes to Ferdous Rahman &lt;ferdous", "The queue is empty")
	m = h.message(m.ID)
	if m.State != register.Filed || m.DecidedBy != "Priya Nandakumar" {
		t.Errorf("state %s by %s", m.State, m.DecidedBy)
	}
	if len(h.owed) != 1 {
		t.Errorf("the queue was told of %d", len(h.owed))
	}
	if what, by := h.events("message:" + m.ID); !slices.Contains(what, "filed") || by[slices.Index(what, "filed")] != "Priya Nandakumar" {
		t.Errorf("history %v by %v", what, by)
	}
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "Decided by Priya Nandakumar", "The definition", "Stage 1 acknowledgement")
}

func TestTheReplyIsShownBeforeItGoes(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "The reply that will go", `aria-label="Acknowledgement, stage 1"`, "We will answer")
	b.decide(m, "do", "preview", "issues", "Rain comes in <b>").want(t, http.StatusOK, "to Ferdous Rahman &lt;ferdous@example.com&gt;", "Rain comes in &lt;b&gt;", m.Reference, "Monday 7 December 2026", `id="preview" open`)
	b.decide(m, "do", "preview", "label", "not_actionable", "reason", "spam").want(t, http.StatusOK, "Nothing is sent.")
	b.decide(m, "do", "preview", "label", "service_request", "reason", "r").want(t, http.StatusOK, "Service request notice</strong> to", "Forward to the service team</strong> to")
	b.decide(m, "do", "preview", "label", "enquiry").want(t, http.StatusOK, "Say why you change")
	b.decide(m, "do", "preview", "issues", "").want(t, http.StatusOK, "Write at least one thing")
	after := h.message(m.ID)
	if after.State != register.InReview || after.Version != m.Version || len(h.owed) != 0 {
		t.Errorf("showing changed the message: %s, version %d", after.State, after.Version)
	}
	if replies, err := h.register.Outgoings(t.Context(), 5); err != nil || len(replies) != 0 {
		t.Errorf("showing owes %d replies, %v", len(replies), err)
	}
	b.decide(m, "version", "999", "do", "preview").want(t, http.StatusConflict, "Nothing of yours was sent")
}

// Whoever asks for stage 2 need not say why: there is nothing to say back, and
// the acknowledgement goes all the same.
func TestStage2WithoutReasons(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	words := []string{"label", "stage2", "reason", "she asks for stage 2", "issues", "", "outcomes", ""}
	b.decide(m, append(words, "do", "preview")...).want(t, http.StatusOK, "You do not need to give reasons")
	b.decide(m, words...).want(t, http.StatusOK, "Acknowledgement, stage 2 goes to")
	owed, err := h.register.Outgoings(t.Context(), 5)
	if err != nil || len(owed) != 1 || owed[0].Form != register.Unquoted {
		t.Fatalf("owed %+v, %v", owed, err)
	}
	b.get("/replies/"+owed[0].ID).want(t, http.StatusOK, "You do not need to give reasons")
	b.get("/cases/"+m.Reference).want(t, http.StatusOK, "A person has still to say what the complaint is")
}

func TestChangingTheLabel(t *testing.T) {
	t.Parallel()
	for label, want := range map[classify.Label]string{
		classify.ServiceRequest: "Service request notice goes to", classify.Enquiry: "Receipt goes to", classify.NotActionable: "is recorded. Nothing is sent.",
		classify.Stage2: "Acknowledgement, stage 2 goes to", classify.FollowUp: "Receipt goes to",
	} {
		t.Run(string(label), func(t *testing.T) {
			t.Parallel()
			h := open(t)
			m := h.waiting()
			b := h.signedIn("Priya", register.Reviewer)
			b.decide(m, "label", string(label), "outcomes", "A new boiler").want(t, http.StatusUnprocessableEntity, "Say why you change “complaint” to", "A new boiler", "Nothing was sent")
			if h.message(m.ID).State != register.InReview {
				t.Fatal("decided without a reason")
			}
			b.decide(m, "label", string(label), "reason", "she says so on the phone").want(t, http.StatusOK, want)
			b.get("/messages/"+m.ID).want(t, http.StatusOK, "she says so on the phone")
		})
	}
}

func TestTheDefinitionIsOneALine(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	b.decide(m, "issues", " \r\n").want(t, http.StatusUnprocessableEntity, "Write at least one thing that went wrong")
	b.decide(m, "issues", strings.Repeat("x\n", 30)).want(t, http.StatusUnprocessableEntity, "Write at most 20 lines")
	b.decide(m, "issues", "No heating.\r\n\r\n  Nobody phones back. ", "outcomes", "").want(t, http.StatusOK, "It is")
	c, _, err := h.register.GetCase(t.Context(), h.message(m.ID).Case)
	must(t, err)
	if !slices.Equal(c.Definition.Issues, []string{"No heating.", "Nobody phones back."}) || len(c.Definition.Outcomes) != 0 || !c.MayQuote {
		t.Errorf("definition %+v", c)
	}
}

func TestWordsAreSaidBackOnlyWhenAnOfficerSaysSo(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting() // its sender is not authenticated
	b := h.signedIn("Priya", register.Reviewer)
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "We cannot be sure who wrote")
	b.decide(m, "quote", "").want(t, http.StatusOK, "It is")
	c, _, err := h.register.GetCase(t.Context(), h.message(m.ID).Case)
	must(t, err)
	if c.MayQuote {
		t.Error("a stranger's words may be said back")
	}
}

func TestChoosingWhoIsAnswered(t *testing.T) {
	t.Parallel()
	h := open(t)
	resident := register.Address{Name: "Ann Resident", Address: "ann@example.com"}
	m := h.mail(strings.ReplaceAll(plainMail, "<1@", "<3@"), unsure(classify.Complaint), func(o *register.Opening) {
		o.Reading.Complainant, o.Reading.ComplainantWhy = resident, "a colleague sent it on"
	})
	b := h.signedIn("Priya", register.Reviewer)
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "ann@example.com", "a colleague sent it on")
	b.decide(m, "to", "").want(t, http.StatusUnprocessableEntity, "Choose who gets the reply")
	b.decide(m, "to", "other", "to_email", "Ann <ann@example.com>").want(t, http.StatusUnprocessableEntity, "Give an email address such as")
	b.decide(m, "to", "complainant").want(t, http.StatusOK, "goes to Ann Resident &lt;ann@example.com&gt;")

	m = h.mail("Subject: no sender at all\n\nNo heating\n", unsure(classify.Complaint), nil)
	b.decide(m, "to", "writer").want(t, http.StatusUnprocessableEntity, "address could not be read")
	b.decide(m, "to", "other", "to_name", " Bea\tSmith ", "to_email", "bea@example.com").want(t, http.StatusOK, "goes to Bea Smith &lt;bea@example.com&gt;")
}

func TestALetterIsAnsweredByLetter(t *testing.T) {
	t.Parallel()
	h := open(t)
	stored, err := h.archive.Put(t.Context(), strings.NewReader("%PDF-1.4 not really"))
	must(t, err)
	a := registertest.Arrival("letter", h.clock.Now())
	a.Channel, a.Original, a.Basis = register.Letter, stored.SHA256, register.Stamp
	got, err := h.register.Receive(t.Context(), []register.Arrival{a})
	must(t, err)
	opened, err := h.register.Open(t.Context(), []register.Opening{{
		Message: got[0].ID, Verdict: unsure(classify.Complaint),
		Reading: register.Reading{From: register.Address{Name: "M. Ainscough"}, NewText: "No heating", Text: "No heating", PostalAddress: []string{"1 Orchard Quay", "Millhaven", "QX4 7TD"}},
	}})
	must(t, err)
	must(t, opened[0].Err)
	m := h.message(got[0].ID)
	b := h.signedIn("Priya", register.Reviewer)
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "M. Ainscough, 1 Orchard Quay, Millhaven, QX4 7TD", "by letter")
	original := b.get("/messages/" + m.ID + "/original")
	isDownload(t, original)
	if name := original.header.Get("Content-Disposition"); !strings.Contains(name, m.Reference+".pdf") {
		t.Errorf("named %s", name)
	}
	b.decide(m, "postal", "M. Ainscough\n1 Orchard Quay\nMillhaven\nQX4 7TD", "postal_ok", "yes").want(t, http.StatusUnprocessableEntity, "not a UK postcode")
	b.decide(m, "postal", "Mrs M. Ainscough\n1 Orchard Quay\nBristol\nBS1 7AA", "postal_ok", "yes").want(t, http.StatusOK, "It is "+m.Reference)
	if m = h.message(m.ID); m.State != register.Filed {
		t.Errorf("state %s", m.State)
	}
	c, _, err := h.register.GetCase(t.Context(), m.Case)
	must(t, err)
	if got := strings.Join(c.Addressee(), ", "); !c.PostalOK || got != "Mrs M. Ainscough, 1 Orchard Quay, Bristol, BS1 7AA" {
		t.Errorf("the letter goes to %q, confirmed %v", got, c.PostalOK)
	}
}

func TestJoiningTheOfferedCase(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	first := h.waiting()
	b.decide(first)
	first = h.message(first.ID)
	offered := h.mail(strings.ReplaceAll(plainMail, "<1@", "<4@"), unsure(classify.FollowUp), func(o *register.Opening) {
		o.Join = register.Join{Case: first.Case, Why: "reference"}
	})
	b.get("/messages/"+offered.ID).want(t, http.StatusOK, "Put it with", first.Reference, "it carries its reference")
	b.decide(offered, "join", "nonsense").want(t, http.StatusUnprocessableEntity, "Choose one of the cases")
	b.decide(offered, "join", first.Case).want(t, http.StatusOK, "It is "+first.Reference, "Receipt goes to")
	if got := h.message(offered.ID); got.Case != first.Case {
		t.Errorf("joined %q, want %q", got.Case, first.Case)
	}

	// By the reference that somebody reads out on the phone.
	third := h.mail(strings.NewReplacer("<1@", "<5@", "ferdous@", "sister@").Replace(plainMail), unsure(classify.Stage2), nil)
	for typed, want := range map[string]string{"": "wrong or missing character", "CIT26-AAAA-AAAA": "wrong or missing character", third.Reference: "own reference"} {
		b.decide(third, "join", "other", "join_reference", typed).want(t, http.StatusUnprocessableEntity, want)
	}
	b.decide(third, "join", "other", "join_reference", strings.ToLower(first.Reference)).want(t, http.StatusOK, "It is "+first.Reference, "Acknowledgement, stage 2")
}

func TestTwoOfficersAtOnce(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openOn(t, point, web.Access{})
			m := h.waiting()
			priya, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Manager)
			var wait sync.WaitGroup
			got := make([]page, 2)
			wait.Go(func() {
				got[0] = priya.post("/messages/"+m.ID+"/decision", with(decision(m), "issues", "Priya's words"))
			})
			wait.Go(func() {
				got[1] = tom.post("/messages/"+m.ID+"/decision", with(decision(m), "issues", "Tom's words", "label", "enquiry", "reason", "Tom's reason"))
			})
			wait.Wait()
			won, names := 0, []string{"Priya", "Tom"}
			if got[1].status == http.StatusSeeOther {
				won = 1
			}
			lost := 1 - won
			got[won].want(t, http.StatusSeeOther)
			got[lost].want(t, http.StatusConflict, names[won]+" decided this", "Nothing of yours was sent", names[lost]+"&#39;s words")
			if h.message(m.ID).DecidedBy != names[won] {
				t.Errorf("decided by %s", h.message(m.ID).DecidedBy)
			}
			replies, err := h.register.Outgoings(t.Context(), 10)
			must(t, err)
			if len(replies) != 1 {
				t.Errorf("%d replies are owed", len(replies))
			}
		})
	}
}

// TestAMessageThatJoinedMayOpenItsOwnCase: somebody answers an old mail of ours
// with something new.
func TestAMessageThatJoinedMayOpenItsOwnCase(t *testing.T) {
	t.Parallel()
	for choice, own := range map[string]bool{"": false, "apart": true} {
		t.Run("choice "+choice, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			b := h.signedIn("Priya", register.Reviewer)
			first := h.waiting()
			b.decide(first)
			first = h.message(first.ID)
			m := h.mail(strings.ReplaceAll(plainMail, "<1@", "<9@"), unsure(classify.Complaint), func(o *register.Opening) {
				o.Reading.Authenticated, o.Join = true, register.Join{Case: first.Case, Why: "reference", Trusted: true}
			})
			b.get("/messages/"+m.ID).want(t, http.StatusOK, "It has its case", "It belongs to", "A case of its own")
			b.decide(m, "join", choice).want(t, http.StatusOK, "decided by Priya")
			if got := h.message(m.ID); got.State != register.Filed || (got.Case != first.Case) != own {
				t.Errorf("state %s, case %s beside %s", got.State, got.Case, first.Case)
			}
		})
	}
}

func with(f url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func TestTheFailSafeIsQuicker(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	h.clock.Set(m.FailsafeAt)
	_, err := h.register.Failsafe(t.Context(), []register.ID{m.ID})
	must(t, err)
	b := h.signedIn("Priya", register.Reviewer)
	got := b.decide(m, "issues", "What Priya typed")
	got.want(t, http.StatusConflict, "Postroom changed this", "What Priya typed", "It has its case")
	now := h.message(m.ID)
	if now.Version == m.Version {
		t.Fatal("the fail-safe changed nothing")
	}
	got.want(t, http.StatusConflict, `name="version" value="`+strconv.FormatInt(now.Version, 10)+`"`)
	b.decide(now, "issues", "What Priya typed").want(t, http.StatusOK, "It is "+m.Reference)
}

// again signs somebody in who has an account.
func (h *house) again(name string) *browser {
	h.Helper()
	b := h.browser()
	b.post("/sign-in", form("account", name, "password", secret)).want(h.TB, http.StatusSeeOther)
	return b
}

func TestAnAlarmIsTakenOnce(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := unsure(classify.Complaint)
	v.HazardLevel, v.Flags = classify.Emergency, []classify.Flag{classify.Hazard}
	m := h.mail(plainMail, v, nil)
	priya, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Reviewer)
	alarms, err := h.register.OpenAlarms(t.Context(), 5)
	must(t, err)
	priya.get("/").want(t, http.StatusOK, "Hazards and safeguarding first", "Emergency", "Nobody has taken the alert yet", "/alarms/"+alarms[0].ID+"/take")
	take := func(b *browser) page {
		return b.get(b.post("/alarms/"+alarms[0].ID+"/take", form()).header.Get("Location"))
	}
	take(priya).want(t, http.StatusOK, "The alert is taken by Priya", "Alert taken by Priya")
	take(tom).want(t, http.StatusOK, "The alert is taken by Priya")
	priya.get("/messages/"+m.ID).want(t, http.StatusOK, "Taken by Priya")
	if what, by := h.events("message:" + m.ID); by[slices.Index(what, "alarm_taken")] != "Priya" {
		t.Errorf("%v %v", what, by)
	}
}

// held is a reply that the guard has put into people's hands.
func (h *house) held() register.Outgoing {
	h.Helper()
	h.mail(strings.ReplaceAll(plainMail, "<1@", "<held@"), registertest.Verdict(classify.Complaint), func(o *register.Opening) { o.Reading.Authenticated = true })
	claims, err := h.register.Claim(h.Context(), h.owedIDs(), 1e9, register.Windows{})
	must(h.TB, err)
	errs, err := h.register.Hold(h.Context(), []register.Outcome{{ID: claims[0].ID, Attempt: claims[0].Attempt, Why: "the cap is reached"}})
	must(h.TB, err)
	must(h.TB, errs[0])
	o, err := h.register.GetOutgoing(h.Context(), claims[0].ID)
	must(h.TB, err)
	return o
}

func (h *house) owedIDs() []register.ID {
	h.Helper()
	all, err := h.register.Outgoings(h.Context(), 10)
	must(h.TB, err)
	var ids []register.ID
	for _, o := range all {
		if o.Kind == register.Acknowledgement {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

func TestHeldReplies(t *testing.T) {
	t.Parallel()
	for do, want := range map[string]struct {
		state register.OutgoingState
		said  string
	}{"release": {register.Owed, "It goes to Ferdous Rahman &lt;ferdous"}, "cancel": {register.Cancelled, "It is not sent: it was cancelled"}} {
		t.Run(do, func(t *testing.T) {
			t.Parallel()
			h := open(t)
			o := h.held()
			b := h.signedIn("Priya", register.Reviewer)
			b.get("/replies").want(t, http.StatusOK, "1 waits", "the cap is reached", o.Reference)
			b.get("/replies/"+o.ID).want(t, http.StatusOK, "Let it go", "Do not send it", "Now it would say:", "The heating has been off for nine days.")
			b.post("/replies/"+o.ID+"/ruling", form("do", do)).want(t, http.StatusUnprocessableEntity, "Say why")
			b.post("/replies/"+o.ID+"/ruling", form("do", "burn", "reason", "why not")).want(t, http.StatusUnprocessableEntity, "Choose whether", "why not")
			got := b.post("/replies/"+o.ID+"/ruling", form("do", do, "reason", "spoke to her"))
			b.get(got.header.Get("Location")).want(t, http.StatusOK, want.said)
			now, err := h.register.GetOutgoing(t.Context(), o.ID)
			must(t, err)
			if now.State != want.state || len(h.owed) != map[string]int{"release": 1}[do] {
				t.Errorf("state %s, %d hints", now.State, len(h.owed))
			}
			b.get("/replies/"+o.ID).want(t, http.StatusOK, "spoke to her", "by Priya")
			b.post("/replies/"+o.ID+"/ruling", form("do", "release", "reason", "again")).want(t, http.StatusConflict, "This changed while you had it open")
			if what, by := h.events("case:" + o.Case); by[len(by)-1] != "Priya" {
				t.Errorf("%v %v", what, by)
			}
		})
	}
}
