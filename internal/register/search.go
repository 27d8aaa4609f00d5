package register

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"postroom/internal/terms"
	"postroom/internal/workday"
)

// A SearchState is where that stands which is looked for.
type SearchState string

// What a search may keep to.
const (
	FoundOpen     SearchState = "open"     // cases that are not closed
	FoundLate     SearchState = "late"     // and of them those whose next day has passed
	FoundClosed   SearchState = "closed"   // cases
	FoundReview   SearchState = "review"   // messages without a case that wait for a person
	FoundRecorded SearchState = "recorded" // messages that need no case
)

// A Search says what is looked for. What is empty is not asked.
type Search struct {
	Terms     []terms.Term
	Reference string      // as we write it: then nothing else counts
	State     SearchState // empty: every case, and messages too where there are Terms
	Kind      CaseKind
	Stage     int
	Topic     string
	Channel   Channel
	Officer   string // who answered or decided it
	From, To  workday.Date
	DueTo     workday.Date // the next deadline is on that day or before
	SoonFirst bool         // the soonest due first; otherwise the newest
	Skip, N   int
}

// A Found is a case, or a message without one, that a search found.
type Found struct {
	ID         ID
	Case       ID // empty: a message without one
	Message    ID // that opened the case, or is it
	Reference  string
	Kind       CaseKind // empty: a message
	Stage      int
	State      SearchState
	Due        workday.Date // the next clock that runs; zero: none
	ReceivedAt time.Time
	Channel    Channel
	Topics     []string
	Officer    string
	Private    bool // somebody may be in danger: its words stand in no list
	Who        string
	Place      string
	About      string
}

// mostCounted is how far a search counts.
const mostCounted = 1000

// Search lists what is found, and says how many there are, up to a thousand:
// then more is true where there are more.
func (r *Register) Search(ctx context.Context, s Search) (found []Found, n int, more bool, err error) {
	if s.Reference != "" {
		found, err = r.searchReference(ctx, s.Reference)
		return found, len(found), false, err
	}
	c := r.conditionsOf(s)
	held, n, err := r.spreadOf(ctx, s.Terms, len(c.texts) > 0)
	if err != nil {
		return nil, 0, false, err
	}
	found, err = r.listFound(ctx, s, c, held)
	if err != nil {
		return nil, 0, false, err
	}
	if len(c.texts) > 0 || !r.sqlite() {
		n, err = r.countFound(ctx, s, c, held)
	}
	return found, min(n, mostCounted), n > mostCounted, err
}

func (r *Register) listFound(ctx context.Context, s Search, c conditions, held spread) ([]Found, error) {
	c.holding(r, s.Terms, held)
	order := `received_at DESC, id DESC`
	if s.SoonFirst {
		order = `due_on, id`
	}
	query := `SELECT ` + entryFields + ` FROM search_entry WHERE ` + c.all() + ` ORDER BY ` + order + c.text(` LIMIT ? OFFSET ?`, max(1, s.N), max(0, s.Skip))
	return list(ctx, r, "search", scanFound, query, r.plannedAnew(c.args)...)
}

// countFound stops soon after mostCounted. On SQLite it goes through what holds
// the words, or, where they are common, through what fits the other conditions.
func (r *Register) countFound(ctx context.Context, s Search, c conditions, held spread) (int, error) {
	from := `search_entry`
	if len(s.Terms) > 0 && r.sqlite() && held != common {
		from = `search_words CROSS JOIN search_entry ON seq = search_words.rowid`
		c.and(`search_words MATCH ?`, r.matching(s.Terms))
	} else {
		c.holding(r, s.Terms, held)
	}
	query := `SELECT count(*) FROM (SELECT 1 FROM ` + from + ` WHERE ` + c.all() + c.text(` LIMIT ?`, mostCounted+1) + `) counted`
	return get(ctx, r, "search", func(row scanner) (n int, err error) { return n, row.Scan(&n) }, query, r.plannedAnew(c.args)...)
}

