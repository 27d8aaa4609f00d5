package records_test

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

// remembered lists the tables in which any of the words is still to be found.
func (o *office) remembered(words ...string) []string {
	o.t.Helper()
	ctx := o.t.Context()
	catalog := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if o.cfg.Driver == "postgres" {
		catalog = `SELECT tablename FROM pg_tables WHERE schemaname = current_schema`
	}
	db, err := sql.Open(map[string]string{"sqlite": "sqlite", "postgres": "pgx"}[o.cfg.Driver], o.cfg.DSN)
	o.must(err)
	defer db.Close() //nolint:errcheck // a test's own connection
	read := func(query string) (all []string) {
		rows, err := db.QueryContext(ctx, query)
		o.must(err)
		defer rows.Close() //nolint:errcheck // only read
		columns, err := rows.Columns()
		o.must(err)
		for rows.Next() {
			values, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range values {
				into[i] = &values[i]
			}
			o.must(rows.Scan(into...))
			all = append(all, fmt.Sprint(values...))
		}
		o.must(rows.Err())
		return all
	}
	var found []string
	for _, table := range read(catalog) {
		for _, line := range read(`SELECT * FROM ` + table) {
			for _, w := range words {
				if strings.Contains(strings.ToLower(line), w) {
					found = append(found, table+": "+line)
				}
			}
		}
	}
	return found
}

// closed takes a complaint from its first mail to its end.
func (o *office) closed(text, from string) register.Opened {
	o.t.Helper()
	ctx := o.t.Context()
	opened := o.take(text, from, classify.Complaint)
	o.send(opened.Owed[0].ID)
	_, err := o.Register.Answer(ctx, register.Answering{
		Case: opened.Case, Stage: 1, By: "olga", Outcome: register.Upheld, Text: "Dear Annabel, the boiler is mended.", File: o.keep("answer " + text).SHA256,
		Remedies: []string{"Annabel gets an apology"}, GivenAt: o.clock.Now(),
	})
	o.must(err)
	o.must(o.Register.CloseCase(ctx, opened.Case, "olga", register.ClosedAnswered, "Annabel is content"))
	return opened
}

func TestForgettingLeavesWhatHappenedAndNoWords(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		words := "annabel writes that the boiler is broken"
		opened := o.closed(words, "annabel@homes.example")
		other := o.take("somebody else's words", "bob@homes.example", classify.Complaint)
		if left := o.remembered("annabel"); len(left) < 5 {
			t.Fatalf("the words are hardly anywhere before: %v", left)
		}
		o.must(o.Erase(ctx, register.Erasure{Reference: opened.Reference, By: "olga", Class: "request", Reason: "annabel asked"}))
		if left := o.remembered("annabel", "boiler"); len(left) > 0 {
			t.Errorf("still remembered:\n%s", strings.Join(left, "\n"))
		}
		proof, err := o.Verify(ctx, false)
		o.must(err)
		if len(proof.Findings) > 0 || proof.Files != 1 || proof.Cases != 2 {
			t.Errorf("proof %+v", proof)
		}
		m, err := o.Register.FindReference(ctx, opened.Reference)
		o.must(err)
		c, clocks, err := o.Register.GetCase(ctx, opened.Case)
		o.must(err)
		if m.Verdict.Label != classify.Complaint || m.ReceivedAt.IsZero() || c.ClosedAt.IsZero() || c.Answered1At.IsZero() || len(clocks) != 2 {
			t.Errorf("the facts are gone too: %+v %+v", m, c)
		}

		// The same bytes never come in again, and do not stay in the archive.
		if again := o.receive(words); again.New || again.Reference != opened.Reference {
			t.Errorf("received again: %+v", again)
		}
		if gone, err := o.Sweep(ctx); gone != 1 || err != nil {
			t.Errorf("swept %d files, %v", gone, err)
		}
		if left := o.remembered("annabel"); len(left) > 0 {
			t.Errorf("remembered again: %v", left)
		}
		if got, err := o.Register.GetMessage(ctx, other.Message); err != nil || got.Reading.Text != "somebody else's words" {
			t.Errorf("another's message: %+v, %v", got, err)
		}
	})
}

func TestAKillWhileForgettingLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		opened := o.closed("annabel's heating", "annabel@homes.example")
		// The register has forgotten, and the process dies before the files go.
		o.must(o.Register.Erase(ctx, register.Erasure{Reference: opened.Reference, By: "olga"}))
		proof, err := o.Verify(ctx, false)
		o.must(err)
		if proof.Problems() > 0 || len(proof.Findings) != 3 {
			t.Errorf("before the sweep: %+v", proof)
		}
		if gone, err := o.Sweep(ctx); gone != 3 || err != nil {
			t.Errorf("swept %d files, %v", gone, err)
		}
		proof, err = o.Verify(ctx, false)
		o.must(err)
		if len(proof.Findings) > 0 {
			t.Errorf("after the sweep: %+v", proof)
		}
	})
}

