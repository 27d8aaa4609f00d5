package registertest_test

import (
	"errors"
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// TestNoSequenceOfEventsBreaksTheClocks does what people, residents and mail
// servers may do to a few cases, in any order and at any time, and looks after
// each step whether a clock was lost, a stage answered twice, or a day that
// the law gives shortened.
func TestNoSequenceOfEventsBreaksTheClocks(t *testing.T) {
	t.Parallel()
	// The same lives in every run, and few of them: nobody's change is to fail for
	// another's mistake. -rapid.seed=NUMBER -rapid.checks=1000 hunts for more.
	for name, value := range map[string]string{"rapid.checks": "40", "rapid.seed": "2611"} {
		if f := flag.Lookup(name); f.Value.String() == f.DefValue {
			if err := flag.Set(name, value); err != nil {
				t.Fatal(err)
			}
		}
	}
	clock := registertest.NewClock()
	cfg := registertest.SQLite(t, registertest.Config(t, clock.Now))
	d := &desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg}
	runs := 0
	rapid.Check(t, func(rt *rapid.T) {
		runs++
		clock.Set(registertest.NewClock().Now())
		p := &life{desk: d, rt: rt, run: runs, seen: map[string]register.Clock{}}
		p.open()
		rt.Repeat(map[string]func(*rapid.T){
			"time passes": func(rt *rapid.T) { clock.Advance(time.Duration(rapid.IntRange(1, 60).Draw(rt, "hours")) * time.Hour) },
			"mail goes":   p.mailGoes, "a letter is given by hand": p.byHand, "the resident writes": p.writes, "an officer decides": p.decides,
			"an answer": p.answers, "an extension": p.extends, "not accepted": p.notAccepts, "closed": p.closes, "reopened": p.reopens,
			"received corrected": p.corrects, "split": p.splits, "merged": p.merges, "unmerged": p.unmerges, "the fail-safe": p.failsafes, "looked at again": p.reconsiders,
			"the calendar is looked at": func(rt *rapid.T) { p.ok(errOf(d.Recount(d.t.Context()))) },
			"":                          p.holds,
		})
	})
}

// A life is a case and what became of it.
type life struct {
	*desk
	rt    *rapid.T
	run   int
	n     int // messages
	cases []register.ID
	seen  map[string]register.Clock
	// corrected: a day of receipt was changed, so days may have moved with it.
	corrected bool
}

// ok takes success and refusals in a sentence; everything else is a fault.
func (p *life) ok(err error) {
	var no *register.NotAllowedError
	if err != nil && !errors.As(err, &no) && !errors.Is(err, register.ErrConflict) && !errors.Is(err, register.ErrNeedsReason) && !errors.Is(err, register.ErrNeedsDefinition) {
		p.rt.Fatalf("failed: %v", err)
	}
}

func (p *life) text() string { p.n++; return fmt.Sprintf("run %d message %d", p.run, p.n) }

func (p *life) open() {
	text := p.text()
	got, err := p.Receive(p.t.Context(), []register.Arrival{registertest.Arrival(text, p.clock.Now())})
	p.ok(err)
	opened, err := p.Open(p.t.Context(), []register.Opening{{
		Message: got[0].ID, Reading: registertest.Reading(text+"@x", "ann@example.com", text), Verdict: registertest.Verdict(classify.Complaint),
	}})
	p.ok(err)
	p.ok(opened[0].Err)
	p.cases = append(p.cases, opened[0].Case)
}

func (p *life) one() register.ID { return rapid.SampledFrom(p.cases).Draw(p.rt, "case") }

func (p *life) stage() int { return rapid.IntRange(1, 2).Draw(p.rt, "stage") }

func (p *life) officer() string {
	return rapid.SampledFrom([]string{"officer:bo", "officer:cy"}).Draw(p.rt, "officer")
}

func (p *life) owed() []register.Outgoing {
	var owed []register.Outgoing
	for _, id := range p.cases {
		all, err := p.CaseOutgoings(p.t.Context(), id)
		p.ok(err)
		owed = append(owed, all...)
	}
	return owed
}

func (p *life) mailGoes(*rapid.T) {
	for _, o := range p.owed() {
		if o.State != register.Owed {
			continue
		}
		claimed, err := p.Claim(p.t.Context(), []register.ID{o.ID}, time.Minute, register.Windows{})
		p.ok(err)
		if len(claimed) != 1 {
			continue
		}
		c := claimed[0]
		b := register.Beginning{ID: c.ID, Attempt: c.Attempt, MessageID: "m." + c.ID + "@post.example", Bytes: "sha", Guard: "ok"}
		_, answer := stageOf(c.Stage)
		for _, k := range c.Clocks {
			if c.Kind == register.Acknowledgement && k.Name == answer {
				b.Promised = k.Counts()
			}
		}
		_, err = p.Begin(p.t.Context(), []register.Beginning{b})
		p.ok(err)
		_, err = p.Sent(p.t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt}})
		p.ok(err)
	}
}

