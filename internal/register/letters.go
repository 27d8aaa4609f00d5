package register

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"postroom/internal/workday"
)

// inTray is the condition that no batch holds a letter.
const inTray = `EXISTS (SELECT 1 FROM letter l WHERE l.outgoing_id = outgoing.id AND l.batch_id = '')`

// A Printed letter goes into the tray: its exact bytes are in the archive.
type Printed struct {
	Beginning
	Address []string // as printed
	Pages   int
	Large   bool
}

// A TrayLetter is a letter that is to be posted, or was.
type TrayLetter struct {
	Outgoing
	Printed    []string // the address on it
	Pages      int
	Large      bool
	PostBy     workday.Date
	ReadyAt    time.Time
	Batch      ID // empty: in the tray
	Place      int
	PostedOn   workday.Date
	ReturnedAt time.Time

	promisedBefore string // the answer clock's promise before it was posted
}

// A PrintBatch is what was printed together.
type PrintBatch struct {
	ID       ID
	Name     string // such as "26-11-25/1"
	MadeAt   time.Time
	MadeBy   string
	Pickup   bool // each letter is a file, for a printing service
	Letters  int
	Pages    int
	Printed  int // how often its files were written
	PostedOn workday.Date
	PostedBy string
	MarkedAt time.Time // when that was said
}

// Tray lays printed letters into the tray. ErrStale stands in the place of an
// attempt that is no longer the caller's.
func (r *Register) Tray(ctx context.Context, ls []Printed) ([]error, error) {
	return settleAll(ctx, r, "tray", ls, r.tray)
}

func (r *Register) tray(t *tx, l Printed) error {
	n, err := t.affected(`UPDATE outgoing SET state = 'to_print', begun = attempt, begun_at = $1, bytes = $2, subject = $3, promised = $4, lease_until = 0, why = ''
		WHERE id = $5 AND attempt = $6 AND state = 'sending'`,
		micros(t.now), l.Bytes, clean(l.Subject), dateText(l.Promised), l.ID, l.Attempt)
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrStale
	}
	o, err := outgoingByID(t, l.ID)
	if err != nil {
		return err
	}
	postBy := r.postBy(o)
	err = t.exec(`INSERT INTO letter (outgoing_id, address, pages, large, post_by, ready_at) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (outgoing_id) DO UPDATE SET address = $2, pages = $3, large = $4, post_by = $5, ready_at = $6, batch_id = '', place = 0, posted_on = '', returned_at = 0`,
		o.ID, clean(asJSON(l.Address)), l.Pages, bit(l.Large), dateText(postBy), micros(t.now))
	if err != nil {
		return err
	}
	return t.note(historyOf(o), "postroom", "to_print", detail{
		"outgoing": o.ID, "attempt": strconv.Itoa(l.Attempt), "bytes": l.Bytes, "guard": l.Guard, "pages": strconv.Itoa(l.Pages), "post_by": dateText(postBy),
	})
}

// postBy is the last day on which a letter is to be printed, so that it is in
// the post by its deadline.
func (r *Register) postBy(o Outgoing) workday.Date {
	return r.cfg.Calendar.Add(workday.DateOf(o.Deadline.Add(-time.Second)), -r.cfg.Policy.LetterDays)
}

const letterColumns = outgoingColumns + `, l.address, l.pages, l.large, l.post_by, l.ready_at, l.batch_id, l.place, l.posted_on, l.returned_at, l.promised_before`

const letterTables = ` FROM letter l JOIN outgoing o ON o.id = l.outgoing_id `

// moreColumns scans an outgoing that has more columns behind it.
type moreColumns struct {
	row  scanner
	more []any
}

func (m moreColumns) Scan(dest ...any) error { return m.row.Scan(append(dest, m.more...)...) }

func scanLetter(row scanner) (l TrayLetter, err error) {
	var address, postBy, postedOn string
	var large, ready, returned int64
	l.Outgoing, err = scanOutgoing(moreColumns{row, []any{&address, &l.Pages, &large, &postBy, &ready, &l.Batch, &l.Place, &postedOn, &returned, &l.promisedBefore}})
	if err != nil {
		return l, err
	}
	l.Large, l.ReadyAt, l.ReturnedAt = large == 1, instant(ready), instant(returned)
	if err := json.Unmarshal([]byte(address), &l.Printed); err != nil {
		return l, err
	}
	if l.PostBy, err = dateOf(postBy); err != nil {
		return l, err
	}
	l.PostedOn, err = dateOf(postedOn)
	return l, err
}

