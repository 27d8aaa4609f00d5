package mime

import (
	"errors"
	"io"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// htmlToText gives the words of an HTML part as a reader sees them: without
// scripts, styles and hidden parts, blockquotes marked with "> " where they
// quote earlier mail. It works on tokens, not on a tree, so that nesting
// costs nothing. over is true when the limit of nodes was met.
func htmlToText(page string, nodes int, tick func() error) (text string, over bool) {
	h := htmlText{hiding: hidingClasses(page)}
	z := html.NewTokenizer(strings.NewReader(page))
	for n := 0; ; n++ {
		if n >= nodes || n%1024 == 1023 && tick() != nil {
			return h.result(), true
		}
		switch z.Next() {
		case html.ErrorToken:
			return h.result(), !errors.Is(z.Err(), io.EOF)
		case html.TextToken:
			h.words(z)
		case html.StartTagToken, html.SelfClosingTagToken:
			h.open(z.Token())
		case html.EndTagToken:
			name, _ := z.TagName()
			h.close(atom.Lookup(name))
		case html.CommentToken, html.DoctypeToken:
		}
	}
}

// An htmlText is text in the making.
type htmlText struct {
	out    strings.Builder
	line   strings.Builder // the current line
	before string          // the line before, for "wrote:"
	hiding map[string]bool // classes that hide
	stack  []htmlOpen
	hidden int  // open elements that hide
	pre    int  // open elements that keep white space
	quote  int  // depth of quoting
	cells  int  // cells already in this row
	blank  bool // the last line given out was blank
	want   bool // a blank line is due before the next text
	space  bool // white space is due before the next text
	tab    bool // the next text is another cell of a table's row
}

// An htmlOpen is an element that must be closed again.
type htmlOpen struct {
	tag           atom.Atom
	hides, quotes bool
}

const maxHTMLStack = 2000

func (h *htmlText) open(t html.Token) {
	h.implied(t.DataAtom)
	switch t.DataAtom {
	case atom.Br:
		h.endLine()
		return
	case atom.Hr:
		if h.hidden == 0 {
			h.block(1)
			h.put("________________________________")
			h.block(1)
		}
		return
	case atom.Img, atom.Input, atom.Meta, atom.Link, atom.Col, atom.Wbr, atom.Area, atom.Base:
		return
	}
	if n := blockBreak(t.DataAtom); n > 0 {
		h.block(n)
	}
	h.cell(t)
	if len(h.stack) >= maxHTMLStack || t.Type == html.SelfClosingTagToken {
		return
	}
	o := htmlOpen{tag: t.DataAtom, hides: h.hides(t), quotes: h.quotes(t)}
	if o.hides {
		h.hidden++
	}
	if o.quotes {
		h.block(1)
		h.gap()
		h.quote++
	}
	if o.tag == atom.Pre || o.tag == atom.Textarea {
		h.pre++
	}
	h.stack = append(h.stack, o)
}

// cell keeps the cells of a table row on one line.
func (h *htmlText) cell(t html.Token) {
	switch t.DataAtom {
	case atom.Tr:
		h.cells = 0
	case atom.Td, atom.Th:
		if h.cells++; h.cells > 1 {
			h.tab = h.line.Len() > 0
		}
	case atom.Li:
		if h.hidden == 0 && !h.hides(t) {
			h.put("* ")
		}
	}
}

func (h *htmlText) close(tag atom.Atom) {
	// Only the last few elements are searched: mail is badly nested, and a
	// stray end tag must not close everything.
	for i := len(h.stack) - 1; i >= 0 && i >= len(h.stack)-64; i-- {
		if h.stack[i].tag == tag {
			h.unwind(i)
			break
		}
		if barrier(h.stack[i].tag) {
			break
		}
	}
	if n := blockBreak(tag); n > 0 {
		h.block(n)
	}
}

// barrier says which elements an end tag of another cannot leave.
func barrier(tag atom.Atom) bool {
	return tag == atom.Table || tag == atom.Td || tag == atom.Blockquote
}

func (h *htmlText) unwind(to int) {
	for _, o := range h.stack[to:] {
		if o.hides {
			h.hidden--
		}
		if o.quotes {
			h.block(1)
			h.quote--
		}
		if o.tag == atom.Pre || o.tag == atom.Textarea {
			h.pre--
		}
	}
	h.stack = h.stack[:to]
}

// blockBreak gives how many line ends an element puts around itself.
func blockBreak(tag atom.Atom) int {
	switch tag {
	case atom.P, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Ul, atom.Ol, atom.Dl, atom.Table,
		atom.Blockquote, atom.Pre, atom.Fieldset, atom.Form:
		return 2
	case atom.Div, atom.Tr, atom.Li, atom.Dt, atom.Dd, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Center,
		atom.Address, atom.Body, atom.Option, atom.Legend, atom.Caption, atom.Main, atom.Nav, atom.Figure:
		return 1
	}
	return 0
}

// hides says whether a reader does not see what is inside.
func (h *htmlText) hides(t html.Token) bool {
	switch t.DataAtom {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Object, atom.Applet, atom.Iframe, atom.Noframes,
		atom.Select, atom.Datalist, atom.Svg, atom.Math, atom.Canvas, atom.Audio, atom.Video:
		return true
	case atom.Body, atom.Html:
		return false
	}
	for _, a := range t.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "style":
			if hiddenStyle(a.Val) {
				return true
			}
		case "class":
			for c := range strings.FieldsSeq(a.Val) {
				if h.hiding[strings.ToLower(c)] {
					return true
				}
			}
		}
	}
	return false
}

