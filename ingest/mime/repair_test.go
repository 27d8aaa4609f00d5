package mime

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// Broken mail is read, and it is said what was mended.
func TestRepairs(t *testing.T) {
	t.Parallel()
	const head = "From: Jo <jo@example.net>\nSubject: damp\n"
	const multi = head + "Content-Type: multipart/mixed; boundary=b\n\n"
	for _, tt := range []struct{ name, mail, text, repair string }{
		{"sound", head + "\nThe wall is wet.\n", "The wall is wet.", ""},
		{"mbox line", "From jo@example.net Mon Mar  2 10:00:00 2026\n" + head + "\nThe wall is wet.\n", "The wall is wet.", "separator"},
		{"quoted mbox line", ">From jo@example.net Mon Mar  2 10:00:00 2026\n" + head + "\nThe wall is wet.\n", "The wall is wet.", "separator"},
		{"line without a colon", "From: Jo <jo@example.net>\nrubbish here\nSubject: damp\n\nThe wall is wet.\n", "The wall is wet.", "without a colon"},
		{"blank lines first", "\n\r\n" + head + "\nThe wall is wet.\n", "The wall is wet.", "Blank lines"},
		{"a space first", " " + head + "\nThe wall is wet.\n", "The wall is wet.", "space before"},
		{"byte order mark", "\ufeff" + head + "\nThe wall is wet.\n", "The wall is wet.", ""},
		{"no header", "The wall is wet.\n\nJo\n", "The wall is wet.\n\nJo", "no header"},
		{"no header, words with colons", "Dear all: please come.\nNote: the wall is wet.\n", "Dear all: please come.\nNote: the wall is wet.", "no header"},
		{"no blank line", head + "The wall is wet.\nPlease come.\n", "The wall is wet.\nPlease come.", "blank line between"},
		{"bare CR throughout", strings.ReplaceAll(head+"\nThe wall is wet.\nCome.\n", "\n", "\r"), "The wall is wet.\nCome.", "bare carriage returns"},
		{"a subject that is not folded", "From: Jo <jo@example.net>\nSubject: damp in\nthe kitchen\nTo: x@y.example\n\nThe wall is wet.\n", "The wall is wet.", "part of the subject"},
		{"no type", head + "Content-Type: /; charset=utf-8\n\nThe wall is wet.\n", "The wall is wet.", ""},
		{"bare CR in the header", "From: Jo <jo@example.net>\rSubject: damp\n\nThe wall is wet.\n", "The wall is wet.", "carriage returns"},
		{"bare CR in the text", head + "\nThe wall\ris wet.\n", "The wall\nis wet.", ""},
		{"no final boundary", multi + "--b\n\nThe wall is wet.\n", "The wall is wet.", "end of the mail"},
		{"no boundary parameter", head + "Content-Type: multipart/mixed\n\n--xyz\nContent-Type: text/plain\n\nThe wall is wet.\n--xyz--\n", "The wall is wet.", "where its parts begin"},
		{"wrong boundary parameter", head + "Content-Type: multipart/mixed; boundary=abc\n\n--xyz\nContent-Type: text/plain\n\nThe wall is wet.\n--xyz--\n", "The wall is wet.", "where its parts begin"},
		{"boundary that does not occur", head + "Content-Type: multipart/mixed; boundary=abc\n\nThe wall is wet.\n", "The wall is wet.", "several parts"},
		{"bad part header", multi + "--b\nthis is no header\nContent-Type: text/html\n\n<p>The wall is wet.</p>\n--b--\n", "The wall is wet.", "without a colon"},
		{"part without a header", multi + "--b\nThe wall is wet.\n--b--\n", "The wall is wet.", "blank line between"},
		{"part after a bad part", multi + "--b\n: : :\n\nOne.\n--b\nContent-Type: text/plain\n\nTwo.\n--b--\n", ": : :\n\nOne.\n\nTwo.", "blank line between"},
		{"text after the end", multi + "--b\n\nOne.\n--b--\nAnd by the way, the door does not close either.\n", "One.\n\nAnd by the way, the door does not close either.", "after the end"},
		{"outer boundary ends an inner multipart", multi + "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nOne.\n--b\n\nTwo.\n--b--\n", "One.\n\nTwo.", "end of the mail"},
		{"similar boundaries", multi + "--b\nContent-Type: multipart/mixed; boundary=b1\n\n--b1\n\nOne.\n--b1--\n--b\n\nTwo.\n--b--\n", "One.\n\nTwo.", ""},
		{"same boundary inside", multi + "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nOne.\n--b--\n", "One.", "end of the mail"},
		{"base64 with junk", head + "Content-Transfer-Encoding: base64\n\nVGhlIHdh!!\n bGwgaXMgd2V0Lg==*\n", "The wall is wet.", "Base64"},
		{"base64 without its end", head + "Content-Transfer-Encoding: base64\n\nVGhlIHdhbGwgaXMgd2V0Lg\n", "The wall is wet.", ""},
		{"base64 in two blocks", head + "Content-Transfer-Encoding: base64\n\nVGhlIHdhbA==\nbCBpcyB3ZXQu\n", "The wall is wet.", ""},
		{"base64 that is none", head + "Content-Transfer-Encoding: base64\n\nThe wall is wet, and nobody comes.\n", "The wall is wet, and nobody comes.", "plain text"},
		{"quoted-printable with bad escapes", head + "Content-Transfer-Encoding: quoted-printable\n\nThe wall is 100=% wet=2E=\n", "The wall is 100=% wet.", "escapes"},
		{"encoding with parameters and case", head + "Content-Transfer-Encoding: \"Quoted-Printable\"; x\n\nThe wall is wet=2E\n", "The wall is wet.", ""},
		{"unknown encoding", head + "Content-Transfer-Encoding: x-weird\n\nThe wall is wet.\n", "The wall is wet.", "nobody knows"},
		{"multipart encoded as a whole", head + "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("--b\n\nThe wall is wet.\n--b--\n")) + "\n", "The wall is wet.", "packed in an unusual way"},
		{"multipart that only says it is encoded", head + "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nThe wall is wet.\n--b--\n", "The wall is wet.", ""},
		{"content type that is none", head + "Content-Type: \n\nThe wall is wet.\n", "The wall is wet.", ""},
		{"content type of one word", head + "Content-Type: text\n\nThe wall is wet.\n", "The wall is wet.", ""},
		{"broken parameters", head + "Content-Type: text/plain; charset=\"utf-8;; format=\"flowed\n\nThe wall is w\xc3\xa9t.\n", "The wall is wét.", ""},
		{"HTML that says it is plain", head + "\n<html><body><p>The wall is wet.</p></body></html>\n", "The wall is wet.", ""},
		{"uuencoded part", head + "Content-Transfer-Encoding: x-uuencode\n\nbegin 644 a.txt\n05&AE('=A;&P@:7,@=V5T+@``\n`\nend\n", "The wall is wet.", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, tt.mail, landlord())
			if m.Text != tt.text || m.Error != "" {
				t.Errorf("got %q, error %q", m.Text, m.Error)
			}
			if all := strings.Join(m.Repairs, " "); tt.repair == "" && strings.Contains(all, "parts") || !strings.Contains(all, tt.repair) {
				t.Errorf("repairs %q", m.Repairs)
			}
			if strings.HasPrefix(tt.name, "no header") {
				return
			}
			if subject, _, _ := strings.Cut(m.Subject, " "); subject != "damp" || m.From.Address != "jo@example.net" {
				t.Errorf("from %q, subject %q", m.From.Address, m.Subject)
			}
		})
	}
}

