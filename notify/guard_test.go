package notify

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
)

func settings() GuardSettings {
	return GuardSettings{
		Own:  []string{"complaints@larkmere.example", "Hello@Larkmere.example"},
		Team: []string{"repairs@landlord.example"}, Domain: ourDomain,
		Caps: Caps{Recipient: 5, Case: 5, Team: 50, All: 1000},
	}
}

// owed is an acknowledgement that nothing speaks against.
func owed() register.Claimed {
	return register.Claimed{
		Outgoing: register.Outgoing{
			ID: "o1", Kind: register.Acknowledgement, Form: register.Defined, Stage: 1, Case: "c1", Message: "m1", Ordinal: 1,
			Reference: "CIT26-7KR4-M9X9", Way: register.ByEmail, To: register.Address{Name: "Ann Other", Address: "ann@mail.example"},
			CreatedAt: time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC), Deadline: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
		},
		TheCase: &register.Case{
			ID: "c1", Kind: register.ComplaintCase, Stage: 1, Message: "m1", MayQuote: true,
			Correspondent: register.Address{Name: "Ann Other", Address: "ann@mail.example"},
			Definition:    classify.Definition{Issues: []string{"The heating is off."}, Outcomes: []string{"Repair it."}},
			Topics:        []string{"heating_hot_water"},
		},
		TheMessage: &register.Message{
			ID: "m1", Fingerprint: "f1", DecidedBy: "rules@1", ReceivedAt: time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC),
			Reading: &register.Reading{From: register.Address{Address: "ann@mail.example"}, MessageID: "x@mail.example", Automatic: "none", Authenticated: true},
			Verdict: &classify.Verdict{Label: classify.Complaint, Topics: []string{"heating_hot_water"}},
		},
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name   string
		change func(*register.Claimed, *GuardSettings)
		want   Decision
		row    string
	}{
		{"an ordinary acknowledgement", func(*register.Claimed, *GuardSettings) {}, Send, ""},
		{"everything is held", func(_ *register.Claimed, s *GuardSettings) { s.Held = true }, Hold, "held"},
		{"a letter", func(c *register.Claimed, _ *GuardSettings) { byLetter(c) }, Send, ""},
		{"a letter to nowhere", func(c *register.Claimed, _ *GuardSettings) { byLetter(c); c.TheCase.Postal = nil }, Hold, "address"},
		{"a letter to an address that nobody has confirmed", func(c *register.Claimed, _ *GuardSettings) { byLetter(c); c.TheCase.PostalOK = false }, Hold, "address"},
		{"a letter abroad", func(c *register.Claimed, _ *GuardSettings) {
			byLetter(c)
			c.TheCase.Postal = []string{"1 rue de la Paix", "Paris"}
		}, Hold, "address"},
		{"a letter to nobody", func(c *register.Claimed, _ *GuardSettings) { byLetter(c); c.TheCase.Correspondent.Name = " " }, Hold, "address"},
		{"an alert by letter", func(c *register.Claimed, _ *GuardSettings) { byLetter(c); c.Kind = register.Alert }, Hold, "way"},
		{"a reply to a webhook", func(c *register.Claimed, _ *GuardSettings) { c.Way = register.ByWebhook }, Hold, "way"},
		{"no address", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = " " }, Hold, "address"},
		{"a header in the address", func(c *register.Claimed, _ *GuardSettings) {
			c.To.Address = "ann@mail.example\r\nBcc: eve@evil.example"
		}, Hold, "address"},
		{"two addresses", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "ann@mail.example, eve@evil.example" }, Hold, "address"},
		{"an SMTP command in the address", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "ann@mail.example> NOTIFY=NEVER" }, Hold, "address"},
		{"a quoted local part", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = `"ann b"@mail.example` }, Hold, "address"},
		{"a percent route", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "@relay.example:ann@mail.example" }, Hold, "address"},
		{"an address without a domain", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "ann" }, Hold, "address"},
		{"a very long address", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = strings.Repeat("a", 250) + "@b.example" }, Hold, "address"},
		{"an internationalised domain", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "ann@bücher.example" }, Send, ""},
		{"our own mailbox", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "Complaints@LARKMERE.example" }, Never, "own address"},
		{"our own mailbox with a plus", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "complaints+x@larkmere.example" }, Never, "own address"},
		{"our own other mailbox", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "hello@larkmere.example." }, Never, "own address"},
		{"our own people", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "repairs@landlord.example" }, Hold, "own address"},
		{"mailer-daemon", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "MAILER-DAEMON@mail.example" }, Never, "robot address"},
		{"noreply", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "no-reply@shop.example" }, Never, "robot address"},
		{"noreply with a plus", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "noreply+77@shop.example" }, Never, "robot address"},
		{"a list's request address", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "tenants-request@list.example" }, Never, "robot address"},
		{"a person called Norely", func(c *register.Claimed, _ *GuardSettings) { c.To.Address = "noreplyson@mail.example" }, Send, ""},
		{"do not answer, by rules", func(c *register.Claimed, _ *GuardSettings) { c.TheMessage.Reading.DoNotAnswer = "Precedence: bulk" }, Hold, "machine mail"},
		{"do not answer, a person decided", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage.Reading.DoNotAnswer, c.TheMessage.DecidedBy = "Precedence: bulk", "priya"
		}, Send, ""},
		{"a mail of ours came back", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage.Reading.MessageID = "<a.b.1@POST.larkmere.example>"
		}, Never, "our own mail"},
		{"junk, by rules", func(c *register.Claimed, _ *GuardSettings) { c.TheMessage.Junk = true }, Hold, "junk"},
		{"junk, a person decided", func(c *register.Claimed, _ *GuardSettings) { c.TheMessage.Junk, c.TheMessage.DecidedBy = true, "priya" }, Send, ""},
		{"history", func(c *register.Claimed, _ *GuardSettings) { c.TheMessage.History = true }, Hold, "history"},
		{"safeguarding, by rules", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage.Verdict.Flags = []classify.Flag{classify.Safeguarding}
		}, Hold, "person first"},
		{"legal, by rules", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage.Verdict.Flags = []classify.Flag{classify.Legal}
		}, Hold, "person first"},
		{"a representative, by a person", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage.Verdict.Flags, c.TheMessage.DecidedBy = []classify.Flag{classify.Representative}, "priya"
		}, Send, ""},
		{"a representative, holding form", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage.Verdict.Flags, c.Form = []classify.Flag{classify.Representative}, register.Holding
		}, Send, ""},
		{"a stranger's words", func(c *register.Claimed, _ *GuardSettings) { c.TheCase.MayQuote = false }, Hold, "stranger's words"},
		{"a stranger, our words only", func(c *register.Claimed, _ *GuardSettings) { c.TheCase.MayQuote, c.Form = false, register.Unquoted }, Send, ""},
		{"below the recipient's cap", func(c *register.Claimed, _ *GuardSettings) { c.Recent.Recipient = 4 }, Send, ""},
		{"at the recipient's cap", func(c *register.Claimed, _ *GuardSettings) { c.Recent.Recipient = 5 }, Hold, "cap for a recipient"},
		{"at the case's cap", func(c *register.Claimed, _ *GuardSettings) { c.Recent.Case = 5 }, Hold, "cap for a case"},
		{"at the brake", func(c *register.Claimed, _ *GuardSettings) { c.Recent.All = 1000 }, Hold, "brake"},
		{"no caps", func(c *register.Claimed, s *GuardSettings) {
			s.Caps = Caps{}
			c.Recent = register.RecentCounts{Recipient: 1e6, Case: 1e6, All: 1e6}
		}, Send, ""},
		{"capped machine mail is never, not held", func(c *register.Claimed, _ *GuardSettings) {
			c.Recent.Recipient, c.TheMessage.Reading.Automatic = 9, "auto_reply"
		}, Never, "machine mail"},
		{"no message, no case", func(c *register.Claimed, _ *GuardSettings) {
			c.TheMessage, c.TheCase, c.Form = nil, nil, register.Holding
		}, Send, ""},
		{"a message that was not read", func(c *register.Claimed, _ *GuardSettings) { c.TheMessage.Reading, c.TheMessage.Verdict = nil, nil }, Send, ""},
		// Forwards and alerts.
		{"a forward", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address = register.Forward, "", "repairs@landlord.example"
		}, Send, ""},
		{"a forward to our own mailbox", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address = register.Forward, "", "complaints@larkmere.example"
		}, Never, "own address"},
		{"forwards at the team's cap", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address, c.Recent.Recipient = register.Forward, "", "repairs@landlord.example", 50
		}, Hold, "cap for a recipient"},
		{"a forward beyond a resident's cap", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address, c.Recent.Recipient = register.Forward, "", "repairs@landlord.example", 20
		}, Send, ""},
		{"an alert about machine mail", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address, c.TheMessage.Reading.Automatic = register.Alert, "", "lead@larkmere.example", "bounce"
		}, Send, ""},
		{"an alert to our own mailbox", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address = register.Alert, "", "complaints@larkmere.example"
		}, Never, "own address"},
		{"an alert at the brake", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.To.Address, c.Recent.All = register.Alert, "", "lead@larkmere.example", 5000
		}, Send, ""},
		{"an alert while everything is held", func(c *register.Claimed, s *GuardSettings) {
			c.Kind, c.Form, s.Held = register.Alert, "", true
		}, Hold, "held"},
		{"a webhook by https", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.Way, c.To.Address = register.Alert, "", register.ByWebhook, "https://pager.example/x"
		}, Send, ""},
		{"a webhook on this machine", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.Way, c.To.Address = register.Alert, "", register.ByWebhook, "http://127.0.0.1:8080/x"
		}, Send, ""},
		{"a webhook in the clear", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.Way, c.To.Address = register.Alert, "", register.ByWebhook, "http://pager.example/x"
		}, Hold, "address"},
		{"a webhook that is a file", func(c *register.Claimed, _ *GuardSettings) {
			c.Kind, c.Form, c.Way, c.To.Address = register.Alert, "", register.ByWebhook, "file:///etc/passwd"
		}, Hold, "address"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c, s := owed(), settings()
			row.change(&c, &s)
			got := Guard(c, s)
			if got.Decision != row.want || got.Row != row.row {
				t.Errorf("%s by %q (%s), want %s by %q", got.Decision, got.Row, got.Reason, row.want, row.row)
			}
			if got.Reason == "" || strings.Contains(got.Reason, "@") || strings.Contains(got.Reason, "\n") {
				t.Errorf("the reason is %q", got.Reason)
			}
		})
	}
}

