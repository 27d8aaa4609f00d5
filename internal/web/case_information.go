package web

import (
	"context"
	"errors"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// An askedView is a request for information, with the day by which the law
// wants it answered.
type askedView struct {
	ID, Due, State, Class string
	Settled               string // by whom and when
}

// openAsked are the case's requests that nobody has settled, the one that is
// due first first.
func (f *caseFacts) openAsked() (all []register.InformationRequest) {
	for _, q := range f.Asked {
		if q.SettledAt.IsZero() {
			all = append(all, q)
		}
	}
	return all
}

func (d *Desk) askedViews(f *caseFacts) (all []askedView) {
	today := workday.DateOf(d.c.Now())
	for _, q := range f.Asked {
		v := askedView{ID: q.Message, Due: q.Due.Long()}
		switch {
		case !q.SettledAt.IsZero():
			v.State, v.Class, v.Settled = "Settled", "fine", q.SettledBy+", "+clockTime(q.SettledAt)
		case today.After(q.Due):
			v.State, v.Class = "Late", "hot"
		default:
			v.State = d.leftWords(q.Due)
			if d.c.Calendar.Between(today, q.Due) <= 2 {
				v.Class = "soon"
			}
		}
		all = append(all, v)
	}
	return all
}

// informationDeed settles a request for information. What is given out is
// written by a person: postroom subject-access collects it.
func informationDeed() deed {
	return deed{
		name: "information", title: says("The request for information is settled"), button: "Write it down", blame: "reason",
		leads: func(f *caseFacts) bool { return !f.complaint() },
		about: "Who asks for what we hold must have it within a calendar month, whatever becomes of the case. Nothing is sent by this: say here that they have it, or that the message asks for none.",
		offer: func(f *caseFacts) (bool, string) { return len(f.openAsked()) > 0, "" },
		fields: func(f *deedForm) []field {
			var all []option
			for _, q := range f.openAsked() {
				all = append(all, option{Value: q.Message, Name: "Asked in " + q.Reference, Hint: "received on " + q.ReceivedOn.Long() + ", to be given by " + q.Due.Long()})
			}
			first := ""
			if len(all) == 1 {
				first = all[0].Value
			}
			return []field{f.choice("radio", "message", "Which request?", "", first, all...), f.reason("How", "What was given, on which day and which way, or why it is none.")}
		},
		read: readInformation,
	}
}

func readInformation(f *deedForm) plan {
	references := map[string]string{}
	var all []string
	for _, q := range f.openAsked() {
		all, references[q.Message] = append(all, q.Message), q.Reference
	}
	message, how := f.chosen("message", "Choose the request", all...), f.words("reason", "Say how it was settled")
	return plan{then: "?message=" + message, do: func(ctx context.Context) ([]register.Hint, error) {
		err := f.d.c.Register.SettleInformation(ctx, references[message], f.who.Name, how)
		if errors.Is(err, register.ErrNotFound) { // the operator was quicker
			err = register.ErrConflict
		}
		return nil, err
	}}
}

// informationWords say what was written down about a request for information.
func informationWords(e register.Event) string {
	switch e.What {
	case "information_requested":
		return "A request for information: its month began"
	case "information_recounted":
		return "The day by which the information must be given was counted anew"
	case "information_settled":
		return "The request for information is settled"
	}
	return ""
}
