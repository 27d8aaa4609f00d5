package web

import (
	"cmp"
	"context"
	"strings"

	"postroom/classify"
	"postroom/internal/register"
)

// hazardDeeds are about what the law has the landlord do.
func hazardDeeds() []deed { return []deed{dutyDeed(), endHazardDeed(), setHazardDeed()} }

func (f *caseFacts) openHazards() (all []register.HazardRecord) {
	for _, h := range f.Hazards {
		if h.EndedAt.IsZero() {
			all = append(all, h)
		}
	}
	return all
}

func dutyDeed() deed {
	return deed{
		name: "hazard-step", title: says("A step about the hazard is done"), button: "Write it down", blame: "step",
		about: "The end of the investigation sets the clocks going that count from it.",
		offer: func(f *caseFacts) (bool, string) { return len(f.openDuties()) > 0, "" },
		fields: func(f *deedForm) []field {
			return append([]field{f.choice("radio", "step", "What was done?", "", plainText(f.r.URL.Query().Get("step")), f.openDuties()...)}, f.when("Done on", f.d.c.Now())...)
		},
		read: func(f *deedForm) plan {
			var all []string
			for _, o := range f.openDuties() {
				all = append(all, o.Value)
			}
			step, at := f.chosen("step", "Choose what was done", all...), f.moment("Say on which day it was done")
			hazard, duty, _ := strings.Cut(step, " ")
			return plan{then: f.hazardSaid(hazard), do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.HazardDone(ctx, hazard, duty, at, f.who.Name)
			}}
		},
	}
}

// openDuties are what is still to be done about the case's hazards.
func (f *caseFacts) openDuties() (all []option) {
	for _, h := range f.openHazards() {
		for _, d := range h.Duties {
			if d.DoneAt.IsZero() {
				all = append(all, option{Value: h.ID + " " + d.Name, Name: plainHistory(d.Name), Hint: capital(string(h.Level)) + " hazard, by " + clockTime(d.DueAt)})
			}
		}
	}
	return all
}

func endHazardDeed() deed {
	return deed{
		name: "hazard-end", title: says("Nothing more is to be done about the hazard"), button: "Nothing more is to be done", blame: "hazard",
		about: "It is put right, or the investigation found none.",
		offer: func(f *caseFacts) (bool, string) { return len(f.openHazards()) > 0, "" },
		fields: func(f *deedForm) []field {
			var all []option
			for _, h := range f.openHazards() {
				all = append(all, option{Value: h.ID, Name: capital(string(h.Level)) + " hazard", Hint: "known since " + clockTime(h.AwareAt)})
			}
			first := ""
			if len(all) == 1 {
				first = all[0].Value
			}
			return []field{f.choice("radio", "hazard", "Which?", "", first, all...), f.reason("Why", "What was found, and what was done.")}
		},
		read: func(f *deedForm) plan {
			var all []string
			for _, h := range f.openHazards() {
				all = append(all, h.ID)
			}
			hazard, why := f.chosen("hazard", "Choose which", all...), f.words("reason", "Say why nothing more is to be done")
			return plan{then: f.hazardSaid(hazard), do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.EndHazard(ctx, hazard, f.who.Name, why)
			}}
		},
	}
}

// setHazardDeed is an officer's word on what the rules heard, or did not.
func setHazardDeed() deed {
	return deed{
		name: "hazard", title: says("Say what is a hazard, or is none"), button: "Write it down", blame: "level",
		about: "Where the rules heard no hazard, another one, or one where there is none. The law’s clocks count from the day of receipt, whenever somebody saw it. For an emergency people are called at once.",
		offer: func(f *caseFacts) (bool, string) { return f.MergedInto == "", "" },
		fields: func(f *deedForm) []field {
			return []field{
				f.choice("radio", "message", "Which message tells of it?", "", f.Message, f.messageOptions()...),
				f.choice("radio", "level", "What is it?", "", "", option{Value: string(classify.Emergency), Name: "An emergency", Hint: "it must be made safe within a day"},
					option{Value: string(classify.Significant), Name: "A significant hazard", Hint: "such as damp and mould"}, option{Value: noHazard, Name: "No hazard"}),
				f.reason("Why", "What you saw or were told."),
			}
		},
		read: func(f *deedForm) plan {
			var all []string
			for _, o := range f.messageOptions() {
				all = append(all, o.Value)
			}
			level := f.chosen("level", "Choose what it is", string(classify.Emergency), string(classify.Significant), noHazard)
			if level == noHazard {
				level = string(classify.NoHazard)
			}
			h := register.HazardRuling{
				Message: f.chosen("message", "Choose the message", all...), Level: classify.HazardLevel(level), By: f.who.Name, Reason: f.words("reason", "Say why"),
			}
			return plan{then: "?message=" + h.Message, do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.SetHazard(ctx, h)
			}}
		},
	}
}

// noHazard is the choice that a message tells of none.
const noHazard = "none"

func (f *caseFacts) messageOptions() (all []option) {
	for _, m := range f.Messages {
		subject := ""
		if m.Reading != nil {
			subject = cut(m.Reading.Subject, 120)
		}
		all = append(all, option{Value: m.ID, Name: cmp.Or(subject, "(no subject)"), Hint: channelName(m.Channel) + ", " + clockTime(m.ReceivedAt)})
	}
	return all
}

// hazardSaid is the address of the page that says what was written down about
// a hazard: it stands in its message's history.
func (f *caseFacts) hazardSaid(hazard register.ID) string {
	for _, h := range f.Hazards {
		if h.ID == hazard {
			return "?message=" + h.Message
		}
	}
	return ""
}

// hazardWords say what was written down about a hazard.
func hazardWords(e register.Event) string {
	switch e.What {
	case "hazard_clocks_started":
		return "The law’s clocks for a hazard began"
	case "hazard_duty_done":
		return "About the hazard: " + small(plainHistory(e.Detail["duty"])) + ", done"
	case "hazard_ended":
		return "Nothing more is to be done about the hazard"
	case "hazard_set":
		switch classify.HazardLevel(e.Detail["level"]) {
		case classify.Emergency:
			return "An officer calls it an emergency"
		case classify.Significant:
			return "An officer calls it a significant hazard"
		case classify.NoHazard:
		}
		return "An officer says that there is no hazard"
	}
	return ""
}
