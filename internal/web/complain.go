package web

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/ingest"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

// complainPath is where residents complain. Nobody signs in there, and nothing
// that is in the register can be asked for.
const complainPath = "/complain"

// The steps of the residents' form.
const (
	stepStart = "start"
	stepWhat  = "what"
	stepWho   = "who"
	stepCheck = "check"
)

// A complaint is what a resident typed so far. It goes along in the pages, so
// that we keep nothing of somebody who does not send it.
type complaint struct {
	ID                       string // so that sending it twice is once
	Said, Want, Reference    string
	Trap                     string // a field that people do not see
	Name, Phone, Email       string
	Address, Postcode, Other string
	Answer                   string
	ForOther                 bool
	Needs                    []string
	Files                    []shelved // that are kept until it is sent
	Gone                     []string  // and those that are kept no longer
}

func readComplaint(f url.Values) complaint {
	told := readContact(f)
	known := slices.DeleteFunc(told.Needs, func(n string) bool { return !slices.ContainsFunc(needs(), func(o option) bool { return o.Value == n }) })
	return complaint{
		ID: told.ID, Said: told.Said, Want: told.Want, Reference: told.Reference, Trap: oneLine(f.Get("link")),
		Name: told.Name, Phone: told.Phone, Email: told.Email, Address: told.Address, Postcode: told.Postcode, Other: told.Other,
		Answer: told.Answer, ForOther: told.ForOther, Needs: few(known), Files: keptFiles(f),
	}
}

// wrong is what has to be put right on a step.
func (c complaint) wrong(step string) (all []mistake) {
	must := func(ok bool, field, text string) {
		if !ok {
			all = append(all, mistake{field, text})
		}
	}
	if step == stepWhat {
		must(visible(c.Said), "said", "Tell us what has gone wrong")
		must(len([]rune(c.Said)) <= mostSaid, "said", "Write at most "+strconv.Itoa(mostSaid)+" characters")
		must(fits(lines(c.Want)), "want", "Write at most "+strconv.Itoa(mostLines)+" lines of "+strconv.Itoa(mostLine)+" characters")
		return all
	}
	must(c.Email == "" || isEmail(c.Email), "email", "Give an email address such as name@example.com")
	must(c.Answer != string(register.WishesPhone) || c.Phone != "", "phone", "Give the number that we should call")
	home := postal(c.Address, c.Postcode)
	must(fits(home), "address", "Give the address in at most "+strconv.Itoa(mostLines)+" short lines")
	if wish := register.Wish(c.Answer); wish == register.WishesEmail || wish == register.WishesLetter || wish == register.WishesPhone {
		field, text := wrongAnswer(wish, c.Name, c.Email, home)
		must(text == "", field, text)
	} else {
		must(false, "answer", "Choose how we should reply")
	}
	return all
}

// submission is the complaint as post. Its id covers the words: who goes back
// after sending and changes them sends something else.
func (c complaint) submission(now time.Time) ingest.Submission {
	sum := sha256.New()
	for _, f := range append(c.fields(stepWhat, stepWho), c.fileFields()...) {
		_, _ = sum.Write([]byte(strconv.Quote(f.Name) + strconv.Quote(f.Value)))
	}
	return ingest.Submission{
		ID: "form:" + c.ID + ":" + hex.EncodeToString(sum.Sum(nil)[:16]), Channel: register.WebForm, Source: "the residents' form",
		ReceivedAt: now, Basis: register.Given, Junk: c.Trap != "", Name: c.Name, Email: c.Email, Text: wordsOf(c.Said, c.Want),
		Told: register.Told{
			Phone: c.Phone, Postal: postal(c.Address, c.Postcode), Answer: register.Wish(c.Answer), Wanted: lines(c.Want), Reference: c.Reference,
			Needs: needsOf(c.Needs, c.Other), Large: slices.Contains(c.Needs, "large"), ForOther: c.ForOther,
		},
	}
}

// fields is what was typed on those steps, as a form carries it.
func (c complaint) fields(steps ...string) (all []keptField) {
	if slices.Contains(steps, stepWhat) {
		all = append(all, keptField{"said", c.Said}, keptField{"want", c.Want}, keptField{"reference", c.Reference}, keptField{"link", c.Trap})
	}
	if slices.Contains(steps, stepWho) {
		all = append(all, keptField{"name", c.Name}, keptField{"answer", c.Answer}, keptField{"email", c.Email}, keptField{"phone", c.Phone},
			keptField{"address", c.Address}, keptField{"postcode", c.Postcode}, keptField{"other", c.Other})
		if c.ForOther {
			all = append(all, keptField{"rep", "yes"})
		}
		for _, n := range c.Needs {
			all = append(all, keptField{"needs", n})
		}
	}
	return all
}

// sent is what can be said at once of a complaint that was sent.
type sent struct{ Reference, Received, By string }

type complainPage struct {
	Title, Step string
	Mistakes    []mistake
	Form        complaint
	NeedsOf     []option
	Landlord    templates.Landlord
	Ombudsman   templates.Ombudsman
	Days        int // that the code allows for the acknowledgement
	Full        bool
	Text        string // of a page that says what went wrong
	Number      string // of the request then
	Done        sent
	TakesFiles  bool
	Removed     string // the file that was taken off just now
}

// Wrong is what has to be put right in a field, or "".
func (p complainPage) Wrong(field string) string { return wrongIn(p.Mistakes, field) }

// AllWrong is all that has to be put right in a field.
func (p complainPage) AllWrong(field string) (all []string) {
	for _, m := range p.Mistakes {
		if m.Field == field {
			all = append(all, m.Text)
		}
	}
	return all
}

// Needed reports whether the need was ticked.
func (p complainPage) Needed(value string) bool { return slices.Contains(p.Form.Needs, value) }

