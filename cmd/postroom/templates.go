package main

import (
	"errors"
	"flag"
	"fmt"
	"html"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postroom/internal/register"
	"postroom/notify"
	"postroom/templates"
)

const templatesUsage = `usage: postroom templates check -config FILE
       postroom templates preview -config FILE FOLDER
       postroom templates copy FOLDER

check looks at your own words (templates.folder): what cannot be written, with
its line, and what a reply must say and does not.

preview writes every reply with sample data as text, as web page, as mail (.eml,
for your mail program) and as letter, in clear print and large print, into a
folder, with a page that leads to all.

copy writes the built-in words into FOLDER/en, for you to change. Delete there
what you leave as it is, so that newer versions of it reach you.

`

// runTemplates looks at the landlord's words.
func runTemplates(args []string, stdout, stderr io.Writer) int {
	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("templates "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	flags.Usage = func() {
		fmt.Fprint(stderr, templatesUsage)
		flags.PrintDefaults()
	}
	rest, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	switch {
	case verb == "check" && len(rest) == 0 && *file != "":
		err = checkTemplates(*file, stdout)
	case verb == "preview" && len(rest) == 1 && *file != "":
		err = previewTemplates(*file, rest[0], stdout)
	case verb == "copy" && len(rest) == 1 && *file == "":
		err = copyTemplates(rest[0], stdout)
	default:
		flags.Usage()
		return 2
	}
	if err != nil {
		fmt.Fprintln(stderr, "postroom templates "+verb+":", err)
		return 1
	}
	return 0
}

// copyTemplates writes the built-in words where no file is yet.
func copyTemplates(folder string, stdout io.Writer) error {
	if err := os.CopyFS(folder, templates.BuiltIn()); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("there are words already, and they stay as they are; name an empty folder: %w", err)
		}
		return err
	}
	fmt.Fprintln(stdout, "The built-in words are in "+filepath.Join(folder, templates.English)+". Name "+folder+" under templates.folder.")
	return nil
}

func checkTemplates(file string, stdout io.Writer) error {
	c, err := loadConfig(file, nil)
	if err != nil {
		return err
	}
	words, err := c.uncheckedWords()
	if err != nil {
		return err
	}
	problems := words.Check()
	others, err := c.otherLanguages()
	if err != nil {
		problems = append(problems, strings.TrimPrefix(err.Error(), "templates.folder: "))
	}
	for _, p := range problems {
		fmt.Fprintln(stdout, strings.TrimPrefix(p, "templates: "))
	}
	if len(problems) > 0 {
		return errors.New(counted(len(problems), "problem") + ": serve would refuse these words")
	}
	fmt.Fprintf(stdout, "ok: %d replies in %q, each as email and as letter\n", len(templates.Names()), c.Templates.Language)
	for _, tag := range slices.Sorted(maps.Keys(others)) {
		fmt.Fprintf(stdout, "ok: %d replies in %q, for residents who read it best\n", len(templates.Names()), tag)
	}
	return nil
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	if stem, ok := strings.CutSuffix(what, "ly"); ok { // a reply
		return fmt.Sprintf("%d %slies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// previewTemplates writes all replies for somebody to look at.
func previewTemplates(file, folder string, stdout io.Writer) error {
	c, err := loadConfig(file, nil)
	if err != nil {
		return err
	}
	words, err := c.words()
	if err != nil {
		return err
	}
	press, err := c.press()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(folder, 0o750); err != nil { //nolint:gosec // the folder that the user names
		return err
	}
	composer := &notify.Composer{Words: words, Press: press, LargePrint: c.Letters.LargePrint, From: register.Address(c.SMTP.From)}
	var list strings.Builder
	files := 0
	for _, s := range templates.Samples() {
		names, err := previewOne(composer, s, c.Landlord.landlord(), folder)
		if err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
		files += len(names)
		fmt.Fprintf(&list, "<h2>%s</h2>\n<ul>\n", html.EscapeString(s.Name))
		for _, name := range names {
			fmt.Fprintf(&list, "<li><a href=\"%s\">%s</a></li>\n", html.EscapeString(name), html.EscapeString(name))
		}
		list.WriteString("</ul>\n")
	}
	page := "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>All replies</title>\n<h1>All replies, with sample data</h1>\n" + list.String() + "</html>\n"
	if err := os.WriteFile(filepath.Join(folder, "index.html"), []byte(page), 0o600); err != nil { //nolint:gosec // the folder that the user names
		return err
	}
	fmt.Fprintf(stdout, "%d files in %s; begin with %s\n", files, folder, filepath.Join(folder, "index.html"))
	return nil
}

// previewOne writes one reply in each of its shapes. The landlord's own
// details stand in it where the configuration has them.
func previewOne(c *notify.Composer, s templates.Sample, own templates.Landlord, folder string) ([]string, error) {
	if len(own.Problems(s.Reply.Today)) == 0 {
		s.Reply.Landlord = own
	}
	shown, err := c.Words.Render(s.Kind, s.Form, s.Reply)
	if err != nil {
		return nil, err
	}
	made := time.Date(s.Reply.Today.Year, s.Reply.Today.Month, s.Reply.Today.Day, 12, 0, 0, 0, time.UTC)
	if c.From.Address == "" {
		c.From.Address = "complaints@landlord.example" // none is configured yet
	}
	mail, err := c.Sample(register.Kind(s.Kind), shown, made)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{
		".txt":  []byte("Subject: " + shown.Subject + "\n\n" + shown.Text),
		".html": []byte(shown.HTML),
		".eml":  mail,
	}
	order := []string{".txt", ".html", ".eml"}
	if s.Kind != "forward" && s.Kind != "alert" { // those go to the landlord's own people
		order = append(order, ".pdf", "-large.pdf")
		s.Reply.Letter = true
		if shown, err = c.Words.Render(s.Kind, s.Form, s.Reply); err != nil {
			return nil, err
		}
		for _, suffix := range order[3:] {
			letter, err := c.Paper(shown, s.Reply, []string{"Sam Farraway", "Flat 3, Ropewalk House", "12 Quay Street", "Bristol", "BS2 9XX"}, suffix != ".pdf", made)
			if err != nil {
				return nil, err
			}
			files[suffix] = letter.PDF
		}
	}
	for i, suffix := range order {
		order[i] = s.Name + suffix
		if err := os.WriteFile(filepath.Join(folder, order[i]), files[suffix], 0o600); err != nil { //nolint:gosec // the folder that the user names
			return nil, err
		}
	}
	return order, nil
}
