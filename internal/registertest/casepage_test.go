package registertest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

func TestACaseIsFoundByAnyOfItsNames(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("found")
		split, err := d.Split(d.t.Context(), register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "Priya"})
		d.must(err)
		for name, want := range map[string]register.ID{
			o.Case: o.Case, d.theCase(o.Case).Reference: o.Case, d.message(o.Message).Reference: o.Case, split.Reference: split.Case, split.Case: split.Case,
		} {
			if got, err := d.FindCase(d.t.Context(), name); got != want || err != nil {
				d.t.Errorf("%s finds %s, error %v, want %s", name, got, err, want)
			}
		}
		for _, name := range []string{"", "CIT26-AAAA-AAAA", o.Message} {
			if got, err := d.FindCase(d.t.Context(), name); !errors.Is(err, register.ErrNotFound) {
				d.t.Errorf("%q finds %s, error %v", name, got, err)
			}
		}
		if f, err := d.CaseFile(d.t.Context(), split.Reference); err != nil || f.Case.ID != split.Case {
			d.t.Errorf("the file of a case that was split off: %s, error %v", f.Case.ID, err)
		}
		links, err := d.CaseLinks(d.t.Context(), split.Case)
		d.must(err)
		back, err := d.CaseLinks(d.t.Context(), o.Case)
		d.must(err)
		if len(links) != 1 || links[0].ID != o.Case || links[0].Link != register.LinkSplit || !links[0].Came || len(back) != 1 || back[0].Came {
			d.t.Errorf("links %+v and back %+v", links, back)
		}
	})
}

func TestRehearsalsOfCaseworkChangeNothing(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		o := d.acknowledged("rehearsed")
		before, err := d.CaseOutgoings(ctx, o.Case)
		d.must(err)
		last, limited, err := d.ExtensionLimit(ctx, o.Case)
		d.must(err)
		if want := date(d.t, "2026-12-23"); last != want || !limited {
			d.t.Errorf("may be put off to %s, want %s", last, want)
		}
		answering := d.answering(o.Case, 1, "Priya") // by hand
		sent := answering
		sent.GivenAt = time.Time{}
		for name, rehearse := range map[register.Kind]func() ([]register.Claimed, error){
			register.AnswerNotice: func() ([]register.Claimed, error) { return d.RehearseAnswer(ctx, sent) },
			register.Extension: func() ([]register.Claimed, error) {
				return d.RehearseExtend(ctx, register.Extending{Case: o.Case, Stage: 1, By: "Priya", Reason: "the survey is late", To: last})
			},
			register.NotAcceptedNotice: func() ([]register.Claimed, error) {
				return d.RehearseNotAccept(ctx, register.NotAccepting{Case: o.Case, By: "Priya", Reason: register.TooOld, Words: "it is long ago"})
			},
			register.Clarification: func() ([]register.Claimed, error) {
				return d.RehearseClarification(ctx, o.Case, "Priya", []string{"Which room?"})
			},
			register.ServiceNotice: func() ([]register.Claimed, error) {
				return d.RehearseSplit(ctx, register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "Priya"})
			},
		} {
			owed, err := rehearse()
			d.must(err)
			if len(owed) == 0 || owed[0].Kind != name || owed[0].TheCase == nil {
				d.t.Errorf("%s: %+v", name, owed)
			}
		}
		if owed, err := d.RehearseAnswer(ctx, answering); err != nil || len(owed) != 0 {
			d.t.Errorf("an answer given by hand sends %+v, error %v", owed, err)
		}
		sent.Text = ""
		_, err = d.RehearseAnswer(ctx, sent)
		d.refused(err, "needs its words")
		after, err := d.CaseOutgoings(ctx, o.Case)
		d.must(err)
		if c := d.theCase(o.Case); len(after) != len(before) || !c.ClosedAt.IsZero() || d.clockNamed(o.Case, workday.Stage1Answer).Due != date(d.t, "2026-12-09") {
			d.t.Errorf("%d outgoings became %d; %+v", len(before), len(after), c)
		}
	})
}

func TestWhatOfficersSaidStandsBesideTheHistory(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		o, other := d.acknowledged("one"), d.complaint("two", "ann@example.com")
		d.must(d.CloseCase(ctx, o.Case, "Priya", register.ClosedWithdrawn, "she rang and said so"))
		_, err := d.ReopenCase(ctx, o.Case, "Priya", "she changed her mind")
		d.must(err)
		d.must(d.Merge(ctx, register.Merging{From: other.Case, Into: o.Case, By: "Tom", Reason: "the same words twice"}))
		d.must(d.CorrectReceived(ctx, o.Message, on(d.t, "2026-11-20"), "Tom", "it lay in a drawer"))
		said := func(subject string) (all []string) {
			events, err := d.History(ctx, subject)
			d.must(err)
			for _, e := range events {
				if e.Words != "" {
					all = append(all, e.What+": "+e.Words)
				}
			}
			if !register.HistoryWhole(events) {
				d.t.Errorf("%s is not whole", subject)
			}
			events[0].By = "somebody else"
			if register.HistoryWhole(events) {
				d.t.Errorf("%s is whole though it was changed", subject)
			}
			return all
		}
		for subject, want := range map[string][]string{
			"case:" + o.Case:       {"closed: she rang and said so", "reopened: she changed her mind"},
			"case:" + other.Case:   {"closed: the same words twice"},
			"message:" + o.Message: {"received_corrected: it lay in a drawer"},
		} {
			if got := said(subject); !slices.Equal(got, want) {
				d.t.Errorf("%s says %q, want %q", subject, got, want)
			}
		}
		if last, err := d.LastAct(ctx, o.Case); err != nil || last.By != "Tom" || last.What != "received_corrected" {
			d.t.Errorf("the last act is %+v, error %v", last, err)
		}
		d.must(d.CloseCase(ctx, o.Case, "Priya", register.ClosedWithdrawn, "again"))
		d.must(d.Erase(ctx, register.Erasure{Reference: d.theCase(o.Case).Reference, By: "Priya", Class: "request", Reason: "asked"}))
		for _, subject := range []string{"case:" + o.Case, "case:" + other.Case, "message:" + o.Message} {
			if got := said(subject); len(got) != 0 {
				d.t.Errorf("after erasure %s says %q", subject, got)
			}
		}
	})
}

