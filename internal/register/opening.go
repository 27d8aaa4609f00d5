package register

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"postroom/classify"
)

// samenessWindow is how long a second copy of a mail by another route still
// counts as the same mail.
const samenessWindow = 7 * 24 * time.Hour

// Open records what was read and judged of each message, and opens or joins
// its case, or puts it in review (TX2). A message that was opened already is
// reported as it stands.
func (r *Register) Open(ctx context.Context, os []Opening) ([]Opened, error) {
	out, errs, err := batch(ctx, r, os, r.open)
	for i := range out {
		out[i].Err = wrap("open", errs[i])
	}
	return out, wrap("open", err)
}

func (r *Register) open(t *tx, o Opening) (Opened, error) {
	m, err := messageByID(t, o.Message)
	if err != nil {
		return Opened{Message: o.Message}, err
	}
	if m.State != Arrived {
		return Opened{Message: m.ID, State: m.State, Case: m.Case, Reference: m.Reference}, nil
	}
	o.Reading = cleanReading(o.Reading)
	m.Reading, m.Verdict, m.DecidedBy = &o.Reading, &o.Verdict, RulesActor(o.Verdict.RulesVersion)
	if m.Case != "" {
		return r.openLate(t, m, o)
	}
	if err := r.receivedBySheet(t, &m, o.ReceivedAt); err != nil {
		return Opened{Message: m.ID}, err
	}
	if err := failsafeAnew(t, m); err != nil {
		return Opened{Message: m.ID}, err
	}
	twin, err := findTwin(t, m)
	if err != nil {
		return Opened{Message: m.ID}, err
	}
	if twin.ID != "" {
		return r.openTwin(t, m, twin)
	}
	f := Facts{Verdict: o.Verdict, Reading: o.Reading, Channel: m.Channel, Junk: m.Junk, History: m.History, Problem: o.Problem}
	if f.Join, f.Joined, err = recheckJoin(t, o.Join, o.Reading.From.Address); err != nil {
		return Opened{Message: m.ID}, err
	}
	m.Problem = o.Problem
	return r.carryOut(t, m, f, r.cfg.Policy.Plan(f), "")
}

// carryOut does what was planned for a message that was read and judged.
func (r *Register) carryOut(t *tx, m Message, f Facts, plan Plan, reason string) (Opened, error) {
	out := Opened{Message: m.ID, State: plan.State, Reference: m.Reference}
	var c Case
	var err error
	switch {
	case plan.Opens != "":
		if c, err = r.openCase(t, m, f, plan); err == nil && plan.Links {
			err = linkCases(t, c.ID, f.Join.Case, LinkAbout, m.DecidedBy)
		}
	case plan.Joins:
		c, err = r.joinCase(t, m, f, &plan)
	}
	if err != nil {
		return out, err
	}
	out.Case = c.ID
	if plan.Opens == "" && !plan.Joins && f.Join.Case != "" {
		m.OfferedCase, m.OfferedWhy = f.Join.Case, f.Join.Why
	}
	m.State, m.Case = plan.State, c.ID
	if plan.State == InReview && m.Problem == "" {
		m.Problem = plan.Why
	}
	return r.conclude(t, m, c, plan, reason, out)
}

