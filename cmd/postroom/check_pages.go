package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"os"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

// renewBy is how long before its end a certificate is told of.
const renewBy = 14 * 24 * time.Hour

// checkPages looks at the certificate, and whether anybody can sign in.
func (p *plan) checkPages(ctx context.Context) finding {
	f := finding{name: "pages", found: "none: web.listen is empty"}
	if p.listen == "" || !p.plays("web") {
		return f
	}
	f.found = "on " + p.listen
	if p.tls.certificate != "" {
		pair, err := tls.LoadX509KeyPair(p.tls.certificate, p.tls.key)
		if err != nil {
			f.err = fmt.Errorf("%w; check web.tls_certificate and web.tls_key", err)
			return f
		}
		ends := workday.DateOf(pair.Leaf.NotAfter).Long()
		if p.now().Add(renewBy).After(pair.Leaf.NotAfter) {
			f.err = fmt.Errorf("the certificate ends on %s; renew it and start Postroom again", ends)
			return f
		}
		f.found += ", with a certificate until " + ends
	}
	n, err := p.countAccounts(ctx)
	f.err = err
	switch {
	case n == 0 && p.access.SignOn != nil:
		f.found += "; nobody has signed in yet"
	case n == 0:
		f.found += "; nobody can sign in yet: postroom user add makes an account"
	case n == 1:
		f.found += "; 1 account"
	default:
		f.found += fmt.Sprintf("; %d accounts", n)
	}
	return f
}

// countAccounts counts who can sign in; a register that is not there yet has
// nobody, and one that cannot be opened is told of elsewhere.
func (p *plan) countAccounts(ctx context.Context) (int, error) {
	if p.driver == "sqlite" {
		if _, err := os.Stat(p.dsn); err != nil {
			return 0, nil // it will be made
		}
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	r, err := register.Connect(ctx, p.registerConfig(false))
	if err != nil {
		return 0, err
	}
	defer r.Close() //nolint:errcheck // only looked at
	accounts, err := r.Accounts(ctx)
	n := 0
	for _, a := range accounts {
		if a.DisabledAt.IsZero() {
			n++
		}
	}
	return n, err
}
