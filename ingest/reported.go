package ingest

import (
	"context"
	"errors"

	"postroom/ingest/mime"
	"postroom/internal/register"
)

// aboutOurs reports whether a mail is a machine's report on a mail of ours.
func aboutOurs(rd register.Reading) bool {
	switch mime.Automatic(rd.Automatic) { //nolint:exhaustive // the others tell nothing of ours
	case mime.Bounce, mime.Delay, mime.FeedbackReport:
		return true
	}
	return false
}

// findOurs finds the mail of ours that a report is about by the return path
// that it came back to, where it does not name its Message-ID.
func (r *Reader) findOurs(ctx context.Context, pieces []*piece) error {
	for _, p := range pieces {
		rd := &p.opening.Reading
		if !aboutOurs(*rd) {
			continue
		}
		if _, ours := r.c.MessageIDs.Verify(rd.Bounce.OriginalMessageID); ours {
			continue
		}
		for _, to := range append(append([]register.Address{}, rd.To...), rd.Cc...) {
			ref, ordinal, ours := r.c.Returns.Verify(to.Address)
			if !ours {
				continue
			}
			id, err := r.c.Register.MailOf(ctx, ref, int(ordinal))
			if err != nil && !errors.Is(err, register.ErrNotFound) {
				return err
			}
			if id != "" {
				rd.Bounce.OriginalMessageID = id
			}
		}
	}
	return nil
}

// reported records what a report says of a mail of ours: that it came back
// (RFC 3464), or that its reader called it spam (RFC 5965).
func (r *Reader) reported(ctx context.Context, p *piece) error {
	rd := p.opening.Reading
	if !aboutOurs(rd) || rd.Bounce.OriginalMessageID == "" {
		return nil
	}
	var err error
	if rd.Automatic == string(mime.FeedbackReport) {
		err = r.c.Register.CalledSpam(ctx, rd.Bounce.OriginalMessageID, p.message.ID)
	} else {
		report := rd.Bounce
		report.Permanent = report.Permanent && rd.Automatic == string(mime.Bounce)
		err = r.c.Register.Bounced(ctx, report.OriginalMessageID, report, p.message.ID)
	}
	if errors.Is(err, register.ErrNotFound) {
		return nil // somebody else's mail, or nothing of ours
	}
	return err
}
