package registertest_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/workday"
)

// inReview is a letter that waits for a person, with that reading.
func (d *desk) inReview(name string, rd register.Reading) register.Message {
	d.t.Helper()
	got := d.letterFile(name)
	opened, err := d.Open(d.t.Context(), []register.Opening{{Message: got.ID, Reading: rd, Verdict: classify.Verdict{Route: classify.Review}, Problem: "a person looks at it"}})
	d.must(err)
	d.must(opened[0].Err)
	return d.message(got.ID)
}

// heldFile is a file whose letters a person has to part.
func (d *desk) heldFile(name string, pages ...int) register.Message {
	d.t.Helper()
	return d.inReview(name, register.Reading{Automatic: "none", Error: "a sheet cannot be read", Pages: len(pages), Paper: &register.Paper{Pages: pages, Held: true}})
}

func TestABatchWasNotPostedAfterAll(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		first, second := d.posted("one"), d.posted("two")
		before := map[string]register.Clock{}
		names := []string{workday.Stage1Acknowledgement, workday.Stage1Answer}
		for _, o := range []register.Opened{first, second} {
			for _, name := range names {
				before[o.Case+name] = d.clockNamed(o.Case, name)
			}
			d.lay(o.Owed[0].ID)
		}
		d.clock.Set(on(t, "2026-11-25"))
		b := d.print()
		d.refused(d.Unpost(t.Context(), b.ID, "Dev", "the wrong batch"), "not marked as posted")
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"))
		d.refused(d.Unpost(t.Context(), b.ID, "Dev", " "), "why")
		d.refused(d.Unpost(t.Context(), b.ID, "postroom", "the wrong batch"), "person")
		d.clock.Advance(23 * time.Hour)
		b, err := d.BatchNamed(t.Context(), b.Name)
		d.must(err)
		if !b.Unpostable(d.clock.Now()) || b.Unpostable(d.clock.Now().Add(2*time.Hour)) {
			t.Error("the day within which a batch can be taken back")
		}
		d.must(d.Unpost(t.Context(), b.ID, "Dev", "the wrong batch"))
		for _, o := range []register.Opened{first, second} {
			if got := d.outgoing(o.Owed[0].ID); got.State != register.ToPrint || !got.SentAt.IsZero() {
				t.Errorf("the letter is %s, sent %v", got.State, got.SentAt)
			}
			for _, name := range names {
				was, now := before[o.Case+name], d.clockNamed(o.Case, name)
				if now.Due != was.Due || now.Start != was.Start || !now.MetAt.IsZero() || now.MetBy != "" || !now.DefinedAt.IsZero() || now.Promised != was.Promised {
					t.Errorf("%s is %+v, was %+v", name, now, was)
				}
			}
			if !slices.Contains(d.events("case:"+o.Case), "not_posted") {
				t.Error("the history does not say that it was not posted")
			}
		}
		// The batch waits as before, and can be posted again.
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-26"), "Dev"))
		if k := d.clockNamed(first.Case, workday.Stage1Acknowledgement); workday.DateOf(k.MetAt) != date(t, "2026-11-26") {
			t.Errorf("met %v", k.MetAt)
		}
		d.clock.Advance(25 * time.Hour)
		d.refused(d.Unpost(t.Context(), b.ID, "Dev", "the wrong batch"), "more than a day")
	})
}

