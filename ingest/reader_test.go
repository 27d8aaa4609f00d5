package ingest_test

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A room is a reader with a real register, archive and in-process Redis.
type room struct {
	t        *testing.T
	clock    *registertest.Clock
	register *register.Register
	intake   *ingest.Intake
	reader   *ingest.Reader
	ids      reference.MessageIDs
	returns  reference.ReturnPaths
	count    int
}

const server = "mx.landlord.example"

func newRoom(t *testing.T) *room {
	t.Helper()
	clock := registertest.NewClock()
	r := registertest.Open(t, registertest.SQLite(t, registertest.Config(t, clock.Now)))
	a, err := archive.Open(t.TempDir(), clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	q, err := queue.Open(t.Context(), queue.Config{Now: clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = q.Close() })
	text, err := os.ReadFile("testdata/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rules, err := classify.Parse("rules.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	ids := reference.MessageIDs{Domain: "post.landlord.example", Key: []byte("0123456789abcdef0123456789abcdef")}
	returns := reference.ReturnPaths{Address: "bounces@landlord.example", Key: ids.Key}
	return &room{
		t: t, clock: clock, register: r, ids: ids, returns: returns,
		intake: &ingest.Intake{Archive: a, Register: r, Queue: q, Now: clock.Now, Logger: log},
		reader: ingest.NewReader(ingest.ReaderConfig{
			Register: r, Archive: a, Queue: q, Rules: rules, MessageIDs: ids, Returns: returns, Prefixes: []string{"CIT"},
			Options: map[string]mime.Options{"complaints": {AuthservID: server, OwnAddresses: []string{"complaints@landlord.example"}}},
			Now:     clock.Now, Logger: log,
		}),
	}
}

// A mail is what a test writes of one.
type mail struct {
	from, id, subject, text string
	headers                 []string
	forged                  bool   // no word of our own server's for the sender
	kind                    string // empty: text/plain
}

func (m mail) raw(n int) string {
	address := m.from
	if m.id == "" {
		m.id = fmt.Sprintf("mail%d@%s", n, strings.Split(address, "@")[1])
	}
	lines := []string{"Received: from outside by " + server + "; Mon, 23 Nov 2026 10:00:00 +0000"}
	if !m.forged {
		lines = append(lines, fmt.Sprintf("Authentication-Results: %s; dmarc=pass header.from=%s", server, strings.Split(address, "@")[1]))
	}
	lines = append(lines, "From: Resident <"+address+">", "To: complaints@landlord.example", "Subject: "+m.subject, "Message-ID: <"+m.id+">", "Date: Mon, 23 Nov 2026 09:59:00 +0000")
	lines = append(append(lines, m.headers...), "Content-Type: "+cmp.Or(m.kind, "text/plain")+"; charset=utf-8", "", m.text, "")
	return strings.Join(lines, "\r\n")
}

// take takes mails in together, reads them, and returns them as they stand.
func (r *room) take(mails ...string) []register.Message {
	r.t.Helper()
	ctx := r.t.Context()
	posts := make([]ingest.Post, len(mails))
	for i, raw := range mails {
		w, err := r.intake.Archive.Create(ctx)
		if err != nil {
			r.t.Fatal(err)
		}
		if _, err := w.Write([]byte(raw)); err != nil {
			r.t.Fatal(err)
		}
		posts[i] = ingest.Post{Original: w, Channel: register.Email, Source: "complaints", ReceivedAt: r.clock.Now(), Basis: register.InternalDate}
	}
	received, err := r.intake.Take(ctx, posts)
	if err != nil {
		r.t.Fatal(err)
	}
	ids := make([]register.ID, len(received))
	for i, g := range received {
		ids[i] = g.ID
	}
	if err := r.reader.Read(ctx, ids); err != nil {
		r.t.Fatal(err)
	}
	out := make([]register.Message, len(ids))
	for i, id := range ids {
		if out[i], err = r.register.GetMessage(context.WithoutCancel(ctx), id); err != nil {
			r.t.Fatal(err)
		}
	}
	return out
}

func (r *room) mail(m mail) register.Message {
	r.t.Helper()
	r.count++
	return r.take(m.raw(r.count))[0]
}

const grievance = "I am writing to complain. The heating in my flat has been broken for three weeks. I rang four times and nobody came. I am very unhappy with your service. Please repair the boiler this week."

func (r *room) complaint() register.Message {
	r.t.Helper()
	m := r.mail(mail{from: "ann@example.com", id: "first@example.com", subject: "Complaint about my heating", text: grievance})
	if m.State != register.Filed || m.Case == "" {
		r.t.Fatalf("the plainest complaint was not filed: state %s, label %v, problem %q", m.State, m.Verdict, m.Problem)
	}
	return m
}

func TestAComplaintIsReadJudgedAndOpened(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	m := r.complaint()
	if m.Verdict.Label != classify.Complaint || !m.Reading.Authenticated || m.Reading.Subject != "Complaint about my heating" {
		t.Errorf("verdict %+v reading %+v", m.Verdict, m.Reading)
	}
	due, err := r.register.Due(t.Context(), r.clock.Now(), 10)
	if err != nil || len(due) != 1 {
		t.Errorf("owed %v %v", due, err)
	}
}

// F17, F18, F19, F20, F21: what joins a case, and what does not.
func TestJoining(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		mail func(r *room, first register.Message) mail
		want register.MessageState
		join bool
		offe bool
	}{
		"a reference from the resident": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "Re: " + m.Reference, text: "Thank you. Could you tell me when the engineer will come?"}
		}, "", true, false},
		"a reference typed in lower case in the text": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "hello", text: "My number is " + strings.ToLower(m.Reference) + ". Could you tell me when the engineer will come?"}
		}, "", true, false},
		"a reference in an encoded subject": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "=?utf-8?q?Re=3A_" + strings.ReplaceAll(m.Reference, "-", "=2D") + "?=", text: "Could you tell me when the engineer will come?"}
		}, "", true, false},
		"a reference in the HTML alone": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "hello", kind: "text/html", text: "<p>Could you tell me when the engineer will come?</p><p>My number is <b>" + m.Reference + "</b></p>"}
		}, "", true, false},
		"a reference in what is quoted": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "Re: your letter", text: "Could you tell me when the engineer will come?\r\n\r\n> Your reference: " + m.Reference + "\r\n> We will answer soon."}
		}, "", true, false},
		"a stranger who answers our own mail": {func(r *room, m register.Message) mail {
			id := r.ids.Make(m.Fingerprint, "acknowledgement", 1, m.Reference)
			return mail{from: "eve@example.com", subject: "Re: your complaint", headers: []string{"In-Reply-To: <" + id + ">", "References: <" + id + ">"}, text: "Could you tell me what has happened?"}
		}, register.InReview, false, true},
		"References to her own first mail": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "Re: heating", headers: []string{"In-Reply-To: <first@example.com>", "References: <first@example.com>"}, text: "Could you tell me when the engineer will come?"}
		}, "", true, false},
		"a stranger with the reference": {func(_ *room, m register.Message) mail {
			return mail{from: "eve@example.com", subject: m.Reference, text: "Could you tell me what has happened?"}
		}, register.InReview, false, true},
		"her address, not vouched for": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: m.Reference, text: "Please send everything to my new address.", forged: true}
		}, register.InReview, false, true},
		"a stranger who forwards her mail": {func(_ *room, m register.Message) mail {
			return mail{from: "bob@example.com", subject: "Fwd: heating", headers: []string{"References: <first@example.com>"}, text: "See below. Could you tell me what has happened?"}
		}, register.InReview, false, true},
		"the resident herself, who sends it on": {func(_ *room, m register.Message) mail {
			return mail{from: "ann@example.com", subject: "Fwd: " + m.Reference, headers: []string{"References: <first@example.com>"}, text: "Could you tell my daughter what has happened?"}
		}, register.InReview, false, true},
		"a reference with one wrong character": {func(_ *room, m register.Message) mail {
			last := m.Reference[len(m.Reference)-2]
			other := byte('2')
			if last == other {
				other = '3'
			}
			wrong := m.Reference[:len(m.Reference)-2] + string(other) + m.Reference[len(m.Reference)-1:]
			return mail{from: "ann@example.com", subject: wrong, text: "Could you tell me when the engineer will come?"}
		}, register.InReview, false, true},
		"an id of our shape from another install": {func(_ *room, m register.Message) mail {
			other := reference.MessageIDs{Domain: "post.landlord.example", Key: []byte("ffffffffffffffffffffffffffffffff")}
			id := other.Make(m.Fingerprint, "acknowledgement", 1, m.Reference)
			return mail{from: "ann@example.com", subject: "hello", headers: []string{"In-Reply-To: <" + id + ">"}, text: "I would like to report a dripping tap in the kitchen, please."}
		}, "", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			first := r.complaint()
			got := r.mail(tc.mail(r, first))
			if (got.Case == first.Case) != tc.join {
				t.Errorf("joined %v, want %v; state %s, problem %q", got.Case == first.Case, tc.join, got.State, got.Problem)
			}
			if tc.want != "" && got.State != tc.want {
				t.Errorf("state %s, want %s", got.State, tc.want)
			}
			if (got.OfferedCase == first.Case) != tc.offe {
				t.Errorf("offered %q, want it offered: %v", got.OfferedCase, tc.offe)
			}
		})
	}
}

