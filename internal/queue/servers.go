package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Servers are several Redis servers that act as one: a master that Sentinel
// watches, or a Cluster. All keys of a lane carry one hash tag, so that a
// lane lies on one server of a Cluster and its scripts stay atomic.
type Servers struct {
	Master    string   // its name among the Sentinels; empty: the addresses are a Cluster's
	Addresses []string // of the Sentinels, or of some of the Cluster's servers
	User      string
	Password  string
	Database  int // not in a Cluster, which has one
	TLS       bool
	// SentinelUser and SentinelPassword are for the Sentinels themselves.
	SentinelUser     string
	SentinelPassword string
}

// several makes a client of several servers. It dials only when it is used.
func (q *Queue) several(s Servers) redis.UniversalClient {
	options := &redis.UniversalOptions{
		Addrs: s.Addresses, MasterName: s.Master, IsClusterMode: s.Master == "", DB: s.Database,
		Username: s.User, Password: s.Password, SentinelUsername: s.SentinelUser, SentinelPassword: s.SentinelPassword,
		Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		DialTimeout:              q.patience(), ReadTimeout: q.patience(), WriteTimeout: q.patience(), DialerRetries: 1,
		MaxRetries: 1,
	}
	if s.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return redis.NewUniversalClient(options)
}

// errNotWhole: some of the Cluster's slots have no server, so some lane has none.
var errNotWhole = errors.New("the cluster is not whole")

// ask finds out whether Redis can work for every lane.
func (q *Queue) ask(ctx context.Context) error {
	cluster, ok := q.client.(*redis.ClusterClient)
	if !ok {
		return q.client.Ping(ctx).Err()
	}
	info, err := cluster.ClusterInfo(ctx).Result()
	if err != nil {
		return err
	}
	if !strings.Contains(info, "cluster_state:ok") {
		return errNotWhole
	}
	return nil
}

// Try takes an id the whole way, in a lane of its own, and leaves nothing
// behind: it shows whether this Redis can be written and runs our scripts.
func (q *Queue) Try(ctx context.Context) error {
	if err := q.Ping(ctx); err != nil {
		return err
	}
	const lane = "check"
	if err := q.Put(ctx, lane, Item{ID: "check"}); err != nil {
		return err
	}
	held, err := q.Claim(ctx, lane, 1, time.Second)
	if err != nil {
		return err
	}
	return q.Done(ctx, lane, held...)
}

// A Trouble is why Redis cannot be used, as far as an operator can mend it.
type Trouble string

// The troubles; empty when it is none of them.
const (
	Refused       Trouble = "refused"        // user and password
	Untrusted     Trouble = "untrusted"      // the certificate, or no TLS where it is wanted
	NoSentinel    Trouble = "no_sentinel"    // none of them answers
	UnknownMaster Trouble = "unknown_master" // the Sentinels know no such name
	Replica       Trouble = "replica"        // it takes no writes
	IsCluster     Trouble = "is_cluster"     // it is one server of a Cluster
	NoCluster     Trouble = "no_cluster"     // it is no Cluster's server
	NotWhole      Trouble = "not_whole"      // slots without a server
)

// TroubleOf reads an error of this package.
func TroubleOf(err error) Trouble {
	if err == nil {
		return ""
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	if errors.As(err, &certificate) || errors.As(err, &record) {
		return Untrusted
	}
	if errors.Is(err, errNotWhole) {
		return NotWhole
	}
	for _, row := range []struct {
		says string // the server's own word, or go-redis's
		is   Trouble
	}{
		{"NOAUTH", Refused},
		{"WRONGPASS", Refused},
		{"invalid password", Refused},
		{"NOPERM", Refused},
		{"without any password configured", Refused},
		{"redis: nil", UnknownMaster}, // a Sentinel's answer; it comes before that none can be used
		{"all sentinels specified in configuration are unreachable", NoSentinel},
		{"READONLY", Replica},
		{"MOVED ", IsCluster},
		{"cluster support disabled", NoCluster},
		{"CLUSTERDOWN", NotWhole},
	} {
		if strings.Contains(err.Error(), row.says) {
			return row.is
		}
	}
	return ""
}

func (s Servers) validate() error {
	if len(s.Addresses) == 0 {
		return errors.New("queue: open: no addresses of Sentinels or of a Cluster")
	}
	if s.Master == "" && s.Database != 0 {
		return fmt.Errorf("queue: open: a Cluster has no database %d", s.Database)
	}
	return nil
}
