package web

import (
	"context"
	"log/slog"
	"strings"

	"postroom/ingest"
	"postroom/internal/register"
)

// submit takes in what was typed. It is read at once, so that whoever typed it
// can see what the rules think; where that fails the queue's reader does it.
func (d *Desk) submit(ctx context.Context, s ingest.Submission) (register.Received, error) {
	got, err := d.c.Intake.Submit(ctx, s)
	if err == nil && got.New {
		d.c.Logger.InfoContext(ctx, "what was typed is registered", slog.String("message_id", got.ID), slog.String("case_ref", got.Reference))
	}
	if err != nil || d.c.Reader == nil {
		return got, err
	}
	if err := d.c.Reader.Read(ctx, []register.ID{got.ID}); err != nil {
		d.c.Logger.WarnContext(ctx, "what was typed is registered and will be read later", slog.String("message_id", got.ID), slog.Any("error", err))
	}
	return got, nil
}

// toldHints is what was typed beside the words, for whoever decides.
func toldHints(t *register.Told) []Hint {
	var all []Hint
	add := func(name, value string) {
		if value != "" {
			all = append(all, Hint{name, value})
		}
	}
	by := t.By
	if t.Heard != "" && t.Heard != t.By {
		by += ", heard by " + t.Heard
	}
	if t.How != "" {
		by += ", " + t.How
	}
	add("Taken down by", by)
	add("Phone", t.Phone)
	add("Address", strings.Join(t.Postal, ", "))
	add("Wants an answer by", map[register.Wish]string{register.WishesEmail: "email", register.WishesLetter: "letter", register.WishesPhone: "phone, and a letter to follow"}[t.Answer])
	add("Needs", strings.Join(t.Needs, ", "))
	add("Earlier reference", t.Reference)
	add("Customer number", t.Customer)
	if t.TheirID != "" {
		add("Number in "+t.By, t.TheirID)
	}
	if t.ReadBack {
		add("Read back", "and they agreed")
	}
	return all
}
