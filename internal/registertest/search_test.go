package registertest_test

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/terms"
	"postroom/internal/workday"
)

// found lists by reference what a search finds.
func (d *desk) found(s register.Search) []string {
	d.t.Helper()
	s.N = 50
	all, n, _, err := d.Search(d.t.Context(), s)
	d.must(err)
	if n != len(all) {
		d.t.Errorf("%d counted, %d found", n, len(all))
	}
	var references []string
	for _, f := range all {
		references = append(references, f.Reference)
	}
	return references
}

func (d *desk) typed(s string) []string {
	d.t.Helper()
	return d.found(register.Search{Terms: terms.Typed(s)})
}

func (d *desk) finds(what string, got []string, want ...string) {
	d.t.Helper()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		d.t.Errorf("%s finds %v, want %v", what, got, want)
	}
}

func TestSearchFindsCasesByWhatTheySay(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		mould := d.take("mould", register.Opening{Verdict: registertest.Verdict(classify.Complaint), Reading: func() register.Reading {
			rd := registertest.Reading("1@example.com", "cerys@example.com", "The mould you washed off is back. Call 01632 960 100. Señor 日本語 test")
			rd.From.Name, rd.PostalAddress, rd.Subject = "Cerys Bowen-Hughes", []string{"118 Lower Teasel Street", "Millhaven QX4 1RD"}, "Bathroom"
			return rd
		}()})
		d.clock.Advance(time.Hour)
		lift := d.complaint("The lift is broken. I am Bowen too", "idris@example.com")
		review := d.take("noise", register.Opening{Verdict: register.Verdict{Label: classify.Enquiry, Route: classify.Review, Why: "unsure"}, Reading: registertest.Reading("3@example.com", "anon@example.com", "The mould of the neighbours")})
		message, err := d.GetMessage(t.Context(), review.Message)
		d.must(err)

		for typed, want := range map[string][]string{
			"bowen": {mould.Reference, lift.Reference}, "BOWEN mould": {mould.Reference}, "mould": {mould.Reference, message.Reference}, "moul": {mould.Reference, message.Reference},
			"teasel qx41rd": {mould.Reference}, "QX4 1RD": {mould.Reference}, "+44 1632 960100": {mould.Reference}, "cerys@example.com": {mould.Reference},
			"idris@example.com lift": {lift.Reference}, "señor": {mould.Reference}, "senor": {mould.Reference}, "日本語": {mould.Reference}, "heating nine": {mould.Reference, lift.Reference},
			"unicorn": nil, "bowen unicorn": nil, `" OR 1=1`: nil, "bathroom": {mould.Reference},
		} {
			d.finds(typed, d.typed(typed), want...)
		}
		d.finds("nothing typed", d.found(register.Search{}), mould.Reference, lift.Reference)
		if all := d.found(register.Search{}); all[0] != lift.Reference {
			t.Errorf("the newest is not first: %v", all)
		}
		d.finds("the reference", d.found(register.Search{Reference: mould.Reference}), mould.Reference)
		d.finds("a message's reference", d.found(register.Search{Reference: message.Reference}), message.Reference)
		d.finds("another reference", d.found(register.Search{Reference: "CIT26-2222-2222"}))

		unread := d.receive(registertest.Arrival("unread", d.clock.Now()))[0]
		d.finds("an unread reference", d.found(register.Search{Reference: unread.Reference}), unread.Reference)
	})
}

func TestSearchKeepsToWhatIsAsked(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		old := d.complaint("old mould", "a@example.com")
		d.clock.Advance(30 * 24 * time.Hour)
		fresh := d.complaint("fresh mould", "b@example.com")
		request := d.take("request", register.Opening{Verdict: registertest.Verdict(classify.ServiceRequest), Reading: registertest.Reading("r@example.com", "c@example.com", "please mend the mould")})
		rubbish := d.take("rubbish", register.Opening{Verdict: registertest.Verdict(classify.NotActionable), Reading: registertest.Reading("n@example.com", "d@example.com", "cheap mould paint")})
		d.must(d.CloseCase(t.Context(), request.Case, "Priya", register.ClosedDone, ""))

		today := workday.DateOf(d.clock.Now())
		for name, row := range map[string]struct {
			s    register.Search
			want []string
		}{
			"open":      {register.Search{State: register.FoundOpen}, []string{old.Reference, fresh.Reference}},
			"late":      {register.Search{State: register.FoundLate}, []string{old.Reference}},
			"closed":    {register.Search{State: register.FoundClosed}, []string{request.Reference}},
			"recorded":  {register.Search{State: register.FoundRecorded}, []string{rubbish.Reference}},
			"review":    {register.Search{State: register.FoundReview}, nil},
			"requests":  {register.Search{Kind: register.ServiceRequestCase}, []string{request.Reference}},
			"stage 1":   {register.Search{Kind: register.ComplaintCase, Stage: 1}, []string{old.Reference, fresh.Reference}},
			"stage 2":   {register.Search{Kind: register.ComplaintCase, Stage: 2}, nil},
			"topic":     {register.Search{Topic: "repairs"}, []string{old.Reference, fresh.Reference, request.Reference}},
			"no topic":  {register.Search{Topic: "repair"}, nil},
			"letters":   {register.Search{Channel: register.Letter}, nil},
			"emails":    {register.Search{Channel: register.Email}, []string{old.Reference, fresh.Reference, request.Reference}},
			"since":     {register.Search{From: today}, []string{fresh.Reference, request.Reference}},
			"until":     {register.Search{To: today.AddDays(-1)}, []string{old.Reference}},
			"due":       {register.Search{DueTo: today.AddDays(1)}, []string{old.Reference}},
			"soonest":   {register.Search{SoonFirst: true}, []string{old.Reference, fresh.Reference}},
			"officer":   {register.Search{Officer: "Priya"}, nil},
			"all words": {register.Search{Terms: terms.Typed("mould")}, []string{old.Reference, fresh.Reference, request.Reference, rubbish.Reference}},
		} {
			d.finds(name, d.found(row.s), row.want...)
		}
	})
}

