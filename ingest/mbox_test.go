package ingest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// split gives the mails of a mailbox file, and their separators' dates.
func split(t *testing.T, file []byte) (mails []string, dates []time.Time) {
	t.Helper()
	b := newMbox(bytes.NewReader(file), int64(len(file)))
	for {
		at, err := b.next()
		if errors.Is(err, io.EOF) {
			return mails, dates
		}
		var out strings.Builder
		if err == nil {
			err = b.copy(&out)
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(mails) > len(file) {
			t.Fatalf("more mails than bytes in %q", file)
		}
		mails, dates = append(mails, out.String()), append(dates, at)
	}
}

const (
	sepA = "From jo@example.net Mon Mar  2 10:00:00 2026\n"
	sepB = "From ann@example.net Tue Mar 3 11:30:00 2026\n"
)

func TestMbox(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"empty":                  {"", nil},
		"only blank lines":       {"\n\r\n\n", nil},
		"two":                    {sepA + "Subject: a\n\none\n\n" + sepB + "Subject: b\n\ntwo\n\n", []string{"Subject: a\n\none\n", "Subject: b\n\ntwo\n"}},
		"CRLF":                   {strings.ReplaceAll(sepA+"Subject: a\n\none\n\n"+sepB+"Subject: b\n\ntwo\n", "\n", "\r\n"), []string{"Subject: a\r\n\r\none\r\n", "Subject: b\r\n\r\ntwo\r\n"}},
		"last line unended":      {sepA + "Subject: a\n\none", []string{"Subject: a\n\none"}},
		"no blank line between":  {sepA + "Subject: a\n\none\n" + sepB + "Subject: b\n\ntwo\n", []string{"Subject: a\n\none\n", "Subject: b\n\ntwo\n"}},
		"no separator at first":  {"Subject: a\n\none\n\n" + sepB + "Subject: b\n\ntwo\n", []string{"Subject: a\n\none\n", "Subject: b\n\ntwo\n"}},
		"headers only":           {sepA + "Subject: a\n" + sepB + "Subject: b\n\n", []string{"Subject: a\n", "Subject: b\n\n"}},
		"mboxo and mboxrd":       {sepA + "Subject: a\n\n>From the start it leaked\n>>From you\n> From\n", []string{"Subject: a\n\nFrom the start it leaked\n>From you\n> From\n"}},
		"words, not a separator": {sepA + "Subject: a\n\nhello\n\nFrom what I heard on Mon you came\n\nFrom jo\n", []string{"Subject: a\n\nhello\n\nFrom what I heard on Mon you came\n\nFrom jo\n"}},
		"quoted separator":       {sepA + "Subject: a\n\nhello\n\n>" + sepB + "nobody\n", []string{"Subject: a\n\nhello\n\n" + sepB + "nobody\n"}},
		"Content-Length true": {
			sepA + "Content-Length: 59\n\n12345\n\n" + sepB + "\n>From\n" + sepB + "Subject: b\n\ntwo\n",
			[]string{"Content-Length: 59\n\n12345\n\n" + sepB + "\n>From\n", "Subject: b\n\ntwo\n"},
		},
		"Content-Length to the end": {sepA + "Content-Length: 6\n\n12345\n", []string{"Content-Length: 6\n\n12345\n"}},
		"Content-Length too long":   {sepA + "Content-Length: 9999999\n\none\n\n" + sepB + "Subject: b\n\ntwo\n", []string{"Content-Length: 9999999\n\none\n", "Subject: b\n\ntwo\n"}},
		"Content-Length too short":  {sepA + "Content-Length: 2\n\none\n\n" + sepB + "Subject: b\n\ntwo\n", []string{"Content-Length: 2\n\none\n", "Subject: b\n\ntwo\n"}},
		"Content-Length nonsense":   {sepA + "Content-Length: -4 pages\n\none\n\n" + sepB + "\n\ntwo\n", []string{"Content-Length: -4 pages\n\none\n", "\n\ntwo\n"}},
		"Thunderbird":               {"From - Mon Mar 02 10:00:00 2026\nSubject: a\n\none\n\nFrom - Tue Mar 03 10:00:00 2026\nSubject: b\n\ntwo\n", []string{"Subject: a\n\none\n", "Subject: b\n\ntwo\n"}},
		"Google":                    {"From 1790001@xxx Mon Mar 02 10:00:00 +0000 2026\nSubject: a\n\none\n\nFrom 1790002@xxx Tue Mar 03 10:00:00 +0000 2026\nSubject: b\n\ntwo\n", []string{"Subject: a\n\none\n", "Subject: b\n\ntwo\n"}},
		"without dates":             {"From jo@example.net\nSubject: a\n\none\n\nFrom ann@example.net\nSubject: b\n\ntwo\n", []string{"Subject: a\n\none\n", "Subject: b\n\ntwo\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, _ := split(t, []byte(c.file)); fmt.Sprintf("%q", got) != fmt.Sprintf("%q", c.want) {
				t.Errorf("got  %q\nwant %q", got, c.want)
			}
		})
	}
}

