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
	lookLimit = 10 * time.Second
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
	// Who asks may go away; the look is for the next one as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lookLimit)
	defer cancel()
	l := look{at: now}
	l.count(ctx, d.c)
	d.archive(ctx, &l)
	d.queue(ctx, &l)
	if d.c.Screen.Configured() {
		l.found("clamd", false, "post is taken in and answered, and its files cannot be opened yet", d.c.Screen.Check(ctx))
	}
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

func (l *look) found(name string, essential bool, coping string, err error) {
	dep := dependency{name: name, essential: essential, coping: coping, err: err}
	if err == nil {
		dep.success = l.at
	}
	l.dependencies = append(l.dependencies, dep)
}

func (l *look) count(ctx context.Context, c Config) {
	err := c.Register.Writable(ctx)
	if err == nil {
		l.status, err = c.Register.Status(ctx)
	}
	if err == nil {
		l.gauges, err = c.Register.Gauges(ctx, l.at)
	}
	if err == nil {
		l.screenings, err = c.Register.CountScreenings(ctx)
	}
	if err == nil {
		l.tallies, err = c.Register.Tallies(ctx, l.at.Add(-24*time.Hour), l.at)
	}
	l.counted = err == nil
	l.found("register", true, "", err)
}

// archive proves that a file can be begun: a full or read-only disk shows.
func (d *Desk) archive(ctx context.Context, l *look) {
	w, err := d.c.Archive.Create(ctx)
	if err == nil {
		_, err = w.Write([]byte("a file to see whether there is room\n"))
		w.Abort()
	}
	l.found("archive", true, "", err)
	if d.c.Archive.Remote() {
		l.found("object storage", false, "post waits where it is and is taken in later; files cannot be opened and replies not kept yet", d.c.Archive.Probe(ctx))
	}
}

func (d *Desk) queue(ctx context.Context, l *look) {
	var err error
	if !d.c.Queue.Up() {
		err = queue.ErrDown
	}
	for _, name := range d.c.Lanes {
		if err != nil {
			break
		}
		var depth queue.Depth
		if depth, err = d.c.Queue.Depth(ctx, name); err == nil {
			l.lanes = append(l.lanes, lane{name, depth})
		}
	}
	l.found("redis", false, "post is taken in and replies go, more slowly", err)
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
	// The register remembers mailboxes that are polled no more.
	l.status.Mailboxes = slices.DeleteFunc(l.status.Mailboxes, func(m register.MailboxStatus) bool { return !slices.Contains(configured, m.Mailbox) })
	for _, m := range l.status.Mailboxes {
		dep := dependency{name: "mailbox " + m.Mailbox, success: m.PolledAt, coping: "its mail waits there, and is taken in later with the day on which it came"}
		if m.Problem != "" {
			dep.err = errMailbox
		}
		l.dependencies = append(l.dependencies, dep)
	}
	sending := dependency{name: "smtp", success: l.gauges.LastSent, coping: "replies stay owed and are tried again"}
	// One mail that is put off is no trouble of the mail server.
	if l.gauges.Retrying > 0 && l.at.Sub(l.gauges.LastSent) > quietSending {
		sending.err = errRetries
	}
	l.dependencies = append(l.dependencies, sending)
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
