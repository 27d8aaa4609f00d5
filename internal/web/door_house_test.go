package web_test

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/reference"
	"postroom/internal/register"
)

// A system is another one of the landlord's, with its token.
type system struct {
	*browser
	secret string
}

func (h *house) system(name string, may ...register.Grant) *system {
	h.Helper()
	secret, _, err := h.register.AddToken(h.Context(), name, may)
	must(h.TB, err)
	return &system{h.browser(), secret}
}

// without is the system when it shows no token.
func (s *system) without() *system { return &system{browser: s.browser} }

func (s *system) shows(r *http.Request) {
	if s.secret != "" {
		r.Header.Set("Authorization", "Bearer "+s.secret)
	}
}

// handIn hands a message in and holds the answer to its description.
func (s *system) handIn(key, body string) page {
	s.Helper()
	return s.handInAs(key, body, nil)
}

func (s *system) handInAs(key, body string, change func(*http.Request)) page {
	s.Helper()
	got := s.send(http.MethodPost, "/api/v1/messages", body, func(r *http.Request) {
		s.called(r, key)
		if change != nil {
			change(r)
		}
	})
	asDescribed(s.TB, http.MethodPost, "/api/v1/messages", got)
	return got
}

func (s *system) called(r *http.Request, key string) {
	s.shows(r)
	r.Header.Set("Content-Type", "application/json")
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
}

// straight hands a message in without a network between: what is refused
// before it is read whole may be cut off on one.
func (s *system) straight(key string, r *http.Request) page {
	s.Helper()
	handler, err := s.pages.Handler()
	must(s.TB, err)
	p := s.through(handler, key, r)
	asDescribed(s.TB, http.MethodPost, "/api/v1/messages", p)
	return p
}

func (s *system) posting(body string) *http.Request {
	return httptest.NewRequestWithContext(s.Context(), http.MethodPost, "/api/v1/messages", strings.NewReader(body))
}

// ask asks how a case stands.
func (s *system) ask(path string) page {
	s.Helper()
	got := s.send(http.MethodGet, path, "", s.shows)
	asDescribed(s.TB, http.MethodGet, "/api/v1/cases/{reference}", got)
	return got
}

// A state is what is told of a case.
type state struct {
	Reference   string `json:"reference"`
	State       string `json:"state"`
	Kind        string `json:"kind"`
	Stage       int    `json:"stage"`
	ReceivedAt  string `json:"received_at"`
	ClosedWhy   string `json:"closed_because"`
	NotAccepted string `json:"not_accepted_because"`
	Deadlines   []struct {
		Name, Due, State string
		MetOn            string `json:"met_on"`
		Late             bool
	} `json:"deadlines"`
	Answers []struct {
		Stage   int
		GivenOn string `json:"given_on"`
		Outcome string
	} `json:"answers"`
}

// stands asks, and demands an answer.
func (s *system) stands(reference string) (c state) {
	s.Helper()
	got := s.ask("/api/v1/cases/" + reference)
	got.want(s.TB, http.StatusOK)
	must(s.TB, json.Unmarshal([]byte(got.body), &c))
	return c
}

// reference is the one that an answer gives.
func (p page) reference(h *house) string {
	h.Helper()
	var got struct{ Reference string }
	must(h.TB, json.Unmarshal([]byte(p.body), &got))
	if got.Reference == "" {
		h.Fatalf("no reference: %d\n%s", p.status, p.body)
	}
	return got.Reference
}

// words is a message as a system hands it in, with some fields changed; the
// values of those are put in as JSON where they begin like it.
func words(pairs ...string) string {
	m := map[string]any{"id": "WEB-1", "received_at": "2026-11-23T09:30:00Z", "text": letDown, "complainant": map[string]any{"name": "Idris Bowen", "email": "idris@example.com"}}
	for i := 0; i < len(pairs); i += 2 {
		switch value := pairs[i+1]; {
		case value == "":
			delete(m, pairs[i])
		case strings.ContainsAny(value[:1], "{[\"0123456789") && json.Valid([]byte(value)), value == "true", value == "null":
			m[pairs[i]] = json.RawMessage(value)
		default:
			m[pairs[i]] = value
		}
	}
	text, _ := json.Marshal(m)
	return string(text)
}

// readMail reads what waits, as the reader of a real house does.
func (h *house) readMail() {
	h.Helper()
	reader := ingest.NewReader(ingest.ReaderConfig{
		Register: h.register, Archive: h.archive, Queue: h.queue, Rules: classify.Default(), MessageIDs: reference.MessageIDs{Domain: "post.citrine.example", Key: []byte("0123456789abcdef")},
		Prefixes: []string{"CIT"}, Now: h.clock.Now, Logger: slog.New(slog.DiscardHandler),
	})
	ids, err := h.register.Unread(h.Context(), 100)
	must(h.TB, err)
	must(h.TB, reader.Read(h.Context(), ids))
}

func (h *house) logger() *slog.Logger { return slog.New(slog.NewTextHandler(h.log, nil)) }

func (s *system) getting(path string) *http.Request {
	return httptest.NewRequestWithContext(s.Context(), http.MethodGet, path, nil)
}

// through sends a request to a handler without a network between.
func (s *system) through(handler http.Handler, key string, r *http.Request) page {
	s.called(r, key)
	r.Host = "localhost"
	got := httptest.NewRecorder()
	handler.ServeHTTP(got, r)
	return page{got.Code, got.Header(), got.Body.String()}
}
