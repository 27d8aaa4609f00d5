package register

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"
)

// doubtfulWhy is why a reply waits that may have gone out between a backup and
// the loss of what came after it.
const doubtfulWhy = "the register was restored from a backup, and this reply may have gone out after it was made; look into the mail server's log, then let it go or drop it"

// A Restoration is what is known of a register that was restored.
type Restoration struct {
	BackedUpAt time.Time `json:"backed_up_at"`
	// LostAt is when the register that was backed up was lost: nothing that
	// arrived later was answered by it.
	LostAt time.Time `json:"lost_at"`
	// Rescan names the mailboxes whose filed mail is to be looked through too.
	Rescan []string `json:"rescan"`
}

// Restored makes a register that was copied back ready for use: everything
// that leaves is held until a person releases it, and what may have gone out
// since the backup is held reply by reply. Mailboxes are taken in from their
// start again, where fingerprints tell what is known. Nobody who was signed in
// then still is. It says how many replies wait for a person's look.
func (r *Register) Restored(ctx context.Context, by string, s Restoration) (doubtful int, err error) {
	err = r.writes.long(ctx, func(t *tx) error { // all that a register holds may have to be marked
		doubtful, err = restored(t, by, s)
		return err
	})
	return doubtful, wrap("restored", err)
}

func restored(t *tx, by string, s Restoration) (int, error) {
	if err := setSetting(t, settingRestored, asJSON(s), by); err != nil {
		return 0, err
	}
	if err := holdOutgoing(t, by, "the register was restored from a backup"); err != nil {
		return 0, err
	}
	for _, statement := range []string{
		`DROP TABLE IF EXISTS ` + unfinishedTable,
		`DELETE FROM mailbox_cursor`, `DELETE FROM mailbox_uid`, `DELETE FROM mailbox_status`, `DELETE FROM lease`, `DELETE FROM session`,
		`UPDATE message SET lease_until = 0 WHERE lease_until > 0`,
	} {
		if err := t.exec(statement); err != nil {
			return 0, err
		}
	}
	for _, mailbox := range s.Rescan {
		if err := setSetting(t, settingRescan+mailbox, "", by); err != nil {
			return 0, err
		}
	}
	n, err := t.affected(`UPDATE outgoing SET state = 'held', lease_until = 0, why = $1, begun_at = CASE WHEN state = 'to_print' THEN 0 ELSE begun_at END
		WHERE (state IN ('owed', 'sending') OR state = 'to_print' AND `+inTray+`) AND message_id <> '' AND kind NOT IN ('alert', 'digest')`, doubtfulWhy)
	if err != nil {
		return 0, err
	}
	// Released, a letter is printed anew.
	err = t.exec(`DELETE FROM letter WHERE batch_id = '' AND outgoing_id IN (SELECT id FROM outgoing WHERE state = 'held' AND why = $1)`, doubtfulWhy)
	if err != nil {
		return 0, err
	}
	return int(n), t.note(registerSubject, by, "restored", detail{
		"backed_up_at": strconv.FormatInt(micros(s.BackedUpAt), 10), "lost_at": strconv.FormatInt(micros(s.LostAt), 10), "doubtful": strconv.FormatInt(n, 10),
	})
}

// mayHaveGone reports whether a reply that is owed now may have gone out from
// a register that was lost: it answers post that had arrived by then.
func mayHaveGone(t *tx, o Outgoing) (bool, error) {
	if o.Message == "" || o.Kind == Alert {
		return false, nil
	}
	var text string
	var received int64
	err := t.one(`SELECT s.value, m.received_at FROM setting s, message m WHERE s.name = $1 AND m.id = $2`, []any{settingRestored, o.Message}, &text, &received)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var s Restoration
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return false, err
	}
	return !instant(received).After(s.LostAt), nil
}

// ReleaseDoubtful lets every reply go that waits because the register was
// restored, by a person's word that none of them has gone. It says how many.
func (r *Register) ReleaseDoubtful(ctx context.Context, by, reason string) (int, error) {
	ids, err := r.ids(ctx, `SELECT id FROM outgoing WHERE state = 'held' AND why = $1 ORDER BY deadline_at, id`, doubtfulWhy)
	if err != nil {
		return 0, wrap("release doubtful", err)
	}
	for i, id := range ids {
		if _, err := r.Release(ctx, id, by, reason); err != nil && !errors.Is(err, ErrConflict) {
			return i, err
		}
	}
	return len(ids), nil
}

// MustRescan reports whether a mailbox's filed mail is still to be looked
// through after a restore.
func (r *Register) MustRescan(ctx context.Context, mailbox string) (bool, error) {
	return get(ctx, r, "must rescan", func(row scanner) (must bool, err error) {
		var n int
		err = row.Scan(&n)
		return n > 0, err
	}, `SELECT count(*) FROM setting WHERE name = $1`, settingRescan+mailbox)
}

// Rescanned records that a mailbox's filed mail was looked through.
func (r *Register) Rescanned(ctx context.Context, mailbox string) error {
	return wrap("rescanned", r.writes.do(ctx, func(t *tx) error {
		was, err := dropSetting(t, settingRescan+mailbox)
		if err != nil || !was {
			return err
		}
		return t.note(registerSubject, "postroom", "rescanned", detail{"mailbox": mailbox})
	}))
}
