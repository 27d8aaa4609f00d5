package scan

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPhonesPhotographs: a HEIC file is read where its decoder is there, and
// refused with what to do about it where it is not.
func TestPhonesPhotographs(t *testing.T) {
	t.Parallel()
	r := reader(t)
	const name = "testdata/formats/letter.heic"
	if r.program("heif-convert") != "" {
		d := readFile(t, r, name)
		if d.Format != "heic" || d.Error != "" || len(d.Pages) != 1 || !strings.Contains(d.Pages[0].Text(), "Heating at the Convent flats") {
			t.Errorf("%s %q %+v", d.Format, d.Error, d.Pages)
		}
	}
	folder := t.TempDir()
	for _, p := range needed() {
		path, err := exec.LookPath(p[0])
		if err != nil {
			t.Skip(err)
		}
		if err := os.Symlink(path, filepath.Join(folder, p[0])); err != nil {
			t.Fatal(err)
		}
	}
	without := NewReader(Config{Path: folder, Temp: t.TempDir()})
	if d := readFile(t, without, name); !strings.Contains(d.Error, "send it as JPEG") || d.NoPrograms {
		t.Errorf("without its decoder: %+v", d)
	}
}

// TestAWebPictureIsRead: a WebP file, as messengers save photographs, needs no
// program of its own.
func TestAWebPictureIsRead(t *testing.T) {
	t.Parallel()
	d := readFile(t, reader(t), "testdata/formats/letter.webp")
	if d.Format != "webp" || d.Error != "" || len(d.Pages) != 1 || !strings.Contains(d.Pages[0].Text(), "Service charge account 5510-27: formal complaint") {
		t.Errorf("%s %q %+v", d.Format, d.Error, d.Pages)
	}
}
