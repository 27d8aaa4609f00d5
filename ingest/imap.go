// Package ingest owns getting post in, whole and once: the doors, the order of
// the steps from arrival to a case, and nothing of what goes out.
package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
)

// errSilent: the server did not answer within the limit, or stopped in the
// middle of an answer.
var errSilent = errors.New("the mail server does not answer")

// A session is one connection to a mail server. It belongs to one goroutine:
// a command inside another's answer would block both for ever.
//
// The library's own waits have no end and take no context, so the connection
// is ours: cutting it makes every wait return.
type session struct {
	mailbox Mailbox
	raw     net.Conn // the TCP connection below TLS: closing it never waits
	client  *imapclient.Client
	caps    imap.CapSet
	hint    chan struct{} // holds one: the server said that something came
	tail    tail          // the end of what was said
	// unlisted: LIST is not asked; listBroke: it ended the connection.
	unlisted, listBroke bool
}

// connect dials, secures and logs in. The error is a *MailboxError.
func connect(ctx context.Context, m Mailbox) (*session, error) {
	raw, err := dial(ctx, m)
	if err != nil {
		return nil, err
	}
	s := &session{mailbox: m, raw: raw, hint: make(chan struct{}, 1)}
	for _, step := range []func(context.Context) error{s.secure, s.greet, s.login} {
		if err := step(ctx); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

func dial(ctx context.Context, m Mailbox) (net.Conn, error) {
	dialer := net.Dialer{Timeout: m.Timeouts.Dial, KeepAliveConfig: net.KeepAliveConfig{Enable: true}}
	raw, err := dialer.DialContext(ctx, "tcp", m.address())
	if err != nil {
		return nil, m.trouble(Unreachable, err)
	}
	if m.TLS == NoTLS && !isLoopback(raw.RemoteAddr()) {
		_ = raw.Close()
		return nil, m.trouble(Insecure, errors.New("a connection without encryption may go to this machine only"))
	}
	return raw, nil
}

// secure starts the IMAP client, over TLS unless the mailbox is on this machine.
func (s *session) secure(ctx context.Context) error {
	options := &imapclient.Options{
		TLSConfig:             s.mailbox.tlsConfig(),
		DebugWriter:           &s.tail,
		UnilateralDataHandler: &imapclient.UnilateralDataHandler{Mailbox: s.heard},
	}
	err := s.watch(ctx, "start TLS", s.mailbox.Timeouts.Dial, func(*watchdog) (err error) {
		switch s.mailbox.TLS {
		case ImplicitTLS:
			conn := tls.Client(s.raw, options.TLSConfig)
			if err = conn.HandshakeContext(ctx); err == nil {
				s.client = imapclient.New(conn, options)
			}
		case StartTLS:
			s.client, err = imapclient.NewStartTLS(s.raw, options)
		case NoTLS:
			s.client = imapclient.New(s.raw, options)
		}
		return err
	})
	if err != nil {
		return s.mailbox.trouble(Insecure, err)
	}
	return nil
}

func (s *session) greet(ctx context.Context) error {
	err := s.watch(ctx, "wait for the greeting", s.mailbox.Timeouts.Command, func(*watchdog) error {
		return greeting(s.client)
	})
	if err != nil {
		if said, ok := errors.AsType[*imap.Error](err); ok && said.Type == imap.StatusResponseTypeBye {
			return s.mailbox.trouble(TurnedAway, err)
		}
		return s.mailbox.trouble(Unreachable, err)
	}
	return nil
}

// greeting waits for it. A server that has no room says BYE and hangs up (RFC
// 9051, section 7.1.5). The library then tells at random of the one or of the
// other, so it is asked again until it gives the server's own words. Nothing
// waits here any more: both are known.
func greeting(c *imapclient.Client) error {
	err := c.WaitGreeting()
	for range 30 {
		var said *imap.Error
		if err == nil || errors.As(err, &said) {
			break
		}
		if again := c.WaitGreeting(); errors.As(again, &said) {
			err = again
		}
	}
	return err
}

// heard is told of what the server says unasked. It runs inside the reader,
// so it must neither wait nor ask (a command here would block for ever).
func (s *session) heard(data *imapclient.UnilateralDataMailbox) {
	if data.NumMessages == nil {
		return
	}
	select {
	case s.hint <- struct{}{}:
	default:
	}
}

// A watchdog cuts the connection when it is not patted for its limit.
type watchdog struct {
	limit time.Duration
	timer *time.Timer
	bit   atomic.Bool
}

func (w *watchdog) pat() { w.timer.Reset(w.limit) }

// watch runs one exchange with the server and cuts the connection when the
// server is silent for longer than limit, or when ctx ends.
func (s *session) watch(ctx context.Context, op string, limit time.Duration, exchange func(*watchdog) error) error {
	w := &watchdog{limit: limit}
	w.timer = time.AfterFunc(limit, func() {
		w.bit.Store(true)
		_ = s.raw.Close()
	})
	defer w.timer.Stop()
	release := context.AfterFunc(ctx, func() { _ = s.raw.Close() })
	defer release()
	err := exchange(w)
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("%s: %w", op, context.Cause(ctx))
	case w.bit.Load():
		return fmt.Errorf("%s: %w", op, errSilent)
	}
	return fmt.Errorf("%s: %w", op, withoutWords(s.parting(err)))
}

// alive reports whether the connection can still be used.
func (s *session) alive() bool {
	select {
	case <-s.client.Closed():
		return false
	default:
		return s.client.State() == imap.ConnStateSelected
	}
}

// close cuts the connection and waits until the client's reader has ended.
func (s *session) close() {
	_ = s.raw.Close()
	if s.client != nil {
		<-s.client.Closed()
	}
}

// leave says goodbye, which a server may need to let go of its locks soon.
func (s *session) leave(ctx context.Context) {
	_ = s.watch(ctx, "log out", time.Second, func(*watchdog) error { return s.client.Logout().Wait() })
	s.close()
}

// A folder is what the server said when it was opened.
type folder struct {
	uidValidity uint32
	uidNext     uint32 // 0: not said
	messages    uint32
	keywords    bool // new keywords may be set on its mails
}

// open selects the mailbox's folder.
func (s *session) open(ctx context.Context, readOnly bool) (folder, error) {
	var data *imap.SelectData
	err := s.watch(ctx, "open the folder", s.mailbox.Timeouts.Command, func(*watchdog) (err error) {
		data, err = s.client.Select(s.mailbox.Folder, &imap.SelectOptions{ReadOnly: readOnly}).Wait()
		return err
	})
	if err != nil {
		if isRefusal(err) {
			return folder{}, s.mailbox.trouble(FolderMissing, err)
		}
		return folder{}, err
	}
	// Without it UIDs mean nothing the next time (RFC 3501, section 2.3.1.1).
	if data.UIDValidity == 0 {
		return folder{}, s.mailbox.trouble(Unusable, errors.New("the server does not number its mails for good (no UIDVALIDITY)"))
	}
	f := folder{uidValidity: data.UIDValidity, uidNext: uint32(data.UIDNext), messages: data.NumMessages}
	for _, flag := range data.PermanentFlags {
		f.keywords = f.keywords || flag == imap.FlagWildcard
	}
	return f, nil
}

// noop asks for nothing: the server may say what came.
func (s *session) noop(ctx context.Context) error {
	return s.watch(ctx, "ask for news", s.mailbox.Timeouts.Command, func(*watchdog) error { return s.client.Noop().Wait() })
}

// idle waits until the server hints at something new, or for d. IDLE is ended
// from our side, well before any server or middle box tires of it, and its end
// is awaited under the watchdog: that is how a frozen server shows.
func (s *session) idle(ctx context.Context, d time.Duration) (hinted bool, err error) {
	var command *imapclient.IdleCommand
	err = s.watch(ctx, "start IDLE", s.mailbox.Timeouts.Command, func(*watchdog) (err error) {
		command, err = s.client.Idle()
		return err
	})
	if err != nil {
		return false, err
	}
	hinted, err = s.await(ctx, d)
	if err != nil {
		_ = s.raw.Close()
		_ = command.Close()
		return false, err
	}
	return hinted, s.watch(ctx, "end IDLE", s.mailbox.Timeouts.Command, func(*watchdog) error {
		if err := command.Close(); err != nil {
			return err
		}
		return command.Wait()
	})
}

// await blocks until a hint, for d, or until the connection or ctx ends.
func (s *session) await(ctx context.Context, d time.Duration) (hinted bool, err error) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false, context.Cause(ctx)
	case <-s.client.Closed():
		return false, s.parting(errors.New("the mail server closed the connection"))
	case <-timer.C:
		return false, nil
	case <-s.hint:
		return true, nil
	}
}

func (m Mailbox) address() string { return net.JoinHostPort(m.Host, strconv.Itoa(m.Port)) }

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}
