package registertest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

var home = []string{"12 Quay Street", "BS2 9XX"}

// posted is a letter of that text that came by post, judged a complaint.
func (d *desk) posted(text string) register.Opened {
	d.t.Helper()
	a := registertest.Arrival(text, d.clock.Now())
	a.Channel, a.Basis = register.Letter, register.Stamp
	got := d.receive(a)
	r := registertest.Reading("", "", text)
	r.From, r.PostalAddress = register.Address{Name: "Ann Other"}, home
	o := register.Opening{Message: got[0].ID, Reading: r, Verdict: registertest.Verdict(classify.Complaint)}
	opened, err := d.Open(d.t.Context(), []register.Opening{o})
	d.must(err)
	d.must(opened[0].Err)
	return opened[0]
}

// lay claims a letter, prints it and lays it into the tray.
func (d *desk) lay(id register.ID) {
	d.t.Helper()
	c := d.claim(id)[0]
	p := register.Printed{Beginning: register.Beginning{ID: c.ID, Attempt: c.Attempt, Bytes: "sha-" + c.ID, Subject: "s", Guard: "ok"}, Address: home, Pages: 2}
	for _, k := range c.Clocks {
		if k.Name == workday.Stage1Answer {
			p.Promised = k.Counts()
		}
	}
	errs, err := d.Tray(d.t.Context(), []register.Printed{p})
	d.must(err)
	d.must(errs[0])
}

func (d *desk) tray() []register.TrayLetter {
	d.t.Helper()
	all, err := d.TrayLetters(d.t.Context(), 100)
	d.must(err)
	return all
}

func (d *desk) print() register.PrintBatch {
	d.t.Helper()
	name, err := d.NextBatch(d.t.Context())
	d.must(err)
	b, err := d.MakeBatch(d.t.Context(), register.PrintBatch{Name: name, MadeBy: "Dev"}, d.tray())
	d.must(err)
	return b
}

func TestALettersWay(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		o := d.posted("a letter")
		if len(o.Owed) != 1 || d.outgoing(o.Owed[0].ID).Way != register.ByLetter {
			t.Fatalf("owed %+v", o.Owed)
		}
		id := o.Owed[0].ID
		d.clock.Set(on(t, "2026-11-25"))
		d.lay(id)
		tray := d.tray()
		if len(tray) != 1 || tray[0].State != register.ToPrint || tray[0].PostBy != date(t, "2026-11-27") || !slices.Equal(tray[0].Printed, home) || tray[0].Pages != 2 {
			t.Fatalf("tray %+v", tray)
		}
		for day, want := range map[string]int{"2026-11-27": 0, "2026-11-28": 1} {
			if g, err := d.Gauges(t.Context(), on(t, day)); err != nil || g.LateLetters != want {
				t.Errorf("on %s %d letters are late, want %d: %v", day, g.LateLetters, want, err)
			}
		}
		if len(d.claim(id)) != 0 {
			t.Error("a letter in the tray is claimed again")
		}
		d.clock.Advance(time.Hour)
		b := d.print()
		if b.Name != "26-11-25/1" || b.Letters != 1 || b.Pages != 2 || len(d.tray()) != 0 {
			t.Fatalf("batch %+v", b)
		}
		if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); !k.MetAt.IsZero() {
			t.Error("a printed letter meets the clock before it is posted")
		}
		d.clock.Set(on(t, "2026-11-26"))
		d.refused(d.Posted(t.Context(), b.ID, date(t, "2026-11-27"), "Dev"), "future")
		d.refused(d.Posted(t.Context(), b.ID, date(t, "2026-11-24"), "Dev"), "before")
		d.refused(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "postroom"), "person")
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"))
		d.refused(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"), "already")
		k, sent := d.clockNamed(o.Case, workday.Stage1Acknowledgement), d.outgoing(id)
		if sent.State != register.Delivered || workday.DateOf(k.MetAt) != date(t, "2026-11-25") || workday.DateOf(sent.SentAt) != date(t, "2026-11-25") {
			t.Errorf("met %v, sent %v, state %s", k.MetAt, sent.SentAt, sent.State)
		}
		if answer := d.clockNamed(o.Case, workday.Stage1Answer); answer.Promised.IsZero() || answer.Start != date(t, "2026-11-25") {
			t.Errorf("the answer's clock: %+v", answer)
		}
		if b, err := d.BatchNamed(t.Context(), b.Name); err != nil || b.PostedBy != "Dev" || b.PostedOn != date(t, "2026-11-25") {
			t.Errorf("batch %+v, error %v", b, err)
		}
		d.must(d.Reprinted(t.Context(), b.ID, "Dev"))
		if all, err := d.Batches(t.Context(), 5); err != nil || len(all) != 1 || all[0].Printed != 2 {
			t.Errorf("batches %+v, error %v", all, err)
		}
		for _, what := range []string{"to_print", "printed", "posted", "printed_again"} {
			if !slices.Contains(d.events("case:"+o.Case), what) {
				t.Errorf("the history lacks %s", what)
			}
		}
	})
}

func TestALetterIsPulledAndComesBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		first, second := d.posted("one"), d.posted("two")
		d.lay(first.Owed[0].ID)
		d.lay(second.Owed[0].ID)
		b := d.print()
		id := first.Owed[0].ID
		d.refused(d.Pull(t.Context(), id, "Dev", " "), "why")
		d.must(d.Pull(t.Context(), id, "Dev", "spoilt"))
		if o := d.outgoing(id); o.State != register.Held || o.Why != "pulled: spoilt" {
			t.Errorf("%s, %q", o.State, o.Why)
		}
		left, err := d.BatchLetters(t.Context(), b.ID)
		if err != nil || len(left) != 1 || left[0].ID != second.Owed[0].ID {
			t.Errorf("left %+v, error %v", left, err)
		}
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-23"), "Dev"))
		d.refused(d.Pull(t.Context(), second.Owed[0].ID, "Dev", "too late"), "not in the tray")
		if d.outgoing(id).State != register.Held {
			t.Error("a pulled letter was posted")
		}
		if _, err := d.Release(t.Context(), id, "Dev", "printed again"); err != nil {
			t.Fatal(err)
		}
		d.lay(id)
		if len(d.tray()) != 1 {
			t.Error("a released letter is not in the tray")
		}
		d.refused(d.Returned(t.Context(), id, "Dev", ""), "posted")

		id = second.Owed[0].ID
		d.must(d.ConfirmAddress(t.Context(), second.Case, "", home, "Dev"))
		d.must(d.Returned(t.Context(), id, "Dev", "gone away"))
		if o := d.outgoing(id); o.State != register.Failed || !strings.Contains(o.Why, "came back") || d.theCase(second.Case).PostalOK {
			t.Errorf("%s, %q, confirmed %v", o.State, o.Why, d.theCase(second.Case).PostalOK)
		}
		if k := d.clockNamed(second.Case, workday.Stage1Acknowledgement); k.MetAt.IsZero() {
			t.Error("a letter that was posted met its clock")
		}
		held, err := d.HeldLetters(t.Context(), 10)
		if err != nil || len(held) != 1 || held[0].ID != id {
			t.Errorf("held %+v, error %v", held, err)
		}
		d.must(d.ConfirmAddress(t.Context(), second.Case, "Mrs A Other", []string{"9 New Road", "LS1 4AP"}, "Dev"))
		if c := d.theCase(second.Case); d.outgoing(id).State != register.Owed || strings.Join(c.Addressee(), ", ") != "Mrs A Other, 9 New Road, LS1 4AP" {
			t.Errorf("state %s", d.outgoing(id).State)
		}
		d.lay(id)
		if named, err := d.LettersNamed(t.Context(), second.Reference); err != nil || len(named) != 1 || named[0].Batch != "" || !named[0].ReturnedAt.IsZero() {
			t.Errorf("named %+v, error %v", named, err)
		}
	})
}

