package scan

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"io"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// A reading is what tesseract saw on one picture.
type reading struct {
	lines []Line
	words int
	sum   float64 // of the words' confidence
	low   int     // words below lowConfidence
	why   string  // why there is nothing
}

const (
	lowConfidence = 60
	// sureConfidence is the mean below which a page was written by hand or read
	// badly: clean print has 94 and more, capitals by hand up to 92.
	sureConfidence = 92.5
	// turnedConfidence is the mean below which a page may lie upside down.
	turnedConfidence = 80
	turnConfidence   = 10 // of tesseract's word on how a page lies
	mostTSV          = 16 << 20
)

func (r *reading) mean() float64 {
	if r.words == 0 {
		return 0
	}
	return r.sum / float64(r.words)
}

// sure is how much was read, each word by its confidence beyond doubt: what
// two readings of one page are compared by.
func (r *reading) sure() float64 {
	sum := 0.0
	for _, l := range r.lines {
		for _, w := range l.Words {
			if w.Confidence > 30 && hasLetter(w.Text) {
				sum += w.Confidence * math.Sqrt(float64(len(w.Text)))
			}
		}
	}
	return sum
}

func hasLetter(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) })
}

// pgm writes a picture in the plainest format that tesseract reads.
func pgm(g *image.Gray) io.Reader {
	head := fmt.Sprintf("P5\n%d %d\n255\n", g.Rect.Dx(), g.Rect.Dy())
	if g.Stride == g.Rect.Dx() {
		return io.MultiReader(strings.NewReader(head), bytes.NewReader(g.Pix))
	}
	var b bytes.Buffer
	b.WriteString(head)
	for y := range g.Rect.Dy() {
		b.Write(g.Pix[y*g.Stride:][:g.Rect.Dx()])
	}
	return &b
}

// ocr reads a picture. mode is tesseract's page segmentation mode: 3 finds
// columns and blocks, 6 takes the page as one.
func (r *Reader) ocr(ctx context.Context, dir string, g *image.Gray, dpi, mode int, language string) reading {
	res := r.run(ctx, job{
		program: "tesseract", dir: dir, stdin: pgm(g), most: mostTSV,
		args: []string{"stdin", "stdout", "-l", language, "--psm", strconv.Itoa(mode), "--dpi", strconv.Itoa(dpi), "tsv"},
	})
	got := parseTSV(res.out)
	if len(res.out) == 0 {
		got.why = res.why()
	}
	return got
}

// parseTSV reads tesseract's table: level, page, block, paragraph, line, word,
// left, top, width, height, confidence, text.
func parseTSV(table []byte) reading {
	var got reading
	last, paragraph, paragraphs := "", "", 0
	s := bufio.NewScanner(bytes.NewReader(table))
	s.Buffer(nil, 1<<20)
	for s.Scan() {
		f := strings.Split(s.Text(), "\t")
		if len(f) != 12 || f[0] != "5" {
			continue
		}
		text := strings.TrimSpace(strings.ToValidUTF8(f[11], ""))
		confidence, err := strconv.ParseFloat(f[10], 64)
		if text == "" || err != nil || math.IsNaN(confidence) {
			continue
		}
		if p := f[2] + "." + f[3]; p != paragraph {
			paragraph = p
			paragraphs++
		}
		if line := paragraph + "." + f[4]; line != last {
			last = line
			got.lines = append(got.lines, Line{Paragraph: paragraphs})
		}
		w := Word{Text: text, Confidence: min(max(confidence, 0), 100), X: number(f[6]), Y: number(f[7]), W: number(f[8]), H: number(f[9])}
		l := &got.lines[len(got.lines)-1]
		l.Words = append(l.Words, w)
		got.count(w)
	}
	return got
}

func (r *reading) count(w Word) {
	if !hasLetter(w.Text) {
		return // specks and rules are read as dots and bars
	}
	r.words++
	r.sum += w.Confidence
	if w.Confidence < lowConfidence {
		r.low++
	}
}

func number(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}

// lies asks tesseract by how many degrees clockwise a page must be turned to
// stand upright; 0 when it does, or when tesseract is not sure.
func (r *Reader) lies(ctx context.Context, dir string, g *image.Gray, dpi int) int {
	res := r.run(ctx, job{
		program: "tesseract", dir: dir, stdin: pgm(g),
		args: []string{"stdin", "stdout", "-l", "osd", "--psm", "0", "--dpi", strconv.Itoa(dpi)},
	})
	turn, confidence := 0, 0.0
	for line := range strings.Lines(string(res.out)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch name {
		case "Rotate":
			turn = number(value)
		case "Orientation confidence":
			confidence, _ = strconv.ParseFloat(value, 64)
		}
	}
	if confidence < turnConfidence || turn%90 != 0 || turn < 0 || turn > 270 {
		return 0
	}
	return turn
}
