package web_test

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
	"postroom/internal/workday"
)

// openForLong is a house whose people stay signed in for as long as a case may
// take.
func openForLong(tb testing.TB, point func(testing.TB, register.Config) register.Config) *house {
	tb.Helper()
	const year = 366 * 24 * time.Hour
	return openOn(tb, point, web.Access{Idle: year, Longest: year})
}

// deliver takes what is owed the whole way to the resident, now.
func (h *house) deliver(ids ...register.ID) {
	h.Helper()
	for _, id := range ids {
		claims, err := h.register.Claim(h.Context(), []register.ID{id}, time.Minute, register.Windows{})
		must(h.TB, err)
		if len(claims) != 1 {
			o, _ := h.register.GetOutgoing(h.Context(), id)
			h.Fatalf("%s cannot be claimed: %+v", id, o)
		}
		c := claims[0]
		stored, err := h.archive.Put(h.Context(), strings.NewReader("Content-Type: text/plain\r\n\r\nThe words as they went, "+string(c.Kind)+".\r\n"))
		must(h.TB, err)
		begin := register.Beginning{ID: c.ID, Attempt: c.Attempt, MessageID: c.ID + "@citrine.example", Bytes: stored.SHA256, Subject: "s", Guard: "ok"}
		for _, k := range c.Clocks {
			if c.Kind == register.Acknowledgement && k.Name == map[int]string{1: "stage1_answer", 2: "stage2_answer"}[c.Stage] {
				begin.Promised = k.Counts()
			}
		}
		errs, err := h.register.Begin(h.Context(), []register.Beginning{begin})
		must(h.TB, err)
		must(h.TB, errs[0])
		errs, err = h.register.Sent(h.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "250"}})
		must(h.TB, err)
		must(h.TB, errs[0])
	}
}

// deliverOwed delivers all that the pages told the queue of.
func (h *house) deliverOwed() {
	h.Helper()
	h.mu.Lock()
	owed := h.owed
	h.owed = nil
	h.mu.Unlock()
	for _, hint := range owed {
		o, err := h.register.GetOutgoing(h.Context(), hint.ID)
		must(h.TB, err)
		if o.State == register.Owed { // some of it was dropped meanwhile
			h.deliver(hint.ID)
		}
	}
}

// day sets the clock to ten in the morning of a day of November or December 2026.
func (h *house) day(text string) {
	h.Helper()
	at, err := time.Parse("2006-01-02 15:04", text+" 10:00")
	must(h.TB, err)
	h.clock.Set(at)
}

// complaint is a complaint of Monday 23 November that Priya decided on, with
// its acknowledgement delivered on the 25th: its answer is due on 9 December.
func (h *house) complaint(b *browser) register.Case {
	h.Helper()
	h.day("2026-11-23")
	m := h.waiting()
	b.decide(m, "issues", "The heating is off.\nNobody rings back.", "outcomes", "Mend it.").want(h.TB, http.StatusOK, "decided by Priya")
	h.day("2026-11-25")
	h.deliverOwed()
	return h.theCase(h.message(m.ID).Case)
}

func (h *house) theCase(id register.ID) register.Case {
	h.Helper()
	c, _, err := h.register.GetCase(h.Context(), id)
	must(h.TB, err)
	return c
}

var seenField = regexp.MustCompile(`name="seen" value="([^"]*)"`)

// open reads a case's form and what it says that the officer saw.
func (b *browser) form(c register.Case, deed string) (page, string) {
	b.Helper()
	got := b.get("/cases/" + c.Reference + "/" + deed)
	seen := seenField.FindStringSubmatch(got.body)
	if got.status != http.StatusOK || seen == nil {
		b.Fatalf("%s: %d\n%s", deed, got.status, got.body)
	}
	return got, seen[1]
}

// does fills a case's form in and sends it.
func (b *browser) does(c register.Case, deed string, pairs ...string) page {
	b.Helper()
	_, seen := b.form(c, deed)
	return b.post("/cases/"+c.Reference+"/"+deed, form(append([]string{"seen", seen}, pairs...)...))
}

