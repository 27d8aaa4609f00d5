package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"postroom/internal/register"
)

// A family is one metric: its name, its help and its labels.
type family struct{ desc *prometheus.Desc }

func named(name, help string, labels ...string) family {
	return family{prometheus.NewDesc("postroom_"+name, help, labels, nil)}
}

// families are all that are shown. Labels are our own few kinds and the names
// of mailboxes in the configuration: nothing that a resident wrote.
type families struct {
	arrivals, decisions, acknowledged, acknowledgedIn, acknowledgedAverage     family
	undecided, oldestUndecided, unread, late, owed, oldestOwed, people, tray   family
	retrying, alarms, polled, backlog, problem, limited, parked, unfiled, lane family
	withheld, oldestUnscreened                                                 family
	up, success, pages, reading, started                                       family
}

func newFamilies() families {
	return families{
		arrivals:            named("arrivals_day", "Messages received in the last 24 hours, by channel.", "channel"),
		decisions:           named("decisions_day", "Messages received in the last 24 hours, by label and by who decided: rules, people, or nobody yet.", "label", "by"),
		acknowledged:        named("acknowledgements_day", "Acknowledgements that went in the last 24 hours."),
		acknowledgedIn:      named("acknowledgements_within_day", "Of those, the ones that had gone so many seconds after receipt or sooner.", "seconds"),
		acknowledgedAverage: named("acknowledgement_average_seconds", "From receipt to the acknowledgement, on average over the last 24 hours."),
		undecided:           named("undecided", "Messages that wait for a person's decision."),
		unread:              named("unread", "Messages that are registered and not read yet."),
		oldestUndecided:     named("oldest_undecided_seconds", "How long the oldest message without a decision has waited; 0 when there is none."),
		late:                named("late", "What is past its deadline: clocks of cases, messages without a decision, replies, and letters past the last day for posting them.", "what"),
		owed:                named("owed", "Replies that are owed and will go by themselves."),
		oldestOwed:          named("oldest_owed_seconds", "How long the oldest owed reply has been owed; 0 when there is none."),
		people:              named("replies_for_people", "Replies that wait for a person: held, refused, or with an unknown outcome.", "state"),
		tray:                named("letters_to_print", "Letters in the tray, or printed and not posted."),
		retrying:            named("retrying", "Owed replies of which an attempt has failed."),
		alarms:              named("open_alarms", "Alarms that nobody has taken, by why people are called.", "kind"),
		polled:              named("mailbox_lag_seconds", "Since the last good poll of the mailbox; where there was none yet, since this process began to watch.", "mailbox"),
		backlog:             named("mailbox_backlog", "Mails seen in the mailbox and not taken in yet.", "mailbox"),
		problem:             named("mailbox_problem", "1 while the last poll of the mailbox failed.", "mailbox"),
		limited:             named("mailbox_limited", "1 while the mail service is busy or limits us, and so the mailbox is not polled for now.", "mailbox"),
		parked:              named("mailbox_parked", "Mails that could not be fetched and wait for a person.", "mailbox"),
		unfiled:             named("mailbox_unfiled", "Registered mails that could not be moved to the filed folder.", "mailbox"),
		lane:                named("lane", "Ids in a lane of the queue: waiting, ready or held.", "lane", "state"),
		withheld:            named("files_withheld", "Files that may not be opened: they wait for the malware scanner, malware was found in them, or they could not be looked at.", "state"),
		oldestUnscreened:    named("oldest_unscreened_seconds", "How long the oldest file has waited for the malware scanner; 0 when none does."),
		up:                  named("dependency_up", "1 while the dependency answers this process.", "dependency"),
		success:             named("dependency_last_success_timestamp_seconds", "When the dependency last did what was asked.", "dependency"),
		pages:               named("read_programs_total", "Programs that this process ran to read letters."),
		started:             named("started_timestamp_seconds", "When this process began to watch, which is when it started."),
		reading:             named("read_cpu_seconds_total", "Processor time that they took."),
	}
}

// A snapshot is one look at everything, as Prometheus wants it.
type snapshot struct {
	families
	look
}

// Describe says nothing: what is not known is left out.
func (s snapshot) Describe(chan<- *prometheus.Desc) {}

