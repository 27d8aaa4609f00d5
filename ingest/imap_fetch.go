package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// Nothing but these is ever asked for: servers send ENVELOPE and BODYSTRUCTURE
// that the library cannot parse, and an answer that it cannot parse ends the
// connection. BODY.PEEK[] leaves \Seen alone.
var wholeMail = &imap.FetchItemBodySection{Peek: true}

var errShort = errors.New("the mail broke off in the middle")

// A localError is our own failure to keep what came: no fault of the mail.
type localError struct{ err error }

func (e *localError) Error() string { return "keep what came: " + e.err.Error() }
func (e *localError) Unwrap() error { return e.err }

// A head is what the server says of a mail beside its bytes.
type head struct {
	size int64     // RFC822.SIZE; some servers lie
	date time.Time // INTERNALDATE
}

// heads asks for sizes and dates; a mail that is not in the answer was not
// there, or the library lost it.
func (s *session) heads(ctx context.Context, uids []uint32) (map[uint32]head, error) {
	found := make(map[uint32]head, len(uids))
	options := &imap.FetchOptions{UID: true, RFC822Size: true, InternalDate: true}
	err := s.fetch(ctx, "ask for sizes and dates", uids, options, func(_ *watchdog, msg *imapclient.FetchMessageData) error {
		var uid uint32
		var h head
		for item := msg.Next(); item != nil; item = msg.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				uid = uint32(item.UID)
			case imapclient.FetchItemDataRFC822Size:
				h.size = item.Size
			case imapclient.FetchItemDataInternalDate:
				h.date = item.Time.UTC()
			}
		}
		if h != (head{}) { // else it is news of flags that nobody asked for
			found[uid] = h
		}
		return nil
	})
	return found, err
}

// A sink is where a mail's bytes go; size is how many were announced.
type sink func(uid uint32, size int64) (io.Writer, error)

// bodies streams whole mails. Only when it returns no error may what the sinks
// took be believed: a cut connection looks like the end of a mail, and a mail
// that is longer than announced shows only after it. What is not in got did not
// come, though nothing was said.
func (s *session) bodies(ctx context.Context, uids []uint32, to sink) (got map[uint32]bool, err error) {
	return s.sections(ctx, "fetch mails", uids, wholeMail, to)
}

// slice streams up to n bytes of one mail from offset on, and says how many
// there were.
func (s *session) slice(ctx context.Context, uid uint32, offset, n int64, to io.Writer) (size int64, found bool, err error) {
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: offset, Size: n}}
	got, err := s.sections(ctx, "fetch a slice of a mail", []uint32{uid}, section, func(_ uint32, announced int64) (io.Writer, error) {
		if size = announced; size > n {
			return nil, errors.New("the slice is longer than what was asked for")
		}
		return to, nil
	})
	return size, got[uid], err
}

// header fetches a mail's header, at most max bytes of it.
func (s *session) header(ctx context.Context, uid uint32, limit int64) ([]byte, error) {
	var buf bytes.Buffer
	section := &imap.FetchItemBodySection{
		Peek: true, Specifier: imap.PartSpecifierHeader, Partial: &imap.SectionPartial{Size: limit},
	}
	_, err := s.sections(ctx, "fetch a header", []uint32{uid}, section, func(_ uint32, announced int64) (io.Writer, error) {
		if announced > limit {
			return nil, errors.New("the header is longer than what was asked for")
		}
		return &buf, nil
	})
	return buf.Bytes(), err
}

func (s *session) sections(ctx context.Context, op string, uids []uint32, section *imap.FetchItemBodySection, to sink) (map[uint32]bool, error) {
	got := make(map[uint32]bool, len(uids))
	buf := make([]byte, 64<<10)
	options := &imap.FetchOptions{UID: true, BodySection: []*imap.FetchItemBodySection{section}}
	err := s.fetch(ctx, op, uids, options, func(w *watchdog, msg *imapclient.FetchMessageData) error {
		var uid uint32
		for item := msg.Next(); item != nil; item = msg.Next() {
			switch item := item.(type) {
			case imapclient.FetchItemDataUID:
				uid = uint32(item.UID)
			case imapclient.FetchItemDataBodySection:
				if item.Literal == nil { // BODY[] NIL: there, and not to be had
					continue
				}
				if uid == 0 || got[uid] || !item.MatchCommand(section) {
					return errors.New("an answer that was not asked for")
				}
				if err := copyLiteral(to, uid, item.Literal, w, buf); err != nil {
					return err
				}
				got[uid] = true
			}
		}
		return nil
	})
	return got, err
}

// copyLiteral takes a literal whole or fails: at the end of a cut connection
// the library's reader reports a short body and no error.
func copyLiteral(to sink, uid uint32, literal imap.LiteralReader, w *watchdog, buf []byte) error {
	dst, err := to(uid, literal.Size())
	if err != nil {
		return err
	}
	var n int64
	for {
		k, err := literal.Read(buf)
		w.pat()
		n += int64(k)
		if _, err := dst.Write(buf[:k]); err != nil {
			return &localError{err}
		}
		if err == io.EOF { //nolint:errorlint // io.Reader's own sentinel, never wrapped
			break
		}
		if err != nil {
			return fmt.Errorf("%w: %w", errShort, err)
		}
	}
	if n != literal.Size() {
		return errShort
	}
	return nil
}

// drain cuts the connection and reads a FETCH that failed to its end. A literal
// that broke off was given back to the library's reader, which goes on reading
// by itself: draining reads the same literal again, so it waits for that end.
func (s *session) drain(command *imapclient.FetchCommand, failure error) {
	_ = s.raw.Close()
	if errors.Is(failure, errShort) {
		<-s.client.Closed()
	}
	_ = command.Close()
}

type eachMessage func(*watchdog, *imapclient.FetchMessageData) error

// guarded lets no panic pass: it would leave the FETCH undrained.
func guarded(each eachMessage, w *watchdog, msg *imapclient.FetchMessageData) (err error) {
	defer recovered(&err)
	return each(w, msg)
}

// fetch runs one UID FETCH and hands every answer to each. It is always read
// to its end, or the connection is cut first: an undrained FETCH blocks every
// later command and even Close.
func (s *session) fetch(ctx context.Context, op string, uids []uint32, options *imap.FetchOptions,
	each eachMessage,
) error {
	if len(uids) == 0 {
		return nil
	}
	var local *localError
	err := s.watch(ctx, op, s.mailbox.Timeouts.Command, func(w *watchdog) error {
		command := s.client.Fetch(uidSet(uids), options)
		for msg := command.Next(); msg != nil; msg = command.Next() {
			w.pat()
			if err := guarded(each, w, msg); err != nil {
				s.drain(command, err)
				errors.As(err, &local)
				return err
			}
		}
		return command.Close()
	})
	if local != nil {
		return fmt.Errorf("%s: %w", op, local)
	}
	return err
}