// did does it, and reads the page after it.
func (b *browser) did(c register.Case, deed string, pairs ...string) page {
	b.Helper()
	got := b.does(c, deed, pairs...)
	if got.status != http.StatusSeeOther {
		b.Fatalf("%s: %d\n%s", deed, got.status, got.body)
	}
	return b.get(got.header.Get("Location"))
}

// TestTheLifeOfACase goes with a complaint through both stages, on both
// databases: put off, answered, asked about on the phone, answered again by
// somebody else, closed.
func TestTheLifeOfACase(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openForLong(t, point)
			priya, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Manager)
			c := h.complaint(priya)
			priya.get("/cases/"+c.Reference).want(t, http.StatusOK, "Complaint, stage 1", "Ferdous Rahman", "Answer by Wednesday 9 December 2026", "10 working days left",
				"The heating is off.", "Email from Ferdous Rahman, and this case opened", "Acknowledgement, stage 1 sent by email", "Record the stage 1 answer", "after the stage 1 answer",
				"It may be put off to Wednesday 23 December 2026 at the latest.", "entries stand as they were written", `href="/messages/`+c.Message)

			h.day("2026-12-02")
			later := []string{"to", "2026-12-16", "reason", "The survey is on 14 December."}
			priya.does(c, "extend", append(later, "do", "preview")...).want(t, http.StatusOK, "The survey is on 14 December.", "Wednesday 16 December 2026", "Ombudsman")
			priya.did(c, "extend", later...).want(t, http.StatusOK, "Asked to put the answer off to Wednesday 16 December 2026, by Priya", "Extension goes to Ferdous Rahman", "Answer by Wednesday 9 December 2026",
				"the letter about Wednesday 16 December 2026 is on its way", "Reason given: “The survey is on 14 December.”")
			h.deliverOwed()
			priya.get("/cases/"+c.Reference).want(t, http.StatusOK, "Answer by Wednesday 16 December 2026", "Answer put off", "Put off by Priya: told on Wednesday 2 December 2026, before Wednesday 9 December 2026", "then 5 more", "was due")

			h.day("2026-12-15")
			answer := []string{"outcome", "upheld", "text", "The boiler was out for nine days.", "remedies", "We pay 90 pounds.", "what1", "A new boiler", "due1", "2027-01-15", "way", "send"}
			priya.does(c, "answer", append(answer, "do", "preview")...).want(t, http.StatusOK, "The boiler was out for nine days.", "stage 2", "A new boiler")
			priya.did(c, "answer", answer...).want(t, http.StatusOK, "The answer was recorded, stage 1: upheld, by Priya", "Answer, stage 1 goes to", "Not with the resident yet", "A new boiler", "Take the answer back")
			h.deliverOwed()
			priya.get("/cases/"+c.Reference).want(t, http.StatusOK, "Answered, stage 1", "Given, Tue 15 Dec", "Met, Tue 15 Dec", "Close the case", "Open stage 2", "To do", "Friday 15 January 2027")
			done := regexp.MustCompile(`/cases/[^"]*/done`).FindString(priya.get("/cases/" + c.Reference).body)
			tom.get(tom.post(done, form()).header.Get("Location")).want(t, http.StatusOK, "Done, as promised: A new boiler, by Tom", "by Tom")

			h.day("2026-12-17")
			priya.did(c, "stage2", "how", "phone", "on", "2026-12-16", "at", "16:30", "note", "It is off again <b>!").want(t, http.StatusOK, "Stage 2 began, by Priya", "Acknowledgement, stage 2 goes to Ferdous Rahman",
				"Complaint, stage 2", "Phone from Ferdous Rahman, which asked for stage 2", "It is off again &lt;b&gt;!", "Acknowledge by Wednesday 23 December 2026")
			h.deliverOwed()
			h.day("2027-01-05")
			given := []string{"outcome", "partly_upheld", "text", "We looked again.", "way", "given", "on", "2027-01-05", "at", "09:00"}
			priya.does(c, "answer", given...).want(t, http.StatusUnprocessableEntity, "Stage 2 must be answered by somebody who did not answer stage 1", "We looked again.")
			tom.did(c, "answer", given...).want(t, http.StatusOK, "Answered, stage 2", "by Tom", "Stage 2: partly upheld")
			tom.did(c, "close", "why", "answered").want(t, http.StatusOK, "Closed: answered, by Tom", "Closed on Tuesday 5 January 2027: answered.", "Reopen the case")
			tom.did(c, "reopen", "reason", "It was the wrong one").want(t, http.StatusOK, "Reopened, by Tom", "It was the wrong one")
			wrong, err := h.register.Contradictions(t.Context())
			must(t, err)
			if len(wrong) > 0 {
				t.Errorf("contradictions: %q", wrong)
			}
		})
	}
}