// TestMachineKindsAreNeverAnswered: F24 and F25 reach the guard as kinds; who
// has decided makes no difference.
func TestMachineKindsAreNeverAnswered(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"auto_reply", "bounce", "delay", "read_receipt", "list", "bulk", "feedback_report"} {
		for _, by := range []string{"rules@1", "priya"} {
			for _, form := range []register.Form{register.Defined, register.Unquoted, register.Holding} {
				c := owed()
				c.TheMessage.Reading.Automatic, c.TheMessage.Reading.AutomaticWhy, c.TheMessage.DecidedBy, c.Form = kind, "a header", by, form
				if got := Guard(c, settings()); got.Decision != Never || got.Row != "machine mail" {
					t.Errorf("%s decided by %s, %s: %+v", kind, by, form, got)
				}
			}
		}
		// A web form's mail is a machine's, the resident in it is none: a person
		// said whom to answer.
		c := owed()
		c.TheMessage.Reading.Automatic, c.TheMessage.DecidedBy = kind, "priya"
		c.TheMessage.Reading.From.Address = "webform@larkmere.example"
		if got := Guard(c, settings()); got.Decision != Send {
			t.Errorf("%s with another correspondent: %+v", kind, got)
		}
		c.TheMessage.DecidedBy = "rules@1"
		if got := Guard(c, settings()); got.Decision != Never {
			t.Errorf("%s with another correspondent by the rules: %+v", kind, got)
		}
	}
}

