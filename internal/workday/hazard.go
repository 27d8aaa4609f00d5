package workday

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

// A HazardAnchor is the event from which a duty about a hazard is counted.
type HazardAnchor string

// The anchors of hazard duties.
const (
	Aware        HazardAnchor = "aware"        // the landlord came to know of it
	Investigated HazardAnchor = "investigated" // the investigation ended
)

// The levels of a hazard, in the words of the rules.
const (
	EmergencyHazard   = "emergency"
	SignificantHazard = "significant"
)

// A HazardDuty is one thing that the law has a landlord do about a hazard, in
// so many hours, working days or weeks; one of them is set.
type HazardDuty struct {
	Name  string       `json:"name" yaml:"name"`
	Level string       `json:"level" yaml:"level"`
	From  HazardAnchor `json:"from" yaml:"from"`
	Hours int          `json:"hours" yaml:"hours"` // without a break, through nights and weekends
	Days  int          `json:"days" yaml:"days"`   // working days; the anchor's day is day 0
	Weeks int          `json:"weeks" yaml:"weeks"`
}

// A HazardLaw is a law about hazards in homes as data, in force from a day on.
// Emergencies count whatever they are about; of significant hazards only those
// of its topics.
type HazardLaw struct {
	ID            string       `json:"id" yaml:"id"`
	Name          string       `json:"name" yaml:"name"`
	Nation        Nation       `json:"nation" yaml:"nation"` // in which it holds; empty: in any
	EffectiveFrom Date         `json:"effective_from" yaml:"effective_from"`
	Topics        []string     `json:"topics" yaml:"topics"`
	Duties        []HazardDuty `json:"duties" yaml:"duties"`
	// Unverified says what of a built-in law nobody has held against its text,
	// in a sentence; empty: nothing.
	Unverified string `json:"unverified" yaml:"-"`
}

// InvestigateHazard is the duty whose end the others are counted from.
const InvestigateHazard = "investigate"

// awaabDuties are those of the Hazards in Social Housing (Prescribed
// Requirements) (England) Regulations 2025: an emergency is investigated and
// made safe within 24 hours; a significant hazard is investigated within ten
// working days and made safe within five more; the tenant gets a summary
// within three working days of the investigation; further work begins, or
// steps are taken towards it, within five working days, and where that cannot
// be it starts in the home within twelve weeks.
func awaabDuties() []HazardDuty {
	return []HazardDuty{
		{Name: InvestigateHazard, Level: EmergencyHazard, From: Aware, Hours: 24},
		{Name: "make_safe", Level: EmergencyHazard, From: Aware, Hours: 24},
		{Name: "written_summary", Level: EmergencyHazard, From: Investigated, Days: 3},
		{Name: "take_steps_for_further_work", Level: EmergencyHazard, From: Investigated, Days: 5},
		{Name: "start_further_work", Level: EmergencyHazard, From: Investigated, Weeks: 12},
		{Name: InvestigateHazard, Level: SignificantHazard, From: Aware, Days: 10},
		{Name: "written_summary", Level: SignificantHazard, From: Investigated, Days: 3},
		{Name: "make_safe", Level: SignificantHazard, From: Investigated, Days: 5},
		{Name: "take_steps_for_further_work", Level: SignificantHazard, From: Investigated, Days: 5},
		{Name: "start_further_work", Level: SignificantHazard, From: Investigated, Weeks: 12},
	}
}

// HazardLaws lists the laws that are built in: Awaab's Law and its second
// phase. They were written from guidance and from others' work; what has not
// been held against the regulations says so, and the configuration's own laws
// take their place.
func HazardLaws() []HazardLaw {
	return []HazardLaw{
		{
			ID: "awaab-phase-1", Name: "Awaab's Law, phase 1: damp and mould, and every emergency", Nation: EnglandAndWales,
			EffectiveFrom: Date{2025, time.October, 27}, Topics: []string{"damp_mould"}, Duties: awaabDuties(),
			Unverified: "that the day of awareness is day 0, and whether an emergency that is made safe by then still needs a written summary",
		},
		{
			ID: "awaab-phase-2", Name: "Awaab's Law, phase 2: more hazards", Nation: EnglandAndWales,
			EffectiveFrom: Date{2026, time.November, 30},
			Topics:        []string{"damp_mould", "heating_hot_water", "leak_flood", "pests", "fire_building_safety", "repairs"}, Duties: awaabDuties(),
			Unverified: "its first day, and its list of hazards, of which our topics are a rough and wide reading",
		},
	}
}

