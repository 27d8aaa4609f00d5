package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"postroom/internal/paper"
	"postroom/notify"
	"postroom/templates"
)

func (c *config) checkLetters(k *checker) {
	l := c.Letters
	known := []string{"custom"}
	for _, p := range paper.Profiles() {
		known = append(known, p.Name)
	}
	k.oneOf(l.Profile, "letters.profile", known...)
	if l.Profile == "custom" {
		_, err := l.profile()
		k.must(err == nil, "letters.envelope", "%v", err)
	} else {
		k.must(l.Envelope == envelopeConfig{}, "letters.envelope", "belongs to profile: custom; with %s its measures are not used", l.Profile)
	}
	k.between(l.DaysToPost, 0, 4, "letters.days_to_post")
	k.must(l.PrintFolder != "", "letters.print_folder", "is missing")
	k.must(!l.PickupAt.Set || l.PickupFolder != "", "letters.pickup_folder", "is missing; letters.pickup_at lays letters out there")
	k.must(c.Templates.Language != "" && !strings.ContainsAny(c.Templates.Language, `/\.*?[`), "templates.language", "want the name of a folder, such as en")
	k.must(c.Templates.Language == templates.English || c.Templates.Folder != "", "templates.folder", "is missing; only English is built in")
}

func (l lettersConfig) profile() (paper.Profile, error) {
	if l.Profile == "custom" {
		return paper.NewProfile("custom", "the envelope of the configuration", l.Envelope.envelope())
	}
	p, ok := paper.ProfileNamed(l.Profile)
	if !ok {
		return p, fmt.Errorf("there is no profile %q", l.Profile)
	}
	return p, nil
}

func (e envelopeConfig) envelope() paper.Envelope {
	return paper.Envelope{
		Width: float64(e.Width), Height: float64(e.Height), WindowLeft: float64(e.WindowLeft), WindowTop: float64(e.WindowTop),
		WindowWidth: float64(e.WindowWidth), WindowHeight: float64(e.WindowHeight), Fold: float64(e.Fold),
	}
}

// checkLetters loads what letters are printed with, and tries the folder of
// print batches.
func (p *plan) checkLetters() finding {
	folder := cmp.Or(p.pickupTo, p.printTo)
	f := finding{name: "letters", found: "print batches go to " + folder}
	if _, f.err = p.press(); f.err != nil {
		return f
	}
	if p.noReturn {
		f.found = "they ask residents to write to us and name no address: set landlord.address; " + f.found
	}
	if _, err := os.Stat(folder); err != nil {
		f.found, f.err = f.found+", which will be made", canBeMade(folder)
		return f
	}
	trial, err := os.CreateTemp(folder, ".postroom-*.part")
	if err != nil {
		f.err = fmt.Errorf("nothing can be written into %s: %w", folder, err)
		return f
	}
	f.err = errors.Join(trial.Close(), os.Remove(trial.Name()))
	return f
}

// pickup lays letters out for a printing service by itself.
func (h *house) pickup(ctx context.Context, press *paper.Press) *notify.Pickup {
	return &notify.Pickup{
		Printer: h.printer(h.register, h.archive, press), Hour: h.pickupAt.Hour, Minute: h.pickupAt.Minute, Calendar: h.calendar,
		Held: h.stopped(ctx), Now: h.now, Logger: h.logger, Every: h.sweep,
	}
}

// press loads what letters are printed with.
func (c config) press() (*paper.Press, error) {
	s := paper.Sender{Name: c.Landlord.Name, Lines: c.letterHead()}
	var err error
	if s.Profile, err = c.Letters.profile(); err != nil {
		return nil, fmt.Errorf("letters.profile: %w", err)
	}
	if c.Letters.Logo != "" {
		if s.Logo, err = readAtMost(c.Letters.Logo, largestLogo); err != nil {
			return nil, fmt.Errorf("letters.logo: %w", err)
		}
	}
	press, err := paper.NewPress(s)
	if err != nil {
		return nil, fmt.Errorf("letters: %w", err)
	}
	return press, nil
}

// largestLogo is in bytes.
const largestLogo = 20 << 20

func (c config) letterHead() []string {
	if len(c.Letters.Head) > 0 {
		return c.Letters.Head
	}
	l := c.Landlord
	return append(append([]string{l.Team}, l.Address...), l.Phone, l.Email)
}

// words loads the landlord's words over the built-in ones, and refuses what
// could not be sent.
func (c config) words() (*templates.Set, error) {
	words, err := c.uncheckedWords()
	if err != nil || c.Templates.Folder == "" {
		return words, err
	}
	if problems := words.Check(); len(problems) > 0 {
		return nil, errors.New("templates.folder: " + strings.Join(problems, "\n  "))
	}
	return words, nil
}

// otherLanguages loads the other folders of words beside the one that is
// written by default: residents who read such a language best get it.
func (c config) otherLanguages() (map[string]*templates.Set, error) {
	others := map[string]*templates.Set{}
	if c.Templates.Folder == "" {
		return others, nil
	}
	entries, err := os.ReadDir(c.Templates.Folder)
	if err != nil {
		return nil, fmt.Errorf("templates.folder: %w", err)
	}
	for _, e := range entries {
		tag := e.Name()
		if !e.IsDir() || tag == c.Templates.Language || len(tag) < 2 || len(tag) > 3 || strings.Trim(tag, "abcdefghijklmnopqrstuvwxyz") != "" {
			continue
		}
		words, err := templates.LoadFolder(os.DirFS(c.Templates.Folder), tag)
		if err != nil {
			return nil, fmt.Errorf("templates.folder: %w", err)
		}
		if problems := words.Check(); len(problems) > 0 {
			return nil, fmt.Errorf("templates.folder: %s: %s", tag, strings.Join(problems, "\n  "))
		}
		others[tag] = words
	}
	if c.Templates.Language != templates.English && others[templates.English] == nil {
		if others[templates.English], err = templates.New(); err != nil {
			return nil, err
		}
	}
	return others, nil
}

func (c config) uncheckedWords() (*templates.Set, error) {
	if c.Templates.Folder == "" {
		return templates.New()
	}
	words, err := templates.LoadFolder(os.DirFS(c.Templates.Folder), c.Templates.Language)
	if err != nil {
		return nil, fmt.Errorf("templates.folder: %w", err)
	}
	return words, nil
}
