// Package web owns the door for other systems, and the pages: the residents'
// form, and the staff's: signing in, who is signed in, the review queue,
// deciding on what waits there, the replies that wait for people, and whether
// everything runs. It reads the register and the archive and changes them only
// by the register's verbs; it sends nothing and judges nothing by itself.
package web

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/malware"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
	"postroom/templates"
)

// Config is what the pages need to know.
type Config struct {
	Register *register.Register
	Archive  *archive.Archive
	// Screen says which files may be opened; nil: all.
	Screen   *malware.Screen
	Calendar *workday.Calendar
	Landlord string
	Homes    int             // that the landlord lets, for CH01; 0: not known
	Code     workday.Code    // by which complaints are answered
	Rules    *classify.Rules // in force
	// Outgoing says in words why nothing leaves; empty when it does. nil: it does.
	Outgoing func(context.Context) string
	// Queue says in words how the queue is.
	Queue func(context.Context) string
	// Machine says how the machine and its programs are. nil: nothing is known.
	Machine func(context.Context) []Part
	// Owed tells the queue what a decision owes, after the commit.
	Owed func(context.Context, []register.Hint)
	// Composer writes what a reply would say, for somebody to look at.
	Composer *notify.Composer
	// Reading is how the mail of a source is read; attachments are taken out
	// of the original with it.
	Reading func(source string) mime.Options
	// Uploads takes in what the mailroom scans; its intake also takes what is
	// typed in and parted by hand.
	Uploads *ingest.UploadDoor
	// Prefixes are those of our references.
	Prefixes []string
	// Printer makes print batches of the letters in the tray.
	Printer *notify.Printer
	// Intake takes in what is typed into the pages, and Reader reads it at once;
	// without a Reader it is read by whoever reads the queue.
	Intake *ingest.Intake
	Reader *ingest.Reader
	// Letters draws the pages of scanned letters; nil: they are not shown.
	Letters *scan.Reader
	// Form: residents can complain on a page that needs no sign-in.
	Form bool
	// FormFiles is the folder for the files of complaints that are not sent yet.
	// Machines that share the work share it. Empty: residents send no files.
	FormFiles string
	// API: other systems of the landlord's can come in at apiPath.
	API    bool
	Access Access
	// Keep is for how long a message that somebody took stays theirs; 0: 20
	// minutes.
	Keep time.Duration
	// Refresh makes the lists load themselves again after so many seconds; 0: never.
	Refresh int
	// CaseFile writes all that is held about a case into a ZIP file, and that it
	// was given out into the case's history. nil: the pages give none out.
	CaseFile func(ctx context.Context, reference, path, by string) error
	// Hints are shown with the status, such as a demo's addresses.
	Hints  []Hint
	Now    func() time.Time
	Logger *slog.Logger
}

// A Hint is a line of the status.
type Hint struct{ Name, Value string }

// A Desk serves the pages.
type Desk struct {
	c       Config
	pages   *template.Template
	typed   http.Handler  // forms that are shown again after signing in
	decoy   string        // a hash that nothing matches, for names that are none
	work    chan struct{} // bounds how many passwords are compared at once
	drawing chan struct{} // and how many pages of letters are drawn
	packing chan struct{} // and how many cases' files are packed
	crowd   crowd         // who sent the residents' form of late
	filing  crowd         // and files with it
	shelf   shelf         // of files that came with it
	callers callers       // and which system called how often
	doorway chan struct{} // and how many of their calls are read at once
}

