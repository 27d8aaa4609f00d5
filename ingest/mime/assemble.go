package mime

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"sort"
	"strings"
)

// assemble makes Text and NewText of the pieces.
func (w *walk) assemble(pieces []piece, o Options) {
	m := w.m
	m.Text = allText(pieces)
	own := w.ownWriter(o)
	reply := w.isReply()
	var b strings.Builder
	fresh, r := freshPieces(pieces, own), newReader(reply, own)
	for i, p := range fresh {
		if p.kind == ownText {
			fresh[i].text = r.newText(p.text)
		}
	}
	writePieces(&b, fresh, func(piece) bool { return true })
	m.NewText = strings.TrimSpace(b.String())
}

// isReply says whether the mail answers another rather than begins or sends
// one on.
func (w *walk) isReply() bool {
	m := w.m
	if isForwardSubject(m.Subject) {
		return false
	}
	return len(m.InReplyTo) > 0 || len(m.References) > 0 || isReplySubject(m.Subject)
}

var forwardSubject = regexp.MustCompile(`(?i)^\s*(re:\s*)*(fwd?|fw|wg|tr|rv|enc|i|doorst|vb|vs|pd|yml|fwd?\[\d+\])\s?:`)

func isForwardSubject(s string) bool { return forwardSubject.MatchString(s) }

// freshPieces leaves out what is not news from the sender: machines' parts,
// the mail that a report is about, and forwarded mail that we wrote.
func freshPieces(pieces []piece, own func(string) bool) []piece {
	var out, calendar []piece
	for _, p := range pieces {
		switch p.kind {
		case ownText, attachedText:
			out = append(out, p)
		case forwarded:
			if p.from.Address == "" || !own(p.from.Address) {
				p.inner = freshPieces(p.inner, own)
				out = append(out, p)
			}
		case calendarText:
			calendar = append(calendar, p)
		case returned, reportText:
		}
	}
	if bodyOf(out) == "" {
		out = append(out, calendar...)
	}
	return out
}

// ownWriter knows our own addresses: those configured, else those that the
// mail was sent to.
func (w *walk) ownWriter(o Options) func(string) bool {
	domains, addresses := map[string]bool{}, map[string]bool{}
	for _, a := range o.OwnAddresses {
		addresses[strings.ToLower(a)] = true
		domains[domainOf(a)] = true
	}
	from := strings.ToLower(w.m.From.Address)
	if len(o.OwnAddresses) == 0 && len(w.m.To) == 1 {
		if to := strings.ToLower(w.m.To[0].Address); to != from {
			addresses[to] = true
			if d := domainOf(to); !isPublicMail(d) {
				domains[d] = true
			}
		}
	}
	return func(address string) bool {
		address = strings.ToLower(address)
		return addresses[address] || domains[domainOf(address)] && !isPublicMail(domainOf(address))
	}
}

// isPublicMail knows the domains at which anybody can have an address.
func isPublicMail(domain string) bool {
	switch domain {
	case "", "gmail.com", "googlemail.com", "outlook.com", "hotmail.com", "hotmail.co.uk", "live.co.uk", "live.com", "msn.com", "yahoo.com",
		"yahoo.co.uk", "ymail.com", "aol.com", "icloud.com", "me.com", "mac.com", "btinternet.com", "sky.com", "virginmedia.com", "talktalk.net",
		"ntlworld.com", "proton.me", "protonmail.com", "gmx.com", "gmx.net", "gmx.co.uk", "mail.com", "outlook.co.uk":
		return true
	}
	return false
}

// tidy makes all text valid and one-line where it must be.
func (m *Message) tidy() {
	for _, s := range []*string{
		&m.MessageID, &m.From.Name, &m.From.Address, &m.Sender.Name, &m.Sender.Address, &m.ReturnPath, &m.Subject,
		&m.AuthWhy, &m.AutomaticWhy, &m.DoNotAnswer, &m.Bounce.Recipient, &m.Bounce.Status, &m.Bounce.OriginalMessageID,
		&m.Complainant.Name, &m.Complainant.Address, &m.ComplainantWhy, &m.Error,
	} {
		*s = clean(*s)
	}
	for i, r := range m.Repairs {
		m.Repairs[i] = clean(r)
	}
	m.Text = strings.TrimSpace(normalise(m.Text))
	m.NewText = strings.TrimSpace(normalise(m.NewText))
}

// digest is the same for the same mail by two routes: the sender, the words
// with white space folded, and the attachments.
func digest(m *Message) string {
	h := sha256.New()
	hashes := make([]string, 0, len(m.Attachments))
	for _, a := range m.Attachments {
		hashes = append(hashes, a.SHA256)
	}
	sort.Strings(hashes)
	fields := append([]string{strings.ToLower(m.From.Address), strings.Join(strings.Fields(m.Subject+"\n"+m.Text), " ")}, hashes...)
	for _, f := range fields {
		_, _ = h.Write([]byte(f))
		_, _ = h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil))
}
