package register

import (
	"context"
	"errors"
	"strconv"
	"time"

	"postroom/internal/workday"
)

// Receive registers arrivals (TX1): from here on their clocks run. Results
// stand in the order given; an item's Err is its own. An error means that the
// database failed, and says nothing of any item: repeat it all.
func (r *Register) Receive(ctx context.Context, as []Arrival) ([]Received, error) {
	out, errs, err := batch(ctx, r, as, r.receive)
	for i := range out {
		out[i].Err = wrap("receive", errs[i])
	}
	return out, wrap("receive", err)
}

func (r *Register) receive(t *tx, a Arrival) (Received, error) {
	if known, err := receivedBefore(t, a.Fingerprint); !errors.Is(err, ErrNotFound) {
		return known, err
	}
	m := r.arrived(t, a)
	for counter := 0; ; counter++ {
		m.Reference = r.cfg.References.Make(a.Fingerprint, workday.DateOf(a.ReceivedAt).Year, counter)
		switch err := insertMessage(t, m); {
		case errors.Is(err, ErrConflict) && counter < 1000:
			// Either the reference is another message's, or another process
			// registered the same bytes at this moment.
			if known, err := receivedBefore(t, a.Fingerprint); !errors.Is(err, ErrNotFound) {
				return known, err
			}
		case err != nil:
			return Received{}, err
		default:
			err := r.noteReceived(t, m)
			if err == nil {
				err = r.expectScreening(t, m.Original)
			}
			return Received{ID: m.ID, Reference: m.Reference, New: true, State: m.State, Deadline: m.Deadline}, err
		}
	}
}

// freshReference makes a reference for a case that is split off: the same for
// the same split, and no other message's or case's.
func (r *Register) freshReference(t *tx, fingerprint string, received time.Time) (string, error) {
	for counter := 0; ; counter++ {
		ref := r.cfg.References.Make(fingerprint, workday.DateOf(received).Year, counter)
		var taken int
		err := t.one(`SELECT (SELECT count(*) FROM message WHERE reference = $1) + (SELECT count(*) FROM cases WHERE reference = $1)`, []any{ref}, &taken)
		if err != nil || taken == 0 {
			return ref, err
		}
	}
}

func receivedBefore(t *tx, fingerprint string) (Received, error) {
	var known Received
	var deadline, original string
	var erased int64
	err := t.one(`SELECT id, reference, state, deadline, original, erased_at FROM message WHERE fingerprint = $1`,
		[]any{fingerprint}, &known.ID, &known.Reference, &known.State, &deadline, &original, &erased)
	if err != nil {
		return Received{}, err
	}
	if erased > 0 {
		// The door has put the bytes into the archive again.
		err := t.exec(`INSERT INTO removal (name, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, original, micros(t.now))
		if err != nil {
			return Received{}, err
		}
	}
	known.Deadline, err = dateOf(deadline)
	return known, err
}

// arrived computes the clocks that start with receipt (Code 6.2, 6.11: five
// working days from receipt).
func (r *Register) arrived(t *tx, a Arrival) Message {
	m := Message{
		ID: newID(t.now), Fingerprint: a.Fingerprint, Original: a.Original, Size: a.Size,
		Channel: a.Channel, Source: a.Source, Junk: a.Junk, History: a.History,
		ReceivedAt: a.ReceivedAt, Basis: a.Basis, RegisteredAt: t.now, State: Arrived, Version: 1, Problem: a.Problem,
	}
	if a.Problem != "" {
		m.State = InReview
	}
	m.Deadline = r.AcknowledgeBy(a.ReceivedAt)
	if !a.History {
		m.FailsafeAt = r.failsafeAt(a.Channel, a.ReceivedAt, m.Deadline)
	}
	return m
}

func insertMessage(t *tx, m Message) error {
	return t.changed(`INSERT INTO message (id, fingerprint, reference, original, size, channel, source, junk, history,
			received_at, basis, registered_at, deadline, failsafe_at, state, problem)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING`,
		m.ID, m.Fingerprint, m.Reference, m.Original, m.Size, m.Channel, clean(m.Source), bit(m.Junk), bit(m.History),
		micros(m.ReceivedAt), m.Basis, micros(m.RegisteredAt), dateText(m.Deadline), micros(m.FailsafeAt), m.State, clean(m.Problem))
}

func (r *Register) noteReceived(t *tx, m Message) error {
	return t.begin(messageSubject(m.ID), "postroom", "received", detail{
		"reference": m.Reference, "original": m.Original, "channel": string(m.Channel), "source": m.Source,
		"received_at": strconv.FormatInt(micros(m.ReceivedAt), 10), "basis": string(m.Basis), "deadline": dateText(m.Deadline),
		"problem": digest(m.ID, m.Problem),
	})
}
