package ingest

import (
	"context"
	"strings"

	"postroom/classify"
	"postroom/internal/register"
)

// join looks up the signs that the messages carry, and judges each message in
// the light of the case that it belongs to.
func (r *Reader) join(ctx context.Context, pieces []*piece) error {
	signs := make([]register.Signs, len(pieces))
	for i, p := range pieces {
		signs[i] = r.signs(p)
	}
	holders, err := r.c.Register.Holders(ctx, signs)
	if err != nil {
		return err
	}
	for i, p := range pieces {
		r.judge(p, holders[i])
	}
	return nil
}

// signs collects what may tie a message to a case. References with a wrong
// character are looked up too, to be offered, never assumed.
func (r *Reader) signs(p *piece) register.Signs {
	rd := p.opening.Reading
	s := register.Signs{Message: p.message.ID, Sender: rd.From.Address, MessageIDs: rd.MessageIDs, References: rd.ReferencesFound}
	if id := rd.Bounce.OriginalMessageID; id != "" {
		s.MessageIDs = append(append([]string{}, s.MessageIDs...), id)
	}
	// A reply whose mail the register no longer knows, after a restore, still
	// says by our signature which reference it answers.
	for _, id := range s.MessageIDs {
		if ref, ours := r.c.MessageIDs.Verify(id); ours && ref != "" {
			s.References = append(append([]string{}, s.References...), ref)
		}
	}
	if len(s.References) == 0 {
		s.References = rd.ReferencesNear
	}
	return s
}

// judge settles which case a message carries signs of, and what it is.
func (r *Reader) judge(p *piece, holders []register.Holder) {
	rd := &p.opening.Reading
	join, holder := settleJoin(*rd, holders)
	p.opening.Join = join
	if p.opening.Problem == "" && rd.Error == "" {
		p.opening.Problem = waitsFor(*rd, holders)
	}
	p.opening.Verdict = Judge(r.c.Rules, p.message.Channel, *rd, holders, caseContext(join, holder))
	rd.Told.Apply(&p.opening.Verdict)
	if p.opening.Problem == "" {
		p.opening.Problem = rd.Told.Doubt(p.opening.Verdict)
	}
	rd.Language = p.opening.Verdict.Language
}

// settleJoin picks the case that a message belongs to. It is trusted only
// when one case alone is left, the sender belongs to it, and our own mail
// server vouches for the sender: quoting a reference is not enough (P8).
func settleJoin(rd register.Reading, holders []register.Holder) (register.Join, register.Holder) {
	var first, mine register.Holder
	cases := map[register.ID]bool{}
	for _, h := range holders {
		if h.Case == "" {
			continue
		}
		if first.Case == "" {
			first = h
		}
		if h.Belongs {
			if mine.Case == "" {
				mine = h
			}
			cases[h.Case] = true
		}
	}
	assumed := len(rd.ReferencesFound) > 0 || len(rd.ReferencesNear) == 0 || mine.Why != "reference"
	switch {
	case mine.Case != "" && len(cases) == 1 && rd.Authenticated && assumed && !sentOn(rd):
		return register.Join{Case: mine.Case, Why: mine.Why, Trusted: true}, mine
	case mine.Case != "":
		return register.Join{Case: mine.Case, Why: mine.Why}, mine
	}
	return register.Join{Case: first.Case, Why: first.Why}, first
}

// sentOn knows a mail that somebody only passes on: its signs are those of the
// mail inside, and what the sender wants is for a person to read.
func sentOn(rd register.Reading) bool {
	subject := strings.ToLower(strings.TrimSpace(rd.Subject))
	return rd.Complainant.Address != "" || strings.HasPrefix(subject, "fwd:") || strings.HasPrefix(subject, "fw:")
}

// waitsFor says that a message answers one that a person has yet to decide.
func waitsFor(rd register.Reading, holders []register.Holder) string {
	if rd.Automatic != "" && rd.Automatic != "none" {
		return ""
	}
	for _, h := range holders {
		if h.Case == "" && h.MessageState == register.InReview {
			return "it answers a message that itself waits for a decision; decide that one first"
		}
	}
	return ""
}

// Question is what the rules are asked about a message that was read.
func Question(channel register.Channel, rd register.Reading, holders []register.Holder) classify.Message {
	q := classify.Message{
		Channel: string(channel), Subject: rd.Subject, Text: rd.NewText, Automatic: rd.Automatic,
		OCR: rd.OCRConfidence > 0, Unread: rd.Error,
	}
	for _, a := range rd.Attachments {
		if !a.Inline {
			q.Attachments++
		}
	}
	for _, h := range holders {
		q.ReplyToOurs = q.ReplyToOurs || h.Why == "our_message_id"
	}
	return q
}

// caseContext tells the rules about the case that a message joins.
func caseContext(join register.Join, h register.Holder) classify.Context {
	if !join.Trusted {
		return classify.Context{}
	}
	c := ContextOf(h.Kind, h.Stage)
	c.Stage1Answered, c.Stage2Answered = h.Stage1Answered, h.Stage2Answered
	return c
}

// ContextOf tells the rules about a case that a message joined.
func ContextOf(kind register.CaseKind, stage int) classify.Context {
	label := map[register.CaseKind]classify.Label{
		register.ComplaintCase: classify.Complaint, register.ServiceRequestCase: classify.ServiceRequest, register.EnquiryCase: classify.Enquiry,
	}[kind]
	return classify.Context{Joins: true, CaseKind: label, Stage: stage}
}
