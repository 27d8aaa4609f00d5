package web_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

// BenchmarkQueuePage fetches pages of a review queue of 10,000 over HTTP, as a
// browser does, and tells the 99th percentile.
func BenchmarkQueuePage(b *testing.B) {
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": registertest.SQLite, "postgres": registertest.Postgres} {
		b.Run(name, func(b *testing.B) {
			handler, cookie := fullQueue(b, point, 10_000)
			for what, path := range map[string]string{"first": "/", "middle": "/?page=100", "filtered": "/?topic=pests&label=service_request"} {
				b.Run(what, func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "http://localhost"+path, nil)
						r.AddCookie(cookie)
						w := httptest.NewRecorder()
						began := time.Now()
						handler.ServeHTTP(w, r)
						took = append(took, time.Since(began))
						if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `scope="row"`) {
							b.Fatal(w.Code, w.Body.String())
						}
					}
					slices.Sort(took)
					b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
				})
			}
		})
	}
}

// fullQueue is pages over a queue of n messages, and somebody signed in.
func fullQueue(b *testing.B, point func(testing.TB, register.Config) register.Config, n int) (http.Handler, *http.Cookie) {
	b.Helper()
	cfg := point(b, registertest.Config(b, time.Now))
	room := registertest.Open(b, cfg)
	if _, err := room.AddAccount(b.Context(), "Priya", register.Reviewer, cheap().Hash(secret)); err != nil {
		b.Fatal(err)
	}
	desk, err := web.New(web.Config{
		Register: room, Calendar: cfg.Calendar, Landlord: "Citrine Homes", Rules: classify.Default(), Now: time.Now, Access: web.Access{Cost: cheap()},
		Queue: func(context.Context) string { return "fine" }, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	handler, err := desk.Handler()
	if err != nil {
		b.Fatal(err)
	}
	text := strings.Repeat("The heating has been off for nine days and nobody has come. ", 40)
	for from := 0; from < n; from += 100 {
		arrivals := make([]register.Arrival, 100)
		for i := range arrivals {
			arrivals[i] = registertest.Arrival(fmt.Sprint("waiting ", from+i), time.Now().Add(-time.Duration(from+i)*time.Minute))
		}
		received, err := room.Receive(b.Context(), arrivals)
		if err != nil {
			b.Fatal(err)
		}
		openings := make([]register.Opening, 100)
		for i, m := range received {
			v := unsure(classify.Complaint)
			if i%20 == 0 {
				v.Label, v.Topics = classify.ServiceRequest, []string{"pests"}
			}
			v.Evidence = []classify.Evidence{{Rule: "no-call-back", Label: "complaint", Weight: 1.7, Quote: "nobody has come", Start: 42, End: 57}}
			openings[i] = register.Opening{Message: m.ID, Verdict: v, Reading: registertest.Reading("", fmt.Sprintf("r%d@example.com", from+i), text)}
		}
		if _, err := room.Open(b.Context(), openings); err != nil {
			b.Fatal(err)
		}
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "http://localhost/sign-in", strings.NewReader(form("account", "Priya", "password", secret).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	handler.ServeHTTP(w, r)
	cookies := w.Result().Cookies()
	if len(cookies) == 0 {
		b.Fatal("cannot sign in", w.Code, w.Body.String())
	}
	return handler, cookies[0]
}
