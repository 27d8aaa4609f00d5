package scan

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"os"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/image/tiff"
)

// TestBadFiles: whatever is wrong with a file, there is a sentence for the
// mailroom, and nothing hangs or fills memory.
func TestBadFiles(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, row := range []struct{ file, says string }{
		{"truncated.pdf", "damaged"},
		{"empty.pdf", "the file is empty"},
		{"encrypted-user-password.pdf", "locked with a password"},
		{"page-tree-loop.pdf", ""},
		{"bomb-header.png", "100000 by 100000 dots"},
		{"bomb-real.png", "20000 by 20000 dots"},
		{"directory-loop.tif", "damaged"},
	} {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			d := readFile(t, r, "testdata/bad/"+row.file)
			if d.Error == "" || !strings.Contains(d.Error, row.says) || d.NoPrograms {
				t.Errorf("%q, %d pages; want a sentence with %q", d.Error, len(d.Pages), row.says)
			}
		})
	}
}

// TestHalfReadable files give what can be had of them, marked.
func TestHalfReadable(t *testing.T) {
	t.Parallel()
	r := reader(t)
	t.Run("permissions only", func(t *testing.T) {
		t.Parallel()
		d := readFile(t, r, "testdata/bad/encrypted-empty-password.pdf")
		if d.Error != "" || !strings.Contains(d.Pages[0].Text(), "powered wheelchair") {
			t.Errorf("%q %+v", d.Error, d.Pages)
		}
	})
	t.Run("text with the name of a PDF", func(t *testing.T) {
		t.Parallel()
		d := readFile(t, r, "testdata/bad/text-named.pdf")
		if d.Error != "" || d.Format != formatText || len(bare(d.Pages[0].Text())) < 20 {
			t.Errorf("%q %+v", d.Error, d.Pages)
		}
	})
	t.Run("half a JPEG", func(t *testing.T) {
		t.Parallel()
		d := readFile(t, r, "testdata/bad/truncated.jpg")
		if d.Error != "" || !strings.Contains(d.Pages[0].Text(), "A complaint about number 5") {
			t.Fatalf("%q %+v", d.Error, d.Pages)
		}
		if len(d.Pages[0].Doubts) == 0 || len(d.Pages[0].Repairs) == 0 {
			t.Errorf("not marked: %+v", d.Pages[0])
		}
	})
}

// TestWithoutPrograms: nothing is lost where nothing is installed.
func TestWithoutPrograms(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{Path: t.TempDir(), Temp: t.TempDir()})
	if got := r.Missing(); len(got) != 5 {
		t.Errorf("missing: %q", got)
	}
	if _, err := r.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "package tesseract-ocr") {
		t.Errorf("check: %v", err)
	}
	d := readFile(t, r, "testdata/scans/17-born-digital.pdf")
	if !d.NoPrograms || !strings.HasPrefix(d.Error, "text not read") {
		t.Errorf("%+v", d)
	}
	if d := readFile(t, r, "testdata/bad/text-named.pdf"); d.Error != "" {
		t.Errorf("typed text needs no programs: %q", d.Error)
	}
}

// TestStopped: a reading that is stopped says so at once, and calls nothing done.
func TestStopped(t *testing.T) {
	t.Parallel()
	r := reader(t)
	data, err := os.ReadFile("testdata/scans/10-long-letter-200dpi.pdf")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	d := r.Read(ctx, bytes.NewReader(data), Progress{Done: func(p Page) { t.Errorf("page %d is called done", p.Number) }})
	if d.Error == "" {
		t.Error("no error")
	}
}

// TestKnownPages are not read again.
func TestKnownPages(t *testing.T) {
	t.Parallel()
	r := reader(t)
	data, err := os.ReadFile("testdata/scans/10-long-letter-200dpi.pdf")
	if err != nil {
		t.Fatal(err)
	}
	d := r.Read(t.Context(), bytes.NewReader(data), Progress{
		Known: func(n int) (Page, bool) { return Page{Number: n, Words: 100 + n}, true },
		Done:  func(p Page) { t.Errorf("page %d was read again", p.Number) },
	})
	if len(d.Pages) != 3 || d.Pages[2].Words != 103 || d.Left != 0 {
		t.Errorf("%+v", d.Pages)
	}
	d = r.Read(t.Context(), bytes.NewReader(data), Progress{Most: 2, Known: func(n int) (Page, bool) { return Page{Number: n}, true }})
	if len(d.Pages) != 2 || d.Left != 1 {
		t.Errorf("of two pages: %d left of %+v", d.Left, d.Pages)
	}
}

// TestMemoryOfBombs: what a picture claims costs nothing.
func TestMemoryOfBombs(t *testing.T) {
	r := reader(t)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 3 {
		readFile(t, r, "testdata/bad/bomb-real.png")
		readFile(t, r, "testdata/bad/bomb-header.png")
		readFile(t, r, "testdata/bad/directory-loop.tif")
	}
	runtime.ReadMemStats(&after)
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 64<<20 {
		t.Errorf("%d MB for pictures that are refused", spent>>20)
	}
}

