package paper

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
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

// TestLayouts compares every letter's layout with one that somebody has looked
// at. -update writes pictures beside them when poppler is there: look at each.
func TestLayouts(t *testing.T) {
	t.Parallel()
	for name, l := range letters() {
		for _, profile := range Profiles() {
			t.Run(name+"/"+profile.Name, func(t *testing.T) {
				t.Parallel()
				p := newPress(t, profile.Name, name == "usual")
				s, err := p.layout(l)
				if err != nil {
					t.Fatal(err)
				}
				got := dump(s)
				golden := filepath.Join("testdata", name+"-"+profile.Name+".layout")
				if *update {
					if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
						t.Fatal(err)
					}
					if profile.Name == "dl-35x90" {
						writePictures(t, name, printed(t, p, l))
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got); diff != "" {
					t.Errorf("the layout changed (-want +got):\n%s", diff)
				}
			})
		}
	}
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

// TestZones holds every page to GOV.UK Notify's published rules, as pixels:
// the margins are white, the first page has ink in its zones only, and what a
// window can reach shows the address and nothing else.
func TestZones(t *testing.T) {
	t.Parallel()
	for name, l := range letters() {
		for _, profile := range Profiles() {
			t.Run(name+"/"+profile.Name, func(t *testing.T) {
				t.Parallel()
				out := printed(t, newPress(t, profile.Name, name == "usual"), l)
				pages := pictures(t, out.PDF)
				if len(pages) != out.Pages || out.Pages > MaxPages {
					t.Fatalf("%d pictures of %d pages", len(pages), out.Pages)
				}
				for i, page := range pages {
					margins(t, i, page)
				}
				firstPage(t, pages[0], profile)
			})
		}
	}
}

func margins(t *testing.T, i int, page picture) {
	t.Helper()
	paper := Rect{15, 5, 195, 292}
	if r, found := page.ink(func(x, y float64) bool { return !paper.holds(x, y) }); found {
		t.Errorf("page %d has ink in its margins: %v", i+1, r)
	}
	if _, found := page.ink(func(x, y float64) bool { return x < 15.2 && y < 6.1 }); found {
		t.Errorf("page %d has ink where the printer's tag goes", i+1)
	}
	if _, found := page.ink(paper.holds); !found {
		t.Errorf("page %d is empty", i+1)
	}
}

func firstPage(t *testing.T, page picture, profile Profile) {
	t.Helper()
	zones := []Rect{{15, 5, 125, 30}, profile.Address, {125, 5, 195, 95}, {15, profile.Body, 195, 292}}
	stray, found := page.ink(func(x, y float64) bool {
		for _, z := range zones {
			if z.holds(x, y) {
				return false
			}
		}
		return true
	})
	if found {
		t.Errorf("ink outside the zones: %v", stray)
	}
	reached, _ := page.ink(profile.Reach.holds)
	if !profile.Address.holds(reached.Left, reached.Top) || !profile.Address.holds(reached.Right, reached.Bottom) {
		t.Errorf("the window can show %v, the address belongs into %v", reached, profile.Address)
	}
}

// TestReaders lets another program read the letters: fonts embedded, words
// whole, the reference and the page on every sheet.
func TestReaders(t *testing.T) {
	t.Parallel()
	for name, l := range letters() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := printed(t, newPress(t, "dl-35x90", true), l)
			qpdfCheck(t, out.PDF)
			pages := words(t, out.PDF)
			if len(pages) != out.Pages {
				t.Fatalf("%d pages of words, %d of paper", len(pages), out.Pages)
			}
			for i, page := range pages {
				for _, want := range []string{l.Reference, fmt.Sprintf("Page %d of %d", i+1, out.Pages)} {
					if !strings.Contains(page, want) {
						t.Errorf("page %d lacks %q", i+1, want)
					}
				}
			}
			for _, line := range l.To {
				if !strings.Contains(pages[0], clean(line)) {
					t.Errorf("the first page lacks %q", line)
				}
			}
			found := strings.Split(strings.TrimSpace(string(poppler(t, "pdffonts", out.PDF))), "\n")[2:]
			for _, font := range found {
				if f := strings.Fields(font); !strings.Contains(font, "CID TrueType") || f[4] != "yes" {
					t.Errorf("a font is not embedded: %s", font)
				}
			}
			if len(found) == 0 {
				t.Error("no fonts")
			}
		})
	}
}

