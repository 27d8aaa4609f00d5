package web_test

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
)

// busy fills a register with complaints, one of them overruled by an officer.
func (h *house) busy() {
	h.Helper()
	for n := range strings.FieldsSeq("a b c") {
		v := sure(classify.Complaint)
		v.Topics = []string{"damp_mould", "repairs"}
		h.mail(strings.ReplaceAll(plainMail, "<1@", "<"+n+"@"), v, nil)
	}
	v := unsure(classify.ServiceRequest)
	v.Evidence = []classify.Evidence{{Rule: classify.Default().List()[0].ID, Label: "service_request", Weight: 1}, {Rule: "leaning the", Label: "service_request", Weight: 0.1}}
	m := h.mail(strings.ReplaceAll(plainMail, "<1@", "<d@"), v, nil)
	f := with(decision(m), "label", "complaint", "reason", "nobody phones back")
	h.signedIn("Ola", register.Reviewer).post("/messages/"+m.ID+"/decision", f).want(h.TB, http.StatusSeeOther)
}

func sure(label classify.Label) classify.Verdict {
	v := unsure(label)
	v.Route, v.Confidence = classify.Auto, 0.99
	return v
}

func TestTheReport(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Mo", register.Manager)
	b.get("/report").want(t, http.StatusOK, "No complaint was received in these days", "1 April 2026 to")
	h.busy()
	got := b.get("/report")
	got.want(t, http.StatusOK, "Stage 1 complaints</dt><dd>4</dd>", "2.0 for every 1,000 homes (CH01)", "Damp and mould", "November 2026", "Settled by the rules alone: 75.0 %",
		classify.Default().List()[0].Why)
	if strings.Contains(got.body, "leaning") {
		t.Error("a common word is called a rule that was overruled")
	}
	b.get("/report?from=2026-05-01&to=2026-05-31").want(t, http.StatusOK, "1 May 2026 to", "No complaint was received")
	for query, words := range map[string]string{
		"from=x": "such as 2026-04-01", "from=2026-05-02&to=2026-05-01": "not after the last", "from=1990-01-01": "at most five years",
	} {
		b.get("/report?"+query).want(t, http.StatusUnprocessableEntity, words, "Nothing was counted")
	}
	table := b.get("/report?as=csv")
	rows, err := csv.NewReader(strings.NewReader(table.body)).ReadAll()
	if err != nil || len(rows) < 10 || table.header.Get("Content-Disposition") == "" {
		t.Errorf("%d rows, %v, %v", len(rows), err, table.header)
	}
}

func TestTheRulesPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.busy()
	b := h.signedIn("Mo", register.Auditor)
	rule := classify.Default().List()[0]
	b.get("/rules").want(t, http.StatusOK, classify.Default().Version(), rule.ID, "when they are at least", `>1</td><td class="r">1</td><td class="r nowrap">100.0 %`)
	b.post("/rules", form("text", " ")).want(t, http.StatusUnprocessableEntity, "Nothing was tried")
	b.post("/rules", form("text", strings.Repeat("mould ", 18000))).want(t, http.StatusUnprocessableEntity, "Shorten it")
	got := b.post("/rules", form("subject", "Third time", "text", "I am very unhappy. Nobody came to mend the boiler again.\r\n\r\n"+attack))
	got.want(t, http.StatusOK, ">Complaint</span>", "very unhappy", "What counted", "&lt;script&gt;")
	if strings.Contains(got.body, "<script>alert") {
		t.Error("the text acts")
	}
	if waiting, err := h.register.Messages(t.Context(), h.clock.Now().AddDate(-1, 0, 0), 100); err != nil || len(waiting) != 4 {
		t.Errorf("%d messages, %v: trying keeps something", len(waiting), err)
	}
}

func TestTheStatusPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Mo", register.Mailroom)
	b.get("/status").want(t, http.StatusOK, "Everything works.", "known to the end of 2028", "the disk is fine")
	h.held()
	b.get("/status").want(t, http.StatusOK, "somebody.</strong>", "1 held", "somebody says of each whether it goes")
	for range 2 { // to 2028
		h.clock.Set(h.clock.Now().AddDate(1, 0, 0))
	}
	h.again("Mo").get("/status").want(t, http.StatusOK, "deadlines of next year would be wrong", "Not working")
}

// TestFiguresInABrowser looks at the pages of figures, rules and status.
func TestFiguresInABrowser(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	h.account("Mo", register.Manager)
	h.held()
	b.signIn(h, "Mo")
	for _, name := range []string{"report", "rules", "status"} {
		b.open(h.server.URL + "/" + name)
		b.look(t, name+" of nothing")
	}
	h.busy()
	for _, name := range []string{"report", "rules", "status"} {
		b.open(h.server.URL + "/" + name)
		b.look(t, name)
	}
	b.open(h.server.URL + "/report?from=x")
	b.look(t, "report wrong")
	b.open(h.server.URL + "/rules")
	b.ask(`document.querySelector("#f-text").value = "I am very unhappy, nobody came again. My baby is ill."; document.querySelector("form.sheet .btn.go").click()`, nil)
	b.until(`document.querySelector("#tried") !== null`)
	b.look(t, "rules tried")
}
