package register

import (
	"cmp"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"postroom/classify"
	"postroom/internal/terms"
	"postroom/internal/workday"
)

// An entry is what a case, or a message without one, is found by. It is made
// from what stands elsewhere, in the transaction that changed it: whoever
// writes a line into a history has the entry of its subject made again.
type entry struct {
	ID, Message ID
	Reference   string
	Kind        string // a CaseKind, or "message"
	Stage       int
	State       string // "open", "closed", "review", "recorded"
	Due         workday.Date
	ReceivedAt  int64
	Channel     Channel
	Topics      []string
	Officer     string
	Private     bool
	Who         string
	Place       string
	About       string
	words       []string
}

// untold are the lines of histories that change nothing that is searched.
func untold(what string) bool {
	return slices.Contains([]string{"received", "sending", "reply_owed", "alarm_raised", "not_delivered", "outcome_unknown", "outcome_awaited", "held", "seen_again"}, what)
}

// A staleness says how much of an entry is no longer true.
type staleness int

const (
	fresh    staleness = iota
	staleDue           // the day that it is due on
	stale              // any of it
)

// stales says what a line of a history leaves of its subject's entry. What
// else a delivery brings about has lines of its own.
func stales(what string) staleness {
	switch {
	case untold(what):
		return fresh
	case what == "sent":
		return staleDue
	}
	return stale
}

// touch has the entry of a history's subject made again before the commit.
func (t *tx) touch(subject string, s staleness) {
	if s == fresh {
		return
	}
	if t.touched == nil {
		t.touched = map[string]staleness{}
	}
	t.touched[subject] = max(t.touched[subject], s)
}

// reindex makes the entries again that the transaction touched.
func (t *tx) reindex() error {
	cases := map[ID]staleness{}
	for subject, s := range t.touched {
		if id, ok := strings.CutPrefix(subject, "case:"); ok {
			cases[id] = max(cases[id], s)
			continue
		}
		id, ok := strings.CutPrefix(subject, "message:")
		if !ok || s != stale {
			continue
		}
		if c := t.openedBy[id]; c != "" && t.opened[c] != nil { // it is found by its case, and never was found otherwise
			cases[c] = stale
			continue
		}
		if err := t.indexMessage(id); err != nil {
			return err
		}
		theirs, err := idsWithin(t, `SELECT case_id FROM message WHERE id = $1 AND case_id <> '' UNION SELECT id FROM cases WHERE message_id = $1`, id)
		if err != nil {
			return err
		}
		for _, c := range theirs {
			cases[c] = stale
		}
	}
	clear(t.touched)
	for id, s := range cases {
		if err := t.indexCase(id, s); err != nil {
			return err
		}
	}
	return nil
}

// indexCase makes the entry of a case, and drops that of one which became a
// signpost to it.
func (t *tx) indexCase(id ID, s staleness) error {
	if n := t.opened[id]; n != nil {
		return t.indexNew(n)
	}
	if s == staleDue {
		// The words, which cost most, are left alone. A signpost has no entry.
		if done, err := t.indexDue(id); done || err != nil {
			return err
		}
	}
	c, err := followMerged(t, id, caseAsItIs)
	if errors.Is(err, ErrNotFound) { // it was withdrawn
		return t.unindex(id)
	}
	if err != nil {
		return err
	}
	if c.ID != id {
		if err := t.unindex(id); err != nil {
			return err
		}
	}
	p, err := partsOf(t, c)
	if err != nil {
		return err
	}
	return t.index(caseEntry(c, p))
}

// indexDue sets the day that a case is due on, as caseEntry works it out.
func (t *tx) indexDue(id ID) (done bool, err error) {
	n, err := t.affected(`UPDATE search_entry SET due_on = COALESCE((SELECT min(CASE WHEN k.promised <> '' AND k.promised < k.due_on THEN k.promised ELSE k.due_on END)
		FROM clock k JOIN cases c ON c.id = k.case_id AND c.kind = 'complaint' WHERE k.case_id = $1 AND k.met_at = 0 AND k.stopped_at = 0), '') WHERE id = $1`, id)
	return n > 0, err
}

// indexMessage makes the entry of a message without a case.
func (t *tx) indexMessage(id ID) error {
	var filed int64 // most are found by their case, and need not be read
	if err := t.one(`SELECT CASE WHEN case_id <> '' THEN 1 ELSE 0 END FROM message WHERE id = $1`, []any{id}, &filed); err != nil {
		return notMissing(err)
	}
	if filed == 1 {
		return t.unindex(id)
	}
	m, err := messageByID(t, id)
	if err != nil {
		return err
	}
	if !m.hasEntry() {
		return t.unindex(id)
	}
	return t.index(messageEntry(m))
}

