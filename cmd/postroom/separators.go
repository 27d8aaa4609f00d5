package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"postroom/ingest"
	"postroom/internal/paper"
)

// runSeparators prints separator sheets for the mailroom as a PDF.
func runSeparators(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("separators", flag.ContinueOnError)
	flags.SetOutput(stderr)
	config := flags.String("config", "", "configuration `FILE`, for the landlord's name; none is needed")
	batch := flags.String("batch", "", "`NAME` of the batch, up to 12 letters and digits")
	received := flags.String("received", "", "the `DATE` on which the letters arrived, such as 2026-11-24: it counts for every letter after the sheet")
	copies := flags.Int("n", 1, "`NUMBER` of sheets, up to 500")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom separators [-batch NAME] [-received DATE] [-n NUMBER] [-config FILE] >FILE.pdf\n\nPrints separator sheets as a PDF. Laid between letters, they tell Postroom where one ends and the next begins.\nA sheet without a date can be used again and again.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if flags.NArg() > 0 || *copies < 1 || *copies > ingest.MostSeparators {
		flags.Usage()
		return 2
	}
	s, err := ingest.Separators(*batch, *received, time.Now())
	if err == nil {
		s.Copies = *copies
		err = printSeparators(*config, s, stdout)
	}
	if err != nil {
		fmt.Fprintln(stderr, "postroom separators:", err)
		return 1
	}
	return 0
}

func printSeparators(config string, s paper.Separator, w io.Writer) error {
	p, err := inspectionPlan(config)
	if err != nil {
		return err
	}
	if f, ok := w.(*os.File); ok && isTerminal(f) {
		return errors.New("this is a PDF: write it into a file, as in postroom separators >separators.pdf")
	}
	press, err := p.press()
	if err != nil {
		return err
	}
	printed, err := press.Separators(s)
	if err != nil {
		return err
	}
	_, err = w.Write(printed.PDF)
	return err
}

func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && info.Name() != "null"
}
