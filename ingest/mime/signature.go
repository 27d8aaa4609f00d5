package mime

import (
	"regexp"
	"strings"
)

// signature drops what stands under the "-- " line (RFC 3676, section 4.3),
// and company footers under a drawn line. The last such place counts, so that
// a dash in the middle of a letter costs nothing.
func (l *letter) signature() {
	for i, tried := l.limit-1, 0; i > 0 && tried < maxSignatures; i-- {
		if l.old[i] || !startsRule(l.lines[i]) {
			continue
		}
		tried++
		line := strings.TrimRight(l.lines[i], "\r\u00a0")
		rest := l.rest(i + 1)
		switch {
		case line == "-- " || strings.TrimSpace(line) == "--":
			if countWords(rest) <= 60 || disclaimer.MatchString(rest) {
				l.dropOwn(i)
			}
		case ruleLine.MatchString(line) || underscores.MatchString(line):
			if l.footerBelow(i, rest) {
				l.dropOwn(i)
			}
		}
	}
	l.disclaimers()
}

// maxSignatures is how many drawn lines are looked at from the end.
const maxSignatures = 50

func startsRule(line string) bool {
	line = strings.TrimLeft(line, " \t")
	return line != "" && len(line) < 400 && strings.IndexByte("-_=*~#", line[0]) >= 0
}

// footerBelow says whether a company's footer stands under the line at i. A
// resident may draw lines too, so the words must show it.
func (l *letter) footerBelow(i int, rest string) bool {
	if strings.TrimSpace(rest) == "" || !l.hasText(i) || readForm(strings.Join(l.lines, "\n")).isForm() {
		return false
	}
	n := countWords(rest)
	return disclaimer.MatchString(rest) && n <= 300 || companyFooter.MatchString(rest) && n <= 60
}

// rest joins the lines from i that are still new.
func (l *letter) rest(i int) string {
	var out []string
	size := 0
	for ; i < l.limit && size < 8000; i++ {
		if !l.old[i] {
			out = append(out, l.lines[i])
			size += len(l.lines[i])
		}
	}
	return strings.Join(out, "\n")
}

func (l *letter) dropOwn(i int) {
	l.drop(i, l.limit)
	l.limit = i
}

// hasText says whether anything new stands above line i. What is old stays so,
// so that no line is looked at twice.
func (l *letter) hasText(i int) bool {
	for l.first < i && (l.old[l.first] || strings.TrimSpace(l.lines[l.first]) == "") {
		l.first++
	}
	return l.first < i
}

func countWords(s string) int { return len(strings.Fields(s)) }

var disclaimer = regexp.MustCompile(`(?i)(this (e-?mail|message|communication)( and any (attachments?|files?)[^.\n]{0,40})?( transmitted with it)?,? (is|are|may be|may contain|contains?|and its attachments?)[^.\n]{0,60}(confidential|privileged|intended)|` +
	`intended (only |solely |exclusively )?for (the )?(use of the |attention of the )?(individual|addressee|recipient|person|named)|if you (are|have) (not the intended|received this (e-?mail|message|communication) in error)|` +
	`confidentiality (notice|note)|(email|e-mail) disclaimer|registered (office|in england|in scotland|charity|number)|think before (you )?print|consider the environment before|virus[- ]free|scanned (for|by) .{0,40}virus|company (registration )?(no|number))`)

var companyFooter = regexp.MustCompile(`(?i)(www\.|https?://|\bltd\b|\bplc\b|\bllp\b| \| |\b(t|tel|mob|m):|direct dial)`)

// disclaimers drops the paragraphs of a disclaimer where they end the letter.
func (l *letter) disclaimers() {
	end := l.limit
	for end > 0 {
		start, last := l.lastParagraph(end)
		if start < 0 {
			return
		}
		text := strings.Join(l.lines[start:last], " ")
		if text = strings.TrimSpace(text); !disclaimerStart.MatchString(text) && !companyLine.MatchString(text) || !l.hasText(start) {
			return
		}
		l.drop(start, last)
		end = start
	}
}

var disclaimerStart = regexp.MustCompile(`(?i)^[-*_\s]*(this (e-?mail|message|communication|transmission)( has been checked| and any| and its|,| is (confidential|intended|for)| may contain| contains| has been scanned)|the (information|contents?) (contained )?(in|of) this (e-?mail|message|communication)|` +
	`(email |e-mail |legal )?(disclaimer|confidentiality( notice| note)?|important notice|privileged (and|&) confidential)\b|if you (are not the intended|have received this (e-?mail|message)( in error| by mistake))|please (consider|think of) the environment|` +
	`virus[- ]free|registered (office|in england|charity)|scanned by|(any )?views (or|and) opinions)`)

// companyLine is the paragraph that the law wants from companies.
var companyLine = regexp.MustCompile(`(?i)(authori[sz]ed and regulated by|registered (office:|in england)|company (registration )?(no|number)\b)`)

