// Package web owns the staff's pages: what came in today, what waits for a
// person, the replies as sent, and whether everything runs. It reads the
// register and the archive; it sends nothing and decides nothing by itself.
package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/templates"
)

// Config is what the pages need to know.
type Config struct {
	Register *register.Register
	Archive  *archive.Archive
	Calendar *workday.Calendar
	Landlord string
	Rules    string // the version of the rules in force
	// Outgoing says in words why nothing leaves; empty when it does. nil: it does.
	Outgoing func(context.Context) string
	// Queue says in words how the queue is.
	Queue func(context.Context) string
	// Refresh makes the front page load itself again after so many seconds; 0: never.
	Refresh int
	// Hints are shown with the status, such as a demo's addresses.
	Hints  []Hint
	Now    func() time.Time
	Logger *slog.Logger
}

// A Hint is a line of the status.
type Hint struct{ Name, Value string }

// A Desk serves the pages.
type Desk struct {
	c     Config
	pages *template.Template
}

// New parses the pages.
func New(c Config) (*Desk, error) {
	pages, err := templates.Pages(template.FuncMap{"labelName": labelName, "labelClass": labelClass, "alarmName": alarmName})
	if err != nil {
		return nil, err
	}
	return &Desk{c: c, pages: pages}, nil
}

func (d *Desk) outgoing(ctx context.Context) string {
	if d.c.Outgoing == nil {
		return ""
	}
	return d.c.Outgoing(ctx)
}

// Handler is the whole of the pages. There is no sign-in yet, so it answers
// only requests that name this machine: a page of somebody else's that a
// browser here has open cannot read the post by a name of its own.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", d.today)
	mux.HandleFunc("GET /messages/{id}", d.message)
	mux.HandleFunc("GET /messages/{id}/original", d.original)
	mux.HandleFunc("GET /replies/{id}", d.reply)
	mux.HandleFunc("GET /replies/{id}/raw", d.raw)
	mux.HandleFunc("GET /style.css", styleSheet)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		d.problem(w, r, http.StatusNotFound, "Not found", "There is no such page.")
	})
	return http.NewCrossOriginProtection().Handler(secured(onlyHere(mux)))
}

// Serve serves the pages on the listener until ctx ends.
func (d *Desk) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: d.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: 2 * time.Minute, IdleTimeout: time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(d.c.Logger.Handler(), slog.LevelWarn),
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(soon)
	}()
	err := server.Serve(l)
	if !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}

// secured puts the headers on every answer that keep a stranger's words from
// doing anything in a reviewer's browser.
func secured(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}

// onlyHere refuses requests under any name but this machine's own.
func onlyHere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if ip := net.ParseIP(host); host != "localhost" && host != "[::1]" && (ip == nil || !ip.IsLoopback()) {
			http.Error(w, "This page is served to this machine alone.", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func styleSheet(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/css; charset=utf-8")
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(templates.StyleSheet)
}

// show writes a page once it is whole: an error half-way never leaves half a
// page behind.
func (d *Desk) show(w http.ResponseWriter, r *http.Request, status int, name string, page any) {
	var b bytes.Buffer
	if err := d.pages.ExecuteTemplate(&b, name, page); err != nil {
		id := rand.Text()[:8]
		d.c.Logger.ErrorContext(r.Context(), "a page failed", slog.String("page", name), slog.String("id", id), slog.Any("error", err))
		http.Error(w, "This page failed. Tell the operator this number: "+id, http.StatusInternalServerError)
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
	id := rand.Text()[:8]
	d.c.Logger.ErrorContext(r.Context(), "a request failed", slog.String("id", id), slog.Any("error", err))
	d.problem(w, r, http.StatusInternalServerError, "Something went wrong", "No post is lost. Try again; if it goes on, tell the operator this number: "+id)
}

// A frame is what every page has around it.
type frame struct {
	Title    string
	Landlord string
	Refresh  int
	Status   statusView
}

type problemPage struct {
	frame
	Text string
}

func (d *Desk) problem(w http.ResponseWriter, r *http.Request, status int, title, text string) {
	d.show(w, r, status, "problem.html", problemPage{frame: frame{Title: title, Landlord: d.c.Landlord}, Text: text})
}

func (d *Desk) frame(ctx context.Context, title string) (frame, error) {
	s, err := d.c.Register.Status(ctx)
	return frame{Title: title, Landlord: d.c.Landlord, Status: d.statusView(s)}, err
}