func TestABatchIsOfWhatIsInTheTray(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		o := d.posted("one")
		d.lay(o.Owed[0].ID)
		seen := d.tray()
		d.must(d.Pull(t.Context(), o.Owed[0].ID, "Dev", "spoilt"))
		_, err := d.MakeBatch(t.Context(), register.PrintBatch{Name: "26-11-23/1", MadeBy: "Dev"}, seen)
		if !errors.Is(err, register.ErrConflict) {
			t.Errorf("a batch with a pulled letter: error %v", err)
		}
		_, err = d.Release(t.Context(), o.Owed[0].ID, "Dev", "")
		d.must(err)
		d.lay(o.Owed[0].ID)
		b := d.print()
		if _, err := d.MakeBatch(t.Context(), register.PrintBatch{Name: b.Name, MadeBy: "Dev"}, nil); !errors.Is(err, register.ErrConflict) {
			t.Errorf("a name twice: error %v", err)
		}
		stale := register.Printed{Beginning: register.Beginning{ID: o.Owed[0].ID, Attempt: 1}}
		if errs, err := d.Tray(t.Context(), []register.Printed{stale}); err != nil || !errors.Is(errs[0], register.ErrStale) {
			t.Errorf("stale: %v, %v", errs, err)
		}
	})
}

// An email that does not arrive becomes a letter, where there is an address;
// the clock that it had met runs on, and the letter meets it.
func TestALetterTakesTheEmailsPlace(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		o := d.complaint("mail", "ann@example.com")
		d.must(d.ConfirmAddress(t.Context(), o.Case, "", home, "Dev"))
		d.send(o.Owed[0].ID)
		if d.clockNamed(o.Case, workday.Stage1Acknowledgement).MetAt.IsZero() {
			t.Fatal("the email met no clock")
		}
		d.clock.Advance(time.Hour)
		bounced := register.Bounce{Recipient: "ann@example.com", Status: "5.1.1", Permanent: true}
		d.must(d.Bounced(t.Context(), "m."+o.Owed[0].ID+"@post.example", bounced, o.Message))
		if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); !k.MetAt.IsZero() || !k.DefinedAt.IsZero() || !k.Running() {
			t.Errorf("the clock of an email that came back: %+v", k)
		}
		all, err := d.CaseOutgoings(t.Context(), o.Case)
		d.must(err)
		if len(all) != 2 || all[0].State != register.Cancelled || all[1].Way != register.ByLetter || all[1].State != register.Owed || !all[1].Deadline.Equal(all[0].Deadline) || all[1].Form != all[0].Form {
			t.Fatalf("outgoing %+v", all)
		}
		d.lay(all[1].ID)
		b := d.print()
		d.clock.Set(on(t, "2026-11-24"))
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-24"), "Dev"))
		if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); workday.DateOf(k.MetAt) != date(t, "2026-11-24") || k.MetBy != register.Defined {
			t.Errorf("the letter: %+v", k)
		}
		// A second bounce of the same mail changes nothing.
		d.must(d.Bounced(t.Context(), "m."+o.Owed[0].ID+"@post.example", bounced, o.Message))
		if again, err := d.CaseOutgoings(t.Context(), o.Case); err != nil || len(again) != 2 {
			t.Errorf("%d outgoing, error %v", len(again), err)
		}
	})
}

func TestARefusedEmailBecomesALetterOrAPersons(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		for _, known := range []bool{true, false} {
			o := d.complaint("mail", "ann@example.com")
			if known {
				d.must(d.ConfirmAddress(t.Context(), o.Case, "", home, "Dev"))
			} else {
				o = d.complaint("another mail", "bob@example.com")
			}
			c := d.claim(o.Owed[0].ID)[0]
			d.clock.Advance(time.Hour)
			errs, err := d.Refused(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "550 5.1.1", Why: "nobody there"}})
			d.must(err)
			d.must(errs[0])
			all, err := d.CaseOutgoings(t.Context(), o.Case)
			d.must(err)
			alarms, err := d.OpenAlarms(t.Context(), 10)
			d.must(err)
			if known && (len(all) != 2 || all[1].Way != register.ByLetter || len(alarms) != 0) {
				t.Errorf("with an address: %+v, alarms %+v", all, alarms)
			}
			if !known && (len(all) != 1 || all[0].State != register.Failed || len(alarms) != 1) {
				t.Errorf("without one: %+v, alarms %+v", all, alarms)
			}
		}
	})
}

