package mime

import (
	"regexp"
	"strings"
)

// byWords recognises the out-of-office mail that carries no header sign. A
// false alarm would silence a resident, so subject and text must agree, and
// the text must be short.
func byWords(m *Message) (Automatic, string) {
	text := strings.TrimSpace(m.NewText)
	if len(m.Attachments) > 2 || len(text) > 2500 {
		return None, ""
	}
	if receiptSubject.MatchString(m.Subject) && receiptText.MatchString(text) {
		return ReadReceipt, "The subject and the words are those of a read receipt."
	}
	if markedSubject.MatchString(m.Subject) {
		return AutoReply, "The subject “" + shown(m.Subject) + "” is marked as that of an automatic reply."
	}
	if thanksAway(text) {
		return AutoReply, "The words are those of an out-of-office reply."
	}
	if subject := strings.ToLower(m.Subject); awaySubject.MatchString(subject) && (text == "" || awayText.MatchString(text)) {
		return AutoReply, "The subject and the words “" + shown(m.Subject) + "” are those of an out-of-office reply."
	}
	if !mentionsMachine(text) || !machineText.MatchString(text) {
		return None, ""
	}
	if ackSubject.MatchString(m.Subject) {
		return AutoReply, "The subject and the text say that a machine wrote it."
	}
	if away := awayText.FindString(text); away != "" && len(text) < 1200 && saysItself.MatchString(text) {
		return AutoReply, "The text says that it is automatic: “" + shown(away) + "”."
	}
	return None, ""
}

// thanksAway knows the commonest out-of-office reply by three things together:
// it thanks for a mail, says that its writer is away, and what happens then.
func thanksAway(text string) bool {
	return len(text) < 800 && thanksFirst.MatchString(text) && awayPlace.MatchString(text) && awayThen.MatchString(text)
}

var (
	thanksFirst = regexp.MustCompile(`(?i)^\s*((hello|hi|dear)\b[^\n]{0,40}\n+)?\s*(many )?(thank you|thanks)( very much)? for (your|the) (e-?mail|message|mail)`)
	awayPlace   = regexp.MustCompile(`(?i)\b(i am|i'm|i’m|i will be) (currently |now )?(out of (the )?office|on annual leave|on maternity leave|away from (the|my) (office|desk))`)
	awayThen    = regexp.MustCompile(`(?i)\b(will (respond|reply|get back|answer|deal with|read)|if (it is|it's|your (query|matter|email|enquiry) is) urgent|for urgent|urgent (matters|enquiries|queries)|in my absence|no access to (my )?e-?mail|limited access)`)
)

// markedSubject is a subject that a program put its mark on: the whole prefix,
// with its colon or in brackets. "Re: Automatic reply: …" is a person's.
var markedSubject = regexp.MustCompile(`(?i)^\s*(([\[(](auto(matic|mated)?[- ]?(reply|response|responder|answer)|vacation|out of office)[\])])|` +
	`(auto(matic|mated)?[- ]?(reply|response|responder|answer)|vacation (reply|response)|out of (the )?office( auto-?reply)?|abwesenheitsnotiz|abwesend|automatische (antwort|abwesenheitsnotiz)|` +
	`réponse automatique|absence du bureau|automatisch antwoord|afwezigheidsbericht|automatisk svar|autosvar|frånvaro|automaattinen vastaus|risposta automatica|fuori sede|respuesta automática|` +
	`fuera de la oficina|resposta automática|odpowiedź automatyczna|autoodpowiedź|automatická odpověď|automatická odpoveď|răspuns automat|automatikus válasz|automatski odgovor|αυτόματη απάντηση|` +
	`автоответ|автоматический ответ|автоматична відповідь|автоматичен отговор|otomatik yanıt|رد تلقائي|ateb awtomatig|自動返信|自動応答|不在通知|自动回复|自動回覆|자동 회신|자동응답)\s?[:：])`)

var (
	receiptSubject = regexp.MustCompile(`(?i)^\s*(read|not read|deleted)\s?:`)
	receiptText    = regexp.MustCompile(`(?is)^\s*your message\b.{0,600}\b(was read on|was deleted without being read)\b`)
)

// mentionsMachine is a quick look for the words that machineText needs.
func mentionsMachine(text string) bool {
	lower := strings.ToLower(text)
	for _, hint := range []string{"auto", "do not re", "monitored", "replies to this", "system"} {
		if strings.Contains(lower, hint) {
			return true
		}
	}
	return false
}

// awaySubject is what programs put in front of the subject that they answer.
var awaySubject = regexp.MustCompile(`^\s*(automatic reply|auto(matic)?[- ]?(reply|response|responder)|auto:|out of (the )?office\s*($|[-:–—(,.!]|re:|auto|reply|notification|message|until|response)|ooo\b|` +
	`abwesenheitsnotiz|abwesenheit|automatische antwort|réponse automatique|absence du bureau|automatisch antwoord|afwezigheidsbericht|` +
	`autosvar|automatisk svar|automaattinen vastaus|risposta automatica|respuesta automática|fuera de la oficina|resposta automática|` +
	`odpowiedź automatyczna|autoodpowiedź|poza biurem|automatická odpověď|răspuns automat|автоответ|автоматический ответ|otomatik yanıt|` +
	`ateb awtomatig|allan o'r swyddfa|自動返信|自动回复|vacation reply|away from (the |my )?(office|desk|email))`)

// awayText is what such mail says.
var awayText = regexp.MustCompile(`(?i)(out of (the )?office|on (annual |maternity |paternity |sick |study |parental )?leave|on holiday|on vacation|` +
	`(i am|i'm|i’m|i will be|i'll be) (currently |now )?(away|out)\b|away from (my|the) (desk|office|email|computer)|` +
	`(no|limited|intermittent) access to (my )?e-?mails?|will (reply|respond|get back to you|be back|return|pick up messages)[^.\n]{0,40}\b(return|back|on|when|as soon)|` +
	`this (mailbox|inbox|email address|account) is (not|no longer) (monitored|in use|read)|nicht im (büro|hause)|absent du bureau|fuera de la oficina|` +
	`poza biurem|na urlopie|no longer work(s|ing)? (for|at|here)|have now left|i return to (work|the office))`)

// ackSubject and machineText together show an acknowledgement by a machine.
var ackSubject = regexp.MustCompile(`(?i)(automatic(ally)? (acknowledge?ment|generated|response|confirmation)|auto[- ]?acknowledge?ment|do not reply|` +
	`thank you for (contacting|your (e-?mail|enquiry|message|query))|we('ve| have) received your|^\s*automatic reply|ticket (received|created)|acknowledgement of)`)

var machineText = regexp.MustCompile(`(?i)(this is an? (auto(mated|matic)|system[- ]generated)|auto(matically|matic|mated|-)[- ]?(generated|reply|response|message|acknowledge?ment|email)|` +
	`(please )?do not (reply|respond) to this|this (mailbox|inbox|email address) is not monitored|replies to this (e-?mail|message|address) (are|will) not|` +
	`this e-?mail (was|is) (sent|generated) automatically|dies ist eine automatisch|ceci est (un message|une réponse) automatique)`)

// saysItself is a text that calls itself automatic, not another one.
var saysItself = regexp.MustCompile(`(?i)(^|[.!\n]\s*)(this is an? (auto(mated|matic)|system)[- ]?(generated )?(reply|response|message|e-?mail|acknowledge?ment|notification)|` +
	`auto(matic|mated)?[- ](reply|response)\b|this (e-?mail|message) (was|is) (sent|generated) automatically)`)
