package mime

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jung-kurt/gofpdf"
	"golang.org/x/image/font/gofont/goregular"
)

// pdfMail wraps a PDF file in a mail.
func pdfMail(pdf []byte) string {
	return "From: jo@example.net\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee the letter\r\n" +
		"--b\r\nContent-Type: application/pdf; name=letter.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n" + base64.StdEncoding.EncodeToString(pdf) + "\r\n--b--\r\n"
}

func packed(s string) string {
	var out bytes.Buffer
	z := zlib.NewWriter(&out)
	_, _ = z.Write([]byte(s)) // into memory
	_ = z.Close()
	return out.String()
}

// pdfOf writes objects one after the other, as the reader needs no table.
func pdfOf(objects ...string) []byte {
	var out bytes.Buffer
	out.WriteString("%PDF-1.5\n")
	for i, o := range objects {
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	out.WriteString("trailer << /Root 1 0 R >>\n%%EOF\n")
	return out.Bytes()
}

// onePage is a file with one page of that content.
func onePage(content, font string) []byte {
	return pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1/Resources<</Font<</F1 "+font+">>>>>>",
		"<</Type/Page/Parent 2 0 R/Contents 4 0 R>>", fmt.Sprintf("<</Length %d>>stream\n%s\nendstream", len(content), content))
}

