package registertest_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

var update = flag.Bool("update", false, "rewrite the golden timelines")

// TestLifeStories takes cases from their first mail to their end, on both
// databases, and holds what their histories, clocks and letters say to a file.
func TestLifeStories(t *testing.T) {
	t.Parallel()
	for name, story := range map[string]func(d *desk) register.ID{
		"answered-at-stage-1":      (*desk).storyAnswered,
		"stage-2-to-the-ombudsman": (*desk).storyOmbudsman,
		"extended-in-time":         (*desk).storyExtended,
		"everything-late":          (*desk).storyLate,
		"found-in-a-drawer":        (*desk).storyDrawer,
		"a-new-bank-holiday":       (*desk).storyHoliday,
		"nobody-decided":           (*desk).storyFailsafe,
		"request-then-complaint":   (*desk).storyRequest,
		"not-accepted-then-taken":  (*desk).storyNotAccepted,
		"withdrawn-and-back":       (*desk).storyWithdrawn,
		"twice-by-two-ways":        (*desk).storyMerged,
		"mould-in-the-nursery":     (*desk).storyHazard,
		"a-son-who-acts":           (*desk).storyRepresentative,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			both(t, func(d *desk) {
				got := d.timeline(story(d))
				file := filepath.Join("testdata", "stories", name+".txt")
				if *update {
					d.must(os.MkdirAll(filepath.Dir(file), 0o755))
					d.must(os.WriteFile(file, []byte(got), 0o644))
				}
				want, err := os.ReadFile(file)
				d.must(err)
				if diff := cmp.Diff(string(want), got); diff != "" {
					d.t.Errorf("%s differs (-want +got); run with -update when that is right:\n%s", file, diff)
				}
			})
		})
	}
}

