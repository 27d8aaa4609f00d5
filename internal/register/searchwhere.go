package register

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"postroom/internal/terms"
	"postroom/internal/workday"
)

// conditions are what a search asks of an entry. Only what is asked stands in
// them: a database that is told "any officer, or this one" uses no index.
type conditions struct {
	texts []string
	args  []any
}

// and adds a condition, with ? where a value stands.
func (c *conditions) and(text string, values ...any) {
	c.texts = append(c.texts, c.text(text, values...))
}

// text numbers the values of a part of the query.
func (c *conditions) text(text string, values ...any) string {
	for _, v := range values {
		c.args = append(c.args, v)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(c.args)), 1)
	}
	return text
}

func (c *conditions) all() string {
	if len(c.texts) == 0 {
		return `1 = 1`
	}
	return strings.Join(c.texts, ` AND `)
}

// holding adds that an entry's words hold the terms. On SQLite what holds them
// is gathered where it is rare, and else each entry is looked at as its turn in
// the list comes. To look for the beginning of a word costs as much as all that
// have it, so that these are gathered once all the same (and the + keeps SQLite
// from going through them instead of through the list).
func (c *conditions) holding(r *Register, all []terms.Term, held spread) {
	switch {
	case len(all) == 0:
	case !r.sqlite():
		c.and(`words @@ CAST(CAST(? AS TEXT) AS tsquery)`, r.matching(all))
	case held == rare:
		c.and(`seq IN (SELECT rowid FROM search_words WHERE search_words MATCH ?)`, r.matching(all))
	case slices.ContainsFunc(all, func(t terms.Term) bool { return t.Begin }):
		c.and(`+seq IN (SELECT rowid FROM search_words WHERE search_words MATCH ?)`, r.matching(all))
	default:
		c.and(`EXISTS (SELECT 1 FROM search_words WHERE search_words.rowid = search_entry.seq AND search_words MATCH ?)`, r.matching(all))
	}
}

// conditionsOf are a search's conditions but for its terms. The constants among
// them let an index be used that has only such entries.
func (r *Register) conditionsOf(s Search) (c conditions) {
	due := s.DueTo
	switch s.State {
	case FoundLate:
		if yesterday := workday.DateOf(r.cfg.Now()).AddDays(-1); due.IsZero() || yesterday.Before(due) {
			due = yesterday
		}
		c.and(`state <> 'closed' AND state = 'open'`)
	case FoundOpen, FoundReview, FoundRecorded:
		c.and(`state <> 'closed' AND state = ?`, s.State)
	case FoundClosed:
		c.and(`state = ?`, s.State)
	default:
		if len(s.Terms) == 0 {
			c.and(`kind <> 'message'`)
		}
	}
	if s.Kind != "" {
		c.and(`kind = ?`, s.Kind)
	}
	if s.Stage != 0 {
		c.and(`stage = ?`, s.Stage)
	}
	if s.Topic != "" {
		c.and(`topics LIKE '% ' || ? || ' %'`, s.Topic)
	}
	if s.Channel != "" {
		c.and(`channel = ?`, s.Channel)
	}
	if s.Officer != "" {
		c.and(`officer <> '' AND officer = ?`, s.Officer)
	}
	if !s.From.IsZero() {
		c.and(`received_at >= ?`, micros(s.From.Start()))
	}
	if !s.To.IsZero() {
		c.and(`received_at < ?`, micros(s.To.End()))
	}
	if !due.IsZero() {
		c.and(`due_on <> '' AND due_on <= ?`, dateText(due))
	} else if s.SoonFirst {
		c.and(`due_on <> ''`)
	}
	return c
}

// spread is how many of SQLite's entries hold a search's terms. It decides
// which way a query goes; PostgreSQL decides that for itself.
type spread int

const (
	rare     spread = iota // they are gathered and sorted
	frequent               // the list is walked through, until enough hold them
	common                 // one in eight: counting walks, too
)

// spreadOf asks SQLite's index, and says how many it counted; it counts no
// further than need be, but always as far as a search does. Of n entries m hold
// the terms: to gather them costs m rows, and to walk n/m for each row of the
// list, which cost ten times as much.
func (r *Register) spreadOf(ctx context.Context, all []terms.Term, filtered bool) (held spread, n int, err error) {
	if len(all) == 0 || !r.sqlite() {
		return rare, 0, nil
	}
	count := func(row scanner) (n int, err error) { return n, row.Scan(&n) }
	entries, err := get(ctx, r, "search", count, `SELECT COALESCE(max(seq), 0) FROM search_entry`)
	if err != nil {
		return rare, 0, err
	}
	many := int(math.Sqrt(float64(10 * 50 * entries)))
	most := max(many, mostCounted)
	if filtered {
		most = max(many, entries/8)
	}
	n, err = get(ctx, r, "search", count, `SELECT count(*) FROM (SELECT 1 FROM search_words WHERE search_words MATCH $1 LIMIT $2) counted`, r.matching(all), most+1)
	switch {
	case filtered && n > most:
		held = common
	case n > many:
		held = frequent
	}
	return held, n, err
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
