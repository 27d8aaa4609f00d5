package registertest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
)

// Settle takes messages that came at that time the whole way through the
// register: received, read, opened, claimed, begun, sent. Their numbers run
// from from on.
func Settle(tb testing.TB, r *register.Register, at time.Time, from, n int) []register.Opened {
	tb.Helper()
	return settle(tb, r, at, n, func(i int) register.Opening {
		text := fmt.Sprintf("The heating has been off for %d days and nobody has come. ", from+i)
		return register.Opening{
			Verdict: Verdict(classify.Complaint),
			Reading: Reading(fmt.Sprintf("%d@example.com", from+i), fmt.Sprintf("r%d@example.com", from+i), text),
		}
	})
}

func settle(tb testing.TB, r *register.Register, at time.Time, n int, opening func(int) register.Opening) []register.Opened {
	tb.Helper()
	opened := open(tb, r, n, func(int) time.Time { return at }, opening)
	var owed []register.ID
	for _, o := range opened {
		for _, h := range o.Owed {
			owed = append(owed, h.ID)
		}
	}
	send(tb, r, owed)
	return opened
}

// open receives messages and opens them.
func open(tb testing.TB, r *register.Register, n int, at func(int) time.Time, opening func(int) register.Opening) []register.Opened {
	tb.Helper()
	ctx := context.Background()
	arrivals, openings, ids := make([]register.Arrival, n), make([]register.Opening, n), make([]register.ID, n)
	for i := range arrivals {
		openings[i] = opening(i)
		arrivals[i] = Arrival("message "+openings[i].Reading.MessageID, at(i))
	}
	received, err := r.Receive(ctx, arrivals)
	must(tb, err)
	for i, m := range received {
		ids[i], openings[i].Message = m.ID, m.ID
	}
	_, err = r.BeginReading(ctx, ids, time.Minute, 3)
	must(tb, err)
	opened, err := r.Open(ctx, openings)
	must(tb, err)
	return opened
}

// send takes what is owed to the mail server and notes that it took it.
func send(tb testing.TB, r *register.Register, owed []register.ID) {
	tb.Helper()
	ctx := context.Background()
	claimed, err := r.Claim(ctx, owed, time.Minute, register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour})
	must(tb, err)
	if len(claimed) != len(owed) {
		tb.Fatal("claimed", len(claimed), "of", len(owed))
	}
	begun, sent := make([]register.Beginning, len(claimed)), make([]register.Outcome, len(claimed))
	for i, c := range claimed {
		begun[i] = register.Beginning{ID: c.ID, Attempt: c.Attempt, MessageID: c.ID + "@post.example", Bytes: Arrival("reply "+c.ID, time.Time{}).Original}
		sent[i] = register.Outcome{ID: c.ID, Attempt: c.Attempt, Code: "250"}
	}
	_, err = r.Begin(ctx, begun)
	must(tb, err)
	_, err = r.Sent(ctx, sent)
	must(tb, err)
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}

// Wait puts messages into the review queue until n wait there, of which some do
// already: complaints of the last day of which the rules were not sure, and a
// service request about pests among twenty.
func Wait(tb testing.TB, r *register.Register, now time.Time, already, n int) {
	tb.Helper()
	const batch = 100
	for from := already; from < n; from += batch {
		at := func(i int) time.Time { return now.Add(-time.Duration(from+i) * 24 * time.Hour / time.Duration(n)) }
		open(tb, r, min(batch, n-from), at, func(i int) register.Opening {
			v := Verdict(classify.Complaint)
			if i%20 == 0 {
				v = Verdict(classify.ServiceRequest)
				v.Topics = []string{"pests"}
			}
			v.Confidence, v.Route, v.Why = 0.5, classify.Review, "The writer is displeased, and it is not sure with what."
			v.Evidence = []classify.Evidence{{Rule: "no-call-back", Label: string(v.Label), Weight: 1.7, Quote: "nobody has come", Start: 43, End: 58}}
			return register.Opening{Verdict: v, Reading: Reading(fmt.Sprintf("waiting%d@example.com", from+i), fmt.Sprintf("w%d@example.com", from+i), fmt.Sprint(queueText, "It is flat ", from+i, "."))}
		})
	}
}

// queueText is what waits: 2,400 letters.
var queueText = strings.Repeat("The heating has been off for nine days and nobody has come. ", 40)
