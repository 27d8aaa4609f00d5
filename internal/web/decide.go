package web

import (
	"errors"
	"log/slog"
	"net/http"
	"net/url"

	"postroom/internal/reference"
	"postroom/internal/register"
)

// A telling is what a page says at its top about what just happened.
type telling struct {
	Notice   string    // fine
	Warning  string    // it was not done, and why
	Beaten   *beaten   // somebody else was quicker
	Mistakes []mistake // the form has to be put right
	Asked    bool      // the officer wants to see the reply
}

// Wrong is what has to be put right in a field, or "".
func (t telling) Wrong(field string) string {
	for _, m := range t.Mistakes {
		if m.Field == field {
			return m.Text
		}
	}
	return ""
}

// beaten says who decided in the meantime, and what.
type beaten struct{ By, When, What, Reference string }

// decide carries out what an officer decided.
func (d *Desk) decide(w http.ResponseWriter, r *http.Request, who register.Account) {
	id, form := r.PathValue("id"), readDraft(r.PostForm)
	switch r.PostForm.Get("do") {
	case "preview":
		if err := d.keepTaken(r.Context(), id, who); err != nil {
			d.failed(w, r, err)
			return
		}
		d.showItem(w, r, who, id, http.StatusOK, &form, telling{Asked: true})
		return
	case "take", "over":
		d.take(w, r, who, form, r.PostForm.Get("do") == "over")
		return
	}
	m, err := d.c.Register.GetMessage(r.Context(), id)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	ruling, wrong := form.ruling(m, who)
	join, problem, err := d.joined(r, form, m)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	if problem != "" {
		wrong = append(wrong, mistake{"join", problem})
	}
	if len(wrong) > 0 && m.State == register.InReview && m.Version == form.Version {
		d.showItem(w, r, who, id, http.StatusUnprocessableEntity, &form, telling{Mistakes: wrong})
		return
	}
	ruling.Join = join
	opened, err := d.c.Register.Decide(r.Context(), ruling)
	if err != nil {
		d.notDecided(w, r, who, id, form, err)
		return
	}
	d.c.Owed(r.Context(), opened.Owed)
	d.c.Logger.InfoContext(r.Context(), "a message was decided by a person", slog.String("message_id", id),
		slog.String("account_id", who.ID), slog.String("label", string(ruling.Label)), slog.String("case_ref", opened.Reference))
	http.Redirect(w, r, "/?decided="+url.QueryEscape(id), http.StatusSeeOther)
}

// notDecided shows the item again with what was typed, and what stood in the way.
func (d *Desk) notDecided(w http.ResponseWriter, r *http.Request, who register.Account, id string, form draft, err error) {
	wrong := mistakes(err)
	_, taken := errors.AsType[*register.TakenError](err)
	switch {
	case taken:
		d.showItem(w, r, who, id, http.StatusConflict, &form, telling{Warning: "Your decision was not kept: somebody else has this open. What you typed is still there."})
	case wrong != nil:
		d.showItem(w, r, who, id, http.StatusUnprocessableEntity, &form, telling{Mistakes: wrong})
	case errors.Is(err, register.ErrConflict):
		d.showItem(w, r, who, id, http.StatusConflict, &form, telling{})
	default:
		d.failed(w, r, err)
	}
}

// mistakes words what the register refuses; nil when it is no refusal.
func mistakes(err error) []mistake {
	refused, _ := errors.AsType[*register.NotAllowedError](err)
	switch {
	case refused != nil:
		return []mistake{{"label", refused.Why}}
	case errors.Is(err, register.ErrNeedsDefinition):
		return []mistake{{"issues", "Write at least one thing that went wrong: a complaint is acknowledged with it"}}
	case errors.Is(err, register.ErrNeedsReason):
		return []mistake{{"reason", "Say why this differs from what the rules say"}}
	}
	return nil
}

// whoWasQuicker says what became of a message that changed under an officer.
func (d *Desk) whoWasQuicker(r *http.Request, m register.Message) (*beaten, error) {
	events, err := d.c.Register.History(r.Context(), "message:"+m.ID)
	if err != nil || len(events) == 0 {
		return &beaten{}, err
	}
	b := &beaten{By: m.DecidedBy, When: clockTime(events[len(events)-1].At), Reference: m.Reference}
	for _, e := range events {
		if e.What == "filed" || e.What == "recorded" {
			b.When, b.By = clockTime(e.At), e.By
		}
	}
	if m.State == register.InReview {
		b.By = "Postroom"
	} else if m.Verdict != nil {
		b.What = small(labelName(m.Verdict.Label))
	}
	return b, nil
}

// joined finds the case that an officer chose, or says why it cannot be.
func (d *Desk) joined(r *http.Request, f draft, m register.Message) (id register.ID, problem string, err error) {
	if f.Join != "other" {
		if f.Join == "" || f.Join == ownCase {
			return "", "", nil
		}
		_, _, err := d.c.Register.GetCase(r.Context(), f.Join)
		if errors.Is(err, register.ErrNotFound) {
			return "", "Choose one of the cases", nil
		}
		return f.Join, "", err
	}
	ref, err := reference.Parse(f.JoinReference)
	if err != nil {
		return "", "Check the reference: it has a wrong or missing character", nil //nolint:nilerr // it is told
	}
	held, err := d.c.Register.FindReference(r.Context(), ref)
	switch {
	case errors.Is(err, register.ErrNotFound):
		return "", "There is no case with this reference", nil
	case err != nil:
		return "", "", err
	case held.ID == m.ID:
		return "", "This is the message's own reference: give that of another case", nil
	case held.Case == "":
		return "", "The message with this reference has no case yet", nil
	}
	return held.Case, "", nil
}
