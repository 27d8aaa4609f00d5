package register

import (
	"context"
	"time"

	"postroom/internal/workday"
)

// Gauges are what a monitoring program watches beyond the status page. Each is
// counted over what is open or over the last day, by an index, so that asking
// often costs little however much the register holds.
type Gauges struct {
	LateClocks    int // of complaints, past their due day and neither met nor stopped
	LateUndecided int // messages past their deadline that nobody has decided
	LateReplies   int // owed replies past the instant by which they should go
	LateLetters   int // letters in the tray or in a batch, past the last day for posting them
	Retrying      int // owed replies of which an attempt has failed
	LastSent      time.Time
	Acknowledged  Acknowledged
	OpenAlarms    map[AlarmKind]int // that nobody has taken; each kind is there
}

// Acknowledged says how long acknowledgements of the last day took, from the
// receipt of the message to the moment when they had gone.
type Acknowledged struct {
	All     int
	Within  []int         // as many as AcknowledgedWithin has spans: at most so long
	Average time.Duration // 0: none went
}

// AcknowledgedWithin are the spans by which acknowledgements are counted.
func AcknowledgedWithin() []time.Duration {
	const day = 24 * time.Hour
	return []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 8 * time.Hour, day, 3 * day, 7 * day}
}

// Gauges counts what holds at an instant.
func (r *Register) Gauges(ctx context.Context, at time.Time) (g Gauges, err error) {
	today, dayAgo := workday.DateOf(at).String(), micros(at.Add(-24*time.Hour))
	var sent int64
	for _, q := range []struct {
		into  any
		query string
		args  []any
	}{
		{&g.LateClocks, `SELECT count(*) FROM clock k JOIN cases c ON c.id = k.case_id AND c.kind = 'complaint' WHERE k.met_at = 0 AND k.stopped_at = 0 AND k.due_on < $1`, []any{today}},
		{&g.LateUndecided, `SELECT (SELECT count(*) FROM message WHERE state = 'arrived' AND history = 0 AND deadline < $1) + (SELECT count(*) FROM message WHERE state = 'review' AND history = 0 AND deadline < $1)`, []any{today}},
		{&g.LateReplies, `SELECT count(*) FROM outgoing WHERE state IN ('owed', 'sending') AND deadline_at < $1`, []any{micros(at)}},
		{&g.LateLetters, `SELECT count(*) FROM outgoing o JOIN letter l ON l.outgoing_id = o.id
			WHERE o.way = 'letter' AND o.state IN ('owed', 'sending', 'to_print', 'held', 'refused', 'unknown') AND o.state = 'to_print' AND l.post_by < $1`, []any{today}},
		{&g.Retrying, `SELECT count(*) FROM outgoing WHERE state IN ('owed', 'sending') AND failures > 0`, nil},
		{&sent, `SELECT COALESCE(max(sent_at), 0) FROM outgoing WHERE begun_at <> 0 AND begun_at >= $1 AND way = 'email' AND state = 'sent'`, []any{dayAgo}},
	} {
		if err := r.db.QueryRowContext(ctx, q.query, q.args...).Scan(q.into); err != nil {
			return g, wrap("gauges", err)
		}
	}
	g.LastSent = instant(sent)
	if g.OpenAlarms, err = r.countAlarms(ctx); err != nil {
		return g, err
	}
	g.Acknowledged, err = r.acknowledgementTimes(ctx, dayAgo)
	return g, err
}

func (r *Register) countAlarms(ctx context.Context) (map[AlarmKind]int, error) {
	open := map[AlarmKind]int{}
	for _, kind := range AlarmKinds() {
		open[kind] = 0
	}
	type row struct {
		kind AlarmKind
		n    int
	}
	rows, err := list(ctx, r, "gauges", func(s scanner) (a row, err error) {
		err = s.Scan(&a.kind, &a.n)
		return a, err
	}, `SELECT kind, count(*) FROM alarm WHERE taken_at = 0 GROUP BY kind`)
	for _, a := range rows {
		open[a.kind] = a.n
	}
	return open, err
}

func (r *Register) acknowledgementTimes(ctx context.Context, since int64) (a Acknowledged, err error) {
	took, err := list(ctx, r, "gauges", func(row scanner) (d time.Duration, err error) {
		var from, to int64
		err = row.Scan(&from, &to)
		return instant(to).Sub(instant(from)), err
	}, `SELECT m.received_at, o.sent_at FROM outgoing o JOIN message m ON m.id = o.message_id
		WHERE o.begun_at <> 0 AND o.begun_at >= $1 AND o.kind = 'acknowledgement' AND o.state = 'sent' AND m.history = 0`, since)
	if err != nil {
		return a, err
	}
	spans := AcknowledgedWithin()
	a.All, a.Within = len(took), make([]int, len(spans))
	var sum time.Duration
	for _, d := range took {
		sum += d
		for i, span := range spans {
			if d <= span {
				a.Within[i]++
			}
		}
	}
	if a.All > 0 {
		a.Average = sum / time.Duration(a.All)
	}
	return a, nil
}
