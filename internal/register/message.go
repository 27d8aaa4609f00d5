package register

import (
	"time"

	"postroom/internal/workday"
)

// A Channel is the way by which a message came.
type Channel string

// The channels.
const (
	Email   Channel = "email"
	Letter  Channel = "letter"
	WebForm Channel = "form"
	Phone   Channel = "phone"
	Visit   Channel = "visit"
	Note    Channel = "note"   // a colleague's: somebody told them
	Social  Channel = "social" // social media
	Portal  Channel = "portal" // another system of the landlord's
)

// Channels lists every channel.
func Channels() []Channel {
	return []Channel{Email, Letter, WebForm, Phone, Visit, Note, Social, Portal}
}

// A MessageState says where a message is on its way.
type MessageState string

// The states of a message.
const (
	Arrived  MessageState = "arrived"  // registered, its clock runs, not read yet
	InReview MessageState = "review"   // waits for a person
	Filed    MessageState = "filed"    // opened or joined a case
	Recorded MessageState = "recorded" // needs no case: machine mail, a duplicate, not actionable
	Split    MessageState = "split"    // a file of many letters, each registered for itself
)

// A Basis says where a received instant comes from.
type Basis string

// The bases, in the words of inspect -json.
const (
	InternalDate   Basis = "internaldate"
	ReceivedHeader Basis = "received_header"
	Stamp          Basis = "stamp"
	Given          Basis = "given"
	FileTime       Basis = "file"
)

// An Arrival is one piece of post as the doors hand it in: its original is in
// the archive, flushed, and nothing of it has been read.
type Arrival struct {
	Fingerprint string // the original's SHA-256, or the submission's id where a door has one
	Original    string // the archive's name of the original
	Size        int64  // bytes
	Channel     Channel
	Source      string // the mailbox, folder or door by name
	Junk        bool   // taken from a junk folder: never answered by itself
	History     bool   // a backlog: owes no reply
	ReceivedAt  time.Time
	Basis       Basis
	// Problem is set when the original is not the message but only what could
	// be had of it; a person is shown why. The message goes straight to review.
	Problem string
}

// A Received answers an Arrival.
type Received struct {
	ID        ID
	Reference string
	New       bool // false: the same bytes were here already
	State     MessageState
	Deadline  workday.Date // last day of the acknowledgement
	Err       error        // this item could not be registered; the others were
}

// An Address is a person's mailbox.
type Address struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// An Attachment is a part of a message that is not its text.
type Attachment struct {
	Filename    string `json:"filename"`
	ContentType string `json:"content_type"`
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	Inline      bool   `json:"inline"`
}

// A Bounce is what a bounce or a delay notice says of a mail of ours.
type Bounce struct {
	Recipient         string `json:"recipient"`
	Status            string `json:"status"`
	Permanent         bool   `json:"permanent"`
	OriginalMessageID string `json:"original_message_id"`
}

// A Reading is what was read from an original, in neutral terms.
type Reading struct {
	MessageID       string       `json:"message_id"`
	From            Address      `json:"from"`
	ReplyTo         []Address    `json:"reply_to"`
	To              []Address    `json:"to"`
	Cc              []Address    `json:"cc"`
	Subject         string       `json:"subject"`
	Date            string       `json:"date"`
	Text            string       `json:"text"`
	NewText         string       `json:"new_text"`
	Language        string       `json:"language"`
	Automatic       string       `json:"automatic"` // "none" or the kind
	AutomaticWhy    string       `json:"automatic_why"`
	DoNotAnswer     string       `json:"do_not_answer"` // why nothing may be sent by itself
	Bounce          Bounce       `json:"bounce"`
	MessageIDs      []string     `json:"message_ids"`      // In-Reply-To and References
	ReferencesFound []string     `json:"references_found"` // our references in subject and text
	ReferencesNear  []string     `json:"references_near"`  // one character wrong: offered, never assumed
	Authenticated   bool         `json:"authenticated"`
	AuthWhy         string       `json:"auth_why"`
	Complainant     Address      `json:"complainant"` // offered as correspondent
	ComplainantWhy  string       `json:"complainant_why"`
	Attachments     []Attachment `json:"attachments"`
	Repairs         []string     `json:"repairs"`
	Notes           []string     `json:"notes"` // what a person has to open himself
	Error           string       `json:"error"`
	Pages           int          `json:"pages"`
	OCRConfidence   float64      `json:"ocr_confidence"`
	PostalAddress   []string     `json:"postal_address"`
	// BodyDigest is the same for the same mail by two routes.
	BodyDigest string `json:"body_digest"`
	// Paper is what only post on paper has; nil for all other.
	Paper *Paper `json:"paper,omitempty"`
	// Told is what only post has that was typed into a form; nil for all other.
	Told *Told `json:"told,omitempty"`
}

// Paper is what was found about a letter on paper.
type Paper struct {
	Pages        []int    `json:"pages"`         // of the original, from 1
	Dated        string   `json:"dated"`         // the day that it says it was written, 2006-01-02; never a clock
	Stamped      string   `json:"stamped"`       // the day of a received stamp, 2006-01-02: a proposal
	Sheet        string   `json:"sheet"`         // the day of receipt that the separator sheet before it says
	Phone        string   `json:"phone"`         // that it gives
	Email        string   `json:"email"`         // that it gives
	AddressDoubt string   `json:"address_doubt"` // why a person must confirm the postal address; empty when it may be used
	Doubts       []string `json:"doubts"`        // why the text may be wrong, each in a sentence
	Held         bool     `json:"held"`          // it may be several letters, and a person has to part them
	NotRead      bool     `json:"not_read"`      // the programs that read letters were missing: it can be read later
	Typed        string   `json:"typed"`         // who typed the words in; empty: they were read
}

// ReplyAddress is where an answer to the writer goes: the one Reply-To
// address when there is exactly one, else From (RFC 5322, section 3.6.2).
func (r *Reading) ReplyAddress() Address {
	if len(r.ReplyTo) == 1 && r.ReplyTo[0].Address != "" {
		return r.ReplyTo[0]
	}
	return r.From
}

// MayQuote reports whether the writer's words may be said back without a
// person's word: the sender is authenticated and an answer goes to nobody
// else. Otherwise a stranger could have us carry words to a third person.
func (r *Reading) MayQuote() bool {
	return r.Authenticated && sameMailbox(r.ReplyAddress().Address, r.From.Address)
}

// A Message is one piece of post, immutable but for where it is on its way.
type Message struct {
	ID           ID
	Reference    string
	Fingerprint  string
	Original     string
	Size         int64
	Channel      Channel
	Source       string
	Junk         bool
	History      bool
	ReceivedAt   time.Time
	Basis        Basis
	RegisteredAt time.Time
	Deadline     workday.Date // last day of the acknowledgement
	FailsafeAt   time.Time    // when the fail-safe acts on an undecided message
	State        MessageState
	Attempts     int    // how often reading was begun
	Problem      string // why a person is asked, in a sentence; empty when the verdict says it
	Version      int64  // grows with each change; a decision names the version it was made on
	Case         ID     // the case that it opened or joined
	OfferedCase  ID     // a case that it may belong to, for a person to say
	OfferedWhy   string
	Twin         ID // the first copy of the same mail
	Reading      *Reading
	Verdict      *Verdict // the decision that stands
	DecidedBy    string   // "rules@VERSION" or an officer
	decisions    int64    // how many there are
	was          ID       // Case as it was read
}
