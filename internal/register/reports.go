package register

import "context"

// MailOf finds the Message-ID of a mail of ours by what its return path says:
// the reference and the ordinal. Where several have them it is the latest.
func (r *Register) MailOf(ctx context.Context, reference string, ordinal int) (string, error) {
	return get(ctx, r, "mail of", func(row scanner) (id string, err error) { return id, row.Scan(&id) },
		`SELECT mail_id FROM outgoing WHERE case_id IN (SELECT id FROM cases WHERE reference = $1) AND reference = $1 AND ordinal = $2 AND mail_id <> ''
			AND kind <> 'alert' ORDER BY begun_at DESC, id DESC LIMIT 1`, reference, int64(ordinal))
}

// CalledSpam records that the reader of a mail of ours called it spam, as
// their provider reports (RFC 5965). It was delivered, so its clock stays met;
// but later mail may not be seen, and a person finds out how the resident
// wants to hear from us.
func (r *Register) CalledSpam(ctx context.Context, ourMessageID string, by ID) error {
	return wrap("called spam", r.writes.do(ctx, func(t *tx) error {
		o, err := row(t, scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.mail_id = $1 ORDER BY o.id DESC LIMIT 1`, clean(ourMessageID))
		if err != nil {
			return err
		}
		if err := t.note(historyOf(o), "postroom", "called_spam", detail{"outgoing": o.ID, "message": by}); err != nil || o.Kind == Alert {
			return err
		}
		return raise(t, "spam/"+o.ID, Alarm{
			Kind: UnsentAlarm, Message: o.Message, Case: o.Case, Outgoing: o.ID,
			Note: "a mail provider reports that a reply was called spam; later ones may not be seen, please ask the resident how to reach them",
		})
	}))
}
