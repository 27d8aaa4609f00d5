package register

import "time"

// A Release says who lets acknowledgements go.
type Release string

// The releases.
const (
	Automatic Release = "automatic" // when the verdict's route is auto and the definition is not empty
	Reviewed  Release = "reviewed"  // a person, always
)

// Policy is what a landlord has settled about replies.
type Policy struct {
	Acknowledge  Release
	FailsafeDay  int               // working day of the fail-safe, from 1
	FailsafeHour int               // 0 to 23, London
	FailsafeMin  int               // 0 to 59
	DigestHour   int               // 0 to 23, London: when the team lead gets the day's list
	DigestMin    int               // 0 to 59
	WarnDays     []int             // working days before a deadline at which people are warned
	LetterDays   int               // working days that a letter takes from its printing to the post
	Forward      map[string]string // topic to service team's address; "*" for every other topic
	AlarmRepeat  time.Duration     // between two soundings of an alarm that nobody has taken
	Undo         time.Duration     // for so long a decided reply waits, so that the decision can be undone
	Own          []string          // our own addresses, lower case: never written to
}
