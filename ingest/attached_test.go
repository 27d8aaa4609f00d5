package ingest

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"postroom/ingest/scan"
	"postroom/internal/register"
)

// TestAttachedPicturesThatAreNotRead leave a doubt, so that a person looks: a
// mail may say all that it has to say in them.
func TestAttachedPicturesThatAreNotRead(t *testing.T) {
	t.Parallel()
	late, end := context.WithCancel(t.Context())
	end()
	picture := register.Attachment{Filename: "1.jpg", ContentType: "image/jpeg", Size: 1 << 20}
	logo := register.Attachment{Filename: "logo.png", ContentType: "image/png", Size: 900}
	failing := func(int, io.Writer) error { return errors.New("no") }
	for _, row := range []struct {
		name  string
		ctx   context.Context //nolint:containedctx // a row's
		text  string
		files []register.Attachment
		says  string
	}{
		{"too many", t.Context(), "Please see attached.", slices.Repeat([]register.Attachment{picture}, 4), "not all attached pictures"},
		{"not too many", t.Context(), "Please see attached.", append(slices.Repeat([]register.Attachment{picture}, 3), logo), ""},
		{"too many beside many words", t.Context(), strings.Repeat("The wall is wet. ", 20), slices.Repeat([]register.Attachment{picture}, 9), ""},
		{"out of time", late, "Please see attached.", []register.Attachment{picture}, "took too long"},
	} {
		rd := register.Reading{Text: row.text, NewText: row.text, Attachments: row.files}
		open := failing
		if row.ctx == late {
			open = func(_ int, w io.Writer) error { _, err := io.WriteString(w, "\xff\xd8\xff"); return err }
		}
		addAttached(row.ctx, scan.NewReader(scan.Config{Temp: t.TempDir()}), &rd, open)
		got := ""
		if rd.Paper != nil {
			got = strings.Join(rd.Paper.Doubts, "; ")
		}
		if (row.says == "") != (got == "") || !strings.Contains(got, row.says) {
			t.Errorf("%s: %q, want %q", row.name, got, row.says)
		}
	}
}
