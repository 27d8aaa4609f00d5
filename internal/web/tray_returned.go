package web

import (
	"errors"
	"net/http"
	"strings"

	"postroom/internal/reference"
	"postroom/internal/register"
)

type returnedPage struct {
	frame
	Query   string
	Problem string
	Near    []string // references that it may have been
	Rows    []letterRow
	None    bool // no letter has the reference
}

// returned finds a letter that came back, by the reference on its envelope or
// sheet.
func (d *Desk) returned(w http.ResponseWriter, r *http.Request, who register.Account) {
	page := returnedPage{Query: strings.TrimSpace(r.URL.Query().Get("q"))}
	page.Query = cut(page.Query, 100)
	title := "Returned mail"
	if page.Query != "" {
		if err := d.findReturned(r, &page); err != nil {
			d.failed(w, r, err)
			return
		}
		if page.Problem != "" {
			title = "Error: " + title
		}
	}
	var err error
	if page.frame, err = d.frame(r.Context(), who, "mailroom", title); err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, http.StatusOK, "returned.html", page)
}

func (d *Desk) findReturned(r *http.Request, page *returnedPage) error {
	ref, err := reference.Parse(page.Query)
	if err != nil {
		page.Problem = "Compare the reference with the letter: it looks like CIT26-7KR4-M9X9, and stands at its top and at the foot of every sheet"
		if errors.Is(err, reference.ErrCheck) {
			page.Problem = "One character of the reference must be wrong, or two are swapped. Compare it with the letter"
			return d.nearReturned(r, page)
		}
		return nil
	}
	letters, err := d.c.Register.LettersNamed(r.Context(), ref)
	for _, l := range letters {
		page.Rows = append(page.Rows, d.letterRow(l))
	}
	page.None = len(letters) == 0
	return err
}

// nearReturned offers the letters whose reference differs by one character.
func (d *Desk) nearReturned(r *http.Request, page *returnedPage) error {
	for _, near := range reference.Near(page.Query) {
		letters, err := d.c.Register.LettersNamed(r.Context(), near)
		if err != nil {
			return err
		}
		if len(letters) > 0 {
			page.Near = append(page.Near, near)
		}
	}
	return nil
}