// TrayLetters lists up to n letters that wait for a batch, soonest first.
func (r *Register) TrayLetters(ctx context.Context, n int) ([]TrayLetter, error) {
	return list(ctx, r, "tray letters", scanLetter, `SELECT `+letterColumns+letterTables+`WHERE o.state = 'to_print' AND l.batch_id = ''
		ORDER BY l.post_by, o.reference, o.id LIMIT $1`, n)
}

// LettersInTray lists those of the letters that wait for a batch, soonest first.
func (r *Register) LettersInTray(ctx context.Context, ids []ID) (all []TrayLetter, err error) {
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		l, err := get(ctx, r, "letters in tray", scanLetter, `SELECT `+letterColumns+letterTables+`WHERE o.id = $1 AND o.state = 'to_print' AND l.batch_id = ''`, id)
		if err == nil {
			all = append(all, l)
		} else if !errors.Is(err, ErrNotFound) {
			return nil, err
		}
	}
	slices.SortFunc(all, func(a, b TrayLetter) int {
		return cmp.Or(a.PostBy.Compare(b.PostBy), cmp.Compare(a.Reference, b.Reference), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// BatchLetters lists the letters of a batch in their order.
func (r *Register) BatchLetters(ctx context.Context, batch ID) ([]TrayLetter, error) {
	return list(ctx, r, "batch letters", scanLetter, `SELECT `+letterColumns+letterTables+`WHERE l.batch_id = $1 ORDER BY l.place`, batch)
}

// LettersNamed lists the letters with a reference, newest first.
func (r *Register) LettersNamed(ctx context.Context, reference string) ([]TrayLetter, error) {
	return list(ctx, r, "letters named", scanLetter, `SELECT `+letterColumns+letterTables+`WHERE o.reference = $1 ORDER BY l.ready_at DESC, o.id DESC`, reference)
}

// HeldLetters lists up to n letters that wait for a person, most urgent first.
func (r *Register) HeldLetters(ctx context.Context, n int) ([]Outgoing, error) {
	return list(ctx, r, "held letters", scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.way = 'letter' AND o.state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND o.state IN ('held', 'refused')
		ORDER BY o.deadline_at, o.id LIMIT $1`, n)
}

const batchColumns = `id, name, made_at, made_by, pickup, letters, pages, printed, posted_on, posted_by, marked_at`

func scanBatch(row scanner) (b PrintBatch, err error) {
	var made, pickup, marked int64
	var posted string
	if err = row.Scan(&b.ID, &b.Name, &made, &b.MadeBy, &pickup, &b.Letters, &b.Pages, &b.Printed, &posted, &b.PostedBy, &marked); err != nil {
		return b, err
	}
	b.MadeAt, b.Pickup, b.MarkedAt = instant(made), pickup == 1, instant(marked)
	b.PostedOn, err = dateOf(posted)
	return b, err
}

// Batches lists up to n print batches, newest first.
func (r *Register) Batches(ctx context.Context, n int) ([]PrintBatch, error) {
	return list(ctx, r, "batches", scanBatch, `SELECT `+batchColumns+` FROM print_batch ORDER BY made_at DESC, id DESC LIMIT $1`, n)
}

// BatchNamed finds a print batch.
func (r *Register) BatchNamed(ctx context.Context, name string) (PrintBatch, error) {
	return get(ctx, r, "batch named", scanBatch, `SELECT `+batchColumns+` FROM print_batch WHERE name = $1`, name)
}

// NextBatch is the name of the next batch: the day and a number.
func (r *Register) NextBatch(ctx context.Context) (string, error) {
	day := workday.DateOf(r.now()).String()[2:]
	var n int
	err := r.db.QueryRowContext(ctx, `SELECT count(*) + 1 FROM print_batch WHERE name LIKE $1`, day+"/%").Scan(&n)
	return fmt.Sprintf("%s/%d", day, n), wrap("next batch", err)
}

// MakeBatch records that letters were printed together, in that order.
// ErrConflict when one of them is not in the tray with these bytes any more,
// or the name is taken: look again and print anew.
func (r *Register) MakeBatch(ctx context.Context, b PrintBatch, letters []TrayLetter) (PrintBatch, error) {
	out, err := result(ctx, r, func(t *tx) (PrintBatch, error) { return makeBatch(t, b, letters) })
	return out, wrap("make batch", err)
}

func makeBatch(t *tx, b PrintBatch, letters []TrayLetter) (PrintBatch, error) {
	b.ID, b.MadeAt, b.Letters, b.Pages, b.Printed = newID(t.now), t.now, len(letters), 0, 1
	switch err := byPerson(b.MadeBy); {
	case b.Pickup && b.MadeBy == PickupActor:
		b.Printed = 0 // until BatchWritten
	case err != nil:
		return b, err
	}
	for i, l := range letters {
		b.Pages += l.Pages
		err := t.changed(`UPDATE letter SET batch_id = $1, place = $2 WHERE outgoing_id = $3 AND batch_id = ''
			AND EXISTS (SELECT 1 FROM outgoing o WHERE o.id = letter.outgoing_id AND o.state = 'to_print' AND o.bytes = $4)`, b.ID, i+1, l.ID, l.Bytes)
		if err != nil {
			return b, err
		}
		if err := t.note(historyOf(l.Outgoing), b.MadeBy, "printed", detail{"outgoing": l.ID, "batch": b.Name, "place": strconv.Itoa(i + 1)}); err != nil {
			return b, err
		}
	}
	n, err := t.affected(`INSERT INTO print_batch (id, name, made_at, made_by, pickup, letters, pages, printed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		b.ID, b.Name, micros(b.MadeAt), clean(b.MadeBy), bit(b.Pickup), b.Letters, b.Pages, int64(b.Printed))
	if err == nil && n == 0 {
		err = ErrConflict
	}
	return b, err
}

// Reprinted records that a batch's files were written once more.
func (r *Register) Reprinted(ctx context.Context, batch ID, by string) error {
	return wrap("reprinted", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		if err := t.changed(`UPDATE print_batch SET printed = printed + 1 WHERE id = $1`, batch); err != nil {
			return err
		}
		return eachLetter(t, batch, func(l TrayLetter) error {
			return t.note(historyOf(l.Outgoing), by, "printed_again", detail{"outgoing": l.ID})
		})
	}))
}

func eachLetter(t *tx, batch ID, do func(TrayLetter) error) error {
	var all []TrayLetter
	err := t.each(`SELECT `+letterColumns+letterTables+`WHERE l.batch_id = $1 ORDER BY l.place`, []any{batch},
		func(rows *sql.Rows) error { return collect(&all, scanLetter)(rows) })
	for _, l := range all {
		if err == nil {
			err = do(l)
		}
	}
	return err
}

// Posted records that a person has posted a batch on that day: each of its
// letters counts as sent then, and meets its clock.
func (r *Register) Posted(ctx context.Context, batch ID, on workday.Date, by string) error {
	return wrap("posted", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		b, err := row(t, scanBatch, `SELECT `+batchColumns+` FROM print_batch WHERE id = $1`, batch)
		switch {
		case err != nil:
			return err
		case !b.PostedOn.IsZero():
			return notAllowed("Batch %s was marked as posted on %s already.", b.Name, b.PostedOn.Long())
		case on.After(workday.DateOf(t.now)):
			return notAllowed("A batch cannot have been posted in the future.")
		case on.Before(workday.DateOf(b.MadeAt)):
			return notAllowed("Batch %s was printed on %s; it cannot have been posted before.", b.Name, workday.DateOf(b.MadeAt).Long())
		}
		if err := t.changed(`UPDATE print_batch SET posted_on = $1, posted_by = $2, marked_at = $3 WHERE id = $4 AND posted_on = ''`, dateText(on), clean(by), micros(t.now), batch); err != nil {
			return err
		}
		return eachLetter(t, batch, func(l TrayLetter) error { return r.posted(t, l, on, by) })
	}))
}

