package mime

import (
	"regexp"
	"strings"
)

// oldBounce recognises the bounces that servers wrote before RFC 3464, and
// that some still write: qmail, Exim, old Exchange, Notes, GroupWise, X.400
// gateways, the big providers. Two signs must agree: who sent it and what it
// says.
func (w *walk) oldBounce(h header, pieces []piece, o Options) (Automatic, string) {
	m := w.m
	text := allText(pieces)
	sign := bounceSign(h, m)
	switch {
	case w.seen.report != "":
		sign = "It is a multipart/report."
	case sign == "" && hardSubject.MatchString(m.Subject) && codeInReply.MatchString(text) && returnedHeader.MatchString(text):
		sign = "It quotes a mail server's answer and the returned mail's header."
	}
	if sign == "" {
		return None, ""
	}
	subject := strings.ToLower(m.Subject)
	failed := failSubject.MatchString(subject)
	delayed := isDelayWords(m.Subject) || !failed && delayWords.MatchString(firstWords(text))
	if !failed && !delayed && !failWords.MatchString(firstWords(text)) {
		return None, ""
	}
	if delayed && !failed && byAway(m) {
		return None, ""
	}
	r := &w.seen.read
	m.Bounce.OriginalMessageID = r.originalID
	w.failedRecipients(h)
	if m.Bounce.OriginalMessageID == "" && ownID(m, o) != "" {
		m.Bounce.OriginalMessageID = ownID(m, o)
	}
	w.fromWords(text)
	if delayed {
		return Delay, sign + " The words are those of a delay notice."
	}
	m.Bounce.Permanent = isPermanent(m.Bounce.Status, !tempWords.MatchString(firstWords(text)))
	return Bounce, sign + " The words are those of a mail server that could not deliver."
}

func byAway(m *Message) bool { return awaySubject.MatchString(strings.ToLower(m.Subject)) }

// ownID finds a Message-ID of ours among those that the bounce answers.
func ownID(m *Message, o Options) string {
	for _, id := range append(append([]string(nil), m.InReplyTo...), m.References...) {
		if o.OwnMessageID == nil || o.OwnMessageID(id) {
			return id
		}
	}
	return ""
}

// bounceSign says by what the sender looks like a mail server.
func bounceSign(h header, m *Message) string {
	local := localOf(m.From.Address)
	name := strings.ToLower(m.From.Name)
	switch {
	case h.raw("X-Failed-Recipients") != "":
		return "Header X-Failed-Recipients is set."
	case m.ReturnPath == "<>":
		return "The return path is null."
	case strings.Contains(local, "mailer-daemon") || strings.Contains(local, "mailerdaemon") || local == "postmaster" || local == "postoffice" ||
		strings.HasPrefix(local, "microsoftexchange329e71ec88ae4615bbc36ab6ce41109e") || local == "mdaemon" || local == "mail-daemon" || local == "maildaemon" || local == "post_master" || local == "mailmaster" || local == "mailer" || local == "mmdf":
		return "The sender is " + shown(m.From.Address) + "."
	case daemonName.MatchString(name):
		return "The sender is " + shown(m.From.Name) + "."
	case m.From.Address == "" && strings.Contains(strings.ToLower(h.raw("From")), "mailer-daemon"):
		return "The sender is a mailer-daemon."
	}
	return ""
}

// daemonName is what mail servers call themselves.
var daemonName = regexp.MustCompile(`mail deliver|mailer[- ]?daemon|postmaster|system administrator|mail administrator|delivery (subsystem|system|agent|service)|^mail system|interscan|mail server|message transfer`)

// hardSubject is a bounce's without a doubt, when no "Re:" or "Fwd:" stands before it.
var hardSubject = regexp.MustCompile(`(?i)^\s*(undeliver|returned mail|failure notice|mail delivery (failed|failure|error)|delivery (status notification|failure|notification)|mail system error|mail could not be delivered|there was an error sending your mail|non[- ]?delivery)`)

var returnedHeader = regexp.MustCompile(`(?im)^[>\s]*(message-id|received|return-path):`)

// firstWords is where a server says what happened, before the returned mail.
func firstWords(text string) string {
	return text[:min(len(text), 4000)]
}

