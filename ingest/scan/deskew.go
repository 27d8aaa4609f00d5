package scan

import (
	"image"
	"math"
)

// A sketch is a page shrunk to some 800 dots across, as black and white, each
// dot black where anything below it was: what lines of text look like from
// afar. All that is asked of a page's layout is asked of it.
type sketch struct {
	w, h   int
	factor int // dots of the page to one of the sketch
	ink    []bool
	points []point // where ink is
}

type point struct{ x, y int32 }

const (
	sketchWidth = 800
	sketchMost  = 4000 // dots down; a long picture is shrunk more
	cellSize    = 32   // dots of the sketch over which paper is taken to be evenly white
	inkDepth    = 25   // how much darker than its cell's mean ink is
)

func sketchOf(g *image.Gray) *sketch {
	f := max(1, (g.Rect.Dx()+sketchWidth-1)/sketchWidth, (g.Rect.Dy()+sketchMost-1)/sketchMost)
	f = min(f, max(1, g.Rect.Dx()))
	s := &sketch{w: g.Rect.Dx() / f, h: g.Rect.Dy() / f, factor: f}
	small := make([]uint8, s.w*s.h)
	for y := range s.h {
		row := small[y*s.w:][:s.w]
		for x := range row {
			row[x] = darkest(g, x*f, y*f, f)
		}
	}
	s.ink = make([]bool, s.w*s.h)
	for top := 0; top < s.h; top += cellSize {
		for left := 0; left < s.w; left += cellSize {
			s.threshold(small, left, top)
		}
	}
	return s
}

func darkest(g *image.Gray, x, y, size int) uint8 {
	least := uint8(255)
	for dy := range size {
		for _, v := range g.Pix[(y+dy)*g.Stride+x:][:size] {
			least = min(least, v)
		}
	}
	return least
}

func (s *sketch) threshold(small []uint8, left, top int) {
	right, bottom := min(left+cellSize, s.w), min(top+cellSize, s.h)
	sum := 0
	for y := top; y < bottom; y++ {
		for _, v := range small[y*s.w+left : y*s.w+right] {
			sum += int(v)
		}
	}
	level := sum/((right-left)*(bottom-top)) - inkDepth
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			if int(small[y*s.w+x]) < level {
				s.ink[y*s.w+x] = true
				s.points = append(s.points, point{int32(x), int32(y)}) //nolint:gosec // at most some thousands
			}
		}
	}
}

const (
	mostSkew  = 6.0 // degrees
	leastSkew = 0.7 // less does not hurt the reading, and a turned page takes longer to read
	leastGain = 1.1 // of the score: otherwise there are no lines to go by
)

// skew is by how many degrees the lines of text rise to the right, and how
// much more orderly the page is at that angle than as it lies.
func (s *sketch) skew() float64 {
	straight := s.order(0)
	best, angle := straight, 0.0
	for a := -mostSkew; a <= mostSkew; a += 0.5 {
		if o := s.order(a); o > best {
			best, angle = o, a
		}
	}
	for a := angle - 0.4; a <= angle+0.45; a += 0.1 {
		if o := s.order(a); o > best {
			best, angle = o, a
		}
	}
	if math.Abs(angle) <= leastSkew || best < straight*leastGain {
		return 0
	}
	return math.Round(angle*10) / 10
}

// order scores how sharply lines of text part from the white between them
// when the page is sheared by so many degrees: the sum of squared differences
// between neighbouring rows.
func (s *sketch) order(degrees float64) float64 {
	shear := int(math.Tan(degrees*math.Pi/180) * 65536)
	margin := abs(shear)*s.w>>16 + 2
	rows := make([]int32, s.h+2*margin)
	for _, p := range s.points {
		rows[margin+int(p.y)+(int(p.x)*shear)>>16]++
	}
	return squaredSteps(rows)
}

// upended is the same for the columns: high where the lines of text run up
// and down.
func (s *sketch) upended() float64 {
	columns := make([]int32, s.w+2)
	for _, p := range s.points {
		columns[p.x+1]++
	}
	return squaredSteps(columns)
}

func squaredSteps(counts []int32) float64 {
	sum := 0.0
	for i := 1; i < len(counts); i++ {
		d := float64(counts[i] - counts[i-1])
		sum += d * d
	}
	return sum
}

// sideways reports whether the lines of text seem to run up and down.
func (s *sketch) sideways() bool {
	best := 0.0
	for _, a := range []float64{-1.5, -0.5, 0, 0.5, 1.5} {
		best = max(best, s.order(a))
	}
	return s.upended() > 1.3*best
}
