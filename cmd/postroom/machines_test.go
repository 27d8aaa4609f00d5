package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"postroom/internal/queue"
	"postroom/internal/queue/redistest"
	"postroom/notify"
)

// shared is a town whose register and Redis several machines share.
func shared(t *testing.T, plan townPlan) *town {
	t.Helper()
	if plan.redis == "" {
		plan.redis = os.Getenv("POSTROOM_TEST_REDIS")
	}
	if plan.redis == "" {
		t.Skip("integration: POSTROOM_TEST_REDIS is not set")
	}
	plan.postgres = true
	return newTown(t, plan)
}

// Five machines with their roles spread, two mailboxes, post flowing. One is
// killed while it sends, one is frozen while it takes post in and wakes up
// when others have done its work, and the clocks of two are five hours wrong,
// in both directions. Each message is one case and one reply.
func TestSeveralMachines(t *testing.T) {
	t.Parallel()
	w := shared(t, townPlan{second: true, connections: 2})
	poller, reader, sender := w.configured("poller.yaml", "mailbox"), w.configured("reader.yaml", "read"), w.configured("sender.yaml", "reply")
	w.post(8)
	frozen := w.start(poller, "POSTROOM_FREEZE_AT=in registered:1")
	fast := w.start(reader, "TOWN_CLOCK_AHEAD=5h")
	slow := w.start(sender, "TOWN_CLOCK_AHEAD=-5h")
	frozen.freezes(w)

	w.endLeases()
	w.post(8)
	everything := w.start(w.config, "POSTROOM_KILL_AT=out begun:3")
	everything.killedOrDone(w)
	w.endLeases()

	w.post(8)
	next := w.start(w.config)
	w.until(next, "the mail of both mailboxes is registered", w.registered)
	frozen.wakes(t)
	w.post(8)
	w.answered(next)
	for _, p := range []*process{frozen, fast, slow, next} {
		p.stop(t)
	}
	if found := w.audit(); found.delivered != w.sent {
		t.Errorf("%+v of %d", found, w.sent)
	}
	// One process was killed between Begin and the mail's end, on two connections.
	if residents, extra, identical := w.arrived(); residents != w.sent || extra != identical || extra > 2 {
		t.Errorf("%d of %d residents have mail, %d mails too many, %d of them the identical bytes", residents, w.sent, extra, identical)
	}
	for name, p := range map[string]*process{"ahead of": fast, "behind": slow} {
		if !strings.Contains(p.log.String(), "5h0m0s "+name+" the database server's") {
			t.Errorf("a machine whose clock is five hours %s the database's says nothing of it:\n%s", name, p.log.String())
		}
	}
}

// A process that was frozen until others had taken over its work wakes up and
// does nothing with what it still believes to hold. Only where it had told the
// register that a mail's outcome may be unknown do the identical bytes of one
// mail go once more (P2).
func TestAFrozenProcessWakesUp(t *testing.T) {
	t.Parallel()
	for step, most := range map[string]int{"in registered": 0, "read judged": 0, "out rcpt": 0, "out data": 1} {
		t.Run(strings.ReplaceAll(step, " ", "-"), func(t *testing.T) {
			t.Parallel()
			w := shared(t, townPlan{})
			w.post(5)
			frozen := w.start(w.config, "POSTROOM_FREEZE_AT="+step+":1")
			frozen.freezes(w)
			w.endLeases()
			next := w.start(w.config)
			w.answered(next)
			frozen.wakes(t)
			w.post(3)
			w.answered(next)
			frozen.stop(t)
			next.stop(t)
			if found := w.audit(); found.delivered != w.sent {
				t.Errorf("%+v of %d", found, w.sent)
			}
			if residents, extra, identical := w.arrived(); residents != w.sent || extra != identical || extra > most {
				t.Errorf("%d of %d residents have mail, %d mails too many, %d of them the identical bytes", residents, w.sent, extra, identical)
			}
		})
	}
}

// freezes waits until the process stands still.
func (p *process) freezes(w *town) {
	w.t.Helper()
	w.until(p, "the process is frozen", func() bool {
		stat, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/stat")
		_, state, ok := bytes.Cut(stat, []byte(") "))
		return err == nil && ok && state[0] == 'T'
	})
}

func (p *process) wakes(tb testing.TB) {
	tb.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		tb.Fatal(err)
	}
}