// timeline writes down what became of a case, without ids.
func (d *desk) timeline(id register.ID) string {
	d.t.Helper()
	c, clocks, err := d.GetCase(d.t.Context(), id)
	d.must(err)
	var b strings.Builder
	fmt.Fprintf(&b, "%s at stage %d", c.Kind, c.Stage)
	if !c.ClosedAt.IsZero() {
		fmt.Fprintf(&b, ", closed: %s", c.ClosedWhy)
	}
	b.WriteString("\n\n")
	for _, k := range clocks {
		fmt.Fprintf(&b, "%-22s %s to %s", k.Name, k.Start, k.Counts())
		if k.Counts() != k.Due {
			fmt.Fprintf(&b, " as promised, though due on %s", k.Due)
		}
		switch {
		case !k.MetAt.IsZero():
			fmt.Fprintf(&b, ", met on %s by %s", workday.DateOf(k.MetAt), k.MetBy)
		case !k.StoppedAt.IsZero():
			fmt.Fprintf(&b, ", stopped on %s", workday.DateOf(k.StoppedAt))
		default:
			b.WriteString(", running")
		}
		if k.Missed(d.clock.Now()) {
			b.WriteString(", missed")
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	outgoing, err := d.CaseOutgoings(d.t.Context(), id)
	d.must(err)
	var letters []string
	for _, o := range outgoing {
		if o.Kind == register.Alert {
			continue
		}
		line := fmt.Sprintf("%s %s", workday.DateOf(o.CreatedAt), strings.TrimSpace(fmt.Sprintf("%s %s", o.Kind, o.Form)))
		letters = append(letters, fmt.Sprintf("%s, stage %d, to %s: %s", line, o.Stage, o.To.Address, o.State))
	}
	sort.Strings(letters)
	b.WriteString(strings.Join(letters, "\n") + "\n\n")
	events, err := d.History(d.t.Context(), "case:"+id)
	d.must(err)
	for _, e := range events {
		fmt.Fprintf(&b, "%s %s by %s", workday.DateOf(e.At), e.What, e.By)
		for _, key := range []string{"stage", "why", "outcome", "exclusion", "late", "met", "promised", "due", "new_due", workday.Stage1Acknowledgement, workday.Stage1Answer, workday.Stage2Acknowledgement, workday.Stage2Answer, "in_time", "kind", "form"} {
			if v := e.Detail[key]; v != "" {
				fmt.Fprintf(&b, ", %s %s", key, v)
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (d *desk) at(day string) { d.t.Helper(); d.clock.Set(on(d.t, day)) }

// post sends whatever is owed about a case.
func (d *desk) post(id register.ID) {
	d.t.Helper()
	all, err := d.CaseOutgoings(d.t.Context(), id)
	d.must(err)
	for _, o := range all {
		if o.State == register.Owed {
			d.send(o.ID)
		}
	}
}

func (d *desk) storyAnswered() register.ID {
	o := d.acknowledged("cold")
	d.at("2026-12-03")
	a := d.answering(o.Case, 1, "officer:bo")
	a.GivenAt, a.Actions = a.GivenAt.AddDate(0, 0, -1), []register.Action{{What: "Fit a boiler", Due: date(d.t, "2026-12-18")}}
	d.must(errOf(d.Answer(d.t.Context(), a)))
	d.must(d.CloseCase(d.t.Context(), o.Case, "officer:bo", register.ClosedAnswered, ""))
	d.reply(o.Case, "ann@example.com", "thank you", registertest.Verdict(classify.FollowUp))
	d.post(o.Case)
	return o.Case
}

func (d *desk) storyOmbudsman() register.ID {
	o := d.acknowledged("cold")
	d.at("2026-12-09")
	d.answer(o.Case, 1, "officer:bo")
	d.at("2026-12-14")
	d.reply(o.Case, "ann@example.com", "you have not read a word", registertest.Verdict(classify.Complaint))
	d.post(o.Case)
	d.at("2027-01-11")
	a := d.answering(o.Case, 2, "officer:cy")
	a.Outcome = register.NotUpheld
	d.must(errOf(d.Answer(d.t.Context(), a)))
	d.must(d.CloseCase(d.t.Context(), o.Case, "officer:cy", register.ClosedAnswered, ""))
	d.at("2027-01-20")
	d.reply(o.Case, "ann@example.com", "then I go to the Ombudsman", registertest.Verdict(classify.Complaint))
	return o.Case
}

func (d *desk) storyExtended() register.ID {
	o := d.acknowledged("cold")
	d.at("2026-12-07")
	d.must(errOf(d.Extend(d.t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "The report is missing.", To: date(d.t, "2026-12-17")})))
	d.post(o.Case)
	d.at("2026-12-17")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyLate() register.ID {
	d.at("2026-11-23")
	o := d.complaint("cold", "ann@example.com")
	d.at("2026-12-02")
	d.post(o.Case)
	d.at("2026-12-14")
	d.must(errOf(d.Extend(d.t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "officer:bo", Reason: "The report is missing.", To: date(d.t, "2026-12-21")})))
	d.at("2026-12-15") // the letter goes a day too late
	d.post(o.Case)
	d.at("2026-12-21")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyDrawer() register.ID {
	o := d.acknowledged("cold")
	d.at("2026-11-27")
	d.must(d.CorrectReceived(d.t.Context(), o.Message, on(d.t, "2026-11-12"), "officer:bo", "a colleague had it in a drawer"))
	d.at("2026-12-04")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyHoliday() register.ID {
	o := d.acknowledged("cold")
	d.closed("2026-12-04")
	d.must(errOf(d.Recount(d.t.Context())))
	d.at("2026-12-09")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyFailsafe() register.ID {
	d.at("2026-11-23")
	v := doubted(classify.ServiceRequest, classify.Complaint)
	o := d.take("hm", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "hm"), Verdict: v})
	d.at("2026-11-28")
	acted, err := d.Failsafe(d.t.Context(), []register.ID{o.Message})
	d.must(err)
	d.post(acted[0].Case)
	d.at("2026-11-30")
	m := d.message(o.Message)
	d.must(errOf(d.Decide(d.t.Context(), register.Ruling{Message: m.ID, Version: m.Version, By: "officer:bo", Label: classify.Complaint, Reason: "it is one", Definition: v.Definition, Words: true})))
	d.post(acted[0].Case)
	d.at("2026-12-11")
	d.answer(acted[0].Case, 1, "officer:bo")
	return acted[0].Case
}

func (d *desk) storyRequest() register.ID {
	d.at("2026-11-23")
	req := d.take("tap", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "tap"), Verdict: registertest.Verdict(classify.ServiceRequest)})
	d.post(req.Case)
	d.at("2026-12-01")
	o := d.reply(req.Case, "ann@example.com", "nobody came", registertest.Verdict(classify.Complaint))
	d.post(o.Case)
	d.at("2026-12-03")
	d.must(d.CloseCase(d.t.Context(), req.Case, "officer:bo", register.ClosedDone, ""))
	d.at("2026-12-15")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyNotAccepted() register.ID {
	d.at("2026-11-23")
	o := d.complaint("fence", "ann@example.com")
	d.must(errOf(d.NotAccept(d.t.Context(), register.NotAccepting{Case: o.Case, By: "officer:bo", Reason: register.TooOld, Words: "It fell in 2019."})))
	d.post(o.Case)
	d.at("2027-01-12")
	d.must(errOf(d.ReopenCase(d.t.Context(), o.Case, "officer:cy", "the Ombudsman told us to")))
	d.post(o.Case)
	d.at("2027-01-15")
	d.answer(o.Case, 1, "officer:cy")
	return o.Case
}

func (d *desk) storyWithdrawn() register.ID {
	o := d.acknowledged("cold")
	d.at("2026-11-26")
	d.must(d.CloseCase(d.t.Context(), o.Case, "officer:bo", register.ClosedWithdrawn, "by phone: all is well"))
	d.at("2026-12-07")
	d.must(errOf(d.ReopenCase(d.t.Context(), o.Case, "officer:bo", "the heating broke again")))
	d.at("2026-12-09")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyMerged() register.ID {
	first := d.acknowledged("cold")
	second := d.complaint("cold, by another way", "ann@work.example")
	d.must(d.Merge(d.t.Context(), register.Merging{From: second.Case, Into: first.Case, By: "officer:bo", Reason: "the same words"}))
	d.at("2026-11-27")
	d.reply(second.Case, "ann@work.example", "any news", registertest.Verdict(classify.FollowUp))
	d.post(first.Case)
	d.at("2026-11-30")
	d.must(errOf(d.Unmerge(d.t.Context(), second.Case, "officer:bo", "two flats after all")))
	d.post(second.Case)
	return second.Case
}

func (d *desk) storyHazard() register.ID {
	d.at("2026-11-23")
	v := hazardous(classify.Significant, "damp_mould")
	v.Label = classify.Complaint
	o := d.take("mould", register.Opening{Reading: registertest.Reading("1@x", "ann@example.com", "mould"), Verdict: v})
	d.post(o.Case)
	d.at("2026-12-08")
	d.must(errOf(d.Warn(d.t.Context(), d.clock.Now())))
	h, err := d.MessageHazard(d.t.Context(), o.Message)
	d.must(err)
	d.must(d.HazardDone(d.t.Context(), h.ID, "investigate", d.clock.Now(), "officer:bo"))
	d.must(d.EndHazard(d.t.Context(), h.ID, "officer:bo", "washed down and dry"))
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}

func (d *desk) storyRepresentative() register.ID {
	o := d.acknowledged("cold")
	son := register.Address{Name: "Cy", Address: "cy@example.org"}
	person := register.Person{Address: son, Role: register.ActsForResident, Authority: "signed form of 26 November"}
	d.at("2026-11-26")
	d.must(d.SetPerson(d.t.Context(), o.Case, person, "officer:bo"))
	d.must(d.SetCorrespondent(d.t.Context(), register.Correspondence{Case: o.Case, To: son, Channel: register.Email, By: "officer:bo", Reason: "she asked for it"}))
	d.reply(o.Case, "cy@example.org", "she cannot wait", registertest.Verdict(classify.FollowUp))
	d.post(o.Case)
	d.at("2026-12-09")
	a := d.answering(o.Case, 1, "officer:bo")
	a.GivenAt = a.GivenAt.AddDate(-5000, 0, 0)
	d.refused(errOf(d.Answer(d.t.Context(), a)), "before the complaint came")
	d.answer(o.Case, 1, "officer:bo")
	return o.Case
}
