package ingest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// recheck is how many days back a process looks again, when it starts, at
// mails that its cursor says are settled and that are still in the folder.
const recheck = 2

// A visit is one connection to the folder and what is known during it.
type visit struct {
	p       *Poller
	s       *session
	mailbox Mailbox
	intake  *Intake
	hold    register.Hold // under which the cursor moves
	cursor  register.Cursor
	open    map[uint32]register.UIDNote
	filing  filing
	flight  []*haul   // fetched, being registered, oldest first
	backlog int       // seen and not yet taken in
	fullAt  time.Time // when the next full look is due
}

// begin opens the folder and settles how mails are filed.
func (v *visit) begin(ctx context.Context) (err error) {
	v.s.unlisted = v.p.listless >= listlessAfter
	defer func() {
		if v.s.listBroke {
			v.p.listless++
		} else if err == nil && !v.s.unlisted {
			v.p.listless = 0
		}
	}()
	f, err := v.s.enter(ctx, false)
	if err != nil {
		return err
	}
	if !v.p.once { // after a restore everything is looked through
		if err := v.s.refuseRole(ctx); err != nil {
			return err
		}
	}
	v.mailbox = v.s.mailbox
	v.filing, err = v.howToFile(ctx, f)
	return err
}

// listlessAfter is after how many connections that LIST broke in a row it is
// asked no more: post is worth more than what a list could tell.
const listlessAfter = 3

// pass takes in what is new; a full one also compares the whole folder with
// what is known and tries again what is open.
func (v *visit) pass(ctx context.Context, full bool) error {
	fresh, err := v.findNew(ctx, full)
	if err != nil {
		return err
	}
	v.backlog = len(fresh)
	v.listen(ctx, len(fresh))
	if err := v.takeIn(ctx, fresh, true); err != nil {
		return err
	}
	if err := v.retry(ctx); err != nil {
		return err
	}
	if full {
		if err := v.refile(ctx); err != nil {
			return err
		}
		v.fullAt = v.intake.Now().Add(jitter(v.mailbox.IdleFor))
	}
	v.report(ctx)
	return nil
}

// findNew finds the UIDs to be taken in. A hint that comes from now on means
// another look.
func (v *visit) findNew(ctx context.Context, full bool) ([]uint32, error) {
	select {
	case <-v.s.hint:
	default:
	}
	if full {
		return v.lookThrough(ctx)
	}
	return v.s.findAbove(ctx, v.cursor.HighWater)
}

// lookThrough compares the whole folder with what is known, takes in what
// turned up below the high-water mark, and returns what is above it.
func (v *visit) lookThrough(ctx context.Context) (fresh []uint32, err error) {
	// SELECT again: the folder may have been made anew under our feet.
	f, err := v.s.open(ctx, false)
	if err != nil {
		return nil, err
	}
	if err := v.load(ctx, f); err != nil {
		return nil, err
	}
	all, err := v.s.findAll(ctx)
	if err != nil {
		return nil, err
	}
	v.p.memory.meet(all)
	if err := v.settleGone(ctx, all); err != nil {
		return nil, err
	}
	late, err := v.late(ctx, all)
	if err != nil {
		return nil, err
	}
	v.backlog = len(late)
	if err := v.takeIn(ctx, late, false); err != nil {
		return nil, err
	}
	v.p.memory.remember(all)
	return above(all, v.cursor.HighWater), nil
}

// load reads the cursor and the open UIDs, and starts anew when the folder's
// UIDs mean other mails than they did.
func (v *visit) load(ctx context.Context, f folder) error {
	name := v.mailbox.cursorName()
	c, ok, err := v.intake.Register.Cursor(ctx, name)
	if err != nil {
		return err
	}
	// UIDNEXT is above every UID ever given out: at or below the mark, the
	// folder was made anew without a new UIDVALIDITY.
	reset := ok && c.UIDValidity == f.uidValidity && f.uidNext != 0 && c.HighWater >= f.uidNext
	if reset {
		if err := v.intake.Register.Advance(ctx, register.Cursor{Mailbox: name}, nil, v.hold); err != nil {
			return err
		}
	}
	if ok && (reset || c.UIDValidity != f.uidValidity) {
		v.p.log.WarnContext(ctx, "the folder was made anew, looking at all of it", slog.Uint64("uid_validity", uint64(f.uidValidity)))
	}
	if !ok || reset || c.UIDValidity != f.uidValidity {
		c = register.Cursor{Mailbox: name, UIDValidity: f.uidValidity}
	}
	if reset || v.p.memory.uidValidity != f.uidValidity {
		v.p.memory.forget(f.uidValidity)
	}
	v.cursor = c
	return v.loadOpen(ctx)
}