// hiddenStyle knows the ways in which mail hides words.
func hiddenStyle(css string) bool {
	css = strings.ToLower(strings.Join(strings.Fields(css), ""))
	// A wrapper that only takes white space away sets its children's size again.
	small := strings.Contains(css, "max-height:0") || strings.Contains(css, "line-height:0") || strings.Contains(css, "color:")
	for rule := range strings.SplitSeq(css, ";") {
		rule = strings.TrimSuffix(rule, "!important")
		switch rule {
		case "display:none", "visibility:hidden", "visibility:collapse", "mso-hide:all", "opacity:0", "opacity:0.0":
			return true
		case "font-size:0", "font-size:0px", "font-size:0pt", "font-size:0em":
			if small {
				return true
			}
		}
	}
	return false
}

// hidingClasses reads the simplest rules of a style sheet: ".name{display:none}".
func hidingClasses(page string) map[string]bool {
	found := map[string]bool{}
	lower := strings.ToLower(page)
	for {
		i := strings.Index(lower, "<style")
		if i < 0 {
			return found
		}
		lower = lower[i:]
		sheet, rest, _ := strings.Cut(lower, "</style")
		classesOf(sheet, found)
		lower = rest
	}
}

func classesOf(sheet string, found map[string]bool) {
	if _, after, ok := strings.Cut(sheet, ">"); ok {
		sheet = after
	}
	depth := 0
	for sheet != "" && len(found) < 200 {
		i := strings.IndexAny(sheet, "{}")
		if i < 0 {
			return
		}
		selector := sheet[:i]
		if sheet[i] == '}' {
			depth, sheet = max(0, depth-1), sheet[i+1:]
			continue
		}
		sheet = sheet[i+1:]
		end := strings.IndexAny(sheet, "{}")
		if end >= 0 && sheet[end] == '{' { // @media: hides on some screens only
			depth++
			continue
		}
		end = max(end, 0)
		if depth == 0 && hiddenStyle(sheet[:end]) {
			addClasses(selector, found)
		}
		sheet = strings.TrimPrefix(sheet[end:], "}")
	}
}

func addClasses(selector string, found map[string]bool) {
	for s := range strings.SplitSeq(selector, ",") {
		s = strings.TrimSpace(s)
		if i := strings.IndexByte(s, '.'); i >= 0 && !strings.ContainsAny(s, " >+~:[#") {
			found[s[i+1:]] = true
		}
	}
}

// quotes says whether an element holds earlier mail. A bare blockquote does
// so only after a line that says who wrote; else it is the sender's indent.
func (h *htmlText) quotes(t html.Token) bool {
	if t.DataAtom != atom.Blockquote {
		return false
	}
	for _, a := range t.Attr {
		v := strings.ToLower(a.Val)
		if a.Key == "type" && v == "cite" || a.Key == "cite" ||
			a.Key == "class" && (strings.Contains(v, "quote") || strings.Contains(v, "cite")) {
			return true
		}
	}
	return h.quote > 0 || strings.HasSuffix(h.before, ":") &&
		(strings.Contains(h.before, "@") || wroteEnd.MatchString(h.before) || dateInLine.MatchString(h.before))
}

// words adds the text of one token.
func (h *htmlText) words(z *html.Tokenizer) {
	text := string(z.Text())
	if n := len(h.stack); n > 0 && h.stack[n-1].tag == atom.Head && strings.TrimSpace(text) != "" {
		h.unwind(n - 1)
	}
	if h.hidden > 0 {
		return
	}
	if strings.Contains(text, "&") {
		text = html.UnescapeString(text)
	}
	if h.pre > 0 {
		for i, line := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
			if i > 0 {
				h.endLine()
			}
			h.put(line)
		}
		return
	}
	h.flow(text)
}

// flow adds text with its white space folded.
func (h *htmlText) flow(text string) {
	for text != "" {
		i := strings.IndexAny(text, " \t\r\n\f")
		if i < 0 {
			h.put(text)
			return
		}
		if i > 0 {
			h.put(text[:i])
		}
		h.space = h.space || h.line.Len() > 0
		text = text[i+1:]
	}
}

// put adds text to the current line.
func (h *htmlText) put(text string) {
	if text == "" {
		return
	}
	if h.line.Len() == 0 {
		h.gap()
	}
	h.want = false
	if h.tab && h.line.Len() > 0 {
		h.line.WriteByte('\t')
	} else if h.space && h.line.Len() > 0 {
		h.line.WriteByte(' ')
	}
	h.space, h.tab = false, false
	h.line.WriteString(text)
}

// gap gives out the blank line that is due.
func (h *htmlText) gap() {
	if h.want && !h.blank && h.out.Len() > 0 {
		h.endLine()
	}
	h.want = false
}

// block ends the current line; n of two asks for a blank line besides.
func (h *htmlText) block(n int) {
	if h.line.Len() > 0 {
		h.endLine()
	}
	h.want = h.want || n > 1
	h.space = false
}

// endLine gives the current line out, a blank one when it is empty.
func (h *htmlText) endLine() {
	text := strings.TrimLeft(strings.TrimRight(h.line.String(), " \t\u00a0"), "\u00a0")
	h.line.Reset()
	h.space, h.tab = false, false
	if h.blank && text == "" {
		return
	}
	if h.quote > 0 {
		h.out.WriteString(strings.Repeat(">", min(h.quote, 20)))
		h.out.WriteByte(' ')
	}
	h.out.WriteString(text)
	h.out.WriteByte('\n')
	if h.blank = text == ""; !h.blank {
		h.before = text
	}
}

func (h *htmlText) result() string {
	h.block(1)
	return strings.TrimSpace(normalise(strings.ReplaceAll(h.out.String(), "\u00a0", " ")))
}
