package web

import (
	"context"
	"path"
	"strings"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
)

// deeds lists what officers do with a case, in the order in which it is
// offered.
func (d *Desk) deeds() []deed {
	return append([]deed{
		answerDeed(), withdrawDeed(), byHandDeed(), extendDeed(), informationDeed(), askDeed(), noteDeed(), defineDeed(), stage2Deed(), refuseDeed(), closeDeed(), reopenDeed(), receivedDeed(),
		linkDeed(), unlinkDeed(), mergeDeed(), unmergeDeed(), splitDeed(), unsplitDeed(),
	}, append(peopleDeeds(), hazardDeeds()...)...)
}

func always(*caseFacts) bool { return true }

func says(title string) func(*caseFacts) string { return func(*caseFacts) string { return title } }

// whenOpen is a deed of every open complaint.
func whenOpen(f *caseFacts) (bool, string) { return f.complaint() && f.open(), "" }

func stageTitle(before, after string) func(*caseFacts) string {
	return func(f *caseFacts) string { return before + map[int]string{1: "1", 2: "2"}[max(1, f.Stage)] + after }
}

func answerDeed() deed {
	return deed{
		name: "answer", leads: always, title: stageTitle("Record the stage ", " answer"), button: "Record the answer", blame: "text", files: true,
		about: "An answer says what was found, why, and what is done about it. It goes out when the answer is known, not when every action is done.",
		offer: func(f *caseFacts) (bool, string) {
			if !f.complaint() || !f.open() || f.answerClock() == nil {
				return false, ""
			}
			if a := f.standing(f.Stage); a != nil {
				return true, "it has its answer already, recorded by " + a.By
			}
			return true, ""
		},
		fields: func(f *deedForm) []field {
			var findings []option
			for _, x := range register.Findings() {
				findings = append(findings, option{Value: string(x), Name: findingName(x)})
			}
			return append([]field{
				f.choice("radio", "outcome", "What was found?", "", "", findings...),
				f.area("text", "The answer, as the resident will read it", "The reasons, in plain words: every point of the complaint, with what was looked at. Greeting, dates, the way to stage 2 and the Ombudsman’s details are put around it.", "", 10),
				f.area("remedies", "What puts it right", "One thing a line. May be empty.", "", 3),
				f.promises(),
				f.choice("radio", "way", "How does the resident get it?", "", "send", option{Value: "send", Name: "Postroom sends it", Hint: "as the letter below"},
					option{Value: "given", Name: "They have it already", Hint: "I gave it to them by another way: say when"}),
				{Name: "file", Kind: "file", Label: "The answer as a file", Hint: "In place of the words, or beside them. What Postroom sends is a PDF or a Word document, at most 10 MB by email. It has to be chosen again when something is wrong here."},
			}, f.when("Given on", time.Time{})...)
		},
		read: readAnswer,
	}
}

func readAnswer(f *deedForm) plan {
	var findings []string
	for _, x := range register.Findings() {
		findings = append(findings, string(x))
	}
	a := register.Answering{
		Case: f.ID, Stage: f.Stage, By: f.who.Name, File: f.file, FileName: f.fileName, Text: f.get("text", ""), Remedies: f.lines("remedies"), Actions: f.readPromises(),
		Outcome: register.Finding(f.chosen("outcome", "Choose what was found", findings...)),
	}
	f.must(len(a.Text) <= mostAnswer, "text", "Shorten the answer: it is longer than a letter can be")
	if way := f.chosen("way", "Choose how the resident gets it", "send", "given"); way == "given" {
		a.GivenAt = f.moment("Say on which day they got it")
		f.must(a.Text != "" || a.File != "", "text", "Give the answer’s words, or choose its file")
	} else {
		f.must(a.Text != "" || a.File != "", "text", "Write the answer, or choose its file: Postroom sends it")
		f.must(f.fileSize <= notify.MostEnclosed || f.Way() == register.ByLetter, "file", "Choose a smaller file: this one is too large for an email, which takes 10 MB")
		ending := strings.ToLower(path.Ext(a.FileName))
		f.must(a.File == "" || ending == ".pdf" || ending == ".docx", "file", "Choose a PDF or a Word document: residents must be able to open it")
		f.must(f.get("on", "") == "", "on", "Take the day out, or choose that they have the answer already")
	}
	return plan{
		do: func(ctx context.Context) ([]register.Hint, error) { return f.d.c.Register.Answer(ctx, a) },
		rehearse: func(ctx context.Context) ([]register.Claimed, error) {
			return f.d.c.Register.RehearseAnswer(ctx, a)
		},
	}
}

