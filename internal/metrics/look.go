package metrics

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"postroom/internal/queue"
	"postroom/internal/register"
)

// A look is what was found at one instant.
type look struct {
	at           time.Time
	begun        time.Time // when this process began to watch
	dependencies []dependency
	lanes        []lane
	counted      bool // the register answered
	status       register.Status
	gauges       register.Gauges
	screenings   register.ScreeningCounts
	tallies      []register.Tally
	readings     int64
	readingTime  time.Duration
}

// A dependency is something outside this process. Without an essential one
// Postroom cannot serve; without the others it copes.
type dependency struct {
	name      string
	essential bool
	success   time.Time // the last that is known; zero: none
	err       error     // nil: it answers
	coping    string    // what happens meanwhile
}

type lane struct {
	name  string
	depth queue.Depth
}

const (
	// lookLimit is less than Prometheus waits for an answer when nobody told it
	// otherwise: what hangs is to be told of, and not to hang the figures too.
	lookLimit = 8 * time.Second
	// fresh is how long a look serves everybody who asks.
	fresh = 5 * time.Second
)

// look looks at everything, or gives what was seen a moment ago: however often
// it is asked, the register is counted once in a few seconds.
func (d *Desk) look(ctx context.Context) (look, error) {
	select {
	case <-ctx.Done():
		return look{}, context.Cause(ctx)
	case <-d.turn:
	}
	defer func() { d.turn <- struct{}{} }()
	now := d.c.Now()
	if age := now.Sub(d.last.at); !d.last.at.IsZero() && age >= 0 && age < fresh {
		return d.last, nil
	}
	l := look{at: now, begun: d.begun}
	d.ask(ctx, &l)
	l.mailServers(d.c.Mailboxes)
	if d.c.Reading != nil {
		l.readings, l.readingTime = d.c.Reading()
	}
	d.remember(&l)
	d.last = l
	return l, nil
}

// remember keeps the last success of what the register knows nothing of.
func (d *Desk) remember(l *look) {
	for i := range l.dependencies {
		dep := &l.dependencies[i]
		if dep.success.IsZero() {
			dep.success = d.success[dep.name]
		}
		d.success[dep.name] = dep.success
	}
}

// quietSending is how long nothing has gone, while attempts fail, before the
// mail server counts as down.
const quietSending = 15 * time.Minute

var (
	errMailbox = errors.New("the last poll failed; see the status page or the log")
	errRetries = errors.New("attempts to send are failing")
)

// mailServers are known by what the register says of them.
func (l *look) mailServers(configured []string) {
	if !l.counted {
		return
	}
	// The register remembers mailboxes that are polled no more, and knows none
	// that was never polled.
	l.status.Mailboxes = slices.DeleteFunc(l.status.Mailboxes, func(m register.MailboxStatus) bool { return !slices.Contains(configured, m.Mailbox) })
	for _, name := range configured {
		if !slices.ContainsFunc(l.status.Mailboxes, func(m register.MailboxStatus) bool { return m.Mailbox == name }) {
			l.status.Mailboxes = append(l.status.Mailboxes, register.MailboxStatus{Mailbox: name})
		}
	}
	for _, m := range l.status.Mailboxes {
		dep := dependency{name: "mailbox " + m.Mailbox, success: m.PolledAt, coping: "its mail waits there, and is taken in later with the day on which it came"}
		if m.Problem != "" {
			dep.err = errMailbox
		}
		l.dependencies = append(l.dependencies, dep)
	}
	sending := dependency{name: "smtp", success: l.gauges.LastSent, coping: "replies stay owed and are tried again"}
	// One mail that is put off is no trouble of the mail server, at night neither.
	if l.gauges.Retrying > 1 && l.at.Sub(l.gauges.LastSent) > quietSending {
		sending.err = errRetries
	}
	l.dependencies = append(l.dependencies, sending)
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