// TestChildrenAreBounded: a program that wants too much memory or time ends.
func TestChildrenAreBounded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	greedy := dir + "/tesseract"
	if err := os.WriteFile(greedy, []byte("#!/bin/sh\nulimit -v\necho $OMP_THREAD_LIMIT\nif [ \"$1\" = forever ]; then while :; do :; done; fi\nyes too much | head -c 3000000\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := NewReader(Config{Path: dir, Temp: dir, Limits: Limits{PageTime: 1e9, Memory: 512 << 20}})
	if res := r.run(t.Context(), job{program: "tesseract", args: []string{"forever"}, dir: dir}); !res.timeout || res.why() != "it took too long" {
		t.Errorf("forever: %+v", res)
	}
	r.c.Limits.PageTime = 600e9
	res := r.run(t.Context(), job{program: "tesseract", dir: dir})
	if !strings.HasPrefix(string(res.out), "524288\n1\n") || len(res.out) != 1<<20 || !res.cut {
		t.Errorf("limits %q, %d bytes", res.out[:20], len(res.out))
	}
}

// TestAPageTakesSoLong: a page on which each program takes all its time is given
// up before all have been tried.
func TestAPageTakesSoLong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/tesseract", []byte("#!/bin/sh\nwhile :; do :; done\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	r := NewReader(Config{Path: dir, Temp: dir, Limits: Limits{PageTime: 1e9}})
	page := r.readSafely(t.Context(), dir, leaf{number: 1, open: func(context.Context) (picture, string, error) { return inksOf(ruled(1240, 1754)), "", nil }})
	if ran, _ := r.Spent(); page.Error == "" || ran > 3 {
		t.Errorf("after %d runs: %+v", ran, page)
	}
}

// TestFaxAndJPEGInTIFF: what Go's own decoder does not know, libtiff unpacks.
func TestFaxAndJPEGInTIFF(t *testing.T) {
	t.Parallel()
	r := reader(t)
	if r.program("tiffcp") == "" {
		t.Skip("integration: not installed: tiffcp")
	}
	page := ruled(400, 560)
	for i, v := range page.Pix {
		page.Pix[i] = 255
		if v < 128 {
			page.Pix[i] = 0
		}
	}
	bilevel := image.NewPaletted(page.Rect, color.Palette{color.Black, color.White})
	for i, v := range page.Pix {
		bilevel.Pix[i] = v & 1
	}
	for _, row := range []struct {
		coding string
		img    image.Image
	}{{"none", page}, {"lzw", page}, {"zip", page}, {"jpeg", page}, {"packbits", page}, {"g3", bilevel}, {"g3:2d", bilevel}, {"g4", bilevel}} {
		t.Run(row.coding, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			makeTIFF(t, r, dir, row.coding, row.img)
			data, err := os.ReadFile(dir + "/" + keptName)
			if err != nil {
				t.Fatal(err)
			}
			pages, err := r.tiffPages(data)
			if err != nil || len(pages) != 2 {
				t.Fatalf("%d pages: %v", len(pages), err)
			}
			for _, p := range pages {
				if got, err := r.decodeTIFF(t.Context(), dir, data, p); err != nil || !alike(got.gray, page) {
					t.Errorf("page %d: %v", p.index, err)
				}
			}
		})
	}
}

// makeTIFF writes a file of two pages in that coding.
func makeTIFF(t *testing.T, r *Reader, dir, coding string, img image.Image) {
	t.Helper()
	var plain bytes.Buffer
	if err := tiff.Encode(&plain, img, nil); err != nil {
		t.Fatal(err)
	}
	raw := plain.Bytes()
	if p, ok := img.(*image.Paletted); ok {
		raw = bilevelTIFF(p)
	}
	if err := os.WriteFile(dir+"/plain.tif", raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if res := r.run(t.Context(), job{program: "tiffcp", dir: dir, args: []string{"-r", "16", "-c", coding, "plain.tif", "plain.tif", keptName}}); res.err != nil {
		t.Fatal(res.why())
	}
}

// bilevelTIFF writes black and white, one bit a dot, white being zero.
func bilevelTIFF(p *image.Paletted) []byte {
	w, h := p.Rect.Dx(), p.Rect.Dy()
	rows := make([]byte, (w+7)/8*h)
	for i, v := range p.Pix {
		if v == 0 {
			rows[i/w*((w+7)/8)+i%w/8] |= 0x80 >> (i % w % 8)
		}
	}
	le := binary.LittleEndian
	out := le.AppendUint32([]byte("II*\x00"), uint32(8+len(rows)))
	out = append(out, rows...)
	tags := [][2]int{{256, w}, {257, h}, {258, 1}, {259, 1}, {262, 0}, {273, 8}, {277, 1}, {278, h}, {279, len(rows)}}
	out = le.AppendUint16(out, uint16(len(tags)))
	for _, tag := range tags {
		out = le.AppendUint16(out, uint16(tag[0]))
		out = le.AppendUint16(out, 4)
		out = le.AppendUint32(out, 1)
		out = le.AppendUint32(out, uint32(tag[1]))
	}
	return le.AppendUint32(out, 0)
}

// TestPrintersColors: JPEG in four inks, as print shops and some scanners make.
func TestPrintersColors(t *testing.T) {
	t.Parallel()
	r := reader(t)
	dir := t.TempDir()
	data, err := os.ReadFile("testdata/scans/17-born-digital.pdf")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/"+keptName, data, 0o600); err != nil {
		t.Fatal(err)
	}
	res := r.run(t.Context(), job{program: "pdftoppm", dir: dir, most: 32 << 20, args: []string{"-jpegcmyk", "-r", "100", "-singlefile", keptName, "out"}})
	four, err := os.ReadFile(dir + "/out.jpg")
	if err != nil {
		t.Fatalf("%s: %v", res.why(), err)
	}
	p, _, err := r.decodePicture(formatJPEG, four)
	if err != nil {
		t.Fatal(err)
	}
	dark := 0
	for _, v := range p.gray.Pix {
		if v < 128 {
			dark++
		}
	}
	if share := float64(dark) / float64(len(p.gray.Pix)); share < 0.002 || share > 0.2 {
		t.Errorf("%.4f of the page is dark", share)
	}
}
