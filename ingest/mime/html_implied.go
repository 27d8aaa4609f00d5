package mime

import "golang.org/x/net/html/atom"

// implied closes the open elements that a start tag ends without saying so
// (HTML standard, "optional tags"). It matters only where something is hidden:
// a head or a hidden paragraph that nobody closed must not hide the letter.
func (h *htmlText) implied(tag atom.Atom) {
	if h.hidden == 0 {
		return
	}
	for i := len(h.stack) - 1; i >= 0 && i >= len(h.stack)-64; i-- {
		switch open := h.stack[i].tag; {
		case endedBy(open, tag):
			h.unwind(i)
		case barrier(open), (open == atom.Ul || open == atom.Ol) && tag == atom.Li:
			return
		}
	}
}

// endedBy says whether an open element has its end where another begins.
func endedBy(open, tag atom.Atom) bool {
	switch open {
	case atom.Head:
		return !belongsInHead(tag)
	case atom.P:
		return endsParagraph(tag)
	case atom.Li:
		return tag == atom.Li
	case atom.Dt, atom.Dd:
		return tag == atom.Dt || tag == atom.Dd
	case atom.Td, atom.Th:
		return tag == atom.Td || tag == atom.Th || tag == atom.Tr || tag == atom.Tbody || tag == atom.Tfoot
	case atom.Tr:
		return tag == atom.Tr || tag == atom.Tbody || tag == atom.Tfoot
	case atom.Thead, atom.Tbody:
		return tag == atom.Tbody || tag == atom.Tfoot
	}
	return false
}

// belongsInHead leaves elements that nobody knows where they are: Word puts
// such into the head.
func belongsInHead(tag atom.Atom) bool {
	switch tag {
	case 0, atom.Html, atom.Head, atom.Title, atom.Meta, atom.Link, atom.Base, atom.Style, atom.Script, atom.Noscript, atom.Template, atom.Object:
		return true
	}
	return false
}

func endsParagraph(tag atom.Atom) bool {
	switch tag {
	case atom.Tr, atom.Body, atom.Option, atom.Legend, atom.Caption:
		return false
	}
	return tag == atom.Hr || blockBreak(tag) > 0
}
