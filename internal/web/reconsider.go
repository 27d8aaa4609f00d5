package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"postroom/internal/register"
)

// reconsider puts a message that was settled, by the rules or by a person,
// back before a person: the officer who asks for it sees the form at once.
func (d *Desk) reconsider(w http.ResponseWriter, r *http.Request, who register.Account) {
	id := r.PathValue("id")
	err := d.c.Register.Reconsider(r.Context(), id, version(r.PostForm), who.Name, r.PostForm.Get("again"))
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		d.showItem(w, r, who, id, http.StatusUnprocessableEntity, nil, telling{Mistakes: []mistake{{"again", refused.Why}}})
	case errors.Is(err, register.ErrConflict):
		d.showItem(w, r, who, id, http.StatusConflict, nil, telling{Mistakes: []mistake{{"again", "Somebody changed it in the meantime. Look again"}}})
	case err != nil:
		d.failed(w, r, err)
	default:
		d.c.Logger.InfoContext(r.Context(), "a message is looked at again", slog.String("message_id", id), slog.String("account_id", who.ID))
		http.Redirect(w, r, "/messages/"+url.PathEscape(id)+"#decide", http.StatusSeeOther)
	}
}