// TestPingPong: two systems answer each other, and no header shows it (F26).
// What one says quotes the other's reference, or opens something new.
func TestPingPong(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]bool{"each answer opens a case": true, "each answer joins the case": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, answered := settings(), 0
			for step := range 10 {
				c := owed()
				c.Message, c.Ordinal = fmt.Sprint("m", step), 1
				c.Recent = register.RecentCounts{Recipient: answered, All: answered}
				if fresh {
					c.Case = fmt.Sprint("c", step)
				} else {
					c.Kind, c.Form, c.Recent.Case = register.Receipt, "", answered
				}
				v := Guard(c, s)
				if v.Decision == Never {
					t.Fatalf("step %d: a cap must never cancel: %+v", step, v)
				}
				if v.Decision == Hold {
					if !v.Releasable {
						t.Errorf("step %d: a person cannot let it go", step)
					}
					break // the other side gets nothing to answer
				}
				answered++
			}
			if answered != s.Caps.Recipient {
				t.Errorf("%d answers went, want %d", answered, s.Caps.Recipient)
			}
		})
	}
}

func TestDeliverable(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"ann@mail.example": "ann@mail.example", "a.b+c'd@x-y.example": "a.b+c'd@x-y.example", "ann@BÜCHER.example": "ann@xn--bcher-kva.example",
		"ann@localhost":    "ann@localhost",
		"änn@mail.example": "", "ann@": "", "@mail.example": "", "ann@-x.example": "", "ann@[127.0.0.1]": "", "a..b@mail.example": "",
		".a@mail.example": "", "ann@mail..example": "", "ann @mail.example": "", "ann@mail.example\n": "", "<ann@mail.example>": "", "": "",
		"a@b@mail.example": "", "ann@mail.example.": "", "ann@mail.example\x00": "",
	} {
		got, err := deliverable(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("deliverable(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
}

func FuzzDeliverable(f *testing.F) {
	for _, seed := range []string{"ann@mail.example", "a@b\r\nBcc: c@d", "\"a b\"@c", "ann@bücher.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		got, err := deliverable(in)
		if err == nil && (strings.ContainsAny(got, "\r\n\t <>,;:\"()[]\\\x00") || strings.Count(got, "@") != 1) {
			t.Errorf("deliverable(%q) = %q", in, got)
		}
	})
}

func TestRetryPauses(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
	r := Retry{}.withDefaults()
	for _, row := range []struct {
		name     string
		failures int
		left     time.Duration
		kind     register.Kind
		min, max time.Duration
	}{
		{"first", 0, 100 * time.Hour, register.Acknowledgement, 45 * time.Second, 75 * time.Second},
		{"second", 1, 100 * time.Hour, register.Acknowledgement, 90 * time.Second, 150 * time.Second},
		{"tenth", 9, 100 * time.Hour, register.Acknowledgement, 45 * time.Minute, 75 * time.Minute},
		{"very many", 1 << 40, 100 * time.Hour, register.Acknowledgement, 45 * time.Minute, 75 * time.Minute},
		{"the deadline is near", 9, 30 * time.Minute, register.Acknowledgement, 7 * time.Minute, 13 * time.Minute},
		{"the deadline is at hand", 9, time.Minute, register.Acknowledgement, 40 * time.Second, 80 * time.Second},
		{"the deadline is over", 9, -time.Hour, register.Acknowledgement, 45 * time.Minute, 75 * time.Minute},
		{"an alert", 9, -time.Hour, register.Alert, 90 * time.Second, 150 * time.Second},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			for range 100 {
				got := r.pause(register.Outgoing{Failures: row.failures, Deadline: now.Add(row.left), Kind: row.kind}, now)
				if got < row.min || got > row.max {
					t.Fatalf("pause %v, want %v to %v", got, row.min, row.max)
				}
			}
		})
	}
	// However the dice fall, many tries fit before the deadline.
	o := register.Outgoing{CreatedAt: now, Deadline: now.Add(5 * 24 * time.Hour)}
	tries := 0
	for at := now; at.Before(o.Deadline); tries++ {
		at = at.Add(r.pause(o, at))
		o.Failures++
	}
	if tries < 50 {
		t.Errorf("%d tries before the deadline", tries)
	}
	if r.over(register.Outgoing{Failures: 30, CreatedAt: now}, now.Add(time.Hour)) {
		t.Error("given up before patience is over")
	}
	if !r.over(register.Outgoing{Failures: 11, CreatedAt: now}, now.Add(13*time.Hour)) || r.over(register.Outgoing{Failures: 5, CreatedAt: now}, now.Add(13*time.Hour)) {
		t.Error("the limit does not hold")
	}
}

func byLetter(c *register.Claimed) {
	c.Way, c.To.Address = register.ByLetter, ""
	c.TheCase.Postal, c.TheCase.PostalOK = []string{"12 Quay Street", "BS2 9XX"}, true
}
