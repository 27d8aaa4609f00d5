// Package metrics owns what monitoring programs are told: figures for
// Prometheus, and whether this process lives and can serve. It counts in the
// register, and shows nobody's name, address or words. It knows nothing of how
// post comes in or goes out, nor of the pages.
package metrics

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"postroom/internal/archive"
	"postroom/internal/malware"
	"postroom/internal/queue"
	"postroom/internal/register"
)

// Config is what is looked at.
type Config struct {
	Register  *register.Register
	Archive   *archive.Archive
	Screen    *malware.Screen // nil, or without a scanner: not told
	Queue     *queue.Queue
	Lanes     []string
	Mailboxes []string                                         // those that are polled
	Reading   func() (programs int64, processor time.Duration) // what reading letters has cost; nil: not told
	Now       func() time.Time
	Logger    *slog.Logger
}

// A Desk answers monitoring programs.
type Desk struct {
	c       Config
	process *prometheus.Registry
	turn    chan struct{} // holds one: whoever has it may look
	begun   time.Time
	sides   []*side
	// patience says how long what was asked is waited for.
	patience func(context.Context) (context.Context, context.CancelFunc)
	last     look
	success  map[string]time.Time
}

// New makes a desk.
func New(c Config) *Desk {
	d := &Desk{c: c, process: prometheus.NewRegistry(), turn: make(chan struct{}, 1), begun: c.Now(), patience: patient, success: map[string]time.Time{}}
	d.sides = d.allSides()
	d.process.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	d.turn <- struct{}{}
	return d
}

// Handler has the three addresses.
func (d *Desk) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", d.metrics)
	mux.HandleFunc("GET /healthz", d.healthz)
	mux.HandleFunc("GET /readyz", d.readyz)
	return mux
}

// Serve answers until ctx ends.
func (d *Desk) Serve(ctx context.Context, l net.Listener) error {
	server := &http.Server{
		Handler: d.Handler(), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(d.c.Logger.Handler(), slog.LevelWarn),
	}
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		soon, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(soon)
	}()
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped
	return nil
}

func (d *Desk) metrics(w http.ResponseWriter, r *http.Request) {
	l, err := d.look(r.Context())
	if err != nil {
		http.Error(w, "no figures: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	d.complain(r.Context(), l)
	ours := prometheus.NewRegistry()
	ours.MustRegister(snapshot{newFamilies(), l})
	promhttp.HandlerFor(prometheus.Gatherers{d.process, ours}, promhttp.HandlerOpts{}).ServeHTTP(w, r)
}

// complain logs what a monitoring program only sees as a 0.
func (d *Desk) complain(ctx context.Context, l look) {
	for _, dep := range l.dependencies {
		if dep.essential && dep.err != nil {
			d.c.Logger.WarnContext(ctx, "a dependency does not answer", slog.String("dependency", dep.name), slog.Any("error", dep.err))
		}
	}
}

// healthz says that the process answers at all. What it needs from others is
// readyz's affair: restarting it would not mend them.
func (d *Desk) healthz(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, "alive")
}

// readyz tells "cannot serve" (503) from "something is down and we cope" (200),
// a line for each thing. Of errors it says only that there is one: they may
// name servers, and are in the log.
func (d *Desk) readyz(w http.ResponseWriter, r *http.Request) {
	l, err := d.look(r.Context())
	if err != nil {
		http.Error(w, "cannot serve: "+err.Error(), http.StatusServiceUnavailable)
		return
	}
	d.complain(r.Context(), l)
	word, code, lines := l.verdict()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = fmt.Fprintln(w, word+"\n"+strings.Join(lines, "\n"))
}

func (l look) verdict() (word string, code int, lines []string) {
	word, code = "ready", http.StatusOK
	for _, dep := range l.dependencies {
		switch {
		case dep.err == nil:
			lines = append(lines, dep.name+": ok")
		case dep.essential:
			word, code = "cannot serve", http.StatusServiceUnavailable
			lines = append(lines, dep.name+": down")
		default:
			if code == http.StatusOK {
				word = "ready, coping"
			}
			lines = append(lines, dep.name+": down; "+dep.coping)
		}
	}
	return word, code, lines
}