func messageByID(t *tx, id ID) (Message, error) {
	return row(t, scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.id = $1`, id)
}

// saveMessage writes what changes of a message when it is opened or decided;
// recordDecision must follow.
func saveMessage(t *tx, m Message) error {
	if m.was != "" && m.was != m.Case {
		t.touch(caseSubject(m.was), stale) // which is no longer found by its words
	}
	var mailID, sender, reading string
	if m.Reading != nil {
		mailID, sender, reading = m.Reading.MessageID, mailbox(m.Reading.From.Address), asJSON(m.Reading)
	}
	return t.changed(`UPDATE message SET state = $1, case_id = $2, problem = $3, offered_case = $4, offered_why = $5, twin = $6,
			mail_id = $7, sender = $8, urgency = $9, reading = $10, text_key = $11, label = $12, topics = $13, not_read = $14, paper_work = $15,
			lease_until = 0, version = version + 1, decisions = decisions + 1
		WHERE id = $16 AND version = $17`,
		m.State, m.Case, clean(m.Problem), m.OfferedCase, m.OfferedWhy, m.Twin, mailID, sender, urgency(m.Verdict), reading, textKey(m.Reading),
		labelOf(m.Verdict), topicList(m.Verdict), bit(notRead(m.Reading)), string(m.PaperWork()), m.ID, m.Version)
}

func labelOf(v *Verdict) classify.Label {
	if v == nil {
		return ""
	}
	return v.Label
}

// topicList is a verdict's topics as the queue is looked through by them.
func topicList(v *Verdict) string {
	if v == nil || len(v.Topics) == 0 {
		return ""
	}
	return clean("," + strings.Join(v.Topics, ",") + ",")
}

// notRead reports whether a letter waits for the programs that read letters.
func notRead(rd *Reading) bool { return rd != nil && rd.Paper != nil && rd.Paper.NotRead }

// urgency orders the review queue before deadlines do.
func urgency(v *Verdict) int64 {
	switch {
	case v == nil:
		return 0
	case v.HazardLevel == classify.Emergency, v.Has(classify.Safeguarding):
		return 2
	case v.HazardLevel == classify.Significant:
		return 1
	}
	return 0
}

// recordDecision appends the verdict; the last one stands.
func recordDecision(t *tx, m Message, reason string) error {
	label := m.Verdict.Label
	if label == "" {
		label = classify.NotActionable
	}
	return t.exec(`INSERT INTO decision (id, message_id, seq, at, by_whom, label, reason, verdict) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		newID(t.now), m.ID, m.decisions+1, micros(t.now), clean(m.DecidedBy), label, clean(reason), clean(asJSON(m.Verdict)))
}

// noteOutcome writes the history's line about a decision: what, by whom, and
// why silence was kept where it was.
func noteOutcome(t *tx, m Message, plan Plan) error {
	var rules []string
	for _, e := range m.Verdict.Evidence {
		rules = append(rules, e.Rule)
	}
	what := map[MessageState]string{Arrived: "read", InReview: "to_review", Filed: "filed", Recorded: "recorded", Split: "split"}[m.State]
	return t.note(messageSubject(m.ID), m.DecidedBy, what, detail{
		"label": string(m.Verdict.Label), "confidence": strconv.FormatFloat(m.Verdict.Confidence, 'f', 3, 64),
		"rules": shortList(rules), "case": m.Case, "offered_case": m.OfferedCase, "twin": m.Twin,
		"why": digest(m.ID, plan.Why), "automatic": m.Reading.Automatic, "silent": strconv.FormatBool(len(plan.Replies) == 0),
	})
}

// openCase opens a case for a message, under the message's reference, with
// its clocks running from the message's receipt.
func (r *Register) openCase(t *tx, m Message, f Facts, plan Plan) (Case, error) {
	v := f.Verdict
	ref, err := r.caseReference(t, m, f)
	if err != nil {
		return Case{}, err
	}
	c := Case{
		ID: newID(t.now), Reference: ref, Kind: plan.Opens, Stage: plan.Stage, Message: m.ID,
		Correspondent: f.Reading.ReplyAddress(), Postal: confirmedAddress(f), Channel: m.Channel,
		Definition: v.Definition, Defined: !v.Definition.Empty(), MayQuote: quoting(f) == Defined,
		PostalOK: addressSeen(f), Topics: v.Topics, Flags: v.Flags, HazardLevel: v.HazardLevel, OpenedAt: t.now,
	}
	way, large := Asked(v)
	if way == ByLetter || f.ByLetter || f.Reading.Told.byPaper() {
		c.Channel = Letter
	}
	people := []Person{{Address: f.Reading.From, Role: TheResident}}
	if v.Has(classify.Representative) {
		people[0].Role = ActsForResident
	}
	if !sameMailbox(f.Reading.From.Address, c.Correspondent.Address) {
		people = append(people, Person{Address: c.Correspondent})
	}
	if people[0].Role == TheResident && !f.Junk {
		if c.Resident, err = residentOf(t, f.Reading); err != nil {
			return c, err
		}
		if err := wantsLarge(t, c, f, large || f.Reading.Told != nil && f.Reading.Told.Large); err != nil {
			return c, err
		}
	}
	if err := insertCase(t, c, people); err != nil {
		return c, err
	}
	d := detail{"reference": c.Reference, "kind": string(c.Kind), "stage": strconv.Itoa(c.Stage), "message": m.ID}
	if c.Kind != EnquiryCase {
		if err := r.startClocks(t, c.ID, max(1, c.Stage), m.ReceivedAt, d); err != nil {
			return c, err
		}
	}
	if err := t.begin(caseSubject(c.ID), m.DecidedBy, "opened", d); err != nil {
		return c, err
	}
	t.openedNow(newCase{of: c, message: m, people: people})
	return c, nil
}

