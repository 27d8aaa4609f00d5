package demomail

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"
)

//go:embed sample/*.eml
var sampleFiles embed.FS

// A Post is one piece of sample post.
type Post struct {
	Name    string // such as "damp-third-time"
	From    string // envelope sender; empty when null
	Forged  bool   // our server says that it does not come from whom it says
	Answers string // it answers the newest mail of this mailbox, and so must wait for one; empty: it answers nothing
	Raw     []byte // RFC 5322, CRLF, with the placeholders of fill
}

// Sample is post of every kind that a landlord gets: complaints and requests
// for service, polite and furious, emergencies, a stage 2 request, other
// languages, other people writing, machines, and answers to what was sent.
func Sample() []Post {
	posts := []Post{
		{Name: "damp-third-time", From: "d.harkin@homes.example"},
		{Name: "radiator-polite", From: "amarjit.bains@letterbox.example"},
		{Name: "gas-smell", From: "kevdoyle77@quickmail.example"},
		{Name: "newsletter", From: "bounce-4410@sectorbulletin.example"},
		{Name: "arrears-letter", From: "joanw@letterbox.example"},
		{Name: "stage-two", From: "lewis.abara@homes.example"},
		{Name: "chaser", From: "d.harkin@homes.example", Answers: "d.harkin@homes.example"},
		{Name: "missed-appointments", From: "patience@okonjo-reid.example"},
		{Name: "thank-you", From: "bernice@oduya.example"},
		{Name: "out-of-office", Answers: "joanw@letterbox.example"},
		{Name: "cymraeg", From: "sion.prydderch@llythyr.example"},
		{Name: "no-heating-baby", From: "ola.b@homes.example"},
		{Name: "bounce", Answers: "kevdoyle77@quickmail.example"},
		{Name: "key-fob", From: "nadia.rahimi@letterbox.example"},
		{Name: "forwarded-by-a-colleague", From: "hannah.li@citrine.example"},
		{Name: "noise-no-action", From: "t.vasquez@letterbox.example"},
		{Name: "not-who-it-says", From: "d.harkin@homes.example", Forged: true},
		{Name: "councillor", From: "cllr.m.stopes@council.example"},
		{Name: "lift", From: "junipertower@groups.example"},
		{Name: "photo-of-the-ceiling", From: "marta.k@homes.example"},
		{Name: "seo-offer", From: "hello@rank-me-first.example"},
		{Name: "large-print", From: "albert.nye@letterbox.example"},
		{Name: "bins", From: "g.marlowe@quickmail.example"},
		{Name: "solicitor", From: "disrepair@pargeter-vane.example"},
		{Name: "worried-neighbour", From: "anon.neighbour@quickmail.example"},
		{Name: "short-and-angry", From: "pruett@quickmail.example"},
		{Name: "polish", From: "pawel.nowicki@poczta.example"},
		{Name: "parking-question", From: "yusuf@demir.example"},
		{Name: "own-data", From: "s.achterberg@letterbox.example"},
	}
	for i := range posts {
		// An embedded file that the list names is there: a test reads them all.
		raw, _ := sampleFiles.ReadFile("sample/" + posts[i].Name + ".eml")
		posts[i].Raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	}
	return posts
}

// Send delivers a piece of sample post, dated now. It reports false when the
// mail that it answers has not come yet.
func (s *Servers) Send(p Post) (bool, error) {
	var answered newest
	to := s.config.Complaints
	if p.Answers != "" {
		var ok bool
		if answered, ok = s.last(p.Answers); !ok {
			return false, nil
		}
		if p.From == "" && answered.returnPath != "" {
			to = answered.returnPath
		}
	}
	t := trace{from: p.From, helo: "mail.example", peer: "127.0.0.1", dmarc: "pass"}
	if p.Forged {
		t.dmarc = "fail"
	}
	if err := s.deliver(t, to, s.fill(p.Raw, to, answered)); err != nil {
		return false, fmt.Errorf("demo mail: deliver %s: %w", p.Name, err)
	}
	return true, nil
}

// fill puts in what a piece of sample post cannot know beforehand.
func (s *Servers) fill(raw []byte, to string, answered newest) []byte {
	return []byte(strings.NewReplacer(
		"{complaints}", s.config.Complaints,
		"{date}", s.config.Now().Format(time.RFC1123Z),
		"{return-path}", to,
		"{answered-id}", answered.id,
		"{answered-subject}", answered.subject,
	).Replace(string(raw)))
}

// Play sends posts in their order, the first at once and then one in every
// such time; those that answer a mail which has not come yet let others pass.
// It returns when all are sent, or when ctx ends, and then without an error.
func (s *Servers) Play(ctx context.Context, every time.Duration, posts []Post) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for left := slices.Clone(posts); ; {
		for i := range left {
			sent, err := s.Send(left[i])
			if err != nil {
				return err
			}
			if sent {
				left = slices.Delete(left, i, i+1)
				break
			}
		}
		if len(left) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
