package queue_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/queue"
	"postroom/internal/queue/redistest"
)

// Behind TLS under one's own authority, with the users that the operator's
// manual makes, each kind of server is used as an open one is. None of them
// has refused a command, and no command of the manual's line is in vain. Who
// takes the Sentinels' key for the servers' is told which of the two is wrong.
func TestTheManualsUserMayDoAllThatTheQueueDoesAndNoMore(t *testing.T) {
	t.Parallel()
	lock := redistest.NewLock(t)
	one := lock.Start(t)
	sentinels, cluster := redistest.StartWatched(t, lock), redistest.StartCluster(t, lock, "")
	for name, config := range map[string]queue.Config{
		"one":      {URL: "rediss://postroom:" + lock.Password + "@" + one.Address + "/1", CA: lock.CA},
		"sentinel": watched(sentinels, lock),
		"cluster":  {Servers: &queue.Servers{Addresses: cluster.Addresses()[:1], TLS: true, User: lock.User, Password: lock.Password}, CA: lock.CA},
	} {
		config.Prefix = "postroom:" // the manual's
		useAll(t, name, config)
	}
	used := []string{"asking"} // only while a slot of a Cluster moves
	for _, s := range slices.Concat([]*redistest.Server{one}, sentinels.Servers(), cluster.Servers) {
		if refused := s.Refused(); refused != "" {
			t.Errorf("the server at %s refused: %s", s.Address, refused)
		}
		used = append(used, s.Commands()...)
	}
	for word := range strings.FieldsSeq(redistest.Documented(t, redistest.ServerLine)) {
		if command, allowed := strings.CutPrefix(word, "+"); allowed && !slices.Contains(used, command) {
			t.Errorf("the manual allows %s, which nobody has used", command)
		}
	}
	tryKeys(t, sentinels, lock)
}

// useAll does what the queue can do, on lanes of each server.
func useAll(t *testing.T, name string, config queue.Config) {
	t.Helper()
	q, beside := mustOpen(t, config), mustOpen(t, config)
	untilUp(t, q)
	untilUp(t, beside)
	if err := q.Try(t.Context()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	later := queue.Item{ID: "2", NotBefore: time.Now().Add(aWhile)}
	for _, lane := range lanes {
		taken := takeFrom(t, beside, lane)
		if err := q.Put(t.Context(), lane, queue.Item{ID: "1"}, later); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := <-taken; !slices.Equal(got, []string{"1"}) {
			t.Errorf("%s: from lane %s came %q", name, lane, got)
		}
		if err := q.Put(t.Context(), lane, queue.Item{ID: "1"}); err != nil { // which is held
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// tryKeys comes to guarded Sentinels with one key wrong.
func tryKeys(t *testing.T, w *redistest.Watched, lock *redistest.Lock) {
	t.Helper()
	for name, row := range map[string]struct {
		spoil func(*queue.Config)
		want  queue.Trouble
	}{
		"all right":                        {func(*queue.Config) {}, ""},
		"the servers' password for both":   {func(c *queue.Config) { c.Servers.SentinelPassword = lock.Password }, queue.SentinelRefuses},
		"no password for the Sentinels":    {func(c *queue.Config) { c.Servers.SentinelUser, c.Servers.SentinelPassword = "", "" }, queue.SentinelRefuses},
		"the Sentinels' password for both": {func(c *queue.Config) { c.Servers.Password = lock.SentinelPassword }, queue.Refused},
		"no authority":                     {func(c *queue.Config) { c.CA = nil }, queue.Untrusted},
	} {
		config := watched(w, lock)
		row.spoil(&config)
		if err := mustOpen(t, config).Try(t.Context()); queue.TroubleOf(err) != row.want || (err == nil) != (row.want == "") {
			t.Errorf("%s: %q, %v", name, queue.TroubleOf(err), err)
		}
	}
}

func TestAnAuthoritysFileMustHoldOne(t *testing.T) {
	t.Parallel()
	q, err := queue.Open(t.Context(), queue.Config{URL: "rediss://127.0.0.1:1", CA: []byte("not a certificate"), Now: time.Now})
	if err == nil || !strings.Contains(err.Error(), "ca_file holds no certificate") {
		t.Errorf("%v", err)
	}
	if err == nil {
		_ = q.Close()
	}
}
