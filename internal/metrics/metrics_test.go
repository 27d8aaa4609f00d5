package metrics

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"postroom/classify"
	"postroom/internal/archive"
	"postroom/internal/queue"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A room is everything that is watched, real, with a clock of the test's.
type room struct {
	*Desk
	t        *testing.T
	clock    *registertest.Clock
	register *register.Register
	folder   string // of the archive
}

func open(t *testing.T, redis string) *room {
	t.Helper()
	r := &room{t: t, clock: registertest.NewClock(), folder: filepath.Join(t.TempDir(), "archive")}
	var err error
	r.register, err = register.Connect(t.Context(), registertest.SQLite(t, registertest.Config(t, r.clock.Now)))
	r.must(err)
	t.Cleanup(func() { _ = r.register.Close() })
	a, err := archive.Open(r.folder, r.clock.Now())
	r.must(err)
	t.Cleanup(func() { _ = a.Close() })
	q, err := queue.Open(t.Context(), queue.Config{URL: redis, Now: r.clock.Now})
	r.must(err)
	t.Cleanup(func() { _ = q.Close() })
	r.Desk = New(Config{
		Register: r.register, Archive: a, Queue: q, Lanes: []string{"read", "reply"}, Mailboxes: []string{"complaints"}, Now: r.clock.Now,
		Reading: func() (int64, time.Duration) { return 7, 90 * time.Second }, Logger: slog.New(slog.DiscardHandler),
	})
	return r
}

func (r *room) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *room) get(path string) (code int, body string) {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code, w.Body.String()
}

// shows wants each line in the figures.
func (r *room) shows(lines ...string) {
	r.t.Helper()
	code, body := r.get("/metrics")
	for _, line := range lines {
		if code != http.StatusOK || !strings.Contains(body, "\n"+line+"\n") {
			r.t.Errorf("%d, and no line %q", code, line)
		}
	}
	if r.t.Failed() {
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "postroom_") {
				r.t.Log(strings.TrimSpace(line))
			}
		}
	}
}

// take receives, reads and opens a complaint whose words must not be shown.
func (r *room) take(text string, route classify.Route) register.Opened {
	r.t.Helper()
	got, err := r.register.Receive(r.t.Context(), []register.Arrival{registertest.Arrival(text, r.clock.Now())})
	r.must(err)
	v := registertest.Verdict(classify.Complaint)
	v.Route = route
	opened, err := r.register.Open(r.t.Context(), []register.Opening{{Message: got[0].ID, Reading: registertest.Reading(text+"@x", "secret-resident@example.com", text), Verdict: v}})
	r.must(err)
	r.must(opened[0].Err)
	return opened[0]
}

func TestFigures(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	owed := r.take("damp-secret", registertest.Verdict(classify.Complaint).Route)
	r.take("mould-secret", classify.Review)
	r.must(r.c.Queue.Put(t.Context(), "reply", queue.Item{ID: owed.Owed[0].ID}))
	polled := r.clock.Now()
	r.must(r.register.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "complaints", PolledAt: polled, Backlog: 3, Parked: 1}))
	r.must(r.register.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "complaints", Problem: "away: secret-host", Limited: true}))
	r.must(r.register.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "given-up", Problem: "away"}))
	r.clock.Advance(10 * time.Minute)
	r.shows(
		`postroom_arrivals_day{channel="email"} 2`, `postroom_decisions_day{by="rules",label="complaint"} 1`, `postroom_decisions_day{by="nobody",label="none"} 1`,
		`postroom_undecided 1`, `postroom_oldest_undecided_seconds 600`, `postroom_owed 1`, `postroom_oldest_owed_seconds 600`, `postroom_retrying 0`,
		`postroom_late{what="clocks"} 0`, `postroom_acknowledgements_day 0`, `postroom_acknowledgements_within_day{seconds="3600"} 0`,
		`postroom_lane{lane="reply",state="ready"} 1`, `postroom_mailbox_lag_seconds{mailbox="complaints"} 600`, `postroom_mailbox_backlog{mailbox="complaints"} 3`,
		`postroom_mailbox_problem{mailbox="complaints"} 1`, `postroom_mailbox_limited{mailbox="complaints"} 1`, `postroom_read_programs_total 7`, `postroom_read_cpu_seconds_total 90`,
		`postroom_dependency_up{dependency="register"} 1`, `postroom_dependency_up{dependency="mailbox complaints"} 0`,
		`postroom_dependency_last_success_timestamp_seconds{dependency="mailbox complaints"} 1.795428e+09`,
	)
	_, body := r.get("/metrics")
	for _, private := range []string{"secret", "example.com", "given-up", owed.Reference} {
		if strings.Contains(body, private) {
			t.Errorf("the figures show %s", private)
		}
	}
	if problems, err := promlint.New(strings.NewReader(body)).Lint(); err != nil || len(problems) > 0 {
		t.Errorf("Prometheus's linter: %v %+v", err, problems)
	}
}

// Every family has its own name and help, and none collides.
func TestFamilies(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	l, err := r.look(t.Context())
	r.must(err)
	pedantic := prometheus.NewPedanticRegistry()
	r.must(pedantic.Register(snapshot{newFamilies(), l}))
	if _, err := pedantic.Gather(); err != nil {
		t.Error(err)
	}
}

// impatient waits for the first and the third side, and not for the second.
type impatient struct {
	context.Context //nolint:containedctx // it is one
	asked           int
}

func (i *impatient) Done() <-chan struct{} {
	if i.asked++; i.asked != 2 {
		return nil
	}
	over := make(chan struct{})
	close(over)
	return over
}