// Collect gives the figures of the look.
func (s snapshot) Collect(out chan<- prometheus.Metric) {
	put := func(f family, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(f.desc, prometheus.GaugeValue, v, labels...)
	}
	for _, d := range s.dependencies {
		put(s.up, number(d.err == nil), d.name)
		if !d.success.IsZero() {
			put(s.success, float64(d.success.UnixMicro())/1e6, d.name)
		}
	}
	for _, l := range s.lanes {
		for state, n := range map[string]int{"waiting": l.depth.Waiting, "ready": l.depth.Ready, "held": l.depth.Held} {
			put(s.lane, float64(n), l.name, state)
		}
	}
	out <- prometheus.MustNewConstMetric(s.pages.desc, prometheus.CounterValue, float64(s.readings))
	out <- prometheus.MustNewConstMetric(s.reading.desc, prometheus.CounterValue, s.readingTime.Seconds())
	put(s.started, float64(s.begun.UnixMicro())/1e6)
	if s.counted {
		s.counts(put)
		s.mailboxes(put)
	}
}

type putter func(f family, v float64, labels ...string)

// counts gives what the register counted.
func (s snapshot) counts(put putter) {
	arrivals := map[string]int{}
	for _, t := range s.tallies {
		arrivals[string(t.Channel)] += t.Count
	}
	for channel, n := range arrivals {
		put(s.arrivals, float64(n), channel)
	}
	for kind, n := range decided(s.tallies) {
		put(s.decisions, float64(n), kind.label, kind.by)
	}
	a := s.gauges.Acknowledged
	put(s.acknowledged, float64(a.All))
	for i, span := range register.AcknowledgedWithin() {
		put(s.acknowledgedIn, float64(a.Within[i]), seconds(span))
	}
	put(s.acknowledgedAverage, a.Average.Seconds())
	put(s.undecided, float64(s.status.InReview))
	put(s.unread, float64(s.status.Arrived))
	put(s.oldestUndecided, s.since(s.status.OldestUndecided))
	put(s.late, float64(s.gauges.LateClocks), "clocks")
	put(s.late, float64(s.gauges.LateUndecided), "undecided")
	put(s.late, float64(s.gauges.LateReplies), "replies")
	put(s.late, float64(s.gauges.LateLetters), "letters")
	put(s.owed, float64(s.status.Owed))
	put(s.oldestOwed, s.since(s.status.OldestOwed))
	put(s.people, float64(s.status.Held), "held")
	put(s.people, float64(s.status.Failed), "refused")
	put(s.people, float64(s.status.Uncertain), "unknown")
	put(s.tray, float64(s.status.ToPrint))
	put(s.withheld, float64(s.screenings.Waiting), string(register.Unscreened))
	put(s.withheld, float64(s.screenings.Infected), string(register.Infected))
	put(s.withheld, float64(s.screenings.Unscannable), string(register.Unscannable))
	put(s.oldestUnscreened, s.since(s.screenings.Oldest))
	put(s.retrying, float64(s.gauges.Retrying))
	for kind, n := range s.gauges.OpenAlarms {
		put(s.alarms, float64(n), string(kind))
	}
}

func (s snapshot) mailboxes(put putter) {
	for _, m := range s.status.Mailboxes {
		polled := m.PolledAt
		if polled.IsZero() {
			polled = s.begun
		}
		put(s.polled, s.since(polled), m.Mailbox)
		put(s.backlog, float64(m.Backlog), m.Mailbox)
		put(s.problem, number(m.Problem != ""), m.Mailbox)
		put(s.limited, number(m.Limited), m.Mailbox)
		put(s.parked, float64(m.Parked), m.Mailbox)
		put(s.unfiled, float64(m.Unfiled), m.Mailbox)
	}
}

type decision struct{ label, by string }

func decided(tallies []register.Tally) map[decision]int {
	all := map[decision]int{}
	for _, t := range tallies {
		d := decision{string(t.Label), "people"}
		switch {
		case t.Label == "":
			d = decision{"none", "nobody"}
		case t.ByRules:
			d.by = "rules"
		}
		all[d] += t.Count
	}
	return all
}

// since is how long ago, and 0 for never.
func (l look) since(at time.Time) float64 {
	if at.IsZero() {
		return 0
	}
	return max(0, l.at.Sub(at).Seconds())
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
