// Package redistest owns real Redis servers for tests: one that can be killed,
// a master with its replica and three Sentinels, and a Cluster of three. It is
// used by tests alone and imports nothing of ours.
package redistest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
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
	tls     bool
	process *exec.Cmd
}

// newServer makes a server that is not started yet; the test is skipped where
// there is no program.
func newServer(tb testing.TB, args ...string) *Server {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		tb.Skip("integration: there is no redis-server to start")
	}
	s := &Server{Address: FreeAddress(tb), tb: tb, folder: tb.TempDir(), args: args}
	tb.Cleanup(s.Kill)
	return s
}

// Start starts a server with these arguments beside the plainest ones.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	s := newServer(tb, args...)
	s.Restart()
	return s
}

// Restart starts the process, or starts it again at the same address, and
// waits until it answers.
func (s *Server) Restart() {
	s.tb.Helper()
	_, port, _ := net.SplitHostPort(s.Address)
	if s.tls {
		args := append([]string{"--port", "0", "--tls-port", port, "--bind", "127.0.0.1", "--save", "", "--dir", s.folder}, s.args...)
		s.run(args)
		await(s.tb, "redis-server at "+s.Address+" listens", func() bool {
			conn, err := net.Dial("tcp", s.Address) //nolint:noctx // a test's own connection
			if err == nil {
				_ = conn.Close()
			}
			return err == nil
		})
		return
	}
	args := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.folder}, s.args...)
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

// StartTLS starts a server that speaks TLS alone, with a certificate that it
// signed itself.
func StartTLS(tb testing.TB) *Server {
	tb.Helper()
	s := newServer(tb)
	s.tls = true
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		tb.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: certificate}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(filepath.Join(s.folder, name), pem.EncodeToMemory(block), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	s.args = []string{"--tls-cert-file", "cert.pem", "--tls-key-file", "key.pem", "--tls-ca-cert-file", "cert.pem", "--tls-auth-clients", "no"}
	s.Restart()
	return s
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
	client := redis.NewClient(&redis.Options{
		Addr: s.Address, Protocol: 2, DisableIdentity: true, MaxRetries: -1, DialerRetries: 1,
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

// A Watched is a master and its replica, watched by three Sentinels.
type Watched struct {
	Name      string   // of the master among the Sentinels
	Addresses []string // of the Sentinels
	Master    *Server
	Replica   *Server
	sentinels []*Server
}

// StartWatched starts them, and waits until the Sentinels know the replica and
// each other.
func StartWatched(tb testing.TB) *Watched {
	tb.Helper()
	w := &Watched{Name: "postroom", Master: Start(tb)}
	host, port, _ := net.SplitHostPort(w.Master.Address)
	w.Replica = Start(tb, "--replicaof", host+" "+port)
	for range 3 {
		s := newServer(tb)
		_, own, _ := net.SplitHostPort(s.Address)
		file := filepath.Join(s.folder, "sentinel.conf")
		text := fmt.Sprintf("port %s\nbind 127.0.0.1\ndir %s\nsentinel monitor %s %s %s 2\nsentinel down-after-milliseconds %[3]s 2000\nsentinel failover-timeout %[3]s 10000\n", own, s.folder, w.Name, host, port)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
		s.args = []string{file, "--sentinel"}
		s.Restart()
		w.sentinels, w.Addresses = append(w.sentinels, s), append(w.Addresses, s.Address)
	}
	for _, s := range w.sentinels {
		await(tb, "the Sentinels know each other and the replica", func() bool {
			return s.says([]string{"num-slaves 1", "num-other-sentinels 2", "flags master "}, "SENTINEL", "MASTER", w.Name) ||
				s.says([]string{"num-slaves:1", "num-other-sentinels:2", "flags:master "}, "SENTINEL", "MASTER", w.Name)
		})
	}
	await(tb, "the replica is in step", func() bool { return w.Replica.says([]string{"master_link_status:up"}, "INFO", "replication") })
	return w
}

// FailOver kills the master and waits until the replica has taken its place.
func (w *Watched) FailOver() {
	w.Master.tb.Helper()
	w.Master.Kill()
	await(w.Master.tb, "the replica became the master", func() bool { return w.Replica.says([]string{"role:master"}, "INFO", "replication") })
}

// StartCluster starts three servers that share the slots. Its servers have no
// replicas: one that is killed takes its lanes along until it is back.
func StartCluster(tb testing.TB) []*Server {
	tb.Helper()
	var servers []*Server
	for range 3 {
		_, bus, _ := net.SplitHostPort(FreeAddress(tb))
		servers = append(servers, Start(tb, "--cluster-enabled", "yes", "--cluster-port", bus, "--cluster-node-timeout", "3000"))
	}
	for i, s := range servers {
		s.must("CLUSTER", "ADDSLOTSRANGE", i*16384/3, (i+1)*16384/3-1)
		for _, other := range servers {
			host, port, _ := net.SplitHostPort(other.Address)
			s.must("CLUSTER", "MEET", host, port, other.args[3])
		}
	}
	for _, s := range servers {
		s.awaitWhole()
	}
	return servers
}

// awaitWhole waits until a server of a Cluster sees all of it.
func (s *Server) awaitWhole() {
	s.tb.Helper()
	await(s.tb, "the cluster is whole", func() bool {
		return s.says([]string{"cluster_state:ok", "cluster_known_nodes:3", "cluster_slots_ok:16384"}, "CLUSTER", "INFO")
	})
}

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
