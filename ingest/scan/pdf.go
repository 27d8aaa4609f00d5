package scan

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// A pdfPage is what is known of a page before it is drawn.
type pdfPage struct {
	number        int
	width, height float64 // points
	text          string  // its own
	pictured      bool    // most of it is a picture, or all of it several together
	cropped       bool    // more is drawn on it than anybody sees
	covered       float64 // the share of it that pictures cover
	color         bool
	dpi           int
}

var (
	errPassword = errors.New("the PDF is locked with a password; ask for it or scan the paper again")
	errNoPages  = errors.New("the PDF is damaged and no page of it can be opened; scan the letter again")
)

// pdfPages looks through a PDF that lies in the private folder.
func (r *Reader) pdfPages(ctx context.Context, dir string) ([]pdfPage, error) {
	// Pages beyond the limit are counted, not looked at.
	most := strconv.Itoa(r.c.Limits.Pages)
	info := r.run(ctx, job{program: "pdfinfo", dir: dir, args: []string{"-box", "-f", "1", "-l", most, keptName}, most: 4 << 20})
	count, pages := parseInfo(string(info.out))
	switch {
	case strings.Contains(info.stderr, "Incorrect password"):
		return nil, errPassword
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case count <= 0 || len(pages) == 0:
		return nil, errNoPages
	case count > r.c.Limits.Pages:
		return nil, fmt.Errorf("the file has %d pages, more than the limit of %d; scan it in smaller parts", count, r.c.Limits.Pages)
	}
	r.addTexts(ctx, dir, pages)
	r.addImages(ctx, dir, pages)
	return pages, nil
}

// parseInfo reads what pdfinfo prints: "Pages: 3", "Page    1 size: 595.44 x
// 841.68 pts (A4)", "Page    1 rot:  0", "Page    1 MediaBox:     0.00     0.00
// 595.44   841.68", "Page    1 CropBox:" with four numbers too.
func parseInfo(out string) (count int, pages []pdfPage) {
	media := 0.0
	for line := range strings.Lines(out) {
		name, value, _ := strings.Cut(line, ":")
		f := strings.Fields(name)
		switch {
		case name == "Pages":
			count = number(strings.TrimSpace(value))
		case len(f) == 3 && f[0] == "Page" && f[2] == "size":
			v := strings.Fields(value)
			if len(v) >= 3 {
				w, _ := strconv.ParseFloat(v[0], 64)
				h, _ := strconv.ParseFloat(v[2], 64)
				pages = append(pages, pdfPage{number: number(f[1]), width: w, height: h})
			}
		case len(f) == 3 && f[0] == "Page" && f[2] == "MediaBox":
			media = boxArea(value)
		case len(f) == 3 && f[0] == "Page" && f[2] == "CropBox" && len(pages) > 0:
			pages[len(pages)-1].cropped = boxArea(value) < 0.9*media
		}
	}
	return count, pages
}

// boxArea is the area of a box, from its two corners.
func boxArea(corners string) float64 {
	var x0, y0, x1, y1 float64
	if _, err := fmt.Sscan(corners, &x0, &y0, &x1, &y1); err != nil {
		return 0
	}
	return math.Abs((x1 - x0) * (y1 - y0))
}

// addTexts takes each page's own text, which pdftotext ends with a form feed:
// what is cut off before it is no page's whole text. Of a page that is cropped
// it gives what nobody sees as well, such as the other half of a folded sheet:
// that page is read from its picture.
func (r *Reader) addTexts(ctx context.Context, dir string, pages []pdfPage) {
	res := r.run(ctx, job{
		program: "pdftotext", dir: dir, args: []string{"-layout", "-enc", "UTF-8", "-l", strconv.Itoa(len(pages)), keptName, "-"},
		most: int64(r.c.Limits.Text) * int64(len(pages)),
	})
	texts := strings.Split(string(res.out), "\f")
	for i, text := range texts[:len(texts)-1] {
		if i < len(pages) && !pages[i].cropped {
			pages[i].text = cleanText(text, r.c.Limits.Text)
		}
	}
}

