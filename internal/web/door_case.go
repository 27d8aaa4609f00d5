package web

import (
	"errors"
	"net/http"
	"time"

	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A caseState is what a system is told of a case: how it stands, and by when
// what is due. Names, addresses, words and what officers wrote are not in it,
// and no decision before the resident was told of it.
type caseState struct {
	Reference   string         `json:"reference"`
	State       string         `json:"state"`
	Kind        string         `json:"kind,omitempty"`
	Stage       int            `json:"stage,omitempty"`
	ReceivedAt  string         `json:"received_at"`
	OpenedAt    string         `json:"opened_at,omitempty"`
	ClosedAt    string         `json:"closed_at,omitempty"`
	ClosedWhy   string         `json:"closed_because,omitempty"`
	NotAccepted string         `json:"not_accepted_because,omitempty"`
	Deadlines   []stateOfClock `json:"deadlines"`
	Answers     []stateOfReply `json:"answers"`
}

// The states of a case, and of a message that has none.
const (
	stateReceived = "received"  // registered, and being read
	stateInReview = "in_review" // an officer decides what it is
	stateNoCase   = "no_case"   // settled, with nothing to be answered
	stateOpen     = "open"
	stateClosed   = "closed"
)

type stateOfClock struct {
	Name  string `json:"name"`
	Due   string `json:"due"`
	State string `json:"state"` // running, met, stopped
	MetOn string `json:"met_on,omitempty"`
	Late  bool   `json:"late"`
}

type stateOfReply struct {
	Stage   int    `json:"stage"`
	GivenOn string `json:"given_on"`
	Outcome string `json:"outcome"`
}

// tell says how a case stands, by any of its references.
func (d *Desk) tell(w http.ResponseWriter, r *http.Request, k register.Token) {
	s, err := d.stateFor(r, k)
	switch {
	case errors.Is(err, register.ErrNotFound):
		detail := "There is no case under this reference, or your system did not hand it in. A token with the right to read sees every case."
		if tokenMay(k, mayAskAll) {
			detail = "There is no case under this reference."
		}
		d.refuse(w, r, refusal{Status: http.StatusNotFound, Code: "not_found", Detail: detail})
	case err != nil:
		d.away(w, r, err)
	default:
		writeJSON(w, http.StatusOK, s)
	}
}

// stateFor finds what the token may be told; register.ErrNotFound: nothing,
// whether or not there is something.
func (d *Desk) stateFor(r *http.Request, k register.Token) (caseState, error) {
	ref, err := reference.Parse(r.PathValue("reference"))
	if err != nil {
		return caseState{}, register.ErrNotFound
	}
	ctx := r.Context()
	m, err := d.c.Register.FindReference(ctx, ref)
	if err == nil && m.Case == "" {
		if !tokenMay(k, mayAskAll) && !k.System.GaveMessage(m) {
			return caseState{}, register.ErrNotFound
		}
		return messageState(m, d.c.Now()), nil
	}
	if err != nil && !errors.Is(err, register.ErrNotFound) {
		return caseState{}, err
	}
	id, err := d.c.Register.FindCase(ctx, ref)
	if err != nil {
		return caseState{}, err
	}
	c, clocks, err := d.livingCase(r, id)
	if err != nil {
		return caseState{}, err
	}
	if !tokenMay(k, mayAskAll) {
		gave, err := d.c.Register.Gave(ctx, k.System, c.ID)
		if err == nil && !gave {
			err = register.ErrNotFound
		}
		if err != nil {
			return caseState{}, err
		}
	}
	if err := d.c.Register.SystemViewed(ctx, c.ID, k.System, workday.DateOf(d.c.Now()).Start()); err != nil {
		return caseState{}, err
	}
	return d.stateOf(r, c, clocks)
}

// livingCase is the case, or the one that it was merged into.
func (d *Desk) livingCase(r *http.Request, id register.ID) (register.Case, []register.Clock, error) {
	for seen := map[register.ID]bool{}; ; {
		c, clocks, err := d.c.Register.GetCase(r.Context(), id)
		if err != nil || c.MergedInto == "" || seen[id] {
			return c, clocks, err
		}
		seen[id], id = true, c.MergedInto
	}
}

// messageState is how a message without a case stands.
func messageState(m register.Message, now time.Time) caseState {
	s := caseState{Reference: m.Reference, State: stateNoCase, ReceivedAt: londonTime(m.ReceivedAt), Deadlines: []stateOfClock{}, Answers: []stateOfReply{}}
	switch m.State {
	case register.Arrived:
		s.State = stateReceived
	case register.InReview:
		s.State = stateInReview
	case register.Filed, register.Recorded, register.Split:
		return s
	}
	s.Deadlines = append(s.Deadlines, stateOfClock{Name: workday.Stage1Acknowledgement, Due: m.Deadline.String(), State: "running", Late: workday.DateOf(now).After(m.Deadline)})
	return s
}

func (d *Desk) stateOf(r *http.Request, c register.Case, clocks []register.Clock) (caseState, error) {
	ctx := r.Context()
	began, err := d.c.Register.GetMessage(ctx, c.Message)
	if err != nil {
		return caseState{}, err
	}
	s := caseState{
		Reference: c.Reference, State: stateOpen, Kind: string(c.Kind), Stage: c.Stage, ReceivedAt: londonTime(began.ReceivedAt), OpenedAt: londonTime(c.OpenedAt),
		Deadlines: []stateOfClock{}, Answers: []stateOfReply{},
	}
	told, err := d.toldOfClosing(r, c)
	if err != nil {
		return caseState{}, err
	}
	if told {
		s.State, s.ClosedAt, s.ClosedWhy, s.NotAccepted = stateClosed, londonTime(c.ClosedAt), string(c.ClosedWhy), string(c.NotAccepted)
	}
	for _, clock := range c.Counting(clocks) {
		s.Deadlines = append(s.Deadlines, d.doorClock(clock, told))
	}
	answers, err := d.c.Register.Answers(ctx, c.ID)
	for _, a := range answers {
		if !a.GivenAt.IsZero() && a.WithdrawnAt.IsZero() {
			s.Answers = append(s.Answers, stateOfReply{a.Stage, workday.DateOf(a.GivenAt).String(), string(a.Outcome)})
		}
	}
	return s, err
}

// toldOfClosing reports whether a case is closed and the resident knows: that
// it is not accepted they learn from a letter, and not from a portal before it.
func (d *Desk) toldOfClosing(r *http.Request, c register.Case) (bool, error) {
	if c.ClosedAt.IsZero() || c.ClosedWhy != register.ClosedNotAccepted {
		return !c.ClosedAt.IsZero(), nil
	}
	sent, err := d.c.Register.CaseOutgoings(r.Context(), c.ID)
	for _, o := range sent {
		if o.Kind == register.NotAcceptedNotice && !o.SentAt.IsZero() {
			return true, nil
		}
	}
	return false, err
}

func (d *Desk) doorClock(k register.Clock, closed bool) stateOfClock {
	s := stateOfClock{Name: k.Name, Due: k.Counts().String(), State: "running", Late: k.Missed(d.c.Now())}
	switch {
	case !k.MetAt.IsZero():
		s.State, s.MetOn = "met", workday.DateOf(k.MetAt).String()
	case !k.StoppedAt.IsZero() && closed:
		s.State = "stopped"
	}
	return s
}
