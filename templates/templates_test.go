package templates

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func newSet(tb testing.TB) *Set {
	tb.Helper()
	s, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func sample() Reply {
	return Reply{
		Landlord: Landlord{
			Name: "Larkmere Homes", Team: "Complaints team",
			Address: []string{"Post room", "1 Quay Street", "Larkmere", "LM1 1AA"},
			Phone:   "01632 960000", Hours: "Monday to Friday, 9am to 5pm", OutOfHours: "01632 960999",
			Email: "complaints@larkmere.example.org", Website: "https://larkmere.example.org",
			Ombudsman: DefaultOmbudsman(),
		},
		Today:     Date{2026, time.November, 24},
		Received:  Date{2026, time.November, 23},
		AnswerBy:  Date{2026, time.December, 8},
		Deadline:  Date{2026, time.November, 30},
		Reference: "CIT26-7KR4-M9X9",
		Name:      "Sam Farraway",
		Stage:     1,
		Issues:    []string{"The boiler has been broken for three weeks & nobody came.", "I took two days off work for nothing."},
		Outcomes:  []string{"I want the boiler mended and an apology."},
		Topics:    []string{"heating_hot_water", "staff_conduct", "repairs"},
	}
}

// variants are the replies that the goldens show.
func variants() map[string]func() (kind, form string, r Reply) {
	with := func(kind, form string, change func(*Reply)) func() (string, string, Reply) {
		return func() (string, string, Reply) {
			r := sample()
			if change != nil {
				change(&r)
			}
			return kind, form, r
		}
	}
	stage2 := func(r *Reply) { r.Stage = 2; r.AnswerBy = Date{2026, time.December, 22} }
	stranger := func(r *Reply) { r.Name, r.Issues, r.Outcomes = "", nil, nil }
	own := func(what string) func(*Reply) {
		return func(r *Reply) { stranger(r); r.What = what; r.Link = "https://post.larkmere.example.org/message/01j" }
	}
	return map[string]func() (string, string, Reply){
		"defined-1": with("acknowledgement", "defined", nil),
		"defined-2": with("acknowledgement", "defined", stage2),
		"defined-1-emergency": with("acknowledgement", "defined", func(r *Reply) {
			r.Emergency, r.Outcomes = true, nil
			r.NotResponsible = []string{"The street lamps, which the council looks after."}
			r.RepairRef = "CIT26-22CB-4R8K"
		}),
		"defined-2-no-outcome": with("acknowledgement", "defined", func(r *Reply) { stage2(r); r.Outcomes = nil }),
		"unquoted-1":           with("acknowledgement", "unquoted", stranger),
		"unquoted-1-no-topic":  with("acknowledgement", "unquoted", func(r *Reply) { stranger(r); r.Topics = []string{"staff_conduct"} }),
		"unquoted-2":           with("acknowledgement", "unquoted", func(r *Reply) { stranger(r); stage2(r) }),
		"holding-1":            with("acknowledgement", "holding", stranger),
		"holding-2":            with("acknowledgement", "holding", func(r *Reply) { stranger(r); stage2(r) }),
		"notice":               with("service_request_notice", "", nil),
		"notice-emergency":     with("service_request_notice", "", func(r *Reply) { stranger(r); r.Emergency = true }),
		"receipt-follow-up":    with("receipt", "follow_up", func(r *Reply) { r.Complaint = true }),
		"receipt-follow-up-sr": with("receipt", "follow_up", func(r *Reply) { r.AnswerBy = Date{} }),
		"receipt-enquiry":      with("receipt", "enquiry", nil),
		"forward": with("forward", "", func(r *Reply) {
			r.Channel, r.Files, r.Care, r.Hazard = "email", 2, true, "significant"
			r.Link = "https://post.larkmere.example.org/message/01j"
		}),
		"forward-emergency":  with("forward", "", func(r *Reply) { stranger(r); r.Hazard = "emergency" }),
		"alert":              with("alert", "", own("Something new happened.")),
		"alert-emergency":    with("alert", "emergency", own("The rules read of a smell of gas.")),
		"alert-safeguarding": with("alert", "safeguarding", own("")),
		"alert-deadline":     with("alert", "deadline", own("2 working days are left.")),
		"alert-unsent":       with("alert", "unsent", own("The mail server refuses the address for good.")),
		"alert-brake": with("alert", "brake", func(r *Reply) {
			own("1000 replies went out within an hour.")(r)
			r.Reference = ""
			r.Deadline, r.Received = Date{}, Date{}
		}),
		"alert-failsafe": with("alert", "failsafe", own("")),
	}
}

func TestGoldens(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, form, r := make()
			got, err := s.Render(kind, form, r)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", "Subject: "+got.Subject+"\n\n"+got.Text)
			golden(t, name+".html", got.HTML)
		})
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update when that is right:\n%s", name, diff)
	}
}

