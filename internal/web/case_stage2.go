package web

import (
	"context"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/register"
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
	at, note := f.moment("Say on which day they asked"), f.get("note", "")
	f.must(len([]rune(note)) <= mostReason, "note", "Say it in at most 2,000 characters")
	f.must(!at.After(f.d.c.Now()), "on", "They cannot have asked in the future")
	f.must(at.IsZero() || !at.Before(f.Answered1At) || f.Answered1At.IsZero(), "on", "They cannot have asked before the stage 1 answer, of "+clockTime(f.Answered1At))
	return plan{do: func(ctx context.Context) ([]register.Hint, error) { return f.openStage2(ctx, channel, at, note) }}
}

// openStage2 takes the request in as any message, and decides on it. When that
// is cut off half-way, the request waits in the review queue, or a second try
// finds it.
func (f *deedForm) openStage2(ctx context.Context, channel register.Channel, at time.Time, note string) ([]register.Hint, error) {
	raw := f.written(channel, at, note)
	stored, err := f.d.c.Archive.Put(ctx, strings.NewReader(raw))
	if err != nil {
		return nil, err
	}
	got, err := f.d.c.Register.Receive(ctx, []register.Arrival{{
		Fingerprint: "stage2/" + f.ID + "/" + f.seen(), Original: stored.SHA256, Size: int64(len(raw)), Channel: channel, Source: "case page", ReceivedAt: at, Basis: register.Given,
	}})
	if err == nil {
		err = got[0].Err
	}
	if err != nil {
		return nil, err
	}
	options := f.d.c.Reading("case page")
	o := register.Opening{Message: got[0].ID, Reading: ingest.Read(ctx, strings.NewReader(raw), options, nil), Problem: "An officer wrote down that the resident asks for stage 2"}
	o.Verdict.RulesVersion, o.Verdict.Route = f.d.c.Rules.Version(), classify.Review
	opened, err := f.d.c.Register.Open(ctx, []register.Opening{o})
	if err == nil {
		err = opened[0].Err
	}
	if err != nil {
		return nil, err
	}
	m, err := f.d.c.Register.GetMessage(ctx, got[0].ID)
	if err != nil {
		return nil, err
	}
	ruled, err := f.d.c.Register.Decide(ctx, register.Ruling{
		Message: m.ID, Version: m.Version, By: f.who.Name, Label: classify.Stage2, Join: f.ID, Words: f.MayQuote, Reason: "The resident asked for it", Definition: f.Definition,
	})
	return ruled.Owed, err
}

// written is the request as a mail of our own making, so that it is read, kept
// and given out as all post is.
func (f *deedForm) written(channel register.Channel, at time.Time, note string) string {
	from := mail.Address{Name: f.Correspondent.Name, Address: f.Correspondent.Address}
	var b strings.Builder
	if from.Address != "" {
		fmt.Fprintf(&b, "From: %s\r\n", from.String())
	}
	how := map[register.Channel]string{register.Phone: "by phone", register.Visit: "in person"}[channel]
	fmt.Fprintf(&b, "Date: %s\r\nSubject: %s\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		at.Format(time.RFC1123Z), mime.QEncoding.Encode("utf-8", "Request for stage 2, "+f.Reference))
	body := quotedprintable.NewWriter(&b)
	_, _ = fmt.Fprintf(body, "The resident asked %s for stage 2 of %s.\n", how, f.Reference) // a Builder takes all
	if note != "" {
		_, _ = fmt.Fprintf(body, "\n%s\n", note)
	}
	_, _ = fmt.Fprintf(body, "\nWritten down by %s.\n", f.who.Name)
	_ = body.Close()
	return b.String()
}
