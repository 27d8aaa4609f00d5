// Package templates owns every word that a resident or officer reads in what
// Postroom sends. It knows nothing of registers, mail or paper: data goes in, a
// subject, plain text, HTML and a list of blocks come out, from one source of
// words. It imports nothing of ours.
//
// The words are in the folder of their language. A file NAME.tmpl is a Go
// text/template; what it writes is read line by line:
//
//	Subject: words          the subject line, first
//	= words                 a heading
//	! words                 a paragraph that must not be missed
//	@ label | value         a fact, such as the reference
//	- words                 an item of a list
//	> words                 somebody else's words, shown as a quotation
//	words                   a paragraph; lines that follow belong to it
package templates

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"text/template"
)

//go:embed en
var embedded embed.FS

//go:embed layout.html
var layout string

// English is the language that is built in.
const English = "en"

// A Set is the words of one language, parsed and checked. It is immutable and
// may be used by many at once.
type Set struct {
	words *template.Template
	page  page
	terms map[string]string
	masks *regexp.Regexp
}

// Rendered is one reply in every shape in which it can leave.
type Rendered struct {
	Name    string // of the template, such as "acknowledgement_defined"
	Subject string // the reference and the kind of reply, never more
	Text    string // plain text, lines end in \n
	HTML    string // a whole page, without pictures, script or anything remote
	Blocks  []Block
}

// BuiltIn gives the built-in words as files, in a folder for their language.
func BuiltIn() fs.FS { return embedded }

// New parses the built-in English words.
func New() (*Set, error) {
	return Load(embedded, English)
}

// Load parses the words of a language from a file system that holds a folder
// of that name. It fails when a file cannot be parsed or a reply is missing;
// the error names the file and line.
func Load(files fs.FS, language string) (*Set, error) {
	return load(language, files)
}

// LoadFolder parses a landlord's own words from a folder that holds a folder
// for each language. English needs only the files that differ from the
// built-in ones; another language needs all.
func LoadFolder(folder fs.FS, language string) (*Set, error) {
	if _, err := fs.Stat(embedded, language); err == nil {
		return load(language, embedded, folder)
	}
	return load(language, folder)
}

// load parses layers of files, of which a later one wins.
func load(language string, layers ...fs.FS) (*Set, error) {
	s := &Set{}
	var err error
	if s.terms, err = loadTerms(holder(layers, path.Join(language, "terms.txt"))); err != nil {
		return nil, err
	}
	if s.masks, err = loadMasks(holder(layers, path.Join(language, "left-out.txt"))); err != nil {
		return nil, err
	}
	s.words = template.New(language).Option("missingkey=error").Funcs(s.funcs())
	for _, files := range layers {
		if err := s.parseLayer(files, language); err != nil {
			return nil, err
		}
	}
	if s.page, err = newPage(inLanguage(language)); err != nil {
		return nil, err
	}
	return s, s.complete()
}

// inLanguage is the layout that says its language, for those who have it read
// out.
func inLanguage(language string) string {
	if language == English {
		return layout
	}
	return strings.Replace(layout, `lang="en-GB"`, `lang="`+language+`"`, 1)
}

// holder finds the last layer that has a file.
func holder(layers []fs.FS, name string) (fs.FS, string) {
	for i := len(layers) - 1; i > 0; i-- {
		if _, err := fs.Stat(layers[i], name); err == nil {
			return layers[i], name
		}
	}
	return layers[0], name
}

// parseLayer parses the replies of one layer. A file that is no reply is a
// slip of the pen: its words would never be seen.
func (s *Set) parseLayer(files fs.FS, language string) error {
	names, err := fs.Glob(files, language+"/*")
	if err != nil {
		return fmt.Errorf("templates: read words: %w", err)
	}
	for _, name := range names {
		switch base := path.Base(name); {
		case base == "terms.txt", base == "left-out.txt":
			continue
		case !strings.HasSuffix(base, ".tmpl") || base != "shared.tmpl" && !slices.Contains(Names(), strings.TrimSuffix(base, ".tmpl")):
			return fmt.Errorf("templates: %s is not the name of a reply; known are shared.tmpl and %s", name, strings.Join(Names(), ".tmpl, ")+".tmpl")
		}
		if _, err := s.words.ParseFS(files, name); err != nil {
			return fmt.Errorf("templates: parse words: %w", err)
		}
	}
	return nil
}

// Names lists every reply that a set of words must hold.
func Names() []string {
	return []string{
		"acknowledgement_defined", "acknowledgement_unquoted", "acknowledgement_holding",
		"service_request_notice",
		"receipt_follow_up", "receipt_enquiry",
		"clarification", "extension", "answer", "not_accepted",
		"forward",
		"alert", "alert_emergency", "alert_safeguarding", "alert_deadline", "alert_unsent", "alert_brake", "alert_failsafe", "alert_hazard", "alert_malware",
		"digest",
	}
}

func (s *Set) complete() error {
	for _, name := range Names() {
		if s.words.Lookup(name+".tmpl") == nil {
			return fmt.Errorf("templates: the words for %s are missing", name)
		}
	}
	return nil
}

// Name is the template of a kind of reply in a form; the form may be empty.
func Name(kind, form string) string {
	if form == "" {
		return kind
	}
	return kind + "_" + form
}

// Render writes a reply. Everything that a reply of this kind must say and
// data does not hold is an error, and so is a kind or form without words.
func (s *Set) Render(kind, form string, data Reply) (Rendered, error) {
	name := Name(kind, form)
	t := s.words.Lookup(name + ".tmpl")
	if t == nil {
		return Rendered{}, fmt.Errorf("templates: there are no words for %q in the form %q", kind, form)
	}
	var b strings.Builder
	if err := t.Execute(&b, s.tidy(data)); err != nil {
		return Rendered{}, fmt.Errorf("templates: render %s: %w", name, err)
	}
	subject, blocks, err := parse(b.String())
	if err != nil {
		return Rendered{}, fmt.Errorf("templates: render %s: %w", name, err)
	}
	return Rendered{Name: name, Subject: subject, Text: text(blocks), HTML: s.page.write(subject, blocks, linksOf(data)), Blocks: blocks}, nil
}