func TestACaseIsFoundAsItIsTyped(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	for _, name := range []string{c.ID, c.Reference, strings.ToLower(c.Reference), strings.ReplaceAll(c.Reference, "-", " ")} {
		b.get("/cases/"+url.PathEscape(name)).want(t, http.StatusOK, c.Reference)
	}
	for _, name := range []string{"nothing", "CIT26-AAAA-AAAA", c.Message, "%00", "..%2f"} {
		b.get("/cases/"+name).want(t, http.StatusNotFound, "Not found")
	}
	b.get("/cases/"+c.Reference+"/nothing").want(t, http.StatusNotFound)
	b.get("/messages/"+c.Message).want(t, http.StatusOK, "/cases/"+c.Reference)
	b.get("/replies").want(t, http.StatusOK, "/cases/"+c.ID)
}

// TestMistakesInForms keeps what was typed, and says at the field what is wrong.
func TestMistakesInForms(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	for name, row := range map[string]struct {
		deed  string
		typed []string
		want  []string
	}{
		"no finding":         {"answer", []string{"text", "kept words", "way", "send"}, []string{"#f-outcome", "Choose what was found"}},
		"no words":           {"answer", []string{"outcome", "upheld", "way", "send", "remedies", "kept words"}, []string{"#f-text", "Write the answer"}},
		"given in future":    {"answer", []string{"outcome", "upheld", "text", "kept words", "way", "given", "on", "2026-12-24", "at", "10:00"}, []string{"#f-text", "cannot have been given in the future"}},
		"given never":        {"answer", []string{"outcome", "upheld", "text", "kept words", "way", "given"}, []string{"#f-on", "Say on which day"}},
		"a day of no month":  {"answer", []string{"outcome", "upheld", "text", "kept words", "way", "send", "what1", "x", "due1", "2026-02-31"}, []string{"#f-promises", "Give in line 1 a day"}},
		"a day for nothing":  {"answer", []string{"outcome", "upheld", "text", "kept words", "way", "send", "due3", "2026-12-31"}, []string{"#f-promises", "Say in line 3"}},
		"a finding of none":  {"answer", []string{"outcome", "burnt", "text", "kept words", "way", "send"}, []string{"#f-outcome"}},
		"put off too far":    {"extend", []string{"to", "2027-03-01", "reason", "kept words"}, []string{"#f-to", "to Wednesday 23 December 2026 at the latest"}},
		"put off to before":  {"extend", []string{"to", "2026-12-01", "reason", "kept words"}, []string{"#f-to", "must be after Wednesday 9 December 2026"}},
		"put off, no reason": {"extend", []string{"to", "2026-12-16"}, []string{"#f-reason", "Give the reason"}},
		"no exclusion":       {"refuse", []string{"words", "kept words"}, []string{"#f-exclusion", "Choose the reason"}},
		"no explanation":     {"refuse", []string{"exclusion", "not_ours"}, []string{"#f-words", "Explain it"}},
		"no question":        {"ask", []string{"questions", "\r\n \r\n"}, []string{"#f-questions", "at least one question"}},
		"no definition":      {"define", []string{"issues", "", "outcomes", "kept words"}, []string{"#f-issues", "at least one thing"}},
		"closed unanswered":  {"close", []string{"why", "answered", "reason", "kept words"}, []string{"#f-why", "Choose why"}},
		"withdrawn how":      {"close", []string{"why", "withdrawn"}, []string{"#f-reason", "Say how the resident withdrew"}},
		"received tomorrow":  {"received", []string{"on", "2026-11-26", "at", "10:00", "reason", "kept words"}, []string{"#f-on", "in the future"}},
		"received nonsense":  {"received", []string{"on", "yesterday", "reason", "kept words"}, []string{"#f-on", "Give a day that there is"}},
		"a time of no day":   {"received", []string{"on", "2026-11-20", "at", "25:61", "reason", "kept words"}, []string{"#f-at", "Give the time like"}},
		"no such case":       {"link", []string{"other", "CIT26-AAAA-AAAA"}, []string{"#f-other", "there is no case with it"}},
		"itself":             {"merge", []string{"other", c.Reference, "reason", "kept words"}, []string{"#f-other", "own reference"}},
		"of its own kind":    {"split", []string{"kind", "complaint", "issues", "kept words", "topic", ""}, []string{"#f-kind", "of that kind already"}},
		"a person of none":   {"person", []string{"address", "no address", "role", "resident", "name", "kept words"}, []string{"#f-address", "Give an email address"}},
		"no envelope":        {"replies-to", []string{"to", "post", "postal", "Ferdous", "reason", "kept words"}, []string{"#f-postal", "Give the name, and below it"}},
		"no safe address":    {"needs", []string{"safe", "nowhere", "note", "kept words"}, []string{"#f-safe", "Give an email address"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := b.does(c, row.deed, row.typed...)
			got.want(t, http.StatusUnprocessableEntity, append(row.want, "Nothing was done yet", "What you typed is still there", `aria-invalid="true"`)[:len(row.want)+2]...)
			if slices.Contains(row.typed, "kept words") {
				got.want(t, http.StatusUnprocessableEntity, "kept words")
			}
		})
	}
	t.Cleanup(func() {
		now, err := h.register.CaseOutgoings(t.Context(), c.ID)
		if err == nil && len(now) != 1 {
			t.Errorf("%d outgoings", len(now))
		}
	})
}

