package register

import (
	"context"
	"errors"
	"time"

	"postroom/internal/workday"
)

// FindCase finds a case by its id or by any of its references: its own, or
// that of a message which belongs to it.
func (r *Register) FindCase(ctx context.Context, name string) (ID, error) {
	var id ID
	var err error
	for _, query := range []string{
		`SELECT id FROM cases WHERE id = $1`, `SELECT id FROM cases WHERE reference = $1`, `SELECT case_id FROM message WHERE reference = $1 AND case_id <> ''`,
	} {
		id, err = get(ctx, r, "find case", func(s scanner) (id ID, err error) { return id, s.Scan(&id) }, query, name)
		if !errors.Is(err, ErrNotFound) {
			break
		}
	}
	return id, err
}

// A CaseLink is a case that another one is linked to, and how.
type CaseLink struct {
	Case
	Link LinkKind
	// Came reports that this case was split off from the other one, and not the
	// other from this.
	Came bool
}

// CaseLinks lists the cases that a case is linked to, oldest first.
func (r *Register) CaseLinks(ctx context.Context, id ID) ([]CaseLink, error) {
	return list(ctx, r, "case links", func(row scanner) (l CaseLink, err error) {
		var came int64
		l.Case, err = scanCase(moreColumns{row, []any{&l.Link, &came}})
		l.Came = came == 1
		return l, err
	}, `SELECT `+caseColumns+`, k.kind, CASE WHEN k.case_b = $1 THEN 1 ELSE 0 END
		FROM link k JOIN cases c ON c.id = CASE WHEN k.case_a = $1 THEN k.case_b ELSE k.case_a END
		WHERE (k.case_a = $1 OR k.case_b = $1) AND k.undone_at = 0 ORDER BY c.opened_at, c.id`, id)
}

// MergedCases lists the cases that were merged into a case, oldest first.
func (r *Register) MergedCases(ctx context.Context, id ID) ([]Case, error) {
	return list(ctx, r, "merged cases", scanCase, `SELECT `+caseColumns+` FROM cases c WHERE c.merged_into = $1 AND c.merged_into <> '' ORDER BY c.opened_at, c.id`, id)
}

// CaseAlarms lists the alarms about a case and its messages, taken or not,
// oldest first.
func (r *Register) CaseAlarms(ctx context.Context, id ID) ([]Alarm, error) {
	return list(ctx, r, "case alarms", scanAlarm, `SELECT `+alarmColumns+` FROM alarm
		WHERE id IN (SELECT id FROM alarm WHERE case_id = $1 UNION SELECT a.id FROM alarm a JOIN message m ON m.id = a.message_id WHERE m.case_id = $1) ORDER BY raised_at, id`, id)
}

// CaseLetters tells of a case's outgoings on paper how they were printed and
// posted.
func (r *Register) CaseLetters(ctx context.Context, id ID) ([]CaseLetter, error) {
	return list(ctx, r, "case letters", func(row scanner) (l CaseLetter, err error) {
		var posted string
		var returned int64
		if err = row.Scan(&l.Outgoing, &l.Pages, &l.Batch, &l.PostedBy, &posted, &returned); err != nil {
			return l, err
		}
		l.ReturnedAt = instant(returned)
		l.PostedOn, err = dateOf(posted)
		return l, err
	}, `SELECT l.outgoing_id, l.pages, COALESCE(b.name, ''), COALESCE(b.posted_by, ''), l.posted_on, l.returned_at
		FROM letter l JOIN outgoing o ON o.id = l.outgoing_id LEFT JOIN print_batch b ON b.id = l.batch_id WHERE o.case_id = $1 ORDER BY l.ready_at, l.outgoing_id`, id)
}

// A CaseLetter is what became of an outgoing on paper.
type CaseLetter struct {
	Outgoing   ID
	Pages      int
	Batch      string // its name; empty: in the tray
	PostedBy   string
	PostedOn   workday.Date
	ReturnedAt time.Time
}

// ExtensionLimit is the last day to which the answer of the case's stage may
// be put off. It reports false when the scheme sets none.
func (r *Register) ExtensionLimit(ctx context.Context, id ID) (workday.Date, bool, error) {
	c, clocks, err := r.GetCase(ctx, id)
	if err != nil {
		return workday.Date{}, false, err
	}
	began, err := r.GetMessage(ctx, c.stageMessage())
	if err != nil {
		return workday.Date{}, false, err
	}
	_, answer := stageClocks(c.Stage)
	for _, k := range clocks {
		if k.Name == answer {
			last, limited := r.schemeFor(began.ReceivedAt).Extended(r.cfg.Calendar, answer, k.BaseDue)
			return last, limited, nil
		}
	}
	return workday.Date{}, false, nil
}

// byPeople is the condition that a person, and not a machine, wrote an event.
const byPeople = `by_whom <> '' AND by_whom NOT LIKE 'rules@%' AND by_whom NOT IN ('postroom', 'fail-safe')`

// LastAct is the newest event of a case's history that a person wrote; Seq is
// 0 when none did. What an officer saw is old when it has changed since.
func (r *Register) LastAct(ctx context.Context, id ID) (Event, error) {
	e, err := get(ctx, r, "last act", func(row scanner) (e Event, err error) {
		var at int64
		err = row.Scan(&e.Seq, &at, &e.By, &e.What)
		e.At = instant(at)
		return e, err
	}, `SELECT seq, at, by_whom, what FROM event WHERE subject = $1 AND `+byPeople+` ORDER BY seq DESC LIMIT 1`, caseSubject(id))
	if errors.Is(err, ErrNotFound) {
		return Event{Subject: caseSubject(id)}, nil
	}
	return e, err
}

// HistoryWhole reads a history and reports whether every line of it stands as
// it was written.
func HistoryWhole(events []Event) bool {
	prev := ""
	for i, e := range events {
		if e.Seq != int64(i+1) || e.Hash != e.chain(prev, asJSON(detail(e.Detail))) {
			return false
		}
		prev = e.Hash
	}
	return true
}
