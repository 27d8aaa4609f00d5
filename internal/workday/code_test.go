package workday_test

import (
	"strings"
	"testing"

	"postroom/internal/workday"
)

func day(t *testing.T, s string) workday.Date {
	t.Helper()
	d, err := workday.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestACodeChangesOnItsDay(t *testing.T) {
	t.Parallel()
	newer := workday.DefaultScheme()
	newer.Name, newer.EffectiveFrom, newer.Stage1.Acknowledge.Days = "newer", day(t, "2027-04-01"), 3
	ours := workday.Scheme{ID: "ours", Name: "Ours", Stage1: newer.Stage1, Stage2: newer.Stage2}
	code, err := workday.CodeByID("", ours, newer)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		on, version string
		days        int
	}{
		{"2010-01-01", "housing-ombudsman-2024@2024-04-01", 5},
		{"2024-04-01", "housing-ombudsman-2024@2024-04-01", 5},
		{"2027-03-31", "housing-ombudsman-2024@2024-04-01", 5},
		{"2027-04-01", "housing-ombudsman-2024@2027-04-01", 3},
	} {
		if s := code.On(day(t, row.on)); s.Version() != row.version || s.Stage1.Acknowledge.Days != row.days {
			t.Errorf("on %s: %s with %d days", row.on, s.Version(), s.Stage1.Acknowledge.Days)
		}
	}
	own, err := workday.CodeByID("ours", ours, newer)
	if err != nil || own.On(day(t, "2026-01-01")).Version() != "ours" {
		t.Errorf("own code: %v %v", own, err)
	}
	if ids := workday.CodeIDs(ours, newer); len(ids) != 6 || ids[5] != "ours" {
		t.Errorf("ids %v", ids)
	}
}

func TestAnOwnSchemeReplacesTheOneOfItsDay(t *testing.T) {
	t.Parallel()
	generous, whenever := workday.DefaultScheme(), workday.DefaultScheme()
	generous.Name, generous.RollNonworkingReceipt = "generous", true
	whenever.Name, whenever.EffectiveFrom = "whenever", workday.Date{}
	for name, own := range map[string]workday.Scheme{"generous": generous, "whenever": whenever} {
		code, err := workday.CodeByID("", own)
		if err != nil {
			t.Fatal(err)
		}
		if s := code.On(day(t, "2026-11-23")); s.Name != name {
			t.Errorf("%s: got %s", name, s.Name)
		}
	}
}

func TestASchemeSaysWhenItIsNotInForce(t *testing.T) {
	t.Parallel()
	s := workday.DefaultScheme()
	s.EffectiveTo = day(t, "2027-03-31")
	for on, want := range map[string]string{"2024-03-31": "holds from Monday 1 April 2024", "2026-01-01": "", "2027-04-01": "held until Wednesday 31 March 2027"} {
		if got := s.InForce(day(t, on)); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("on %s: %q", on, got)
		}
	}
}

func TestAnOwnSchemeIsChecked(t *testing.T) {
	t.Parallel()
	err := workday.Scheme{EffectiveFrom: day(t, "2027-01-01"), EffectiveTo: day(t, "2026-01-01"), Nation: "wales"}.CheckOwn()
	for _, want := range []string{"id is missing", "name is missing", "both stages", "ends before it begins", `unknown nation "wales"`} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
	for _, s := range workday.Schemes() {
		if err := s.CheckOwn(); err != nil {
			t.Error(err)
		}
	}
}
