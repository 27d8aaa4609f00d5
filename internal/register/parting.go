package register

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"
)

// lateReading is how long a letter that a person parted or typed in late has
// until the fail-safe acts on it: reading takes minutes.
const lateReading = time.Hour

// A Parting says which letters a file holds, as a person sees its pages.
type Parting struct {
	File    ID
	Version int64 // of the message, as it was seen
	By      string
	Begins  []int // the first page of each letter; one page: it is one letter
	Dropped []int // separator sheets and blank sides, which belong to no letter
}

// PartFile registers the letters of a file that waits for a person, received
// with it, and settles the file; where it is one letter it stays the message
// that it is. They are read as the reader reads letters after separators. A
// page that nobody dropped by name is in a letter: none is lost. It returns
// what is to be read now. ErrConflict when the message changed since it was
// seen.
func (r *Register) PartFile(ctx context.Context, p Parting) ([]ID, error) {
	ids, err := result(ctx, r, func(t *tx) ([]ID, error) { return r.partFile(t, p) })
	return ids, wrap("part file", err)
}

func (r *Register) partFile(t *tx, p Parting) ([]ID, error) {
	if err := byPerson(p.By); err != nil {
		return nil, err
	}
	m, err := letterInReview(t, p.File, p.Version)
	if err != nil {
		return nil, err
	}
	if m.Reading == nil || m.Reading.Paper == nil || len(m.Reading.Paper.Pages) == 0 {
		return nil, notAllowed("Nothing is known of this file's pages. Type the letter in, or scan it again.")
	}
	letters, err := p.letters(m.Reading.Paper.Pages)
	if err != nil {
		return nil, err
	}
	d := detail{"dropped_pages": asJSON(p.Dropped), "pages": asJSON(letters)}
	if len(letters) == 1 {
		if err := setHandPages(t, m.ID, letters[0]); err != nil {
			return nil, err
		}
		if err := t.note(messageSubject(m.ID), p.By, "one_letter", d); err != nil {
			return nil, err
		}
		return []ID{m.ID}, readAnew(t, m, "")
	}
	parts := make([]Part, len(letters))
	for i, pages := range letters {
		parts[i] = Part{Number: i + 1, Pages: pages}
	}
	if err := r.closeFile(t, m, parts, p.By, d); err != nil {
		return nil, err
	}
	ids := make([]ID, len(parts))
	for i, part := range parts {
		err := t.one(`UPDATE message SET failsafe_at = CASE WHEN failsafe_at > 0 AND failsafe_at < $1 THEN $1 ELSE failsafe_at END WHERE fingerprint = $2 RETURNING id`,
			[]any{micros(t.now.Add(lateReading)), PartFingerprint(m.Fingerprint, part.Number)}, &ids[i])
		if err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// handOver gives the case that a file has, which the fail-safe opened, to its
// first letter: its clocks run on, and nothing is left behind.
func handOver(t *tx, file Message, by string) error {
	if file.Case == "" {
		return nil
	}
	var first ID
	if err := t.one(`SELECT id FROM message WHERE fingerprint = $1`, []any{PartFingerprint(file.Fingerprint, 1)}, &first); err != nil {
		return err
	}
	for _, query := range []string{
		`UPDATE cases SET message_id = $1 WHERE message_id = $2`,
		`UPDATE cases SET stage2_message = $1 WHERE stage2_message = $2 AND stage2_message <> ''`,
		`UPDATE message SET case_id = (SELECT case_id FROM message WHERE id = $2), failsafe_at = 0 WHERE id = $1`,
		`UPDATE message SET case_id = '' WHERE id = $2 AND id <> $1`,
	} {
		if err := t.exec(query, first, file.ID); err != nil {
			return err
		}
	}
	return t.note(caseSubject(file.Case), by, "parted", detail{"message": first, "message_before": file.ID})
}

// letters are the pages of each letter. all are those of the file.
func (p Parting) letters(all []int) ([][]int, error) {
	begins, dropped := slices.Clone(p.Begins), slices.Clone(p.Dropped)
	slices.Sort(begins)
	slices.Sort(dropped)
	begins, dropped = slices.Compact(begins), slices.Compact(dropped)
	for _, n := range slices.Concat(begins, dropped) {
		if !slices.Contains(all, n) {
			return nil, notAllowed("The file has no page %d that could be parted.", n)
		}
	}
	var letters [][]int
	for _, n := range all {
		begin, drop := slices.Contains(begins, n), slices.Contains(dropped, n)
		switch {
		case begin && drop:
			return nil, notAllowed("Page %d cannot begin a letter and belong to none.", n)
		case drop:
		case begin:
			letters = append(letters, []int{n})
		case len(letters) == 0:
			return nil, notAllowed("Page %d belongs to no letter. Say that a letter begins there, or that it is a separator sheet or blank.", n)
		default:
			last := len(letters) - 1
			letters[last] = append(letters[last], n)
		}
	}
	if len(letters) == 0 {
		return nil, notAllowed("Say on which page each letter begins.")
	}
	return letters, nil
}

// letterInReview reads a letter that waits for a person, as somebody saw it.
func letterInReview(t *tx, id ID, version int64) (Message, error) {
	m, err := messageByID(t, id)
	switch {
	case err != nil:
		return m, err
	case m.Channel != Letter:
		return m, notAllowed("This is no letter on paper.")
	case m.State == Filed, m.State == Recorded:
		return m, notAllowed("Somebody has decided on this letter. Put it back into the queue first.")
	case m.State != InReview || m.Version != version:
		return m, ErrConflict
	}
	return m, nil
}

// readAnew puts a letter back among those that are to be read; its case, if
// it has one, stays with it. With a reading it is taken from there.
func readAnew(t *tx, m Message, reading string) error {
	if reading == "" && m.Reading != nil {
		reading = asJSON(m.Reading) // what the fail-safe may go by meanwhile
	}
	failsafe := micros(m.FailsafeAt)
	if failsafe > 0 {
		failsafe = max(failsafe, micros(t.now.Add(lateReading)))
	}
	return t.changed(`UPDATE message SET state = 'arrived', attempts = 0, lease_until = 0, problem = '', reading = $1, not_read = 0, failsafe_at = $2, version = version + 1
		WHERE id = $3 AND version = $4 AND state = 'review'`, reading, failsafe, m.ID, m.Version)
}

func setHandPages(t *tx, message ID, pages []int) error {
	return t.exec(`INSERT INTO hand_pages (message_id, pages) VALUES ($1, $2) ON CONFLICT (message_id) DO UPDATE SET pages = excluded.pages`, message, asJSON(pages))
}

// HandPages are the pages of a letter's original as a person parted it; none
// where nobody did.
func (r *Register) HandPages(ctx context.Context, message ID) ([]int, error) {
	pages, err := get(ctx, r, "hand pages", func(row scanner) (pages []int, err error) {
		var text string
		if err = row.Scan(&text); err != nil {
			return nil, err
		}
		return pages, json.Unmarshal([]byte(text), &pages)
	}, `SELECT pages FROM hand_pages WHERE message_id = $1`, message)
	return pages, notMissing(err)
}

// PartsOf lists the letters of a file, in their order.
func (r *Register) PartsOf(ctx context.Context, file ID) ([]Message, error) {
	parts, err := list(ctx, r, "parts", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.part_of <> '' AND m.part_of = $1`, file)
	slices.SortFunc(parts, func(a, b Message) int { return cmp.Compare(PartNumber(a.Fingerprint), PartNumber(b.Fingerprint)) })
	return parts, err
}

// NotReadLetters lists up to n letters in review that are still to be read:
// those that the fail-safe opened unread, and with the programs that read
// letters those that wait for them.
func (r *Register) NotReadLetters(ctx context.Context, programs bool, n int) ([]ID, error) {
	ids, err := r.ids(ctx, `SELECT id FROM message WHERE not_read = 1 AND state = 'review' AND ($1 = 1 OR reading = '') ORDER BY id LIMIT $2`, bit(programs), n)
	return ids, wrap("letters not read", err)
}

// ReadAgain has letters read that NotReadLetters listed. One that a person has
// dealt with meanwhile stays as it is.
func (r *Register) ReadAgain(ctx context.Context, ids []ID) error {
	_, errs, err := batch(ctx, r, ids, errOnly(func(t *tx, id ID) error {
		var waits int64
		err := t.one(`SELECT not_read FROM message WHERE id = $1 AND state = 'review'`, []any{id}, &waits)
		if errors.Is(err, ErrNotFound) || err == nil && waits == 0 {
			return nil
		}
		if err != nil {
			return err
		}
		m, err := messageByID(t, id)
		if err != nil {
			return err
		}
		if err := readAnew(t, m, ""); err != nil {
			return err
		}
		return t.note(messageSubject(m.ID), "postroom", "read_again", detail{"case": m.Case})
	}))
	return wrap("read again", errors.Join(append(errs, err)...))
}

// openLate records what was read of a letter whose case was opened before it
// could be read: a person decides on both.
func (r *Register) openLate(t *tx, m Message, o Opening) (Opened, error) {
	out := Opened{Message: m.ID, State: InReview, Case: m.Case, Reference: m.Reference}
	c, err := livingCase(t, m.Case)
	if err != nil {
		return out, err
	}
	m.State, m.Problem = InReview, cmp.Or(o.Problem, "it had a case before it could be read; what it is about is for a person to say")
	if err := saveMessage(t, m); err != nil {
		return out, err
	}
	if err := recordDecision(t, m, ""); err != nil {
		return out, err
	}
	if err := noteOutcome(t, m, Plan{State: InReview, Why: m.Problem}); err != nil {
		return out, err
	}
	return out, r.raiseFlags(t, m, c)
}
