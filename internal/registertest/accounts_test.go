package registertest_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"postroom/internal/register"
)

// officer makes an account whose hash is "hash".
func (d *desk) officer(name string, role register.Role) register.Account {
	d.t.Helper()
	a, err := d.AddAccount(d.t.Context(), name, role, "hash")
	d.must(err)
	return a
}

func (d *desk) signIn(token string, a register.Account) {
	d.t.Helper()
	d.must(d.StartSession(d.t.Context(), register.NewSession{Token: token, Account: a.ID, Hash: "hash", Address: "192.0.2.1", Idle: time.Hour, Longest: 8 * time.Hour}))
}

func (d *desk) use(token string) error {
	_, err := d.UseSession(d.t.Context(), token, time.Hour)
	return err
}

func TestAccounts(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		d.officer("  Priya   Nandakumar ", register.Reviewer)
		d.officer("tom@citrine.example", register.Auditor)
		for name, want := range map[string]error{
			"PRIYA nandakumar": register.ErrNameTaken, "postroom": register.ErrBadName, "Fail-Safe": register.ErrBadName, "rules@12": register.ErrBadName,
			"x": register.ErrBadName, "": register.ErrBadName, "a\x00b": register.ErrBadName, "<b>x</b>": register.ErrBadName, "1st": register.ErrBadName,
		} {
			if _, err := d.AddAccount(ctx, name, register.Reviewer, "hash"); !errors.Is(err, want) {
				d.t.Errorf("%q: %v, want %v", name, err, want)
			}
		}
		if _, err := d.AddAccount(ctx, "Gwen", "king", "hash"); !errors.Is(err, register.ErrUnknownRole) {
			d.t.Errorf("a king: %v", err)
		}
		all, err := d.Accounts(ctx)
		d.must(err)
		if len(all) != 2 || all[0].Name != "Priya Nandakumar" || all[1].Role != register.Auditor || !all[0].SignedInAt.IsZero() {
			d.t.Errorf("accounts: %+v", all)
		}
		if err := d.SetPassword(ctx, "nobody", "h"); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("a password for nobody: %v", err)
		}
	})
}

func TestASessionEnds(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		a := d.officer("Priya", register.Reviewer)
		start := d.clock.Now()
		d.signIn("one", a)
		for range 14 { // used every half hour it lives on, up to its longest
			d.clock.Advance(30 * time.Minute)
			d.must(d.use("one"))
		}
		d.clock.Set(start.Add(8 * time.Hour))
		if err := d.use("one"); !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("after its longest: %v", err)
		}
		d.signIn("two", a)
		d.clock.Advance(time.Hour)
		if err := d.use("two"); !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("after an idle hour: %v", err)
		}
		d.signIn("three", a)
		d.must(d.EndSession(d.t.Context(), "three"))
		d.must(d.EndSession(d.t.Context(), "three"))
		if err := d.use("three"); !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("after signing out: %v", err)
		}
		if err := d.use(""); !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("no token: %v", err)
		}
	})
}

func TestWhatEndsEverySessionOfAnAccount(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		a, other := d.officer("Priya", register.Reviewer), d.officer("Tom", register.Reviewer)
		d.signIn("a", a)
		d.signIn("b", a)
		d.signIn("other", other)
		d.must(d.SetPassword(ctx, "priya", "newer"))
		for token, want := range map[string]error{"a": register.ErrNoSession, "b": register.ErrNoSession, "other": nil} {
			if err := d.use(token); !errors.Is(err, want) {
				d.t.Errorf("%s after a new password: %v", token, err)
			}
		}
		err := d.StartSession(ctx, register.NewSession{Token: "late", Account: a.ID, Hash: "hash", Idle: time.Hour, Longest: time.Hour})
		if !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("a sign-in with the old password that ends after the new one was set: %v", err)
		}
		d.must(d.DisableAccount(ctx, "TOM", register.CommandLine))
		if err := d.use("other"); !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("after disabling: %v", err)
		}
		c, err := d.TrySignIn(ctx, "Tom", "192.0.2.1")
		if err != nil || c.Hash != "" {
			d.t.Errorf("a disabled account has a hash to compare with: %+v, %v", c, err)
		}
		d.must(d.EnableAccount(ctx, "tom", register.CommandLine))
		if c, err = d.TrySignIn(ctx, "Tom", "192.0.2.1"); err != nil || c.Hash != "hash" {
			d.t.Errorf("enabled again: %+v, %v", c, err)
		}
		want := []string{"account_added", "signed_in", "account_disabled", "account_enabled"}
		if got := d.events("account:" + other.ID); !slices.Equal(got, want) {
			d.t.Errorf("history %v, want %v", got, want)
		}
	})
}

