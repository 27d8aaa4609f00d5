package register

import (
	"context"
	"database/sql"
	"errors"
)

// Cursor reads how far a mailbox was taken in; ok is false for one never seen.
func (r *Register) Cursor(ctx context.Context, mailbox string) (c Cursor, ok bool, err error) {
	c.Mailbox = mailbox
	err = r.db.QueryRowContext(ctx, `SELECT uid_validity, high_water FROM mailbox_cursor WHERE mailbox = $1`, mailbox).Scan(&c.UIDValidity, &c.HighWater)
	if errors.Is(err, sql.ErrNoRows) {
		return c, false, nil
	}
	return c, err == nil, wrap("cursor", err)
}

// OpenUIDs lists the UIDs that are open under this UIDVALIDITY, ascending.
func (r *Register) OpenUIDs(ctx context.Context, mailbox string, uidValidity uint32) ([]UIDNote, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT uid, state, attempts, why, message_id FROM mailbox_uid
		WHERE mailbox = $1 AND uid_validity = $2 ORDER BY uid`, mailbox, int64(uidValidity))
	if err != nil {
		return nil, wrap("open uids", err)
	}
	var notes []UIDNote
	err = drain(rows, collect(&notes, func(s scanner) (n UIDNote, err error) {
		return n, s.Scan(&n.UID, &n.State, &n.Attempts, &n.Why, &n.Message)
	}))
	return notes, wrap("open uids", err)
}

// Advance writes what is open about UIDs and moves the high-water mark, never
// backwards under one UIDVALIDITY. Another UIDVALIDITY starts anew (RFC 9051,
// section 2.3.1.1), and the old rows go. ErrStale, and nothing written, when
// the hold is lost.
func (r *Register) Advance(ctx context.Context, c Cursor, notes []UIDNote, under Hold) error {
	return wrap("advance "+c.Mailbox, r.writes.do(ctx, func(t *tx) error {
		if err := r.mustHold(t, under); err != nil {
			return err
		}
		err := t.exec(`INSERT INTO mailbox_cursor (mailbox, uid_validity, high_water) VALUES ($1, $2, $3)
			ON CONFLICT (mailbox) DO UPDATE SET
				high_water = CASE WHEN mailbox_cursor.uid_validity = excluded.uid_validity AND mailbox_cursor.high_water > excluded.high_water
					THEN mailbox_cursor.high_water ELSE excluded.high_water END,
				uid_validity = excluded.uid_validity`,
			c.Mailbox, int64(c.UIDValidity), int64(c.HighWater))
		if err != nil {
			return err
		}
		if err := t.exec(`DELETE FROM mailbox_uid WHERE mailbox = $1 AND uid_validity <> $2`, c.Mailbox, int64(c.UIDValidity)); err != nil {
			return err
		}
		for _, n := range notes {
			if err := noteUID(t, c, n); err != nil {
				return err
			}
		}
		return nil
	}))
}

func noteUID(t *tx, c Cursor, n UIDNote) error {
	if n.State == UIDSettled {
		return t.exec(`DELETE FROM mailbox_uid WHERE mailbox = $1 AND uid_validity = $2 AND uid = $3`, c.Mailbox, int64(c.UIDValidity), int64(n.UID))
	}
	return t.exec(`INSERT INTO mailbox_uid (mailbox, uid_validity, uid, state, attempts, why, message_id) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (mailbox, uid_validity, uid) DO UPDATE SET state = excluded.state, attempts = excluded.attempts, why = excluded.why, message_id = excluded.message_id`,
		c.Mailbox, int64(c.UIDValidity), int64(n.UID), n.State, n.Attempts, clean(n.Why), n.Message)
}

// NotePoll keeps what a poller last saw. A poll that failed keeps the time and
// the figures of the last good one.
func (r *Register) NotePoll(ctx context.Context, s MailboxStatus) error {
	return wrap("note poll", r.writes.do(ctx, func(t *tx) error {
		if s.Problem != "" {
			return t.exec(`INSERT INTO mailbox_status (mailbox, polled_at, last_uid, backlog, parked, unfiled, problem, problem_at, limited) VALUES ($1, 0, 0, 0, 0, 0, $2, $3, $4)
				ON CONFLICT (mailbox) DO UPDATE SET problem = excluded.problem, problem_at = excluded.problem_at, limited = excluded.limited`,
				s.Mailbox, clean(s.Problem), micros(t.now), bit(s.Limited))
		}
		return t.exec(`INSERT INTO mailbox_status (mailbox, polled_at, last_uid, backlog, parked, unfiled, problem, problem_at) VALUES ($1, $2, $3, $4, $5, $6, '', 0)
			ON CONFLICT (mailbox) DO UPDATE SET polled_at = excluded.polled_at, last_uid = excluded.last_uid, backlog = excluded.backlog,
				parked = excluded.parked, unfiled = excluded.unfiled, problem = '', problem_at = 0, limited = 0`,
			s.Mailbox, micros(s.PolledAt), int64(s.LastUID), s.Backlog, s.Parked, s.Unfiled)
	}))
}
