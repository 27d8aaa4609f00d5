package mime

import (
	"regexp"
	"strings"
)

// A letter is a text whose new lines are to be found. Lines are only ever left
// out, never changed; when it is not clear that a line is old it stays.
type letter struct {
	*reader
	lines []string
	old   []bool
	limit int // lines from here on are quoted to the end
	found bool
	plain int // the last line with words that has no ">" in front
	first int // no line above it is new and has words
	below markedRun
}

// maxLines is how long a letter may be for its old lines to be looked for; no
// resident writes a longer one.
const maxLines = 20_000

// mostLooked bounds what is held against the forms of dividing lines and
// footers in the texts of one mail, in bytes of lines that look like one: each
// byte costs some microseconds. What stands below is not clearly old.
const mostLooked = 512 << 10

// A reader finds the new lines in the texts of one mail.
type reader struct {
	reply bool              // the mail answers another one
	own   func(string) bool // knows the addresses of the landlord, whose forwarded mail is not news
	left  int               // bytes that may still be looked at
}

func newReader(reply bool, own func(string) bool) *reader {
	return &reader{reply: reply, own: own, left: mostLooked}
}

// look takes n bytes of what may be looked at, and says whether there were as many.
func (r *reader) look(n int) bool {
	r.left -= n
	return r.left >= 0
}

// newText gives the lines of text that its sender wrote now: without quoted
// earlier mail, signatures, disclaimers and the footers of telephones.
func (r *reader) newText(text string) string {
	if strings.Count(text, "\n") > maxLines {
		return strings.TrimSpace(text)
	}
	l := &letter{reader: r, lines: strings.Split(text, "\n")}
	l.old = make([]bool, len(l.lines))
	l.limit = len(l.lines)
	for i, line := range l.lines {
		if !isQuoted(line) && strings.TrimSpace(line) != "" {
			l.plain = i
		}
	}
	if strings.Contains(text, "-----BEGIN PGP ") {
		l.armor()
	}
	l.cutBelow()
	l.attributions()
	l.marked()
	quoted := l.kept()
	l.signature()
	l.footers()
	kept := l.kept()
	if kept == "" && quoted == "" && !r.reply {
		return strings.TrimSpace(text) // nothing but old mail, sent on: it is what the sender has to say
	}
	return kept
}

