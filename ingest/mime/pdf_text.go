package mime

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// A matrix is the first two columns of a transformation (section 8.3.3).
type matrix [6]float64

func (m matrix) times(n matrix) matrix {
	return matrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// A pdfText writes the words of pages as lines, in the order in which the
// file shows them.
type pdfText struct {
	f     *pdfFile
	b     strings.Builder
	room  int64               // for so many bytes
	fonts map[pdfRef]*pdfFont // those that have a number
	forms []*pdfStream        // those that are open

	page0   matrix // the current transformation
	stack   []matrix
	text    matrix // of the text
	line    matrix // where the line began
	font    *pdfFont
	size    float64
	leading float64
	endX    float64 // where the last words ended, on the page
	endY    float64
	begun   bool
}

func (t *pdfText) page(p pdfPage) error {
	if t.b.Len() > 0 {
		t.b.WriteString("\n\n")
	}
	t.begun = false
	t.page0, t.stack = matrix{1, 0, 0, 1, 0, 0}, nil
	return t.run(t.f.contents(p.page["Contents"]), p.resources, 0)
}

// run reads a content stream (section 7.8.2): operands, then their operator.
func (t *pdfText) run(content []byte, resources pdfDict, depth int) error {
	l := pdfLexer{b: content, steps: &t.f.steps}
	var operands []any
	for l.at < len(content) {
		v, ok := l.value()
		if t.f.steps > maxPDFSteps || int64(t.b.Len()) > t.room {
			return errPDF
		}
		op, isOp := v.(pdfWord)
		switch {
		case !ok:
		case !isOp:
			if len(operands) < 100 {
				operands = append(operands, v)
			}
		case op == "BI":
			skipImage(&l)
			operands = operands[:0]
		case op == "Do":
			if err := t.form(operands, resources, depth); err != nil {
				return err
			}
			operands = operands[:0]
		default:
			t.operator(string(op), operands, resources)
			operands = operands[:0]
		}
		if len(operands) == 0 {
			if err := t.f.w.check(); err != nil {
				return err
			}
		}
	}
	return nil
}

// skipImage passes the bytes of an inline image (section 8.9.7).
func skipImage(l *pdfLexer) {
	for at := l.at; ; {
		i := bytes.Index(l.b[at:], []byte("EI"))
		if i < 0 {
			l.at = len(l.b)
			return
		}
		if at += i + 2; i > 0 && isPDFSpace(l.b[at-3]) && (at == len(l.b) || isPDFSpace(l.b[at])) {
			l.at = at
			return
		}
	}
}

// form shows a form of the resources, which has content of its own.
func (t *pdfText) form(operands []any, resources pdfDict, depth int) error {
	if len(operands) == 0 || depth > 5 {
		return nil
	}
	name, _ := operands[0].(pdfName)
	s, ok := t.f.get(t.f.dict(resources["XObject"])[name]).(*pdfStream)
	if !ok || s.dict["Subtype"] != pdfName("Form") || slices.Contains(t.forms, s) {
		return nil
	}
	t.forms = append(t.forms, s)
	defer func() { t.forms = t.forms[:len(t.forms)-1] }()
	own := t.f.dict(s.dict["Resources"])
	if own == nil {
		own = resources
	}
	before := t.page0
	if m, ok := matrixOf(t.f.list(s.dict["Matrix"])); ok {
		t.page0 = m.times(t.page0)
	}
	err := t.run(t.f.unpack(s), own, depth+1)
	t.page0 = before
	return err
}

func matrixOf(list []any) (matrix, bool) {
	var m matrix
	if len(list) < 6 {
		return m, false
	}
	for i := range m {
		m[i], _ = list[i].(float64)
	}
	return m, true
}

// number gives the n-th operand.
func number(operands []any, n int) float64 {
	if n >= len(operands) {
		return 0
	}
	v, _ := operands[n].(float64)
	return v
}

// operator does what matters to text (section 9.4).
func (t *pdfText) operator(op string, operands []any, resources pdfDict) {
	switch op {
	case "q":
		if len(t.stack) < 100 {
			t.stack = append(t.stack, t.page0)
		}
	case "Q":
		if n := len(t.stack); n > 0 {
			t.page0, t.stack = t.stack[n-1], t.stack[:n-1]
		}
	case "cm":
		if m, ok := matrixOf(operands); ok {
			t.page0 = m.times(t.page0)
		}
	case "BT":
		t.text = matrix{1, 0, 0, 1, 0, 0}
		t.line = t.text
	case "Tf":
		if len(operands) > 1 {
			t.font = t.fontOf(t.f.dict(resources["Font"])[nameOf(operands[0])])
			t.size = number(operands, 1)
		}
	case "TL":
		t.leading = number(operands, 0)
	case "Tm":
		if m, ok := matrixOf(operands); ok {
			t.text, t.line = m, m
		}
	case "Td":
		t.move(number(operands, 0), number(operands, 1))
	case "TD":
		t.leading = -number(operands, 1)
		t.move(number(operands, 0), number(operands, 1))
	case "T*":
		t.move(0, -t.leading)
	case "Tj", "TJ", "'", `"`:
		if op == "'" || op == `"` {
			t.move(0, -t.leading)
		}
		if len(operands) > 0 {
			t.show(operands[len(operands)-1])
		}
	}
}

func nameOf(v any) pdfName {
	name, _ := v.(pdfName)
	return name
}

func (t *pdfText) move(x, y float64) {
	t.line = matrix{1, 0, 0, 1, x, y}.times(t.line)
	t.text = t.line
}

// show writes a string, or a list of strings and the gaps between them.
func (t *pdfText) show(v any) {
	t.arrive()
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for _, v := range list {
		switch v := v.(type) {
		case float64:
			// A gap of a fifth of the letters' size is a space.
			if v < -200 && t.begun {
				t.space()
			}
			t.advance(-v / 1000)
		case pdfString:
			text, width := t.font.decode(string(v))
			t.b.WriteString(text)
			t.advance(width)
			t.begun = t.begun || text != ""
		}
	}
	at := t.text.times(t.page0)
	t.endX, t.endY = at[4], at[5]
}

func (t *pdfText) advance(ems float64) {
	t.text = matrix{1, 0, 0, 1, ems * t.size, 0}.times(t.text)
}

func (t *pdfText) space() {
	if s := t.b.String(); s != "" && !strings.HasSuffix(s, " ") && !strings.HasSuffix(s, "\n") {
		t.b.WriteByte(' ')
	}
}

// arrive writes what lies between the last words and the next: a line end, an
// empty line, a space, or nothing.
func (t *pdfText) arrive() {
	at := t.text.times(t.page0)
	size := math.Abs(t.size) * math.Hypot(at[2], at[3])
	if !t.begun || size == 0 || math.IsNaN(size) {
		return
	}
	down := math.Abs(at[5] - t.endY)
	switch {
	case down > 1.9*size:
		t.b.WriteString("\n\n")
	case down > 0.5*size || at[4] < t.endX-2*size:
		t.b.WriteByte('\n')
	case at[4] > t.endX+0.15*size:
		t.space()
	}
}
