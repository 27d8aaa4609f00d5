package paper

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fonts are read once for all tests.
var fonts = sync.OnceValues(loadFaces)

func start(tb testing.TB, s Sender) (*Press, error) {
	tb.Helper()
	f, err := fonts()
	if err != nil {
		tb.Fatal(err)
	}
	return pressWith(s, f)
}

var update = flag.Bool("update", false, "rewrite the goldens, and pictures of them to look at")

func newPress(tb testing.TB, profile string, logo bool) *Press {
	tb.Helper()
	p, ok := ProfileNamed(profile)
	if !ok {
		tb.Fatalf("no profile %s", profile)
	}
	s := Sender{
		Name: "Citrine Homes", Profile: p,
		Lines: []string{"Complaints team", "1 Orchard Quay", "Bristol", "BS1 7AA", "", "Phone 01632 960 100", "complaints@citrine.example"},
	}
	if logo {
		s.Logo = drawnLogo(tb)
	}
	press, err := start(tb, s)
	if err != nil {
		tb.Fatal(err)
	}
	return press
}

// drawnLogo is a picture with see-through corners.
func drawnLogo(tb testing.TB) []byte {
	tb.Helper()
	m := image.NewNRGBA(image.Rect(0, 0, 600, 160))
	for y := range 160 {
		for x := range 600 {
			if dx, dy := x-80, y-80; dx*dx+dy*dy < 75*75 {
				m.Set(x, y, color.NRGBA{20, 88, 74, 255})
			} else if x > 190 && y > 60 && y < 100 && x%40 < 30 {
				m.Set(x, y, color.NRGBA{20, 88, 74, 200})
			}
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func sampleLetter() Letter {
	return Letter{
		To:    []string{"Ms Siobhán O’Neill-Abara", "Flat 3b", "Ropewalk House", "12 Quay Street", "St Werburghs", "Bristol", "BS2 9XX"},
		Date:  "Wednesday 25 November 2026",
		Title: "Your complaint CIT26-7KR4-M9X9", Reference: "CIT26-7KR4-M9X9",
		Made: time.Date(2026, 11, 25, 10, 42, 0, 0, time.UTC),
		Blocks: []Block{
			{Kind: Fact, Label: "Your reference", Words: "CIT26-7KR4-M9X9"},
			{Kind: Fact, Label: "We will answer by", Words: "Wednesday 9 December 2026"},
			{Kind: Fact, Label: "Phone", Words: "01632 960 100 (Monday to Friday, 9am to 5pm)"},
			{Kind: Paragraph, Words: "Dear Siobhán O’Neill-Abara,"},
			{Kind: Paragraph, Words: "Thank you for your message of Monday 23 November 2026. We are sorry that you had to write to us about this. We have logged it as a complaint at stage 1 of our complaints process."},
			{Kind: Heading, Words: "What we understand"},
			{Kind: Quote, Words: "The damp in my back bedroom; black mould has now come through behind the wardrobe."},
			{Kind: Quote, Words: "I was told somebody would be in touch within a fortnight and I have heard nothing since."},
			{Kind: Heading, Words: "What happens next"},
			{Kind: Paragraph, Words: "Any repair or other work carries on while we look into this."},
			{Kind: Item, Words: "We look into everything that you told us."},
			{Kind: Item, Words: "We write to you by Wednesday 9 December 2026 with our answer. If we need longer, we write before that day and tell you why."},
			{Kind: Paragraph, Words: "Complaints team, Citrine Homes"},
		},
	}
}

// letters are the shapes that letters come in.
func letters() map[string]Letter {
	all := map[string]Letter{"usual": sampleLetter()}
	l := sampleLetter()
	l.Large = true
	l.Blocks = append([]Block{{Kind: Important, Words: "Phone us now on 01632 960 999, day or night. If anyone is in danger, phone 999 first."}}, l.Blocks...)
	all["large"] = l
	l = sampleLetter()
	l.To = []string{"The occupier", "22 Wicker Row", "LS1 4AP"}
	for i := range 40 {
		l.Blocks = append(l.Blocks, Block{Kind: Quote, Words: fmt.Sprintf("Point %d: the repair of the window was promised and nobody came, although we stayed at home all day.", i+1)})
	}
	all["long"] = l
	l = sampleLetter()
	l.To = []string{"Adébáyọ̀ Ọlátúndé", "Wojciech Żółć & Hồng Nguyễn", "Ffordd Tŷ Gwŷr", "LL57 1AA"}
	l.Blocks = []Block{
		{Kind: Paragraph, Words: "Dear Юлія, Ολυμπία, Հայկ, გიორგი, Łukasz, Ștefan, Ģirts and Adébáyọ̀,"},
		{Kind: Paragraph, Words: "It cost £1,250.00 – “too much” 😀 for a café… €5 ½ of it."},
		{Kind: Paragraph, Words: "See https://www.citrine.example/" + strings.Repeat("averylongpath", 12)},
	}
	all["names"] = l
	return all
}

func printed(tb testing.TB, p *Press, l Letter) Printed {
	tb.Helper()
	out, err := p.Print(l)
	if err != nil {
		tb.Fatal(err)
	}
	return out
}

func dump(s sheetSet) string {
	var b strings.Builder
	parts := []struct {
		name string
		rows []placed
	}{{"name", s.name}, {"address", s.address}, {"sender", s.contact}}
	for i, page := range s.pages {
		parts = append(parts, struct {
			name string
			rows []placed
		}{fmt.Sprintf("page %d", i+1), page})
	}
	for _, part := range parts {
		fmt.Fprintf(&b, "%s\n", part.name)
		for _, r := range part.rows {
			fmt.Fprintf(&b, "%6.1f %6.1f %4.1f ", r.left, r.y, r.size)
			for _, one := range append(r.label, r.text...) {
				fmt.Fprintf(&b, "[%s%s] %s ", one.face.family, one.face.style, one.text)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

func writePictures(t *testing.T, name string, out Printed) {
	t.Helper()
	for i, p := range pictures(t, out.PDF) {
		m := &image.Gray{Pix: p.pixels, Stride: p.width, Rect: image.Rect(0, 0, p.width, p.height)}
		f, err := os.Create(filepath.Join("testdata", "pictures", fmt.Sprintf("%s-%d.png", name, i+1)))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(png.Encode(f, m), f.Close()); err != nil {
			t.Fatal(err)
		}
	}
}