// Redis fails over in the middle of a run, to a replica that may not have
// heard of the last hints: each message is one case and one reply all the
// same, and the queue is used again afterwards. All of it behind TLS, with the
// users that the operator's manual makes.
func TestRedisFailsOver(t *testing.T) {
	t.Parallel()
	lock := redistest.NewLock(t)
	redis := redistest.StartWatched(t, lock)
	w := locked(t, lock, fmt.Sprintf("sentinel: {master: %s, addresses: [%s], sentinel_user: %s, sentinel_password_env: TOWN_SENTINEL, %%s}",
		redis.Name, strings.Join(redis.Addresses, ", "), lock.User))
	w.failsOver(redis.FailOver, redis.Replica)
}

// Each lane lies on one server of a Cluster, and the lanes on different ones.
// The one that has the lane of the replies dies, and its replica takes over.
func TestTheWayOverACluster(t *testing.T) {
	t.Parallel()
	lock := redistest.NewLock(t)
	cluster := redistest.StartCluster(t, lock, notify.Lane)
	w := locked(t, lock, fmt.Sprintf("cluster: {addresses: [%s], %%s}", strings.Join(cluster.Addresses(), ", ")))
	w.failsOver(cluster.FailOver, cluster.Replica)
}

// locked is a town whose Redis wants a key; the key goes into where %s stands.
func locked(t *testing.T, lock *redistest.Lock, where string) *town {
	t.Helper()
	key := fmt.Sprintf("user: %s, password_env: TOWN_REDIS, tls: true", lock.User)
	w := newTown(t, townPlan{postgres: true, connections: 2, more: fmt.Sprintf("queue: {ca_file: %q, %s}\n", lock.CAFile, fmt.Sprintf(where, key))})
	w.env = append(w.env, "TOWN_SWEEP=1s", "TOWN_REDIS="+lock.Password, "TOWN_SENTINEL="+lock.SentinelPassword)
	return w
}

// failsOver has two machines work before, while and after Redis fails over to
// the next server.
func (w *town) failsOver(failOver func(), next *redistest.Server) {
	w.t.Helper()
	poller, sender := w.start(w.configured("poller.yaml", "mailbox", "read")), w.start(w.configured("sender.yaml", "reply", "read"))
	w.post(10)
	w.until(sender, "the first mails are registered", w.registered)
	failOver()
	w.post(10)
	w.until(sender, "post is taken in", w.registered)
	w.post(10)
	w.answered(sender)
	w.until(sender, "the queue is used again", func() bool { return slices.Contains(next.Commands(), "evalsha") })
	poller.stop(w.t)
	sender.stop(w.t)
	if found := w.audit(); found.delivered != w.sent {
		w.t.Errorf("%+v of %d", found, w.sent)
	}
	if residents, extra, _ := w.arrived(); residents != w.sent || extra > 0 {
		w.t.Errorf("%d of %d residents have mail, %d mails too many", residents, w.sent, extra)
	}
}

// Check says which setting is wrong.
func TestCheckExplainsRedis(t *testing.T) {
	t.Parallel()
	nobody := redistest.FreeAddress(t)
	guarded, lock := redistest.Start(t, "--requirepass", "secret", "--user", "limited", "on", ">secret", "~postroom:*", "+@all", "-publish"), redistest.NewLock(t)
	private := lock.Start(t)
	for name, row := range map[string]struct {
		url     string
		servers *queue.Servers
		want    string
	}{
		"nobody there":     {"redis://" + nobody, nil, "no Redis answers; check queue.redis, the firewall"},
		"no password":      {"redis://" + guarded.Address, nil, "Redis refuses us; check the password in the address"},
		"no Sentinel":      {"", &queue.Servers{Master: "postroom", Addresses: []string{nobody}}, "none of the Sentinels answers; check queue.sentinel.addresses"},
		"no Cluster":       {"", &queue.Servers{Addresses: []string{guarded.Address}, Password: "secret"}, "this Redis is no server of a Cluster; name it in queue.redis"},
		"no authority":     {"rediss://postroom:" + lock.Password + "@" + private.Address, nil, "named in queue.ca_file"},
		"no permission":    {"redis://limited:secret@" + guarded.Address, nil, "give it the line for aclfile in docs/operating.md"},
		"the right server": {"redis://:secret@" + guarded.Address, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan{redisURL: row.url, redis: row.servers, now: time.Now, logger: slog.New(slog.DiscardHandler)}
			f := p.checkQueue(t.Context())
			if row.want == "" && (f.err != nil || f.found != "answers") || row.want != "" && (f.err == nil || !strings.Contains(f.err.Error(), row.want)) || strings.Contains(fmt.Sprint(f.err), "secret") {
				t.Errorf("%q, %v", f.found, f.err)
			}
		})
	}
}
