package register

import "time"

// A Cursor is how far a mailbox has been taken in: every UID up to HighWater
// is settled, or has a row of its own that says what is open. Flags, dates
// and sequence numbers play no part (RFC 9051, section 2.3.1.1).
type Cursor struct {
	Mailbox     string
	UIDValidity uint32
	HighWater   uint32
}

// A UIDState says what is open about a UID at or below the high-water mark.
type UIDState string

// The states of a UID.
const (
	UIDPending UIDState = "pending" // asked for and not had: to be tried again
	UIDParked  UIDState = "parked"  // tried too often; a visible message stands for it
	UIDUnfiled UIDState = "unfiled" // registered, still to be moved to the filed folder
	UIDSettled UIDState = "settled" // nothing is open: the row goes away
)

// A UIDNote is one UID's row.
type UIDNote struct {
	UID      uint32
	State    UIDState
	Attempts int
	Why      string
	Message  ID
}

// A MailboxStatus is what a poller last saw, for the status page.
type MailboxStatus struct {
	Mailbox   string
	PolledAt  time.Time // last successful poll
	LastUID   uint32
	Backlog   int    // messages seen and not yet taken in
	Parked    int    // UIDs that a person must look at
	Unfiled   int    // registered, not yet moved
	Problem   string // why the last poll failed; empty after a good one
	ProblemAt time.Time
	Limited   bool // the problem is that the mail service is busy or limits us
}
