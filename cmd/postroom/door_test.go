package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// A portal is another system of the landlord's, outside the process.
type portal struct {
	*town
	token, base string
	client      *http.Client
}

func (w *town) newPortal() *portal {
	w.t.Helper()
	var out, complaints bytes.Buffer
	if run([]string{"token", "add", "-config", w.config, "-may", "submit,vouch", "My Account"}, &out, &complaints) != 0 {
		w.t.Fatal(complaints.String())
	}
	client := &http.Client{Timeout: patience}
	w.t.Cleanup(client.CloseIdleConnections)
	return &portal{town: w, token: strings.TrimSpace(out.String()), client: client}
}

var pagesAt = regexp.MustCompile(`pages=(http://\S+)/`)

// finds waits until the process says where its pages are.
func (o *portal) finds(p *process) {
	o.t.Helper()
	o.until(p, "it says where its pages are", func() bool {
		m := pagesAt.FindStringSubmatch(p.log.String())
		if m != nil {
			o.base = m[1]
		}
		return m != nil
	})
}

func (o *portal) message(text string) string {
	raw, err := json.Marshal(map[string]any{
		"id": "WEB-1", "received_at": time.Now().UTC().Format(time.RFC3339), "text": text, "identity_confirmed": true,
		"complainant": map[string]any{"name": "Resident", "email": "resident1@homes.example"},
	})
	o.must(err)
	return string(raw)
}

// handsIn sends a message; an error is a line that broke off.
func (o *portal) handsIn(body string) (status int, answer string, err error) {
	o.t.Helper()
	return o.asks(http.MethodPost, o.base+"/api/v1/messages", body, http.Header{
		"Authorization": {"Bearer " + o.token}, "Content-Type": {"application/json"}, "Idempotency-Key": {"8e03978e-40d5-43e8-bc93-6894a57f9324"},
	})
}

func (o *portal) asks(method, url, body string, header http.Header) (status int, answer string, err error) {
	o.t.Helper()
	req, err := http.NewRequestWithContext(o.t.Context(), method, url, strings.NewReader(body))
	o.must(err)
	req.Header = header
	res, err := o.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close() //nolint:errcheck // a test's own
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}

// TestTheDoorKilledAtEachStep: what a portal hands in, and sends again when the
// process was killed under it, is one message with one acknowledgement, and
// the portal is told the same each time.
func TestTheDoorKilledAtEachStep(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"", "typed archived", "typed registered", "typed hinted"} {
		t.Run(strings.ReplaceAll("at "+step, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := newTown(t, townPlan{door: true})
			o, killAt := w.newPortal(), ""
			body := o.message("I am writing to complain. The heating in my flat has been broken for three weeks.\nI rang four times and nobody came. I am very unhappy with your service. Please repair the boiler this week.")
			if step != "" {
				killAt = step + ":1"
			}
			p := w.serve(killAt)
			o.finds(p)
			status, first, err := o.handsIn(body)
			if step != "" {
				if err == nil {
					t.Fatalf("it was killed, and answered %d %s", status, first)
				}
				p.killed(t)
				p = w.serve("")
				o.finds(p)
				status, first, err = o.handsIn(body)
			}
			w.must(err)
			// Where it was registered before the kill, it is no longer new.
			if again := step == "typed registered" || step == "typed hinted"; status != http.StatusCreated && !again || status != http.StatusOK && again {
				t.Errorf("answered %d %s", status, first)
			}
			w.sent = 1
			w.answered(p)
			if status, answer, err := o.handsIn(body); err != nil || status != http.StatusOK || answer != first {
				t.Errorf("again: %d %s %v", status, answer, err)
			}
			if status, answer, err := o.handsIn(o.message("Something else")); err != nil || status != http.StatusUnprocessableEntity || !strings.Contains(answer, "key_reused") {
				t.Errorf("something else: %d %s %v", status, answer, err)
			}
			p.stop(t)
			var told struct{ Reference string }
			w.must(json.Unmarshal([]byte(first), &told))
			mails := w.office.Delivered()
			if found := w.audit(); found.delivered != 1 || len(mails) != 1 || !bytes.Contains(mails[0].Raw, []byte(told.Reference)) || told.Reference == "" {
				t.Errorf("%+v, %d mails, told %q", found, len(mails), told.Reference)
			}
			if strings.Contains(p.log.String(), "resident1") || strings.Contains(p.log.String(), "boiler") {
				t.Errorf("the log tells of the resident:\n%s", p.log.String())
			}
		})
	}
}

var (
	block = regexp.MustCompile("(?s)```(json|sh)\n(.*?)```")
	word  = regexp.MustCompile(`"[^"]*"|\S+`)
)

// TestTheGuideToTheDoor runs the commands of docs/operating.md, in their order,
// against the real program, with the rules in force: curl is played by the test.
func TestTheGuideToTheDoor(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "operating.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, guide, _ = bytes.Cut(guide, []byte("### Other systems"))
	guide, _, _ = bytes.Cut(guide, []byte("\n## "))
	w := newTown(t, townPlan{door: true, rules: true})
	o := w.newPortal()
	p := w.serve("")
	o.finds(p)
	var message, reference string
	var answers []string
	for _, b := range block.FindAllStringSubmatch(string(guide), -1) {
		if b[1] == "json" {
			message = strings.Replace(b[2], "2026-11-23T09:30:00Z", time.Now().UTC().Format(time.RFC3339), 1)
			continue
		}
		command := strings.NewReplacer("\\\n", " ", "$TOKEN", o.token, "https://postroom.citrine.example", o.base, "CIT26-7KR4-M9X9", reference).Replace(b[2])
		answer := o.curl(command, message)
		var told struct{ Reference string }
		if json.Unmarshal([]byte(answer), &told) == nil && told.Reference != "" {
			reference = told.Reference
		}
		answers = append(answers, answer)
	}
	if len(answers) != 3 || !strings.Contains(answers[1], reference) || reference == "" || !strings.HasPrefix(answers[2], "openapi: 3.1") {
		t.Errorf("answered %q", answers)
	}
	w.sent = 1
	w.answered(p)
	if answer := o.curl(`curl -sS `+o.base+`/api/v1/cases/`+reference+` -H "Authorization: Bearer `+o.token+`"`, ""); !strings.Contains(answer, `"state": "met"`) {
		t.Errorf("after the acknowledgement:\n%s", answer)
	}
	p.stop(t)
	if mails := w.office.Delivered(); len(mails) != 1 || mails[0].To[0] != "idris@homes.example" {
		t.Errorf("%d mails", len(mails))
	}
}

// curl does what the program of that name does with these words.
func (o *portal) curl(command, message string) string {
	o.t.Helper()
	words := word.FindAllString(command, -1)
	url, method, body, header := "", http.MethodGet, "", http.Header{}
	for i := 1; i < len(words); i++ {
		switch words[i] {
		case "-sS":
		case "-H":
			i++
			name, value, _ := strings.Cut(strings.Trim(words[i], `"`), ": ")
			header.Add(name, value)
		case "--data-binary":
			i++
			method, body = http.MethodPost, message
			if words[i] != "@message.json" {
				o.t.Errorf("the message is in %q", words[i])
			}
		default:
			url = words[i]
		}
	}
	status, answer, err := o.asks(method, url, body, header)
	if err != nil || status >= http.StatusBadRequest || words[0] != "curl" {
		o.t.Errorf("%s\n%d %s %v", command, status, answer, err)
	}
	return answer
}
