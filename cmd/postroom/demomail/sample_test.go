package demomail_test

import (
	"bytes"
	"context"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/cmd/postroom/demomail"
)

func TestTheSampleIsRealPost(t *testing.T) {
	t.Parallel()
	posts := demomail.Sample()
	if len(posts) < 25 {
		t.Errorf("%d pieces, want 25 or more", len(posts))
	}
	names := map[string]bool{}
	for _, p := range posts {
		h := header(t, string(p.Raw))
		for _, name := range []string{"From", "To", "Subject", "Date", "Message-Id"} {
			if h.Get(name) == "" {
				t.Errorf("%s has no %s", p.Name, name)
			}
		}
		if _, err := mail.ParseAddress(h.Get("From")); err != nil {
			t.Errorf("%s: From: %v", p.Name, err)
		}
		if names[p.Name] || names[h.Get("Message-Id")] {
			t.Errorf("%s is there twice", p.Name)
		}
		names[p.Name], names[h.Get("Message-Id")] = true, true
		for line := range bytes.Lines(p.Raw) {
			if !bytes.HasSuffix(line, []byte("\r\n")) || bytes.Count(line, []byte("\r")) != 1 {
				t.Errorf("%s: line %q does not end in CRLF", p.Name, line)
			}
		}
	}
}

func TestPlaySendsAllInOrderAndAnswersWhatCame(t *testing.T) {
	t.Parallel()
	s := start(t)
	posts := demomail.Sample()
	ctx, cancel := context.WithCancel(t.Context())
	played := make(chan error, 1)
	go func() { played <- s.Play(ctx, time.Millisecond, posts) }()
	waiting := 0
	for _, p := range posts { // the landlord's side: acknowledge whoever will answer
		if p.Answers == "" {
			continue
		}
		waiting++
		ack := "From: Citrine Homes <complaints@citrine.example>\r\nSubject: We have your complaint\r\nMessage-ID: <ack-" + p.Name + "@post.citrine.example>\r\n\r\nThank you.\r\n"
		send(t, s, "bounces+"+p.Name+"@post.citrine.example", p.Answers, ack)
	}
	if err := <-played; err != nil {
		t.Fatal(err)
	}
	cancel()
	got := fetch(t, s, complaints, "INBOX")
	if len(got) != len(posts) {
		t.Fatalf("%d mails came, want %d", len(got), len(posts))
	}
	forged := 0
	for _, raw := range got {
		head, _, _ := strings.Cut(raw, "\r\n\r\n")
		if strings.ContainsAny(head, "{}") {
			t.Errorf("a placeholder is left: %s", head)
		}
		if strings.Contains(head, "dmarc=fail") {
			forged++
		}
	}
	all := strings.Join(got, "\r\n")
	if n := strings.Count(all, "In-Reply-To: <ack-"); n != waiting-1 || !strings.Contains(all, "\r\nMessage-ID: <ack-bounce@") {
		t.Errorf("%d answers, want %d, and a bounce that names what bounced", n, waiting-1)
	}
	if forged != 1 {
		t.Errorf("%d forged mails, want 1", forged)
	}
}

func TestPlayEndsWithItsContext(t *testing.T) {
	t.Parallel()
	s := start(t)
	only := slices.DeleteFunc(demomail.Sample(), func(p demomail.Post) bool { return p.Answers == "" })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Play(ctx, time.Hour, only); err != nil {
		t.Error(err)
	}
	if got := fetch(t, s, complaints, "INBOX"); len(got) != 0 {
		t.Errorf("answered what never came: %d mails", len(got))
	}
}
