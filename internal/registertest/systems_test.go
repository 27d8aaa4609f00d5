package registertest_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/classify"
	"postroom/internal/register"
	"postroom/internal/registertest"
)

func (d *desk) token(system string, may ...register.Grant) (string, register.Token) {
	d.t.Helper()
	secret, k, err := d.AddToken(d.t.Context(), system, may)
	d.must(err)
	d.clock.Advance(time.Second)
	return secret, k
}

func TestTokens(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		secret, made := d.token("  My   Account ", register.MayVouch, register.MaySubmit, register.MaySubmit)
		if !regexp.MustCompile(`^postroom_[A-Z2-7]{52}$`).MatchString(secret) || !strings.HasPrefix(secret, "postroom_"+made.Mark) || made.System.Name != "My Account" {
			d.t.Errorf("%q, %+v", secret, made)
		}
		got, err := d.UseToken(ctx, secret)
		d.must(err)
		if got.ID != made.ID || got.System.Name != "My Account" || got.System.Actor() != "My Account (system)" || !slices.Equal(got.May, []register.Grant{register.MaySubmit, register.MayVouch}) {
			d.t.Errorf("used %+v", got)
		}
		second, other := d.token("my account", register.MayRead)
		if other.System.ID != made.System.ID || second == secret {
			d.t.Error("a second token is of another system, or the same")
		}
		for _, bad := range []string{"", secret[:len(secret)-1], secret + "A", strings.ToLower(secret), strings.Replace(secret, secret[20:22], "77", 1), "postroom_" + strings.Repeat("A", 52), "Bearer " + secret} {
			if _, err := d.UseToken(ctx, bad); !errors.Is(err, register.ErrNoToken) {
				d.t.Errorf("%q: %v", bad, err)
			}
		}
		for name, want := range map[string]error{"postroom": register.ErrBadName, "Priya (system)": register.ErrBadName, "": register.ErrBadName} {
			if _, _, err := d.AddToken(ctx, name, []register.Grant{register.MaySubmit}); !errors.Is(err, want) {
				d.t.Errorf("%q: %v", name, err)
			}
		}
		for _, may := range [][]register.Grant{nil, {register.MayVouch}, {register.MayRead, register.MayVouch}, {register.MaySubmit, "rule"}} {
			if s, _, err := d.AddToken(ctx, "CRM", may); !errors.Is(err, register.ErrUnknownGrant) || s != "" {
				d.t.Errorf("%v: %q, %v", may, s, err)
			}
		}
		all, err := d.Tokens(ctx)
		d.must(err)
		if len(all) != 2 || all[0].UsedAt != d.clock.Now().Add(-time.Second) || !all[1].UsedAt.IsZero() {
			d.t.Errorf("listed %+v", all)
		}
	})
}

func TestARevokedTokenGrantsNothing(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		a, made := d.token("My Account", register.MaySubmit)
		b, _ := d.token("My Account", register.MaySubmit)
		c, _ := d.token("My Account", register.MaySubmit)
		crm, _ := d.token("CRM", register.MayRead)
		works := func(secrets ...string) {
			d.t.Helper()
			for _, s := range []string{a, b, c, crm} {
				if _, err := d.UseToken(ctx, s); errors.Is(err, register.ErrNoToken) == slices.Contains(secrets, s) {
					d.t.Errorf("%.15s: %v", s, err)
				}
			}
		}
		works(a, b, c, crm)
		n, err := d.RevokeTokens(ctx, "MY ACCOUNT", strings.ToLower(made.Mark))
		d.must(err)
		if works(b, c, crm); n != 1 {
			d.t.Errorf("%d revoked", n)
		}
		if n, err = d.RevokeTokens(ctx, "My Account", made.Mark); err != nil || n != 0 {
			d.t.Errorf("again: %d, %v", n, err)
		}
		n, err = d.RevokeTokens(ctx, "My Account", "")
		d.must(err)
		if works(crm); n != 2 {
			d.t.Errorf("%d revoked", n)
		}
		if _, err = d.RevokeTokens(ctx, "nobody", ""); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("nobody's: %v", err)
		}
		all, err := d.Tokens(ctx)
		d.must(err)
		if len(all) != 4 || all[1].RevokedAt.IsZero() || !all[0].RevokedAt.IsZero() {
			d.t.Errorf("listed %+v", all)
		}
		want := []string{"system_added", "token_added", "token_added", "token_added", "token_revoked", "token_revoked", "token_revoked"}
		if got := d.events("system:" + made.System.ID); !slices.Equal(got, want) {
			d.t.Errorf("history %v", got)
		}
	})
}

