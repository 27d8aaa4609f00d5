package register

import (
	"slices"
	"strings"
	"time"

	"postroom/classify"
)

// A JoinedCase is the state of the case whose sign a message carries, as far
// as it decides what becomes of the message.
type JoinedCase struct {
	Kind           CaseKind
	Stage          int
	Stage1Answered bool
	Stage2Answered bool
	Closed         bool
	Topics         []string
}

func (c Case) asJoined() JoinedCase {
	return JoinedCase{
		Kind: c.Kind, Stage: c.Stage, Stage1Answered: !c.Answered1At.IsZero(), Stage2Answered: !c.Answered2At.IsZero(),
		Closed: !c.ClosedAt.IsZero(), Topics: c.Topics,
	}
}

// joined plans a message that carries the sign of a case.
func (p Policy) joined(f Facts) Plan {
	if !f.Join.Trusted {
		return review("it carries a sign of a case, but the sender is not known to belong to it; a person decides whether it joins")
	}
	if why := needsPerson(f.Verdict); why != "" {
		return joinsInReview(why)
	}
	switch {
	case f.Joined.Kind == ComplaintCase && asksForStage2(f.Verdict):
		return p.unhappyAboutComplaint(f)
	case !dissatisfied(f.Verdict):
		return Plan{State: Filed, Joins: true, Replies: []PlannedReply{{Kind: Receipt}}}
	case f.Joined.Kind == ComplaintCase:
		return p.unhappyAboutComplaint(f)
	}
	return p.unhappyAboutRequest(f)
}

func joinsInReview(why string) Plan { return Plan{State: InReview, Joins: true, Why: why} }

// asksForStage2 reports whether a request for stage 2 is among what a message
// may be. It is looked at even where the first label is a contented one.
func asksForStage2(v Verdict) bool {
	return v.Label == classify.Stage2 || v.Second == classify.Stage2 && v.Route == classify.Review
}

// sure reports whether the rules may act alone on what they heard.
func (p Policy) sure(v Verdict) bool {
	return v.Route == classify.Auto && isComplaint(v.Label) && p.Acknowledge != Reviewed
}

// unhappyAboutComplaint plans what a complaint's own people write in
// dissatisfaction. After the stage 1 answer it asks for stage 2, whatever
// words it uses and without reasons (Code 6.10, 6.12). Before that answer
// what belongs to the complaint is taken into it, and what does not is a
// complaint of its own (6.8).
func (p Policy) unhappyAboutComplaint(f Facts) Plan {
	unrelated := otherMatter(f.Verdict.Topics, f.Joined.Topics)
	plan := Plan{State: Filed, Joins: true, Replies: []PlannedReply{{Kind: Receipt}}}
	switch {
	case f.Joined.Stage2Answered:
		return joinsInReview("they are unhappy after our final answer; a person tells them of the Ombudsman, or finds a new complaint in it")
	case f.Joined.Stage == 2 && !unrelated:
		return plan
	case f.Joined.Stage == 1 && f.Joined.Stage1Answered && !unrelated && p.sure(f.Verdict):
		plan.Escalates, plan.Replies = true, []PlannedReply{{Acknowledgement, quoting(f)}}
		return plan
	case f.Joined.Stage1Answered:
		return joinsInReview("it may ask for stage 2 of the case that it joins, or be a new complaint")
	case f.Joined.Closed:
		return joinsInReview("they are unhappy about a case that is closed")
	case asksForStage2(f.Verdict):
		return joinsInReview("it may ask for stage 2 of the case that it joins, which has no answer at stage 1 yet")
	case unrelated && p.sure(f.Verdict) && !f.Verdict.Definition.Empty():
		return p.newBeside(f)
	case unrelated:
		return joinsInReview("it may be a new complaint, about another matter than the case that it joins")
	case f.Verdict.Route == classify.Review:
		return joinsInReview(f.Verdict.Why)
	}
	plan.Adds = true
	return plan
}

// unhappyAboutRequest plans dissatisfaction about what is no complaint yet: it
// opens one, which names the request, and the request goes on (Code 1.5).
func (p Policy) unhappyAboutRequest(f Facts) Plan {
	if !p.sure(f.Verdict) || f.Verdict.Definition.Empty() {
		return joinsInReview("dissatisfaction is heard about a request that is not a complaint yet (Code 1.5)")
	}
	return p.newBeside(f)
}

// newBeside opens a complaint of its own, linked to the case whose sign the
// message carries.
func (p Policy) newBeside(f Facts) Plan {
	return Plan{State: Filed, Opens: ComplaintCase, Stage: 1, Links: true, Replies: []PlannedReply{{Acknowledgement, quoting(f)}}}
}

// broadTopics go with every matter and so tell none apart.
var broadTopics = []string{"repairs", "communication", "complaint_handling", "staff_conduct", "contractor_conduct", "other"}

// otherMatter reports whether two lists of topics speak of different matters.
// Where one of them says nothing in particular, they may be the same.
func otherMatter(a, b []string) bool {
	a, b = particular(a), particular(b)
	return len(a) > 0 && len(b) > 0 && !slices.ContainsFunc(a, func(t string) bool { return slices.Contains(b, t) })
}

func particular(topics []string) []string {
	return slices.DeleteFunc(slices.Clone(topics), func(t string) bool { return slices.Contains(broadTopics, t) })
}

// toStage2 takes a complaint to stage 2 (Code 6.10): the same case and
// reference, new clocks from the request's receipt (6.11). A closed case is
// opened again by it.
func (r *Register) toStage2(t *tx, m Message, c Case, by string) (Case, error) {
	if !c.ClosedAt.IsZero() {
		if err := reopenCase(t, c, by, detail{"message": m.ID}); err != nil {
			return c, err
		}
		c.ClosedAt, c.ClosedWhy = time.Time{}, ""
	}
	if err := t.exec(`UPDATE cases SET stage = 2, stage2_message = $1 WHERE id = $2`, m.ID, c.ID); err != nil {
		return c, err
	}
	c.Stage, c.Stage2Message = 2, m.ID
	started := detail{"message": m.ID}
	if err := r.startClocks(t, c.ID, 2, m.ReceivedAt, started); err != nil {
		return c, err
	}
	return c, t.note(caseSubject(c.ID), by, "stage2_requested", started)
}

// stage2Form is how much the acknowledgement of stage 2 says: the case's
// definition where there is one that may be said back.
func stage2Form(c Case, f Facts) Form {
	if c.Defined && c.MayQuote {
		return quoting(f)
	}
	return Unquoted
}

// mostIssues bounds how many issues a definition grows to by itself.
const mostIssues = 12

// addIssues takes what a message raises into the definition of a complaint
// that has no answer yet (Code 6.8).
func addIssues(t *tx, c *Case, f Facts, by string) error {
	added := 0
	for _, issue := range f.Verdict.Definition.Issues {
		known := func(s string) bool { return strings.EqualFold(strings.TrimSpace(s), strings.TrimSpace(issue)) }
		if len(c.Definition.Issues) < mostIssues && !slices.ContainsFunc(c.Definition.Issues, known) {
			c.Definition.Issues = append(c.Definition.Issues, issue)
			added++
		}
	}
	if added == 0 || !c.MayQuote || quoting(f) != Defined {
		return nil
	}
	return saveDefinition(t, c.ID, by, c.Definition)
}
