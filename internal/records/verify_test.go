package records_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postroom/classify"
)

func TestARecordThatAgreesProvesSo(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		opened := o.take("no heating", "ann@homes.example", classify.Complaint)
		o.send(opened.Owed[0].ID)
		o.take("thank you", "bob@homes.example", classify.NotActionable)
		o.receive("not read yet")
		p, err := o.Verify(t.Context(), false)
		o.must(err)
		if len(p.Findings) != 0 || p.Messages != 3 || p.Cases != 1 || p.Files != 4 {
			t.Errorf("proof %+v", p)
		}
	})
}

func TestWhatDoesNotAgreeIsNamed(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		first := o.take("no heating", "ann@homes.example", classify.Complaint)
		o.send(first.Owed[0].ID)
		second := o.take("no light", "bob@homes.example", classify.Complaint)
		third := o.take("no lift", "cyd@homes.example", classify.Complaint)
		lost, damaged, orphan := o.keep("no heating").SHA256, o.keep("no light").SHA256, o.keep("nobody's").SHA256
		o.must(os.Remove(filepath.Join(o.dir, lost[:2], lost)))
		o.must(os.WriteFile(filepath.Join(o.dir, damaged[:2], damaged), []byte("no fight"), 0o600))
		o.tamper(
			`UPDATE event SET by_whom = 'nobody' WHERE subject = 'message:`+third.Message+`' AND seq = 1`,
			`DELETE FROM outgoing WHERE case_id = '`+second.Case+`'`,
			`DELETE FROM clock WHERE case_id = '`+third.Case+`'`,
			`UPDATE message SET case_id = 'gone' WHERE id = '`+second.Message+`'`,
			`UPDATE outgoing SET bytes = '' WHERE case_id = '`+first.Case+`'`,
			`DELETE FROM event WHERE subject = 'case:`+first.Case+`' AND what = 'sent'`,
			`DELETE FROM decision WHERE message_id = '`+first.Message+`'`,
		)
		p, err := o.Verify(t.Context(), false)
		o.must(err)
		want := []struct {
			problem bool
			words   []string
		}{
			{true, []string{first.Message, first.Reference, "missing from the archive", lost}},
			{true, []string{second.Message, "damaged", damaged}},
			{true, []string{"history of message:" + third.Message}},
			{true, []string{second.Case, "nothing acknowledges it"}},
			{true, []string{third.Case, "no clock"}},
			{true, []string{third.Case, "the search does not find it"}}, // its day went with the clock
			{true, []string{second.Message, "the case that it belongs to is not there"}},
			{true, []string{first.Owed[0].ID, "its bytes were not kept"}},
			{true, []string{first.Owed[0].ID, "no history says so"}},
			{true, []string{first.Message, "a decision about it is missing"}},
			{false, []string{orphan}},
			{false, []string{"neither a message nor a reply"}}, // the sent bytes, which nothing names any more
		}
		if len(p.Findings) != len(want) {
			t.Errorf("%d findings, want %d", len(p.Findings), len(want))
		}
	wanted:
		for _, w := range want {
			for _, f := range p.Findings {
				if f.Problem == w.problem && holds(f.What, w.words) {
					continue wanted
				}
			}
			t.Errorf("no finding (problem: %v) says %q", w.problem, w.words)
		}
		quick, err := o.Verify(t.Context(), true)
		o.must(err)
		if quick.Problems() != p.Problems()-1 {
			t.Errorf("a quick look finds %d problems, want all %d but the damage", quick.Problems(), p.Problems())
		}
		if t.Failed() {
			t.Logf("%+v", p.Findings)
		}
	})
}

func holds(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}

func TestAProofCanBeStopped(t *testing.T) {
	t.Parallel()
	both(t, func(o *office) {
		o.receive("a")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if p, err := o.Verify(ctx, false); err == nil {
			t.Errorf("a stopped proof says %+v", p)
		}
	})
}
