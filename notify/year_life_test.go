package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
	"postroom/notify/smtptest"
)

// A year is a landlord's office whose days a test lives through, a few looks a
// day, each after the other: nothing in it depends on a real clock.
type year struct {
	*desk
	worker   *Worker
	sender   *sender
	rules    *classify.Rules
	chance   *rand.Rand
	printer  *Printer
	arrived  chan letter
	coming   []*piece // has not reached Postroom yet
	pieces   []*piece
	looks    []look
	mu       sync.Mutex
	rang     map[string]time.Time // when people were first called about a reference
	mailAway bool
	bouncing map[string]bool
}

// A look is one moment at which the office was looked at.
type look struct {
	at       time.Time
	mail     bool // the mail server was there
	officers bool // somebody could decide
	posts    bool // the mailroom took letters to the post
}

// looksADay are London times. At the third and the sixth the officers sit
// down to the queue, at the fifth letters are printed and posted.
var looksADay = strings.Fields("00:20 08:10 09:30 12:05 15:00 15:30 23:40")

// A trouble is a span in which something was not there.
type trouble struct{ what, from, to string }

// What can be away: the mail server, an officer, the mailroom, Postroom.
const (
	noMail     = "the mail server is away"
	boIll      = "bo is ill"
	cyIll      = "cy is ill"
	noMailroom = "nobody is in the mailroom"
	off        = "the machine is off"
	storm      = "a storm" // of complaints, and nobody comes to work
)

var troubles = []trouble{
	{storm, "2026-01-23 00:00", "2026-01-23 23:59"},
	{boIll, "2026-02-09 00:00", "2026-02-15 23:59"},
	{noMail, "2026-03-10 09:00", "2026-03-10 15:00"},
	{noMail, "2026-04-01 11:00", "2026-04-09 18:00"}, // over Easter, and people are there
	{boIll, "2026-05-11 00:00", "2026-05-17 23:59"},
	{cyIll, "2026-05-11 00:00", "2026-05-17 23:59"}, // both: the fail-safe acts for what came by mail
	{off, "2026-06-15 17:00", "2026-06-17 12:00"},
	{noMailroom, "2026-07-06 00:00", "2026-07-08 23:59"},
	// Everybody and everything.
	{noMail, "2026-08-17 00:00", "2026-08-27 12:00"},
	{boIll, "2026-08-17 00:00", "2026-08-26 23:59"},
	{cyIll, "2026-08-17 00:00", "2026-08-26 23:59"},
	{storm, "2026-10-30 00:00", "2026-10-30 23:59"},
	{storm, "2026-12-07 00:00", "2026-12-07 23:59"},
	{noMail, "2026-12-14 09:00", "2026-12-15 16:00"},
	{off, "2026-12-17 08:00", "2026-12-17 14:00"},
	{boIll, "2026-12-21 00:00", "2026-12-23 23:59"},
}

func london(tb testing.TB, text string) time.Time {
	tb.Helper()
	at, err := time.ParseInLocation("2006-01-02 15:04", text, workday.London())
	if err != nil {
		tb.Fatal(err)
	}
	return at
}

// now reports whether a trouble is on.
func (y *year) now(what string) bool {
	y.tb.Helper()
	for _, t := range troubles {
		if t.what == what && !y.clock.Now().Before(london(y.tb, t.from)) && y.clock.Now().Before(london(y.tb, t.to)) {
			return true
		}
	}
	return false
}

func newYear(tb testing.TB, database func(testing.TB, register.Config) register.Config, from string) *year {
	tb.Helper()
	y := &year{
		desk: newDeskOn(tb, database), rules: classify.Default(), chance: rand.New(rand.NewPCG(26, 11)),
		arrived: make(chan letter, 10000), rang: map[string]time.Time{}, bouncing: map[string]bool{},
	}
	y.clock.Set(london(tb, from+" 00:00"))
	server := smtptest.Start(tb, smtptest.Config{Decide: y.decide})
	pager := httptest.NewServer(http.HandlerFunc(y.page))
	tb.Cleanup(pager.Close)
	y.cfg.SMTP.Host, y.cfg.SMTP.Port = server.Host(), server.Port()
	y.cfg.Composer.Press = press(tb)
	y.cfg.Webhook = Webhook{Client: pager.Client()}
	y.cfg.Alarms = append(y.cfg.Alarms, register.Recipient{Way: register.ByWebhook, Address: pager.URL})
	y.cfg.Digest = y.cfg.Alarms[:1]
	y.cfg.Retry = Retry{First: time.Minute, Most: 10 * time.Minute}
	y.printer = y.desk.printer(tb)
	var err error
	y.worker, err = NewWorker(y.cfg)
	y.must(err)
	y.sender = &sender{Worker: y.worker, courier: &courier{server: y.worker.cfg.SMTP, now: y.clock.Now}}
	tb.Cleanup(y.sender.courier.close)
	return y
}

