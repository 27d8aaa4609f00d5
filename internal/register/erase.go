package register

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"postroom/classify"
)

// An Erasure says what is to be forgotten, and why.
type Erasure struct {
	Reference string // of a case, or of a message without one
	By        string
	Class     string // the class of retention, or "request"
	Reason    string // not kept: its digest goes into the history
}

// Erase forgets the words, names, addresses and files of a closed case with
// all that belongs to it, or of a message that has none. What happened and when
// stays, so do references and histories, whose digests remain valid; and the
// fingerprint stays, so that the same bytes never come in again. The files are
// marked here and removed by whoever asks for Removals: a kill in between
// leaves nothing half-forgotten.
func (r *Register) Erase(ctx context.Context, e Erasure) error {
	return wrap("erase", r.writes.do(ctx, func(t *tx) error { return erase(t, e) }))
}

func erase(t *tx, e Erasure) error {
	m, err := row(t, scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.reference = $1`, e.Reference)
	id := m.Case
	switch {
	case notMissing(err) != nil:
		return err
	case err != nil: // a case that was split off has a reference that is no message's
		if err := t.one(`SELECT id FROM cases WHERE reference = $1`, []any{e.Reference}, &id); err != nil {
			return err
		}
	case m.Case == "":
		if m.State != Recorded && m.State != Split {
			return notAllowed("Nobody has decided on this message yet. Decide first.")
		}
		if err := mayForget(t, messageSubject(m.ID)); err != nil {
			return err
		}
		return eraseMessage(t, m, e)
	}
	c, err := caseByID(t, id)
	if err != nil {
		return err
	}
	if c.MergedInto != "" {
		return notAllowed("This case was merged into another one. Erase that one, and this goes with it.")
	}
	if err := mayForgetCase(t, c); err != nil {
		return err
	}
	family, err := idsWithin(t, familyOf, c.ID)
	if err != nil {
		return err
	}
	for _, id := range family {
		if err := eraseCase(t, id, e); err != nil {
			return err
		}
	}
	return nil
}

func idsWithin(t *tx, query string, args ...any) (ids []ID, err error) {
	err = t.each(query, args, func(rows *sql.Rows) error {
		return collect(&ids, func(s scanner) (id ID, err error) { return id, s.Scan(&id) })(rows)
	})
	return ids, err
}

func mayForgetCase(t *tx, c Case) error {
	if c.ClosedAt.IsZero() {
		return notAllowed("The case is open. Close it first.")
	}
	var sending int
	if err := t.one(`SELECT count(*) FROM outgoing WHERE case_id = $1 AND state = 'sending'`, []any{c.ID}, &sending); err != nil {
		return err
	}
	if sending > 0 {
		return notAllowed("A reply about this case is being sent at this moment. Try again.")
	}
	return mayForget(t, caseSubject(c.ID))
}

// mayForget refuses what somebody wants kept.
func mayForget(t *tx, subject string) error {
	var why string
	err := t.one(`SELECT why FROM keeping WHERE subject = $1`, []any{subject}, &why)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return notAllowed("It is kept on purpose: %s", why)
}

func eraseCase(t *tx, id ID, e Erasure) error {
	messages, err := idsWithin(t, `SELECT id FROM message WHERE case_id = $1`, id)
	if err != nil {
		return err
	}
	for _, message := range messages {
		m, err := messageByID(t, message)
		if err != nil {
			return err
		}
		if err := eraseMessage(t, m, e); err != nil {
			return err
		}
	}
	now := micros(t.now)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO removal (name, at) SELECT DISTINCT file, CAST($2 AS BIGINT) FROM answer WHERE case_id = $1 AND file <> '' ON CONFLICT DO NOTHING`, []any{id, now}},
		{`UPDATE answer SET text = '', file = '', file_name = '', remedies = '[]' WHERE case_id = $1`, []any{id}},
		{`UPDATE extension SET reason = '' WHERE case_id = $1`, []any{id}},
		{`UPDATE action SET what = '' WHERE case_id = $1`, []any{id}},
		{`DELETE FROM case_person WHERE case_id = $1`, []any{id}},
		{
			`UPDATE cases SET person_name = '', person_addr = '', postal = '[]', definition = $2, flags = '[]', erased_at = $3 WHERE id = $1`,
			[]any{id, asJSON(classify.Definition{}), now},
		},
	} {
		if err := t.exec(s.query, s.args...); err != nil {
			return err
		}
	}
	if err := eraseResident(t, id); err != nil {
		return err
	}
	if err := t.forgetWords(caseSubject(id)); err != nil {
		return err
	}
	if err := eraseReplies(t, "case_id", id); err != nil {
		return err
	}
	return t.note(caseSubject(id), e.By, "erased", detail{"class": e.Class, "reason": digest(id, e.Reason)})
}

