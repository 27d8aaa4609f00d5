package register

import (
	"context"
	"errors"

	"postroom/classify"
)

// ErrNeedsDefinition says that a complaint is acknowledged with its definition
// (Code 5.6), so an officer who calls a message a complaint must give one.
var ErrNeedsDefinition = errors.New("a complaint needs at least one issue in its definition")

// ErrNeedsReason says that a decision that differs from the rules' needs a reason.
var ErrNeedsReason = errors.New("say why this differs from what the rules said")

// Decide carries out an officer's decision on a message that waits for one.
// ErrConflict when somebody else was quicker: read the message again. A
// TakenError when somebody else has it open. It can be undone for a while.
func (r *Register) Decide(ctx context.Context, d Ruling) (Opened, error) {
	out, err := result(ctx, r, func(t *tx) (Opened, error) { return r.decideForGood(t, d) })
	return out, wrap("decide", err)
}

// decideForGood is what a rehearsal leaves out: heeding who has the message
// open, and keeping the way back.
func (r *Register) decideForGood(t *tx, d Ruling) (Opened, error) {
	was, err := messageByID(t, d.Message)
	if err != nil {
		return Opened{}, err
	}
	if err := r.free(t, d.Message, d.By); err != nil && was.State == InReview {
		return Opened{}, err
	}
	out, err := r.decide(t, d)
	if err != nil {
		return out, err
	}
	if err := t.exec(`DELETE FROM taking WHERE message_id = $1`, d.Message); err != nil {
		return out, err
	}
	return out, r.keepWayBack(t, was, &out)
}

func (r *Register) decide(t *tx, d Ruling) (Opened, error) {
	if err := r.heedMarks(t, &d); err != nil {
		return Opened{}, err
	}
	out, err := r.rule(t, d)
	if err == nil && d.Also != "" {
		err = r.alsoOpen(t, d, &out)
	}
	if err == nil && len(d.Questions) > 0 {
		var hints []Hint
		hints, err = r.askClarification(t, out.Case, d.By, d.Questions)
		out.Owed = append(out.Owed, hints...)
	}
	if err != nil || d.NotAccepted == nil {
		return out, err
	}
	n := *d.NotAccepted
	n.Case, n.By = out.Case, d.By
	out.Owed, err = r.notAccept(t, n)
	return out, err
}

// alsoOpen opens the second case of a message.
func (r *Register) alsoOpen(t *tx, d Ruling, out *Opened) error {
	s := Splitting{Case: out.Case, Kind: d.Also, By: d.By, Definition: d.Definition, Words: d.Words}
	if len(d.AlsoIssues) > 0 {
		s.Definition = classify.Definition{Issues: d.AlsoIssues}
	}
	if out.Case == "" {
		return notAllowed("A second case stands beside a first one. Say what the message is first.")
	}
	second, err := r.split(t, s)
	out.Owed = append(out.Owed, second.Owed...)
	return err
}

// rule carries out a ruling as if what it opens were accepted.
func (r *Register) rule(t *tx, d Ruling) (Opened, error) {
	m, err := messageByID(t, d.Message)
	if err != nil {
		return Opened{}, err
	}
	if m.State != InReview || m.Version != d.Version {
		return Opened{}, ErrConflict
	}
	f, err := r.rulingFacts(t, m, d)
	if err != nil {
		return Opened{}, err
	}
	m.Reading, m.Verdict, m.DecidedBy, m.Problem = &f.Reading, &f.Verdict, d.By, ""
	plan := r.cfg.Policy.Plan(f)
	switch {
	case d.Apart:
		return r.settleApart(t, m, f, plan, d)
	case m.Case != "":
		return r.settleOpened(t, m, f, plan, d)
	case plan.Stage == 2 && f.Joined.Kind == ComplaintCase:
		c, err := caseByID(t, f.Join.Case)
		if err != nil {
			return Opened{}, err
		}
		return r.escalate(t, m, c, f, d)
	}
	return r.carryOut(t, m, f, plan, d.Reason)
}

