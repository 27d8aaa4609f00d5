package mime

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Read reads one message as it streams by and never holds more than its text
// in memory. It never fails and never panics: what could not be read is in the
// message's Error, what was mended in its Repairs. It ends early when ctx is
// done. r is not read past the byte limit.
func Read(ctx context.Context, r io.Reader, o Options) *Message {
	return read(ctx, r, o, nil, nil)
}

// ErrNoAttachment is given for an index that is not in the list.
var ErrNoAttachment = errors.New("mime: no such attachment")

// OpenAttachment writes the decoded bytes of the attachment that stands at
// index, from 0, in Message.Attachments of the same bytes read with the same
// limits. The error is ErrNoAttachment, or that of w, or says that the message
// ended or met a limit inside the attachment.
func OpenAttachment(ctx context.Context, r io.Reader, index int, w io.Writer, o Options) error {
	t := &tap{index: index, w: w}
	m := read(ctx, r, o, t, nil)
	switch {
	case t.err != nil:
		return fmt.Errorf("mime: write attachment %d: %w", index, t.err)
	case t.found:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("mime: read attachment %d: %w", index, ctx.Err())
	case index >= 0 && index < len(m.Attachments):
		return fmt.Errorf("mime: read attachment %d: %w", index, errLimit)
	}
	return ErrNoAttachment
}

func read(ctx context.Context, r io.Reader, o Options, t *tap, p *mailPage) (m *Message) {
	m = &Message{Automatic: None, Language: "und"}
	w := &walk{budget: newBudget(ctx, o), m: m, tap: t, page: p, count: map[string]int{}}
	defer func() {
		// The reader is exposed to anything that the world can write; one mail
		// must not take the process down, nor be lost.
		if p := recover(); p != nil {
			m.Error = "Postroom failed while reading this mail. The original is kept and can be downloaded."
			m.tidy()
		}
	}()
	w.whole(r, o)
	return m
}

// whole reads the message from its first byte.
func (w *walk) whole(r io.Reader, o Options) {
	m := w.m
	s, release := wholeSource(r, w.budget)
	defer release()
	if len(s.peek()) == 0 {
		m.Error = "The mail is empty."
		if s.failed != nil {
			m.Error = "The mail could not be read from where it is kept."
		}
		return
	}
	h := w.readHeader(s, true)
	w.fields(h)
	pieces := w.entity(s, h, contentType(h))
	pieces = withoutSpare(w.uuFiles(pieces))
	w.outcome(s, pieces)
	w.assemble(pieces, o)
	m.Authenticated, m.AuthWhy = authenticate(h, m.From, o)
	w.judge(h, pieces, o)
	w.complainant(h, pieces, o)
	m.tidy()
	m.Language = languageOf(m.NewText)
	m.BodyDigest = digest(m)
}

// encryptedNote is said once, however many parts are encrypted.
const encryptedNote = "The mail is encrypted; a person with the key has to open it."

// outcome says what kept the mail from being read whole.
func (w *walk) outcome(s *source, pieces []piece) {
	if w.why != "" {
		w.fail(w.why)
	}
	if s.failed != nil && !errors.Is(s.failed, errLimit) {
		w.fail("The mail could not be read to its end from where it is kept.")
	}
	words := allText(pieces)
	if strings.Contains(words, pgpMessage) {
		w.seen.encrypted = true
		w.note(encryptedNote)
		words = withoutArmor(words)
	}
	if w.seen.encrypted && strings.TrimSpace(words) == "" {
		w.fail("The mail is encrypted or sealed, and its text cannot be read.")
	}
}

// fields reads what the header says of sender, receivers and subject.
func (w *walk) fields(h header) {
	m := w.m
	m.MessageID = firstID(h.raw("Message-ID"))
	m.InReplyTo = messageIDs(h.raw("In-Reply-To"))
	m.References = messageIDs(strings.Join(h.all("References"), " "))
	m.To = parseAddresses(strings.Join(h.all("To"), ","))
	m.Cc = parseAddresses(strings.Join(h.all("Cc"), ","))
	m.ReplyTo = answerable(parseAddresses(strings.Join(h.all("Reply-To"), ",")))
	m.Subject = h.text("Subject")
	m.Date = parseDate(h.raw("Date"))
	m.ReceivedAt = receivedAt(h)
	m.DeliveredTo = deliveredTo(h)
	m.ReturnPath = returnPath(h)
	w.sender(h)
	for _, name := range []string{"From", "Subject", "Message-ID", "Date"} {
		if len(h.all(name)) > 1 {
			w.repair("The mail has several " + name + " lines; the first one counts.")
		}
	}
}

// sender finds somebody to answer, or says that there is nobody.
func (w *walk) sender(h header) {
	m := w.m
	for _, v := range h.all("From") {
		list := parseAddresses(v)
		if good := answerable(list); len(good) > 0 {
			m.From = good[0]
			break
		}
		if len(list) > 0 && m.From.Name == "" {
			m.From = list[0]
		}
	}
	sender := answerable(parseAddresses(h.raw("Sender")))
	if len(sender) > 0 && !strings.EqualFold(sender[0].Address, m.From.Address) {
		m.Sender = sender[0]
	}
	if m.From.Address != "" {
		return
	}
	w.otherSender(sender)
}

// otherSender looks where else a sender may stand.
func (w *walk) otherSender(sender []Address) {
	m := w.m
	path := mailbox(m.ReturnPath)
	switch {
	case len(m.ReplyTo) > 0:
		m.From.Address = m.ReplyTo[0].Address
		w.repair("The From line holds no address that can be answered; that of Reply-To was taken.")
	case len(sender) > 0:
		m.From.Address = sender[0].Address
		w.repair("The From line holds no address that can be answered; that of Sender was taken.")
	case path != "":
		m.From.Address = path
		w.repair("The From line holds no address that can be answered; that of the envelope was taken.")
	default:
		w.repair("Nobody can be answered: the From line holds no address, and no other line does.")
	}
}

// answerable leaves out entries without an address.
func answerable(list []Address) []Address {
	var out []Address
	for _, a := range list {
		if a.Address != "" {
			out = append(out, a)
		}
	}
	return out
}

// deliveredTo gathers where servers say that the mail was delivered, which a
// blind copy shows nowhere else.
func deliveredTo(h header) []string {
	var out []string
	seen := map[string]bool{}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To"} {
		for _, v := range h.all(name) {
			for _, a := range parseAddresses(v) {
				if key := strings.ToLower(a.Address); key != "" && !seen[key] && len(out) < 100 {
					seen[key] = true
					out = append(out, a.Address)
				}
			}
		}
	}
	return out
}

// returnPath gives the envelope sender, "<>" when null.
func returnPath(h header) string {
	all := h.all("Return-Path")
	if len(all) == 0 {
		return ""
	}
	v := strings.TrimSpace(stripComments(all[0]))
	if v == "<>" || v == "" || v == `""` {
		return "<>"
	}
	return clean(strings.Trim(v, "<>"))
}
