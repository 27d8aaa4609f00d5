package web_test

import (
	"flag"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/web"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestTheTableOfRoutes keeps who may reach what where a change of it is seen.
func TestTheTableOfRoutes(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, row := range open(t).pages.Table() {
		var roles []string
		for _, role := range register.Roles() {
			if web.May(role, row.Needs) {
				roles = append(roles, string(role))
			}
		}
		for _, grant := range register.Grants() {
			if web.TokenMay(register.Token{May: []register.Grant{grant}}, row.Needs) {
				roles = append(roles, "token:"+string(grant))
			}
		}
		_, _ = fmt.Fprintf(&b, "%-45s %s\n", row.Pattern, strings.Join(roles, " "))
	}
	const file = "testdata/routes.txt"
	if *update {
		must(t, os.WriteFile(file, []byte(b.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	must(t, err)
	if b.String() != string(want) {
		t.Errorf("who may reach what has changed; if that is meant: go test ./internal/web -run TestTheTableOfRoutes -update\n%s", b.String())
	}
}

// placeholder is a variable part of a pattern.
var placeholder = regexp.MustCompile(`\{[^}]*\}`)

// each tries every route with names of nothing.
func (b *browser) each(try func(method, path string, row web.TableRow)) {
	for _, row := range b.pages.Table() {
		method, path, _ := strings.Cut(row.Pattern, " ")
		try(method, placeholder.ReplaceAllString(strings.TrimSuffix(path, "{$}"), "nothing"), row)
	}
}

func TestEveryRouteForEveryRole(t *testing.T) {
	t.Parallel()
	for _, role := range register.Roles() {
		t.Run(string(role), func(t *testing.T) {
			t.Parallel()
			h, refusals := open(t), 0
			b := h.signedIn("Someone", role)
			b.each(func(method, path string, row web.TableRow) {
				body := ""
				if method == http.MethodPost {
					body = "x=y"
				}
				got := b.send(method, path, body, nil)
				if row.Door { // a cookie opens nothing there
					got.want(t, http.StatusUnauthorized, "no_token")
					return
				}
				if refused := got.status == http.StatusForbidden; refused == web.May(role, row.Needs) && path != "/" {
					t.Errorf("%s: %d", row.Pattern, got.status)
				} else if refused {
					refusals++
				}
				if got.status >= http.StatusInternalServerError {
					t.Errorf("%s: %d\n%s", row.Pattern, got.status, got.body)
				}
			})
			if logged := strings.Count(h.log.String(), "a page was refused"); logged != refusals {
				t.Errorf("%d refusals, %d in the log", refusals, logged)
			}
			if got := b.get("/"); got.status != http.StatusOK && b.get(got.header.Get("Location")).status != http.StatusOK {
				t.Errorf("the first page: %d to %q", got.status, got.header.Get("Location"))
			}
		})
	}
}

func TestEveryRouteForStrangers(t *testing.T) {
	t.Parallel()
	b := open(t).browser()
	b.each(func(method, path string, row web.TableRow) {
		switch got := b.send(method, path, "", nil); {
		case row.Door:
			got.want(t, http.StatusUnauthorized, "no_token")
		case method == http.MethodGet && got.status != http.StatusSeeOther, method == http.MethodPost && got.status != http.StatusForbidden:
			t.Errorf("%s: %d", row.Pattern, got.status)
		}
	})
}

// TestEveryRouteForEveryToken: a token opens what it grants at the door, and is
// a stranger everywhere else.
func TestEveryRouteForEveryToken(t *testing.T) {
	t.Parallel()
	for _, may := range [][]register.Grant{{register.MaySubmit}, {register.MaySubmit, register.MayVouch}, {register.MayRead}, {register.MaySubmit, register.MayVouch, register.MayRead}} {
		t.Run(fmt.Sprint(may), func(t *testing.T) {
			t.Parallel()
			s := open(t).system("My Account", may...)
			s.each(func(method, path string, row web.TableRow) {
				got := s.send(method, path, "", s.shows)
				switch granted := web.TokenMay(register.Token{May: may}, row.Needs); {
				case row.Door && (granted && (got.status == http.StatusForbidden || got.status == http.StatusUnauthorized) || !granted && got.status != http.StatusForbidden):
					t.Errorf("%s: %d", row.Pattern, got.status)
				case !row.Door && method == http.MethodGet && got.status != http.StatusSeeOther, !row.Door && method == http.MethodPost && got.status != http.StatusForbidden:
					t.Errorf("%s: %d", row.Pattern, got.status)
				}
			})
		})
	}
}

func TestNoRouteTakesWhatAnotherSitePosts(t *testing.T) {
	t.Parallel()
	h := open(t)
	b := h.signedIn("Priya", register.Admin)
	b.each(func(method, path string, _ web.TableRow) {
		if method == http.MethodPost {
			b.send(method, path, "x=y", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }).want(t, http.StatusForbidden, "Another website")
		}
	})
	if !strings.Contains(h.log.String(), "another website's post was refused") {
		t.Error("the log does not say that another website's post was refused")
	}
}