// posted counts a letter as sent: at this moment, or at the last moment of an
// earlier day, which is all that is known of it.
func (r *Register) posted(t *tx, l TrayLetter, on workday.Date, by string) error {
	at := t.now
	if on != workday.DateOf(t.now) {
		at = on.End().Add(-time.Second)
	}
	err := t.changed(`UPDATE outgoing SET state = 'sent', sent_at = $1, why = '' WHERE id = $2 AND state = 'to_print'`, micros(at), l.ID)
	if err == nil {
		err = t.exec(`UPDATE letter SET posted_on = $1 WHERE outgoing_id = $2`, dateText(on), l.ID)
	}
	if err == nil {
		err = promiseBefore(t, l)
	}
	if err != nil {
		return err
	}
	d := detail{"outgoing": l.ID, "kind": string(l.Kind), "on": on.String()}
	if err := r.follow(t, l.Outgoing, at, d); err != nil {
		return err
	}
	return t.note(historyOf(l.Outgoing), by, "posted", d)
}

// Pull takes a letter out of the tray or its batch, before it is posted: it
// was spoilt, or should not go. It waits for a person, who releases or
// cancels it; released, it is printed anew.
func (r *Register) Pull(ctx context.Context, id ID, by, reason string) error {
	return wrap("pull", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		reason, err := words(reason, "Say why the letter is pulled.")
		if err != nil {
			return err
		}
		l, err := row(t, scanLetter, `SELECT `+letterColumns+letterTables+`WHERE o.id = $1`, id)
		if err != nil {
			return err
		}
		err = t.changed(`UPDATE outgoing SET state = 'held', why = $1, begun_at = 0 WHERE id = $2 AND state = 'to_print'`, "pulled: "+reason, id)
		if errors.Is(err, ErrConflict) {
			return notAllowed("The letter is not in the tray or in a batch that waits to be posted.")
		}
		if err == nil {
			err = t.exec(`DELETE FROM letter WHERE outgoing_id = $1`, id)
		}
		if err == nil && l.Batch != "" {
			err = t.exec(`UPDATE print_batch SET letters = letters - 1, pages = pages - $1 WHERE id = $2`, l.Pages, l.Batch)
		}
		if err != nil {
			return err
		}
		return t.note(historyOf(l.Outgoing), by, "pulled", detail{"outgoing": id, "batch": l.Batch, "reason": t.said(id, reason)})
	}))
}

