package mime

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzDocument opens whatever claims to be a Word, OpenDocument or rich text
// document: the words that come out are text, no more of them than the limit,
// and the same each time.
func FuzzDocument(f *testing.F) {
	for name, words := range map[string]string{"word/document.xml": "<w:p><w:t>The wall</w:t><w:t>is &amp; wet</w:t></w:p>", "content.xml": "<text:p>The wall<text:span> is wet</text:span></text:p>"} {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, part := range []string{"mimetype", name} {
			w, err := z.Create(part)
			if err != nil {
				f.Fatal(err)
			}
			if _, err := w.Write([]byte(words)); err != nil {
				f.Fatal(err)
			}
		}
		if err := z.Close(); err != nil {
			f.Fatal(err)
		}
		f.Add(b.Bytes())
	}
	f.Add([]byte(`{\rtf1\ansi\ansicpg1250{\fonttbl{\f0 Arial;}}The wall\par is \'e9\u322? wet{\*\x y}}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func(kind string) string {
			m := &Message{}
			limits := smallLimits()
			w := &walk{budget: newBudget(t.Context(), limits), m: m, count: map[string]int{}}
			text, _ := w.attachmentText(kind, attachmentPart{name: "a.docx"}, bytes.NewReader(b))
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				t.Errorf("%s: %q", kind, text)
			}
			return text
		}
		for _, kind := range []string{"application/zip", "text/rtf"} {
			text := read(kind)
			if again := read(kind); again != text {
				t.Errorf("%s is read as %q and as %q", kind, text, again)
			}
			if len(text) > 16<<20 {
				t.Errorf("%s: %d bytes of words from %d", kind, len(text), len(b))
			}
		}
	})
}
