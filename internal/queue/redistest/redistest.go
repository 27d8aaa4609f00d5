// Package redistest owns real Redis servers for tests: one that can be killed,
// a master with its replica and three Sentinels, and a Cluster of three, open
// or locked. It is used by tests alone and imports nothing of ours.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// patience bounds waiting for servers on a machine that is busy.
const patience = 3 * time.Minute

// A Server is one redis-server process.
type Server struct {
	Address string
	tb      testing.TB
	folder  string
	args    []string
	lock    *Lock // nil: open
	process *exec.Cmd
}

// newServer makes a server that is not started yet; the test is skipped where
// there is no program.
func newServer(tb testing.TB, lock *Lock, args ...string) *Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tb.Skip("integration: there is no redis-server to start")
	}
	s := &Server{Address: FreeAddress(tb), tb: tb, folder: tb.TempDir(), args: args, lock: lock}
	tb.Cleanup(s.Kill)
	return s
}

// Start starts an open server with these arguments beside the plainest ones.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return (*Lock)(nil).Start(tb, args...)
}

// Start starts a server behind the lock, with these arguments beside.
func (l *Lock) Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := newServer(tb, l, args...)
	s.Restart()
	return s
}

// Restart starts the process, or starts it again at the same address, and
// waits until it answers.
func (s *Server) Restart() {
	s.tb.Helper()
	_, port, _ := net.SplitHostPort(s.Address)
	args := append(s.lock.listens(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.folder)
	args = append(append(args, s.lock.arguments()...), s.args...)
	if len(s.args) > 0 && strings.HasSuffix(s.args[0], ".conf") { // a Sentinel's, which names all of it
		args = s.args
	}
	s.run(args)
	await(s.tb, "redis-server at "+s.Address+" answers", func() bool {
		err := s.do("PING").Err()
		return err == nil || strings.Contains(err.Error(), "NOAUTH")
	})
}

func (s *Server) run(args []string) {
	s.tb.Helper()
	s.process = exec.Command("redis-server", args...) //nolint:gosec,noctx // the arguments are a test's own, and its end kills it
	s.process.Dir = s.folder
	if err := s.process.Start(); err != nil {
		s.tb.Fatal(err)
	}
}

// Kill is as hard as a power cut.
func (s *Server) Kill() {
	if s.process != nil {
		_ = s.process.Process.Kill()
		_ = s.process.Wait()
		s.process = nil
	}
}

// do gives one command on a connection of its own.
func (s *Server) do(command ...any) *redis.Cmd {
	user, password, config := s.lock.key()
	client := redis.NewClient(&redis.Options{
		Addr: s.Address, Username: user, Password: password, TLSConfig: config, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	defer client.Close() //nolint:errcheck // a test's own connection
	return client.Do(context.Background(), command...)
}

func (s *Server) must(command ...any) {
	s.tb.Helper()
	if err := s.do(command...).Err(); err != nil {
		s.tb.Fatalf("%v: %v", command, err)
	}
}

// says reports whether a command's answer has all these lines or words.
func (s *Server) says(words []string, command ...any) bool {
	got := fmt.Sprint(s.do(command...).Val())
	for _, w := range words {
		if !strings.Contains(got, w) {
			return false
		}
	}
	return true
}

// Refused is what users tried that they may not; empty: nothing.
func (s *Server) Refused() string {
	s.tb.Helper()
	log, err := s.do("ACL", "LOG").Slice()
	if err != nil {
		s.tb.Fatal(err)
	}
	if len(log) == 0 {
		return ""
	}
	return fmt.Sprint(log)
}

// Commands are those that were given until now, with a subcommand behind a |,
// as users' permissions have them.
func (s *Server) Commands() (all []string) {
	s.tb.Helper()
	text, err := s.do("INFO", "commandstats").Text()
	if err != nil {
		s.tb.Fatal(err)
	}
	for _, found := range given.FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	return all
}

var given = regexp.MustCompile(`(?m)^cmdstat_([^:]+):calls=[1-9]`)

// FreeAddress is a loopback address on which nobody listens.
func FreeAddress(tb testing.TB) string {
	tb.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // only asked for its address
	return l.Addr().String()
}

func await(tb testing.TB, what string, happened func() bool) {
	tb.Helper()
	late := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-late:
			tb.Fatalf("not yet: %s", what)
		}
	}
}
