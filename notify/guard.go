package notify

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"postroom/classify"
	"postroom/internal/paper"
	"postroom/internal/register"
)

// A Decision is what the guard says of an outgoing.
type Decision string

// The decisions.
const (
	Send  Decision = "send"
	Hold  Decision = "hold"  // a person decides
	Never Decision = "never" // nothing may go to that address by itself, ever; a person is told
)

// A GuardVerdict is what the guard says, and why.
type GuardVerdict struct {
	Decision Decision
	Row      string // the row of the guard's table that spoke; empty when all let it pass
	Reason   string // in a sentence, without the recipient's address or anybody's words
	// Releasable: a person who has looked at it may let it go all the same.
	Releasable bool
	// Brake: so much goes out that people must hear of it.
	Brake bool
}

// Caps bound what goes out by itself within the windows that the register
// counts over; 0 is no cap. A cap holds and never cancels.
type Caps struct {
	Recipient int // to one resident's address
	Case      int // about one case
	Team      int // to one address of the landlord's own
	All       int // everything: the brake
}

// GuardSettings are what the guard needs to know.
type GuardSettings struct {
	Held bool     // nothing leaves
	Own  []string // our own mailboxes and senders: never written to
	Team []string // the landlord's people who get forwards and alerts
	// Domain is the right-hand side of our Message-IDs.
	Domain string
	// Languages are those that replies can be written in, by tag such as cy;
	// none: whatever a resident reads, they get the one that there is.
	Languages []string
	Caps      Caps
}

// Guard is the one place that says whether an outgoing may leave. Every path
// out goes through it, for every attempt (P3). The sternest row speaks, and
// among equals the first.
func Guard(c register.Claimed, s GuardSettings) GuardVerdict {
	verdict := GuardVerdict{Decision: Send, Reason: "nothing speaks against sending it"}
	for _, row := range guardRows() {
		if !row.residents && !ourPeople(c.Kind) || !row.team && ourPeople(c.Kind) {
			continue
		}
		if v := row.look(c, s); v.sternness() > verdict.sternness() {
			v.Row = row.name
			verdict = v
		}
	}
	return verdict
}

func (v GuardVerdict) sternness() int {
	switch {
	case v.Decision == Never:
		return 3
	case v.Decision == Hold && !v.Releasable:
		return 2
	case v.Decision == Hold:
		return 1
	}
	return 0
}

// ourPeople reports whether a kind goes to the landlord's own people.
func ourPeople(k register.Kind) bool {
	return k == register.Forward || k == register.Alert || k == register.MorningDigest
}

// A guardRow looks at one thing that can speak against sending.
type guardRow struct {
	name            string
	residents, team bool // for replies to residents, for our own people
	look            func(register.Claimed, GuardSettings) GuardVerdict
}

// guardRows are the table.
func guardRows() []guardRow {
	return []guardRow{
		{"held", true, true, lookHeld},
		{"way", true, true, lookWay},
		{"address", true, true, lookAddress},
		{"own address", true, true, lookOwn},
		{"robot address", true, false, lookRobot},
		{"machine mail", true, false, lookMachine},
		{"our own mail", true, false, lookLoop},
		{"junk", true, false, lookJunk},
		{"history", true, true, lookHistory},
		{"person first", true, false, lookPersonFirst},
		{"stranger's words", true, false, lookQuoted},
		{"language", true, false, lookLanguage},
		{"cap for a recipient", true, true, lookRecipientCap},
		{"cap for a case", true, false, lookCaseCap},
		{"brake", true, true, lookBrake},
	}
}

var pass = GuardVerdict{Decision: Send}

func never(reason string) GuardVerdict { return GuardVerdict{Decision: Never, Reason: reason} }
func hold(reason string) GuardVerdict  { return GuardVerdict{Decision: Hold, Reason: reason} }
func ask(reason string) GuardVerdict {
	return GuardVerdict{Decision: Hold, Reason: reason, Releasable: true}
}

func lookHeld(_ register.Claimed, s GuardSettings) GuardVerdict {
	if s.Held {
		return hold("everything that leaves is held")
	}
	return pass
}

func lookWay(c register.Claimed, _ GuardSettings) GuardVerdict {
	switch c.Way {
	case register.ByEmail:
		return pass
	case register.ByWebhook:
		if c.Kind != register.Alert {
			return hold("only alerts go to another system")
		}
		return pass
	case register.ByLetter:
		if ourPeople(c.Kind) {
			return hold("our own people get no letters")
		}
		return pass
	}
	return hold("there is no such way to send it")
}

