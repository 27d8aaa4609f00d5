package web_test

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"postroom/internal/registertest"
	"postroom/notify/smtptest"
)

const (
	storyAddress  = "complaints@citrine.example"
	storyServer   = "mx.citrine.example"
	storyResident = "idris@homes.example"
)

// A story is the whole program, as it is run, with a mailbox before it, a mail
// server behind it, and a browser on its pages.
type story struct {
	*testing.T
	*chromium
	base    string
	office  *smtptest.Server
	deliver func(raw string) error
	mails   int
}

// built is the program, as it is run.
func built(t *testing.T) string {
	t.Helper()
	for _, needed := range []string{"POSTROOM_TEST_CHROMIUM", "POSTROOM_TEST_DOVECOT"} {
		if os.Getenv(needed) == "" {
			t.Skip("integration: " + needed + " is not set")
		}
	}
	program := filepath.Join(t.TempDir(), "postroom")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "postroom/cmd/postroom").CombinedOutput(); err != nil {
		t.Fatalf("it does not build: %v\n%s", err, out)
	}
	return program
}

// tell starts the program with a mailbox on Dovecot, and its register on
// PostgreSQL or SQLite.
func tell(t *testing.T, program string, postgres bool) *story {
	t.Helper()
	s := &story{T: t, chromium: startChromium(t), office: smtptest.Start(t, smtptest.Config{})}
	folder := t.TempDir()
	kept := "register: {driver: sqlite, path: register.db}\n"
	env := os.Environ()
	if postgres {
		cfg := registertest.Postgres(t, registertest.Config(t, time.Now))
		env = append(env, "STORY_REGISTER="+cfg.DSN)
		kept = "register: {driver: postgres, dsn_env: STORY_REGISTER}\nkeys: {reference_key_file: reference.key, message_id_key_file: message.key}\n"
		for _, key := range []string{"reference", "message"} {
			must(t, os.WriteFile(filepath.Join(folder, key+".key"), []byte(strings.Repeat(key, 8)), 0o600))
		}
	}
	host, port, user, password := s.mailbox()
	config := filepath.Join(folder, "config.yaml")
	must(t, os.WriteFile(config, []byte(fmt.Sprintf(`landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999, email: %[1]s, address: [1 Orchard Quay, Bristol, BS1 7AA]}
mailboxes:
  - {name: complaints, host: %[2]s, port: %[3]d, tls: none, user: %[4]s, password_env: STORY_PASSWORD, start: 2020-01-01, filed_folder: Filed, authserv_id: %[5]s, addresses: [%[1]s], poll: 1s}
smtp: {host: 127.0.0.1, port: %[6]d, tls: none, from: {address: %[1]s}, message_id_domain: post.citrine.example, retry: {first: 1s}}
acknowledge: reviewed
review: {undo: 0s}
web: {listen: "127.0.0.1:0"}
%[7]s`, storyAddress, host, port, user, storyServer, s.office.Port(), kept)), 0o600))
	env = append(env, "STORY_PASSWORD="+password)
	for name, role := range map[string]string{"Priya": "reviewer", "Tom": "manager"} {
		add := exec.CommandContext(t.Context(), program, "user", "add", "-config", config, "-role", role, name)
		add.Env, add.Stdin = env, strings.NewReader(secret+"\n")
		if out, err := add.CombinedOutput(); err != nil {
			t.Fatalf("no account: %v\n%s", err, out)
		}
	}
	s.run(exec.Command(program, "serve", "-config", config), env)
	return s
}

// run starts the program, waits until it serves its pages, and demands at the
// end that it stops well.
func (s *story) run(serve *exec.Cmd, env []string) {
	s.Helper()
	serve.Env = env
	log, err := serve.StderrPipe()
	must(s.T, err)
	must(s.T, serve.Start())
	said, all := make(chan string, 1), &lockedBuffer{}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for lines := bufio.NewScanner(log); lines.Scan(); {
			_, _ = all.Write(append(lines.Bytes(), '\n'))
			if m := pagesAt.FindStringSubmatch(lines.Text()); m != nil {
				said <- m[1]
			}
		}
	}()
	s.Cleanup(func() {
		_ = serve.Process.Signal(os.Interrupt)
		<-read
		if err := serve.Wait(); err != nil || s.Failed() {
			s.Errorf("serve ended with %v\n%s", err, all.String())
		}
	})
	select {
	case s.base = <-said:
	case <-read:
		s.Fatalf("it ended by itself\n%s", all.String())
	case <-time.After(patience):
		s.Fatalf("it never served its pages\n%s", all.String())
	}
}

var pagesAt = regexp.MustCompile(`pages=(http://[^/\s]+)`)

