package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
)

// handedCase is a complaint that the system handed in, read and acknowledged.
func (s *system) handedCase(key string) register.Case {
	s.Helper()
	ref := s.handIn(key, words("identity_confirmed", "true", "id", key)).reference(s.house)
	s.readMail()
	m, err := s.register.FindReference(s.Context(), ref)
	must(s.TB, err)
	replies, err := s.register.CaseOutgoings(s.Context(), m.Case)
	must(s.TB, err)
	s.deliver(replies[0].ID)
	return s.theCase(m.Case)
}

func (s *system) owed(hints []register.Hint, err error) {
	s.Helper()
	must(s.TB, err)
	for _, hint := range hints {
		s.deliver(hint.ID)
	}
}

func TestHowACaseStands(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit", "vouch")
	c := s.handedCase("key-number-1")
	clocks := func(want string) state {
		t.Helper()
		got := s.stands(c.Reference)
		var all []string
		for _, k := range got.Deadlines {
			line := []string{k.Name, k.Due, k.State}
			if k.MetOn != "" {
				line = append(line, k.MetOn)
			}
			if k.Late {
				line = append(line, "late")
			}
			all = append(all, strings.Join(line, " "))
		}
		if strings.Join(all, "; ") != want {
			t.Errorf("deadlines %q, want %q", strings.Join(all, "; "), want)
		}
		return got
	}
	clocks("stage1_acknowledgement 2026-11-30 met 2026-11-23; stage1_answer 2026-12-07 running")
	h.clock.Advance(20 * 24 * time.Hour)
	clocks("stage1_acknowledgement 2026-11-30 met 2026-11-23; stage1_answer 2026-12-07 running late")

	hints, err := h.register.Answer(t.Context(), register.Answering{Case: c.ID, Stage: 1, By: "Bo", Outcome: register.PartlyUpheld, Text: "We are sorry."})
	must(t, err)
	if got := s.stands(c.Reference); len(got.Answers) != 0 || got.State != "open" {
		t.Errorf("told before the resident was: %+v", got)
	}
	s.owed(hints, nil)
	got := clocks("stage1_acknowledgement 2026-11-30 met 2026-11-23; stage1_answer 2026-12-07 met 2026-12-13 late")
	if len(got.Answers) != 1 || got.Answers[0].Stage != 1 || got.Answers[0].GivenOn != "2026-12-13" || got.Answers[0].Outcome != "partly_upheld" || got.State != "open" {
		t.Errorf("answered %+v", got)
	}
	must(t, h.register.CloseCase(t.Context(), c.ID, "Bo", register.ClosedAnswered, "told by phone, she is content"))
	if got := s.stands(c.Reference); got.State != "closed" || got.ClosedWhy != "answered" {
		t.Errorf("closed %+v", got)
	}
	if page := s.ask("/api/v1/cases/" + c.Reference); strings.Contains(page.body, "content") || strings.Contains(page.body, "sorry") || strings.Contains(page.body, "Idris") || strings.Contains(page.body, "Bo") {
		t.Errorf("words are told\n%s", page.body)
	}
	views, err := h.register.CaseViews(t.Context(), c.ID, 10)
	must(t, err)
	if len(views) != 2 || views[0].By != "My Account (system)" || views[0].What != register.ViewedCase {
		t.Errorf("two days' views: %+v", views)
	}
}

func TestWhatIsNotAcceptedIsToldByLetterFirst(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit", "vouch")
	c := s.handedCase("key-number-1")
	hints, err := h.register.NotAccept(t.Context(), register.NotAccepting{Case: c.ID, By: "Bo", Reason: register.TooOld, Words: "It was long ago."})
	must(t, err)
	if got := s.stands(c.Reference); got.State != "open" || got.ClosedWhy+got.NotAccepted != "" || got.Deadlines[1].State != "running" {
		t.Errorf("told before the resident was: %+v", got)
	}
	s.owed(hints, nil)
	if got := s.stands(c.Reference); got.State != "closed" || got.ClosedWhy != "not_accepted" || got.NotAccepted != "over_12_months" || got.Deadlines[1].State != "stopped" {
		t.Errorf("told %+v", got)
	}
}

func TestACaseThatWasMergedLeadsOn(t *testing.T) {
	t.Parallel()
	h := open(t)
	s := h.system("My Account", "submit", "vouch")
	first := s.handedCase("key-number-1")
	h.clock.Advance(time.Hour)
	second := s.handedCase("key-number-2")
	must(t, h.register.Merge(t.Context(), register.Merging{From: second.ID, Into: first.ID, By: "Bo", Reason: "one heating"}))
	if got := s.stands(second.Reference); got.Reference != first.Reference || got.State != "open" {
		t.Errorf("told %+v", got)
	}
}

func TestWhatOpensNoCase(t *testing.T) {
	t.Parallel()
	h := open(t)
	s, reader := h.system("My Account", "submit"), h.system("CRM", "read")
	ref := s.handIn("key-number-1", words("text", "Hello")).reference(h)
	mail := h.waiting()
	h.readMail()
	got := s.stands(ref)
	if got.State != "in_review" || got.Deadlines[0].Name != "stage1_acknowledgement" || got.Deadlines[0].Late {
		t.Fatalf("told %+v", got)
	}
	h.clock.Advance(10 * 24 * time.Hour)
	if got = s.stands(ref); !got.Deadlines[0].Late {
		t.Errorf("told %+v", got)
	}
	m, err := h.register.FindReference(t.Context(), ref)
	must(t, err)
	_, err = h.register.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: "not_actionable", Reason: "a test"})
	must(t, err)
	if got = s.stands(ref); got.State != "no_case" || len(got.Deadlines) != 0 {
		t.Errorf("told %+v", got)
	}
	s.ask("/api/v1/cases/"+mail.Reference).want(t, http.StatusNotFound)
	if got := reader.stands(mail.Reference); got.State != "in_review" {
		t.Errorf("told %+v", got)
	}
}
