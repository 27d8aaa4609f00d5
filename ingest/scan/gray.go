package scan

import (
	"image"
	"image/color"
	"math"
)

// inksOf makes the grey picture that is read. A red stamp across the words
// would spoil them: red ink is taken out of the text, and shown apart.
func inksOf(img image.Image) picture {
	b := img.Bounds()
	p := picture{gray: image.NewGray(image.Rect(0, 0, b.Dx(), b.Dy())), dpi: dpiOf(b.Dx(), b.Dy())}
	if g, ok := img.(*image.Gray); ok {
		for y := range b.Dy() {
			copy(p.gray.Pix[y*p.gray.Stride:][:b.Dx()], g.Pix[y*g.Stride:])
		}
		return p
	}
	at := colors(img)
	var red, dark int
	for y := range b.Dy() {
		row := p.gray.Pix[y*p.gray.Stride:][:b.Dx()]
		for x := range row {
			r, g, bl := at(x, y)
			row[x] = luminance(r, g, bl)
			if row[x] < inkLevel {
				dark++
			}
			if redness(r, g, bl) > 0 {
				red++
			}
		}
	}
	// Little red is none, and a letter written in red is no stamp.
	if red*5000 > b.Dx()*b.Dy() && red < dark {
		p.partInks(at)
	}
	return p
}

// inkLevel is where ink begins on white paper.
const inkLevel = 160

// stampHalo is how many dots around red ink its colour has bled, as JPEG lets
// it.
const stampHalo = 3

// partInks moves the red ink from the grey picture into one of its own. Red
// light shows black and blue ink through a red stamp.
func (p *picture) partInks(at func(x, y int) (r, g, b uint8)) {
	w, h := p.gray.Rect.Dx(), p.gray.Rect.Dy()
	p.stamp = image.NewGray(p.gray.Rect)
	stamped := make([]bool, w*h)
	for y := range h {
		row, stamp := p.gray.Pix[y*p.gray.Stride:][:w], p.stamp.Pix[y*p.stamp.Stride:]
		for x := range row {
			r, g, b := at(x, y)
			stamp[x], row[x] = 255, r
			if red := redness(r, g, b); red > 0 {
				stamp[x] = uint8(255 - min(255, 3*red))
				for hy := max(0, y-stampHalo); hy <= min(h-1, y+stampHalo); hy++ {
					for hx := max(0, x-stampHalo); hx <= min(w-1, x+stampHalo); hx++ {
						stamped[hy*w+hx] = true
					}
				}
			}
		}
	}
	for i, s := range stamped {
		if s {
			v := &p.gray.Pix[i/w*p.gray.Stride+i%w]
			*v = uint8(min(255, max(0, 3*(int(*v)-80))))
		}
	}
}

// redness is how much red stands out; 0 where it does not.
func redness(r, g, b uint8) int {
	if d := int(r) - int(max(g, b)); d > 36 && r > 90 {
		return d
	}
	return 0
}

func luminance(r, g, b uint8) uint8 {
	return uint8((299*int(r) + 587*int(g) + 114*int(b) + 500) / 1000) //nolint:gosec // 0 to 255
}

// colors gives the colours of a picture on white paper, without an allocation
// for each dot in the formats that scanners make.
func colors(img image.Image) func(x, y int) (r, g, b uint8) {
	min := img.Bounds().Min
	switch i := img.(type) {
	case *image.YCbCr:
		return func(x, y int) (uint8, uint8, uint8) {
			c := i.YCbCrAt(x+min.X, y+min.Y)
			return color.YCbCrToRGB(c.Y, c.Cb, c.Cr)
		}
	case *image.RGBA:
		return func(x, y int) (uint8, uint8, uint8) { return onWhite(i.RGBAAt(x+min.X, y+min.Y)) }
	case *image.NRGBA:
		return func(x, y int) (uint8, uint8, uint8) {
			c := i.NRGBAAt(x+min.X, y+min.Y)
			if c.A == 255 {
				return c.R, c.G, c.B
			}
			return onWhite(color.RGBAModel.Convert(c).(color.RGBA))
		}
	case *image.Paletted:
		table := make([][3]uint8, 256)
		for n, c := range i.Palette {
			table[n][0], table[n][1], table[n][2] = onWhite(color.RGBAModel.Convert(c).(color.RGBA))
		}
		return func(x, y int) (uint8, uint8, uint8) {
			c := table[i.ColorIndexAt(x+min.X, y+min.Y)]
			return c[0], c[1], c[2]
		}
	}
	return func(x, y int) (uint8, uint8, uint8) {
		return onWhite(color.RGBAModel.Convert(img.At(x+min.X, y+min.Y)).(color.RGBA))
	}
}