// TestUnpostedAnswersAndExtensions: what a posted letter did to other clocks
// is taken back as well.
func TestUnpostedAnswersAndExtensions(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		o := d.posted("one")
		d.lay(o.Owed[0].ID)
		d.clock.Set(on(t, "2026-11-25"))
		first := d.print()
		d.must(d.Posted(t.Context(), first.ID, date(t, "2026-11-25"), "Dev"))
		was := d.clockNamed(o.Case, workday.Stage1Answer)

		hints, err := d.Extend(t.Context(), register.Extending{Case: o.Case, Stage: 1, By: "Dev", Reason: "A part is on order.", To: was.Counts().AddDays(7)})
		d.must(err)
		d.lay(hints[0].ID)
		b := d.print()
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"))
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts() != was.Counts().AddDays(7) {
			t.Fatalf("extended to %s", k.Counts())
		}
		d.must(d.Unpost(t.Context(), b.ID, "Dev", "still on the table"))
		if k := d.clockNamed(o.Case, workday.Stage1Answer); k.Counts() != was.Counts() || k.Due != was.Due || k.Promised != was.Promised {
			t.Errorf("after the mistake %+v, before %+v", k, was)
		}
		all, err := d.Extensions(t.Context(), o.Case)
		d.must(err)
		if len(all) != 1 || !all[0].ToldAt.IsZero() {
			t.Errorf("extensions %+v", all)
		}
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"))

		was = d.clockNamed(o.Case, workday.Stage1Answer)
		hints, err = d.Answer(t.Context(), register.Answering{Case: o.Case, Stage: 1, By: "Dev", Outcome: register.Upheld, Text: "We are sorry."})
		d.must(err)
		d.lay(hints[0].ID)
		b = d.print()
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"))
		d.must(d.Unpost(t.Context(), b.ID, "Dev", "still on the table"))
		if k, c := d.clockNamed(o.Case, workday.Stage1Answer), d.theCase(o.Case); !k.MetAt.IsZero() || k.MetBy != "" || !c.Answered1At.IsZero() || k.Counts() != was.Counts() {
			t.Errorf("clock %+v, answered %v", k, c.Answered1At)
		}
		d.must(d.Posted(t.Context(), b.ID, date(t, "2026-11-25"), "Dev"))
		d.must(d.CloseCase(t.Context(), o.Case, "Dev", register.ClosedAnswered, ""))
		d.refused(d.Unpost(t.Context(), b.ID, "Dev", "still on the table"), "closed")
	})
}

// TestAnEarlierReplyKeepsAClockMet: only what this batch did is taken back.
func TestAnEarlierReplyKeepsAClockMet(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t := d.t
		got := d.letterFile("unread")
		d.clock.Set(d.message(got.ID).FailsafeAt)
		opened, err := d.Failsafe(t.Context(), []register.ID{got.ID})
		d.must(err)
		d.must(opened[0].Err)
		caseID := opened[0].Case
		d.must(d.ConfirmAddress(t.Context(), caseID, "Ann Other", home, "Dev"))
		d.lay(opened[0].Owed[0].ID)
		holding := d.print()
		today := workday.DateOf(d.clock.Now())
		d.must(d.Posted(t.Context(), holding.ID, today, "Dev"))
		m := d.message(got.ID)
		d.clock.Advance(time.Hour)
		full, err := d.Decide(t.Context(), register.Ruling{
			Message: m.ID, Version: m.Version, By: "Dev", Label: classify.Complaint, Reason: "read by hand",
			Definition: registertest.Verdict(classify.Complaint).Definition, Postal: home, Correspondent: register.Address{Name: "Ann Other"},
		})
		d.must(err)
		d.lay(full.Owed[0].ID)
		b := d.print()
		d.must(d.Posted(t.Context(), b.ID, today, "Dev"))
		if k := d.clockNamed(caseID, workday.Stage1Acknowledgement); k.MetBy != "holding" || k.DefinedAt.IsZero() {
			t.Fatalf("%+v", k)
		}
		d.must(d.Unpost(t.Context(), b.ID, "Dev", "the wrong batch"))
		if k := d.clockNamed(caseID, workday.Stage1Acknowledgement); k.MetBy != "holding" || k.MetAt.IsZero() || !k.DefinedAt.IsZero() {
			t.Errorf("%+v", k)
		}
		d.must(d.Posted(t.Context(), b.ID, today, "Dev"))
		d.must(d.Unpost(t.Context(), holding.ID, "Dev", "that one too"))
		if k := d.clockNamed(caseID, workday.Stage1Acknowledgement); k.MetBy != register.Unquoted || k.DefinedAt.IsZero() {
			t.Errorf("with the fuller one posted: %+v", k)
		}
	})
}

