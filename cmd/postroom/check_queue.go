package main

import (
	"context"
	"fmt"

	"postroom/internal/queue"
)

// checkQueue takes an id through Redis and back, as the work does.
func (p *plan) checkQueue(ctx context.Context) finding {
	f := finding{name: "redis", found: "inside this process"}
	q, err := queue.Open(ctx, p.queueConfig())
	if err != nil {
		f.err = err
		return f
	}
	defer q.Close() //nolint:errcheck // only looked at
	switch {
	case p.redis == nil && p.redisURL == "":
		return f
	case p.redis == nil:
		f.found = "answers"
	case p.redis.Master != "":
		f.found = "the master " + p.redis.Master + " answers"
	default:
		f.found = "the Cluster answers"
	}
	if err := q.Try(ctx); err != nil {
		f.err = fmt.Errorf("%s; until then post is taken in and replies go all the same, more slowly: %w", p.queueAdvice(queue.TroubleOf(err)), err)
		return f
	}
	if ahead, err := q.ClockAhead(ctx); err == nil { // a user who may not ask it loses nothing
		f.clock = redisClock(ahead)
	}
	return f
}

// queueAdvice says which setting to look at.
func (p *plan) queueAdvice(t queue.Trouble) string {
	where, password := "queue.redis", "the password in the address"
	switch {
	case p.redis == nil:
	case p.redis.Master != "":
		where, password = "queue.sentinel", "queue.sentinel.user and its password"
	default:
		where, password = "queue.cluster", "queue.cluster.user and its password"
	}
	switch t {
	case queue.Refused:
		return "Redis refuses us; check " + password
	case queue.SentinelRefuses:
		return "the Sentinels refuse us; check queue.sentinel.sentinel_user and its password, which are not those of the Redis servers, and what that user may do"
	case queue.NotAllowed:
		return "Redis lets us in, and does not let this user do all that the queue needs; give it the line for aclfile in docs/operating.md, \"Several machines\""
	case queue.Untrusted:
		return "no TLS that this machine trusts; check that each server's certificate is valid for the name or address by which it is named in " + where +
			" or by the other servers, and that its authority is known to this machine or named in queue.ca_file"
	case queue.NoSentinel:
		return "none of the Sentinels answers; check queue.sentinel.addresses, tls and the firewall"
	case queue.UnknownMaster:
		return fmt.Sprintf("the Sentinels watch no master that is called %q; check queue.sentinel.master", p.redis.Master)
	case queue.Replica:
		return "this Redis is a replica and takes no writes; name its master, or the Sentinels in queue.sentinel"
	case queue.IsCluster:
		return "this Redis is one server of a Cluster; name them in queue.cluster.addresses"
	case queue.NoCluster:
		return "this Redis is no server of a Cluster; name it in queue.redis"
	case queue.NotWhole:
		return "the Cluster is not whole: a part of it has no server; look at CLUSTER INFO"
	}
	return "no Redis answers; check " + where + ", the firewall, and whether it wants TLS"
}