func TestOurSignatureJoinsWhenTheRegisterForgotTheMail(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := r.complaint()
	id := r.ids.Make(first.Fingerprint, "acknowledgement", 1, first.Reference)
	got := r.mail(mail{from: "ann@example.com", subject: "Re: your complaint", headers: []string{"In-Reply-To: <" + id + ">"}, text: "Thank you. Could you tell me when the engineer will come?"})
	if got.Case != first.Case {
		t.Errorf("not joined: %s %q", got.State, got.Problem)
	}
}

func TestTwoReferencesInOneMailAreForAPerson(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	one := r.complaint()
	two := r.mail(mail{from: "ann@example.com", subject: "Complaint about the lift", text: strings.ReplaceAll(grievance, "heating in my flat", "lift in my block")})
	got := r.mail(mail{from: "ann@example.com", subject: one.Reference + " and " + two.Reference, text: "Could you tell me how both are going?"})
	if got.State != register.InReview || got.Case != "" {
		t.Errorf("state %s case %q", got.State, got.Case)
	}
}

func TestAReplyInTheSameBatchFindsItsCase(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first := mail{from: "ann@example.com", id: "one@example.com", subject: "Complaint about my heating", text: grievance}
	second := mail{from: "ann@example.com", id: "two@example.com", subject: "Re: Complaint about my heating", headers: []string{"In-Reply-To: <one@example.com>"}, text: "Could you also tell me when the engineer will come?"}
	got := r.take(first.raw(1), second.raw(2))
	if got[0].Case == "" || got[1].Case != got[0].Case {
		t.Errorf("cases %q and %q; %q", got[0].Case, got[1].Case, got[1].Problem)
	}
}