func TestEveryReplyHasAGolden(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, make := range variants() {
		kind, form, _ := make()
		seen[Name(kind, form)] = true
	}
	for _, name := range Names() {
		if !seen[name] {
			t.Errorf("%s is shown by no golden", name)
		}
	}
}

// own are the sentences that we wrote: no facts, no quotations.
func own(blocks []Block) []string {
	var all []string
	for _, b := range blocks {
		if b.Kind == Fact || b.Kind == Quote {
			continue
		}
		for _, s := range regexp.MustCompile(`[.?!:](\s+|$)`).Split(b.Words, -1) {
			if strings.TrimSpace(s) != "" {
				all = append(all, s)
			}
		}
	}
	return all
}

var jargon = regexp.MustCompile(`(?i)\b(formal|formally|informal|informally|escalat\w*|pursuant|aforementioned|herein|in respect of|with regard to|regarding|commence\w*|utilis\w*|facilitat\w*|SLA|query|queries|stakeholder\w*|provision|the code|maladministration|triage\w*|correspondence|endeavour\w*|in due course|liais\w*|expedite\w*|ascertain\w*|prior to|remedial|holding response|complainant\w*|case handler|unfortunately|inconvenience|stage one|stage two|stage 0)\b`)

func TestPlainEnglish(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		kind, form, r := make()
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		words, sentences := 0, own(got.Blocks)
		for _, sentence := range sentences {
			n := len(strings.Fields(sentence))
			words += n
			if n > 25 {
				t.Errorf("%s: %d words in %q", name, n, sentence)
			}
		}
		if mean := float64(words) / float64(len(sentences)); mean > 15 {
			t.Errorf("%s: the mean sentence has %.1f words", name, mean)
		}
		if found := jargon.FindString(got.Subject + " " + got.Text); found != "" {
			t.Errorf("%s says %q", name, found)
		}
		if found := regexp.MustCompile(`\d{1,2}/\d{1,2}/\d{2}|\d{4}-\d\d-\d\d|<no value>|%!|  `).FindString(got.Text); found != "" {
			t.Errorf("%s shows %q", name, found)
		}
	}
}

func TestFirstLines(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, form := range []string{"defined", "unquoted", "holding"} {
		for _, stage := range []int{1, 2} {
			r := sample()
			r.Stage = stage
			got, err := s.Render("acknowledgement", form, r)
			if err != nil {
				t.Fatal(err)
			}
			want := "Your reference: CIT26-7KR4-M9X9\nWe will answer by: Tuesday 8 December 2026\nPhone: 01632 960000"
			if !strings.HasPrefix(got.Text, want) {
				t.Errorf("%s, stage %d begins:\n%s", form, stage, got.Text[:120])
			}
			r.Emergency = true
			if got, err = s.Render("acknowledgement", form, r); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(got.Text, "Phone us now on 01632 960999") {
				t.Errorf("%s in an emergency begins:\n%s", form, got.Text[:120])
			}
		}
	}
}

func TestAcknowledgementHolds(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, form := range []string{"defined", "unquoted", "holding"} {
		for _, stage := range []int{1, 2} {
			r := sample()
			r.Stage = stage
			got, err := s.Render("acknowledgement", form, r)
			if err != nil {
				t.Fatal(err)
			}
			for what, words := range map[string]string{
				"stage":           "stage " + string(rune('0'+stage)) + " ",
				"Ombudsman":       "Housing Ombudsman Service",
				"its phone":       "0300 111 3000",
				"correction":      "Is something missing or wrong?",
				"evidence":        "photos, letters and other evidence",
				"adjustments":     "large print",
				"work carries on": "Any repair or other work carries on",
				"out of hours":    "01632 960999",
			} {
				if !strings.Contains(strings.ReplaceAll(got.Text, ".", " "), strings.ReplaceAll(words, ".", " ")) {
					t.Errorf("%s, stage %d lacks the %s", form, stage, what)
				}
			}
			if quoted := strings.Contains(got.Text, "boiler"); quoted != (form == "defined") {
				t.Errorf("%s quotes: %v", form, quoted)
			}
			if demands := regexp.MustCompile(`(?i)(why|explain|reasons?)[^.]*\?`).FindString(got.Text); stage == 2 && demands != "" {
				t.Errorf("%s asks for reasons at stage 2: %q", form, demands)
			}
			if stage == 2 && !strings.Contains(got.Text, "You do not need to give reasons") {
				t.Errorf("%s does not say that reasons are not needed", form)
			}
		}
	}
}