func TestUnprintable(t *testing.T) {
	t.Parallel()
	p := newPress(t, "c5", false)
	for _, row := range []struct{ name, words, want string }{
		{"Arabic", "Dear محمد,", "محد"},
		{"Hebrew, which needs turning", "Dear כהן,", "כהן"},
		{"Bengali", "লিফট", "লিফট"},
		{"Han", "周美玲", "周美玲"},
		{"beyond the basic plane", "a \U00020bb7 name", "\U00020bb7"},
		{"two accents on one letter", "a\u0327\u0328\u0331", ""},
		{"emoji go", "thank you 🙏🏽 ❤️ 👨‍👩‍👧 1️⃣ 🏴󠁧󠁢󠁷󠁬󠁳󠁿", ""},
		{"control characters go", "a\x00b\x1b[31m\u202eabc\ufeff\ufffd\ufffe", ""},
		{"invalid UTF-8 goes", "caf\xe9 \xff", ""},
		{"typographer's things stay", "ﬁne – “x” … ‰ № €", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			l := sampleLetter()
			l.Blocks = []Block{{Kind: Paragraph, Words: row.words}}
			_, err := p.Print(l)
			bad, is := errors.AsType[*UnprintableError](err)
			switch {
			case row.name == "two accents on one letter":
				if !is {
					t.Errorf("error %v", err)
				}
			case row.want == "" && err != nil:
				t.Errorf("error %v", err)
			case row.want != "" && (!is || string(bad.Characters) != row.want && !strings.HasPrefix(row.words, "ল")):
				t.Errorf("error %v, want %q", err, row.want)
			}
			l = sampleLetter()
			l.To[0] = row.words
			if _, err := p.Print(l); is != (err != nil) {
				t.Errorf("in the address: error %v", err)
			}
		})
	}
}

func TestAddressFits(t *testing.T) {
	t.Parallel()
	l := sampleLetter()
	l.To[0] = strings.Repeat("Wolfeschlegelsteinhausen ", 4)
	for _, profile := range Profiles() {
		_, err := newPress(t, profile.Name, false).Print(l)
		if bad, is := errors.AsType[*AddressError](err); !is || !strings.Contains(bad.Why, "too long") {
			t.Errorf("%s: error %v", profile.Name, err)
		}
	}
	small, err := NewProfile("thirds", "DL in thirds", Envelope{220, 110, 20, 57, 90, 35, 99})
	if err != nil {
		t.Fatal(err)
	}
	p, err := start(t, Sender{Name: "X", Profile: small})
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Print(sampleLetter())
	if bad, is := errors.AsType[*AddressError](err); !is || !strings.Contains(bad.Why, "7 lines") {
		t.Errorf("seven lines in a window for five: error %v", err)
	}
}

// The safe boxes are those that were derived by hand for these envelopes.
func TestEnvelopes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		e    Envelope
		want Rect
	}{
		{Envelope{220, 110, 20, 57, 90, 35, 99}, Rect{22, 59, 98, 79}},
		{Envelope{220, 110, 20, 57, 90, 35, 105}, Rect{22, 59, 98, 85}},
		{Envelope{220, 110, 20, 53, 93, 39, 99}, Rect{22, 55, 101, 79}},
		{Envelope{220, 110, 18, 49, 93, 39, 99}, Rect{20, 51, 99, 75}},
		{Envelope{229, 162, 20, 67, 90, 35, 148.5}, Rect{22, 69, 89, 86.5}},
		{Envelope{229, 162, 20, 58, 90, 44, 148.5}, Rect{22, 60, 89, 86.5}},
	} {
		p, err := NewProfile("x", "", row.e)
		if err != nil || p.Address != row.want || p.Body < p.Reach.Bottom {
			t.Errorf("%v: %v, body %v, error %v; want %v", row.e, p.Address, p.Body, err, row.want)
		}
	}
	for name, e := range map[string]Envelope{
		"smaller than the sheet": {200, 110, 20, 57, 90, 35, 105},
		"a window for a stamp":   {220, 110, 20, 57, 30, 20, 105},
		"on the right":           {220, 110, 110, 57, 90, 35, 105},
		"at the top":             {220, 110, 20, 10, 90, 35, 105},
		"no fold":                {220, 110, 20, 57, 90, 35, 0},
	} {
		if _, err := NewProfile("x", "", e); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if len(Profiles()) != 4 {
		t.Errorf("%d profiles", len(Profiles()))
	}
}

