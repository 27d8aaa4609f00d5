package web_test

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a browser may take for one step on a busy machine.
const patience = 3 * time.Minute

// A chromium is a real browser that is driven over its debugging pipe: JSON
// objects with a NUL after each (Chrome DevTools Protocol).
type chromium struct {
	t    *testing.T
	to   io.Writer
	mu   sync.Mutex
	next int
	wait map[int]chan answer
	page string // the session of the page
}

type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// startChromium starts the browser that POSTROOM_TEST_CHROMIUM names, with a
// profile of its own, and opens an empty page.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	program := os.Getenv("POSTROOM_TEST_CHROMIUM")
	if program == "" {
		t.Skip("integration: POSTROOM_TEST_CHROMIUM names no browser")
	}
	fromUs, toBrowser, err := os.Pipe()
	must(t, err)
	fromBrowser, fromIt, err := os.Pipe()
	must(t, err)
	profile, err := os.MkdirTemp("", "postroom-browser-") //nolint:usetesting // its helpers may write for a moment after it ends, and TempDir fails then
	must(t, err)
	cmd := exec.Command(program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run",
		"--disable-background-networking", "--disable-extensions", "--force-device-scale-factor=1", "--remote-debugging-pipe", "--user-data-dir="+profile, "about:blank")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.ExtraFiles = []*os.File{fromUs, fromIt} // its descriptors 3 and 4
	must(t, cmd.Start())
	must(t, fromUs.Close())
	must(t, fromIt.Close())
	b := &chromium{t: t, to: toBrowser, wait: map[int]chan answer{}}
	ended := make(chan struct{})
	go func() { defer close(ended); b.listen(fromBrowser) }()
	t.Cleanup(func() {
		_ = toBrowser.Close() // the browser ends with its pipe
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
		<-ended
		_ = fromBrowser.Close()
		_ = os.RemoveAll(profile)
	})
	var target struct{ TargetID, SessionID string }
	b.call("Target.createTarget", `{"url":"about:blank"}`, &target)
	b.call("Target.attachToTarget", fmt.Sprintf(`{"targetId":%q,"flatten":true}`, target.TargetID), &target)
	b.page = target.SessionID
	return b
}

func (b *chromium) listen(r io.Reader) {
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes(0)
		if err != nil {
			return
		}
		var a answer
		if json.Unmarshal(line[:len(line)-1], &a) != nil || a.ID == 0 {
			continue // an event
		}
		b.mu.Lock()
		if c := b.wait[a.ID]; c != nil {
			c <- a
		}
		b.mu.Unlock()
	}
}

// call runs a command and reads its result into out, which may be nil.
func (b *chromium) call(method, params string, out any) {
	b.t.Helper()
	if err := b.try(method, params, out); err != nil {
		b.t.Fatal(err)
	}
}

func (b *chromium) try(method, params string, out any) error {
	answered := make(chan answer, 1)
	b.mu.Lock()
	b.next++
	id := b.next
	b.wait[id] = answered
	_, err := fmt.Fprintf(b.to, `{"id":%d,"method":%q,"params":%s,"sessionId":%q}`+"\x00", id, method, params, b.page)
	b.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case a := <-answered:
		if a.Error != nil {
			return fmt.Errorf("%s: %s", method, a.Error.Message)
		}
		if out == nil {
			return nil
		}
		return json.Unmarshal(a.Result, out)
	case <-time.After(patience):
		return fmt.Errorf("%s: no answer in %v", method, patience)
	}
}

// size sets the window and the colour scheme.
func (b *chromium) size(width, height int, scheme string) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", fmt.Sprintf(`{"width":%d,"height":%d,"deviceScaleFactor":1,"mobile":false}`, width, height), nil)
	b.call("Emulation.setEmulatedMedia", fmt.Sprintf(`{"features":[{"name":"prefers-color-scheme","value":%q}]}`, scheme), nil)
}

// open goes to an address and waits for the page.
func (b *chromium) open(url string) {
	b.t.Helper()
	b.visit(url)
	b.until(`location.href === ` + fmt.Sprintf("%q", url) + ` && document.readyState === "complete"`)
}

// visit goes to an address, wherever it leads.
func (b *chromium) visit(url string) {
	b.t.Helper()
	b.call("Page.navigate", fmt.Sprintf(`{"url":%q}`, url), nil)
}

