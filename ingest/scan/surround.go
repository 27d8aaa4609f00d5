package scan

// surroundCells is how many squares across paper is told from what lies
// around it by.
const surroundCells = 100

// wipeSurround whitens what lies around the paper: the black of a scanner
// with its lid open, a table, the dark edge of a book.
func (p picture) wipeSurround() {
	cell := max(1, p.gray.Rect.Dx()/surroundCells)
	w, h := p.gray.Rect.Dx()/cell, p.gray.Rect.Dy()/cell
	if w < 8 || h < 8 {
		return
	}
	means := p.means(cell, w, h)
	level := parting(means)
	paper := &sketch{w: w, h: h, ink: make([]bool, w*h)}
	var dark, darkSum, lightSum int
	for i, m := range means {
		if paper.ink[i] = m > level; paper.ink[i] {
			lightSum += m
		} else {
			dark++
			darkSum += m
		}
	}
	// Without a clear edge there is no surround, only grey paper.
	if dark == 0 || dark == w*h || lightSum/(w*h-dark)-darkSum/dark < 60 || !edged(paper) {
		return
	}
	sheet := blot{}
	for _, b := range paper.blots() {
		if b.ink > sheet.ink {
			sheet = b
		}
	}
	if sheet.ink*6 < w*h {
		return
	}
	for y := range h {
		left, right := span(paper, sheet, y)
		for row := y * cell; row < min((y+1)*cell, p.gray.Rect.Dy()); row++ {
			p.white(row, 0, left*cell)
			p.white(row, right*cell, p.gray.Rect.Dx())
		}
	}
	for row := h * cell; row < p.gray.Rect.Dy(); row++ {
		p.white(row, 0, p.gray.Rect.Dx())
	}
}

func (p picture) means(cell, w, h int) []int {
	means := make([]int, w*h)
	for i := range means {
		sum, n := 0, 0
		for dy := 0; dy < cell; dy += 2 {
			row := p.gray.Pix[(i/w*cell+dy)*p.gray.Stride+i%w*cell:][:cell]
			for dx := 0; dx < cell; dx += 2 {
				sum += int(row[dx])
				n++
			}
		}
		means[i] = sum / n
	}
	return means
}

// parting is the grey that best parts light from dark (Otsu's).
func parting(values []int) int {
	var counts [256]int
	total := 0
	for _, v := range values {
		counts[v]++
		total += v
	}
	best, level, n, sum := 0.0, 0, 0, 0
	for v, c := range counts {
		n, sum = n+c, sum+v*c
		if n == 0 || n == len(values) {
			continue
		}
		below, above := float64(sum)/float64(n), float64(total-sum)/float64(len(values)-n)
		if apart := float64(n) * float64(len(values)-n) * (above - below) * (above - below); apart > best {
			best, level = apart, v
		}
	}
	return level
}

// edged reports whether a whole side of the picture is dark.
func edged(paper *sketch) bool {
	var top, bottom, left, right int
	for x := range paper.w {
		top += dark(paper, x, 0)
		bottom += dark(paper, x, paper.h-1)
	}
	for y := range paper.h {
		left += dark(paper, 0, y)
		right += dark(paper, paper.w-1, y)
	}
	return max(top, bottom)*10 > paper.w*7 || max(left, right)*10 > paper.h*7
}

func dark(paper *sketch, x, y int) int {
	if paper.ink[y*paper.w+x] {
		return 0
	}
	return 1
}

// span is where the sheet begins and ends in a row of cells; words within it
// are dark cells too, and stay.
func span(paper *sketch, sheet blot, y int) (left, right int) {
	if y < sheet.y0 || y > sheet.y1 {
		return paper.w + 1, paper.w + 1
	}
	left, right = sheet.x1+1, sheet.x0
	for x := sheet.x0; x <= sheet.x1; x++ {
		if paper.ink[y*paper.w+x] {
			left, right = min(left, x), max(right, x)
		}
	}
	return left + 1, right // the cell at the edge is half a shadow
}

func (p picture) white(row, from, to int) {
	width := p.gray.Rect.Dx()
	for i := min(from, width); i < min(to, width); i++ {
		p.gray.Pix[row*p.gray.Stride+i] = 255
		if p.stamp != nil {
			p.stamp.Pix[row*p.stamp.Stride+i] = 255
		}
	}
}