func TestSearchFollowsWhatOfficersDo(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		first := d.complaint("first leak", "a@example.com")
		d.clock.Advance(time.Hour)
		second := d.complaint("second flood", "a@example.com")
		d.must(d.Merge(t.Context(), register.Merging{From: second.Case, Into: first.Case, By: "Priya", Reason: "one"}))
		d.finds("a merged case's words", d.typed("flood"), first.Reference)
		d.finds("its reference", d.found(register.Search{Reference: second.Reference}), first.Reference)
		_, err := d.Unmerge(t.Context(), second.Case, "Priya", "two after all")
		d.must(err)
		d.finds("words after", d.typed("flood"), second.Reference)

		d.must(d.CloseCase(t.Context(), second.Case, "Priya", register.ClosedWithdrawn, "said so"))
		d.must(d.Erase(t.Context(), register.Erasure{Reference: second.Reference, By: "Priya", Class: "request"}))
		d.finds("erased words", d.typed("flood"))
		d.finds("an erased sender", d.typed("a@example.com"), first.Reference)
		left, _, _, err := d.Search(t.Context(), register.Search{Reference: second.Reference})
		d.must(err)
		if len(left) != 1 || left[0].Who != "" || strings.Contains(left[0].About, "flood") {
			t.Errorf("of an erased case stands %+v", left)
		}
	})
}

// TestASearchOfAnOlderRegister fills the search from what stood there before
// there was one.
func TestASearchOfAnOlderRegister(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		c := d.complaint("mould everywhere", "a@example.com")
		m := d.take("x", register.Opening{Verdict: register.Verdict{Label: classify.Enquiry, Route: classify.Review, Why: "unsure"}, Reading: registertest.Reading("3@example.com", "anon@example.com", "mould next door")})
		statements := []string{`DROP TABLE search_entry`, `DELETE FROM migration WHERE number = 15`}
		if d.cfg.Driver == "sqlite" {
			statements = append(statements, `DROP TABLE search_words`)
		}
		d.must(d.Close())
		driver := "sqlite"
		if d.cfg.Driver == "postgres" {
			driver = "pgx"
		}
		db, err := sql.Open(driver, d.cfg.DSN)
		d.must(err)
		for _, statement := range statements {
			_, err := db.ExecContext(t.Context(), statement)
			d.must(err)
		}
		d.must(db.Close())
		d.Register = registertest.Open(t, d.cfg)
		message, err := d.GetMessage(t.Context(), m.Message)
		d.must(err)
		d.finds("mould", d.typed("mould"), c.Reference, message.Reference)
	})
}

func TestPagesOfASearch(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		var want []string
		for i := range 7 {
			d.clock.Advance(time.Minute)
			want = append([]string{d.complaint(fmt.Sprintf("mould %d", i), "a@example.com").Reference}, want...)
		}
		var got []string
		for skip := 0; skip < 9; skip += 3 {
			page, n, more, err := d.Search(t.Context(), register.Search{Terms: terms.Typed("mould"), Skip: skip, N: 3})
			d.must(err)
			if n != 7 || more {
				t.Errorf("%d counted, more %v", n, more)
			}
			for _, f := range page {
				got = append(got, f.Reference)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages hold %v, want %v", got, want)
		}
	})
}

// The first entry of a case is made from what is at hand, and every test here
// proves in the end that entries agree with what stands: this one with fields
// that are stored otherwise than they were read.
func TestANewCaseIsFoundByWhatWasReadOddly(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		odd := registertest.Reading("odd@example.com", "Odd@Example.com", "Two words\x00 of a \xff letter")
		odd.From.Name, odd.Subject = "Ha\u0301nna \xfeŁuck", "Lift\x00shaft"
		odd.Complainant = register.Address{Name: "Someone \xc3 Else", Address: "else@example.com"}
		odd.PostalAddress = []string{"1 Bad\xf0Street", "QX4\x001RD"}
		odd.ReplyTo = []register.Address{{Name: "Agent", Address: "Agent\xff@example.com"}}
		odd.Attachments = []register.Attachment{{Filename: "mo\xffuld.jpg"}}
		nobody := registertest.Reading("nobody@example.com", "", "Nobody's complaint of 02079460000")
		nobody.From = register.Address{Name: "Only A Name"}
		got := d.receive(registertest.Arrival("odd", d.clock.Now()), registertest.Arrival("nobody", d.clock.Now()), registertest.Arrival("enquiry", d.clock.Now()))
		opened, err := d.Open(d.t.Context(), []register.Opening{
			{Message: got[0].ID, Reading: odd, Verdict: registertest.Verdict(classify.Complaint)},
			{Message: got[1].ID, Reading: nobody, Verdict: registertest.Verdict(classify.ServiceRequest)},
			{Message: got[2].ID, Reading: registertest.Reading("3@example.com", "tess@example.com", "When do you open?"), Verdict: registertest.Verdict(classify.Enquiry)},
		})
		d.must(err)
		for _, o := range opened {
			d.must(o.Err)
		}
		d.finds("a name with an accent", d.typed("hanna luck"), opened[0].Reference)
		d.finds("a number", d.typed("020 7946 0000"), opened[1].Reference)
		d.finds("a question", d.typed("open"), opened[2].Reference)
	})
}