// ask evaluates an expression in the page. The pages themselves run no script:
// the debugger's own is not bound by their policy.
func (b *chromium) ask(expression string, out any) {
	b.t.Helper()
	if err := b.evaluate(expression, out); err != nil {
		b.t.Fatal(err)
	}
}

func (b *chromium) evaluate(expression string, out any) error {
	params, err := json.Marshal(map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true})
	if err != nil {
		return err
	}
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Text string }
	}
	if err := b.try("Runtime.evaluate", string(params), &got); err != nil {
		return err
	}
	if got.ExceptionDetails != nil {
		return fmt.Errorf("%s: %s", expression, got.ExceptionDetails.Text)
	}
	if out == nil || got.Result.Value == nil {
		return nil
	}
	return json.Unmarshal(got.Result.Value, out)
}

// until waits for an expression to be true. A page that is being left cannot
// answer for a moment.
func (b *chromium) until(expression string) {
	b.t.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		var yes bool
		err := b.evaluate(expression, &yes)
		if err == nil && yes {
			return
		}
		select {
		case <-tick.C:
		case <-deadline.C:
			var text string
			_ = b.evaluate(`location.href + "\n" + document.body.innerText.slice(0, 3000)`, &text)
			b.t.Fatalf("never true: %s (%v)\n%s", expression, err, text)
		}
	}
}

// press strikes a key, as a keyboard does.
func (b *chromium) press(key string, code int, modifiers int) {
	b.t.Helper()
	text := map[string]string{"Enter": "\r", " ": " "}[key]
	for _, kind := range []string{"keyDown", "keyUp"} {
		params, err := json.Marshal(map[string]any{
			"type": kind, "key": key, "code": map[string]string{" ": "Space"}[key], "windowsVirtualKeyCode": code, "modifiers": modifiers, "text": text, "unmodifiedText": text,
		})
		must(b.t, err)
		b.call("Input.dispatchKeyEvent", string(params), nil)
	}
}

func (b *chromium) tab()   { b.t.Helper(); b.press("Tab", 9, 0) }
func (b *chromium) enter() { b.t.Helper(); b.press("Enter", 13, 0) }

// tabTo presses Tab until a thing that matches the selector has the focus.
func (b *chromium) tabTo(selector string) {
	b.t.Helper()
	for range 200 {
		var there bool
		b.ask(fmt.Sprintf(`document.activeElement.matches(%q)`, selector), &there)
		if there {
			return
		}
		b.tab()
	}
	b.t.Fatalf("200 tabs do not lead to %s", selector)
}

// write types text into what has the focus.
func (b *chromium) write(text string) {
	b.t.Helper()
	b.call("Input.insertText", fmt.Sprintf(`{"text":%q}`, text), nil)
}

// choose puts files into a file field: the browser's own window for it cannot
// be driven.
func (b *chromium) choose(selector string, files ...string) {
	b.t.Helper()
	var at struct{ Result struct{ ObjectID string } }
	b.call("Runtime.evaluate", fmt.Sprintf(`{"expression":"document.querySelector(%s)"}`, strings.ReplaceAll(fmt.Sprintf("%q", selector), `"`, `\"`)), &at)
	list, err := json.Marshal(files)
	must(b.t, err)
	b.call("DOM.setFileInputFiles", fmt.Sprintf(`{"files":%s,"objectId":%q}`, list, at.Result.ObjectID), nil)
}

// picture keeps a picture of the whole page, when somebody wants to look.
func (b *chromium) picture(name string) {
	b.t.Helper()
	folder := os.Getenv("POSTROOM_TEST_PICTURES")
	if folder == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", `{"captureBeyondViewport":true}`, &shot)
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	must(b.t, err)
	must(b.t, os.WriteFile(folder+"/"+strings.ReplaceAll(name, " ", "-")+".png", png, 0o600))
}

// pictures keeps the page as it looks on a desk and in a hand, by day and night.
func (b *chromium) pictures(name string) {
	b.t.Helper()
	if os.Getenv("POSTROOM_TEST_PICTURES") == "" {
		return
	}
	for _, scheme := range []string{"light", "dark"} {
		for _, width := range []int{375, 1280} {
			b.size(width, 900, scheme)
			b.picture(fmt.Sprintf("%s %s %d", name, scheme, width))
		}
	}
}
