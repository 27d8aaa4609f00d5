package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"postroom/internal/figures"
	"postroom/internal/workday"
)

// runReport prints the figures of a span of days.
func runReport(args []string, stdout, stderr io.Writer) int {
	c := newRecordCommand("report", "[-from DATE] [-to DATE] [-csv|-json] -config FILE",
		"Counts what was received, acknowledged and answered in time, with the tenant satisfaction measures\n"+
			"CH01 and CH02 under a strict and a lenient reading. Without dates: this reporting year, from 1 April, up to today.", stderr)
	from := c.flags.String("from", "", "first `DATE`, as 2026-04-01")
	to := c.flags.String("to", "", "last `DATE`; empty: today")
	asCSV := c.flags.Bool("csv", false, "as CSV, a row for each figure")
	asJSON := c.flags.Bool("json", false, "as JSON")
	if _, code := c.parse(args); code >= 0 {
		return code
	}
	span, err := spanOf(*from, *to, time.Now())
	if err != nil || *asCSV && *asJSON {
		if err != nil {
			fmt.Fprintln(stderr, "postroom report:", err)
		}
		c.flags.Usage()
		return 2
	}
	return c.with(stderr, func(ctx context.Context, room *recordRoom) error {
		span.Homes, span.Calendar = room.config.Landlord.Homes, room.calendar
		report, err := figures.Make(ctx, room.register, span)
		if err != nil {
			return err
		}
		switch {
		case *asCSV:
			return report.CSV(stdout)
		case *asJSON:
			out := json.NewEncoder(stdout)
			out.SetIndent("", "  ")
			return out.Encode(report)
		}
		return report.Text(stdout)
	})
}

func spanOf(from, to string, now time.Time) (figures.Span, error) {
	s := figures.Span{To: workday.DateOf(now), Now: now}
	var err error
	if to != "" {
		if s.To, err = workday.ParseDate(to); err != nil {
			return s, fmt.Errorf("-to: %w", err)
		}
	}
	s.From = figures.Year(s.To)
	if from != "" {
		if s.From, err = workday.ParseDate(from); err != nil {
			return s, fmt.Errorf("-from: %w", err)
		}
	}
	if s.From.After(s.To) {
		return s, fmt.Errorf("the first day, %s, is after the last, %s", s.From, s.To)
	}
	return s, nil
}
