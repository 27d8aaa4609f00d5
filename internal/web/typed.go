package web

import (
	"cmp"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"postroom/internal/register"
)

// What an officer types outlives their session: it waits in the sign-in page,
// in their own browser, and is shown again to the same person. It is kept
// nowhere else, and nothing is done with it until they send it anew.

// typed is a form that was sent when its session had ended.
type typed struct {
	Path   string // where it was sent
	Fields []keptField
}

type keptField struct{ Name, Value string }

const (
	// keptMark sets the form's fields apart from those of signing in.
	keptMark = "kept."
	// whoseField names the account to which the form was shown.
	whoseField = "whose"
	// typedPath shows a form again to whoever signed in in another tab.
	typedPath = "/sign-in/typed"
	// mostKept bounds the fields that are kept, and roomToSignIn leaves room
	// beside them for a name and a password.
	mostKept     = 1000
	roomToSignIn = 8 << 10
)

// keepTyped picks out what can be shown again; nil: nothing can.
func keepTyped(at string, form url.Values) *typed {
	if form.Get(whoseField) == "" {
		return nil
	}
	t, size := &typed{Path: at}, url.Values{}
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range form[name] {
			t.Fields = append(t.Fields, keptField{keptMark + name, value})
			size.Add(keptMark+name, value)
		}
	}
	if len(t.Fields) > mostKept || len(size.Encode()) > largestForm-roomToSignIn {
		return nil
	}
	return t
}

// readTyped reads it out of the sign-in page; nil: there is none.
func readTyped(form url.Values) *typed {
	words := url.Values{}
	for name, values := range form {
		if name, ok := strings.CutPrefix(name, keptMark); ok {
			words[name] = values
		}
	}
	at, err := url.Parse(localPath(form.Get("form")))
	if err != nil {
		return nil
	}
	return keepTyped(at.Path, words)
}

// askTyped asks whoever sent a form without a session to sign in, and keeps the
// form's words if the form can be shown again.
func (d *Desk) askTyped(w http.ResponseWriter, r *http.Request) {
	page := signInPage{Next: "/", Wrong: "You were signed out meanwhile. Nothing was done. If you had typed something, go back: your browser may still show it. Copy it, then sign in."}
	all := d.routes()
	i := slices.IndexFunc(all, func(rt route) bool { return rt.pattern == r.Pattern && rt.again != nil })
	if i >= 0 && r.PostForm == nil {
		r.PostForm, _ = readWords(w, r) // nothing is kept of what cannot be read
	}
	if i >= 0 {
		page.Kept = keepTyped(r.URL.Path, r.PostForm)
	}
	if page.Kept != nil {
		page.Next = path.Dir(r.URL.Path) // the decision on a message is a form on the message's page
		if slices.ContainsFunc(all, func(rt route) bool { return rt.pattern == strings.Replace(r.Pattern, "POST ", "GET ", 1) }) {
			page.Next = r.URL.Path
		}
		page.Wrong = "You were signed out meanwhile. Nothing was done yet. Sign in, and what you typed is shown again."
	}
	d.showSignIn(w, r, http.StatusForbidden, page)
}

// readWords reads the words of a form that may have a file. Whoever sent it is
// not signed in, so that the file is let pass, and nothing goes to the disk.
func readWords(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		r.Body = http.MaxBytesReader(w, r.Body, largestForm)
		err := r.ParseForm()
		return r.PostForm, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, largestFile+largestForm)
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, err
	}
	words, left := url.Values{}, int64(largestForm)
	for range mostKept {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return words, nil
		}
		if err != nil {
			return nil, err
		}
		if part.FileName() != "" {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(part, left+1))
		if left -= int64(len(text)); err != nil || left < 0 {
			return nil, cmp.Or(err, errTooMuch)
		}
		words.Add(part.FormName(), string(text))
	}
	return nil, errTooMuch
}

var errTooMuch = errors.New("a form with more words than are kept")

