package registertest_test

import (
	"database/sql"
	"strings"
	"testing"

	"postroom/internal/register"
)

// spoil changes the register behind its back, as damage or somebody's psql does.
func (d *desk) spoil(statement string, args ...any) {
	d.t.Helper()
	db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[d.cfg.Driver], d.cfg.DSN)
	d.must(err)
	defer db.Close() //nolint:errcheck // a test's own connection
	_, err = db.ExecContext(d.t.Context(), statement, args...)
	d.must(err)
}

// What a reply is about cannot be read, today or tomorrow: a person is told at
// once, its neighbours go, its clock runs on, and after a repair it goes too.
func TestAReplyWhoseCaseCannotBeReadGoesToAPerson(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		spoil, mend string
		taken       bool // by a worker that died before the damage was seen
	}{
		"its clock":                      {spoil: `UPDATE clock SET steps = 'soon' WHERE case_id = $1`, mend: `UPDATE clock SET steps = '[]' WHERE case_id = $1`},
		"its case":                       {spoil: `UPDATE cases SET topics = '{' WHERE id = $1`, mend: `UPDATE cases SET topics = '[]' WHERE id = $1`},
		"its case, and a worker died":    {spoil: `UPDATE cases SET topics = '{' WHERE id = $1`, mend: `UPDATE cases SET topics = '[]' WHERE id = $1`, taken: true},
		"the decision about its message": {spoil: `UPDATE decision SET verdict = '{' WHERE message_id = (SELECT message_id FROM cases WHERE id = $1)`, mend: `UPDATE decision SET verdict = '{}' WHERE message_id = (SELECT message_id FROM cases WHERE id = $1)`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(d *desk) {
				bad, good := d.complaint("cold", "ann@example.com"), d.complaint("damp", "bo@example.com")
				id := bad.Owed[0].ID
				if row.taken {
					d.expired(id)
				}
				d.spoil(row.spoil, bad.Case)
				got, err := d.Claim(t.Context(), []register.ID{id, good.Owed[0].ID}, 0, register.Windows{})
				if err == nil || len(got) != 1 || got[0].ID != good.Owed[0].ID || got[0].TheCase == nil {
					t.Fatalf("claimed %d, error %v: want the neighbour alone, and why", len(got), err)
				}
				o := d.outgoing(id)
				if o.State != register.Held || !strings.Contains(o.Why, "cannot be read") {
					t.Fatalf("the reply is %s: %s", o.State, o.Why)
				}
				if due, err := d.Due(t.Context(), d.clock.Now(), 10); err != nil || len(due) != 1 {
					t.Errorf("due %+v, %v: want the neighbour alone", due, err)
				}
				d.tellsPeople(bad)
				d.spoil(row.mend, bad.Case)
				_, err = d.Release(t.Context(), id, "officer:bo", "it was mended")
				d.must(err)
				d.send(id)
			})
		})
	}
}

// tellsPeople holds that an alert about a reply that was held can go, although
// nothing of its case can be read, and that its deadline is warned of.
func (d *desk) tellsPeople(o register.Opened) {
	d.t.Helper()
	if notes := d.alarms(register.UnsentAlarm); len(notes) != 1 || !strings.Contains(notes[0], "cannot be read") {
		d.t.Errorf("alarms %q", notes)
	}
	hints, err := d.Sound(d.t.Context(), d.clock.Now(), []register.Recipient{{Way: register.ByEmail, Address: "duty@landlord.example"}})
	d.must(err)
	if len(hints) != 1 || d.outgoing(hints[0].ID).Reference != o.Reference {
		d.t.Fatalf("alerts %+v", hints)
	}
	d.send(hints[0].ID)
	was := d.clock.Now()
	d.clock.Set(on(d.t, "2026-12-01"))
	d.warn()
	if notes := d.alarms(register.DeadlineAlarm); !strings.Contains(strings.Join(notes, ";"), "has not gone and its deadline has passed") {
		d.t.Errorf("warnings %q", notes)
	}
	d.clock.Set(was)
}
