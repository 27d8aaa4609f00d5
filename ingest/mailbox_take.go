package ingest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"slices"
	"time"

	"postroom/internal/archive"
	"postroom/internal/register"
)

const (
	// listAtOnce is for how many mails sizes and dates are asked at a time.
	listAtOnce = 500
	// flights is how many batches may be on their way into the register while
	// the next one is fetched. It bounds open files, not memory.
	flights = 3
)

// A haul is one batch on its way from the server into the register.
type haul struct {
	upTo     uint32 // the high-water mark once all of it is settled; 0: leave it
	items    []item
	notes    []register.UIDNote // of what did not come
	received []register.Received
	err      error
	done     chan struct{}
}

// An item is one mail of a haul.
type item struct {
	uid  uint32
	post Post
	park string // not empty: only a stand-in is registered, and why; the mail stays where it is
}

func (h *haul) abort() {
	for _, it := range h.items {
		it.post.Original.Abort()
	}
	h.items = nil
}

// takeIn fetches, registers, files, and moves the high-water mark, in the
// order of UIDs: the mark never passes a UID that is neither settled nor has a
// row.
func (v *visit) takeIn(ctx context.Context, uids []uint32, moveMark bool) (err error) {
	defer func() { err = errors.Join(err, v.drain(ctx)) }()
	for len(uids) > 0 {
		n := v.p.memory.room(uids, listAtOnce)
		heads, err := v.s.heads(ctx, uids[:n])
		if err != nil {
			settled, err := v.doubt(ctx, uids[:n], moveMark, err)
			if err != nil {
				return err
			}
			uids = uids[settled:]
			continue
		}
		if err := v.takeListed(ctx, uids[:n], heads, moveMark); err != nil {
			return err
		}
		if uids = uids[n:]; len(uids) > 0 {
			v.report(ctx) // a long backlog takes hours, and people want to see it shrink
		}
	}
	return nil
}

func (v *visit) takeListed(ctx context.Context, uids []uint32, heads map[uint32]head, moveMark bool) error {
	for len(uids) > 0 {
		n := v.p.memory.room(uids, v.mailbox.Batch)
		h, err := v.gather(ctx, uids[:n], heads)
		if err != nil {
			if n, err = v.doubt(ctx, uids[:n], moveMark, err); err != nil {
				return err
			}
			uids = uids[n:]
			continue
		}
		if moveMark {
			h.upTo = uids[n-1]
		}
		if err := v.launch(ctx, h); err != nil {
			return err
		}
		uids = uids[n:]
	}
	return nil
}

// doubt deals with a command that failed. Several mails: half as many the next
// time, until one is left; that one gets a row, and the mark moves on. It
// returns how many are dealt with, and an error when the connection is of no
// more use, or when it was not the mails' fault.
func (v *visit) doubt(ctx context.Context, uids []uint32, moveMark bool, cause error) (settled int, err error) {
	var local *localError
	// A BYE that speaks of a limit may be a mail's words; a NO is the server's.
	if ctx.Err() != nil || errors.As(cause, &local) || isRefusal(cause) && isLimit(cause) {
		return 0, cause
	}
	m := &v.p.memory
	if len(uids) > 1 {
		m.halve(uids)
	} else {
		m.deadEnds++
		h := &haul{notes: []register.UIDNote{v.failedOnce(ctx, uids[0], cause.Error())}}
		if moveMark {
			h.upTo = uids[0]
		}
		if err := v.launch(ctx, h); err != nil {
			return 0, err
		}
		settled = 1
	}
	if v.s.alive() {
		return settled, nil
	}
	// Getting nearer to a poison mail is progress, and the next connection may
	// follow soon. Several mails in a row that fail alone are an outage.
	v.p.ahead = m.deadEnds <= 3
	return settled, cause
}

// failedOnce counts a failure to get one mail.
func (v *visit) failedOnce(ctx context.Context, uid uint32, why string) register.UIDNote {
	n := v.open[uid]
	n.UID, n.Why = uid, why
	n.Attempts++
	if n.State != register.UIDParked {
		n.State = register.UIDPending
	}
	v.p.memory.tried[uid] = v.intake.Now()
	v.p.memory.cleared(uid)
	v.p.log.WarnContext(ctx, "mail did not come", slog.Uint64("uid", uint64(uid)), slog.Int("attempts", n.Attempts), slog.String("why", why))
	return n
}

// gather fetches one batch into the archive's writers. An error means that
// nothing of it is kept.
func (v *visit) gather(ctx context.Context, uids []uint32, heads map[uint32]head) (h *haul, err error) {
	h = &haul{}
	defer func() {
		if err != nil {
			h.abort()
		}
	}()
	defer recovered(&err)
	var whole, missing []uint32
	for _, uid := range uids {
		known, listed := heads[uid]
		switch {
		case !listed:
			missing = append(missing, uid)
		case v.beforeStart(known.date):
			v.left(ctx, uid)
		case max(known.size, v.p.memory.huge[uid]) > v.mailbox.SizeCap:
			if err := v.standInForHuge(ctx, h, uid, known); err != nil {
				return h, err
			}
		default:
			whole = append(whole, uid)
		}
	}
	lost, err := v.fetchWhole(ctx, h, whole, heads)
	if err != nil {
		return h, err
	}
	return h, v.noteMissing(ctx, h, append(missing, lost...))
}

