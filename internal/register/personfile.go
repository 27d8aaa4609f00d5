package register

import "context"

// A PersonFile is what the register holds about one person, by their address.
type PersonFile struct {
	Address   string
	Residents []ResidentRecord
	Messages  []Message // that they wrote, oldest first
	Cases     []Case    // to which they belong
	Replies   []Outgoing
	Views     map[ID][]View // of those cases, the newest first
	Others    int           // messages of other people in those cases
}

// PersonFile reads what is held about whoever writes from an address.
func (r *Register) PersonFile(ctx context.Context, address string) (PersonFile, error) {
	f := PersonFile{Address: mailbox(address)}
	var err error
	f.Residents, err = list(ctx, r, "person file", scanResident, `SELECT `+residentColumns+` FROM resident r WHERE r.id IN (SELECT resident_id FROM resident_key WHERE key = $1)`, mailKey(address))
	if err != nil {
		return f, err
	}
	f.Messages, err = list(ctx, r, "person file", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.sender = $1 ORDER BY m.received_at, m.id`, f.Address)
	if err != nil {
		return f, err
	}
	f.Cases, err = list(ctx, r, "person file", scanCase, `SELECT `+caseColumns+` FROM cases c
		WHERE c.id IN (SELECT case_id FROM case_person WHERE address = $1) OR c.id IN (SELECT case_id FROM message WHERE sender = $1) ORDER BY c.opened_at, c.id`, f.Address)
	if err != nil {
		return f, err
	}
	f.Replies, err = list(ctx, r, "person file", scanOutgoing, `SELECT `+outgoingColumns+` FROM outgoing o WHERE o.to_key = $1 AND o.kind <> 'alert' ORDER BY o.created_at, o.id`, f.Address)
	if err != nil {
		return f, err
	}
	f.Views = map[ID][]View{}
	for _, c := range f.Cases {
		if f.Views[c.ID], err = r.CaseViews(ctx, c.ID, mostViews); err != nil {
			return f, err
		}
		messages, err := r.CaseMessages(ctx, c.ID)
		if err != nil {
			return f, err
		}
		for _, m := range messages {
			if m.Reading == nil || mailbox(m.Reading.From.Address) != f.Address {
				f.Others++
			}
		}
	}
	return f, nil
}
