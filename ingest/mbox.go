package ingest

import (
	"bufio"
	"bytes"
	"io"
	"regexp"
	"strconv"
	"time"
)

// mboxLine is how much of a line is looked at as one; longer ones go through
// in pieces.
const mboxLine = 64 << 10

// An mbox splits a mailbox file into its mails (RFC 4155, and the dialects
// mboxo, mboxrd, mboxcl and mboxcl2, which no file declares). It holds one
// line at a time.
type mbox struct {
	file io.ReaderAt
	in   *bufio.Reader
	at   int64 // where in reads next
	sep  []byte
	end  bool
}

func newMbox(file io.ReaderAt, size int64) *mbox {
	return &mbox{file: file, in: bufio.NewReaderSize(io.NewSectionReader(file, 0, size), mboxLine)}
}

// next goes to the next mail and gives the date of its separator line, the
// zero time when it shows none. It returns io.EOF after the last mail.
func (b *mbox) next() (time.Time, error) {
	for !b.end {
		if sep := b.sep; sep != nil {
			b.sep = nil
			return separatorDate(sep), nil
		}
		line, err := b.line()
		if err != nil {
			return time.Time{}, err
		}
		switch {
		case bytes.HasPrefix(line, []byte("From ")):
			b.sep = bytes.Clone(line)
		case len(bytes.TrimSpace(line)) > 0:
			b.putBack(line) // the first mail lost its separator
			b.sep = []byte{}
		}
	}
	return time.Time{}, io.EOF
}

// putBack has a line read again.
func (b *mbox) putBack(line []byte) {
	b.at -= int64(len(line))
	b.in.Reset(io.NewSectionReader(b.file, b.at, 1<<62-b.at))
}

// line reads a line with its end, or a piece of a long one.
func (b *mbox) line() ([]byte, error) {
	line, err := b.in.ReadSlice('\n')
	b.at += int64(len(line))
	if len(line) > 0 {
		return line, nil // an error comes again
	}
	b.end = true
	return nil, err
}

// copy writes the mail that next went to, without the blank line that ends it
// and with the quoting of "From " lines undone.
func (b *mbox) copy(w io.Writer) error {
	m := mboxMail{b: b, w: w, header: true, length: -1, starts: true}
	for {
		line, err := b.line()
		if err != nil {
			return ignoreEOF(err)
		}
		done, err := m.line(line)
		if done || err != nil {
			return err
		}
	}
}

func ignoreEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // bufio gives it bare
		return nil
	}
	return err
}

// An mboxMail is one mail on its way out of an mbox.
type mboxMail struct {
	b      *mbox
	w      io.Writer
	header bool
	starts bool   // the next piece begins a line
	blank  []byte // a blank line that is only written when more follows
	length int64  // of Content-Length; -1: none
	until  int64  // the body ends here by a Content-Length that is true; 0: not known
}

// line takes one line and says whether it belonged to the next mail.
func (m *mboxMail) line(line []byte) (done bool, err error) {
	starts := m.starts
	m.starts = line[len(line)-1] == '\n'
	if m.until > 0 {
		return false, m.counted(line)
	}
	empty := starts && len(bytes.TrimRight(line, "\r\n")) == 0 && m.starts
	if starts && bytes.HasPrefix(line, []byte("From ")) {
		line = bytes.Clone(line) // looking ahead moves the reader's bytes
		if m.divides(line) {
			m.b.sep = line
			return true, nil
		}
	}
	if err := m.flushBlank(); err != nil {
		return false, err
	}
	if !empty {
		if starts {
			line = m.unquoted(line)
		}
		_, err := m.w.Write(line)
		return false, err
	}
	m.blank = append(m.blank[:0], line...)
	if m.header {
		m.header = false
		m.believe()
		return false, m.flushBlank()
	}
	return false, nil
}

