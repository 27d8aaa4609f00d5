package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// settledNow reports whether the worker is done with an outgoing for now.
func settledNow(o register.Outgoing) bool {
	return o.State == register.Held || o.State == register.Delivered || o.State == register.Failed
}

// TestARobotThatAnswersEverything: another robot writes back to each of our
// mails, and no header shows it (F26). Ten steps with the real register,
// worker and mail server: it ends within the cap, and a person is asked.
func TestARobotThatAnswersEverything(t *testing.T) {
	t.Parallel()
	for name, joins := range map[string]bool{"each answer opens a case": false, "each answer joins the case": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.work()
			var first register.Opened
			sent, held := 0, 0
			for step := range 10 {
				opened := d.take("robot "+strconv.Itoa(step), func(r *register.Reading, o *register.Opening) {
					r.From = register.Address{Name: "Helpdesk", Address: "desk@robots.example"}
					if joins && step > 0 {
						r.MessageIDs = []string{"ours"}
						o.Verdict = registertest.Verdict(classify.FollowUp)
						o.Join = register.Join{Case: first.Case, Why: "our_message_id", Trusted: true}
					}
				})
				if step == 0 {
					first = opened
				}
				if len(opened.Owed) == 0 {
					continue // nothing is owed to a follow-up that nobody has to answer
				}
				o := d.until(opened.Owed[0].ID, "settled", settledNow)
				if o.State != register.Delivered {
					held++
					break // the robot gets nothing to answer
				}
				sent++
				d.clock.Advance(time.Minute)
			}
			if sent == 0 || sent > d.cfg.Guard.Caps.Recipient || held != 1 {
				t.Errorf("%d answers went and %d are held; the cap is %d", sent, held, d.cfg.Guard.Caps.Recipient)
			}
			if n := len(toResidents(d.office.letters())); n != sent {
				t.Errorf("%d mails left, %d are recorded", n, sent)
			}
			if alarms, err := d.OpenAlarms(t.Context(), 10); err != nil || len(alarms) == 0 {
				t.Errorf("nobody was called: %v", err)
			}
		})
	}
}

// TestAnAdviceCentreWritesForForty: forty residents' complaints in a day from
// one address. A person decides on each, since somebody writes for a resident;
// beyond the cap a person lets each go; forty acknowledgements arrive, once.
func TestAnAdviceCentreWritesForForty(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	d.work()
	const residents = 40
	seen := 0
	for i := range residents {
		opened := d.take("for resident "+strconv.Itoa(i), func(r *register.Reading, o *register.Opening) {
			r.From = register.Address{Name: "Advice Centre", Address: "casework@advice.example"}
			o.Verdict.Flags = []classify.Flag{classify.Representative}
		})
		if opened.State != register.InReview || len(opened.Owed) != 0 {
			t.Fatalf("without a person it is %s and owed %v", opened.State, opened.Owed)
		}
		m, err := d.GetMessage(t.Context(), opened.Message)
		if err != nil {
			t.Fatal(err)
		}
		decided, err := d.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "priya", Label: classify.Complaint, Definition: registertest.Verdict(classify.Complaint).Definition, Words: true,
		})
		if err != nil || len(decided.Owed) != 1 {
			t.Fatal(decided, err)
		}
		if o := d.until(decided.Owed[0].ID, "settled", settledNow); o.State == register.Held {
			seen++
			if _, err := d.Release(t.Context(), o.ID, "priya", "the advice centre writes for many"); err != nil {
				t.Fatal(err)
			}
			d.until(o.ID, "sent", is(register.Delivered))
		}
		d.clock.Advance(time.Minute)
	}
	if want := residents - d.cfg.Guard.Caps.Recipient; seen != want {
		t.Errorf("a person saw %d at the cap, want %d", seen, want)
	}
	references := map[string]bool{}
	for _, l := range toResidents(d.office.letters()) {
		if l.to != "casework@advice.example" {
			t.Errorf("a letter to %s", l.to)
		}
		references[header(t, l.raw).Get("Subject")] = true
	}
	if len(references) != residents || len(toResidents(d.office.letters())) != residents {
		t.Errorf("%d acknowledgements about %d complaints, want %d", len(d.office.letters()), len(references), residents)
	}
}