func TestAFileIsPartedByHand(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		file := d.heldFile("a held file", 1, 2, 3, 4, 5)
		part := func(begins, dropped []int) ([]register.ID, error) {
			return d.PartFile(ctx, register.Parting{File: file.ID, Version: file.Version, By: "Dev", Begins: begins, Dropped: dropped})
		}
		for _, bad := range []struct {
			begins, dropped []int
			why             string
		}{
			{nil, nil, "Page 1 belongs to no letter"},
			{[]int{2}, nil, "Page 1 belongs to no letter"},
			{[]int{1, 6}, nil, "no page 6"},
			{[]int{1}, []int{0}, "no page 0"},
			{[]int{1, 3}, []int{3}, "Page 3 cannot"},
			{nil, []int{1, 2, 3, 4, 5}, "on which page"},
		} {
			_, err := part(bad.begins, bad.dropped)
			d.refused(err, bad.why)
		}
		ids, err := part([]int{2, 5}, []int{1, 4})
		d.must(err)
		letters, err := d.PartsOf(ctx, file.ID)
		d.must(err)
		if len(letters) != 2 || !slices.Equal(ids, []register.ID{letters[0].ID, letters[1].ID}) {
			t.Fatalf("%d letters, %d to read", len(letters), len(ids))
		}
		for i, want := range [][]int{{2, 3}, {5}} {
			l := letters[i]
			if pages, err := d.HandPages(ctx, l.ID); err != nil || !slices.Equal(pages, want) {
				t.Errorf("letter %d has pages %v: %v", i+1, pages, err)
			}
			if l.State != register.Arrived || !l.ReceivedAt.Equal(file.ReceivedAt) || l.Deadline != file.Deadline || l.Original != file.Original {
				t.Errorf("letter %d: %+v", i+1, l)
			}
		}
		if m := d.message(file.ID); m.State != register.Split {
			t.Errorf("the file is %s", m.State)
		}
		if _, err := part([]int{1}, nil); !errors.Is(err, register.ErrConflict) {
			t.Errorf("parted twice: %v", err)
		}
		if unread, err := d.UnreadLetters(ctx, 10); err != nil || len(unread) != 2 {
			t.Errorf("%d unread: %v", len(unread), err)
		}
		if none, err := d.HandPages(ctx, file.ID); err != nil || none != nil {
			t.Errorf("the file's own pages %v: %v", none, err)
		}
	})
}

func TestOneLetterAfterAll(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		file := d.heldFile("a held file", 1, 2, 3)
		d.clock.Advance(240 * time.Hour)
		ids, err := d.PartFile(ctx, register.Parting{File: file.ID, Version: file.Version, By: "Dev", Begins: []int{1}, Dropped: []int{3}})
		d.must(err)
		m := d.message(file.ID)
		if !slices.Equal(ids, []register.ID{file.ID}) || m.State != register.Arrived || m.Reference != file.Reference {
			t.Errorf("%v, %s", ids, m.State)
		}
		if pages, _ := d.HandPages(ctx, file.ID); !slices.Equal(pages, []int{1, 2}) {
			t.Errorf("pages %v", pages)
		}
		if due, err := d.Undecided(ctx, d.clock.Now(), 10); err != nil || len(due) != 0 {
			t.Errorf("the fail-safe acts before it can be read: %v %v", due, err)
		}
		if due, err := d.Undecided(ctx, d.clock.Now().Add(time.Hour), 10); err != nil || len(due) != 1 {
			t.Errorf("the fail-safe never acts: %v %v", due, err)
		}
		opened, err := d.Open(ctx, []register.Opening{{Message: file.ID, Reading: registertest.Reading("", "", "a letter"), Verdict: registertest.Verdict(classify.Enquiry)}})
		d.must(err)
		d.must(opened[0].Err)
		_, err = d.PartFile(ctx, register.Parting{File: file.ID, Version: d.message(file.ID).Version, By: "Dev", Begins: []int{1}})
		d.refused(err, "has decided")
	})
}

// TestPartingAfterTheFailsafe: the case that the fail-safe opened for the file
// goes on as that of its first letter, and nothing is left behind.
func TestPartingAfterTheFailsafe(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		file := d.heldFile("a held file", 1, 2)
		d.clock.Set(file.FailsafeAt)
		opened, err := d.Failsafe(ctx, []register.ID{file.ID})
		d.must(err)
		caseID := opened[0].Case
		if caseID == "" {
			t.Fatal("the fail-safe opened nothing")
		}
		file = d.message(file.ID)
		ids, err := d.PartFile(ctx, register.Parting{File: file.ID, Version: file.Version, By: "Dev", Begins: []int{1, 2}})
		d.must(err)
		if c := d.theCase(caseID); c.Message != ids[0] || !c.ClosedAt.IsZero() {
			t.Errorf("the case is of %s, closed %v", c.Message, c.ClosedAt)
		}
		var os []register.Opening
		for _, id := range ids {
			rd := registertest.Reading("", "", "a letter "+id)
			rd.From, rd.PostalAddress, rd.Paper = register.Address{Name: "Ann Other"}, home, &register.Paper{Pages: []int{1}}
			os = append(os, register.Opening{Message: id, Reading: rd, Verdict: registertest.Verdict(classify.Complaint)})
		}
		done, err := d.Open(ctx, os)
		d.must(err)
		d.must(errors.Join(done[0].Err, done[1].Err))
		first, second := d.message(ids[0]), d.message(ids[1])
		if first.State != register.InReview || first.Case != caseID || second.State != register.Filed || second.Case == caseID || second.Case == "" {
			t.Fatalf("first %s under %q, second %s under %q", first.State, first.Case, second.State, second.Case)
		}
		ruled, err := d.Decide(ctx, register.Ruling{
			Message: first.ID, Version: first.Version, By: "Dev", Label: classify.Complaint, Definition: registertest.Verdict(classify.Complaint).Definition,
			Postal: home, Correspondent: register.Address{Name: "Ann Other"},
		})
		d.must(err)
		if ruled.Case != caseID || !d.theCase(caseID).Defined {
			t.Errorf("decided under %q", ruled.Case)
		}
	})
}

