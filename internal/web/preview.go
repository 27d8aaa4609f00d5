package web

import (
	"errors"
	"log/slog"
	"net/http"

	"postroom/internal/register"
)

// A previewView is a reply as it would go out.
type previewView struct{ What, To, Subject, Text string }

// addPreview shows what the form as it stands would send: the register carries
// the decision out and undoes it.
func (d *Desk) addPreview(r *http.Request, m register.Message, p *itemPage) error {
	if !p.Waits || !p.MayDecide() {
		return nil
	}
	ruling, wrong := p.Form.ruling(m, p.Officer)
	join, problem, err := d.joined(r, p.Form, m)
	if err != nil {
		return err
	}
	if problem != "" {
		wrong = append(wrong, mistake{"join", problem})
	}
	if len(wrong) > 0 {
		p.NoPreview = wrong[0].Text
		return nil
	}
	ruling.Join = join
	owed, err := d.c.Register.Rehearse(r.Context(), ruling)
	if wrong := mistakes(err); wrong != nil {
		p.NoPreview = wrong[0].Text
		return nil
	}
	if errors.Is(err, register.ErrConflict) {
		p.NoPreview = "This changed a moment ago: load the page again"
		return nil
	}
	if err == nil && len(owed) == 0 {
		p.NoPreview = "Nothing is sent"
	}
	for _, o := range owed {
		v, failed := d.previewOf(o)
		if failed != nil { // the page is for deciding, with or without a preview
			d.c.Logger.ErrorContext(r.Context(), "a reply could not be previewed", slog.String("message_id", m.ID), slog.Any("error", failed))
			p.Preview, p.NoPreview = nil, cannotWrite
			return nil
		}
		p.Preview = append(p.Preview, v)
	}
	return err
}

const cannotWrite = "The reply cannot be written as things stand: something that it has to say is missing. Look whether all fields are filled in, and tell the operator if they are"

func (d *Desk) previewOf(o register.Claimed) (previewView, error) {
	shown, err := d.c.Composer.Show(o, d.c.Now())
	v := previewView{What: kindName(o.Outgoing), To: who(o.To), Subject: shown.Subject, Text: shown.Text}
	if o.Way == register.ByLetter {
		v.To = "the postal address, as a letter"
	}
	return v, err
}
