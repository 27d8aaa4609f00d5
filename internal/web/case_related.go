package web

import (
	"net/http"

	"postroom/internal/register"
)

// otherCases bounds how many cases of the same resident are shown.
const otherCases = 20

// addRelated fills in the cases that have to do with this one: linked and
// merged ones, the same resident's, and what may be a second copy of it.
func (d *Desk) addRelated(r *http.Request, f *caseFacts, p *casePage) error {
	known := map[register.ID]bool{f.ID: true}
	if f.MergedInto != "" {
		c, _, err := d.c.Register.GetCase(r.Context(), f.MergedInto)
		if err != nil {
			return err
		}
		v := linkedCase(c, "")
		p.Signpost, known[c.ID] = &v, true
	}
	linked := relatedView{ID: "linked", Title: "Linked cases"}
	for _, l := range f.Links {
		linked.Cases, known[l.ID] = append(linked.Cases, linkedCase(l.Case, linkName(l))), true
	}
	for _, c := range f.Merged {
		linked.Cases, known[c.ID] = append(linked.Cases, linkedCase(c, "Merged into this one")), true
	}
	copies := relatedView{ID: "copies", Title: "May be the same once more"}
	err := d.addCopies(r, f, &copies, known)
	if err != nil {
		return err
	}
	others := relatedView{ID: "others", Title: "The same resident’s other cases"}
	if f.Case.Resident != "" {
		theirs, err := d.c.Register.ResidentCases(r.Context(), f.Case.Resident, otherCases)
		if err != nil {
			return err
		}
		for _, c := range theirs {
			if !known[c.ID] {
				others.Cases = append(others.Cases, linkedCase(c, ""))
			}
		}
	}
	for _, v := range []relatedView{copies, linked, others} {
		if len(v.Cases) > 0 {
			p.Related = append(p.Related, v)
		}
	}
	return nil
}

func linkedCase(c register.Case, why string) linkedView {
	v := caseRow(c)
	return linkedView{Href: "/cases/" + c.Reference, Reference: c.Reference, Why: why, State: v.State, About: v.About}
}

// addCopies offers what may be a second copy of what opened the case. A person
// merges or links it, or leaves it.
func (d *Desk) addCopies(r *http.Request, f *caseFacts, copies *relatedView, known map[register.ID]bool) error {
	if !f.open() {
		return nil
	}
	all, err := d.c.Register.Duplicates(r.Context(), f.Message)
	if err != nil {
		return err
	}
	for _, dup := range all {
		v := linkedView{Href: "/messages/" + dup.Message, Reference: dup.Reference, State: "A message without a case"}
		if dup.Case != "" {
			if known[dup.Case] {
				continue
			}
			c, _, err := d.c.Register.GetCase(r.Context(), dup.Case)
			if err != nil {
				return err
			}
			if c.MergedInto != "" {
				continue
			}
			known[c.ID] = true
			v = linkedCase(c, "")
			v.Offer = true
		}
		v.Why = capital(dup.Why) + ", within a month"
		copies.Cases = append(copies.Cases, v)
	}
	return nil
}
