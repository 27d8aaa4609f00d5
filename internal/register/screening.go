package register

import (
	"context"
	"time"
)

// A ScreeningState is what is known of a file that may hold malware.
type ScreeningState string

// The states of a screening.
const (
	Unscreened  ScreeningState = "waiting"     // nobody has looked yet
	Clean       ScreeningState = "clean"       // nothing was found
	Infected    ScreeningState = "found"       // something was
	Unscannable ScreeningState = "unscannable" // the scanner cannot look at it
)

// A Screening is what the malware scanner said of a file, by the SHA-256 of
// its content.
type Screening struct {
	File       string
	State      ScreeningState
	Found      string // the scanner's name for it, or why it cannot be looked at
	Tries      int
	Since      time.Time
	LookedAt   time.Time
	ReleasedBy string // who let it be opened although it was not found clean
	ReleasedAt time.Time
}

// Open reports whether the file may be given out. What malware was found in
// never may, whoever says so.
func (s Screening) Open() bool {
	return s.State == Clean || s.ReleasedBy != "" && s.State != Infected
}

const screeningColumns = `file, state, found, tries, since, looked_at, released_by, released_at`

func scanScreening(row scanner) (s Screening, err error) {
	var since, looked, released int64
	err = row.Scan(&s.File, &s.State, &s.Found, &s.Tries, &since, &looked, &s.ReleasedBy, &released)
	s.Since, s.LookedAt, s.ReleasedAt = instant(since), instant(looked), instant(released)
	return s, err
}

// Screening reads what is known of a file; ErrNotFound when nothing is.
func (r *Register) Screening(ctx context.Context, file string) (Screening, error) {
	return get(ctx, r, "screening", scanScreening, `SELECT `+screeningColumns+` FROM screening WHERE file = $1`, file)
}

// ScreeningsDue lists up to n files that are to be looked at, the one that has
// waited longest first.
func (r *Register) ScreeningsDue(ctx context.Context, at time.Time, n int) ([]Screening, error) {
	return list(ctx, r, "screenings due", scanScreening, `SELECT `+screeningColumns+` FROM screening
		WHERE state = 'waiting' AND next_at <= $1 ORDER BY next_at LIMIT $2`, micros(at), n)
}

// expectScreening has a file looked at, where that was not done.
func (r *Register) expectScreening(t *tx, file string) error {
	if !r.cfg.Screened {
		return nil
	}
	return t.exec(`INSERT INTO screening (file, state, since, next_at) VALUES ($1, 'waiting', $2, $2) ON CONFLICT DO NOTHING`, file, micros(t.now))
}

// TryScreening counts a try to look at a file before it is made, so that a
// file that kills its scanner is known, and keeps others from it until then.
// False: somebody else looks at it, or it does not wait.
func (r *Register) TryScreening(ctx context.Context, file string, until time.Time) (bool, error) {
	ours, err := result(ctx, r, func(t *tx) (bool, error) {
		n, err := t.affected(`INSERT INTO screening (file, state, since, next_at, tries) VALUES ($1, 'waiting', $2, $3, 1)
			ON CONFLICT (file) DO UPDATE SET tries = screening.tries + 1, next_at = excluded.next_at
			WHERE screening.state = 'waiting' AND screening.next_at <= $2`, file, micros(t.now), micros(until))
		return n == 1, err
	})
	return ours, wrap("try screening", err)
}

// PutOffScreening has a file looked at again then. Uncounted: the scanner was
// not there, which was not the file's doing.
func (r *Register) PutOffScreening(ctx context.Context, file string, until time.Time, uncounted bool) error {
	return wrap("put off screening", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`UPDATE screening SET next_at = $2, tries = tries - CAST($3 AS BIGINT) WHERE file = $1 AND state = 'waiting'`,
			file, micros(until), bit(uncounted))
	}))
}

// Screened records what the scanner said of a file. What was found, and what
// cannot be looked at, goes into the history of each message that came as it.
func (r *Register) Screened(ctx context.Context, file string, state ScreeningState, found string) error {
	return wrap("screened", r.writes.do(ctx, func(t *tx) error {
		err := t.exec(`INSERT INTO screening (file, state, found, since, next_at, looked_at) VALUES ($1, $2, $3, $4, $4, $4)
			ON CONFLICT (file) DO UPDATE SET state = excluded.state, found = excluded.found, looked_at = excluded.looked_at`,
			file, state, clean(found), micros(t.now))
		if err != nil || state == Clean {
			return err
		}
		err = t.noteScreening(file, "postroom", map[ScreeningState]string{Infected: "malware_found", Unscannable: "malware_not_looked_for"}[state], detail{"found": clean(found)})
		if err != nil || state != Infected {
			return err
		}
		return t.tellOfMalware(file, found)
	}))
}

