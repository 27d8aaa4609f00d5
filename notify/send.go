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

	"postroom/internal/archive"
	"postroom/internal/register"
)

// A sender carries one job after the other on a connection of its own.
type sender struct {
	*Worker
	courier *courier
	// last ends when the outcome of the mail before is recorded. The next one's
	// Begin goes into the same commit, and its DATA waits for both, so that at
	// most one mail for each connection is accepted and not yet recorded.
	last chan struct{}
}

func (w *Worker) sender(ctx context.Context, jobs <-chan job) {
	s := &sender{Worker: w, courier: &courier{server: w.cfg.SMTP, now: w.cfg.Now}}
	defer s.courier.close()
	defer s.settled()
	for j := range jobs {
		if ctx.Err() != nil {
			w.giveBack(ctx, j, "this process was stopped before it was sent")
			continue
		}
		s.carry(ctx, j)
	}
}

// settled waits until the outcome of the mail before is recorded.
func (s *sender) settled() {
	if s.last != nil {
		<-s.last
		s.last = nil
	}
}

// carry takes one job to its end. What ctx's end finds in hand finishes within
// the time that one mail may take.
func (s *sender) carry(ctx context.Context, j job) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.cfg.SMTP.longest())
	defer cancel()
	defer s.rescue(ctx, &j, s.courier.drop)
	if s.cfg.Now().Sub(j.claimedAt) > s.cfg.Lease-s.cfg.SMTP.longest() {
		s.giveBack(ctx, j, "it had waited too long for its turn")
		return
	}
	r := s.hand(ctx, &j)
	s.settled()
	if r.fate != sent {
		s.settle(ctx, &j, r)
		return
	}
	j.accepted = true
	s.step("accepted")
	last := make(chan struct{})
	s.last = last
	go func() {
		defer close(last)
		defer func() {
			if p := recover(); p != nil {
				s.about(j.Claimed).ErrorContext(ctx, "recording a delivery broke", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			}
		}()
		s.settle(ctx, &j, r)
	}()
}

// hand sends what was prepared.
func (s *sender) hand(ctx context.Context, j *job) result {
	if j.Way == register.ByLetter {
		return s.layInTray(ctx, j)
	}
	if wait, shut := s.gate.closed(); shut && j.Way == register.ByEmail {
		return result{fate: tryAgain, why: "no mail can be handed to the mail server", at: s.cfg.Now().Add(jitter(2 * wait)), down: true}
	}
	begin := func(ctx context.Context) error {
		defer s.settled()
		return s.begin(ctx, j)
	}
	if j.Way == register.ByWebhook {
		return s.deliverHook(ctx, j.mail, j.Claimed, begin)
	}
	r := s.courier.hand(ctx, parcel{from: j.mail.Envelope, to: j.mail.To, bytes: j.mail.Bytes, begin: begin, step: s.step})
	s.watch(ctx, &r)
	return r
}