// hasEntry reports whether a message is found for itself: it was read, and
// has no case.
func (m Message) hasEntry() bool { return m.Case == "" && m.Reading != nil && m.State != Split }

func messageEntry(m Message) entry {
	e := entry{
		ID: m.ID, Message: m.ID, Reference: m.Reference, Kind: "message", State: "recorded", ReceivedAt: micros(m.ReceivedAt), Channel: m.Channel,
		Who: cmp.Or(m.Reading.From.Name, m.Reading.From.Address), Place: strings.Join(m.Reading.PostalAddress, ", "), About: m.about(),
	}
	if m.State == InReview {
		e.State, e.Due = "review", m.Deadline
	}
	if m.Verdict != nil {
		e.Topics, e.Private = m.Verdict.Topics, m.Verdict.Has(classify.Safeguarding)
	}
	if byPerson(m.DecidedBy) == nil {
		e.Officer = m.DecidedBy
	}
	e.words = terms.Of(m.searched()...)
	return e
}

// about is what a message is about, in a few words.
func (m Message) about() string {
	return cmp.Or(m.Reading.Subject, strings.Join(strings.Fields(m.Reading.NewText[:min(len(m.Reading.NewText), 400)]), " "))
}

// searched is every text by which a message is found.
func (m Message) searched() []string {
	all := []string{m.Reference, bareReference(m.Reference)}
	rd := m.Reading
	if rd == nil {
		return all
	}
	all = append(all, rd.Subject, rd.Text, rd.NewText, rd.From.Name, rd.From.Address, rd.Complainant.Name, rd.Complainant.Address, strings.Join(rd.PostalAddress, "\n"))
	if rd.Paper != nil {
		all = append(all, rd.Paper.Phone, rd.Paper.Email)
	}
	if rd.Told != nil {
		all = append(all, rd.Told.Phone, rd.Told.Reference, rd.Told.TheirID, rd.Told.Customer)
	}
	for _, a := range rd.ReplyTo {
		all = append(all, a.Address)
	}
	for _, a := range rd.Attachments {
		all = append(all, a.Filename)
	}
	return all
}

func bareReference(reference string) string { return strings.ReplaceAll(reference, "-", "") }

// caseParts are what stands of a case elsewhere.
type caseParts struct {
	people   []string
	messages []Message
	clocks   []Clock
	answered string // the officer who answered last
}

func partsOf(t *tx, c Case) (p caseParts, err error) {
	p.people, err = idsWithin(t, `SELECT reference || ' ' || person_name || ' ' || person_addr FROM cases WHERE id IN (`+familyOf+`)
		UNION ALL SELECT name || ' ' || address FROM case_person WHERE case_id IN (`+familyOf+`)`, c.ID)
	if err != nil {
		return p, err
	}
	err = t.each(`SELECT `+messageColumns+messageTables+`WHERE m.id IN (`+messagesOf+`) ORDER BY m.received_at, m.id`, []any{c.ID, c.Message},
		func(rows *sql.Rows) error { return collect(&p.messages, scanMessage)(rows) })
	if err != nil {
		return p, err
	}
	if p.clocks, err = clocksOf(t, c.ID); err != nil {
		return p, err
	}
	err = t.one(`SELECT by_whom FROM answer WHERE case_id = $1 AND withdrawn_at = 0 ORDER BY recorded_at DESC LIMIT 1`, []any{c.ID}, &p.answered)
	return p, notMissing(err)
}

func caseEntry(c Case, p caseParts) entry {
	e := entry{
		ID: c.ID, Message: c.Message, Reference: c.Reference, Kind: string(c.Kind), Stage: c.Stage, State: "open", Topics: c.Topics,
		Private: slices.Contains(c.Flags, classify.Safeguarding), Who: cmp.Or(c.Correspondent.Name, c.Correspondent.Address), Place: strings.Join(c.Postal, ", "),
	}
	if !c.ClosedAt.IsZero() {
		e.State = "closed"
	}
	texts := append([]string{strings.Join(c.Postal, "\n")}, append(c.Definition.Issues, c.Definition.Outcomes...)...)
	texts = append(append(texts, p.people...), bareReference(c.Reference))
	e.addMessages(c, p.messages, texts)
	for _, k := range p.clocks {
		if due := k.Counts(); c.Kind == ComplaintCase && k.Running() && (e.Due.IsZero() || due.Before(e.Due)) {
			e.Due = due
		}
	}
	e.Officer = cmp.Or(c.Handler(), p.answered, e.Officer)
	return e
}