func TestALetterIsTypedIn(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		m := d.inReview("handwriting", register.Reading{Automatic: "none", Error: "text not read", Pages: 2, Paper: &register.Paper{Pages: []int{1, 2}, NotRead: true, Stamped: "2026-11-20"}})
		rd := registertest.Reading("", "", "The lift is broken.\x00")
		rd.From, rd.PostalAddress = register.Address{Name: "Ann Other"}, home
		d.refused(d.TypeIn(ctx, register.Typing{Message: m.ID, Version: m.Version, By: "", Reading: rd}), "who")
		d.refused(d.TypeIn(ctx, register.Typing{Message: m.ID, Version: m.Version, By: "Dev"}), "what the letter says")
		if err := d.TypeIn(ctx, register.Typing{Message: m.ID, Version: m.Version - 1, By: "Dev", Reading: rd}); !errors.Is(err, register.ErrConflict) {
			t.Errorf("seen before: %v", err)
		}
		d.must(d.TypeIn(ctx, register.Typing{Message: m.ID, Version: m.Version, By: "Dev", Reading: rd}))
		typed := d.message(m.ID)
		p := typed.Reading.Paper
		if typed.State != register.Arrived || p.Typed != "Dev" || p.NotRead || typed.Reading.Error != "" || !slices.Equal(p.Pages, []int{1, 2}) || p.Stamped != "2026-11-20" {
			t.Fatalf("%s %+v", typed.State, typed.Reading)
		}
		if left, err := d.NotReadLetters(ctx, true, 10); err != nil || len(left) != 0 {
			t.Errorf("it is read again: %v %v", left, err)
		}
		opened, err := d.Open(ctx, []register.Opening{{Message: m.ID, Reading: *typed.Reading, Verdict: registertest.Verdict(classify.Complaint)}})
		d.must(err)
		d.must(opened[0].Err)
		if len(opened[0].Owed) != 1 || d.message(m.ID).State != register.Filed {
			t.Errorf("opened %+v", opened[0])
		}
		if what := d.events("message:" + m.ID); !slices.Contains(what, "typed_in") {
			t.Errorf("history %v", what)
		}
		held := d.heldFile("a held file", 1, 2)
		d.refused(d.TypeIn(ctx, register.Typing{Message: held.ID, Version: held.Version, By: "Dev", Reading: rd}), "several letters")
	})
}

