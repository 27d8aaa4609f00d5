package scan

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"os"
	"strings"
	"testing"
)

// TestWordsThatLookLikeAStamp: a resident's "received on" stays in the letter,
// and dates nothing.
func TestWordsThatLookLikeAStamp(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ line, stamped, left string }{
		{"Your letter received on 3 November 2026 says that the lift works.", "", "Your letter received on 3 November 2026 says that the lift works."},
		{"I received 3 Nov 2026 a visit.", "", "I received 3 Nov 2026 a visit."},
		{"YOUR LETTER RECEIVED ON 3 NOVEMBER 2026 SAYS THAT THE LIFT WORKS", "", "YOUR LETTER RECEIVED ON 3 NOVEMBER 2026 SAYS THAT THE LIFT WORKS"},
		{"LM2 3HT RECEIVED 04 FEB 2026", "2026-02-04", "LM2 3HT"},
		{"the lift RECEIVED 25 NOV 2026 is broken", "2026-11-25", "the lift is broken"},
		{"I received 3 Nov 2026 a visit. RECEIVED 25 NOV 2026", "2026-11-25", "I received 3 Nov 2026 a visit."},
		{"Received: 24 Nov 2026", "2026-11-24", ""},
	} {
		var l Letter
		kept := l.takeStamp([]PageLine{{Text: row.line, Confidence: 1}}, nil)
		if got := textOf(kept); l.Stamped != row.stamped || got != row.left {
			t.Errorf("%q: stamped %q, left %q", row.line, l.Stamped, got)
		}
	}
}

// TestALetterHeadedWithOurAddress: an answer sent there would come back to us,
// and the resident would hear nothing.
func TestALetterHeadedWithOurAddress(t *testing.T) {
	t.Parallel()
	for head, sure := range map[string]bool{
		"Larkmere Homes\n1 High Street\nLarkmere\nLM1 1AA\n\n3 March 2026":  false,
		"The Complaints Team\nQuay House\nLarkmere LM1 1AA":                 false,
		"Customer Services\nPO Box 12\nLarkmere LM1 1AA":                    false,
		"The Area Manager\n1 High Street\nLarkmere LM1 1AA":                 false,
		"12 Quay Street\nLarkmere\nLM2 3HT\n\nLarkmere Homes\nLM1 1AA":      true,
		"Quill & Marsh Solicitors\n4 Market Place\nLarkmere\nLM1 4BB":       true,
		"Flat 3, The Maltings\nMill Lane\nLarkmere LM2 3HT\n\n3 March 2026": true,
	} {
		w := WriterOf(head + "\n\nDear Sirs,\n\nThe lift is broken.\n\nYours faithfully,\nJo Bloggs\n")
		if w.Sure != sure {
			t.Errorf("%q: sure %t, %v, %q", head, w.Sure, w.Address, w.Why)
		}
	}
}

// onePage writes a PDF of one page, whose entries page holds beside what all
// have. pictures are white.
func onePage(page, content string, pictures int) []byte {
	streamed := func(dict, data string) string {
		return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", dict, len(data), data)
	}
	var names strings.Builder
	objects := []string{
		"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "",
		"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>", streamed("", content),
	}
	for i := range pictures {
		fmt.Fprintf(&names, "/I%d %d 0 R", i, len(objects)+1)
		objects = append(objects, streamed("/Type/XObject/Subtype/Image/Width 60/Height 10/ColorSpace/DeviceGray/BitsPerComponent 8", strings.Repeat("\xff", 600)))
	}
	objects[2] = fmt.Sprintf("<</Type/Page/Parent 2 0 R/Contents 5 0 R/Resources<</Font<</F1 4 0 R>>/XObject<<%s>>>>%s>>", names.String(), page)
	var b bytes.Buffer
	b.WriteString("%PDF-1.4\n")
	var table strings.Builder
	for i, o := range objects {
		fmt.Fprintf(&table, "%010d 00000 n \n", b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n%s\nendobj\n", i+1, o)
	}
	at := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n%strailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, table.String(), len(objects)+1, at)
	return b.Bytes()
}

// words sets lines at a place of the page.
func words(x, y int, lines ...string) string {
	return fmt.Sprintf("BT /F1 14 Tf %d %d Td 20 TL (%s) Tj ET\n", x, y, strings.Join(lines, ") Tj T* ("))
}

// TestACroppedPage is read as it is seen: a telephone's program leaves the whole
// photograph in the file, and two pages may be halves of one sheet.
func TestACroppedPage(t *testing.T) {
	t.Parallel()
	r := reader(t)
	pdf := onePage("/MediaBox[0 0 2000 2800]/CropBox[100 100 695 942]",
		words(140, 860, "The boiler in my kitchen has been broken for three weeks.", "Nobody comes to mend it and nobody answers.", "I want somebody to come and look at it soon.")+
			words(1100, 2000, "Another resident wrote this of the fence and the neighbour."), 0)
	d := r.Read(t.Context(), bytes.NewReader(pdf), Progress{})
	if d.Error != "" || !strings.Contains(d.Pages[0].Text(), "broken for three weeks") || strings.Contains(d.Pages[0].Text(), "fence") {
		t.Errorf("%q %+v", d.Error, d.Pages)
	}
}