// addMessages adds what the messages of a case say.
func (e *entry) addMessages(c Case, messages []Message, texts []string) {
	for _, m := range messages {
		texts = append(texts, m.searched()...)
		e.Private = e.Private || m.Verdict != nil && m.Verdict.Has(classify.Safeguarding)
		if m.ID != c.Message {
			continue
		}
		e.ReceivedAt, e.Channel = micros(m.ReceivedAt), m.Channel
		if byPerson(m.DecidedBy) == nil {
			e.Officer = m.DecidedBy
		}
		if m.Reading != nil {
			e.About = m.about()
		}
	}
	if len(c.Definition.Issues) > 0 {
		e.About = c.Definition.Issues[0]
	}
	e.words = terms.Of(texts...)
}

// digest tells whether the words are the same as before.
func (e entry) digest() string {
	sum := sha256.Sum256([]byte(strings.Join(e.words, " ")))
	return hex.EncodeToString(sum[:16])
}

// shortest cuts what lists show.
func shortest(s string) string {
	const most = 200
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}

func (e entry) fields() []any {
	return []any{
		e.ID, e.Message, e.Reference, e.Kind, e.Stage, e.State, dateText(e.Due), e.ReceivedAt, e.Channel, " " + strings.Join(e.Topics, " ") + " ",
		clean(e.Officer), bit(e.Private), shortest(clean(e.Who)), shortest(clean(e.Place)), shortest(clean(e.About)), e.digest(),
	}
}

const entryFields = `id, message_id, reference, kind, stage, state, due_on, received_at, channel, topics, officer, private, who, place, about, digest`

// index writes an entry down; the words only where they changed.
func (t *tx) index(e entry) error {
	var before string
	err := t.one(`SELECT digest FROM search_entry WHERE id = $1`, []any{e.ID}, &before)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return t.write(e, before)
}

// write writes an entry down whose words had that digest before.
func (t *tx) write(e entry, before string) error {
	var seq int64
	err := t.one(`INSERT INTO search_entry (`+entryFields+`) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
		ON CONFLICT (id) DO UPDATE SET message_id = excluded.message_id, reference = excluded.reference, kind = excluded.kind, stage = excluded.stage, state = excluded.state,
			due_on = excluded.due_on, received_at = excluded.received_at, channel = excluded.channel, topics = excluded.topics, officer = excluded.officer,
			private = excluded.private, who = excluded.who, place = excluded.place, about = excluded.about, digest = excluded.digest RETURNING seq`, e.fields(), &seq)
	if err != nil || before == e.digest() {
		return err
	}
	words := strings.Join(e.words, " ")
	if !t.sqlite {
		return t.exec(`UPDATE search_entry SET words = array_to_tsvector(string_to_array($1, ' ')) WHERE seq = $2`, words, seq)
	}
	if before != "" {
		if err := t.exec(`DELETE FROM search_words WHERE rowid = $1`, seq); err != nil {
			return err
		}
	}
	return t.exec(`INSERT INTO search_words (rowid, words) VALUES ($1, $2)`, seq, words)
}

// unindex drops an entry.
func (t *tx) unindex(id ID) error {
	var seq int64
	err := t.one(`DELETE FROM search_entry WHERE id = $1 RETURNING seq`, []any{id}, &seq)
	if err != nil || !t.sqlite {
		return notMissing(err)
	}
	return t.exec(`DELETE FROM search_words WHERE rowid = $1`, seq)
}

// indexAll makes every entry, for a register that had none.
func indexAll(t *tx, done func(int)) error {
	made := 0
	for _, all := range []struct {
		ids string
		one func(ID) error
	}{
		{`SELECT id FROM cases WHERE merged_into = '' ORDER BY id`, func(id ID) error { return t.indexCase(id, stale) }},
		{`SELECT id FROM message WHERE case_id = '' AND reading <> '' ORDER BY id`, t.indexMessage},
	} {
		ids, err := idsWithin(t, all.ids)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := all.one(id); err != nil {
				return err
			}
			if made++; made%100 == 0 {
				done(made)
			}
		}
	}
	return nil
}
