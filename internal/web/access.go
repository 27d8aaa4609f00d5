package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"postroom/internal/password"
	"postroom/internal/register"
)

// Access says who reaches the pages, and how.
type Access struct {
	Idle    time.Duration // a session that is not used so long ends; 0: an hour
	Longest time.Duration // no session lasts longer; 0: twelve hours
	// SecureCookies: browsers reach us by TLS, ours or a proxy's.
	SecureCookies bool
	BehindProxy   bool   // the last X-Forwarded-For is who asks
	Address       string // by which staff reach the pages, such as "https://postroom.landlord.example"; may be empty
	// AnyHost: requests may name this machine as they like. Otherwise they
	// name it as Address or as loopback does, so that a page of somebody
	// else's cannot reach us under a name of its own (DNS rebinding).
	AnyHost bool
	Cost    password.Cost // of the decoy; zero: the usual one
	// SignOn is the organisation's own sign-in; nil: there is none.
	SignOn    *SignOn
	Passwords Passwords // who may sign in with one; empty: everybody
}

func (a Access) withDefaults() Access {
	if a.Idle == 0 {
		a.Idle = time.Hour
	}
	if a.Longest == 0 {
		a.Longest = 12 * time.Hour
	}
	if a.Cost == (password.Cost{}) {
		a.Cost = password.Usual()
	}
	a.Passwords = cmp.Or(a.Passwords, ForEverybody)
	return a
}

// rightHost refuses requests under names that are not ours.
func (d *Desk) rightHost(next http.Handler) http.Handler {
	names := []string{"localhost"}
	if u, err := url.Parse(d.c.Access.Address); err == nil && u.Hostname() != "" {
		names = append(names, strings.ToLower(u.Hostname()))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		ip := net.ParseIP(strings.Trim(host, "[]"))
		if d.c.Access.AnyHost || slices.Contains(names, strings.ToLower(host)) || ip != nil && ip.IsLoopback() {
			next.ServeHTTP(w, r)
			return
		}
		if forSystems(r) {
			d.refuse(w, r, refusal{Status: http.StatusForbidden, Code: "wrong_name", Detail: "Postroom is not served under this name. Call it by the name that the operator has set as web.address."})
			return
		}
		http.Error(w, "The pages are not served under this name. The operator sets it as web.address.", http.StatusForbidden)
	})
}

// cookieName is bound to this very host where TLS allows it (RFC 6265bis,
// section 4.1.3.2).
func (a Access) cookieName() string {
	if a.SecureCookies {
		return "__Host-postroom"
	}
	return "postroom"
}

func (a Access) cookie(token string) *http.Cookie {
	//nolint:gosec // without TLS, on loopback alone, a Secure cookie would not come back
	c := &http.Cookie{Name: a.cookieName(), Value: token, Path: "/", HttpOnly: true, Secure: a.SecureCookies, SameSite: http.SameSiteLaxMode}
	if token == "" {
		c.MaxAge = -1
	}
	return c
}

// sessionToken is what the register knows a session by.
func (a Access) sessionToken(r *http.Request) string {
	c, err := r.Cookie(a.cookieName())
	if err != nil || c.Value == "" {
		return ""
	}
	return tokenHash(c.Value)
}

func tokenHash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// client is the address that a try to sign in counts for. A whole IPv6 /64 is
// one customer's.
func (a Access) client(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	if forwarded := r.Header.Values("X-Forwarded-For"); a.BehindProxy && len(forwarded) > 0 {
		all := strings.Split(forwarded[len(forwarded)-1], ",")
		host = strings.TrimSpace(all[len(all)-1])
	}
	ip, err := netip.ParseAddr(host)
	if both, errs := netip.ParseAddrPort(host); err != nil && errs == nil { // as some proxies write it
		ip, err = both.Addr(), nil
	}
	if err != nil {
		return "unknown"
	}
	ip = ip.Unmap().WithZone("")
	if ip.Is6() {
		prefix, _ := ip.Prefix(64) // 64 fits
		return prefix.String()
	}
	return ip.String()
}

// visitor is who asks, if they are signed in.
func (d *Desk) visitor(r *http.Request) (register.Account, error) {
	token := d.c.Access.sessionToken(r)
	if token == "" {
		return register.Account{}, register.ErrNoSession
	}
	who, err := d.c.Register.UseSession(r.Context(), token, d.c.Access.Idle)
	if err == nil && !d.c.Access.mayStay(who) {
		return register.Account{}, register.ErrNoSession
	}
	return who, err
}

// An action is a page that knows who asks for it.
type action func(w http.ResponseWriter, r *http.Request, who register.Account)

// staff lets in whoever is signed in.
func (d *Desk) staff(do action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		who, err := d.visitor(r)
		if errors.Is(err, register.ErrNoSession) {
			d.askSignIn(w, r)
			return
		}
		if err != nil {
			d.failed(w, r, err)
			return
		}
		do(w, r, who)
	}
}

// largestForm bounds what a form may post, in bytes.
const largestForm = 256 << 10

// readForm reads a form, or says why not.
func (d *Desk) readForm(w http.ResponseWriter, r *http.Request) bool {
	r.Body = http.MaxBytesReader(w, r.Body, largestForm)
	err := r.ParseForm()
	if err == nil {
		storableForm(r.PostForm)
		storableForm(r.Form)
		return true
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		d.problem(w, r, http.StatusRequestEntityTooLarge, "Too much text", "What was sent is too long. Go back and shorten it; what you typed is still there.")
		return false
	}
	d.problem(w, r, http.StatusBadRequest, "Not understood", "The browser sent something that is no form. Nothing was done.")
	return false
}