// mostAnswer bounds an answer's text, in bytes.
const mostAnswer = 30_000

func withdrawDeed() deed {
	return deed{
		name: "withdraw", title: says("Take the answer back"), button: "Take it back", blame: "reason",
		about: "An answer that has not gone can be taken back, so that another one can be written.",
		offer: func(f *caseFacts) (bool, string) {
			a := f.standing(f.Stage)
			return f.open() && a != nil && a.GivenAt.IsZero(), ""
		},
		fields: func(f *deedForm) []field { return []field{f.reason("Why", "")} },
		read: func(f *deedForm) plan {
			reason := f.words("reason", "Say why it is taken back")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				a := f.standing(f.Stage)
				if a == nil {
					return nil, register.ErrConflict
				}
				return nil, f.d.c.Register.WithdrawAnswer(ctx, a.ID, f.who.Name, reason)
			}}
		},
	}
}

// byHandDeed is for replies that wait because only a person can give them.
func byHandDeed() deed {
	return deed{
		name: "given", title: says("Given by hand"), button: "Write it down", blame: "reply",
		about: "A reply that waits may be given on the phone, at a visit, or by another way. From then on it counts as delivered.",
		offer: func(f *caseFacts) (bool, string) { return len(f.waiting()) > 0, "" },
		fields: func(f *deedForm) []field {
			var replies []option
			for _, o := range f.waiting() {
				replies = append(replies, option{Value: o.ID, Name: kindName(o), Hint: capital(o.Why)})
			}
			first := ""
			if len(replies) == 1 {
				first = replies[0].Value
			}
			return append(append([]field{f.choice("radio", "reply", "Which reply?", "", first, replies...)}, f.when("Given on", f.d.c.Now())...),
				f.area("how", "How", "Who was told, by which way, and what they said.", "", 3))
		},
		read: func(f *deedForm) plan {
			id, at, how := f.get("reply", ""), f.moment("Say on which day it was given"), f.words("how", "Say how it was given")
			known := false
			for _, o := range f.waiting() {
				known = known || o.ID == id
			}
			f.must(known, "reply", "Choose the reply")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.GivenByHand(ctx, id, at, f.who.Name, how)
			}}
		},
	}
}

func extendDeed() deed {
	return deed{
		name: "extend", title: says("Put the answer off"), button: "Put it off and tell the resident", blame: "to",
		about: "Only before the day that counts, with a good reason. The letter gives the reason, the new day and the Ombudsman’s details. The day moves when that letter has gone.",
		offer: func(f *caseFacts) (bool, string) {
			k := f.answerClock()
			if !f.complaint() || !f.open() || k == nil {
				return false, ""
			}
			for _, e := range f.Extensions {
				if e.Clock == k.Name && e.ToldAt.IsZero() && k.Running() && !f.cancelled(e.Outgoing) {
					return true, "the letter about " + e.NewDue.Long() + " is on its way"
				}
			}
			switch {
			case !k.MetAt.IsZero():
				return false, ""
			case f.standing(f.Stage) != nil:
				return true, "its answer is recorded"
			case f.Limited && !f.Limit.After(k.Counts()):
				return true, "it was put off as far as the code allows"
			}
			return true, ""
		},
		fields: func(f *deedForm) []field {
			hint := "It counts until " + f.counts().Long() + " now."
			if f.Limited {
				hint = "After " + f.counts().Long() + ", and " + f.Limit.Long() + " at the latest."
			}
			return []field{
				f.kind("date", "to", "New day", hint, ""),
				f.area("reason", "The reason, as the resident will read it", "It follows the words “The reason is:”. No need to name the day.", "", 4),
			}
		},
		read: func(f *deedForm) plan {
			e := register.Extending{Case: f.ID, Stage: f.Stage, By: f.who.Name, Reason: f.words("reason", "Give the reason: the resident will read it")}
			e.To, _ = f.day("to", "Give the new day")
			return plan{
				do: func(ctx context.Context) ([]register.Hint, error) { return f.d.c.Register.Extend(ctx, e) },
				rehearse: func(ctx context.Context) ([]register.Claimed, error) {
					return f.d.c.Register.RehearseExtend(ctx, e)
				},
			}
		},
	}
}

