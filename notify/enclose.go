package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/wneessen/go-mail"

	"postroom/internal/archive"
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