func TestSubjectsHoldReferenceAndKindOnly(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		kind, form, r := make()
		r.Name, r.Topics = "Zebedee Quill", []string{"pests"}
		r.What = strings.ReplaceAll(r.What, "gas", "quince")
		if r.Issues != nil {
			r.Issues, r.Outcomes = []string{"quince"}, []string{"quince"}
		}
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{"Zebedee", "Quill", "quince", "pests"} {
			if strings.Contains(got.Subject, secret) {
				t.Errorf("%s: the subject %q holds %q", name, got.Subject, secret)
			}
		}
		if len(got.Subject) > 70 {
			t.Errorf("%s: the subject %q is long", name, got.Subject)
		}
	}
}

func TestMissingIsAnError(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, row := range []struct {
		name, kind, form, want string
		change                 func(*Reply)
	}{
		{"no reference", "acknowledgement", "defined", "reference is missing", func(r *Reply) { r.Reference = "" }},
		{"a reference of spaces", "acknowledgement", "holding", "reference is missing", func(r *Reply) { r.Reference = " \n" }},
		{"no answer date", "acknowledgement", "holding", "date of the answer is missing", func(r *Reply) { r.AnswerBy = Date{} }},
		{"no day of receipt", "acknowledgement", "unquoted", "day of receipt is missing", func(r *Reply) { r.Received = Date{} }},
		{"no phone", "receipt", "enquiry", "phone number is missing", func(r *Reply) { r.Landlord.Phone = "" }},
		{"no out-of-hours number", "service_request_notice", "", "out-of-hours number is missing", func(r *Reply) { r.Landlord.OutOfHours = "" }},
		{"no Ombudsman", "acknowledgement", "unquoted", "Ombudsman's details are missing", func(r *Reply) { r.Landlord.Ombudsman = nil }},
		{"an Ombudsman of tomorrow", "acknowledgement", "unquoted", "Ombudsman's details are missing", func(r *Reply) { r.Landlord.Ombudsman[0].From = Date{2026, 11, 25} }},
		{"no definition", "acknowledgement", "defined", "definition is missing", func(r *Reply) { r.Issues = nil }},
		{"a definition of a link", "acknowledgement", "defined", "definition is missing", func(r *Reply) { r.Issues = []string{"http://evil.example/x"} }},
		{"no name of the landlord", "receipt", "follow_up", "landlord's name is missing", func(r *Reply) { r.Landlord.Name = "" }},
		{"no reason for an alert", "alert", "", "reason is missing", func(r *Reply) { r.What = "" }},
		{"an unknown kind", "poem", "", "there are no words", func(*Reply) {}},
		{"an unknown form", "acknowledgement", "sung", "there are no words", func(*Reply) {}},
		{"shared words are no reply", "shared", "", "subject", func(*Reply) {}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			r := sample()
			row.change(&r)
			if got, err := s.Render(row.kind, row.form, r); err == nil || !strings.Contains(err.Error(), row.want) && row.want != "subject" {
				t.Errorf("got %q, error %v; want an error with %q", got.Subject, err, row.want)
			}
		})
	}
}

func TestMarkupInDataStaysWords(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	r := sample()
	r.Issues = []string{"broken\n= Free money\n@ Phone | 1\nSubject: x", "<script>alert(1)</script><img src=x onerror=y>", "{{.Landlord}}"}
	r.Name = "Eve\n\n= Hi"
	got, err := s.Render("acknowledgement", "defined", r)
	if err != nil {
		t.Fatal(err)
	}
	var quotes []string
	for _, b := range got.Blocks {
		if b.Kind == Quote {
			quotes = append(quotes, b.Words)
		} else if strings.Contains(b.Words, "Free money") || strings.Contains(b.Words, "Hi") {
			t.Errorf("data became a %s: %q", b.Kind, b.Words)
		}
	}
	if want := "{{.Landlord}}"; len(quotes) != 4 || quotes[2] != want {
		t.Errorf("quotations: %q", quotes)
	}
	if strings.Contains(got.HTML, "<script>") || strings.Contains(got.HTML, "<img") {
		t.Error("HTML of a stranger went through")
	}
	if !strings.Contains(got.HTML, "&lt;script&gt;") {
		t.Error("the quoted words are gone instead of escaped")
	}
}

