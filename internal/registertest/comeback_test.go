package registertest_test

import (
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

var nobodyThere = register.Bounce{Recipient: "ann@example.com", Status: "5.1.1", Permanent: true}

func mailOf(id register.ID) string { return "m." + id + "@post.example" }

// comesBack has a mail of ours come back as undeliverable.
func (d *desk) comesBack(id register.ID) {
	d.t.Helper()
	d.clock.Advance(time.Hour)
	d.must(d.Bounced(d.t.Context(), mailOf(id), nobodyThere, "a report"))
}

// postAll prints what lies in the tray and posts it.
func (d *desk) postAll() {
	d.t.Helper()
	b := d.print()
	d.clock.Advance(time.Hour)
	d.must(d.Posted(d.t.Context(), b.ID, workday.DateOf(d.clock.Now()), "Dev"))
}

// paperOf is the letter that took the place of an email.
func (d *desk) paperOf(caseID register.ID, kind register.Kind) register.Outgoing {
	d.t.Helper()
	all, err := d.CaseOutgoings(d.t.Context(), caseID)
	d.must(err)
	for _, o := range all {
		if o.Way == register.ByLetter && o.Kind == kind {
			return o
		}
	}
	d.t.Fatalf("no letter took its place: %+v", all)
	return register.Outgoing{}
}

// extended is a complaint whose extension went by email on 7 December: its
// answer, due on the 9th, is put off to the 17th.
func (d *desk) extended(text string) (o register.Opened, extension register.ID) {
	d.t.Helper()
	o = d.acknowledged(text)
	d.clock.Set(on(d.t, "2026-12-07"))
	hints, err := d.Extend(d.t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "We wait for the surveyor.", To: date(d.t, "2026-12-17")})
	d.must(err)
	d.send(hints[0].ID)
	if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts() != date(d.t, "2026-12-17") {
		d.t.Fatalf("the extension moved nothing: %+v", k)
	}
	return o, hints[0].ID
}

// An extension whose email came back extends nothing: the resident was told of
// nothing. The letter in its place does, when it is posted in time.
func TestAnExtensionThatCameBackMovesNothing(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o, extension := d.extended("cold")
		d.comesBack(extension)
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts() != date(d.t, "2026-12-09") || k.Due != date(d.t, "2026-12-09") {
			d.t.Errorf("the answer is due on %s, counts %s", k.Due, k.Counts())
		}
		all, err := d.Extensions(d.t.Context(), o.Case)
		d.must(err)
		if !all[0].ToldAt.IsZero() || all[0].Late {
			d.t.Errorf("the extension %+v", all[0])
		}
	})
}

func TestAnExtensionsLetterTakesTheEmailsPlace(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o, extension := d.extended("cold")
		d.must(d.ConfirmAddress(d.t.Context(), o.Case, "", home, "Dev"))
		d.comesBack(extension)
		d.lay(d.paperOf(o.Case, register.Extension).ID)
		d.postAll()
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts() != date(d.t, "2026-12-17") {
			d.t.Errorf("the answer counts from %s after the letter", k.Counts())
		}
		all, err := d.Extensions(d.t.Context(), o.Case)
		d.must(err)
		if len(all) != 1 || all[0].ToldAt.IsZero() || all[0].Late {
			d.t.Errorf("extensions %+v", all)
		}
	})
}

// An answer whose email came back was not given: its clock runs on, until the
// letter in its place is posted.
func TestAnAnswerThatCameBackWasNotGiven(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		for _, known := range []bool{false, true} {
			o := d.acknowledged(map[bool]string{false: "cold", true: "damp"}[known])
			d.clock.Set(on(d.t, "2026-12-03"))
			if known {
				d.must(d.ConfirmAddress(d.t.Context(), o.Case, "", home, "Dev"))
			}
			a := d.answering(o.Case, 1, "officer:bo")
			a.GivenAt = time.Time{}
			hints, err := d.Answer(d.t.Context(), a)
			d.must(err)
			d.send(hints[0].ID)
			d.comesBack(hints[0].ID)
			if k := d.clockNamed(o.Case, workday.Stage1Answer); !k.Running() || !d.theCase(o.Case).Answered1At.IsZero() {
				d.t.Errorf("address known %v: the answer's clock is met: %+v", known, k)
			}
			if !known {
				continue
			}
			d.clock.Set(on(d.t, "2026-12-04"))
			d.lay(d.paperOf(o.Case, register.AnswerNotice).ID)
			d.postAll()
			k := d.clockNamed(o.Case, workday.Stage1Answer)
			if workday.DateOf(k.MetAt) != date(d.t, "2026-12-04") || d.theCase(o.Case).Answered1At.IsZero() {
				d.t.Errorf("the letter met the clock: %+v", k)
			}
		}
	})
}