// TestAThousandMailsInAVictimsName: forged mails, none of them vouched for. The
// victim gets as many as the cap lets, each in our own words alone; the others
// wait for a person, and people are called.
func TestAThousandMailsInAVictimsName(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	const forged = 1000
	arrivals := make([]register.Arrival, forged)
	for i := range arrivals {
		arrivals[i] = registertest.Arrival("forged "+strconv.Itoa(i), d.clock.Now())
	}
	got, err := d.Receive(context.Background(), arrivals)
	if err != nil {
		t.Fatal(err)
	}
	openings := make([]register.Opening, forged)
	for i, g := range got {
		rd := registertest.Reading(fmt.Sprintf("forged%d@evil.example", i), "victim@mail.example", "Call me on 07700 900123, you liar "+strconv.Itoa(i))
		rd.Authenticated = false
		v := registertest.Verdict(classify.Complaint)
		v.Definition.Issues = []string{"Insults that nobody should be sent."}
		openings[i] = register.Opening{Message: g.ID, Reading: rd, Verdict: v}
	}
	opened, err := d.Open(context.Background(), openings)
	if err != nil {
		t.Fatal(err)
	}
	d.work()
	var owed []register.ID
	for _, o := range opened {
		if o.Err != nil || len(o.Owed) != 1 {
			t.Fatalf("%+v", o)
		}
		owed = append(owed, o.Owed[0].ID)
	}
	held := 0
	for _, id := range owed {
		o := d.until(id, "settled", settledNow)
		if o.State == register.Held {
			held++
		}
	}
	left := toResidents(d.office.letters())
	// What is in hand when the cap is reached still passes: a slice a connection.
	if most := d.cfg.Guard.Caps.Recipient + 64; len(left) > most || len(left) == 0 || held+len(left) != forged {
		t.Errorf("%d left and %d are held of %d", len(left), held, forged)
	}
	for _, l := range left {
		if text := string(l.raw); strings.Contains(text, "Insults") || strings.Contains(text, "07700") {
			t.Fatal("a stranger's words were sent to the victim")
		}
	}
	if alarms, err := d.OpenAlarms(t.Context(), 2000); err != nil || !slices.ContainsFunc(alarms, func(a register.Alarm) bool { return a.Kind == register.UnsentAlarm }) {
		t.Errorf("nobody was called: %v", err)
	}
	if n := len(d.office.letters()) - len(left); n > 100 {
		t.Errorf("people got %d alerts", n)
	}
}

// parts are the texts of a mail, undone.
func parts(t *testing.T, raw []byte) (mail.Header, []string) {
	t.Helper()
	m, err := mail.ReadMessage(strings.NewReader(string(raw)))
	if err != nil {
		t.Fatal(err)
	}
	_, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for r := multipart.NewReader(m.Body, params["boundary"]); ; {
		p, err := r.NextRawPart()
		if errors.Is(err, io.EOF) {
			return m.Header, texts
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, string(text))
	}
}

// TestWhatAStrangerPutsIntoAMail: nothing of it becomes a header, an address,
// a link or a phone number in what we send.
func TestWhatAStrangerPutsIntoAMail(t *testing.T) {
	t.Parallel()
	const evil = "evil@attacker.example"
	for name, change := range map[string]func(*register.Reading, *register.Opening){
		"a forged Reply-To": func(r *register.Reading, _ *register.Opening) {
			r.ReplyTo = []register.Address{{Name: "You", Address: "third@person.example"}}
		},
		"a forged sender": func(r *register.Reading, _ *register.Opening) { r.Authenticated = false },
		"headers in the name and the subject": func(r *register.Reading, o *register.Opening) {
			r.From.Name = "Ann\r\nBcc: " + evil + "\r\n\r\nHello"
			r.Subject = "Damp\r\nBcc: " + evil
			o.Verdict.Definition.Issues = []string{"The wall is wet.\r\nBcc: " + evil}
		},
		"headers in the Message-ID": func(r *register.Reading, _ *register.Opening) {
			r.MessageID = "a@b>\r\nBcc: " + evil + "\r\nX: <c@d"
			r.MessageIDs = []string{"x@y>\r\nBcc: " + evil}
		},
		"links and numbers in what is quoted": func(_ *register.Reading, o *register.Opening) {
			o.Verdict.Definition.Issues = []string{
				"See https://attacker.example/pay and www.attacker.example now.", "Ring 0909 8790 123 or write to " + evil + ".", `<a href="https://attacker.example">the wall</a> is wet.`,
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t)
			d.work()
			opened := d.take("abuse", change)
			if len(opened.Owed) != 1 {
				t.Fatalf("%+v", opened)
			}
			o := d.until(opened.Owed[0].ID, "settled", settledNow)
			left := toResidents(d.office.letters())
			if o.State != register.Delivered || len(left) != 1 {
				t.Fatalf("%s, %d letters", o.State, len(left))
			}
			h, texts := parts(t, left[0].raw)
			for field := range h {
				if !slices.Contains([]string{
					"From", "To", "Subject", "Date", "Message-Id", "Mime-Version", "Content-Type", "Auto-Submitted", "X-Auto-Response-Suppress", "X-Loop", "In-Reply-To", "References",
				}, field) {
					t.Errorf("the header %s: %q", field, h[field])
				}
			}
			for _, text := range append(texts, h.Get("Subject"), h.Get("To"), h.Get("References"), h.Get("In-Reply-To")) {
				for _, bad := range []string{"attacker.example", "0909", "href=\"https://attacker"} {
					if strings.Contains(text, bad) {
						t.Errorf("%q is in what left:\n%s", bad, text)
					}
				}
			}
			quotes := strings.Contains(strings.Join(texts, ""), "heating has been off")
			if trusted := name == "headers in the Message-ID"; quotes != trusted {
				t.Errorf("words of the mail are quoted: %v", quotes)
			}
		})
	}
}