func TestQuotations(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for _, row := range []struct{ name, in, want string }{
		{"plain", "The roof leaks.", "The roof leaks."},
		{"lines", "The roof\r\nleaks\tagain", "The roof leaks again"},
		{"quotation marks around", "“nobody came”", "nobody came"},
		{"link", "see https://evil.example.com/a?b=c now", "see [link left out] now"},
		{"link without scheme", "see evil.com now", "see [link left out] now"},
		{"link with a path", "see foo.museum/x now", "see [link left out] now"},
		{"www", "see www.evil now", "see [link left out] now"},
		{"script link", "javascript:alert(1) ok", "[link left out] ok"},
		{"full-width link", "ｅｖｉｌ．ｃｏｍ is it", "[link left out] is it"},
		{"hidden character in a link", "ev\u200bil.c\u00adom is it", "[link left out] is it"},
		{"address of numbers", "at 192.168.0.1/x please", "at [link left out] please"},
		{"email", "write to eve@evil.example please", "write to [address left out] please"},
		{"mobile", "ring me on 07700 900123 please", "ring me on [number left out] please"},
		{"mobile with dots", "it is 07700.900.123.", "it is [number left out]."},
		{"international", "it is +44 (0)1632 960 001", "it is [number left out]"},
		{"premium", "call 0909 123", "call [number left out]"},
		{"short code", "text 60123 to win", "text [number left out] to win"},
		{"full-width digits", "ring ０７７００９００１２３", "ring [number left out]"},
		{"date", "since 12/11/2026 it leaks", "since 12/11/2026 it leaks"},
		{"ISO date", "since 2026-11-12 it leaks", "since 2026-11-12 it leaks"},
		{"money", "I paid £1,250.00 for it", "I paid £1,250.00 for it"},
		{"house number", "at 12 Quay Street, flat 3", "at 12 Quay Street, flat 3"},
		{"job number", "job 4471820 was closed", "job 4471820 was closed"},
		{"times", "between 8 and 12 on 3 November 2026", "between 8 and 12 on 3 November 2026"},
		{"glued sentence", "It is broken.It leaks.", "It is broken. It leaks."},
		{"reference of ours", "about CIT26-7KR4-M9X9 again", "about CIT26-7KR4-M9X9 again"},
		{"slur", "that Fucking useless wanker", "that [word left out] useless [word left out]"},
		{"not a slur", "the fire retardant door in Scunthorpe", "the fire retardant door in Scunthorpe"},
		{"direction turned", "abc\u202edef", "abcdef"},
		{"other scripts", "Die Heizung ist kaputt, ogrzewanie nie działa, লিফট", "Die Heizung ist kaputt, ogrzewanie nie działa, লিফট"},
		{"only a link", "https://evil.example", ""},
		{"only marks", "?!", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got := strings.Join(s.quotations([]string{row.in}), "|")
			if got != row.want {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	if long := s.quotation(strings.Repeat("wet wall ", 400)); len(long) > maxQuotation+5 || !strings.HasSuffix(long, " …") {
		t.Errorf("a long quotation is cut to %q", long)
	}
	if s.Quotable(slices.Repeat([]string{"wet"}, maxQuotations+1)) {
		t.Error("a definition beyond the limit is quotable")
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Sam Farraway": "Sam Farraway", "Siobhán O’Neill-Abara": "Siobhán O’Neill-Abara", "Dr. A. Khan": "Dr. A. Khan",
		"陳大文": "陳大文", "  Anna\n Smith ": "Anna Smith",
		"win at evil.com": "", "call 07700": "", "eve@example.org": "", "": "", "...": "",
		"<b>Eve</b>": "", "one two three four five six seven": "", strings.Repeat("a", 61): "",
	} {
		if got := personName(in); got != want {
			t.Errorf("personName(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestHTMLIsForEverybody(t *testing.T) {
	t.Parallel()
	s := newSet(t)
	for name, make := range variants() {
		kind, form, r := make()
		got, err := s.Render(kind, form, r)
		if err != nil {
			t.Fatal(err)
		}
		for what, want := range map[string]string{
			"language": `<html lang="en-GB">`, "dark mode": `content="light dark"`, "dark colours": "prefers-color-scheme: dark",
			"narrow screens": `width=device-width`, "title": "<title>" + strings.ReplaceAll(got.Subject, "'", "&#39;") + "</title>",
		} {
			if !strings.Contains(got.HTML, want) {
				t.Errorf("%s lacks %s", name, what)
			}
		}
		if found := regexp.MustCompile(`(?i)<img|<link|<script|src=|url\(|@import|<table|width: ?\d{3,}px|ZgotmplZ`).FindString(got.HTML); found != "" {
			t.Errorf("%s holds %q", name, found)
		}
		for _, b := range got.Blocks {
			if b.Kind == Quote && strings.Contains(got.HTML, "<q><a") {
				t.Errorf("%s: a link within a quotation", name)
			}
		}
	}
	kind, form, r := variants()["defined-1"]()
	got, _ := s.Render(kind, form, r)
	if !strings.Contains(got.HTML, `<a href="tel:01632960000">01632 960000</a>`) ||
		!strings.Contains(got.HTML, `<a href="https://www.housing-ombudsman.org.uk">`) {
		t.Error("our own numbers and addresses are no links")
	}
}

func TestOmbudsmanByDate(t *testing.T) {
	t.Parallel()
	l := Landlord{Ombudsman: []Ombudsman{
		{Name: "old", From: Date{2020, 1, 1}}, {Name: "new", From: Date{2026, 12, 1}}, {Name: "first"},
	}}
	for day, want := range map[Date]string{{2019, 12, 31}: "first", {2020, 1, 1}: "old", {2026, 11, 30}: "old", {2026, 12, 1}: "new", {2027, 1, 1}: "new"} {
		if got := l.ombudsman(day).Name; got != want {
			t.Errorf("on %v: %q, want %q", day, got, want)
		}
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	r := sample()
	if got := r.Landlord.Problems(r.Today); len(got) != 0 {
		t.Errorf("a whole landlord has problems: %q", got)
	}
	if got := (Landlord{}).Problems(r.Today); len(got) != 4 {
		t.Errorf("an empty landlord has the problems %q", got)
	}
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	whole := func() fstest.MapFS {
		m := fstest.MapFS{}
		entries, _ := embedded.ReadDir(English)
		for _, e := range entries {
			content, _ := embedded.ReadFile("en/" + e.Name())
			m["en/"+e.Name()] = &fstest.MapFile{Data: content}
		}
		return m
	}
	if _, err := Load(whole(), English); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name, file, content, want string
	}{
		{"a reply is missing", "en/forward.tmpl", "", "forward are missing"},
		{"broken words", "en/forward.tmpl", "{{if}}", "forward.tmpl:1"},
		{"an unknown function", "en/forward.tmpl", "{{shout .Name}}", "forward.tmpl:1"},
		{"a broken term", "en/terms.txt", "weekdays", "terms.txt:1"},
		{"a term is missing", "en/terms.txt", "weekdays = a b c d e f g", "missing"},
		{"no words to leave out", "en/left-out.txt", "# none", "no words"},
		{"no terms", "en/terms.txt", "", "read terms"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			m := whole()
			if row.content == "" {
				delete(m, row.file)
			} else {
				m[row.file] = &fstest.MapFile{Data: []byte(row.content)}
			}
			if _, err := Load(m, English); err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("error %v, want one with %q", err, row.want)
			}
		})
	}
	m := whole()
	m["en/forward.tmpl"] = &fstest.MapFile{Data: []byte("Subject: x\n{{.Nonsense}}")}
	s, err := Load(m, English)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Render("forward", "", sample()); err == nil {
		t.Error("an unknown field is no error")
	}
}

func FuzzQuotation(f *testing.F) {
	for _, seed := range []string{"The roof leaks.", "evil.com", "ring 07700 900123", "a@b.c", "\u202e", "[link left out]"} {
		f.Add(seed)
	}
	s := newSet(f)
	bad := regexp.MustCompile(`(?i)https?://|www\.\S|[\r\n]|\b\d{9,}\b|[a-z0-9]\.(com|net|org|uk)\b|\S@\S`)
	f.Fuzz(func(t *testing.T, words string) {
		for _, got := range s.quotations([]string{words}) {
			if found := bad.FindString(got); found != "" {
				t.Errorf("%q from %q holds %q", got, words, found)
			}
		}
	})
}
