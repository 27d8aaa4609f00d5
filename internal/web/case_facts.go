package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"

	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// caseFacts are a case with all that its page and its forms look at.
type caseFacts struct {
	register.Case
	Clocks     []register.Clock
	Messages   []register.Message
	Replies    []register.Outgoing
	Answers    []register.Answer
	Extensions []register.Extended
	Actions    []register.Action
	Hazards    []register.HazardRecord
	Asked      []register.InformationRequest // what was asked to be told, such as all that is held about somebody
	People     []register.Person
	Resident   *register.ResidentRecord // nil: nobody knows whose case it is
	Links      []register.CaseLink
	Merged     []register.Case // that became part of this one
	Last       register.Event  // the newest act of a person: what is older was seen before it
	Limit      workday.Date    // the last day to which the answer may be put off
	Limited    bool
}

// findCase finds a case by what stands in the address: its id, or any of its
// references however they are typed.
func (d *Desk) findCase(ctx context.Context, name string) (register.ID, error) {
	id, err := d.c.Register.FindCase(ctx, name)
	if !errors.Is(err, register.ErrNotFound) {
		return id, err
	}
	ref, wrong := reference.Parse(name)
	if wrong != nil {
		return "", err
	}
	return d.c.Register.FindCase(ctx, ref)
}

func (d *Desk) caseFacts(r *http.Request) (*caseFacts, error) {
	id, err := d.findCase(r.Context(), r.PathValue("case"))
	if err != nil {
		return nil, err
	}
	return d.factsOf(r.Context(), id)
}

func (d *Desk) factsOf(ctx context.Context, id register.ID) (*caseFacts, error) {
	f, reg := &caseFacts{}, d.c.Register
	// Read first: what changes while the rest is read then shows as newer.
	var err error
	if f.Last, err = reg.LastAct(ctx, id); err != nil {
		return nil, err
	}
	if f.Case, f.Clocks, err = reg.GetCase(ctx, id); err != nil {
		return nil, err
	}
	f.Clocks = f.Counting(f.Clocks)
	if f.Case.Resident != "" {
		known, err := reg.GetResident(ctx, f.Case.Resident)
		if err != nil && !errors.Is(err, register.ErrNotFound) {
			return nil, err
		}
		if err == nil {
			f.Resident = &known
		}
	}
	for _, read := range []func() error{
		func() error { f.Messages, err = reg.CaseMessages(ctx, id); return err },
		func() error { f.Replies, err = reg.CaseOutgoings(ctx, id); return err },
		func() error { f.Answers, err = reg.Answers(ctx, id); return err },
		func() error { f.Extensions, err = reg.Extensions(ctx, id); return err },
		func() error { f.Actions, err = reg.Actions(ctx, id); return err },
		func() error { f.Hazards, err = reg.CaseHazards(ctx, id); return err },
		func() error { f.Asked, err = reg.CaseInformation(ctx, id); return err },
		func() error { f.People, err = reg.People(ctx, id); return err },
		func() error { f.Links, err = reg.CaseLinks(ctx, id); return err },
		func() error { f.Merged, err = reg.MergedCases(ctx, id); return err },
		func() error { f.Limit, f.Limited, err = reg.ExtensionLimit(ctx, id); return err },
	} {
		if err := read(); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// seen names the case as it stands: a form that was made from an older one is
// not carried out. A request for stage 2 makes another case of it, whoever
// decided that it is one.
func (f *caseFacts) seen() string {
	return strconv.FormatInt(f.Last.Seq, 10) + "-" + strconv.Itoa(f.Stage)
}

func (f *caseFacts) complaint() bool { return f.Kind == register.ComplaintCase }

// open reports whether officers can still work on it.
func (f *caseFacts) open() bool { return f.ClosedAt.IsZero() && f.MergedInto == "" }

// standing is the answer of the case's stage that was not withdrawn, if any.
func (f *caseFacts) standing(stage int) *register.Answer {
	for i, a := range f.Answers {
		if a.Stage == stage && a.WithdrawnAt.IsZero() {
			return &f.Answers[i]
		}
	}
	return nil
}

// answerClock is the clock of the stage's answer, if it has one.
func (f *caseFacts) answerClock() *register.Clock {
	return f.clock(f.answerName())
}

func (f *caseFacts) answerName() string {
	if f.Stage == 2 {
		return workday.Stage2Answer
	}
	return workday.Stage1Answer
}

// clock is one of the case's clocks by its name, if it has it.
func (f *caseFacts) clock(name string) *register.Clock {
	for i, k := range f.Clocks {
		if k.Name == name {
			return &f.Clocks[i]
		}
	}
	return nil
}

// next is the clock that is to be met first; nil when none runs.
func (f *caseFacts) next() *register.Clock {
	var first *register.Clock
	for i, k := range f.Clocks {
		if k.Running() && (first == nil || k.Counts().Before(first.Counts())) {
			first = &f.Clocks[i]
		}
	}
	return first
}

// waiting are the replies that only a person can give.
func (f *caseFacts) waiting() (all []register.Outgoing) {
	for _, o := range f.Replies {
		if o.State == register.Held || o.State == register.Failed || o.State == register.Uncertain {
			all = append(all, o)
		}
	}
	return all
}
