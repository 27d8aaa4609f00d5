package ingest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"postroom/internal/register"
)

const (
	// sliceSize is how much of a difficult mail is asked for at a time.
	sliceSize = 256 << 10
	// maxAttempts is after how many failures a person is shown a stand-in.
	maxAttempts = 3
	// headerLimit bounds the header in a stand-in.
	headerLimit = 64 << 10

	whyStub = "the server sends a note of its own in its place"
	whyHuge = "it is larger than the limit"
)

var errNotThere = errors.New("the server answers without it")

// retry asks again, in slices, for mails that did not come, and hourly for one
// that was given up: servers get mended.
func (v *visit) retry(ctx context.Context) error {
	reopened := false
	for _, uid := range v.openUIDs() {
		n := v.open[uid]
		parked := n.State == register.UIDParked
		if n.State != register.UIDPending && !parked || v.untilDue(n) > 0 || parked && reopened {
			continue
		}
		reopened = reopened || parked
		if err := v.rescue(ctx, n); err != nil {
			return err
		}
	}
	return nil
}

// untilDue is how long an open mail is left alone after the last attempt.
func (v *visit) untilDue(n register.UIDNote) time.Duration {
	now := v.intake.Now()
	tried, ok := v.p.memory.tried[n.UID]
	switch {
	case !ok && n.State == register.UIDParked:
		v.p.memory.tried[n.UID] = now
		return v.mailbox.Timeouts.Reopen
	case !ok:
		return 0
	case n.State == register.UIDParked:
		return tried.Add(v.mailbox.Timeouts.Reopen).Sub(now)
	}
	wait := v.mailbox.Timeouts.Retry << (2 * min(max(n.Attempts-1, 0), maxAttempts))
	return tried.Add(wait).Sub(now)
}

// untilRetry is how long until the first open mail may be asked for again.
func (v *visit) untilRetry() time.Duration {
	wait := v.mailbox.IdleFor
	for _, n := range v.open {
		if n.State == register.UIDPending || n.State == register.UIDParked {
			wait = min(wait, max(v.untilDue(n), v.mailbox.Timeouts.Reconnect))
		}
	}
	return wait
}

// rescue makes one more attempt at a mail. The second asks for no date, since
// that may be what the server cannot say; then a stand-in is registered.
func (v *visit) rescue(ctx context.Context, n register.UIDNote) error {
	v.p.memory.tried[n.UID] = v.intake.Now()
	h := &haul{}
	var failure error
	if n.State == register.UIDPending && n.Attempts >= maxAttempts {
		failure = v.park(ctx, h, n)
	} else {
		failure = v.inSlices(ctx, h, n)
	}
	var local *localError
	if ctx.Err() != nil || errors.As(failure, &local) {
		h.abort()
		return failure
	}
	if failure != nil && len(h.items) == 0 {
		h.notes = append(h.notes, v.failedOnce(ctx, n.UID, failure.Error()))
	}
	if err := errors.Join(v.launch(ctx, h), v.drain(ctx)); err != nil {
		return err
	}
	if failure == nil || v.s.alive() {
		return nil
	}
	v.p.ahead = v.p.memory.deadEnds <= 3
	return failure
}

// inSlices fetches one mail piece by piece.
func (v *visit) inSlices(ctx context.Context, h *haul, n register.UIDNote) (err error) {
	defer recovered(&err)
	known := map[uint32]head{}
	if n.Attempts < 2 || n.State == register.UIDParked {
		if known, err = v.s.heads(ctx, []uint32{n.UID}); err != nil {
			return err
		}
	}
	if known[n.UID].size > v.mailbox.SizeCap {
		if n.State == register.UIDParked {
			return nil // a stand-in is there already
		}
		return v.standInForHuge(ctx, h, n.UID, known[n.UID])
	}
	o, err := v.create(ctx)
	if err != nil {
		return err
	}
	if err := v.slices(ctx, n.UID, o, known[n.UID].size); err != nil {
		o.Abort()
		return err
	}
	v.p.memory.deadEnds = 0
	return v.accept(ctx, h, n.UID, o, known[n.UID])
}

