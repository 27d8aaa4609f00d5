package scan

import (
	"image"
	"strings"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/oned"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// A Sheet is what a separator sheet says: a new letter begins after it.
type Sheet struct {
	Batch    string `json:"batch,omitempty"`
	Received string `json:"received,omitempty"` // the day on which the letters arrived, 2006-01-02
}

// plainSheet is what the simplest separator sheets say.
const plainSheet = "POSTROOM-SPLIT"

// sheetAlphabet has a prime number of characters, so that the sum below sees
// each wrong one.
const sheetAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*"

// Code is what stands in the codes of a separator sheet: kind, batch, the day
// of receipt and a check character, such as POSTROOM-SPLIT-A7-20261124-K.
// One that says nothing more is plain.
func (s Sheet) Code() string {
	if s == (Sheet{}) {
		return plainSheet
	}
	body := plainSheet + "-" + s.Batch + "-" + strings.ReplaceAll(s.Received, "-", "")
	return body + "-" + string(sheetAlphabet[sheetSum(body)])
}

// sheetSum weighs each character by its place, so that a wrong one and two
// that changed places are noticed.
func sheetSum(body string) int {
	sum := 0
	for i, c := range strings.ReplaceAll(body, "-", "*") {
		sum += (i + 2) * strings.IndexRune(sheetAlphabet, c)
	}
	return sum % len(sheetAlphabet)
}

// ParseSheet reads the words of a code. ours is false for another code, such
// as a stamp's; ok is false for one of ours that is damaged.
func ParseSheet(code string) (s Sheet, ours, ok bool) {
	code = strings.TrimSpace(code)
	rest, ours := strings.CutPrefix(code, plainSheet)
	if !ours || rest == "" {
		return s, ours, ours
	}
	f := strings.Split(rest, "-")
	if len(f) != 4 || len(f[2]) != 8 && f[2] != "" {
		return s, true, false
	}
	s.Batch = f[1]
	if d := f[2]; d != "" {
		s.Received = d[:4] + "-" + d[4:6] + "-" + d[6:]
	}
	return s, true, s.Code() == code
}

// fewWords is more than stands on a separator sheet.
const fewWords = 60

// sheet reports whether the page is a separator sheet. One that seems to be
// and cannot be read makes the page suspect: better the whole batch waits for
// a person than that two residents' letters become one.
func (r *Reader) sheet(p picture, page *Page) bool {
	patch, found := coded(p)
	if !found {
		return false
	}
	code, read := readCode(p.gray, patch)
	s, ours, ok := ParseSheet(code)
	switch {
	case read && ours && ok:
		page.Sheet = &s
		return true
	case read && !ours:
		return false // somebody else's code on a letter
	}
	// A picture, a logo or a poster looks like a code too: the words decide.
	page.Suspect = true
	return false
}

// settleSuspect decides whether a page with an unreadable code, or with the
// words of a separator sheet and no code, is one.
func (p *Page) settleSuspect() {
	p.Suspect = p.Words < fewWords && (p.Suspect || sheetWords(p.Text()))
}

func sheetWords(text string) bool {
	text = strings.ToUpper(text)
	return strings.Contains(text, plainSheet) || strings.Contains(text, "SEPARATOR SHEET")
}

// readCode reads a QR code or a Code 128 bar code, whichever is there. Bars
// are read along lines, and must not lie askew.
func readCode(g *image.Gray, patch image.Rectangle) (code string, ok bool) {
	defer func() {
		if v := recover(); v != nil { // the decoder is fed strangers' pictures
			code, ok = "", false
		}
	}()
	cut := cutOut(g, patch)
	for _, angle := range []float64{0, 2, -2, 4, -4, 6, -6} {
		if code, ok = decodeCode(rotated(cut, angle)); ok {
			return code, true
		}
	}
	return decodeCode(g)
}

func cutOut(g *image.Gray, patch image.Rectangle) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, patch.Dx(), patch.Dy()))
	for y := range patch.Dy() {
		copy(out.Pix[y*out.Stride:][:patch.Dx()], g.Pix[(patch.Min.Y+y)*g.Stride+patch.Min.X:])
	}
	return out
}

func decodeCode(g *image.Gray) (string, bool) {
	hints := map[gozxing.DecodeHintType]any{gozxing.DecodeHintType_TRY_HARDER: true}
	for _, reader := range []gozxing.Reader{qrcode.NewQRCodeReader(), oned.NewCode128Reader()} {
		bitmap, err := gozxing.NewBinaryBitmap(gozxing.NewHybridBinarizer(gozxing.NewLuminanceSourceFromImage(g)))
		if err != nil {
			return "", false
		}
		if found, err := reader.Decode(bitmap, hints); err == nil {
			return found.GetText(), true
		}
	}
	return "", false
}
