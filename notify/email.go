package notify

import (
	"context"
	"errors"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"postroom/internal/oauth"
	"postroom/internal/register"
)

// A fate is what became of one attempt to send.
type fate string

const (
	sent      fate = "sent"      // the server said 250 to the mail's end
	tryAgain  fate = "try again" // it was certainly not delivered, and may be another time
	refused   fate = "refused"   // the server will never take it
	unknown   fate = "unknown"   // lost between the mail's end and the server's answer
	notOurs   fate = "not ours"  // the attempt is somebody else's now: nothing was sent
	unchanged fate = "unchanged" // nothing was tried
)

// A result is a fate with what is to be recorded about it.
type result struct {
	fate fate
	code string // the server's reply code and enhanced status
	why  string // in a sentence, without any address
	at   time.Time
	// down: it says nothing about this mail, but that no mail can be handed
	// over at all now.
	down bool
}

// A parcel is one mail to one recipient.
type parcel struct {
	from, to string // without brackets; from may be "<>"
	bytes    []byte
	begin    func(context.Context) error // records that from here on the outcome may be unknown
	step     func(string)
}

// idle is how long a connection may rest before it is asked whether it lives.
const idle = 2 * time.Second

// An attemptError is the end of a dialogue before the mail's end: certainly nothing
// was delivered.
type attemptError struct {
	stage string
	err   error
}

func (e *attemptError) Error() string { return e.stage + ": " + e.err.Error() }
func (e *attemptError) Unwrap() error { return e.err }

// A courier hands mails over, one after the other, on a connection that it
// keeps. It belongs to one goroutine.
type courier struct {
	server SMTP
	link   *link
	conn   atomic.Pointer[net.Conn] // of the link, for the end of a context to cut
	now    func() time.Time
}

// cut breaks the connection under a step that waits on it.
func (c *courier) cut() {
	if conn := c.conn.Load(); conn != nil {
		_ = (*conn).Close()
	}
}

func (c *courier) close() {
	if c.link != nil {
		c.link.quit()
		c.link = nil
	}
}

func (c *courier) drop() {
	if c.link != nil {
		c.link.drop()
		c.link = nil
	}
}

// hand gives a mail to the mail server. ctx bounds all of it. A connection
// that turns out to be dead before the server has heard of the mail is opened
// anew once, and that does not count.
func (c *courier) hand(ctx context.Context, p parcel) result {
	defer context.AfterFunc(ctx, c.cut)()
	err := c.envelope(ctx, p)
	if err != nil && c.link == nil && staleLink(err) {
		err = c.envelope(ctx, p)
	}
	if err != nil {
		return c.failed(err)
	}
	p.step("rcpt")
	if err := p.begin(ctx); err != nil {
		c.reset()
		if errors.Is(err, register.ErrStale) {
			return result{fate: notOurs}
		}
		return result{fate: tryAgain, why: "the register could not be written before the mail was sent"}
	}
	p.step("begun")
	return c.data(ctx, p)
}

// errStaleLink is a connection that had carried mail and was found dead.
var errStaleLink = errors.New("the connection had died")

func staleLink(err error) bool { return errors.Is(err, errStaleLink) }

// envelope connects and says from whom and to whom.
func (c *courier) envelope(ctx context.Context, p parcel) error {
	if err := c.connect(ctx); err != nil {
		return err
	}
	p.step("connected")
	reused := c.link.used
	for _, command := range []struct {
		stage string
		say   func() error
	}{
		{"MAIL", func() error { return c.link.client.Mail(bracketed(p.from)) }},
		{"RCPT", func() error { return c.link.client.Rcpt(bracketed(p.to)) }},
	} {
		err := c.say(ctx, c.server.timeout(), command.say)
		if err == nil {
			continue
		}
		if dead(err) {
			c.drop()
			if reused && command.stage == "MAIL" {
				return errors.Join(errStaleLink, &attemptError{command.stage, err})
			}
		} else {
			c.reset()
		}
		return &attemptError{command.stage, err}
	}
	return nil
}

// connect opens a connection when there is none, or asks one that has rested.
func (c *courier) connect(ctx context.Context) error {
	if c.link != nil && c.now().Sub(c.link.usedAt) > idle {
		if err := c.say(ctx, c.server.timeout(), c.link.client.Noop); err != nil {
			c.drop()
		}
	}
	if c.link != nil {
		return nil
	}
	l, err := c.server.dial(ctx)
	if err != nil {
		return &attemptError{"connect", err}
	}
	c.link = l
	c.conn.Store(&l.conn)
	return nil
}

