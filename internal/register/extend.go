package register

import (
	"context"
	"errors"
	"strconv"
	"time"

	"postroom/internal/workday"
)

// An Extending is an officer's wish to put an answer off.
type Extending struct {
	Case   ID
	Stage  int
	By     string
	Reason string       // as the resident will read it (Code 6.4)
	To     workday.Date // the new day
}

// An Extended is an extension as it was recorded. It counts from the moment
// at which the resident was told in writing, if that was before the old day.
type Extended struct {
	ID       ID
	Case     ID
	Clock    string
	By       string
	AskedAt  time.Time
	Reason   string
	OldDue   workday.Date // the day that counted when it was asked for
	NewDue   workday.Date
	ToldAt   time.Time // when the letter went; zero while it has not
	Late     bool      // it went after the old day, and moved nothing
	Outgoing ID
}

const extensionColumns = `id, case_id, clock, by_whom, asked_at, reason, old_due, new_due, told_at, late, outgoing_id`

func scanExtension(row scanner) (e Extended, err error) {
	var asked, told, late int64
	var oldDue, newDue string
	if err = row.Scan(&e.ID, &e.Case, &e.Clock, &e.By, &asked, &e.Reason, &oldDue, &newDue, &told, &late, &e.Outgoing); err != nil {
		return e, err
	}
	e.AskedAt, e.ToldAt, e.Late = instant(asked), instant(told), late == 1
	if e.OldDue, err = dateOf(oldDue); err != nil {
		return e, err
	}
	e.NewDue, err = dateOf(newDue)
	return e, err
}

// Extend puts an answer off: only before the day that counts, within the
// scheme's limit, with a reason and a new day. It owes the letter that says
// so, with the Ombudsman's details (Code 6.4, 6.5, 6.15, 6.16). The clock
// moves when that letter has gone, and not before: an extension that the
// resident did not hear of in time extends nothing.
func (r *Register) Extend(ctx context.Context, e Extending) ([]Hint, error) {
	hints, err := result(ctx, r, func(t *tx) ([]Hint, error) { return r.extend(t, e) })
	return hints, wrap("extend", err)
}

func (r *Register) extend(t *tx, e Extending) ([]Hint, error) {
	if err := byPerson(e.By); err != nil {
		return nil, err
	}
	reason, err := words(e.Reason, "An extension needs a reason that the resident can read.")
	if err != nil {
		return nil, err
	}
	c, err := openComplaint(t, e.Case)
	if err != nil {
		return nil, err
	}
	_, name := stageClocks(e.Stage)
	k, err := clockOf(t, c.ID, name)
	if errors.Is(err, ErrNotFound) {
		return nil, notAllowed("The case is not at stage %d.", e.Stage)
	}
	if err == nil {
		err = r.mayExtend(t, c, k, e)
	}
	if err != nil {
		return nil, err
	}
	about := About{Reason: reason, OldDate: k.Counts(), NewDate: e.To}
	outgoing, hints, err := r.oweAbout(t, c, Extension, e.Stage, k.Counts().End(), about)
	if err != nil {
		return nil, err
	}
	err = t.exec(`INSERT INTO extension (id, case_id, clock, by_whom, asked_at, reason, old_due, new_due, outgoing_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		newID(t.now), c.ID, name, clean(e.By), micros(t.now), reason, dateText(k.Counts()), dateText(e.To), outgoing)
	if err != nil {
		return nil, err
	}
	return hints, t.note(caseSubject(c.ID), e.By, "extension_asked", detail{
		"clock": name, "due": dateText(k.Counts()), "new_due": dateText(e.To), "reason": t.said(c.ID, reason), "outgoing": outgoing,
	})
}

// mayExtend says why an extension is refused, or nil.
func (r *Register) mayExtend(t *tx, c Case, k Clock, e Extending) error {
	today, counts := workday.DateOf(t.now), k.Counts()
	received, err := clockReceived(t, c.ID, e.Stage)
	if err != nil {
		return err
	}
	var pending int
	err = t.one(`SELECT count(*) FROM extension e JOIN outgoing o ON o.id = e.outgoing_id
		WHERE e.case_id = $1 AND e.clock = $2 AND e.told_at = 0 AND o.state <> 'cancelled'`, []any{c.ID, k.Name}, &pending)
	if err != nil {
		return err
	}
	last, limited := r.schemeFor(received).Extended(r.cfg.Calendar, k.Name, k.BaseDue)
	switch {
	case !k.MetAt.IsZero():
		return notAllowed("The answer has been given already.")
	case today.After(counts):
		return notAllowed("The answer was due on %s. It can only be put off before that day.", counts.Long())
	case !e.To.After(counts):
		return notAllowed("The new day must be after %s, the day that counts now.", counts.Long())
	case limited && e.To.After(last):
		return notAllowed("The answer can be put off to %s at the latest.", last.Long())
	case pending > 0:
		return notAllowed("An extension is on its way to the resident already.")
	}
	return nil
}

// extensionTold moves the clock once the letter has gone, if it went in time.
func (r *Register) extensionTold(t *tx, o Outgoing, at time.Time, d detail) error {
	e, err := row(t, scanExtension, `SELECT `+extensionColumns+` FROM extension WHERE outgoing_id = $1`, o.ID)
	if err != nil {
		return err
	}
	k, err := clockOf(t, e.Case, e.Clock)
	gone := errors.Is(err, ErrNotFound) // the case was found to have begun at the other stage
	if err = notMissing(err); err != nil {
		return err
	}
	e.Late = gone || workday.DateOf(at).After(k.Counts()) || !k.Running()
	d["clock"], d["late"] = e.Clock, strconv.FormatBool(e.Late)
	if err := t.exec(`UPDATE extension SET told_at = $1, late = $2 WHERE id = $3`, micros(at), bit(e.Late), e.ID); err != nil {
		return err
	}
	if gone {
		return nil
	}
	if e.Late {
		return raise(t, "late extension/"+e.ID, Alarm{Kind: DeadlineAlarm, Message: o.Message, Case: e.Case, Note: "an extension went out after the old day, so it moves nothing: the answer is late"})
	}
	if err := t.exec(`UPDATE clock SET promised = $1 WHERE case_id = $2 AND name = $3`, dateText(e.NewDue), e.Case, e.Clock); err != nil {
		return err
	}
	_, err = r.recount(t, e.Case, o.Stage, true, d)
	return err
}

// Extensions lists the extensions of a case, oldest first.
func (r *Register) Extensions(ctx context.Context, caseID ID) ([]Extended, error) {
	return list(ctx, r, "extensions", scanExtension, `SELECT `+extensionColumns+` FROM extension WHERE case_id = $1 ORDER BY asked_at, id`, caseID)
}
