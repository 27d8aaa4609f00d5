package registertest_test

import (
	"errors"
	"slices"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// F35: the decision changes after the reply has gone.
func TestADecisionIsChangedAfterTheReplyWent(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		req := d.take("tap", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
		for _, h := range req.Owed {
			d.send(h.ID)
		}
		d.at("2026-11-25")
		m := d.message(req.Message)
		d.refused(d.Reconsider(ctx, m.ID, m.Version, "officer:bo", " "), "Say why")
		d.refused(d.Reconsider(ctx, m.ID, m.Version, "rules@1", "x"), "Only a person")
		if err := d.Reconsider(ctx, m.ID, m.Version-1, "officer:bo", "seen before"); !errors.Is(err, register.ErrConflict) {
			t.Errorf("an old version: %v", err)
		}
		d.must(d.Reconsider(ctx, m.ID, m.Version, "officer:bo", "the third time"))
		m = d.message(m.ID)
		d.refused(d.Reconsider(ctx, m.ID, m.Version, "officer:bo", "again"), "Nobody has decided")
		ruled, err := d.Decide(ctx, register.Ruling{
			Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Reason: "the third time",
			Definition: registertest.Verdict(classify.Complaint).Definition,
		})
		d.must(err)
		c := d.theCase(req.Case)
		if ruled.Case != req.Case || c.Kind != register.ComplaintCase || !slices.Equal(d.kinds(ruled), []register.Kind{register.Acknowledgement}) {
			t.Errorf("ruled %+v, case %+v", ruled, c)
		}
		if k := d.clockNamed(req.Case, workday.Stage1Acknowledgement); k.Due.String() != "2026-11-30" {
			t.Errorf("counted from the decision and not from receipt: %s", k.Due)
		}
		if note := d.outgoing(ruled.Owed[0].ID).Note; note != register.CorrectsEarlier {
			t.Errorf("the acknowledgement does not know what it corrects: %q", note)
		}
		for _, h := range req.Owed {
			if got := d.outgoing(h.ID).State; got != register.Delivered {
				t.Errorf("what had gone is %s", got)
			}
		}
	})
}

func TestAnAcknowledgedComplaintBecomesARequest(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		m := d.message(o.Message)
		d.must(d.Reconsider(t.Context(), m.ID, m.Version, "officer:bo", "a first report"))
		m = d.message(m.ID)
		ruled, err := d.Decide(t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.ServiceRequest, Reason: "a first report"})
		d.must(err)
		if got := d.kinds(ruled); !slices.Equal(got, []register.Kind{register.ServiceNotice, register.Forward}) || d.theCase(o.Case).Kind != register.ServiceRequestCase {
			t.Errorf("owed %v", got)
		}
		if k := d.clockNamed(o.Case, workday.Stage1Acknowledgement); k.MetAt.IsZero() {
			t.Error("the acknowledgement that went is forgotten")
		}
		d.at("2027-01-05")
		if got := d.alarms(register.DeadlineAlarm); len(got) != 0 {
			t.Errorf("alarms %q", got)
		}
	})
}

func TestWhatHasBeenAnsweredIsNotReconsidered(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("cold")
		d.answered(o)
		m := d.message(o.Message)
		d.refused(d.Reconsider(t.Context(), m.ID, m.Version, "officer:bo", "x"), "has been answered")
		d.must(d.CloseCase(t.Context(), o.Case, "officer:bo", register.ClosedAnswered, ""))
		d.refused(d.Reconsider(t.Context(), m.ID, m.Version, "officer:bo", "x"), "Reopen it first")
	})
}
