package web

import (
	"time"

	"postroom/internal/register"
)

// A TableRow is a route, for tests: its pattern, the right it needs, and whether
// it reads its body itself.
type TableRow struct {
	Pattern, Needs string
	OwnInput       bool
}

// Table is every route of signed-in people.
func (d *Desk) Table() (rows []TableRow) {
	for _, rt := range d.routes() {
		rows = append(rows, TableRow{rt.pattern, string(rt.needs), rt.ownInput})
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
