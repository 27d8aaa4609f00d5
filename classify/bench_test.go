package classify

import (
	"runtime"
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

// BenchmarkRead reads the rules and the everyday words that come with the
// program, as every process does at its start.
func BenchmarkRead(b *testing.B) {
	rules, words := BuiltIn()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(rules, words); err != nil {
			b.Fatal(err)
		}
	}
}

// TestRulesKeepLittle holds how much memory the rules take from every process
// that has read them. It runs beside no other test, so that nothing else is
// counted.
func TestRulesKeepLittle(t *testing.T) {
	const most = 8 << 20
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	r, err := Read(BuiltIn())
	if err != nil {
		t.Fatal(err)
	}
	if kept := heap() - before; kept > most {
		t.Errorf("the rules keep %d bytes, want %d at most", kept, most)
	}
	runtime.KeepAlive(r)
}

func BenchmarkDecideHuge(b *testing.B) {
	m := Message{Channel: "email", Text: strings.Repeat("still nobody came and you said the man was told no ", 200000)}
	r := Default()
	b.ResetTimer()
	for b.Loop() {
		r.Decide(m, Context{})
	}
}
