package register

import (
	"slices"
	"time"

	"postroom/classify"
	"postroom/internal/workday"
)

// A CaseKind is what the landlord must answer.
type CaseKind string

// The kinds of case.
const (
	ComplaintCase      CaseKind = "complaint"
	ServiceRequestCase CaseKind = "service_request"
	EnquiryCase        CaseKind = "enquiry"
)

// A Case is what the landlord must answer.
type Case struct {
	ID            ID
	Reference     string
	Kind          CaseKind
	Stage         int // 1 or 2 for a complaint, 0 otherwise
	Message       ID  // the message that opened it
	Stage2Message ID  // the request for stage 2; empty when it began there or is not there
	Correspondent Address
	Postal        []string // the correspondent's postal address, a line each, without the name
	PostalOK      bool     // a person has confirmed it: letters may go there
	Channel       Channel  // by which replies go
	Definition    classify.Definition
	Defined       bool // false: opened by the fail-safe, a person has yet to define it
	MayQuote      bool // the resident's words may be said back
	Topics        []string
	Flags         []classify.Flag
	HazardLevel   classify.HazardLevel
	OpenedAt      time.Time
	Answered1At   time.Time // when the stage 1 answer was given; zero while it was not
	Answered2At   time.Time
	NotAccepted   Exclusion // why it was not accepted; empty when it was
	MergedInto    ID        // the case that lives on; empty when this one does
	ClosedAt      time.Time
	ClosedWhy     CloseReason
	Resident      ID     // whose case it is; empty while nobody knows
	Handler1      string // the officer who has it, or had it, at stage 1; empty: nobody
	Handler2      string // at stage 2
}

// AnsweredAt is when a stage's answer was given; zero while it was not.
func (c Case) AnsweredAt(stage int) time.Time {
	if stage == 2 {
		return c.Answered2At
	}
	return c.Answered1At
}

// stageMessage is the message that began the stage that the case is at.
func (c Case) stageMessage() ID {
	if c.Stage == 2 && c.Stage2Message != "" {
		return c.Stage2Message
	}
	return c.Message
}

// A Clock is one statutory deadline of a case.
type Clock struct {
	Case     ID
	Name     string // such as "stage1_acknowledgement"
	Scheme   string
	Start    workday.Date // day 0
	Due      workday.Date
	BaseDue  workday.Date // Due without extensions
	Steps    []string     // the arithmetic, day by day, in words
	Calendar string       // the version of the calendar that it was computed with
	Promised workday.Date // what the resident was told; zero when nothing
	MetAt    time.Time    // zero while it runs
	MetBy    Form         // by which form of reply
	// DefinedAt is when it was met by more than a holding form, which is what
	// strict figures count; zero until then.
	DefinedAt time.Time
	StoppedAt time.Time // when the case was closed without meeting it; zero otherwise
}

// Running reports whether the clock still has to be met.
func (c Clock) Running() bool { return c.MetAt.IsZero() && c.StoppedAt.IsZero() }

// Counting are those of a case's clocks that count. What was met stays. What
// runs of a request or an enquiry rests: no code sets such a case a day for an
// answer, and nothing would ever meet it. It waits for the day on which it is a
// complaint after all.
func (c Case) Counting(clocks []Clock) []Clock {
	if c.Kind == ComplaintCase {
		return clocks
	}
	return slices.DeleteFunc(slices.Clone(clocks), Clock.Running)
}

// Missed reports whether the clock's day had passed when it was met or
// stopped, or has passed now.
func (c Clock) Missed(now time.Time) bool {
	at := now
	switch {
	case !c.MetAt.IsZero():
		at = c.MetAt
	case !c.StoppedAt.IsZero():
		at = c.StoppedAt
	}
	return workday.DateOf(at).After(c.Counts())
}

// Counts is the day that counts: the earlier of due and promised.
func (c Clock) Counts() workday.Date {
	if !c.Promised.IsZero() && c.Promised.Before(c.Due) {
		return c.Promised
	}
	return c.Due
}

// A Join is a case that a message carries a sign of.
type Join struct {
	Case    ID
	Why     string // "our_message_id", "reference", "thread"
	Trusted bool   // an authenticated sender who belongs to the case
}

// An Opening is what ingest knows after reading and judging a message.
type Opening struct {
	Message ID
	Reading Reading
	Verdict Verdict
	Join    Join   // zero: none
	Problem string // why it could not be read or judged; sends it to review
	// ReceivedAt is when it arrived, by the separator sheet before it; zero:
	// nothing more is known than at the door.
	ReceivedAt time.Time
}

// An Opened answers an Opening or a Ruling.
type Opened struct {
	Message   ID
	State     MessageState
	Case      ID
	Reference string
	Owed      []Hint // replies that are owed now, for the queue
	Err       error  // this item failed; the others were done
}

// A Hint is what the queue is told after a commit.
type Hint struct {
	ID        ID
	NotBefore time.Time
	Deadline  time.Time
}

// A Ruling is an officer's decision on a message in review.
type Ruling struct {
	Message       ID
	Version       int64 // of the message that the officer saw; ErrConflict when it changed since
	By            string
	Label         classify.Label
	Definition    classify.Definition
	Join          ID      // join this case instead of opening one
	Correspondent Address // empty: as read
	// Postal is the correspondent's postal address as the officer has compared
	// it with what came; empty: as read. Correspondent.Name is the name then.
	Postal []string
	Reason string // why it differs from what the rules said; required then
	// Words: an officer has looked at the words that will be said back, so
	// they may be quoted even to a sender who is not authenticated.
	Words bool
	// NotAccepted: the complaint, or the request for stage 2, is not accepted,
	// and the letter that says so takes the acknowledgement's place. Its Case
	// and By are filled in.
	NotAccepted *NotAccepting
	// Also is the kind of a second case that the same message opens: a request
	// beside a complaint. It is split off in the same step.
	Also CaseKind
	// AlsoIssues are what the second case is about; empty: the same.
	AlsoIssues []string
	// Apart: it opens a case of its own beside the one that it joined or was
	// offered, and the two are linked (Code 6.8).
	Apart bool
	// Marks are the topics, flags and hazard as the officer found them; nil: as
	// the rules said.
	Marks *Marks
	// ByLetter: replies go to Postal, whatever way the message came.
	ByLetter bool
	// Questions are what the resident is asked beside (Code 5.6).
	Questions []string
}

// Signs is what a message carries that may tie it to a case.
type Signs struct {
	Message    ID
	Sender     string   // the writer's address
	MessageIDs []string // In-Reply-To and References
	References []string // with a right check character
}

// A Holder is a case, or a message without one, that a sign points at.
type Holder struct {
	Case           ID // empty: the message has no case yet
	Message        ID
	MessageState   MessageState // of the message pointed at, when there is no case
	Why            string       // as Join.Why
	Belongs        bool         // the sender's address is one of the case's people
	Kind           CaseKind
	Stage          int
	Stage1Answered bool
	Stage2Answered bool
	Closed         bool
}
