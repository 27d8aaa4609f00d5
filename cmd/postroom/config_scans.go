package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"time"

	"postroom/ingest"
	"postroom/ingest/scan"
)

type scansConfig struct {
	Folder     string        `yaml:"folder" is:"path"`
	Poll       time.Duration `yaml:"poll"`
	Stable     time.Duration `yaml:"stable"`
	BlankPages string        `yaml:"blank_pages"` // auto, split, ignore
	Languages  []string      `yaml:"languages"`
	Parallel   int           `yaml:"parallel"` // 0: processors
	FileMB     int           `yaml:"file_mb"`
	Pages      int           `yaml:"pages"`
	Megapixels int           `yaml:"megapixels"`
	PageTime   time.Duration `yaml:"page_time"`
	MemoryMB   int           `yaml:"memory_mb"`
}

func defaultScans() scansConfig {
	l := scan.DefaultLimits()
	return scansConfig{
		Poll: 5 * time.Second, Stable: 10 * time.Second, BlankPages: string(scan.BlanksAuto), Languages: scan.DefaultLanguages(),
		FileMB: 200, Pages: l.Pages, Megapixels: l.Pixels / 1_000_000, PageTime: l.PageTime, MemoryMB: int(l.Memory >> 20),
	}
}

func (s scansConfig) check(k *checker) {
	k.positive(s.Poll, "scans.poll")
	k.must(s.Stable >= time.Second, "scans.stable", "want a second or more; scanners pause between pages")
	k.oneOf(s.BlankPages, "scans.blank_pages", string(scan.BlanksAuto), string(scan.BlanksSplit), string(scan.BlanksIgnore))
	k.must(len(s.Languages) > 0, "scans.languages", "is empty; eng reads English")
	for _, l := range s.Languages {
		k.must(l != "" && strings.Trim(l, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_") == "", "scans.languages", "want names that tesseract knows, such as eng or cym, not %q", l)
	}
	k.between(s.Parallel, 0, 256, "scans.parallel")
	k.between(s.FileMB, 1, 2047, "scans.file_mb")
	k.between(s.Pages, 1, 5000, "scans.pages")
	k.between(s.Megapixels, 5, 1000, "scans.megapixels")
	k.must(s.PageTime >= 5*time.Second, "scans.page_time", "want five seconds or more")
	k.between(s.MemoryMB, 256, 1<<20, "scans.memory_mb")
}

// addScans fills in how letters are read, and where they are found.
func (p *plan) addScans(s scansConfig) {
	p.paper = scan.Config{
		Languages: s.Languages, Parallel: s.Parallel,
		Limits: scan.Limits{Pages: s.Pages, Pixels: s.Megapixels * 1_000_000, PageTime: s.PageTime, Memory: int64(s.MemoryMB) << 20},
	}
	p.splitting = scan.Splitting{Blanks: scan.Blanks(s.BlankPages)}
	p.scans = ingest.ScanFolder{Name: scanFolderName, Path: s.Folder, Poll: s.Poll, Stable: s.Stable, Most: int64(s.FileMB) << 20}
}

// scanFolderName is what the register and the status page call it.
const scanFolderName = "scan folder"

// folderDoor is the door for the mailroom's scans.
func (h *house) folderDoor() *ingest.FolderDoor {
	f := h.scans
	f.Problem = func() string {
		if missing := h.letters.Missing(); len(missing) > 0 {
			return "letters are registered and not read: missing " + strings.Join(missing, ", ")
		}
		return ""
	}
	return ingest.NewFolderDoor(f, h.intake("scan"))
}

// uploads is the door for what the mailroom uploads on the pages.
func (h *house) uploads() *ingest.UploadDoor {
	return &ingest.UploadDoor{Intake: h.intake("upload"), Most: h.scans.Most}
}

// intake is the one way in, whose steps are told as those of a part.
func (h *house) intake(part string) *ingest.Intake {
	return &ingest.Intake{Archive: h.archive, Register: h.register, Queue: h.queue, Now: h.now, Logger: h.logger, Step: h.steps(part)}
}

// checkScans looks at the folder and the programs. Who has no scanner may do
// without them.
func (p *plan) checkScans(ctx context.Context) []finding {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	programs := finding{name: "scanned letters"}
	programs.found, programs.err = scan.NewReader(p.paper).Check(ctx)
	if p.scans.Path == "" {
		if programs.err != nil && !p.scannersMail() {
			programs.warning, programs.err = programs.err.Error()+"; letters that are uploaded or attached to mails are typed in by people", nil
		}
		return []finding{{name: scanFolderName, found: "none is configured: no scans are taken in"}, programs}
	}
	return []finding{{name: scanFolderName, found: p.scans.Path, err: tryFolder(p.scans.Path)}, programs}
}

// scannersMail reports whether scanners send their letters to a mailbox.
func (p *plan) scannersMail() bool {
	for _, from := range p.scanners {
		if len(from) > 0 {
			return true
		}
	}
	return false
}

// tryFolder writes and removes a file: files are moved within the folder.
func tryFolder(path string) error {
	f, err := os.CreateTemp(path, ".postroom-check-")
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s: make it, or mount the share, and let Postroom's user write there", path)
	case err != nil:
		return fmt.Errorf("nothing can be written there, and scans are moved within the folder: let Postroom's user write: %w", err)
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}
