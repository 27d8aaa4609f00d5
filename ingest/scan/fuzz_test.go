package scan

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"unicode/utf8"

	"golang.org/x/image/tiff"
)

// small keeps honest seeds cheap, so that the fuzzer can try many.
func small() *Reader {
	return NewReader(Config{Limits: Limits{Pages: 20, Pixels: 200_000, Text: 64 << 10}})
}

func addSeeds(f *testing.F, most int, patterns ...string) {
	f.Helper()
	for _, pattern := range patterns {
		files, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, name := range files {
			data, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data[:min(len(data), most)])
		}
	}
}

// honest is one small page as PNG, JPEG and TIFF.
func honest(f *testing.F) [][]byte {
	f.Helper()
	page := ruled(120, 160)
	var out [3]bytes.Buffer
	for _, err := range []error{png.Encode(&out[0], page), jpeg.Encode(&out[1], page, nil), tiff.Encode(&out[2], page, nil)} {
		if err != nil {
			f.Fatal(err)
		}
	}
	return [][]byte{out[0].Bytes(), out[1].Bytes(), out[2].Bytes()}
}

// mostSpent is what opening a file may take in memory: a picture at the limit
// in four bytes a dot, and again for each step.
const mostSpent = 64 << 20

// FuzzPictures opens whatever claims to be a JPEG, PNG or WebP, with absurd
// sizes among them, and watches the memory.
func FuzzPictures(f *testing.F) {
	addSeeds(f, 4<<10, "testdata/scans/*.jpg", "testdata/scans/*.png", "testdata/bad/*.jpg", "testdata/bad/*.png")
	for _, seed := range honest(f) {
		f.Add(seed)
		f.Add(seed[:len(seed)*2/3])
	}
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\xff\xff\xff\x00"))
	r := small()
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for _, format := range []string{formatJPEG, formatPNG, formatWebP} {
			p, _, err := r.decodePicture(format, data)
			if err != nil {
				continue
			}
			if w, h := p.gray.Rect.Dx(), p.gray.Rect.Dy(); w*h > r.c.Limits.Pixels {
				t.Errorf("%s of %d by %d was let in", format, w, h)
			}
			p.wipeSurround()
			if s := sketchOf(p.gray); s.w > 0 && s.h > 0 {
				s.skew()
				s.text()
			}
			coded(p)
		}
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > mostSpent {
			t.Errorf("%d MB for %d bytes", spent>>20, len(data))
		}
	})
}

// FuzzTIFF follows directories that bite their tails and lead nowhere.
func FuzzTIFF(f *testing.F) {
	addSeeds(f, 8<<10, "testdata/scans/*.tif", "testdata/bad/*.tif")
	f.Add(honest(f)[2])
	loop := []byte("II*\x00\x08\x00\x00\x00\x01\x00\x00\x01\x04\x00\x01\x00\x00\x00\xff\xff\xff\x7f")
	f.Add(binary.LittleEndian.AppendUint32(loop, 8))
	r := small()
	delete(r.programs, "tiffcp") // children are not what is tried here
	f.Fuzz(func(t *testing.T, data []byte) {
		if !isTIFF(data) {
			return
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		pages, err := r.tiffPages(data)
		if err == nil && (len(pages) == 0 || len(pages) > r.c.Limits.Pages) {
			t.Errorf("%d pages", len(pages))
		}
		for _, p := range pages {
			if got, err := r.decodeTIFF(t.Context(), "", data, p); err == nil && got.gray.Rect.Dx()*got.gray.Rect.Dy() > r.c.Limits.Pixels {
				t.Errorf("%v was let in", got.gray.Rect)
			}
		}
		exifOrientation(data)
		runtime.ReadMemStats(&after)
		if spent := after.TotalAlloc - before.TotalAlloc; spent > mostSpent*uint64(1+len(pages)) {
			t.Errorf("%d MB for %d bytes", spent>>20, len(data))
		}
	})
}

// FuzzPrograms reads what children print, which a stranger's file decides.
func FuzzPrograms(f *testing.F) {
	f.Add([]byte("Pages: 3\nPage    1 size: 595.44 x 841.68 pts (A4)\nPage    2 size: -1 x 1e400 pts\n"))
	f.Add([]byte("P5\n3 2\n255\n123456"))
	f.Add([]byte("P6\n99999999 99999999\n255\n"))
	f.Add([]byte("5\t1\t1\t1\t1\t1\t10\t10\t50\t20\t96.5\tDear\n5\t1\t1\t1\t1\t2\t70\t10\t50\t20\tNaN\tSir\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		parseInfo(string(data))
		_, _ = decodePNM(data)
		got := parseTSV(data)
		for _, l := range got.pageLines() {
			if !utf8.ValidString(l.Text) {
				t.Errorf("not UTF-8: %q", l.Text)
			}
		}
		if m := got.mean(); m < 0 || m > 100 {
			t.Errorf("confidence %v", m)
		}
	})
}

// FuzzLetters finds who wrote in any text, and never trusts what is not there.
func FuzzLetters(f *testing.F) {
	for _, seed := range []string{
		"12a Ferryman's Close\nLarkmere LM7 5GA\n\n26 September 2026\n\nDear Sir\n\nThe ramp.\n\nYours\n\nI. Lovelace-Boon",
		"RECEIVED 04 FEB 2026", "POSTROOM-SPLIT-A7-20261124-K", "|", "LM2", "01632 960 123", "a@b.example",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		w := WriterOf(text)
		if w.Sure && (w.Name == "" || len(w.Address) < 2) {
			t.Errorf("%+v is trusted", w)
		}
		if code := w.Address; len(code) > 0 && w.Sure && !exact.MatchString(code[len(code)-1]) {
			t.Errorf("postcode %q is trusted", code[len(code)-1])
		}
		if s, ours, ok := ParseSheet(text); ours && ok {
			if again, _, fine := ParseSheet(s.Code()); !fine || again != s {
				t.Errorf("%+v is not read again", s)
			}
		}
		page := Page{Number: 1}
		page.take(typed(cleanText(text, 1<<16)), FromText)
		page.settleSuspect()
		letters, held := Letters(Document{Pages: []Page{page, page}}, Splitting{})
		if len(letters) == 0 && held == "" {
			t.Error("a file became nothing")
		}
		for _, l := range letters {
			if !utf8.ValidString(l.Text) || bytes.ContainsRune([]byte(l.Text), 0) {
				t.Errorf("not text: %q", l.Text)
			}
		}
	})
}
