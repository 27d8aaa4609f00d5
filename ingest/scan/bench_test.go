package scan

import (
	"bytes"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// benchFiles are machine-printed letters as scanners make them: 300 and 200
// dots an inch, PDF, JPEG and PNG, one of them sideways.
func benchFiles() []string {
	return []string{
		"01-typed-300dpi.pdf", "04-garamond-200dpi.png", "08-sideways-200dpi.pdf",
		"09-italic-blurred-200dpi.jpg", "10-long-letter-200dpi.pdf", "13-jpeg-artefacts-200dpi.jpg", "23-junk-text-layer.pdf",
	}
}

// processorTime is what this process and its children have used.
func processorTime() time.Duration {
	var all time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			all += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return all
}

// BenchmarkPages reads files whole, and then the same pages with nothing but
// tesseract, at the same parallelism. What is left is what we add.
func BenchmarkPages(b *testing.B) {
	r := reader(b)
	var files [][]byte
	for _, name := range benchFiles() {
		data, err := os.ReadFile("testdata/scans/" + name)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, data)
	}
	pages := barePages(b, r, files)
	var ours, bare, oursCPU, bareCPU time.Duration
	n := 0
	for b.Loop() {
		start, cpu := time.Now(), processorTime()
		for _, data := range files {
			n += len(r.Read(b.Context(), bytes.NewReader(data), Progress{}).Pages)
		}
		ours, oursCPU = ours+time.Since(start), oursCPU+processorTime()-cpu
		start, cpu = time.Now(), processorTime()
		r.bare(b, pages)
		bare, bareCPU = bare+time.Since(start), bareCPU+processorTime()-cpu
	}
	b.ReportMetric(float64(n)/ours.Seconds(), "pages/s")
	b.ReportMetric(float64(n)/bare.Seconds(), "bare-pages/s")
	b.ReportMetric(oursCPU.Seconds()/float64(n), "cpu-s/page")
	b.ReportMetric(bareCPU.Seconds()/float64(n), "bare-cpu-s/page")
	b.ReportMetric(100*(oursCPU.Seconds()/bareCPU.Seconds()-1), "overhead-%")
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_CHILDREN, &u) == nil {
		b.ReportMetric(float64(u.Maxrss)/1024, "child-MB")
	}
}

// A barePage is a picture and tesseract's mode for it.
type barePage struct {
	picture
	mode int
}

// barePages draws the pages as they are.
func barePages(b *testing.B, r *Reader, files [][]byte) []barePage {
	b.Helper()
	var pages []barePage
	for i, data := range files {
		dir := b.TempDir()
		if err := keep(dir+"/"+keptName, bytes.NewReader(data)); err != nil {
			b.Fatal(err)
		}
		leaves, err := r.leaves(b.Context(), dir, dir+"/"+keptName, Sniff(data))
		if err != nil {
			b.Fatal(err)
		}
		for _, l := range leaves {
			p, _, err := l.open(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			// Mode 3 reads a page as it lies; mode 1 finds out how it lies first.
			page := barePage{p, 3}
			if benchFiles()[i] == "08-sideways-200dpi.pdf" {
				page.mode = 1
			}
			pages = append(pages, page)
		}
	}
	return pages
}

func (r *Reader) bare(b *testing.B, pages []barePage) {
	b.Helper()
	var all sync.WaitGroup
	for _, p := range pages {
		r.slots <- struct{}{}
		all.Go(func() {
			defer func() { <-r.slots }()
			if got := r.ocr(b.Context(), r.c.Temp, p.gray, p.dpi, p.mode, "eng"); got.words == 0 {
				b.Error("nothing was read")
			}
		})
	}
	all.Wait()
}
