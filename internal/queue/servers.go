package queue

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"

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
func (q *Queue) several(s Servers, roots *x509.CertPool) redis.UniversalClient {
	options := &redis.UniversalOptions{
		Addrs: s.Addresses, MasterName: s.Master, IsClusterMode: s.Master == "", DB: s.Database,
		Username: s.User, Password: s.Password, SentinelUsername: s.SentinelUser, SentinelPassword: s.SentinelPassword,
		Protocol: 2, DisableIdentity: true, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		DialTimeout:              q.patience(), ReadTimeout: q.patience(), WriteTimeout: q.patience(), DialerRetries: 1,
		MaxRetries: 1,
	}
	if s.TLS {
		options.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
	}
	return redis.NewUniversalClient(options)
}

// errNotWhole: some of the Cluster's slots have no server, so some lane has none.
var errNotWhole = errors.New("the cluster is not whole")

// ask finds out whether Redis can work for every lane. Of a Cluster each master
// is asked, after its servers have been asked anew who the masters are: by
// itself go-redis goes on for a minute to call one that is dead, and a Cluster
// says that it is whole for some seconds longer than it is.
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
	return cluster.ForEachMaster(ctx, func(ctx context.Context, master *redis.Client) error { return master.Ping(ctx).Err() })
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
