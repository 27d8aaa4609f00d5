package metrics

import (
	"context"
	"errors"
	"time"

	"postroom/internal/queue"
)

var errHangs = errors.New("it hangs: no answer within the time that a look may take")

// A side is one thing that is looked at, beside the others: where a database or
// a network drive hangs, the rest is told all the same.
type side struct {
	dependency
	ask  func(context.Context, *look) error // may put more into the look
	busy bool                               // it was asked and has not answered
	seen chan look                          // what it answered
}

func (d *Desk) allSides() []*side {
	sides := []*side{
		{dependency: dependency{name: "register", essential: true}, ask: d.count},
		{dependency: dependency{name: "archive", essential: true}, ask: d.archive},
	}
	if d.c.Archive.Remote() {
		sides = append(sides, &side{
			dependency: dependency{name: "object storage", coping: "post waits where it is and is taken in later; files cannot be opened and replies not kept yet"},
			ask:        func(ctx context.Context, _ *look) error { return d.c.Archive.Probe(ctx) },
		})
	}
	sides = append(sides, &side{dependency: dependency{name: "redis", coping: "post is taken in and replies go, more slowly"}, ask: d.queue})
	if d.c.Screen.Configured() {
		sides = append(sides, &side{
			dependency: dependency{name: "clamd", coping: "post is taken in and answered, and its files cannot be opened yet"},
			ask:        func(ctx context.Context, _ *look) error { return d.c.Screen.Check(ctx) },
		})
	}
	for _, s := range sides {
		s.seen = make(chan look, 1)
	}
	return sides
}

// ask asks all sides at once, and takes what they say in time.
func (d *Desk) ask(ctx context.Context, l *look) {
	// Who asks may go away; the look is for the next one as well.
	ctx = context.WithoutCancel(ctx)
	asking, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	for _, s := range d.sides {
		s.begin(asking, l.at)
	}
	waiting, done := d.patience(ctx)
	defer done()
	for _, s := range d.sides {
		s.end(waiting, l)
	}
}

// patient waits a moment longer than anybody is asked: what gives up at the
// limit then says why.
func patient(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, lookLimit+lookLimit/8)
}

// begin asks, unless it has not answered yet what it was asked before: a drive
// that hangs lets nobody go, and one of us is enough.
func (s *side) begin(ctx context.Context, at time.Time) {
	select {
	case <-s.seen:
		s.busy = false // too late for whoever asked
	default:
	}
	if s.busy {
		return
	}
	s.busy = true
	go func() {
		part := look{at: at}
		dep := s.dependency
		if dep.err = s.ask(ctx, &part); dep.err == nil {
			dep.success = at
		}
		part.dependencies = []dependency{dep}
		s.seen <- part
	}()
}

// end takes what it answered, waiting until ctx ends.
func (s *side) end(ctx context.Context, l *look) {
	select {
	case part := <-s.seen:
		s.answered(l, part)
		return
	case <-ctx.Done():
	}
	select {
	case part := <-s.seen: // while another one was waited for
		s.answered(l, part)
	default:
		dep := s.dependency
		dep.err = errHangs
		l.dependencies = append(l.dependencies, dep)
	}
}

func (s *side) answered(l *look, part look) {
	s.busy = false
	l.add(part)
}

// add takes over what one side saw.
func (l *look) add(part look) {
	l.dependencies = append(l.dependencies, part.dependencies...)
	l.lanes = append(l.lanes, part.lanes...)
	if part.counted {
		l.counted, l.status, l.gauges, l.screenings, l.tallies = true, part.status, part.gauges, part.screenings, part.tallies
	}
}

func (d *Desk) count(ctx context.Context, l *look) error {
	r := d.c.Register
	err := r.Writable(ctx)
	if err == nil {
		l.status, err = r.Status(ctx)
	}
	if err == nil {
		l.gauges, err = r.Gauges(ctx, l.at)
	}
	if err == nil {
		l.screenings, err = r.CountScreenings(ctx)
	}
	if err == nil {
		l.tallies, err = r.Tallies(ctx, l.at.Add(-24*time.Hour), l.at)
	}
	l.counted = err == nil
	return err
}

// archive proves that a file can be begun: a full or read-only disk shows.
func (d *Desk) archive(ctx context.Context, _ *look) error {
	w, err := d.c.Archive.Create(ctx)
	if err == nil {
		_, err = w.Write([]byte("a file to see whether there is room\n"))
		w.Abort()
	}
	return err
}

func (d *Desk) queue(ctx context.Context, l *look) error {
	if !d.c.Queue.Up() {
		return queue.ErrDown
	}
	for _, name := range d.c.Lanes {
		depth, err := d.c.Queue.Depth(ctx, name)
		if err != nil {
			return err
		}
		l.lanes = append(l.lanes, lane{name, depth})
	}
	return nil
}