// addImages finds the pages that are pictures, and at which resolution. Some
// scanners cut a page into strips.
func (r *Reader) addImages(ctx context.Context, dir string, pages []pdfPage) {
	res := r.run(ctx, job{program: "pdfimages", dir: dir, args: []string{"-list", "-l", strconv.Itoa(len(pages)), keptName}, most: 4 << 20})
	s := bufio.NewScanner(bytes.NewReader(res.out))
	for s.Scan() {
		f := strings.Fields(s.Text())
		if len(f) < 14 || f[2] != "image" && f[2] != "stencil" {
			continue
		}
		page, xppi, yppi := number(f[0]), number(f[12]), number(f[13])
		if page < 1 || page > len(pages) || xppi <= 0 || yppi <= 0 {
			continue
		}
		p := &pages[page-1]
		inches := float64(number(f[3])) / float64(xppi) * float64(number(f[4])) / float64(yppi)
		share := inches * 72 * 72 / max(1, p.width*p.height)
		p.covered += share
		p.pictured = p.pictured || share > 0.4 || p.covered > 0.8
		if share > 0.01 { // no logo's
			p.dpi = max(p.dpi, xppi, yppi)
			p.color = p.color || f[5] == "rgb" || f[5] == "icc" || f[5] == "cmyk" || f[5] == "index" || f[5] == "lab"
		}
	}
	for i := range pages {
		if p := &pages[i]; !p.pictured {
			p.dpi, p.color = 0, false
		}
	}
}

// bornDigital reports whether a computer made the page: words, and no picture
// behind them. Words over a picture are some scanner's reading of it, of
// unknown quality. Fifty characters are what others count as text.
func (p pdfPage) bornDigital() bool { return !p.pictured && wordy(p.text) }

func wordy(text string) bool {
	n := 0
	for _, r := range text {
		if !unicode.IsSpace(r) {
			n++
		}
	}
	return n >= 50
}

// drawAt is the resolution to draw a page at: that of its picture, within
// what reads well and what the limit allows.
func (r *Reader) drawAt(p pdfPage) int {
	dpi := 300
	if p.dpi > 0 {
		dpi = min(max(p.dpi, 150), 400)
	}
	area := p.width * p.height / (72 * 72)
	if area <= 0 {
		return dpi
	}
	return max(1, min(dpi, int(math.Sqrt(float64(min(r.c.Limits.Pixels, drawnPixels))/area))))
}

// drawnPixels bounds what is drawn by resolution alone: A3 at 400.
const drawnPixels = 40_000_000

// draw renders a page. A page that cannot be drawn comes out as nothing, or
// as white, with words on standard error and exit code 0.
func (r *Reader) draw(ctx context.Context, dir string, p pdfPage) (picture, error) {
	dpi := r.drawAt(p)
	n, w, h := strconv.Itoa(p.number), int(p.width*float64(dpi)/72)+2, int(p.height*float64(dpi)/72)+2
	if err := r.admit(w, h); err != nil {
		return picture{}, err
	}
	args := []string{"-cropbox", "-r", strconv.Itoa(dpi), "-f", n, "-l", n}
	if !p.color {
		args = append(args, "-gray")
	}
	// A turned page is as large; more than that is not believed.
	res := r.run(ctx, job{program: "pdftoppm", dir: dir, args: append(args, keptName), most: int64(w)*int64(h)*3 + 1<<16})
	img, err := decodePNM(res.out)
	if err != nil {
		return picture{}, fmt.Errorf("page %d cannot be drawn (%s); scan it again", p.number, res.why())
	}
	pic := inksOf(img)
	pic.dpi = dpi
	if res.stderr != "" && !pic.inked() {
		return picture{}, fmt.Errorf("page %d is damaged and comes out white; scan it again", p.number)
	}
	return pic, nil
}

// inked reports whether there is anything but white.
func (p picture) inked() bool {
	for _, v := range p.gray.Pix {
		if v < 250 {
			return true
		}
	}
	return false
}

var errPNM = errors.New("not a picture")

// decodePNM reads the binary P5 and P6 formats that poppler writes.
func decodePNM(data []byte) (image.Image, error) {
	var kind string
	var w, h, most int
	in := bytes.NewReader(data)
	if _, err := fmt.Fscanf(in, "%2s\n%d %d\n%d", &kind, &w, &h, &most); err != nil || w <= 0 || h <= 0 || most != 255 {
		return nil, errPNM
	}
	if _, err := in.ReadByte(); err != nil {
		return nil, errPNM
	}
	rest := data[len(data)-in.Len():]
	switch {
	case kind == "P5" && len(rest)/w >= h:
		return &image.Gray{Pix: rest[:w*h], Stride: w, Rect: image.Rect(0, 0, w, h)}, nil
	case kind == "P6" && len(rest)/3/w >= h:
		out := image.NewRGBA(image.Rect(0, 0, w, h))
		for i := range w * h {
			copy(out.Pix[4*i:], rest[3*i:3*i+3])
			out.Pix[4*i+3] = 255
		}
		return out, nil
	}
	return nil, errPNM
}