func (v *visit) loadOpen(ctx context.Context) error {
	notes, err := v.intake.Register.OpenUIDs(ctx, v.cursor.Mailbox, v.cursor.UIDValidity)
	if err != nil {
		return err
	}
	v.open = make(map[uint32]register.UIDNote, len(notes))
	for _, n := range notes {
		v.open[n.UID] = n
	}
	return nil
}

// settleGone lets go of open UIDs that are no longer in the folder, once a
// second SEARCH says so too.
func (v *visit) settleGone(ctx context.Context, all []uint32) error {
	gone := slices.DeleteFunc(v.openUIDs(), func(uid uint32) bool {
		_, there := slices.BinarySearch(all, uid)
		return there
	})
	if len(gone) == 0 {
		return nil
	}
	there, err := v.s.findAmong(ctx, gone)
	if err != nil {
		return err
	}
	var notes []register.UIDNote
	for _, uid := range gone {
		if there[uid] {
			continue
		}
		notes = append(notes, register.UIDNote{UID: uid, State: register.UIDSettled})
		if v.open[uid].State == register.UIDPending {
			v.p.log.WarnContext(ctx, "mail was taken out of the folder before it could be taken in", slog.Uint64("uid", uint64(uid)))
		}
	}
	return v.advance(ctx, 0, notes)
}

// late finds mails below the mark that were never taken in. A process that
// has just started does not know; it looks again at those of the last days,
// and their fingerprints tell.
func (v *visit) late(ctx context.Context, all []uint32) ([]uint32, error) {
	if v.p.memory.looked {
		return v.p.memory.late(all, v.cursor.HighWater, v.open), nil
	}
	if len(all) == 0 || all[0] > v.cursor.HighWater {
		return nil, nil
	}
	from := workday.DateOf(v.intake.Now()).AddDays(-recheck)
	if from.Before(v.mailbox.Start) {
		from = v.mailbox.Start
	}
	recent, err := v.s.findSince(ctx, from.Start().UTC())
	if err != nil {
		return nil, err
	}
	return v.p.memory.late(recent, v.cursor.HighWater, v.open), nil
}

// rest waits for a reason to look again, and says whether it must be a full
// look. IDLE makes it prompt and polling makes it true, so a hint that is lost
// costs no more than the time between polls.
func (v *visit) rest(ctx context.Context) (full bool, err error) {
	wait := v.fullAt.Sub(v.intake.Now())
	if wait <= 0 {
		return true, nil
	}
	short := min(wait, v.untilRetry(), v.mailbox.PollEvery)
	// NOOP makes the server say what came while we were busy: not every server
	// says it when IDLE begins.
	if err := v.s.noop(ctx); err != nil {
		return false, err
	}
	idle := v.s.await
	if v.s.canIdle() {
		idle = v.s.idle
	}
	hinted, err := idle(ctx, short)
	return !hinted && short == wait, err
}

// advance moves the high-water mark to upTo (0: leaves it) and keeps what is
// open.
func (v *visit) advance(ctx context.Context, upTo uint32, notes []register.UIDNote) error {
	c := v.cursor
	c.HighWater = max(c.HighWater, upTo)
	if c == v.cursor && len(notes) == 0 {
		return nil
	}
	if err := v.intake.Register.Advance(ctx, c, notes, v.hold); err != nil {
		return err
	}
	v.intake.step("advanced")
	v.cursor = c
	for _, n := range notes {
		if n.State == register.UIDSettled {
			delete(v.open, n.UID)
			delete(v.p.memory.tried, n.UID)
			continue
		}
		v.open[n.UID] = n
	}
	return nil
}

func (v *visit) openUIDs() []uint32 { return slices.Sorted(maps.Keys(v.open)) }

// listen notices when a mailbox that used to get mail gets none: a broken
// forwarding rule looks like a quiet week.
func (v *visit) listen(ctx context.Context, fresh int) {
	m, now := &v.p.memory, v.intake.Now()
	quiet := v.mailbox.SilentAfter > 0 && now.Sub(m.lastNew) >= v.mailbox.SilentAfter
	switch {
	case fresh > 0:
		m.lastNew, m.silent = now, false
	case quiet && !m.silent:
		m.silent = true
		v.p.log.WarnContext(ctx, "no new mail for a long time", slog.Time("since", m.lastNew))
	}
}

var errQuiet = errors.New("no new mail has come for a long time; check that mail still reaches this mailbox")

// report puts the figures on the status page.
func (v *visit) report(ctx context.Context) {
	s := register.MailboxStatus{PolledAt: v.intake.Now(), LastUID: v.cursor.HighWater, Backlog: v.backlog}
	for _, n := range v.open {
		switch n.State {
		case register.UIDPending:
			s.Backlog++
		case register.UIDParked:
			s.Parked++
		case register.UIDUnfiled:
			s.Unfiled++
		case register.UIDSettled:
		}
	}
	v.p.note(ctx, s)
	if v.p.memory.silent {
		v.p.note(ctx, register.MailboxStatus{Problem: errQuiet.Error()})
	}
}