// mailbox is the landlord's, a fresh one on a real server.
func (s *story) mailbox() (host string, port int, user, password string) {
	s.Helper()
	u, err := url.Parse(os.Getenv("POSTROOM_TEST_DOVECOT"))
	must(s.T, err)
	host, digits, err := net.SplitHostPort(u.Host)
	must(s.T, err)
	port, err = strconv.Atoi(digits)
	must(s.T, err)
	user = "story-" + strings.ToLower(rand.Text())
	password, _ = u.User.Password()
	conn, err := textproto.Dial("tcp", u.Host)
	must(s.T, err)
	s.Cleanup(func() { _ = conn.Close() })
	command := func(words string) error {
		if err := conn.PrintfLine("a %s", words); err != nil {
			return err
		}
		for {
			line, err := conn.ReadLine()
			if err != nil || strings.HasPrefix(line, "a OK") {
				return err
			}
			if strings.HasPrefix(line, "a ") {
				return errors.New(line)
			}
		}
	}
	must(s.T, command("LOGIN "+user+" "+password))
	s.deliver = func(raw string) error {
		raw = "Authentication-Results: " + storyServer + "; dmarc=pass header.from=homes.example\r\n" + raw
		return command(fmt.Sprintf("APPEND INBOX {%d+}\r\n%s", len(raw), raw))
	}
	return host, port, user, password
}

// writes is a mail from the resident.
func (s *story) writes(subject, text string) {
	s.Helper()
	s.mails++
	must(s.T, s.deliver(strings.ReplaceAll(fmt.Sprintf("From: Idris Bowen <%s>\nTo: %s\nSubject: %s\nMessage-ID: <%d@homes.example>\nContent-Type: text/plain; charset=utf-8\n\n%s\n",
		storyResident, storyAddress, subject, s.mails, text), "\n", "\r\n")))
}

