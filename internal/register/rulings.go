package register

import (
	"context"
)

// Ruled lists up to n messages, by id, after the one given, whose decision
// that stands is an officer's: neither the rules' nor the fail-safe's.
func (r *Register) Ruled(ctx context.Context, after ID, n int) ([]RuledMessage, error) {
	return list(ctx, r, "ruled", scanRuled, `SELECT `+messageColumns+`, d.reason, COALESCE(c.message_id, ''), COALESCE(c.kind, ''), COALESCE(c.stage, 0)`+
		messageTables+`LEFT JOIN cases c ON c.id = m.case_id
		WHERE m.id > $1 AND d.by_whom <> 'fail-safe' AND d.by_whom NOT LIKE 'rules@%' ORDER BY m.id LIMIT $2`, after, n)
}

// A RuledMessage is a message with what an officer decided of it.
type RuledMessage struct {
	Message
	Reason   string
	Joined   bool // it joined a case that another message opened
	CaseKind CaseKind
	Stage    int
}

func scanRuled(row scanner) (RuledMessage, error) {
	var m RuledMessage
	var opener ID
	var err error
	m.Message, err = scanMessage(scanAlso{row, []any{&m.Reason, &opener, &m.CaseKind, &m.Stage}})
	m.Joined = opener != "" && opener != m.ID
	return m, err
}

// scanAlso is a row that has further columns behind those asked for.
type scanAlso struct {
	row  scanner
	also []any
}

func (s scanAlso) Scan(dest ...any) error { return s.row.Scan(append(dest, s.also...)...) }