// tellOfMalware calls people once for each message that came as the file. What
// is found in old post and in junk folders is shown, and calls nobody: there
// may be much of it, and nobody is about to open it.
func (t *tx) tellOfMalware(file, found string) error {
	ids, err := idsWithin(t, `SELECT id FROM message WHERE original = $1 AND history = 0 AND junk = 0 AND erased_at = 0`, file)
	for _, id := range ids {
		if err == nil {
			err = raise(t, "malware/"+id, Alarm{Kind: MalwareAlarm, Message: id, Note: "malware was found in what came, and is held; the scanner calls it " + found})
		}
	}
	return err
}

// mostHeld bounds what QueueScreenings lists.
const mostHeld = 2000

// QueueScreenings lists what is known of the messages in the review queue whose
// files may not be given out, by the messages' ids.
func (r *Register) QueueScreenings(ctx context.Context) (map[ID]Screening, error) {
	held := map[ID]Screening{}
	_, err := list(ctx, r, "queue screenings", func(row scanner) (ID, error) {
		var id ID
		var s Screening
		err := row.Scan(&id, &s.File, &s.State, &s.Found)
		held[id] = s
		return id, err
	}, `SELECT m.id, s.file, s.state, s.found FROM screening s JOIN message m ON m.original = s.file
		WHERE s.state <> 'clean' AND s.released_by = '' AND m.state = 'review' LIMIT $1`, mostHeld)
	return held, err
}

// ReleaseScreening lets people open what came as a message although the
// scanner has not found it clean. That they did, and why, is in its history.
// ErrConflict: it was looked at meanwhile, or malware was found in it.
func (r *Register) ReleaseScreening(ctx context.Context, message ID, by, why string) error {
	return wrap("release screening", r.writes.do(ctx, func(t *tx) error {
		file, err := originalOf(t, message)
		if err != nil {
			return err
		}
		n, err := t.affected(`UPDATE screening SET released_by = $2, released_at = $3 WHERE file = $1 AND state IN ('waiting', 'unscannable')`,
			file, clean(by), micros(t.now))
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrConflict
		}
		subject := messageSubject(message)
		return t.note(subject, by, "opened_unscreened", detail{"why": t.said(subject, why)})
	}))
}

// ScreenAgain has what came as a message looked at anew: signatures change,
// and what was taken for malware may be none.
func (r *Register) ScreenAgain(ctx context.Context, message ID, by string) error {
	return wrap("screen again", r.writes.do(ctx, func(t *tx) error {
		file, err := originalOf(t, message)
		if err != nil {
			return err
		}
		err = t.exec(`UPDATE screening SET state = 'waiting', tries = 0, next_at = $2, since = $2, released_by = '', released_at = 0 WHERE file = $1`, file, micros(t.now))
		if err != nil {
			return err
		}
		return t.note(messageSubject(message), by, "malware_looked_for_again", detail{})
	}))
}

func originalOf(t *tx, message ID) (file string, err error) {
	return file, t.one(`SELECT original FROM message WHERE id = $1`, []any{message}, &file)
}

// noteScreening writes a line into the history of each message that came as
// the file.
func (t *tx) noteScreening(file, by, what string, d detail) error {
	var ids []ID
	if err := t.each(`SELECT id FROM message WHERE original = $1 AND erased_at = 0`, []any{file}, collect(&ids, func(row scanner) (id ID, err error) { return id, row.Scan(&id) })); err != nil {
		return err
	}
	for _, id := range ids {
		if err := t.note(messageSubject(id), by, what, d); err != nil {
			return err
		}
	}
	return nil
}

// ScreeningCounts are what waits for the scanner, or for a person because of
// it.
type ScreeningCounts struct {
	Waiting, Infected, Unscannable int
	Oldest                         time.Time // since when the oldest waits; zero: none does
}

// CountScreenings counts files that are not known to be clean. Those that
// somebody let out are not counted.
func (r *Register) CountScreenings(ctx context.Context) (c ScreeningCounts, err error) {
	rows, err := list(ctx, r, "count screenings", func(row scanner) (Screening, error) {
		var s Screening
		var since int64
		err := row.Scan(&s.State, &s.Tries, &since)
		s.Since = instant(since)
		return s, err
	}, `SELECT state, count(*), min(since) FROM screening WHERE state <> 'clean' AND released_by = '' GROUP BY state`)
	for _, s := range rows {
		switch s.State {
		case Unscreened:
			c.Waiting, c.Oldest = s.Tries, s.Since
		case Infected:
			c.Infected = s.Tries
		case Unscannable:
			c.Unscannable = s.Tries
		case Clean:
		}
	}
	return c, err
}
