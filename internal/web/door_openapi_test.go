package web_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v3"
)

// A description is openapi.yaml, by which every answer of the door is judged
// that a test sees.
type description struct {
	raw      []byte
	doc      any
	compiler *jsonschema.Compiler
	mu       sync.Mutex // compiling is not for many at once
}

// described reads the file once for all tests.
var described = sync.OnceValues(func() (*description, error) {
	raw, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return nil, err
	}
	var parsed any
	if err := yaml.Unmarshal(raw, &parsed); err != nil {
		return nil, err
	}
	text, err := json.Marshal(parsed)
	if err != nil {
		return nil, err
	}
	d := &description{raw: raw, compiler: jsonschema.NewCompiler()}
	if d.doc, err = jsonschema.UnmarshalJSON(bytes.NewReader(text)); err != nil {
		return nil, err
	}
	d.compiler.AssertFormat()
	d.compiler.AssertContent()
	return d, d.compiler.AddResource("openapi.json", d.doc)
})

// at is what stands at a place of the file; nil: nothing.
func (d *description) at(path ...string) any {
	v := d.doc
	for _, name := range path {
		m, _ := v.(map[string]any)
		if v = m[name]; v == nil {
			return nil
		}
		if ref, ok := v.(map[string]any)["$ref"].(string); ok {
			v = d.at(strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
	}
	return v
}

// valid says what the file's schema at a pointer has against a JSON text.
func (d *description) valid(pointer, text string) error {
	d.mu.Lock()
	schema, err := d.compiler.Compile("openapi.json#" + pointer)
	d.mu.Unlock()
	if err != nil {
		return err
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// asDescribed fails the test unless an answer is one of those that the file
// promises of that operation.
func asDescribed(tb testing.TB, method, path string, got page) {
	tb.Helper()
	d, err := described()
	must(tb, err)
	status := map[int]string{200: "200", 201: "201", 400: "400", 401: "401", 403: "403", 404: "404", 413: "413", 415: "415", 422: "422", 429: "429", 503: "503"}[got.status]
	answer, _ := d.at("paths", path, strings.ToLower(method), "responses", status).(map[string]any)
	if answer == nil {
		tb.Errorf("%s %s: %d is not described\n%s", method, path, got.status, got.body)
		return
	}
	headers, _ := answer["headers"].(map[string]any)
	for name := range headers {
		if got.header.Get(name) == "" {
			tb.Errorf("%s %s: %d without %s", method, path, got.status, name)
		}
	}
	content, _ := answer["content"].(map[string]any)
	kind := got.header.Get("Content-Type")
	if !slices.Contains(slices.Collect(maps.Keys(content)), kind) {
		tb.Errorf("%s %s: %d is %q", method, path, got.status, kind)
		return
	}
	if kind == "application/yaml" {
		return
	}
	schema, _ := content[kind].(map[string]any)["schema"].(map[string]any)
	ref, _ := schema["$ref"].(string)
	if err := d.valid(strings.TrimPrefix(ref, "#"), got.body); err != nil {
		tb.Errorf("%s %s: %d is not as described: %v\n%s", method, path, got.status, err, got.body)
	}
	if kind == "application/problem+json" {
		var p struct {
			Status int
			Title  string
		}
		must(tb, json.Unmarshal([]byte(got.body), &p))
		if p.Status != got.status || p.Title != http.StatusText(got.status) {
			tb.Errorf("%s %s: %d says of itself %+v", method, path, got.status, p)
		}
	}
}

// TestTheDescriptionIsOpenAPI holds the file against the standard's own schema
// (https://spec.openapis.org/oas/3.1/schema/2022-10-07), and each schema in it
// against JSON Schema's.
func TestTheDescriptionIsOpenAPI(t *testing.T) {
	t.Parallel()
	d, err := described()
	must(t, err)
	standard, err := os.ReadFile("testdata/openapi-3.1.json")
	must(t, err)
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(standard))
	must(t, err)
	c := jsonschema.NewCompiler()
	must(t, c.AddResource("https://spec.openapis.org/oas/3.1/schema/2022-10-07", v))
	schema, err := c.Compile("https://spec.openapis.org/oas/3.1/schema/2022-10-07")
	must(t, err)
	if err := schema.Validate(d.doc); err != nil {
		t.Error(err)
	}
	all, _ := d.at("components", "schemas").(map[string]any)
	for name := range all {
		if err := d.valid("/components/schemas/"+name, "null"); err == nil || strings.Contains(err.Error(), "compil") {
			t.Errorf("%s takes null, or is no schema: %v", name, err)
		}
	}
}

// TestEveryAnswerThatIsDescribedIsGiven produces each of them, and no other.
func TestEveryAnswerThatIsDescribedIsGiven(t *testing.T) {
	t.Parallel()
	d, err := described()
	must(t, err)
	h := open(t)
	s, reader := h.system("My Account", "submit"), h.system("CRM", "read")
	const messages, cases = "/api/v1/messages", "/api/v1/cases/{reference}"
	given := map[string]bool{}
	keep := func(method, path string, got page) {
		t.Helper()
		asDescribed(t, method, path, got)
		given[method+" "+path+" "+http.StatusText(got.status)] = true
	}
	first := s.handIn("key-number-1", words("text", letDown))
	keep("POST", messages, first)
	keep("POST", messages, s.handIn("key-number-1", words("text", letDown)))
	keep("POST", messages, s.handIn("key-number-1", words("text", "other")))
	keep("POST", messages, s.handIn("", words()))
	keep("POST", messages, reader.handIn("key-number-2", words()))
	keep("POST", messages, s.without().handIn("key-number-2", words()))
	huge := s.posting(words())
	huge.ContentLength = 29 << 20
	keep("POST", messages, s.straight("key-number-2", huge))
	keep("POST", messages, s.handInAs("key-number-2", words(), func(r *http.Request) { r.Header.Set("Content-Type", "text/json") }))
	keep("GET", cases, s.ask(first.header.Get("Location")))
	keep("GET", cases, s.without().ask(first.header.Get("Location")))
	keep("GET", cases, s.ask("/api/v1/cases/CIT26-2222-2222"))
	got := h.browser().get("/api/v1/openapi.yaml")
	keep("GET", "/api/v1/openapi.yaml", got)
	if got.body != string(d.raw) {
		t.Error("it is another file")
	}
	for range 121 {
		if got = s.ask("/api/v1/cases/none"); got.status == http.StatusTooManyRequests {
			break
		}
	}
	keep("GET", cases, got)
	keep("POST", messages, s.handIn("key-number-3", words()))
	keep("GET", cases, reader.ask(first.header.Get("Location"))) // each token for itself
	must(t, h.register.Close())
	keep("GET", cases, s.ask(first.header.Get("Location")))
	keep("POST", messages, s.handIn("key-number-3", words()))

	paths, _ := d.at("paths").(map[string]any)
	for path := range paths {
		for _, method := range []string{"GET", "POST"} {
			responses, _ := d.at("paths", path, strings.ToLower(method), "responses").(map[string]any)
			for status := range responses {
				name := method + " " + path + " " + map[string]string{
					"200": "OK", "201": "Created", "400": "Bad Request", "401": "Unauthorized", "403": "Forbidden", "404": "Not Found",
					"413": "Request Entity Too Large", "415": "Unsupported Media Type", "422": "Unprocessable Entity", "429": "Too Many Requests", "503": "Service Unavailable",
				}[status]
				if !given[name] {
					t.Errorf("%s is described and was never given", name)
				}
			}
		}
	}
}

// TestTheExamplesOfTheDescription: whoever copies one is understood.
func TestTheExamplesOfTheDescription(t *testing.T) {
	t.Parallel()
	d, err := described()
	must(t, err)
	h := open(t)
	s := h.system("My Account", "submit", "vouch")
	examples, _ := d.at("paths", "/api/v1/messages", "post", "requestBody", "content", "application/json", "examples").(map[string]any)
	if len(examples) == 0 {
		t.Fatal("no examples")
	}
	for name := range examples {
		text, err := json.Marshal(d.at("paths", "/api/v1/messages", "post", "requestBody", "content", "application/json", "examples", name, "value"))
		must(t, err)
		if got := s.handIn("example-"+name, string(text)); got.status != http.StatusCreated {
			t.Errorf("%s: %d\n%s", name, got.status, got.body)
		}
		must(t, d.valid("/components/schemas/Message", string(text)))
	}
	h.readMail()
	for _, m := range h.all() {
		if m = h.message(m.ID); m.State != "filed" || m.Verdict.Label != "complaint" {
			t.Errorf("%s: %s, %s", m.Source, m.State, m.Problem)
		}
	}
}
