package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/register"
)

// Intake is the one way in: every door hands its post to it. What it answers
// for is on disk and in the register, clocks running.
type Intake struct {
	Archive  *archive.Archive
	Register *register.Register
	Queue    *queue.Queue
	Now      func() time.Time
	Logger   *slog.Logger
	Step     func(name string) // told at each step, for the kill tests; may be nil
}

// A Post is one piece of post at a door: its bytes are in an archive writer,
// whole, and nothing of it has been read.
type Post struct {
	Original    *archive.Writer
	Fingerprint string // the submission's own id; empty: the original's SHA-256
	Channel     register.Channel
	Source      string // the mailbox, folder or door by name
	Junk        bool   // never answered by itself
	History     bool   // a backlog: owes no reply
	ReceivedAt  time.Time
	Basis       register.Basis
	Problem     string // why the original is not the message; empty when it is
}

// Take flushes the originals into the archive, then registers them, then hints
// to the queue that they can be read. Results stand in the order given; an
// item's Err is its own. After an error nothing may be relied on and all of it
// is to be taken again, which does no harm to what was registered already. The
// writers are done with, whatever happens.
func (in *Intake) Take(ctx context.Context, posts []Post) ([]register.Received, error) {
	if len(posts) == 0 {
		return nil, nil
	}
	stored, err := in.keep(ctx, posts)
	if err != nil {
		return nil, fmt.Errorf("take in %d: %w", len(posts), err)
	}
	in.step("archived")
	received, err := in.Register.Receive(ctx, arrivals(posts, stored))
	if err != nil {
		return nil, fmt.Errorf("take in %d: %w", len(posts), err)
	}
	in.step("registered")
	in.hint(ctx, posts, received)
	return received, nil
}

func (in *Intake) keep(ctx context.Context, posts []Post) ([]archive.Stored, error) {
	writers := make([]*archive.Writer, len(posts))
	for i, p := range posts {
		writers[i] = p.Original
	}
	return in.Archive.Commit(ctx, writers)
}

func arrivals(posts []Post, stored []archive.Stored) []register.Arrival {
	as := make([]register.Arrival, len(posts))
	for i, p := range posts {
		as[i] = register.Arrival{
			Fingerprint: p.Fingerprint, Original: stored[i].SHA256, Size: stored[i].Size,
			Channel: p.Channel, Source: p.Source, Junk: p.Junk, History: p.History,
			ReceivedAt: p.ReceivedAt, Basis: p.Basis, Problem: p.Problem,
		}
		if p.Fingerprint == "" {
			as[i].Fingerprint = stored[i].SHA256
		}
	}
	return as
}

// hint tells the queue what waits to be read. A hint that is lost is given
// again by the reader's sweep, so its failure is no failure of ours.
func (in *Intake) hint(ctx context.Context, posts []Post, received []register.Received) {
	lanes := map[string][]queue.Item{}
	for i, r := range received {
		if r.Err == nil && r.State == register.Arrived {
			lane := laneOf(posts[i].Channel)
			lanes[lane] = append(lanes[lane], queue.Item{ID: r.ID, Deadline: r.Deadline.End()})
		}
	}
	for lane, items := range lanes {
		err := in.Queue.Put(ctx, lane, items...)
		if err != nil && !errors.Is(err, queue.ErrDown) && ctx.Err() == nil {
			in.Logger.WarnContext(ctx, "queue took no hint", slog.Any("error", err))
		}
		in.step("hinted")
	}
}

// laneOf is the lane in which post of a channel is read.
func laneOf(c register.Channel) string {
	if c == register.Letter {
		return LetterLane
	}
	return ReadLane
}

func (in *Intake) step(name string) {
	if in.Step != nil {
		in.Step(name)
	}
}