var failSubject = regexp.MustCompile(`(undeliver(able|ed)|returned mail|mail delivery (failed|failure|error|problem)|delivery (status notification|failure|notification|has failed|report|problem|failed)|` +
	`failure notice|mail (system )?error|non[- ]?delivery|message (could not be delivered|undeliverable|delivery (failure|has failed))|nondeliverable|` +
	`unzustellbar|nicht zugestellt|rückläufer|non remis|échec de (la )?(remise|distribution)|niet bestelbaar|onbestelbaar|mancato recapito|no se puede entregar|no entregable|` +
	`niedostarczone|olevererbart|ikke leveret|kan ikke leveres|kunde inte levereras|rejected mail|error sending your mail|could not be (sent|delivered)|\[bounce\]|mail status report|delivery_failure|user unknown|unknown (user|recipient)|ndn:|returned to sender|delivery to the following|^message \S+ frozen|无法投递|退信|配信不能)`)

var failWords = regexp.MustCompile(`(?i)(could not be delivered|couldn't be delivered|cannot be delivered|can't be delivered|was(n't| not) delivered|unable to deliver|not able to deliver|wasn't able to deliver|could not deliver|had trouble delivering|error(s)? (was|were) reported|error (delivering|sending) your (mail|message)|delivery (problems|errors?)|failure reasons?|delivery (to the following|failed|has failed)|` +
	`permanent (fatal )?errors?|undeliverable|did not reach the following|not delivered to|returned to (the )?sender|user unknown|unknown user|no such (user|recipient|mailbox|person)|` +
	`mailbox (is )?(full|unavailable|not found)|recipient (address )?rejected|address (rejected|not found)|does not exist|doesn't have an? .{0,30} account|message was rejected|rejected your message|550[ -]5?|konnte nicht zugestellt|n'a pas pu être remis)`)

var delayWords = regexp.MustCompile(`(?i)(this is a warning message only|you do not need to resend|has not (yet )?been delivered|delivery (has been )?delayed|delivery (is )?incomplete|still (being )?(retr|try)|will (continue to|keep) (try|be retried)|could not be delivered (yet|for \d+ hours)|warning: (could not send|message) .{0,40}(hour|delay)|temporary problem delivering|is delayed for more than|only a temporary failure)`)

var delaySubject = regexp.MustCompile(`(?i)(\bdelay(ed)?\b|warning: (message|could not send|mail)|\(warning\)|delivery incomplete|notification: warning|not yet been delivered|still being retried)`)

// isDelayWords knows the subjects of delay notices.
func isDelayWords(subject string) bool {
	return delaySubject.MatchString(subject) && !strings.Contains(strings.ToLower(subject), "failure")
}

var tempWords = regexp.MustCompile(`(?i)(mailbox (is )?full|over (the )?quota|quota exceeded|exceeded (its|the|his) (storage|quota|mailbox)|insufficient (disk|storage|system)|try again later|temporar(y|ily)|timed? ?out|connection (refused|timed)|greylist)`)

// statusInWords finds the status code that free text gives, or makes one of
// its words.
func statusInWords(text string) string {
	text = beforeReturned(text)
	if code := codeInReply.FindStringSubmatch(text); code != nil {
		return code[1]
	}
	if code := hashCode.FindStringSubmatch(text); code != nil {
		return code[1]
	}
	if s := statusFromReply(text); s != "" {
		return s
	}
	return statusByPhrase(text)
}

// beforeReturned cuts the returned mail off, whose numbers mean other things.
func beforeReturned(text string) string {
	for _, mark := range []string{"\n[Returned message", "\n--- Below this line is a copy", "\n------ This is a copy", "\n----- Original message", "\nOriginal message follows", "\n   ----- Original message"} {
		if i := strings.Index(text, mark); i > 0 {
			text = text[:i]
		}
	}
	return text[:min(len(text), 20_000)]
}

var (
	codeInReply = regexp.MustCompile(`(?i)\b[45]\d\d[ \-#]{1,3}[#(]?([45]\.\d{1,3}\.\d{1,3})\b`)
	hashCode    = regexp.MustCompile(`#([45]\.\d{1,3}\.\d{1,3})\b`)
	replyCode   = regexp.MustCompile(`(?i)(?:said:|responded:|smtp;|error(?: from remote)?[^\n]{0,60}:|<<<|^|\n|:)\s*\(?#?([45])(\d\d)[ \-]`)
)

// statusFromReply makes a status of a bare SMTP reply code (RFC 5321, 4.2).
func statusFromReply(text string) string {
	if s := statusCode.FindString(text); s != "" && len(text) < 1000 {
		return s
	}
	m := replyCode.FindStringSubmatch(text)
	if m == nil {
		return ""
	}
	if s := statusByPhrase(text); s != "" && s[:1] == m[1] {
		return s
	}
	switch m[1] + m[2] {
	case "550", "551", "553":
		return "5.1.1"
	case "552":
		return "5.2.2"
	}
	return m[1] + ".0.0"
}

