package ingest

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	gomime "mime"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"postroom/ingest/mime"
	"postroom/internal/archive"
	"postroom/internal/reference"
	"postroom/internal/register"
)

// A Submission is post that was typed in: into the form, by an officer, by
// another system. It is kept as a record in the shape of a mail, which any
// mail program opens, and goes the way of all other post from there.
type Submission struct {
	// ID is the submission's own. The same one again is the same post, and the
	// same words under another one are other post: "still no heating" said
	// twice is two messages.
	ID         string
	Channel    register.Channel
	Source     string
	ReceivedAt time.Time
	Basis      register.Basis
	Junk       bool // never answered by itself
	Name       string
	Email      string
	Subject    string
	Text       string
	Told       register.Told
	Files      []SubmittedFile
}

// A SubmittedFile came with a submission.
type SubmittedFile struct {
	Name string
	Type string // as it was recognised
	Open func() (io.ReadCloser, error)
}

// Submit takes a submission in, whole and once.
func (in *Intake) Submit(ctx context.Context, s Submission) (register.Received, error) {
	w, err := in.Archive.Create(ctx)
	if err != nil {
		return register.Received{}, fmt.Errorf("submit: %w", err)
	}
	if err := s.WriteRecord(w); err != nil {
		w.Abort()
		return register.Received{}, fmt.Errorf("submit: %w", err)
	}
	return in.submitted(ctx, s, w)
}

func (in *Intake) submitted(ctx context.Context, s Submission, w *archive.Writer) (register.Received, error) {
	received, err := in.Take(ctx, []Post{{
		Original: w, Fingerprint: s.ID, Channel: s.Channel, Source: s.Source, Junk: s.Junk, ReceivedAt: s.ReceivedAt, Basis: s.Basis,
	}})
	if err != nil {
		return register.Received{}, err
	}
	return received[0], received[0].Err
}

// toldHeader is where a record keeps what was typed beside the words. It is
// believed only of what came by a form of ours, never of a mail.
const toldHeader = "Postroom-Told"

// WriteRecord writes the record. The same submission gives the same bytes.
func (s Submission) WriteRecord(w io.Writer) error {
	b := bufio.NewWriter(w)
	sum := sha256.Sum256([]byte(s.ID))
	boundary := "postroom-" + hex.EncodeToString(sum[:12])
	if s.Name != "" || s.Email != "" {
		from := mail.Address{Name: s.Name, Address: s.Email}
		if s.Email == "" {
			_, _ = fmt.Fprintf(b, "From: %s\r\n", gomime.QEncoding.Encode("utf-8", s.Name))
		} else {
			_, _ = fmt.Fprintf(b, "From: %s\r\n", from.String())
		}
	}
	if s.Subject != "" {
		_, _ = fmt.Fprintf(b, "Subject: %s\r\n", gomime.QEncoding.Encode("utf-8", s.Subject))
	}
	told, err := json.MarshalIndent(writtenTold{s.Told, s.Name, s.Email, s.Subject}, " ", "")
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(b, "%s: %s\r\nMIME-Version: 1.0\r\n", toldHeader, strings.ReplaceAll(ascii(string(told)), "\n", "\r\n"))
	if len(s.Files) == 0 {
		writeText(b, s.Text)
		return b.Flush()
	}
	_, _ = fmt.Fprintf(b, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n", boundary, boundary)
	writeText(b, s.Text)
	for _, f := range s.Files {
		_, _ = fmt.Fprintf(b, "\r\n--%s\r\nContent-Type: %s\r\nContent-Disposition: %s\r\nContent-Transfer-Encoding: base64\r\n\r\n", boundary, f.Type,
			gomime.FormatMediaType("attachment", map[string]string{"filename": f.Name}))
		if err := writeFile(b, f); err != nil {
			return err
		}
	}
	_, _ = fmt.Fprintf(b, "\r\n--%s--\r\n", boundary)
	return b.Flush()
}

// writtenTold is what the header of a record holds.
type writtenTold struct {
	register.Told
	Name    string `json:"name"`
	Email   string `json:"email"`
	Subject string `json:"subject,omitempty"`
}

// ascii writes JSON as a header can carry it.
func ascii(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xFFFF:
			r -= 0x10000
			_, _ = fmt.Fprintf(&b, `\u%04x\u%04x`, 0xD800+(r>>10), 0xDC00+(r&0x3FF))
		default:
			_, _ = fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// writeText writes a text part; base64, so that no line of it is anything but
// words.
func writeText(w io.Writer, text string) {
	_, _ = io.WriteString(w, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n")
	l := &lines{w: w}
	e := base64.NewEncoder(base64.StdEncoding, l)
	_, _ = io.WriteString(e, text)
	_ = e.Close()
	_, _ = io.WriteString(w, "\r\n")
}

func writeFile(w io.Writer, f SubmittedFile) error {
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // only read
	e := base64.NewEncoder(base64.StdEncoding, &lines{w: w})
	if _, err := io.Copy(e, r); err != nil {
		return err
	}
	return e.Close()
}

// lines breaks base64 into lines (RFC 2045, section 6.8).
type lines struct {
	w   io.Writer
	had int
}

func (l *lines) Write(p []byte) (int, error) {
	const most = 76
	done := 0
	for done < len(p) {
		if l.had == most {
			if _, err := io.WriteString(l.w, "\r\n"); err != nil {
				return done, err
			}
			l.had = 0
		}
		n, err := l.w.Write(p[done:min(len(p), done+most-l.had)])
		done, l.had = done+n, l.had+n
		if err != nil {
			return done, err
		}
	}
	return done, nil
}

// mostTold bounds the head of a record, in bytes.
const mostTold = 256 << 10

// ReadTold turns the record of a submission into the register's neutral terms.
// Nothing in it is quoted mail or a signature: all of it was typed for us.
func ReadTold(ctx context.Context, original io.ReadSeeker, o mime.Options, prefixes []string) register.Reading {
	head, err := mail.ReadMessage(bufio.NewReader(io.LimitReader(original, mostTold)))
	var told writtenTold
	if err == nil {
		err = json.Unmarshal([]byte(head.Header.Get(toldHeader)), &told)
	}
	if err == nil {
		_, err = original.Seek(0, io.SeekStart)
	}
	if err != nil {
		return register.Reading{Automatic: "none", Error: "the record of what was typed in cannot be read. The original is kept and can be downloaded", Told: &register.Told{}}
	}
	rd := Read(ctx, original, o, prefixes)
	rd = register.Reading{
		From: register.Address{Name: told.Name, Address: told.Email}, Subject: told.Subject, Text: rd.Text, NewText: rd.Text, Language: rd.Language, Automatic: "none",
		Authenticated: told.Vouched, AuthWhy: vouching(told.Told), Attachments: rd.Attachments, Notes: rd.Notes, Error: rd.Error,
		PostalAddress: told.Postal, Told: &told.Told,
	}
	rd.ReferencesFound, rd.ReferencesNear = reference.FindAll(told.Reference+"\n"+told.Subject+"\n"+rd.Text, prefixes)
	return rd
}

func vouching(t register.Told) string {
	switch {
	case t.By == "":
		return "typed into the form: nobody vouches for who it is"
	case t.Vouched:
		return "taken down by " + t.By
	}
	return "handed in by " + t.By + ", which does not vouch for who it is"
}
