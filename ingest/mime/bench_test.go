package mime

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"math/rand/v2"
	"mime/multipart"
	"net/mail"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	stdmime "mime"
)

// mixedSet is what a mailbox holds: plain, HTML, odd charsets, and one mail in
// eight with a picture of 1 MB.
func mixedSet(b *testing.B) [][]byte {
	b.Helper()
	files, err := filepath.Glob("testdata/mail/*.eml")
	if err != nil || len(files) == 0 {
		b.Fatalf("no mails, %v", err)
	}
	var set [][]byte
	for i, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		set = append(set, raw)
		if i%7 == 0 {
			set = append(set, withPicture(1<<20))
		}
	}
	return set
}

// withPicture makes a mail with an attachment of size bytes.
func withPicture(size int) []byte {
	var out bytes.Buffer
	out.WriteString("From: Jo <jo@example.net>\r\nTo: complaints@larkmere.example.org\r\nSubject: damp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b1\r\n\r\n" +
		"--b1\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe wall is wet, see the picture.\r\n--b1\r\nContent-Type: image/jpeg; name=wall.jpg\r\n" +
		"Content-Disposition: attachment; filename=wall.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	random := rand.NewChaCha8([32]byte{1})
	line := make([]byte, 57)
	for n := 0; n < size; n += len(line) {
		_, _ = random.Read(line)
		if n == 0 {
			copy(line, "\xff\xd8\xff\xe0\x00\x10JFIF\x00")
		}
		out.WriteString(base64.StdEncoding.EncodeToString(line))
		out.WriteString("\r\n")
	}
	out.WriteString("--b1--\r\n")
	return out.Bytes()
}

func BenchmarkRead(b *testing.B) {
	set := mixedSet(b)
	o := landlord()
	benchmark(b, set, func(raw []byte) error {
		if m := Read(b.Context(), bytes.NewReader(raw), o); m.Error != "" {
			return fmt.Errorf("%s: %s", m.Subject, m.Error)
		}
		return nil
	})
}

// BenchmarkStandardWalk is the yardstick: the standard library's bare walk
// over the parts, decoded and thrown away.
func BenchmarkStandardWalk(b *testing.B) {
	benchmark(b, mixedSet(b), func(raw []byte) error {
		m, err := mail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			return err
		}
		return standardWalk(m.Header.Get("Content-Type"), m.Header.Get("Content-Transfer-Encoding"), m.Body)
	})
}

func standardWalk(contentType, encoding string, r io.Reader) error {
	t, params, err := stdmime.ParseMediaType(contentType)
	if err == nil && strings.HasPrefix(t, "multipart/") {
		parts := multipart.NewReader(r, params["boundary"])
		for {
			p, err := parts.NextPart()
			if err != nil {
				return nil //nolint:nilerr // a missing end is an end
			}
			if err := standardWalk(p.Header.Get("Content-Type"), p.Header.Get("Content-Transfer-Encoding"), p); err != nil {
				return err
			}
		}
	}
	if strings.EqualFold(encoding, "base64") {
		r = base64.NewDecoder(base64.StdEncoding, r)
	}
	_, err = io.Copy(io.Discard, r)
	return err
}

// benchmark prints messages and bytes per second over the set.
func benchmark(b *testing.B, set [][]byte, read func([]byte) error) {
	b.Helper()
	var bytesRead, n int64
	b.ReportAllocs()
	cpu := processorTime(b)
	for i := 0; b.Loop(); i++ {
		raw := set[i%len(set)]
		if err := read(raw); err != nil {
			b.Fatal(err)
		}
		n++
		bytesRead += int64(len(raw))
	}
	// Per second of processor time, which a busy machine changes least: it is
	// what one core does.
	seconds := (processorTime(b) - cpu).Seconds()
	b.ReportMetric(float64(n)/seconds, "messages/core-s")
	b.ReportMetric(float64(bytesRead)/seconds/1e6, "MB/core-s")
}

// processorTime is what this process has used so far.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// BenchmarkLargeMail shows the memory that a mail of 25 MB is read in.
func BenchmarkLargeMail(b *testing.B) {
	raw := withPicture(18 << 20) // 25 MB as base64
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		if m := Read(b.Context(), bytes.NewReader(raw), landlord()); len(m.Attachments) != 1 {
			b.Fatalf("%+v", m)
		}
	}
}

// TestMemory bounds what a mail of 25 MB takes while it is read.
func TestMemory(t *testing.T) {
	raw := withPicture(18 << 20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	m := Read(t.Context(), bytes.NewReader(raw), landlord())
	runtime.ReadMemStats(&after)
	if len(m.Attachments) != 1 || m.Attachments[0].ContentType != "image/jpeg" {
		t.Fatalf("%+v", m)
	}
	if got := after.TotalAlloc - before.TotalAlloc; got > 4<<20 {
		t.Errorf("allocated %d bytes in all", got)
	}
}

// TestMemoryOfBadMails bounds what each of the hostile mails takes in all while
// it is read: those that unpack, nest and repeat too.
func TestMemoryOfBadMails(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.eml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no mails, %v", err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		Read(t.Context(), bytes.NewReader(raw), landlord())
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; got > 48<<20 {
			t.Errorf("%s: %d bytes", name, got)
		}
	}
}
