package register

import (
	"context"
	"time"

	"postroom/classify"
	"postroom/internal/workday"
)

// Whose says which messages of the queue are wanted, by who has them open.
type Whose string

// The choices; empty: everybody's.
const (
	Mine   Whose = "me"
	Nobody Whose = "nobody"
	Others Whose = "others"
)

// NoLabel stands in a QueueFilter for messages of which the rules have no
// guess.
const NoLabel classify.Label = "none"

// A QueueFilter says which messages of the review queue are wanted; what is
// empty excludes none.
type QueueFilter struct {
	Label   classify.Label
	Topic   string
	Channel Channel
	Who     Whose
	By      string // whose Mine is
}

// A Waiting message is one of the review queue, with who has it open.
type Waiting struct {
	Message
	Taking
}

// queueFilter is the condition that a message m and its taking k fit the
// filter, whose fields are $2 to $6; $1 is the database's clock.
const queueFilter = `m.state = 'review'
	AND ($2 = '' OR m.label = $2 OR $2 = 'none' AND m.label = '') AND ($3 = '' OR m.topics LIKE '%,' || $3 || ',%') AND ($4 = '' OR m.channel = $4)
	AND ($5 = '' OR $5 = 'me' AND k.holder = $6 OR $5 = 'nobody' AND k.holder IS NULL OR $5 = 'others' AND k.holder <> $6)`

func (f QueueFilter) args() []any {
	return []any{string(f.Label), f.Topic, string(f.Channel), string(f.Who), clean(f.By)}
}

// Queue lists up to n messages that wait for a person and fit the filter,
// after the first skip: dangers first, then the most urgent deadline.
func (r *Register) Queue(ctx context.Context, f QueueFilter, n, skip int) ([]Waiting, error) {
	now, err := r.leaseClock(ctx)
	if err != nil {
		return nil, wrap("queue", err)
	}
	return list(ctx, r, "queue", scanWaiting, `SELECT `+messageColumns+`, COALESCE(q.holder, ''), COALESCE(q.since, 0), COALESCE(q.until, 0), COALESCE(q.taken_from, '') FROM (
			SELECT m.id, k.holder, k.since, k.until, k.taken_from FROM message m LEFT JOIN taking k ON k.message_id = m.id AND k.until > $1
			WHERE `+queueFilter+` ORDER BY m.urgency DESC, m.deadline, m.received_at, m.id LIMIT $7 OFFSET $8) q
		JOIN message m ON m.id = q.id LEFT JOIN decision d ON d.message_id = m.id AND d.seq = m.decisions
		ORDER BY m.urgency DESC, m.deadline, m.received_at, m.id`, append(append([]any{micros(now)}, f.args()...), n, skip)...)
}

func scanWaiting(row scanner) (w Waiting, err error) {
	var since, until int64
	w.Message, err = scanMessage(scanAlso{row, []any{&w.Holder, &since, &until, &w.From}})
	w.Taking.Message, w.Since, w.Until = w.ID, instant(since), instant(until)
	return w, err
}

// DecidedSince counts the messages that were decided since an instant and have
// stayed so: by people, and by the rules alone.
func (r *Register) DecidedSince(ctx context.Context, at time.Time) (people, rules int, err error) {
	// Ids begin with their time, so that their own index finds the latest.
	err = r.db.QueryRowContext(ctx, `SELECT COALESCE(sum(CASE WHEN d.by_whom LIKE 'rules@%' THEN 0 ELSE 1 END), 0), COALESCE(sum(CASE WHEN d.by_whom LIKE 'rules@%' THEN 1 ELSE 0 END), 0)
		FROM decision d JOIN message m ON m.id = d.message_id
		WHERE d.id >= $1 AND d.at >= $2 AND d.seq = m.decisions AND m.state NOT IN ('review', 'split') AND m.history = 0`,
		firstID(at), micros(at)).Scan(&people, &rules)
	return people, rules, wrap("count decisions", err)
}

// QueueCounts says how much waits.
type QueueCounts struct {
	All, Mine, Free, Letters int
	// Of what fits the filter, by the headings of the queue:
	Dangers, Late, Today, Next, Later int
}

// Fits is how many messages fit the filter.
func (c QueueCounts) Fits() int { return c.Dangers + c.Late + c.Today + c.Next + c.Later }

// CountQueue counts what waits. Late is before today; Today lasts until its
// last day, and Next until that one.
func (r *Register) CountQueue(ctx context.Context, f QueueFilter, today, last, next workday.Date) (c QueueCounts, err error) {
	now, err := r.leaseClock(ctx)
	if err != nil {
		return c, wrap("count queue", err)
	}
	held := 0
	for _, q := range []struct {
		query string
		args  []any
		into  []any
	}{
		{`SELECT count(*), COALESCE(sum(CASE WHEN m.channel = 'letter' THEN 1 ELSE 0 END), 0) FROM message m WHERE m.state = 'review'`, nil, []any{&c.All, &c.Letters}},
		{
			`SELECT count(*), COALESCE(sum(CASE WHEN k.holder = $2 THEN 1 ELSE 0 END), 0) FROM taking k JOIN message m ON m.id = k.message_id WHERE k.until > $1 AND m.state = 'review'`,
			[]any{micros(now), clean(f.By)},
			[]any{&held, &c.Mine},
		},
		{
			`SELECT COALESCE(sum(CASE WHEN m.urgency > 0 THEN 1 ELSE 0 END), 0), COALESCE(sum(CASE WHEN m.urgency = 0 AND m.deadline < $7 THEN 1 ELSE 0 END), 0),
				COALESCE(sum(CASE WHEN m.urgency = 0 AND m.deadline >= $7 AND m.deadline <= $8 THEN 1 ELSE 0 END), 0),
				COALESCE(sum(CASE WHEN m.urgency = 0 AND m.deadline > $8 AND m.deadline <= $9 THEN 1 ELSE 0 END), 0),
				COALESCE(sum(CASE WHEN m.urgency = 0 AND m.deadline > $9 THEN 1 ELSE 0 END), 0)
			FROM message m LEFT JOIN taking k ON k.message_id = m.id AND k.until > $1 WHERE ` + queueFilter,
			append(append([]any{micros(now)}, f.args()...), dateText(today), dateText(last), dateText(next)),
			[]any{&c.Dangers, &c.Late, &c.Today, &c.Next, &c.Later},
		},
	} {
		if err := r.db.QueryRowContext(ctx, q.query, q.args...).Scan(q.into...); err != nil {
			return c, wrap("count queue", err)
		}
	}
	c.Free = c.All - held
	return c, nil
}
