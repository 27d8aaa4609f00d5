package web

import (
	"slices"

	"postroom/classify"
	"postroom/internal/register"
)

// topicsShown is how many topics stand unfolded, at the least.
const topicsShown = 4

// marks fills in the topics, the chosen ones first, the flags and the hazard.
func (p *itemPage) marks() {
	chosen := slices.DeleteFunc(slices.Clone(p.Form.Topics), func(t string) bool { return !slices.Contains(classify.Topics(), t) })
	for _, t := range append(chosen, classify.Topics()...) {
		known := func(o option) bool { return o.Value == t }
		if slices.ContainsFunc(p.Topics, known) || slices.ContainsFunc(p.MoreTopics, known) {
			continue
		}
		o := option{Value: t, Name: topicName(t), Chosen: slices.Contains(chosen, t)}
		if o.Chosen || len(p.Topics) < topicsShown {
			p.Topics = append(p.Topics, o)
		} else {
			p.MoreTopics = append(p.MoreTopics, o)
		}
	}
	for _, f := range classify.Flags() {
		if f != classify.Hazard { // it goes by its level
			p.FlagChoices = append(p.FlagChoices, option{Value: string(f), Name: flagName(f), Chosen: slices.Contains(p.Form.Flags, string(f))})
		}
	}
	for _, l := range []option{{Value: "", Name: "None"}, {Value: string(classify.Significant), Name: "Significant"}, {Value: string(classify.Emergency), Name: "Emergency"}} {
		l.Chosen = p.Form.Hazard == l.Value
		p.Hazards = append(p.Hazards, l)
	}
	for _, c := range []option{
		{Value: "", Name: "No"},
		{Value: string(register.ComplaintCase), Name: "Yes, a complaint"},
		{Value: string(register.ServiceRequestCase), Name: "Yes, a service request"},
		{Value: string(register.EnquiryCase), Name: "Yes, an enquiry"},
	} {
		c.Chosen = p.Form.Also == c.Value
		p.Seconds = append(p.Seconds, c)
	}
}

func flagName(f classify.Flag) string {
	for _, v := range flagViews(&classify.Verdict{Flags: []classify.Flag{f}}) {
		return v.Name
	}
	return string(f)
}
