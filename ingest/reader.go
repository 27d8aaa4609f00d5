package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"postroom/classify"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/reference"
	"postroom/internal/register"
)

// ReadLane is the queue's lane of messages to be read.
const ReadLane = "read"

// LetterLane is the queue's lane of letters to be read. It is one of its own:
// a stack of scans takes minutes, and the mail must not wait behind it.
const LetterLane = "read-letters"

// ReplyLane is the queue's lane of what is owed.
const ReplyLane = "reply"

// ReaderConfig is what a reader needs to know.
type ReaderConfig struct {
	Register   *register.Register
	Archive    *archive.Archive
	Queue      *queue.Queue
	Rules      *classify.Rules
	MessageIDs reference.MessageIDs
	Returns    reference.ReturnPaths   // of our mail; zero: it has none of its own
	Prefixes   []string                // of references that are ours
	Options    map[string]mime.Options // by source
	Letters    *scan.Reader            // for NewLetterReader, and for scans that are attached to mails; nil: those stay unread
	Splitting  scan.Splitting          // of files of many letters
	Landlord   []string                // the lines of the landlord's own address
	Scanners   map[string][]string     // by source: whose mails carry scans and nothing else; AnyScanner: all
	Now        func() time.Time
	Logger     *slog.Logger
	Step       func(name string) // told at each step, for the kill tests; may be nil

	Batch    int           // messages taken at once; 0: 32
	Parallel int           // messages read at once; 0: 2
	Attempts int           // after so many a message goes to a person unread; 0: 5
	Lease    time.Duration // 0: two minutes
	Sweep    time.Duration // between two looks into the register; 0: a minute
	Patience time.Duration // with an original that is not visible here yet; 0: 5 s, so that a batch of them stays within Lease
}

// A Reader reads what is registered, judges it, and opens or joins its case.
// Several may run at once, in one process or many.
type Reader struct {
	c       ReaderConfig
	lane    string
	letters bool // it reads letters, and nothing else
}

// NewReader makes a reader, with the defaults filled in.
func NewReader(c ReaderConfig) *Reader {
	if c.Batch == 0 {
		c.Batch = 32
	}
	if c.Parallel == 0 {
		c.Parallel = 2
	}
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	if c.Lease == 0 {
		c.Lease = 2 * time.Minute
	}
	if c.Sweep == 0 {
		c.Sweep = time.Minute
	}
	if c.Patience == 0 {
		c.Patience = 5 * time.Second
	}
	if c.Step == nil {
		c.Step = func(string) {}
	}
	return &Reader{c: c, lane: ReadLane}
}

// A piece is one message on its way through the reader.
type piece struct {
	message register.Message
	opening register.Opening
	away    error // the archive's storage does not answer: it is read later
}

