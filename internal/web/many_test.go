package web_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A page that lists no more than so much does not take that for all there is.
func TestPagesDoNotCountWhatTheyListForAll(t *testing.T) {
	t.Parallel()
	h := open(t)
	const all = 201
	var arrivals []register.Arrival
	for i := range all {
		arrivals = append(arrivals, registertest.Arrival(fmt.Sprintf("No heating, number %d", i), h.clock.Now()))
	}
	got, err := h.register.Receive(t.Context(), arrivals)
	must(t, err)
	var openings []register.Opening
	for i, r := range got {
		must(t, r.Err)
		openings = append(openings, register.Opening{
			Message: r.ID, Reading: registertest.Reading(fmt.Sprintf("<%d@homes.example>", i), fmt.Sprintf("resident%d@homes.example", i), fmt.Sprintf("No heating, number %d", i)), Verdict: registertest.Verdict(classify.Complaint),
		})
	}
	opened, err := h.register.Open(t.Context(), openings)
	must(t, err)
	var ids []register.ID
	for _, o := range opened {
		must(t, o.Err)
		ids = append(ids, o.Owed[0].ID)
	}
	claims, err := h.register.Claim(t.Context(), ids, time.Minute, register.Windows{})
	must(t, err)
	var held []register.Outcome
	for _, c := range claims {
		held = append(held, register.Outcome{ID: c.ID, Attempt: c.Attempt, Why: "the cap is reached"})
	}
	errs, err := h.register.Hold(t.Context(), held)
	must(t, err)
	for _, err := range errs {
		must(t, err)
	}
	b := h.signedIn("Priya", register.Reviewer)
	b.get("/today").want(t, http.StatusOK, "more than 200 messages since midnight, of which the newest are listed")
	b.get("/replies").want(t, http.StatusOK, "201 wait for a person", "The 200 most urgent are listed", "Replies <b>201</b>")
}