// TestTwoOfficersWorkOnOneCase: the second is told, whichever forms they had
// open, and nothing that they typed is lost.
func TestTwoOfficersWorkOnOneCase(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openForLong(t, point)
			priya, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Manager)
			c := h.complaint(priya)
			_, seen := priya.form(c, "define")
			names := []string{"Priya", "Tom"}
			got := make([]page, 2)
			var wait sync.WaitGroup
			wait.Go(func() {
				got[0] = priya.post("/cases/"+c.Reference+"/define", form("seen", seen, "issues", "Priya's words"))
			})
			wait.Go(func() {
				got[1] = tom.post("/cases/"+c.Reference+"/answer", form("seen", seen, "outcome", "upheld", "text", "Tom's words", "way", "send"))
			})
			wait.Wait()
			won := slices.IndexFunc(got, func(p page) bool { return p.status == http.StatusSeeOther })
			if won < 0 {
				t.Fatalf("neither: %d, %d", got[0].status, got[1].status)
			}
			lost := 1 - won
			got[lost].want(t, http.StatusConflict, names[won]+" changed this case", "Nothing of yours was done", names[lost]+"&#39;s words")
			again := seenField.FindStringSubmatch(got[lost].body)
			if again == nil || again[1] == seen {
				t.Fatal("the form cannot be sent again")
			}
		})
	}
}

// TestAFormReachesTwoMachines: who presses twice behind a proxy sends the same
// form to two of them.
func TestAFormReachesTwoMachines(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.Postgres)
	b := h.signedIn("Priya", register.Reviewer)
	machines := []*browser{b, {h.machine(), b.Client}}
	c := h.complaint(b)
	for round := range 10 {
		_, seen := b.form(c, "note")
		got := make([]page, len(machines))
		var wait sync.WaitGroup
		for i, m := range machines {
			wait.Go(func() {
				got[i] = m.post("/cases/"+c.Reference+"/note", form("seen", seen, "reason", "rang, nobody there"))
			})
		}
		wait.Wait()
		if statuses := []int{got[0].status, got[1].status}; got[0].status+got[1].status != http.StatusSeeOther+http.StatusConflict {
			t.Fatalf("round %d: %v", round, statuses)
		}
	}
}

