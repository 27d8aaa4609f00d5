package classify

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// WriteCorpus writes an example as a line of a corpus. Names and addresses,
// those that are known and what looks like them, are masked, and so is the
// subject line; the sender is not written at all.
func WriteCorpus(w io.Writer, e Example, known []string) error {
	l := corpusLine{
		ID: e.ID, Family: e.Group, Channel: e.Message.Channel,
		Subject: anonymised(e.Message.Subject, known), Body: anonymised(e.Message.Text, known),
		Automatic: e.Message.Automatic, Attached: e.Message.Attachments, ReplyToOurs: e.Message.ReplyToOurs, OCR: e.Message.OCR,
		Labels: corpusLabels{Primary: e.Label, Topics: e.Topics, Why: anonymised(e.Why, known)},
	}
	if e.Context != (Context{}) {
		l.Context = &e.Context
	}
	for f, set := range l.Labels.switches() {
		*set = slices.Contains(e.Flags, f)
	}
	line, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("corpus: %w", err)
	}
	if _, err := w.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("corpus: write: %w", err)
	}
	return nil
}
