//go:build unix

package web_test

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// BenchmarkQueuePage fetches pages of a review queue of 10,000 over HTTP, as a
// browser does, and tells the 99th percentile.
func BenchmarkQueuePage(b *testing.B) {
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			cfg := point(b, registertest.Config(b, time.Now))
			room := registertest.Open(b, cfg)
			registertest.Wait(b, room, time.Now(), 0, 10_000)
			fetch := reader(b, cfg, room)
			for what, path := range map[string]string{"first": "/", "middle": "/?page=100", "filtered": "/?topic=pests&label=service_request"} {
				b.Run(what, func(b *testing.B) {
					fetched(b, fetch, func(int) string { return path }, `scope="row"`)
				})
			}
		})
	}
}

// fetched fetches pages, one after the other, and tells how long half of them
// and 99 of 100 took at most, and the processor time of each: the page's and
// SQLite's, which is in this process, and not PostgreSQL's.
func fetched(b *testing.B, fetch func(path string) *httptest.ResponseRecorder, path func(i int) string, holds string) {
	b.Helper()
	var took []time.Duration
	before := processorTime(b)
	for i := 0; b.Loop(); i++ {
		began := time.Now()
		w := fetch(path(i))
		took = append(took, time.Since(began))
		if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), holds) {
			b.Fatalf("%s: %d, without %q", path(i), w.Code, holds)
		}
	}
	b.ReportMetric(float64((processorTime(b)-before).Microseconds())/1000/float64(len(took)), "cpu-ms")
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "median-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
}

// processorTime is what this process has taken.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// reader is somebody with a manager's rights, who is signed in.
func reader(b *testing.B, cfg register.Config, room *register.Register) func(path string) *httptest.ResponseRecorder {
	b.Helper()
	account := "Priya" + rand.Text()
	if _, err := room.AddAccount(b.Context(), account, register.Manager, cheap().Hash(secret)); err != nil {
		b.Fatal(err)
	}
	originals, err := archive.Open(b.TempDir(), time.Now())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = originals.Close() })
	desk, err := web.New(web.Config{
		Register: room, Archive: originals, Calendar: cfg.Calendar, Landlord: "Citrine Homes", Rules: classify.Default(), Now: time.Now, Access: web.Access{Cost: cheap()},
		Queue: func(context.Context) string { return "fine" }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	handler, err := desk.Handler()
	if err != nil {
		b.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost/sign-in", strings.NewReader(form("account", account, "password", secret).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	handler.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if len(cookies) == 0 {
		b.Fatal("cannot sign in", w.Code, w.Body.String())
	}
	return func(path string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "http://localhost"+path, nil)
		r.AddCookie(cookies[0])
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)
		return w
	}
}
