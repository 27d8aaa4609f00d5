package templates

import "time"

// A Sample is a reply with invented data, to look at.
type Sample struct {
	Name       string // such as "defined-1-emergency"
	Kind, Form string
	Reply      Reply
}

// sampleReply is about people and a landlord that do not exist.
func sampleReply() Reply {
	return Reply{
		Landlord: Landlord{
			Name: "Larkmere Homes", Team: "Complaints team",
			Address: []string{"Post room", "1 Quay Street", "Larkmere", "LM1 1AA"},
			Phone:   "01632 960000", Hours: "Monday to Friday, 9am to 5pm", OutOfHours: "01632 960999",
			Email: "complaints@larkmere.example.org", Website: "https://larkmere.example.org",
			Ombudsman: DefaultOmbudsman(),
		},
		Today:     Date{2026, time.November, 24},
		Received:  Date{2026, time.November, 23},
		AnswerBy:  Date{2026, time.December, 8},
		Deadline:  Date{2026, time.November, 30},
		Reference: "CIT26-7KR4-M9X9",
		Name:      "Sam Farraway",
		Stage:     1,
		Issues:    []string{"The boiler has been broken for three weeks & nobody came.", "I took two days off work for nothing."},
		Outcomes:  []string{"I want the boiler mended and an apology."},
		Topics:    []string{"heating_hot_water", "staff_conduct", "repairs"},
	}
}

