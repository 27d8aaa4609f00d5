package mime

import (
	"regexp"
	"strings"
)

var uuBegin = regexp.MustCompile(`^begin(-base64)? [0-7]{3,4} (\S.{0,200})$`)

// uuFiles takes the files out of plain text that were put there in the old
// Unix way, between "begin 644 name" and "end".
func (w *walk) uuFiles(pieces []piece) []piece {
	for i, p := range pieces {
		if p.kind == ownText && !p.html && strings.Contains(p.text, "begin") && strings.Contains(p.text, "\nend") {
			pieces[i].text = w.uuText(p.text)
		}
		if len(p.inner) > 0 {
			pieces[i].inner = w.uuFiles(p.inner)
		}
	}
	return pieces
}

func (w *walk) uuText(text string) string {
	lines := strings.Split(text, "\n")
	var out []string
	for i := 0; i < len(lines); i++ {
		m := uuBegin.FindStringSubmatch(lines[i])
		end := -1
		if m != nil && m[1] == "" {
			end = uuEnd(lines, i+1)
		}
		if end < 0 || w.enterFlat() != nil {
			out = append(out, lines[i])
			continue
		}
		a := w.begin(m[2], false)
		var head []byte
		for _, line := range lines[i+1 : end] {
			raw := decodeUU(line)
			if len(head) < sniffBytes {
				head = append(head, raw...)
			}
			_, _ = a.Write(raw)
		}
		a.finish(Sniff(head[:min(len(head), sniffBytes)], m[2]))
		out = append(out, "[Attachment: "+a.name()+"]")
		i = end
	}
	return strings.Join(out, "\n")
}

// uuEnd finds the line that ends a file, -1 when what stands between is not
// encoded.
func uuEnd(lines []string, from int) int {
	for i := from; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], " ")
		switch {
		case line == "end" && i > from:
			return i
		case line == "" || line == "`":
			continue
		case len(line) > 90 || line[0] < ' ' || line[0] > '`':
			return -1
		}
		if want := (int(line[0]-' ')&0x3f + 2) / 3 * 4; len(line)-1 > want+4 {
			return -1
		}
	}
	return -1
}
