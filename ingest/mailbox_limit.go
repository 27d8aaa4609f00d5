package ingest

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
)

// limitWords are how Exchange Online, Gmail, Yahoo, Dovecot, Courier and Cyrus
// say that they are busy or that somebody asks too much. Too many failed logins
// are no such limit: they are a wrong password.
var limitWords = regexp.MustCompile(`(?i)throttled|rate limit|exceeded command or bandwidth limits|server is busy|server busy|server (is )?unavailable|` +
	`too many ((open|simultaneous|concurrent|waiting) )?(imap )?(connections|sessions|requests|commands)|` +
	`maximum (number of )?connections?( limit)?( from user\+ip)? (exceeded|reached)`)

// isLimit reports whether the server said that it is we who ask too much.
func isLimit(err error) bool {
	var bye *goodbyeError
	var said *imap.Error
	switch {
	case errors.As(err, &bye):
		return bye.limit != ""
	case !errors.As(err, &said), said.Code == imap.ResponseCodeAuthenticationFailed:
		return false
	}
	return said.Code == imap.ResponseCodeLimit || said.Code == "THROTTLED" || limitWords.MatchString(said.Text)
}

// isBusy reports whether the server said that it does nothing for us at
// present, for whatever reason of its own (RFC 5530).
func isBusy(err error) bool {
	var said *imap.Error
	return isLimit(err) || errors.As(err, &said) && slices.Contains([]imap.ResponseCode{imap.ResponseCodeUnavailable, imap.ResponseCodeInUse}, said.Code)
}

// limits names a limit for what it is, whichever command met it.
func (m Mailbox) limits(err error) error {
	if _, known := errors.AsType[*MailboxError](err); known || !isBusy(err) {
		return err
	}
	return m.trouble(Throttled, err)
}

var suggestedBackoff = regexp.MustCompile(`(?i)suggested backoff time: (\d{1,8}) milliseconds`)

// askedToWait is how long Exchange Online asks us to stay away, at most an hour.
func askedToWait(err error) time.Duration {
	var said *imap.Error
	if !errors.As(err, &said) {
		return 0
	}
	found := suggestedBackoff.FindStringSubmatch(said.Text)
	if found == nil {
		return 0
	}
	ms, _ := strconv.Atoi(found[1]) // eight digits at most
	return min(time.Duration(ms)*time.Millisecond, time.Hour)
}

// A goodbyeError is a BYE in the middle of a session, of which the library
// tells nothing. It holds none of the server's words but those that we know:
// what ended the connection may be a resident's.
type goodbyeError struct {
	limit string // in words; empty: it did not say why, or not in words that we know
	err   error
}

func (e *goodbyeError) Error() string {
	if e.limit == "" {
		return "the mail server said goodbye (BYE)"
	}
	return "the mail server said goodbye (BYE): " + e.limit
}

func (e *goodbyeError) Unwrap() error { return e.err }

// parting adds to the end of a connection that the server announced it.
func (s *session) parting(err error) error {
	if isRefusal(err) {
		return err
	}
	said, ok := s.tail.goodbye()
	if !ok {
		return err
	}
	return &goodbyeError{strings.ToLower(limitWords.FindString(said)), err}
}