func (p *life) byHand(*rapid.T) {
	for _, o := range p.owed() {
		if o.State == register.Held {
			p.ok(p.GivenByHand(p.t.Context(), o.ID, p.clock.Now(), "officer:bo", "by phone"))
			return
		}
	}
}

func (p *life) writes(*rapid.T) {
	text := p.text()
	label := rapid.SampledFrom([]classify.Label{classify.Complaint, classify.Stage2, classify.FollowUp}).Draw(p.rt, "label")
	v := registertest.Verdict(label)
	if rapid.Bool().Draw(p.rt, "in doubt") {
		v.Route, v.Second = classify.Review, classify.Complaint
	}
	got, err := p.Receive(p.t.Context(), []register.Arrival{registertest.Arrival(text, p.clock.Now())})
	p.ok(err)
	opened, err := p.Open(p.t.Context(), []register.Opening{{
		Message: got[0].ID, Reading: registertest.Reading(text+"@x", "ann@example.com", text), Verdict: v,
		Join: register.Join{Case: p.one(), Why: "reference", Trusted: true},
	}})
	p.ok(err)
	p.ok(opened[0].Err)
	p.know(opened[0].Case)
}

func (p *life) know(id register.ID) {
	if id != "" && !slices.Contains(p.cases, id) {
		p.cases = append(p.cases, id)
	}
}

func (p *life) decides(*rapid.T) {
	waiting, err := p.Queue(p.t.Context(), register.QueueFilter{}, 100, 0)
	p.ok(err)
	for _, m := range waiting {
		if !slices.Contains(p.cases, m.Case) {
			continue
		}
		ruled, err := p.Decide(p.t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: p.officer(), Reason: "read it", Definition: registertest.Verdict(classify.Complaint).Definition,
			Label: rapid.SampledFrom([]classify.Label{classify.Complaint, classify.Stage2, classify.FollowUp}).Draw(p.rt, "ruling"),
			Apart: rapid.Bool().Draw(p.rt, "apart"),
		})
		p.ok(err)
		p.know(ruled.Case)
		return
	}
}

func (p *life) answers(*rapid.T) {
	a := p.answering(p.one(), p.stage(), p.officer())
	if rapid.Bool().Draw(p.rt, "sent by Postroom") {
		a.GivenAt = time.Time{}
	}
	p.ok(errOf(p.Answer(p.t.Context(), a)))
}

func (p *life) extends(*rapid.T) {
	to := workday.DateOf(p.clock.Now()).AddDays(rapid.IntRange(-5, 40).Draw(p.rt, "days"))
	p.ok(errOf(p.Extend(p.t.Context(), register.Extending{Case: p.one(), Stage: p.stage(), By: p.officer(), Reason: "a report", To: to})))
}

func (p *life) notAccepts(*rapid.T) {
	p.ok(errOf(p.NotAccept(p.t.Context(), register.NotAccepting{Case: p.one(), By: p.officer(), Reason: register.TooOld, Words: "long ago"})))
}

func (p *life) closes(*rapid.T) {
	why := rapid.SampledFrom([]register.CloseReason{register.ClosedAnswered, register.ClosedWithdrawn, register.ClosedDone}).Draw(p.rt, "why")
	p.ok(p.CloseCase(p.t.Context(), p.one(), p.officer(), why, "they say so"))
}

func (p *life) reopens(*rapid.T) {
	p.ok(errOf(p.ReopenCase(p.t.Context(), p.one(), p.officer(), "again")))
}

func (p *life) corrects(*rapid.T) {
	c := p.theCase(p.one())
	at := p.clock.Now().AddDate(0, 0, -rapid.IntRange(0, 9).Draw(p.rt, "days ago"))
	p.ok(p.CorrectReceived(p.t.Context(), c.Message, at, p.officer(), "a drawer"))
	p.corrected = true
}

func (p *life) splits(*rapid.T) {
	split, err := p.Split(p.t.Context(), register.Splitting{Case: p.one(), Kind: register.ServiceRequestCase, By: p.officer()})
	p.ok(err)
	p.know(split.Case)
}

