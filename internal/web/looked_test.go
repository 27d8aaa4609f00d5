package web_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"postroom/classify"
	"postroom/internal/register"
)

// hostilePage tries all that a page in a mail could try; every address leads
// to the watcher.
func hostilePage(watcher string) string {
	return strings.ReplaceAll(`<html><head><meta http-equiv="refresh" content="0;url=http://W/refresh"><base href="http://W/" target="_top">
<link rel="stylesheet" href="http://W/sheet.css"><link rel="prefetch" href="http://W/prefetch"><link rel="icon" href="http://W/icon">
<style>@import url(http://W/import.css); @font-face { font-family: f; src: url(http://W/font) } body { font-family: f; background: url(http://W/background) }</style>
<script>top.location = "http://W/top"; fetch("http://W/fetch"); document.title = "acted"</script></head>
<body onload="new Image().src='http://W/onload'"><p>The roof leaks.</p>
<img src="http://W/pixel.gif"><img src="x" onerror="location='http://W/onerror'"><img srcset="http://W/srcset 1x"><table background="http://W/table"><tr><td>x</td></tr></table>
<video src="http://W/video" poster="http://W/poster" autoplay></video><audio src="http://W/audio" autoplay></audio>
<svg><image href="http://W/svg"/><script>location="http://W/svgscript"</script></svg>
<form id="f" action="http://W/form" target="_top"><input name="password" autofocus onfocus="location='http://W/focus'"><button style="position:fixed;left:0;top:0;width:50%;height:100%;opacity:.01">Go on</button></form>
MORE</body></html>`, "W", watcher)
}

// speculative are a link over the right half of the page, and frames. A browser
// may connect to where they lead before it asks any policy: while the button
// of the mouse goes down, or while it looks up where a frame is. Nothing sent
// goes with that, but it tells that somebody looks; no policy helps but to take
// them out.
const speculative = `<iframe src="http://W/frame"></iframe><object data="http://W/object"></object><embed src="http://W/embed">
<a href="http://W/link" ping="http://W/ping" target="_top" style="position:fixed;right:0;top:0;width:50%;height:100%">Read on</a>`

// A watcher counts who connects to it.
type watcher struct {
	address string
	came    atomic.Int64
}

func watch(t *testing.T) *watcher {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &watcher{address: l.Addr().String()}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			w.came.Add(1)
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close() })
	return w
}

// lookAt clicks on both halves of the frame and gives what was blocked time to
// show: a page that is drawn sixty times more has long begun whatever it will.
func (b *chromium) lookAt(frame string) {
	b.t.Helper()
	var at struct{ X, Y, W float64 }
	b.ask(`(() => { const f = document.querySelector("`+frame+`"); f.scrollIntoView(); const r = f.getBoundingClientRect(); return {X: r.left, Y: r.top + 60, W: r.width} })()`, &at)
	for _, x := range []float64{at.X + at.W/4, at.X + at.W*3/4} {
		for _, kind := range []string{"mousePressed", "mouseReleased"} {
			b.call("Input.dispatchMouseEvent", fmt.Sprintf(`{"type":%q,"x":%f,"y":%f,"button":"left","clickCount":1}`, kind, x, at.Y), nil)
		}
	}
	b.ask(`new Promise(done => { let n = 60; const step = () => --n ? requestAnimationFrame(step) : done(1); step() })`, nil)
}

func TestAHostilePageDoesNothing(t *testing.T) {
	t.Parallel()
	b := startChromium(t)
	h := open(t)
	w := watch(t)
	m := h.mail("From: Eve <eve@example.com>\nSubject: The roof\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\nContent-Type: text/html; charset=utf-8\n\n"+strings.Replace(hostilePage(w.address), "MORE", strings.ReplaceAll(speculative, "W", w.address), 1), unsure(classify.Complaint), nil)
	h.account("Priya Nandakumar", register.Reviewer)
	b.size(1280, 900, "light")
	b.open(h.server.URL + "/sign-in?next=%2Fmessages%2F" + m.ID)
	b.tabTo("#account")
	b.write("Priya Nandakumar")
	b.tabTo("#password")
	b.write(secret)
	b.enter()
	b.until(`document.querySelector("h1").innerText === "The roof"`)
	b.ask(`document.querySelector("iframe.looked").addEventListener("load", () => document.body.dataset.loaded = "yes"); document.querySelector("#looked").open = true`, nil)
	b.until(`document.body.dataset.loaded === "yes"`)
	b.lookAt("iframe.looked")
	b.picture("as it looked")
	b.until(`location.href === "` + h.server.URL + `/messages/` + m.ID + `"`)
	if n := w.came.Load(); n != 0 {
		t.Errorf("the mail's page made %d connections", n)
	}

	// The policy alone must hold as well, with nothing but links and frames taken out;
	// and without the policy all this reaches out, or the test proves nothing.
	served := h.signedIn("Tom", register.Reviewer)
	inner := served.get("/messages/" + m.ID + "/html")
	inner.want(t, http.StatusOK, "The roof leaks.")
	outer := served.get("/messages/" + m.ID)
	for _, confined := range []bool{true, false} {
		bare := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			from, text := outer, `<iframe src="/inner" sandbox title="t" width="800" height="400"></iframe>`
			if r.URL.Path == "/inner" {
				from, text = inner, hostilePage(w.address)
			}
			if confined {
				rw.Header().Set("Content-Security-Policy", from.header.Get("Content-Security-Policy"))
			} else {
				text = strings.Replace(text, " sandbox", "", 1)
			}
			_, _ = fmt.Fprint(rw, "<!doctype html><title>bare</title>"+text)
		}))
		t.Cleanup(bare.Close)
		b.visit(bare.URL)
		if !confined {
			b.until(`location.href !== "` + bare.URL + `/"`) // the script took the window away
			if w.came.Load() == 0 {
				t.Error("nothing reaches out even where nothing holds it back")
			}
			continue
		}
		b.until(`document.title === "bare" && document.readyState === "complete"`)
		b.lookAt("iframe")
		b.until(`location.href === "` + bare.URL + `/"`)
		if n := w.came.Load(); n != 0 {
			t.Errorf("behind the policy alone the page made %d connections", n)
		}
	}
}

