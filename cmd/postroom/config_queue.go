package main

import (
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"

	"postroom/internal/queue"
)

// queueConfig says where Redis is: at an address, behind Sentinels, or spread
// over a Cluster.
type queueConfig struct {
	Redis     string         `yaml:"redis"`
	RedisEnv  string         `yaml:"redis_env"`
	RedisFile string         `yaml:"redis_file" is:"path"`
	Sentinel  sentinelConfig `yaml:"sentinel"`
	Cluster   clusterConfig  `yaml:"cluster"`
	CAFile    string         `yaml:"ca_file" is:"path"`
	Prefix    string         `yaml:"prefix"`
	URL       secret         `yaml:"-"` // empty: a Redis inside the process, or several servers
	CA        secret         `yaml:"-"` // read with the secrets, which it is not
}

type sentinelConfig struct {
	Master               string   `yaml:"master"`
	Addresses            []string `yaml:"addresses"`
	User                 string   `yaml:"user"`
	PasswordEnv          string   `yaml:"password_env"`
	PasswordFile         string   `yaml:"password_file" is:"path"`
	Password             secret   `yaml:"-"`
	SentinelUser         string   `yaml:"sentinel_user"`
	SentinelPasswordEnv  string   `yaml:"sentinel_password_env"`
	SentinelPasswordFile string   `yaml:"sentinel_password_file" is:"path"`
	SentinelPassword     secret   `yaml:"-"`
	Database             int      `yaml:"database"`
	TLS                  bool     `yaml:"tls"`
}

type clusterConfig struct {
	Addresses    []string `yaml:"addresses"`
	User         string   `yaml:"user"`
	PasswordEnv  string   `yaml:"password_env"`
	PasswordFile string   `yaml:"password_file" is:"path"`
	Password     secret   `yaml:"-"`
	TLS          bool     `yaml:"tls"`
}

func (s sentinelConfig) set() bool { return s.Master != "" || len(s.Addresses) > 0 }

func (q *queueConfig) readSecrets(s *secretReader) {
	s.read(&q.URL, "queue.redis", q.RedisEnv, q.RedisFile)
	if q.URL == "" {
		q.URL = secret(q.Redis)
	}
	s.read(&q.Sentinel.Password, "queue.sentinel.password", q.Sentinel.PasswordEnv, q.Sentinel.PasswordFile)
	s.read(&q.Sentinel.SentinelPassword, "queue.sentinel.sentinel_password", q.Sentinel.SentinelPasswordEnv, q.Sentinel.SentinelPasswordFile)
	s.read(&q.Cluster.Password, "queue.cluster.password", q.Cluster.PasswordEnv, q.Cluster.PasswordFile)
	s.read(&q.CA, "queue.ca", "", q.CAFile)
}

func (q *queueConfig) check(k *checker) {
	k.atMostOne("queue.redis", q.RedisEnv, q.RedisFile)
	if q.Redis != "" {
		u, err := url.Parse(q.Redis)
		ok := err == nil && (u.Scheme == "redis" || u.Scheme == "rediss") && u.Host != ""
		k.must(ok, "queue.redis", "want an address such as redis://localhost:6379") // never shown: it may hold a password
		k.must(!ok || u.User == nil, "queue.redis", "holds a password; move it into redis_file or redis_env")
		k.must(q.RedisEnv+q.RedisFile == "", "queue.redis", "redis_file or redis_env gives the address already; keep one of the two")
	}
	k.must(strings.Trim(q.Prefix, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:_-") == "" && q.Prefix != "",
		"queue.prefix", "want letters, digits and .:_- only")
	ways := 0
	for _, is := range []bool{q.Redis+q.RedisEnv+q.RedisFile != "", q.Sentinel.set(), len(q.Cluster.Addresses) > 0} {
		if is {
			ways++
		}
	}
	if q.CAFile != "" { // an address in a file or the environment is not known here
		plain := strings.HasPrefix(q.Redis, "redis://") || q.Sentinel.set() && !q.Sentinel.TLS || len(q.Cluster.Addresses) > 0 && !q.Cluster.TLS
		k.must(!plain && ways > 0, "queue.ca_file", "is for TLS; begin the address with rediss://, or set tls: true beside the addresses")
	}
	k.must(ways < 2, "queue", "redis, sentinel and cluster are three ways to say where Redis is; keep one of them")
	if s := q.Sentinel; s.set() {
		k.must(s.Master != "", "queue.sentinel.master", "is missing; it is the name that the Sentinels watch, as in \"sentinel monitor NAME …\"")
		k.must(len(s.Addresses) > 0, "queue.sentinel.addresses", "is empty; name the Sentinels, as in sentinel1.example:26379")
		k.atMostOne("queue.sentinel.password", s.PasswordEnv, s.PasswordFile)
		k.atMostOne("queue.sentinel.sentinel_password", s.SentinelPasswordEnv, s.SentinelPasswordFile)
		k.must(s.Database >= 0, "queue.sentinel.database", "want 0 or more")
		k.hostPorts(s.Addresses, "queue.sentinel.addresses")
	}
	k.atMostOne("queue.cluster.password", q.Cluster.PasswordEnv, q.Cluster.PasswordFile)
	k.hostPorts(q.Cluster.Addresses, "queue.cluster.addresses")
}

func (k *checker) hostPorts(addresses []string, key string) {
	for i, a := range addresses {
		host, port, err := net.SplitHostPort(a)
		n, nan := strconv.Atoi(port)
		k.must(err == nil && host != "" && nan == nil && n > 0 && n < 65536, fmt.Sprintf("%s[%d]", key, i), "want a host and a port, such as redis1.example:6379, not %q", a)
	}
}

// servers are the several that act as one; nil: one server, or none.
func (q queueConfig) servers() *queue.Servers {
	switch s, c := q.Sentinel, q.Cluster; {
	case s.set():
		return &queue.Servers{
			Master: s.Master, Addresses: s.Addresses, User: s.User, Password: string(s.Password), Database: s.Database, TLS: s.TLS,
			SentinelUser: s.SentinelUser, SentinelPassword: string(s.SentinelPassword),
		}
	case len(c.Addresses) > 0:
		return &queue.Servers{Addresses: c.Addresses, User: c.User, Password: string(c.Password), TLS: c.TLS}
	}
	return nil
}

// queueConfig is the plan's queue.
func (p *plan) queueConfig() queue.Config {
	return queue.Config{URL: p.redisURL, Servers: p.redis, CA: p.redisCA, Prefix: p.redisPrefix, Now: p.now, Logger: p.logger}
}
