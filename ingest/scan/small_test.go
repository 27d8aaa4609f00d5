package scan

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"math"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/image/tiff"
)

func TestSniff(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ head, want string }{
		{"%PDF-1.4", "pdf"},
		{"\r\nscanner's own line\n%PDF-1.7", "pdf"},
		{"II*\x00", "tiff"},
		{"MM\x00*", "tiff"},
		{"\xff\xd8\xff\xe1", "jpeg"},
		{"\x89PNG\r\n\x1a\n", "png"},
		{"\x00\x00\x00\x18ftypheic", "heic"},
		{"RIFF....WEBP", "webp"},
		{"Dear Sirs,\r\n", "text"},
		{"PK\x03\x04\x00\x00", ""},
		{"\x00\x01", ""},
		{"", ""},
		{" \n ", ""},
		{"caf\xe9 is no UTF-8", ""},
	} {
		if got := Sniff([]byte(row.head)); got != row.want {
			t.Errorf("%q is %q, want %q", row.head, got, row.want)
		}
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ line, want string }{
		{"14 October 2026", "2026-10-14"},
		{"9th March 2026", "2026-03-09"},
		{"Dated 26 September 2026", "2026-09-26"},
		{"23.3.26", "2026-03-23"},
		{"20-9-26", "2026-09-20"},
		{"24 JULY 2026", "2026-07-24"},
		{"7th Feb 2026", "2026-02-07"},
		{"22 Chwefror 2026", "2026-02-22"},
		{"20 listopada 2026 r.", "2026-11-20"},
		{"2nd of May 2005", "2005-05-02"},
		{"02/05/2026", "2026-05-02"},
		{"29 February 2026", ""},
		{"10th of May", ""},
		{"Monday 26 January", ""},
		{"13/13/2026", ""},
		{"31.4.26", ""},
		{"call 01632 960700", ""},
	} {
		if got := day(row.line); got != row.want {
			t.Errorf("%q is %q, want %q", row.line, got, row.want)
		}
	}
	for stamp, want := range map[string]string{
		"RECEIVED 04 FEB 2026": "2026-02-04", "RECEIVED O4 FEB 2O26": "2026-02-04", "RECEIVED 14 OCT 2026": "2026-10-14", "": "",
	} {
		if got := stampDay(receivedWords("x " + stamp + " y")); got != want {
			t.Errorf("%q is %q, want %q", stamp, got, want)
		}
	}
}

func TestPostcodes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		line, want string
		fixed, odd bool
	}{
		{"Larkmere LM2 3HT", "LM2 3HT", false, false},
		{"SW1A 1AA", "SW1A 1AA", false, false},
		{"Larkmere LMz 4BY", "LM2 4BY", true, false},
		{"LM2 BEB", "LM2 8EB", true, false},
		{"LM1 O5A", "LM1 0SA", true, false},
		{"LM9 1CY", "LM9 1CY", false, true},
		{"8 Anchor St, LM4", "", false, false},
		{"Great Harbury", "", false, false},
		{"Dear Sir", "", false, false},
		{"in the year 2026", "", false, false},
	} {
		code, fixed, odd := findPostcode(row.line)
		if code != row.want || fixed != row.fixed || odd != row.odd {
			t.Errorf("%q: %q fixed %v odd %v", row.line, code, fixed, odd)
		}
	}
}

func TestPhonesAndMailboxes(t *testing.T) {
	t.Parallel()
	w := writerOf([]PageLine{{Text: "My number is 01632 960 123, or write to Ann.Lee@Example.ORG.", Confidence: 1}}, true)
	if w.Phone != "01632 960 123" || w.Email != "ann.lee@example.org" {
		t.Errorf("%+v", w)
	}
	if w.Sure || w.Why == "" {
		t.Errorf("an address is trusted that is not there: %+v", w)
	}
}

// ruled draws lines of words as tesseract never sees them, to find angles by.
func ruled(w, h int) *image.Gray {
	g := image.NewGray(image.Rect(0, 0, w, h))
	for i := range g.Pix {
		g.Pix[i] = 255
	}
	for y := h / 8; y < h*7/8; y += 40 {
		for x := w / 8; x < w*7/8; x++ {
			if x%23 > 5 {
				for dy := range 14 {
					g.Pix[(y+dy)*g.Stride+x] = 20
				}
			}
		}
	}
	return g
}

