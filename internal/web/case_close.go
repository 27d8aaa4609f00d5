package web

import (
	"context"
	"slices"

	"postroom/classify"
	"postroom/internal/register"
)

// closeReasons are those for which an officer closes this case now.
func (f *caseFacts) closeReasons() []register.CloseReason {
	switch {
	case !f.complaint():
		return []register.CloseReason{register.ClosedDone, register.ClosedWithdrawn}
	case f.AnsweredAt(f.Stage).IsZero():
		return []register.CloseReason{register.ClosedWithdrawn}
	}
	return []register.CloseReason{register.ClosedAnswered, register.ClosedWithdrawn}
}

func closeDeed() deed {
	return deed{
		name: "close", leads: func(f *caseFacts) bool { return !f.complaint() || !f.AnsweredAt(f.Stage).IsZero() }, title: says("Close the case"), button: "Close it", blame: "why",
		about: "Nothing is sent. Actions that were promised stay open, and people are reminded of them. A case that is closed can be reopened.",
		offer: func(f *caseFacts) (bool, string) { return f.open(), "" },
		fields: func(f *deedForm) []field {
			var reasons []option
			for _, c := range f.closeReasons() {
				reasons = append(reasons, option{Value: string(c), Name: closeName(c)})
			}
			hint := ""
			if f.complaint() && f.AnsweredAt(f.Stage).IsZero() {
				hint = "A complaint is closed when it is answered, or when the resident withdraws it. It has no answer yet."
			}
			first := reasons[0].Value
			if first == string(register.ClosedWithdrawn) {
				first = ""
			}
			return []field{
				f.choice("radio", "why", "Why is it closed?", hint, first, reasons...),
				f.reason("More about it", "If the resident withdrew it: how they said so, and when."),
			}
		},
		read: func(f *deedForm) plan {
			var all []string
			for _, c := range f.closeReasons() {
				all = append(all, string(c))
			}
			why, reason := register.CloseReason(f.chosen("why", "Choose why it is closed", all...)), f.get("reason", "")
			f.must(why != register.ClosedWithdrawn || reason != "", "reason", "Say how the resident withdrew it")
			f.must(within(reason, mostReason), "reason", "Say it in at most 2,000 characters")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.CloseCase(ctx, f.ID, f.who.Name, why, reason)
			}}
		},
	}
}

func reopenDeed() deed {
	return deed{
		name: "reopen", leads: always, title: says("Reopen the case"), button: "Reopen it", blame: "reason",
		about:  "Clocks that were stopped run on from where they began, so a day that has passed shows as missed. An acknowledgement that was dropped is owed again.",
		offer:  func(f *caseFacts) (bool, string) { return !f.ClosedAt.IsZero() && f.MergedInto == "", "" },
		fields: func(f *deedForm) []field { return []field{f.reason("Why", "")} },
		read: func(f *deedForm) plan {
			reason := f.words("reason", "Say why it is reopened")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return f.d.c.Register.ReopenCase(ctx, f.ID, f.who.Name, reason)
			}}
		},
	}
}

// receivedDeed corrects when the message came that began a stage.
func receivedDeed() deed {
	return deed{
		name: "received", title: says("Correct the day of receipt"), button: "Correct it", blame: "on",
		about: "When it first reached the landlord, whoever had it. The clocks follow, and a day that was missed will show as missed. What was believed before stays in the history.",
		offer: func(f *caseFacts) (bool, string) { return f.open(), "" },
		fields: func(f *deedForm) []field {
			first := f.messageNamed(f.Message).ReceivedAt
			var which []field
			if f.Stage2Message != "" {
				first = f.messageNamed(f.Stage2Message).ReceivedAt
				which = []field{f.choice("radio", "message", "Which?", "", f.Stage2Message,
					option{Value: f.Stage2Message, Name: "The request for stage 2", Hint: "now " + clockTime(first)},
					option{Value: f.Message, Name: "The first message", Hint: "now " + clockTime(f.messageNamed(f.Message).ReceivedAt)})}
			}
			return append(append(which, f.when("Received on", first)...), f.reason("Why", "Where it lay, or how the mistake came about."))
		},
		read: func(f *deedForm) plan {
			message := f.Message
			if f.Stage2Message != "" {
				message = f.chosen("message", "Choose which", f.Stage2Message, f.Message)
			}
			at, reason := f.receipt("Give the day of receipt"), f.words("reason", "Say why it is corrected")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.CorrectReceived(ctx, message, at, f.who.Name, reason)
			}}
		},
	}
}

// messageNamed is one of the case's messages.
func (f *caseFacts) messageNamed(id register.ID) register.Message {
	i := slices.IndexFunc(f.Messages, func(m register.Message) bool { return m.ID == id })
	if i < 0 {
		return register.Message{}
	}
	return f.Messages[i]
}

func linkDeed() deed {
	return deed{
		name: "link", group: "together", title: says("Link another case"), button: "Link them", blame: "other",
		about:  "For whoever reads either of them. Both stay cases of their own.",
		offer:  func(f *caseFacts) (bool, string) { return f.MergedInto == "", "" },
		fields: func(f *deedForm) []field { return []field{f.otherField("Reference of the other case", "")} },
		read: func(f *deedForm) plan {
			other := f.other()
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.LinkCases(ctx, f.ID, other.ID, f.who.Name)
			}}
		},
	}
}

