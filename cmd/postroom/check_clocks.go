package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postroom/internal/openid"
)

// wrongClock is from where a clock that differs is an error and no warning:
// sign-in services refuse us then.
const wrongClock = 5 * time.Minute

// A witness is a server whose clock was asked. Mail servers are none: neither
// IMAP nor SMTP tells the time.
type witness struct {
	whose   string        // as in "the database server's"
	ahead   time.Duration // of this machine's clock; below zero: behind
	outside bool          // a service that keeps good time
	breaks  string        // what goes wrong when the clocks differ
}

func (w witness) differs() bool { return w.ahead.Abs() > clockTolerance }

func (w witness) String() string {
	way := "ahead of"
	if w.ahead < 0 {
		way = "behind"
	}
	return fmt.Sprintf("%s is %v %s this machine's", w.whose, w.ahead.Abs().Round(time.Second), way)
}

func databaseClock(ahead time.Duration) *witness {
	return &witness{"the database server's", ahead, false, "deadlines and days of receipt are counted by this machine's clock, and leases by the database server's"}
}

func redisClock(ahead time.Duration) *witness {
	return &witness{"Redis's", ahead, false, "machines that share Redis take each other's work too early, or wait too long, when their clocks differ"}
}

func storageClock(ahead time.Duration) *witness {
	return &witness{"the object storage's", ahead, false, "object storage refuses who is a quarter of an hour off"}
}

func tokenClock(account string, ahead time.Duration) *witness {
	return &witness{"that of the sign-in service of " + account, ahead, true, "sign-in services refuse who is five minutes off, and tokens count as good after their end"}
}

func signOnClock(ahead time.Duration) *witness {
	return &witness{"that of the provider in web.oidc", ahead, true, fmt.Sprintf("nobody can sign in when the clocks are %v apart", openid.Leeway)}
}

// checkClocks says which clock is wrong, by how much, and what that breaks.
func checkClocks(asked []witness) finding {
	f := finding{name: "clocks"}
	off := only(asked, witness.differs)
	switch {
	case len(asked) == 0:
		f.found = "there is no server whose clock could be asked; let this machine be set by a time server (NTP)"
		return f
	case len(off) == 0:
		f.found = "this machine's agrees with " + list(asked, func(w witness) string { return w.whose })
		return f
	}
	worst := time.Duration(0)
	for _, w := range off {
		worst = max(worst, w.ahead.Abs())
	}
	text := list(off, witness.String) + ". " + whoIsWrong(asked) + ". Meanwhile: " + strings.Join(broken(off), "; ")
	if worst >= wrongClock {
		f.err = errors.New(text)
	} else {
		f.warning = text
	}
	return f
}

// whoIsWrong believes services outside. Servers that agree may stand on one
// machine, so their number proves nothing.
func whoIsWrong(asked []witness) string {
	outside := only(asked, func(w witness) bool { return w.outside })
	off := only(outside, witness.differs)
	switch {
	case len(outside) > 0 && len(off) == 0:
		wrong := only(asked, witness.differs)
		return "This machine's agrees with " + list(outside, func(w witness) string { return w.whose }) +
			", so let a time server (NTP) set " + list(wrong, func(w witness) string { return w.whose })
	case len(outside) > 0 && len(off) == len(outside):
		return "So this machine's clock is wrong: let a time server (NTP) set it (timedatectl says whether one does)"
	}
	return "One of them is wrong: look at both (timedatectl says whether a time server sets a machine), and let a time server (NTP) set all"
}

func broken(off []witness) (all []string) {
	for _, w := range off {
		if !slices.Contains(all, w.breaks) {
			all = append(all, w.breaks)
		}
	}
	return all
}

func only(all []witness, which func(witness) bool) (some []witness) {
	for _, w := range all {
		if which(w) {
			some = append(some, w)
		}
	}
	return some
}

// list joins what is said of each, as in "a, b and c".
func list(all []witness, say func(witness) string) string {
	var words []string
	for _, w := range all {
		words = append(words, say(w))
	}
	last := len(words) - 1
	if last < 1 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