func TestAnAnswerAsAFile(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	_, seen := b.form(c, "answer")
	called := "Our answer.pdf"
	upload := func(content string, pairs ...string) page {
		var body bytes.Buffer
		w := multipart.NewWriter(&body)
		for i := 0; i < len(pairs); i += 2 {
			must(t, w.WriteField(pairs[i], pairs[i+1]))
		}
		part, err := w.CreateFormFile("file", called)
		must(t, err)
		_, err = part.Write([]byte(content))
		must(t, err)
		must(t, w.Close())
		return b.send(http.MethodPost, "/cases/"+c.Reference+"/answer", body.String(), func(r *http.Request) { r.Header.Set("Content-Type", w.FormDataContentType()) })
	}
	fields := []string{"seen", seen, "outcome", "upheld", "way", "given", "on", "2026-11-25"}
	upload("%PDF-1.4 the answer", fields...).want(t, http.StatusSeeOther)
	p := b.get("/cases/" + c.Reference)
	link := regexp.MustCompile(`/cases/[^"]*/answers/[^"]*`).FindString(p.body)
	got := b.get(link)
	got.want(t, http.StatusOK, "%PDF-1.4 the answer")
	if d := got.header.Get("Content-Disposition"); d != `attachment; filename="Our answer.pdf"` {
		t.Errorf("saved as %s", d)
	}
	b.get(strings.Replace(link, "/answers/", "/answers/x", 1)).want(t, http.StatusNotFound)

	// Postroom sends it: a file that residents can open, and preview of its letter.
	c = h.strangersCase(b)
	_, seen = b.form(c, "answer")
	fields = []string{"seen", seen, "outcome", "upheld", "way", "send"}
	called = "answer.exe"
	upload("MZ", fields...).want(t, http.StatusUnprocessableEntity, "#f-file", "Choose a PDF or a Word document")
	called = "../Our answer.docx"
	upload("PK", append(fields, "do", "preview")...).want(t, http.StatusOK, "Our full answer is in the document that comes with this email, “Our answer.docx”")
	upload("PK", fields...).want(t, http.StatusSeeOther)
	b.get("/cases/"+c.Reference).want(t, http.StatusOK, "Our answer.docx", "Answer, stage 1: owed")
}

func TestWhatBelongsTogether(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	words := "The heating has been off for nine days now and nobody phones back when I ring the office about it."
	second := h.mail(strings.NewReplacer("<1@", "<2@", "No heating for nine days. Nobody phones back.", words).Replace(plainMail), unsure(classify.Complaint), nil)
	b.decide(second, "issues", "Twice the same").want(t, http.StatusOK, "decided by Priya")
	twin := h.theCase(h.message(second.ID).Case)
	b.get("/cases/"+c.Reference).want(t, http.StatusOK, "May be the same once more", twin.Reference, "The same resident, within a month", "/merge?other="+twin.Reference)

	got, _ := b.form(c, "merge?other="+twin.Reference)
	got.want(t, http.StatusOK, `value="`+twin.Reference+`"`)
	b.did(c, "link", "other", twin.Reference).want(t, http.StatusOK, "Linked to another case, by Priya", twin.Reference)
	b.did(c, "unlink", "other", twin.ID).want(t, http.StatusOK, "The link to another case was undone, by Priya")
	// Told on the later case's page, the earlier one lives on all the same.
	b.did(c, "merge", "other", twin.Reference, "reason", "the same twice").want(t, http.StatusOK, "Another case became part of this one, by Priya", "Merged into this one")
	if h.theCase(twin.ID).MergedInto != c.ID {
		t.Error("the later case lives on")
	}
	b.get("/cases/"+twin.Reference).want(t, http.StatusOK, "This is a signpost", "/cases/"+c.Reference, "Undo the merge")
	b.did(twin, "unmerge", "reason", "not the same").want(t, http.StatusOK, "The merge was undone: this case is its own again, by Priya", "Acknowledgement, stage 1")
	b.did(c, "split", "kind", "service_request", "issues", "The tap drips", "topic", "repairs", "words", "yes").want(t, http.StatusOK, "Linked to another case", "Split off from this case")
	links, err := h.register.CaseLinks(t.Context(), c.ID)
	must(t, err)
	b.did(links[0].Case, "unsplit", "reason", "a mistake").want(t, http.StatusOK, "This is a signpost")
	b.did(c, "same-resident", "other", h.strangersCase(b).Reference).want(t, http.StatusOK, "is the same resident’s")
}

