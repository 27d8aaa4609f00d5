package register

// A newCase is a case that the rules opened in this transaction, from a message
// that was read for the first time. All that its entry says is still at hand,
// and need not be read back: most cases begin so.
type newCase struct {
	of      Case
	message Message
	people  []Person
}

// openedNow notes a new case. Whatever else is done to it in the transaction
// takes it off again; see append.
func (t *tx) openedNow(n newCase) {
	if n.message.decisions > 0 || byPerson(n.message.DecidedBy) == nil {
		return // the message may have an entry, or an officer goes on with the case
	}
	if t.opened == nil {
		t.opened, t.openedBy = map[ID]*newCase{}, map[ID]ID{}
	}
	t.opened[n.of.ID], t.openedBy[n.message.ID] = &n, n.of.ID
}

// indexNew makes the first entry of a case.
func (t *tx) indexNew(n *newCase) error {
	p := caseParts{messages: []Message{n.message}, people: []string{n.of.Reference + " " + n.of.Correspondent.Name + " " + n.of.Correspondent.Address}}
	for _, a := range n.people {
		if address := mailbox(a.Address.Address); address != "" { // as addPerson does
			p.people = append(p.people, a.Address.Name+" "+address)
		}
	}
	e := caseEntry(n.of, p)
	if n.of.Kind != ComplaintCase {
		return t.write(e, "")
	}
	var due string
	err := t.one(`SELECT COALESCE(min(due_on), '') FROM clock WHERE case_id = $1`, []any{n.of.ID}, &due)
	if err == nil {
		e.Due, err = dateOf(due)
	}
	if err != nil {
		return err
	}
	return t.write(e, "")
}
