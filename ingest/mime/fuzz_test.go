package mime

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// smallLimits let the fuzzer meet every limit.
func smallLimits() Options {
	o := landlord()
	o.Limits = Limits{Bytes: 1 << 20, Parts: 40, Depth: 8, HeaderBytes: 32 << 10, DecodedBytes: 4 << 20, HTMLNodes: 2000, TextBytes: 64 << 10}
	return o
}

func seeds(f *testing.F) [][]byte {
	f.Helper()
	var all [][]byte
	for _, pattern := range []string{"testdata/mail/*.eml", "testdata/bad/*.eml"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			b, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			if len(b) < 16<<10 {
				all = append(all, b)
			}
		}
	}
	return all
}

// checkMessage holds whatever came in: text that can be stored and shown, new
// text made of lines of the text.
func checkMessage(t *testing.T, m *Message) {
	t.Helper()
	raw, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(raw, []byte(`\u0000`)) {
		t.Errorf("NUL in %s", raw)
	}
	for _, s := range []string{m.Text, m.NewText, m.Subject, m.From.Name, m.From.Address, m.MessageID, m.Error, strings.Join(m.Repairs, "")} {
		if !utf8.ValidString(s) {
			t.Errorf("not UTF-8: %q", s)
		}
	}
	checkLines(t, m.NewText, m.Text)
	for _, a := range m.Attachments {
		if strings.ContainsAny(a.Filename, "/\\\x00\n") || a.Filename == ".." || a.Filename == "." {
			t.Errorf("file name %q", a.Filename)
		}
		if a.SHA256 == "" && m.Error == "" {
			t.Errorf("attachment %q was not hashed", a.Filename)
		}
	}
	if m.From.Address != "" && mailbox(m.From.Address) == "" {
		t.Errorf("From %q is no address", m.From.Address)
	}
}

// checkLines wants each line of part among those of whole.
func checkLines(t *testing.T, part, whole string) {
	t.Helper()
	lines := map[string]bool{"": true}
	for l := range strings.SplitSeq(whole, "\n") {
		lines[strings.TrimSpace(l)] = true
	}
	for l := range strings.SplitSeq(part, "\n") {
		if !lines[strings.TrimSpace(l)] {
			t.Errorf("line %q is not in the text", l)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, b := range seeds(f) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m := Read(t.Context(), bytes.NewReader(b), smallLimits())
		checkMessage(t, m)
		if m.Error == "Postroom failed while reading this mail. The original is kept and can be downloaded." {
			t.Error("the reader panicked")
		}
		again, err := json.Marshal(Read(t.Context(), bytes.NewReader(b), smallLimits()))
		if err != nil {
			t.Fatal(err)
		}
		if first, _ := json.Marshal(m); !bytes.Equal(first, again) {
			t.Errorf("read twice:\n%s\n%s", first, again)
		}
	})
}

func FuzzAddresses(f *testing.F) {
	for _, s := range []string{
		"Jo <jo@example.net>", `"a, b" <jo@example.net>, x@y.example`, "<<<>>,,;;\"@@ (((", "fred@@x..y", "=?utf-8?q?J=C3=B6?= <j@x.example>",
		"undisclosed-recipients:;", "jo@example.net (Jo (nested))", "@a,@b:jo@x.example", "IMCEAMAILTO-a+40b+2Ecom@x.example",
		"=?00?q?=0 @0.0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, a := range parseAddresses(s) {
			if !utf8.ValidString(a.Name) || strings.ContainsAny(a.Name+a.Address, "\x00\r\n") {
				t.Errorf("%q gives %+v", s, a)
			}
			if a.Address == "" {
				continue
			}
			again := parseAddresses("<" + a.Address + ">")
			if len(again) != 1 || again[0].Address != a.Address {
				t.Errorf("%q gives %q, which gives %+v", s, a.Address, again)
			}
		}
	})
}

func FuzzBounce(f *testing.F) {
	f.Add("Hi. This is the qmail-send program\n\n<jo@example.net>:\nno (#5.1.1)\n", "Final-Recipient: rfc822; jo@example.net\nAction: failed\nStatus: 5.1.1\n")
	f.Add("did not reach\n\njo@example.net on Mon\n 550 user unknown", "Action: delayed\n\nFinal-Recipient: rfc822;\n x\n")
	f.Fuzz(func(t *testing.T, words, report string) {
		m := &Message{Subject: "Undeliverable"}
		w := &walk{budget: newBudget(t.Context(), Options{}), m: m, count: map[string]int{}}
		w.seen.read.delivery = []string{normalise(report)}
		w.deliveryReport(header{}, []piece{{text: normalise(words)}})
		if b := m.Bounce; b.Recipient != "" && mailbox(b.Recipient) == "" || b.Status != "" && !statusCode.MatchString(b.Status) {
			t.Errorf("%+v", m.Bounce)
		}
	})
}

func FuzzNewText(f *testing.F) {
	for _, s := range []string{
		"Hello\n\nOn Mon, 2 Mar 2026 at 10:00, A <a@b.example> wrote:\n> x\nyes\n> y", "a\n-- \nb", "x\n________________________________\nFrom: A\nSent: today\nTo: B\nSubject: C\n\nold",
		"Begin forwarded message:\n\nFrom: a@b.example\nDate: 1 May 2026\nTo: c\n\nhello", "> only quoted",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	f.Fuzz(func(t *testing.T, s string, reply bool) {
		text := normalise(s)
		got := newReader(reply, func(string) bool { return reply }).newText(text)
		checkLines(t, got, text)
	})
}

func FuzzTNEF(f *testing.F) {
	for _, b := range seeds(f) {
		if i := bytes.Index(b, []byte("eJ8+I")); i > 0 {
			if raw := decodeB(strings.ReplaceAll(string(b[i:]), "\r\n", "")); len(raw) > 100 {
				f.Add(raw)
			}
		}
	}
	f.Add([]byte("\x78\x9f\x3e\x22\x00\x00\x01\x0c\x80\x02\x00\x03\x00\x00\x00hi\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m := &Message{}
		w := &walk{budget: newBudget(t.Context(), smallLimits()), m: m, count: map[string]int{}}
		for _, p := range w.tnefPart(bytes.NewReader(b), "winmail.dat") {
			if !utf8.ValidString(p.text) {
				t.Errorf("not UTF-8: %q", p.text)
			}
		}
		for _, a := range m.Attachments {
			if a.SHA256 == "" {
				t.Errorf("attachment %q was not hashed", a.Filename)
			}
		}
	})
}

func digestOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
