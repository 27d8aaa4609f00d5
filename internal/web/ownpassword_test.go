package web_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
	"postroom/internal/web"
)

func TestChangingOnesOwnPassword(t *testing.T) {
	t.Parallel()
	const better = "kettle otter ladder"
	h := openForLong(t, registertest.SQLite)
	here := h.signedIn("Priya Nandakumar", register.Auditor)
	there, tom := h.again("Priya Nandakumar"), h.signedIn("Tom", register.Reviewer)
	here.get("/sessions").want(t, http.StatusOK, `href="/password"`)
	here.get("/password").want(t, http.StatusOK, `autocomplete="current-password"`)
	change := func(now, next, again string) page {
		return here.post("/password", form("now", now, "new", next, "again", again))
	}
	for _, c := range []struct {
		now, next, again string
		status           int
		says             string
	}{
		{"", better, better, http.StatusUnprocessableEntity, "Type the password that you sign in with now"},
		{secret, "short", "short", http.StatusUnprocessableEntity, "at least 12 characters"},
		{secret, "Priya Nandakumar 2026", "Priya Nandakumar 2026", http.StatusUnprocessableEntity, "anybody would try here"},
		{secret, "citrine homes 1", "citrine homes 1", http.StatusUnprocessableEntity, "anybody would try here"},
		{secret, secret, secret, http.StatusUnprocessableEntity, "the password that you have"},
		{secret, better, better + "s", http.StatusUnprocessableEntity, "the two differ"},
		{"not her password", better, better, http.StatusForbidden, "this is not it"},
	} {
		got := change(c.now, c.next, c.again)
		got.want(t, c.status, "Your password is still the old one", c.says)
		if strings.Contains(got.body, `value="`+secret) || strings.Contains(got.body, better) {
			t.Errorf("%s: a password is in the page", c.says)
		}
	}
	there.get("/sessions").want(t, http.StatusOK) // nothing ended yet
	if got := change(secret, better, better); got.status != http.StatusSeeOther || got.header.Get("Location") != "/sessions?password=changed" {
		t.Fatalf("%d to %s\n%s", got.status, got.header.Get("Location"), got.body)
	}
	here.get("/sessions?password=changed").want(t, http.StatusOK, "Your password is changed", "Here alone")
	there.get("/sessions").want(t, http.StatusSeeOther)
	tom.get("/sessions").want(t, http.StatusOK)
	b := h.browser()
	b.post("/sign-in", form("account", "Priya Nandakumar", "password", secret)).want(t, http.StatusForbidden)
	b.post("/sign-in", form("account", "Priya Nandakumar", "password", better)).want(t, http.StatusSeeOther)
	if log := h.log.String(); strings.Contains(log, better) || strings.Contains(log, "Priya") || !strings.Contains(log, "a password was changed by its owner") {
		t.Errorf("the log: %s", log)
	}
	all, err := h.register.Accounts(t.Context())
	must(t, err)
	for _, a := range all {
		if what, by := h.events("account:" + a.ID); a.Name != "Tom" && by[slices.Index(what, "password_changed")] != a.Name {
			t.Errorf("history %v by %v", what, by)
		}
	}
}

// TestAnOpenDeskIsNotEnough: whoever finds the pages open cannot guess on.
func TestAnOpenDeskIsNotEnough(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Reviewer)
	try := func(now string) page {
		return b.post("/password", form("now", now, "new", "kettle otter ladder", "again", "kettle otter ladder"))
	}
	for range 5 {
		try("a wrong password").want(t, http.StatusForbidden)
	}
	try(secret).want(t, http.StatusTooManyRequests, "too many wrong tries")
	h.clock.Advance(register.TriesClosed + time.Second)
	try(secret).want(t, http.StatusSeeOther)
}

// TestNoPasswordHere: who signs in with the organisation's own sign-in has none.
func TestNoPasswordHere(t *testing.T) {
	t.Parallel()
	h, _ := openLying(t, web.Access{})
	b := h.browser()
	b.signOn("/").want(t, http.StatusSeeOther)
	if got := b.get("/sessions"); strings.Contains(got.body, "/password") {
		t.Error("it is offered")
	}
	b.get("/password").want(t, http.StatusNotFound, "Your password is not kept here")
	b.post("/password", form("now", "", "new", "kettle otter ladder", "again", "kettle otter ladder")).want(t, http.StatusNotFound, "Change its password there")
}
