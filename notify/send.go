package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"golang.org/x/time/rate"

	"postroom/internal/register"
)

// sender sends one job after the other on a connection of its own.
func (w *Worker) sender(ctx context.Context, jobs <-chan job) {
	c := &courier{server: w.cfg.SMTP, now: w.cfg.Now}
	defer c.close()
	for j := range jobs {
		if ctx.Err() != nil {
			w.giveBack(ctx, j, "this process was stopped before it was sent")
			continue
		}
		w.handle(ctx, c, j)
	}
}

// handle carries one job to its end. What ctx's end finds in hand finishes
// within the time that one mail may take.
func (w *Worker) handle(ctx context.Context, c *courier, j job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), w.cfg.SMTP.longest())
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			c.drop()
			w.panicked(ctx, &j, p)
		}
	}()
	if w.cfg.Now().Sub(j.claimedAt) > w.cfg.Lease-w.cfg.SMTP.longest() {
		w.giveBack(ctx, j, "it had waited too long for its turn")
		return
	}
	w.settle(ctx, &j, w.attempt(ctx, c, &j))
}

// panicked puts a job whose handling broke into a person's hands, as far as it
// had come.
func (w *Worker) panicked(ctx context.Context, j *job, p any) {
	w.log.ErrorContext(ctx, "handling a reply broke", "outgoing_id", j.ID, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	broken := result{fate: holdIt, why: "something broke inside Postroom while it was being sent; the log says more"}
	switch {
	case j.accepted:
		broken = result{fate: sent, code: "250", at: w.cfg.Now()}
	case j.begun:
		broken.fate = unknown
	}
	w.settle(ctx, j, broken)
}

// holdIt is the fate of what a person must look at before anything is tried.
const holdIt fate = "hold"

// attempt guards, composes, keeps and sends one outgoing.
func (w *Worker) attempt(ctx context.Context, c *courier, j *job) result {
	verdict := w.guard(ctx, j.Claimed)
	if verdict.Decision != Send {
		return w.kept(ctx, j, verdict)
	}
	if wait, shut := w.gate.closed(); shut && j.Way == register.ByEmail {
		return result{fate: tryAgain, why: "no mail can be handed to the mail server", at: w.cfg.Now().Add(jitter(2 * wait)), down: true}
	}
	mail, name, err := w.prepare(ctx, j.Claimed)
	if err != nil {
		w.log.ErrorContext(ctx, "a reply could not be written", "outgoing_id", j.ID, "kind", string(j.Kind), "error", err)
		return unwritten(err)
	}
	w.step("archived")
	begin := func(ctx context.Context) error { return w.begin(ctx, j, mail, name, verdict) }
	if j.Way == register.ByWebhook {
		return w.deliverHook(ctx, mail, j.Claimed, begin)
	}
	r := c.hand(ctx, parcel{from: mail.Envelope, to: mail.To, bytes: mail.Bytes, begin: begin, step: w.step})
	w.watch(ctx, &r)
	return r
}

// watch shuts the gate when no mail can be handed over at all, opens it when
// the mail server has answered about a mail, and calls people when it has been
// shut for long.
func (w *Worker) watch(ctx context.Context, r *result) {
	switch {
	case !r.down && (r.code != "" || r.fate == sent):
		w.gate.open()
	case r.down:
		wait, since := w.gate.fail(w.cfg.Now())
		r.at = w.cfg.Now().Add(jitter(2 * wait))
		if w.cfg.Now().Sub(since) > longOutage {
			err := w.cfg.Register.Raise(ctx, register.Alarm{Kind: register.UnsentAlarm, Note: "the mail server has taken no mail for a quarter of an hour; replies wait"})
			if err != nil {
				w.log.ErrorContext(ctx, "an alarm could not be raised", "error", err)
			}
		}
	}
}

const longOutage = 15 * time.Minute

// guard asks the guard, and lets through what a person has released although
// it would be held.
func (w *Worker) guard(ctx context.Context, o register.Claimed) GuardVerdict {
	settings := w.cfg.Guard
	settings.Held = w.stopped()
	v := Guard(o, settings)
	if v.Decision == Send && !w.mayAlert(o) {
		return GuardVerdict{Decision: Hold, Row: "alerts", Reason: "so many alerts went to that address that this one is shown on the pages only"}
	}
	if v.Decision != Hold || !v.Releasable {
		return v
	}
	by, err := w.released(ctx, o)
	if err != nil {
		w.log.ErrorContext(ctx, "a reply's history could not be read", "outgoing_id", o.ID, "error", err)
	}
	if !by {
		return v
	}
	return GuardVerdict{Decision: Send, Row: v.Row, Reason: "a person let it go, although " + v.Reason}
}

// released reports whether an officer has let this outgoing go.
func (w *Worker) released(ctx context.Context, o register.Claimed) (bool, error) {
	subject := "outgoing:" + o.ID
	switch {
	case o.Case != "":
		subject = "case:" + o.Case
	case o.Message != "":
		subject = "message:" + o.Message
	}
	events, err := w.cfg.Register.History(ctx, subject)
	for _, e := range events {
		if e.What == "released" && e.Detail["outgoing"] == o.ID {
			return true, nil
		}
	}
	return false, err
}

// Alerts that are not about people in danger come in no larger number than
// somebody can read: 30 at once to one address, then one in 20 seconds.
const (
	alertBurst = 30
	alertEvery = 20 * time.Second
)

func (w *Worker) mayAlert(o register.Claimed) bool {
	if o.Kind != register.Alert {
		return true
	}
	switch register.AlarmKind(alarmOf(o)) {
	case register.EmergencyAlarm, register.SafeguardingAlarm, register.BrakeAlarm:
		return true
	case register.DeadlineAlarm, register.UnsentAlarm, register.FailsafeAlarm:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	l := w.alerts[o.To.Address]
	if l == nil {
		l = rate.NewLimiter(rate.Every(alertEvery), alertBurst)
		w.alerts[o.To.Address] = l
	}
	return l.AllowN(w.cfg.Now(), 1)
}

// kept says what becomes of what the guard does not let pass.
func (w *Worker) kept(ctx context.Context, j *job, v GuardVerdict) result {
	switch {
	case v.Row == "held":
		// Stopped between claim and guard: it stays owed, and nothing is counted.
		return result{fate: unchanged, at: w.cfg.Now().Add(w.cfg.Lease)}
	case v.Brake:
		// It stays owed and goes later, more slowly: to hold each for a person
		// would bury people in thousands of alarms. One alarm says that it happens.
		err := w.cfg.Register.Raise(ctx, register.Alarm{Kind: register.BrakeAlarm, Note: v.Reason})
		if err != nil {
			w.log.ErrorContext(ctx, "an alarm could not be raised", "error", err)
		}
		return result{fate: tryAgain, why: v.Reason, at: w.cfg.Now().Add(jitter(max(w.cfg.Windows.All/4, time.Minute))), down: true}
	}
	w.log.InfoContext(ctx, "a reply was not sent", "outgoing_id", j.ID, "kind", string(j.Kind), "guard", string(v.Decision), "row", v.Row)
	return result{fate: holdIt, why: string(v.Decision) + ": " + v.Reason}
}

// prepare writes the mail, or finds the bytes that go once more, and keeps
// exactly what will be sent before anything is tried.
func (w *Worker) prepare(ctx context.Context, o register.Claimed) (Composed, string, error) {
	if o.Resend && o.Bytes != "" {
		mail, err := w.before(ctx, o)
		return mail, o.Bytes, err
	}
	mail, err := w.cfg.Composer.Compose(o, w.cfg.Now())
	if err != nil {
		return Composed{}, "", err
	}
	stored, err := w.cfg.Archive.Put(ctx, bytes.NewReader(mail.Bytes))
	if err != nil {
		return Composed{}, "", &notKeptError{err}
	}
	return mail, stored.SHA256, nil
}

// before reads the bytes of an attempt whose outcome is unknown.
func (w *Worker) before(ctx context.Context, o register.Claimed) (Composed, error) {
	f, err := w.cfg.Archive.Get(ctx, o.Bytes)
	if err != nil {
		return Composed{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	sent, err := io.ReadAll(f)
	if err != nil {
		return Composed{}, err
	}
	return w.cfg.Composer.Again(o, sent)
}

// A notKeptError is a failure of the archive: it says nothing about the mail.
type notKeptError struct{ err error }

func (e *notKeptError) Error() string { return e.err.Error() }
func (e *notKeptError) Unwrap() error { return e.err }

// unwritten judges a mail that could not be written. Words that cannot be
// written now cannot be written later either: a person is asked.
func unwritten(err error) result {
	var disk *notKeptError
	if errors.As(err, &disk) {
		return result{fate: tryAgain, why: "the archive could not keep what was to be sent", down: true}
	}
	return result{fate: holdIt, why: "it could not be written: " + plainCause(err)}
}

// plainCause is the innermost cause, which is ours and names no person.
func plainCause(err error) string {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err.Error()
		}
		err = inner
	}
}

// begin records that from here on the outcome may be unknown.
func (w *Worker) begin(ctx context.Context, j *job, mail Composed, name string, v GuardVerdict) error {
	errs, err := w.cfg.Register.Begin(ctx, []register.Beginning{{
		ID: j.ID, Attempt: j.Attempt, MessageID: mail.MessageID, Bytes: name, Subject: mail.Subject, Guard: v.Reason, Promised: mail.Promised,
	}})
	if err = first(errs, err); err == nil {
		j.begun = true
	}
	return err
}

func first(errs []error, err error) error {
	if err == nil && len(errs) > 0 {
		err = errs[0]
	}
	return err
}
