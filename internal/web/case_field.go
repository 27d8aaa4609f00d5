package web

import (
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/internal/malware"
	"postroom/internal/register"
	"postroom/internal/workday"
)

// A field is one question of a form.
type field struct {
	Name, Label, Hint, Value string
	Kind                     string // text, email, date, time, area, theirs, radio, select, check, file, promises
	Options                  []option
	Chosen                   bool // a check
	Rows                     int
	Promises                 []promise
	Wrong                    string
	Needed                   bool
}

// A promise is a line of an answer's actions.
type promise struct{ N, What, Due string }

// into puts what a field shows into a form, as a browser would post it.
func (f field) into(v url.Values) {
	switch f.Kind {
	case "check":
		if f.Chosen {
			v.Set(f.Name, "yes")
		}
	case "radio", "select":
		for _, o := range f.Options {
			if o.Chosen {
				v.Set(f.Name, o.Value)
			}
		}
	case "file", "promises":
	default:
		v.Set(f.Name, f.Value)
	}
}

func withMistakes(fields []field, wrong []mistake) []field {
	for i := range fields {
		for _, m := range wrong {
			if m.Field == fields[i].Name && fields[i].Wrong == "" {
				fields[i].Wrong = m.Text
			}
		}
	}
	return fields
}

func plainText(s string) string { return strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n")) }

// Fields.

func (f *deedForm) text(name, label, hint, first string) field {
	return field{Name: name, Kind: "text", Label: label, Hint: hint, Value: f.get(name, first)}
}

func (f *deedForm) kind(kind, name, label, hint, first string) field {
	v := f.text(name, label, hint, first)
	v.Kind = kind
	return v
}

// area is a field of several lines.
func (f *deedForm) area(name, label, hint, first string, rows int) field {
	v := f.kind("area", name, label, hint, first)
	v.Rows = rows
	return v
}

// theirs is a field that holds a resident's words.
func (f *deedForm) theirs(name, label, hint string, first []string) field {
	v := f.area(name, label, hint, strings.Join(first, "\n"), 5)
	v.Kind = "theirs"
	return v
}

func (f *deedForm) check(name, label, hint string, first bool) field {
	chosen := first
	if f.typed != nil {
		chosen = f.typed.Get(name) != ""
	}
	return field{Name: name, Kind: "check", Label: label, Hint: hint, Chosen: chosen}
}

// choice is a field of radio buttons, or with kind "select" of a list.
func (f *deedForm) choice(kind, name, label, hint, first string, options ...option) field {
	chosen := f.get(name, first)
	for i := range options {
		options[i].Chosen = options[i].Value == chosen
	}
	return field{Name: name, Kind: kind, Label: label, Hint: hint, Options: options}
}

func (f *deedForm) reason(label, hint string) field { return f.area("reason", label, hint, "", 3) }

// when are the day and the time of something.
func (f *deedForm) when(day string, first time.Time) []field {
	local := first.In(workday.London())
	at, hour := "", ""
	if !first.IsZero() {
		at, hour = local.Format("2006-01-02"), local.Format("15:04")
	}
	return []field{f.kind("date", "on", day, "", at), f.kind("time", "at", "At", "UK time. Empty: the end of that day, or now if it is today.", hour)}
}

// What was typed.

// moment reads the day and time of something that has happened.
func (f *deedForm) moment(missing string) time.Time {
	day, ok := f.day("on", missing)
	if !ok {
		return time.Time{}
	}
	text := f.get("at", "")
	if text == "" {
		now := f.d.c.Now()
		if day == workday.DateOf(now) {
			return now
		}
		return day.End().Add(-time.Second)
	}
	clock, err := time.Parse("15:04", text)
	f.must(err == nil, "at", "Give the time like 14:30, or leave it empty")
	return day.At(clock.Hour(), clock.Minute())
}

// receipt reads the day and time at which something reached the landlord. A day
// without a time counts as that day, whatever the scheme's cut-off.
func (f *deedForm) receipt(missing string) time.Time {
	at := f.moment(missing)
	if at.IsZero() || f.get("at", "") != "" {
		return at
	}
	return f.d.c.Register.ReceivedBy(workday.DateOf(at), f.d.c.Now())
}

func (f *deedForm) day(name, missing string) (workday.Date, bool) {
	text := f.get(name, "")
	if text == "" {
		f.must(missing == "", name, missing)
		return workday.Date{}, false
	}
	day, err := workday.ParseDate(text)
	f.must(err == nil, name, "Give a day that there is, like 2026-12-09")
	return day, err == nil
}

// words reads a text that must not be empty.
func (f *deedForm) words(name, missing string) string {
	text := f.get(name, "")
	f.must(text != "", name, missing)
	f.must(within(text, mostReason), name, fmt.Sprintf("Say it in at most %d characters", mostReason))
	return text
}

func (f *deedForm) lines(name string) []string {
	all := lines(f.get(name, ""))
	f.must(fits(all), name, fmt.Sprintf("Write at most %d lines of %d characters", mostLines, mostLine))
	return all
}

func (f *deedForm) chosen(name, missing string, allowed ...string) string {
	v := f.get(name, "")
	f.must(slices.Contains(allowed, v), name, missing)
	return v
}

// email reads an address; empty when it is none.
func (f *deedForm) email(name, missing string) string {
	text := f.get(name, "")
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Name != "" || parsed.Address != text || len(text) > 254 {
		f.must(false, name, missing)
		return ""
	}
	return text
}

// other reads the reference of another case.
func (f *deedForm) other() register.Case {
	id, err := f.d.findCase(f.r.Context(), f.get("other", ""))
	var c register.Case
	if err == nil {
		c, _, err = f.d.c.Register.GetCase(f.r.Context(), id)
	}
	switch {
	case errors.Is(err, register.ErrNotFound):
		f.must(false, "other", "Check the reference: there is no case with it")
	case err != nil:
		f.must(false, "other", "The register could not be asked about this reference. Try again")
	case c.ID == f.ID:
		f.must(false, "other", "This is the case’s own reference: give that of another case")
	}
	return c
}

func (f *deedForm) otherField(label, hint string) field {
	v := f.text("other", label, hint, plainText(f.r.URL.Query().Get("other")))
	v.Value = cut(v.Value, 60)
	return v
}

// mostPromises is how many actions a form has room for.
const mostPromises = 5

// promises are the lines of an answer's actions.
func (f *deedForm) promises() field {
	v := field{Name: "promises", Kind: "promises", Label: "What is still to be done", Hint: "One thing a line, each with its day if you can name one. Leave empty what you do not need."}
	for i := range mostPromises {
		n := strconv.Itoa(i + 1)
		v.Promises = append(v.Promises, promise{n, f.get("what"+n, ""), f.get("due"+n, "")})
	}
	return v
}

func (f *deedForm) readPromises() (all []register.Action) {
	for i := range mostPromises {
		n := strconv.Itoa(i + 1)
		what := f.get("what"+n, "")
		day, _ := workday.ParseDate(f.get("due"+n, ""))
		f.must(what != "" || f.get("due"+n, "") == "", "promises", "Say in line "+n+" what is to be done, or take its day out")
		f.must(!day.IsZero() || f.get("due"+n, "") == "", "promises", "Give in line "+n+" a day that there is, like 2026-12-09")
		f.must(within(what, mostLine), "promises", "Shorten line "+n)
		if what != "" {
			all = append(all, register.Action{What: what, Due: day})
		}
	}
	return all
}

// largestFile bounds the file of an answer, in bytes.
const largestFile = 25 << 20

// readDeed reads a form that may have a file.
func (d *Desk) readDeed(w http.ResponseWriter, r *http.Request) bool {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		return d.readForm(w, r)
	}
	r.Body = http.MaxBytesReader(w, r.Body, largestFile+largestForm)
	err := r.ParseMultipartForm(1 << 20)
	if err == nil {
		storableForm(r.PostForm)
		storableForm(r.Form)
		return true
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		d.problem(w, r, http.StatusRequestEntityTooLarge, "Too large", "What was sent is larger than 25 MB. Go back and choose a smaller file; what you typed is still there.")
		return false
	}
	d.problem(w, r, http.StatusBadRequest, "Not understood", "The browser sent something that is no form. Nothing was done.")
	return false
}

// chosenFile reads how the file that came with the form is called, if one was
// chosen. Nothing of it is kept.
func (f *deedForm) chosenFile(r *http.Request) *multipart.FileHeader {
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) == 0 || r.MultipartForm.File["file"][0].Size == 0 {
		return nil
	}
	head := r.MultipartForm.File["file"][0]
	f.file, f.fileName, f.fileSize = "not kept", fileName(head.Filename), head.Size
	return head
}

// keepFile puts the file that came with the form into the archive: whatever is
// recorded names a file that is there.
func (f *deedForm) keepFile(r *http.Request) error {
	head := f.chosenFile(r)
	if head == nil {
		return nil
	}
	in, err := head.Open()
	if err != nil {
		return err
	}
	stored, err := f.d.c.Archive.Put(r.Context(), in)
	if err = errors.Join(err, in.Close()); err != nil {
		return err
	}
	f.file = stored.SHA256
	// A scanner that is not there keeps nobody from answering: the reply waits
	// for it.
	err = f.d.c.Screen.Pass(r.Context(), stored.SHA256)
	if held, withheld := malware.IsWithheld(err); withheld {
		f.must(!held.Infected(), "file", "Choose another file: malware was found in this one ("+held.Found+")")
		return nil
	}
	return err
}
