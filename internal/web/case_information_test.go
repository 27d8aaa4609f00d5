package web_test

import (
	"net/http"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// TestARequestForInformationOnACase holds that officers see the day that the
// law sets for a subject access request, and settle it themselves.
func TestARequestForInformationOnACase(t *testing.T) {
	t.Parallel()
	for name, point := range onEach() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := openForLong(t, point)
			h.day("2026-11-23")
			v := registertest.Verdict(classify.Enquiry)
			v.Flags = []classify.Flag{classify.InformationRequest}
			c := h.theCase(h.mail(plainMail, v, nil).Case)
			page := "/cases/" + c.Reference
			auditor := h.signedIn("Ann", register.Auditor)
			got := auditor.get(page)
			got.want(t, http.StatusOK, "Give the information by Wednesday 23 December 2026", "Request for information", "its month began")
			if strings.Contains(got.body, page+"/information") {
				t.Error("it is offered to who only reads")
			}
			b := h.signedIn("Priya", register.Reviewer)
			b.get(page).want(t, http.StatusOK, page+"/information", "The request for information is settled")
			h.day("2026-12-24")
			b.get(page).want(t, http.StatusOK, `<strong class="late">Give the information by Wednesday 23 December 2026`, ">Late<")
			m := h.message(c.Message)
			b.does(c, "information", "message", m.ID, "reason", " ").want(t, http.StatusUnprocessableEntity, "#f-reason", "Say how it was settled")
			b.does(c, "information", "message", attack, "reason", "x").want(t, http.StatusUnprocessableEntity, "Choose the request")
			_, seen := b.form(c, "information")
			b.did(c, "information", "message", m.ID, "reason", "Sent by post: "+attack).
				want(t, http.StatusOK, "The request for information is settled, by Priya", "Sent by post: &lt;script&gt;", ">Settled<", "No clock runs.")
			b.post(page+"/information", form("seen", seen, "message", m.ID, "reason", "again")).want(t, http.StatusUnprocessableEntity)
			if open, err := h.register.OpenInformation(t.Context(), m.Deadline.AddDays(900), 9); err != nil || len(open) != 0 {
				t.Errorf("still open: %v, %v", open, err)
			}
		})
	}
}
