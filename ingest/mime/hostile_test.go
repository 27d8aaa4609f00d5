package mime

import (
	"fmt"
	"strings"
	"testing"
)

// What is repeated to the limits costs as much as any text of that length. Where
// the work grew with the square of it, each of these took minutes.
func TestLongRepeats(t *testing.T) {
	t.Parallel()
	const n = 1_900_000
	header := "From: Jo <jo@example.net>\nSubject: heating\n"
	for name, raw := range map[string]string{
		"a style":               header + "Content-Type: text/html\n\n<p style=\"" + strings.Repeat("font-size:0;", n/12) + "\">no heat</p>",
		"schemes in an address": header + "To: " + strings.Repeat("mailto: ", n/8) + "\n\nno heat",
		"colons in an address":  header + "To: " + strings.Repeat("x", n/2) + "@" + strings.Repeat(":", n/2) + "\n\nno heat",
		"enriched text":         header + "Content-Type: text/enriched\n\nno heat" + strings.Repeat("<a", n/2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := Read(t.Context(), strings.NewReader(raw), Options{}); !strings.HasPrefix(m.Text, "no heat") {
				t.Errorf("read as %.100q", m.Text)
			}
		})
	}
}

// An object stream may name one and the same string again and again, packed to
// nothing: what is held of a file has an end.
func TestPDFThatRepeatsAnObject(t *testing.T) {
	t.Parallel()
	for name, value := range map[string]string{
		"string": "(" + strings.Repeat("a", 1<<20) + ")", "digits": "<" + strings.Repeat("a", 2<<20) + ">",
		"name": "/" + strings.Repeat("a", 1<<20), "word": strings.Repeat("a", 1<<20),
	} {
		t.Run(name, func(t *testing.T) {
			var index strings.Builder
			for n := range 300 {
				fmt.Fprintf(&index, "%d 0 ", n+10)
			}
			body := packed(index.String() + value)
			pdf := pdfOf(fmt.Sprintf("<</Type/ObjStm/N 300/First %d/Filter/FlateDecode/Length %d>>stream\n%s\nendstream", index.Len(), len(body), body))
			f := &pdfFile{w: &walk{budget: newBudget(t.Context(), Options{}), m: &Message{}}, b: pdf, objects: map[pdfRef]any{}}
			f.find()
			held := 0
			for _, v := range f.objects {
				switch v := v.(type) {
				case pdfString:
					held += len(v)
				case pdfName:
					held += len(v)
				case pdfWord:
					held += len(v)
				}
			}
			if held < 1<<20 || held > 100<<20 {
				t.Errorf("%d MB are held of a file of %d kB", held>>20, len(pdf)>>10)
			}
		})
	}
}
