package templates

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
)

//go:embed pages/*.html
var pageFiles embed.FS

// StyleSheet is the one style sheet of every page.
//
//go:embed pages/style.css
var StyleSheet []byte

// Keys is the script that makes the pages quicker by keyboard. Every page works
// without it.
//
//go:embed pages/keys.js
var Keys []byte

// Icon is what a browser shows beside the title.
//
//go:embed pages/icon.svg
var Icon []byte

// Pages parses the markup of the staff's pages. Each page is a template named
// by its file; the functions are those of the room that serves them. A key
// that is missing is an error when the page is shown, not an empty place.
func Pages(functions htmltemplate.FuncMap) (*htmltemplate.Template, error) {
	t, err := htmltemplate.New("pages").Option("missingkey=error").Funcs(functions).ParseFS(pageFiles, "pages/*.html")
	if err != nil {
		return nil, fmt.Errorf("templates: pages: %w", err)
	}
	return t, nil
}
