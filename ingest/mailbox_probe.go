package ingest

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"
)

// A ProbeResult says what polling a mailbox would find.
type ProbeResult struct {
	Mails        int      // in the folder
	WouldTake    int      // received on the start date or later
	TooLarge     int      // of those, over the size cap: shown to a person, not fetched
	Capabilities []string // as the server says, sorted
	Idle         bool     // new mail is noticed at once; else at the next poll
	Files        bool     // registered mail can be moved to the filed folder
	FiledFolder  bool     // the filed folder is there already
	Warning      string   // what works less well than it could, in a sentence; empty when nothing
}

// Probe connects, opens the folder read-only and counts. It changes nothing.
// Its error is a *MailboxError, or about the settings.
func Probe(ctx context.Context, m Mailbox) (ProbeResult, error) {
	if err := m.Validate(); err != nil {
		return ProbeResult{}, err
	}
	m = m.withDefaults()
	s, err := connect(ctx, m)
	if err != nil {
		return ProbeResult{}, err
	}
	defer s.leave(ctx)
	f, err := s.open(ctx, true)
	if err == nil {
		r := ProbeResult{Mails: int(f.messages), Idle: s.canIdle()}
		if err = r.count(ctx, s); err == nil {
			r.filing(ctx, s)
			return r, nil
		}
	}
	if _, ok := errors.AsType[*MailboxError](err); ok {
		return ProbeResult{}, err
	}
	return ProbeResult{}, m.trouble(Unusable, err)
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

func (r *ProbeResult) filing(ctx context.Context, s *session) {
	for _, c := range slices.Sorted(maps.Keys(s.caps)) {
		r.Capabilities = append(r.Capabilities, string(c))
	}
	if !r.Idle {
		r.Warning = "The server has no IDLE, so new mail is noticed only at the next poll."
	}
	if s.mailbox.FiledFolder == "" {
		return
	}
	r.FiledFolder = s.ensureFolder(ctx, s.mailbox.FiledFolder, false) == nil
	if r.Files = s.canMove() || s.canExpunge(); !r.Files {
		r.Warning = "The server can neither MOVE nor UID EXPUNGE, so registered mail stays in the folder."
	}
}