func TestWhoAsksForALetterGetsOne(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		for _, row := range []struct {
			quote string
			way   register.Way
			large bool
		}{
			{"please write to me by post", register.ByLetter, false},
			{"large print", register.ByLetter, true},
			{"18 point", register.ByLetter, true},
			{"translated", register.ByEmail, false},
			{"", register.ByEmail, false},
		} {
			v := registertest.Verdict(classify.Complaint)
			if row.quote != "" {
				v.Flags = []classify.Flag{classify.WantsLetter}
				v.Evidence = []classify.Evidence{{Rule: "wants-letter", Label: "wants_letter", Weight: 1, Quote: row.quote}}
			}
			from := "ann@example.com"
			if row.way == register.ByEmail { // somebody of whom nothing is remembered
				from = "bob@example.com"
			}
			o := d.take("asks "+row.quote, register.Opening{Reading: registertest.Reading(row.quote+"@example.com", from, "asks "+row.quote), Verdict: v})
			out := d.outgoing(o.Owed[0].ID)
			if out.Way != row.way || out.LargePrint != row.large || (out.To.Address == "") != (row.way == register.ByLetter) {
				t.Errorf("%q: by %s to %q, large print %v", row.quote, out.Way, out.To.Address, out.LargePrint)
			}
			if row.way != register.ByLetter {
				continue
			}
			ann := register.Address{Name: "Ann", Address: "ann@example.com"}
			d.must(d.SetCorrespondent(t.Context(), register.Correspondence{Case: o.Case, To: ann, Channel: register.Email, By: "Dev", Reason: "they phoned"}))
			if out = d.outgoing(out.ID); out.Way != register.ByEmail || out.To != ann || out.State != register.Owed {
				t.Errorf("back to email: %+v", out)
			}
		}
		d.refused(d.ConfirmAddress(t.Context(), "x", "", home, "rules@1"), "person")
	})
}

// Paper takes days: what is on it is warned of, and opened by the fail-safe,
// so much earlier.
func TestLettersAreEarlier(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		a := registertest.Arrival("unread letter", d.clock.Now())
		a.Channel = register.Letter
		unread := d.receive(a)[0]
		mail := d.receive(registertest.Arrival("unread mail", d.clock.Now()))[0]
		if got := d.message(mail.ID).FailsafeAt.Sub(d.message(unread.ID).FailsafeAt); got != 24*time.Hour {
			t.Errorf("the fail-safe for letters is earlier by %v", got)
		}
		o := d.posted("one")
		d.lay(o.Owed[0].ID)
		warned := func() (n int) {
			alarms, err := d.OpenAlarms(t.Context(), 50)
			d.must(err)
			for _, al := range alarms {
				if al.Outgoing == o.Owed[0].ID {
					n++
				}
			}
			return n
		}
		d.clock.Set(on(t, "2026-11-24"))
		_, err := d.Warn(t.Context(), d.clock.Now())
		d.must(err)
		if warned() != 0 {
			t.Error("warned four working days before")
		}
		d.clock.Set(on(t, "2026-11-25"))
		_, err = d.Warn(t.Context(), d.clock.Now())
		d.must(err)
		if warned() != 1 {
			t.Errorf("%d warnings three working days before, want one", warned())
		}
		s, err := d.Status(t.Context())
		if err != nil || s.ToPrint != 1 {
			t.Errorf("%d to print, error %v", s.ToPrint, err)
		}
	})
}

// A fuller reply takes the place of a letter that nobody has printed yet.
func TestAFullerReplyReplacesAnUnprintedLetter(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		a := registertest.Arrival("a letter", d.clock.Now())
		a.Channel = register.Letter
		got := d.receive(a)[0]
		d.clock.Set(on(t, "2026-11-27"))
		opened, err := d.Failsafe(t.Context(), []register.ID{got.ID})
		d.must(err)
		holding := opened[0].Owed[0].ID
		d.lay(holding)
		m := d.message(got.ID)
		ruled, err := d.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "Dev", Label: classify.Complaint, Postal: home, Words: true, Correspondent: register.Address{Name: "Ann Other"},
			Definition: classify.Definition{Issues: []string{"Damp."}},
		})
		d.must(err)
		if d.outgoing(holding).State != register.Cancelled || len(d.tray()) != 0 || len(ruled.Owed) != 1 {
			t.Errorf("holding %s, tray %d, owed %d", d.outgoing(holding).State, len(d.tray()), len(ruled.Owed))
		}
		if c := d.theCase(ruled.Case); !c.PostalOK || strings.Join(c.Addressee(), ", ") != "Ann Other, 12 Quay Street, BS2 9XX" {
			t.Errorf("the address that an officer confirmed: %v %v", c.Postal, c.PostalOK)
		}
	})
}
