package scan

import "image"

// A blot is a patch of ink that hangs together, in dots of the sketch.
type blot struct {
	x0, y0, x1, y1 int // the far sides are within
	ink            int
}

func (b blot) w() int { return b.x1 - b.x0 + 1 }
func (b blot) h() int { return b.y1 - b.y0 + 1 }

// textual reports whether a blot may be a letter or a word: not a speck, not
// a rule, a fold, a frame, a picture or the edge of the paper.
func (b blot) textual() bool {
	return b.ink >= 6 && b.h() >= 4 && b.h() <= 60 && b.w() <= 220 && b.ink*20 >= b.w()*b.h()
}

// blots finds the patches of ink, with diagonal neighbours.
func (s *sketch) blots() []blot {
	seen := make([]bool, len(s.ink))
	var all []blot
	var stack []int
	for start, ink := range s.ink {
		if !ink || seen[start] {
			continue
		}
		seen[start] = true
		stack = append(stack[:0], start)
		b := blot{x0: s.w, y0: s.h}
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := at%s.w, at/s.w
			b.x0, b.y0, b.x1, b.y1 = min(b.x0, x), min(b.y0, y), max(b.x1, x), max(b.y1, y)
			b.ink++
			for ny := max(0, y-1); ny <= min(s.h-1, y+1); ny++ {
				for nx := max(0, x-1); nx <= min(s.w-1, x+1); nx++ {
					if next := ny*s.w + nx; s.ink[next] && !seen[next] {
						seen[next] = true
						stack = append(stack, next)
					}
				}
			}
		}
		all = append(all, b)
	}
	return all
}

// margin of the sketch within which ink is the edge of the paper or a shadow.
const margin = 12

// text lists the blots that may be words, away from the edges.
func (s *sketch) text() []blot {
	var all []blot
	for _, b := range s.blots() {
		if b.textual() && b.x0 > margin && b.y0 > margin && b.x1 < s.w-margin && b.y1 < s.h-margin {
			all = append(all, b)
		}
	}
	return all
}

// blankBlots is how much may look like words on a page that holds none: dust,
// show-through, the punch holes.
const blankBlots = 12

// covered is the share of the ink that looks like words which the reading
// found words for. Tesseract may lose half a page and be sure of the rest.
func (s *sketch) covered(r *reading) float64 {
	found := make([]bool, len(s.ink))
	for _, l := range r.lines {
		for _, w := range l.Words {
			s.mark(found, w)
		}
	}
	var all, in int
	for _, b := range s.text() {
		all += b.ink
		if found[(b.y0+b.y1)/2*s.w+(b.x0+b.x1)/2] {
			in += b.ink
		}
	}
	if all == 0 {
		return 1
	}
	return float64(in) / float64(all)
}

func (s *sketch) mark(found []bool, w Word) {
	const slack = 3
	for y := max(0, w.Y/s.factor-slack); y <= min(s.h-1, (w.Y+w.H)/s.factor+slack); y++ {
		for x := max(0, w.X/s.factor-slack); x <= min(s.w-1, (w.X+w.W)/s.factor+slack); x++ {
			found[y*s.w+x] = true
		}
	}
}

// coded finds a part of the page that may be a QR code or a bar code: a patch
// some 15 mm across or more that is about half black, as no text is. Ok is
// false where there is none.
func coded(p picture) (patch image.Rectangle, ok bool) {
	cell := max(4, p.dpi/5) // 5 mm
	w, h := p.gray.Rect.Dx()/cell, p.gray.Rect.Dy()/cell
	half := make([]bool, w*h)
	for i := range half {
		share := p.darkShare(i%w*cell, i/w*cell, cell)
		half[i] = share > 0.33 && share < 0.72
	}
	cells := &sketch{w: w, h: h, ink: half}
	for _, b := range cells.blots() {
		if b.ink >= 6 && b.w() >= 3 && b.h() >= 2 && b.ink*2 >= b.w()*b.h() {
			if found := image.Rect((b.x0-2)*cell, (b.y0-2)*cell, (b.x1+3)*cell, (b.y1+3)*cell).Intersect(p.gray.Rect); found.Dx() > patch.Dx() {
				patch, ok = found, true
			}
		}
	}
	return patch, ok
}

func (p picture) darkShare(x, y, size int) float64 {
	dark, all := 0, 0
	for dy := 0; dy < size; dy += 2 {
		row := p.gray.Pix[(y+dy)*p.gray.Stride+x:][:size]
		for dx := 0; dx < size; dx += 2 {
			all++
			if row[dx] < inkLevel-32 {
				dark++
			}
		}
	}
	return float64(dark) / float64(all)
}
