package workday_test

import (
	"testing"

	"postroom/internal/workday"
)

func BenchmarkClocks(b *testing.B) {
	cal, err := workday.Default(workday.EnglandAndWales)
	if err != nil {
		b.Fatal(err)
	}
	s, received := workday.DefaultScheme(), workday.Date{Year: 2026, Month: 12, Day: 18}.At(9, 0)
	b.ReportAllocs()
	for b.Loop() {
		if len(s.Clocks(cal, received)) != 4 {
			b.Fatal("clocks are missing")
		}
	}
}
