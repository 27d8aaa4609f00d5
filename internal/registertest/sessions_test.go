package registertest_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
)

const issuer = "https://signin.citrine.example"

func priya() register.Vouched {
	return register.Vouched{Issuer: issuer, Subject: "s-1", FullName: "Priya Nandakumar", Email: "priya@citrine.example", Role: register.Reviewer, Outside: "sid-1"}
}

func (d *desk) vouch(token string, v register.Vouched) (register.Account, error) {
	d.t.Helper()
	return d.SignInVouched(d.t.Context(), v, register.NewSession{Token: token, Address: "192.0.2.1", Device: "Firefox on Windows", Idle: time.Hour, Longest: 8 * time.Hour})
}

func (d *desk) vouched(token string, v register.Vouched) register.Account {
	d.t.Helper()
	a, err := d.vouch(token, v)
	d.must(err)
	return a
}

// ended reports which of the sessions are over.
func (d *desk) ended(tokens ...string) (over []string) {
	d.t.Helper()
	for _, token := range tokens {
		switch err := d.use(token); {
		case errors.Is(err, register.ErrNoSession):
			over = append(over, token)
		default:
			d.must(err)
		}
	}
	return over
}

func (d *desk) wantEnded(what string, want, of []string) {
	d.t.Helper()
	if got := d.ended(of...); !slices.Equal(got, want) {
		d.t.Errorf("%s: ended are %v, want %v", what, got, want)
	}
}

func TestSomebodyIsVouchedFor(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		a := d.vouched("one", priya())
		v := priya()
		v.FullName, v.Email, v.Role = "Priya Khan", "priya.khan@citrine.example", register.Manager
		b := d.vouched("two", v)
		if b.ID != a.ID || b.Name != "Priya Nandakumar" || b.FullName != "Priya Khan" || b.Email != v.Email || b.Role != register.Manager {
			d.t.Errorf("the second time: %+v, the first %+v", b, a)
		}
		now, err := d.UseSession(d.t.Context(), "one", time.Hour)
		d.must(err)
		if now.Role != register.Manager || now.Subject != "s-1" || now.Issuer != issuer {
			d.t.Errorf("the first session has %+v", now)
		}
		want := []string{"account_added", "signed_in", "role_changed", "signed_in"}
		if got := d.events("account:" + a.ID); !slices.Equal(got, want) {
			d.t.Errorf("history %v, want %v", got, want)
		}
		// An account without a password is opened by none, the empty one included.
		c, err := d.TrySignIn(d.t.Context(), a.Name, "192.0.2.1")
		if err != nil || c.Hash != "" {
			d.t.Errorf("to compare with: %+v, %v", c, err)
		}
		err = d.StartSession(d.t.Context(), register.NewSession{Token: "three", Account: a.ID, Idle: time.Hour, Longest: time.Hour})
		if !errors.Is(err, register.ErrNoSession) {
			d.t.Errorf("with no password: %v", err)
		}
		if err := d.SetPassword(d.t.Context(), a.Name, "hash"); !errors.Is(err, register.ErrVouchedFor) {
			d.t.Errorf("a password for it: %v", err)
		}
	})
}

func TestWhoIsVouchedForAndStillNotLetIn(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		none := priya()
		none.Role = ""
		if _, err := d.vouch("x", none); !errors.Is(err, register.ErrNoRole) {
			d.t.Errorf("a stranger without a role: %v", err)
		}
		if all, err := d.Accounts(d.t.Context()); err != nil || len(all) != 0 {
			d.t.Errorf("accounts: %+v, %v", all, err)
		}
		a := d.vouched("one", priya())
		if _, err := d.vouch("two", none); !errors.Is(err, register.ErrNoRole) {
			d.t.Errorf("without a role any more: %v", err)
		}
		d.wantEnded("the role is gone", []string{"one", "two"}, []string{"one", "two"})
		d.must(d.DisableAccount(d.t.Context(), a.Name, "Tom"))
		if _, err := d.vouch("three", priya()); !errors.Is(err, register.ErrDisabled) {
			d.t.Errorf("disabled here: %v", err)
		}
		king := priya()
		king.Role, king.Subject = "king", "s-9"
		if _, err := d.vouch("four", king); !errors.Is(err, register.ErrUnknownRole) {
			d.t.Errorf("a king: %v", err)
		}
	})
}

// TestOneNameTwice: an address book with two people of one name, and one whose
// name is an officer's who has a password.
func TestOneNameTwice(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		local := d.officer("priya nandakumar", register.Admin)
		second, third := priya(), priya()
		third.Subject = "s-2"
		b, c := d.vouched("b", second), d.vouched("c", third)
		if b.Name != "Priya Nandakumar 2" || c.Name != "Priya Nandakumar 3" || b.ID == c.ID || b.ID == local.ID {
			d.t.Errorf("%q and %q", b.Name, c.Name)
		}
		again := priya()
		again.Issuer = "https://elsewhere.example" // calls somebody else s-1
		if e := d.vouched("e", again); e.ID == b.ID {
			d.t.Error("two issuers' s-1 are one person")
		}
		d.must(d.JoinAccounts(d.t.Context(), local.Name, b.Name))
		d.wantEnded("joined", []string{"b"}, []string{"b", "c"})
		if a := d.vouched("later", priya()); a.ID != local.ID || a.Name != "priya nandakumar" || a.Role != register.Reviewer {
			d.t.Errorf("after joining: %+v", a)
		}
		if err := d.JoinAccounts(d.t.Context(), local.Name, c.Name); !errors.Is(err, register.ErrConflict) {
			d.t.Errorf("joined twice: %v", err)
		}
		if err := d.JoinAccounts(d.t.Context(), "Tom", c.Name); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("joined to nobody: %v", err)
		}
	})
}