func unlinkDeed() deed {
	return deed{
		name: "unlink", group: "together", title: says("Undo a link"), button: "Undo it", blame: "other",
		offer: func(f *caseFacts) (bool, string) { return len(f.Links) > 0, "" },
		fields: func(f *deedForm) []field {
			var all []option
			for _, l := range f.Links {
				all = append(all, option{Value: l.ID, Name: l.Reference, Hint: linkName(l)})
			}
			first := ""
			if len(all) == 1 {
				first = all[0].Value
			}
			return []field{f.choice("radio", "other", "Which one?", "", first, all...)}
		},
		read: func(f *deedForm) plan {
			var all []string
			for _, l := range f.Links {
				all = append(all, l.ID)
			}
			other := f.chosen("other", "Choose which", all...)
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.UnlinkCases(ctx, f.ID, other, f.who.Name)
			}}
		},
	}
}

// mergeDeed makes one of two cases: the later becomes the signpost, so that no
// day becomes later.
func mergeDeed() deed {
	return deed{
		name: "merge", group: "together", title: says("Merge it with another case"), button: "Merge them", blame: "other",
		about: "When two cases are one and the same. The one that came first lives on, so that no day becomes later; the other becomes a signpost to it. It can be undone, and nothing is deleted.",
		offer: func(f *caseFacts) (bool, string) { return f.open(), "" },
		fields: func(f *deedForm) []field {
			return []field{f.otherField("Reference of the other case", ""), f.reason("Why they are one", "")}
		},
		read: func(f *deedForm) plan {
			other := f.other()
			m := register.Merging{From: f.ID, Into: other.ID, By: f.who.Name, Reason: f.words("reason", "Say why the two cases are one")}
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				theirs, err := f.d.c.Register.GetMessage(ctx, other.Message)
				if err != nil {
					return nil, err
				}
				if f.messageNamed(f.Message).ReceivedAt.Before(theirs.ReceivedAt) {
					m.From, m.Into = m.Into, m.From
				}
				return nil, f.d.c.Register.Merge(ctx, m)
			}}
		},
	}
}

func unmergeDeed() deed {
	return deed{
		name: "unmerge", group: "together", title: says("Undo the merge"), button: "Undo it", blame: "reason",
		about:  "It becomes a case of its own again, and its clocks run on from where they began. What came after the merge stays where it was filed.",
		offer:  func(f *caseFacts) (bool, string) { return f.MergedInto != "", "" },
		fields: func(f *deedForm) []field { return []field{f.reason("Why", "")} },
		read: func(f *deedForm) plan {
			reason := f.words("reason", "Say why the merge is undone")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return f.d.c.Register.Unmerge(ctx, f.ID, f.who.Name, reason)
			}}
		},
	}
}

func splitDeed() deed {
	return deed{
		name: "split", group: "together", title: says("Split it: the message holds a second matter"), button: "Split it", blame: "kind",
		about: "A second case from the message that opened this one, with its own reference, and with clocks from the same receipt. It is acknowledged for itself. The two are linked, and it can be undone.",
		offer: func(f *caseFacts) (bool, string) { return f.open(), "" },
		fields: func(f *deedForm) []field {
			kinds := []option{
				{Value: string(register.ComplaintCase), Name: "A complaint", Hint: "needs what went wrong"},
				{Value: string(register.ServiceRequestCase), Name: "A service request", Hint: "goes on to the team"},
				{Value: string(register.EnquiryCase), Name: "An enquiry"},
			}
			kinds = slices.DeleteFunc(kinds, func(o option) bool { return o.Value == string(f.Kind) })
			return []field{
				f.choice("radio", "kind", "What is the second matter?", "", "", kinds...),
				f.theirs("issues", "What went wrong, or is asked for", "One thing a line, in their words.", nil),
				f.theirs("outcomes", "What would put it right", "One thing a line. May be empty.", nil),
				f.choice("select", "topic", "What it is about", "It tells to which team a request goes.", "", topicOptions()...),
				f.check("words", "Say these words back in its acknowledgement", "You have looked at them, and at who wrote.", f.MayQuote),
			}
		},
		read: func(f *deedForm) plan {
			s := register.Splitting{
				Case: f.ID, By: f.who.Name, Words: f.get("words", "") != "", Definition: classify.Definition{Issues: f.lines("issues"), Outcomes: f.lines("outcomes")},
				Kind: register.CaseKind(f.chosen("kind", "Choose what it is", string(register.ComplaintCase), string(register.ServiceRequestCase), string(register.EnquiryCase))),
			}
			f.must(s.Kind != f.Kind, "kind", "This case is of that kind already: change its definition instead")
			f.must(s.Kind != register.ComplaintCase || len(s.Definition.Issues) > 0, "issues", "Write at least one thing that went wrong")
			if topic := f.chosen("topic", "Choose what it is about", append(classify.Topics(), "")...); topic != "" {
				s.Topics = []string{topic}
			}
			return plan{
				do: func(ctx context.Context) ([]register.Hint, error) {
					opened, err := f.d.c.Register.Split(ctx, s)
					return opened.Owed, err
				},
				rehearse: func(ctx context.Context) ([]register.Claimed, error) {
					return f.d.c.Register.RehearseSplit(ctx, s)
				},
			}
		},
	}
}

func unsplitDeed() deed {
	return deed{
		name: "unsplit", group: "together", title: says("Undo the split"), button: "Undo it", blame: "reason",
		about: "This case becomes a signpost to the one that it was split off from. A complaint never disappears into a request.",
		offer: func(f *caseFacts) (bool, string) {
			return f.MergedInto == "" && slices.ContainsFunc(f.Links, func(l register.CaseLink) bool { return l.Link == register.LinkSplit && l.Came }), ""
		},
		fields: func(f *deedForm) []field { return []field{f.reason("Why", "")} },
		read: func(f *deedForm) plan {
			reason := f.words("reason", "Say why the split is undone")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.Unsplit(ctx, f.ID, f.who.Name, reason)
			}}
		},
	}
}