func TestDeskew(t *testing.T) {
	t.Parallel()
	page := ruled(1000, 1400)
	for _, angle := range []float64{-5.5, -2.2, -1, 0, 0.8, 4} {
		askew := rotated(page, angle)
		if got := sketchOf(askew).skew(); math.Abs(got-angle) > 0.11 {
			t.Errorf("turned by %.1f, found %.1f", angle, got)
		}
	}
	if !sketchOf(mirroredAndTurned(page, 6)).sideways() || sketchOf(page).sideways() {
		t.Error("sideways is not told from upright")
	}
}

// TestTurns: every orientation of TIFF and Exif is undone.
func TestTurns(t *testing.T) {
	t.Parallel()
	g := &image.Gray{Pix: []uint8{1, 2, 3, 4, 5, 6}, Stride: 3, Rect: image.Rect(0, 0, 3, 2)}
	for orientation, want := range map[int][]uint8{
		1: {1, 2, 3, 4, 5, 6}, 2: {3, 2, 1, 6, 5, 4}, 3: {6, 5, 4, 3, 2, 1}, 4: {4, 5, 6, 1, 2, 3},
		5: {1, 4, 2, 5, 3, 6}, 6: {4, 1, 5, 2, 6, 3}, 7: {6, 3, 5, 2, 4, 1}, 8: {3, 6, 2, 5, 1, 4}, 9: {1, 2, 3, 4, 5, 6},
	} {
		if got := (picture{gray: g}).upright(orientation).gray.Pix; !bytes.Equal(got, want) {
			t.Errorf("orientation %d: %v, want %v", orientation, got, want)
		}
	}
	exif := "\xff\xd8\xff\xe1\x00\x22Exif\x00\x00MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	if got := exifOrientation([]byte(exif)); got != 6 {
		t.Errorf("Exif orientation %d, want 6", got)
	}
	for cut := range len(exif) {
		exifOrientation([]byte(exif[:cut]))
	}
}