// strangersCase is somebody else's complaint.
func (h *house) strangersCase(b *browser) register.Case {
	h.Helper()
	m := h.mail(strings.NewReplacer("<1@", "<77@", "ferdous@", "sister@", "Ferdous", "Fatima").Replace(plainMail), unsure(classify.Complaint), nil)
	b.decide(m).want(h.TB, http.StatusOK, "decided by Priya")
	return h.theCase(h.message(m.ID).Case)
}

func TestPeopleAndWhatTheyNeed(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	b.did(c, "person", "address", "sister@example.com", "name", "Fatima", "role", "representative").want(t, http.StatusOK, "It was written down who somebody is to the case, by Priya", "Authority not shown", "Fatima")
	b.does(c, "replies-to", "to", "sister@example.com", "reason", "she asked").want(t, http.StatusUnprocessableEntity, "has not shown that they may act")
	got, _ := b.form(c, "person?address=sister@example.com")
	got.want(t, http.StatusOK, `value="Fatima"`)
	b.did(c, "person", "address", "sister@example.com", "name", "Fatima", "role", "representative", "authority", "a signed letter").want(t, http.StatusOK, "Authority: a signed letter")
	b.did(c, "replies-to", "to", "sister@example.com", "reason", "she asked").want(t, http.StatusOK, "Who gets our replies was changed", "Fatima &lt;sister@example.com&gt;, by email", "she asked")
	b.did(c, "replies-to", "to", "post", "postal", "Fatima Rahman\n1 Teasel Street\nMillhaven\nM1 1AE", "reason", "wants a letter").want(t, http.StatusOK, "Fatima Rahman, by letter", "1 Teasel Street, Millhaven, M1 1AE")
	b.did(c, "address", "postal", "Fatima Rahman\n2 Teasel Street\nMillhaven\nM1 1AE").want(t, http.StatusOK, "The postal address was confirmed", "2 Teasel Street")
	b.did(c, "needs", "large", "yes", "language", "cy", "note", "calls after 15:00").want(t, http.StatusOK, "What the resident needs was written down", "Large print", "Reads best: cy", "calls after 15:00")
	b.did(c, "needs", "phone", "yes").want(t, http.StatusOK, "Ring, do not write")
	b.did(c, "ask", "questions", "Which room?").want(t, http.StatusOK, "Asked the resident what is unclear", "waits for a person", "Given by hand")
	b.did(c, "given", "reply", h.heldOf(c), "on", "2026-11-25", "how", "rang her").want(t, http.StatusOK, "A reply was given by hand, by Priya", "rang her")
}

func (h *house) heldOf(c register.Case) register.ID {
	h.Helper()
	all, err := h.register.CaseOutgoings(h.Context(), c.ID)
	must(h.TB, err)
	for _, o := range all {
		if o.State == register.Held {
			return o.ID
		}
	}
	h.Fatal("nothing is held")
	return ""
}

