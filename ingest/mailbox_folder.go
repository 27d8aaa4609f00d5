package ingest

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"
)

// JunkRole stands for the folder that the mail server marks as the one for
// junk (RFC 6154), whatever it is called.
const JunkRole = `\Junk`

// enter opens the mailbox's folder by the name that the server has for it: by
// its role, as it is written, or spelled the server's way. From then on the
// session's mailbox has that name.
func (s *session) enter(ctx context.Context, readOnly bool) (folder, error) {
	if s.mailbox.Folder == JunkRole {
		if err := s.findJunk(ctx); err != nil {
			return folder{}, err
		}
	}
	f, err := s.open(ctx, readOnly)
	var missing *MailboxError
	if !errors.As(err, &missing) || missing.Trouble != FolderMissing {
		return f, err
	}
	found, listErr := s.listAll(ctx)
	if listErr != nil {
		return f, missing
	}
	if same := found.spelled(s.mailbox.Folder); len(same) == 1 && same[0] != s.mailbox.Folder {
		s.mailbox.Folder = same[0]
		return s.open(ctx, readOnly)
	}
	missing.Folders = found.nearest(s.mailbox.Folder)
	return f, missing
}

// findJunk finds the folder with the role; where the server marks none, the
// one that has a usual name.
func (s *session) findJunk(ctx context.Context) error {
	found, err := s.listAll(ctx)
	if err != nil {
		return s.mailbox.trouble(FolderMissing, fmt.Errorf("the server's folders cannot be listed, so name the junk folder itself: %w", err))
	}
	names, how := found.junk()
	if len(names) == 1 {
		s.mailbox.Folder = names[0]
		return nil
	}
	why := "the server marks no folder as the one for junk, and none has a usual name"
	if len(names) > 1 {
		why = fmt.Sprintf("%d folders could be it, %s", len(names), how)
	}
	trouble := s.mailbox.trouble(FolderMissing, errors.New(why))
	trouble.Folders = found.names(names)
	return trouble
}

// junk gives the folders that the server marks, or those with a usual name.
func (l listing) junk() (names []string, how string) {
	for _, p := range l.places {
		if p.role == imap.MailboxAttrJunk {
			names = append(names, p.name)
		}
	}
	if len(names) > 0 {
		return names, "all marked by the server"
	}
	for _, p := range l.places {
		if p.role == "" && isJunkName(strings.TrimPrefix(p.name, l.prefix)) {
			names = append(names, p.name)
		}
	}
	return names, "by their names"
}

// notForPost says why mail must not be taken in from a folder with this role;
// empty: it may be. In Gmail every mail of the account is in "All Mail" too,
// what was sent and drafts among them.
func notForPost(role imap.MailboxAttr) string {
	return map[imap.MailboxAttr]string{
		imap.MailboxAttrAll:    "it holds all mail of the account once more, what was sent and drafts too; name INBOX, or the folder or label that post gets",
		imap.MailboxAttrSent:   "the server keeps there what was sent; name INBOX, or the folder that post gets",
		imap.MailboxAttrDrafts: "the server keeps drafts there; name INBOX, or the folder that post gets",
	}[role]
}

// refuseRole is asked before mail is taken from a folder that is not INBOX.
func (s *session) refuseRole(ctx context.Context) error {
	if sameFolder(s.mailbox.Folder, "INBOX") {
		return nil
	}
	role, err := s.role(ctx, s.mailbox.Folder)
	if mayGoWithout(err) {
		return nil // it does not say
	}
	if err != nil {
		return err
	}
	if why := notForPost(role); why != "" {
		return s.mailbox.trouble(WrongFolder, errors.New(why))
	}
	return nil
}

// filedFolder finds the filed folder's name on this server, or makes it where
// create says so. That it is there must be known: a MOVE or COPY to a folder
// that is not there must never be tried.
func (s *session) filedFolder(ctx context.Context, create bool) (name string, err error) {
	name = s.mailbox.FiledFolder
	err = s.folderExists(ctx, name)
	if err == nil || !isRefusal(err) {
		return name, err
	}
	found, listErr := s.listAll(ctx)
	switch {
	case listErr != nil && !mayGoWithout(listErr):
		return name, listErr
	case listErr == nil:
		if same := found.spelled(name); len(same) == 1 {
			return same[0], s.folderExists(ctx, same[0])
		}
		name = found.built(name)
	}
	if !create {
		return name, err
	}
	return name, s.makeFolder(ctx, name)
}

// roles looks where the configuration and what the server uses its folders for
// disagree.
func (s *session) roles(ctx context.Context, r *ProbeResult) error {
	found, err := s.listAll(ctx)
	if err != nil {
		if mayGoWithout(err) {
			return nil
		}
		return err
	}
	m := s.mailbox
	if names, _ := found.junk(); len(names) == 1 {
		r.JunkFolder = names[0]
	}
	own := found.roleOf(m.Folder)
	switch {
	case m.Junk && own != imap.MailboxAttrJunk && r.JunkFolder != "" && r.JunkFolder != m.Folder:
		r.warn(fmt.Sprintf("The server's junk folder seems to be %s.", quoteName(r.JunkFolder)))
	case !m.Junk && own == imap.MailboxAttrJunk:
		r.warn("The server puts junk there, and it would be answered like other post: name it in junk_folder.")
	}
	filed := found.roleOf(m.FiledFolder)
	switch {
	case filed == imap.MailboxAttrTrash || filed == imap.MailboxAttrJunk:
		r.warn("The server deletes what is filed there after some time: name another filed_folder.")
	case notForPost(filed) != "":
		r.warn("The filed folder holds other mail as well, which would be taken in as post after a restore: name another filed_folder.")
	}
	return nil
}