// eraseResident forgets whose case it was, and the resident with the last case.
func eraseResident(t *tx, caseID ID) error {
	var resident ID
	if err := t.one(`SELECT resident_id FROM cases WHERE id = $1`, []any{caseID}, &resident); err != nil || resident == "" {
		return err
	}
	if err := t.exec(`UPDATE cases SET resident_id = '' WHERE id = $1`, caseID); err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM resident_key WHERE resident_id = $1 AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.resident_id = $1)`, resident); err != nil {
		return err
	}
	return t.exec(`DELETE FROM resident WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM resident_key k WHERE k.resident_id = $1)`, resident)
}

// eraseReplies forgets what was written to people, and to whom.
func eraseReplies(t *tx, column string, id ID) error {
	now := micros(t.now)
	for _, s := range []struct {
		query string
		args  []any
	}{
		{`INSERT INTO removal (name, at) SELECT DISTINCT bytes, CAST($2 AS BIGINT) FROM outgoing WHERE ` + column + ` = $1 AND bytes <> '' ON CONFLICT DO NOTHING`, []any{id, now}},
		{`UPDATE outgoing_ruling SET reason = '' WHERE outgoing_id IN (SELECT id FROM outgoing WHERE ` + column + ` = $1)`, []any{id}},
		{`UPDATE letter SET address = '[]' WHERE outgoing_id IN (SELECT id FROM outgoing WHERE ` + column + ` = $1)`, []any{id}},
		{`UPDATE alarm SET note = '' WHERE ` + column + ` = $1`, []any{id}},
		{
			`UPDATE outgoing SET to_name = '', to_addr = '', to_key = '', subject = '', note = '', why = '', about = '', bytes = '', erased_at = $2,
				state = CASE WHEN state IN ('owed', 'to_print', 'held', 'refused', 'unknown') THEN 'cancelled' ELSE state END WHERE ` + column + ` = $1`,
			[]any{id, now},
		},
	} {
		if err := t.exec(s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

func eraseMessage(t *tx, m Message, e Erasure) error {
	now := micros(t.now)
	if err := t.exec(`INSERT INTO removal (name, at) VALUES ($1, $2) ON CONFLICT DO NOTHING`, m.Original, now); err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM sameness WHERE message_id = $1`, m.ID); err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM screening WHERE file = $1`, m.Original); err != nil {
		return err // who still has the file has it looked at again
	}
	if err := t.exec(`DELETE FROM undo WHERE message_id = $1`, m.ID); err != nil {
		return err
	}
	if err := t.exec(`DELETE FROM scan_page WHERE original = $1`, m.Original); err != nil {
		return err
	}
	if err := t.exec(`UPDATE upload_file SET name = '' WHERE message_id = $1`, m.ID); err != nil {
		return err
	}
	if err := t.exec(`UPDATE information_request SET how = '' WHERE message_id = $1`, m.ID); err != nil {
		return err
	}
	if err := t.exec(`UPDATE hazard SET ended_why = '' WHERE message_id = $1`, m.ID); err != nil {
		return err
	}
	bare := Reading{Subject: "(erased)"}
	if m.Reading != nil {
		bare.Automatic = m.Reading.Automatic
	}
	err := t.exec(`UPDATE message SET mail_id = '', sender = '', text_key = '', problem = '', offered_why = '', reading = $2, erased_at = $3, version = version + 1 WHERE id = $1`,
		m.ID, asJSON(bare), now)
	if err != nil {
		return err
	}
	if err := eraseDecisions(t, m.ID); err != nil {
		return err
	}
	if err := t.forgetWords(messageSubject(m.ID)); err != nil {
		return err
	}
	if err := eraseReplies(t, "message_id", m.ID); err != nil {
		return err
	}
	return t.note(messageSubject(m.ID), e.By, "erased", detail{"class": e.Class, "reason": digest(m.ID, e.Reason)})
}

// eraseDecisions keeps what was decided, by whom and by which rules, and
// forgets the words.
func eraseDecisions(t *tx, message ID) error {
	verdicts := map[ID]string{}
	err := t.each(`SELECT id, verdict FROM decision WHERE message_id = $1`, []any{message}, func(rows *sql.Rows) error {
		var id ID
		var text string
		err := rows.Scan(&id, &text)
		verdicts[id] = text
		return err
	})
	if err != nil {
		return err
	}
	for id, text := range verdicts {
		var v Verdict
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			return err
		}
		v.Why, v.Definition = "erased", classify.Definition{}
		for i := range v.Evidence {
			v.Evidence[i].Quote, v.Evidence[i].Start, v.Evidence[i].End = "", 0, 0
		}
		if err := t.exec(`UPDATE decision SET reason = '', verdict = $2 WHERE id = $1`, id, asJSON(v)); err != nil {
			return err
		}
	}
	return nil
}

// Removals lists up to n files that are to be removed from the archive.
func (r *Register) Removals(ctx context.Context, n int) ([]string, error) {
	names, err := r.ids(ctx, `SELECT name FROM removal ORDER BY at, name LIMIT $1`, n)
	return names, wrap("removals", err)
}

// StillNamed reports whether something that is not erased has its bytes in
// that file.
func (r *Register) StillNamed(ctx context.Context, name string) (bool, error) {
	return get(ctx, r, "still named", func(s scanner) (named bool, err error) {
		var n int
		err = s.Scan(&n)
		return n > 0, err
	}, `SELECT (SELECT count(*) FROM message WHERE original = $1 AND erased_at = 0) + (SELECT count(*) FROM outgoing WHERE bytes = $1 AND bytes <> '')
		+ (SELECT count(*) FROM answer WHERE file = $1 AND file <> '')`, name)
}

// Removed records that a file is gone, or is to stay.
func (r *Register) Removed(ctx context.Context, name string) error {
	return wrap("removed", r.writes.do(ctx, func(t *tx) error { return t.exec(`DELETE FROM removal WHERE name = $1`, name) }))
}

// A RetentionClass is what is kept for the same time.
type RetentionClass string

// The classes of retention.
const (
	RetainComplaints RetentionClass = "complaint"
	RetainRequests   RetentionClass = "service_request"
	RetainEnquiries  RetentionClass = "enquiry"
	RetainOthers     RetentionClass = "other" // messages without a case
)

// Expired lists by reference up to n cases of a class that were closed before
// an instant, or messages without a case that were received before it, and
// that nobody wants kept.
func (r *Register) Expired(ctx context.Context, class RetentionClass, before time.Time, n int) ([]string, error) {
	query, args := `SELECT c.reference FROM cases c WHERE c.closed_at > 0 AND c.closed_at < $1 AND c.erased_at = 0 AND c.merged_into = '' AND c.kind = $3
		AND NOT EXISTS (SELECT 1 FROM keeping k WHERE k.subject = 'case:' || c.id) ORDER BY c.closed_at LIMIT $2`, []any{micros(before), n, class}
	if class == RetainOthers {
		query, args = `SELECT m.reference FROM message m WHERE m.received_at < $1 AND m.case_id = '' AND m.state IN ('recorded', 'split') AND m.erased_at = 0
			AND NOT EXISTS (SELECT 1 FROM keeping k WHERE k.subject = 'message:' || m.id) ORDER BY m.received_at LIMIT $2`, []any{micros(before), n}
	}
	references, err := r.ids(ctx, query, args...)
	return references, wrap("expired", err)
}

// Keep has a case, or a message without one, kept whatever its age, for a
// court or the Ombudsman. It takes any reference of the case.
func (r *Register) Keep(ctx context.Context, reference, by, why string) error {
	return wrap("keep", r.writes.do(ctx, func(t *tx) error {
		subject, err := keepable(t, reference)
		if err != nil {
			return err
		}
		err = t.exec(`INSERT INTO keeping (subject, why, at, by_whom) VALUES ($1, $2, $3, $4)
			ON CONFLICT (subject) DO UPDATE SET why = excluded.why, at = excluded.at, by_whom = excluded.by_whom`, subject, clean(why), micros(t.now), clean(by))
		if err != nil {
			return err
		}
		return t.note(subject, by, "kept", detail{"reason": digest(subject, why)})
	}))
}

// Unkeep ends Keep; ErrNotFound when nothing was kept.
func (r *Register) Unkeep(ctx context.Context, reference, by string) error {
	return wrap("unkeep", r.writes.do(ctx, func(t *tx) error {
		subject, err := keepable(t, reference)
		if err != nil {
			return err
		}
		n, err := t.affected(`DELETE FROM keeping WHERE subject = $1`, subject)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return t.note(subject, by, "kept_no_more", detail{})
	}))
}

func keepable(t *tx, reference string) (subject string, err error) {
	var message, caseID, into ID
	err = t.one(`SELECT m.id, m.case_id, COALESCE(c.merged_into, '') FROM message m LEFT JOIN cases c ON c.id = m.case_id WHERE m.reference = $1`,
		[]any{reference}, &message, &caseID, &into)
	if errors.Is(err, ErrNotFound) { // a case that was split off has a reference that is no message's
		err = t.one(`SELECT id, merged_into FROM cases WHERE reference = $1`, []any{reference}, &caseID, &into)
	}
	switch {
	case err != nil:
		return "", err
	case into != "":
		return caseSubject(into), nil
	case caseID != "":
		return caseSubject(caseID), nil
	}
	return messageSubject(message), nil
}
