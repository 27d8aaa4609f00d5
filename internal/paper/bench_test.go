package paper

import (
	"syscall"
	"testing"
)

func BenchmarkPrint(b *testing.B) {
	for name, l := range map[string]Letter{"usual": sampleLetter(), "large": letters()["large"], "long": letters()["long"]} {
		b.Run(name, func(b *testing.B) {
			p := newPress(b, "notify", true)
			b.ReportAllocs()
			pages, size, before := 0, 0, processor(b)
			for b.Loop() {
				out := printed(b, p, l)
				pages, size = out.Pages, len(out.PDF)
			}
			b.ReportMetric(float64(b.N)/(processor(b)-before), "letters/cpu-s")
			b.ReportMetric(float64(pages), "pages")
			b.ReportMetric(float64(size)/1000, "kB")
		})
	}
}

func BenchmarkNewPress(b *testing.B) {
	for b.Loop() {
		if _, err := NewPress(Sender{Name: "Citrine Homes", Profile: NotifyProfile()}); err != nil {
			b.Fatal(err)
		}
	}
}

// processor is the time that this process has had of processors, in seconds.
func processor(tb testing.TB) float64 {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return seconds(u.Utime) + seconds(u.Stime)
}