// New parses the pages.
func New(c Config) (*Desk, error) {
	pages, err := templates.Pages(template.FuncMap{"labelName": labelName, "labelClass": labelClass, "alarmName": alarmName, "small": small, "topicName": topicName, "labelWord": labelWord, "channelWord": channelWord})
	if err != nil {
		return nil, err
	}
	c.Access = c.Access.withDefaults()
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Logger = slog.New(NumberedLog(c.Logger.Handler()))
	c.Keep = cmp.Or(c.Keep, 20*time.Minute)
	d := &Desk{
		c: c, pages: pages, decoy: c.Access.Cost.Hash(rand.Text()), work: make(chan struct{}, hashesAtOnce), drawing: make(chan struct{}, drawnAtOnce), doorway: make(chan struct{}, callsAtOnce),
		packing: make(chan struct{}, 1),
		crowd:   crowd{one: mostFromOne, all: mostFromAll}, filing: crowd{one: mostFilesFromOne, all: mostFilesFromAll}, shelf: shelf{dir: c.FormFiles, now: c.Now},
	}
	d.typed = d.typedForms()
	return d, nil
}

// acknowledgeDays is how many working days after receipt the code that holds
// today allows for an acknowledgement.
func (d *Desk) acknowledgeDays() int {
	return d.c.Code.On(workday.DateOf(d.c.Now())).Stage1.Acknowledge.Days
}

func (d *Desk) outgoing(ctx context.Context) string {
	if d.c.Outgoing == nil {
		return ""
	}
	return d.c.Outgoing(ctx)
}

// Handler is the whole of the pages. http.CrossOriginProtection refuses what
// another site makes a browser post (Sec-Fetch-Site, else Origin).
func (d *Desk) Handler() (http.Handler, error) {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /sign-in", d.signInPage)
	mux.HandleFunc("POST /sign-in", d.signIn)
	mux.HandleFunc("POST "+typedPath, d.typedAgain)
	mux.HandleFunc("POST /sign-out", d.signOut)
	if d.c.Access.SignOn != nil {
		mux.HandleFunc("GET "+signOnPath, d.signOn)
		mux.HandleFunc("GET "+SignOnBack, d.signedOn)
		mux.HandleFunc("POST "+SignedOutThere, d.signedOutThere)
	}
	mux.HandleFunc("GET /style.css", styleSheet)
	mux.HandleFunc("GET /keys.js", keys)
	mux.HandleFunc("GET /icon.svg", icon)
	if d.c.Form {
		mux.HandleFunc("GET "+complainPath, d.complain)
		mux.HandleFunc("POST "+complainPath, d.complainStep)
	}
	for _, rt := range d.routes() {
		if rt.door == nil {
			mux.HandleFunc(rt.pattern, d.guarded(rt))
		}
	}
	d.openDoor(mux)
	mux.HandleFunc("/", d.nothingThere)
	protection := http.NewCrossOriginProtection()
	if u, err := url.Parse(d.c.Access.Address); err == nil && u.Host != "" {
		if err := protection.AddTrustedOrigin(u.Scheme + "://" + u.Host); err != nil {
			return nil, err
		}
	}
	protection.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.c.Logger.WarnContext(r.Context(), "another website's post was refused", slog.String("from", d.c.Access.client(r)))
		if forSystems(r) {
			d.refuse(w, r, refusal{Status: http.StatusForbidden, Code: "other_site", Detail: "Another website sent this from somebody's browser. Call this door from a server."})
			return
		}
		d.problem(w, r, http.StatusForbidden, "Not from here", "Another website sent this. Nothing was done.")
	}))
	return d.secured(d.numbered(d.rightHost(d.storableAddress(protection.Handler(mux))))), nil
}

// Serve serves the pages on the listener until ctx ends.
func (d *Desk) Serve(ctx context.Context, l net.Listener) error {
	handler, err := d.Handler()
	if err != nil {
		return err
	}
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(d.c.Logger.Handler(), slog.LevelWarn),
	}
	go d.tidy(ctx)
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(soon)
	}()
	err = server.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}

// policy is what our own pages may do. With framesOwn, a page may also show one
// of ours in a frame.
const (
	policy    = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	framesOwn = policy + "; frame-src 'self'"
)

// secured puts the headers on every answer that keep a stranger's words from
// doing anything in a reviewer's browser.
func (d *Desk) secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		if d.c.Access.SecureCookies {
			h.Set("Strict-Transport-Security", "max-age=31536000")
		}
		next.ServeHTTP(w, r)
	})
}

func styleSheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(templates.StyleSheet)
}

func keys(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(templates.Keys)
}

func icon(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Header().Set("Cache-Control", "max-age=86400")
	_, _ = w.Write(templates.Icon)
}

// show writes a page once it is whole: an error half-way never leaves half a
// page behind.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, name string, page any) {
	var b bytes.Buffer
	if err := d.pages.ExecuteTemplate(&b, name, page); err != nil {
		d.c.Logger.ErrorContext(r.Context(), "a page failed", slog.String("page", name), slog.Any("error", err))
		http.Error(w, "This page failed. Tell the operator this number: "+number(r.Context()), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

// failed tells the visitor what they can use, and the log what happened.
func (d *Desk) failed(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, register.ErrNotFound) {
		d.problem(w, r, http.StatusNotFound, "Not found", "There is nothing under this address. It may have been mistyped.")
		return
	}
	if held, withheld := malware.IsWithheld(err); withheld {
		d.problem(w, r, http.StatusConflict, "Not to be opened", held.Error()+".")
		return
	}
	if errors.Is(err, archive.ErrAway) {
		d.c.Logger.WarnContext(r.Context(), "the archive cannot be reached for a request", slog.Any("error", err))
		d.problem(w, r, http.StatusServiceUnavailable, "This cannot be done now", "The storage that keeps post and files does not answer. No post is lost. Go back and try again in a few minutes; what you typed is still there.")
		return
	}
	d.c.Logger.ErrorContext(r.Context(), "a request failed", slog.Any("error", err))
	d.problem(w, r, http.StatusInternalServerError, "Something went wrong", "No post is lost. Go back and try again; what you typed is still there. If it goes on, tell the operator the number that stands below.")
}

// A frame is what every page has around it.
type frame struct {
	Title    string
	Landlord string
	Current  string // the entry of the menu that this page is
	Refresh  int
	Officer  register.Account // who is signed in; no name: nobody
	Status   statusView
	Keys     bool   // single letters do something
	At       string // when the page was made, for prints
}

// Menu is the main menu of whoever is signed in.
func (f frame) Menu() []entry { shown, _ := f.mainMenu(); return shown }

// More is what stands behind its last entry.
func (f frame) More() []entry { _, more := f.mainMenu(); return more }

// InMore reports whether this page does.
func (f frame) InMore() bool {
	return slices.ContainsFunc(f.More(), func(e entry) bool { return e.Key == f.Current })
}

// May reports whether the page offers what needs that right.
func (f frame) May(r string) bool { return may(f.Officer.Role, right(r)) }

// MayDecide reports whether the page offers to change anything.
func (f frame) MayDecide() bool { return may(f.Officer.Role, mayDecide) }

type problemPage struct {
	frame
	Text   string
	Number string // of the request
	Again  string // where to try again; empty: the first page is offered
}

// problem says what went wrong. What its visitor quotes is found in the log,
// with the page by its pattern: an address may hold what somebody searched for.
func (d *Desk) problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	d.c.Logger.InfoContext(r.Context(), "a problem was shown", slog.Int("status", status), slog.String("problem", title), slog.String("page", r.Pattern))
	if d.c.Form && r.URL.Path == complainPath { // not for staff
		d.showComplain(w, r, status, complainPage{Title: title, Text: text, Number: number(r.Context())})
		return
	}
	d.show(w, r, status, "problem.html", problemPage{frame: frame{Title: title, Landlord: d.c.Landlord}, Text: text, Number: number(r.Context())})
}

func (d *Desk) frame(ctx context.Context, who register.Account, current, title string) (frame, error) {
	s, err := d.c.Register.Status(ctx)
	return frame{Title: title, Landlord: d.c.Landlord, Current: current, Officer: who, Status: d.statusView(s), Keys: who.Name != "" && !who.KeysOff, At: clockTime(d.c.Now())}, err
}
