package web_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// bothDatabases runs a test over pages on SQLite and on PostgreSQL.
func bothDatabases(t *testing.T, test func(*house)) {
	t.Helper()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(openOn(t, point, web.Access{}))
		})
	}
}

// open takes the next one and goes to its page.
func (b *browser) takeNext() (at string, p page) {
	b.Helper()
	got := b.post("/take", form("x", "y"))
	if got.status != http.StatusSeeOther {
		b.Fatalf("taking the next one: %d\n%s", got.status, got.body)
	}
	at = got.header.Get("Location")
	return at, b.get(at)
}

func TestTakingTheNextOne(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(h *house) {
		m := h.waiting()
		priya, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Reviewer)
		priya.get("/").want(h.TB, http.StatusOK, "Take the next one", "Next: Ferdous Rahman", "Free 1", "Mine 0")
		at, p := priya.takeNext()
		if at != "/messages/"+m.ID {
			h.Errorf("led to %s", at)
		}
		p.want(h.TB, http.StatusOK, "You have it until", "Put back", "Decide and send")
		priya.get("/").want(h.TB, http.StatusOK, "<strong>You</strong>", "Free 0", "Mine 1")

		tom.get("/").want(h.TB, http.StatusOK, "<strong>Priya</strong>", "since ")
		at, p = tom.takeNext()
		if at != "/?none=yes" {
			h.Errorf("Tom was led to %s", at)
		}
		p.want(h.TB, http.StatusOK, "Nothing is free just now", "Somebody has each")
		looks := tom.get("/messages/" + m.ID)
		looks.want(h.TB, http.StatusOK, "Priya has had this open since", "Take it over", "for nine days")
		if strings.Contains(looks.body, "Decide and send") {
			h.Error("Tom is offered to decide")
		}
		tom.decide(m, "issues", "What Tom typed").want(h.TB, http.StatusConflict, "somebody else has this open", "What Tom typed", "Priya has had this open")
		if h.message(m.ID).State != register.InReview {
			h.Fatal("Tom decided")
		}
		tom.decide(m, "do", "take", "issues", "What Tom typed").want(h.TB, http.StatusConflict, "Priya has had this open", "What Tom typed")
		tom.decide(m, "do", "over", "issues", "What Tom typed").want(h.TB, http.StatusOK, "You have it now. Priya is told.", "What Tom typed", "Decide and send")
		priya.get("/").want(h.TB, http.StatusOK, "Tom took over a message that you had open", "/messages/"+m.ID)
		priya.decide(m).want(h.TB, http.StatusConflict, "Tom has had this open")
		tom.decide(m).want(h.TB, http.StatusOK, "Complaint, decided by Tom.")
		at, p = priya.takeNext()
		p.want(h.TB, http.StatusOK, "Everything that came in has been decided", "The queue is empty", "Since midnight: 1 decided by people, 0 by the rules alone.")
		if at != "/?none=yes" {
			h.Errorf("Priya was led to %s", at)
		}
	})
}

func TestTwoTakeTheNextOneAtOnce(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(h *house) {
		for i := range 2 {
			h.mail(strings.ReplaceAll(plainMail, "<1@", fmt.Sprintf("<%d@", i)), unsure(classify.Complaint), nil)
		}
		var got [2]string
		var race sync.WaitGroup
		for i, name := range []string{"Priya", "Tom"} {
			b := h.signedIn(name, register.Reviewer)
			race.Go(func() { got[i] = b.post("/take", form("x", "y")).header.Get("Location") })
		}
		race.Wait()
		if got[0] == got[1] || !strings.HasPrefix(got[0], "/messages/") || !strings.HasPrefix(got[1], "/messages/") {
			h.Errorf("both were led to %q", got)
		}
	})
}

func TestPuttingBack(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	priya := h.signedIn("Priya", register.Reviewer)
	priya.takeNext()
	priya.post("/messages/"+m.ID+"/back", form("x", "y")).want(t, http.StatusSeeOther)
	priya.get("/").want(t, http.StatusOK, "Free 1", "Mine 0")
	priya.takeNext()
	h.clock.Advance(19 * time.Minute)
	priya.decide(m, "do", "preview").want(t, http.StatusOK, "You have it until 10:39")
	h.clock.Advance(20 * time.Minute)
	priya.get("/").want(t, http.StatusOK, "Free 1") // its time is up
	priya.decide(m).want(t, http.StatusOK, "decided by Priya")
}

