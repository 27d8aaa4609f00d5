package register

import (
	"context"
	"database/sql"
	"errors"
	"math"
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
	where, args := r.searchWhere(s)
	order := `received_at DESC, id DESC`
	if s.SoonFirst {
		order, where = `due_on, id`, where+` AND due_on <> ''`
	}
	listed := where
	if frequent, err := r.frequent(ctx, s); err != nil {
		return nil, 0, false, err
	} else if frequent {
		listed = strings.Replace(where, wordsHold, eachHolds, 1)
	}
	found, err = list(ctx, r, "search", scanFound, `SELECT `+entryFields+` FROM search_entry WHERE `+listed+` ORDER BY `+order+` LIMIT $10 OFFSET $11`,
		r.plannedAnew(append(args, max(1, s.N), max(0, s.Skip)))...)
	if err != nil {
		return nil, 0, false, err
	}
	from := `search_entry WHERE `
	if len(s.Terms) > 0 && r.sqlite() { // so that it stops at the limit, where a word is common
		from, where = `search_words CROSS JOIN search_entry ON seq = search_words.rowid WHERE `, strings.Replace(where, wordsHold, `search_words MATCH $1`, 1)
	}
	n, err = get(ctx, r, "search", func(row scanner) (n int, err error) { return n, row.Scan(&n) },
		`SELECT count(*) FROM (SELECT 1 FROM `+from+where+` LIMIT $10) counted`, r.plannedAnew(append(args, mostCounted+1))...)
	return found, min(n, mostCounted), n > mostCounted, err
}

// The condition that an entry's words hold the terms, on SQLite: wordsHold
// gathers all that do, and eachHolds looks at one after the other.
const (
	wordsHold = `seq IN (SELECT rowid FROM search_words WHERE search_words MATCH $1)`
	eachHolds = `EXISTS (SELECT 1 FROM search_words WHERE search_words.rowid = search_entry.seq AND search_words MATCH $1)`
)

// frequent reports whether SQLite had better look at one entry after the other,
// in the order of the list, than gather all that hold the terms and sort them.
// With m of n entries that is m rows on the one hand, and n/m for each row of
// the list on the other, which cost ten times as much.
func (r *Register) frequent(ctx context.Context, s Search) (bool, error) {
	if len(s.Terms) == 0 || !r.sqlite() {
		return false, nil
	}
	count := func(row scanner) (n int, err error) { return n, row.Scan(&n) }
	all, err := get(ctx, r, "search", count, `SELECT COALESCE(max(seq), 0) FROM search_entry`)
	if err != nil {
		return false, err
	}
	many := int(math.Sqrt(float64(10 * 50 * all)))
	n, err := get(ctx, r, "search", count, `SELECT count(*) FROM (SELECT 1 FROM search_words WHERE search_words MATCH $1 LIMIT $2) counted`, r.matching(s.Terms), many+1)
	return n > many, err
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

// searchWhere is the condition of a search, and what stands for $1 to $9.
func (r *Register) searchWhere(s Search) (string, []any) {
	where := `($2 = '' OR kind = $2) AND ($3 = 0 OR stage = $3) AND ($4 = '' OR topics LIKE '% ' || $4 || ' %') AND ($5 = '' OR channel = $5)
		AND ($6 = '' OR officer = $6) AND received_at >= $7 AND received_at < $8 AND ($9 = '' OR due_on <> '' AND due_on <= $9)`
	due := s.DueTo
	switch s.State {
	case FoundOpen:
		where += ` AND state = 'open'`
	case FoundLate:
		where += ` AND state = 'open'`
		if yesterday := workday.DateOf(r.cfg.Now()).AddDays(-1); due.IsZero() || yesterday.Before(due) {
			due = yesterday
		}
	case FoundClosed:
		where += ` AND state = 'closed'`
	case FoundReview:
		where += ` AND state = 'review'`
	case FoundRecorded:
		where += ` AND state = 'recorded'`
	default:
		if len(s.Terms) == 0 {
			where += ` AND kind <> 'message'`
		}
	}
	match := `$1 = ''`
	switch {
	case len(s.Terms) > 0 && r.sqlite():
		match = wordsHold
	case len(s.Terms) > 0:
		match = `words @@ CAST(CAST($1 AS TEXT) AS tsquery)`
	}
	to := s.To
	if to.IsZero() {
		to = workday.Date{Year: 9000, Month: time.January, Day: 1}
	}
	var from time.Time
	if !s.From.IsZero() {
		from = s.From.Start()
	}
	return match + ` AND ` + where, []any{
		r.matching(s.Terms), s.Kind, s.Stage, s.Topic, s.Channel, s.Officer, micros(from), micros(to.End()), dateText(due),
	}
}

// matching is what the database's own index is asked. Terms hold letters and
// digits alone, so that nothing in them means anything to it.
func (r *Register) matching(all []terms.Term) string {
	var words []string
	for _, t := range all {
		switch {
		case r.sqlite() && t.Begin:
			words = append(words, `"`+t.Word+`"*`)
		case r.sqlite():
			words = append(words, `"`+t.Word+`"`)
		case t.Begin:
			words = append(words, `'`+t.Word+`':*`)
		default:
			words = append(words, `'`+t.Word+`'`)
		}
	}
	if r.sqlite() {
		return strings.Join(words, " AND ")
	}
	return strings.Join(words, " & ")
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
			page, err := result(ctx, r, func(t *tx) ([]Contradiction, error) {
				ids, err := idsWithin(t, q.ids, last, entryPage)
				var bad []Contradiction
				for _, id := range ids {
					if err == nil {
						bad, err = proveEntry(t, q.of, id, q.entry, bad)
					}
					last = id
				}
				full = len(ids) == entryPage
				return bad, err
			})
			if err != nil {
				return wrong, wrap("wrong entries", err)
			}
			wrong = append(wrong, page...)
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