func (y *year) must(err error) {
	y.tb.Helper()
	if err != nil {
		y.tb.Fatal(err)
	}
}

// decide is the mail server.
func (y *year) decide(c smtptest.Call) smtptest.Action {
	y.mu.Lock()
	defer y.mu.Unlock()
	switch {
	case y.mailAway && c.Step != smtptest.Data:
		return smtptest.Drop
	case c.Step == smtptest.To && y.bouncing[c.To]:
		return smtptest.Refuse
	case c.Step == smtptest.Data && c.Raw != nil:
		y.arrived <- letter{to: c.To, raw: c.Raw}
	}
	return smtptest.Accept
}

// page is the pager of whoever is on duty.
func (y *year) page(_ http.ResponseWriter, r *http.Request) {
	var alarm struct{ Reference string }
	if json.NewDecoder(r.Body).Decode(&alarm) != nil {
		return
	}
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.rang[alarm.Reference].IsZero() {
		y.rang[alarm.Reference] = y.clock.Now()
	}
}

// live goes through the days up to the last.
func (y *year) live(last string) {
	y.tb.Helper()
	for day := workday.DateOf(y.clock.Now()); day.String() <= last; day = day.AddDays(1) {
		y.comes(day)
		for n, at := range looksADay {
			y.clock.Set(london(y.tb, day.String()+" "+at))
			y.look(n)
		}
	}
}

// comes thinks up a day's post.
func (y *year) comes(day workday.Date) {
	y.tb.Helper()
	y.clock.Set(london(y.tb, day.String()+" 12:00"))
	complaints, others := y.chance.IntN(4), y.chance.IntN(3)
	switch {
	case y.now(storm):
		complaints += 40
	case !worked(y.clock.Now()):
		complaints, others = y.chance.IntN(2), y.chance.IntN(2)
	}
	for n := range complaints + others {
		p := &piece{channel: register.Email, kind: requests, at: day.Start().Add(time.Duration(y.chance.IntN(24*60)) * time.Minute)}
		if n < complaints {
			p.kind, p.stage = complains, 1
			p.bounces, p.pursues = y.chance.IntN(40) == 0, y.chance.IntN(4) == 0
		} else if y.chance.IntN(8) == 0 {
			p.kind = machine
		}
		if p.kind == complains && worked(y.clock.Now()) && y.chance.IntN(5) == 0 {
			p.channel, p.at = register.Letter, day.Start().Add(10*time.Hour)
		}
		y.add(p)
	}
}

var wordsOf = map[pieceKind][]string{
	complains: {
		"I am writing to complain. My heating has been broken for three weeks, I rang four times and nobody came. Please repair it.",
		"Still no repair to the roof. I reported it in the spring and I am very unhappy with your service.",
		"Nobody turned up again today. This is the third appointment that was missed. I want an apology.",
		"The lift is out and it was out all of last month as well. I am not sure who to tell.",
		"I have mould in the bedroom and my son has asthma. You have done nothing about it since the winter.",
		"My solicitor will hear of this. You have ignored my letters about the damp and I want compensation.",
		"I wish to make a formal complaint about how your officer spoke to me on the phone.",
	},
	requests: {
		"Could you please send somebody to mend the tap in my kitchen? It drips.",
		"Please can I have a new key fob for the front door.",
	},
	machine: {"I am out of the office until Monday."},
}

// add puts a piece into the test's list.
func (y *year) add(p *piece) {
	n := len(y.pieces)
	if p.about == "" {
		p.who, p.name, p.door = fmt.Sprintf("resident%d@homes.example", n), "Resident "+inLetters(n), strconv.Itoa(n+1)
	}
	if p.text == "" {
		of := wordsOf[p.kind]
		p.text = fmt.Sprintf("%s (No. %d)", of[y.chance.IntN(len(of))], n)
	}
	y.mu.Lock()
	y.bouncing[p.who] = p.bounces
	y.mu.Unlock()
	y.pieces, y.coming = append(y.pieces, p), append(y.coming, p)
}

// inLetters writes a number as a name can have it.
func inLetters(n int) string {
	name := []byte(strconv.Itoa(n))
	for i := range name {
		name[i] += 'A' - '0'
	}
	return string(name)
}

