package web

import (
	"encoding/json"
	"time"

	"postroom/ingest"
	"postroom/internal/register"
)

// A TableRow is a route, for tests: its pattern, the right it needs, whether it
// reads its body itself, and whether it is for other systems.
type TableRow struct {
	Pattern, Needs string
	OwnInput, Door bool
}

// Table is every route of signed-in people and of other systems.
func (d *Desk) Table() (rows []TableRow) {
	for _, rt := range d.routes() {
		rows = append(rows, TableRow{rt.pattern, string(rt.needs), rt.ownInput, rt.door != nil})
	}
	return rows
}

// May reports whether the role has the right.
func May(role register.Role, needs string) bool { return may(role, right(needs)) }

// Device says what a browser that calls itself so is.
func Device(agent string) string { return device(agent) }

// Crowd is what bounds the residents' form, for tests.
type Crowd struct{ c crowd }

// NewCrowd is the crowd that sends complaints.
func NewCrowd() *Crowd { return &Crowd{crowd{one: mostFromOne, all: mostFromAll}} }

// Enter reports whether one more may be sent from there.
func (c *Crowd) Enter(client string, now time.Time) bool { return c.c.enter(client, now) }

// ClearShelf removes the files that nobody sent within a day.
func (d *Desk) ClearShelf() error { return d.shelf.clean() }

// Forget makes it as if nobody had sent anything of late.
func (d *Desk) Forget() {
	d.crowd.entries, d.filing.entries, d.callers.all = nil, nil, nil
}

// ReadHandedIn reads what a system hands in under a key: as post, or as the
// problem that it is refused with.
func ReadHandedIn(body []byte, now time.Time) (ingest.Submission, string) {
	h, no := readHandedIn(body, now)
	if no != nil {
		text, _ := json.Marshal(no)
		return ingest.Submission{}, string(text)
	}
	return h.submission(now, register.System{ID: "system", Name: "My Account"}, "key-number-1", "digest"), ""
}

// TokenMay reports whether the token has the right.
func TokenMay(k register.Token, needs string) bool { return tokenMay(k, right(needs)) }
