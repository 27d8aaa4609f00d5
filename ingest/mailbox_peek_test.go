package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"

	"postroom/internal/register"
)

func TestArrivedAt(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name             string
		internal, header time.Time
		want             time.Time
		basis            register.Basis
	}{
		{"header earlier", noon.Add(-time.Hour), noon.Add(-2 * time.Hour), noon.Add(-2 * time.Hour), register.ReceivedHeader},
		{"mailbox earlier", noon.Add(-2 * time.Hour), noon.Add(-time.Hour), noon.Add(-2 * time.Hour), register.InternalDate},
		{"the same", noon, noon, noon, register.InternalDate},
		{"no header", noon.Add(-time.Hour), time.Time{}, noon.Add(-time.Hour), register.InternalDate},
		{"header alone", time.Time{}, noon.Add(-time.Hour), noon.Add(-time.Hour), register.ReceivedHeader},
		{"neither", time.Time{}, time.Time{}, noon, register.FileTime},
		{"mailbox in the future", noon.Add(time.Hour), time.Time{}, noon, register.InternalDate},
		{"both in the future", noon.Add(2 * time.Hour), noon.Add(time.Hour), noon, register.ReceivedHeader},
		{"header in the future", noon.Add(-time.Hour), noon.Add(time.Hour), noon.Add(-time.Hour), register.InternalDate},
		{"header by a dead clock", noon.Add(-time.Hour), time.Unix(60, 0), noon.Add(-time.Hour), register.InternalDate},
		{"mailbox by a dead clock", time.Date(2000, 1, 1, 0, 3, 0, 0, time.UTC), noon.Add(-time.Hour), noon.Add(-time.Hour), register.ReceivedHeader},
		{"both by dead clocks", time.Unix(60, 0), time.Date(1980, 1, 1, 0, 0, 9, 0, time.UTC), noon, register.FileTime},
	} {
		if at, basis := arrivedAt(tc.internal, tc.header, noon); !at.Equal(tc.want) || basis != tc.basis {
			t.Errorf("%s: got %v by %s, want %v by %s", tc.name, at, basis, tc.want, tc.basis)
		}
	}
}