// kept joins the lines that are left.
func (l *letter) kept() string {
	var out []string
	blank := true
	for i, line := range l.lines {
		if l.old[i] {
			continue
		}
		if empty := strings.TrimSpace(line) == ""; !empty || !blank {
			out = append(out, line)
			blank = empty
		}
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

func (l *letter) drop(from, to int) {
	for i := from; i < to && i < len(l.old); i++ {
		l.old[i] = true
	}
}

var (
	originalLine = regexp.MustCompile(`(?i)^[\s>]*[-_=]{2,}\s*(original (message|appointment|text)|ursprüngliche nachricht|message d'origine|message original|mensaje original|` +
		`mensagem original|oprindelig (meddelelse|besked)|opprinnelig melding|ursprungligt meddelande|originalmeddelande|antwort nachricht|orijinal mesaj|oorspronkelijk bericht|messaggio originale|wiadomość oryginalna|původní zpráva|mesaj original|mesajul original|orijinal ileti|` +
		`alkuperäinen viesti|neges wreiddiol|исходное сообщение|-*original message follows|reply message|reply (above|below) this line)\s*[-_=]{0,}\s*(follows)?\s*[-_=]*\s*$`)
	replyMark   = regexp.MustCompile(`(?i)^[\s>]*(##-? ?|[-=_*#]{2,} ?)?(please )?(type|write|enter)? ?(your )?(reply|response) above this line[^\n]{0,80}$`)
	followsLine = regexp.MustCompile(`(?i)^\s*-{2,}\s*(original|your) (message|email|e-mail)( follows| below)?\s*-{0,}\s*$`)
	forwardLine = regexp.MustCompile(`(?i)^[\s>]*(-{3,}\s*(forwarded (message|by)|weitergeleitete nachricht|message transféré|mensaje reenviado|doorgestuurd bericht|messaggio inoltrato|przekazana wiadomość|wiadomość przekazana|mensagem encaminhada|mesaj redirecționat)[^\n]*|begin forwarded message:|anfang der weitergeleiteten (nachricht|e-mail):|début du message (réexpédié|transféré)\s*:|inicio del mensaje reenviado:|początek przekazywanej wiadomości:)\s*$`)
	fromField   = regexp.MustCompile(`(?i)^[\s>|]*[*_]{0,2}(from|von|de|da|van|fra|från|od|de la|kimden|lähettäjä|alkaen|oddi wrth|от|від|από|feladó|saatja|šalje|nuo|发件人|差出人)\s?[*_]{0,2}[:：]\s*[*_]{0,2}\s*(\S.*)?$`)
	dateField   = regexp.MustCompile(`(?i)^[\s>|]*[*_]{0,2}(sent|date|gesendet|datum|envoyé|enviado( el)?|fecha|data|inviato|verzonden|sendt|dato|skickat|wysłano|wysłane|odesláno|trimis|gönderildi|tarih|lähetetty|anfonwyd|отправлено|дата|发送时间|送信日時|odoslané|elküldve|saadetud|poslano|изпратено|надіслано|στάλθηκε|nosūtīts|išsiųsta)\s?[*_]{0,2}[:：]`)
	toField     = regexp.MustCompile(`(?i)^[\s>|]*[*_]{0,2}(to|cc|subject|an|betreff|à|objet|para|asunto|assunto|a|oggetto|aan|onderwerp|til|emne|till|ämne|do|temat|komu|předmět|către|subiect|kime|konu|vastaanottaja|aihe|at|pwnc|кому|тема|收件人|主题|宛先|件名|predmet|címzett|tárgy|до|относно|προς|θέμα|kam|tema|tēma|adressaat|teema|za|prima|importance)\s?[*_]{0,2}[:：]`)
	underscores = regexp.MustCompile(`^\s*_{5,}\s*$`)
	ruleLine    = regexp.MustCompile(`^\s*([_=*~#]{8,}|-{5,})\s*$`)
	wroteEnd    = regexp.MustCompile(`(?i)(wrote|writes|said|schrieb|geschrieben|a écrit|escribió|escreveu|ha scritto|schreef|skrev|napisał(\(a\)|a|/a|\(-a\))?|pisze|napsal(\(a\)|a)?|a scris|yazdı|kirjoitti|ysgrifennodd|написал(\(а\)|а)?|写道|のメール)\s?(:|：)\s*$`)
	wroteStart  = regexp.MustCompile(`(?i)^\s*(on|am|le|el|em|il|op|den|dnia|w dniu|dne|în|la|tarihinde|ar|в|at|sent from|from|\d|mon|tue|wed|thu|fri|sat|sun|pon|wt|śr|czw|pt|sob|niedz|lun|mar|mer|jeu|ven|sam|dim|"|<)`)
	// bracketedAddress is "<jo@example.net>" or "(jo@example.net)", links in it or not.
	bracketedAddress = regexp.MustCompile(`[<(\[]\s*(mailto:)?[^\s<>()\[\]]+@[^\s<>()\[\]]+\s*[>)\]<]`)
	timeInLine       = regexp.MustCompile(`\d{1,2}\s?[:.h]\s?\d{2}`)
	dayInLine        = regexp.MustCompile(`\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|(19|20)\d\d`)
	startsDate       = regexp.MustCompile(`^\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})\b`)
	wroteBare        = regexp.MustCompile(`(?i)\bwrote\s*$`)
	firstPerson      = regexp.MustCompile(`\b(I|I['’](m|ve|d|ll)|we|We)\b`)
	quotingStart     = regexp.MustCompile(`(?i)^(quoting|zitat von|citando( a)?|en réponse à|citerar|scrive|cytowanie|cytuję)\b`)
	speaks           = regexp.MustCompile(`(?i)\b(i|me|my|you|your|yours|he|she|they|we|our|us|the|this|that|nobody|somebody)\b`)
	sentFrom         = regexp.MustCompile(`(?i)^\s*sent from `)
	tellsSpeech      = regexp.MustCompile(`(?i)\b(said|says|writes)\s?:\s*$`)
	// dashedWrote is "---- On Mon, 2 Mar 2026 10:00:00 +0000 jo@example.net wrote ----".
	dashedWrote = regexp.MustCompile(`(?i)^\s*-{2,}\s*on .{8,200}\bwrote\s*:?\s*-{2,}\s*$`)
	// wroteAndText is Yahoo's on telephones: the old text begins on the line.
	wroteAndText  = regexp.MustCompile(`(?i)^\s*on .{8,120}<[^\s<>]+@[^\s<>]+>\s*wrote:\s+\S`)
	dashedTitle   = regexp.MustCompile(`^\s*-{3,}\s*[\pL' ]{3,40}\s*-{3,}\s*$`)
	labelled      = regexp.MustCompile(`^\s*[*_]{0,2}[\pL][\pL\pM .]{0,24}[*_]{0,2}\s?[:：]\s*\S`)
	schriebMiddle = regexp.MustCompile(`(?i)^\s*am .{5,60}\bschrieb\b.{1,100}:\s*$`)
	dateInLine    = regexp.MustCompile(`(?i)(\d{1,2}[:.]\d{2}|\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}|\b(19|20)\d\d\b)`)
)

// cutBelow looks for the line under which all is an earlier mail.
func (l *letter) cutBelow() {
	for i := range l.lines {
		if !mayDivide(l.lines[i]) {
			continue
		}
		if !l.look(len(l.lines[i])) {
			return
		}
		at := -1
		switch line := l.lines[i]; {
		case originalLine.MatchString(line), replyMark.MatchString(line), followsLine.MatchString(line):
			at = i
		case forwardLine.MatchString(line):
			if !l.forwardsOwn(i) {
				return // somebody else's words, sent on: they stay
			}
			at = i
		case dashedWrote.MatchString(line) && dateInLine.MatchString(line), wroteAndText.MatchString(line) && dateInLine.MatchString(line):
			at = i
		case l.reply && l.notesBlock(i) >= 0:
			at = l.notesBlock(i)
		case !strings.HasPrefix(strings.TrimSpace(line), ">") && (l.headerBlock(i) || l.reply && l.blockInAnyOrder(i)):
			if !l.reply && !l.forwardsOwn(i) || !l.hasText(i) && !strings.Contains(l.lines[i], "@") {
				return // the second: all that he wrote may be set out in this way
			}
			at = l.aboveRule(i)
		}
		if at >= 0 && l.cutAt(at) {
			return
		}
	}
}

// mayDivide is a quick look for the signs that a dividing line has.
func mayDivide(line string) bool {
	if len(line) > 4000 {
		return false
	}
	head := line[:min(len(line), 60)]
	return strings.Contains(head, ":") || strings.Contains(head, "：") || strings.Contains(head, "--") || strings.Contains(head, "__") ||
		strings.Contains(head, "==") || strings.Contains(strings.ToLower(head), "above this line")
}

// cutAt takes the rest for old, unless it holds answers between or below lines
// that are marked with ">": then the marks say what is old.
func (l *letter) cutAt(i int) bool {
	l.found = true
	if i < l.below.from || i >= l.below.to {
		l.below = l.markedBelow(i)
		if l.below.marked < l.plain {
			l.drop(i, l.below.marked)
		}
	}
	if l.below.marked < l.plain {
		return false
	}
	l.limit = i
	l.drop(i, len(l.lines))
	return true
}

// A markedRun says where the marked line is to which a run of header lines
// leads. It is the same for each line of the run, which may be the whole letter.
type markedRun struct{ from, to, marked int }

// markedBelow finds the marked line with which the earlier mail begins whose
// dividing line is i: that one, or the first under its header. Without one it
// is the end of the letter.
func (l *letter) markedBelow(i int) markedRun {
	for j := i; j < len(l.lines); j++ {
		line := l.lines[j]
		switch {
		case isQuoted(line):
			return markedRun{i, max(j, i+1), j}
		case j > i && strings.TrimSpace(line) != "" && !fromField.MatchString(line) && !dateField.MatchString(line) && !toField.MatchString(line):
			return markedRun{i, j, len(l.lines)}
		}
	}
	return markedRun{i, len(l.lines), len(l.lines)}
}

// aboveRule includes Outlook's line of underscores, and blank lines before it.
func (l *letter) aboveRule(i int) int {
	for j := i - 1; j >= 0 && j >= i-3; j-- {
		if underscores.MatchString(l.lines[j]) || ruleLine.MatchString(l.lines[j]) || dashedTitle.MatchString(l.lines[j]) {
			return j
		}
		if strings.TrimSpace(l.lines[j]) != "" {
			break
		}
	}
	return i
}

func (l *letter) nextText(i int) int {
	for i < len(l.lines) && strings.TrimSpace(l.lines[i]) == "" {
		i++
	}
	return i
}

func isQuoted(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return strings.HasPrefix(line, ">") && !strings.HasPrefix(line, ">From ")
}

// marked drops lines with ">" in front, when the mail answers another or shows
// where an earlier one begins. In one that does neither, somebody drew arrows.
func (l *letter) marked() {
	if !l.reply && !l.found {
		return
	}
	for i, line := range l.lines {
		if isQuoted(line) {
			l.old[i] = true
		}
	}
}
