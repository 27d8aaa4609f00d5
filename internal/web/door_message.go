package web

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/register"
)

// What a message that is handed in may hold, beside mostSaid and mostLines.
const (
	mostAttached = 20
	largestFiles = 20 << 20 // bytes, all together
	mostAhead    = 2 * time.Minute
	shortText    = 200 // characters of a field of one line
)

// handedIn is a message as another system hands it in. openapi.yaml describes
// it, field by field.
type handedIn struct {
	ID                string       `json:"id"`
	ReceivedAt        string       `json:"received_at"`
	Channel           string       `json:"channel"`
	Subject           string       `json:"subject"`
	Text              string       `json:"text"`
	OutcomeWanted     []string     `json:"outcome_wanted"`
	Complainant       complainant  `json:"complainant"`
	IdentityConfirmed bool         `json:"identity_confirmed"`
	ForSomebodyElse   bool         `json:"for_somebody_else"`
	ReplyBy           string       `json:"reply_by"`
	Needs             []string     `json:"needs"`
	OtherNeeds        string       `json:"other_needs"`
	CaseReference     string       `json:"case_reference"`
	DangerNow         bool         `json:"danger_now"`
	TakenDownBy       string       `json:"taken_down_by"`
	Attachments       []attachedIn `json:"attachments"`
}

type complainant struct {
	Name           string   `json:"name"`
	Email          string   `json:"email"`
	Phone          string   `json:"phone"`
	PostalAddress  []string `json:"postal_address"`
	CustomerNumber string   `json:"customer_number"`
}

type attachedIn struct {
	Filename string `json:"filename"`
	Content  []byte `json:"content"`
}

// doorChannels are the ways by which residents reach other systems.
func doorChannels() []register.Channel {
	return []register.Channel{register.Portal, register.WebForm, register.Phone, register.Visit, register.Note, register.Social}
}

// doorNeeds are the needs by the names that they have at the door.
func doorNeeds() map[string]string {
	return map[string]string{"large_print": "large", "another_language": "language", "easy_read": "easy", "braille_or_audio": "braille"}
}

// readHandedIn reads a message strictly: what is not described is refused, so
// that a slip of the pen in the other system loses nothing in silence. All that
// is wrong is told at once.
func readHandedIn(body []byte, now time.Time) (h handedIn, no *refusal) {
	var s shape
	if err := s.check(body, reflect.TypeFor[handedIn]()); err != nil {
		return h, &refusal{Status: http.StatusBadRequest, Code: "not_understood", Detail: "This is no JSON object in UTF-8: " + err.Error() + "."}
	}
	err := json.Unmarshal(body, &h)
	_, told := errors.AsType[*json.UnmarshalTypeError](err) // by its shape
	switch _, corrupt := errors.AsType[base64.CorruptInputError](err); {
	case corrupt:
		s.found("/attachments", "the content of an attachment is no base64 (RFC 4648, section 4, with padding)")
	case err != nil && (!told || len(s.wrong) == 0):
		return h, &refusal{Status: http.StatusBadRequest, Code: "not_understood", Detail: "This is not read as a message: " + err.Error() + "."}
	}
	s.also(h.wrong(now))
	if len(s.wrong) > 0 {
		return h, wrongFields(s.wrong)
	}
	return h, nil
}

func wrongFields(all []fieldError) *refusal {
	detail := "What was sent cannot be taken in as it is. Put right what errors names, and send it with a new key."
	return &refusal{Status: http.StatusUnprocessableEntity, Code: "wrong_fields", Detail: detail, Errors: all}
}

// wrong says what has to be put right, and tidies what need not be.
func (h *handedIn) wrong(now time.Time) []fieldError {
	h.tidy()
	var all []fieldError
	must := func(ok bool, field, text string) {
		if !ok {
			all = append(all, fieldError{field, text})
		}
	}
	for _, f := range h.lines() {
		must(len([]rune(f.text)) <= shortText && !strings.ContainsFunc(f.text, unicode.IsControl), f.field, fmt.Sprintf("is one line of at most %d characters", shortText))
	}
	must(h.ID != "", "/id", "is needed: the number that your system has for this")
	_, why := h.received(now)
	must(why == "", "/received_at", why)
	must(slices.Contains(doorChannels(), register.Channel(h.Channel)), "/channel", fmt.Sprintf("is one of %v", doorChannels()))
	must(visible(h.Text), "/text", "is needed: what the resident said, in their words")
	must(len([]rune(h.Text)) <= mostSaid, "/text", fmt.Sprintf("has at most %d characters", mostSaid))
	must(!strings.ContainsRune(h.Text, 0), "/text", "holds a character that is no text")
	must(fits(h.OutcomeWanted), "/outcome_wanted", fmt.Sprintf("has at most %d lines of %d characters", mostLines, mostLine))
	must(fits(h.Complainant.PostalAddress), "/complainant/postal_address", fmt.Sprintf("has at most %d lines of %d characters", mostLines, mostLine))
	must(h.Complainant.Email == "" || isEmail(h.Complainant.Email), "/complainant/email", "is one address such as name@example.com")
	field, text := wrongAnswer(register.Wish(h.ReplyBy), h.Complainant.Name, h.Complainant.Email, h.Complainant.PostalAddress)
	must(text == "", map[string]string{"answer": "/reply_by"}[field]+map[string]string{"email": "/complainant/email", "name": "/complainant/name", "address": "/complainant/postal_address"}[field], text)
	for i, n := range h.Needs {
		must(doorNeeds()[n] != "", fmt.Sprintf("/needs/%d", i), "is one of large_print, another_language, easy_read, braille_or_audio")
	}
	return append(all, h.wrongFiles()...)
}