// HazardLawOn is the law in force in a nation on a day: the one of those that
// began last. One of the landlord's own takes the place of a built-in one with
// its id, whatever day that began.
func HazardLawOn(day Date, nation Nation, own []HazardLaw) (HazardLaw, bool) {
	var best HazardLaw
	mine := func(id string) bool { return slices.ContainsFunc(own, func(o HazardLaw) bool { return o.ID == id }) }
	builtIn := slices.DeleteFunc(HazardLaws(), func(l HazardLaw) bool { return mine(l.ID) })
	for _, law := range slices.Concat(builtIn, own) {
		if law.EffectiveFrom.After(day) || law.Nation != "" && law.Nation != nation {
			continue
		}
		if best.ID == "" || !law.EffectiveFrom.Before(best.EffectiveFrom) {
			best = law
		}
	}
	return best, best.ID != ""
}

// Covers reports whether the law speaks of a hazard of that level about those
// topics.
func (l HazardLaw) Covers(level string, topics []string) bool {
	return level == EmergencyHazard || level == SignificantHazard && slices.ContainsFunc(topics, func(t string) bool { return slices.Contains(l.Topics, t) })
}

// A HazardDue is a duty worked out: it is missed from At on.
type HazardDue struct {
	Name  string
	At    time.Time
	Words string // how it was counted
}

// Due works out the duties of a level that are counted from one anchor.
func (l HazardLaw) Due(cal *Calendar, level string, from HazardAnchor, at time.Time) []HazardDue {
	var all []HazardDue
	for _, d := range l.Duties {
		if d.Level != level || d.From != from {
			continue
		}
		day := DateOf(at)
		due := HazardDue{Name: d.Name}
		switch {
		case d.Hours > 0:
			due.At = at.Add(time.Duration(d.Hours) * time.Hour)
			due.Words = fmt.Sprintf("%d hours, through nights and weekends, from %s at %s.", d.Hours, day.Long(), at.In(london).Format("15:04"))
		case d.Weeks > 0:
			due.At = day.AddDays(7 * d.Weeks).End()
			due.Words = fmt.Sprintf("%d weeks from %s.", d.Weeks, day.Long())
		default:
			due.At = cal.Add(day, d.Days).End()
			due.Words = fmt.Sprintf("%d working days; %s is day 0.", d.Days, day.Long())
		}
		all = append(all, due)
	}
	return all
}

// Check finds what is wrong with a law from a configuration.
func (l HazardLaw) Check() error {
	var problems []error
	if l.ID == "" || l.Name == "" {
		problems = append(problems, errors.New("the id or the name is missing"))
	}
	if l.Nation != "" {
		_, err := ParseNation(string(l.Nation))
		problems = append(problems, err)
	}
	for _, d := range l.Duties {
		times := 0
		for _, n := range []int{d.Hours, d.Days, d.Weeks} {
			if n < 0 || n > 1000 {
				problems = append(problems, fmt.Errorf("duty %q: %d is no span of time", d.Name, n))
			}
			if n > 0 {
				times++
			}
		}
		switch {
		case d.Name == "":
			problems = append(problems, errors.New("a duty has no name"))
		case d.Level != EmergencyHazard && d.Level != SignificantHazard:
			problems = append(problems, fmt.Errorf("duty %q: the level is emergency or significant, not %q", d.Name, d.Level))
		case d.From != Aware && d.From != Investigated:
			problems = append(problems, fmt.Errorf("duty %q: it counts from aware or investigated, not %q", d.Name, d.From))
		case times != 1:
			problems = append(problems, fmt.Errorf("duty %q: give its hours, its days or its weeks", d.Name))
		}
	}
	return errors.Join(problems...)
}
