package web

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"postroom/internal/register"
)

// apiPath is where other systems of the landlord's come in, each with a token.
// A cookie opens nothing there, and a token opens no page.
const apiPath = "/api/"

// What the door bears.
const (
	doorPatience = 2 * time.Minute // with one call
	callsAtOnce  = 4               // read at once: what is sent is held in memory
	mostCalls    = 120             // of one token in a minute, in each process
)

// A call is what a system asks for, who has shown its token.
type call func(w http.ResponseWriter, r *http.Request, k register.Token)

// rightsOfToken is the table of who may do what among systems, as rightsOf is
// among people.
func rightsOfToken(k register.Token) (all []right) {
	if k.Grants(register.MaySubmit) {
		all = append(all, mayHandIn, mayAsk)
	}
	if k.Grants(register.MayRead) {
		all = append(all, mayAsk, mayAskAll)
	}
	return all
}

func tokenMay(k register.Token, r right) bool { return slices.Contains(rightsOfToken(k), r) }

// openDoor puts the routes for other systems into the mux.
func (d *Desk) openDoor(mux *http.ServeMux) {
	if !d.c.API {
		mux.HandleFunc(apiPath, func(w http.ResponseWriter, r *http.Request) {
			d.refuse(w, r, refusal{Status: http.StatusNotFound, Code: "closed", Detail: "No other system can come in here. The operator opens this door with web.api."})
		})
		return
	}
	mux.HandleFunc("GET "+apiPath+"v1/openapi.yaml", openAPI)
	methods := map[string]string{apiPath + "v1/openapi.yaml": "GET, HEAD"}
	for _, rt := range d.routes() {
		if rt.door == nil {
			continue
		}
		mux.HandleFunc(rt.pattern, d.atDoor(rt))
		method, path, _ := strings.Cut(rt.pattern, " ")
		if method == http.MethodGet {
			method = "GET, HEAD"
		}
		methods[path] = method
	}
	for path, allowed := range methods {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Allow", allowed)
			d.refuse(w, r, refusal{Status: http.StatusMethodNotAllowed, Code: "wrong_method", Detail: "This address takes " + allowed + " alone."})
		})
	}
	mux.HandleFunc(apiPath, d.nothingThere)
}

// callingSystem is where a call's context has its system's name, for the log.
type callingSystem struct{}

// atDoor lets in a system whose token has the route's right.
func (d *Desk) atDoor(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		defer patient(w, r, doorPatience, largestCall)()
		ctx, cancel := context.WithTimeout(r.Context(), doorPatience)
		defer cancel()
		r = r.WithContext(ctx)
		k, ok := d.caller(w, r)
		if !ok {
			return
		}
		r = r.WithContext(context.WithValue(ctx, callingSystem{}, k.System.Name))
		if !tokenMay(k, rt.needs) {
			d.refuse(w, r, refusal{Status: http.StatusForbidden, Code: "not_granted", Detail: "This token may not do that. The operator makes one that may with: postroom token add -may."})
			return
		}
		if wait := d.callers.wait(k.ID, d.c.Now()); wait > 0 {
			d.refuse(w, r, refusal{Status: http.StatusTooManyRequests, Code: "too_many", Retry: wait, Detail: "This token was used too often within a minute. Wait as long as Retry-After says, and send it again with the same key."})
			return
		}
		rt.door(w, r, k)
	}
}

// caller finds the token of a call (RFC 6750), or refuses it.
func (d *Desk) caller(w http.ResponseWriter, r *http.Request) (k register.Token, ok bool) {
	all := r.Header.Values("Authorization")
	scheme, secret, _ := strings.Cut(strings.Join(all, ","), " ")
	if len(all) != 1 || !strings.EqualFold(scheme, "Bearer") {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Postroom"`)
		d.refuse(w, r, refusal{Status: http.StatusUnauthorized, Code: "no_token", Detail: "Send the token of your system with each request: Authorization: Bearer postroom_…"})
		return k, false
	}
	k, err := d.c.Register.UseToken(r.Context(), strings.TrimSpace(secret))
	if errors.Is(err, register.ErrNoToken) {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Postroom", error="invalid_token"`)
		d.refuse(w, r, refusal{Status: http.StatusUnauthorized, Code: "unknown_token", Detail: "This token is unknown here, or was revoked. The operator makes another one with: postroom token add."})
		return k, false
	}
	if err != nil {
		d.away(w, r, err)
	}
	return k, err == nil
}

// callers bound how often each token is used. There are no more of them than
// tokens that count.
type callers struct {
	mu  sync.Mutex
	all map[register.ID]*rate.Limiter
}

// wait is how long a token has to wait; 0: it need not.
func (c *callers) wait(token register.ID, now time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all == nil {
		c.all = map[register.ID]*rate.Limiter{}
	}
	if c.all[token] == nil {
		c.all[token] = rate.NewLimiter(rate.Limit(mostCalls)/60, mostCalls)
	}
	turn := c.all[token].ReserveN(now, 1)
	wait := turn.DelayFrom(now)
	if wait > 0 {
		turn.CancelAt(now)
	}
	return wait
}

// away says that what we need is away. Whatever it is, the call may be made
// again: the key sees to it that nothing is taken in twice.
func (d *Desk) away(w http.ResponseWriter, r *http.Request, err error) {
	d.c.Logger.ErrorContext(r.Context(), "a call at the door failed", slog.Any("error", err))
	d.refuse(w, r, refusal{
		Status: http.StatusServiceUnavailable, Code: "unavailable", Retry: 30 * time.Second, Number: number(r.Context()),
		Detail: "Postroom cannot do this at the moment. Send it again later with the same key: nothing is taken in twice. If it goes on, tell the operator the number.",
	})
}