// onWhite lays a colour on white paper; its parts are multiplied by alpha
// already.
func onWhite(c color.RGBA) (r, g, b uint8) {
	paper := 255 - c.A
	return c.R + paper, c.G + paper, c.B + paper
}

// mirroredAndTurned makes upright what has an orientation of 2 to 8.
func mirroredAndTurned(g *image.Gray, orientation int) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	if orientation >= 5 {
		w, h = h, w
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		row := out.Pix[y*out.Stride:][:w]
		for x := range row {
			sx, sy := origin(orientation, x, y, g.Rect.Dx(), g.Rect.Dy())
			row[x] = g.Pix[sy*g.Stride+sx]
		}
	}
	return out
}

// origin says where a dot of the upright picture is in the one of w by h.
func origin(orientation, x, y, w, h int) (int, int) {
	switch orientation {
	case 2:
		return w - 1 - x, y
	case 3:
		return w - 1 - x, h - 1 - y
	case 4:
		return x, h - 1 - y
	case 5:
		return y, x
	case 6:
		return y, h - 1 - x
	case 7:
		return w - 1 - y, h - 1 - x
	case 8:
		return w - 1 - y, x
	}
	return x, y
}

// clockwise turns a picture by quarters of a turn.
func (p picture) clockwise(degrees int) picture {
	return p.upright(map[int]int{90: 6, 180: 3, 270: 8}[degrees])
}

// rotated turns by a small angle about the middle, bilinear, on white.
// Positive angles are anticlockwise.
func rotated(g *image.Gray, degrees float64) *image.Gray {
	w, h := g.Rect.Dx(), g.Rect.Dy()
	out := image.NewGray(image.Rect(0, 0, w, h))
	sin, cos := math.Sincos(degrees * math.Pi / 180)
	cx, cy := float64(w)/2, float64(h)/2
	const one = 1 << 16
	dx, dy := int(cos*one), int(sin*one)
	for y := range h {
		row := out.Pix[y*out.Stride:][:w]
		sx := int((cx - cx*cos - (float64(y)-cy)*sin) * one)
		sy := int((cy - cx*sin + (float64(y)-cy)*cos) * one)
		for x := range row {
			row[x] = between(g, sx, sy)
			sx, sy = sx+dx, sy+dy
		}
	}
	return out
}

// between reads at a place given in 65536ths of a dot.
func between(g *image.Gray, sx, sy int) uint8 {
	x, y := sx>>16, sy>>16
	if x < 0 || y < 0 || x+1 >= g.Rect.Dx() || y+1 >= g.Rect.Dy() {
		return 255
	}
	fx, fy := sx>>8&255, sy>>8&255
	at := y*g.Stride + x
	top := int(g.Pix[at])*(256-fx) + int(g.Pix[at+1])*fx
	low := int(g.Pix[at+g.Stride])*(256-fx) + int(g.Pix[at+g.Stride+1])*fx
	return uint8((top*(256-fy) + low*fy) >> 16) //nolint:gosec // a mean of bytes
}

// invertNegative turns a black-and-white picture that is mostly black: fax
// files say which of the two is paper, and readers get it wrong.
func invertNegative(g *image.Gray) {
	dark := 0
	for _, v := range g.Pix {
		if v != 0 && v != 255 {
			return
		}
		if v == 0 {
			dark++
		}
	}
	if dark*2 <= len(g.Pix) {
		return
	}
	for i := range g.Pix {
		g.Pix[i] = 255 - g.Pix[i]
	}
}

// stretched makes a picture taller by rows read between rows: a fax has half
// as many lines down as dots across.
func stretched(g *image.Gray, height int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, g.Rect.Dx(), height))
	for y := range height {
		at := min(y*(g.Rect.Dy()-1)<<8/max(1, height-1), (g.Rect.Dy()-1)<<8)
		upper := g.Pix[at>>8*g.Stride:][:g.Rect.Dx()]
		lower := g.Pix[min(at>>8+1, g.Rect.Dy()-1)*g.Stride:]
		f := at & 255
		row := out.Pix[y*out.Stride:]
		for x, v := range upper {
			row[x] = uint8((int(v)*(256-f) + int(lower[x])*f) >> 8) //nolint:gosec // a mean of bytes
		}
	}
	return out
}