// slices reads until the listed size is reached or an empty slice ends it (RFC
// 3501, section 6.4.5). That none comes is an end only after a short one: else
// the mail may have gone meanwhile, and half of it must not be taken for all.
func (v *visit) slices(ctx context.Context, uid uint32, to io.Writer, listed int64) error {
	var offset int64
	full := true // the slice before
	for {
		size, found, err := v.s.slice(ctx, uid, offset, sliceSize, to)
		if err != nil {
			return err
		}
		offset += size
		switch {
		case !found && full:
			return errNotThere
		case offset > v.mailbox.SizeCap:
			v.p.memory.huge[uid] = offset
			return errors.New(whyHuge)
		case size == 0, size < sliceSize && offset == listed:
			return nil
		}
		full = size == sliceSize
	}
}

// park registers a stand-in for a mail that cannot be had. It needs no
// connection: what else can be had is put in while the connection lasts.
func (v *visit) park(ctx context.Context, h *haul, n register.UIDNote) (connection error) {
	known, err := v.s.heads(ctx, []uint32{n.UID})
	connection = errors.Join(connection, err)
	header, err := v.s.header(ctx, n.UID, headerLimit)
	connection = errors.Join(connection, err)
	problem := fmt.Sprintf("This email could not be fetched from the mailbox %q after %d attempts. It is still there: please open it in a mail program.", v.mailbox.Name, n.Attempts)
	if n.Why == whyStub {
		problem = fmt.Sprintf("The mail server could not give out this email and sent a note instead. It is still in the mailbox %q: please open it in a mail program.", v.mailbox.Name)
	}
	v.p.log.WarnContext(ctx, "mail given up, a stand-in is registered", slog.Uint64("uid", uint64(n.UID)), slog.String("why", n.Why))
	if err := v.standIn(ctx, h, n.UID, known[n.UID], header, cmp.Or(n.Why, "it could not be fetched"), problem); err != nil {
		return err
	}
	return connection
}

func (v *visit) standInForHuge(ctx context.Context, h *haul, uid uint32, known head) error {
	header, err := v.s.header(ctx, uid, headerLimit)
	if err != nil {
		return err
	}
	size := max(known.size, v.p.memory.huge[uid])
	problem := fmt.Sprintf("This email is too large to be taken in: %d MB, and the limit is %d MB. It is still in the mailbox %q: please open it in a mail program.",
		(size+1<<20-1)>>20, v.mailbox.SizeCap>>20, v.mailbox.Name)
	return v.standIn(ctx, h, uid, known, header, whyHuge, problem)
}

// standIn adds to the haul what can be had of a mail, so that a person sees
// that it is there.
func (v *visit) standIn(ctx context.Context, h *haul, uid uint32, known head, header []byte, park, problem string) error {
	w, err := v.intake.Archive.Create(ctx)
	if err != nil {
		return &localError{err}
	}
	if _, err := w.Write(v.standInBytes(uid, known, header, problem)); err != nil {
		w.Abort()
		return &localError{err}
	}
	at, basis := arrivedAt(known.date, topmostReceived(header), v.intake.Now())
	h.items = append(h.items, item{uid: uid, post: v.post(w, at, basis, problem), park: park})
	return nil
}

// standInBytes is a mail of its own: the header of the one that it stands for,
// and our note as its text. With a header it is the same whenever it is made,
// so that one mail never gets two.
func (v *visit) standInBytes(uid uint32, known head, header []byte, problem string) []byte {
	var b bytes.Buffer
	kept := ownFields(header)
	if kept == "" {
		fmt.Fprintf(&b, "X-Postroom-Stands-For: mailbox %q, UIDVALIDITY %d, UID %d, date %s\r\n",
			v.mailbox.Name, v.cursor.UIDValidity, uid, known.date.Format(time.RFC3339))
	}
	b.WriteString(kept)
	b.WriteString("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n")
	b.WriteString(problem + "\r\n")
	return b.Bytes()
}

// ownFields is a header without the fields that describe a body which is not
// there, and without what is no header line.
func ownFields(header []byte) string {
	var b strings.Builder
	keep := false
	for len(header) > 0 {
		var line []byte
		if line, header = cutLine(header); len(line) == 0 {
			break
		}
		if line[0] != ' ' && line[0] != '\t' {
			name, _, ok := strings.Cut(strings.ToLower(string(line)), ":")
			keep = ok && !strings.HasPrefix(name, "content-") && strings.TrimSpace(name) != "mime-version"
		}
		if keep {
			b.Write(line)
			b.WriteString("\r\n")
		}
	}
	return b.String()
}