// Samples are all replies, each in every shape that its words can take. It is
// long because it is a table.
func Samples() []Sample {
	with := func(name, kind, form string, change func(*Reply)) Sample {
		r := sampleReply()
		if change != nil {
			change(&r)
		}
		return Sample{name, kind, form, r}
	}
	stage2 := func(r *Reply) { r.Stage = 2; r.AnswerBy = Date{2026, time.December, 22} }
	stranger := func(r *Reply) { r.Name, r.Issues, r.Outcomes = "", nil, nil }
	late := func(r *Reply) { r.Complaint, r.Today = true, Date{2026, time.December, 9} }
	own := func(what string) func(*Reply) {
		return func(r *Reply) { stranger(r); r.What = what; r.Link = "https://post.larkmere.example.org/message/01j" }
	}
	return []Sample{
		with("defined-1", "acknowledgement", "defined", nil),
		with("defined-2", "acknowledgement", "defined", stage2),
		with("defined-1-emergency", "acknowledgement", "defined", func(r *Reply) {
			r.Emergency, r.Outcomes = true, nil
			r.NotResponsible = []string{"The street lamps, which the council looks after."}
			r.RepairRef = "CIT26-22CB-4R8K"
		}),
		with("defined-2-no-outcome", "acknowledgement", "defined", func(r *Reply) { stage2(r); r.Outcomes = nil }),
		with("defined-1-again", "acknowledgement", "defined", func(r *Reply) { r.Corrects = true }),
		with("defined-1-late", "acknowledgement", "defined", late),
		with("unquoted-1", "acknowledgement", "unquoted", stranger),
		with("unquoted-1-no-topic", "acknowledgement", "unquoted", func(r *Reply) { stranger(r); r.Topics = []string{"staff_conduct"} }),
		with("unquoted-2", "acknowledgement", "unquoted", func(r *Reply) { stranger(r); stage2(r) }),
		with("holding-1", "acknowledgement", "holding", stranger),
		with("holding-2", "acknowledgement", "holding", func(r *Reply) { stranger(r); stage2(r) }),
		with("holding-1-late", "acknowledgement", "holding", func(r *Reply) { stranger(r); late(r) }),
		with("notice", "service_request_notice", "", nil),
		with("notice-emergency", "service_request_notice", "", func(r *Reply) { stranger(r); r.Emergency = true }),
		with("receipt-follow-up", "receipt", "follow_up", func(r *Reply) { r.Complaint = true }),
		with("receipt-follow-up-sr", "receipt", "follow_up", func(r *Reply) { r.AnswerBy = Date{} }),
		with("receipt-follow-up-late", "receipt", "follow_up", late),
		with("receipt-enquiry", "receipt", "enquiry", nil),
		with("clarification", "clarification", "", func(r *Reply) {
			r.Complaint, r.Questions = true, []string{"Which room is it?", "- Since when?\n= And how often?"}
		}),
		with("clarification-one", "clarification", "", func(r *Reply) {
			r.AnswerBy, r.Emergency, r.Questions = Date{}, true, []string{"Which room is it?"}
		}),
		with("clarification-late", "clarification", "", func(r *Reply) { late(r); r.Questions = []string{"Which room is it?"} }),
		with("extension", "extension", "", func(r *Reply) {
			r.OldDate, r.NewDate, r.Reason = r.AnswerBy, Date{2026, time.December, 22}, []string{"We are waiting for the heating engineer's report.\n\n! It comes next week."}
		}),
		with("extension-2", "extension", "", func(r *Reply) {
			stage2(r)
			r.OldDate, r.NewDate, r.Reason = r.AnswerBy, Date{2027, time.January, 12}, []string{"We still have to speak to two people."}
		}),
		with("answer-1", "answer", "", func(r *Reply) {
			r.Outcome, r.Answer = "upheld", []string{"You reported the boiler on 2 November.\nWe came on 20 November. That was too late."}
			r.Remedies = []string{"We say sorry for the wait.", "We pay you 150 pounds."}
			r.Actions = []Action{{What: "Fit a new boiler", Due: Date{2026, time.December, 18}}, {What: "Check the radiators"}}
		}),
		with("answer-1-document", "answer", "", func(r *Reply) { r.Outcome, r.Enclosed = "partly_upheld", "Our answer.pdf" }),
		with("answer-1-sheets", "answer", "", func(r *Reply) {
			r.Letter, r.Outcome, r.Enclosed, r.Answer = true, "upheld", "Our answer.docx", []string{"You were right to complain."}
		}),
		with("answer-2", "answer", "", func(r *Reply) {
			stage2(r)
			stranger(r)
			r.Outcome, r.Answer = "not_upheld", []string{"We came within the time that our repairs policy gives."}
		}),
		with("not-accepted", "not_accepted", "", func(r *Reply) {
			r.Exclusion, r.Reason = "over_12_months", []string{"You wrote that the fence fell in 2019. We see no reason to look at it so long after."}
		}),
		with("not-accepted-2", "not_accepted", "", func(r *Reply) {
			stage2(r)
			r.Exclusion, r.Reason = "court_claim_filed", []string{"The court will decide about the damp in your home."}
		}),
		with("forward", "forward", "", func(r *Reply) {
			r.Channel, r.Files, r.Care, r.Hazard = "email", 2, true, "significant"
			r.Link = "https://post.larkmere.example.org/message/01j"
		}),
		with("forward-emergency", "forward", "", func(r *Reply) { stranger(r); r.Hazard = "emergency" }),
		with("alert", "alert", "", own("Something new happened.")),
		with("alert-emergency", "alert", "emergency", own("The rules read of a smell of gas.")),
		with("alert-safeguarding", "alert", "safeguarding", own("")),
		with("alert-deadline", "alert", "deadline", own("2 working days are left.")),
		with("alert-unsent", "alert", "unsent", own("The mail server refuses the address for good.")),
		with("alert-brake", "alert", "brake", func(r *Reply) {
			own("1000 replies went out within an hour.")(r)
			r.Reference = ""
			r.Deadline, r.Received = Date{}, Date{}
		}),
		with("alert-failsafe", "alert", "failsafe", own("")),
		with("alert-hazard", "alert", "hazard", own("By law this is to be done soon about a significant hazard: investigate.")),
		with("alert-malware", "alert", "malware", own("Found was Win.Test.EICAR_HDB-1.")),
		with("digest", "digest", "", func(r *Reply) {
			own("")(r)
			r.Reference = ""
			r.DueToday = []string{"CIT26-7KR4-M9X9: stage 1 answer"}
			r.Overdue = []string{"CIT26-22CB-4R8K: decision, due on Monday 23 November 2026", "CIT26-7KR4-M9X9: stage 1 acknowledgement, due on Friday 20 November 2026"}
			r.Figures = []Figure{{"Waiting for a person", 4}, {"Letters to print", 2}}
			r.Troubles = []string{"Mailbox complaints: nothing new for two days."}
		}),
		with("digest-empty", "digest", "", func(r *Reply) { own("")(r); r.Reference, r.Link = "", "" }),
	}
}
