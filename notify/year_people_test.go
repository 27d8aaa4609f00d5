package notify

import (
	"fmt"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// atOnce is how much an officer gets done at one sitting.
const atOnce = 40

// officersWork is one sitting of whoever is there.
func (y *year) officersWork() {
	y.tb.Helper()
	y.decideQueue()
	y.confirmHomes()
	y.takeAlarms()
	y.answerComplaints()
}

// officer is who sits there.
func (y *year) officer() string {
	if y.now(boIll) {
		return "cy"
	}
	return "bo"
}

// decideQueue decides what waits, most urgent first.
func (y *year) decideQueue() {
	y.tb.Helper()
	waiting, err := y.Queue(y.tb.Context(), register.QueueFilter{}, atOnce, 0)
	y.must(err)
	for _, m := range waiting {
		p := y.pieceOf(m.ID)
		r := register.Ruling{
			Message: m.ID, Version: m.Version, By: y.officer(), Reason: "as I read it", Words: true,
			Definition: classify.Definition{Issues: []string{"It has not been put right."}},
		}
		switch {
		case p.kind == machine:
			r.Label = classify.NotActionable
		case p.kind == requests:
			r.Label = classify.ServiceRequest
		case p.stage == 2:
			r.Label = classify.Stage2
		default:
			r.Label = classify.Complaint
		}
		if p.channel == register.Letter {
			r.Postal, r.Correspondent = p.home(), register.Address{Name: p.name}
		}
		ruled, err := y.Decide(y.tb.Context(), r)
		y.must(err)
		p.caseID = ruled.Case
	}
}

// confirmHomes compares the addresses of letters that wait for it.
func (y *year) confirmHomes() {
	y.tb.Helper()
	held, err := y.HeldLetters(y.tb.Context(), atOnce)
	y.must(err)
	for _, o := range held {
		p := y.pieceOf(o.Message)
		y.must(y.ConfirmAddress(y.tb.Context(), o.Case, p.name, p.home(), y.officer()))
	}
}

// takeAlarms does what alarms ask for: what will not go by email in time goes
// by letter.
func (y *year) takeAlarms() {
	y.tb.Helper()
	open, err := y.OpenAlarms(y.tb.Context(), 10*atOnce)
	y.must(err)
	for _, a := range open {
		if a.Outgoing != "" {
			y.sendByLetter(a.Outgoing)
		}
		y.must(y.TakeAlarm(y.tb.Context(), a.ID, y.officer()))
	}
}

func (y *year) sendByLetter(id register.ID) {
	y.tb.Helper()
	o, err := y.GetOutgoing(y.tb.Context(), id)
	y.must(err)
	p := y.pieceOf(o.Message)
	if o.Way != register.ByEmail || o.State == register.Delivered || o.Case == "" || p.kind != complains || o.Kind == register.Forward {
		return
	}
	y.must(y.SetCorrespondent(y.tb.Context(), register.Correspondence{
		Case: o.Case, To: register.Address{Name: p.name, Address: p.who}, Postal: p.home(), Channel: register.Letter, By: y.officer(), Reason: "no mail goes",
	}))
}

// answerComplaints gives the answers that are due soon, by hand. Some
// residents are not content and say so.
func (y *year) answerComplaints() {
	y.tb.Helper()
	for _, p := range y.pieces {
		if p.answered || p.kind != complains || len(p.got) == 0 || y.clock.Now().Before(workingDay(p.got[0], 7)) {
			continue
		}
		p.answered = true
		by := "bo"
		if p.stage == 2 {
			by = "dee"
		}
		m, err := y.GetMessage(y.tb.Context(), p.message)
		y.must(err)
		_, err = y.Answer(y.tb.Context(), register.Answering{
			Case: m.Case, Stage: p.stage, By: by, Outcome: register.Upheld, Text: "You are right, and we are sorry.", GivenAt: y.clock.Now(),
		})
		y.must(err)
		if p.pursues && p.stage == 1 && !p.bounces && p.channel == register.Email {
			y.add(&piece{
				channel: register.Email, kind: complains, stage: 2, about: m.Case, who: p.who, name: p.name, door: p.door,
				at:   y.clock.Now().Add(time.Duration(1+y.chance.IntN(200)) * time.Hour),
				text: fmt.Sprintf("I am not happy with your answer to %s of %s and want it looked at again.", p.reference, workday.DateOf(y.clock.Now())),
			})
		}
	}
}
