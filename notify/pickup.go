package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// A Pickup lays letters out for a printing service by itself: on each working
// day, from a time of day on, all that is in the tray. Once a day: a service
// collects once.
type Pickup struct {
	Printer      *Printer
	Hour, Minute int // London
	Calendar     *workday.Calendar
	Held         func() bool // nothing leaves now
	Now          func() time.Time
	Logger       *slog.Logger
	Every        time.Duration // between two looks; 0: a minute
}

// Run looks after the pick-up until ctx ends. What fails is logged, and tried
// again at the next look.
func (p *Pickup) Run(ctx context.Context) error {
	every := p.Every
	if every == 0 {
		every = time.Minute
	}
	look := time.NewTicker(every)
	defer look.Stop()
	holder, failing := rand.Text(), false
	for {
		err := p.look(ctx, holder)
		if err != nil && ctx.Err() == nil && !failing {
			p.Logger.ErrorContext(ctx, "letters cannot be laid out for the printing service", slog.Any("error", err))
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
		}
	}
}

// look writes what an earlier one recorded and could not write, then makes the
// day's batch when its time has come. A batch of which a file is lost keeps no
// other from being laid out.
func (p *Pickup) look(ctx context.Context, holder string) error {
	r := p.Printer.Register
	held, err := r.Lease(ctx, "pickup", holder, 5*time.Minute)
	if err != nil || !held || p.Held() {
		return err
	}
	unwritten, err := r.UnwrittenBatches(ctx)
	if err != nil {
		return err
	}
	for _, b := range unwritten {
		err = errors.Join(err, p.write(ctx, b))
	}
	return errors.Join(err, p.layOut(ctx))
}

// layOut makes the batches of today, unless it is too early or they are made.
func (p *Pickup) layOut(ctx context.Context) error {
	r, now := p.Printer.Register, p.Now().In(workday.London())
	today := workday.DateOf(now)
	if !p.Calendar.IsWorking(today) || now.Hour()*60+now.Minute() < p.Hour*60+p.Minute {
		return nil
	}
	for { // one batch holds so many and no more; what is left goes the same day
		if done, err := r.LaidOut(ctx, today, p.Printer.limit()); err != nil || done {
			return err
		}
		batch, err := p.Printer.Gather(ctx, register.PickupActor)
		if errors.Is(err, ErrNothingToPrint) {
			return nil
		}
		if err == nil {
			err = p.write(ctx, batch)
		}
		if err != nil {
			return err
		}
	}
}

func (p *Pickup) write(ctx context.Context, b register.PrintBatch) error {
	if _, err := p.Printer.write(ctx, b); err != nil {
		return err
	}
	p.Logger.InfoContext(ctx, "letters laid out for the printing service", slog.String("batch", b.Name), slog.Int("letters", b.Letters))
	return p.Printer.Register.BatchWritten(ctx, b.ID)
}