// shows loads a page again until the expression is true there.
func (s *story) shows(path, expression string) {
	s.Helper()
	for deadline := time.After(patience); ; {
		s.open(s.base + path)
		var yes bool
		s.ask(expression, &yes)
		if yes {
			return
		}
		select {
		case <-deadline:
			var text string
			s.ask(`document.body.innerText`, &text)
			s.Fatalf("%s: never %s\n%s", path, expression, text)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// says waits until the page's main part holds the words.
func (s *story) says(words ...string) {
	s.Helper()
	for _, w := range words {
		s.until(fmt.Sprintf(`document.readyState === "complete" && document.querySelector("main").innerText.includes(%q)`, w))
	}
}

// isNow signs in somebody else than before.
func (s *story) isNow(name string) {
	s.Helper()
	s.ask(`document.querySelector(".me button")?.click()`, nil)
	s.until(`document.querySelector(".me") === null`)
	s.open(s.base + "/sign-in")
	s.tabTo("#account")
	s.write(name)
	s.tabTo("#password")
	s.write(secret)
	s.enter()
	s.until(`document.querySelector(".me")?.innerText.startsWith("` + name + `")`)
}

// decides takes the next message from the queue and says what it is, by keys
// alone; more is typed before it is sent.
func (s *story) decides(key string, more func()) {
	s.Helper()
	s.shows("/", `document.querySelector("[data-next]") !== null`)
	s.picture("story queue")
	s.press("n", 78, 0)
	s.until(`document.querySelector("form.desk") !== null && document.readyState === "complete"`)
	s.press(key, int(key[0]), 0)
	s.until(`document.activeElement.name === "label" && document.activeElement.checked`)
	more()
	s.picture("story item " + key)
	const ctrl = 2
	s.press("Enter", 13, ctrl)
	s.says("decided by Priya")
	s.picture("story decided " + key)
}

// posts prints the letters that come into the tray as a batch and posts it.
func (s *story) posts(name string, letters int) {
	s.Helper()
	s.shows("/tray", fmt.Sprintf(`document.querySelectorAll("input[name=letter]").length === %d`, letters))
	s.picture("story tray " + name)
	s.tabTo("form[action='/tray/batches'] .btn.go")
	s.enter()
	s.says("Print batch")
	if got := s.download(s.address() + "/pdf"); !bytes.HasPrefix(got, []byte("%PDF-")) {
		s.Errorf("the batch is %.40q", got)
	}
	s.picture("story batch " + name)
	s.ask(`document.querySelector("#f-envelopes").value = ""`, nil)
	s.tabTo("#f-envelopes")
	s.write(strconv.Itoa(letters))
	s.tabTo("#posting .btn.go")
	s.enter()
	s.says("It is posted")
}

// download fetches what the browser would save: the pages' policy lets no
// script do so.
func (s *story) download(at string) []byte {
	s.Helper()
	var jar struct {
		Cookies []struct{ Name, Value string }
	}
	s.call("Network.getCookies", fmt.Sprintf(`{"urls":[%q]}`, s.base), &jar)
	req, err := http.NewRequestWithContext(s.Context(), http.MethodGet, at, nil)
	must(s.T, err)
	for _, c := range jar.Cookies {
		req.AddCookie(&http.Cookie{Name: c.Name, Value: c.Value})
	}
	res, err := http.DefaultClient.Do(req)
	must(s.T, err)
	defer res.Body.Close() //nolint:errcheck // a test's own
	got, err := io.ReadAll(res.Body)
	must(s.T, err)
	return got
}

// does fills in a form of the case and sends it.
func (s *story) does(page, fill, words string) {
	s.Helper()
	s.open(s.base + page)
	s.ask(fill, nil)
	s.picture("story " + page[strings.LastIndex(page, "/")+1:])
	s.tabTo("main form .btn.go")
	s.enter()
	s.says(words)
}

// TestAComplaintFromTheFirstMailToItsEnd lives through a complaint in a real
// browser, with the whole program behind it: two stages, a letter at each, by
// two officers.
func TestAComplaintFromTheFirstMailToItsEnd(t *testing.T) {
	t.Parallel()
	program := built(t)
	for name, postgres := range map[string]bool{"sqlite": false, "postgres": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			liveThrough(tell(t, program, postgres))
		})
	}
}

func liveThrough(s *story) {
	s.Helper()
	s.size(1280, 900, "light")
	s.isNow("Priya")
	s.writes("My heating", "I want to complain. The heating has been off for nine days and nobody phones back. Please write to me by letter.")
	s.decides("1", func() {
		s.ask(`document.querySelector("#f-issues").value = ""; document.querySelector("#to-post").checked = true; document.querySelector("#to-post").closest(".opt").querySelector("details").open = true`, nil)
		s.tabTo("#f-issues")
		s.write("The heating has been off for nine days.")
		s.tabTo("#postal")
		s.write("Idris Bowen\n12 Tanner's Row\nBristol\nBS2 9XX")
		s.tabTo("input[name=postal_ok]")
		s.press(" ", 32, 0)
	})
	s.open(s.base + "/cases?q=heating")
	var reference string
	s.ask(`document.querySelector(".cases a.ref").innerText`, &reference)
	page := "/cases/" + reference
	s.posts("first", 1)
	s.shows(page, `document.querySelector("main").innerText.includes("posted")`)

	s.writes("Re: "+reference, "Your letter "+reference+" came. It went off again last night and the children are cold.")
	s.shows("/", `document.querySelector("[data-next]") !== null`)
	s.decides("4", func() { s.putWith(reference) })
	s.does(page+"/answer", `document.querySelector("input[value=upheld]").checked = true; document.querySelector("#f-text").value = "The boiler was out for nine days. We are sorry."; document.querySelector("input[value=send]").checked = true`, "The answer was recorded")
	s.posts("answer", 2) // and the receipt
	s.shows(page, `document.querySelector("main").innerText.includes("Given, ")`)

	s.writes("Re: "+reference, "I am not happy with your answer to "+reference+". I want it looked at again at stage 2.")
	s.decides("2", func() { s.putWith(reference) })
	s.posts("stage 2", 1)
	s.isNow("Tom")
	s.does(page+"/answer", `document.querySelector("input[value=partly_upheld]").checked = true; document.querySelector("#f-text").value = "We looked at it again, and pay 90 pounds."; document.querySelector("input[value=send]").checked = true`, "The answer was recorded")
	s.posts("stage 2 answer", 1)
	s.shows(page, `document.querySelectorAll("main .tag.fine").length > 0 && document.querySelector("main").innerText.includes("Stage 2: partly upheld")`)
	s.does(page+"/close", `document.querySelector("input[value=answered]").checked = true`, "Closed: answered, by Tom")
	s.size(375, 900, "dark")
	s.picture("story case narrow dark")
	s.size(1280, 900, "light")
	s.look(s.T, "story case")
	s.tells("Email from Idris Bowen, and this case opened", "Acknowledgement, stage 1", "Email from Idris Bowen, joined", "Answer, stage 1", "Email from Idris Bowen, which asked for stage 2", "Stage 2 began", "Acknowledgement, stage 2", "Answer, stage 2", "Closed: answered")
	if n := len(s.office.Delivered()); n > 2 {
		s.Errorf("%d mails went beside the letters", n)
	}
}

// putWith puts the message with the case, if the page does not do so by itself.
func (s *story) putWith(reference string) {
	s.Helper()
	s.ask(fmt.Sprintf(`[...document.querySelectorAll("#f-join label")].filter(e => e.innerText.includes(%q)).forEach(e => e.querySelector("input").checked = true)`, reference), nil)
}

// tells demands that the case's timeline tells all that. Mails carry whole
// seconds and the rest parts of them: in a life this quick the order says
// nothing.
func (s *story) tells(words ...string) {
	s.Helper()
	var text string
	s.ask(`document.querySelector(".line").innerText`, &text)
	for _, w := range words {
		if !strings.Contains(text, w) {
			s.Errorf("%q does not stand in\n%s", w, text)
		}
	}
}

func (s *story) address() (at string) {
	s.Helper()
	s.ask(`location.origin + location.pathname`, &at)
	return at
}
