package ingest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// spelled gives the folders that have this name in another spelling: with the
// server's separator, without or with the beginning that all its folders have,
// with letters put together otherwise, or as other programs show it (modified
// UTF-7, RFC 3501, section 5.1.3).
func (l listing) spelled(name string) (same []string) {
	want := l.levels(name)
	for _, p := range l.places {
		if l.levels(p.name) == want || l.levels(modifiedUTF7(p.name)) == want {
			same = append(same, p.name)
		}
	}
	return same
}

// levels is a name with one mark between its levels, whatever stood there.
func (l listing) levels(name string) string {
	level := strings.NewReplacer("/", "\x00", ".", "\x00", `\`, "\x00", cmp.Or(l.separator, "/"), "\x00")
	name, prefix := level.Replace(norm.NFC.String(name)), level.Replace(l.prefix)
	if len(name) >= 5 && strings.EqualFold(name[:5], "INBOX") {
		name = "INBOX" + name[5:]
	}
	return strings.TrimPrefix(name, prefix)
}

// built is the name that a folder gets that is to be made: people write a
// slash between levels, and cannot know that all folders begin with "INBOX.".
func (l listing) built(name string) string {
	if l.separator != "" && l.separator != "/" && !strings.Contains(name, l.separator) {
		name = strings.ReplaceAll(name, "/", l.separator)
	}
	if l.prefix != "" && !strings.HasPrefix(strings.ToUpper(name), strings.ToUpper(l.prefix)) {
		name = l.prefix + name
	}
	return name
}

// modifiedUTF7 writes a name as it goes over the line.
func modifiedUTF7(name string) string {
	var out strings.Builder
	var run []rune
	flush := func() {
		if len(run) == 0 {
			return
		}
		var raw []byte
		for _, unit := range utf16.Encode(run) {
			raw = append(raw, byte(unit>>8), byte(unit)) //nolint:gosec // its two halves
		}
		out.WriteString("&" + strings.ReplaceAll(base64.RawStdEncoding.EncodeToString(raw), "/", ",") + "-")
		run = run[:0]
	}
	for _, r := range name {
		switch {
		case r < ' ' || r > '~':
			run = append(run, r)
			continue
		case r == '&':
			flush()
			out.WriteString("&-")
		default:
			flush()
			out.WriteRune(r)
		}
	}
	flush()
	return out.String()
}

// junkNames are what mail programs and services call the folder for junk where
// the server does not mark it, as Exchange Online, whose mailboxes name it in
// the language of whoever opened them first.
const junkNames = `
Junk|Junk Email|Junk E-mail|Junk Mail|Spam|Bulk|Bulk Mail|
Sothach|E-bost Sothach|Sbam|
Junk-E-Mail|Spamverdacht|Unerwünscht|Unerwünschte Werbung|Ongewenste e-mail|Skräppost|Søppelpost|Uønsket mail|Roskaposti|
Wiadomości-śmieci|Niechciane|Nevyžádaná pošta|Nevyžiadaná pošta|Levélszemét|E-mail nedorit|Нежелательная почта|Спам|Небажана пошта|
Courrier indésirable|Indésirables|Pourriel|Correo no deseado|Correo basura|Lixo Eletrônico|Lixo Electrónico|Lixo|Posta indesiderata|
Gereksiz E-posta|Gereksiz|迷惑メール|垃圾邮件|垃圾郵件`

// isJunkName takes a whole name and no part of one: somebody's own "Junk
// drawer" is no junk folder.
func isJunkName(name string) bool {
	for _, gmail := range []string{"[Gmail]/", "[Google Mail]/"} {
		name = strings.TrimPrefix(name, gmail)
	}
	name = foldName(name)
	for usual := range strings.SplitSeq(junkNames, "|") {
		if foldName(strings.TrimSpace(usual)) == name {
			return true
		}
	}
	return false
}

func foldName(name string) string { return cases.Fold().String(norm.NFC.String(name)) }

// mostNames is how many folders a sentence names.
const mostNames = 12

// nearest says which folders could have been meant, or else which there are.
func (l listing) nearest(name string) string {
	want := foldName(l.levels(name))
	var near []string
	for _, p := range l.places {
		if looksLike(foldName(l.levels(p.name)), want) {
			near = append(near, p.name)
		}
	}
	if len(near) > 0 {
		return "perhaps " + joinNames(near) + " is meant"
	}
	return l.names(nil)
}

// names lists folders: those, or all.
func (l listing) names(those []string) string {
	if len(those) > 0 {
		return "they are " + joinNames(those)
	}
	if len(l.places) == 0 {
		return "the server lists no folder at all for this account"
	}
	all := make([]string, len(l.places))
	for i, p := range l.places {
		all[i] = p.name
	}
	return "the server has " + joinNames(all)
}

func joinNames(names []string) string {
	slices.Sort(names)
	shown := names[:min(len(names), mostNames)]
	quoted := make([]string, len(shown))
	for i, n := range shown {
		quoted[i] = quoteName(n)
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - len(shown); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// quoteName shows a name as it would be written into the configuration.
func quoteName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, name)
	if runes := []rune(name); len(runes) > 60 {
		name = string(runes[:60]) + "…"
	}
	return `"` + name + `"`
}

// looksLike compares the last levels of two names: one is in the other, or a
// letter in four differs. A folder that only holds others stands for those.
func looksLike(a, b string) bool {
	lastA, lastB := a[strings.LastIndex(a, "\x00")+1:], b[strings.LastIndex(b, "\x00")+1:]
	switch {
	case lastA == "" || lastB == "":
		return false
	case lastA == lastB, strings.HasPrefix(a, b+"\x00"):
		return true
	case len(lastA) < 3 || len(lastB) < 3:
		return false
	}
	return strings.Contains(lastA, lastB) || strings.Contains(lastB, lastA) || fewEdits([]rune(lastA), []rune(lastB), len(lastB)/4)
}

// fewEdits reports whether a becomes b by at most so many letters that are put
// in, taken out or changed.
func fewEdits(a, b []rune, most int) bool {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return false
	}
	before := make([]int, len(b)+1)
	for j := range before {
		before[j] = j
	}
	for i, r := range a {
		row := make([]int, len(b)+1)
		row[0] = i + 1
		for j, q := range b {
			row[j+1] = min(before[j+1], row[j]) + 1
			same := before[j]
			if r != q {
				same++
			}
			row[j+1] = min(row[j+1], same)
		}
		before = row
	}
	return before[len(b)] <= most
}