// The same letter gives the same bytes, also when many are printed at once:
// gofpdf writes into the fonts that it is given.
func TestSameBytes(t *testing.T) {
	t.Parallel()
	p := newPress(t, "notify", true)
	want := printed(t, p, sampleLetter()).PDF
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			got, err := p.Print(sampleLetter())
			if err != nil || !bytes.Equal(got.PDF, want) {
				t.Errorf("other bytes, error %v", err)
			}
		})
	}
	all.Wait()
}

func TestTooLong(t *testing.T) {
	t.Parallel()
	l := sampleLetter()
	l.Blocks = []Block{{Kind: Paragraph, Words: strings.Repeat("On and on it goes. ", 2000)}}
	if _, err := newPress(t, "c5", false).Print(l); !errors.Is(err, ErrTooLong) {
		t.Errorf("error %v", err)
	}
}

func TestLogos(t *testing.T) {
	t.Parallel()
	encoded := func(m image.Image, jpg bool) []byte {
		var b bytes.Buffer
		var err error
		if jpg {
			err = jpeg.Encode(&b, m, nil)
		} else {
			err = png.Encode(&b, m)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	deep := image.NewNRGBA64(image.Rect(0, 0, 40, 30))
	deep.Set(3, 3, color.NRGBA64{0xffff, 0, 0, 0x8000})
	palette := image.NewPaletted(image.Rect(0, 0, 3000, 50), color.Palette{color.Transparent, color.Black})
	profile, _ := ProfileNamed("c5")
	for name, data := range map[string][]byte{
		"16 bits": encoded(deep, false), "palette, very wide": encoded(palette, false), "JPEG": encoded(deep, true),
		"very tall": encoded(image.NewGray(image.Rect(0, 0, 10, 2000)), false),
	} {
		p, err := start(t, Sender{Name: "Citrine Homes", Logo: data, Profile: profile})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if out := printed(t, p, sampleLetter()); p.logoW > 86 || p.logoH > 18.1 || out.Pages == 0 {
			t.Errorf("%s: %v x %v mm", name, p.logoW, p.logoH)
		}
	}
	whole := drawnLogo(t)
	for name, data := range map[string][]byte{"text": []byte("no logo"), "cut off": whole[:len(whole)/2], "a bomb": bomb(whole)} {
		if _, err := start(t, Sender{Name: "Citrine Homes", Logo: data, Profile: profile}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// bomb says of a PNG that it is 60,000 pixels wide and high.
func bomb(data []byte) []byte {
	data = bytes.Clone(data)
	copy(data[16:24], []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60})
	return data
}

func TestHeadFits(t *testing.T) {
	t.Parallel()
	profile, _ := ProfileNamed("notify")
	for name, s := range map[string]Sender{
		"too many lines": {Name: "X", Lines: make30(), Profile: profile},
		"a long name":    {Name: strings.Repeat("A Very Long Landlord’s Name ", 8), Profile: profile},
		"another script": {Name: "周美玲", Profile: profile},
	} {
		if _, err := start(t, s); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	p := newPress(t, "notify", false)
	l := sampleLetter()
	l.Large = true
	text := dump(must(t, p, l))
	for _, line := range p.sender.Lines {
		if !strings.Contains(text, line) {
			t.Errorf("large print lacks %q of the head", line)
		}
	}
}

func make30() []string { return strings.Split(strings.Repeat("a line|", 30), "|") }

func must(t *testing.T, p *Press, l Letter) sheetSet {
	t.Helper()
	s, err := p.layout(l)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTestSheets(t *testing.T) {
	t.Parallel()
	for _, profile := range Profiles() {
		out, err := newPress(t, profile.Name, true).TestSheet(time.Unix(1, 0))
		if err != nil {
			t.Fatal(err)
		}
		if *update {
			writePictures(t, "sheet-"+profile.Name, out)
		}
		qpdfCheck(t, out.PDF)
		if text := words(t, out.PDF); len(text) != 1 || !strings.Contains(text[0], "BS1 7AA") || !strings.Contains(text[0], profile.Name) {
			t.Errorf("%s: %q", profile.Name, text)
		}
	}
}

// gofpdf writes characters as two bytes each; here are those whose bytes mean
// something in a PDF's strings: brackets, backslash, line ends.
func TestBytesThatMeanSomething(t *testing.T) {
	t.Parallel()
	const odd = "Čapek č Ċ Ĩ ĩ Ŝ ŝ (x) \\ Ѝ Њ"
	l := sampleLetter()
	l.To[0] = odd
	l.Blocks = []Block{{Kind: Paragraph, Words: odd}}
	out := printed(t, newPress(t, "notify", false), l)
	if text := words(t, out.PDF)[0]; strings.Count(text, odd) != 2 {
		t.Errorf("read back: %q", text)
	}
	qpdfCheck(t, out.PDF)
}

// TestAnyWords prints whatever strings there are: a letter comes out whole, or
// the error says what a person must do.
func TestAnyWords(t *testing.T) {
	t.Parallel()
	p := newPress(t, "dl-39x93", false)
	var whole [][]byte
	printable := rapid.StringOf(rapid.RuneFrom([]rune("aZ09 \t\n\r\x00 .,;:()[]\\/<>@'\"“”–…£€čĊĨŜłỌ\u0300\u0323ЮѝΩՀა\u00a0\u200d\u202e\ufeff😀🏽❤\ufe0f")))
	rapid.Check(t, func(r *rapid.T) {
		word := rapid.OneOf(printable, printable, printable, rapid.StringMatching(`[ -~£–“ẃŁЮა\n\t\\()]{0,300}`))
		if rapid.IntRange(0, 9).Draw(r, "exotic") == 0 {
			word = rapid.OneOf(word, rapid.String(), rapid.StringN(0, 200, 800))
		}
		l := Letter{
			To: rapid.SliceOfN(rapid.Map(word, func(s string) string { return s[:min(20, len(s))] }), 0, 7).Draw(r, "to"), Date: word.Draw(r, "date"), Title: word.Draw(r, "title"), Reference: word.Draw(r, "reference"),
			Large: rapid.Bool().Draw(r, "large"), Made: time.Unix(int64(rapid.Uint32().Draw(r, "made")), 0),
		}
		for range rapid.IntRange(0, 12).Draw(r, "blocks") {
			kind := rapid.SampledFrom([]BlockKind{Heading, Important, Fact, Item, Quote, Paragraph}).Draw(r, "kind")
			l.Blocks = append(l.Blocks, Block{Kind: kind, Label: word.Draw(r, "label"), Words: word.Draw(r, "words")})
		}
		out, err := p.Print(l)
		_, words := errors.AsType[*UnprintableError](err)
		_, address := errors.AsType[*AddressError](err)
		switch {
		case err == nil:
			if _, err := NewJoiner(&bytes.Buffer{}).Add(out.PDF, true); err != nil {
				r.Fatal(err)
			}
			if len(whole) < 20 {
				whole = append(whole, out.PDF)
			}
		case !words && !address && !errors.Is(err, ErrTooLong):
			r.Fatal(err)
		}
	})
	if len(whole) < 10 {
		t.Errorf("only %d letters were printed", len(whole))
	}
	for _, pdf := range whole {
		qpdfCheck(t, pdf)
	}
}

func BenchmarkPrint(b *testing.B) {
	for name, l := range map[string]Letter{"usual": sampleLetter(), "large": letters()["large"], "long": letters()["long"]} {
		b.Run(name, func(b *testing.B) {
			p := newPress(b, "notify", true)
			b.ReportAllocs()
			pages, size, before := 0, 0, processor(b)
			for b.Loop() {
				out := printed(b, p, l)
				pages, size = out.Pages, len(out.PDF)
			}
			b.ReportMetric(float64(b.N)/(processor(b)-before), "letters/cpu-s")
			b.ReportMetric(float64(pages), "pages")
			b.ReportMetric(float64(size)/1000, "kB")
		})
	}
}

func BenchmarkNewPress(b *testing.B) {
	for b.Loop() {
		if _, err := NewPress(Sender{Name: "Citrine Homes", Profile: NotifyProfile()}); err != nil {
			b.Fatal(err)
		}
	}
}

// processor is the time that this process has had of processors, in seconds.
func processor(tb testing.TB) float64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime)
}
