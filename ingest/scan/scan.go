// Package scan turns scanned, faxed, photographed or computer-made letters
// (PDF, TIFF, JPEG, PNG, HEIC, WebP) into pages, text and the letters that
// stand on them. It keeps nothing and imports nothing of ours; the reading of
// letters is done by poppler and tesseract as child processes.
package scan

import (
	"cmp"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// A Source says where a page's text comes from.
type Source string

// The sources.
const (
	FromText Source = "text" // the file's own text: a computer made the page
	FromOCR  Source = "ocr"  // read from the picture
	Unread   Source = ""     // nothing could be read
)

// A Word is a word as it stands on a page, in pixels of the picture as it was
// turned and straightened for reading.
type Word struct {
	Text       string
	Confidence float64 // 0 to 100; 100 for a file's own text
	X, Y, W, H int
}

// A Line is a line of words.
type Line struct {
	Words     []Word
	Paragraph int // counts within the page
}

// A PageLine is a line of text as it is shown: lines that only the width of
// the paper parted are one. An empty one parts paragraphs.
type PageLine struct {
	Text       string  `json:"text"`
	Confidence float64 `json:"confidence"` // the least sure word's, 0 to 1
}

// A Page is one side of paper.
type Page struct {
	Number     int        `json:"number"` // within the file, from 1
	Lines      []PageLine `json:"lines,omitempty"`
	Source     Source     `json:"source"`
	Words      int        `json:"words"`
	Confidence float64    `json:"confidence"` // mean of the words, 0 to 1
	Turned     int        `json:"turned"`     // degrees clockwise by which it was turned to be read
	Skew       float64    `json:"skew"`       // degrees anticlockwise by which it lay askew
	Blank      bool       `json:"blank"`
	Sheet      *Sheet     `json:"sheet,omitempty"`   // it is a separator sheet
	Suspect    bool       `json:"suspect,omitempty"` // it may be a separator sheet, and cannot be read as one
	Stamp      string     `json:"stamp,omitempty"`   // the words of a received stamp, as read
	Doubts     []string   `json:"doubts,omitempty"`  // why a person must look, each in a sentence
	Repairs    []string   `json:"repairs,omitempty"` // what was mended, each in a sentence
	Error      string     `json:"error,omitempty"`   // why nothing was read, in a sentence
}

// Text is the page's text.
func (p *Page) Text() string {
	lines := make([]string, len(p.Lines))
	for i, l := range p.Lines {
		lines[i] = l.Text
	}
	return strings.Join(lines, "\n")
}

// A Document is a file that was read. Reading never fails: what could not be
// read has Error set, in a sentence for the mailroom.
type Document struct {
	Format string // pdf, tiff, jpeg, png, heic, webp, text; empty when unknown
	Pages  []Page
	Error  string
	Left   int // pages that were not read, as more were not asked for
	// NoPrograms says that Error comes from missing programs: the file itself
	// may be perfectly good, and can be read when they are there.
	NoPrograms bool
}

// Limits bound what one file may cost. A field that is zero takes the value
// of DefaultLimits.
type Limits struct {
	Pages    int           // of one file
	Pixels   int           // of one page
	PageTime time.Duration // each program on each page
	Memory   int64         // bytes of address space for each program
	Text     int           // bytes of text from one page
}

// DefaultLimits are what honest post never meets: an A3 page at 600 dots an
// inch has 70 million pixels.
func DefaultLimits() Limits {
	return Limits{Pages: 200, Pixels: 100_000_000, PageTime: time.Minute, Memory: 2 << 30, Text: 256 << 10}
}

func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	l.Pages, l.Pixels, l.PageTime = cmp.Or(l.Pages, d.Pages), cmp.Or(l.Pixels, d.Pixels), cmp.Or(l.PageTime, d.PageTime)
	l.Memory, l.Text = cmp.Or(l.Memory, d.Memory), cmp.Or(l.Text, d.Text)
	return l
}

// DefaultLanguages are English, Welsh and Polish: English reads every page,
// and a page that looks like one of the others is read again in it.
func DefaultLanguages() []string { return []string{"eng", "cym", "pol"} }

// Config says how to read.
type Config struct {
	Languages []string // of tesseract; the first reads everything, the others what looks like them. Empty: DefaultLanguages
	Limits    Limits
	Parallel  int    // pages at once, over all files; 0: as many as there are processors
	Temp      string // where private folders are made; empty: the system's place
	Path      string // where programs are looked for, as in $PATH; empty: $PATH
}

// A Reader reads files. It may be used by many goroutines; all of them
// together read Config.Parallel pages at once.
type Reader struct {
	c        Config
	looking  sync.RWMutex // for programs
	programs programs
	slots    chan struct{}
	large    sync.Mutex   // held while a picture is unpacked that takes much memory
	ran      atomic.Int64 // programs
	spent    atomic.Int64 // processor time that they took
}

// NewReader looks for the programs. That some are missing is no error: ask
// Missing.
func NewReader(c Config) *Reader {
	c.Limits = c.Limits.orDefault()
	if len(c.Languages) == 0 {
		c.Languages = DefaultLanguages()
	}
	if c.Parallel <= 0 {
		c.Parallel = runtime.NumCPU()
	}
	if c.Path == "" {
		c.Path = os.Getenv("PATH")
	}
	return &Reader{c: c, programs: findPrograms(c.Path), slots: make(chan struct{}, c.Parallel)}
}