// lookAddress makes header injection impossible: what is no plain address goes
// nowhere.
func lookAddress(c register.Claimed, _ GuardSettings) GuardVerdict {
	if c.Way == register.ByWebhook {
		if err := checkWebhook(c.To.Address); err != nil {
			return hold("the address of the other system cannot be used: " + err.Error())
		}
		return pass
	}
	if c.Way == register.ByLetter {
		return lookPostal(c)
	}
	if strings.TrimSpace(c.To.Address) == "" {
		return hold("there is no address to send it to")
	}
	if _, err := deliverable(c.To.Address); err != nil {
		return hold("the address cannot be used: " + err.Error())
	}
	return pass
}

// lookPostal lets letters go only where a person has compared the address with
// what the resident wrote: a letter to a neighbour tells them of a complaint.
func lookPostal(c register.Claimed) GuardVerdict {
	switch {
	case c.TheCase == nil || len(c.TheCase.Postal) == 0:
		return hold("it is to go as a letter, and no postal address is known")
	case len(c.TheCase.Addressee()) == 0:
		return hold("it is to go as a letter, and no name is known to write to")
	}
	if _, err := paper.Address(c.TheCase.Addressee()); err != nil {
		return hold(err.Error())
	}
	if !c.TheCase.PostalOK {
		return hold("nobody has confirmed the postal address yet")
	}
	return pass
}

func lookOwn(c register.Claimed, s GuardSettings) GuardVerdict {
	if c.Way != register.ByEmail {
		return pass
	}
	to := sameness(c.To.Address)
	for _, own := range s.Own {
		if sameness(own) == to {
			return never("the address is one of our own; an answer would come back to us for ever")
		}
	}
	if !ourPeople(c.Kind) {
		for _, team := range s.Team {
			if sameness(team) == to {
				return ask("the address is one of our own people's, not a resident's")
			}
		}
	}
	return pass
}

// robots are local parts behind which nobody reads (RFC 2142, section 5; RFC
// 5321, section 4.5.5).
func robots() []string {
	return []string{
		"mailer-daemon", "postmaster", "noreply", "no-reply", "no_reply", "donotreply", "do-not-reply", "do_not_reply",
		"bounce", "bounces", "autoresponder", "auto-reply", "autoreply", "listserv", "majordomo",
	}
}

func lookRobot(c register.Claimed, _ GuardSettings) GuardVerdict {
	local, _, _ := strings.Cut(sameness(c.To.Address), "@")
	switch {
	case slices.Contains(robots(), local):
		return never("a machine has that address, and nobody reads what is sent there")
	case strings.HasSuffix(local, "-request"), strings.HasPrefix(local, "owner-"), strings.HasPrefix(local, "bounce-"):
		return never("a mailing list has that address")
	}
	return pass
}

func lookMachine(c register.Claimed, _ GuardSettings) GuardVerdict {
	r := reading(c)
	switch {
	case r == nil || elsewhere(c):
		return pass
	case r.Automatic != "" && r.Automatic != "none":
		return never(sentence("it would answer automatic mail", r.AutomaticWhy))
	case r.DoNotAnswer != "" && byRules(c):
		return ask(sentence("the mail must not be answered by itself", r.DoNotAnswer))
	}
	return pass
}

// elsewhere reports whether a person has settled that the answer goes to
// somebody whom the mail itself does not name as sender: then its machine's
// signs say nothing about who is answered.
func elsewhere(c register.Claimed) bool {
	if byRules(c) {
		return false
	}
	r, to := reading(c), sameness(c.To.Address)
	if to == sameness(r.From.Address) {
		return false
	}
	return !slices.ContainsFunc(r.ReplyTo, func(a register.Address) bool { return sameness(a.Address) == to })
}

// lookLoop knows a mail of ours that came back to us by its Message-ID.
func lookLoop(c register.Claimed, s GuardSettings) GuardVerdict {
	r := reading(c)
	if r == nil || s.Domain == "" {
		return pass
	}
	id := strings.ToLower(strings.Trim(r.MessageID, "<> \t"))
	if strings.HasSuffix(id, "@"+strings.ToLower(s.Domain)) {
		return never("it would answer a mail that we sent ourselves")
	}
	return pass
}

