package notify

import (
	"math/rand/v2"
	"time"

	"postroom/internal/register"
)

// Retry says when what was certainly not delivered is tried again, and when a
// person is asked instead.
type Retry struct {
	First time.Duration // the first pause; 0: a minute
	Most  time.Duration // the longest pause; 0: an hour
	// Limit is the number of failed attempts after which a person is asked,
	// provided that Patience is over as well: when a mail server is away for
	// hours, many attempts fail that say nothing about the mail. 0: 12 and 12
	// hours.
	Limit    int
	Patience time.Duration
	// Unknown is the pause before the identical bytes go once more, when nobody
	// could say whether they arrived. 0: half a minute.
	Unknown time.Duration
}

func (r Retry) withDefaults() Retry {
	r.First, r.Most = orDefault(r.First, time.Minute), orDefault(r.Most, time.Hour)
	r.Patience, r.Unknown = orDefault(r.Patience, 12*time.Hour), orDefault(r.Unknown, 30*time.Second)
	if r.Limit <= 0 {
		r.Limit = 12
	}
	return r
}

// alertMost is the longest pause between two tries to raise an alarm.
const alertMost = 2 * time.Minute

// over reports whether a person is asked instead of trying again after this
// failure.
func (r Retry) over(o register.Outgoing, now time.Time) bool {
	return o.Failures+1 >= r.Limit && now.Sub(o.CreatedAt) >= r.Patience
}

// pause is how long to wait after this failure: twice as long each time, give
// or take a quarter, so that many do not come back at once. While a deadline
// is ahead no pause takes more than a third of what is left, so that tries fit
// before it.
func (r Retry) pause(o register.Outgoing, now time.Time) time.Duration {
	most := r.Most
	if o.Kind == register.Alert {
		most = min(most, alertMost)
	}
	pause := r.First << min(o.Failures, 20)
	if pause <= 0 || pause > most {
		pause = most
	}
	if left := o.Deadline.Sub(now); left > 0 {
		pause = min(pause, max(left/3, min(r.First, time.Minute)))
	}
	return jitter(pause)
}

// jitter is a duration within a quarter of d.
func jitter(d time.Duration) time.Duration {
	if d < 4 {
		return d
	}
	return d - d/4 + rand.N(d/2) //nolint:gosec // spreading load needs no secret
}
