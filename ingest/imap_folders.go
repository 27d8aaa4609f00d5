package ingest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/emersion/go-imap/v2"
)

const (
	// maxFolders is how many folders of an account are looked at, and
	// endlessFolders how many are read at most: whatever lists more is no
	// mailbox.
	maxFolders     = 10_000
	endlessFolders = 100_000
)

// A place is a folder as the server lists it.
type place struct {
	name string // decoded: no modified UTF-7
	role imap.MailboxAttr
}

// A listing is what folders an account has, and how their names are built.
type listing struct {
	places    []place
	separator string // between levels; empty: there are none
	prefix    string // of the account's own folders, such as "INBOX."
}

// errUnlisted: this server's lists cannot be read.
var errUnlisted = errors.New("the server's list of folders cannot be read")

// mayGoWithout reports whether LIST failed in a way that leaves the connection
// good: what it would have told is not known then.
func mayGoWithout(err error) bool { return isRefusal(err) || errors.Is(err, errUnlisted) }

// list asks for folders. Some servers list names that the library cannot read,
// which ends the connection; the poller then does without.
func (s *session) list(ctx context.Context, pattern string) (found listing, err error) {
	if s.unlisted {
		return listing{}, errUnlisted
	}
	defer func() { s.listBroke = s.listBroke || err != nil && !isRefusal(err) && ctx.Err() == nil }()
	// Some servers tell roles unasked; whoever says SPECIAL-USE wants to be
	// asked (RFC 6154, section 2).
	var asked *imap.ListOptions
	if s.caps.Has(imap.CapSpecialUse) {
		asked = &imap.ListOptions{ReturnSpecialUse: true}
	}
	found, err = s.listWith(ctx, pattern, asked)
	if asked != nil && isRefusal(err) {
		found, err = s.listWith(ctx, pattern, nil)
	}
	return found, err
}

func (s *session) listWith(ctx context.Context, pattern string, asked *imap.ListOptions) (found listing, err error) {
	err = s.watch(ctx, "list the folders", s.mailbox.Timeouts.Command, func(w *watchdog) error {
		command := s.client.List("", pattern, asked)
		n := 0
		for data := command.Next(); data != nil; data = command.Next() {
			w.pat()
			if n++; n == endlessFolders {
				_ = s.raw.Close()
				_ = command.Close()
				return errors.New("the server lists folders without end")
			}
			found.add(data)
		}
		return command.Close()
	})
	return found, err
}

// add leaves out what is a name alone, with folders below it.
func (l *listing) add(data *imap.ListData) {
	if data.Delim != 0 {
		l.separator = string(data.Delim)
	}
	if len(l.places) >= maxFolders || hasAttr(data.Attrs, imap.MailboxAttrNoSelect) || hasAttr(data.Attrs, imap.MailboxAttrNonExistent) {
		return
	}
	p := place{name: data.Mailbox}
	for _, role := range []imap.MailboxAttr{
		imap.MailboxAttrAll, imap.MailboxAttrDrafts, imap.MailboxAttrSent, imap.MailboxAttrTrash, imap.MailboxAttrJunk, imap.MailboxAttrArchive,
	} {
		if hasAttr(data.Attrs, role) {
			p.role = role
			break
		}
	}
	l.places = append(l.places, p)
}

func hasAttr(attrs []imap.MailboxAttr, want imap.MailboxAttr) bool {
	return slices.ContainsFunc(attrs, func(a imap.MailboxAttr) bool { return strings.EqualFold(string(a), string(want)) })
}

// listAll lists the whole account, with the beginning that its own folders'
// names have (RFC 2342).
func (s *session) listAll(ctx context.Context) (listing, error) {
	found, err := s.list(ctx, "*")
	if err != nil || !s.caps.Has(imap.CapNamespace) {
		return found, err
	}
	err = s.watch(ctx, "ask for the namespaces", s.mailbox.Timeouts.Command, func(*watchdog) error {
		spaces, err := s.client.Namespace().Wait()
		if err == nil && len(spaces.Personal) > 0 {
			found.prefix = spaces.Personal[0].Prefix
		}
		return err
	})
	if mayGoWithout(err) {
		err = nil
	}
	return found, err
}

// role says what the server uses a folder for; empty: it does not say.
func (s *session) role(ctx context.Context, folder string) (imap.MailboxAttr, error) {
	found, err := s.list(ctx, folder)
	if err != nil {
		return "", err
	}
	return found.roleOf(folder), nil
}

func (l listing) roleOf(folder string) imap.MailboxAttr {
	for _, p := range l.places {
		if sameFolder(p.name, folder) {
			return p.role
		}
	}
	return ""
}
