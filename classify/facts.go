package classify

// A fact is a sign that no rule need find: it is known of the message.
type fact int

// The facts, by the names that rules use.
const (
	factLetter fact = iota
	factForm
	factReply
	factAutomatic
	factAttachment
	factShort
	factLong
	factVeryLong
	factAsks
	factAllQuestions
	factManyQuestions
	factExclaims
	factShouts
	factJoins
	factStage1Answered
	factStage2Answered
	factOpenComplaint
	factForeign
	factNoText
	factSubjectOnly
	factQuotation
	factManyQuotations
	factMany
)

// factNames lists the facts in the order of their numbers.
func factNames() []string {
	return []string{
		"is-letter", "is-form", "is-reply", "is-automatic", "has-attachment", "is-short", "is-long", "is-very-long",
		"asks", "all-questions", "many-questions", "exclaims", "shouts", "joins-case", "stage1-answered",
		"stage2-answered", "open-complaint", "not-english", "no-text", "subject-only", "has-quotation", "many-quotations",
	}
}

// Bounds of the facts about length, in words.
const (
	shortWords    = 16
	longWords     = 120
	veryLongWords = 250
)

// facts tells which facts hold.
func facts(m Message, c Context, d *document, language string) [factMany]bool {
	var f [factMany]bool
	words, asks, exclaims, sentences := count(d)
	f[factLetter] = m.Channel == "letter"
	f[factForm] = m.Channel == "form" || m.Channel == "portal"
	f[factReply] = m.ReplyToOurs || isReply(m.Subject)
	f[factAutomatic] = m.Automatic != "" && m.Automatic != "none"
	f[factAttachment] = m.Attachments > 0
	f[factShort] = words > 0 && words <= shortWords
	f[factLong] = words >= longWords
	f[factVeryLong] = words >= veryLongWords
	f[factAsks] = asks > 0
	f[factAllQuestions] = asks > 0 && asks >= sentences-1
	f[factManyQuestions] = asks >= 3
	f[factExclaims] = exclaims > 0
	f[factShouts] = d.letters > 24 && d.upper*5 > d.letters*2
	f[factJoins] = c.Joins
	f[factStage1Answered] = c.Stage1Answered
	f[factStage2Answered] = c.Stage2Answered
	f[factOpenComplaint] = c.Joins && c.CaseKind == Complaint && !c.Stage1Answered
	f[factForeign] = language != "en"
	f[factNoText] = words == 0
	f[factQuotation] = d.quotations >= 2
	f[factManyQuotations] = d.quotations >= 6
	f[factSubjectOnly] = words == 0 && len(d.sentences) > 0
	return f
}

func count(d *document) (words, asks, exclaims, sentences int) {
	for i := d.subject; i < len(d.sentences); i++ {
		s := &d.sentences[i]
		if d.tokens[s.from].masked {
			continue
		}
		words += s.to - s.from
		sentences++
		switch s.ends {
		case '?':
			asks++
		case '!':
			exclaims++
		}
	}
	return words, asks, exclaims, sentences
}

// isReply knows the beginnings that mail programs give the subject of an
// answer: English and Outlook's, German, Polish.
func isReply(subject string) bool {
	return len(subject) > 3 && (equalFoldPrefix(subject, "re:") || equalFoldPrefix(subject, "re :") || equalFoldPrefix(subject, "aw:") || equalFoldPrefix(subject, "odp:"))
}

func equalFoldPrefix(s, prefix string) bool {
	if len(s) < len(prefix) {
		return false
	}
	for i := range len(prefix) {
		b := s[i]
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != prefix[i] {
			return false
		}
	}
	return true
}
