package web

import (
	"net/http"

	"postroom/internal/register"
)

type helpPage struct {
	frame
	Kept bool // the setting was kept a moment ago
}

// help says what the keys and the words are. Everybody may read it.
func (d *Desk) help(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.frame(r.Context(), who, "help", "Help and keys")
	if err != nil {
		d.failed(w, r, err)
		return
	}
	d.show(w, r, http.StatusOK, "help.html", helpPage{frame: f, Kept: r.URL.Query().Has("kept")})
}

// keepKeys turns the single letters on or off for whoever asks: they get in
// the way of those who speak to their computer (WCAG 2.1.4).
func (d *Desk) keepKeys(w http.ResponseWriter, r *http.Request, who register.Account) {
	if err := d.c.Register.UseKeys(r.Context(), who.ID, r.PostForm.Get("keys") != ""); err != nil {
		d.failed(w, r, err)
		return
	}
	http.Redirect(w, r, "/help?kept=yes", http.StatusSeeOther)
}