func (p *life) merges(*rapid.T) {
	p.ok(p.Merge(p.t.Context(), register.Merging{From: p.one(), Into: p.one(), By: p.officer(), Reason: "one matter"}))
}

func (p *life) unmerges(*rapid.T) {
	p.ok(errOf(p.Unmerge(p.t.Context(), p.one(), p.officer(), "two matters")))
}

func (p *life) reconsiders(*rapid.T) {
	m := p.message(p.theCase(p.one()).Message)
	p.ok(p.Reconsider(p.t.Context(), m.ID, m.Version, p.officer(), "a slip"))
}

func (p *life) failsafes(*rapid.T) {
	ids, err := p.Undecided(p.t.Context(), p.clock.Now(), 100)
	p.ok(err)
	acted, err := p.Failsafe(p.t.Context(), ids)
	p.ok(err)
	for _, a := range acted {
		p.ok(a.Err)
	}
}

// holds is what must be true after every step.
func (p *life) holds(rt *rapid.T) {
	for _, id := range p.cases {
		c, clocks, err := p.GetCase(p.t.Context(), id)
		p.ok(err)
		names := map[string]register.Clock{}
		for _, k := range clocks {
			names[k.Name] = k
			p.clockHolds(rt, c, k)
		}
		for key := range p.seen {
			was := p.seen[key]
			if was.Case != id || names[was.Name].Name != "" {
				continue
			}
			// An officer may find that a case of the fail-safe began at the other stage.
			if acknowledgement, answer := stageOf(max(1, c.Stage)); c.Stage2Message != "" || was.Name == acknowledgement || was.Name == answer {
				rt.Fatalf("the clock %s is lost", was.Name)
			}
			delete(p.seen, key)
		}
		if c.Kind == register.ComplaintCase {
			acknowledgement, answer := stageOf(max(1, c.Stage))
			if names[acknowledgement].Name == "" || names[answer].Name == "" {
				rt.Fatalf("a complaint at stage %d has only the clocks %v", c.Stage, names)
			}
		}
		p.answersHold(rt, id)
	}
}

func (p *life) clockHolds(rt *rapid.T, c register.Case, k register.Clock) {
	was, known := p.seen[c.ID+k.Name]
	p.seen[c.ID+k.Name] = k
	open := c.ClosedAt.IsZero()
	switch {
	case open && !k.StoppedAt.IsZero():
		rt.Fatalf("%s stands still in an open case", k.Name)
	case !open && k.Running():
		rt.Fatalf("%s runs in a closed case", k.Name)
	case k.Due.Before(k.BaseDue):
		rt.Fatalf("%s is due on %s, before the %s that the code gives", k.Name, k.Due, k.BaseDue)
	case known && !was.MetAt.IsZero() && !was.MetAt.Equal(k.MetAt):
		rt.Fatalf("%s was met at %s and is now met at %s", k.Name, was.MetAt, k.MetAt)
	case known && !p.corrected && was.Due.After(k.Due) && k.Name != workday.Stage1Answer && k.Name != workday.Stage2Answer:
		rt.Fatalf("%s moved from %s to %s", k.Name, was.Due, k.Due)
	}
	// The code's own count, written anew: so many working days from day 0.
	days := map[string]int{workday.Stage1Acknowledgement: 5, workday.Stage1Answer: 10, workday.Stage2Acknowledgement: 5, workday.Stage2Answer: 20}[k.Name]
	if got := p.cfg.Calendar.Between(k.Start, k.BaseDue); got != days {
		rt.Fatalf("%s gives %d working days from %s to %s, want %d", k.Name, got, k.Start, k.BaseDue, days)
	}
}

func (p *life) answersHold(rt *rapid.T, id register.ID) {
	answers, err := p.Answers(p.t.Context(), id)
	p.ok(err)
	stands := map[int]string{}
	for _, a := range answers {
		if !a.WithdrawnAt.IsZero() {
			continue
		}
		if stands[a.Stage] != "" {
			rt.Fatalf("stage %d is answered twice", a.Stage)
		}
		stands[a.Stage] = a.By
	}
	if stands[1] != "" && stands[1] == stands[2] {
		rt.Fatalf("%s answered both stages", stands[1])
	}
	sent := map[int]int{}
	all, err := p.CaseOutgoings(p.t.Context(), id)
	p.ok(err)
	for _, o := range all {
		if o.Kind == register.AnswerNotice && o.State == register.Delivered {
			sent[o.Stage]++
		}
	}
	if sent[1] > 1 || sent[2] > 1 {
		rt.Fatalf("answers that went out: %v", sent)
	}
}