// codePage draws a page with a code on it.
func codePage(t *testing.T, code string, bars bool) *image.Gray {
	t.Helper()
	page := image.NewGray(image.Rect(0, 0, 1240, 1754))
	for i := range page.Pix {
		page.Pix[i] = 255
	}
	var m *gozxing.BitMatrix
	var err error
	if bars {
		m, err = oned.NewCode128Writer().Encode(code, gozxing.BarcodeFormat_CODE_128, 900, 200, nil)
	} else {
		m, err = qrcode.NewQRCodeWriter().Encode(code, gozxing.BarcodeFormat_QR_CODE, 500, 500, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	for y := range m.GetHeight() {
		for x := range m.GetWidth() {
			if m.Get(x, y) {
				page.Pix[(500+y)*page.Stride+300+x] = 0
			}
		}
	}
	return page
}

func TestSheets(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	s := Sheet{Batch: "A7", Received: "2026-11-24"}
	for _, bars := range []bool{false, true} {
		for _, row := range []struct {
			turn int
			skew float64
		}{{0, 0}, {0, -4}, {90, 2}, {180, 0}, {270, -4}} {
			p := picture{gray: rotated(codePage(t, s.Code(), bars), row.skew), dpi: 150}
			if row.turn != 0 {
				p = p.clockwise(row.turn)
			}
			var page Page
			if !r.sheet(p, &page) || *page.Sheet != s {
				t.Errorf("bars %v turned %d askew %.0f: %+v", bars, row.turn, row.skew, page)
			}
		}
	}
	var page Page
	if r.sheet(picture{gray: codePage(t, "JGB 12345", false), dpi: 150}, &page); page.Sheet != nil || page.Suspect {
		t.Errorf("somebody else's code parts letters: %+v", page)
	}
	spoilt := codePage(t, s.Code(), false)
	for i := range spoilt.Pix[:700*spoilt.Stride] {
		spoilt.Pix[i] |= spoilt.Pix[i] ^ uint8(255*(i/7%2))
	}
	page = Page{}
	if r.sheet(picture{gray: spoilt, dpi: 150}, &page); page.Sheet != nil || !page.Suspect {
		t.Errorf("a spoilt sheet is not suspected: %+v", page)
	}
}

// TestCodes: every wrong character and every swap of a sheet's code is seen.
func TestCodes(t *testing.T) {
	t.Parallel()
	code := Sheet{Batch: "B12", Received: "2026-11-24"}.Code()
	if s, ours, ok := ParseSheet(code); !ours || !ok || s.Received != "2026-11-24" || s.Batch != "B12" {
		t.Fatalf("%q: %+v", code, s)
	}
	for i := len(plainSheet) + 1; i < len(code); i++ {
		for _, c := range sheetAlphabet {
			if wrong := code[:i] + string(c) + code[i+1:]; wrong != code {
				if _, _, ok := ParseSheet(wrong); ok {
					t.Errorf("%q passes for %q", wrong, code)
				}
			}
		}
		if i+1 < len(code) && code[i] != code[i+1] {
			if _, _, ok := ParseSheet(code[:i] + string(code[i+1]) + string(code[i]) + code[i+2:]); ok {
				t.Errorf("a swap at %d passes", i)
			}
		}
	}
	if _, ours, ok := ParseSheet("POSTROOM-SPLIT"); !ours || !ok {
		t.Error("the plain sheet is not known")
	}
	if _, ours, _ := ParseSheet("PATCHT"); ours {
		t.Error("PATCHT is taken for ours")
	}
}

// TestSplitting parts pages into letters.
func TestSplitting(t *testing.T) {
	t.Parallel()
	word := func(n int) Page {
		return Page{Number: n, Words: 5, Lines: []PageLine{{Text: fmt.Sprint("Page ", n), Confidence: 1}}}
	}
	blank := func(n int) Page { return Page{Number: n, Blank: true} }
	sheet := func(n int, day string) Page { return Page{Number: n, Sheet: &Sheet{Received: day}} }
	first := func(n int, code string) Page {
		return Page{Number: n, Words: 20, Lines: []PageLine{{Text: "1 High Street", Confidence: 1}, {Text: "Larkmere " + code, Confidence: 1}, {}, {Text: "Dear Sirs", Confidence: 1}, {}, {Text: "I write again.", Confidence: 1}}}
	}
	says := func(n int, text string) Page {
		p := Page{Number: n, Words: 20}
		for l := range strings.SplitSeq(text, "|") {
			p.Lines = append(p.Lines, PageLine{Text: l, Confidence: 1})
		}
		return p
	}
	suspect := func(n int) Page { return Page{Number: n, Suspect: true} }
	for _, row := range []struct {
		name   string
		pages  []Page
		blanks Blanks
		want   string
	}{
		{"one letter", []Page{word(1), word(2)}, "", "[1 2]"},
		{"a blank back is left out", []Page{word(1), blank(2), word(3)}, "", "[1 3]"},
		{"blanks part where the operator says so", []Page{word(1), blank(2), word(3)}, BlanksSplit, "[1] [3]"},
		{"sheets part, their backs go", []Page{sheet(1, "2026-11-24"), blank(2), word(3), sheet(4, ""), word(5)}, "", "[3]2026-11-24 [5]"},
		{"two sheets together", []Page{word(1), sheet(2, ""), sheet(3, ""), word(4)}, "", "[1] [4]"},
		{"nothing but blanks", []Page{blank(1), blank(2)}, "", "[1 2]!"},
		{"an unreadable sheet holds the batch", []Page{word(1), suspect(2), word(3)}, "", "held"},
		{"another's letter behind a blank", []Page{first(1, "LM1 1AA"), blank(2), first(3, "LM2 2BB")}, "", "[1] [3]"},
		{"another's letter behind a blank that means nothing", []Page{first(1, "LM1 1AA"), blank(2), first(3, "LM2 2BB")}, BlanksIgnore, "held"},
		{"another's letter without any separator", []Page{first(1, "LM1 1AA"), word(2), first(3, "LM2 2BB")}, "", "held"},
		{"a copy of an earlier letter", []Page{first(1, "LM1 1AA"), word(2), first(3, "LM1 1AA")}, "", "[1 2 3]"},
		{"a neighbour's letter, of the same postcode", []Page{first(1, "LM1 1AA"), says(2, "2 High Street|Larkmere LM1 1AA||Dear Sirs||I write too.")}, "", "held"},
		{"a neighbour's flat", []Page{says(1, "Flat 1, 2 High Street|LM1 1AA||Dear Sirs"), says(2, "Flat 7, 2 High Street|LM1 1AA||Dear Sirs")}, "", "held"},
		{"a house without a number is believed by its postcode", []Page{first(1, "LM1 1AA"), says(2, "The Old Forge|LM1 1AA||Dear Sirs")}, "", "[1 2]"},
		{"another's letter without an address", []Page{says(1, "Dear Sir||Nobody came.||Yours||Ann Lee"), says(2, "Dear Sir||The lift.||Yours||Omar Vance")}, "", "held"},
		{"another signs on the page after", []Page{says(1, "Dear Sir||Nobody came.||Yours||Ann Lee"), says(2, "Dear Sir||The lift."), says(3, "Yours||Omar Vance")}, "", "held"},
		{"the same person's two letters", []Page{says(1, "Dear Sir||Nobody came.||Yours||Ann Lee"), says(2, "Dear Sir||The lift.||Yours||A Lee")}, "", "[1 2]"},
		{"what somebody wrote to them goes along", []Page{says(1, "Dear Sir||Nobody came.||Yours||Ann Lee"), says(2, "Dear Mrs Lee,||We shall.||Yours||Omar Vance")}, "", "[1 2]"},
		{"a list of neighbours below is no letter", []Page{says(1, "Dear Sir||Nobody came.||Yours||Ann Lee"), says(2, "We agree:||Yours||Omar Vance")}, "", "[1 2]"},
		{"a page alone is no batch", []Page{suspect(1)}, "", "[1]!"},
	} {
		letters, held := Letters(Document{Pages: row.pages}, Splitting{Blanks: row.blanks})
		var got []string
		if held != "" {
			got = append(got, "held")
		}
		for _, l := range letters {
			s := fmt.Sprint(l.Pages) + l.Received
			if l.Error != "" {
				s += "!"
			}
			got = append(got, s)
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// TestTheSheetOfALetterPartedByHand is the last one before it, whatever lies
// between.
func TestTheSheetOfALetterPartedByHand(t *testing.T) {
	t.Parallel()
	d := Document{Pages: []Page{
		{Number: 1, Sheet: &Sheet{Received: "2026-11-24"}},
		{Number: 2, Blank: true},
		{Number: 3, Words: 20},
		{Number: 4, Words: 20},
		{Number: 5, Sheet: &Sheet{}},
		{Number: 6, Words: 20},
	}}
	for page, want := range map[int]string{3: "2026-11-24", 4: "2026-11-24", 6: ""} {
		if l := LetterOn(d, []int{page}); l.Received != want {
			t.Errorf("the letter on page %d was received %q, want %q", page, l.Received, want)
		}
	}
}

// TestPictures: what scanners and phones write is opened as the same page.
func TestPictures(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{})
	page := ruled(400, 560)
	colored := image.NewNRGBA(page.Rect)
	paletted := image.NewPaletted(page.Rect, color.Palette{color.White, color.Gray{Y: 20}})
	for y := range 560 {
		for x := range 400 {
			v := page.GrayAt(x, y)
			colored.Set(x, y, v)
			if v.Y < 128 {
				paletted.SetColorIndex(x, y, 1)
			} else {
				colored.Set(x, y, color.NRGBA{}) // nothing at all is paper
			}
		}
	}
	for name, img := range map[string]image.Image{"grey": page, "see-through": colored, "palette": paletted} {
		var asPNG, asTIFF bytes.Buffer
		if err := png.Encode(&asPNG, img); err != nil {
			t.Fatal(err)
		}
		p, _, err := r.decodePicture(formatPNG, asPNG.Bytes())
		if err != nil || !alike(p.gray, page) {
			t.Errorf("%s PNG: %v", name, err)
		}
		if err := tiff.Encode(&asTIFF, img, nil); err != nil {
			t.Fatal(err)
		}
		pages, err := r.tiffPages(asTIFF.Bytes())
		if err != nil || len(pages) != 1 {
			t.Fatalf("%s TIFF: %v", name, err)
		}
		if p, err = r.decodeTIFF(t.Context(), t.TempDir(), asTIFF.Bytes(), pages[0]); err != nil || !alike(p.gray, page) {
			t.Errorf("%s TIFF: %v", name, err)
		}
	}
	var asJPEG bytes.Buffer
	if err := jpeg.Encode(&asJPEG, page, nil); err != nil {
		t.Fatal(err)
	}
	for cut := 0; cut < asJPEG.Len(); cut += asJPEG.Len()/9 + 1 {
		if p, mended, err := r.decodePicture(formatJPEG, asJPEG.Bytes()[:cut]); err == nil && mended == "" {
			t.Errorf("cut at %d it is %v, and nothing is said", cut, p.gray.Rect)
		}
	}
}

// alike allows what JPEG does to sharp edges.
func alike(a, b *image.Gray) bool {
	if a.Rect != b.Rect {
		return false
	}
	other := 0
	for i := range a.Pix {
		if abs(int(a.Pix[i])-int(b.Pix[i])) > 64 {
			other++
		}
	}
	return other*200 < len(a.Pix)
}
