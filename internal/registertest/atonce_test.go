package registertest_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// machines are two that share a PostgreSQL register. With SQLite one process
// writes at a time, and nothing of this can happen.
func machines(t *testing.T) (d *desk, other *register.Register) {
	t.Helper()
	clock := registertest.NewClock()
	cfg := registertest.Postgres(t, registertest.Config(t, clock.Now))
	d = &desk{Register: registertest.Open(t, cfg), t: t, clock: clock, cfg: cfg}
	t.Cleanup(d.agrees)
	return d, registertest.Open(t, cfg)
}

// meanwhile has one after the other begin while somebody holds a lock, so that
// each has looked before either has written, and returns how they ended.
func (d *desk) meanwhile(lock string, one, other func() error) (first, second error) {
	d.t.Helper()
	held := registertest.LockBy(d.t, d.cfg, lock)
	ends := []chan error{make(chan error, 1), make(chan error, 1)}
	for i, do := range []func() error{one, other} {
		go func() { ends[i] <- do() }()
		for held.Waiting() <= i { // it asks the server each time
		}
	}
	held.Release()
	return <-ends[0], <-ends[1]
}

func (d *desk) owedOf(caseID register.ID, kind register.Kind) (owed []register.Outgoing) {
	d.t.Helper()
	all, err := d.CaseOutgoings(d.t.Context(), caseID)
	d.must(err)
	return slices.DeleteFunc(all, func(o register.Outgoing) bool { return o.Kind != kind || o.State == register.Cancelled })
}

// Whoever is second to work on a case finds it as the first left it: the
// resident gets one letter, not two.
func TestTwoOfficersAtOneCase(t *testing.T) {
	t.Parallel()
	const rows, letters = `SELECT 1 FROM cases FOR UPDATE`, `LOCK TABLE outgoing IN SHARE MODE`
	for name, c := range map[string]struct {
		lock    string
		kind    register.Kind
		refusal string
		do      func(r *register.Register, d *desk, id register.ID) error
	}{
		"refuse it": {rows, register.NotAcceptedNotice, "closed", func(r *register.Register, d *desk, id register.ID) error {
			return errOf(r.NotAccept(d.t.Context(), register.NotAccepting{Case: id, By: "officer:bo", Reason: register.TooOld, Words: "It is two years old."}))
		}},
		"extend it": {letters, register.Extension, "on its way", func(r *register.Register, d *desk, id register.ID) error {
			return errOf(r.Extend(d.t.Context(), register.Extending{Case: id, Stage: 1, By: "officer:bo", Reason: "We wait for the surveyor.", To: date(d.t, "2026-12-17")}))
		}},
		"reopen it": {rows, register.Acknowledgement, "open", func(r *register.Register, d *desk, id register.ID) error {
			return errOf(r.ReopenCase(d.t.Context(), id, "officer:bo", "They want it after all."))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, other := machines(t)
			o := d.complaint("cold", "ann@example.com")
			if name == "reopen it" {
				d.must(d.CloseCase(t.Context(), o.Case, "officer:bo", register.ClosedWithdrawn, "on the phone"))
			}
			first, second := d.meanwhile(c.lock,
				func() error { return c.do(d.Register, d, o.Case) }, func() error { return c.do(other, d, o.Case) })
			d.must(first)
			d.refused(second, c.refusal)
			if owed := d.owedOf(o.Case, c.kind); len(owed) != 1 {
				t.Errorf("%d letters are owed: %+v", len(owed), owed)
			}
		})
	}
}

// Two cases may have begun with one message. Who asks about the second at the
// same moment is not told that it was done when it was not.
func TestTwoQuestionsAboutOneMessage(t *testing.T) {
	t.Parallel()
	d, other := machines(t)
	o := d.complaint("cold", "ann@example.com")
	split, err := d.Split(t.Context(), register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "officer:bo"})
	d.must(err)
	first, second := d.meanwhile(`LOCK TABLE outgoing IN SHARE MODE`,
		func() error {
			return errOf(d.AskClarification(t.Context(), o.Case, "officer:bo", []string{"Which room?"}))
		},
		func() error {
			return errOf(other.AskClarification(t.Context(), split.Case, "officer:cy", []string{"Which day?"}))
		})
	asked := len(d.owedOf(o.Case, register.Clarification)) + len(d.owedOf(split.Case, register.Clarification))
	told := 0
	for _, err := range []error{first, second} {
		switch {
		case err == nil:
			told++
		case !errors.Is(err, register.ErrConflict):
			t.Error(err)
		}
	}
	if asked != told || asked == 0 {
		t.Errorf("%d questions are asked, and %d officers believe that theirs is", asked, told)
	}
}

