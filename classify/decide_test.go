package classify

import (
	"bytes"
	"slices"
	"strings"
	"testing"
)

func TestDefaultReads(t *testing.T) {
	t.Parallel()
	if _, err := Parse("rules.yaml", defaultRules); err != nil {
		t.Fatal(err)
	}
	if Default().Version() == "" || Default().Version() == "unreadable" {
		t.Errorf("version %q", Default().Version())
	}
}

// TestNeverAlone holds what a person must always see.
func TestNeverAlone(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		m    Message
	}{
		{"nothing", Message{}},
		{"only something attached", Message{Attachments: 2}},
		{"unread", Message{Unread: "the scan is blank"}},
		{"one word", Message{Text: "hello"}},
		{"no language", Message{Text: "xqzt wvrk plfd"}},
		{"bytes", Message{Text: strings.Repeat("\x00\x01\xfe", 500)}},
		{"a very long line", Message{Text: strings.Repeat("please ", 2<<20/7)}},
		{"Polish", Message{Text: "Moja toaleta nie działa od tygodnia, dzwoniłem trzy razy."}},
		{"Romanian", Message{Text: "Bună ziua, nu avem apă caldă de două săptămâni și nu a venit nimeni."}},
		{"Welsh", Message{Text: "Mae'r ffens wedi dod i lawr yn y gwynt. Oes rhywun ar gael os gwelwch yn dda?"}},
		{"Urdu", Message{Text: "دو ہفتے سے گرم پانی نہیں آ رہا، کوئی نہیں آیا"}},
		{"Urdu in Latin letters", Message{Text: "Do hafte se garam pani nahi aa raha hai aur koi nahi aaya, main bohat pareshan hoon"}},
		{"Greek", Message{Text: "Δεν έχουμε ζεστό νερό εδώ και δύο εβδομάδες"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			v := Default().Decide(row.m, Context{})
			if v.Route != Review || v.Why == "" {
				t.Errorf("route %s, why %q", v.Route, v.Why)
			}
		})
	}
}

// What an HTML letter shows as a line, what a resident tells of who wrote what,
// and arrows hide no complaint.
func TestNothingHidesAComplaint(t *testing.T) {
	t.Parallel()
	const complaint = "I want to make a formal complaint. My boiler has been broken for three weeks and nobody comes."
	for name, text := range map[string]string{
		"a drawn line":             "Dear Sirs,\n\nFlat 3, Lark Road\n\n________________________________\n\n" + complaint,
		"who wrote what":           "Hello.\nOn Monday your officer wrote:\nno access\nThat is a lie. " + complaint,
		"a form with the sender":   "New message\nFrom: Ann Bell ann@example.net\nTelephone: 0123\nMessage: " + complaint,
		"arrows":                   "> " + strings.ReplaceAll(complaint, ". ", ".\n> ") + "\nPlease come.",
		"a resident's own headers": "From: ann@example.net\nTo: you\n\n" + complaint,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if v := Default().Decide(Message{Channel: "email", Subject: "Flat 3", Text: text}, Context{}); v.Label != Complaint {
				t.Errorf("%s %.2f %s: %s", v.Label, v.Confidence, v.Route, v.Why)
			}
		})
	}
	// A quoted line of an answer is not the resident's.
	if v := Default().Decide(Message{Channel: "email", Subject: "Re: Flat 3", Text: "> " + complaint + "\nThank you, it is mended."}, Context{}); v.Label == Complaint {
		t.Errorf("a quoted line was heard: %s", v.Why)
	}
}

func TestLanguages(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"My boiler is broken and nobody came.":                           "en",
		"Nie jest dobrze, proszę o pomoc, od tygodnia nie mam wody":      "pl",
		"Bună ziua, nu am apă caldă și vă rog să veniți":                 "ro",
		"Bore da, mae'r ffenestr wedi torri yn y gegin":                  "cy",
		"Koi nahi aaya aur pani abhi bhi band hai, main kya karoon":      "ur",
		"کوئی نہیں آیا، پانی بند ہے":                                     "ur",
		"Υπάρχει πρόβλημα με το νερό":                                    "el",
		"Buenos días, no hay agua desde el lunes y nadie viene por aquí": "es",
	} {
		if v := Default().Decide(Message{Text: text}, Context{}); v.Language != want {
			t.Errorf("%q is %q, want %q", text, v.Language, want)
		}
	}
}

func TestHazards(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		text  string
		level HazardLevel
	}{
		{"There is a strong smell of gas in the hall.", Emergency},
		{"The socket is sparking and the wires are hanging out.", Emergency},
		{"The ceiling has collapsed in the bedroom.", Emergency},
		{"No heating since Sunday and my mum is 86.", Emergency},
		{"Sewage is coming up through the shower.", Emergency},
		{"Water is dripping through the light fitting.", Emergency},
		{"Black mould in the nursery, my baby has asthma.", Significant},
		{"The front door does not lock any more.", Significant},
		{"Od wczoraj czuję gaz w kuchni, czad!", Emergency},
		{"Could I keep a cat please?", NoHazard},
		{"All passed, and there is no smell of gas.", NoHazard},
		{"The CO alarm has reached its end date.", NoHazard},
		{"Heating is back on, thank you. My mum is 86.", NoHazard},
		{"No hot water for weeks.", Significant},
	} {
		if v := Default().Decide(Message{Text: row.text}, Context{}); v.HazardLevel != row.level || v.Has(Hazard) != (row.level != NoHazard) {
			t.Errorf("%q: level %q, want %q", row.text, v.HazardLevel, row.level)
		}
	}
}

