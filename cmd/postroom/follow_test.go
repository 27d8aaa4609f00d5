package main

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// By its id a message is followed through the log, from the mailbox to the
// acknowledgement, and so is its reply. No line holds a resident's words or
// address.
func TestAMessageIsFollowedThroughTheLog(t *testing.T) {
	t.Parallel()
	w := newTown(t, townPlan{})
	w.post(3)
	p := w.serve("")
	w.answered(p)
	p.stop(t)
	messages, err := w.look().Messages(t.Context(), time.Unix(0, 0), w.sent+1)
	w.must(err)
	if len(messages) != 3 {
		t.Fatalf("%d messages", len(messages))
	}
	for _, m := range messages {
		var way []string
		for line := range strings.Lines(p.log.String()) {
			if strings.Contains(line, m.ID) {
				way = append(way, msgOf(line))
				if !strings.Contains(line, " message_id="+m.ID) {
					t.Errorf("the id stands under another name: %s", line)
				}
			}
		}
		if want := []string{"mail registered", "message opened", "a reply was settled"}; !slices.Equal(way, want) {
			t.Errorf("the log says of %s %q, want %q", m.ID, way, want)
		}
		if !strings.Contains(p.log.String(), " case_ref="+m.Reference+" kind=acknowledgement outcome=sent") {
			t.Errorf("the log does not say that %s was acknowledged", m.Reference)
		}
	}
	for _, word := range []string{"resident1", "homes.example", "Resident", "heating", "unhappy", "boiler"} {
		if strings.Contains(p.log.String(), word) {
			t.Errorf("the log holds %q", word)
		}
	}
	if t.Failed() {
		t.Log(p.log.String())
	}
}

var msgIn = regexp.MustCompile(`msg="?([^"=]*)"? \w+=`)

// msgOf is the message of a line of the log.
func msgOf(line string) string {
	found := msgIn.FindStringSubmatch(line)
	if found == nil {
		return line
	}
	return found[1]
}
