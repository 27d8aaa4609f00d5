package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/register"
)

// labelsFile stands beside the mails of a corpus and labels them: an object
// with a field for each mail, named by its file.
const labelsFile = "labels.json"

// A labelledMail is what labels.json says of one mail.
type labelledMail struct {
	CorpusID string          `json:"corpus_id"`
	Labels   json.RawMessage `json:"labels"`
}

// readMails reads a folder of mails with labels. They are read as post that
// comes in is.
func readMails(ctx context.Context, folder string) ([]classify.Example, error) {
	text, err := os.ReadFile(filepath.Join(folder, labelsFile)) //nolint:gosec // the folder that the user names
	if err != nil {
		return nil, err
	}
	labels := map[string]labelledMail{}
	if err := json.Unmarshal(text, &labels); err != nil {
		return nil, fmt.Errorf("%s: %w", labelsFile, err)
	}
	var out []classify.Example
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		e, err := readLabelledMail(ctx, folder, name, labels[name])
		if err != nil {
			return nil, err
		}
		out = append(out, e)
	}
	return out, nil
}

func readLabelledMail(ctx context.Context, folder, name string, l labelledMail) (classify.Example, error) {
	if name != filepath.Base(name) {
		return classify.Example{}, fmt.Errorf("%s: %q is not a file in this folder", labelsFile, name)
	}
	data, err := os.ReadFile(filepath.Join(folder, name)) //nolint:gosec // a file beside its labels
	if err != nil {
		return classify.Example{}, err
	}
	rd := ingest.Read(ctx, bytes.NewReader(data), mime.Options{}, nil)
	e, err := classify.Labelled(name, cmp.Or(rd.From.Address, l.CorpusID, name), ingest.Question(register.Email, rd, nil), l.Labels)
	e.Source = filepath.Base(folder)
	return e, err
}
