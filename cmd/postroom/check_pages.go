package main

import (
	"context"
	"crypto/tls"
	"fmt"
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
	accounts, tokens, err := p.countComers(ctx)
	f.err = err
	switch {
	case accounts == 0 && p.access.SignOn != nil:
		f.found += "; nobody has signed in yet"
	case accounts == 0:
		f.found += "; nobody can sign in yet: postroom user add makes an account"
	default:
		f.found += "; " + counted(accounts, "account")
	}
	switch {
	case p.api && tokens > 0:
		f.found += "; " + counted(tokens, "token") + " for other systems"
	case p.api:
		f.found += "; other systems may come in, and none has a token: postroom token add makes one"
	}
	return f
}

// countComers counts the accounts that can sign in and the tokens that count; a
// register that is not there yet has none, and one that cannot be opened is
// told of elsewhere.
func (p *plan) countComers(ctx context.Context) (accounts, tokens int, err error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if there, err := register.There(ctx, p.driver, p.dsn); !there && (err == nil || p.driver == "sqlite") {
		return 0, 0, nil // it will be made, or the line about the register says why not
	}
	r, err := register.Connect(ctx, p.registerConfig(false))
	if err != nil {
		return 0, 0, err
	}
	defer r.Close() //nolint:errcheck // only looked at
	people, err := r.Accounts(ctx)
	if err != nil {
		return 0, 0, err
	}
	for _, a := range people {
		if a.DisabledAt.IsZero() {
			accounts++
		}
	}
	all, err := r.Tokens(ctx)
	for _, k := range all {
		if k.RevokedAt.IsZero() {
			tokens++
		}
	}
	return accounts, tokens, err
}
