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

func TestARequestForInformationHasItsOwnClock(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		v := registertest.Verdict(classify.Complaint)
		v.Flags = append(v.Flags, classify.InformationRequest)
		o := d.take("send me all you hold about me, and mend the boiler", register.Opening{
			Reading: registertest.Reading("a@example.com", "ann@example.com", "send me all"), Verdict: v,
		})
		d.complaint("no request", "bob@example.com")
		far := workday.DateOf(d.clock.Now()).AddDays(60)
		open, err := d.OpenInformation(ctx, far, 10)
		d.must(err)
		if len(open) != 1 || open[0].Reference != o.Reference || open[0].Due.String() != "2026-12-23" {
			t.Fatalf("open %+v", open)
		}
		if !slices.Contains(d.events("message:"+o.Message), "information_requested") {
			t.Errorf("history %v", d.events("message:"+o.Message))
		}
		warned := func() (n int) {
			_, err := d.Warn(ctx, d.clock.Now())
			d.must(err)
			alarms, err := d.MessageAlarms(ctx, o.Message)
			d.must(err)
			return len(alarms)
		}
		before := warned()
		d.clock.Set(time.Date(2026, 12, 21, 10, 0, 0, 0, time.UTC)) // two working days before
		if got := warned() - before; got != 1 || warned()-before != 1 {
			t.Errorf("%d warnings, want one", got)
		}
		d.must(d.CorrectReceived(ctx, o.Message, d.clock.Now().AddDate(0, 0, -34), "olga", "the stamp was misread")) // 17 November
		if open, err = d.CaseInformation(ctx, o.Case); err != nil || len(open) != 1 || open[0].Due.String() != "2026-12-17" {
			t.Errorf("its day did not follow the day of receipt: %+v, %v", open, err)
		}
		d.must(d.SettleInformation(ctx, o.Reference, "olga", "sent by post"))
		if open, err = d.CaseInformation(ctx, o.Case); err != nil || len(open) != 1 || open[0].SettledBy != "olga" || !open[0].SettledAt.Equal(d.clock.Now()) {
			t.Errorf("settled: %+v, %v", open, err)
		}
		alarms, err := d.OpenAlarms(ctx, 10)
		d.must(err)
		for _, a := range alarms {
			if strings.Contains(a.Note, "request for information") {
				t.Errorf("people are still called: %+v", a)
			}
		}
		if open, err = d.OpenInformation(ctx, far, 10); err != nil || len(open) != 0 {
			t.Errorf("still open: %+v, %v", open, err)
		}
		if err := d.SettleInformation(ctx, o.Reference, "olga", "again"); !errors.Is(err, register.ErrNotFound) {
			t.Errorf("settled twice: %v", err)
		}
	})
}
