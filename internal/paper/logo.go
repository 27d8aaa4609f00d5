package paper

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	_ "image/jpeg" // a logo may be one
	"image/png"

	xdraw "golang.org/x/image/draw"
)

const (
	mostLogoPixels = 25_000_000
	logoPixels     = 900 // width or height at most: 90 mm at 250 dots an inch
)

// readLogo makes of a PNG or JPEG a picture that gofpdf takes for certain, of
// eight bits a colour, on white, and no larger than it will be printed.
func readLogo(data []byte) ([]byte, error) {
	size, _, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("paper: logo: it is neither PNG nor JPEG: %w", err)
	}
	if size.Width < 1 || size.Height < 1 || size.Width > mostLogoPixels/size.Height {
		return nil, fmt.Errorf("paper: logo: %d x %d pixels are too many", size.Width, size.Height)
	}
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("paper: logo: %w", err)
	}
	to := picture.Bounds()
	if most := max(to.Dx(), to.Dy()); most > logoPixels {
		to = image.Rect(0, 0, max(1, to.Dx()*logoPixels/most), max(1, to.Dy()*logoPixels/most))
	} else {
		to = image.Rect(0, 0, to.Dx(), to.Dy())
	}
	flat := image.NewNRGBA(to)
	draw.Draw(flat, to, image.NewUniform(color.White), image.Point{}, draw.Src)
	xdraw.CatmullRom.Scale(flat, to, picture, picture.Bounds(), xdraw.Over, nil)
	if !flat.Opaque() {
		return nil, errors.New("paper: logo: it could not be put on white")
	}
	var b bytes.Buffer
	if err := png.Encode(&b, flat); err != nil {
		return nil, fmt.Errorf("paper: logo: %w", err)
	}
	return b.Bytes(), nil
}
