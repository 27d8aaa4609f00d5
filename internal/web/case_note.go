package web

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"postroom/internal/register"
)

// noteDeed keeps what an officer wants the next one to know.
func noteDeed() deed {
	return deed{
		name: "note", title: says("Add a note"), button: "Keep the note", blame: "reason",
		about: "For whoever works on the case next. It stands in the timeline, and in the case’s file: the resident may be shown it. Nothing is sent, and no clock moves.",
		offer: func(*caseFacts) (bool, string) { return true, "" },
		fields: func(f *deedForm) []field {
			return []field{f.reason("The note", "Who was asked, what was seen, what is agreed.")}
		},
		read: func(f *deedForm) plan {
			text := f.words("reason", "Write the note")
			return plan{do: func(ctx context.Context) ([]register.Hint, error) {
				return nil, f.d.c.Register.Note(ctx, f.ID, f.who.Name, text)
			}}
		},
	}
}

// caseFile gives out all that is held about a case, as the operator's command
// does, and the history says so.
func (d *Desk) caseFile(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, err := d.caseFacts(r)
	if err == nil && d.c.CaseFile == nil {
		err = register.ErrNotFound
	}
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedCase, f.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	select { // each takes as much room as the case has post
	case d.packing <- struct{}{}:
		defer func() { <-d.packing }()
	case <-r.Context().Done():
		return
	}
	packed, err := d.pack(r.Context(), f.Reference, who)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	defer packed.Close() //nolint:errcheck // only read
	d.c.Logger.InfoContext(r.Context(), "a case's file was given out", slog.String("case_ref", f.Reference), slog.String("case_id", f.ID), slog.String("account_id", who.ID))
	d.send(w, packed, "case-"+f.Reference+".zip")
}

// pack writes the case's file into one without a name.
func (d *Desk) pack(ctx context.Context, reference string, who register.Account) (*os.File, error) {
	folder, err := os.MkdirTemp("", "postroom-case-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder) //nolint:errcheck // the system clears its folder too
	path := filepath.Join(folder, "case.zip")
	if err := d.c.CaseFile(ctx, reference, path, who.Name); err != nil {
		return nil, err
	}
	return os.Open(path) //nolint:gosec // it is ours, written just now
}
