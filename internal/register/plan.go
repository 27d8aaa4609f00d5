package register

import (
	"strings"

	"postroom/classify"
)

// Facts is all that decides what becomes of a message.
type Facts struct {
	Verdict  Verdict
	Reading  Reading
	Channel  Channel
	Junk     bool
	History  bool
	Problem  string // why it could not be read or judged
	Join     Join   // zero: none
	Joined   JoinedCase
	Officer  bool // a person decided; Verdict says what
	Words    bool // that person has looked at the words that will be said back
	PostalOK bool // and at the postal address
	ByLetter bool // and wants replies to go there
}

// A Plan is what becomes of a message, and what it is owed. It is pure: the
// same facts under the same policy give the same plan, in the register and in
// postroom inspect.
type Plan struct {
	State     MessageState
	Opens     CaseKind // empty: no case is opened
	Stage     int      // of the case that is opened, or to which the joined one goes
	Joins     bool     // the case of Facts.Join
	Escalates bool     // the joined case goes to stage 2
	Adds      bool     // its issues go into the joined complaint's definition
	Links     bool     // the case that is opened is linked to the one of Facts.Join
	Replies   []PlannedReply
	Why       string // why a person is asked, or why nothing is sent
}

// A PlannedReply is a reply that will be owed.
type PlannedReply struct {
	Kind Kind
	Form Form
}

// Plan says what becomes of a message.
func (p Policy) Plan(f Facts) Plan {
	switch {
	case f.Officer:
		return p.ruled(f)
	case f.Problem != "":
		return review(f.Problem)
	case f.Reading.Error != "":
		return review(f.Reading.Error)
	case f.History:
		return recorded("taken in as history: nothing is owed")
	}
	if doubt := doubtful(f); doubt != "" {
		// A provider's report on a mail of ours quotes our words and nobody
		// else's (RFC 5965).
		report := f.Reading.Automatic == "feedback_report" && f.Join.Why == "our_message_id"
		if f.Verdict.Label == classify.NotActionable && f.Verdict.Route == classify.Auto || report {
			// A bounce or an out-of-office of our own mail is put with the
			// case and changes nothing there; our Message-ID cannot be guessed.
			plan := recorded(doubt)
			plan.Joins = f.Join.Why == "our_message_id" && !f.Junk
			return plan
		}
		return review(doubt + "; a person decides whether it is answered")
	}
	if f.Join.Case != "" {
		return p.joined(f)
	}
	return p.judged(f)
}

// doubtful says why a message may not be answered by itself (P3), or "".
func doubtful(f Facts) string {
	switch r := f.Reading; {
	case r.Automatic != "" && r.Automatic != "none":
		return "it is automatic mail: " + strings.TrimSuffix(r.AutomaticWhy, ".") // more is said after it
	case f.Junk && f.Channel != Email:
		return "whoever sent it filled in a field that people do not see, as robots do"
	case f.Junk:
		return "it came from the junk folder"
	case r.DoNotAnswer != "":
		return strings.TrimSuffix(r.DoNotAnswer, ".")
	}
	return ""
}

// dissatisfied reports whether a complaint is among the two likeliest labels.
func dissatisfied(v Verdict) bool {
	return isComplaint(v.Label) || v.Route == classify.Review && isComplaint(v.Second)
}

func isComplaint(l classify.Label) bool { return l == classify.Complaint || l == classify.Stage2 }

// needsPerson says why the rules never act alone on such a message.
func needsPerson(v Verdict) string {
	switch {
	case v.Has(classify.Safeguarding):
		return "somebody may be in danger: a person reads it first"
	case v.Has(classify.Legal):
		return "it speaks of legal action: a person reads it first"
	case v.Has(classify.Representative):
		return "somebody writes for a resident: a person settles who is answered"
	}
	return ""
}

// judged plans a message that joins nothing.
func (p Policy) judged(f Facts) Plan {
	v := f.Verdict
	switch why := needsPerson(v); {
	case v.Route != classify.Auto:
		return review(v.Why)
	case v.Label == classify.NotActionable:
		return recorded(v.Why)
	case unreachable(f) != "":
		return review(unreachable(f))
	case f.Reading.Complainant.Address != "":
		return review("the person concerned may not be the sender: " + f.Reading.ComplainantWhy)
	case why != "":
		return review(why)
	case p.Acknowledge == Reviewed:
		return review("the policy has a person look at every reply before it goes")
	}
	switch v.Label {
	case classify.Complaint:
		if v.Definition.Empty() {
			return review("it is a complaint, but the rules could not pick out what it is about; a person writes the definition")
		}
		return Plan{State: Filed, Opens: ComplaintCase, Stage: 1, Replies: []PlannedReply{{Acknowledgement, quoting(f)}}}
	case classify.ServiceRequest:
		return p.request()
	case classify.Enquiry:
		return Plan{State: Filed, Opens: EnquiryCase, Replies: []PlannedReply{{Kind: Receipt}}}
	case classify.Stage2:
		return review("it asks for stage 2; a person finds the complaint that it is about")
	case classify.FollowUp:
		return review("it follows something up, but carries no sign of which case")
	case classify.NotActionable:
	}
	return recorded(v.Why)
}

// ruled plans what an officer decided.
func (p Policy) ruled(f Facts) Plan {
	plan := Plan{State: Filed, Joins: f.Join.Case != ""}
	switch f.Verdict.Label {
	case classify.Complaint, classify.Stage2:
		plan.Stage = 1
		if f.Verdict.Label == classify.Stage2 {
			plan.Stage = 2
		}
		if plan.Joins && plan.Stage == 1 && f.Joined.Kind == ComplaintCase {
			plan.Replies = []PlannedReply{{Kind: Receipt}}
			return plan
		}
		plan.Opens, plan.Links = ComplaintCase, plan.Joins
		plan.Replies = []PlannedReply{{Acknowledgement, acknowledging(f)}}
	case classify.ServiceRequest:
		if plan.Joins {
			plan.Replies = []PlannedReply{{Kind: Receipt}}
			return plan
		}
		return p.request()
	case classify.FollowUp, classify.Enquiry:
		plan.Replies = []PlannedReply{{Kind: Receipt}}
		if !plan.Joins {
			plan.Opens = EnquiryCase
		}
	case classify.NotActionable:
		return recorded("a person decided that nothing is to be done")
	}
	return plan
}

func (p Policy) request() Plan {
	return Plan{State: Filed, Opens: ServiceRequestCase, Replies: []PlannedReply{{Kind: ServiceNotice}, {Kind: Forward}}}
}

// quoting picks the form of an acknowledgement: a stranger's words are never
// said back unseen.
func quoting(f Facts) Form {
	if f.Words || f.Reading.MayQuote() {
		return Defined
	}
	return Unquoted
}

// acknowledging is quoting, where there is a definition to say back: whoever
// asks for stage 2 need not say why (Complaint Handling Code 6.12).
func acknowledging(f Facts) Form {
	if f.Verdict.Definition.Empty() {
		return Unquoted
	}
	return quoting(f)
}

func review(why string) Plan   { return Plan{State: InReview, Why: why} }
func recorded(why string) Plan { return Plan{State: Recorded, Why: why} }

// ForwardTo is the service team's address for the first topic that has one.
func (p Policy) ForwardTo(topics []string) string {
	for _, topic := range topics {
		if to := p.Forward[topic]; to != "" {
			return to
		}
	}
	return p.Forward["*"]
}
