package web_test

import (
	"bytes"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// byPost is a complaint on paper that an officer has decided, with the
// address that they compared; none: nobody did.
func (h *house) byPost(name, text string, postal ...string) register.Opened {
	h.Helper()
	m := h.scanned("01-typed-300dpi.pdf#"+text, register.Reading{
		Text: text, NewText: text, From: register.Address{Name: name}, PostalAddress: []string{"1 Doubtful Street", "BS1 1AA"}, Pages: 1, Paper: &register.Paper{Pages: []int{1}, AddressDoubt: "the postcode is read badly"},
	}, "a person looks at it")
	o, err := h.register.Decide(h.Context(), register.Ruling{
		Message: m.ID, Version: m.Version, By: "Priya", Label: classify.Complaint, Postal: postal, Correspondent: register.Address{Name: name}, Definition: registertest.Verdict(classify.Complaint).Definition,
	})
	must(h.TB, err)
	return o
}

// write does what the worker does with letters that are owed.
func (h *house) write(os ...register.Opened) {
	h.Helper()
	c := composer(h.TB)
	c.Press = letterPress(h.TB)
	for _, o := range os {
		claims, err := h.register.Claim(h.Context(), []register.ID{o.Owed[0].ID}, time.Minute, register.Windows{})
		must(h.TB, err)
		if len(claims) != 1 {
			h.Fatalf("%d letters are owed", len(claims))
		}
		letter, err := c.Compose(claims[0], h.clock.Now())
		if err == nil && !claims[0].TheCase.PostalOK {
			err = errors.New("nobody has confirmed the postal address yet") // as the guard says
		}
		if err != nil {
			errs, err := h.register.Hold(h.Context(), []register.Outcome{{ID: claims[0].ID, Attempt: claims[0].Attempt, Why: err.Error()}})
			must(h.TB, err)
			must(h.TB, errs[0])
			continue
		}
		kept, err := h.archive.Put(h.Context(), bytes.NewReader(letter.Bytes))
		must(h.TB, err)
		errs, err := h.register.Tray(h.Context(), []register.Printed{{
			Beginning: register.Beginning{ID: claims[0].ID, Attempt: claims[0].Attempt, Bytes: kept.SHA256, Promised: letter.Promised}, Address: letter.Letter.To, Pages: letter.Letter.Pages,
		}})
		must(h.TB, err)
		must(h.TB, errs[0])
	}
}

func (h *house) letterState(o register.Opened) register.Outgoing {
	h.Helper()
	got, err := h.register.GetOutgoing(h.Context(), o.Owed[0].ID)
	must(h.TB, err)
	return got
}

// met is when a case was acknowledged.
func (h *house) met(id register.ID) time.Time {
	h.Helper()
	_, clocks, err := h.register.GetCase(h.Context(), id)
	must(h.TB, err)
	for _, k := range clocks {
		if k.Name == workday.Stage1Acknowledgement {
			return k.MetAt
		}
	}
	return time.Time{}
}

func twoLetters(t *testing.T) (*house, *browser, []register.Opened) {
	t.Helper()
	h := open(t)
	os := []register.Opened{h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX"), h.byPost("Bob <b>Other</b>", "Nobody came.", "13 Quay Street", "Bristol", "BS2 9XX")}
	h.write(os...)
	return h, h.signedIn("Dev", register.Mailroom), os
}

// TestAPrintRunOnThePages goes from the tray to the post and back.
func TestAPrintRunOnThePages(t *testing.T) {
	t.Parallel()
	h, b, os := twoLetters(t)
	b.get("/").want(t, http.StatusSeeOther)
	b.get("/tray").want(t, http.StatusOK, "2 letters to print and post", "Ann Other, 12 Quay Street", "Bob &lt;b&gt;Other&lt;/b&gt;", os[0].Reference, `Print tray <b>2</b></a>`)
	got := b.post("/tray/batches", form("letter", os[0].Owed[0].ID, "letter", os[1].Owed[0].ID, "letter", "nothing"))
	if to := got.header.Get("Location"); got.status != http.StatusSeeOther || !strings.HasPrefix(to, "/tray/batches/26-11-23-1?") {
		t.Fatalf("%d to %q", got.status, to)
	}
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "Batch 26-11-23/1: 2 letters.", "Count, post", "Not posted yet")
	pdf := b.get("/tray/batches/26-11-23-1/pdf")
	pdf.want(t, http.StatusOK, "%PDF-")
	if pdf.header.Get("Content-Type") != "application/pdf" || !strings.Contains(pdf.header.Get("Content-Disposition"), "batch-26-11-23-1.pdf") || !strings.Contains(pdf.header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("headers %v", pdf.header)
	}
	again := b.post("/tray/batches/26-11-23-1/again", form())
	again.want(t, http.StatusOK, "%PDF-")
	if again.body != pdf.body {
		t.Error("printed again it is another PDF")
	}
	b.get("/tray/batches/26-11-23-1").want(t, http.StatusOK, "Printed 2 times")

	posted := func(n, on string) page {
		return b.post("/tray/batches/26-11-23-1/posted", form("envelopes", n, "on", on))
	}
	posted("3", "2026-11-23").want(t, http.StatusUnprocessableEntity, "you counted 3, and the batch holds 2 letters", `href="#f-envelopes"`, `value="3"`)
	posted("", "soon").want(t, http.StatusUnprocessableEntity, "Count the envelopes", "Write the day")
	posted("2", "2026-11-24").want(t, http.StatusConflict, "in the future")
	posted("2", "2026-11-20").want(t, http.StatusConflict, "cannot have been posted before")
	if at := h.met(os[0].Case); !at.IsZero() {
		t.Fatalf("met at %v", at)
	}
	got = posted("2", "2026-11-23")
	got.want(t, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "It is posted", "Nothing to print", "by Dev")
	if h.met(os[0].Case).IsZero() || h.letterState(os[1]).State != register.Delivered {
		t.Error("the clock is not met")
	}
	posted("2", "2026-11-23").want(t, http.StatusConflict, "was marked as posted on")

	b.post("/tray/batches/26-11-23-1/unposted", form("reason", " ")).want(t, http.StatusUnprocessableEntity, "Say why")
	b.post("/tray/batches/26-11-23-1/unposted", form("reason", "still on the table")).want(t, http.StatusSeeOther)
	if !h.met(os[0].Case).IsZero() || h.letterState(os[0]).State != register.ToPrint {
		t.Error("it is not taken back")
	}
	b.post("/tray/batches/26-11-23-1/unposted", form("reason", "twice")).want(t, http.StatusConflict, "not marked as posted")
	if strings.Contains(h.log.String(), "Other") {
		t.Error("a resident's name is in the log")
	}
}

func TestALetterIsPulledAndPrintedAnew(t *testing.T) {
	t.Parallel()
	h, b, os := twoLetters(t)
	b.post("/tray/batches", form("letter", os[0].Owed[0].ID, "letter", os[1].Owed[0].ID)).want(t, http.StatusSeeOther)
	path := "/tray/letters/" + os[0].Owed[0].ID
	b.get(path).want(t, http.StatusOK, "In batch", "Pull it", "12 Quay Street")
	b.get(path+"/pdf").want(t, http.StatusOK, "%PDF-")
	b.post(path+"/reprint", form()).want(t, http.StatusConflict, "Only a letter that was pulled")
	b.post(path+"/pull", form("reason", "")).want(t, http.StatusUnprocessableEntity, "Say why")
	got := b.post(path+"/pull", form("reason", "eaten by the <printer>"))
	got.want(t, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "It is pulled", "eaten by the &lt;printer&gt;", "Held for a person")
	b.post("/tray/batches/26-11-23-1/posted", form("envelopes", "2", "on", "2026-11-23")).want(t, http.StatusUnprocessableEntity, "the batch holds 1 letter")
	b.get(path).want(t, http.StatusOK, "Print it anew")
	b.post(path+"/pull", form("reason", "again")).want(t, http.StatusConflict, "not in the tray")
	b.post(path+"/reprint", form()).want(t, http.StatusSeeOther)
	if o := h.letterState(os[0]); o.State != register.Owed || len(h.owed) == 0 {
		t.Errorf("it is %s", o.State)
	}
	h.write(os[0])
	b.get("/tray").want(t, http.StatusOK, "1 letter to print")
}

// TestTwoClerksAtOneBatch: of two who do the same at once, one does it and the
// other is told.
func TestTwoClerksAtOneBatch(t *testing.T) {
	t.Parallel()
	h, dev, os := twoLetters(t)
	sofia := h.signedIn("Sofia", register.Mailroom)
	both := func(path string, f ...string) (codes map[int]int) {
		codes = map[int]int{}
		var mu sync.Mutex
		var all sync.WaitGroup
		for _, b := range []*browser{dev, sofia} {
			all.Go(func() {
				got := b.post(path, form(f...))
				mu.Lock()
				defer mu.Unlock()
				codes[got.status]++
			})
		}
		all.Wait()
		return codes
	}
	if codes := both("/tray/batches", "letter", os[0].Owed[0].ID, "letter", os[1].Owed[0].ID); codes[http.StatusSeeOther] != 1 || codes[http.StatusConflict] != 1 {
		t.Errorf("made: %v", codes)
	}
	if codes := both("/tray/batches/26-11-23-1/posted", "envelopes", "2", "on", "2026-11-23"); codes[http.StatusSeeOther] != 1 || codes[http.StatusConflict] != 1 {
		t.Errorf("posted: %v", codes)
	}
	events, err := h.register.History(t.Context(), "case:"+os[0].Case)
	must(t, err)
	posted := 0
	for _, e := range events {
		if e.What == "posted" {
			posted++
		}
	}
	if posted != 1 {
		t.Errorf("posted %d times", posted)
	}
}

func TestAnAddressIsConfirmed(t *testing.T) {
	t.Parallel()
	h := open(t)
	o := h.byPost("Ann Other", "The roof leaks.")
	h.write(o)
	b := h.signedIn("Dev", register.Mailroom)
	b.get("/tray").want(t, http.StatusOK, "Held for a person", "/tray/letters/"+o.Owed[0].ID)
	path := "/tray/letters/" + o.Owed[0].ID
	b.get(path).want(t, http.StatusOK, "Where it goes", "1 Doubtful Street", `src="`+path+`/pages/1"`)
	b.get(path+"/pages/1").want(t, http.StatusOK, "PNG")
	b.get(path+"/pages/2").want(t, http.StatusNotFound)
	views, err := h.register.CaseViews(t.Context(), o.Case, 10)
	must(t, err)
	seen := map[register.ViewKind]bool{}
	for _, v := range views {
		seen[v.What] = v.By == "Dev"
	}
	if !seen[register.ViewedReply] || !seen[register.ViewedMessage] {
		t.Errorf("who looked: %+v", views)
	}
	b.get(path+"/pdf").want(t, http.StatusNotFound)
	confirm := func(pairs ...string) page { return b.post(path+"/address", form(pairs...)) }
	confirm("name", "Ann Other", "lines", "12 Quay Street\nBristol\nBS2 9XX").want(t, http.StatusUnprocessableEntity, "then tick the box", "12 Quay Street")
	confirm("name", "", "lines", "nowhere", "compared", "yes").want(t, http.StatusUnprocessableEntity, "Write the name", `href="#f-lines"`)
	confirm("name", "Ann", "lines", strings.Repeat("x\n", 400), "compared", "yes").want(t, http.StatusUnprocessableEntity, "Shorten")
	confirm("name", "Ann Other", "lines", " 12 Quay  Street \r\n\r\nBristol\r\nBS2 9XX", "compared", "yes").want(t, http.StatusSeeOther)
	if o := h.letterState(o); o.State != register.Owed {
		t.Errorf("it is %s", o.State)
	}
	h.write(o)
	b.get("/tray").want(t, http.StatusOK, "Ann Other, 12 Quay Street, Bristol, BS2 9XX")
	b.get(path+"/pages/1").want(t, http.StatusNotFound) // it waits no more
}

func TestReturnedMail(t *testing.T) {
	t.Parallel()
	h, b, os := twoLetters(t)
	b.get("/returned").want(t, http.StatusOK, "Find the letter")
	b.get("/returned?q=what").want(t, http.StatusOK, "Compare the reference")
	b.post("/tray/letters/"+os[0].Owed[0].ID+"/returned", form("why", "gone away")).want(t, http.StatusConflict, "Only a letter that was posted")
	b.post("/tray/batches", form("letter", os[0].Owed[0].ID)).want(t, http.StatusSeeOther)
	b.post("/tray/batches/26-11-23-1/posted", form("envelopes", "1", "on", "2026-11-23")).want(t, http.StatusSeeOther)
	typed := strings.ToLower(strings.ReplaceAll(os[0].Reference, "-", " "))
	b.get("/returned?q="+strings.ReplaceAll(typed, " ", "+")).want(t, http.StatusOK, "Letters with this reference", "Ann Other")
	// One character is wrong: the right one is offered.
	wrong := []byte(os[0].Reference)
	wrong[len(wrong)-1] = "23"[btoi(wrong[len(wrong)-1] == '2')]
	b.get("/returned?q="+string(wrong)).want(t, http.StatusOK, "One character of the reference must be wrong", `href="/returned?q=`+os[0].Reference+`"`)
	path := "/tray/letters/" + os[0].Owed[0].ID
	b.post(path+"/returned", form("why", "", "reason", " ")).want(t, http.StatusUnprocessableEntity, "as the envelope says")
	got := b.post(path+"/returned", form("why", "gone away", "reason", "moved in May"))
	got.want(t, http.StatusSeeOther)
	b.get(got.header.Get("Location")).want(t, http.StatusOK, "It came back", "gone away, moved in May")
	if h.met(os[0].Case).IsZero() {
		t.Error("the clock is open again")
	}
	b.get(path).want(t, http.StatusOK, "Find out where the resident lives now")
	b.post(path+"/address", form("name", "Ann Other", "lines", "9 New Street\nBristol\nBS3 1AA", "compared", "yes")).want(t, http.StatusSeeOther)
	if o := h.letterState(os[0]); o.State != register.Owed {
		t.Errorf("it is %s", o.State)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTheMailroomIsToldWhatIsNotThere(t *testing.T) {
	t.Parallel()
	h := open(t)
	held := h.held() // an email: no letter
	b := h.signedIn("Dev", register.Mailroom)
	b.get("/tray").want(t, http.StatusOK, "Nothing to print")
	b.post("/tray/batches", form()).want(t, http.StatusUnprocessableEntity, "No letter was ticked")
	b.post("/tray/batches", form("letter", "nothing")).want(t, http.StatusConflict, "Somebody else was quicker")
	for _, path := range []string{"/tray/batches/26-11-23-1", "/tray/batches/x", "/tray/batches/x/pdf", "/tray/letters/nothing", "/tray/letters/" + held.ID, "/tray/letters/" + held.ID + "/pdf", "/tray/letters/" + held.ID + "/pages/1"} {
		b.get(path).want(t, http.StatusNotFound)
	}
	for _, what := range []string{"pull", "reprint", "address", "returned"} {
		b.post("/tray/letters/"+held.ID+"/"+what, form("reason", "x")).want(t, http.StatusNotFound)
	}
	if body := b.get("/tray").body; regexp.MustCompile(`href="/(replies|today|messages)`).MatchString(body) {
		t.Error("the menu offers what the mailroom may not open")
	}
}

// Who saves a batch has saved each of its letters, and who saves an answer's
// file has seen it: both stand where it says who looked.
func TestSavingABatchOrAnAnswerIsAView(t *testing.T) {
	t.Parallel()
	h := openForLong(t, registertest.SQLite)
	o := h.byPost("Ann Other", "The roof leaks.", "12 Quay Street", "Bristol", "BS2 9XX")
	h.write(o)
	b := h.signedIn("Dev", register.Mailroom)
	made := b.post("/tray/batches", form("letter", o.Owed[0].ID))
	made.want(t, http.StatusSeeOther)
	at, _, _ := strings.Cut(made.header.Get("Location"), "?")
	saw := func(by string, what register.ViewKind) (n int) {
		views, err := h.register.CaseViews(t.Context(), o.Case, 100)
		must(t, err)
		for _, v := range views {
			if v.By == by && v.What == what {
				n++
			}
		}
		return n
	}
	if n := saw("Dev", register.ViewedSent); n != 0 {
		t.Errorf("seen %d times before anybody did", n)
	}
	b.get(at+"/pdf").want(t, http.StatusOK, "%PDF")
	if n := saw("Dev", register.ViewedSent); n != 1 {
		t.Errorf("the letter of a batch that was saved is seen %d times", n)
	}

	officer := h.signedIn("Priya", register.Reviewer)
	c := h.theCase(o.Case)
	officer.enclose(c, "Our answer.pdf", "%PDF-1.4 the answer").want(t, http.StatusSeeOther)
	answers, err := h.register.Answers(t.Context(), o.Case)
	must(t, err)
	before := saw("Priya", register.ViewedSent)
	officer.get("/cases/"+c.Reference+"/answers/"+answers[0].ID).want(t, http.StatusOK, "%PDF-1.4 the answer")
	if n := saw("Priya", register.ViewedSent); n != before+1 {
		t.Errorf("an answer's file that was saved is seen %d times", n-before)
	}
}