func (f *caseFacts) counts() workday.Date {
	if k := f.answerClock(); k != nil {
		return k.Counts()
	}
	return workday.Date{}
}

func (f *caseFacts) cancelled(id register.ID) bool {
	for _, o := range f.Replies {
		if o.ID == id {
			return o.State == register.Cancelled
		}
	}
	return false
}

func askDeed() deed {
	return deed{
		name: "ask", title: says("Ask the resident what is unclear"), button: "Ask them", blame: "questions",
		about: "The clocks run on meanwhile.",
		offer: func(f *caseFacts) (bool, string) { return f.open(), "" },
		fields: func(f *deedForm) []field {
			return []field{f.area("questions", "The questions", "One a line, as the resident will read them.", "", 4)}
		},
		read: func(f *deedForm) plan {
			questions := f.lines("questions")
			f.must(len(questions) > 0, "questions", "Write at least one question")
			return plan{
				do: func(ctx context.Context) ([]register.Hint, error) {
					return f.d.c.Register.AskClarification(ctx, f.ID, f.who.Name, questions)
				},
				rehearse: func(ctx context.Context) ([]register.Claimed, error) {
					return f.d.c.Register.RehearseClarification(ctx, f.ID, f.who.Name, questions)
				},
			}
		},
	}
}

func defineDeed() deed {
	return deed{
		name: "define", title: says("Change the definition"), button: "Change it", blame: "issues",
		about: "What the complaint is, as agreed with the resident, in their words. Nothing is sent: tell them in the answer, or ask them first.",
		offer: whenOpen,
		fields: func(f *deedForm) []field {
			return []field{
				f.theirs("issues", "What went wrong", "One thing a line.", f.Definition.Issues),
				f.theirs("outcomes", "What would put it right", "One thing a line. May be empty.", f.Definition.Outcomes),
			}
		},
		read: func(f *deedForm) plan {
			def := classify.Definition{Issues: f.lines("issues"), Outcomes: f.lines("outcomes")}
			f.must(len(def.Issues) > 0, "issues", "Write at least one thing that went wrong")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.Redefine(ctx, f.ID, f.who.Name, def)
			}}
		},
	}
}

func refuseDeed() deed {
	return deed{
		name: "refuse", title: says("Do not accept it"), button: "Do not accept it, and tell the resident", blame: "exclusion",
		about: "Only for a reason that the Code knows, and after looking at this very case. The letter explains why, and names the way to the Ombudsman.",
		offer: func(f *caseFacts) (bool, string) {
			if !f.complaint() || !f.open() {
				return false, ""
			}
			if f.standing(f.Stage) != nil {
				return true, "it has its answer"
			}
			return true, ""
		},
		fields: func(f *deedForm) []field {
			var reasons []option
			for _, x := range register.Exclusions() {
				name, hint := exclusionName(x)
				reasons = append(reasons, option{Value: string(x), Name: name, Hint: hint})
			}
			return []field{
				f.choice("radio", "exclusion", "The reason", "", "", reasons...),
				f.area("words", "The explanation, as the resident will read it", "Why this reason holds for what they wrote.", "", 5),
			}
		},
		read: func(f *deedForm) plan {
			var all []string
			for _, x := range register.Exclusions() {
				all = append(all, string(x))
			}
			n := register.NotAccepting{
				Case: f.ID, By: f.who.Name, Reason: register.Exclusion(f.chosen("exclusion", "Choose the reason", all...)),
				Words: f.words("words", "Explain it to the resident"),
			}
			return plan{
				do: func(ctx context.Context) ([]register.Hint, error) { return f.d.c.Register.NotAccept(ctx, n) },
				rehearse: func(ctx context.Context) ([]register.Claimed, error) {
					return f.d.c.Register.RehearseNotAccept(ctx, n)
				},
			}
		},
	}
}

// topicOptions are the matters that a case can be about.
func topicOptions() []option {
	all := []option{{Value: "", Name: "As the rules read it"}}
	for _, t := range classify.Topics() {
		all = append(all, option{Value: t, Name: capital(strings.ReplaceAll(t, "_", " "))})
	}
	return all
}
