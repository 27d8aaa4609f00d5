package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
)

func TestMarkingAMessage(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	got := b.get("/messages/" + m.ID)
	got.want(t, http.StatusOK, `name="topic" value="repairs" checked`, "more topics", "Hazard in the home", `name="flag" value="vulnerable">`)
	if first := strings.Index(got.body, `value="repairs" checked`); first > strings.Index(got.body, `value="damp_mould"`) {
		t.Error("the chosen topic does not stand first")
	}
	f := decision(m)
	f.Set("marked", "yes")
	f["topic"] = []string{"damp_mould", "repairs"}
	f["flag"] = []string{"vulnerable"}
	f.Set("hazard", "significant")
	b.post("/messages/"+m.ID+"/decision", f).want(t, http.StatusUnprocessableEntity, "Say why this differs", `value="damp_mould" checked`, `value="vulnerable" checked`, `value="significant" selected`)
	f.Set("reason", "black mould in the cot")
	b.post("/messages/"+m.ID+"/decision", f).want(t, http.StatusSeeOther)
	c, _, err := h.register.GetCase(t.Context(), h.message(m.ID).Case)
	must(t, err)
	if !slices.Equal(c.Topics, []string{"damp_mould", "repairs"}) || !slices.Equal(c.Flags, []classify.Flag{classify.Hazard, classify.Vulnerable}) || c.HazardLevel != classify.Significant {
		t.Errorf("the case is marked %v, %v, %q", c.Topics, c.Flags, c.HazardLevel)
	}
}

func TestSplittingAndAsking(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	b.decide(m, "label", "not_actionable", "reason", "x", "questions", "Which room?").want(t, http.StatusUnprocessableEntity, "asks nothing", "Which room?")
	b.decide(m, "also", "palace").want(t, http.StatusUnprocessableEntity, "Choose what the second case is")
	b.decide(m, "also", "service_request", "also_issues", "Mend the tap.", "questions", "Which room?\nSince when?", "do", "preview").want(t, http.StatusOK, "Question</strong> to", "Since when?", "Service request notice</strong> to")
	b.decide(m, "also", "service_request", "also_issues", "Mend the tap.", "questions", "Which room?\nSince when?").want(t, http.StatusOK,
		"Acknowledgement, stage 1 goes to", "Question goes to")
	linked, err := h.register.LinkedCases(t.Context(), h.message(m.ID).Case)
	must(t, err)
	if len(linked) != 1 || linked[0].Kind != register.ServiceRequestCase || !slices.Equal(linked[0].Definition.Issues, []string{"Mend the tap."}) {
		t.Errorf("the second case: %+v", linked)
	}
}

func TestAnsweringAMailByLetter(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	postal := []string{"to", "post", "postal", "Ferdous Rahman\n14 Orchard Quay\nBristol\nBS2 9XX"}
	b.decide(m, postal...).want(t, http.StatusUnprocessableEntity, "Say that you have compared", "14 Orchard Quay")
	b.decide(m, append(postal, "postal_ok", "yes")...).want(t, http.StatusOK, "Complaint, decided by Priya.")
	replies, err := h.register.CaseOutgoings(t.Context(), h.message(m.ID).Case)
	must(t, err)
	if len(replies) != 1 || replies[0].Way != register.ByLetter || replies[0].To.Name != "Ferdous Rahman" || replies[0].State != register.Owed {
		t.Errorf("replies %+v", replies)
	}
}
