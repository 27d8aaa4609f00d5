package register

import (
	"time"

	"postroom/internal/workday"
)

// A Kind is what a reply is.
type Kind string

// The kinds of outgoing.
const (
	Acknowledgement   Kind = "acknowledgement" // the statutory one
	ServiceNotice     Kind = "service_request_notice"
	Receipt           Kind = "receipt"
	Clarification     Kind = "clarification"
	Extension         Kind = "extension"
	AnswerNotice      Kind = "answer"       // a stage's answer
	NotAcceptedNotice Kind = "not_accepted" // why, and the way to the Ombudsman
	Forward           Kind = "forward"      // to the landlord's service team
	MorningDigest     Kind = "digest"       // the morning's list, for the team lead
	Alert             Kind = "alert"        // to the landlord's own people
)

// A Form is how much an acknowledgement says.
type Form string

// The forms of an acknowledgement; empty for every other kind.
const (
	Defined  Form = "defined"  // with the complaint definition in the resident's words
	Unquoted Form = "unquoted" // the same, in our own words only
	Holding  Form = "holding"  // by the fail-safe: reference, dates, Ombudsman
)

// A Way is how an outgoing leaves.
type Way string

// The ways.
const (
	ByEmail   Way = "email"
	ByLetter  Way = "letter"
	ByWebhook Way = "webhook"
)

// An OutgoingState says how far a reply is.
type OutgoingState string

// The states of an outgoing.
const (
	Owed      OutgoingState = "owed"      // to be sent when due
	Sending   OutgoingState = "sending"   // a worker holds it
	ToPrint   OutgoingState = "to_print"  // a letter in the tray or in a print batch; a person posts it
	Delivered OutgoingState = "sent"      // the mail server said 250, or a person posted it
	Held      OutgoingState = "held"      // waits for a person, who is told why
	Failed    OutgoingState = "refused"   // the mail server refuses it for good; a person is told
	Uncertain OutgoingState = "unknown"   // twice nobody knows whether it arrived; a person is told
	Cancelled OutgoingState = "cancelled" // no longer owed
)

// An Outgoing is one reply, alert or forward that is owed or was sent.
type Outgoing struct {
	ID         ID
	Key        string // what makes it the same: a second one is never owed
	Kind       Kind
	Form       Form
	Stage      int
	Case       ID
	Message    ID
	Reference  string
	Ordinal    int // counts the replies of a kind to one message, from 1
	Way        Way
	To         Address  // for a webhook, Address is its URL
	postal     []string // where a letter goes, when it is owed
	State      OutgoingState
	Attempt    int       // the number that Begin, Sent and the others must carry
	begun      int       // the last attempt that came as far as DATA
	awaited    int       // the last attempt whose outcome was waited for once more
	Failures   int       // attempts that certainly did not deliver
	Resend     bool      // an attempt's outcome is unknown: the identical bytes go once more
	NotBefore  time.Time // zero: at once, whatever the clocks of the machines say
	Deadline   time.Time // when it is late
	LeaseUntil time.Time // on the database's clock
	MessageID  string    // of the mail as sent, without brackets
	Bytes      string    // the archive's name of the exact bytes
	Subject    string
	Note       string       // what an alert is about, in words of ours
	About      *About       // what an officer gave it to say; nil for what is written from the case alone
	Why        string       // why it is held, refused or unknown, in a sentence
	Promised   workday.Date // the answer date that the bytes say; zero when none
	LargePrint bool         // the resident reads large print
	Language   string       // what the resident reads best, BCP 47; empty: English
	CreatedAt  time.Time
	BegunAt    time.Time
	SentAt     time.Time
}

// A Claimed outgoing comes with all that guarding and rendering need.
type Claimed struct {
	Outgoing
	TheCase    *Case    // nil when there is none
	TheMessage *Message // nil when there is none
	// Clocks are the case's. An answer clock that waits for its
	// acknowledgement is shown as if the acknowledgement went out now.
	Clocks []Clock
	// Recent counts what went out by itself before: the caps are judged by it.
	Recent RecentCounts
}

// RecentCounts is how much went out by itself within the cap's window.
type RecentCounts struct {
	Recipient int
	Case      int
	All       int
}

// A Beginning is recorded before DATA: from here on the outcome may be unknown.
type Beginning struct {
	ID        ID
	Attempt   int
	MessageID string
	Bytes     string
	Subject   string
	Guard     string // the guard's verdict in a sentence
	// Promised is the date of an answer as the bytes say it; from the delivery
	// on it binds us (see Clock.Counts).
	Promised workday.Date
}

// An Outcome is what became of an attempt.
type Outcome struct {
	ID      ID
	Attempt int
	Code    string    // the mail server's reply code and enhanced status
	Why     string    // in a sentence, without the recipient's address
	At      time.Time // of a certain delivery; zero: now
	Again   time.Time // not before, for a retry
}

// Windows are the spans over which RecentCounts counts.
type Windows struct {
	Recipient time.Duration
	Case      time.Duration
	All       time.Duration
}

// An AlarmKind is why people are called.
type AlarmKind string

// The kinds of alarm.
const (
	EmergencyAlarm    AlarmKind = "emergency"    // repeated until taken
	SafeguardingAlarm AlarmKind = "safeguarding" // repeated until taken
	DeadlineAlarm     AlarmKind = "deadline"
	UnsentAlarm       AlarmKind = "unsent" // refused, unknown or bounced
	BrakeAlarm        AlarmKind = "brake"  // the global cap held something
	FailsafeAlarm     AlarmKind = "failsafe"
	HazardAlarm       AlarmKind = "hazard" // a duty about a hazard is near or missed; repeated until taken
	MalwareAlarm      AlarmKind = "malware"
)

// AlarmKinds are all of them.
func AlarmKinds() []AlarmKind {
	return []AlarmKind{EmergencyAlarm, SafeguardingAlarm, DeadlineAlarm, UnsentAlarm, BrakeAlarm, FailsafeAlarm, HazardAlarm, MalwareAlarm}
}

// An Alarm is something that people must hear of.
type Alarm struct {
	ID       ID
	Kind     AlarmKind
	Message  ID
	Case     ID
	Outgoing ID
	Note     string
	RaisedAt time.Time
	NextAt   time.Time
	Times    int
	TakenAt  time.Time
	TakenBy  string
	// Reference is of what it is about, where OpenAlarms lists it.
	Reference string
}

// A Recipient is one of the landlord's own people or systems that alarms go to.
type Recipient struct {
	Way     Way
	Address string
}
