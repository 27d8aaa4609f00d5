package registertest_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func TestTheSameBytesAreOneMessage(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		first := d.receive(registertest.Arrival("a", d.clock.Now()), registertest.Arrival("b", d.clock.Now()), registertest.Arrival("a", d.clock.Now()))
		if !first[0].New || !first[1].New || first[2].New {
			t.Errorf("new = %v %v %v, want true true false", first[0].New, first[1].New, first[2].New)
		}
		if first[0].ID != first[2].ID || first[0].Reference != first[2].Reference {
			t.Error("the same bytes got two messages")
		}
		if got, want := first[0].Deadline.String(), "2026-11-30"; got != want {
			t.Errorf("deadline %s, want %s", got, want)
		}
	})
}

func TestOneBadArrivalDoesNotSpoilItsNeighbours(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		bad := registertest.Arrival("bad", d.clock.Now())
		bad.Channel = "pigeon"
		got, err := d.Receive(t.Context(), []register.Arrival{registertest.Arrival("a", d.clock.Now()), bad, registertest.Arrival("b", d.clock.Now())})
		if err != nil {
			t.Fatal(err)
		}
		if got[0].Err != nil || got[2].Err != nil || !got[0].New || !got[2].New {
			t.Errorf("neighbours: %+v", got)
		}
		if got[1].Err == nil {
			t.Error("a channel that does not exist was registered")
		}
	})
}

func TestTwoAtOnceRegisterEachMessageOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		second := d.Register
		if d.cfg.Driver == "postgres" {
			second = registertest.Open(t, d.cfg)
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		news := map[string]int{}
		for _, r := range []*register.Register{d.Register, second} {
			wg.Go(func() {
				for i := range 40 {
					got, err := r.Receive(t.Context(), []register.Arrival{registertest.Arrival(strconv.Itoa(i), d.clock.Now())})
					if err != nil || got[0].Err != nil {
						t.Error(err, got)
						return
					}
					mu.Lock()
					if got[0].New {
						news[got[0].ID]++
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if len(news) != 40 {
			t.Errorf("%d messages, want 40", len(news))
		}
	})
}

func TestTheSameMailByTwoAddressesIsAnsweredOnce(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		rd := registertest.Reading("1@x", "ann@example.com", "cold")
		v := registertest.Verdict(classify.Complaint)
		first := d.take("copy one", register.Opening{Reading: rd, Verdict: v})
		second := d.take("copy two", register.Opening{Reading: rd, Verdict: v})
		if second.State != register.Recorded || second.Case != first.Case || len(second.Owed) != 0 {
			t.Errorf("second copy: %+v", second)
		}
		other := rd
		other.BodyDigest = "another body"
		if o := d.take("same id, other body", register.Opening{Reading: other, Verdict: v}); len(o.Owed) != 1 {
			t.Errorf("same id with another body: %+v", o)
		}
		noID := rd
		noID.MessageID = ""
		for _, text := range []string{"no id one", "no id two"} {
			if o := d.take(text, register.Opening{Reading: noID, Verdict: v}); len(o.Owed) != 1 {
				t.Errorf("mail without Message-ID: %+v", o)
			}
		}
		d.clock.Advance(8 * 24 * time.Hour)
		if o := d.take("copy after a week", register.Opening{Reading: rd, Verdict: v}); len(o.Owed) != 1 {
			t.Errorf("the same a week later: %+v", o)
		}
	})
}

func TestACopyInJunkDoesNotSilenceTheOneInTheInbox(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		a := registertest.Arrival("junk copy", d.clock.Now())
		a.Junk = true
		rd, v := registertest.Reading("1@x", "ann@example.com", "cold"), registertest.Verdict(classify.Complaint)
		got := d.receive(a)
		_, err := d.Open(t.Context(), []register.Opening{{Message: got[0].ID, Reading: rd, Verdict: v}})
		d.must(err)
		if o := d.take("inbox copy", register.Opening{Reading: rd, Verdict: v}); len(o.Owed) != 1 {
			t.Errorf("inbox copy: %+v", o)
		}
	})
}

func TestAReaderThatDiesEveryTimeIsNotFedForEver(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.receive(registertest.Arrival("poison", d.clock.Now()))[0].ID
		for range 3 {
			ms, err := d.BeginReading(t.Context(), []register.ID{id}, -time.Second, 3)
			d.must(err)
			if len(ms) != 1 {
				t.Fatalf("begun %d", len(ms))
			}
		}
		ms, err := d.BeginReading(t.Context(), []register.ID{id}, -time.Second, 3)
		d.must(err)
		if m := d.message(id); len(ms) != 0 || m.State != register.InReview || m.Problem == "" {
			t.Errorf("%d begun, message %+v", len(ms), m)
		}
		if unread, _ := d.Unread(t.Context(), 10); len(unread) != 0 {
			t.Errorf("still unread: %v", unread)
		}
	})
}