// What hangs hangs alone: a drive or database that lets nobody go is told of,
// and the figures of the others with it, at every scrape.
func TestWhatHangsHangsAlone(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	let := make(chan struct{})
	var asked atomic.Int32
	r.sides[1].ask = func(context.Context, *look) error {
		asked.Add(1)
		<-let
		return nil
	}
	if r.sides[1].name != "archive" || r.sides[2].name != "redis" {
		t.Fatal("the sides have another order")
	}
	r.patience = func(ctx context.Context) (context.Context, context.CancelFunc) {
		return &impatient{Context: ctx}, func() {}
	}
	for range 3 {
		r.shows(`postroom_dependency_up{dependency="archive"} 0`, `postroom_dependency_up{dependency="register"} 1`, `postroom_dependency_up{dependency="redis"} 1`, `postroom_owed 0`)
		r.clock.Advance(time.Minute)
	}
	if code, body := r.get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "archive: down") {
		t.Errorf("%d %s", code, body)
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("asked %d times while it hung", n)
	}
	close(let)
	r.patience = patient
	r.clock.Advance(time.Minute)
	for up := false; !up; r.clock.Advance(time.Minute) {
		_, body := r.get("/metrics")
		up = strings.Contains(body, "\npostroom_dependency_up{dependency=\"archive\"} 1\n")
	}
}

// A mailbox that was never polled lags since the process began, and says so.
func TestAMailboxThatWasNeverPolledLags(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	began := r.clock.Now()
	r.clock.Advance(40 * time.Minute)
	r.shows(`postroom_mailbox_lag_seconds{mailbox="complaints"} 2400`, fmt.Sprintf("postroom_started_timestamp_seconds %v", float64(began.Unix())))
}

func TestReadyAndCoping(t *testing.T) {
	t.Parallel()
	r := open(t, "redis://127.0.0.1:1")
	code, body := r.get("/readyz")
	if code != http.StatusOK || !strings.HasPrefix(body, "ready, coping\nregister: ok\narchive: ok\nredis: down; post is taken in") {
		t.Errorf("without Redis: %d %s", code, body)
	}
	r.must(r.register.NotePoll(t.Context(), register.MailboxStatus{Mailbox: "complaints", Problem: "away"}))
	r.clock.Advance(fresh)
	if code, body := r.get("/readyz"); code != http.StatusOK || !strings.Contains(body, "mailbox complaints: down; its mail waits there") {
		t.Errorf("with a mailbox away: %d %s", code, body)
	}
	r.must(os.RemoveAll(r.folder))
	r.clock.Advance(fresh)
	if code, body := r.get("/readyz"); code != http.StatusServiceUnavailable || !strings.HasPrefix(body, "cannot serve\n") || !strings.Contains(body, "archive: down") {
		t.Errorf("without an archive: %d %s", code, body)
	}
	r.must(r.register.Close())
	r.clock.Advance(fresh)
	if code, body := r.get("/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, "register: down") {
		t.Errorf("without a register: %d %s", code, body)
	}
	r.shows(`postroom_dependency_up{dependency="register"} 0`, `postroom_dependency_up{dependency="archive"} 0`)
	if _, body := r.get("/metrics"); strings.Contains(body, "postroom_undecided") {
		t.Error("figures of a register that did not answer")
	}
	if code, body := r.get("/healthz"); code != http.StatusOK || body != "alive\n" {
		t.Errorf("alive: %d %s", code, body)
	}
}

func TestAMailServerThatTakesNothing(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	putOff := func(text string) {
		t.Helper()
		o := r.take(text, registertest.Verdict(classify.Complaint).Route)
		claimed, err := r.register.Claim(t.Context(), []register.ID{o.Owed[0].ID}, time.Minute, register.Windows{Recipient: time.Hour, Case: time.Hour, All: time.Hour})
		r.must(err)
		_, err = r.register.TryAgain(t.Context(), []register.Outcome{{ID: claimed[0].ID, Attempt: claimed[0].Attempt, Code: "421", Why: "later", Again: r.clock.Now().Add(time.Minute)}})
		r.must(err)
	}
	putOff("cold")
	r.shows(`postroom_retrying 1`, `postroom_dependency_up{dependency="smtp"} 1`) // as mail is that a server takes the second time
	putOff("damp")
	r.clock.Advance(fresh)
	r.shows(`postroom_retrying 2`, `postroom_dependency_up{dependency="smtp"} 0`)
	if code, body := r.get("/readyz"); code != http.StatusOK || !strings.Contains(body, "smtp: down; replies stay owed") {
		t.Errorf("%d %s", code, body)
	}
}

// However many ask at once, the register is counted once.
func TestOneLookServesAll(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	looks := make(chan time.Time, 20)
	var all sync.WaitGroup
	for range cap(looks) {
		all.Go(func() {
			l, err := r.look(t.Context())
			if err != nil {
				t.Error(err)
			}
			looks <- l.at
			r.clock.Advance(time.Millisecond)
		})
	}
	all.Wait()
	first := <-looks
	for range cap(looks) - 1 {
		if next := <-looks; !next.Equal(first) {
			t.Fatalf("looked at %v and at %v", first, next)
		}
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	<-r.turn // somebody looks
	if _, err := r.look(gone); err == nil {
		t.Error("who went away got a look")
	}
	r.turn <- struct{}{}
}

func TestServe(t *testing.T) {
	t.Parallel()
	r := open(t, "")
	l, err := net.Listen("tcp", "127.0.0.1:0")
	r.must(err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Serve(ctx, l) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/metrics": 200, "/": 404} {
		response, err := client.Get("http://" + l.Addr().String() + path)
		r.must(err)
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != want {
			t.Errorf("%s: %d", path, response.StatusCode)
		}
	}
	stop()
	r.must(<-ended)
}
