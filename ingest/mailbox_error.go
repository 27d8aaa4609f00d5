package ingest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"regexp"
	"strings"

	"github.com/emersion/go-imap/v2"

	"postroom/internal/oneline"
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
	WrongFolder   Trouble = "wrong_folder"  // it is there, and holds other mail than post
	TurnedAway    Trouble = "turned_away"   // it greets us with goodbye
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
	// Folders names the folders that could be meant, or those that there are,
	// for whoever runs check. It goes into no log: people name folders after
	// residents.
	Folders string
}

// Error gives one line: the advice, then what the other side said.
func (e *MailboxError) Error() string {
	return fmt.Sprintf("mailbox %q: %s: %v", e.Mailbox, e.Advice, e.Err)
}

// Unwrap gives what the other side said.
func (e *MailboxError) Unwrap() error { return e.Err }

func (m Mailbox) trouble(t Trouble, err error) *MailboxError {
	t = excused(t, err)
	return &MailboxError{Mailbox: m.Name, Trouble: t, Advice: m.advice(t), Err: err}
}

// excused tells a refusal that says nothing of settings from one that does:
// by its response code, or by the words of services that give none.
func excused(t Trouble, err error) Trouble {
	var said *imap.Error
	switch {
	case isBusy(err):
		return Throttled
	case errors.As(err, &said) && strings.Contains(strings.ToLower(said.Text), "authenticated but not connected"):
		return NotConnected
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
		if m.Folder == JunkRole {
			return "the junk folder cannot be found; write its name into junk_folder"
		}
		return fmt.Sprintf("the folder %s cannot be opened; check %s, and that this account may read it", quoteName(m.Folder), m.folderKey())
	case WrongFolder:
		return fmt.Sprintf("the folder %s is not one for post; check %s", quoteName(m.Folder), m.folderKey())
	case Throttled:
		return "the server is busy or limits us, and nothing need be changed for now: it is tried again, ever more slowly; if it lasts for hours, see what else uses this account"
	case TurnedAway:
		return fmt.Sprintf("the server at %s answers and hangs up at once; it is tried again, ever more slowly. What it says follows: if it says nothing of use, see whether it lets this machine's address in", m.address())
	case NotConnected:
		return "the server lets us in and not into the mailbox; check that user names the mailbox, that the application has FullAccess to it, and that IMAP is allowed for it; after a change it may take an hour"
	case Unusable:
		return "this server cannot be polled safely"
	}
	return string(t)
}

// folderKey is the setting that names the folder.
func (m Mailbox) folderKey() string {
	if m.Junk {
		return "junk_folder"
	}
	return "folder"
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
	var bye *goodbyeError
	switch {
	case isRefusal(err), errors.As(err, &network), errors.As(err, &ours), errors.As(err, &bye),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, errShort), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		if line := oneline.Of(err.Error(), mostSaid); line != err.Error() {
			return &wordlessError{line, err}
		}
		return err
	}
	line, _, _ := strings.Cut(err.Error(), "\n")
	return &wordlessError{oneline.Of(quoted.ReplaceAllString(line, `"…"`), mostSaid), err}
}

// mostSaid bounds what is told of a server's words, in characters.
const mostSaid = 300

// A wordlessError can be logged; what it stands for can still be matched.
type wordlessError struct {
	line string
	err  error
}

func (e *wordlessError) Error() string { return e.line }
func (e *wordlessError) Unwrap() error { return e.err }
