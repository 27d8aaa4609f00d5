package scan

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/image/webp"
)

// A picture is one page as it is read: grey, with the coloured ink apart.
type picture struct {
	gray  *image.Gray
	stamp *image.Gray // coloured ink alone, dark on white; nil when the page has none
	dpi   int
	fax   bool // its lines are further apart than its dots
}

var errDamaged = errors.New("the picture is damaged and cannot be opened; scan the letter again")

// longest is how many times as long as wide a picture may be: till rolls are.
const longest = 50

// admit refuses sizes, before a picture is unpacked, that cannot be honest. Width and height are judged
// alone as well: their product may overflow.
func (r *Reader) admit(width, height int) error {
	most := r.c.Limits.Pixels
	if width <= 0 || height <= 0 {
		return errDamaged
	}
	if width > most || height > most || width*height > most {
		return fmt.Errorf("the picture has %d by %d dots, more than the limit of %d million; scan it again at 300 dots an inch", width, height, most/1_000_000)
	}
	if max(width, height) > longest*min(width, height) && max(width, height) > 10_000 {
		return fmt.Errorf("the picture has %d by %d dots, as no letter has; scan the letter again", width, height)
	}
	return nil
}

// decodePicture opens a JPEG, PNG or WebP file as one page. mended says what
// had to be guessed.
func (r *Reader) decodePicture(format string, data []byte) (p picture, mended string, err error) {
	config, decode := decoderOf(format)
	c, err := config(bytes.NewReader(data))
	if err != nil {
		return p, "", errDamaged
	}
	done, err := r.unpacks(c, format == formatJPEG && progressive(data))
	if err != nil {
		return p, "", err
	}
	defer done()
	img, err := decode(bytes.NewReader(data))
	if err != nil {
		if format == formatJPEG {
			return mendJPEG(data, c.Width*c.Height)
		}
		return p, "", errDamaged
	}
	p = inksOf(img)
	if format == formatJPEG {
		p = p.upright(exifOrientation(data))
	}
	return p, "", nil
}

func decoderOf(format string) (func(io.Reader) (image.Config, error), func(io.Reader) (image.Image, error)) {
	switch format {
	case formatPNG:
		return png.DecodeConfig, png.Decode
	case formatWebP:
		return webp.DecodeConfig, webp.Decode
	}
	return jpeg.DecodeConfig, jpeg.Decode
}

// mendJPEG opens a JPEG that breaks off: the decoder is fed nothings until
// its last line, and what they drew is wiped off again. A dot never needs more
// than two bytes of them.
func mendJPEG(data []byte, dots int) (picture, string, error) {
	data = bytes.TrimRight(data, "\x00")
	fill := io.MultiReader(bytes.NewReader(data), io.LimitReader(nothings{}, int64(dots)*2+64<<10), bytes.NewReader([]byte("\xff\xd9")))
	img, err := jpeg.Decode(fill)
	if err != nil {
		return picture{}, "", errDamaged
	}
	p := picture{gray: inksOf(img).gray, dpi: dpiOf(img.Bounds().Dx(), img.Bounds().Dy())}
	if wiped := wipeTail(p.gray); wiped == 0 || wiped > p.gray.Rect.Dy()*9/10 {
		return picture{}, "", errDamaged
	}
	return p.upright(exifOrientation(data)), "the picture breaks off: the lower part of the page is missing", nil
}

type nothings struct{}

func (nothings) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// wipeTail whitens the rows at the bottom that repeat themselves every 16
// dots, as nothings decode, and says how many.
func wipeTail(g *image.Gray) int {
	const period = 16
	last := g.Rect.Dy()
	for last > 0 {
		row := g.Pix[(last-1)*g.Stride:][:g.Rect.Dx()]
		if len(row) < 4*period {
			return 0
		}
		differ := 0
		for x := period; x < len(row); x++ {
			if abs(int(row[x])-int(row[x-period])) > 2 {
				differ++
			}
		}
		if differ*50 > len(row) {
			break
		}
		last--
	}
	for y := last; y < g.Rect.Dy(); y++ {
		row := g.Pix[y*g.Stride:][:g.Rect.Dx()]
		for x := range row {
			row[x] = 255
		}
	}
	return g.Rect.Dy() - last
}

func abs(n int) int { return max(n, -n) }

// heic turns a phone's photograph into a PNG by a child process: its decoder
// has had many holes, and must not be in ours.
func (r *Reader) heic(ctx context.Context, dir string, data []byte) (picture, string, error) {
	if r.program("heif-convert") == "" {
		return picture{}, "", errors.New("this is a phone's photograph (HEIC), and the program that opens it is not installed (package libheif-examples); send it as JPEG")
	}
	in, out := filepath.Join(dir, "in.heic"), filepath.Join(dir, "out.png")
	if err := os.WriteFile(in, data, 0o600); err != nil {
		return picture{}, "", err
	}
	r.run(ctx, job{program: "heif-convert", args: []string{in, out}, dir: dir})
	made, err := readBounded(out, mostPicture)
	if err != nil {
		return picture{}, "", errDamaged
	}
	return r.decodePicture(formatPNG, made) // heif-convert turns it upright
}

// readBounded reads a file that a child wrote.
func readBounded(name string, most int64) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // our own name in our own folder
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(f, most))
}

// dpiOf guesses the resolution of a picture from a sheet of A4.
func dpiOf(width, height int) int {
	return min(max(max(width, height)*100/1169, 70), 600)
}