// data sends the mail itself. Only the loss of the answer to its end leaves
// anything unknown: without the final dot a server delivers nothing (RFC 5321,
// section 4.1.1.4).
func (c *courier) data(ctx context.Context, p parcel) result {
	err := c.say(ctx, c.server.timeout(), func() error {
		w, err := c.link.client.Data()
		if err != nil {
			return err
		}
		if _, err := w.Write(p.bytes); err != nil {
			return errors.Join(errHalf, err)
		}
		if err := c.link.client.Text.W.Flush(); err != nil {
			return errors.Join(errHalf, err)
		}
		p.step("data")
		return c.end(ctx, w.Close)
	})
	return c.ended(err)
}

var (
	errHalf = errors.New("the connection was lost within the mail")
	errEnd  = errors.New("after the mail's end")
)

// end writes the final dot and waits for the answer.
func (c *courier) end(ctx context.Context, dot func() error) error {
	if err := c.say(ctx, c.server.final(), dot); err != nil {
		return errors.Join(errEnd, err)
	}
	return nil
}

// ended judges what came of DATA.
func (c *courier) ended(err error) result {
	if err == nil {
		c.link.usedAt, c.link.used = c.now(), true
		return result{fate: sent, code: "250", at: c.now()}
	}
	var reply *textproto.Error
	answered := errors.As(err, &reply) && reply.Code >= 400 && reply.Code < 600
	switch {
	case errors.Is(err, errEnd) && !answered:
		c.drop()
		return result{fate: unknown, why: "the connection was lost after the whole mail had been sent and before the server answered"}
	case errors.Is(err, errHalf), dead(err):
		c.drop()
	default:
		c.reset()
	}
	return c.failed(&attemptError{"DATA", err})
}

// failed judges an attempt that certainly did not deliver: 5xx about the mail
// or its recipient is for good, everything else may be better another time.
// What the server says before it has heard of the recipient is about us, not
// about this mail.
func (c *courier) failed(err error) result {
	stage := "connect"
	if attempt, ok := errors.AsType[*attemptError](err); ok {
		stage = attempt.stage
	}
	if noToken, ok := errors.AsType[*oauth.Error](err); ok {
		return result{fate: tryAgain, why: "no access token for the mail server is to be had: " + noToken.Problem, down: true}
	}
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return result{fate: tryAgain, why: "the mail server could not be reached, or did not answer in time", down: stage == "connect"}
	}
	r := result{fate: tryAgain, code: codeOf(reply)}
	switch {
	case stage == "connect":
		r.why, r.down = "the mail server turned us away before we had named a mail", true
	case stage == "MAIL":
		r.why = "the mail server does not take mail from our sender's address now"
		r.down = reply.Code != 452 && reply.Code != 552 // those are about room
	case reply.Code >= 500:
		r.fate, r.why = refused, "the mail server refuses the mail or its recipient for good"
	default:
		r.why = "the mail server asks to try again later"
	}
	r.why += " (" + r.code + ")"
	return r
}

// say gives one step of the dialogue its deadline.
func (c *courier) say(ctx context.Context, limit time.Duration, step func() error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := c.link.client.UpdateDeadline(limit); err != nil {
		return err
	}
	return step()
}

// reset ends a mail that will not be sent, so that the connection can carry
// the next one.
func (c *courier) reset() {
	if c.link == nil {
		return
	}
	_ = c.link.client.UpdateDeadline(c.server.timeout())
	if c.link.client.Reset() != nil {
		c.drop()
		return
	}
	c.link.used, c.link.usedAt = true, c.now()
}

// dead reports whether the connection is of no more use: no reply at all, or
// 421, with which a server hangs up (RFC 5321, section 3.8).
func dead(err error) bool {
	var reply *textproto.Error
	return !errors.As(err, &reply) || reply.Code == 421
}

func bracketed(address string) string {
	if address == "<>" {
		return address
	}
	return "<" + address + ">"
}

var enhancedStatus = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// codeOf is the reply code and the enhanced status (RFC 3463), without the
// text, which may hold an address.
func codeOf(e *textproto.Error) string {
	return strings.TrimSpace(strconv.Itoa(e.Code) + " " + enhancedStatus.FindString(e.Msg))
}