// counted writes a body whose length is known: "From " lines in it are its own.
func (m *mboxMail) counted(line []byte) error {
	_, err := m.w.Write(line)
	if m.b.at >= m.until {
		m.until = 0
	}
	return err
}

// flushBlank writes a blank line that turned out to be the mail's own.
func (m *mboxMail) flushBlank() error {
	if len(m.blank) == 0 {
		return nil
	}
	_, err := m.w.Write(m.blank)
	m.blank = m.blank[:0]
	return err
}

// unquoted undoes what writers of mbox do to lines that look like separators;
// mboxrd adds one ">" to lines that bear some already.
func (m *mboxMail) unquoted(line []byte) []byte {
	if m.header {
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			m.length = parseLength(value)
		}
		return line
	}
	if line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
		return line[1:]
	}
	return line
}

func parseLength(value []byte) int64 {
	n, err := strconv.ParseInt(string(bytes.TrimSpace(value)), 10, 64)
	if err != nil || n < 0 || n > 1<<40 {
		return -1
	}
	return n
}

// believe takes Content-Length for true when the file shows it: a separator,
// or the end, stands where the body would end. The header came from outside.
func (m *mboxMail) believe() {
	if m.length <= 0 {
		return
	}
	target := m.b.at + m.length
	near := make([]byte, 400)
	n, err := m.b.file.ReadAt(near, target-1) // from the body's last byte
	near = near[:n]
	if n == 0 || near[0] != '\n' && n > 1 && near[1] != '\n' && near[1] != '\r' {
		return
	}
	rest := bytes.TrimLeft(near[1:], "\r\n")
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	if err != nil && len(rest) == 0 || isSeparator(line) {
		m.until = target
	}
}

// divides says whether a "From " line begins the next mail: it bears a date as
// separators do, or only an address where a header follows; and a blank line
// stands before it, or a header after it.
func (m *mboxMail) divides(line []byte) bool {
	dated := isSeparator(line)
	if !dated && !bareSeparator.Match(line) {
		return false
	}
	next, _ := m.b.in.Peek(200)
	follows := fieldLine.Match(next)
	if m.header || len(m.blank) == 0 {
		return dated && follows
	}
	return dated || follows
}

var (
	// separator is "From ", a sender, and a date somewhere in asctime's form.
	separator     = regexp.MustCompile(`^From \S*.{0,200}\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun),?\s+(([A-Z][a-z]{2})\s+\d{1,2}\s+\d{1,2}:\d{2}|\d{1,2} [A-Z][a-z]{2} \d{4} \d{1,2}:\d{2}).{0,60}\r?\n?$`)
	bareSeparator = regexp.MustCompile(`^From (\S+@\S+|-|MAILER-DAEMON)\s*$`)
	fieldLine     = regexp.MustCompile(`^>?[!-9;-~]{1,70}[ \t]*:`)
	asctime       = regexp.MustCompile(`\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) ([A-Z][a-z]{2}) +(\d{1,2}) (\d{1,2}:\d{2})(:\d{2})?(?: +([A-Z]{1,5}|[+-]\d{4}))? +(\d{4})(?: +([+-]\d{4}))?`)
)

func isSeparator(line []byte) bool { return separator.Match(line) }

// separatorDate reads the moment of delivery, which RFC 4155 wants in UTC.
func separatorDate(line []byte) time.Time {
	f := asctime.FindSubmatch(line)
	if f == nil {
		return time.Time{}
	}
	seconds, zone := ":00", "+0000"
	if len(f[4]) > 0 {
		seconds = string(f[4])
	}
	for _, z := range [][]byte{f[5], f[7]} {
		if len(z) == 5 && (z[0] == '+' || z[0] == '-') {
			zone = string(z)
		}
	}
	t, err := time.Parse("Jan 2 15:04:05 2006 -0700", string(f[1])+" "+string(f[2])+" "+string(f[3])+seconds+" "+string(f[6])+" "+zone)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