// insertCase writes a case down, and who belongs to it.
func insertCase(t *tx, c Case, people []Person) error {
	err := t.exec(`INSERT INTO cases (id, reference, kind, stage, message_id, person_name, person_addr, postal, channel, definition,
			defined, may_quote, topics, flags, hazard_level, opened_at, postal_ok, resident_id)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`,
		c.ID, c.Reference, c.Kind, c.Stage, c.Message, clean(c.Correspondent.Name), clean(c.Correspondent.Address), clean(asJSON(c.Postal)), c.Channel,
		clean(asJSON(c.Definition)), bit(c.Defined), bit(c.MayQuote), asJSON(c.Topics), asJSON(c.Flags), c.HazardLevel, micros(c.OpenedAt), bit(c.PostalOK), c.Resident)
	for _, p := range people {
		if err == nil {
			err = addPerson(t, c.ID, p)
		}
	}
	return err
}

// confirmedAddress is the postal address that a letter may go to: one that was
// read without doubt, or that a person has seen.
func confirmedAddress(f Facts) []string {
	if p := f.Reading.Paper; f.Reading.Told == nil && p != nil && (p.AddressDoubt != "" || len(p.Doubts) > 0) && !f.Officer {
		return nil
	}
	return f.Reading.PostalAddress
}

// addressSeen reports whether a letter may go to the address without another
// look: it was read from paper without doubt, or a person has compared it.
func addressSeen(f Facts) bool {
	p, told := f.Reading.Paper, f.Reading.Told
	if told != nil {
		return f.PostalOK || told.Vouched && len(f.Reading.PostalAddress) > 0
	}
	return f.PostalOK || len(f.Reading.PostalAddress) > 0 && p != nil && p.AddressDoubt == "" && len(p.Doubts) == 0
}

// wantsLarge remembers that a resident asked for large print, where it is
// known that they did.
func wantsLarge(t *tx, c Case, f Facts, large bool) error {
	if !large || c.Resident == "" || !f.Officer && !f.Reading.Authenticated && c.Channel != Letter {
		return nil
	}
	return t.exec(`UPDATE resident SET large_print = 1 WHERE id = $1`, c.Resident)
}

// caseReference is the message's own, which its case takes for life. A second
// case that an officer opens from the same message gets a fresh one.
func (r *Register) caseReference(t *tx, m Message, f Facts) (string, error) {
	if !f.Officer {
		return m.Reference, nil
	}
	var cases int
	err := t.one(`SELECT count(*) FROM cases WHERE reference = $1`, []any{m.Reference}, &cases)
	if err != nil || cases == 0 {
		return m.Reference, err
	}
	return r.freshReference(t, m.Fingerprint+"/again", m.ReceivedAt)
}

// joinCase puts a message with a case, and does to the case what was planned.
func (r *Register) joinCase(t *tx, m Message, f Facts, plan *Plan) (Case, error) {
	c, err := caseByID(t, f.Join.Case)
	if err != nil {
		return c, err
	}
	if err := t.note(caseSubject(c.ID), m.DecidedBy, "joined", detail{"message": m.ID, "sign": f.Join.Why}); err != nil {
		return c, err
	}
	switch {
	case plan.Escalates:
		plan.Replies = []PlannedReply{{Acknowledgement, stage2Form(c, f)}}
		return r.toStage2(t, m, c, m.DecidedBy)
	case plan.Adds:
		return c, addIssues(t, &c, f, m.DecidedBy)
	}
	return c, nil
}

// caseByID reads a case that is to be worked on. Who is second at the same
// moment waits for the first and finds it as that one left it: two would else
// each owe the resident a letter, or write over what the other wrote.
func caseByID(t *tx, id ID) (Case, error) {
	if t.sqlite || t.looks {
		return caseAsItIs(t, id)
	}
	return row(t, scanCase, readCase+` FOR NO KEY UPDATE`, id)
}