func TestAFileThatAnotherMessageNamesStays(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		first := o.take("the same words", "ann@homes.example", classify.NotActionable)
		twin := registertest.Arrival("the same words", o.clock.Now())
		twin.Fingerprint = "submission-2"
		got, err := o.Register.Receive(ctx, []register.Arrival{twin})
		o.must(errors.Join(err, got[0].Err))
		o.must(o.Erase(ctx, register.Erasure{Reference: first.Reference, By: "olga"}))
		proof, err := o.Verify(ctx, false)
		o.must(err)
		if len(proof.Findings) > 0 || proof.Files != 1 {
			t.Errorf("proof %+v", proof)
		}
	})
}

func TestWhatMayNotBeForgotten(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		running := o.take("open", "ann@homes.example", classify.Complaint).Reference
		undecided := o.receive("undecided").Reference
		kept := o.closed("kept", "bob@homes.example").Reference
		o.must(o.Register.Keep(ctx, kept, "olga", "the Ombudsman asks"))
		var refused *register.NotAllowedError
		for reference, says := range map[string]string{running: "open", undecided: "decide", kept: "the Ombudsman asks"} {
			err := o.Erase(ctx, register.Erasure{Reference: reference, By: "olga"})
			if !errors.As(err, &refused) || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(says)) {
				t.Errorf("want a refusal that says %q, got %v", says, err)
			}
		}
		if err := o.Erase(ctx, register.Erasure{Reference: "CIT26-NONE", By: "olga"}); !errors.Is(err, register.ErrNotFound) {
			t.Error(err)
		}
		o.must(o.Register.Unkeep(ctx, kept, "olga"))
		o.must(o.Erase(ctx, register.Erasure{Reference: kept, By: "olga"}))
	})
}

// What cannot be forgotten, because the register cannot read it, is named, and
// keeps nothing from being forgotten that stands behind it.
func TestWhatCannotBeForgottenKeepsNothingElse(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		bad := o.closed("a complaint", "ann@homes.example")
		good := o.closed("another", "bob@homes.example").Reference
		o.tamper(fmt.Sprintf(`UPDATE cases SET topics = '{' WHERE id = '%s'`, bad.Case))
		o.clock.Advance(10 * 365 * 24 * time.Hour)
		told := map[string]bool{} // whether it was forgotten
		err := o.Retain(t.Context(), records.Retention{register.RetainComplaints: 72}, "olga", o.clock.Now(), func(e records.Expiry, why error) { told[e.Reference] = why == nil })
		if err == nil || len(told) != 2 || told[bad.Reference] || !told[good] {
			t.Errorf("forgotten: %v; failed with %v", told, err)
		}
	})
}

func TestRetentionByClass(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		complaint := o.closed("a complaint", "ann@homes.example").Reference
		kept := o.closed("a complaint for the court", "cyd@homes.example").Reference
		o.must(o.Register.Keep(ctx, kept, "olga", "court"))
		advert := o.take("an advertisement", "spam@shop.example", classify.NotActionable).Reference
		o.take("still open", "dee@homes.example", classify.Complaint)
		keep := records.Retention{register.RetainComplaints: 72, register.RetainOthers: 6}
		run := func() (got []string) {
			o.must(o.Retain(ctx, keep, "olga", o.clock.Now(), func(e records.Expiry, err error) {
				o.must(err)
				got = append(got, e.Reference)
			}))
			return got
		}
		for _, step := range []struct {
			on   time.Time
			want string
		}{
			{time.Date(2027, 5, 22, 0, 0, 0, 0, time.UTC), ""},
			{time.Date(2027, 5, 24, 0, 0, 0, 0, time.UTC), advert},
			{time.Date(2032, 11, 22, 0, 0, 0, 0, time.UTC), ""},
			{time.Date(2032, 11, 24, 0, 0, 0, 0, time.UTC), complaint},
			{time.Date(2052, 11, 24, 0, 0, 0, 0, time.UTC), ""},
		} {
			o.clock.Set(step.on)
			if got := strings.Join(run(), " "); got != step.want {
				t.Errorf("on %v forgotten: %q, want %q", step.on, got, step.want)
			}
		}
	})
}

func TestSubjectAccessGivesAPersonWhatIsTheirs(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		ctx := t.Context()
		mine := o.take("my heating", "Ann@homes.example", classify.Complaint)
		sent := o.send(mine.Owed[0].ID)
		o.take("my neighbour's heating", "bob@homes.example", classify.Complaint)
		path := filepath.Join(t.TempDir(), "ann.zip")
		messages, cases, err := o.SubjectAccess(ctx, " ANN@homes.example", path, "olga", o.clock.Now())
		o.must(err)
		files := o.unpack(path)
		if messages != 1 || cases != 1 || len(files) != 4 {
			t.Errorf("%d messages, %d cases, %d files", messages, cases, len(files))
		}
		if find(t, files, "received/") != "my heating" || find(t, files, "sent/") != sent {
			t.Errorf("files %v", files)
		}
		var paper struct {
			Cases     []struct{ Reference string }
			Residents []struct{ Name string }
		}
		o.must(json.Unmarshal([]byte(files["person.json"]), &paper))
		if len(paper.Cases) != 1 || paper.Cases[0].Reference != mine.Reference || len(paper.Residents) != 1 {
			t.Errorf("person.json %+v", paper)
		}
	})
}
