package templates

import (
	"cmp"
	"errors"
	"html"
	"slices"
	"strings"
)

// A span is words, at most one of the others telling where they lead.
type span struct {
	Words, Web, Mail, Tel string
}

// A page is the layout around the blocks.
type page struct{ head, middle, tail string }

func newPage(layout string) (page, error) {
	head, rest, ok := strings.Cut(layout, "%SUBJECT%")
	middle, tail, also := strings.Cut(rest, "%BLOCKS%")
	if !ok || !also {
		return page{}, errors.New("templates: layout.html lacks %SUBJECT% or %BLOCKS%")
	}
	return page{head, middle, tail}, nil
}

// write writes the page. Every word goes through html.EscapeString, which
// makes text safe between tags and within quoted attributes; where a link
// leads begins with a scheme that is ours.
func (p page) write(subject string, blocks []Block, links []span) string {
	var b strings.Builder
	b.Grow(8 << 10)
	b.WriteString(p.head)
	b.WriteString(html.EscapeString(subject))
	b.WriteString(p.middle)
	for i, k := range blocks {
		if i == 0 || k.Kind != blocks[i-1].Kind {
			b.WriteString(opening(k.Kind))
		}
		writeBlock(&b, k, links)
		if i == len(blocks)-1 || k.Kind != blocks[i+1].Kind {
			b.WriteString(closing(k.Kind))
		}
	}
	b.WriteString(p.tail)
	return b.String()
}

func opening(k BlockKind) string {
	switch k {
	case Fact:
		return "<dl>\n"
	case Item, Quote:
		return "<ul>\n"
	case Heading, Important, Paragraph:
	}
	return ""
}

func closing(k BlockKind) string {
	switch k {
	case Fact:
		return "</dl>\n"
	case Item, Quote:
		return "</ul>\n"
	case Heading, Important, Paragraph:
	}
	return ""
}

func writeBlock(b *strings.Builder, k Block, links []span) {
	switch k.Kind {
	case Heading:
		between(b, "<h2>", k.Words, nil, "</h2>\n")
	case Important:
		between(b, `<p class="now"><strong>`, k.Words, links, "</strong></p>\n")
	case Fact:
		between(b, "<dt>", k.Label, nil, "</dt>\n")
		between(b, "<dd>", k.Words, links, "</dd>\n")
	case Item:
		between(b, "<li>", k.Words, links, "</li>\n")
	case Quote: // no links: the words are not ours
		between(b, "<li><q>", k.Words, nil, "</q></li>\n")
	case Paragraph:
		between(b, "<p>", k.Words, links, "</p>\n")
	}
}

func between(b *strings.Builder, before, words string, links []span, after string) {
	b.WriteString(before)
	for _, s := range link(words, links) {
		switch shown := html.EscapeString(s.Words); {
		case s.Web != "":
			b.WriteString(`<a href="` + html.EscapeString(s.Web) + `">` + shown + "</a>")
		case s.Mail != "":
			b.WriteString(`<a href="mailto:` + html.EscapeString(s.Mail) + `">` + shown + "</a>")
		case s.Tel != "":
			b.WriteString(`<a href="tel:` + html.EscapeString(s.Tel) + `">` + shown + "</a>")
		default:
			b.WriteString(shown)
		}
	}
	b.WriteString(after)
}

// linksOf lists what may become a link: the landlord's and the Ombudsman's own
// addresses and numbers, and nothing that came in from outside.
func linksOf(r Reply) []span {
	l, o := r.Landlord, r.Landlord.OmbudsmanOn(r.Today)
	var all []span
	for _, web := range []string{l.Website, l.ComplaintsAt, o.Website, r.Link} {
		if strings.HasPrefix(web, "https://") || strings.HasPrefix(web, "http://") {
			all = append(all, span{Words: oneLine(web), Web: oneLine(web)})
		}
	}
	for _, phone := range []string{l.Phone, l.OutOfHours, o.Phone} {
		if dial := dialled(phone); dial != "" {
			all = append(all, span{Words: oneLine(phone), Tel: dial})
		}
	}
	if strings.Contains(l.Email, "@") {
		all = append(all, span{Words: oneLine(l.Email), Mail: oneLine(l.Email)})
	}
	// Longest first: an address may begin with another one.
	slices.SortStableFunc(all, func(a, b span) int { return cmp.Compare(len(b.Words), len(a.Words)) })
	return all
}

// dialled is a number as a phone wants it.
func dialled(number string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r == '+' {
			return r
		}
		return -1
	}, number)
}

// link cuts words at the links that stand in them.
func link(words string, links []span) []span {
	for i, l := range links {
		before, after, found := strings.Cut(words, l.Words)
		if !found {
			continue
		}
		all := append(link(before, links[i+1:]), l)
		return append(all, link(after, links[i:])...)
	}
	if words == "" {
		return nil
	}
	return []span{{Words: words}}
}