// TestALetterThatTheFailsafeOpenedUnread: people have it at once, and it is read
// when it can be, with programs or without.
func TestALetterThatTheFailsafeOpenedUnread(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		got := d.letterFile("unread")
		d.clock.Set(d.message(got.ID).FailsafeAt)
		opened, err := d.Failsafe(ctx, []register.ID{got.ID})
		d.must(err)
		d.must(opened[0].Err)
		if m := d.message(got.ID); m.State != register.InReview || m.Case == "" || m.Reading != nil {
			t.Fatalf("%s under %q, %+v", m.State, m.Case, m.Reading)
		}
		ids, err := d.NotReadLetters(ctx, false, 10)
		d.must(err)
		if !slices.Equal(ids, []register.ID{got.ID}) {
			t.Fatalf("to be read are %v", ids)
		}
		d.must(d.ReadAgain(ctx, ids))
		begun, err := d.BeginReading(ctx, ids, time.Minute, 3)
		d.must(err)
		if len(begun) != 1 {
			t.Fatalf("%d are begun", len(begun))
		}
		rd := registertest.Reading("", "", "We smell gas in the hall.")
		rd.From, rd.PostalAddress, rd.Paper = register.Address{Name: "Ann Other"}, home, &register.Paper{Pages: []int{1}}
		v := registertest.Verdict(classify.Complaint)
		v.HazardLevel, v.Flags = classify.Emergency, []classify.Flag{classify.Hazard}
		done, err := d.Open(ctx, []register.Opening{{Message: got.ID, Reading: rd, Verdict: v}})
		d.must(err)
		d.must(done[0].Err)
		m := d.message(got.ID)
		if m.State != register.InReview || m.Case != opened[0].Case || m.Reading == nil || !m.Verdict.Has(classify.Hazard) || len(done[0].Owed) != 0 {
			t.Errorf("%s under %q, owed %v", m.State, m.Case, done[0].Owed)
		}
		alarms, err := d.OpenAlarms(ctx, 10)
		d.must(err)
		if !slices.ContainsFunc(alarms, func(a register.Alarm) bool { return a.Kind == register.EmergencyAlarm && a.Case == m.Case }) {
			t.Errorf("alarms %+v", alarms)
		}
		if left, err := d.NotReadLetters(ctx, true, 10); err != nil || len(left) != 0 {
			t.Errorf("still to be read: %v %v", left, err)
		}
	})
}

func TestLettersAreReadAgain(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		unread := register.Reading{Automatic: "none", Error: "text not read", Pages: 1, Paper: &register.Paper{Pages: []int{1}, NotRead: true}}
		waits, late, done := d.inReview("one", unread), d.inReview("two", unread), d.inReview("three", unread)
		d.clock.Set(late.FailsafeAt)
		opened, err := d.Failsafe(ctx, []register.ID{late.ID})
		d.must(err)
		d.must(opened[0].Err)
		_, err = d.Decide(ctx, register.Ruling{Message: done.ID, Version: done.Version, By: "Dev", Label: classify.NotActionable, Reason: "a catalogue"})
		d.must(err)
		ids, err := d.NotReadLetters(ctx, true, 10)
		d.must(err)
		if len(ids) != 2 || slices.Contains(ids, done.ID) {
			t.Fatalf("not read: %v", ids)
		}
		d.must(d.ReadAgain(ctx, append(ids, done.ID)))
		if left, _ := d.NotReadLetters(ctx, true, 10); len(left) != 0 || d.message(done.ID).State != register.Recorded {
			t.Errorf("left %v; what was decided is %s", left, d.message(done.ID).State)
		}
		rd := registertest.Reading("", "", "The lift is broken.")
		rd.From, rd.PostalAddress, rd.Paper = register.Address{Name: "Ann Other"}, home, &register.Paper{Pages: []int{1}}
		for _, m := range []register.Message{waits, late} {
			got, err := d.Open(ctx, []register.Opening{{Message: m.ID, Reading: rd, Verdict: registertest.Verdict(classify.Complaint)}})
			d.must(err)
			d.must(got[0].Err)
		}
		if m := d.message(waits.ID); m.State != register.Filed {
			t.Errorf("read again: %s", m.State)
		}
		if m := d.message(late.ID); m.State != register.InReview || m.Case != opened[0].Case || m.Reading.Text != "The lift is broken." {
			t.Errorf("read after the fail-safe: %s under %q", m.State, m.Case)
		}
	})
}

