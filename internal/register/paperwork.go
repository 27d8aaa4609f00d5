package register

import "context"

// PaperWork is what the mailroom has to do by hand about a letter.
type PaperWork string

// The works.
const (
	NoPaperWork PaperWork = ""
	PartIt      PaperWork = "part" // say which letters its file holds
	TypeItIn    PaperWork = "type" // it could not be read
)

// PaperWork is what the mailroom has to do by hand about a message, while it
// waits for a person.
func (m Message) PaperWork() PaperWork {
	switch rd := m.Reading; {
	case m.Channel != Letter || rd == nil:
		return NoPaperWork
	case rd.Paper != nil && rd.Paper.Held:
		return PartIt
	case rd.Error != "":
		return TypeItIn
	}
	return NoPaperWork
}

// ForTheMailroom lists up to n letters about which the mailroom has to do
// something by hand, most urgent first.
func (r *Register) ForTheMailroom(ctx context.Context, n int) ([]Message, error) {
	return list(ctx, r, "for the mailroom", scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.paper_work <> '' AND m.state = 'review'
		ORDER BY m.deadline, m.id LIMIT $1`, n)
}
