package mime

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
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
		"header lines":          header + "In-Reply-To: <1@x.example>\n\nno heat\n" + strings.Repeat("From: a\nSent: Monday\nTo: b\n", 6600) + "> cold\nend\n",
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

// The limit of the whole mail's text holds for what is packed in attachments too.
func TestTextUnpackedFromManyAttachments(t *testing.T) {
	t.Parallel()
	words := strings.Repeat("no heat ", 20_000)
	var docx bytes.Buffer
	z := zip.NewWriter(&docx)
	f, err := z.Create("word/document.xml")
	if err == nil {
		_, err = f.Write([]byte("<document><p><t>" + words + "</t></p></document>"))
	}
	if err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	html := tnefFile(attribute(1, tnefProperties, 6, property(0x102, 0x1013, []byte("<p>"+words+"</p>"))))
	for name, part := range map[string]string{
		"documents":   "Content-Type: application/vnd.openxmlformats-officedocument.wordprocessingml.document; name=a.docx\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(docx.Bytes()),
		"winmail.dat": "Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString(html),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			raw := "From: jo@example.net\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n"+part+"\n", 20) + "--b--\n"
			const limit = 400_000
			m := Read(t.Context(), strings.NewReader(raw), Options{Limits: Limits{TextBytes: limit}})
			if len(m.Text) < limit/2 || len(m.Text) > limit+20*100 {
				t.Errorf("%d bytes of text, error %q, repairs %q", len(m.Text), m.Error, m.Repairs)
			}
			if m.Error == "" && len(m.Repairs) == 0 {
				t.Error("nothing is said of what was not read")
			}
		})
	}
}

// Files in a winmail.dat count as parts, also where nothing announces them.
func TestManyFilesInWinmail(t *testing.T) {
	t.Parallel()
	file := bytes.Repeat(attribute(2, tnefData, 6, []byte("x")), 3000)
	m := Read(t.Context(), strings.NewReader(tnefMail(tnefFile(file), "see the files")), Options{})
	if n, most := len(m.Attachments), DefaultLimits().Parts; n > most || m.Error == "" {
		t.Errorf("%d attachments, error %q", n, m.Error)
	}
}
