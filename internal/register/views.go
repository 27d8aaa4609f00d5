package register

import (
	"time"

	"postroom/internal/workday"
)

// An Event is one line of a message's or case's history. Each carries the
// hash of the one before, so that a line changed or taken away shows. It
// holds ids and digests, never a resident's words.
type Event struct {
	Subject string // "message:ID" or "case:ID"
	Seq     int64  // from 1
	At      time.Time
	By      string
	What    string // such as "received", "opened", "reply_owed", "sent"
	Detail  map[string]string
	Hash    string
	Words   string // what the officer said, outside the chain; empty: nothing, or it was erased
}

// Status is the register's part of the status page.
type Status struct {
	Mailboxes        []MailboxStatus
	Arrived          int // registered, unread
	InReview         int
	OldestUndecided  time.Time // received at; zero when none
	NextDeadline     workday.Date
	Owed             int
	OldestOwed       time.Time
	Held             int
	ToPrint          int // letters in the tray or in a batch that is not posted
	PaperWork        int // letters about which the mailroom has to do something by hand
	Failed           int
	Uncertain        int
	Parked           int
	OpenAlarms       int
	LastKnownHoliday int // the last year of the calendar
}