// A confidence that is high but not high enough is told with what is asked
// for: "thin or divided" beside "97 %" would contradict itself.
func TestShort(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		sure, asked float64
		want        string
	}{
		{0.98, 0.98, ""},
		{0.97, 0.98, "97% is less than the 98% that is asked for acting alone"},
		{0.896, 0.9, "89% is less than the 90% that is asked for acting alone"},
		{0.978, 0.98, "97% is less than the 98% that is asked for acting alone"},
		{0.55, 0.9, "the evidence is thin or divided"},
		{0.99, never, "a person always decides on this label"},
	} {
		if got := short(row.sure, row.asked); got != row.want {
			t.Errorf("%v of %v: %q, want %q", row.sure, row.asked, got, row.want)
		}
	}
}

func TestStage1Answered(t *testing.T) {
	t.Parallel()
	m := Message{Text: "I am not happy. The door is still not done and nobody came."}
	if v := Default().Decide(m, Context{Joins: true, CaseKind: Complaint, Stage: 1, Stage1Answered: true}); v.Label != Stage2 {
		t.Errorf("%s, want stage2", v.Label)
	}
	if v := Default().Decide(m, Context{}); v.Label != Complaint {
		t.Errorf("%s without a case, want complaint", v.Label)
	}
}

func TestDefinition(t *testing.T) {
	t.Parallel()
	m := Message{Channel: "email", Text: "Dear Data Protection Officer,\n\nHello. Nobody has come about the broken boiler and I have rung four times since March. " +
		"I want an apology and a date for the repair. Ring me on 07700 900123 about the broken boiler that nobody has fixed. " +
		"Nobody came, see http://example.org/boiler for the photos. I don't want to be here any more because nobody came."}
	d := Default().Decide(m, Context{}).Definition
	all := strings.Join(append(slices.Clone(d.Issues), d.Outcomes...), " | ")
	if len(d.Issues) == 0 || !strings.Contains(d.Issues[0], "broken boiler") {
		t.Errorf("issues %q", d.Issues)
	}
	if len(d.Outcomes) == 0 || !strings.Contains(d.Outcomes[0], "apology") {
		t.Errorf("outcomes %q", d.Outcomes)
	}
	for _, bad := range []string{"07700", "http", "be here", "Officer"} {
		if strings.Contains(all, bad) {
			t.Errorf("the definition says %q: %s", bad, all)
		}
	}
	for _, s := range append(d.Issues, d.Outcomes...) {
		if !strings.Contains(m.Text, s) {
			t.Errorf("%q is not the resident's own sentence", s)
		}
	}
}

func TestReportReads(t *testing.T) {
	t.Parallel()
	rep := Score(Default(), ownExamples(t)[:60])
	var b bytes.Buffer
	if err := rep.Render(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"confusion", "calibration", "misses", "settled alone", "precision"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the report lacks %q", want)
		}
	}
}

func TestReadCorpusRefuses(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"", "{", `{"id":"x","labels":{"primary":"moan"}}`} {
		if _, err := ReadCorpus(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// What a reference of ours happens to spell says nothing of the message.
func TestAReferenceIsOneWordWhateverItSpells(t *testing.T) {
	t.Parallel()
	about := Context{Joins: true, CaseKind: Complaint, Stage: 1}
	decide := func(ref string) Verdict {
		return Default().Decide(Message{
			Channel: "email", Automatic: "none", Subject: "Re: " + ref,
			Text: "Thank you for your letter " + ref + ". The boiler man came, and it is off again.",
		}, about)
	}
	want := decide("CIT26-7KR4-M9X9")
	for _, ref := range []string{"CIT26-HAND-DAMP", "CIT26-7DQT-NNM7", "CIT26-S0FV-2Y3H", "cit26-gebt-15qm", "CIT26 D8ZA HAND", "AB26-0000-0001", "HOUSE26-FIRE-GAS1"} {
		if got := decide(ref); got.Label != want.Label || got.Confidence != want.Confidence || !slices.Equal(got.Topics, want.Topics) || len(got.Flags) != len(want.Flags) {
			t.Errorf("%s: %s %.4f %v %v, want %s %.4f %v %v", ref, got.Label, got.Confidence, got.Topics, got.Flags, want.Label, want.Confidence, want.Topics, want.Flags)
		}
	}
	for _, words := range []string{"It is 26 with them here now", "the 2026-11-26 visit", "no26-that-thing", "CIT26 with them here"} {
		if got := decide(words); got.Confidence == want.Confidence {
			t.Errorf("%q was taken for a reference", words)
		}
	}
}