func TestHazardsOnTheCase(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	v := unsure(classify.Complaint)
	v.HazardLevel, v.Flags, v.Topics = classify.Emergency, []classify.Flag{classify.Hazard}, []string{"heating_hot_water"}
	m := h.mail(plainMail, v, nil)
	b.decide(m).want(t, http.StatusOK, "decided by Priya")
	c := h.theCase(h.message(m.ID).Case)
	p := b.get("/cases/" + c.Reference)
	p.want(t, http.StatusOK, "Emergency hazard", "Investigate", "Make safe", "To do", "Nobody has taken this alert yet", "A step is done", "Alert: emergency")
	alarm := regexp.MustCompile(`/alarms/[^"]*/take`).FindString(p.body)
	b.get(b.post(alarm, form("case", c.ID)).header.Get("Location")).want(t, http.StatusOK, "The alert is taken by Priya", "Taken by Priya", c.Reference)
	hazards, err := h.register.CaseHazards(t.Context(), c.ID)
	must(t, err)
	step := hazards[0].ID + " investigate"
	b.does(c, "hazard-end", "hazard", hazards[0].ID, "reason", "kept words").want(t, http.StatusUnprocessableEntity, "has not been investigated yet", "kept words")
	b.does(c, "hazard-step", "step", "other thing", "on", "2026-11-23").want(t, http.StatusUnprocessableEntity, "Choose what was done")
	b.did(c, "hazard-step", "step", step, "on", "2026-11-23", "at", "10:00").want(t, http.StatusOK, "About the hazard: investigate, done, by Priya", "Written summary")
	b.did(c, "hazard-end", "hazard", hazards[0].ID, "reason", "a fuse").want(t, http.StatusOK, "Nothing more is to be done about the hazard, by Priya", "a fuse")
	b.did(c, "hazard", "message", m.ID, "level", "significant", "reason", "damp too").want(t, http.StatusOK, "An officer calls it a significant hazard, by Priya", "damp too", "Significant hazard")
	b.did(c, "hazard", "message", m.ID, "level", "none", "reason", "a stain").want(t, http.StatusOK, "An officer says that there is no hazard, by Priya", "a stain")
	b.does(c, "hazard", "message", "nothing", "level", "none", "reason", "kept words").want(t, http.StatusUnprocessableEntity, "Choose the message", "kept words")
}

func TestMoreOfCasework(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	b.did(c, "handler", "to", "Priya").want(t, http.StatusOK, "Given to Priya, by Priya", "Handled by Priya", "Give the case to somebody else")
	h.account("Tom", register.Manager)
	b.does(c, "handler", "to", "Tom").want(t, http.StatusUnprocessableEntity, "Say why it goes to somebody else")
	b.does(c, "handler", "to", "Nobody", "reason", "kept words").want(t, http.StatusUnprocessableEntity, "Choose who has it", "kept words")
	b.did(c, "handler", "to", "Tom", "reason", "on leave").want(t, http.StatusOK, "Given to Tom, by Priya", "Handled by Tom", "on leave")
	b.did(c, "define", "issues", "Damp", "outcomes", "A dry home").want(t, http.StatusOK, "The definition was changed, by Priya", "A dry home")
	b.did(c, "received", "on", "2026-11-18", "at", "", "reason", "it lay in a drawer").want(t, http.StatusOK, "The day of receipt was corrected, by Priya", "became", "it lay in a drawer")
	b.did(c, "answer", "outcome", "not_upheld", "text", "No.", "way", "send").want(t, http.StatusOK, "Take the answer back")
	b.get("/cases/"+c.Reference+"/answer").want(t, http.StatusOK, "Not now:", "it has its answer already, recorded by Priya")
	b.did(c, "withdraw", "reason", "too short").want(t, http.StatusOK, "The answer was withdrawn, stage 1, by Priya", "Withdrawn,", "Record the stage 1 answer")
	refusal := []string{"exclusion", "court_claim_filed", "words", "A claim was filed on 2 November."}
	b.does(c, "refuse", append(refusal, "do", "preview")...).want(t, http.StatusOK, "A claim was filed on 2 November.", "Ombudsman", "Not accepted")
	b.did(c, "refuse", refusal...).want(t, http.StatusOK, "Closed: not accepted, by Priya", "A court claim has been filed.", "Not accepted goes to Ferdous")
	b.did(c, "reopen", "reason", "the claim was withdrawn").want(t, http.StatusOK, "Reopened, by Priya")
	b.did(c, "close", "why", "withdrawn", "reason", "he rang").want(t, http.StatusOK, "Closed: the resident withdrew it, by Priya", "he rang")
}

