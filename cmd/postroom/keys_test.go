package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/notify"
)

// The whole of a rotation: replies to mail that went out under the old
// Message-ID key find their case, and new mail is signed with the new one.
func TestMessageIDKeyRotatesWithoutLosingThreads(t *testing.T) {
	t.Parallel()
	w := newTown(t, townPlan{})
	w.post(1)
	p := w.serve("")
	w.answered(p)
	p.stop(t)
	secrets := filepath.Join(w.folder, "data", "secrets")
	current, old := filepath.Join(secrets, "message-id.key"), filepath.Join(secrets, "message-id-2026.key")
	under := func(file string) reference.MessageIDs {
		key, err := os.ReadFile(file)
		w.must(err)
		return reference.MessageIDs{Domain: "post.citrine.example", Key: bytes.TrimSpace(key)}
	}
	first := w.lastMessageID()
	if _, ours := under(current).Verify(first); !ours {
		t.Fatalf("%s is not ours", first)
	}
	// As docs/operating.md says.
	w.must(os.Rename(current, old))
	settings, err := os.ReadFile(w.config)
	w.must(err)
	w.must(os.WriteFile(w.config, append(settings, fmt.Sprintf("keys: {message_id_old_key_files: [%q]}\n", old)...), 0o600))
	w.reply("resident1@homes.example", first)
	w.post(1)
	p = w.serve("")
	w.answered(p)
	p.stop(t)

	messages, err := w.look().Messages(t.Context(), time.Time{}, 10)
	w.must(err)
	cases := map[register.ID]int{}
	for _, m := range messages {
		cases[m.Case]++
	}
	if len(messages) != 3 || len(cases) != 2 || cases[""] > 0 {
		t.Errorf("%d messages are in cases %v, want the reply in the first one's", len(messages), cases)
	}
	fresh := w.lastMessageID()
	_, new := under(current).Verify(fresh)
	_, still := under(old).Verify(fresh)
	if !new || still {
		t.Errorf("%s: signed with the new key %t, with the old one %t", fresh, new, still)
	}
	both := under(current)
	both.OldKeys = [][]byte{under(old).Key}
	if _, ours := both.Verify(first); !ours {
		t.Error("the first reply is a stranger's now")
	}
}

// lastMessageID is that of the last mail that a resident got.
func (w *town) lastMessageID() string {
	w.t.Helper()
	all := w.office.Delivered()
	m, err := mail.ReadMessage(bytes.NewReader(all[len(all)-1].Raw))
	w.must(err)
	return m.Header.Get("Message-ID")
}

// reply delivers what a resident writes back to a mail of ours.
func (w *town) reply(from, to string) {
	w.t.Helper()
	w.sent++
	raw := fmt.Sprintf("From: Resident <%s>\nTo: %s\nSubject: Re: your letter\nMessage-ID: <reply%d@homes.example>\nIn-Reply-To: %s\nContent-Type: text/plain\n\nNobody has come yet.\n",
		from, townAddress, w.sent, to)
	w.must(w.mailbox.deliver(from, []byte(strings.ReplaceAll(raw, "\n", "\r\n"))))
}

// A reference key that was lost, made anew or mixed up is refused before
// anything gets a second reference, and check says what to do.
func TestReferenceKeyNeverRotates(t *testing.T) {
	t.Parallel()
	w := newTown(t, townPlan{})
	p := w.serve("")
	w.post(1)
	w.answered(p)
	p.stop(t)
	key := filepath.Join(w.folder, "data", "secrets", "reference.key")
	right, err := os.ReadFile(key)
	w.must(err)
	w.must(os.Remove(key)) // the next start makes another
	p = w.serve("")
	select {
	case <-p.over: //nolint:errcheck // how it ended does not matter
	case <-time.After(patience):
		t.Fatal("it serves with another reference key")
	}
	if said := p.log.String(); !strings.Contains(said, "put the key back from a backup") {
		t.Errorf("it says %s", said)
	}
	other, err := examplePlan([]byte("another"))
	w.must(err)
	other.driver, other.dsn = "sqlite", w.register.DSN
	other.references, err = reference.NewMaker("CIT", []byte(strings.Repeat("another", 8)))
	w.must(err)
	if f := other.checkRegister(t.Context()); !errors.Is(f.err, register.ErrOtherReferenceKey) {
		t.Errorf("check says %+v", f)
	}
	w.must(os.WriteFile(key, right, 0o600))
	w.post(1)
	p = w.serve("")
	w.answered(p)
	p.stop(t)
}

// check looks after the record of a selector that signs no more.
func TestOldSelectorIsStillPublished(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	d, err := notify.NewDKIM("citrine.example", "post2027", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		answer []string
		fails  error
		want   string // of the problem; empty: none
	}{
		"there":     {answer: []string{"v=DKIM1; k=rsa; p=MIIB"}},
		"withdrawn": {answer: []string{"v=DKIM1; p="}, want: "holds no key at post2026._domainkey.citrine.example"},
		"no key":    {answer: []string{"v=spf1 -all"}, want: "holds no key"},
		"gone":      {fails: errors.New("no such host"), want: "no such host"},
	} {
		f := checkOldDKIM(t.Context(), d, "post2026", func(_ context.Context, asked string) ([]string, error) {
			if asked != "post2026._domainkey.citrine.example" {
				t.Errorf("asked for %s", asked)
			}
			return c.answer, c.fails
		})
		if (f.err == nil) != (c.want == "") || f.err != nil && !strings.Contains(f.err.Error(), c.want) {
			t.Errorf("%s: %v", what, f.err)
		}
	}
}
