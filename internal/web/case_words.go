package web

import (
	"strings"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// eventWords say in a line what an event of a case was; no title for what
// stands in the timeline otherwise, or is only for the record.
func eventWords(f *caseFacts, e register.Event) (title string, text []string) {
	switch e.What {
	case "answer_recorded":
		return "The answer was recorded" + stageOf(e) + ": " + small(findingName(register.Finding(e.Detail["outcome"]))), nil
	case "answered":
		late := ""
		if e.Detail["in_time"] == "false" {
			late = ", late"
		}
		return "Answered" + stageOf(e) + late, nil
	case "answer_withdrawn":
		return "The answer was withdrawn" + stageOf(e), nil
	case "extension_asked":
		return "Asked to put the answer off to " + longDay(e.Detail["new_due"]), nil
	case "clarification_asked":
		return "Asked the resident what is unclear", nil
	case "stage2_requested":
		return "Stage 2 began", nil
	case "defined", "redefined":
		return "The definition was changed", nil
	case "closed":
		return "Closed: " + small(closeName(register.CloseReason(e.Detail["why"]))), nil
	case "noted":
		return "A note", nil
	case "assigned":
		return "Given to " + e.Detail["to"], nil
	case "reopened":
		if e.Detail["was_closed"] == string(register.ClosedMerged) {
			return peopleWords(register.Event{What: "unmerged"}), nil
		}
		return "Reopened", nil
	case "received_corrected", "recounted":
		return map[bool]string{true: "The day of receipt was corrected", false: "Counted anew: the calendar or the scheme changed"}[e.What == "received_corrected"], moved(e)
	case "action_done":
		return "Done, as promised: " + actionName(f, e.Detail["action"]), nil
	case "failsafe_opened":
		return "Nobody had decided in time: acknowledged in the holding form", nil
	case "bounced":
		return "Our mail came back", nil
	case "returned":
		return "A letter came back", nil
	case "pulled":
		return "A letter was taken out of the post", nil
	case "given_by_hand":
		return "A reply was given by hand", nil
	case "released":
		return "A reply that waited was let go", nil
	case "reply_cancelled":
		return "A reply that waited was dropped", nil
	}
	return peopleWords(e), nil
}

// peopleWords are those about people, and about what belongs together.
func peopleWords(e register.Event) string {
	switch e.What {
	case "linked":
		return "Linked to another case"
	case "unlinked":
		return "The link to another case was undone"
	case "merged":
		return "Merged into another case, which lives on"
	case "merged_from":
		return "Another case became part of this one"
	case "unmerged":
		return "The merge was undone: this case is its own again"
	case "unmerged_from":
		return "A case that was part of this one is its own again"
	case "person_set":
		return "It was written down who somebody is to the case"
	case "correspondent_set":
		return "Who gets our replies was changed"
	case "address_confirmed":
		return "The postal address was confirmed"
	case "adjustments_set":
		return "What the resident needs was written down"
	case "resident_set":
		return "Known to be the same resident's as another case"
	case "given_out":
		return "Given out: " + e.Detail["what"]
	case "kept":
		return "Kept on purpose, whatever its age"
	case "kept_no_more":
		return "No longer kept on purpose"
	case "erased":
		return "Forgotten: words, names and files"
	}
	return ""
}

func findingName(f register.Finding) string {
	switch f {
	case register.Upheld:
		return "Upheld"
	case register.PartlyUpheld:
		return "Partly upheld"
	case register.NotUpheld:
		return "Not upheld"
	}
	return string(f)
}

func closeName(c register.CloseReason) string {
	switch c {
	case register.ClosedAnswered:
		return "Answered"
	case register.ClosedWithdrawn:
		return "The resident withdrew it"
	case register.ClosedDone:
		return "Dealt with"
	case register.ClosedNotAccepted:
		return "Not accepted"
	case register.ClosedMerged:
		return "Merged into another case"
	}
	return plainHistory(string(c))
}

func exclusionName(e register.Exclusion) (name, hint string) {
	switch e {
	case register.TooOld:
		return "It happened more than 12 months ago", "Code 2.2. There may be good reasons to take it all the same."
	case register.CourtClaimFiled:
		return "A court claim has been filed", "The claim form and particulars are with the court. A solicitor’s letter is not enough."
	case register.AlreadyConsidered:
		return "It went through the procedure before", "The same matter, not a new one."
	case register.NotOurs:
		return "It is not about what we do or answer for", ""
	}
	return string(e), ""
}

func roleName(p register.PersonRole) string {
	switch p {
	case register.TheResident:
		return "Resident"
	case register.ActsForResident:
		return "Acts for the resident"
	case register.OurOfficer:
		return "One of our own"
	}
	return "Not known who they are"
}

func linkName(l register.CaseLink) string {
	switch l.Link {
	case register.LinkSplit:
		if l.Came {
			return "This case was split off from it"
		}
		return "Split off from this case"
	case register.LinkAbout:
		return "A complaint about how the other was dealt with"
	case register.LinkRelated:
	}
	return "Linked by an officer, or by its thread"
}

func viewName(v register.ViewKind) string {
	switch v {
	case register.ViewedCase:
		return "this page"
	case register.ViewedMessage:
		return "a message"
	case register.ViewedOriginal:
		return "an original"
	case register.ViewedAttachment:
		return "an attachment"
	case register.ViewedReply:
		return "a reply"
	case register.ViewedSent:
		return "a reply as sent"
	}
	return string(v)
}

func actionName(f *caseFacts, id register.ID) string {
	for _, a := range f.Actions {
		if a.ID == id {
			return cut(a.What, 120)
		}
	}
	return "something"
}

func longDay(text string) string {
	day, err := workday.ParseDate(text)
	if err != nil {
		return text
	}
	return day.Long()
}

// caseTags are a case's states in one or two words.
func caseTags(f *caseFacts) (tags []flagView) {
	switch {
	case f.complaint() && f.Stage == 2:
		tags = append(tags, flagView{"Complaint, stage 2", "two"})
	case f.complaint():
		tags = append(tags, flagView{"Complaint, stage 1", "full"})
	case f.Kind == register.ServiceRequestCase:
		tags = append(tags, flagView{"Service request", "ask"})
	default:
		tags = append(tags, flagView{"Enquiry", ""})
	}
	if !f.ClosedAt.IsZero() {
		tags = append(tags, flagView{"Closed: " + small(closeName(f.ClosedWhy)), "dash"})
	}
	if f.complaint() && !f.Defined {
		tags = append(tags, flagView{"Not yet defined", "soon"})
	}
	tags = append(tags, flagViews(&register.Verdict{Flags: f.Flags, HazardLevel: f.HazardLevel})...)
	for _, e := range f.Extensions {
		if k := f.clock(e.Clock); k != nil && k.Running() && !e.ToldAt.IsZero() && !e.Late {
			return append(tags, flagView{"Answer put off", "soon"})
		}
	}
	return tags
}

// aboutWords are a topic's plain name.
func aboutWords(topic string) string { return capital(strings.ReplaceAll(topic, "_", " ")) }
