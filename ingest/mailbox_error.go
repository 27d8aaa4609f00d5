package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// A Trouble is a kind of failure that an administrator can act on.
type Trouble string

// The troubles.
const (
	Unreachable   Trouble = "unreachable"
	Insecure      Trouble = "insecure"
	NoToken       Trouble = "no_token"
	LoginRefused  Trouble = "login_refused"
	FolderMissing Trouble = "folder_missing"
	Throttled     Trouble = "throttled"     // for now the server does nothing for us
	NotConnected  Trouble = "not_connected" // it lets us in, and not into the mailbox
	Unusable      Trouble = "unusable"
)

// A MailboxError says what is wrong with a mailbox and what to do about it.
type MailboxError struct {
	Mailbox string
	Trouble Trouble
	Advice  string
	Err     error
}

// Error gives one line: the advice, then what the other side said.
func (e *MailboxError) Error() string {
	return fmt.Sprintf("mailbox %q: %s: %v", e.Mailbox, e.Advice, e.Err)
}

// Unwrap gives what the other side said.
func (e *MailboxError) Unwrap() error { return e.Err }

func (m Mailbox) trouble(t Trouble, err error) *MailboxError {
	if t == LoginRefused || t == FolderMissing {
		t = excused(t, err)
	}
	return &MailboxError{Mailbox: m.Name, Trouble: t, Advice: m.advice(t), Err: err}
}

// excused tells a refusal that says nothing of settings from one that does:
// by its response code (RFC 5530, and Exchange's own), or by the words of
// Exchange Online and Gmail, which give none.
func excused(t Trouble, err error) Trouble {
	var said *imap.Error
	if !errors.As(err, &said) {
		return t
	}
	if slices.Contains([]imap.ResponseCode{imap.ResponseCodeUnavailable, imap.ResponseCodeLimit, imap.ResponseCodeInUse, "THROTTLED"}, said.Code) {
		return Throttled
	}
	words := strings.ToLower(said.Text)
	switch {
	case strings.Contains(words, "authenticated but not connected"):
		return NotConnected
	case strings.Contains(words, "throttled"), strings.Contains(words, "too many simultaneous connections"), strings.Contains(words, "exceeded command or bandwidth limits"):
		return Throttled
	}
	return t
}

func (m Mailbox) advice(t Trouble) string {
	switch t {
	case Unreachable:
		return fmt.Sprintf("no IMAP server answers at %s; check host, port and tls, and the firewall", m.address())
	case Insecure:
		return fmt.Sprintf("no safe connection to %s; check tls, and that the certificate is valid for %s", m.address(), m.Host)
	case NoToken:
		return "there is no token to log in with"
	case LoginRefused:
		return "the server refuses the login; check user, password and auth, and that IMAP is allowed for this account"
	case FolderMissing:
		return fmt.Sprintf("the folder %q cannot be opened; check folder, and that this account may read it", m.Folder)
	case Throttled:
		return "the server is busy or limits us, and nothing need be changed for now: it is tried again, ever more slowly; if it lasts for hours, see what else uses this account"
	case NotConnected:
		return "the server lets us in and not into the mailbox; check that user names the mailbox, that the application has FullAccess to it, and that IMAP is allowed for it; after a change it may take an hour"
	case Unusable:
		return "this server cannot be polled safely"
	}
	return string(t)
}

// isRefusal reports whether the server answered, and said no.
func isRefusal(err error) bool {
	var refusal *imap.Error
	return errors.As(err, &refusal)
}

var quoted = regexp.MustCompile(`(?s)".*"|'.*'`)

// withoutWords strips from an error whatever the library quotes of an answer
// that it could not parse: that may be a resident's words, and errors are
// logged.
func withoutWords(err error) error {
	var network net.Error
	var ours *localError
	switch {
	case isRefusal(err), errors.As(err, &network), errors.As(err, &ours),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, errShort), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	line = quoted.ReplaceAllString(line, `"…"`)
	if len(line) > 300 {
		line = line[:300]
	}
	return &wordlessError{line, err}
}

// A wordlessError can be logged; what it stands for can still be matched.
type wordlessError struct {
	line string
	err  error
}

func (e *wordlessError) Error() string { return e.line }
func (e *wordlessError) Unwrap() error { return e.err }