func TestTopmostReceived(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	for name, header := range map[string]string{
		"plain":             "Received: from a by b; Mon, 23 Nov 2026 09:30:00 +0000\r\n\r\n",
		"summer time":       "Received: by b; Mon, 23 Nov 2026 10:30:00 +0100\r\n\r\n",
		"a zone's name":     "Received: by b; Mon, 23 Nov 2026 10:30:00 BST\r\n\r\n",
		"its offset too":    "Received: by b; Mon, 23 Nov 2026 10:30:00 +0100 BST\r\n\r\n",
		"folded":            "Return-Path: <a@b>\r\nReceived: from a\r\n\tby b;\r\n Mon, 23 Nov 2026\r\n 09:30:00 +0000\r\n\r\n",
		"lone line feeds":   "Received: by b; Mon, 23 Nov 2026 09:30:00 +0000\n\nbody",
		"odd case, comment": "rEcEiVeD: by b; Mon, 23 Nov 2026 09:30:00 +0000 (GMT)\r\n\r\n",
		"topmost of two":    "Received: by b; Mon, 23 Nov 2026 09:30:00 +0000\r\nReceived: by c; Mon, 23 Nov 2026 08:00:00 +0000\r\n\r\n",
		"semicolons":        "Received: from a (x; y) by b; Mon, 23 Nov 2026 09:30:00 +0000\r\n\r\n",
		"cut off after it":  "Received: by b; Mon, 23 Nov 2026 09:30:00 +0000",
		"after junk":        "no header line\r\nReceived: by b; Mon, 23 Nov 2026 09:30:00 +0000\r\n\r\n",
	} {
		if got := topmostReceived([]byte(header)); !got.Equal(want) {
			t.Errorf("%s: got %v", name, got)
		}
	}
	for name, header := range map[string]string{
		"nothing": "", "in the body": "Subject: x\r\n\r\nReceived: by b; Mon, 23 Nov 2026 09:30:00 +0000\r\n",
		"no date": "Received: from a by b\r\n\r\n", "nonsense": "Received: from a by b; yesterday\r\n\r\n",
		// A stranger's header below an unreadable one of ours is not believed.
		"second one only": "Received: garbage\r\nReceived: by c; Mon, 23 Nov 2026 08:00:00 +0000\r\n\r\n",
	} {
		if got := topmostReceived([]byte(header)); !got.IsZero() {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

func FuzzPeek(f *testing.F) {
	f.Add([]byte(letter(1)))
	f.Add([]byte("Received:\r\n ;\r\n\t;Mon, 23 Nov 2026 09:30:00 +0000\r\nSubject: x"))
	f.Add([]byte("\r\n\n:\n \n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		before := bytes.Clone(b)
		topmostReceived(b)
		isStub(b)
		kept := ownFields(b)
		if !bytes.Equal(b, before) {
			t.Error("changed what it looked at")
		}
		if strings.Contains(kept, "\r\n\r\n") || len(kept) > 2*len(b)+2 {
			t.Errorf("not a header: %q", kept)
		}
		if again := ownFields([]byte(kept)); again != kept {
			t.Errorf("%q became %q", kept, again)
		}
	})
}

func TestOwnFields(t *testing.T) {
	t.Parallel()
	got := ownFields([]byte("From: a@b\r\nContent-Type: multipart/mixed;\r\n boundary=x\r\nSubject: a\r\n b\r\njunk\r\nMIME-Version: 1.0\r\nTo: c@d\r\n\r\nbody"))
	if want := "From: a@b\r\nSubject: a\r\n b\r\nTo: c@d\r\n"; got != want {
		t.Errorf("got %q", got)
	}
}

func TestIsStub(t *testing.T) {
	t.Parallel()
	for subject, want := range map[string]bool{
		"Retrieval using the IMAP4 protocol failed for the following message: 17": true,
		"Retrieval using the POP3 protocol failed for the following message: 17":  true,
		"Fwd: Retrieval using the IMAP4 protocol failed":                          false,
		"Heating": false,
	} {
		if got := isStub([]byte("From: x\r\nSubject: " + subject + "\r\n\r\n")); got != want {
			t.Errorf("%s: %v", subject, got)
		}
	}
}

func TestRoom(t *testing.T) {
	t.Parallel()
	m := newMemory(time.Time{})
	uids := make([]uint32, 100)
	for i := range uids {
		uids[i] = uint32(i + 1)
	}
	if got := m.room(uids, 32); got != 32 {
		t.Errorf("got %d", got)
	}
	// A failing batch of 32 is halved until its poison stands alone, and what
	// is outside it keeps its size.
	m.halve(uids[16:48])
	if a, b, c := m.room(uids[:16], 32), m.room(uids[16:], 32), m.room(uids[48:], 32); a != 16 || b != 16 || c != 32 {
		t.Errorf("got %d, %d, %d", a, b, c)
	}
	if got := m.room(uids, 32); got != 16 {
		t.Errorf("a batch of %d reaches into doubtful mails", got)
	}
	m.halve(uids[16:18])
	if got := m.room(uids[16:], 32); got != 1 {
		t.Errorf("got %d", got)
	}
	m.cleared(uids...)
	if got := m.room(uids[:5], 32); got != 5 || len(m.limit) != 0 {
		t.Errorf("got %d, %d doubts", got, len(m.limit))
	}
}

func TestSpread(t *testing.T) {
	t.Parallel()
	if got, err := spread(imap.UIDSet{{Start: 3, Stop: 5}, {Start: 4294967295, Stop: 4294967295}}); err != nil || fmt.Sprint(got) != "[3 4 5 4294967295]" {
		t.Errorf("got %v, %v", got, err)
	}
	for _, bad := range []imap.UIDSet{{{Start: 1, Stop: 4294967295}}, {{Start: 5, Stop: 0}}, {{Start: 0, Stop: 4}}, {{Start: 5, Stop: 4}}} {
		if got, err := spread(bad); err == nil {
			t.Errorf("%v: got %d", bad, len(got))
		}
	}
}

func TestWithoutWords(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		err  error
		want string
	}{
		{errors.New(`in response-data: unsupported response type "MRS SMITH"`), `in response-data: unsupported response type "…"`},
		{errors.New("imapclient: panic reading response: x\nstack with words"), "imapclient: panic reading response: x"},
		{fmt.Errorf("read: %w", io.ErrUnexpectedEOF), "read: unexpected EOF"},
		{&net.OpError{Op: "read", Net: "tcp", Err: net.ErrClosed}, "read tcp: use of closed network connection"},
		{&imap.Error{Type: imap.StatusResponseTypeNo, Text: "no such \"folder\""}, `imap: NO no such "folder"`},
	} {
		got := withoutWords(tc.err)
		if got.Error() != tc.want || !errors.Is(got, tc.err) && !errors.Is(got, io.ErrUnexpectedEOF) {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}

// TestPeek holds that of each mail the whole header is kept, however it comes
// in, and little of what is behind it.
func TestPeek(t *testing.T) {
	t.Parallel()
	const header = "Received: from a by b; Thu, 26 Nov 2026 10:00:00 +0000\r\nSubject: boiler\r\n"
	photograph := strings.Repeat("/9j/4AAQSkZJRg\r\n", peekLimit)
	for _, row := range []struct {
		name, mail string
		piece      int // bytes that come at a time
		least      int // bytes to be kept
		most       int
	}{
		{"at once", header + "\r\n" + photograph, 1 << 20, len(header) + 2, len(header) + 2},
		{"bare line ends", strings.ReplaceAll(header, "\r", "") + "\n" + photograph, 1 << 20, len(header) - 1, len(header) - 1},
		{"in pieces", header + "\r\n" + photograph, 7, len(header) + 2, peekLimit},
		{"a header and no more", header, 16, len(header), len(header)},
		{"a header without end", strings.Repeat("X-Long: x\r\n", peekLimit), 1 << 10, peekLimit, peekLimit},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var p peek
			for piece := range slices.Chunk([]byte(row.mail), row.piece) {
				if n, err := p.Write(piece); n != len(piece) || err != nil {
					t.Fatal(n, err)
				}
			}
			if got := len(p.buf); got < row.least || got > row.most || !strings.HasPrefix(row.mail, string(p.buf)) {
				t.Errorf("kept %d bytes, want %d to %d of the beginning", got, row.least, row.most)
			}
		})
	}
}
