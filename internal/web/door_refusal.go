package web

import (
	_ "embed"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A refusal says what is wrong with a call, for programs and for whoever
// writes them (RFC 9457). There is no page about each kind of it, so its type
// stays "about:blank" and the title is the status's; programs go by code.
type refusal struct {
	Type   string       `json:"type"`
	Title  string       `json:"title"`
	Status int          `json:"status"`
	Code   string       `json:"code"`
	Detail string       `json:"detail"`
	Number string       `json:"number,omitempty"` // of the failure in our log
	Errors []fieldError `json:"errors,omitempty"`

	Retry time.Duration `json:"-"` // after so long it may be tried again; 0: not said
}

// A fieldError is what is wrong in one field, named by a JSON pointer (RFC 6901).
type fieldError struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func (d *Desk) refuse(w http.ResponseWriter, r *http.Request, f refusal) {
	f.Type, f.Title = "about:blank", http.StatusText(f.Status)
	if f.Retry > 0 {
		seconds := int64((f.Retry + time.Second - 1) / time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(seconds, 10))
	}
	who := slog.String("from", d.c.Access.client(r))
	if system, known := r.Context().Value(callingSystem{}).(string); known {
		who = slog.String("system", system)
	}
	d.c.Logger.WarnContext(r.Context(), "a call at the door was refused", slog.Int("status", f.Status), slog.String("code", f.Code), who)
	w.Header().Set("Content-Type", "application/problem+json")
	writeJSON(w, f.Status, f)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // nobody shows it as a page: nosniff
	e.SetIndent("", "  ")
	_ = e.Encode(v) // whoever asked is gone
}

// forSystems reports whether a request is for a program, which a page would
// tell nothing.
func forSystems(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, apiPath) }

// openAPIFile describes the door; a test holds it to what the door answers.
//
//go:embed openapi.yaml
var openAPIFile []byte

// openAPI needs no token: it holds nothing of this landlord's.
func openAPI(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml") // RFC 9512
	w.Header().Set("Cache-Control", "max-age=300")
	_, _ = w.Write(openAPIFile)
}
