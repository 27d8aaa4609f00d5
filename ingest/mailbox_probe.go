package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"
)

// A ProbeResult says what polling a mailbox would find.
type ProbeResult struct {
	Folder       string   // as the server calls it
	JunkFolder   string   // the one folder that seems to be for junk; empty: not known
	Mails        int      // in the folder
	WouldTake    int      // received on the start date or later
	TooLarge     int      // of those, over the size cap: shown to a person, not fetched
	Capabilities []string // as the server says, sorted
	Idle         bool     // new mail is noticed at once; else at the next poll
	Files        bool     // registered mail can be moved to the filed folder
	FiledFolder  bool     // the filed folder is there already
	FiledTo      string   // as the server calls it, or will
	Warning      string   // what works less well than it could, in sentences; empty when nothing
}

// Probe connects, opens the folder read-only and counts. It changes nothing.
// Its error is a *MailboxError, or about the settings.
func Probe(ctx context.Context, m Mailbox) (ProbeResult, error) {
	if err := m.Validate(); err != nil {
		return ProbeResult{}, err
	}
	m = m.withDefaults()
	r, broke, err := probe(ctx, m, false)
	if broke { // as the poller does in the end
		r, _, err = probe(ctx, m, true)
		r.warn("The server's list of folders cannot be read, so the folders' names and roles were not looked at.")
	}
	if _, known := errors.AsType[*MailboxError](err); known || err == nil {
		return r, err
	}
	return ProbeResult{}, m.trouble(Unusable, err)
}

// probe reports also whether asking for the folders ended the connection.
func probe(ctx context.Context, m Mailbox, unlisted bool) (r ProbeResult, broke bool, err error) {
	s, err := connect(ctx, m)
	if err != nil {
		return ProbeResult{}, false, err
	}
	defer s.leave(ctx)
	s.unlisted = unlisted
	r, err = s.look(ctx)
	return r, s.listBroke, err
}

func (s *session) look(ctx context.Context) (ProbeResult, error) {
	f, err := s.enter(ctx, true)
	if err != nil {
		return ProbeResult{}, err
	}
	if err := s.refuseRole(ctx); err != nil {
		return ProbeResult{}, err
	}
	r := ProbeResult{Folder: s.mailbox.Folder, Mails: int(f.messages), Idle: s.canIdle()}
	if err := r.count(ctx, s); err != nil {
		return ProbeResult{}, err
	}
	if err := r.filing(ctx, s); err != nil {
		return ProbeResult{}, err
	}
	return r, s.roles(ctx, &r)
}

func (r *ProbeResult) warn(sentence string) {
	r.Warning = strings.TrimSpace(r.Warning + " " + sentence)
}

// count asks for dates only from the day before the start on: SEARCH knows
// whole days alone, in the server's zone.
func (r *ProbeResult) count(ctx context.Context, s *session) error {
	start := s.mailbox.Start
	uids, err := s.findSince(ctx, start.AddDays(-1).Start())
	if err != nil {
		return err
	}
	for chunk := range slices.Chunk(uids, listAtOnce) {
		heads, err := s.heads(ctx, chunk)
		if err != nil {
			return err
		}
		for _, h := range heads {
			r.add(h, start.Start(), s.mailbox.SizeCap)
		}
	}
	return nil
}

func (r *ProbeResult) add(h head, start time.Time, limit int64) {
	if h.date.Before(start) {
		return
	}
	r.WouldTake++
	if h.size > limit {
		r.TooLarge++
	}
}

func (r *ProbeResult) filing(ctx context.Context, s *session) error {
	for _, c := range slices.Sorted(maps.Keys(s.caps)) {
		r.Capabilities = append(r.Capabilities, string(c))
	}
	if !r.Idle {
		r.warn("The server has no IDLE, so new mail is noticed only at the next poll.")
	}
	if s.mailbox.FiledFolder == "" {
		return nil
	}
	name, err := s.filedFolder(ctx, false)
	if err != nil && !isRefusal(err) {
		return err
	}
	r.FiledTo, r.FiledFolder = name, err == nil
	if r.FiledFolder {
		s.mailbox.FiledFolder = name
	}
	if r.Files = s.canMove() || s.canExpunge(); !r.Files {
		r.warn("The server can neither MOVE nor UID EXPUNGE, so registered mail stays in the folder.")
	}
	return nil
}
