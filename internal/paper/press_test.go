package paper

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

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

// TestNothingIsLeftAtAPagesFoot: wherever the page ends, a heading or the line
// above a list is never the last on it.
func TestNothingIsLeftAtAPagesFoot(t *testing.T) {
	t.Parallel()
	p := newPress(t, "dl-35x90", false)
	for _, large := range []bool{false, true} {
		breaks := map[string]bool{}
		for filler := range 40 {
			l := Letter{To: sampleLetter().To, Date: "Wednesday 25 November 2026", Title: "Your complaint", Reference: "CIT26-7KR4-M9X9", Large: large}
			for range filler {
				l.Blocks = append(l.Blocks, Block{Kind: Paragraph, Words: "A line."})
			}
			l.Blocks = append(l.Blocks,
				Block{Kind: Heading, Words: "What you asked for"}, Block{Kind: Paragraph, Words: "This is what you asked us to do:"},
				Block{Kind: Quote, Words: "Repair the window."}, Block{Kind: Quote, Words: "Say sorry."})
			s, err := p.layout(l)
			if err != nil {
				t.Fatal(err)
			}
			for _, page := range s.pages[:len(s.pages)-1] {
				foot := page[len(page)-1].text[0].text
				breaks[foot] = true
				if strings.HasPrefix(foot, "This is what") || strings.HasPrefix(foot, "What you asked") {
					t.Errorf("large %v: page ends with %q after %d lines", large, foot, filler)
				}
			}
		}
		if !breaks["“Repair the window.”"] || !breaks["A line."] {
			t.Errorf("large %v: pages end after %v alone", large, breaks)
		}
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