// A reply that a worker takes at this moment stays its own: were it owed again
// it would go out twice.
func TestAReplyIsTakenWhileItGetsAnotherAddress(t *testing.T) {
	t.Parallel()
	d, other := machines(t)
	o := d.complaint("cold", "ann@example.com")
	resident := d.theCase(o.Case).Resident
	first, second := d.meanwhile(`SELECT 1 FROM outgoing FOR UPDATE`,
		func() error {
			return errOf(d.Claim(t.Context(), []register.ID{o.Owed[0].ID}, time.Minute, register.Windows{}))
		},
		func() error {
			return other.SetAdjustments(t.Context(), resident, register.Adjustments{SafeContact: "safe@example.com"}, "officer:bo")
		})
	d.must(first)
	d.must(second)
	if got := d.outgoing(o.Owed[0].ID); got.State != register.Sending || got.Attempt != 1 {
		t.Errorf("it is %s at attempt %d", got.State, got.Attempt)
	}
}

// What was on its way when the address changed, and did not arrive, goes to
// the new one next: the old one may not be safe.
func TestTheNextAttemptGoesToTheNewAddress(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		for _, dies := range []bool{false, true} {
			text := map[bool]string{false: "cold", true: "damp"}[dies]
			o := d.complaint(text, text+"@example.com")
			c := d.expired(o.Owed[0].ID)
			d.must(d.SetAdjustments(t.Context(), d.theCase(o.Case).Resident, register.Adjustments{SafeContact: "safe@example.com", LargePrint: true}, "officer:bo"))
			if !dies { // the worker, before it came as far as DATA
				errs, err := d.TryAgain(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Again: d.clock.Now(), Why: "away"}})
				d.must(err)
				d.must(errs[0])
			}
			c = d.claim(c.ID)[0]
			if c.To.Address != "safe@example.com" || !c.LargePrint {
				t.Errorf("the worker died %v: the next attempt goes to %s", dies, c.To.Address)
			}
			if _, err := d.Hold(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Why: "enough"}}); err != nil {
				t.Error(err)
			}
		}
	})
}

// The identical bytes go once more to where they went, whoever it is: nobody
// knows whether they arrived.
func TestTheSameBytesGoWhereTheyWent(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		c := d.claim(o.Owed[0].ID)[0]
		d.must(d.begin(c))
		d.must(d.SetAdjustments(d.t.Context(), d.theCase(o.Case).Resident, register.Adjustments{SafeContact: "safe@example.com"}, "officer:bo"))
		errs, err := d.Unknown(d.t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Again: d.clock.Now(), Why: "lost"}})
		d.must(err)
		d.must(errs[0])
		if again := d.claim(c.ID)[0]; !again.Resend || again.To.Address != "ann@example.com" {
			d.t.Errorf("the same bytes go to %s, resend %v", again.To.Address, again.Resend)
		}
	})
}

// Two machines, or two hands of one, claim at the same moment: each counts what
// the other took, so that a cap holds for both together.
func TestTwoWhoClaimCountEachOthers(t *testing.T) {
	t.Parallel()
	d, other := machines(t)
	var ids [2][]register.ID
	for i := range 12 {
		ids[i%2] = append(ids[i%2], d.complaint(fmt.Sprint("cold ", i), "ann@example.com").Owed[0].ID)
	}
	var got [2][]register.Claimed
	claims := func(i int, by *register.Register) func() error {
		return func() (err error) {
			got[i], err = by.Claim(t.Context(), ids[i], time.Minute, register.Windows{Recipient: time.Hour})
			return err
		}
	}
	first, second := d.meanwhile(`SELECT 1 FROM outgoing FOR UPDATE`, claims(0, d.Register), claims(1, other))
	d.must(errors.Join(first, second))
	var counted []int
	for _, c := range append(got[0], got[1]...) {
		counted = append(counted, c.Recent.Recipient)
	}
	if slices.Sort(counted); !slices.Equal(counted, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}) {
		t.Errorf("they count %v that went before", counted)
	}
}