// rescue keeps a panic from spoiling more than one job, and puts that one into
// a person's hands, as far as it had come.
func (w *Worker) rescue(ctx context.Context, j *job, drop func()) {
	p := recover()
	if p == nil {
		return
	}
	drop()
	w.about(j.Claimed).ErrorContext(ctx, "handling a reply broke", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
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
		w.about(o).ErrorContext(ctx, "a reply's history could not be read", "error", err)
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
	case register.EmergencyAlarm, register.SafeguardingAlarm, register.BrakeAlarm, register.HazardAlarm:
		return true
	case register.DeadlineAlarm, register.UnsentAlarm, register.FailsafeAlarm, register.MalwareAlarm:
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
	w.about(j.Claimed).InfoContext(ctx, "a reply was not sent", "kind", string(j.Kind), "guard", string(v.Decision), "row", v.Row)
	if v.Decision == Never {
		return result{fate: holdIt, why: "never: " + v.Reason}
	}
	return result{fate: holdIt, why: v.Reason} // that it is held says its state
}

// prepare guards and writes what was claimed, and keeps exactly what will be
// sent before anything is tried. It settles what is not to be sent, and returns
// the rest.
func (w *Worker) prepare(ctx context.Context, jobs []job) []job {
	ctx = context.WithoutCancel(ctx) // what was claimed is settled, whatever happens
	ready := make([]*job, 0, len(jobs))
	for i := range jobs {
		if r := w.write(ctx, &jobs[i]); r.fate != "" {
			w.settle(ctx, &jobs[i], r)
		} else if !jobs[i].broken {
			ready = append(ready, &jobs[i])
		}
	}
	var kept []job
	for i, err := range w.keep(ctx, ready) {
		if w.isKept(ctx, ready[i], err); !ready[i].broken {
			kept = append(kept, *ready[i])
		}
	}
	return kept
}

// isKept settles what the archive could not keep.
func (w *Worker) isKept(ctx context.Context, j *job, err error) {
	defer w.rescue(ctx, j, func() { j.broken = true })
	if err == nil {
		w.step("archived")
		return
	}
	j.broken = true
	w.about(j.Claimed).ErrorContext(ctx, "what was to be sent could not be kept", "error", err)
	w.settle(ctx, j, result{fate: tryAgain, why: "the archive could not keep what was to be sent", down: true})
}

// write guards one and writes its mail, or finds the bytes that go once more.
// It gives a fate when nothing is to be sent.
func (w *Worker) write(ctx context.Context, j *job) (r result) {
	defer w.rescue(ctx, j, func() { j.broken = true })
	j.verdict = w.guard(ctx, j.Claimed)
	if j.verdict.Decision != Send {
		return w.kept(ctx, j, j.verdict)
	}
	if r := w.screened(ctx, j.Claimed); r.fate != "" {
		return r
	}
	var err error
	if j.Resend && j.Bytes != "" {
		j.bytesName = j.Bytes
		j.mail, err = w.before(ctx, j.Claimed)
	} else {
		j.mail, err = w.cfg.Composer.Compose(j.Claimed, w.cfg.Now())
	}
	if errors.Is(err, archive.ErrAway) {
		w.log.WarnContext(ctx, "a reply waits for a file of the archive", "outgoing_id", j.ID, "error", err)
		return result{fate: tryAgain, why: "the archive cannot give out a file that it needs", down: true}
	}
	if unprintable(err) {
		return result{fate: holdIt, why: "it cannot be printed: " + plainCause(err)}
	}
	if err != nil {
		// Words that cannot be written now cannot be written later either.
		w.about(j.Claimed).ErrorContext(ctx, "a reply could not be written", "kind", string(j.Kind), "error", err)
		return result{fate: holdIt, why: "it could not be written: " + plainCause(err)}
	}
	return result{}
}

// keep puts the bytes of all into the archive with one flush, or, when that
// fails, one by one. Errors stand in their jobs' places.
func (w *Worker) keep(ctx context.Context, jobs []*job) []error {
	errs := make([]error, len(jobs))
	var fresh []*job
	var writers []*archive.Writer
	for _, j := range jobs {
		if j.bytesName != "" {
			continue
		}
		a, err := w.cfg.Archive.Create(ctx)
		if err == nil {
			if _, err = a.Write(j.mail.Bytes); err != nil {
				a.Abort()
			} else {
				fresh, writers = append(fresh, j), append(writers, a)
			}
		}
	}
	stored, err := w.cfg.Archive.Commit(ctx, writers)
	for i := range stored {
		if err == nil {
			fresh[i].bytesName = stored[i].SHA256
		}
	}
	for i, j := range jobs {
		if j.bytesName == "" {
			var one archive.Stored
			one, errs[i] = w.cfg.Archive.Put(ctx, bytes.NewReader(j.mail.Bytes))
			j.bytesName = one.SHA256
		}
	}
	return errs
}

// before reads the bytes of an attempt whose outcome is unknown.
func (w *Worker) before(ctx context.Context, o register.Claimed) (Composed, error) {
	f, err := w.cfg.Archive.Await(ctx, o.Bytes, 10*time.Second) // another machine may have written them
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
func (w *Worker) begin(ctx context.Context, j *job) error {
	errs, err := w.cfg.Register.Begin(ctx, []register.Beginning{{
		ID: j.ID, Attempt: j.Attempt, MessageID: j.mail.MessageID, Bytes: j.bytesName, Subject: j.mail.Subject,
		Guard: j.verdict.Reason, Promised: j.mail.Promised,
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
