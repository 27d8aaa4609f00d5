package ingest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"time"

	"postroom/internal/register"
)

var (
	errElsewhere = errors.New("another poller has this mailbox")
	errLeaseLost = errors.New("the lease on this mailbox is lost")
)

// A Poller takes one mailbox in, for ever. Two of them on one mailbox do no
// harm, and the lease sees to it that there is only one.
type Poller struct {
	mailbox Mailbox
	intake  *Intake
	log     *slog.Logger
	holder  string
	memory  memory
	failed  int  // passes since the last good one
	ahead   bool // the last failure brought us nearer to a poison mail
	once    bool // ends when the folder is taken in

	listless int // connections in a row that ended in LIST
}

// NewPoller refuses a mailbox whose settings are wrong.
func NewPoller(m Mailbox, in *Intake) (*Poller, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return &Poller{
		mailbox: m.withDefaults(),
		intake:  in,
		log:     in.Logger.With(slog.String("mailbox", m.Name)),
		holder:  rand.Text(),
		memory:  newMemory(in.Now()),
	}, nil
}

// Run polls until ctx ends. A mailbox that cannot be reached is logged, shown
// on the status page, and tried again, ever more slowly.
func (p *Poller) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := p.turn(ctx); ctx.Err() == nil {
			pause(ctx, p.afterFailure(ctx, err))
		}
	}
	return nil
}

// afterFailure reports a failure and says how long to wait.
func (p *Poller) afterFailure(ctx context.Context, err error) time.Duration {
	first := p.mailbox.Timeouts.Reconnect
	var trouble *MailboxError
	_ = errors.As(err, &trouble)
	limited := trouble != nil && (trouble.Trouble == Throttled || trouble.Trouble == TurnedAway)
	switch {
	case errors.Is(err, errLeaseLost):
		return jitter(first) // as when our clock was set: whoever has it now says so
	case errors.Is(err, errElsewhere):
		return jitter(p.mailbox.Timeouts.Lease / 2)
	case p.ahead && !limited:
		p.ahead, p.failed = false, 0
		p.log.WarnContext(ctx, "a mail broke the connection, narrowing down", slog.Any("error", err))
		return jitter(first)
	}
	p.ahead = false
	p.failed++
	p.log.WarnContext(ctx, "mailbox could not be polled", slog.Any("error", err), slog.Int("failures", p.failed))
	p.note(ctx, register.MailboxStatus{Problem: err.Error(), Limited: trouble != nil && trouble.Trouble == Throttled})
	wait := min(first<<min(p.failed-1, 20), 200*first)
	switch {
	case limited:
		// They limit the longer who asks while they limit; Gmail for a day.
		wait = max(min(60*first<<min(p.failed-1, 10), 1800*first), askedToWait(err))
	case trouble != nil && trouble.Trouble == LoginRefused:
		// Many servers lock an account after a handful of refused logins.
		wait = max(wait, 60*first)
	}
	return jitter(wait)
}

// turn holds the lease and polls under it until something fails.
func (p *Poller) turn(ctx context.Context) error {
	lease, ttl := p.lease(), p.mailbox.Timeouts.Lease
	held, err := p.intake.Register.Lease(ctx, lease, p.holder, ttl)
	if err != nil {
		return err
	}
	if !held {
		return errElsewhere
	}
	ctx, cancel := context.WithCancelCause(ctx)
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		p.renew(ctx, lease, cancel)
	}()
	err = p.mailbox.limits(p.visit(ctx))
	if errors.Is(context.Cause(ctx), errLeaseLost) || errors.Is(err, register.ErrStale) {
		err = errLeaseLost
		p.log.WarnContext(ctx, "lease lost, stopped polling")
	}
	cancel(nil)
	<-renewed
	rest, done := context.WithTimeout(context.WithoutCancel(ctx), ttl)
	defer done()
	return errors.Join(err, p.intake.Register.Unlease(rest, lease, p.holder))
}

func (p *Poller) lease() string { return "mailbox:" + p.mailbox.cursorName() }

// renew keeps the lease, and stops the poller at once when it is lost, or when
// the register cannot be asked for so long that it may be.
func (p *Poller) renew(ctx context.Context, lease string, lost context.CancelCauseFunc) {
	ttl := p.mailbox.Timeouts.Lease
	failures := 0
	for pause(ctx, ttl/5) {
		// A stop waits for a renewal in hand: it must not come after Unlease.
		ask, done := context.WithTimeout(context.WithoutCancel(ctx), ttl/5)
		held, err := p.intake.Register.Lease(ask, lease, p.holder, ttl)
		done()
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && held:
			failures = 0
		case err == nil:
			lost(errLeaseLost)
			return
		default:
			if failures++; failures == 2 { // the lease has a fifth of its time left
				lost(errLeaseLost)
				return
			}
		}
	}
}

// visit is one connection: a full look at once, then a look at every hint and
// every so often, until something fails.
func (p *Poller) visit(ctx context.Context) error {
	s, err := connect(ctx, p.mailbox)
	if err != nil {
		return err
	}
	defer s.close()
	v := &visit{p: p, s: s, mailbox: p.mailbox, intake: p.intake, hold: register.Hold{Lease: p.lease(), Holder: p.holder}}
	if err := v.begin(ctx); err != nil {
		return err
	}
	full := true
	for {
		if err := v.pass(ctx, full); err != nil {
			return err
		}
		p.failed = 0
		if v.finished() {
			return nil
		}
		if full, err = v.rest(ctx); err != nil {
			return err
		}
	}
}

// note keeps the status page true. That it fails is known by other ways.
func (p *Poller) note(ctx context.Context, s register.MailboxStatus) {
	s.Mailbox = p.mailbox.Name
	if err := p.intake.Register.NotePoll(ctx, s); err != nil && ctx.Err() == nil {
		p.log.WarnContext(ctx, "status not kept", slog.Any("error", err))
	}
}

// pause waits for d and reports false when ctx ended first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// jitter takes up to a third off, so that pollers do not march in step.
func jitter(d time.Duration) time.Duration {
	return d - time.Duration(mathrand.Int64N(int64(d)/3+1)) //nolint:gosec // spreads load, guards nothing
}

// recovered turns a panic within a pass into its error: the mailbox is polled
// again, and the process lives.
func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("taking in mail: panic: %v", r)
	}
}
