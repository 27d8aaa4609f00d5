package web

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/register"
)

// A pageView is a page of a letter, to be shown as a picture.
type pageView struct {
	Number     int    // within the letter
	InFile     int    // within the file; 0: the same
	Src, Large string // where the picture is
	Turns      []turnView
	Alt        string
}

// A turnView shows the page turned clockwise, for whoever lies askew.
type turnView struct{ Name, Large string }

// mostPages bounds the pictures beside what is read or decided.
const mostPages = 60

// firstPages are the pages of a letter to look at beside something else.
func (d *Desk) firstPages(m register.Message, base string) []pageView {
	all := d.pageViews(m, base)
	return all[:min(len(all), mostPages)]
}

// pageViews are the pages of a letter, each under an address that begins with
// base. What is not read yet may have no known pages: its first is tried.
func (d *Desk) pageViews(m register.Message, base string) (views []pageView) {
	if d.c.Letters == nil || m.Channel != register.Letter {
		return nil
	}
	pages := letterPages(m)
	count := len(pages)
	if count == 0 && !isPart(m) {
		count = 1
	}
	for i := range count {
		n := strconv.Itoa(i + 1)
		v := pageView{Number: i + 1, Src: base + "/" + n, Large: base + "/" + n + "?large=1", Alt: "Page " + n + " of " + strconv.Itoa(count) + " as it was scanned"}
		if count != len(pages) {
			v.Alt = "The first page as it was scanned"
		} else if pages[i] != i+1 {
			v.InFile = pages[i]
		}
		for _, turn := range []struct{ name, by string }{{"to the right", "90"}, {"upside down", "180"}, {"to the left", "270"}} {
			v.Turns = append(v.Turns, turnView{turn.name, v.Large + "&turn=" + turn.by})
		}
		views = append(views, v)
	}
	return views
}

// letterPages are the pages of the file that a letter stands on.
func letterPages(m register.Message) []int {
	if m.Reading == nil || m.Reading.Paper == nil {
		return nil
	}
	return m.Reading.Paper.Pages
}

// isPart reports whether the letter is one of several in its file, whose
// other pages are other people's.
func isPart(m register.Message) bool { return m.Fingerprint != m.Original }

// pagePicture shows a page of a letter to whoever may read all post.
func (d *Desk) pagePicture(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.sendPicture(w, r, m, who)
}

// How large pages are shown, in dots of the longer side, how many are drawn
// at once and how long one may take.
const (
	pageSide     = 1400
	largeSide    = 2800
	smallSide    = 420
	drawnAtOnce  = 2
	drawPatience = 90 * time.Second
)

// seenFor is how long whoever looked at a letter looks at it still, when its
// pages are counted as views.
const seenFor = time.Hour

// sendPicture draws page n of a letter. Numbers count within the letter: the
// other pages of its file belong to other residents.
func (d *Desk) sendPicture(w http.ResponseWriter, r *http.Request, m register.Message, who register.Account) {
	n, err := strconv.Atoi(r.PathValue("n"))
	pages := letterPages(m)
	switch {
	case err != nil || n < 1 || d.c.Letters == nil || m.Channel != register.Letter:
		err = register.ErrNotFound
	case len(pages) > 0 && n <= len(pages):
		n = pages[n-1]
	case len(pages) > 0 || isPart(m):
		err = register.ErrNotFound
	}
	if err != nil {
		d.failed(w, r, register.ErrNotFound)
		return
	}
	if err = d.c.Screen.Pass(r.Context(), m.Original); err == nil {
		err = d.c.Register.ViewedPage(r.Context(), m.ID, who.Name, d.c.Now().Add(-seenFor))
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	picture, err := d.draw(r, m, n)
	switch {
	case errors.Is(err, scan.ErrNoPage), errors.Is(err, archive.ErrNotFound):
		d.failed(w, r, register.ErrNotFound)
	case errors.Is(err, archive.ErrAway):
		d.failed(w, r, err)
	case errors.Is(err, context.DeadlineExceeded):
		d.problem(w, r, http.StatusServiceUnavailable, "Not drawn in time", "The page was not drawn in time. Load it again, or download the original.")
	case err != nil:
		d.problem(w, r, http.StatusUnprocessableEntity, "The page cannot be shown", capital(err.Error())+".")
	default:
		w.Header().Set("Content-Type", "image/png")
		w.Header().Set("Content-Length", strconv.Itoa(len(picture)))
		w.Header().Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'")
		_, _ = w.Write(picture)
	}
}

func (d *Desk) draw(r *http.Request, m register.Message, n int) ([]byte, error) {
	ctx, cancel := context.WithTimeout(r.Context(), drawPatience)
	defer cancel()
	select {
	case d.drawing <- struct{}{}:
		defer func() { <-d.drawing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	original, err := d.c.Archive.Get(ctx, m.Original)
	if err != nil {
		return nil, err
	}
	defer original.Close() //nolint:errcheck // only read
	query := r.URL.Query()
	v := scan.View{Side: pageSide}
	switch {
	case query.Get("large") != "":
		v.Side = largeSide
	case query.Get("small") != "":
		v.Side = smallSide
	}
	v.Turn, _ = strconv.Atoi(query.Get("turn")) // none, or nonsense: as it is
	return d.c.Letters.Show(ctx, original, n, v)
}
