package registertest_test

import (
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

func TestAdjustmentsStickToTheResident(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		first := d.complaint("cold", "ann@example.com")
		resident := d.theCase(first.Case).Resident
		d.must(d.SetAdjustments(ctx, resident, register.Adjustments{LargePrint: true, Language: "pl", SafeContact: "sister@example.org", Note: "ring after six"}, "officer:bo"))
		if got := d.outgoing(first.Owed[0].ID); !got.LargePrint || got.Language != "pl" || got.To.Address != "sister@example.org" {
			t.Errorf("what was owed already: %+v", got)
		}
		second := d.complaint("damp", "Ann@Example.com")
		if c := d.theCase(second.Case); c.Resident != resident {
			t.Fatalf("another resident: %q and %q", c.Resident, resident)
		}
		if got := d.outgoing(second.Owed[0].ID); !got.LargePrint || got.Language != "pl" || got.To.Address != "sister@example.org" {
			t.Errorf("a later reply: %+v", got)
		}
		forward := d.take("tap", register.Opening{Reading: registertest.Reading("t@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		for _, h := range forward.Owed {
			if o := d.outgoing(h.ID); o.Kind == register.Forward && (o.LargePrint || o.To.Address != "repairs@landlord.example") {
				t.Errorf("our own people's mail follows a resident's needs: %+v", o)
			}
		}
		r, err := d.GetResident(ctx, resident)
		d.must(err)
		cases, err := d.ResidentCases(ctx, resident, 10)
		d.must(err)
		if r.Note != "ring after six" || len(cases) != 3 {
			t.Errorf("resident %+v with %d cases", r, len(cases))
		}
	})
}

func TestWhoIsToBePhonedIsNotWrittenTo(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.complaint("cold", "ann@example.com")
		resident := d.theCase(o.Case).Resident
		d.must(d.SetAdjustments(ctx, resident, register.Adjustments{PhoneOnly: true}, "officer:bo"))
		id := o.Owed[0].ID
		if got := d.outgoing(id); got.State != register.Held || !strings.Contains(got.Why, "phoned") {
			t.Fatalf("owed %+v", got)
		}
		d.refused(d.GivenByHand(ctx, id, d.clock.Now(), "officer:bo", ""), "how it was given")
		d.refused(d.GivenByHand(ctx, id, d.clock.Now().AddDate(0, 0, -2), "officer:bo", "x"), "before it was owed")
		d.clock.Set(on(t, "2026-11-25"))
		d.must(d.GivenByHand(ctx, id, d.clock.Now(), "officer:bo", "phoned at ten, read it out"))
		k := d.clockNamed(o.Case, workday.Stage1Acknowledgement)
		if got := d.outgoing(id); got.State != register.Delivered || k.MetAt.IsZero() || d.clockNamed(o.Case, workday.Stage1Answer).Due.String() != "2026-12-09" {
			t.Errorf("outgoing %+v, clock %+v", got, k)
		}
		d.must(d.SetAdjustments(ctx, resident, register.Adjustments{}, "officer:bo"))
		if got := d.complaint("again", "ann@example.com"); len(got.Owed) != 1 {
			t.Errorf("owed %+v", got)
		}
	})
}

func TestRepresentativesNeedAuthorityToGetTheReplies(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		o := d.complaint("cold", "ann@example.com")
		son := register.Address{Name: "Cy", Address: "cy@example.org"}
		to := register.Correspondence{Case: o.Case, To: son, Channel: register.Email, By: "officer:bo", Reason: "he asked"}
		d.refused(d.SetCorrespondent(ctx, to), "who this person is")
		d.must(d.SetPerson(ctx, o.Case, register.Person{Address: son, Role: register.ActsForResident}, "officer:bo"))
		d.refused(d.SetCorrespondent(ctx, to), "Write to the resident until they have")
		joined := d.reply(o.Case, "cy@example.org", "any news", registertest.Verdict(classify.FollowUp))
		if joined.Case != o.Case || d.outgoing(joined.Owed[0].ID).To.Address != "ann@example.com" {
			t.Errorf("what he writes joins, and the resident is answered: %+v", joined)
		}
		d.must(d.SetPerson(ctx, o.Case, register.Person{Address: son, Role: register.ActsForResident, Authority: "signed form of 24 November"}, "officer:bo"))
		d.must(d.SetCorrespondent(ctx, to))
		for _, id := range []register.ID{o.Owed[0].ID, joined.Owed[0].ID} {
			if got := d.outgoing(id).To; got != son {
				t.Errorf("goes to %+v", got)
			}
		}
		d.must(d.SetPerson(ctx, o.Case, register.Person{Address: register.Address{Address: "dee@landlord.example"}, Role: register.OurOfficer}, "officer:bo"))
		to.To.Address = "dee@landlord.example"
		d.refused(d.SetCorrespondent(ctx, to), "not to one of our own")
		people, err := d.People(ctx, o.Case)
		d.must(err)
		if len(people) != 3 || people[0].Role != register.TheResident || people[1].Authority == "" {
			t.Errorf("people %+v", people)
		}
	})
}