// Each limit is a clear outcome, and what was read before it stays.
func TestLimits(t *testing.T) {
	t.Parallel()
	nest := func(n int) string {
		var b strings.Builder
		b.WriteString("From: Jo <jo@example.net>\nSubject: damp\n")
		for i := range n {
			fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d.\n\n--b%d.\n", i, i)
		}
		return b.String() + "\nThe wall is wet.\n"
	}
	const head = "From: Jo <jo@example.net>\nSubject: damp\n"
	clock := func() func() time.Time {
		now := time.Unix(0, 0)
		return func() time.Time { now = now.Add(time.Second); return now }
	}
	for _, tt := range []struct {
		name, mail string
		limits     Limits
		now        func() time.Time
		want       string
	}{
		{"bytes", head + "\n" + strings.Repeat("wet ", 500), Limits{Bytes: 1000}, nil, "larger than the size limit"},
		{"parts", head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nwet\n", 50), Limits{Parts: 20}, nil, "more parts"},
		{"depth", nest(50), Limits{}, nil, "nested deeper"},
		{"depth of mails", head + strings.Repeat("Content-Type: message/rfc822\n\n"+head, 50) + "\nwet", Limits{}, nil, "nested deeper"},
		{"header", head + "X-Long: " + strings.Repeat("x", 5000) + "\n\nwet", Limits{HeaderBytes: 1000}, nil, "header lines (sender, subject and so on) are longer"},
		{"decoded", head + "Content-Type: image/png\n\n" + strings.Repeat("x", 5000), Limits{DecodedBytes: 1000}, nil, "unpacks to more"},
		{"text", head + "\n" + strings.Repeat("wet ", 500), Limits{TextBytes: 1000}, nil, "longer than the size limit"},
		{"nodes", head + "Content-Type: text/html\n\n" + strings.Repeat("<p>wet", 500), Limits{HTMLNodes: 100}, nil, "more pieces"},
		{"time", head + "Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nwet\n", 50), Limits{Duration: 10 * time.Second}, clock(), "longer than the time limit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, tt.mail, Options{Limits: tt.limits, Now: tt.now})
			if !strings.Contains(m.Error, tt.want) {
				t.Errorf("error %q", m.Error)
			}
			if m.From.Address != "jo@example.net" {
				t.Errorf("from %q", m.From.Address)
			}
		})
	}
}