// typedForms shows every form that can be shown again, with what was typed and
// to nobody but whom it was shown before.
func (d *Desk) typedForms() http.Handler {
	mux := http.NewServeMux()
	for _, rt := range d.routes() {
		if rt.again == nil {
			continue
		}
		again := rt.again
		mux.HandleFunc(rt.pattern, d.guarded(route{pattern: rt.pattern, needs: rt.needs, ownInput: true, do: func(w http.ResponseWriter, r *http.Request, who register.Account) {
			if r.PostForm.Get(whoseField) != who.ID {
				d.problem(w, r, http.StatusForbidden, "Somebody else typed this", "You are signed in as "+who.Name+", and what was typed here was somebody else’s. It is not shown, and nothing was done.")
				return
			}
			again(w, r, who)
		}}))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/", http.StatusSeeOther) })
	return mux
}

// showTyped shows the form again, as if its own browser had sent it with the
// session's cookie.
func (d *Desk) showTyped(w http.ResponseWriter, r *http.Request, t *typed, session *http.Cookie) {
	again := r.Clone(r.Context())
	again.URL, again.MultipartForm, again.PostForm = &url.URL{Path: t.Path}, nil, url.Values{}
	for _, f := range t.Fields {
		again.PostForm.Add(strings.TrimPrefix(f.Name, keptMark), f.Value)
	}
	again.Form = again.PostForm
	if session != nil {
		again.Header.Set("Cookie", session.Name+"="+session.Value) // RFC 6265, section 4.2.1; tokens need no quotes
	}
	d.typed.ServeHTTP(w, again)
}

// typedAgain shows a form to whoever signed in in another tab.
func (d *Desk) typedAgain(w http.ResponseWriter, r *http.Request) {
	if !d.readForm(w, r) {
		return
	}
	if t := readTyped(r.PostForm); t != nil {
		d.showTyped(w, r, t, nil)
		return
	}
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// hereAgain is told above a form that is shown again.
const hereAgain = "Here is what you had typed. Nothing was done yet."

func (d *Desk) decideAgain(w http.ResponseWriter, r *http.Request, who register.Account) {
	id, form := r.PathValue("id"), readDraft(r.PostForm)
	if err := d.c.Register.Viewed(r.Context(), register.ViewedMessage, id, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.showItem(w, r, who, id, http.StatusOK, &form, telling{Notice: hereAgain})
}

func (d *Desk) deedAgain(w http.ResponseWriter, r *http.Request, who register.Account) {
	f, do, err := d.openDeed(r, who)
	if err == nil {
		err = d.c.Register.Viewed(r.Context(), register.ViewedCase, f.ID, who.Name)
	}
	if err != nil {
		d.failed(w, r, err)
		return
	}
	f.typed = r.PostForm
	if r.PostForm.Get("seen") != f.seen() {
		d.showDeed(w, r, f, do, http.StatusConflict, telling{Beaten: d.quicker(r, f)})
		return
	}
	told := telling{Notice: hereAgain}
	if do.files {
		told.Notice += " A file has to be chosen again."
	}
	d.showDeed(w, r, f, do, http.StatusOK, told)
}

func (d *Desk) contactAgain(w http.ResponseWriter, r *http.Request, who register.Account) {
	d.showContact(w, r, who, http.StatusOK, readContact(r.PostForm), telling{Notice: hereAgain})
}

func (d *Desk) typeInAgain(w http.ResponseWriter, r *http.Request, who register.Account) {
	m, ok := d.thePaper(w, r, who)
	if !ok {
		return
	}
	if err := d.c.Register.Viewed(r.Context(), register.ViewedMessage, m.ID, who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	page := paperPage{Form: readTypedForm(r.PostForm), telling: telling{Notice: hereAgain}}
	if version(r.PostForm) != m.Version {
		page.Refused = whyNot(register.ErrConflict)
	}
	d.showPaper(w, r, who, http.StatusOK, m, page)
}

func (d *Desk) ruleAgain(w http.ResponseWriter, r *http.Request, who register.Account) {
	if err := d.c.Register.Viewed(r.Context(), register.ViewedReply, r.PathValue("id"), who.Name); err != nil {
		d.failed(w, r, err)
		return
	}
	d.showReply(w, r, who, http.StatusOK, strings.TrimSpace(r.PostForm.Get("reason")), telling{Notice: hereAgain})
}
