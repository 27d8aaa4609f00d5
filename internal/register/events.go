package register

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

func messageSubject(id ID) string { return "message:" + id }
func caseSubject(id ID) string    { return "case:" + id }

// detail is what an event says: ids, states and digests, never a resident's
// words, so that erasing the words does not break the chain.
type detail map[string]string

// digest stands for words in a history: salted with the subject, so that
// equal words in two histories do not show as equal.
func digest(subject, words string) string {
	if words == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(subject + "\x00" + words))
	return hex.EncodeToString(sum[:8])
}

// note appends a line to a history. Two processes that append at once collide
// on the primary key, and one of them does its transaction again.
func (t *tx) note(subject, by, what string, d detail) error {
	last, known := t.last[subject]
	if !known {
		err := t.one(`SELECT seq, hash FROM event WHERE subject = $1 ORDER BY seq DESC LIMIT 1`, []any{subject}, &last.seq, &last.hash)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return t.append(subject, last.seq+1, last.hash, by, what, d)
}

// A line is the end of a history as this transaction left it.
type line struct {
	seq  int64
	hash string
}

// begin writes the first line of a history, of something that was made in
// this transaction.
func (t *tx) begin(subject, by, what string, d detail) error {
	return t.append(subject, 1, "", by, what, d)
}

func (t *tx) append(subject string, seq int64, prev, by, what string, d detail) error {
	for k, v := range d {
		if v == "" {
			delete(d, k)
		}
	}
	e := Event{Subject: subject, Seq: seq, At: t.now, By: clean(by), What: what, Detail: d}
	text := asJSON(d)
	t.touch(subject, stales(what))
	if id, ok := strings.CutPrefix(subject, "case:"); ok && stales(what) == stale {
		delete(t.opened, id)
	}
	hash := e.chain(prev, text)
	err := t.exec(`INSERT INTO event (subject, seq, at, by_whom, what, detail, hash) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		e.Subject, e.Seq, micros(e.At), e.By, e.What, text, hash)
	if err != nil {
		return err
	}
	if t.last == nil {
		t.last = map[string]line{}
	}
	t.last[subject] = line{seq, hash}
	for _, stands := range d {
		words, known := t.words[stands]
		if !known {
			continue
		}
		delete(t.words, stands)
		if err := t.exec(`INSERT INTO event_words (subject, seq, words) VALUES ($1, $2, $3)`, e.Subject, e.Seq, words); err != nil {
			return err
		}
	}
	return nil
}

// said stands for an officer's words in a history, as digest does, and has the
// words kept beside the line that they stand in, where erasure reaches them.
func (t *tx) said(subject, words string) string {
	stands := digest(subject, words)
	if words = strings.TrimSpace(clean(words)); words != "" {
		if t.words == nil {
			t.words = map[string]string{}
		}
		t.words[stands] = words
	}
	return stands
}

// forgetWords takes what officers said out of a history; their digests stay.
func (t *tx) forgetWords(subject string) error {
	return t.exec(`DELETE FROM event_words WHERE subject = $1`, subject)
}

// chain is the hash that ties an event to the one before it.
func (e Event) chain(prev, detail string) string {
	h := sha256.New()
	for _, field := range []string{prev, e.Subject, strconv.FormatInt(e.Seq, 10), strconv.FormatInt(micros(e.At), 10), e.By, e.What, detail} {
		_, _ = fmt.Fprintf(h, "%d:%s,", len(field), field) // lengths, so that no two lines read the same
	}
	return hex.EncodeToString(h.Sum(nil))
}

// History reads a subject's events, oldest first. A subject is "message:ID"
// or "case:ID".
func (r *Register) History(ctx context.Context, subject string) ([]Event, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT e.subject, e.seq, e.at, e.by_whom, e.what, e.detail, e.hash, COALESCE(w.words, '')
		FROM event e LEFT JOIN event_words w ON w.subject = e.subject AND w.seq = e.seq WHERE e.subject = $1 ORDER BY e.seq`, subject)
	if err != nil {
		return nil, wrap("history", err)
	}
	var events []Event
	err = drain(rows, func(rows *sql.Rows) error {
		var words string
		e, _, err := scanEvent(moreColumns{rows, []any{&words}})
		e.Words = words
		events = append(events, e)
		return err
	})
	return events, wrap("history", err)
}

func scanEvent(rows scanner) (e Event, text string, err error) {
	var at int64
	if err := rows.Scan(&e.Subject, &e.Seq, &at, &e.By, &e.What, &text, &e.Hash); err != nil {
		return e, "", err
	}
	e.At = instant(at)
	return e, text, json.Unmarshal([]byte(text), &e.Detail)
}

// VerifyHistories reads every history and names the subjects whose chain is
// broken: a line changed, taken away or put in.
func (r *Register) VerifyHistories(ctx context.Context) ([]string, error) {
	rows, err := r.db.QueryContext(ctx, `SELECT subject, seq, at, by_whom, what, detail, hash FROM event ORDER BY subject, seq`)
	if err != nil {
		return nil, wrap("verify histories", err)
	}
	var broken []string
	var last Event
	err = drain(rows, func(rows *sql.Rows) error {
		e, text, err := scanEvent(rows)
		if err != nil {
			return err
		}
		if e.Subject != last.Subject {
			last = Event{Subject: e.Subject}
		}
		if e.Seq != last.Seq+1 || e.Hash != e.chain(last.Hash, text) {
			if n := len(broken); n == 0 || broken[n-1] != e.Subject {
				broken = append(broken, e.Subject)
			}
		}
		last = e
		return nil
	})
	return broken, wrap("verify histories", err)
}

// shortList joins ids for an event.
func shortList(ids []string) string { return strings.Join(ids, " ") }
