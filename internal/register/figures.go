package register

import (
	"context"
	"encoding/json"
	"time"

	"postroom/internal/workday"
)

// A StageRecord is what figures are made of: one stage of one complaint, from
// the receipt of what began it to its answer.
type StageRecord struct {
	Case        ID
	Reference   string
	Stage       int
	Channel     Channel
	Topics      []string
	ReceivedAt  time.Time
	NotAccepted bool // this stage; stage 1 counts though its stage 2 was refused
	Merged      bool
	ClosedAt    time.Time

	AcknowledgeBy  workday.Date // zero: the scheme knows no acknowledgement at this stage
	AcknowledgedAt time.Time    // in any form; zero while it was not
	DefinedAt      time.Time    // by more than a holding form
	AnswerFrom     workday.Date // day 0 of the answer
	AnswerBy       workday.Date // with extensions that the resident was told of in time
	AnsweredAt     time.Time
	StoppedAt      time.Time // closed without an answer
}

// StageRecords lists the stages of complaints that were received or answered
// from one instant up to another, oldest receipt first. The cases are found by
// these instants first, since all others have nothing to do with it.
func (r *Register) StageRecords(ctx context.Context, from, to time.Time) ([]StageRecord, error) {
	return list(ctx, r, "stage records", scanStage, `SELECT c.id, c.reference, s.stage, m.channel, c.topics, m.received_at, c.not_accepted <> '' AND s.stage = c.stage, c.merged_into <> '', c.closed_at,
			COALESCE(k.due_on, ''), COALESCE(k.met_at, 0), COALESCE(k.defined_at, 0),
			COALESCE(a.start_on, ''), COALESCE(a.due_on, ''), COALESCE(a.met_at, 0), COALESCE(a.stopped_at, 0)
		FROM cases c JOIN (SELECT 1 AS stage UNION ALL SELECT 2) s ON s.stage <= c.stage
		JOIN message m ON m.id = CASE WHEN s.stage = 2 AND c.stage2_message <> '' THEN c.stage2_message ELSE c.message_id END
		LEFT JOIN clock k ON k.case_id = c.id AND k.name = CASE s.stage WHEN 1 THEN 'stage1_acknowledgement' ELSE 'stage2_acknowledgement' END
		LEFT JOIN clock a ON a.case_id = c.id AND a.name = CASE s.stage WHEN 1 THEN 'stage1_answer' ELSE 'stage2_answer' END
		WHERE c.id IN (
				SELECT r.id FROM cases r JOIN message f ON f.id = r.message_id WHERE f.received_at >= $1 AND f.received_at < $2
				UNION SELECT r.id FROM cases r JOIN message f ON f.id = r.stage2_message WHERE r.stage2_message <> '' AND f.received_at >= $1 AND f.received_at < $2
				UNION SELECT case_id FROM clock WHERE name IN ('stage1_answer', 'stage2_answer') AND met_at <> 0 AND met_at >= $1 AND met_at < $2)
			AND c.kind = 'complaint' AND m.history = 0 AND COALESCE(k.case_id, a.case_id) IS NOT NULL
			AND ((m.received_at >= $1 AND m.received_at < $2) OR (a.met_at >= $1 AND a.met_at < $2))
		ORDER BY m.received_at, c.id, s.stage`, micros(from), micros(to))
}

func scanStage(row scanner) (s StageRecord, err error) {
	var topics, ackBy, from, by string
	var received, closed, acknowledged, defined, answered, stopped int64
	err = row.Scan(&s.Case, &s.Reference, &s.Stage, &s.Channel, &topics, &received, &s.NotAccepted, &s.Merged, &closed,
		&ackBy, &acknowledged, &defined, &from, &by, &answered, &stopped)
	if err != nil {
		return s, err
	}
	s.ReceivedAt, s.ClosedAt, s.AcknowledgedAt, s.DefinedAt = instant(received), instant(closed), instant(acknowledged), instant(defined)
	s.AnsweredAt, s.StoppedAt = instant(answered), instant(stopped)
	for _, d := range []struct {
		text string
		into *workday.Date
	}{{ackBy, &s.AcknowledgeBy}, {from, &s.AnswerFrom}, {by, &s.AnswerBy}} {
		if *d.into, err = dateOf(d.text); err != nil {
			return s, err
		}
	}
	return s, json.Unmarshal([]byte(topics), &s.Topics)
}

// A Tally is how many messages of a channel got a label.
type Tally struct {
	Channel Channel
	Label   Label // empty: nobody has decided yet
	ByRules bool  // no person decided
	Count   int
}

// Tallies counts what was received from one instant up to another, without
// what was taken in as history.
func (r *Register) Tallies(ctx context.Context, from, to time.Time) ([]Tally, error) {
	return list(ctx, r, "tallies", func(row scanner) (t Tally, err error) {
		var rules int64
		err = row.Scan(&t.Channel, &t.Label, &rules, &t.Count)
		t.ByRules = rules == 1
		return t, err
	}, `SELECT m.channel, CASE WHEN m.state = 'review' THEN '' ELSE COALESCE(d.label, '') END, CASE WHEN d.by_whom LIKE 'rules@%' THEN 1 ELSE 0 END, count(*)
		FROM message m LEFT JOIN decision d ON d.message_id = m.id AND d.seq = m.decisions
		WHERE m.received_at >= $1 AND m.received_at < $2 AND m.history = 0 AND m.state <> 'split'
		GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`, micros(from), micros(to))
}

// A Review is a message on which an officer decided after the rules had.
type Review struct {
	Rules   Label    // what the rules said
	Officer Label    // what the officer said
	Fired   []string // the rules that spoke, once each
}

// Reviews lists what officers decided on what was received from one instant up
// to another.
func (r *Register) Reviews(ctx context.Context, from, to time.Time) ([]Review, error) {
	return list(ctx, r, "reviews", func(row scanner) (v Review, err error) {
		var text string
		if err := row.Scan(&v.Officer, &text); err != nil {
			return v, err
		}
		var verdict Verdict
		if err := json.Unmarshal([]byte(text), &verdict); err != nil {
			return v, err
		}
		v.Rules = verdict.Label
		seen := map[string]bool{}
		for _, e := range verdict.Evidence {
			if !seen[e.Rule] {
				seen[e.Rule] = true
				v.Fired = append(v.Fired, e.Rule)
			}
		}
		return v, nil
	}, `SELECT o.label, d.verdict FROM message m
		JOIN decision d ON d.message_id = m.id AND d.seq = 1 AND d.by_whom LIKE 'rules@%'
		JOIN decision o ON o.message_id = m.id AND o.seq = m.decisions AND o.by_whom NOT LIKE 'rules@%'
		WHERE m.received_at >= $1 AND m.received_at < $2`, micros(from), micros(to))
}
