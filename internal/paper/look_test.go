package paper

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// poppler runs one of poppler's programs on a PDF and gives what it printed.
func poppler(t *testing.T, program string, pdf []byte, args ...string) []byte {
	t.Helper()
	folder := os.Getenv("POSTROOM_TEST_POPPLER")
	if folder == "" {
		t.Skip("integration: POSTROOM_TEST_POPPLER is not set")
	}
	return runOn(t, filepath.Join(folder, program), pdf, args...)
}

// qpdfCheck has another program than ours say whether the file is whole.
func qpdfCheck(t *testing.T, pdf []byte) {
	t.Helper()
	program, err := exec.LookPath("qpdf")
	if err != nil {
		t.Skip("integration: qpdf is not installed")
	}
	if said := runOn(t, program, pdf, "--check"); bytes.Contains(said, []byte("WARNING")) {
		t.Errorf("qpdf says: %s", said)
	}
}

// runOn puts "FILE" of the arguments' end to the PDF's path.
func runOn(t *testing.T, program string, pdf []byte, args ...string) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "in.pdf")
	if err := os.WriteFile(name, pdf, 0o600); err != nil {
		t.Fatal(err)
	}
	args = append(args, name)
	if filepath.Base(program) == "pdftotext" {
		args = append(args, "-")
	}
	cmd := exec.Command(program, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil || errs.Len() > 0 {
		t.Fatalf("%s: %v: %s %s", filepath.Base(program), err, errs.String(), out.String())
	}
	return out.Bytes()
}

// words are the pages' words as a reader program finds them.
func words(t *testing.T, pdf []byte) []string {
	t.Helper()
	text := string(poppler(t, "pdftotext", pdf, "-layout", "-enc", "UTF-8"))
	return strings.Split(strings.TrimSuffix(text, "\f"), "\f")
}

// A picture is one page in shades of grey.
type picture struct {
	width, height int
	pixels        []byte
}

const dots = 100 // an inch

// pictures renders all pages.
func pictures(t *testing.T, pdf []byte) []picture {
	t.Helper()
	data := poppler(t, "pdftoppm", pdf, "-gray", "-r", strconv.Itoa(dots))
	var all []picture
	for len(data) > 0 {
		var p picture
		var most int
		if n, err := fmt.Sscanf(string(data[:min(40, len(data))]), "P5\n%d %d\n%d\n", &p.width, &p.height, &most); n != 3 {
			t.Fatalf("no picture: %v", err)
		}
		head := len(fmt.Sprintf("P5\n%d %d\n%d\n", p.width, p.height, most))
		p.pixels = data[head : head+p.width*p.height]
		data = data[head+p.width*p.height:]
		all = append(all, p)
	}
	return all
}

// ink is the smallest rectangle that holds every pixel that is not white and
// for which keep holds, in millimetres.
func (p picture) ink(keep func(x, y float64) bool) (r Rect, found bool) {
	const mm = 25.4 / dots
	for i, v := range p.pixels {
		if v == 255 {
			continue
		}
		x, y := (float64(i%p.width)+0.5)*mm, (float64(i/p.width)+0.5)*mm
		if !keep(x, y) {
			continue
		}
		if !found {
			r, found = Rect{x, y, x, y}, true
		}
		r = Rect{min(r.Left, x), min(r.Top, y), max(r.Right, x), max(r.Bottom, y)}
	}
	return r, found
}

func (r Rect) holds(x, y float64) bool {
	return x >= r.Left && x <= r.Right && y >= r.Top && y <= r.Bottom
}