// TestAScanInStrips is read from its picture: the words behind it are some
// scanner's.
func TestAScanInStrips(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for strips, born := range map[int]bool{0: true, 3: true, 8: false} {
		var content strings.Builder
		content.WriteString("3 Tr " + words(60, 780, "Sone scamers own reeding of the page, which is quite wrong in mamy plases."))
		for i := range strips {
			fmt.Fprintf(&content, "q 595 0 0 105.25 0 %f cm /I%d Do Q\n", 105.25*float64(i), i)
		}
		dir, done, err := r.private()
		if err != nil {
			t.Fatal(err)
		}
		err = os.WriteFile(dir+"/"+keptName, onePage("/MediaBox[0 0 595 842]", content.String(), strips), 0o600)
		if err != nil {
			t.Fatal(err)
		}
		pages, err := r.pdfPages(t.Context(), dir)
		if err != nil || len(pages) != 1 || pages[0].bornDigital() != born || pages[0].text == "" {
			t.Errorf("%d strips: %+v, %v", strips, pages, err)
		}
		done()
	}
}

// TestAFaxThatBreaksOff says that pages are missing, and gives those that are
// there.
func TestAFaxThatBreaksOff(t *testing.T) {
	t.Parallel()
	whole, err := os.ReadFile("testdata/scans/03-two-pages-g4.tif")
	if err != nil {
		t.Fatal(err)
	}
	r := reader(t)
	pages, err := r.tiffPages(whole)
	if err != nil || len(pages) != 2 || pages[0].last || pages[1].last {
		t.Fatalf("whole: %+v, %v", pages, err)
	}
	for _, cut := range []int64{pages[1].at, pages[1].at + 1, pages[1].at + 30} {
		part, err := r.tiffPages(whole[:cut])
		if err != nil || !part[len(part)-1].last {
			t.Errorf("cut at %d: %+v, %v", cut, part, err)
		}
	}
	d := r.Read(t.Context(), bytes.NewReader(whole[:pages[1].at]), Progress{})
	if len(d.Pages) != 1 || d.Pages[0].Words < 20 || !strings.Contains(strings.Join(d.Pages[0].Doubts, ""), "breaks off") {
		t.Errorf("%q %+v", d.Error, d.Pages)
	}
}

// TestLongPictures: a picture that is long and narrow is looked at from as far as any
// other, and one that no letter is not at all.
func TestLongPictures(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, row := range []struct {
		w, h int
		ok   bool
	}{{1240, 1754, true}, {640, 12_000, true}, {700, 30_000, true}, {12_000, 640, true}, {40, 90_000, false}, {90_000, 1, false}, {3, 200, true}} {
		err := r.admit(row.w, row.h)
		if (err == nil) != row.ok {
			t.Errorf("%d by %d: %v", row.w, row.h, err)
		}
		if s := sketchOf(image.NewGray(image.Rect(0, 0, row.w, row.h))); row.ok && (s.w < 1 || s.h < 1 || s.w > sketchWidth || s.h > sketchMost) {
			t.Errorf("%d by %d is sketched as %d by %d", row.w, row.h, s.w, s.h)
		}
	}
}

// progressiveJPEG claims a size and holds nothing.
func progressiveJPEG(side int) []byte {
	b := append([]byte{0xff, 0xd8, 0xff, 0xdb, 0, 67, 0}, bytes.Repeat([]byte{1}, 64)...)
	b = append(b, 0xff, 0xc2, 0, 17, 8, byte(side>>8), byte(side), byte(side>>8), byte(side), 3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0)
	b = append(b, 0xff, 0xc4, 0, 20, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	return append(b, 0xff, 0xda, 0, 12, 3, 1, 0, 2, 0, 3, 0, 0, 0, 0)
}

// TestMemoryOfAProgressivePicture: 130 bytes that claim a large one took 1.5 GB.
func TestMemoryOfAProgressivePicture(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for name, data := range map[string][]byte{"as it is": progressiveJPEG(9900), "behind rubbish": append([]byte{0xff, 0xd8, 7, 7, 0xff, 0xff}, progressiveJPEG(9900)[3:]...)} {
		if _, _, err := r.decodePicture(formatJPEG, data); err == nil || !strings.Contains(err.Error(), "MB of memory") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, row := range []struct {
		name  string
		side  int
		model color.Model
		prog  bool
		ok    bool
	}{
		{"the largest photograph", 9999, color.YCbCrModel, false, true},
		{"A4 at 600 dots, progressive and grey", 5900, color.GrayModel, true, true},
		{"a telephone's, progressive", 4900, color.YCbCrModel, true, true},
		{"deep colours", 9999, color.NRGBA64Model, false, false},
		{"a palette", 9999, color.Palette{color.Black}, false, true},
	} {
		done, err := r.unpacks(image.Config{Width: row.side, Height: row.side, ColorModel: row.model}, row.prog)
		if (err == nil) != row.ok {
			t.Errorf("%s: %v", row.name, err)
		}
		if err == nil {
			done()
		}
	}
}