// What else has gone out meets the clock in the place of a mail that came back.
func TestTheFullerAcknowledgementMeetsTheClockOfALostHoldingForm(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.heldForm("cold")
		d.clock.Advance(time.Hour)
		m := d.message(o.Message)
		ruled, err := d.Decide(d.t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Definition: registertest.Verdict(classify.Complaint).Definition,
			Reason: "read", Words: true, Correspondent: register.Address{Address: "ann@elsewhere.example"},
		})
		d.must(err)
		d.clock.Advance(time.Hour)
		d.send(ruled.Owed[0].ID)
		fuller := d.outgoing(ruled.Owed[0].ID).SentAt
		d.comesBack(o.Owed[0].ID)
		if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); !k.MetAt.Equal(fuller) || !k.DefinedAt.Equal(fuller) || k.MetBy != register.Defined {
			d.t.Errorf("the fuller one went at %s; the clock %+v", fuller, k)
		}
	})
}

// heldForm is a message that nobody decided on, acknowledged by the fail-safe.
func (d *desk) heldForm(text string) register.Opened {
	d.t.Helper()
	v := registertest.Verdict(classify.Complaint)
	v.Route = classify.Review
	o := d.take(text, register.Opening{Reading: registertest.Reading(text+"@x", "ann@example.com", text), Verdict: v})
	d.clock.Set(on(d.t, "2026-11-30"))
	acted, err := d.Failsafe(d.t.Context(), []register.ID{o.Message})
	d.must(err)
	if len(acted) != 1 || len(acted[0].Owed) != 1 {
		d.t.Fatalf("the fail-safe did %+v", acted)
	}
	d.send(acted[0].Owed[0].ID)
	return acted[0]
}

// A report that is read before the delivery is written down is not forgotten.
func TestABounceBeforeItsDeliveryIsRecorded(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		for _, known := range []bool{false, true} {
			o := d.complaint(map[bool]string{false: "cold", true: "damp"}[known], "ann@example.com")
			if known {
				d.must(d.ConfirmAddress(d.t.Context(), o.Case, "", home, "Dev"))
			}
			id := o.Owed[0].ID
			c := d.claim(id)[0]
			errs, err := d.Begin(d.t.Context(), []register.Beginning{{ID: id, Attempt: c.Attempt, MessageID: mailOf(id), Bytes: "sha", Subject: "s", Guard: "ok"}})
			d.must(err)
			d.must(errs[0])
			d.must(d.Bounced(d.t.Context(), mailOf(id), nobodyThere, "a report"))
			before := d.outgoing(id).State
			errs, err = d.Sent(d.t.Context(), []register.Outcome{{ID: id, Attempt: c.Attempt, Code: "250"}})
			d.must(err)
			d.must(errs[0])
			if now := d.outgoing(id).State; now != before {
				d.t.Errorf("address known %v: it was %s, and is %s", known, before, now)
			}
			if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); !k.Running() {
				d.t.Errorf("address known %v: the clock is met: %+v", known, k)
			}
		}
	})
}

// Whoever may be written to at one address only is not written to at home, and
// not again and again at the address that refuses.
func TestASafeContactThatRefusesIsAPersons(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.must(d.ConfirmAddress(d.t.Context(), o.Case, "", home, "Dev"))
		d.must(d.SetAdjustments(d.t.Context(), d.theCase(o.Case).Resident, register.Adjustments{SafeContact: "safe@example.com"}, "officer:bo"))
		hints, err := d.AskClarification(d.t.Context(), o.Case, "officer:bo", []string{"Which room?"})
		d.must(err)
		c := d.claim(hints[0].ID)[0]
		errs, err := d.Refused(d.t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "550 5.1.1", Why: "nobody there"}})
		d.must(err)
		d.must(errs[0])
		all, err := d.CaseOutgoings(d.t.Context(), o.Case)
		d.must(err)
		if len(all) != 2 || all[1].State != register.Failed {
			d.t.Errorf("outgoing %+v", all)
		}
		alarms, err := d.OpenAlarms(d.t.Context(), 10)
		d.must(err)
		if len(alarms) != 1 || alarms[0].Kind != register.UnsentAlarm {
			d.t.Errorf("alarms %+v", alarms)
		}
	})
}
