package mime

import "strings"

// armor drops the wrapping of OpenPGP text (RFC 9580, section 6.2): signatures,
// encrypted blocks, and the lines around what was signed.
func (l *letter) armor() {
	closing, header := "", false
	ends := map[string]int{} // the last line of each kind of end
	for i, line := range l.lines {
		if text := strings.TrimSpace(line); strings.HasPrefix(text, "-----END PGP ") {
			ends[text] = i
		}
	}
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
		case strings.HasPrefix(text, "-----BEGIN PGP "):
			if end := "-----END" + text[len("-----BEGIN"):]; ends[end] > i {
				l.old[i], closing = true, end
			}
		}
	}
}

const pgpMessage = "-----BEGIN PGP MESSAGE-----"

// withoutArmor gives the words that can be read.
func withoutArmor(text string) string {
	l := &letter{lines: strings.Split(text, "\n")}
	l.old = make([]bool, len(l.lines))
	l.armor()
	return l.kept()
}
