package notify

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"postroom/internal/paper"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

// A Composer writes what goes out.
type Composer struct {
	Words       *templates.Set
	Languages   map[string]*templates.Set // other words, by the language's tag such as cy
	Landlord    templates.Landlord
	Press       *paper.Press     // nil: letters wait for a person
	LargePrint  bool             // for every letter
	From        register.Address // who our mail is from
	IDs         reference.MessageIDs
	ReturnPaths reference.ReturnPaths // zero: Envelope alone
	// Envelope is the address that bounces go to where ReturnPaths is not set:
	// empty for From's, "<>" for the null sender, which gets none. Some mail
	// services refuse the null sender.
	Envelope string
	DKIM     *DKIM // nil: our mail is not signed here
	// archived reads a file that goes with a reply; NewWorker sets it.
	archived func(name string) ([]byte, error)
}

// A Composed outgoing is ready to leave.
type Composed struct {
	Template  string
	Subject   string
	MessageID string // without brackets
	Envelope  string // for MAIL FROM, without brackets; "<>" when null
	To        string // for RCPT TO, without brackets; for a webhook its URL
	Bytes     []byte // exactly what is sent: RFC 5322, or JSON for a webhook
	Promised  workday.Date
	Letter    *Letter // nil for what leaves by wire
}

// Compose renders a claimed outgoing afresh, as of that instant. The same
// arguments give the same bytes.
func (c *Composer) Compose(o register.Claimed, now time.Time) (Composed, error) {
	c = c.speaking(o)
	kind, form := wordsFor(o)
	data := c.reply(o, now)
	shown, err := c.Words.Render(kind, form, data)
	if err == nil && o.Kind == register.Extension && o.About != nil && o.About.NewDate.Before(workday.DateOf(now)) {
		err = errNewDayPassed
	}
	if err != nil {
		return Composed{}, fmt.Errorf("notify: compose %s: %w", o.Kind, err)
	}
	out := Composed{
		Template: shown.Name, Subject: shown.Subject, Envelope: c.envelope(o), To: o.To.Address,
		MessageID: c.IDs.Make(c.fingerprint(o), string(o.Kind), o.Ordinal, o.Reference),
	}
	if o.Kind == register.Acknowledgement && !data.Late() {
		out.Promised = workday.Date(data.AnswerBy)
	}
	switch o.Way {
	case register.ByWebhook:
		out.Bytes, err = webhookBody(o, data)
	case register.ByLetter:
		out.Letter, out.Bytes, err = c.letter(o, shown, data, now)
	case register.ByEmail:
		out.To, out.Bytes, err = c.mail(o, shown, out.MessageID, now)
	}
	if err != nil {
		return Composed{}, fmt.Errorf("notify: compose %s: %w", o.Kind, err)
	}
	return out, nil
}

// speaking is the composer in the language that the resident reads best, where
// the landlord has words in it.
func (c *Composer) speaking(o register.Claimed) *Composer {
	words := c.Languages[languageOf(o.Language)]
	if words == nil || ourPeople(o.Kind) {
		return c
	}
	other := *c
	other.Words = words
	return &other
}

// languageOf is the language of a BCP 47 tag without its country: cy of cy-GB.
func languageOf(tag string) string {
	language, _, _ := strings.Cut(strings.ToLower(tag), "-")
	return language
}

// errNewDayPassed: a person must write this letter anew.
var errNewDayPassed = errors.New("the new day that it promises has passed")

// fingerprint ties our Message-ID to the post that it answers. Alarms about
// nothing in particular have no post.
func (c *Composer) fingerprint(o register.Claimed) string {
	if o.TheMessage == nil || o.Kind == register.Alert {
		return o.Key
	}
	return o.TheMessage.Fingerprint
}

// Again is what a claim whose outcome is unknown sends once more: the bytes
// that went before, found in the archive.
func (c *Composer) Again(o register.Claimed, sent []byte) (Composed, error) {
	if len(sent) == 0 {
		return Composed{}, errors.New("notify: the bytes that were sent before are empty")
	}
	out := Composed{
		Subject: o.Subject, MessageID: o.MessageID, Envelope: c.envelope(o), To: o.To.Address, Bytes: sent, Promised: o.Promised,
	}
	if o.Way == register.ByWebhook {
		return out, nil
	}
	to, err := deliverable(o.To.Address)
	out.To = to
	return out, err
}

func (c *Composer) envelope(o register.Claimed) string {
	switch {
	case c.ReturnPaths.Address != "":
		return c.ReturnPaths.Make(o.Reference, int64(o.Ordinal))
	case c.Envelope != "":
		return c.Envelope
	}
	return c.From.Address
}

