// Package mime turns the bytes of an internet message (RFC 5322, RFC 2045 and
// what really arrives instead) into neutral text, attachments and signs of
// automatic mail. It keeps nothing, sends nothing and imports nothing of ours.
package mime

import "time"

// An Address is a mailbox of RFC 5322, section 3.4.
type Address struct {
	Name    string `json:"name"`
	Address string `json:"address"`
}

// Automatic is the kind of machine that wrote a message, or "none" for a person.
type Automatic string

// The kinds of automatic mail.
const (
	None           Automatic = "none"
	AutoReply      Automatic = "auto_reply"      // RFC 3834
	Bounce         Automatic = "bounce"          // RFC 3464, and the free-form bounces of old servers
	Delay          Automatic = "delay"           // RFC 3464 action "delayed"
	ReadReceipt    Automatic = "read_receipt"    // RFC 8098
	List           Automatic = "list"            // RFC 2369, RFC 2919
	Bulk           Automatic = "bulk"            // Precedence: bulk and kin
	FeedbackReport Automatic = "feedback_report" // RFC 5965
)

// A BounceReport says what a bounce or a delay notice is about.
type BounceReport struct {
	Recipient         string `json:"recipient"`
	Status            string `json:"status"` // RFC 3463, such as "5.1.1"
	Permanent         bool   `json:"permanent"`
	OriginalMessageID string `json:"original_message_id"`
}

// An Attachment is one part of a message that is not its text.
type Attachment struct {
	Filename    string `json:"filename"`     // safe to show and to save: no path, no control characters
	ContentType string `json:"content_type"` // as sniffed from the content, not as declared
	Size        int64  `json:"size"`
	SHA256      string `json:"sha256"`
	Inline      bool   `json:"inline"`
}

// A Message is what was read. Reading never fails: what cannot be read sets
// Error, what was mended sets Repairs. All text is valid UTF-8 without NUL.
type Message struct {
	MessageID     string    // RFC 5322 msg-id with its angle brackets taken off; empty when there is none
	InReplyTo     []string  // msg-ids, without brackets
	References    []string  // msg-ids, without brackets, oldest first
	From          Address   // who wrote; empty Address.Address when nobody can be answered
	Sender        Address   // RFC 5322 Sender, when it differs
	ReplyTo       []Address //
	To, Cc        []Address
	DeliveredTo   []string // Delivered-To, X-Original-To, Envelope-To
	ReturnPath    string   // "<>" when null, empty when absent
	Subject       string
	Date          string    // the sender's claim, RFC 3339 when it parses, else empty; never a clock
	ReceivedAt    time.Time // from our own server's topmost Received header; zero when there is none
	Authenticated bool      // DMARC pass, aligned with From, by our own mail server's word
	AuthWhy       string    // one sentence

	Text     string // all text, quoted mail and attachments' text included
	NewText  string // what the sender wrote now
	Language string // BCP 47; "und" when unknown

	Automatic    Automatic
	AutomaticWhy string // the header or words that showed it
	DoNotAnswer  string // why no automatic reply may go although a person may have written; empty when one may
	Bounce       BounceReport

	// Complainant is offered as correspondent when From is not the person
	// concerned: a web form's resident, or the writer of a forwarded mail.
	Complainant    Address
	ComplainantWhy string
	// ForwardedReceived is when a colleague who sent a mail on had received it,
	// in UTC; zero when there is no such mail or it does not say.
	ForwardedReceived time.Time

	Attachments []Attachment
	Repairs     []string // each mend, in a sentence for a reviewer
	Notes       []string // what a person has to open or check himself: encrypted parts, PDF files, pictures
	BodyDigest  string   // SHA-256, hex, of sender, text and attachments: the same mail by another route has the same
	Error       string   // what could not be read, in a sentence for a reviewer
}
