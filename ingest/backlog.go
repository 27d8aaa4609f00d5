package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"postroom/internal/register"
)

// backlogBatch is how many mails of a backlog are registered together.
const backlogBatch = 32

// A Backlog is old email and old scans in files and folders on its way into the register.
// It may be stopped at any time and taken in again: what is registered is
// known by its fingerprint.
type Backlog struct {
	Intake *Intake
	Reader *Reader
	Source string // whose reading options count
	Owed   bool   // it is answered like new post; otherwise it is history
	// Trouble is told of a file or mail that is not taken in, and why.
	Trouble func(name string, why error)
	// Progress is told after each batch.
	Progress func(Tally)

	tally Tally
	posts []Post
	names []string
}

// A Tally says how far a backlog is.
type Tally struct {
	New    int   // mails that were registered
	Scans  int   // scans that were registered; serve reads them, which takes time
	Known  int   // mails and scans that were registered before
	People int   // of the new ones: those that wait for a person
	Unread int   // mails that were registered, and that somebody else is reading
	Done   int64 // bytes of all files that were gone through
	Bytes  int64 // bytes of all files
}

// TakeIn takes in the mails of the files. A file that cannot be read is named
// and the others go on; an error means that the rest was not taken in, because
// ctx ended, or because archive or register failed.
func (b *Backlog) TakeIn(ctx context.Context, files []BacklogFile) (Tally, error) {
	for _, f := range files {
		b.tally.Bytes += f.Size
	}
	defer b.abort()
	for _, f := range files {
		if err := b.file(ctx, f); err != nil {
			return b.tally, fmt.Errorf("ingest: take in %s: %w", f.Path, err)
		}
	}
	if err := b.flush(ctx); err != nil {
		return b.tally, fmt.Errorf("ingest: take in: %w", err)
	}
	return b.tally, nil
}

func (b *Backlog) abort() {
	for _, p := range b.posts {
		p.Original.Abort()
	}
}

// file takes in one file. The error is one that ends it all.
func (b *Backlog) file(ctx context.Context, f BacklogFile) error {
	in, err := os.Open(f.Path)
	if err != nil {
		b.Trouble(f.Path, err)
		return nil
	}
	defer in.Close() //nolint:errcheck // only read
	info, err := in.Stat()
	if err != nil {
		b.Trouble(f.Path, err)
		return nil
	}
	before := b.tally.Done
	switch {
	case f.Scan:
		err = b.scan(ctx, f, in)
	case f.Mailbox:
		err = b.mailbox(ctx, f, in, info.Size())
	default:
		err = b.mail(ctx, f, f.Path, f.Modified, func(w io.Writer) error { _, err := io.Copy(w, in); return err })
	}
	b.tally.Done = before + f.Size
	return err
}

// mailbox takes in the mails of an mbox file.
func (b *Backlog) mailbox(ctx context.Context, f BacklogFile, in *os.File, size int64) error {
	box := newMbox(in, size)
	for n := 1; ; n++ {
		at, err := box.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		name := fmt.Sprintf("%s, mail %d", f.Path, n)
		if err != nil {
			b.Trouble(name, err)
			return nil
		}
		if at.IsZero() {
			at = f.Modified
		}
		start := box.at
		if err := b.mail(ctx, f, name, at, box.copy); err != nil {
			return err
		}
		b.tally.Done += box.at - start
	}
}

// errLocal is a failure of ours, not of the file that is read.
var errLocal = errors.New("the archive does not take it")

// mail puts one mail into the batch. at is when it was delivered, as far as
// the file system or the mailbox file says.
func (b *Backlog) mail(ctx context.Context, f BacklogFile, name string, at time.Time, write func(io.Writer) error) error {
	w, err := b.Intake.Archive.Create(ctx)
	if err != nil {
		return err
	}
	o := &original{Writer: w}
	switch err := write(&localWriter{o}); {
	case errors.Is(err, errLocal):
		o.Abort()
		return err
	case err != nil:
		o.Abort()
		b.Trouble(name, err)
		return nil
	case o.Size() == 0:
		o.Abort()
		if !f.Mailbox {
			b.Trouble(name, errors.New("it is empty"))
		}
		return nil
	}
	received, basis := arrivedAt(at, topmostReceived(o.peek.buf), b.Intake.Now())
	if basis == register.InternalDate {
		basis = register.FileTime
	}
	b.posts = append(b.posts, Post{
		Original: o.Writer, Channel: register.Email, Source: b.Source, Junk: f.Junk, History: !b.Owed, ReceivedAt: received, Basis: basis,
	})
	b.names = append(b.names, name)
	if len(b.posts) < backlogBatch {
		return nil
	}
	return b.flush(ctx)
}

// scan puts a scan into the batch. When it was received nobody knows better
// than the file system, unless a sheet in it says so.
func (b *Backlog) scan(ctx context.Context, f BacklogFile, in io.Reader) error {
	w, err := b.Intake.Archive.Create(ctx)
	if err != nil {
		return err
	}
	o := &original{Writer: w}
	switch _, err := io.Copy(&localWriter{o}, in); {
	case errors.Is(err, errLocal):
		o.Abort()
		return err
	case err != nil:
		o.Abort()
		b.Trouble(f.Path, err)
		return nil
	}
	at := f.Modified.UTC().Truncate(time.Microsecond)
	if now := b.Intake.Now(); at.After(now) {
		at = now
	}
	b.posts = append(b.posts, Post{Original: o.Writer, Channel: register.Letter, Source: b.Source, History: !b.Owed, ReceivedAt: at, Basis: register.FileTime})
	b.names = append(b.names, f.Path)
	if len(b.posts) < backlogBatch {
		return nil
	}
	return b.flush(ctx)
}

// A localWriter marks the archive's errors, so that they are not taken for
// those of the file.
type localWriter struct{ o *original }

func (w *localWriter) Write(p []byte) (int, error) {
	n, err := w.o.Write(p)
	if err != nil {
		err = errors.Join(errLocal, err)
	}
	return n, err
}

// flush registers and reads the batch.
func (b *Backlog) flush(ctx context.Context) error {
	posts, names := b.posts, b.names
	b.posts, b.names = nil, nil
	received, err := b.Intake.Take(ctx, posts)
	if err != nil {
		return err
	}
	var fresh []register.ID
	var unread []register.ID
	for i, r := range received {
		switch {
		case r.Err != nil:
			b.Trouble(names[i], r.Err)
			continue
		case r.New && posts[i].Channel == register.Letter:
			b.tally.Scans++
		case r.New:
			b.tally.New++
			fresh = append(fresh, r.ID)
		default:
			b.tally.Known++
		}
		if r.State == register.Arrived && posts[i].Channel == register.Email {
			unread = append(unread, r.ID)
		}
	}
	if err := b.Reader.Read(ctx, unread); err != nil {
		return err
	}
	if err := b.count(ctx, fresh); err != nil {
		return err
	}
	b.Progress(b.tally)
	return nil
}

// count looks at what became of new mails.
func (b *Backlog) count(ctx context.Context, fresh []register.ID) error {
	for _, id := range fresh {
		m, err := b.Intake.Register.GetMessage(ctx, id)
		if err != nil {
			return err
		}
		switch m.State {
		case register.InReview:
			b.tally.People++
		case register.Arrived:
			b.tally.Unread++
		case register.Filed, register.Recorded, register.Split:
		}
	}
	return nil
}