func TestReadThatIsStopped(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if m := Read(ctx, strings.NewReader("From: jo@example.net\n\nwet\n"), landlord()); !strings.Contains(m.Error, "stopped") {
		t.Errorf("error %q", m.Error)
	}
	broken := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("From: jo@example.net\n\nwet\n")))
	if m := Read(t.Context(), broken, landlord()); m.Error == "" {
		t.Error("a reader that fails gave no error")
	}
}

// Slow readers give the same as quick ones.
func TestReadInPieces(t *testing.T) {
	t.Parallel()
	raw := withPicture(100 << 10)
	want := Read(t.Context(), bytes.NewReader(raw), landlord())
	got := Read(t.Context(), iotest.HalfReader(bytes.NewReader(raw)), landlord())
	if want.BodyDigest != got.BodyDigest || len(got.Attachments) != 1 {
		t.Errorf("%+v\n%+v", want, got)
	}
}

func TestOpenAttachment(t *testing.T) {
	t.Parallel()
	const mail = "From: jo@example.net\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nSee these.\n--b\nContent-Type: text/plain; name=a.txt\n\nfirst\n" +
		"--b\nContent-Type: message/rfc822\n\nSubject: inner\nContent-Type: image/png; name=c.png\nContent-Transfer-Encoding: base64\n\ndGhpcmQ=\n--b--\n"
	m := readText(t, mail, landlord())
	if len(m.Attachments) != 3 {
		t.Fatalf("%+v", m.Attachments)
	}
	for i, a := range m.Attachments {
		var out bytes.Buffer
		if err := OpenAttachment(t.Context(), strings.NewReader(mail), i, &out, landlord()); err != nil {
			t.Fatal(err)
		}
		if int64(out.Len()) != a.Size || digestOf(out.Bytes()) != a.SHA256 {
			t.Errorf("attachment %d: %q, listed as %+v", i, out.String(), a)
		}
	}
	if err := OpenAttachment(t.Context(), strings.NewReader(mail), 3, &bytes.Buffer{}, landlord()); !errors.Is(err, ErrNoAttachment) {
		t.Errorf("got %v", err)
	}
	full := errors.New("disk full")
	if err := OpenAttachment(t.Context(), strings.NewReader(mail), 0, failingWriter{full}, landlord()); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

type failingWriter struct{ err error }

func (f failingWriter) Write([]byte) (int, error) { return 0, f.err }
