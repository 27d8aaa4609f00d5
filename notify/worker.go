package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"postroom/internal/archive"
	"postroom/internal/malware"
	"postroom/internal/queue"
	"postroom/internal/register"
)

// Lane is the queue's lane of outgoing ids.
const Lane = "reply"

// Config is what a worker needs.
type Config struct {
	Register *register.Register
	Queue    *queue.Queue
	Archive  *archive.Archive
	Screen   *malware.Screen // whether a file may go with a reply; nil: any may
	Composer *Composer
	Guard    GuardSettings
	Windows  register.Windows // over which caps are counted
	SMTP     SMTP
	Webhook  Webhook
	Retry    Retry
	Alarms   []register.Recipient // who is told of alarms
	Digest   []register.Recipient // who gets the morning's list

	Connections int           // to the mail server at once; 0: 4
	Slice       int           // how many are claimed together; 0: 32
	Lease       time.Duration // of a claim; 0: as long as one mail may take, and half a minute
	Sweep       time.Duration // between two looks for what is due and not queued; 0: a minute
	Sound       time.Duration // between two looks for alarms; 0: 5 seconds

	// Held reports whether a person has stopped everything that leaves; nil:
	// never. GuardSettings.Held is the configuration's word.
	Held   func() bool
	Now    func() time.Time
	Logger *slog.Logger
	// Step is called with the name of each step on a reply's way, before the
	// next one: for tests that kill the process there. nil: nothing.
	Step func(name string)
}

// Worker sends what is owed.
type Worker struct {
	cfg    Config
	log    *slog.Logger
	gate   gate
	ending atomic.Bool  // it was told to stop
	behind atomic.Int32 // outcomes that the register does not take
	mu     sync.Mutex
	done   []queue.Claimed // to be forgotten by the queue
	alerts map[string]*rate.Limiter
}

// NewWorker checks the configuration.
func NewWorker(c Config) (*Worker, error) {
	if c.Register == nil || c.Queue == nil || c.Archive == nil || c.Composer == nil || c.Now == nil || c.Logger == nil {
		return nil, errors.New("notify: worker: register, queue, archive, composer, time source and logger are all needed")
	}
	if err := errors.Join(c.canSend(), c.Composer.IDs.Validate()); err != nil {
		return nil, fmt.Errorf("notify: worker: %w", err)
	}
	c.SMTP.Now = c.Now
	composer := *c.Composer
	composer.archived = func(name string) ([]byte, error) { return readArchived(c.Archive, name) }
	c.Composer = &composer
	c.Retry = c.Retry.withDefaults()
	c.Lease = orDefault(c.Lease, c.SMTP.longest()+30*time.Second)
	if c.Lease <= c.SMTP.longest() {
		return nil, fmt.Errorf("notify: worker: a lease of %v is not longer than one mail may take, %v", c.Lease, c.SMTP.longest())
	}
	c.Sweep, c.Sound = orDefault(c.Sweep, time.Minute), orDefault(c.Sound, 5*time.Second)
	if c.Connections <= 0 {
		c.Connections = 4
	}
	if c.Slice <= 0 {
		c.Slice = 32
	}
	return &Worker{cfg: c, log: c.Logger, alerts: map[string]*rate.Limiter{}}, nil
}

// canSend reports what is wrong with the mail server's settings. Where the
// configuration holds everything none need be named yet.
func (c Config) canSend() error {
	if c.Guard.Held && c.SMTP.Host == "" {
		return nil
	}
	return c.SMTP.Validate()
}

// A job is one claimed outgoing on its way.
type job struct {
	register.Claimed
	held      *queue.Claimed // by which the queue knows it; nil when it came from the register
	claimedAt time.Time
	verdict   GuardVerdict
	mail      Composed
	bytesName string // the archive's name of mail.Bytes
	begun     bool
	accepted  bool
	broken    bool // it could not be written or kept; it is settled
}

// about is the log of one outgoing, under the names by which it is followed.
func (w *Worker) about(o register.Claimed) *slog.Logger {
	return w.log.With("outgoing_id", o.ID, "message_id", o.Message, "case_ref", o.Reference)
}

// dispatchers is how many slices are prepared at once: while the mails of one
// are flushed to the archive the next is claimed and written.
const dispatchers = 2

// Run sends what is owed until ctx ends. Then it claims nothing more, lets the
// mails that are in hand finish, and returns nil.
func (w *Worker) Run(ctx context.Context) error {
	defer context.AfterFunc(ctx, func() { w.ending.Store(true) })()
	var sweeps, senders, feeding sync.WaitGroup
	sweeps.Go(func() { w.sweepLoop(ctx) })
	sweeps.Go(func() { w.soundLoop(ctx) })
	jobs := make(chan job, w.cfg.Slice/2)
	for range w.cfg.Connections {
		senders.Go(func() { w.sender(ctx, jobs) })
	}
	w.dispatchLeftOver(ctx, jobs)
	for range dispatchers {
		feeding.Go(func() { w.dispatch(ctx, jobs) })
	}
	feeding.Wait()
	close(jobs)
	senders.Wait()
	sweeps.Wait()
	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	w.forget(after)
	return nil
}