// look does what is done at one moment of a day.
func (y *year) look(n int) {
	y.tb.Helper()
	ctx := y.tb.Context()
	away := y.now(noMail)
	y.mu.Lock()
	y.mailAway = away
	y.mu.Unlock()
	if y.now(off) {
		return
	}
	today := worked(y.clock.Now().In(workday.London())) && !y.now(storm)
	l := look{at: y.clock.Now(), mail: !y.mailAway}
	l.officers = today && (n == 2 || n == 5) && (!y.now(boIll) || !y.now(cyIll))
	l.posts = today && n == 4 && !y.now(noMailroom) && (!y.now(noMail) || !y.now(boIll))
	y.looks = append(y.looks, l)
	y.takeIn()
	if l.officers {
		y.officersWork()
	}
	y.worker.SweepOnce(ctx)
	y.worker.SoundOnce(ctx)
	y.send()
	if l.posts {
		y.printAndPost()
	}
	y.delivered()
}

// takeIn has Postroom receive and read what has come.
func (y *year) takeIn() {
	y.tb.Helper()
	ctx := y.tb.Context()
	later := y.coming[:0:0]
	for _, p := range y.coming {
		if p.at.After(y.clock.Now()) {
			later = append(later, p)
			continue
		}
		a := registertest.Arrival(p.text, p.at)
		a.Channel = p.channel
		got, err := y.Receive(ctx, []register.Arrival{a})
		y.must(err)
		y.must(got[0].Err)
		p.message, p.reference, p.taken = got[0].ID, got[0].Reference, y.clock.Now()
		opened, err := y.Open(ctx, []register.Opening{y.reading(p)})
		y.must(err)
		y.must(opened[0].Err)
		p.caseID = opened[0].Case
	}
	y.coming = later
}

// reading is what the reader and the rules make of a piece.
func (y *year) reading(p *piece) register.Opening {
	o := register.Opening{Message: p.message, Reading: registertest.Reading(p.text+"@homes.example", p.who, p.text)}
	o.Reading.From.Name = p.name
	q := classify.Message{Channel: string(p.channel), Text: p.text, Automatic: "none"}
	var about classify.Context
	switch {
	case p.channel == register.Letter:
		o.Reading.From, o.Reading.Authenticated, o.Reading.MessageID, o.Reading.PostalAddress = register.Address{Name: p.name}, false, "", p.home()
	case p.kind == machine:
		q.Automatic, o.Reading.Automatic, o.Reading.AutomaticWhy = "auto_reply", "auto_reply", "Auto-Submitted"
	case p.about != "":
		o.Join = register.Join{Case: p.about, Why: "reference", Trusted: true}
		about = classify.Context{Joins: true, CaseKind: classify.Complaint, Stage: 1, Stage1Answered: true}
	}
	o.Verdict = y.rules.Decide(q, about)
	return o
}

func (p *piece) home() []string { return []string{p.door + " Quay Street", "Bristol", "BS2 9XX"} }

// send carries all that is due, one after the other.
func (y *year) send() {
	y.tb.Helper()
	g := &y.worker.gate
	g.shut = false // its pause, of half a minute at most, is over
	for tries := range 200 {
		wait, shut := g.closed()
		n := 32
		if wait > 0 {
			n = 1 // a probe
		}
		if shut && tries > 3 {
			break // it is not back
		}
		slice, err := y.worker.due(y.tb.Context(), n)
		y.must(err)
		if len(slice) == 0 {
			break
		}
		for _, j := range y.worker.prepare(y.tb.Context(), slice) {
			y.sender.carry(y.tb.Context(), j)
		}
		y.sender.settled()
	}
}

// printAndPost prints what is in the tray and takes it to the post.
func (y *year) printAndPost() {
	y.tb.Helper()
	batch, _, err := y.printer.Make(y.tb.Context(), "mailroom")
	if errors.Is(err, ErrNothingToPrint) {
		return
	}
	y.must(err)
	y.must(y.Posted(y.tb.Context(), batch.ID, workday.DateOf(y.clock.Now()), "mailroom"))
	letters, err := y.BatchLetters(y.tb.Context(), batch.ID)
	y.must(err)
	for _, l := range letters {
		y.reached(l.Printed[0], l.Subject)
	}
}

// pieceOf finds the piece that a message is.
func (y *year) pieceOf(message register.ID) *piece {
	i := slices.IndexFunc(y.pieces, func(p *piece) bool { return p.message == message })
	return y.pieces[i]
}
