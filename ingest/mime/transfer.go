package mime

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"strings"
)

// transferReader undoes a Content-Transfer-Encoding (RFC 2045, section 6).
// Decoders of ours stand here because those of the standard library end at the
// first wrong byte and what comes after it would be lost. bad is called once
// when something had to be skipped.
func transferReader(encoding string, r io.Reader, bad func(why string)) io.Reader {
	switch cleanEncoding(encoding) {
	case "base64", "base-64", "b64", "base_64":
		return &base64Reader{r: r, bad: bad}
	case "quoted-printable", "quotedprintable", "quoted_printable", "qp":
		return &qpReader{r: bufio.NewReaderSize(r, 8<<10), bad: bad}
	case "x-uuencode", "uuencode", "x-uue", "uue":
		return &uuReader{r: bufio.NewReaderSize(r, 8<<10), bad: bad}
	case "", "7bit", "8bit", "binary", "7-bit", "8-bit", "none":
		return r
	}
	bad("A part of the mail is marked as packed in a way that nobody knows; it was read as it stands.")
	return r
}

func cleanEncoding(s string) string {
	s, _, _ = strings.Cut(stripComments(s), ";")
	return strings.ToLower(strings.Trim(s, " \t\"'.,"))
}

// A base64Reader skips what is not base64 and goes on after padding, because
// some programs glue encoded blocks together.
type base64Reader struct {
	r    io.Reader
	bad  func(string)
	raw  [4 << 10]byte
	room [3<<10 + 64]byte
	out  []byte  // decoded and not yet given out, in room
	quad [4]byte // digits of a group that is not yet full
	n    int
	junk bool
	err  error
}

func (b *base64Reader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.err != nil {
			return 0, b.err
		}
		b.fill()
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

// fill decodes the next block, line by line: right lines at once, others
// character by character.
func (b *base64Reader) fill() {
	n, err := io.ReadFull(b.r, b.raw[:])
	b.out = b.room[:0]
	for rest := b.raw[:n]; len(rest) > 0; {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line = rest[:i]
			rest = rest[i+1:]
		} else {
			rest = nil
		}
		if m := len(line) &^ 3; b.n == 0 && m > 0 {
			at := len(b.out)
			if got, err := base64.StdEncoding.Decode(b.room[at:], line[:m]); err == nil {
				b.out = b.room[:at+got]
				line = line[m:]
			}
		}
		b.slow(line)
	}
	if err != nil {
		b.finish(err)
	}
}

// slow takes characters one by one: line ends, padding and junk among them.
func (b *base64Reader) slow(line []byte) {
	for _, c := range line {
		switch {
		case isBase64(c):
			b.quad[b.n] = c
			if b.n++; b.n == 4 {
				b.group()
			}
		case c == '=':
			if b.n > 0 {
				b.group()
			}
		case !isBlank(c):
			b.junk = true
		}
	}
}

// group decodes the digits that are there; a single one says nothing.
func (b *base64Reader) group() {
	if b.n == 1 {
		b.junk = true
	}
	at := len(b.out)
	got, _ := base64.RawStdEncoding.Decode(b.room[at:], b.quad[:b.n])
	b.out = b.room[:at+got]
	b.n = 0
}

func (b *base64Reader) finish(err error) {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	b.err = err
	if b.n > 0 {
		b.group()
	}
	if b.junk {
		b.bad("Base64 text with wrong characters or a wrong end was read as far as it goes.")
	}
}

// isBlank knows the white space that base64 may hold anywhere.
func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// A qpReader reads quoted-printable, keeping as it stands what is none.
type qpReader struct {
	r     *bufio.Reader
	bad   func(string)
	out   []byte
	buf   []byte
	wrong bool
	err   error
}

func (q *qpReader) Read(p []byte) (int, error) {
	for len(q.out) == 0 {
		if q.err != nil {
			return 0, q.err
		}
		q.fill()
	}
	n := copy(p, q.out)
	q.out = q.out[n:]
	return n, nil
}

// fill decodes the next line, or a piece of a long one.
func (q *qpReader) fill() {
	line, err := q.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		// Do not cut an escape in two.
		if i := len(line) - 1; line[i] == '=' || line[i-1] == '=' {
			q.buf = append(q.buf[:0], line...)
			next, more := q.r.ReadSlice('\n')
			line, err = append(q.buf, next...), more
		}
	}
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		q.err = err
	}
	q.out = q.decode(line)
	if q.err != nil && q.wrong {
		q.bad("Quoted-printable text with wrong escapes was kept as it stands.")
	}
}

func (q *qpReader) decode(line []byte) []byte {
	body, end := line, ""
	if n := len(line); n > 0 && line[n-1] == '\n' {
		body, end = line[:n-1], "\n"
		if n > 1 && line[n-2] == '\r' {
			body, end = line[:n-2], "\r\n"
		}
		// White space before a line end was added on the way (RFC 2045, rule 3).
		body = []byte(strings.TrimRight(string(body), " \t"))
		if n := len(body); n > 0 && body[n-1] == '=' {
			body, end = body[:n-1], ""
		}
	} else if n > 0 && line[n-1] == '=' && q.err != nil {
		body = line[:n-1]
	}
	out := body[:0]
	for i := 0; i < len(body); i++ {
		c := body[i]
		if c == '=' {
			if i+2 < len(body) && isHex(body[i+1]) && isHex(body[i+2]) {
				c = unhex(body[i+1])<<4 | unhex(body[i+2])
				i += 2
			} else {
				q.wrong = true
			}
		}
		out = append(out, c)
	}
	return append(out, end...)
}

// A uuReader reads the old Unix encoding, from its "begin" to its "end".
type uuReader struct {
	r     *bufio.Reader
	bad   func(string)
	out   []byte
	begun bool
	err   error
}

func (u *uuReader) Read(p []byte) (int, error) {
	for len(u.out) == 0 {
		if u.err != nil {
			return 0, u.err
		}
		u.fill()
	}
	n := copy(p, u.out)
	u.out = u.out[n:]
	return n, nil
}

func (u *uuReader) fill() {
	line, err := u.r.ReadSlice('\n')
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		u.err = err
	}
	text := strings.TrimRight(string(line), "\r\n")
	switch {
	case !u.begun:
		u.begun = strings.HasPrefix(text, "begin ")
		if u.err != nil && !u.begun {
			u.bad("Uuencoded text without a beginning could not be read.")
		}
	case text == "end":
		u.err = io.EOF
	default:
		u.out = decodeUU(text)
	}
}

// decodeUU decodes one line; a line that is too short gives what it has.
func decodeUU(line string) []byte {
	if line == "" {
		return nil
	}
	n := int(line[0]-' ') & 0x3f
	out := make([]byte, 0, n+3)
	for s := line[1:]; len(s) > 0 && len(out) < n; {
		var g [4]byte
		for i := range g {
			if i < len(s) {
				g[i] = (s[i] - ' ') & 0x3f
			}
		}
		out = append(out, g[0]<<2|g[1]>>4, g[1]<<4|g[2]>>2, g[2]<<6|g[3])
		s = s[min(4, len(s)):]
	}
	return out[:min(n, len(out))]
}