// fetchWhole streams whole mails into the haul and returns those that did not
// come.
func (v *visit) fetchWhole(ctx context.Context, h *haul, uids []uint32, heads map[uint32]head) (lost []uint32, err error) {
	writers := make(map[uint32]*original, len(uids))
	defer func() {
		for _, o := range writers {
			o.Abort()
		}
	}()
	got, err := v.s.bodies(ctx, uids, func(uid uint32, size int64) (io.Writer, error) {
		if size > v.mailbox.SizeCap {
			v.p.memory.huge[uid] = size
			return nil, errors.New("a mail is larger than the server said")
		}
		o, err := v.create(ctx)
		if err != nil {
			return nil, err
		}
		writers[uid] = o
		return o, nil
	})
	if err != nil {
		return nil, err
	}
	for _, uid := range uids {
		o := writers[uid]
		delete(writers, uid)
		if o == nil || !got[uid] {
			lost = append(lost, uid)
			continue
		}
		v.p.memory.deadEnds = 0
		if err := v.accept(ctx, h, uid, o, heads[uid]); err != nil {
			return nil, err
		}
	}
	return lost, nil
}

// An original is a mail on its way into the archive, and its beginning.
type original struct {
	*archive.Writer
	peek peek
}

func (v *visit) create(ctx context.Context) (*original, error) {
	w, err := v.intake.Archive.Create(ctx)
	if err != nil {
		return nil, &localError{err}
	}
	return &original{Writer: w}, nil
}

func (o *original) Write(b []byte) (int, error) {
	_, _ = o.peek.Write(b) // never fails
	return o.Writer.Write(b)
}

// accept adds a mail that came whole, unless it is none of ours, or no mail.
func (v *visit) accept(ctx context.Context, h *haul, uid uint32, o *original, known head) error {
	at, basis := arrivedAt(known.date, topmostReceived(o.peek.buf), v.intake.Now())
	size := o.Size()
	switch {
	case uid <= v.p.memory.firstTop && v.beforeStart(at):
		// Mail moved here from elsewhere is new to this folder and old to the
		// landlord. Of mail that arrives while we watch, only the folder's own
		// date is believed in this: a stranger may have written the header.
		o.Abort()
		v.left(ctx, uid)
		if _, ok := v.open[uid]; ok {
			h.notes = append(h.notes, register.UIDNote{UID: uid, State: register.UIDSettled})
		}
		return nil
	case isStub(o.peek.buf):
		o.Abort()
		h.notes = append(h.notes, v.failedOnce(ctx, uid, whyStub))
		return nil
	case size == 0 && known.size > 0:
		o.Abort()
		h.notes = append(h.notes, v.failedOnce(ctx, uid, "the server sends nothing in its place"))
		return nil
	case size == 0:
		o.Abort()
		return v.standIn(ctx, h, uid, known, nil, "", "This email is empty: the mailbox has nothing of it but its date.")
	}
	if known.size > 0 && size != known.size { // some servers estimate
		v.p.log.DebugContext(ctx, "size differs from RFC822.SIZE", slog.Uint64("uid", uint64(uid)), slog.Int64("listed", known.size), slog.Int64("size", size))
	}
	h.items = append(h.items, item{uid: uid, post: v.post(o.Writer, at, basis, "")})
	return nil
}

func (v *visit) post(w *archive.Writer, at time.Time, basis register.Basis, problem string) Post {
	return Post{
		Original: w, Channel: register.Email, Source: v.mailbox.Name, Junk: v.mailbox.Junk,
		ReceivedAt: at, Basis: basis, Problem: problem,
	}
}

// noteMissing deals with mails of which nothing came although the server said
// OK: gone when a second SEARCH does not find them, else to be tried again.
func (v *visit) noteMissing(ctx context.Context, h *haul, uids []uint32) error {
	if len(uids) == 0 {
		return nil
	}
	slices.Sort(uids)
	there, err := v.s.findAmong(ctx, uids)
	if err != nil {
		return err
	}
	for _, uid := range uids {
		if there[uid] {
			h.notes = append(h.notes, v.failedOnce(ctx, uid, "the server answers without it"))
			continue
		}
		v.p.log.InfoContext(ctx, "mail is gone from the folder", slog.Uint64("uid", uint64(uid)))
		if _, ok := v.open[uid]; ok {
			h.notes = append(h.notes, register.UIDNote{UID: uid, State: register.UIDSettled})
		}
	}
	return nil
}

// beforeStart reports whether the landlord had a mail before the mailbox's
// start. Without a date that can be true it was not.
func (v *visit) beforeStart(t time.Time) bool {
	return believable(t) && t.Before(v.mailbox.Start.Start())
}

func (v *visit) left(ctx context.Context, uid uint32) {
	v.p.memory.cleared(uid)
	v.p.log.DebugContext(ctx, "mail from before the start is left alone", slog.Uint64("uid", uint64(uid)))
}
