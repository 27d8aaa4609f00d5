package workday_test

import (
	"strings"
	"testing"
	"time"

	"postroom/internal/workday"
)

func TestHazardLawsChangeOnTheirDay(t *testing.T) {
	t.Parallel()
	moved := workday.HazardLaws()[1]
	moved.EffectiveFrom = day(t, "2027-01-31")
	for _, row := range []struct {
		name, on, want string
		nation         workday.Nation
		own            []workday.HazardLaw
	}{
		{"before the first", "2025-10-26", "", workday.EnglandAndWales, nil},
		{"phase 1", "2025-10-27", "awaab-phase-1", workday.EnglandAndWales, nil},
		{"the day before phase 2", "2026-11-29", "awaab-phase-1", workday.EnglandAndWales, nil},
		{"phase 2", "2026-11-30", "awaab-phase-2", workday.EnglandAndWales, nil},
		{"another nation", "2026-12-01", "", workday.Scotland, nil},
		{"phase 2 put off", "2026-12-01", "awaab-phase-1", workday.EnglandAndWales, []workday.HazardLaw{moved}},
		{"and come", "2027-01-31", "awaab-phase-2", workday.EnglandAndWales, []workday.HazardLaw{moved}},
		{"an own law", "2026-12-01", "ours", workday.Scotland, []workday.HazardLaw{{ID: "ours", Nation: workday.Scotland, EffectiveFrom: day(t, "2026-10-06")}}},
	} {
		law, ok := workday.HazardLawOn(day(t, row.on), row.nation, row.own)
		if law.ID != row.want || ok != (row.want != "") {
			t.Errorf("%s: %q", row.name, law.ID)
		}
	}
}

func TestHazardDuties(t *testing.T) {
	t.Parallel()
	cal := calendar(t, workday.EnglandAndWales)
	law, _ := workday.HazardLawOn(day(t, "2026-12-01"), workday.EnglandAndWales, nil)
	friday := instant(t, "2026-12-18T16:30")
	for _, row := range []struct {
		name, level string
		from        workday.HazardAnchor
		want        string
	}{
		{"24 hours run through the weekend", workday.EmergencyHazard, workday.Aware, "investigate 2026-12-19T16:30:00Z, make_safe 2026-12-19T16:30:00Z"},
		{"ten working days over Christmas", workday.SignificantHazard, workday.Aware, "investigate 2027-01-07T00:00:00Z"},
		{"from the investigation", workday.SignificantHazard, workday.Investigated, "written_summary 2026-12-24T00:00:00Z, make_safe 2026-12-30T00:00:00Z, take_steps_for_further_work 2026-12-30T00:00:00Z, start_further_work 2027-03-13T00:00:00Z"},
	} {
		var got []string
		for _, d := range law.Due(cal, row.level, row.from, friday) {
			got = append(got, d.Name+" "+d.At.UTC().Format(time.RFC3339))
			if d.Words == "" {
				t.Errorf("%s: %s does not say how it was counted", row.name, d.Name)
			}
		}
		if s := strings.Join(got, ", "); s != row.want {
			t.Errorf("%s:\ngot  %s\nwant %s", row.name, s, row.want)
		}
	}
	if law.Covers(workday.SignificantHazard, []string{"parking"}) || !law.Covers(workday.SignificantHazard, []string{"parking", "pests"}) || !law.Covers(workday.EmergencyHazard, nil) {
		t.Error("the law covers the wrong hazards")
	}
}

func TestAHazardLawIsChecked(t *testing.T) {
	t.Parallel()
	for _, law := range workday.HazardLaws() {
		if err := law.Check(); err != nil {
			t.Error(err)
		}
	}
	err := workday.HazardLaw{Nation: "wales", Duties: []workday.HazardDuty{
		{Name: "a", Level: "mild", From: workday.Aware, Hours: 1},
		{Name: "b", Level: workday.EmergencyHazard, From: "now", Hours: 1},
		{Name: "c", Level: workday.EmergencyHazard, From: workday.Aware, Hours: 1, Days: 1},
		{Name: "d", Level: workday.EmergencyHazard, From: workday.Aware, Days: -1},
		{},
	}}.Check()
	for _, want := range []string{"id or the name", `unknown nation "wales"`, `not "mild"`, `not "now"`, "its hours, its days or its weeks", "-1 is no span", "has no name"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in %v", want, err)
		}
	}
}
