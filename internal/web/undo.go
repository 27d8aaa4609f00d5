package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"postroom/internal/register"
)

// undo takes a decision back while its reply has not begun to go out, and
// gives the message to whoever undid it.
func (d *Desk) undo(w http.ResponseWriter, r *http.Request, who register.Account) {
	id := r.PathValue("id")
	err := d.c.Register.Undo(r.Context(), id, who.Name)
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		d.showItem(w, r, who, id, http.StatusConflict, nil, telling{Warning: refused.Why})
		return
	case errors.Is(err, register.ErrConflict):
		d.showItem(w, r, who, id, http.StatusConflict, nil, telling{Warning: "It changed at this moment. Look at the message again instead."})
		return
	case err != nil:
		d.failed(w, r, err)
		return
	}
	d.c.Logger.InfoContext(r.Context(), "a decision was undone", slog.String("message_id", id), slog.String("account_id", who.ID))
	if _, err := d.c.Register.Take(r.Context(), id, who.Name, d.c.Keep, false); err != nil {
		if _, taken := errors.AsType[*register.TakenError](err); !taken && !errors.Is(err, register.ErrConflict) {
			d.failed(w, r, err)
			return
		}
	}
	http.Redirect(w, r, "/messages/"+url.PathEscape(id)+"?undone=yes", http.StatusSeeOther)
}
