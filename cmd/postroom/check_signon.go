package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"postroom/internal/web"
)

// checkSignOn asks the organisation's sign-in who it is, and whether it knows
// us. What only a browser shows, the redirect address, is named.
func (p *plan) checkSignOn(ctx context.Context) (finding, bool) {
	on := p.access.SignOn
	if on == nil || p.listen == "" || !p.plays("web") {
		return finding{}, false
	}
	f := finding{name: "sign-in"}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	found, err := on.Provider.Check(ctx)
	if err != nil {
		f.err = err
		return f, true
	}
	if found.Skew != 0 {
		f.clock = signOnClock(-found.Skew)
	}
	if skew := skewWords(found.Skew); skew != "" {
		f.err = errors.New(skew + "; let it keep time by NTP, or sign-ins will fail")
		return f, true
	}
	home := strings.TrimSuffix(on.Provider.Redirect(), web.SignOnBack)
	f.found = fmt.Sprintf("%s answers; register there as redirect address %s", on.Provider.Issuer(), on.Provider.Redirect())
	if found.SignOut {
		f.found += ", after signing out " + home + "/sign-in"
	}
	return f, true
}