// statusByPhrase knows what servers say in words.
func statusByPhrase(text string) string {
	for _, p := range phrases {
		if p.words.MatchString(text) {
			return p.status
		}
	}
	return ""
}

var phrases = []struct {
	words  *regexp.Regexp
	status string
}{
	{regexp.MustCompile(`(?i)(mailbox (is )?full|over (the |his |its )?quota|quota exceeded|exceed(s|ed) .{0,30}(quota|storage|mailbox)|mailbox exceeds)`), "5.2.2"},
	{regexp.MustCompile(`(?i)(user unknown|unknown user|no such (user|recipient|mailbox|person|address)|no mailbox here|unknown (recipient|address|local)|does ?n[o']t exist|not listed in|recipient not found|address (could not be|not) found|invalid (recipient|mailbox|address)|unrouteable address|mailbox (unavailable|not found)|doesn't have an? .{0,30} account|address you entered couldn't be found|not known at|group you tried to contact)`), "5.1.1"},
	{regexp.MustCompile(`(?i)(host (unknown|not found)|unknown host|domain (not found|does ?n[o']t exist)|couldn't find any host|name service error|bad destination)`), "5.1.2"},
	{regexp.MustCompile(`(?i)(account (has been )?(disabled|inactive|suspended)|mailbox (has been )?(disabled|inactive)|disabled account)`), "5.2.1"},
	{regexp.MustCompile(`(?i)(message (is )?too (large|big)|size (limit )?exceed|exceeds .{0,20}size)`), "5.3.4"},
	{regexp.MustCompile(`(?i)(spam|blocked|blacklist|policy|access denied|not authori[sz]ed|relay(ing)? (access )?denied)`), "5.7.1"},
	{regexp.MustCompile(`(?i)(not delivered within \d|delivery time expired|message expired|queue\.expired)`), "4.4.7"},
	{regexp.MustCompile(`(?i)(retry (time|timeout) (not reached|exceeded)|timed? ?out|connection refused|in the queue (on this server )?too long|wasn't able to establish an smtp connection)`), "4.4.1"},
}

var (
	recipientLine = regexp.MustCompile(`(?im)^\s*(?:original[- ]recipient|final[- ]recipient|recipient|to|for|failed recipient|unknown user|your message to|your message|message to|address|user|e-mail address|rcpt to)\s*[:=]?\s*<?(?:rfc822;)?\s*([^\s<>:;,"]+@[^\s<>:;,"]+\.[^\s<>:;,"]+)`)
	bareLine      = regexp.MustCompile(`(?m)^\s*<?([^\s<>:;,"()]+@[^\s<>:;,"()]+\.[^\s<>:;,"()]+)`)
	anyAddress    = regexp.MustCompile(`[^\s<>:;,"'()\[\]]+@[^\s<>:;,"'()\[\]]+\.[A-Za-z0-9-]+`)
	idLine        = regexp.MustCompile(`(?im)^[>\s]*message-id:\s*<?([^\s<>]+@[^\s<>]+)>?`)
)

// wordsRecipient finds whom a free text is about: an address that stands
// where servers put it and is not our own.
func (w *walk) wordsRecipient(text string) string {
	head := beforeReturned(text)
	for _, form := range []*regexp.Regexp{bareLine, recipientLine} {
		for _, m := range form.FindAllStringSubmatch(head, 20) {
			if a := mailbox(m[1]); a != "" && !w.isReceiver(a) {
				return a
			}
		}
	}
	for _, s := range anyAddress.FindAllString(head, 20) {
		if a := mailbox(s); a != "" && !w.isReceiver(a) {
			return a
		}
	}
	return w.seen.read.originalTo
}

// isReceiver says whether an address is that which got or sent this notice.
func (w *walk) isReceiver(a string) bool {
	if strings.EqualFold(a, w.m.From.Address) || strings.HasPrefix(strings.ToLower(a), "postmaster@") {
		return true
	}
	for _, to := range w.m.To {
		if strings.EqualFold(to.Address, a) {
			return true
		}
	}
	return false
}

// idInWords finds the Message-ID in a header that was pasted into the text.
func idInWords(text string) string {
	if m := idLine.FindStringSubmatch(text); m != nil {
		return clean(m[1])
	}
	return ""
}
