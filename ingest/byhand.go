package ingest

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"postroom/internal/queue"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A TypedLetter is what a person typed in of a letter, from its picture.
type TypedLetter struct {
	Message register.ID
	Version int64 // of the message, as it was seen
	By      string
	Text    string
	Name    string       // of the writer
	Address []string     // of the writer, a line each, without the name
	Dated   workday.Date // when it says it was written; zero: it does not say
}

// TypeIn makes what a person typed the reading of a letter, which is then
// judged and opened as if it had been read.
func (in *Intake) TypeIn(ctx context.Context, l TypedLetter, prefixes []string) error {
	rd := TypeLetter(l.Text, prefixes)
	rd.From = register.Address{Name: strings.Join(strings.Fields(l.Name), " ")}
	rd.Date, rd.PostalAddress, rd.Paper.Dated, rd.Paper.AddressDoubt = "", addressLines(l.Address), "", ""
	if !l.Dated.IsZero() {
		rd.Date, rd.Paper.Dated = l.Dated.String(), l.Dated.String()
	}
	switch {
	case len(rd.PostalAddress) == 0:
		rd.Paper.AddressDoubt = "the letter was typed in without an address"
	case rd.From.Name == "":
		rd.Paper.AddressDoubt = "the letter was typed in without the writer's name"
	}
	if l.Dated.After(workday.DateOf(in.Now())) {
		return &register.NotAllowedError{Why: "The letter cannot have been written in the future."}
	}
	if err := in.Register.TypeIn(ctx, register.Typing{Message: l.Message, Version: l.Version, By: l.By, Reading: rd}); err != nil {
		return err
	}
	in.hintLetters(ctx, []register.ID{l.Message})
	return nil
}

func addressLines(lines []string) []string {
	var out []string
	for _, line := range lines {
		if line = strings.Join(strings.Fields(line), " "); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// PartFile parts a file that waits for a person into its letters, which are
// then read.
func (in *Intake) PartFile(ctx context.Context, p register.Parting) error {
	ids, err := in.Register.PartFile(ctx, p)
	if err != nil {
		return err
	}
	in.hintLetters(ctx, ids)
	return nil
}

// hintLetters tells the queue which letters can be read; the reader's sweep
// finds what is lost of it.
func (in *Intake) hintLetters(ctx context.Context, ids []register.ID) {
	items := make([]queue.Item, len(ids))
	for i, id := range ids {
		items[i] = queue.Item{ID: id}
	}
	err := in.Queue.Put(ctx, LetterLane, items...)
	if err != nil && !errors.Is(err, queue.ErrDown) && ctx.Err() == nil {
		in.Logger.WarnContext(ctx, "queue took no hint", slog.Any("error", err))
	}
}