func TestAPoisonousMessageIsReadAlone(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		got := d.receive(registertest.Arrival("poison", d.clock.Now()), registertest.Arrival("healthy", d.clock.Now()))
		poison, healthy := got[0].ID, got[1].ID
		begin := func(ids ...register.ID) (begun []register.ID) {
			ms, err := d.BeginReading(t.Context(), ids, -time.Second, 3)
			d.must(err)
			for _, m := range ms {
				begun = append(begun, m.ID)
			}
			return begun
		}
		if got := begin(poison, healthy); len(got) != 2 {
			t.Fatalf("begun together %v", got)
		}
		for range 2 {
			if got := begin(poison, healthy); len(got) != 0 {
				t.Fatalf("begun together after a crash: %v", got)
			}
			if got := begin(poison); len(got) != 1 {
				t.Fatalf("begun alone %v", got)
			}
		}
		order, err := d.LeastBegun(t.Context(), []register.ID{poison, healthy, "read-long-ago"})
		d.must(err)
		if !slices.Equal(order, []register.ID{healthy, poison}) {
			t.Errorf("read in the order %v: poison is %s", order, poison)
		}
		if got := begin(healthy); len(got) != 1 || got[0] != healthy {
			t.Errorf("the healthy one suffers for its neighbour: %v", got)
		}
	})
}

func TestAMessageIsReadByOneReader(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.receive(registertest.Arrival("a", d.clock.Now()))[0].ID
		one, err := d.BeginReading(t.Context(), []register.ID{id}, time.Minute, 3)
		d.must(err)
		two, err := d.BeginReading(t.Context(), []register.ID{id}, time.Minute, 3)
		d.must(err)
		unread, err := d.Unread(t.Context(), 10)
		d.must(err)
		if len(one) != 1 || len(two) != 0 || len(unread) != 0 {
			t.Errorf("one %d, two %d, unread %d", len(one), len(two), len(unread))
		}
	})
}

// What could not be read because something else was away is read at once when
// it is back, as if it had not been tried; not when another reader has it.
func TestAReadingIsTakenBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		id := d.receive(registertest.Arrival("a", d.clock.Now()))[0].ID
		begin := func(lease time.Duration) []register.Message {
			ms, err := d.BeginReading(t.Context(), []register.ID{id}, lease, 3)
			d.must(err)
			return ms
		}
		for range 10 { // many more than the attempts that a message has
			ms := begin(time.Minute)
			if len(ms) != 1 || ms[0].Attempts != 1 || ms[0].State != register.Arrived {
				t.Fatalf("begun: %+v", ms)
			}
			d.must(d.Unbegin(t.Context(), ms))
		}
		slow := begin(-time.Second)
		if other := begin(time.Minute); len(other) != 1 {
			t.Fatal("the next reader does not have it")
		}
		d.must(d.Unbegin(t.Context(), slow))
		if got := begin(time.Minute); len(got) != 0 {
			t.Errorf("it was taken out of the other's hands: %+v", got)
		}
	})
}

func TestCursorsNeverGoBack(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		if _, ok, err := d.Cursor(ctx, "inbox"); ok || err != nil {
			t.Fatalf("a mailbox never seen: %v %v", ok, err)
		}
		cur := register.Cursor{Mailbox: "inbox", UIDValidity: 7, HighWater: 20}
		d.must(d.Advance(ctx, cur, []register.UIDNote{{UID: 5, State: register.UIDPending, Attempts: 1, Why: "timeout"}, {UID: 9, State: register.UIDUnfiled, Message: "m"}}, register.Hold{}))
		d.must(d.Advance(ctx, register.Cursor{Mailbox: "inbox", UIDValidity: 7, HighWater: 10}, []register.UIDNote{{UID: 9, State: register.UIDSettled}}, register.Hold{}))
		got, ok, err := d.Cursor(ctx, "inbox")
		d.must(err)
		if !ok || got.HighWater != 20 {
			t.Errorf("cursor %+v", got)
		}
		open, err := d.OpenUIDs(ctx, "inbox", 7)
		d.must(err)
		if len(open) != 1 || open[0].UID != 5 || open[0].Why != "timeout" {
			t.Errorf("open %+v", open)
		}
		d.must(d.Advance(ctx, register.Cursor{Mailbox: "inbox", UIDValidity: 8, HighWater: 3}, nil, register.Hold{}))
		if got, _, _ := d.Cursor(ctx, "inbox"); got.HighWater != 3 || got.UIDValidity != 8 {
			t.Errorf("after UIDVALIDITY changed: %+v", got)
		}
		if open, _ := d.OpenUIDs(ctx, "inbox", 7); len(open) != 0 {
			t.Errorf("old rows stay: %+v", open)
		}
	})
}

func TestTextThatDatabasesRefuseIsCleaned(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		text := "nul \x00 and \xff broken"
		o := d.take("dirty", register.Opening{Reading: registertest.Reading("\x00id@x", "ann@example.com", text), Verdict: registertest.Verdict(classify.Complaint)})
		if o.State != register.Filed {
			t.Errorf("%+v", o)
		}
	})
}