func (h *handedIn) wrongFiles() (all []fieldError) {
	if len(h.Attachments) > mostAttached {
		return []fieldError{{"/attachments", fmt.Sprintf("are at most %d", mostAttached)}}
	}
	size := 0
	for i, a := range h.Attachments {
		if name := strings.TrimSpace(a.Filename); name == "" || len([]rune(name)) > shortText || strings.ContainsFunc(name, unicode.IsControl) {
			all = append(all, fieldError{fmt.Sprintf("/attachments/%d/filename", i), fmt.Sprintf("is needed: one line of at most %d characters", shortText)})
		}
		if len(a.Content) == 0 {
			all = append(all, fieldError{fmt.Sprintf("/attachments/%d/content", i), "is empty: leave the attachment out"})
		}
		size += len(a.Content)
	}
	if size > largestFiles {
		all = append(all, fieldError{"/attachments", "are larger than 20 MiB together"})
	}
	return all
}

// lines are the fields of one line.
func (h *handedIn) lines() []struct{ field, text string } {
	return []struct{ field, text string }{
		{"/id", h.ID},
		{"/subject", h.Subject},
		{"/complainant/name", h.Complainant.Name},
		{"/complainant/phone", h.Complainant.Phone},
		{"/complainant/customer_number", h.Complainant.CustomerNumber},
		{"/other_needs", h.OtherNeeds},
		{"/case_reference", h.CaseReference},
		{"/taken_down_by", h.TakenDownBy},
	}
}

// tidy takes away what means nothing, and fills in what follows from the rest.
func (h *handedIn) tidy() {
	for _, f := range []*string{
		&h.ID, &h.Subject, &h.OtherNeeds, &h.CaseReference, &h.TakenDownBy, &h.Complainant.Name, &h.Complainant.Email, &h.Complainant.Phone, &h.Complainant.CustomerNumber,
	} {
		*f = strings.TrimSpace(*f)
	}
	h.Text = strings.TrimSpace(strings.ReplaceAll(h.Text, "\r\n", "\n"))
	h.OutcomeWanted = lines(strings.Join(h.OutcomeWanted, "\n"))
	h.Complainant.PostalAddress = lines(strings.Join(h.Complainant.PostalAddress, "\n"))
	h.Channel = cmp.Or(h.Channel, string(register.Portal))
	if h.ReplyBy == "" {
		switch {
		case h.Complainant.Email != "":
			h.ReplyBy = string(register.WishesEmail)
		case h.Complainant.Name != "" && len(h.Complainant.PostalAddress) > 0:
			h.ReplyBy = string(register.WishesLetter)
		default:
			h.ReplyBy = "none"
		}
	}
}

// rfc3339 is stricter than time.Parse, which takes an hour of one digit and a
// comma before the fraction.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$`)

// received is when the other system was told, and what is wrong with that.
func (h *handedIn) received(now time.Time) (at time.Time, wrong string) {
	at, err := time.Parse(time.RFC3339, h.ReceivedAt)
	switch {
	case err != nil || !rfc3339.MatchString(h.ReceivedAt):
		return at, "is needed: the moment when the resident told you, with its offset, such as 2026-11-23T09:30:00Z (RFC 3339)"
	case at.Sub(now) > mostAhead:
		return at, "lies in the future: nobody can have told you then. Set your system's clock"
	case at.After(now): // their clock is a little ahead
		return now, ""
	case now.Sub(at) > longestAgo*24*time.Hour:
		return at, "lies more than a year back. The operator takes in old post with: postroom import"
	}
	return at.UTC(), ""
}

// submission is the message as post.
func (h *handedIn) submission(now time.Time, s register.System, key, digest string) ingest.Submission {
	at, _ := h.received(now) // was looked at
	var needs []string
	for _, n := range h.Needs {
		needs = append(needs, doorNeeds()[n])
	}
	out := ingest.Submission{
		ID: s.HandedIn(key), Channel: register.Channel(h.Channel), Source: "handed in by " + s.Name, ReceivedAt: at, Basis: register.Given,
		Name: h.Complainant.Name, Email: h.Complainant.Email, Subject: h.Subject, Text: wordsOf(h.Text, strings.Join(h.OutcomeWanted, "\n")),
		Told: register.Told{
			By: s.Name, Heard: h.TakenDownBy, Phone: h.Complainant.Phone, Postal: h.Complainant.PostalAddress, Answer: register.Wish(h.ReplyBy),
			Wanted: h.OutcomeWanted, Reference: h.CaseReference, Needs: needsOf(needs, h.OtherNeeds), Large: slices.Contains(needs, "large"),
			ForOther: h.ForSomebodyElse, Danger: h.DangerNow, Vouched: h.IdentityConfirmed,
			TheirID: h.ID, Customer: h.Complainant.CustomerNumber, Request: digest,
		},
	}
	for _, a := range h.Attachments {
		out.Files = append(out.Files, ingest.SubmittedFile{
			Name: strings.TrimSpace(a.Filename), Type: fileType(a),
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(a.Content)), nil },
		})
	}
	return out
}

// fileType is what an attachment is by how it begins: what its sender says
// that it is, nobody asks. What would be taken for a part of our own record is
// only bytes there; it is looked at again when the record is read.
func fileType(a attachedIn) string {
	kind := mime.Sniff(a.Content[:min(len(a.Content), 4096)], a.Filename)
	if strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "message/") || strings.HasPrefix(kind, "multipart/") {
		return "application/octet-stream"
	}
	return kind
}
