package scan

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"
)

func show(t *testing.T, r *Reader, name string, number int, v View) (image.Image, error) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // only read
	data, err := r.Show(t.Context(), f, number, v)
	if err != nil {
		return nil, err
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("%s: no PNG: %v", name, err)
	}
	return img, nil
}

// TestPagesAreShown: every format is shown as large as asked, turned as asked.
func TestPagesAreShown(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for _, row := range []struct {
		file   string
		number int
	}{
		{"01-typed-300dpi.pdf", 1},
		{"18-batch-separator-sheets.pdf", 3},
		{"17-born-digital.pdf", 1},
		{"03-two-pages-g4.tif", 2},
		{"11-fax-204x196.tif", 1},
		{"02-handwriting-stamped-300dpi.jpg", 1},
		{"04-garamond-200dpi.png", 1},
		{"24-stamp-over-text-200dpi.jpg", 1},
	} {
		t.Run(row.file, func(t *testing.T) {
			t.Parallel()
			name := "testdata/scans/" + row.file
			up, err := show(t, r, name, row.number, View{Side: 600})
			if err != nil {
				t.Fatal(err)
			}
			if b := up.Bounds(); b.Dy() != 600 || b.Dx() < 400 || b.Dx() > 450 || !hasInk(up) {
				t.Errorf("%v, with ink %t", b, hasInk(up))
			}
			turned, err := show(t, r, name, row.number, View{Side: 600, Turn: 90})
			if err != nil {
				t.Fatal(err)
			}
			// Clockwise, the upper left corner becomes the upper right one.
			if b := turned.Bounds(); b.Dx() != up.Bounds().Dy() || b.Dy() != up.Bounds().Dx() || turned.At(b.Dx()-1-30, 20) != up.At(20, 30) {
				t.Errorf("turned %v", b)
			}
			if _, err := show(t, r, name, 99, View{Side: 600}); !errors.Is(err, ErrNoPage) {
				t.Errorf("page 99: %v", err)
			}
			if _, err := show(t, r, name, 0, View{Side: 600}); !errors.Is(err, ErrNoPage) {
				t.Errorf("page 0: %v", err)
			}
		})
	}
}

func hasInk(img image.Image) bool {
	b := img.Bounds()
	for y := range b.Dy() {
		for x := range b.Dx() {
			if r, _, _, _ := img.At(x, y).RGBA(); r < 0xb000 {
				return true
			}
		}
	}
	return false
}

// TestTheStampIsShown in its colour: a person compares its day.
func TestTheStampIsShown(t *testing.T) {
	t.Parallel()
	r := NewReader(Config{Path: t.TempDir(), Temp: t.TempDir()}) // a picture needs no programs
	img, err := show(t, r, "testdata/scans/24-stamp-over-text-200dpi.jpg", 1, View{Side: 1200})
	if err != nil {
		t.Fatal(err)
	}
	red := 0
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			if redness(uint8(r>>8), uint8(g>>8), uint8(b>>8)) > 0 {
				red++
			}
		}
	}
	if red < 100 {
		t.Errorf("%d red dots", red)
	}
}

// TestBadPagesAreNotShown: each has a sentence, and costs little.
func TestBadPagesAreNotShown(t *testing.T) {
	t.Parallel()
	r := reader(t)
	for file, says := range map[string]string{
		"truncated.pdf": "cannot be drawn", "empty.pdf": "empty", "encrypted-user-password.pdf": "password", "page-tree-loop.pdf": "", "bomb-header.png": "too large",
		"bomb-real.png": "too large", "directory-loop.tif": "damaged", "text-named.pdf": "no such page",
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			if _, err := show(t, r, "testdata/bad/"+file, 1, View{Side: 600}); err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %q", err, says)
			}
		})
	}
	// Half a picture is better than none.
	if img, err := show(t, r, "testdata/bad/truncated.jpg", 1, View{Side: 600}); err != nil || !hasInk(img) {
		t.Errorf("half a picture: %v", err)
	}
}
