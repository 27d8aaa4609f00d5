package register

import (
	"fmt"
	"strings"
	"time"

	"postroom/internal/workday"
)

// A NotAllowedError says in a sentence why a verb refuses what an officer
// asks for. Nothing was changed.
type NotAllowedError struct{ Why string }

func (e *NotAllowedError) Error() string { return e.Why }

func notAllowed(format string, args ...any) error {
	return &NotAllowedError{Why: fmt.Sprintf(format, args...)}
}

// A Finding is what an answer says of the complaint.
type Finding string

// The findings.
const (
	Upheld       Finding = "upheld"
	PartlyUpheld Finding = "partly_upheld"
	NotUpheld    Finding = "not_upheld"
)

// Findings lists every finding.
func Findings() []Finding { return []Finding{Upheld, PartlyUpheld, NotUpheld} }

// An Exclusion is a reason for which the Code lets a landlord not accept a
// complaint (2.2), or not take it further (5.11).
type Exclusion string

// The exclusions. None is applied without looking at the case (2.5), and none
// by the rules.
const (
	TooOld            Exclusion = "over_12_months"     // arose, or became known, more than twelve months ago (2.3)
	CourtClaimFiled   Exclusion = "court_claim_filed"  // claim form and particulars are filed; a solicitor's letter is not enough
	AlreadyConsidered Exclusion = "already_considered" // the same matter went through the procedure before
	NotOurs           Exclusion = "not_ours"           // about nothing that the landlord does or answers for (1.2)
)

// Exclusions lists every exclusion.
func Exclusions() []Exclusion {
	return []Exclusion{TooOld, CourtClaimFiled, AlreadyConsidered, NotOurs}
}

// A CloseReason is why a case is closed.
type CloseReason string

// The reasons for closing a case.
const (
	ClosedAnswered    CloseReason = "answered"     // the stage that it is at has its answer
	ClosedWithdrawn   CloseReason = "withdrawn"    // the resident says so
	ClosedDone        CloseReason = "done"         // a request or an enquiry is dealt with
	ClosedNotAccepted CloseReason = "not_accepted" // set by NotAccept alone
	ClosedMerged      CloseReason = "merged"       // set by Merge alone
)

// About is what an officer gives an outgoing to say: it is written down when
// the outgoing is owed, and never changes.
type About struct {
	Reason    string       `json:"reason,omitempty"`  // of an extension, or why a complaint is not accepted
	OldDate   workday.Date `json:"old_date,omitzero"` // of the answer, before the extension
	NewDate   workday.Date `json:"new_date,omitzero"`
	Outcome   Finding      `json:"outcome,omitempty"`
	Text      string       `json:"text,omitempty"`
	Remedies  []string     `json:"remedies,omitempty"`
	Actions   []Action     `json:"actions,omitempty"`
	File      string       `json:"file,omitempty"`      // the archive's name of a file that goes with it
	FileName  string       `json:"file_name,omitempty"` // and what it is called
	Exclusion Exclusion    `json:"exclusion,omitempty"`
	Questions []string     `json:"questions,omitempty"`
	Digest    *DigestFacts `json:"digest,omitempty"`
}

// An Action is something that an answer promises and that is still to be done
// (Code 6.6): the answer does not wait for it.
type Action struct {
	ID     ID           `json:"id"`
	What   string       `json:"what"`
	Due    workday.Date `json:"due"` // none: no day was named
	DoneAt time.Time    `json:"done_at"`
	DoneBy string       `json:"done_by"`
}

// byPerson refuses what only a person may do.
func byPerson(by string) error {
	switch {
	case strings.TrimSpace(by) == "":
		return notAllowed("It must be known who does this.")
	case strings.HasPrefix(by, RulesActor("")), by == "postroom", by == "fail-safe":
		return notAllowed("Only a person may do this, never the rules.")
	}
	return nil
}

// samePerson compares two officers' names.
func samePerson(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// words takes the spaces from around a text that somebody must have given.
func words(text, missing string) (string, error) {
	if text = strings.TrimSpace(clean(text)); text == "" {
		return "", notAllowed("%s", missing)
	}
	return text, nil
}

// openComplaint reads a complaint that officers can still work on.
func openComplaint(t *tx, id ID) (Case, error) {
	c, err := caseByID(t, id)
	switch {
	case err != nil:
		return c, err
	case c.Kind != ComplaintCase:
		return c, notAllowed("This is not a complaint.")
	case c.MergedInto != "":
		return c, notAllowed("This case was merged into another one; work on that one.")
	case !c.ClosedAt.IsZero():
		return c, notAllowed("This case is closed; reopen it first.")
	}
	return c, nil
}

// oweAbout owes an outgoing about a case, not in answer to one message: to
// the correspondent, threaded to the message that began the stage.
func (r *Register) oweAbout(t *tx, c Case, kind Kind, stage int, deadline time.Time, about About) (ID, []Hint, error) {
	message := c.Message
	if stage == 2 && c.Stage2Message != "" {
		message = c.Stage2Message
	}
	o := Outgoing{
		ID: newID(t.now), Kind: kind, Stage: stage, Case: c.ID, Message: message, Reference: c.Reference,
		Deadline: deadline, About: &about,
	}
	o.reach(c)
	hint, err := r.owe(t, o)
	if err != nil || hint.ID == "" {
		return o.ID, nil, err
	}
	return o.ID, []Hint{hint}, nil
}
