package web

import (
	"context"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// stage2Deed is for a resident who asks for stage 2 by word of mouth. Nobody
// has to give reasons for it (Code 6.11).
func stage2Deed() deed {
	return deed{
		name: "stage2", title: says("Open stage 2"), button: "Open stage 2 and acknowledge it", blame: "how",
		about: "When the resident asks for it: they need give no reasons, and are never asked for any. The clocks of stage 2 count from the day on which they asked. Somebody who did not answer stage 1 must answer it.",
		offer: func(f *caseFacts) (bool, string) {
			switch {
			case !f.complaint() || f.Stage != 1 || f.MergedInto != "" || f.NotAccepted != "":
				return false, ""
			case f.AnsweredAt(1).IsZero():
				return f.open(), "after the stage 1 answer"
			}
			return true, ""
		},
		fields: func(f *deedForm) []field {
			return append(append([]field{f.choice("radio", "how", "How did they ask?", "What came by mail or letter is decided on in the review queue.", string(register.Phone),
				option{Value: string(register.Phone), Name: "By phone"}, option{Value: string(register.Visit), Name: "In person"})},
				f.when("Asked on", f.d.c.Now())...),
				f.theirs("note", "What they said", "May be empty. Do not ask for reasons.", nil))
		},
		read: readStage2,
	}
}

func readStage2(f *deedForm) plan {
	channel := register.Channel(f.chosen("how", "Choose how they asked", string(register.Phone), string(register.Visit)))
	at, note := f.receipt("Say on which day they asked"), f.get("note", "")
	if f.get("at", "") == "" && at.Before(f.Answered1At) && workday.DateOf(at) == workday.DateOf(f.Answered1At) {
		at = f.Answered1At // who asks on the day of the answer asks after it
	}
	f.must(within(note, mostReason), "note", "Say it in at most 2,000 characters")
	f.must(!at.After(f.d.c.Now()), "on", "They cannot have asked in the future")
	f.must(at.IsZero() || !at.Before(f.Answered1At) || f.Answered1At.IsZero(), "on", "They cannot have asked before the stage 1 answer, of "+clockTime(f.Answered1At))
	return plan{do: func(ctx context.Context) ([]register.Hint, error) { return f.openStage2(ctx, channel, at, note) }}
}

// openStage2 takes the request in as any post that was told, and decides on it.
// When that is cut off half-way, the request waits in the review queue, or a
// second try finds it.
func (f *deedForm) openStage2(ctx context.Context, channel register.Channel, at time.Time, note string) ([]register.Hint, error) {
	got, err := f.d.submit(ctx, f.requestForStage2(channel, at, note))
	if err != nil {
		return nil, err
	}
	m, err := f.d.c.Register.GetMessage(ctx, got.ID)
	switch {
	case err != nil:
		return nil, err
	case m.State == register.Arrived:
		return nil, &register.NotAllowedError{Why: "What they said is kept as " + m.Reference + " and its clock runs, but it could not be read just now. It comes into the review queue: open stage 2 there."}
	}
	ruled, err := f.d.c.Register.Decide(ctx, register.Ruling{
		Message: m.ID, Version: m.Version, By: f.who.Name, Label: classify.Stage2, Join: f.ID, Words: f.MayQuote, Reason: "The resident asked for it", Definition: f.Definition,
	})
	return ruled.Owed, err
}

// requestForStage2 is what the resident said, with what is known of them from
// the case.
func (f *deedForm) requestForStage2(channel register.Channel, at time.Time, note string) ingest.Submission {
	how := map[register.Channel]string{register.Phone: "by phone", register.Visit: "in person"}[channel]
	text := "The resident asked " + how + " for stage 2 of " + f.Reference + "."
	if note != "" {
		text += "\n\n" + note
	}
	return ingest.Submission{
		ID: "stage2:" + f.ID + ":" + f.seen(), Channel: channel, Source: "case page", ReceivedAt: at, Basis: register.Given,
		Name: f.Correspondent.Name, Email: f.Correspondent.Address, Text: text,
		Told: register.Told{By: f.who.Name, How: how, Postal: f.Postal, Reference: f.Reference, Thinks: classify.Stage2, Decides: true, Vouched: true},
	}
}
