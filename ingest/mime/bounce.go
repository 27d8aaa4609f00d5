package mime

import (
	"regexp"
	"strings"
)

// reportBlocks reads the groups of fields of a delivery status (RFC 3464,
// section 2.1) or a disposition. Names are in lower case.
func reportBlocks(text string) []map[string]string {
	var blocks []map[string]string
	block, last := map[string]string{}, ""
	flush := func() {
		if len(block) > 0 && len(blocks) < 2000 {
			blocks = append(blocks, block)
		}
		block, last = map[string]string{}, ""
	}
	for line := range strings.SplitSeq(text, "\n") {
		switch name, ok := fieldName([]byte(line)); {
		case strings.TrimSpace(line) == "":
			flush()
		case (line[0] == ' ' || line[0] == '\t') && last != "":
			if len(block[last]) < 4000 {
				block[last] += " " + strings.TrimSpace(line)
			}
		case ok:
			last = strings.ToLower(name)
			if _, twice := block[last]; !twice {
				block[last] = strings.TrimSpace(line[strings.IndexByte(line, ':')+1:])
			}
		}
	}
	flush()
	return blocks
}

// deliveryReport reads RFC 3464: the worst thing that befell a recipient.
func (w *walk) deliveryReport(h header, pieces []piece) (Automatic, string) {
	m, r := w.m, &w.seen.read
	m.Bounce.OriginalMessageID = r.originalID
	action, found := "", -1
	for _, text := range r.delivery {
		for _, block := range reportBlocks(text) {
			if id := block["original-message-id"]; id != "" && m.Bounce.OriginalMessageID == "" {
				m.Bounce.OriginalMessageID = firstID(id)
			}
			if rank := actionRank(block); rank > found {
				found, action = rank, token(block["action"])
				m.Bounce.Recipient, m.Bounce.Status = blockRecipient(block), blockStatus(block)
			}
		}
	}
	w.failedRecipients(h)
	w.fromWords(allText(pieces))
	why := "It is a delivery report (RFC 3464)."
	if action != "" {
		why = "It is a delivery report (RFC 3464) with the action " + shown(action) + "."
	}
	switch {
	case action == "delivered" || action == "relayed" || action == "expanded":
		m.Bounce.Permanent = false
		return ReadReceipt, why
	case action == "delayed" || action == "delay" || action == "deferred" || action == "" && isDelayWords(m.Subject):
		m.Bounce.Permanent = false
		return Delay, why
	case isAwayBounce(m):
		m.Bounce.Permanent = false
		return AutoReply, "It is an out-of-office reply in the form of a delivery report."
	}
	m.Bounce.Permanent = isPermanent(m.Bounce.Status, action == "failed" || action == "")
	return Bounce, why
}

// failedRecipients reads a header that Exim and Google put on bounces.
func (w *walk) failedRecipients(h header) {
	for _, name := range []string{"X-Failed-Recipients", "X-Original-Recipient", "Original-Recipient"} {
		_, value, typed := strings.Cut(h.raw(name), ";")
		if !typed {
			value = h.raw(name)
		}
		if list := answerable(parseAddresses(value)); len(list) > 0 && w.m.Bounce.Recipient == "" && !w.isReceiver(list[0].Address) {
			w.m.Bounce.Recipient = list[0].Address
		}
	}
}

// actionRank orders what a report may say; -1 is no recipient's block.
func actionRank(block map[string]string) int {
	_, named := block["final-recipient"]
	_, original := block["original-recipient"]
	switch token(block["action"]) {
	case "failed", "failure":
		return 5
	case "delayed", "delay", "deferred":
		return 4
	case "delivered", "relayed", "expanded":
		return 2
	case "":
		if named || original {
			return 1
		}
		return -1
	}
	return 3
}

// blockRecipient prefers the address that we wrote to over where it was
// forwarded (RFC 3464, section 2.3.1).
func blockRecipient(block map[string]string) string {
	for _, name := range []string{"original-recipient", "final-recipient", "x-actual-recipient", "x-original-recipient"} {
		v := block[name]
		if _, after, ok := strings.Cut(v, ";"); ok {
			v = after
		}
		if a := findAddress(stripComments(v)); a != "" {
			return a
		}
	}
	return ""
}

var statusCode = regexp.MustCompile(`\b([245])\.(\d{1,3})\.(\d{1,3})\b`)

// blockStatus reads the status, from the server's words when the field is
// missing or only general.
func blockStatus(block map[string]string) string {
	status := statusCode.FindString(block["status"])
	inWords := statusCode.FindString(block["diagnostic-code"])
	if inWords != "" && (status == "" || strings.HasSuffix(status, ".0.0") && inWords[0] == status[0]) {
		return inWords
	}
	if status == "" {
		if s := statusFromReply(block["diagnostic-code"]); s != "" {
			return s
		}
		return statusFromReply("\n" + block["status"] + " ") // "Status: 550", as some write
	}
	return status
}

// isPermanent follows RFC 3463: class 5, but a full mailbox (5.2.2) and a
// server that is only busy may be tried again.
func isPermanent(status string, otherwise bool) bool {
	switch {
	case status == "5.2.2" || status == "5.4.5" || status == "5.3.1":
		return false
	case strings.HasPrefix(status, "5"):
		return true
	case strings.HasPrefix(status, "4") || strings.HasPrefix(status, "2"):
		return false
	}
	return otherwise
}

// fromWords fills what the report's fields leave open from its free text.
func (w *walk) fromWords(text string) {
	b := &w.m.Bounce
	if b.Recipient == "" {
		b.Recipient = w.wordsRecipient(text)
	}
	if b.Status == "" {
		b.Status = statusInWords(text)
	}
	if b.OriginalMessageID == "" {
		b.OriginalMessageID = idInWords(text)
	}
}

// isAwayBounce finds holiday notes that some servers wrap as reports.
func isAwayBounce(m *Message) bool {
	return awaySubject.MatchString(strings.ToLower(m.Subject)) && (m.Bounce.Status == "" || m.Bounce.Status[0] == '2' || m.Bounce.Status[0] == '4')
}
