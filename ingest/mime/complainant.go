package mime

import (
	"regexp"
	"strings"
	"time"
)

// complainant finds the person concerned when From is not that person: the
// resident who filled in a web form, or whose mail a colleague sent on.
func (w *walk) complainant(h header, pieces []piece, o Options) {
	m := w.m
	if m.Automatic == Bounce || m.Automatic == Delay || m.Automatic == ReadReceipt || m.Automatic == FeedbackReport {
		return
	}
	if f := readForm(bodyOf(pieces)); f.isForm() && formSender(h, m, o) {
		w.fromForm(f)
		return
	}
	w.fromForward(pieces, o)
}

// fromForm offers the resident who filled a form in.
func (w *walk) fromForm(f form) {
	m := w.m
	if strings.EqualFold(f.email, m.From.Address) {
		return
	}
	who := Address{Name: f.fullName(), Address: f.email}
	why := "The mail is a web form; the resident's name and address are those in the form."
	if who.Address == "" && len(m.ReplyTo) > 0 && !strings.EqualFold(m.ReplyTo[0].Address, m.From.Address) {
		who.Address = m.ReplyTo[0].Address
		why = "The mail is a web form; the resident's name is in the form, the address in Reply-To."
	}
	if who.Address == "" {
		why = "The mail is a web form that gives no e-mail address of the resident; answer by letter or telephone."
	}
	m.Complainant, m.ComplainantWhy = who, why
	if m.Automatic == Bulk || m.Automatic == AutoReply {
		// The form's program wrote the header, a resident the words.
		m.DoNotAnswer = "A web form sent the mail, with a machine's sign (" + m.AutomaticWhy + ")."
		m.Automatic, m.AutomaticWhy = None, ""
	}
}

var formLocal = regexp.MustCompile(`(form|website|web\.|^web|wordpress|wpforms|no-?reply|donotreply|enquir|contact|portal|submission|notification|online|jotform|typeform|forms)`)

var formSubject = regexp.MustCompile(`(?i)(\bform\b|submission|website (enquiry|message|contact)|online (enquiry|complaint|report)|new (enquiry|entry|message from|response)|contact us)`)

// formSender says whether a program sent the mail, so that a resident who sets
// his letter out like a form is not taken for one.
func formSender(h header, m *Message, o Options) bool {
	mailer := strings.ToLower(h.raw("X-Mailer") + " " + h.raw("User-Agent"))
	switch {
	case h.raw("X-Form-Handler") != "", h.raw("X-WPCF7-Content-Type") != "", h.raw("X-Form-Id") != "", strings.Contains(mailer, "php"):
		return true
	case m.Automatic != None && m.Automatic != AutoReply:
		return formSubject.MatchString(m.Subject) || formLocal.MatchString(localOf(m.From.Address))
	}
	return formLocal.MatchString(localOf(m.From.Address)) || ownAddress(m.From.Address, o) ||
		formSubject.MatchString(m.Subject) && len(m.ReplyTo) > 0
}

// fromForward offers the writer of a mail that a colleague sent on, with the
// time at which the colleague had received it: it was received by the landlord
// then.
func (w *walk) fromForward(pieces []piece, o Options) {
	m := w.m
	own := w.ownWriter(o)
	if m.From.Address == "" || !own(m.From.Address) {
		return
	}
	if who, at, ok := innerWriter(pieces, own); ok {
		m.Complainant, m.ForwardedReceived = who, at
		m.ComplainantWhy = "A colleague sent the mail on; the one inside is from this address."
		return
	}
	if who, at, ok := inlineWriter(bodyOf(pieces), own); ok {
		m.Complainant, m.ForwardedReceived = who, at
		m.ComplainantWhy = "A colleague sent the mail on; the text below it is from this address."
	}
}

// innerWriter finds the first attached mail that is not ours.
func innerWriter(pieces []piece, own func(string) bool) (Address, time.Time, bool) {
	for _, p := range pieces {
		if p.kind != forwarded {
			continue
		}
		if p.from.Address != "" && !own(p.from.Address) {
			return p.from, p.at, true
		}
		if who, at, ok := innerWriter(p.inner, own); ok {
			return who, at, true
		}
		if who, at, ok := inlineWriter(bodyOf(p.inner), own); ok {
			return who, at, true
		}
	}
	return Address{}, time.Time{}, false
}

// inlineWriter finds the writer in the header lines of a mail that was sent on
// as text.
func inlineWriter(text string, own func(string) bool) (Address, time.Time, bool) {
	l := letter{lines: strings.Split(text, "\n")}
	for i, line := range l.lines {
		if i > 2000 || !fromField.MatchString(line) || !l.headerBlock(i) {
			continue
		}
		value := afterLabel(line)
		list := parseAddresses(strings.Trim(value, " *_"))
		if len(list) == 0 || list[0].Address == "" && i+1 < len(l.lines) {
			list = parseAddresses(value + " " + l.lines[min(i+1, len(l.lines)-1)])
		}
		if len(list) > 0 && list[0].Address != "" && !own(list[0].Address) {
			return list[0], l.sentAt(i), true
		}
	}
	return Address{}, time.Time{}, false
}

// sentAt reads the "Sent:" line of the block at i.
func (l *letter) sentAt(i int) time.Time {
	for j := i + 1; j < len(l.lines) && j < i+12; j++ {
		if dateField.MatchString(l.lines[j]) {
			_, value, _ := strings.Cut(l.lines[j], ":")
			return readLocalDate(value)
		}
	}
	return time.Time{}
}

// localForms are the dates of "Sent:" lines, which name no zone.
func localForms() []string {
	return []string{
		"2 January 2006 15:04", "2 January 2006 15:04:05", "Monday, 2 January 2006 15:04", "Monday, 2 January 2006 at 15:04",
		"Monday, January 2, 2006 3:04 PM", "Monday, January 2, 2006 3:04:05 PM", "Mon, 2 Jan 2006, 15:04", "Mon, 2 Jan 2006 at 15:04", "Mon, Jan 2, 2006 at 3:04 PM",
		"Monday 2 January 2006 15:04", "2 January 2006 at 15:04:05 GMT", "2 January 2006 at 15:04:05 BST", "2 January 2006 at 15:04", "02/01/2006 15:04", "2/1/2006 15:04:05", "2/1/2006 15:04", "2 Jan 2006 15:04", "2 Jan 2006, at 15:04",
		"Monday, 2 January 2006 3:04 PM", "Monday, 2 January 2006, 15:04",
	}
}

// readLocalDate reads a date that names no zone as London's, in UTC; zero when
// it cannot be read.
func readLocalDate(s string) time.Time {
	s = strings.Join(strings.Fields(strings.Trim(clean(s), " *_")), " ")
	if t, ok := readDate(s); ok && zoned.MatchString(s) {
		return t.UTC()
	}
	zone, err := time.LoadLocation("Europe/London")
	if err != nil {
		zone = time.UTC
	}
	for _, form := range localForms() {
		if t, err := time.ParseInLocation(form, s, zone); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

var zoned = regexp.MustCompile(`[+-]\d{4}\b|Z$`)
