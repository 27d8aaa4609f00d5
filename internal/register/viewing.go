package register

import (
	"context"
	"time"
)

// A ViewKind is what somebody looked at.
type ViewKind string

// The kinds of view. Anything that is saved counts as looked at.
const (
	ViewedCase       ViewKind = "case"
	ViewedMessage    ViewKind = "message"
	ViewedOriginal   ViewKind = "original"
	ViewedAttachment ViewKind = "attachment"
	ViewedReply      ViewKind = "reply"
	ViewedSent       ViewKind = "sent" // the exact bytes that went out
)

// A View says that somebody looked at something. It is a record of its own
// beside the histories: looking changes nothing, and histories would drown.
type View struct {
	At      time.Time
	By      string
	What    ViewKind
	Case    ID
	Message ID
	Reply   ID
}

// viewOf finds what was looked at, so that a view of nothing is none.
func viewOf(what ViewKind) string {
	switch what {
	case ViewedCase:
		return `INSERT INTO viewing (at, by_whom, what, case_id, message_id, outgoing_id) SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), c.id, '', '' FROM cases c WHERE c.id = $4`
	case ViewedReply, ViewedSent:
		return `INSERT INTO viewing (at, by_whom, what, case_id, message_id, outgoing_id) SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), o.case_id, o.message_id, o.id FROM outgoing o WHERE o.id = $4`
	case ViewedMessage, ViewedOriginal, ViewedAttachment:
	}
	return `INSERT INTO viewing (at, by_whom, what, case_id, message_id, outgoing_id) SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), m.case_id, m.id, '' FROM message m WHERE m.id = $4`
}

// Viewed records that somebody looked at a case, a message or a reply, by its
// id.
func (r *Register) Viewed(ctx context.Context, what ViewKind, id ID, by string) error {
	return wrap("viewed", r.writes.do(ctx, func(t *tx) error {
		return t.exec(viewOf(what), micros(t.now), clean(by), what, id)
	}))
}

// ViewedPage records that somebody looked at the picture of a letter's page,
// unless they have looked at the message since an instant: a letter has many
// pages, and the page that shows them is a view already.
func (r *Register) ViewedPage(ctx context.Context, message ID, by string, since time.Time) error {
	var seen int
	if err := r.db.QueryRowContext(ctx, `SELECT count(*) FROM viewing WHERE message_id = $1 AND at >= $2 AND by_whom = $3 AND outgoing_id = ''`,
		message, micros(since), clean(by)).Scan(&seen); err != nil || seen > 0 {
		return wrap("viewed page", err)
	}
	return r.Viewed(ctx, ViewedMessage, message, by)
}

// CaseViews lists up to n views of a case, its messages and replies, the
// newest first: those from before a message joined it as well.
func (r *Register) CaseViews(ctx context.Context, id ID, n int) ([]View, error) {
	return list(ctx, r, "case views", func(row scanner) (v View, err error) {
		var at int64
		err = row.Scan(&at, &v.By, &v.What, &v.Case, &v.Message, &v.Reply)
		v.At = instant(at)
		return v, err
	}, `SELECT at, by_whom, what, case_id, message_id, outgoing_id FROM viewing
		WHERE case_id = $1 OR message_id <> '' AND message_id IN (SELECT m.id FROM message m WHERE m.case_id = $1) ORDER BY at DESC LIMIT $2`, id, n)
}