// Read reads, judges and opens the messages: together those that are read for
// the first time, then each of the others alone, since it may be what ended a
// reader before, the least suspect first. One that is read already, or in another reader's hands, is
// left out. While the archive's storage is away none is begun: a reading that
// cannot be done counts as one that ended a reader.
func (r *Reader) Read(ctx context.Context, ids []register.ID) error {
	if err := r.c.Archive.Reach(ctx); err != nil {
		return err
	}
	fresh, err := r.c.Register.BeginReading(ctx, ids, r.c.Lease, r.c.Attempts)
	if err == nil {
		err = r.readAll(ctx, fresh)
	}
	if err != nil || len(ids) == 1 {
		return err
	}
	begun := map[register.ID]bool{}
	for _, m := range fresh {
		begun[m.ID] = true
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id register.ID) bool { return begun[id] })
	rest, err = r.c.Register.LeastBegun(ctx, rest)
	if err != nil {
		return err
	}
	for _, id := range rest {
		alone, err := r.c.Register.BeginReading(ctx, []register.ID{id}, r.c.Lease, r.c.Attempts)
		if err == nil {
			err = r.readAll(ctx, alone)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// readAll takes begun messages the rest of their way.
func (r *Reader) readAll(ctx context.Context, messages []register.Message) error {
	if len(messages) == 0 {
		return nil
	}
	r.c.Step("reading")
	if r.letters {
		return r.readLetters(ctx, messages)
	}
	stop := r.keepLease(ctx, messages...)
	defer stop()
	pieces := make([]*piece, len(messages))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(r.c.Parallel)
	for i, m := range messages {
		g.Go(func() error {
			pieces[i] = r.readOne(gctx, m)
			return nil
		})
	}
	if err := errors.Join(g.Wait(), ctx.Err()); err != nil {
		return err
	}
	pieces, away := r.putOff(ctx, pieces)
	rest, err := r.takeScans(ctx, pieces)
	if err != nil {
		return errors.Join(err, away)
	}
	return errors.Join(r.openAll(ctx, rest), away)
}

// putOff leaves out the pieces whose originals could not be had, and lets them
// be read as soon as they can.
func (r *Reader) putOff(ctx context.Context, pieces []*piece) (rest []*piece, away error) {
	var begun []register.Message
	for _, p := range pieces {
		if p.away == nil {
			rest = append(rest, p)
			continue
		}
		begun, away = append(begun, p.message), p.away
	}
	if away == nil {
		return rest, nil
	}
	return rest, errors.Join(away, r.c.Register.Unbegin(ctx, begun))
}

// openAll opens what was read, earlier messages first.
func (r *Reader) openAll(ctx context.Context, pieces []*piece) error {
	r.c.Step("read")
	for len(pieces) > 0 {
		now, later := apart(pieces)
		if err := r.open(ctx, now); err != nil {
			return err
		}
		pieces = later
	}
	return nil
}

// apart puts off messages that answer an earlier one of the same batch, which
// must have its case first.
func apart(pieces []*piece) (now, later []*piece) {
	earlier := map[string]bool{}
	for _, p := range pieces {
		waits := false
		for _, id := range p.opening.Reading.MessageIDs {
			waits = waits || earlier[id]
		}
		if waits {
			later = append(later, p)
		} else {
			now = append(now, p)
		}
		if id := p.opening.Reading.MessageID; id != "" {
			earlier[id] = true
		}
	}
	return now, later
}

// readOne reads one original. Whatever happens to it becomes a reading that a
// person can see; a panic is one of those things.
func (r *Reader) readOne(ctx context.Context, m register.Message) (p *piece) {
	p = &piece{message: m, opening: register.Opening{Message: m.ID}}
	defer func() {
		if v := recover(); v != nil {
			r.c.Logger.ErrorContext(ctx, "reading panicked", slog.String("message_id", m.ID), slog.String("panic", fmt.Sprint(v)), slog.String("stack", string(debug.Stack())))
			p.opening.Problem = "Postroom failed while reading this message. The original is kept and can be downloaded."
			p.opening.Reading.Automatic = string(mime.None)
		}
	}()
	original, err := r.original(ctx, m)
	if errors.Is(err, archive.ErrAway) {
		p.away = err
		return p
	}
	if err != nil {
		r.failed(ctx, "an original cannot be opened", err)
		p.opening.Problem = "the original cannot be opened in the archive; tell the operator, who should run: postroom verify"
		return p
	}
	defer original.Close() //nolint:errcheck // only read
	if m.Channel == register.Email {
		p.opening.Reading = Read(ctx, original, r.options(m.Source), r.c.Prefixes)
	} else {
		p.opening.Reading = ReadTold(ctx, original, r.options(m.Source), r.c.Prefixes)
	}
	if !r.fromScanner(m, p.opening.Reading) {
		r.readAttached(ctx, original, m, &p.opening.Reading)
	}
	return p
}

// original opens a message's original. What was registered a short while ago
// may have been written by another machine, and not be visible here yet.
func (r *Reader) original(ctx context.Context, m register.Message) (*os.File, error) {
	if r.c.Now().Sub(m.RegisteredAt).Abs() > settled {
		return r.c.Archive.Get(ctx, m.Original)
	}
	return r.c.Archive.Await(ctx, m.Original, r.c.Patience)
}

// settled is after how long shared storage shows everywhere what was written.
const settled = 15 * time.Minute

func (r *Reader) options(source string) mime.Options {
	o := r.c.Options[source]
	o.OwnMessageID = func(id string) bool { _, ours := r.c.MessageIDs.Verify(id); return ours }
	return o
}

// open joins, judges and opens a batch, and tells the queue what is owed.
func (r *Reader) open(ctx context.Context, pieces []*piece) error {
	if err := r.findOurs(ctx, pieces); err != nil {
		return err
	}
	if err := r.join(ctx, pieces); err != nil {
		return err
	}
	openings := make([]register.Opening, len(pieces))
	for i, p := range pieces {
		if err := r.reported(ctx, p); err != nil {
			return err
		}
		openings[i] = p.opening
	}
	r.c.Step("judged")
	opened, err := r.intoRegister(ctx, openings)
	if err != nil {
		return err
	}
	r.c.Step("opened")
	var items []queue.Item
	for _, o := range opened {
		if o.Err != nil {
			r.failed(ctx, "a message could not be opened; it stays unread and is tried again", o.Err)
			continue
		}
		r.c.Logger.InfoContext(ctx, "message opened", slog.String("message_id", o.Message), slog.String("case_ref", o.Reference), slog.String("state", string(o.State)))
		for _, h := range o.Owed {
			items = append(items, queue.Item{ID: h.ID, NotBefore: h.NotBefore, Deadline: h.Deadline})
		}
	}
	// A lost hint costs a minute: the sweep puts it again.
	_ = r.c.Queue.Put(ctx, ReplyLane, items...)
	r.c.Step("queued")
	return nil
}

// intoRegister opens what was read. While the database is away it tries again
// and again: given up, the messages would rest until their leases end, and be
// blamed for an attempt that was none of their fault.
func (r *Reader) intoRegister(ctx context.Context, openings []register.Opening) ([]register.Opened, error) {
	const first = 100 * time.Millisecond
	for wait := first; ; wait = min(2*wait, 5*time.Second) {
		opened, err := r.c.Register.Open(ctx, openings)
		if !errors.Is(err, register.ErrLost) {
			return opened, err
		}
		if wait == first {
			r.failed(ctx, "the register does not take what was read; it is tried again until it does", err)
		}
		if !pause(ctx, wait) {
			return nil, err
		}
	}
}