func TestACorrespondentByPostGetsLetters(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		to := register.Correspondence{Case: o.Case, To: register.Address{Name: "Ann"}, Channel: register.Letter, By: "officer:bo", Reason: "no email any more"}
		d.refused(d.SetCorrespondent(t.Context(), to), "needs an address")
		to.Postal = []string{"1 High Street", "LM1 1AA"}
		d.must(d.SetCorrespondent(t.Context(), to))
		if got := d.outgoing(o.Owed[0].ID); got.Way != register.ByLetter || got.State != register.Owed || !d.theCase(o.Case).PostalOK {
			t.Errorf("owed %+v", got)
		}
		to.To.Address, to.Channel = "ann@example.com", register.Email
		d.must(d.SetCorrespondent(t.Context(), to))
		if got := d.outgoing(o.Owed[0].ID); got.Way != register.ByEmail || got.State != register.Owed {
			t.Errorf("owed %+v", got)
		}
	})
}

// TestARefusedReplyTakesTheWayThatIsFound: what a mail server refused goes
// anew when an officer finds another way or address, and not to the same one.
func TestARefusedReplyTakesTheWayThatIsFound(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.complaint("cold", "ann@example.com")
		c := d.claim(o.Owed[0].ID)[0]
		errs, err := d.Refused(t.Context(), []register.Outcome{{ID: c.ID, Attempt: c.Attempt, Code: "550 5.1.1", Why: "no such user"}})
		d.must(err)
		d.must(errs[0])
		to := register.Correspondence{
			Case: o.Case, To: register.Address{Name: "Ann", Address: "ann@example.com"}, Channel: register.Email, By: "officer:bo", Reason: "as before",
		}
		d.must(d.SetCorrespondent(t.Context(), to))
		if got := d.outgoing(c.ID); got.State != register.Failed {
			t.Errorf("to the address that refused it: %s", got.State)
		}
		to.Channel, to.Postal, to.Reason = register.Letter, []string{"1 High Street", "LM1 1AA"}, "the mailbox is gone"
		d.must(d.SetCorrespondent(t.Context(), to))
		if got := d.outgoing(c.ID); got.State != register.Owed || got.Way != register.ByLetter {
			t.Errorf("with a postal address: %s by %s", got.State, got.Way)
		}
	})
}

const long = "The heating in my flat has been off for nine days now, I rang four times and nobody came to look at it."

func TestLikelyDuplicatesAreOffered(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		first := d.take(long, register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", long), Verdict: registertest.Verdict(classify.Complaint)})
		letter := registertest.Arrival("scan", d.clock.Now())
		letter.Channel = register.Letter
		got := d.receive(letter)
		rd := registertest.Reading("", "", strings.ToUpper(strings.ReplaceAll(long, " ", "  ")))
		rd.From = register.Address{Name: "Ann Other"}
		rd.PostalAddress = []string{"1 High Street", "LM1 1AA"}
		_, err := d.Open(ctx, []register.Opening{{Message: got[0].ID, Reading: rd, Verdict: registertest.Verdict(classify.Complaint)}})
		d.must(err)
		dup, err := d.Duplicates(ctx, got[0].ID)
		d.must(err)
		if len(dup) != 1 || dup[0].Case != first.Case || dup[0].Why != "the same words" {
			t.Errorf("duplicates %+v", dup)
		}
		other := d.complaint("short", "ann@example.com")
		dup, err = d.Duplicates(ctx, other.Message)
		d.must(err)
		if len(dup) != 1 || dup[0].Case != first.Case || dup[0].Why != "the same resident" {
			t.Errorf("duplicates %+v", dup)
		}
		d.clock.Advance(40 * 24 * 60 * 60 * 1e9)
		if dup, err = d.Duplicates(ctx, d.complaint("much later", "ann@example.com").Message); err != nil || len(dup) != 0 {
			t.Errorf("much later: %+v %v", dup, err)
		}
	})
}

func TestTwoRecordsOfOneResidentBecomeOne(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		a, b := d.theCase(d.complaint("cold", "ann@example.com").Case), d.theCase(d.complaint("damp", "ann@work.example").Case)
		d.must(d.SetAdjustments(ctx, b.Resident, register.Adjustments{LargePrint: true, Language: "cy"}, "officer:bo"))
		d.must(d.SameResident(ctx, a.Resident, b.Resident, "officer:bo"))
		cases, err := d.ResidentCases(ctx, a.Resident, 10)
		d.must(err)
		r, err := d.GetResident(ctx, a.Resident)
		d.must(err)
		later := d.theCase(d.complaint("mould", "ann@work.example").Case)
		if len(cases) != 2 || !r.LargePrint || r.Language != "cy" || later.Resident != a.Resident {
			t.Errorf("resident %+v, %d cases, a later case of %q", r, len(cases), later.Resident)
		}
	})
}
