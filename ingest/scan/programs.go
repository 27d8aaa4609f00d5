package scan

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// programs are the paths of what reads for us; empty where it is missing.
type programs map[string]string

// needed are the programs without which letters stay unread, each with the
// Debian package that brings it. The others of findPrograms widen the formats.
func needed() [][2]string {
	return [][2]string{
		{"tesseract", "tesseract-ocr"},
		{"pdfinfo", "poppler-utils"},
		{"pdftotext", "poppler-utils"},
		{"pdftoppm", "poppler-utils"},
		{"pdfimages", "poppler-utils"},
	}
}

func optional() [][2]string {
	return [][2]string{{"tiffcp", "libtiff-tools"}, {"heif-convert", "libheif-examples"}}
}

func findPrograms(path string) programs {
	found := programs{}
	for _, p := range slices.Concat(needed(), optional()) {
		for _, dir := range filepath.SplitList(path) {
			file := filepath.Join(dir, p[0])
			if info, err := os.Stat(file); filepath.IsAbs(file) && err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 { //nolint:gosec // the operator's own search path
				found[p[0]] = file
				break
			}
		}
	}
	return found
}

// program is where a program is; empty where it is missing.
func (r *Reader) program(name string) string {
	r.looking.RLock()
	defer r.looking.RUnlock()
	return r.programs[name]
}

// Spent is how many programs have run, and the processor time that they took.
func (r *Reader) Spent() (programs int64, processor time.Duration) {
	return r.ran.Load(), time.Duration(r.spent.Load())
}

// Missing names the programs that are needed and not there, with the Debian
// package of each; empty when letters can be read. Programs may be installed
// while we run: it looks again for those that were not there.
func (r *Reader) Missing() []string {
	if missing := r.missing(); len(missing) == 0 {
		return nil
	}
	found := findPrograms(r.c.Path)
	r.looking.Lock()
	r.programs = found
	r.looking.Unlock()
	return r.missing()
}

func (r *Reader) missing() []string {
	var missing []string
	for _, p := range needed() {
		if r.program(p[0]) == "" {
			missing = append(missing, p[0]+" (package "+p[1]+")")
		}
	}
	return missing
}

// Check runs tesseract once and says in words which languages it reads, or
// what is wrong and what to do.
func (r *Reader) Check(ctx context.Context) (string, error) {
	if missing := r.Missing(); len(missing) > 0 {
		return "", fmt.Errorf("cannot be read: missing %s; letters are registered and marked \"text not read\" until they are installed", strings.Join(missing, ", "))
	}
	have, err := r.languages(ctx)
	if err != nil {
		return "", err
	}
	for _, want := range []string{"osd", r.c.Languages[0]} {
		if !slices.Contains(have, want) {
			return "", fmt.Errorf("tesseract has no data for %q; install the package tesseract-ocr-%s", want, want)
		}
	}
	found := []string{"read in " + r.c.Languages[0]}
	for _, also := range r.c.Languages[1:] {
		if slices.Contains(have, also) {
			found[0] += ", " + also
		} else {
			found = append(found, "without the package tesseract-ocr-"+also+" letters in that language are read badly")
		}
	}
	for _, p := range optional() {
		if r.program(p[0]) == "" {
			found = append(found, "without "+p[0]+" (package "+p[1]+") some files cannot be opened")
		}
	}
	return strings.Join(found, "; "), nil
}

// languages lists the languages that tesseract has data for.
func (r *Reader) languages(ctx context.Context) ([]string, error) {
	dir, done, err := r.private()
	if err != nil {
		return nil, err
	}
	defer done()
	res := r.run(ctx, job{program: "tesseract", args: []string{"--list-langs"}, dir: dir})
	_, list, ok := strings.Cut(string(res.out), "\n")
	if !ok || res.err != nil {
		return nil, fmt.Errorf("tesseract does not answer: %s", res.why())
	}
	return strings.Fields(list), nil
}