func TestThePolicyOfAMailsPage(t *testing.T) {
	t.Parallel()
	h := open(t)
	plain := h.waiting()
	m := h.mail("From: eve@example.com\nSubject: s\nMessage-ID: <2@example.com>\nContent-Type: text/html\n\n<p>The roof leaks.<script>a()</script>", unsure(classify.Complaint), nil)
	b := h.signedIn("Priya", register.Auditor)
	got := b.get("/messages/" + m.ID + "/html")
	got.want(t, http.StatusOK, "<p>The roof leaks.")
	if p := got.header.Get("Content-Security-Policy"); !strings.HasPrefix(p, "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;") || !strings.Contains(p, "frame-ancestors 'self'") {
		t.Errorf("policy %q", p)
	}
	if strings.Contains(got.body, "script") {
		t.Errorf("a script is served: %s", got.body)
	}
	b.get("/messages/"+plain.ID+"/html").want(t, http.StatusOK, "it is plain text")
	with, without := b.get("/messages/"+m.ID), b.get("/messages/"+plain.ID)
	with.want(t, http.StatusOK, `src="/messages/`+m.ID+`/html" sandbox loading="lazy"`)
	if p := with.header.Get("Content-Security-Policy"); !strings.HasSuffix(p, "frame-ancestors 'none'; frame-src 'self'") {
		t.Errorf("policy of the page around it %q", p)
	}
	if strings.Contains(without.body, "<iframe") || strings.Contains(without.header.Get("Content-Security-Policy"), "frame-src") {
		t.Error("plain text is offered in a frame")
	}
}

func TestAttachmentsSayWhatTheyAre(t *testing.T) {
	t.Parallel()
	h := open(t)
	m := h.mail("From: ann@example.com\nSubject: s\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nCold\n"+
		"--b\nContent-Type: application/octet-stream\nContent-Disposition: attachment; filename=meter.exe\n\nMZ\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=notes.txt\n\nnotes\n"+
		"--b\nContent-Type: text/html\nContent-Disposition: attachment; filename=login.html\n\n<html><form></form></html>\n--b--\n", unsure(classify.Complaint), nil)
	b := h.signedIn("Priya", register.Reviewer)
	got := b.get("/messages/" + m.ID)
	got.want(t, http.StatusOK, "Not to be opened: a program", "Web page: may ask for passwords", `attachments/2" download>notes.txt`)
	if strings.Contains(got.body, "attachments/1") {
		t.Error("the program is offered")
	}
}

func TestManyAttachmentsAreFolded(t *testing.T) {
	t.Parallel()
	h := open(t)
	var body strings.Builder
	for i := range 30 {
		fmt.Fprintf(&body, "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=f%d.txt\n\nnotes\n", i+1)
	}
	m := h.mail("From: ann@example.com\nSubject: s\nMessage-ID: <1@example.com>\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nCold\n"+
		body.String()+"--b--\n", unsure(classify.Complaint), nil)
	got := h.signedIn("Priya", register.Reviewer).get("/messages/" + m.ID)
	got.want(t, http.StatusOK, "Attachments (30)", "<summary>10 more</summary>", `attachments/30" download>f30.txt`)
	shown, folded, _ := strings.Cut(got.body, "10 more</summary>")
	if strings.Count(shown, " download>f") != 20 || strings.Count(folded, " download>f") != 10 {
		t.Errorf("%d shown, %d folded", strings.Count(shown, " download>f"), strings.Count(folded, " download>f"))
	}
}