// mail writes RFC 5322 bytes. Every address setter's error counts: a refused
// one leaves what was there before.
func (c *Composer) mail(o register.Claimed, shown templates.Rendered, id string, now time.Time) (to string, raw []byte, err error) {
	if to, err = deliverable(o.To.Address); err != nil {
		return "", nil, err
	}
	options := []mail.MsgOption{mail.WithNoDefaultUserAgent(), mail.WithEncoding(mail.EncodingQP)}
	if o.About == nil || o.About.File == "" {
		// go-mail would give parts within parts the same one.
		options = append(options, mail.WithBoundary(boundary(id)))
	}
	m := mail.NewMsg(options...)
	if err := m.FromFormat(c.From.Name, c.From.Address); err != nil {
		return "", nil, fmt.Errorf("the sender's address: %w", err)
	}
	// The address alone: a name that came from outside has no place in a header.
	if err := m.To(to); err != nil {
		return "", nil, errBadAddress
	}
	if !validMsgID(id) {
		return "", nil, fmt.Errorf("our own Message-ID %q is none", id)
	}
	m.SetMessageIDWithValue(id)
	m.SetDateWithValue(now.In(workday.London()))
	m.Subject(shown.Subject)
	c.markAutomatic(m, o)
	threading(m, o)
	m.SetBodyString(mail.TypeTextPlain, shown.Text)
	m.AddAlternativeString(mail.TypeTextHTML, shown.HTML)
	if err := c.enclose(m, o.About); err != nil {
		return "", nil, err
	}
	if c.DKIM != nil {
		c.DKIM.sign(m, now)
	}
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return "", nil, fmt.Errorf("write mail: %w", err)
	}
	return to, b.Bytes(), nil
}

// Sample writes a rendered sample as the mail that it would be, for somebody
// to look at in a mail program.
func (c *Composer) Sample(kind register.Kind, shown templates.Rendered, now time.Time) ([]byte, error) {
	o := register.Claimed{Outgoing: register.Outgoing{Kind: kind, To: register.Address{Address: "resident@mail.example"}}}
	_, raw, err := c.mail(o, shown, shown.Name+".sample@postroom.example", now)
	return raw, err
}

// markAutomatic tells other machines not to answer (RFC 3834, section 5; for
// Exchange X-Auto-Response-Suppress, without DR and NDR, for we need bounces).
// No Precedence: a statutory letter is no bulk mail.
func (c *Composer) markAutomatic(m *mail.Msg, o register.Claimed) {
	how := "auto-replied"
	if ourPeople(o.Kind) {
		how = "auto-generated"
	}
	m.SetGenHeader("Auto-Submitted", how)
	m.SetGenHeader("X-Auto-Response-Suppress", "OOF, AutoReply")
	m.SetGenHeader("X-Loop", c.From.Address)
	if o.Kind == register.Alert {
		m.SetImportance(mail.ImportanceHigh)
	}
}

// longestReferences bounds the References header in bytes: some servers refuse
// mail with very long headers.
const longestReferences = 900

// threading ties a reply to the mail that it answers (RFC 5322, section 3.6.4).
// Alerts and forwards begin threads of their own.
func threading(m *mail.Msg, o register.Claimed) {
	r := reading(o)
	if r == nil || ourPeople(o.Kind) {
		return
	}
	parent := bareMsgID(r.MessageID)
	if !validMsgID(parent) {
		return
	}
	m.SetGenHeader(mail.HeaderInReplyTo, "<"+parent+">")
	m.SetGenHeader(mail.HeaderReferences, references(r.MessageIDs, parent))
}

// references keeps the first id and as many of the last as there is room for.
func references(before []string, parent string) string {
	var ids []string
	seen := map[string]bool{parent: true}
	for _, id := range before {
		if id = bareMsgID(id); validMsgID(id) && !seen[id] {
			seen[id] = true
			ids = append(ids, id)
		}
	}
	ids = append(ids, parent)
	room := longestReferences
	for _, id := range ids {
		room -= len(id) + 3
	}
	for room < 0 && len(ids) > 2 {
		room += len(ids[1]) + 3
		ids = append(ids[:1], ids[2:]...)
	}
	if room < 0 {
		ids = ids[len(ids)-1:]
	}
	return "<" + strings.Join(ids, "> <") + ">"
}

func bareMsgID(id string) string {
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(id), "<"), ">")
}

var msgID = regexp.MustCompile(`^[!-;=?A-~]+@[!-;=?A-~]+$`)

// validMsgID holds ids to visible ASCII without brackets, of a length that
// fits a line: what came from outside must not end a header.
func validMsgID(id string) bool { return len(id) <= 400 && msgID.MatchString(id) }

// boundary is drawn from the Message-ID, so that the same reply has the same
// bytes.
func boundary(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "postroom-" + hex.EncodeToString(sum[:12])
}

// webhookBody is what another system is told: no personal words.
func webhookBody(o register.Claimed, data templates.Reply) ([]byte, error) {
	return json.Marshal(struct {
		ID        string `json:"id"` // the same when it is sent again
		Alarm     string `json:"alarm"`
		Reference string `json:"reference"`
		Text      string `json:"text"`
		Page      string `json:"page"`
		Times     int    `json:"times"` // how often this alarm has sounded, from 1
	}{o.ID, alarmOf(o), o.Reference, data.What, data.Link, o.Ordinal})
}
