package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"postroom/classify"
	"postroom/internal/register"
)

// rowsPerPage is how many messages a page of the queue lists; lastPage bounds
// how far it is leafed through.
const (
	rowsPerPage = 50
	lastPage    = 1000
)

// A filter is what an officer wants to see of the queue, as the address says.
type filter struct {
	Label, Topic, Channel, Who string
	Page                       int // from 1
}

// readFilter reads what it knows; everything else excludes nothing.
func readFilter(q url.Values) filter {
	known := func(name string, all []string) string {
		if v := q.Get(name); slices.Contains(all, v) {
			return v
		}
		return ""
	}
	var labels, ways []string
	for _, l := range append(classify.Labels(), register.NoLabel) {
		labels = append(labels, string(l))
	}
	for _, c := range register.Channels() {
		ways = append(ways, string(c))
	}
	f := filter{
		Label: known("label", labels), Topic: known("topic", classify.Topics()), Channel: known("channel", ways),
		Who: known("who", []string{string(register.Mine), string(register.Nobody), string(register.Others)}),
	}
	page, _ := strconv.Atoi(q.Get("page")) // none is the first
	f.Page = min(max(page, 1), lastPage)
	return f
}

func (f filter) register(who register.Account) register.QueueFilter {
	return register.QueueFilter{Label: classify.Label(f.Label), Topic: f.Topic, Channel: register.Channel(f.Channel), Who: register.Whose(f.Who), By: who.Name}
}

// Any reports whether something is filtered.
func (f filter) Any() bool { return f.Label+f.Topic+f.Channel+f.Who != "" }

// Fields are the filter as the fields of a form.
func (f filter) Fields() []Hint {
	var all []Hint
	for _, field := range []Hint{{"label", f.Label}, {"topic", f.Topic}, {"channel", f.Channel}, {"who", f.Who}} {
		if field.Value != "" {
			all = append(all, field)
		}
	}
	return all
}

// query is the filter as an address holds it, with more names and values.
func (f filter) query(more ...string) string {
	q := url.Values{}
	for _, field := range f.Fields() {
		q.Set(field.Name, field.Value)
	}
	for i := 0; i+1 < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return q.Encode()
}

// To is the address of another page of what the filter shows.
func (f filter) To(page int) string { return "/?" + f.query("page", strconv.Itoa(page)) }

// Labels are the choices of what the rules think.
func (f filter) Labels() []option {
	all := []option{{Name: "Any label"}}
	for _, l := range classify.Labels() {
		all = append(all, option{Value: string(l), Name: labelName(l), Chosen: f.Label == string(l)})
	}
	return append(all, option{Value: string(register.NoLabel), Name: "No guess", Chosen: f.Label == string(register.NoLabel)})
}

// Topics are the choices of a topic.
func (f filter) Topics() []option {
	all := []option{{Name: "Any topic"}}
	for _, t := range classify.Topics() {
		all = append(all, option{Value: t, Name: topicName(t), Chosen: f.Topic == t})
	}
	return all
}

// Channels are the choices of a channel.
func (f filter) Channels() []option {
	all := []option{{Name: "Any channel"}}
	for _, c := range register.Channels() {
		all = append(all, option{Value: string(c), Name: capital(channelName(c)), Chosen: f.Channel == string(c)})
	}
	return all
}

// Holders are the choices of who has it.
func (f filter) Holders() []option {
	return []option{
		{Name: "Anyone"},
		{Value: string(register.Mine), Name: "Me", Chosen: f.Who == string(register.Mine)},
		{Value: string(register.Nobody), Name: "Nobody", Chosen: f.Who == string(register.Nobody)},
		{Value: string(register.Others), Name: "Somebody else", Chosen: f.Who == string(register.Others)},
	}
}

// Words says what is filtered, such as "a letter about staff conduct".
func (f filter) Words() string {
	what := "message"
	if f.Channel != "" {
		what = channelName(register.Channel(f.Channel))
	}
	words := article(what)
	switch {
	case f.Label == string(register.NoLabel):
		words += " of which the rules have no guess"
	case f.Label != "":
		words += " that the rules think “" + small(labelName(classify.Label(f.Label))) + "”"
	}
	if f.Topic != "" {
		words += " about " + small(topicName(f.Topic))
	}
	switch register.Whose(f.Who) {
	case register.Mine:
		words += " that you have open"
	case register.Nobody:
		words += " that nobody has open"
	case register.Others:
		words += " that somebody else has open"
	}
	return words
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

// topicName is a topic as people read it.
func topicName(t string) string {
	switch t {
	case "damp_mould":
		return "Damp and mould"
	case "heating_hot_water":
		return "Heating, hot water"
	case "leak_flood":
		return "Leaks and floods"
	case "windows_doors":
		return "Windows and doors"
	case "fire_building_safety":
		return "Fire and building safety"
	case "asb_noise":
		return "Noise, antisocial behaviour"
	case "rent_service_charge":
		return "Rent, service charge"
	case "allocations_transfer":
		return "Allocations, transfers"
	case "estate_cleaning_grounds":
		return "Estate, cleaning, grounds"
	}
	return capital(strings.ReplaceAll(t, "_", " "))
}