// rulingFacts turns what an officer said into the facts to plan by.
func (r *Register) rulingFacts(t *tx, m Message, d Ruling) (Facts, error) {
	f := Facts{Channel: m.Channel, Junk: m.Junk, History: m.History, Officer: true, Words: d.Words}
	if m.Reading != nil {
		f.Reading = *m.Reading
	}
	if m.Verdict != nil {
		if m.Verdict.Label != "" && m.Verdict.Label != d.Label && d.Reason == "" {
			return f, ErrNeedsReason
		}
		f.Verdict = *m.Verdict
	}
	f.Verdict.Label, f.Verdict.Second, f.Verdict.Route, f.Verdict.Confidence = d.Label, "", classify.Auto, 1
	f.Verdict.Definition = d.Definition
	if d.Marks != nil {
		f.Verdict.Topics, f.Verdict.Flags, f.Verdict.HazardLevel = d.Marks.Topics, d.Marks.flags(), d.Marks.HazardLevel
	}
	if f.ByLetter = d.ByLetter; d.ByLetter && len(d.Postal) == 0 {
		return f, notAllowed("A letter needs a name and an address.")
	}
	if d.Apart && d.Join != "" {
		return f, notAllowed("A message either joins a case or opens one of its own.")
	}
	if len(d.Postal) > 0 {
		f.Reading.PostalAddress, f.PostalOK = d.Postal, true
		if d.Correspondent.Name != "" {
			f.Reading.From.Name = d.Correspondent.Name
		}
	}
	if d.Correspondent.Address != "" {
		f.Reading.ReplyTo = []Address{d.Correspondent}
	}
	if d.Join != "" {
		c, err := livingCase(t, d.Join)
		if err != nil {
			return f, err
		}
		f.Join, f.Joined = Join{Case: c.ID, Why: "officer", Trusted: true}, c.asJoined()
	}
	opens := d.Join == "" || d.Apart || f.Joined.Kind != ComplaintCase
	if d.Label == classify.Complaint && opens && d.Definition.Empty() {
		return f, ErrNeedsDefinition
	}
	return f, nil
}

// settleOpened decides on a message whose case is there already: it joined
// one and waits for a look, or the fail-safe opened one that nobody has
// defined yet.
func (r *Register) settleOpened(t *tx, m Message, f Facts, plan Plan, d Ruling) (Opened, error) {
	c, err := livingCase(t, m.Case)
	switch {
	case err != nil:
		return Opened{}, err
	case c.Message != m.ID || d.Join != "":
		return r.settleJoined(t, m, c, f, plan, d)
	case !c.ClosedAt.IsZero():
		return Opened{}, notAllowed("The case of this message is closed. Reopen it first.")
	}
	if plan.Opens == "" {
		plan.Opens = EnquiryCase
	}
	gone, err := goneOn(t, c)
	switch {
	case err != nil:
		return Opened{}, err
	case gone && plan.Opens != ComplaintCase:
		return Opened{}, notAllowed("The complaint of this message has its answer, or is at stage 2. It stays a complaint.")
	case gone: // what was to be acknowledged has been, and what waits to go is not in its place
		plan.Stage, plan.Replies = c.Stage, nil
	default:
		if err := r.dropUnsent(t, c.ID, d.By, ""); err != nil {
			return Opened{}, err
		}
	}
	if err := redefine(t, &c, f, plan); err != nil {
		return Opened{}, err
	}
	if plan.Opens != EnquiryCase && !gone {
		if err := r.clocksOfStage(t, m, c); err != nil {
			return Opened{}, err
		}
	}
	return r.settle(t, m, c, plan, d.Reason)
}

// goneOn reports whether a case has gone further than to be acknowledged: its
// stage has an answer, if only one that waits to go, or stage 2 was asked for.
func goneOn(t *tx, c Case) (bool, error) {
	stands, err := standing(t, c.ID, c.Stage)
	return stands.ID != "" || c.Stage2Message != "", err
}