func TestUndoing(t *testing.T) {
	t.Parallel()
	bothDatabases(t, func(h *house) {
		m := h.waiting()
		priya, tom := h.signedIn("Priya", register.Reviewer), h.signedIn("Tom", register.Reviewer)
		priya.decide(m).want(h.TB, http.StatusOK, "Acknowledgement, stage 1 goes to Ferdous Rahman", `action="/messages/`+m.ID+`/undo"`)
		got := priya.post("/messages/"+m.ID+"/undo", form("x", "y"))
		got.want(h.TB, http.StatusSeeOther)
		priya.get(got.header.Get("Location")).want(h.TB, http.StatusOK, "The decision is undone. Nothing of it was sent", "You have it until", "Decide and send")
		if now := h.message(m.ID); now.State != register.InReview || now.Case != "" {
			h.Errorf("after undoing: %s, case %q", now.State, now.Case)
		}
		priya.post("/messages/"+m.ID+"/undo", form("x", "y")).want(h.TB, http.StatusConflict, "cannot be undone any more")
		tom.decide(h.message(m.ID)).want(h.TB, http.StatusConflict, "Priya has had this open")

		priya.decide(h.message(m.ID)).want(h.TB, http.StatusOK, "Complaint, decided by Priya.")
		claimed, err := h.register.Claim(h.Context(), []register.ID{h.owed[len(h.owed)-1].ID}, time.Minute, register.Windows{})
		must(h.TB, err)
		if len(claimed) != 1 {
			h.Fatalf("claimed %d", len(claimed))
		}
		late := priya.get("/?decided=" + m.ID)
		if strings.Contains(late.body, "/undo") {
			h.Error("undoing is offered while the reply goes out")
		}
		priya.post("/messages/"+m.ID+"/undo", form("x", "y")).want(h.TB, http.StatusConflict, "has begun to go out", "Look at it again")
	})
}

func TestTheQueueIsFiltered(t *testing.T) {
	t.Parallel()
	h := open(t)
	complaint := h.waiting()
	v := unsure(classify.ServiceRequest)
	v.Topics = []string{"pests"}
	request := h.mail(strings.NewReplacer("<1@", "<2@", "No heating", "Mice").Replace(plainMail), v, nil)
	b := h.signedIn("Priya", register.Reviewer)
	for path, want := range map[string]struct{ has, lacks string }{
		"/":                                   {complaint.Reference, "nothing"},
		"/?label=complaint":                   {complaint.Reference, request.Reference},
		"/?label=service_request&topic=pests": {request.Reference, complaint.Reference},
		"/?topic=pests":                       {"1 of the 2 that wait is shown", complaint.Reference},
		"/?channel=letter":                    {"2 wait, but none is a letter.", complaint.Reference},
		"/?who=me":                            {"none is a message that you have open", complaint.Reference},
		"/?label=%3Cscript%3E&page=-4":        {complaint.Reference, "<script>alert"},
		"/?page=99999999999999999999":         {request.Reference, "nothing"},
	} {
		got := b.get(path)
		got.want(t, http.StatusOK, want.has)
		if strings.Contains(got.body, want.lacks) {
			t.Errorf("%s: %q is shown", path, want.lacks)
		}
	}
	got := b.post("/take", form("topic", "pests"))
	if at := got.header.Get("Location"); at != "/messages/"+request.ID {
		t.Errorf("the next one about pests is %s", at)
	}
	if at := b.post("/take", form("topic", "lift")).header.Get("Location"); at != "/?none=yes&topic=lift" {
		t.Errorf("there is none about lifts, and it leads to %s", at)
	}
}

func TestTheQueueIsLeafedThrough(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 60 {
		h.mail(strings.ReplaceAll(plainMail, "<1@", fmt.Sprintf("<%d@", i)), unsure(classify.Complaint), nil)
	}
	b := h.signedIn("Priya", register.Reviewer)
	first, second := b.get("/"), b.get("/?page=2")
	first.want(t, http.StatusOK, "1 to 50 of 60", `href="/?page=2" rel="next"`, "Later <span>– 60")
	second.want(t, http.StatusOK, "51 to 60 of 60", `href="/?page=1" rel="prev"`)
	if n, m := strings.Count(first.body, `scope="row"`), strings.Count(second.body, `scope="row"`); n != 50 || m != 10 {
		t.Errorf("%d rows, then %d", n, m)
	}
	b.get("/?page=7").want(t, http.StatusOK, "51 to 60 of 60")
}