func TestMboxLongLines(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*mboxLine) + sepB + "\n\n" // the separator's words stand inside a line
	got, _ := split(t, []byte(sepA+"Subject: a\n\n"+long+sepB+"Subject: b\n\ntwo\n"))
	if want := "Subject: a\n\n" + long[:len(long)-1]; len(got) != 2 || got[0] != want {
		t.Errorf("%d mails, the first of %d bytes, want 2 and %d", len(got), len(got[0]), len(want))
	}
}

func TestMboxTenThousand(t *testing.T) {
	t.Parallel()
	var file bytes.Buffer
	for i := range 10_000 {
		fmt.Fprintf(&file, "From jo@example.net Mon Mar  2 10:%02d:%02d 2026\nSubject: %d\n\nThe lift is broken.\n>From top to bottom.\n\n", i/60%60, i%60, i)
	}
	got, dates := split(t, file.Bytes())
	if len(got) != 10_000 || got[9_999] != "Subject: 9999\n\nThe lift is broken.\nFrom top to bottom.\n" {
		t.Fatalf("%d mails", len(got))
	}
	if want := time.Date(2026, 3, 2, 10, 46, 39, 0, time.UTC); !dates[9_999].Equal(want) {
		t.Errorf("the last came at %v", dates[9_999])
	}
}

func TestSeparatorDate(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 10, 5, 7, 0, time.UTC)
	for line, want := range map[string]time.Time{
		"From jo@example.net Mon Mar  2 10:05:07 2026":       at,
		"From - Mon Mar 02 10:05:07 2026\r\n":                at,
		"From 17@xxx Mon Mar 02 12:05:07 +0200 2026":         at,
		"From jo Mon Mar  2 10:05 2026":                      at.Add(-7 * time.Second),
		"From jo Mon Mar  2 10:05:07 GMT 2026":               at,
		"From jo@example.net Mon Mar  2 05:05:07 2026 -0500": at,
		"From jo Mon Foo 99 10:05:07 2026":                   {},
		"From jo":                                            {},
	} {
		if got := separatorDate([]byte(line)); !got.Equal(want) {
			t.Errorf("%q: %v, want %v", line, got, want)
		}
	}
}

// FuzzMbox wants every file split to its end, and nothing made up: all that
// comes out was in the file.
func FuzzMbox(f *testing.F) {
	f.Add([]byte(sepA + "Subject: a\n\none\n\n" + sepB + "Subject: b\n\n>From two\n"))
	f.Add([]byte(sepA + "Content-Length: 59\n\n12345\n\n" + sepB + "\n>From\n" + sepB + "Subject: b\n\ntwo\n"))
	f.Add([]byte("From 0000000000000000000000000000000000000000\nFrom 00@0\n00000000000000000000000000000000000000000000000"))
	f.Add([]byte("Subject: a\r\n\r\n" + sepB + "From jo@example.net\nX: y\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		mails, _ := split(t, file)
		all := 0
		for _, m := range mails {
			all += len(m)
			for line := range strings.SplitSeq(m, "\n") {
				if !bytes.Contains(file, []byte(line)) {
					t.Errorf("%q is not in the file", line)
				}
			}
		}
		if all > len(file) {
			t.Errorf("%d bytes out of %d", all, len(file))
		}
	})
}
