package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The whole of what is printed for one example.
const deadlineExample = `stage1_answer	2026-12-03
stage2_acknowledgement	2026-12-01
stage2_answer	2026-12-24

Received on Wednesday 25 November 2026 at 09:30, London time.
Counted by the Northern Ireland Public Services Ombudsman model complaints handling procedure.
Working days are Monday to Friday without the bank holidays of scotland.
This scheme is used in northern-ireland; its bank holidays count with -nation northern-ireland.
Stage 2 is counted as if this were the request for it.
`

func TestDeadline(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		args []string
		want string // the first lines, without their names
	}{
		{"a Monday", []string{"2026-11-23"}, "2026-11-30 2026-12-14 2026-11-30 2026-12-30"},
		{"a Saturday", []string{"2026-11-28T18:00:00Z"}, "2026-12-04 2026-12-18 2026-12-04 2027-01-06"},
		{"half past eleven UTC in summer is the next day", []string{"2026-06-30T23:30:00Z"}, "2026-07-08 2026-07-22 2026-07-08 2026-08-05"},
		{"without an offset it is the day before", []string{"2026-06-30 23:30"}, "2026-07-07 2026-07-21 2026-07-07 2026-08-04"},
		{"two words", []string{"2026-11-23", "09:30"}, "2026-11-30 2026-12-14 2026-11-30 2026-12-30"},
		{"a flag behind", []string{"2026-11-23", "-nation", "scotland"}, "2026-12-01 2026-12-15 2026-12-01 2026-12-31"},
		{"flags before", []string{"-nation=northern-ireland", "-scheme", "psow", "2026-07-10"}, "2026-07-20 2026-07-27 2026-08-10"},
		{"the repeated hour", []string{"2026-10-25 01:30"}, "2026-10-30 2026-11-13 2026-10-30 2026-11-27"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			if code := runDeadline(row.args, &stdout, &stderr); code != 0 || stderr.Len() > 0 {
				t.Fatalf("exit code %d, %s", code, stderr.String())
			}
			var dates []string
			for line := range strings.Lines(stdout.String()) {
				_, date, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
				if !ok {
					break
				}
				dates = append(dates, date)
			}
			if got := strings.Join(dates, " "); got != row.want {
				t.Errorf("got  %s\nwant %s", got, row.want)
			}
		})
	}
}

func TestDeadlineShowsItsWorking(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := runDeadline([]string{"-scheme", "nipso", "-nation", "scotland", "2026-11-25 09:30"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr.String())
	}
	for _, want := range []string{
		"  Monday 30 November 2026: not counted, St Andrew’s Day.\n",
		"\nstage1_answer: due on Thursday 3 December 2026\n",
		"  Due by the end of Thursday 3 December 2026, London time.\n",
	} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, stdout.String())
		}
	}
	if !strings.HasPrefix(stdout.String(), deadlineExample) {
		t.Errorf("got\n%s", stdout.String())
	}
}

func TestDeadlineStatesItsAssumptions(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if code := runDeadline([]string{"2028-12-15"}, &stdout, &stderr); code != 0 {
		t.Fatalf("exit code %d, %s", code, stderr.String())
	}
	for _, want := range []string{"Acknowledged on Friday 22 December 2028, the day the acknowledgement is due.", "The bank holidays are known only for 2012 to 2028"} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, stdout.String())
		}
	}
}

func TestDeadlineUsedWrongly(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		args []string
		code int
		want string
	}{
		{"nothing", nil, 2, "usage: postroom deadline"},
		{"help", []string{"-h"}, 0, "usage: postroom deadline"},
		{"an unknown flag", []string{"-now", "2026-11-23"}, 2, "flag provided but not defined: -now"},
		{"an unknown scheme", []string{"-scheme", "moon", "2026-11-23"}, 2, "want one of housing-ombudsman-2024, lgsco-2024"},
		{"an unknown nation", []string{"-nation", "wales", "2026-11-23"}, 2, "want england-and-wales, scotland or northern-ireland"},
		{"a word", []string{"yesterday"}, 2, `read time "yesterday"`},
		{"an hour left out in spring", []string{"2026-03-29 01:30"}, 2, "went forward"},
		{"two times", []string{"2026-11-23", "2026-11-24"}, 2, "read time"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			code := runDeadline(row.args, &stdout, &stderr)
			if code != row.code || stdout.Len() > 0 || !strings.Contains(stderr.String(), row.want) {
				t.Errorf("exit code %d, printed %q and\n%s", code, stdout.String(), stderr.String())
			}
		})
	}
}

func TestDeadlineShowsHowFarAnAnswerMayBePutOff(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		scheme string
		want   []string
	}{
		{"housing-ombudsman-2024", []string{
			"It may be put off by 10 working days, to Wednesday 30 December 2026 at the latest",
			"It may be put off by 20 working days, to Thursday 28 January 2027 at the latest",
		}},
		{"psow", []string{"The scheme sets no number of days by which it may be put off."}},
		{"spso", []string{"It may be put off by 5 working days", "This scheme is used in scotland"}},
	} {
		t.Run(row.scheme, func(t *testing.T) {
			t.Parallel()
			var stdout, stderr strings.Builder
			if code := runDeadline([]string{"-scheme", row.scheme, "2026-11-23"}, &stdout, &stderr); code != 0 {
				t.Fatalf("exit code %d, %s", code, stderr.String())
			}
			for _, want := range row.want {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("%q is missing in:\n%s", want, stdout.String())
				}
			}
		})
	}
}

func TestDeadlineCountsByTheConfigurationsOwnSchemes(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "postroom.yaml")
	text := `
nation: scotland
scheme: ours
schemes:
  - id: ours
    name: Our own code
    stage1: {acknowledge: {days: 2, from: receipt}, answer: {days: 10, from: acknowledgement}}
    stage2: {answer: {days: 20, from: request}}
  - id: ours
    name: Our newer code
    effective_from: 2027-01-01
    stage1: {acknowledge: {days: 1, from: receipt}, answer: {days: 10, from: acknowledgement}}
    stage2: {answer: {days: 20, from: request}}
`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for received, want := range map[string]string{
		"2026-11-27": "stage1_acknowledgement\t2026-12-02\n", // St Andrew's Day lies between
		"2027-01-05": "stage1_acknowledgement\t2027-01-06\n",
	} {
		var stdout, stderr strings.Builder
		if code := runDeadline([]string{"-config", file, received}, &stdout, &stderr); code != 0 {
			t.Fatalf("exit code %d, %s", code, stderr.String())
		}
		if !strings.HasPrefix(stdout.String(), want) {
			t.Errorf("received %s: got\n%s", received, stdout.String())
		}
	}
}
