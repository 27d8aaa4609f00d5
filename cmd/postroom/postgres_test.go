package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// A postgresServer is a real PostgreSQL of one test alone, that can be
// stopped, killed and frozen.
type postgresServer struct {
	tb      testing.TB
	folder  string
	port    string
	env     []string // beside what every process has
	process *exec.Cmd
}

// postgresProgram finds a program of PostgreSQL, also where Debian hides it.
func postgresProgram(tb testing.TB, name string) string {
	tb.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		tb.Skipf("integration: not installed: %s", name)
	}
	return found[len(found)-1]
}

// command is of PostgreSQL, which refuses to run as root.
func (s *postgresServer) command(name string, args ...string) *exec.Cmd {
	s.tb.Helper()
	cmd := exec.Command(postgresProgram(s.tb, name), args...)
	cmd.Dir = filepath.Dir(s.folder)
	cmd.Env = append(os.Environ(), s.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: 65534, Gid: 65534}
	}
	return cmd
}

func (s *postgresServer) do(name string, args ...string) {
	s.tb.Helper()
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		s.tb.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// newPostgresServer makes a server that does not run yet; with a primary it
// becomes its standby.
func newPostgresServer(tb testing.TB, primary *postgresServer) *postgresServer {
	tb.Helper()
	// A folder of the test's own lies in one that only we may enter.
	above, err := os.MkdirTemp("", "postgres") //nolint:usetesting // see above
	if err == nil {
		err = os.Chmod(above, 0o777)
	}
	if err != nil {
		tb.Fatal(err)
	}
	s := &postgresServer{tb: tb, folder: filepath.Join(above, "data"), port: strconv.Itoa(freePort(tb))}
	tb.Cleanup(func() { s.kill(); _ = os.RemoveAll(above) })
	if primary == nil {
		s.do("initdb", "--auth=trust", "--username=postgres", "--no-sync", "--encoding=UTF8", "-D", s.folder)
	} else {
		s.do("pg_basebackup", "--dbname="+primary.url(), "--checkpoint=fast", "--no-sync", "--write-recovery-conf", "-D", s.folder)
	}
	return s
}

func (s *postgresServer) url() string {
	return "postgres://postgres@127.0.0.1:" + s.port + "/postgres?sslmode=disable"
}

// start waits for nothing: whoever connects has to.
func (s *postgresServer) start(options ...string) {
	s.tb.Helper()
	args := []string{"-D", s.folder, "-p", s.port}
	for _, option := range append(options, "listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off") {
		args = append(args, "-c", option)
	}
	s.process = s.command("postgres", args...)
	if err := s.process.Start(); err != nil {
		s.tb.Fatal(err)
	}
}

// stop is a restart's first half: open transactions are undone.
func (s *postgresServer) stop() {
	_ = s.process.Process.Signal(syscall.SIGINT)
	_ = s.process.Wait()
	s.process = nil
}

// kill ends it and all its children as a crash does.
func (s *postgresServer) kill() {
	if s.process == nil {
		return
	}
	all := s.signal(syscall.SIGKILL)
	_ = s.process.Wait()
	s.process = nil
	for _, pid := range all { // it does not start again while one of them is there
		for syscall.Kill(pid, 0) == nil {
			runtime.Gosched()
		}
	}
}

// signal goes to the server and to each of its children; it gives who they
// are.
func (s *postgresServer) signal(signal syscall.Signal) (all []int) {
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", s.process.Process.Pid))
	for _, child := range append(strings.Fields(string(children)), strconv.Itoa(s.process.Process.Pid)) {
		if pid, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(pid, signal)
			all = append(all, pid)
		}
	}
	return all
}

// ask runs one statement, as often as it takes until the server answers.
func (s *postgresServer) ask(w *town, statement string) string {
	s.tb.Helper()
	var out []byte
	w.soon("PostgreSQL answers", func() (err error) {
		out, err = s.command("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--dbname="+s.url(), "--command="+statement).CombinedOutput()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, out)
		}
		return err
	})
	return strings.TrimSpace(string(out))
}