func TestTooManyTries(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		a := d.officer("Priya", register.Reviewer)
		for _, name := range []string{"Priya", "nobody"} { // a name that is none is closed as well: it must not show
			for range 5 {
				d.must(d.try(name, "192.0.2.1"))
			}
			if err := d.try(name, "192.0.2.1"); !errors.Is(err, register.ErrTooManyTries) {
				d.t.Errorf("the sixth try of %s: %v", name, err)
			}
			d.must(d.try(name, "192.0.2.2")) // whoever sits elsewhere is not locked out by it
		}
		d.clock.Advance(register.TriesClosed + time.Second)
		for range 4 {
			d.must(d.try("priya", "192.0.2.1"))
		}
		d.signIn("good", a)
		for range 5 {
			d.must(d.try("PRIYA", "192.0.2.1"))
		}
		if err := d.try("Priya", "192.0.2.1"); !errors.Is(err, register.ErrTooManyTries) {
			d.t.Errorf("counted anew after a good sign-in: %v", err)
		}
		d.must(d.SetPassword(ctx, "Priya", "hash"))
		d.must(d.try("Priya", "192.0.2.1"))
	})
}

func (d *desk) try(name, address string) error {
	_, err := d.TrySignIn(d.t.Context(), name, address)
	return err
}

// TestManyAddressesTryOneName: strangers close a name for strangers, and not
// for its officer in the place where they always sit.
func TestManyAddressesTryOneName(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		a := d.officer("Priya", register.Reviewer)
		d.signIn("usual", a) // from 192.0.2.1
		for i := range 20 {
			d.must(d.try("Priya", fmt.Sprintf("198.51.100.%d", i)))
		}
		if err := d.try("Priya", "203.0.113.1"); !errors.Is(err, register.ErrTooManyTries) {
			d.t.Errorf("a stranger's next try: %v", err)
		}
		d.must(d.try("Priya", "192.0.2.1"))
		d.clock.Advance(61 * 24 * time.Hour)
		d.signIn("elsewhere", d.officer("Tom", register.Reviewer)) // forgets what is long ago
		for i := range 20 {
			d.must(d.try("Priya", fmt.Sprintf("198.51.100.%d", i)))
		}
		if err := d.try("Priya", "192.0.2.1"); !errors.Is(err, register.ErrTooManyTries) {
			d.t.Errorf("from a place of long ago: %v", err)
		}
	})
}

func TestOneAddressTriesManyNames(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		var wait sync.WaitGroup
		errs := make([]error, 40)
		for i := range errs { // all at once: each counts before its password is compared
			wait.Go(func() { _, errs[i] = d.TrySignIn(d.t.Context(), fmt.Sprintf("name %d", i), "198.51.100.7") })
		}
		wait.Wait()
		refused := 0
		for _, err := range errs {
			if errors.Is(err, register.ErrTooManyTries) {
				refused++
			} else {
				d.must(err)
			}
		}
		if refused != 10 {
			d.t.Errorf("%d of 40 were refused, want 10", refused)
		}
	})
}

// TestChangingAPassword: the session in which it is done goes on, all others
// end, and only who had the old one can.
func TestChangingAPassword(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		a, other := d.officer("Priya", register.Reviewer), d.officer("Tom", register.Reviewer)
		d.signIn("here", a)
		d.signIn("there", a)
		d.signIn("other", other)
		change := register.PasswordChange{Account: a.ID, Was: "an older one", Becomes: "newer", Keep: "here", Address: "192.0.2.1"}
		if err := d.ChangePassword(ctx, change); !errors.Is(err, register.ErrConflict) {
			d.t.Errorf("compared with an older one: %v", err)
		}
		change.Was = "hash"
		for range 5 {
			d.must(d.try("Priya", "192.0.2.1"))
		}
		d.must(d.ChangePassword(ctx, change))
		d.must(d.try("Priya", "192.0.2.1")) // the tries are taken back
		for token, want := range map[string]error{"here": nil, "there": register.ErrNoSession, "other": nil} {
			if err := d.use(token); !errors.Is(err, want) {
				d.t.Errorf("%s after a new password: %v", token, err)
			}
		}
		c, err := d.TrySignIn(ctx, "Priya", "192.0.2.1")
		if err != nil || c.Hash != "newer" {
			d.t.Errorf("to compare with: %+v, %v", c, err)
		}
		want := []string{"account_added", "signed_in", "signed_in", "password_changed"}
		if got := d.events("account:" + a.ID); !slices.Equal(got, want) {
			d.t.Errorf("history %v, want %v", got, want)
		}
		d.must(d.DisableAccount(ctx, "Priya", register.CommandLine))
		change.Was, change.Becomes = "newer", "newest"
		if err := d.ChangePassword(ctx, change); !errors.Is(err, register.ErrConflict) {
			d.t.Errorf("of a disabled account: %v", err)
		}
		v := d.vouched("vouched", priya())
		if err := d.ChangePassword(ctx, register.PasswordChange{Account: v.ID, Becomes: "hash"}); !errors.Is(err, register.ErrConflict) {
			d.t.Errorf("of an account without one: %v", err)
		}
	})
}