// clocksOfStage starts the clocks of the stage that a case began at as its
// officer says. Those of the other one, where the fail-safe took it to be, go:
// left there they would count for the real stage 2 later. What the resident was
// told binds us all the same.
func (r *Register) clocksOfStage(t *tx, m Message, c Case) error {
	stage, d := max(1, c.Stage), detail{}
	if err := r.startClocks(t, c.ID, stage, m.ReceivedAt, d); err != nil {
		return err
	}
	_, answer := stageClocks(stage)
	oldAcknowledgement, oldAnswer := stageClocks(3 - stage)
	err := t.exec(`UPDATE clock SET promised = (SELECT o.promised FROM clock o WHERE o.case_id = $1 AND o.name = $2)
		WHERE case_id = $1 AND name = $3 AND EXISTS (SELECT 1 FROM clock o WHERE o.case_id = $1 AND o.name = $2 AND o.promised <> '' AND (clock.promised = '' OR o.promised < clock.promised))`,
		c.ID, oldAnswer, answer)
	if err != nil {
		return err
	}
	n, err := t.affected(`DELETE FROM clock WHERE case_id = $1 AND name IN ($2, $3)`, c.ID, oldAcknowledgement, oldAnswer)
	if err != nil || n == 0 && c.Kind != ComplaintCase {
		return err
	}
	return t.note(caseSubject(c.ID), m.DecidedBy, "defined", d)
}

// settleApart opens a case of its own for a message that joined one or was
// offered one, and links the two.
func (r *Register) settleApart(t *tx, m Message, f Facts, plan Plan, d Ruling) (Opened, error) {
	if plan.Opens == "" {
		return Opened{}, notAllowed("Only a complaint, a request or an enquiry opens a case of its own.")
	}
	beside := m.Case
	if beside == "" {
		beside = m.OfferedCase
	}
	if beside != "" {
		c, err := livingCase(t, beside)
		if err != nil {
			return Opened{}, err
		}
		if c.Message == m.ID {
			return Opened{}, notAllowed("This message has a case of its own already.")
		}
		f.Join, plan.Links = Join{Case: c.ID, Why: "officer"}, true
	}
	m.Case = ""
	return r.carryOut(t, m, f, plan, d.Reason)
}

// settleJoined decides on a message that joined a case, or is told to.
func (r *Register) settleJoined(t *tx, m Message, c Case, f Facts, plan Plan, d Ruling) (Opened, error) {
	own := c
	if d.Join == "" {
		f.Join, f.Joined = Join{Case: c.ID, Why: "officer", Trusted: true}, c.asJoined()
		plan = r.cfg.Policy.Plan(f)
	} else if joined, err := caseByID(t, f.Join.Case); err != nil {
		return Opened{}, err
	} else if c = joined; own.Message == m.ID && own.ID != c.ID {
		// The fail-safe opened a complaint for it, which must not be left behind.
		if own.Kind != c.Kind {
			return Opened{}, notAllowed("This message is a complaint already. It can join a complaint, or stay one of its own.")
		}
		if err := r.merge(t, own, c, d.By, detail{"message": m.ID}); err != nil {
			return Opened{}, err
		}
	}
	m.Case = ""
	if plan.Opens == ComplaintCase && plan.Stage == 2 && c.Kind == ComplaintCase {
		return r.escalate(t, m, c, f, d)
	}
	return r.carryOut(t, m, f, plan, d.Reason)
}

