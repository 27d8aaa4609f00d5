package demomail

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

// errFull is a server that holds all it may.
var errFull = errors.New("demo mail: no room for more mail")

// A box is everything of one address.
type box struct {
	user   *imapmemserver.User
	newest *newest // the mail that came last; nil when none came
}

// newest is what an answer to a mail needs of it.
type newest struct {
	id         string // Message-ID, without its brackets
	subject    string
	returnPath string // without brackets; empty when null
}

// open returns the box of an address, made when it is first asked for.
func (s *Servers) open(address string) (*box, error) {
	name := mailboxName(address)
	folders := []string{"INBOX", "Sent", "Drafts", "Trash"}
	if s.own[name] {
		name, folders = mailboxName(s.config.Complaints), []string{"INBOX", "Junk", "Filed"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b := s.boxes[name]; b != nil {
		return b, nil
	}
	if len(s.boxes) >= maxAddresses {
		return nil, errFull
	}
	b := &box{user: imapmemserver.NewUser(name, s.config.Password)}
	for _, folder := range folders {
		if err := b.user.Create(folder, nil); err != nil {
			return nil, fmt.Errorf("demo mail: create %s: %w", folder, err)
		}
	}
	s.boxes[name] = b
	return b, nil
}

// keep counts bytes that are to be kept, and refuses when they are too many.
func (s *Servers) keep(n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.kept+int64(n) > maxKept {
		return errFull
	}
	s.kept += int64(n)
	return nil
}

// put appends a mail to an address's INBOX, as received now.
func (s *Servers) put(address string, raw []byte, n newest) error {
	b, err := s.open(address)
	if err != nil {
		return err
	}
	if err := s.keep(len(raw)); err != nil {
		return err
	}
	if _, err := b.user.Append("INBOX", bytes.NewReader(raw), &imap.AppendOptions{Time: s.config.Now()}); err != nil {
		return fmt.Errorf("demo mail: append: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.newest = &n
	return nil
}

// last returns what came last for an address.
func (s *Servers) last(address string) (newest, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.boxes[mailboxName(address)]
	if b == nil || b.newest == nil {
		return newest{}, false
	}
	return *b.newest, true
}

// An imapSession is one IMAP connection. The mailbox comes into being at the
// first login, so that a mail program can be set up before any mail came.
type imapSession struct {
	*imapmemserver.UserSession // nil before the login

	servers *Servers
}

func (i *imapSession) Login(address, password string) error {
	if subtle.ConstantTimeCompare([]byte(password), []byte(i.servers.config.Password)) != 1 {
		return imapserver.ErrAuthFailed
	}
	b, err := i.servers.open(address)
	if err != nil {
		return imapserver.ErrAuthFailed
	}
	i.UserSession = imapmemserver.NewUserSession(b.user)
	return nil
}

// Append keeps what a mail program stores, such as a copy of what it sent.
func (i *imapSession) Append(folder string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	if err := i.servers.keep(int(r.Size())); err != nil {
		return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeOverQuota, Text: "No room"}
	}
	return i.UserSession.Append(folder, r, options)
}

// Move and Copy go one at a time: the memory server locks first one folder and
// then the other, so that two going opposite ways would wait for ever. Moving
// nothing is done here, because its answer to that cannot be parsed.
func (i *imapSession) Move(w *imapserver.MoveWriter, set imap.NumSet, to string) error {
	i.servers.filing.Lock()
	defer i.servers.filing.Unlock()
	if gone, err := i.gone(set); gone || err != nil {
		return err
	}
	return i.UserSession.Move(w, set, to)
}

// Copy copies mail; see Move.
func (i *imapSession) Copy(set imap.NumSet, to string) (*imap.CopyData, error) {
	i.servers.filing.Lock()
	defer i.servers.filing.Unlock()
	if gone, err := i.gone(set); gone || err != nil {
		return nil, err
	}
	return i.UserSession.Copy(set, to)
}

// gone reports whether no mail of the set is in the folder any more.
func (i *imapSession) gone(set imap.NumSet) (bool, error) {
	criteria := &imap.SearchCriteria{}
	switch set := set.(type) {
	case imap.SeqSet:
		criteria.SeqNum = []imap.SeqSet{slices.Clone(set)}
	case imap.UIDSet:
		criteria.UID = []imap.UIDSet{slices.Clone(set)}
	}
	found, err := i.Search(imapserver.NumKindUID, criteria, &imap.SearchOptions{ReturnCount: true})
	return err == nil && found.Count == 0, err
}
