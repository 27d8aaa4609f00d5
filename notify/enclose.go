package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"postroom/internal/archive"
	"postroom/internal/malware"
	"postroom/internal/register"
)

// MostEnclosed is the largest file that goes with an email, in bytes: many
// mailboxes take no mail above 20 MB, and a file grows by a third on its way.
const MostEnclosed = 10 << 20

var (
	errTooLarge     = errors.New("the file that goes with it is too large for an email; send it by letter")
	errNotEnclosed  = errors.New("the file that goes with it cannot be read here")
	errUnknownFile  = errors.New("the file that goes with it is no PDF and no Word document")
	enclosableKinds = map[string]mail.ContentType{
		".pdf":  "application/pdf",
		".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	}
)

// enclose puts the file of an officer's answer into its mail.
func (c *Composer) enclose(m *mail.Msg, a *register.About) error {
	if a == nil || a.File == "" {
		return nil
	}
	kind, known := enclosableKinds[strings.ToLower(path.Ext(a.FileName))]
	switch {
	case !known:
		return errUnknownFile
	case c.archived == nil:
		return errNotEnclosed
	}
	content, err := c.archived(a.File)
	if err != nil {
		return err
	}
	return m.AttachReader(a.FileName, bytes.NewReader(content), mail.WithFileContentType(kind))
}

// notLookedAt is how long a reply waits for the malware scanner to come back.
const notLookedAt = time.Minute

// screened keeps back a reply with a file that may not be given out: until the
// scanner has looked at it, or for a person.
func (w *Worker) screened(ctx context.Context, o register.Claimed) result {
	if o.About == nil || o.About.File == "" {
		return result{}
	}
	err := w.cfg.Screen.Pass(ctx, o.About.File)
	held, withheld := malware.IsWithheld(err)
	switch {
	case err == nil:
		return result{}
	case withheld && held.Infected():
		return result{fate: holdIt, why: "malware was found in the file that goes with it (" + held.Found + ")"}
	case withheld && held.State == register.Unscannable:
		return result{fate: holdIt, why: "the file that goes with it could not be looked at for malware: " + held.Found}
	case withheld:
		return result{fate: tryAgain, why: "the file that goes with it has not been looked at for malware yet", at: w.cfg.Now().Add(notLookedAt), down: true}
	}
	w.about(o).ErrorContext(ctx, "a file that goes with a reply cannot be looked at", "error", err)
	return result{fate: tryAgain, why: "the file that goes with it could not be looked at for malware", at: w.cfg.Now().Add(notLookedAt), down: true}
}

// readArchived reads a file of the archive that is small enough for an email.
func readArchived(a *archive.Archive, name string) ([]byte, error) {
	f, err := a.Get(context.Background(), name)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", errNotEnclosed, err)
	}
	defer f.Close() //nolint:errcheck // only read
	content, err := io.ReadAll(io.LimitReader(f, MostEnclosed+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (%w)", errNotEnclosed, err)
	case len(content) > MostEnclosed:
		return nil, errTooLarge
	}
	return content, nil
}

// enclosed is the ending of the file that must go into the envelope with a
// letter; empty when none must.
func enclosed(l register.TrayLetter) string {
	if l.About == nil || l.About.File == "" {
		return ""
	}
	return strings.ToLower(path.Ext(l.About.FileName))
}