// TestWhoLookedIsRecorded: every view of a case, a message, an original or a
// reply, shown to those who answer for it.
// TestADayWithoutATime counts as that day, also where post of the afternoon
// counts for the next one.
func TestADayWithoutATime(t *testing.T) {
	t.Parallel()
	h := openForLong(t, func(tb testing.TB, cfg register.Config) register.Config {
		tb.Helper()
		early := workday.DefaultScheme()
		early.CutOff = "16:00"
		var err error
		cfg.Code, err = workday.CodeByID("", early)
		must(tb, err)
		return registertest.SQLite(tb, cfg)
	})
	b := h.signedIn("Priya", register.Reviewer)
	c := h.complaint(b)
	for _, row := range []struct{ at, day string }{{"", "2026-11-18"}, {"15:59", "2026-11-18"}, {"16:00", "2026-11-19"}} {
		b.did(c, "received", "on", "2026-11-18", "at", row.at, "reason", "it lay in a drawer").want(t, http.StatusOK, "The day of receipt was corrected")
		_, clocks, err := h.register.GetCase(t.Context(), c.ID)
		must(t, err)
		k := clocks[slices.IndexFunc(clocks, func(k register.Clock) bool { return k.Name == workday.Stage1Acknowledgement })]
		if k.Start.String() != row.day {
			t.Errorf("at %q: counts from %s, want %s", row.at, k.Start, row.day)
		}
	}
}

func TestWhoLookedIsRecorded(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	priya, gwen, audit := h.signedIn("Priya", register.Reviewer), h.signedIn("Gwen", register.Manager), h.signedIn("Audit", register.Auditor)
	c := h.complaint(priya)
	replies, err := h.register.CaseOutgoings(t.Context(), c.ID)
	must(t, err)
	for _, path := range []string{"/cases/" + c.Reference, "/cases/" + c.Reference + "/extend", "/messages/" + c.Message, "/messages/" + c.Message + "/original", "/replies/" + replies[0].ID, "/replies/" + replies[0].ID + "/raw"} {
		gwen.get(path).want(t, http.StatusOK)
	}
	gwen.get("/messages/"+c.Message+"/attachments/1").want(t, http.StatusNotFound)
	views, err := h.register.CaseViews(t.Context(), c.ID, 100)
	must(t, err)
	var got []string
	for _, v := range views {
		if v.By == "Gwen" {
			got = append(got, string(v.What))
		}
	}
	slices.Sort(got)
	if want := []string{"case", "case", "message", "original", "reply", "sent"}; !slices.Equal(got, want) {
		t.Errorf("recorded %q, want %q", got, want)
	}
	audit.get("/cases/"+c.Reference).want(t, http.StatusOK, "Looked at by", "Gwen", "an original")
	if p := priya.get("/cases/" + c.Reference); strings.Contains(p.body, "Looked at by") {
		t.Error("a reviewer sees who looked")
	}
	if p := audit.get("/cases/" + c.Reference); strings.Contains(p.body, "Do next") || strings.Contains(p.body, `method="post" action="/cases`) {
		t.Error("an auditor is offered actions")
	}
}

// TestHostileWordsOnACase: nothing that anybody wrote or typed becomes markup.
func TestHostileWordsOnACase(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	b := h.signedIn("Priya", register.Manager)
	m := h.mail("From: \"<script>alert(1)</script>\" <x@example.com>\nSubject: "+attack+"\nMessage-ID: <66@example.com>\n\n"+attack+"\n", unsure(classify.Complaint), nil)
	b.decide(m, "issues", attack, "outcomes", attack).want(t, http.StatusOK)
	c := h.theCase(h.message(m.ID).Case)
	b.did(c, "person", "address", "y@example.com", "name", attack, "role", "representative", "authority", attack)
	b.did(c, "needs", "note", attack)
	b.did(c, "answer", "outcome", "upheld", "text", attack, "remedies", attack, "what1", attack, "way", "send")
	b.did(c, "withdraw", "reason", attack)
	for _, path := range []string{"", "?show=post&order=old", "?done=" + url.QueryEscape(attack), "?message=" + url.QueryEscape(attack), "/link?other=" + url.QueryEscape(attack), "/answer", "/person?address=y@example.com", "/needs"} {
		p := b.get("/cases/" + c.Reference + path)
		p.want(t, http.StatusOK)
		if strings.Contains(p.body, "<script>alert") || strings.Contains(p.body, "<img src=x") {
			t.Errorf("%s: it became markup", path)
		}
	}
	if strings.Contains(h.log.String(), "alert(") {
		t.Error("the log holds a resident's words")
	}
}
