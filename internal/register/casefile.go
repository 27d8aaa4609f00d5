package register

import (
	"context"
	"slices"
)

// A CaseFile is all that the register knows about a case, and about the cases
// that were merged into it.
type CaseFile struct {
	Case       Case
	Merged     []Case // that became part of this one
	Linked     []Case
	Clocks     []Clock
	Messages   []Message // oldest first
	Decisions  map[ID][]DecisionMade
	Replies    []Outgoing // oldest first, without alerts to the landlord's own people
	Rulings    map[ID][]ReplyRuling
	Answers    []Answer
	Extensions []Extended
	Actions    []Action
	Hazards    []HazardRecord
	People     []Person
	Events     []Event // of the cases and of their messages, oldest first
	Views      []View  // who looked at them, oldest first
}

// CaseFile reads a case by one of its references: the case's own or that of a
// message that joined it. ErrNotFound when it has no case.
func (r *Register) CaseFile(ctx context.Context, reference string) (CaseFile, error) {
	var f CaseFile
	id, err := r.FindCase(ctx, reference)
	if err != nil {
		return f, err
	}
	if f.Case, f.Clocks, err = r.GetCase(ctx, id); err != nil {
		return f, err
	}
	f.Merged, err = list(ctx, r, "case file", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.id IN (`+familyOf+`) AND c.id <> $1 ORDER BY c.opened_at, c.id`, f.Case.ID)
	if err != nil {
		return f, err
	}
	if f.Linked, err = r.LinkedCases(ctx, f.Case.ID); err != nil {
		return f, err
	}
	f.Decisions, f.Rulings = map[ID][]DecisionMade{}, map[ID][]ReplyRuling{}
	if err := r.addMessagesToFile(ctx, &f); err != nil {
		return f, err
	}
	for _, c := range append([]Case{f.Case}, f.Merged...) {
		if err := r.addToFile(ctx, &f, c.ID); err != nil {
			return f, err
		}
	}
	slices.SortStableFunc(f.Messages, func(a, b Message) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	slices.SortStableFunc(f.Events, func(a, b Event) int { return a.At.Compare(b.At) })
	slices.SortStableFunc(f.Views, func(a, b View) int { return a.At.Compare(b.At) })
	return f, nil
}

// mostViews bounds how many views of a case its file tells of, the newest.
const mostViews = 20_000

// addMessagesToFile adds the messages of the case and of all that were merged
// into it.
func (r *Register) addMessagesToFile(ctx context.Context, f *CaseFile) (err error) {
	if f.Messages, err = r.CaseMessages(ctx, f.Case.ID); err != nil {
		return err
	}
	for _, m := range f.Messages {
		if f.Decisions[m.ID], err = r.Decisions(ctx, m.ID); err != nil {
			return err
		}
		if err := r.addEvents(ctx, f, messageSubject(m.ID)); err != nil {
			return err
		}
	}
	return nil
}

// addToFile adds what belongs to one case alone.
func (r *Register) addToFile(ctx context.Context, f *CaseFile, id ID) error {
	replies, err := r.CaseOutgoings(ctx, id)
	if err != nil {
		return err
	}
	for _, o := range replies {
		if o.Kind == Alert {
			continue
		}
		f.Replies = append(f.Replies, o)
		if f.Rulings[o.ID], err = r.ReplyRulings(ctx, o.ID); err != nil {
			return err
		}
	}
	answers, err := r.Answers(ctx, id)
	if err != nil {
		return err
	}
	extensions, err := r.Extensions(ctx, id)
	if err != nil {
		return err
	}
	actions, err := r.Actions(ctx, id)
	if err != nil {
		return err
	}
	hazards, err := r.CaseHazards(ctx, id)
	if err != nil {
		return err
	}
	people, err := r.People(ctx, id)
	if err != nil {
		return err
	}
	views, err := r.CaseViews(ctx, id, mostViews)
	if err != nil {
		return err
	}
	f.Views = append(f.Views, views...)
	f.Hazards, f.People = append(f.Hazards, hazards...), append(f.People, people...)
	f.Answers, f.Extensions, f.Actions = append(f.Answers, answers...), append(f.Extensions, extensions...), append(f.Actions, actions...)
	return r.addEvents(ctx, f, caseSubject(id))
}

func (r *Register) addEvents(ctx context.Context, f *CaseFile, subject string) error {
	events, err := r.History(ctx, subject)
	f.Events = append(f.Events, events...)
	return err
}

// Exported writes down that a case was given out, by whom and for what.
func (r *Register) Exported(ctx context.Context, caseID ID, by, what string) error {
	return wrap("exported", r.writes.do(ctx, func(t *tx) error {
		if _, err := caseByID(t, caseID); err != nil {
			return err
		}
		return t.note(caseSubject(caseID), by, "given_out", detail{"what": what})
	}))
}
