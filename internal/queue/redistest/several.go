package redistest

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
)

// A Watched is a master and its replica, watched by three Sentinels.
type Watched struct {
	Name      string   // of the master among the Sentinels
	Addresses []string // of the Sentinels
	Master    *Server
	Replica   *Server
	sentinels []*Server
}

// StartWatched starts them, and waits until the Sentinels know the replica and
// each other. Under a lock each of them wants its key; nil is none.
func StartWatched(tb testing.TB, lock *Lock) *Watched {
	tb.Helper()
	w := &Watched{Name: "postroom", Master: lock.Start(tb)}
	host, port, _ := net.SplitHostPort(w.Master.Address)
	w.Replica = lock.Start(tb, "--replicaof", host+" "+port)
	for range 3 {
		s := newServer(tb, lock)
		_, own, _ := net.SplitHostPort(s.Address)
		file := filepath.Join(s.folder, "sentinel.conf")
		text := fmt.Sprintf("bind 127.0.0.1\ndir %s\nsentinel monitor %[2]s %[3]s %[4]s 2\nsentinel down-after-milliseconds %[2]s 2000\nsentinel failover-timeout %[2]s 10000\n",
			s.folder, w.Name, host, port) + lock.sentinel(w.Name, own)
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
	w.Replica.awaitInStep()
	return w
}

// FailOver kills the master and waits until the replica has taken its place.
func (w *Watched) FailOver() {
	w.Master.tb.Helper()
	w.Master.Kill()
	w.Replica.awaitMaster()
}

// Servers are all that were started.
func (w *Watched) Servers() []*Server {
	return append([]*Server{w.Master, w.Replica}, w.sentinels...)
}

// A Cluster is three servers that share the slots.
type Cluster struct {
	Servers []*Server
	Replica *Server // of Master; nil where there is none
	Master  *Server // the one that holds the lane which the replica is for
}

// StartCluster starts them, guarded by a lock or by none. One that is killed
// takes its lanes along until it is back; the one that holds the given lane has
// a replica that takes over. An empty lane: none has.
func StartCluster(tb testing.TB, lock *Lock, lane string) *Cluster {
	tb.Helper()
	c := &Cluster{}
	start := func() *Server {
		_, bus, _ := net.SplitHostPort(FreeAddress(tb))
		return lock.Start(tb, "--cluster-port", bus, "--cluster-enabled", "yes", "--cluster-node-timeout", "3000")
	}
	for range 3 {
		c.Servers = append(c.Servers, start())
	}
	for i, s := range c.Servers {
		s.must("CLUSTER", "ADDSLOTSRANGE", i*16384/3, (i+1)*16384/3-1)
		for _, other := range c.Servers {
			s.meet(other)
		}
	}
	for _, s := range c.Servers {
		s.awaitWhole(3)
	}
	if lane == "" {
		return c
	}
	slot, err := c.Servers[0].do("CLUSTER", "KEYSLOT", "{"+lane+"}").Int()
	if err != nil {
		tb.Fatal(err)
	}
	for i, s := range c.Servers {
		if slot >= i*16384/3 && slot < (i+1)*16384/3 {
			c.Master = s
		}
	}
	c.Replica = start()
	c.Replica.meet(c.Master)
	c.Replica.awaitWhole(4)
	c.Replica.must("CLUSTER", "REPLICATE", fmt.Sprint(c.Master.do("CLUSTER", "MYID").Val()))
	c.Replica.awaitInStep()
	for _, s := range c.Servers { // they vote for it only when they know whose it is
		s.awaitWhole(4)
		await(tb, "all know the replica", func() bool {
			return s.says([]string{" slave "}, "CLUSTER", "NODES") || s.says([]string{",slave "}, "CLUSTER", "NODES")
		})
	}
	return c
}

// Addresses are those of the three.
func (c *Cluster) Addresses() (all []string) {
	for _, s := range c.Servers {
		all = append(all, s.Address)
	}
	return all
}

// FailOver kills the master that has a replica, and waits until that has taken
// its place and the Cluster is whole again.
func (c *Cluster) FailOver() {
	c.Master.tb.Helper()
	c.Master.Kill()
	c.Replica.awaitMaster()
	c.Replica.awaitWhole(4)
}

func (s *Server) meet(other *Server) {
	s.tb.Helper()
	host, port, _ := net.SplitHostPort(other.Address)
	s.must("CLUSTER", "MEET", host, port, other.args[1])
}

// awaitWhole waits until a server of a Cluster sees all of it.
func (s *Server) awaitWhole(nodes int) {
	s.tb.Helper()
	await(s.tb, "the cluster is whole", func() bool {
		return s.says([]string{"cluster_state:ok", fmt.Sprintf("cluster_known_nodes:%d", nodes), "cluster_slots_ok:16384"}, "CLUSTER", "INFO")
	})
}

func (s *Server) awaitInStep() {
	s.tb.Helper()
	await(s.tb, "the replica is in step", func() bool { return s.says([]string{"master_link_status:up"}, "INFO", "replication") })
}

func (s *Server) awaitMaster() {
	s.tb.Helper()
	await(s.tb, "the replica became the master", func() bool { return s.says([]string{"role:master"}, "INFO", "replication") })
}
