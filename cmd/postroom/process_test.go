package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A logbook is what a process wrote, and can be read while it writes.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logbook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// A process is one run of postroom serve.
type process struct {
	cmd  *exec.Cmd
	log  logbook
	over chan error
}

func (w *town) serve(killAt string) *process {
	w.t.Helper()
	return w.start(w.config, "POSTROOM_KILL_AT="+killAt)
}

// start runs postroom serve with a configuration and a few more variables.
func (w *town) start(config string, variables ...string) *process {
	w.t.Helper()
	p := &process{over: make(chan error, 1)}
	p.cmd = exec.CommandContext(context.WithoutCancel(w.t.Context()), os.Args[0], "serve", "-config", config)
	p.cmd.Env = append(os.Environ(), "POSTROOM_TEST_BE_POSTROOM=1", "TOWN_PASSWORD="+w.mailbox.password, "TOWN_REGISTER="+w.dsn)
	if w.second != nil {
		p.cmd.Env = append(p.cmd.Env, "TOWN_SECOND_PASSWORD="+w.second.password)
	}
	p.cmd.Env = append(append(p.cmd.Env, w.env...), variables...)
	p.cmd.Stderr = &p.log
	w.must(p.cmd.Start())
	go func() { p.over <- p.cmd.Wait() }()
	w.t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

// patience bounds waiting for something that must happen; it is no
// measurement.
const patience = 5 * time.Minute

// killed waits until the process has killed itself.
func (p *process) killed(tb testing.TB) {
	tb.Helper()
	select {
	case err := <-p.over:
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL { //nolint:forcetypeassert // on Linux it is one
			tb.Fatalf("ended by itself: %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		tb.Fatalf("never reached the step\n%s", p.ended())
	}
}

// stop ends the process as a service manager does.
func (p *process) stop(tb testing.TB) {
	tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		tb.Fatal(err)
	}
	select {
	case err := <-p.over:
		if err != nil {
			tb.Errorf("stopping: %v\n%s", err, p.log.String())
		}
	case <-time.After(patience):
		tb.Fatalf("does not stop\n%s", p.ended())
	}
}

// ended kills a process that runs still and returns what it logged, which
// nobody writes to any more.
func (p *process) ended() string {
	_ = p.cmd.Process.Kill()
	<-p.over //nolint:errcheck // how it ended does not matter
	return p.log.String()
}

var watching = regexp.MustCompile(`metrics=(http://[^/]+)/metrics`)

// ready is what a process tells monitoring: the code, and the page.
func (w *town) ready(p *process) string {
	w.t.Helper()
	address := watching.FindStringSubmatch(p.log.String())
	if address == nil {
		return "does not serve yet"
	}
	request, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, address[1]+"/readyz", nil)
	w.must(err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err.Error()
	}
	defer response.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(response.Body, 1<<16))
	w.must(err)
	return fmt.Sprint(response.StatusCode, " ", string(text))
}