// plannedAnew has PostgreSQL plan a query for what it is asked each time. The
// plan for any words and filters, which it takes for a query that comes often,
// gathers and sorts whatever holds the words.
func (r *Register) plannedAnew(args []any) []any {
	if r.sqlite() {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}

// searchReference finds what has that reference, or had it once.
func (r *Register) searchReference(ctx context.Context, reference string) ([]Found, error) {
	one := func(query string, args ...any) (id ID, err error) {
		return get(ctx, r, "search", func(row scanner) (id ID, err error) { return id, row.Scan(&id) }, query, args...)
	}
	id, err := r.FindCase(ctx, reference)
	if errors.Is(err, ErrNotFound) {
		id, err = one(`SELECT id FROM message WHERE reference = $1`, reference)
	}
	for seen := map[ID]bool{}; err == nil && !seen[id]; {
		seen[id] = true
		var into ID
		if into, err = one(`SELECT merged_into FROM cases WHERE id = $1`, id); err == nil && into != "" {
			id = into
		}
	}
	if err != nil && !errors.Is(err, ErrNotFound) || id == "" {
		return nil, notMissing(err)
	}
	found, err := list(ctx, r, "search", scanFound, `SELECT `+entryFields+` FROM search_entry WHERE id = $1`, id)
	if err != nil || len(found) > 0 {
		return found, err
	}
	m, err := r.GetMessage(ctx, id) // which nobody has read yet
	if err != nil {
		return nil, notMissing(err)
	}
	return []Found{{ID: m.ID, Message: m.ID, Reference: m.Reference, State: FoundReview, Due: m.Deadline, ReceivedAt: m.ReceivedAt, Channel: m.Channel, About: "(not read yet)"}}, nil
}

func scanFound(row scanner) (f Found, err error) {
	var kind, due, topics, digest string
	var received, private int64
	err = row.Scan(&f.ID, &f.Message, &f.Reference, &kind, &f.Stage, &f.State, &due, &received, &f.Channel, &topics, &f.Officer, &private, &f.Who, &f.Place, &f.About, &digest)
	if err != nil {
		return f, err
	}
	if kind != "message" {
		f.Kind, f.Case = CaseKind(kind), f.ID
	}
	f.ReceivedAt, f.Private, f.Topics = instant(received), private == 1, strings.Fields(topics)
	f.Due, err = dateOf(due)
	return f, err
}

// Officers lists whoever answered or decided something that can be found. It
// goes from name to name in the index, not through all that they did.
func (r *Register) Officers(ctx context.Context) ([]string, error) {
	names, err := r.ids(ctx, `WITH RECURSIVE names (officer) AS (
			SELECT officer FROM (SELECT officer FROM search_entry WHERE officer <> '' ORDER BY officer LIMIT 1) first
			UNION ALL SELECT (SELECT e.officer FROM search_entry e WHERE e.officer <> '' AND e.officer > n.officer ORDER BY e.officer LIMIT 1) FROM names n WHERE n.officer IS NOT NULL
		) SELECT officer FROM names WHERE officer IS NOT NULL LIMIT 500`)
	return names, wrap("officers", err)
}

// entryPage is how many entries are proved in one transaction.
const entryPage = 200

// A provedPage is what was proved in one: nothing outside is touched, since it
// may be done again.
type provedPage struct {
	ids []ID
	bad []Contradiction
}

// wrongEntries lists cases and messages that are not found by what stands in
// the register of them.
func (r *Register) wrongEntries(ctx context.Context) (wrong []Contradiction, err error) {
	for _, q := range []struct {
		of, ids string
		entry   func(*tx, ID) (entry, bool, error)
	}{
		{"case", `SELECT id FROM cases WHERE id > $1 ORDER BY id LIMIT $2`, func(t *tx, id ID) (entry, bool, error) {
			c, err := caseAsItIs(t, id)
			if err != nil || c.MergedInto != "" {
				return entry{}, false, err
			}
			p, err := partsOf(t, c)
			return caseEntry(c, p), true, err
		}},
		{"message", `SELECT id FROM message WHERE id > $1 ORDER BY id LIMIT $2`, func(t *tx, id ID) (entry, bool, error) {
			m, err := messageByID(t, id)
			if err != nil || !m.hasEntry() {
				return entry{}, false, err
			}
			return messageEntry(m), true, nil
		}},
	} {
		for last, full := "", true; full; {
			page, err := result(ctx, r, func(t *tx) (p provedPage, err error) {
				p.ids, err = idsWithin(t, q.ids, last, entryPage)
				for _, id := range p.ids {
					if err == nil {
						p.bad, err = proveEntry(t, q.of, id, q.entry, p.bad)
					}
				}
				return p, err
			})
			if err != nil {
				return wrong, wrap("wrong entries", err)
			}
			wrong = append(wrong, page.bad...)
			if full = len(page.ids) == entryPage; full {
				last = page.ids[entryPage-1]
			}
		}
	}
	return wrong, nil
}

func proveEntry(t *tx, of string, id ID, made func(*tx, ID) (entry, bool, error), bad []Contradiction) ([]Contradiction, error) {
	e, wanted, err := made(t, id)
	if err != nil {
		return bad, err
	}
	var stands []any
	err = t.each(`SELECT `+entryFields+` FROM search_entry WHERE id = $1`, []any{id}, func(rows *sql.Rows) error {
		found, err := scanEntry(rows)
		stands = found
		return err
	})
	if err == nil && (stands != nil) != wanted || wanted && !slices.Equal(stands, e.fields()) {
		bad = append(bad, Contradiction{Of: of, ID: id, Reference: e.Reference, What: "the search does not find it by what it says"})
	}
	return bad, err
}

// scanEntry reads an entry as entry.fields writes it.
func scanEntry(rows *sql.Rows) ([]any, error) {
	var e entry
	var due, topics, digest string
	var private int64
	err := rows.Scan(&e.ID, &e.Message, &e.Reference, &e.Kind, &e.Stage, &e.State, &due, &e.ReceivedAt, &e.Channel, &topics, &e.Officer, &private, &e.Who, &e.Place, &e.About, &digest)
	return []any{e.ID, e.Message, e.Reference, e.Kind, e.Stage, e.State, due, e.ReceivedAt, e.Channel, topics, e.Officer, private, e.Who, e.Place, e.About, digest}, err
}