// dispatch claims slices and hands them to the senders.
func (w *Worker) dispatch(ctx context.Context, jobs chan<- job) {
	for ctx.Err() == nil {
		w.forget(ctx)
		if w.stopped() || w.behind.Load() > 0 {
			pause(ctx, time.Second)
			continue
		}
		n, probe := w.gate.pass(ctx, w.cfg.Slice)
		slice, err := w.claim(ctx, n)
		if err != nil && ctx.Err() == nil {
			w.log.ErrorContext(ctx, "claiming replies failed", "error", err)
			pause(ctx, jitter(2*time.Second))
		}
		w.pass(ctx, slice, jobs)
		if probe && len(slice) > 0 {
			pause(ctx, 100*time.Millisecond) // let its outcome open or shut the gate
		}
	}
}

// pass prepares a slice and hands it to the senders.
func (w *Worker) pass(ctx context.Context, slice []job, jobs chan<- job) {
	for _, j := range w.prepare(ctx, slice) {
		select {
		case jobs <- j:
		case <-ctx.Done():
			w.giveBack(ctx, j, "this process was stopped before it was sent")
		}
	}
}

// dispatchLeftOver takes what is due straight from the register, once, at the
// start: of what an earlier process held when it was killed, Redis believes
// until the end of its lease that somebody holds it still.
func (w *Worker) dispatchLeftOver(ctx context.Context, jobs chan<- job) {
	for ctx.Err() == nil && !w.stopped() {
		if _, shut := w.gate.closed(); shut {
			return // the loop that follows waits until the mail server is back
		}
		slice, err := w.due(ctx, w.cfg.Slice)
		if err != nil || len(slice) == 0 {
			return // the loop that follows reports what is wrong
		}
		w.pass(ctx, slice, jobs)
	}
}

// stopped reports whether everything that leaves is held: then nothing is
// claimed, and stays owed.
func (w *Worker) stopped() bool {
	return w.cfg.Guard.Held || w.cfg.Held != nil && w.cfg.Held()
}

// pause waits, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// longestWait is how long a worker listens to the queue before it looks again.
const longestWait = 10 * time.Second

// claim takes up to n that are due: as the queue says, or while it is down
// straight from the register. It waits when there is nothing.
func (w *Worker) claim(ctx context.Context, n int) ([]job, error) {
	held, err := w.cfg.Queue.Claim(ctx, Lane, n, w.cfg.Lease)
	if err == nil && len(held) == 0 {
		err = w.cfg.Queue.Wait(ctx, Lane, min(longestWait, w.cfg.Sweep))
	}
	switch {
	case errors.Is(err, queue.ErrDown):
		return w.claimDue(ctx, n)
	case err != nil || len(held) == 0:
		return nil, err
	}
	ids := make([]register.ID, len(held))
	byID := map[register.ID]*queue.Claimed{}
	for i := range held {
		ids[i] = held[i].ID
		byID[held[i].ID] = &held[i]
	}
	jobs, err := w.take(ctx, ids, byID)
	if err != nil {
		for _, h := range held {
			_ = w.cfg.Queue.Return(ctx, Lane, h, w.cfg.Now().Add(5*time.Second))
		}
		return nil, err
	}
	for _, left := range byID { // not owed any more, not yet, or in other hands
		w.forgetLater(*left)
	}
	return jobs, nil
}

// claimDue works without the queue.
func (w *Worker) claimDue(ctx context.Context, n int) ([]job, error) {
	jobs, err := w.due(ctx, n)
	if err == nil && len(jobs) == 0 {
		pause(ctx, time.Second)
	}
	return jobs, err
}

// due claims up to n of what the register says is due.
func (w *Worker) due(ctx context.Context, n int) ([]job, error) {
	due, err := w.cfg.Register.Due(ctx, w.cfg.Now(), n)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	return w.take(ctx, idsOf(due), nil)
}

func idsOf(hints []register.Hint) []register.ID {
	ids := make([]register.ID, len(hints))
	for i, h := range hints {
		ids[i] = h.ID
	}
	return ids
}

// take claims in the register. What it got is taken out of byID.
func (w *Worker) take(ctx context.Context, ids []register.ID, byID map[register.ID]*queue.Claimed) ([]job, error) {
	ctx, cancel := detached(ctx) // a claim that we do not hear of would rest until its lease ends
	defer cancel()
	at := w.cfg.Now()
	claimed, err := w.cfg.Register.Claim(ctx, ids, w.cfg.Lease, w.cfg.Windows)
	if err != nil && len(claimed) == 0 {
		return nil, err
	}
	if err != nil {
		w.log.ErrorContext(ctx, "some replies could not be claimed", "error", err)
	}
	jobs := make([]job, len(claimed))
	for i, c := range claimed {
		jobs[i] = job{Claimed: c, held: byID[c.ID], claimedAt: at}
		delete(byID, c.ID)
		w.step("claimed")
	}
	return jobs, nil
}

// forgetLater puts a claim on the list of those that the queue may forget.
func (w *Worker) forgetLater(c queue.Claimed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done = append(w.done, c)
}

// forget tells the queue what is over, many at once. When that fails the lease
// runs out, and the register says that nothing is owed.
func (w *Worker) forget(ctx context.Context) {
	w.mu.Lock()
	done := w.done
	w.done = nil
	w.mu.Unlock()
	if len(done) > 0 {
		_ = w.cfg.Queue.Done(ctx, Lane, done...)
	}
}

// requeue gives a job's id back to the queue, to be ready at that time.
func (w *Worker) requeue(ctx context.Context, j job, at time.Time) {
	if j.held != nil {
		_ = w.cfg.Queue.Return(ctx, Lane, *j.held, at) // the sweep puts it again when this fails
	}
}

func (w *Worker) step(name string) {
	if w.cfg.Step != nil {
		w.cfg.Step(name)
	}
}
