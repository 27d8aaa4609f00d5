package notify

import (
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

func TestWebhook(t *testing.T) {
	t.Parallel()
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	t.Cleanup(other.Close)
	hang := make(chan struct{})
	mux := http.NewServeMux()
	answer := func(path string, status int) {
		mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Idempotency-Key") != "o1" || r.Header.Get("Content-Type") != "application/json" {
				status = http.StatusTeapot
			}
			w.Header().Set("Location", other.URL)
			w.WriteHeader(status)
		})
	}
	answer("/ok", 200)
	answer("/accepted", 202)
	answer("/moved", 302)
	answer("/moved-with-body", 307)
	answer("/gone", 410)
	answer("/busy", 429)
	answer("/broken", 500)
	mux.HandleFunc("/hang", func(http.ResponseWriter, *http.Request) { <-hang })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(hang) })
	for _, row := range []struct {
		name, url string
		fate      fate
	}{
		{"taken", server.URL + "/ok", sent},
		{"accepted", server.URL + "/accepted", sent},
		{"a redirect is not followed", server.URL + "/moved", refused},
		{"nor one that keeps the body", server.URL + "/moved-with-body", refused},
		{"gone", server.URL + "/gone", refused},
		{"busy", server.URL + "/busy", tryAgain},
		{"broken", server.URL + "/broken", tryAgain},
		{"hangs", server.URL + "/hang", tryAgain},
		{"nobody listens", "http://127.0.0.1:1/", tryAgain},
		{"in the clear", "http://pager.example/", refused},
		{"no web address", "::", refused},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := Webhook{Timeout: time.Minute, Client: server.Client()}
			if row.name == "hangs" {
				w.Timeout = 300 * time.Millisecond
			}
			if r := w.post(t.Context(), row.url, "o1", []byte("{}"), time.Now); r.fate != row.fate || (r.fate == sent) != (r.why == "") {
				t.Errorf("%+v, want %s", r, row.fate)
			}
		})
	}
	if elsewhere.Load() != 0 {
		t.Error("a redirect was followed")
	}
}