// lastParagraph finds the last new paragraph before line end.
func (l *letter) lastParagraph(end int) (start, last int) {
	last = end
	for last > 0 && (l.old[last-1] || strings.TrimSpace(l.lines[last-1]) == "") {
		last--
	}
	if last == 0 {
		return -1, 0
	}
	start = last
	for start > 0 && !l.old[start-1] && strings.TrimSpace(l.lines[start-1]) != "" {
		start--
	}
	return start, last
}

// footer knows the lines that telephones and free mail services add.
var footer = regexp.MustCompile(`(?i)^[\s>*_-]*(sent (from|via|with|using) (my |the |an? |a )?(iphone|ipad|ipod|samsung|galaxy|android|mobile|phone|smartphone|huawei|htc|sony|xperia|nokia|lg|oneplus|pixel|xiaomi|redmi|oppo|honor|motorola|blackberry|windows phone|` +
	`outlook|yahoo|mail|aol|bt|o2|ee|vodafone|three|proton|gmail|tablet|kindle|hotmail|sky|virgin|talktalk|tesco|giffgaff|fairphone|nothing phone|bluemail|spark|gmx|hey|email)\b[^\n]{0,100}|` +
	`get outlook for (ios|android)[^\n]{0,80}|download outlook for[^\n]{0,60}|get bluemail for[^\n]{0,60}|yahoo mail: search, organi[sz]e, conquer[^\n]{0,60}|` +
	`envoyé (de(puis)?|à partir de) (mon |l')?\S[^\n]{0,40}|von meinem \S+( \S+)? gesendet|gesendet (von|mit) [^\n]{0,60}|enviado (desde|do|a partir do) (mi |meu )?[^\n]{0,40}|inviato da(l mio)? [^\n]{0,40}|verzonden (vanaf|met) [^\n]{0,40}|` +
	`wysłan[eoa] z (mojego )?[^\n]{0,60}|trimis de pe [^\n]{0,40}|odesláno z [^\n]{0,40}|skickat från [^\n]{0,40}|anfonwyd o['’]?[^\n]{0,40}|отправлено с [^\n]{0,40}|发自我的[^\n]{0,40}|iphoneから送信|从我的[^\n]{0,30}发送|verstuurd (vanaf|met|via) [^\n]{0,40}|sendt (fra|med) min[^\n]{0,40}|lähetetty [^\n]{0,30}(phone|puhelim)[^\n]{0,20}|odoslané z [^\n]{0,40}|` +
	`elküldve [^\n]{0,30}(phone|telefon)[^\n]{0,20}|\S+['’]?(dan|den|umdan) gönderildi|أُ?رسلت من [^\n]{0,40}|poslano (s|iz) (mojega |mog )?[^\n]{0,30}|εστάλη από [^\n]{0,40}|надіслано з [^\n]{0,40}|` +
	`sent from my [^\n]{0,40}\b(4g|5g|lte|device|handset)\b[^\n]{0,20}|sent from (mymail|the all new aol app) [^\n]{0,30}|this (message|e-?mail) was sent from (a|my) (blackberry|mobile|phone|iphone|android)[^\n]{0,20}|sent from my (amazon|google|kindle|fire|moto|realme|nokia|doro)\b[^\n]{0,30}|get (typeapp|aqua mail|spark|edison|newton) for [^\n]{0,40}|` +
	`(télécharge[rz]|obtenir|obtener|obtén|obter|scarica|ottieni|download|hämta|hent|pobierz|descarga) (o |aplikację )?outlook (pour|para|per|voor|för|til|dla) [^\n]{0,60}|outlook für (ios|android) (herunterladen|beziehen|abrufen)[^\n]{0,60})\s*[.>]?\s*(<https?://[^\s>]*>)?\s*$`)

// banner knows what mail gateways write above or below a letter.
var banner = regexp.MustCompile(`(?i)^[\s\[*!_>-]*(caution|warning|external|external (e-?mail|sender|message)|be careful)\b[\]:!*\s-]*((this (e-?mail|message)|it) (originated|came|was sent|has been sent|is) from (outside|an external)|do not click|you don't often get email|this is an external|sender)|` +
	`^\s*you don.t often get e-?mail from |^\W*((caution|warning)\W+)?(external|ext)( e-?mail| sender)?\W*$`)

// lastFooter is what programs of any name write below a letter.
var lastFooter = regexp.MustCompile(`^\s*Sent (from|via|using|with) [A-Z][\w'&.+-]*( [\w'&.+-]+){0,3}\s*$`)

// footers drops single lines: phones' footers and gateways' banners.
func (l *letter) footers() {
	for i, line := range l.lines {
		if !l.old[i] && len(line) < 400 && l.look(len(line)) && (len(line) < 200 && footer.MatchString(line) || banner.MatchString(line)) {
			l.old[i] = true
		}
	}
	if start, last := l.lastParagraph(l.limit); start > 0 && last == start+1 && lastFooter.MatchString(l.lines[start]) && l.hasText(start) {
		l.old[start] = true
	}
}