func lookJunk(c register.Claimed, _ GuardSettings) GuardVerdict {
	if c.TheMessage != nil && c.TheMessage.Junk && byRules(c) {
		return ask("the mail came from the junk folder, and no person has decided on it")
	}
	return pass
}

func lookHistory(c register.Claimed, _ GuardSettings) GuardVerdict {
	if c.TheMessage != nil && c.TheMessage.History && byRules(c) && c.Kind != register.Alert {
		return ask("the mail was taken in as history, and no person has decided on it")
	}
	return pass
}

// lookPersonFirst keeps what the rules decided alone from those to whom a
// person writes first. The fail-safe's holding form says nothing of substance.
func lookPersonFirst(c register.Claimed, _ GuardSettings) GuardVerdict {
	if c.TheMessage == nil || c.TheMessage.Verdict == nil || !byRules(c) || c.Form == register.Holding {
		return pass
	}
	for flag, reason := range map[classify.Flag]string{
		classify.Safeguarding:   "somebody may be in danger: a person reads it first",
		classify.Legal:          "it speaks of legal action: a person reads it first",
		classify.Representative: "somebody writes for a resident: a person settles who is answered",
	} {
		if c.TheMessage.Verdict.Has(flag) {
			return ask(reason)
		}
	}
	return pass
}

func lookQuoted(c register.Claimed, _ GuardSettings) GuardVerdict {
	if c.Form == register.Defined && (c.TheCase == nil || !c.TheCase.MayQuote) {
		return ask("it would say back the words of somebody who is not known to be the sender")
	}
	return pass
}

// lookLanguage asks a person where nobody can write what the resident reads:
// they have it translated, or let it go all the same.
func lookLanguage(c register.Claimed, s GuardSettings) GuardVerdict {
	language := languageOf(c.Language)
	if language == "" || len(s.Languages) == 0 || slices.Contains(s.Languages, language) {
		return pass
	}
	return ask("there are no words in the language that the resident reads best; a person has it translated, or lets it go as it is")
}

func lookRecipientCap(c register.Claimed, s GuardSettings) GuardVerdict {
	limit, who := s.Caps.Recipient, "that address"
	if ourPeople(c.Kind) {
		limit, who = s.Caps.Team, "that address of ours"
	}
	if limit > 0 && c.Recent.Recipient >= limit && c.Kind != register.Alert {
		return ask(fmt.Sprintf("%d replies have gone to %s already; a person checks that no machine answers us", c.Recent.Recipient, who))
	}
	return pass
}

func lookCaseCap(c register.Claimed, s GuardSettings) GuardVerdict {
	if s.Caps.Case > 0 && c.Recent.Case >= s.Caps.Case {
		return ask(fmt.Sprintf("%d replies have gone out about this case already; a person checks that no machine answers us", c.Recent.Case))
	}
	return pass
}

// lookBrake stops everything but alerts, which say that it was stopped.
func lookBrake(c register.Claimed, s GuardSettings) GuardVerdict {
	if s.Caps.All > 0 && c.Recent.All >= s.Caps.All && c.Kind != register.Alert {
		v := ask(fmt.Sprintf("%d mails have gone out already; a person checks that nothing has run wild", c.Recent.All))
		v.Brake = true
		return v
	}
	return pass
}

func reading(c register.Claimed) *register.Reading {
	if c.TheMessage == nil {
		return nil
	}
	return c.TheMessage.Reading
}

// byRules reports whether no person stands behind the reply: none has decided
// on the message, and none has written what it says.
func byRules(c register.Claimed) bool {
	return c.About == nil && c.TheMessage != nil && (c.TheMessage.DecidedBy == "" || strings.HasPrefix(c.TheMessage.DecidedBy, register.RulesActor("")))
}

// sentence puts a reason behind a statement.
func sentence(what, why string) string {
	if why = strings.TrimSpace(why); why == "" {
		return what
	}
	return what + ": " + why
}

// sameness is the form in which addresses are compared: small letters, and
// without what follows a plus sign, which leads to the same mailbox.
func sameness(address string) string {
	address = strings.ToLower(strings.TrimSpace(address))
	local, domain, ok := cutLast(address, "@")
	if !ok {
		return address
	}
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + strings.TrimSuffix(domain, ".")
}

func cutLast(s, sep string) (before, after string, ok bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// checkWebhook lets alerts go to https, and to plain http on this machine.
func checkWebhook(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "":
		return errBadURL
	case u.Scheme == "https", u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return errNotSecret
}