func TestPDF(t *testing.T) {
	t.Parallel()
	stream := func(dict, body string) string {
		return fmt.Sprintf("<<%s/Length %d>>stream\r\n%s\r\nendstream", dict, len(body), body)
	}
	inside := []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Contents 5 0 R/Resources<</Font<</F1<</Subtype/Type1>>>>>>>>"}
	index := fmt.Sprintf("1 0 2 %d 3 %d ", len(inside[0]), len(inside[0])+len(inside[1]))
	for name, c := range map[string]struct {
		pdf  []byte
		want string
	}{
		"lines and a gap":    {onePage("BT /F1 10 Tf 12 TL 50 700 Td (The wall) Tj T* (is wet.) Tj 0 -40 Td (Jo) Tj ET", "<<>>"), "The wall\nis wet.\n\nJo"},
		"kerning and spaces": {onePage("BT /F1 10 Tf [(W)80(et )-20(wal)-333(ls)] TJ ET", "<<>>"), "Wet wal ls"},
		"moved words":        {onePage("BT /F1 10 Tf 1 0 0 1 50 700 Tm (The) Tj 1 0 0 1 90 700 Tm (wall) Tj 1 0 0 1 110 700 Tm (s) Tj ET", "<<>>"), "The walls"},
		"moved by the page":  {onePage("q 1 0 0 1 0 700 cm BT /F1 10 Tf (one) Tj ET Q q 1 0 0 1 0 680 cm BT /F1 10 Tf (two) Tj ET Q", "<<>>"), "one\n\ntwo"},
		"escapes and hex":    {onePage(`BT /F1 10 Tf (\(a\)\040\2433\\) Tj <2062 6> Tj ET`, "<<>>"), "(a) £3\\ b`"},
		"differences":        {onePage("BT /F1 10 Tf (abcde) Tj ET", "<</Encoding<</Differences[97/quoteright/eacute/uni0141/fi/A]>>>>"), "’éŁfiA"},
		"Mac letters":        {onePage("BT /F1 10 Tf (caf\x8e) Tj ET", "<</Encoding/MacRomanEncoding>>"), "café"},
		"an inline image":    {onePage("BI /W 1 ID \x00(EI\xff EI BT /F1 10 Tf (after) Tj ET", "<<>>"), "after"},
		"a form":             {pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Kids[3 0 R]>>", "<</Type/Page/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>", stream("", "/X Do"), stream("/Subtype/Form", "BT /F1 9 Tf (formed) Tj ET")), "formed"},
		"object stream":      {pdfOf("", "", "", stream(fmt.Sprintf("/Type/ObjStm/N 3/First %d/Filter/FlateDecode", len(index)), packed(index+strings.Join(inside, ""))), stream("/Filter[/FlateDecode]", packed("BT /F1 9 Tf (packed) Tj ET"))), "packed"},
		"ASCII filters":      {pdfOf("<</Type/Page/Contents[2 0 R 3 0 R]>>", stream("/Filter/ASCIIHexDecode", "4254202F463120392054 66 20286F6E652920546A204554>"), stream("/Filter/A85", "<~6<#'\\7PQ#@1a#b0+>GQ(+?(u.+B2ko-qIocCi:FtDfTZ).9(%)78s~>")), "one\n\nHello World"},
		"no end of the last": {[]byte("%PDF-1.4 1 0 obj<</Type/Page/Contents 2 0 R>>endobj 2 0 obj<<>>stream\nBT /F1 9 Tf (cut off) Tj"), "cut off"},
		"a loop of pages":    {pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Kids[2 0 R 2 0 R 3 0 R]>>", "<</Contents 4 0 R>>", stream("", "BT /F1 9 Tf (once) Tj ET")), "once"},
		"a form in itself":   {pdfOf("<</Type/Page/Contents 2 0 R/Resources<</XObject<</X 2 0 R>>>>>>", stream("/Subtype/Form", "BT /F1 9 Tf (a) Tj ET /X Do")), "aa"},
		"two byte letters": {
			pdfOf("<</Type/Page/Contents 2 0 R/Resources<</Font<</F1<</Subtype/Type0/ToUnicode 3 0 R>>>>>>>>", stream("", "BT /F1 9 Tf <00010002> Tj ET"),
				stream("", "1 beginbfrange <0001> <0001> <0048> endbfrange 1 beginbfchar <0002> <D83DDE00> endbfchar")), "H😀",
		},
		"nothing but pixels":  {onePage("q 100 0 0 100 0 0 cm /Im1 Do Q", "<<>>"), ""},
		"locked":              {append(onePage("BT /F1 9 Tf (x) Tj ET", "<<>>"), "trailer<</Encrypt 9 0 R>>"...), ""},
		"nothing but a claim": {[]byte("%PDF-1.7\n"), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Read(t.Context(), strings.NewReader(pdfMail(c.pdf)), Options{})
			want := "see the letter"
			if c.want != "" {
				want += "\n\n[Attachment: letter.pdf]\n" + c.want
			}
			if m.Text != want || m.Error != "" || (len(m.Notes) > 0) != (c.want == "") {
				t.Errorf("text %q, want %q; notes %q, error %q", m.Text, want, m.Notes, m.Error)
			}
		})
	}
}

// TestPDFOfAWriter reads what a PDF library writes.
func TestPDFOfAWriter(t *testing.T) {
	t.Parallel()
	p := gofpdf.New("P", "mm", "A4", "")
	p.AddUTF8FontFromBytes("go", "", bytes.Clone(goregular.TTF))
	p.AddPage()
	p.SetFont("Helvetica", "", 12)
	p.MultiCell(0, 6, "I am writing to complain about the lift.\nIt has been broken for three weeks.", "", "L", false)
	p.AddPage()
	p.SetFont("go", "", 12)
	p.MultiCell(0, 6, "Łukasz pays £412.60 – too much.\n\n“Nobody” came.", "", "L", false)
	var out bytes.Buffer
	if err := p.Output(&out); err != nil {
		t.Fatal(err)
	}
	m := Read(t.Context(), strings.NewReader(pdfMail(out.Bytes())), Options{})
	want := "I am writing to complain about the lift.\nIt has been broken for three weeks.\n\nŁukasz pays £412.60 – too much.\n\n“Nobody” came."
	if _, got, _ := strings.Cut(m.Text, "letter.pdf]\n"); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// TestPDFBombs wants files that unpack, branch or count without end to come to
// one.
func TestPDFBombs(t *testing.T) {
	t.Parallel()
	zeros := packed(strings.Repeat(" ", 40<<20))
	refs := strings.Repeat("4 0 R ", 100_000)
	for name, pdf := range map[string][]byte{
		"unpacks":        pdfOf("<</Type/Page/Contents 2 0 R>>", fmt.Sprintf("<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream", len(zeros), zeros)),
		"contents":       pdfOf("<</Type/Page/Contents 2 0 R>>", "["+refs+"]", "", "<<>>stream\nBT (x) Tj\nendstream"),
		"kids":           pdfOf("<</Type/Catalog/Pages 2 0 R>>", "<</Kids["+strings.Repeat("2 0 R ", 100_000)+"]>>"),
		"nested":         []byte("%PDF-1.4\n" + strings.Repeat("1 0 obj [", 100_000)),
		"dictionaries":   []byte("%PDF-1.4\n1 0 obj " + strings.Repeat("<</a", 300_000)),
		"strings":        []byte("%PDF-1.4\n1 0 obj " + strings.Repeat("(", 300_000)),
		"streams":        []byte("%PDF-1.4\n" + strings.Repeat("1 0 obj<<>>stream\n", 100_000)),
		"widths":         onePage(strings.Repeat("BT /F1 9 Tf (a) Tj ET ", 10_000), "<</Subtype/Type0/DescendantFonts[<</W["+strings.Repeat("0 65535 1 ", 1000)+"]>>]>>"),
		"inline images":  onePage(strings.Repeat("BI ID EI", 50_000), "<<>>"),
		"endless number": onePage("BT /F1 "+strings.Repeat("9", 100_000)+" Tf (a) Tj ET", "<<>>"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := Read(t.Context(), strings.NewReader(pdfMail(pdf)), Options{})
			if !strings.Contains(m.Text, "see the letter") || m.Error != "" || len(m.Attachments) != 1 {
				t.Errorf("%.100q, error %q", m.Text, m.Error)
			}
		})
	}
}

func FuzzPDF(f *testing.F) {
	f.Add(onePage("BT /F1 10 Tf 12 TL 50 700 Td (The wall) Tj T* [(is)-300(wet.)] TJ ET", "<</Encoding<</Differences[97/eacute]>>/Widths[500]/FirstChar 97>>"))
	f.Add([]byte("1 0 obj<</Type/Page/Contents 2 0 R>>endobj 2 0 obj<<>>stream\nBT /F1 9 Tf <0001> ' q 1 0 0 1 5 5 cm /X Do Q"))
	f.Add([]byte("0 0 obj <<0 [0 <"))
	f.Add([]byte("0 0 obj (\\"))
	f.Fuzz(func(t *testing.T, b []byte) {
		read := func() string {
			m := &Message{}
			w := &walk{budget: newBudget(t.Context(), smallLimits()), m: m, count: map[string]int{}}
			return w.pdfPart(bytes.NewReader(b), attachmentPart{name: "a.pdf"})
		}
		text := read()
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			t.Errorf("%q", text)
		}
		if again := read(); again != text {
			t.Errorf("read twice: %q and %q", text, again)
		}
	})
}