// caseAsItIs reads a case and keeps nobody from it.
func caseAsItIs(t *tx, id ID) (Case, error) { return row(t, scanCase, readCase, id) }

const readCase = `SELECT ` + caseColumns + ` FROM cases c WHERE c.id = $1`

// recheckJoin looks again, inside the transaction, whether the case is there
// and the sender belongs to it. A case that was merged leads to the one that
// lives on.
func recheckJoin(t *tx, j Join, sender string) (Join, JoinedCase, error) {
	if j.Case == "" {
		return Join{}, JoinedCase{}, nil
	}
	c, err := livingCase(t, j.Case)
	if errors.Is(err, ErrNotFound) {
		return Join{}, JoinedCase{}, nil
	}
	if err != nil {
		return Join{}, JoinedCase{}, err
	}
	j.Case = c.ID
	if j.Trusted {
		j.Trusted, err = belongs(t, c.ID, sender)
	}
	return j, c.asJoined(), err
}

// belongs reports whether an address is one of the case's people, or of a case
// that was merged into it.
func belongs(t *tx, caseID ID, address string) (bool, error) {
	var n int
	err := t.one(`SELECT count(*) FROM case_person WHERE address = $2 AND case_id IN (`+familyOf+`)`, []any{caseID, mailbox(address)}, &n)
	return n > 0, err
}

// twinOf is a first copy of a mail.
type twinOf struct{ ID, Case ID }

// findTwin looks for a copy of the same mail (Message-ID, sender and body)
// within a week, and otherwise notes this one as the first. A copy in the
// junk folder, which nobody answers, never stands for one in the inbox.
func findTwin(t *tx, m Message) (twinOf, error) {
	rd := m.Reading
	if rd.MessageID == "" || rd.BodyDigest == "" || m.Channel != Email {
		return twinOf{}, nil
	}
	sum := sha256.Sum256([]byte(strings.Join([]string{rd.MessageID, mailbox(rd.From.Address), rd.BodyDigest}, "\x00")))
	key := hex.EncodeToString(sum[:])
	mine := micros(m.ReceivedAt)
	n, err := t.affected(`INSERT INTO sameness (key, message_id, received_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, key, m.ID, mine)
	if err != nil || n == 1 {
		return twinOf{}, err
	}
	var first twinOf
	var received, junk, history int64
	err = t.one(`SELECT m.id, m.case_id, s.received_at, m.junk, m.history FROM sameness s JOIN message m ON m.id = s.message_id WHERE s.key = $1`,
		[]any{key}, &first.ID, &first.Case, &received, &junk, &history)
	if err != nil || first.ID == m.ID {
		return twinOf{}, err
	}
	apart := m.ReceivedAt.Sub(instant(received)).Abs()
	if apart <= samenessWindow && (junk == 0 || m.Junk) && (history == 0 || m.History) {
		return first, nil
	}
	return twinOf{}, t.exec(`UPDATE sameness SET message_id = $1, received_at = $2 WHERE key = $3`, m.ID, mine, key)
}

// openTwin records a second copy: registered, tied to the first, not answered
// again.
func (r *Register) openTwin(t *tx, m Message, first twinOf) (Opened, error) {
	m.State, m.Twin, m.Case = Recorded, first.ID, first.Case
	m.Problem = "the same mail came by another way before"
	if err := saveMessage(t, m); err != nil {
		return Opened{Message: m.ID}, err
	}
	if err := recordDecision(t, m, m.Problem); err != nil {
		return Opened{Message: m.ID}, err
	}
	if err := t.note(messageSubject(first.ID), "postroom", "seen_again", detail{"message": m.ID}); err != nil {
		return Opened{Message: m.ID}, err
	}
	return Opened{Message: m.ID, State: m.State, Case: m.Case, Reference: m.Reference},
		noteOutcome(t, m, Plan{Why: m.Problem})
}

// cleanReading makes every text of a reading storable.
func cleanReading(r Reading) Reading {
	r.MessageID, r.Subject, r.Text, r.NewText = clean(r.MessageID), clean(r.Subject), clean(r.Text), clean(r.NewText)
	r.From.Name, r.From.Address, r.Error = clean(r.From.Name), clean(r.From.Address), clean(r.Error)
	return r
}
