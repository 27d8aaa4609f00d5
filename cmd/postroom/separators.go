package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/paper"
	"postroom/internal/workday"
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
	if flags.NArg() > 0 || *copies < 1 || *copies > 500 {
		flags.Usage()
		return 2
	}
	s, err := separator(*batch, *received, time.Now())
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

// separator settles what stands on the sheets. A day that has not come would
// make every letter after it late or early.
func separator(batch, received string, now time.Time) (paper.Separator, error) {
	s := paper.Separator{Batch: strings.ToUpper(batch), Made: now}
	if len(s.Batch) > 12 || strings.Trim(s.Batch, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return s, errors.New("-batch: want up to 12 letters and digits")
	}
	sheet := scan.Sheet{Batch: s.Batch}
	if received != "" {
		day, err := workday.ParseDate(received)
		if err != nil {
			return s, fmt.Errorf("-received: %w", err)
		}
		if day.After(workday.DateOf(now)) {
			return s, fmt.Errorf("-received: %s has not come yet", day.Long())
		}
		sheet.Received, s.Received = day.String(), day.Long()
	}
	s.Code = sheet.Code()
	return s, nil
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
