package register

import (
	"context"
	"fmt"
)

// pageSize is how many rows a long look reads at once: no read stays open for
// so long that the database cannot tidy up behind it.
const pageSize = 1000

// A File is one that the register names and the archive must hold.
type File struct {
	Of        string // "message", "reply" or "answer": whose bytes they are
	ID        ID
	Reference string
	Name      string // in the archive: the SHA-256
	Size      int64  // 0: not known
}

// Files calls fn for every file that the register names, until fn fails.
func (r *Register) Files(ctx context.Context, fn func(File) error) error {
	for _, q := range []struct{ of, query string }{
		{"message", `SELECT id, reference, original, size FROM message WHERE id > $1 AND erased_at = 0 ORDER BY id LIMIT $2`},
		{"reply", `SELECT id, reference, bytes, 0 FROM outgoing WHERE id > $1 AND bytes <> '' ORDER BY id LIMIT $2`},
		{"answer", `SELECT a.id, c.reference, a.file, 0 FROM answer a JOIN cases c ON c.id = a.case_id WHERE a.id > $1 AND a.file <> '' ORDER BY a.id LIMIT $2`},
	} {
		scan := func(s scanner) (File, error) {
			f := File{Of: q.of}
			return f, s.Scan(&f.ID, &f.Reference, &f.Name, &f.Size)
		}
		for last := ""; ; {
			page, err := list(ctx, r, "files", scan, q.query, last, pageSize)
			if err != nil {
				return err
			}
			for _, f := range page {
				if err := fn(f); err != nil {
					return err
				}
				last = f.ID
			}
			if len(page) < pageSize {
				break
			}
		}
	}
	return nil
}

// A Contradiction is something that the register says and that cannot be.
type Contradiction struct {
	Of        string // "message", "case" or "reply"
	ID        ID
	Reference string
	What      string // in a sentence's second half
}

func (c Contradiction) String() string {
	return fmt.Sprintf("%s %s (%s): %s", c.Of, c.ID, c.Reference, c.What)
}

// A rule names the rows that break it, as id and reference.
type rule struct{ of, what, query string }

// consistency is what must hold in every register at every moment, whatever
// was killed when.
func consistency() []rule {
	return []rule{
		{
			"message", "it has no history",
			`SELECT m.id, m.reference FROM message m WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.subject = 'message:' || m.id AND e.seq = 1)`,
		},
		{
			"message", "it is filed, but under no case",
			`SELECT m.id, m.reference FROM message m WHERE m.state = 'filed' AND m.case_id = ''`,
		},
		{
			"message", "the case that it belongs to is not there",
			`SELECT m.id, m.reference FROM message m WHERE m.case_id <> '' AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = m.case_id)`,
		},
		{
			"message", "a decision about it is missing",
			`SELECT m.id, m.reference FROM message m WHERE m.decisions <> (SELECT count(*) FROM decision d WHERE d.message_id = m.id)`,
		},
		{
			"case", "it has no history",
			`SELECT c.id, c.reference FROM cases c WHERE NOT EXISTS (SELECT 1 FROM event e WHERE e.subject = 'case:' || c.id AND e.seq = 1)`,
		},
		{
			"case", "it has no clock",
			`SELECT c.id, c.reference FROM cases c WHERE c.kind <> 'enquiry' AND NOT EXISTS (SELECT 1 FROM clock k WHERE k.case_id = c.id)`,
		},
		{
			"case", "it is at stage 2 and has no clock for it",
			`SELECT c.id, c.reference FROM cases c WHERE c.kind = 'complaint' AND c.stage = 2
				AND NOT EXISTS (SELECT 1 FROM clock k WHERE k.case_id = c.id AND k.name LIKE 'stage2%')`,
		},
		{
			"case", "it is an open complaint and nothing acknowledges it",
			`SELECT c.id, c.reference FROM cases c WHERE c.kind = 'complaint' AND c.closed_at = 0 AND c.merged_into = ''
				AND NOT EXISTS (SELECT 1 FROM outgoing o WHERE o.case_id = c.id AND o.kind = 'acknowledgement' AND o.stage = c.stage AND o.state <> 'cancelled')
				AND EXISTS (SELECT 1 FROM clock k WHERE k.case_id = c.id AND k.met_at = 0 AND k.name = 'stage' || c.stage || '_acknowledgement')`,
		},
		{
			"reply", "the case that it is about is not there",
			`SELECT o.id, o.reference FROM outgoing o WHERE o.case_id <> '' AND NOT EXISTS (SELECT 1 FROM cases c WHERE c.id = o.case_id)`,
		},
		{
			"reply", "the message that it answers is not there",
			`SELECT o.id, o.reference FROM outgoing o WHERE o.message_id <> '' AND NOT EXISTS (SELECT 1 FROM message m WHERE m.id = o.message_id)`,
		},
		{
			"reply", "it was sent by email, but its bytes were not kept",
			`SELECT o.id, o.reference FROM outgoing o WHERE o.state = 'sent' AND o.way = 'email' AND o.begun > 0 AND o.bytes = '' AND o.erased_at = 0`,
		},
		{
			// The end of a history can be cut off without breaking the chain.
			"reply", "it was sent, and no history says so",
			`SELECT o.id, o.reference FROM outgoing o WHERE o.state = 'sent' AND NOT EXISTS (SELECT 1 FROM event e
				WHERE e.subject IN ('case:' || o.case_id, 'message:' || o.message_id, 'outgoing:' || o.id)
				AND e.what IN ('sent', 'posted', 'given_by_hand') AND e.detail LIKE '%' || o.id || '%')`,
		},
	}
}

// Contradictions lists what in the register cannot be true at once. Each rule
// is one read, so a register in use is seen as it was at a moment.
func (r *Register) Contradictions(ctx context.Context) ([]Contradiction, error) {
	var all []Contradiction
	for _, rule := range consistency() {
		found, err := list(ctx, r, "contradictions", func(s scanner) (Contradiction, error) {
			c := Contradiction{Of: rule.of, What: rule.what}
			return c, s.Scan(&c.ID, &c.Reference)
		}, rule.query)
		if err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	found, err := r.wrongEntries(ctx)
	return append(all, found...), err
}

// Extent is how much a register holds.
type Extent struct{ Messages, Cases, Replies, Events int }

// Extent counts what the register holds.
func (r *Register) Extent(ctx context.Context) (Extent, error) {
	return get(ctx, r, "extent", func(s scanner) (e Extent, err error) {
		return e, s.Scan(&e.Messages, &e.Cases, &e.Replies, &e.Events)
	}, `SELECT (SELECT count(*) FROM message), (SELECT count(*) FROM cases), (SELECT count(*) FROM outgoing), (SELECT count(*) FROM event)`)
}
