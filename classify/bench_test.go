package classify

import (
	"strings"
	"testing"
)

func BenchmarkDecide(b *testing.B) {
	examples := ownExamples(b)
	r := Default()
	b.ReportAllocs()
	b.ResetTimer()
	n := 0
	for b.Loop() {
		e := examples[n%len(examples)]
		r.Decide(e.Message, e.Context)
		n++
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "messages/s")
}

func BenchmarkDecideHuge(b *testing.B) {
	m := Message{Channel: "email", Text: strings.Repeat("still nobody came and you said the man was told no ", 200000)}
	r := Default()
	b.ResetTimer()
	for b.Loop() {
		r.Decide(m, Context{})
	}
}