func TestViewsAreRecorded(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		o := d.acknowledged("seen")
		replies, err := d.CaseOutgoings(ctx, o.Case)
		d.must(err)
		joined := d.reply(o.Case, "stranger@example.com", "a stranger", about(classify.FollowUp))
		d.must(d.Viewed(ctx, register.ViewedMessage, joined.Message, "Priya")) // before it belongs to the case
		m := d.message(joined.Message)
		if m.State == register.InReview {
			_, err := d.Decide(ctx, register.Ruling{Message: m.ID, Version: m.Version, By: "Priya", Label: classify.FollowUp, Join: o.Case, Reason: "hers"})
			d.must(err)
		}
		for _, v := range []struct {
			what register.ViewKind
			id   register.ID
		}{
			{register.ViewedCase, o.Case},
			{register.ViewedMessage, o.Message},
			{register.ViewedOriginal, o.Message},
			{register.ViewedAttachment, o.Message},
			{register.ViewedReply, replies[0].ID},
			{register.ViewedSent, replies[0].ID},
			{register.ViewedCase, "nothing"},
			{register.ViewedReply, ""},
		} {
			d.must(d.Viewed(ctx, v.what, v.id, "Tom"))
		}
		got, err := d.CaseViews(ctx, o.Case, 100)
		d.must(err)
		byTom := 0
		for _, v := range got {
			if v.By == "Tom" {
				byTom++
			}
			if v.At.IsZero() || v.What == register.ViewedReply && v.Reply != replies[0].ID {
				d.t.Errorf("%+v", v)
			}
		}
		if len(got) != 7 || byTom != 6 {
			d.t.Errorf("%d views, %d of them Tom's: %+v", len(got), byTom, got)
		}
		f, err := d.CaseFile(ctx, d.theCase(o.Case).Reference)
		d.must(err)
		if len(f.Views) != 7 {
			d.t.Errorf("%d views in the file", len(f.Views))
		}
	})
}

// TestACaseThatWasSplitOffIsForgotten: its reference is no message's.
func TestACaseThatWasSplitOffIsForgotten(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		o := d.acknowledged("split")
		split, err := d.Split(d.t.Context(), register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "Priya", Definition: classify.Definition{Issues: []string{"the tap"}}})
		d.must(err)
		d.must(d.CloseCase(d.t.Context(), split.Case, "Priya", register.ClosedDone, "mended"))
		d.must(d.Erase(d.t.Context(), register.Erasure{Reference: split.Reference, By: "Priya", Class: "service_request"}))
		if c := d.theCase(split.Case); !c.Definition.Empty() || c.Correspondent.Address != "" {
			d.t.Errorf("not forgotten: %+v", c)
		}
		if c := d.theCase(o.Case); c.Correspondent.Address == "" {
			d.t.Error("the case that it was split off from is forgotten as well")
		}
		d.refused(d.Erase(d.t.Context(), register.Erasure{Reference: d.theCase(o.Case).Reference, By: "Priya"}), "is open")
		if err := d.Erase(d.t.Context(), register.Erasure{Reference: "CIT26-AAAA-AAAA", By: "Priya"}); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("a reference of nothing: %v", err)
		}
	})
}

// TestACaseThatWasSplitOffIsKept by its own reference, and let go again by it.
func TestACaseThatWasSplitOffIsKept(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		o := d.acknowledged("split")
		split, err := d.Split(ctx, register.Splitting{Case: o.Case, Kind: register.ServiceRequestCase, By: "Priya", Definition: classify.Definition{Issues: []string{"the tap"}}})
		d.must(err)
		d.must(d.CloseCase(ctx, split.Case, "Priya", register.ClosedDone, "mended"))
		d.must(d.Keep(ctx, split.Reference, "Priya", "a court asks"))
		d.refused(d.Erase(ctx, register.Erasure{Reference: split.Reference, By: "Priya"}), "kept")
		if err := d.Unkeep(ctx, d.theCase(o.Case).Reference, "Priya"); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("the case that it was split off from is kept as well: %v", err)
		}
		d.must(d.Unkeep(ctx, split.Reference, "Priya"))
		d.must(d.Erase(ctx, register.Erasure{Reference: split.Reference, By: "Priya"}))
		if err := d.Keep(ctx, "CIT26-AAAA-AAAA", "Priya", "x"); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("a reference of nothing: %v", err)
		}
	})
}
