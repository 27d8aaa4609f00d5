package web

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	readmail "postroom/ingest/mime"
	"postroom/internal/register"
)

// looked shows a mail's own page as it looked, in a frame that can do nothing:
// what acts or reaches out is taken out of the page; and the policy, and the
// frame's own sandbox, stop whatever was missed.
func (d *Desk) looked(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, err := d.c.Register.GetMessage(r.Context(), r.PathValue("id"))
	if err == nil && m.Channel != register.Email {
		err = register.ErrNotFound
	}
	if err == nil {
		err = d.c.Screen.Pass(r.Context(), m.Original)
	}
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedOriginal, m.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	page, err := d.mailPage(r, m)
	if err != nil && !errors.Is(err, readmail.ErrNoPage) {
		d.failed(w, r, err)
		return
	}
	if err != nil {
		page = "<p>This mail has no page of its own: it is plain text.</p>"
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	h.Set("X-DNS-Prefetch-Control", "off")
	h.Del("Cross-Origin-Opener-Policy") // with a sandbox a browser would refuse the page in a window of its own
	_, _ = io.WriteString(w, pageHead+page)
}

// pageHead makes a mail's page readable where it says nothing of its own.
const pageHead = `<!doctype html><html><head><meta charset="utf-8"><title>The mail as it looked</title><style>
:root { color-scheme: light; background: #fff; color: #111; font: 1rem/1.5 Arial, Helvetica, sans-serif; overflow-wrap: anywhere; }
body { margin: 1rem; } img, table { max-width: 100%; } a { text-decoration: underline; }
</style></head><body>
`

func (d *Desk) mailPage(r *http.Request, m register.Message) (string, error) {
	original, err := d.c.Archive.Get(r.Context(), m.Original)
	if err != nil {
		return "", err
	}
	defer original.Close() //nolint:errcheck // only read
	return readmail.OpenPage(r.Context(), original, d.c.Reading(m.Source))
}

// pageWithin is how far into a mail a sign of a page is looked for.
const pageWithin = 1 << 20

// addLooked offers to show a mail as it looked, where it has a page.
func (d *Desk) addLooked(r *http.Request, m register.Message, p *itemPage) error {
	if m.Channel != register.Email || m.Reading == nil || p.Held != nil {
		return nil
	}
	original, err := d.c.Archive.Get(r.Context(), m.Original)
	if err != nil {
		return nil // shown without; downloading it says what is wrong
	}
	defer original.Close() //nolint:errcheck // only read
	head, err := io.ReadAll(io.LimitReader(original, pageWithin))
	p.HasPage = err == nil && bytes.Contains(bytes.ToLower(head), []byte("text/html"))
	return nil
}