// Returned records that a letter came back undelivered. It was posted, so its
// clock stays met; but the person has not had it, and the address is doubtful
// until somebody has confirmed one.
func (r *Register) Returned(ctx context.Context, id ID, by, reason string) error {
	return wrap("returned", r.writes.do(ctx, func(t *tx) error {
		if err := byPerson(by); err != nil {
			return err
		}
		l, err := row(t, scanLetter, `SELECT `+letterColumns+letterTables+`WHERE o.id = $1`, id)
		if err != nil {
			return err
		}
		why := "the letter came back undelivered"
		if reason != "" {
			why += ": " + clean(reason)
		}
		err = t.changed(`UPDATE outgoing SET state = 'refused', why = $1 WHERE id = $2 AND way = 'letter' AND state = 'sent'`, why, id)
		if errors.Is(err, ErrConflict) {
			return notAllowed("Only a letter that was posted can come back.")
		}
		if err == nil {
			err = t.exec(`UPDATE letter SET returned_at = $1 WHERE outgoing_id = $2`, micros(t.now), id)
		}
		if err == nil {
			err = t.exec(`UPDATE cases SET postal_ok = 0 WHERE id = $1`, l.Case)
		}
		if err == nil {
			err = t.note(historyOf(l.Outgoing), by, "returned", detail{"outgoing": id, "reason": t.said(id, reason)})
		}
		if err != nil {
			return err
		}
		return unsent(t, l.Outgoing, "a letter came back undelivered; please find another address or another way")
	}))
}

// outgoingsOf reads the outgoing for which a condition holds.
func outgoingsOf(t *tx, where string, args ...any) ([]Outgoing, error) {
	var all []Outgoing
	err := t.each(`SELECT `+outgoingColumns+` FROM outgoing o JOIN (SELECT id AS found FROM outgoing WHERE `+where+`) f ON f.found = o.id ORDER BY o.id`, args,
		func(rows *sql.Rows) error { return collect(&all, scanOutgoing)(rows) })
	return all, err
}