// TestAKeyIsForOneThing: the first that comes with a key has it, for good, and
// each system has keys of its own.
func TestAKeyIsForOneThing(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		_, portal := d.token("My Account", register.MaySubmit)
		_, crm := d.token("CRM", register.MaySubmit)
		var wait sync.WaitGroup
		errs := make([]error, 20)
		for i := range errs { // half say one thing under the key and half another
			wait.Go(func() { errs[i] = d.ClaimKey(ctx, portal.System, "key", []string{"one", "other"}[i%2]) })
		}
		wait.Wait()
		fine := map[int]int{}
		for i, err := range errs {
			if err == nil {
				fine[i%2]++
			} else if !errors.Is(err, register.ErrKeyReused) {
				d.t.Error(err)
			}
		}
		if len(fine) != 1 || fine[0]+fine[1] != 10 {
			d.t.Errorf("the key was taken by %v", fine)
		}
		d.must(d.ClaimKey(ctx, crm.System, "key", "a third"))
		d.clock.Advance(3 * 365 * 24 * time.Hour)
		if err := d.ClaimKey(ctx, crm.System, "key", "a fourth"); !errors.Is(err, register.ErrKeyReused) {
			d.t.Errorf("years later: %v", err)
		}
		if portal.System.HandedIn("key") == crm.System.HandedIn("key") || portal.System.HandedIn("key") == portal.System.HandedIn("kez") || strings.Contains(portal.System.HandedIn("Mrs Bowen"), "Bowen") {
			d.t.Error("fingerprints are not what they should be")
		}
	})
}

// handIn is a complaint that a system handed in.
func (d *desk) handIn(s register.System, key, from string) register.Opened {
	d.t.Helper()
	a := registertest.Arrival(key, d.clock.Now())
	a.Fingerprint, a.Channel = s.HandedIn(key), register.Portal
	got := d.receive(a)
	opened, err := d.Open(d.t.Context(), []register.Opening{{Message: got[0].ID, Reading: registertest.Reading(key+"@example.com", from, key), Verdict: registertest.Verdict(classify.Complaint)}})
	d.must(err)
	d.must(opened[0].Err)
	return opened[0]
}

func TestWhatASystemHandedIn(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		_, portal := d.token("My Account", register.MaySubmit)
		_, crm := d.token("CRM", register.MaySubmit)
		gave := func(s register.System, id register.ID) bool {
			d.t.Helper()
			yes, err := d.Gave(ctx, s, id)
			d.must(err)
			return yes
		}
		first, mail := d.handIn(portal.System, "k", "idris@example.com"), d.complaint("by mail", "ann@example.com")
		if !gave(portal.System, first.Case) || gave(crm.System, first.Case) || gave(portal.System, mail.Case) || !portal.System.GaveMessage(d.message(first.Message)) || crm.System.GaveMessage(d.message(first.Message)) {
			d.t.Error("it is not known who handed in what")
		}
		// A case that was merged into another one leads there.
		d.clock.Advance(time.Minute)
		later := d.handIn(crm.System, "k", "idris@example.com")
		d.must(d.Merge(ctx, register.Merging{From: later.Case, Into: first.Case, By: "Priya", Reason: "the same heating"}))
		if !gave(crm.System, first.Case) {
			d.t.Error("what was merged is lost to its system")
		}
		since := d.clock.Now()
		for range 3 {
			d.must(d.SystemViewed(ctx, first.Case, portal.System, since))
		}
		d.must(d.SystemViewed(ctx, first.Case, crm.System, since))
		d.clock.Advance(24 * time.Hour)
		d.must(d.SystemViewed(ctx, first.Case, portal.System, d.clock.Now()))
		views, err := d.CaseViews(ctx, first.Case, 10)
		d.must(err)
		if len(views) != 3 || views[0].By != "My Account (system)" {
			d.t.Errorf("views %+v", views)
		}
	})
}

func TestAnswerBy(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		// Received on Monday 23 November: acknowledged by the 30th, answered ten working days after.
		if got := d.AnswerBy(d.clock.Now()).String(); got != "2026-12-14" {
			d.t.Errorf("answered by %s", got)
		}
	})
}
