package main

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"
)

// A secret does not show itself in logs, errors or dumps; string(s) is its
// value.
type secret string

// String hides the value, and tells whether there is one.
func (s secret) String() string {
	if s == "" {
		return ""
	}
	return "(hidden)"
}

// GoString hides the value from %#v.
func (s secret) GoString() string { return s.String() }

// LogValue hides the value from slog.
func (s secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the value from JSON and YAML.
func (s secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil } //nolint:unparam // encoding.TextMarshaler

// A maybeTimeOfDay is one that need not be set.
type maybeTimeOfDay struct {
	timeOfDay
	Set bool
}

func (t *maybeTimeOfDay) UnmarshalText(text []byte) error {
	t.Set = true
	return t.timeOfDay.UnmarshalText(text)
}

// A timeOfDay is hours and minutes in London, 00:00 to 23:59.
type timeOfDay struct{ Hour, Minute int }

func (t *timeOfDay) UnmarshalText(text []byte) error {
	at, err := time.Parse("15:04", string(text))
	if err != nil {
		return errors.New("want a time of day such as 12:00, in quotation marks")
	}
	t.Hour, t.Minute = at.Hour(), at.Minute()
	return nil
}

// millimetres are a measure, such as 148.5.
type millimetres float64

// UnmarshalText reads a number.
func (m *millimetres) UnmarshalText(text []byte) error {
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || !(n >= 0 && n <= 1000) {
		return fmt.Errorf("want millimetres such as 148.5, not %q", text)
	}
	*m = millimetres(n)
	return nil
}