// F7: one mail to two of our addresses.
func TestTheSameMailByTwoRoutesIsOneCase(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	m := mail{from: "ann@example.com", id: "one@example.com", subject: "Complaint about my heating", text: grievance}
	raw := m.raw(1)
	got := r.take(raw, "Delivered-To: repairs@landlord.example\r\n"+raw)
	if got[0].Case == "" || got[1].Case != got[0].Case || got[1].Twin != got[0].ID || got[1].State != register.Recorded {
		t.Errorf("second copy: %+v", got[1])
	}
}

// acknowledged is a complaint whose acknowledgement has gone out, with that
// and its Message-ID.
func (r *room) acknowledged() (first register.Message, reply register.ID, mailID string) {
	r.t.Helper()
	t := r.t
	first = r.complaint()
	due, err := r.register.Due(t.Context(), r.clock.Now(), 1)
	if err != nil || len(due) != 1 {
		t.Fatal(due, err)
	}
	id := r.ids.Make(first.Fingerprint, "acknowledgement", 1, first.Reference)
	claimed, err := r.register.Claim(t.Context(), []register.ID{due[0].ID}, time.Minute, register.Windows{})
	if err != nil || len(claimed) != 1 {
		t.Fatal(claimed, err)
	}
	if _, err := r.register.Begin(t.Context(), []register.Beginning{{ID: due[0].ID, Attempt: 1, MessageID: id, Bytes: "sha"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.register.Sent(t.Context(), []register.Outcome{{ID: due[0].ID, Attempt: 1}}); err != nil {
		t.Fatal(err)
	}
	return first, due[0].ID, id
}

// F28: the acknowledgement comes back, with its Message-ID, or to its return
// path without one.
func TestABounceFindsItsCase(t *testing.T) {
	t.Parallel()
	for name, report := range map[string]func(r *room, first register.Message, id string) string{
		"message-id": func(_ *room, _ register.Message, id string) string { return bounce(id) },
		"return path": func(r *room, first register.Message, _ string) string {
			raw := strings.Replace(bounce(""), "Message-ID: <>\r\n", "", 1)
			return strings.Replace(raw, "To: complaints@landlord.example", "To: "+r.returns.Make(first.Reference, 1), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRoom(t)
			first, reply, id := r.acknowledged()
			got := r.take(report(r, first, id))[0]
			if got.State != register.Recorded || got.Case != first.Case {
				t.Errorf("bounce: state %s case %q problem %q automatic %q", got.State, got.Case, got.Problem, got.Reading.Automatic)
			}
			o, err := r.register.GetOutgoing(t.Context(), reply)
			if err != nil || o.State != register.Failed {
				t.Errorf("reply %s %v, want refused: it is back in people's hands", o.State, err)
			}
		})
	}
}

// TestAForgedBounceFindsNothing: a return path that we did not sign, and a
// Message-ID that is not one of ours.
func TestAForgedBounceFindsNothing(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first, reply, _ := r.acknowledged()
	forged := reference.ReturnPaths{Address: r.returns.Address, Key: []byte("another key of that same length.")}
	raw := strings.Replace(bounce("ack.1@post.landlord.example"), "To: complaints@landlord.example", "To: "+forged.Make(first.Reference, 1), 1)
	if got := r.take(raw)[0]; got.Case != "" {
		t.Errorf("a forged bounce joined the case %s", got.Case)
	}
	if o, err := r.register.GetOutgoing(t.Context(), reply); err != nil || o.State != register.Delivered {
		t.Errorf("reply %s %v", o.State, err)
	}
}

// TestAComplaintAboutOurMailIsRecorded: a provider says that its customer
// called our mail spam (RFC 5965). The clock stays met, people are told.
func TestAComplaintAboutOurMailIsRecorded(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	first, reply, id := r.acknowledged()
	raw := strings.ReplaceAll(`Received: from fbl.mail.example by mx.landlord.example; Mon, 23 Nov 2026 10:05:00 +0000
From: Feedback loop <fbl@mail.example>
To: complaints@landlord.example
Subject: FW: Your complaint
Message-ID: <arf1@mail.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary=b

--b
Content-Type: text/plain

This is an email abuse report.
--b
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Loop/1.0
Version: 1

--b
Content-Type: message/rfc822

From: complaints@landlord.example
To: ann@example.com
Message-ID: <`+id+`>
Subject: Your complaint

Dear Ann
--b--
`, "\n", "\r\n")
	got := r.take(raw)[0]
	if got.State != register.Recorded || got.Reading.Automatic != "feedback_report" {
		t.Errorf("%s %q %q", got.State, got.Reading.Automatic, got.Problem)
	}
	events, err := r.register.History(t.Context(), "case:"+first.Case)
	if err != nil || !slices.ContainsFunc(events, func(e register.Event) bool { return e.What == "called_spam" && e.Detail["outgoing"] == reply }) {
		t.Errorf("history %+v, error %v", events, err)
	}
	if o, err := r.register.GetOutgoing(t.Context(), reply); err != nil || o.State != register.Delivered {
		t.Errorf("reply %s %v", o.State, err)
	}
	if alarms, err := r.register.OpenAlarms(t.Context(), 10); err != nil || len(alarms) != 1 || !strings.Contains(alarms[0].Note, "called spam") {
		t.Errorf("alarms %+v, error %v", alarms, err)
	}
}

func bounce(id string) string {
	return strings.ReplaceAll(`Received: from mx.example.com by mx.landlord.example; Mon, 23 Nov 2026 10:05:00 +0000
Return-Path: <>
From: Mail Delivery System <mailer-daemon@mx.example.com>
To: complaints@landlord.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <b1@mx.example.com>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

The mail could not be delivered: no such user.
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.com

Final-Recipient: rfc822; ann@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: text/rfc822-headers

From: complaints@landlord.example
To: ann@example.com
Message-ID: <`+id+`>
Subject: Your complaint

--b--
`, "\n", "\r\n")
}

func TestWhatCannotBeReadIsAVisibleItem(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for name, raw := range map[string]string{"empty": "", "nul bytes": strings.Repeat("\x00", 100), "no headers": "just words, no headers at all\r\n"} {
		m := r.take(raw)[0]
		if m.State != register.InReview || m.Problem == "" {
			t.Errorf("%s: state %s, problem %q", name, m.State, m.Problem)
		}
	}
}

// TestWhatAPersonIsTold has what the reader found out beside the text reach
// the register: what is to be opened by hand, and when a colleague had a mail.
func TestWhatAPersonIsTold(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	sentOn := "From: Officer <complaints@landlord.example>\nTo: complaints@landlord.example\nSubject: Fwd: damp\nContent-Type: multipart/mixed; boundary=b\n\n" +
		"--b\n\nPlease see below.\n--b\nContent-Type: message/rfc822\n\nReceived: from x by y; Mon, 2 Mar 2026 10:00:00 +0000\nFrom: Jo <jo@example.net>\nTo: officer@landlord.example\nSubject: damp\n\nThe wall is wet.\n" +
		"--b\nContent-Type: application/pdf; name=a.pdf\n\n%PDF-1.4\ntrailer<</Encrypt 9 0 R>>\n--b--\n"
	m := r.take(sentOn)[0]
	if want := "had it on 2 March 2026 at 10:00."; m.Reading.Complainant.Address != "jo@example.net" || !strings.Contains(m.Reading.ComplainantWhy, want) {
		t.Errorf("complainant %+v, %q", m.Reading.Complainant, m.Reading.ComplainantWhy)
	}
	if len(m.Reading.Notes) != 1 || !strings.Contains(m.Reading.Notes[0], "a.pdf is locked") {
		t.Errorf("notes %q", m.Reading.Notes)
	}
}
