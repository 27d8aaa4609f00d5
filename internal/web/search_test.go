package web_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// onBoth runs a test on pages over either database.
func onBoth(t *testing.T, test func(h *house)) {
	t.Helper()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(openOn(t, point, web.Access{}))
		})
	}
}

// residents fills a house with cases to be found.
func (h *house) residents() (mould, lift register.Message) {
	h.Helper()
	v := registertest.Verdict(classify.Complaint)
	v.Definition.Issues = []string{"The mould you washed off in February is back"}
	mould = h.mail("From: Cerys Bowen-Hughes <cerys@example.com>\nSubject: bedrooms\nMessage-ID: <m1@example.com>\n\nThe mould is back. 118 Lower Teasel Street, QX4 1RD.\n", v, nil)
	v = registertest.Verdict(classify.Complaint)
	v.Topics, v.Definition.Issues = []string{"lift"}, []string{"=HYPERLINK(\"http://evil.example\")"}
	lift = h.mail("From: \"+Idris <b>Bowen\" <idris@example.com>\nSubject: lift\nMessage-ID: <m2@example.com>\n\nThe lift is broken again.\n", v, nil)
	v = unsure(classify.Complaint)
	v.Flags = []classify.Flag{classify.Safeguarding}
	h.mail("From: anon@example.com\nSubject: he hits her\nMessage-ID: <m3@example.com>\n\nhe hits her every night, next to Bowen\n", v, nil)
	return mould, lift
}

func cases(pairs ...string) string { return "/cases?" + form(pairs...).Encode() }

func TestCasesAreFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(h *house) {
		mould, lift := h.residents()
		b := h.signedIn("Priya", register.Reviewer)
		b.get("/cases").want(t, http.StatusOK, mould.Reference, lift.Reference, "2 found", `aria-current="page">Cases`)
		b.get(cases("q", "bowen mould")).want(t, http.StatusOK, mould.Reference, "1 found", "Cerys <mark>Bowen</mark>-Hughes", "The <mark>mould</mark> you washed off", "with “bowen” and “mould”", "<title>Cases: “bowen mould”")
		for _, q := range []string{"qx41rd", "QX4 1rd", "cerys@example.com", "teasel", strings.ToLower(strings.ReplaceAll(mould.Reference, "-", " "))} {
			got := b.get(cases("q", q))
			got.want(t, http.StatusOK, mould.Reference)
			if strings.Contains(got.body, lift.Reference) {
				t.Errorf("%q finds the lift", q)
			}
		}
		b.get(cases("q", "unicorn")).want(t, http.StatusOK, "Nothing fits", "Show all cases")
		b.get(cases("q", `"*()`)).want(t, http.StatusOK, "Nothing fits")
		b.get(cases("topic", "lift")).want(t, http.StatusOK, lift.Reference, "1 found")
		b.get(cases("topic", "lift", "state", "closed")).want(t, http.StatusOK, "Nothing fits")
		b.get(cases("sort", "due")).want(t, http.StatusOK, "5 days left", "Newest first")
		b.get(cases("from", "yesterday")).want(t, http.StatusOK, "Give dates as in")
		b.get(cases("state", "x", "kind", "y-z", "topic", "'", "channel", "fax", "page", "-1")).want(t, http.StatusOK)
	})
}

func TestANearMissOfAReferenceIsOffered(t *testing.T) {
	t.Parallel()
	h := open(t)
	mould, _ := h.residents()
	b := h.signedIn("Priya", register.Auditor)
	wrong := []byte(mould.Reference)
	if wrong[8] == '2' {
		wrong[8] = '3'
	} else {
		wrong[8] = '2'
	}
	b.get(cases("q", string(wrong))).want(t, http.StatusOK, "No case has the reference", string(wrong), "One letter or digit must be wrong", mould.Reference, "Cerys Bowen-Hughes")
}

func TestSafeguardingWordsStandInNoSearch(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.residents()
	b := h.signedIn("Priya", register.Reviewer)
	for _, path := range []string{cases("q", "every night"), cases("q", "bowen"), cases("q", "bowen", "as", "csv")} {
		got := b.get(path)
		got.want(t, http.StatusOK, "(not shown in lists)")
		if strings.Contains(got.body, "hits") {
			t.Errorf("%s shows the words", path)
		}
	}
}

func TestASearchIsSavedWithoutFormulas(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, lift := h.residents()
	b := h.signedIn("Priya", register.Manager)
	got := b.get(cases("q", "broken", "as", "csv"))
	got.want(t, http.StatusOK)
	if !strings.HasPrefix(got.header.Get("Content-Disposition"), "attachment") || !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
		t.Errorf("headers %v", got.header)
	}
	rows, err := csv.NewReader(strings.NewReader(got.body)).ReadAll()
	must(t, err)
	if len(rows) != 2 || rows[1][0] != lift.Reference || rows[1][9] != "'+Idris <b>Bowen" || !strings.HasPrefix(rows[1][11], "'=HYPERLINK") {
		t.Errorf("rows %q", rows)
	}
	if strings.Contains(h.log.String(), "broken") {
		t.Error("the log holds what was looked for")
	}
}

func TestASearchIsLeafedThrough(t *testing.T) {
	t.Parallel()
	h := open(t)
	for i := range 51 {
		h.mail(fmt.Sprintf("From: r%d@example.com\nMessage-ID: <p%d@example.com>\n\nThe lift is broken, number %d.\n", i, i, i), registertest.Verdict(classify.Complaint), nil)
	}
	b := h.signedIn("Priya", register.Reviewer)
	first := b.get(cases("q", "lift"))
	first.want(t, http.StatusOK, "51 found", "Page 1", "page=2&amp;q=lift")
	if n := strings.Count(first.body, `<th role="rowheader"`); n != 50 {
		t.Errorf("%d rows", n)
	}
	second := b.get(cases("q", "lift", "page", "2"))
	second.want(t, http.StatusOK, "51 found", "Page 2", `rel="prev"`)
	if n := strings.Count(second.body, `<th role="rowheader"`); n != 1 || strings.Contains(second.body, `rel="next"`) {
		t.Errorf("%d rows on the second page", n)
	}
	b.get(cases("q", "lift", "page", "99999999999999999999")).want(t, http.StatusOK)
}

func TestWhatIsTypedStaysText(t *testing.T) {
	t.Parallel()
	h := open(t)
	h.residents()
	b := h.signedIn("Priya", register.Reviewer)
	for _, bad := range []string{attack, "\x00\xff", strings.Repeat("ä", 5000), "%' OR 1=1 --", "NEAR(a b)", "a* OR b*", "{x}:y", "'a':* | 'b'"} {
		got := b.get(cases("q", bad, "officer", bad, "kind", bad, "from", bad))
		got.want(t, http.StatusOK)
		if strings.Contains(got.body, "<script>alert") || strings.Contains(got.body, "<img") {
			t.Errorf("%q is markup", bad)
		}
		b.get(cases("q", bad)).want(t, http.StatusOK)
	}
}

func TestTheMailroomFindsNoCases(t *testing.T) {
	t.Parallel()
	b := open(t).signedIn("Sam", register.Mailroom)
	b.get("/cases").want(t, http.StatusForbidden)
	if got := b.get("/status"); strings.Contains(got.body, `id="find"`) {
		t.Error("the mailroom is offered the search")
	}
}
