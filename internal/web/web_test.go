package web_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

const attack = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

// routes are all pages and actions on one message, reply and alarm.
func (h *house) routes() (reads, acts []string) {
	h.Helper()
	m := h.waiting()
	v := registertest.Verdict(classify.Complaint)
	v.HazardLevel, v.Flags = classify.Emergency, []classify.Flag{classify.Hazard}
	other := h.mail(strings.ReplaceAll(plainMail, "<1@", "<2@"), v, func(o *register.Opening) { o.Reading.Authenticated = true })
	replies, err := h.register.Outgoings(h.Context(), 10)
	must(h.TB, err)
	alarms, err := h.register.OpenAlarms(h.Context(), 10)
	must(h.TB, err)
	if len(replies) == 0 || len(alarms) == 0 {
		h.Fatalf("%d replies, %d alarms", len(replies), len(alarms))
	}
	return []string{"/", "/today", "/status", "/replies", "/messages/" + m.ID, "/messages/" + other.ID, "/messages/" + m.ID + "/original", "/replies/" + replies[0].ID},
		[]string{"/messages/" + m.ID + "/decision", "/messages/" + m.ID + "/again", "/replies/" + replies[0].ID + "/ruling", "/alarms/" + alarms[0].ID + "/take"}
}

func TestNobodyGetsInUnsigned(t *testing.T) {
	t.Parallel()
	h := open(t)
	reads, acts := h.routes()
	b := h.browser()
	for _, path := range reads {
		got := b.get(path)
		if to := got.header.Get("Location"); got.status != http.StatusSeeOther || to != "/sign-in?next="+url.QueryEscape(path) {
			t.Errorf("%s: %d to %q", path, got.status, to)
		}
		if strings.Contains(got.body, "heating") {
			t.Errorf("%s shows the post", path)
		}
	}
	for _, path := range acts {
		b.post(path, form("label", "complaint")).want(t, http.StatusForbidden, "Sign in")
	}
}

func TestWhoeverOnlyReadsIsOfferedNothing(t *testing.T) {
	t.Parallel()
	for role, decides := range map[register.Role]bool{register.Reviewer: true, register.Manager: true, register.Admin: true, register.Auditor: false} {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			h := open(t)
			reads, acts := h.routes()
			b := h.signedIn("Someone", role)
			for _, path := range reads {
				got := b.get(path)
				got.want(t, http.StatusOK)
				if strings.Contains(got.body, `/decision" aria-labelledby`) != (decides && path == reads[4]) {
					t.Errorf("%s: the form to decide is there or not there wrongly", path)
				}
				if strings.Contains(got.body, `/again"`) && !decides {
					t.Errorf("%s: the form to look again is there", path)
				}
			}
			for _, path := range acts {
				got := b.post(path, form("label", "complaint"))
				if refused := got.status == http.StatusForbidden; refused == decides {
					t.Errorf("%s: %d", path, got.status)
				}
			}
		})
	}
}

func TestWhatIsNotThereIsSaid(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Admin)
	for _, path := range []string{
		"/nothing", "/messages/nothing", "/messages/nothing/original", "/replies/nothing", "/replies/nothing/raw", "/messages/%2e%2e%2fetc/original",
		"/messages/" + m.ID + "/attachments/1", "/messages/" + m.ID + "/attachments/0", "/messages/" + m.ID + "/attachments/x",
	} {
		b.get(path).want(t, http.StatusNotFound)
	}
	for _, path := range []string{"/messages/nothing/decision", "/messages/nothing/again", "/replies/nothing/ruling", "/alarms/nothing/take", "/nothing"} {
		b.post(path, form("reason", "r", "do", "cancel")).want(t, http.StatusNotFound)
	}
}

