package notify

import (
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// TestAYear lives through a year of ordinary and awful post: weekends, bank
// holidays, storms, a mail server that is away, residents whose mail comes
// back, letters, officers who are ill, a machine that is off. The test keeps
// its own list of what came and counts the days anew. No acknowledgement may go
// after its day, unless everybody and everything had failed until then; and
// then people must have been called before the day was over.
func TestAYear(t *testing.T) {
	t.Parallel()
	type part struct {
		name     string
		database func(testing.TB, register.Config) register.Config
		from, to string
		least    int  // pieces of post that the law wants acknowledged
		late     bool // some must be late: nobody and nothing was there
	}
	parts := []part{
		{"sqlite, a year", registertest.SQLite, "2026-01-01", "2026-12-31", 500, true},
		{"postgres, a December", registertest.Postgres, "2026-12-01", "2026-12-31", 60, false},
	}
	if underRace { // make test lives through the whole year besides
		parts = []part{
			{"sqlite, the worst weeks", registertest.SQLite, "2026-08-12", "2026-09-04", 15, true},
			{"postgres, two weeks", registertest.Postgres, "2026-12-01", "2026-12-14", 5, false},
		}
	}
	for _, row := range parts {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			y := newYear(t, row.database, row.from)
			y.live(row.to)
			late := y.count(row.least)
			if (late > 0) != row.late {
				t.Errorf("%d acknowledgements were late", late)
			}
			y.registerAgrees(late)
		})
	}
}

// A piece is one piece of post, as the test knows it.
type piece struct {
	who, name string
	door      string // the number of the home
	channel   register.Channel
	kind      pieceKind
	stage     int
	at        time.Time // when it reached the landlord
	text      string
	about     register.ID // the case that it goes on about
	bounces   bool        // what is sent to this resident comes back
	pursues   bool        // is not content with the answer
	taken     time.Time   // when Postroom had it
	reference string
	message   register.ID
	caseID    register.ID
	answered  bool
	got       []time.Time // acknowledgements that reached the resident
}

type pieceKind string

const (
	complains pieceKind = "complains"
	requests  pieceKind = "requests"
	machine   pieceKind = "machine" // a robot's mail
)

// daysOff are the bank holidays of England and Wales, as people know them.
var daysOff = strings.Fields(`2026-01-01 2026-04-03 2026-04-06 2026-05-04 2026-05-25 2026-08-31 2026-12-25 2026-12-28 2027-01-01`)

// lastDay is the fifth working day after a piece came, counted by hand.
func lastDay(at time.Time) time.Time { return workingDay(at, 5) }

func workingDay(at time.Time, days int) time.Time {
	local := at.In(workday.London())
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, workday.London())
	for days > 0 {
		day = day.AddDate(0, 0, 1)
		if worked(day) {
			days--
		}
	}
	return day
}

func worked(day time.Time) bool {
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday && !slices.Contains(daysOff, day.Format(time.DateOnly))
}

// count goes through the test's own list, and tells how many were late.
func (y *year) count(least int) (late int) {
	y.tb.Helper()
	due := 0
	for _, p := range y.pieces {
		if p.kind != complains {
			// Of a request that nobody read in time the fail-safe makes a complaint.
			if len(p.got) > 0 && (p.kind == machine || p.got[0].Before(workingDay(p.at, 4))) {
				y.tb.Errorf("%s %s at %s got an acknowledgement", p.who, p.kind, p.at)
			}
			continue
		}
		end := lastDay(p.at).AddDate(0, 0, 1)
		if end.After(y.clock.Now()) {
			continue // its day is not over
		}
		due++
		if len(p.got) > 2 {
			y.tb.Errorf("%s was acknowledged %d times", p.reference, len(p.got))
		}
		if len(p.got) > 0 && p.got[0].Before(end) {
			continue
		}
		late++
		y.mayBeLate(p, end)
	}
	if due < least {
		y.tb.Errorf("only %d acknowledgements were due, want %d", due, least)
	}
	y.tb.Logf("%d pieces of post, %d acknowledgements due, %d late", len(y.pieces), due, late)
	return late
}

// mayBeLate holds a late acknowledgement to the one excuse that there is.
func (y *year) mayBeLate(p *piece, end time.Time) {
	y.tb.Helper()
	noon := workingDay(p.at, 4).Add(12 * time.Hour)
	for i, l := range y.looks {
		if l.at.Before(p.taken) || !l.at.Before(end) {
			continue
		}
		mail := l.mail && p.channel == register.Email && !p.bounces
		if mail && !l.at.Before(noon) {
			y.tb.Errorf("%s: late (%v), though mail went at %s", p.reference, p.got, l.at)
			return
		}
		if posted := slices.ContainsFunc(y.looks[i:], func(l look) bool { return l.posts && l.at.Before(end) }); l.officers && (mail || posted) {
			y.tb.Errorf("%s of %s: late (%v), though somebody was there at %s", p.reference, p.at, p.got, l.at)
			return
		}
	}
	rang := y.rang[p.reference]
	if p.about != "" && (rang.IsZero() || !rang.Before(end)) {
		rang = y.rang[y.caseReference(p.about)]
	}
	if rang.IsZero() || !rang.Before(end) {
		y.tb.Errorf("%s of %s was late, and nobody was called before its day was over (%s)", p.reference, p.at, rang)
	}
}

func (y *year) caseReference(id register.ID) string {
	c, _, err := y.GetCase(y.tb.Context(), id)
	y.must(err)
	return c.Reference
}

// registerAgrees holds the register's own count to the test's.
func (y *year) registerAgrees(late int) {
	y.tb.Helper()
	all, err := y.StageRecords(y.tb.Context(), time.Time{}, y.clock.Now())
	y.must(err)
	missed := 0
	for _, k := range all {
		end := k.AcknowledgeBy.End()
		if !end.After(y.clock.Now()) && (k.AcknowledgedAt.IsZero() || !k.AcknowledgedAt.Before(end)) {
			missed++
		}
	}
	if missed != late {
		y.tb.Errorf("the register counts %d late acknowledgements, the test %d", missed, late)
	}
}

// delivered notes what the mail server took since the last look.
func (y *year) delivered() {
	y.tb.Helper()
	for {
		select {
		case l := <-y.arrived:
			m, err := mail.ReadMessage(strings.NewReader(string(l.raw)))
			y.must(err)
			y.reached(l.to, m.Header.Get("Subject"))
		default:
			return
		}
	}
}

// reached notes an acknowledgement, which its subject shows.
func (y *year) reached(who, subject string) {
	stage := 1
	switch {
	case strings.HasPrefix(subject, "Your stage 2 complaint "):
		stage = 2
	case !strings.HasPrefix(subject, "Your complaint "):
		return
	}
	for _, p := range y.pieces {
		if (p.who == who || p.name == who) && (p.stage == stage || p.kind != complains) {
			p.got = append(p.got, y.clock.Now())
			return
		}
	}
	y.tb.Errorf("%q went to %s, who did not complain at stage %d", subject, who, stage)
}
