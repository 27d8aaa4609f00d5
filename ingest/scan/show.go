package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/image/draw"
)

// A View says how a page is shown.
type View struct {
	Side int // dots of the longer side, at most
	Turn int // degrees clockwise: 0, 90, 180 or 270
}

// ErrNoPage says that a file has no page of that number.
var ErrNoPage = errors.New("the file has no such page")

// shownDots bounds what is unpacked to be looked at: A4 at 600 dots an inch.
const shownDots = 40_000_000

// Show draws one page of a file, from 1, as a PNG for people to look at: in
// its colours and not straightened, as nothing may be hidden from whoever
// compares it. Its error is a sentence.
func (r *Reader) Show(ctx context.Context, original *os.File, number int, v View) ([]byte, error) {
	dir, done, err := r.private()
	if err != nil {
		return nil, err
	}
	defer done()
	whole, err := filepath.Abs(original.Name())
	if err != nil {
		return nil, err
	}
	// A page of a large file costs no copy of it: the programs only read.
	name := filepath.Join(dir, keptName)
	if err := os.Symlink(whole, name); err != nil {
		return nil, err
	}
	format, err := sniffFile(name)
	if err != nil {
		return nil, err
	}
	img, orientation, err := r.pageImage(ctx, dir, name, format, number, v.Side)
	if err != nil {
		return nil, err
	}
	img = turnedImage(turnedImage(reduced(img, v.Side), orientation), map[int]int{90: 6, 180: 3, 270: 8}[v.Turn])
	var b bytes.Buffer
	err = (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, img)
	return b.Bytes(), err
}

// pageImage opens a page, and says which way up it was taken.
func (r *Reader) pageImage(ctx context.Context, dir, name, format string, number, side int) (img image.Image, orientation int, err error) {
	if format == formatText || number < 1 || format != formatPDF && format != formatTIFF && number > 1 {
		return nil, 0, ErrNoPage
	}
	if format == formatPDF {
		img, err = r.drawn(ctx, dir, number, side)
		return img, 0, err
	}
	data, err := readBounded(name, mostPicture)
	if err != nil {
		return nil, 0, err
	}
	var p picture
	switch format {
	case formatTIFF:
		var pages []tiffPage
		if pages, err = r.tiffPages(data); err != nil {
			return nil, 0, err
		}
		if number > len(pages) {
			return nil, 0, ErrNoPage
		}
		p, err = r.decodeTIFF(ctx, dir, data, pages[number-1])
	case formatHEIC:
		p, _, err = r.heic(ctx, dir, data)
	default:
		if img, err = r.showable(format, data); err == nil && img != nil {
			return img, exifOrientation(data), nil
		} else if err == nil {
			p, _, err = r.decodePicture(format, data)
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return p.together(), 0, nil
}

// showable opens a picture in its colours; nil where it is damaged.
func (r *Reader) showable(format string, data []byte) (image.Image, error) {
	config, decode := decoderOf(format)
	c, err := config(bytes.NewReader(data))
	if err != nil {
		return nil, errDamaged
	}
	if c.Width <= 0 || c.Height <= 0 || c.Width > shownDots || c.Height > shownDots || c.Width*c.Height > shownDots {
		return nil, errors.New("the picture is too large to be shown here; download the original")
	}
	done, err := r.unpacks(c, format == formatJPEG && progressive(data))
	if err != nil {
		return nil, err
	}
	defer done()
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		return nil, nil //nolint:nilnil // who reads it mends what can be mended
	}
	return img, nil
}

// drawn renders a page of a PDF.
func (r *Reader) drawn(ctx context.Context, dir string, number, side int) (image.Image, error) {
	if r.program("pdftoppm") == "" {
		return nil, errors.New("the program that shows pages is not installed (package poppler-utils)")
	}
	n := strconv.Itoa(number)
	res := r.run(ctx, job{program: "pdftoppm", dir: dir, args: []string{"-scale-to", strconv.Itoa(side), "-f", n, "-l", n, keptName}, most: int64(side)*int64(side)*3 + 1<<16})
	img, err := decodePNM(res.out)
	switch {
	case err == nil:
		return img, nil
	case bytes.Contains([]byte(res.stderr), []byte("Wrong page range")):
		return nil, ErrNoPage
	case bytes.Contains([]byte(res.stderr), []byte("Incorrect password")):
		return nil, errPassword
	}
	return nil, fmt.Errorf("page %d cannot be drawn (%s); scan it again", number, res.why())
}

// together lays the coloured ink, which reading keeps apart, over the rest.
func (p picture) together() image.Image {
	if p.stamp == nil {
		return p.gray
	}
	out := image.NewGray(p.gray.Rect)
	for i := range out.Pix {
		out.Pix[i] = min(p.gray.Pix[i], p.stamp.Pix[i])
	}
	return out
}

// reduced makes a picture small enough, on white, without colours where it has
// none.
func reduced(img image.Image, side int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if most := max(w, h); most > side {
		w, h = max(1, w*side/most), max(1, h*side/most)
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.Draw(out, out.Rect, image.NewUniform(color.White), image.Point{}, draw.Src)
	draw.BiLinear.Scale(out, out.Rect, img, b, draw.Over, nil)
	gray := image.NewGray(out.Rect)
	for i := range gray.Pix {
		p := out.Pix[4*i : 4*i+3]
		if p[0] != p[1] || p[1] != p[2] {
			return out
		}
		gray.Pix[i] = p[0]
	}
	return gray
}

// turnedImage undoes an orientation, as picture.upright does.
func turnedImage(img image.Image, orientation int) image.Image {
	if orientation < 2 || orientation > 8 {
		return img
	}
	if g, ok := img.(*image.Gray); ok {
		return mirroredAndTurned(g, orientation)
	}
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			sx, sy := origin(orientation, x, y, b.Dx(), b.Dy())
			out.Set(x, y, img.At(sx, sy))
		}
	}
	return out
}