func TestNamesThatIssuersTell(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		for i, row := range []struct{ full, email, want string }{
			{"Nandakumar, Priya (Contractor)", "", "Nandakumar Priya Contractor"},
			{"Siân O’Neill", "", "Siân O'Neill"},
			{"", "tom.askew@citrine.example", "tom.askew@citrine.example"},
			{"postroom", "", "Officer"},
			{"<script>alert(1)</script>", "", "script alert 1 script"},
			{"", "", "Officer 2"},
			{"  .. 7 of Nine -", "", "of Nine"},
			{strings.Repeat("Wassertropfen", 10), "", strings.Repeat("Wassertropfen", 10)[:56]},
			{"Rules@7", "gwen@citrine.example", "gwen@citrine.example"},
			{"प्रिया", "", "प्रिया"},
		} {
			v := register.Vouched{Issuer: issuer, Subject: strings.Repeat("n", i+1), FullName: row.full, Email: row.email, Role: register.Auditor}
			if a := d.vouched(v.Subject, v); a.Name != row.want {
				d.t.Errorf("%q, %q: the history says %q, want %q", row.full, row.email, a.Name, row.want)
			}
		}
	})
}

func TestSessionsAreLookedAtAndEnded(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		tom := d.officer("Tom", register.Admin)
		a := d.vouched("one", priya())
		d.clock.Advance(2 * time.Minute)
		d.vouched("two", priya())
		d.signIn("toms", tom)
		own, err := d.Sessions(ctx, a.ID, "one")
		d.must(err)
		all, err := d.Sessions(ctx, "", "toms")
		d.must(err)
		if len(own) != 2 || !own[1].This || own[0].This || own[0].Device != "Firefox on Windows" || own[0].Address != "192.0.2.1" || own[0].Name != "Priya Nandakumar" || len(all) != 3 {
			d.t.Fatalf("own %+v, all %+v", own, all)
		}
		if err := d.EndSessionOf(ctx, tom.ID, own[0].ID, "Tom"); !errors.Is(err, register.ErrNotFound) {
			d.t.Errorf("somebody else's by one's own account: %v", err)
		}
		d.must(d.EndSessionOf(ctx, a.ID, own[0].ID, "Tom"))
		d.wantEnded("one of them", []string{"two"}, []string{"one", "two", "toms"})
		d.vouched("three", priya())
		d.must(d.EndSessionsBut(ctx, a.ID, "three", a.Name))
		d.wantEnded("all others", []string{"one"}, []string{"one", "three", "toms"})
		d.must(d.EndSessionsBut(ctx, a.ID, "", "Tom"))
		d.must(d.EndSessionsBut(ctx, a.ID, "", "Tom")) // there is none
		d.wantEnded("all", []string{"three"}, []string{"three", "toms"})
		want := []string{"account_added", "signed_in", "signed_in", "session_ended", "signed_in", "sessions_ended", "sessions_ended"}
		if got := d.events("account:" + a.ID); !slices.Equal(got, want) {
			d.t.Errorf("history %v, want %v", got, want)
		}
		d.clock.Advance(9 * time.Hour)
		if all, err = d.Sessions(ctx, "", ""); err != nil || len(all) != 0 {
			d.t.Errorf("sessions that ended by themselves: %+v, %v", all, err)
		}
	})
}

func TestAnIssuerSaysThatSomebodySignedOut(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		second, other := priya(), priya()
		second.Outside, other.Subject, other.FullName = "sid-2", "s-2", "Tom Askew"
		d.vouched("one", priya())
		d.vouched("two", second)
		d.vouched("tom", other)
		all := []string{"one", "two", "tom"}
		now := d.clock.Now()
		for name, o := range map[string]register.SignedOut{
			"nobody": {Issuer: issuer, Before: now}, "no issuer": {Subject: "s-1", Before: now}, "another issuer": {Issuer: issuer + "/", Subject: "s-1", Before: now},
			"before they signed in": {Issuer: issuer, Subject: "s-1", Before: now.Add(-time.Second)}, "a session of nobody": {Issuer: issuer, Outside: "sid-9", Before: now},
		} {
			d.must(d.EndVouched(ctx, o))
			d.wantEnded(name, nil, all)
		}
		d.must(d.EndVouched(ctx, register.SignedOut{Issuer: issuer, Subject: "s-1", Outside: "sid-2", Before: now}))
		d.wantEnded("one session", []string{"two"}, all)
		d.must(d.EndVouched(ctx, register.SignedOut{Issuer: issuer, Outside: "sid-1", Before: now})) // Tom's has that name too
		d.wantEnded("by the session's name", all, all)
		d.vouched("four", priya())
		d.must(d.EndVouched(ctx, register.SignedOut{Issuer: issuer, Subject: "s-1", Before: now}))
		d.wantEnded("all of a person", []string{"four"}, []string{"four"})
	})
}

func TestTheLastAdmin(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := d.t.Context()
		d.officer("Tom", register.Admin)
		d.officer("Gwen", register.Admin)
		d.must(d.DisableAccount(ctx, "Gwen", "Tom"))
		if err := d.DisableAccount(ctx, "Tom", "Tom"); !errors.Is(err, register.ErrLastAdmin) {
			d.t.Errorf("the last admin from a page: %v", err)
		}
		d.must(d.DisableAccount(ctx, "Tom", register.CommandLine))
	})
}