func TestAnotherSiteCanPostNothing(t *testing.T) {
	t.Parallel()
	h := open(t)
	_, acts := h.routes()
	b := h.signedIn("Priya", register.Admin)
	for _, path := range append(acts, "/sign-in", "/sign-out") {
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://attacker.example"} {
			b.send(http.MethodPost, path, "label=complaint", func(r *http.Request) { r.Header.Set(header, value) }).want(t, http.StatusForbidden, "Another website")
		}
	}
	b.get("/").want(t, http.StatusOK) // still signed in
}

func TestAnotherNameForThisMachineIsRefused(t *testing.T) {
	t.Parallel()
	h := openOn(t, registertest.SQLite, web.Access{Address: "https://post.citrine.example"})
	b := h.browser()
	for host, want := range map[string]int{
		"attacker.example": 403, "localhost.attacker.example": 403, "10.0.0.1:80": 403, "localhost:80": 200, "127.0.0.1": 200, "[::1]:80": 200,
		"post.citrine.example": 200, "POST.citrine.example:443": 200,
	} {
		b.send(http.MethodGet, "/sign-in", "", func(r *http.Request) { r.Host = host }).want(t, want)
	}
}

func TestAStrangersScriptStaysText(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := unsure(classify.Complaint)
	v.Why = attack
	v.Definition.Issues = []string{attack + " is what I say"}
	v.Evidence = []classify.Evidence{{Rule: "rule", Label: "complaint", Weight: 1, Quote: attack, Start: 0, End: 10}}
	m := h.mail("From: "+`"`+"<script>alert(1)</script>"+`"`+" <eve@example.com>\nSubject: "+attack+"\nMessage-ID: <x@example.com>\nMIME-Version: 1.0\n"+
		"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/html\n\n<p>No heating</p><script>alert(3)</script><p>"+strings.ReplaceAll(attack, "<", "&lt;")+"</p>\n"+
		"--b\nContent-Type: text/html\nContent-Disposition: attachment; filename=\"<script>alert(4)<_script>.html\"\n\n<script>alert(5)</script>\n--b--\n", v,
		func(o *register.Opening) {
			o.Problem = attack
			o.Reading.Attachments[0].Filename = attack
			o.Reading.Complainant, o.Reading.ComplainantWhy = register.Address{Name: attack, Address: "x@example.com"}, attack
		})
	b := h.signedIn("Priya", register.Reviewer)
	pages := []page{b.get("/"), b.get("/today"), b.get("/messages/" + m.ID)}
	f := decision(m)
	f.Set("label", attack)
	f.Set("issues", "</textarea>"+attack)
	f.Set("to_email", attack)
	pages = append(pages, b.post("/messages/"+m.ID+"/decision", f))
	for i, got := range pages {
		if i < 3 && got.status != http.StatusOK || !strings.Contains(got.body, "&lt;script&gt;") {
			t.Errorf("page %d: %d, the words are not shown", i, got.status)
		}
		for _, bad := range []string{"<script>", "<img", "onerror=alert(2)>", "</textarea>\"", "</textarea><"} {
			if strings.Contains(strings.ReplaceAll(got.body, "</textarea>\n", ""), bad) && bad != "onerror=alert(2)>" {
				t.Errorf("page %d: %q is in it", i, bad)
			}
		}
		csp := got.header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") || !strings.Contains(csp, "script-src 'self';") || strings.Count(got.body, "<script") != 1 {
			t.Errorf("page %d: policy %q", i, csp)
		}
	}
	got := b.get("/messages/" + m.ID + "/attachments/1")
	got.want(t, http.StatusOK, "<script>alert(5)</script>")
	isDownload(t, got)
	if name := got.header.Get("Content-Disposition"); strings.ContainsAny(name, "<>/") {
		t.Errorf("named %q", name)
	}
	got = b.get("/messages/" + m.ID + "/original")
	got.want(t, http.StatusOK, "alert(3)")
	isDownload(t, got)
}