// escalate takes the joined complaint to stage 2. A second request for it only
// gets a receipt; the request that the fail-safe acted on gets a fuller
// acknowledgement in place of the holding form.
func (r *Register) escalate(t *tx, m Message, c Case, f Facts, d Ruling) (Opened, error) {
	plan := Plan{State: Filed, Replies: []PlannedReply{{Acknowledgement, stage2Form(c, f)}}}
	var err error
	switch {
	case c.Stage == 2 && c.Stage2Message == m.ID:
		err = r.dropUnsent(t, c.ID, d.By, Acknowledgement)
	case c.Stage == 2:
		plan.Replies = []PlannedReply{{Kind: Receipt}}
	default:
		c, err = r.toStage2(t, m, c, d.By)
	}
	if err != nil {
		return Opened{}, err
	}
	return r.settle(t, m, c, plan, d.Reason)
}

// settle files a message under the case that it has.
func (r *Register) settle(t *tx, m Message, c Case, plan Plan, reason string) (Opened, error) {
	m.State, m.Case, plan.State = Filed, c.ID, Filed
	return r.conclude(t, m, c, plan, reason, Opened{Message: m.ID, State: Filed, Case: c.ID, Reference: c.Reference})
}

// conclude keeps what was decided of a message, with its flags, and owes what
// the plan replies.
func (r *Register) conclude(t *tx, m Message, c Case, plan Plan, reason string, out Opened) (Opened, error) {
	if err := saveMessage(t, m); err != nil {
		return out, err
	}
	if err := recordDecision(t, m, reason); err != nil {
		return out, err
	}
	if err := noteOutcome(t, m, plan); err != nil {
		return out, err
	}
	if err := r.raiseFlags(t, m, c); err != nil {
		return out, err
	}
	for _, reply := range plan.Replies {
		hint, err := r.oweReply(t, m, c, reply)
		if err != nil {
			return out, err
		}
		if hint.ID != "" {
			out.Owed = append(out.Owed, hint)
		}
	}
	return out, nil
}

// redefine gives a case that the fail-safe opened what the officer found.
func redefine(t *tx, c *Case, f Facts, plan Plan) error {
	c.Kind, c.Stage = plan.Opens, plan.Stage
	c.Definition, c.Defined, c.MayQuote = f.Verdict.Definition, !f.Verdict.Definition.Empty(), quoting(f) == Defined
	c.Topics, c.Flags = f.Verdict.Topics, f.Verdict.Flags
	if f.Reading.ReplyAddress().Address != "" {
		c.Correspondent = f.Reading.ReplyAddress()
	}
	c.HazardLevel = f.Verdict.HazardLevel
	if f.ByLetter {
		c.Channel = Letter
	}
	if f.PostalOK {
		c.Postal, c.PostalOK, c.Correspondent.Name = f.Reading.PostalAddress, true, f.Reading.From.Name
	}
	return t.exec(`UPDATE cases SET kind = $1, stage = $2, definition = $3, defined = $4, may_quote = $5, topics = $6, flags = $7,
			person_name = $8, person_addr = $9, postal = $10, postal_ok = $11, hazard_level = $12, channel = $13 WHERE id = $14`,
		c.Kind, c.Stage, clean(asJSON(c.Definition)), bit(c.Defined), bit(c.MayQuote), asJSON(c.Topics), asJSON(c.Flags),
		clean(c.Correspondent.Name), clean(c.Correspondent.Address), clean(asJSON(c.Postal)), bit(c.PostalOK), c.HazardLevel, c.Channel, c.ID)
}

// dropUnsent cancels what is owed to a case and has not begun to be sent, of
// one kind or, where none is named, of every kind: something fuller takes its
// place.
func (r *Register) dropUnsent(t *tx, caseID ID, by string, only Kind) error {
	n, err := t.affected(`UPDATE outgoing SET state = 'cancelled', why = 'a fuller reply takes its place'
		WHERE case_id = $1 AND (state IN ('owed', 'held') AND begun_at = 0 OR state = 'to_print' AND `+inTray+`) AND kind <> 'alert' AND ($2 = '' OR kind = $2)`, caseID, string(only))
	if err != nil || n == 0 {
		return err
	}
	return t.note(caseSubject(caseID), by, "reply_cancelled", detail{"why": "replaced"})
}
