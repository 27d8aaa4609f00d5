package templates

import (
	"cmp"
	"slices"
	"strings"
)

// A page is what the layout is given.
type page struct {
	Subject string
	Groups  []group
}

// A group is a block, or a run of blocks that make one list.
type group struct {
	Kind   BlockKind
	Blocks []marked
}

// A marked block has its words cut into plain ones and links.
type marked struct {
	Label string
	Spans []span
}

// A span is words, at most one of the others telling where they lead.
type span struct {
	Words, Web, Mail, Tel string
}

func (s *Set) html(subject string, blocks []Block, links []span) (string, error) {
	p := page{Subject: subject}
	for i, k := range blocks {
		if i == 0 || k.Kind != blocks[i-1].Kind || !listed(k.Kind) {
			p.Groups = append(p.Groups, group{Kind: k.Kind})
		}
		last := &p.Groups[len(p.Groups)-1]
		m := marked{Label: k.Label, Spans: []span{{Words: k.Words}}}
		if k.Kind != Quote {
			m.Spans = link(k.Words, links)
		}
		last.Blocks = append(last.Blocks, m)
	}
	var b strings.Builder
	if err := s.layout.Execute(&b, p); err != nil {
		return "", err
	}
	return b.String(), nil
}

// linksOf lists what may become a link: the landlord's and the Ombudsman's own
// addresses and numbers, and nothing that came in from outside.
func linksOf(r Reply) []span {
	l, o := r.Landlord, r.Landlord.ombudsman(r.Today)
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
