package ingest

import (
	"context"

	"github.com/emersion/go-imap/v2"
)

// filedKeyword marks mails that were taken in and cannot be moved safely. It
// is for people: nothing here ever reads it.
const filedKeyword imap.Flag = "Postroom"

// makeFolder makes the filed folder.
func (s *session) makeFolder(ctx context.Context, name string) error {
	_ = s.watch(ctx, "create the filed folder", s.mailbox.Timeouts.Command, func(*watchdog) error {
		return s.client.Create(name, nil).Wait()
	})
	// Another poller may have created it at this moment: what counts is that
	// it is there now.
	return s.folderExists(ctx, name)
}

func (s *session) folderExists(ctx context.Context, name string) error {
	return s.watch(ctx, "look for the filed folder", s.mailbox.Timeouts.Command, func(*watchdog) error {
		_, err := s.client.Status(name, &imap.StatusOptions{UIDNext: true}).Wait()
		return err
	})
}

// move moves mails by MOVE. The library's fallback for servers without it
// destroys mail when the copy fails, so it is never reached: see canMove.
func (s *session) move(ctx context.Context, uids []uint32, to string) error {
	return s.watch(ctx, "file mails", s.mailbox.Timeouts.Filing, func(*watchdog) error {
		_, err := s.client.Move(uidSet(uids), to).Wait()
		return err
	})
}

// copyAway copies, and only when the copies are there takes the mails away,
// by UID EXPUNGE: a plain EXPUNGE would also destroy what other people marked
// as deleted.
func (s *session) copyAway(ctx context.Context, uids []uint32, to string) error {
	err := s.watch(ctx, "copy mails", s.mailbox.Timeouts.Filing, func(*watchdog) error {
		_, err := s.client.Copy(uidSet(uids), to).Wait()
		return err
	})
	if err != nil {
		return err
	}
	if err := s.flag(ctx, uids, imap.FlagDeleted); err != nil {
		return err
	}
	return s.watch(ctx, "remove copied mails", s.mailbox.Timeouts.Filing, func(*watchdog) error {
		return s.client.UIDExpunge(uidSet(uids)).Close()
	})
}

func (s *session) flag(ctx context.Context, uids []uint32, flag imap.Flag) error {
	return s.watch(ctx, "mark mails", s.mailbox.Timeouts.Filing, func(*watchdog) error {
		store := &imap.StoreFlags{Op: imap.StoreFlagsAdd, Silent: true, Flags: []imap.Flag{flag}}
		return s.client.Store(uidSet(uids), store, nil).Close()
	})
}

func (s *session) canMove() bool    { return s.caps.Has(imap.CapMove) }
func (s *session) canExpunge() bool { return s.caps.Has(imap.CapUIDPlus) }
func (s *session) canIdle() bool    { return s.caps.Has(imap.CapIdle) }
