package mime

import "strings"

// armor drops the wrapping of OpenPGP text (RFC 9580, section 6.2): signatures,
// encrypted blocks, and the lines around what was signed.
func (l *letter) armor() {
	closing, header := "", false
	for i, line := range l.lines {
		text := strings.TrimSpace(line)
		switch {
		case closing != "":
			l.old[i] = true
			if text == closing {
				closing = ""
			}
		case header:
			l.old[i] = true
			header = text != ""
		case text == "-----BEGIN PGP SIGNED MESSAGE-----":
			l.old[i], header = true, true
		case strings.HasPrefix(text, "-----BEGIN PGP ") && l.closes(i, "-----END"+text[len("-----BEGIN"):]):
			l.old[i] = true
			closing = "-----END" + text[len("-----BEGIN"):]
		}
	}
}

// closes says whether a block that begins at i has its end.
func (l *letter) closes(i int, closing string) bool {
	for _, line := range l.lines[i:] {
		if strings.TrimSpace(line) == closing {
			return true
		}
	}
	return false
}

const pgpMessage = "-----BEGIN PGP MESSAGE-----"

// withoutArmor gives the words that can be read.
func withoutArmor(text string) string {
	l := &letter{lines: strings.Split(text, "\n")}
	l.old = make([]bool, len(l.lines))
	l.armor()
	return l.kept()
}