func TestUploadsAreReconciled(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		_, err := d.BeginUpload(ctx, register.Upload{Counted: 4})
		d.refused(err, "who")
		u, err := d.BeginUpload(ctx, register.Upload{By: "Dev", Counted: 4, ReceivedOn: date(t, "2026-11-20"), Reason: "found in a drawer"})
		d.must(err)
		note := func(f register.UploadedFile) register.UploadedFile {
			f, err := d.NoteUploaded(ctx, u.ID, f)
			d.must(err)
			return f
		}
		upload := func(name string) register.ID {
			a := registertest.Arrival(name, d.clock.Now())
			a.Channel, a.Source, a.Basis = register.Letter, register.UploadSource, register.Given
			return d.receive(a)[0].ID
		}
		single, many, held := upload("single"), upload("many"), upload("held")
		note(register.UploadedFile{Name: "1.pdf", Message: single})
		note(register.UploadedFile{Name: "2.pdf", Message: many})
		note(register.UploadedFile{Name: "3.pdf", Message: held})
		note(register.UploadedFile{Name: "4.pdf", Refused: "The file is empty."})
		if f := note(register.UploadedFile{Name: "1 again.pdf", Message: single, Again: true}); !f.Again || f.Place != 5 {
			t.Errorf("%+v", f)
		}
		stands := func() register.UploadStands {
			s, err := d.UploadStands(ctx, u.ID)
			d.must(err)
			return s
		}
		if s := stands(); s.Waiting != 3 || s.Refused != 1 || s.Again != 1 || s.Letters != 0 || s.Reconciled() || s.Files[3].Refused == "" || s.ReceivedOn != date(t, "2026-11-20") {
			t.Errorf("at first %+v", s)
		}
		_, err = d.SplitFile(ctx, many, []register.Part{{Number: 1}, {Number: 2}}, time.Minute)
		d.must(err)
		opened, err := d.Open(ctx, []register.Opening{
			{Message: single, Reading: registertest.Reading("", "", "a letter"), Verdict: registertest.Verdict(classify.Enquiry)},
			{Message: held, Reading: register.Reading{Automatic: "none", Error: "a sheet", Pages: 3, Paper: &register.Paper{Pages: []int{1, 2, 3}, Held: true}}, Problem: "a sheet"},
		})
		d.must(err)
		d.must(errors.Join(opened[0].Err, opened[1].Err))
		if s := stands(); s.Waiting != 0 || s.Letters != 3 || s.People != 1 || s.Reconciled() || s.Files[1].Letters != 2 {
			t.Errorf("when read %+v", s)
		}
		_, err = d.PartFile(ctx, register.Parting{File: held, Version: d.message(held).Version, By: "Dev", Begins: []int{1, 3}})
		d.must(err)
		if s := stands(); s.Letters != 5 || s.People != 0 || s.Reconciled() {
			t.Errorf("when parted %+v", s)
		}
		d.must(d.CountUpload(ctx, u.ID, 5))
		if s := stands(); s.Counted != 5 || s.Reconciled() {
			t.Error("an upload with a refused file is reconciled")
		}
		// One that was registered, and its door stopped before it was noted,
		// is no repetition.
		d.clock.Advance(time.Minute)
		other, err := d.BeginUpload(ctx, register.Upload{By: "Dev"})
		d.must(err)
		if f, err := d.NoteUploaded(ctx, other.ID, register.UploadedFile{Name: "5.pdf", Message: upload("stopped"), Again: true}); err != nil || f.Again {
			t.Errorf("%+v, error %v", f, err)
		}
		if all, err := d.Uploads(ctx, 10); err != nil || len(all) != 2 || all[0].ID != other.ID {
			t.Errorf("%+v, error %v", all, err)
		}
	})
}

// TestWorkForTheMailroom lists what is to be parted or typed in, while it waits.
func TestWorkForTheMailroom(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		t, ctx := d.t, d.t.Context()
		held := d.heldFile("a held file", 1, 2)
		unread := d.inReview("handwriting", register.Reading{Automatic: "none", Error: "text not read", Paper: &register.Paper{Pages: []int{1}}})
		d.inReview("read well", register.Reading{Automatic: "none", Text: "The lift is broken.", Paper: &register.Paper{Pages: []int{1}}})
		works := func() (all []register.PaperWork) {
			ms, err := d.ForTheMailroom(ctx, 10)
			d.must(err)
			for _, m := range ms {
				all = append(all, m.PaperWork())
			}
			s, err := d.Status(ctx)
			d.must(err)
			if s.PaperWork != len(all) {
				t.Errorf("the status counts %d of %d", s.PaperWork, len(all))
			}
			slices.Sort(all)
			return all
		}
		if got := works(); !slices.Equal(got, []register.PaperWork{register.PartIt, register.TypeItIn}) {
			t.Fatalf("%q", got)
		}
		_, err := d.PartFile(ctx, register.Parting{File: held.ID, Version: held.Version, By: "Dev", Begins: []int{1}})
		d.must(err)
		_, err = d.Decide(ctx, register.Ruling{Message: unread.ID, Version: unread.Version, By: "Priya", Label: classify.NotActionable, Reason: "a catalogue"})
		d.must(err)
		if got := works(); len(got) != 0 {
			t.Errorf("left: %q", got)
		}
	})
}
