package ingest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postroom/ingest/scan"
	"postroom/internal/paper"
	"postroom/internal/workday"
)

// MostSeparators is how many separator sheets are printed at once.
const MostSeparators = 500

// Separators settles what stands on separator sheets: the name of a batch and
// the day of receipt, both of which may be empty. A day that has not come would
// make every letter after it late or early.
func Separators(batch, received string, now time.Time) (paper.Separator, error) {
	s := paper.Separator{Batch: strings.ToUpper(batch), Made: now}
	if len(s.Batch) > 12 || strings.Trim(s.Batch, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return s, errors.New("the name of a batch has up to 12 letters and digits")
	}
	sheet := scan.Sheet{Batch: s.Batch}
	if received != "" {
		day, err := workday.ParseDate(received)
		if err != nil {
			return s, fmt.Errorf("the day of receipt: %w", err)
		}
		if day.After(workday.DateOf(now)) {
			return s, fmt.Errorf("%s has not come yet: letters cannot have been received in the future", day.Long())
		}
		sheet.Received, s.Received = day.String(), day.Long()
	}
	s.Code = sheet.Code()
	return s, nil
}
