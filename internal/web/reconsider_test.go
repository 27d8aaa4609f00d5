package web_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
)

// TestWhatWasFiledAsLessBecomesAComplaint: a request that was a complaint
// after all is decided again, and the resident is told.
func TestWhatWasFiledAsLessBecomesAComplaint(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	b.decide(m, "label", string(classify.ServiceRequest), "reason", "r").want(t, http.StatusOK, "Service request notice goes to")
	again := func(reason string) page {
		return b.post("/messages/"+m.ID+"/again", form("version", strconv.FormatInt(h.message(m.ID).Version, 10), "again", reason))
	}

	b.get("/messages/"+m.ID).want(t, http.StatusOK, "Look at it again", "Service request")
	again(" ").want(t, http.StatusUnprocessableEntity, "Say why the decision is looked at again.")
	got := again("he rang: he is unhappy")
	if got.status != http.StatusSeeOther || !strings.HasPrefix(got.header.Get("Location"), "/messages/"+m.ID) {
		t.Fatalf("got %d to %s", got.status, got.header.Get("Location"))
	}
	b.get("/messages/"+m.ID).want(t, http.StatusOK, "Your decision", "Its decision is looked at again: he rang", "Reconsidered")
	again("once more").want(t, http.StatusUnprocessableEntity, "Nobody has decided on this message yet.")

	m = h.message(m.ID)
	b.decide(m, "label", string(classify.Complaint), "issues", "No heating.", "reason", "he rang: he is unhappy").want(t, http.StatusOK, "Complaint, decided by Priya.", "Acknowledgement, stage 1 goes to")
	m = h.message(m.ID)
	if c, clocks, err := h.register.GetCase(t.Context(), m.Case); err != nil || c.Kind != register.ComplaintCase || len(clocks) != 2 {
		t.Errorf("case %+v with %d clocks, %v", c, len(clocks), err)
	}
	b.post("/messages/"+m.ID+"/again", form("version", "1", "again", "late")).want(t, http.StatusConflict, "Somebody changed it in the meantime")
	h.signedIn("Ann", register.Auditor).post("/messages/"+m.ID+"/again", form("again", "r")).want(t, http.StatusForbidden)
	b.post("/messages/nothing/again", form("again", "r")).want(t, http.StatusNotFound)
}