// TestALongSubjectDoesNotFillTheLists holds that a stranger who writes 20,000
// characters into the subject, or into their name, pushes no other message off
// the pages, and that what they wrote can still be read.
func TestALongSubjectDoesNotFillTheLists(t *testing.T) {
	t.Parallel()
	h := open(t)
	words := strings.Repeat("nobody came ", 1600) + "at all"
	m := h.mail("From: "+strings.Repeat("Eve ", 500)+"<eve@example.com>\nSubject: "+words+"\nMessage-ID: <long@example.com>\n\nNo heating.\n", registertest.Verdict(classify.Complaint), nil)
	b := h.signedIn("Priya", register.Reviewer)
	for path, whole := range map[string]int{"/today": 0, "/cases/" + m.Reference: 0, "/messages/" + m.ID: 1} {
		got := b.get(path)
		got.want(t, http.StatusOK, "nobody c…", "Eve…")
		if n := strings.Count(got.body, words); n != whole {
			t.Errorf("%s holds the whole subject %d times, not %d", path, n, whole)
		}
	}
}

// TestWhyAPersonIsAskedIsASentence holds that a reason which ends in a full stop
// is not followed by another sign.
func TestWhyAPersonIsAskedIsASentence(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.mail("Subject: No sender\n\nNo heating.\n", unsure(classify.Complaint), nil)
	h.signedIn("Priya", register.Reviewer).get("/messages/"+m.ID).want(t, http.StatusOK, "There is no address to answer to; a person decides whether it is answered.")
}

func isDownload(tb testing.TB, p page) {
	tb.Helper()
	h := p.header
	if h.Get("Content-Type") != "application/octet-stream" || !strings.HasPrefix(h.Get("Content-Disposition"), "attachment") ||
		h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Content-Security-Policy"), "sandbox") {
		tb.Errorf("headers %v", h)
	}
}

func TestThePagesShowWhatMatters(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	b.get("/").want(t, http.StatusOK, m.Reference, "1 message waits", "5 days left", "Nobody phones back", "Ferdous Rahman", "Priya")
	b.get("/messages/"+m.ID).want(t, http.StatusOK, m.Reference, `<mark class="risk" id="w1">No heating<sup>`, `<mark class="" id="w2">Nobody phones back<sup>`,
		`href="#w2"`, "no call back", "a home without heat", "The heating has been off for nine days.", `value="complaint" required checked`, "ferdous@example.com", "Say these words back")
	b.get("/today").want(t, http.StatusOK, m.Reference)
	b.get("/status").want(t, http.StatusOK, "Bank holidays", "fine")
}

func TestSafeguardingWordsStandInNoList(t *testing.T) {
	t.Parallel()
	h := open(t)
	v := unsure(classify.Complaint)
	v.Flags, v.Why = []classify.Flag{classify.Safeguarding}, "somebody said “he hits her”"
	v.Evidence = []classify.Evidence{{Rule: "hits", Label: "complaint", Weight: 1, Quote: "he hits her"}}
	h.mail("From: anon@example.com\nSubject: he hits her\n\nhe hits her every night\n", v, nil)
	b := h.signedIn("Priya", register.Reviewer)
	for _, path := range []string{"/", "/today"} {
		got := b.get(path)
		got.want(t, http.StatusOK, "Safeguarding", "not shown in lists")
		if strings.Contains(got.body, "hits her") {
			t.Errorf("%s shows the words", path)
		}
	}
}

func TestAFormThatIsTooLongIsRefused(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.waiting()
	b := h.signedIn("Priya", register.Reviewer)
	b.post("/messages/"+m.ID+"/decision", form("issues", strings.Repeat("x", 300<<10))).want(t, http.StatusRequestEntityTooLarge, "too long")
	b.send(http.MethodPost, "/messages/"+m.ID+"/decision", "%zz", nil).want(t, http.StatusBadRequest, "no form")
	if h.message(m.ID).Version != m.Version {
		t.Error("the message changed")
	}
}