// Carried is what was typed on the other steps.
func (p complainPage) Carried() []keptField {
	typed := p.Form.fields(slices.DeleteFunc([]string{stepWhat, stepWho}, func(s string) bool { return s == p.Step })...)
	return append(typed, p.Form.fileFields()...)
}

// Home is the address as it is read back.
func (p complainPage) Home() string {
	return strings.Join(postal(p.Form.Address, p.Form.Postcode), ", ")
}

// NeedWords is what was ticked, in words.
func (p complainPage) NeedWords() string {
	return strings.Join(needsOf(p.Form.Needs, p.Form.Other), ", ")
}

// Reply is how we should answer, as it is read back.
func (p complainPage) Reply() string {
	switch register.Wish(p.Form.Answer) {
	case register.WishesEmail:
		return "By email to " + p.Form.Email
	case register.WishesPhone:
		return "By phone, " + p.Form.Phone + ", and a letter to follow"
	case register.WishesLetter:
	}
	return "By letter"
}

// Dial is a phone number as a link has it.
func (p complainPage) Dial(number string) string { return strings.ReplaceAll(number, " ", "") }

func (d *Desk) showComplain(w http.ResponseWriter, r *http.Request, status int, p complainPage) {
	p.NeedsOf, p.Landlord, p.Days, p.TakesFiles = needs(), d.c.Composer.Landlord, d.acknowledgeDays(), d.shelf.dir != ""
	p.Ombudsman = p.Landlord.OmbudsmanOn(templates.Date(workday.DateOf(d.c.Now())))
	if p.Title = cmp.Or(p.Title, stepTitle(p.Step)); len(p.Mistakes) > 0 {
		p.Title = "Error: " + p.Title
	}
	d.show(w, r, status, "complain.html", p)
}

func stepTitle(step string) string {
	switch step {
	case stepWhat:
		return "What has gone wrong?"
	case stepWho:
		return "How can we reach you?"
	case stepCheck:
		return "Check what you have written"
	}
	return "Make a complaint"
}

// complain is the first page, with the way to the form and the ways beside it.
func (d *Desk) complain(w http.ResponseWriter, r *http.Request) {
	d.showComplain(w, r, http.StatusOK, complainPage{Step: stepStart, Form: complaint{ID: rand.Text()}})
}

// complainStep goes on, or back, from the step that was filled in.
func (d *Desk) complainStep(w http.ResponseWriter, r *http.Request) {
	f, amiss, ok := d.readStep(w, r)
	if !ok {
		return
	}
	form, step, towards := d.shelf.known(readComplaint(f)), f.Get("step"), f.Get("go")
	amiss = append(amiss, form.lost()...)
	if sum := f.Get("remove"); sum != "" {
		d.showComplain(w, r, http.StatusOK, complainPage{Step: filesOn(step), Removed: d.shelf.takeOff(&form, sum), Form: form})
		return
	}
	if len(amiss) > 0 {
		if step == stepWhat && towards == "" {
			amiss = append(form.wrong(stepWhat), amiss...)
		}
		d.showComplain(w, r, http.StatusUnprocessableEntity, complainPage{Step: stepWhat, Form: form, Mistakes: amiss})
		return
	}
	if to := backFrom(step, towards); to != "" {
		d.showComplain(w, r, http.StatusOK, complainPage{Step: to, Form: form})
		return
	}
	// What a later step relies on is looked at again: it was in the sender's hands.
	for _, s := range []string{stepWhat, stepWho} {
		if wrong := form.wrong(s); len(wrong) > 0 {
			d.showComplain(w, r, http.StatusUnprocessableEntity, complainPage{Step: s, Form: form, Mistakes: wrong})
			return
		}
		if s == step {
			next := map[string]string{stepWhat: stepWho, stepWho: stepCheck}[s]
			d.showComplain(w, r, http.StatusOK, complainPage{Step: next, Form: form})
			return
		}
	}
	d.sendComplaint(w, r, form)
}

// filesOn is the step that shows the files, as seen from the one that was sent.
func filesOn(step string) string {
	if step == stepCheck {
		return stepCheck
	}
	return stepWhat
}

// backFrom is the step to show as it was left; empty: on with what was filled in.
func backFrom(step, towards string) string {
	switch {
	case towards == "add": // files
		return stepWhat
	case step == stepCheck && (towards == stepWhat || towards == stepWho):
		return towards
	case step == stepCheck && towards == "back":
		return stepWho
	case step == stepWho && towards == "back", step == stepStart:
		return stepWhat
	case step == stepWhat && towards != "back", step == stepWho, step == stepCheck:
		return ""
	}
	return stepStart
}

func (d *Desk) sendComplaint(w http.ResponseWriter, r *http.Request, form complaint) {
	if from := d.c.Access.client(r); !d.crowd.enter(from, d.c.Now()) {
		d.c.Logger.WarnContext(r.Context(), "the limit of the residents' form was met", slog.String("from", from))
		d.showComplain(w, r, http.StatusTooManyRequests, complainPage{Step: stepCheck, Form: form, Full: true})
		return
	}
	post := form.submission(d.c.Now())
	post.Files = d.shelf.submitted(form)
	got, err := d.submit(r.Context(), post)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	// Sent again, it keeps the time of the first.
	m, err := d.c.Register.GetMessage(r.Context(), got.ID)
	if err != nil {
		d.failed(w, r, err)
		return
	}
	at := m.ReceivedAt.In(workday.London())
	d.showComplain(w, r, http.StatusOK, complainPage{
		Title: "We have your complaint", Step: "done", Form: form,
		Done: sent{m.Reference, at.Format("Monday 2 January 2006 at 15:04"), m.Deadline.Long()},
	})
}
