package oauth

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"postroom/internal/oneline"
)

// An Error says why there is no token, and what an administrator can do. It
// holds no secret.
type Error struct {
	Account string
	Problem string // in words, with what to do
	Code    string // such as AADSTS7000222 or invalid_grant; empty: no answer came
	Skew    time.Duration

	said string // in the service's own words
}

// Error gives one line.
func (e *Error) Error() string {
	text := fmt.Sprintf("oauth %q: %s", e.Account, e.Problem)
	if e.Code != "" {
		text += " (" + e.Code + ")"
	}
	if note := SkewNote(e.Skew); note != "" {
		text += "; " + note
	}
	if e.said != "" {
		text += ": " + e.said
	}
	return text
}

// SkewNote says that our clock is wrong, when it is so wrong that sign-in
// services mind; otherwise it is empty.
func SkewNote(skew time.Duration) string {
	switch skew = skew.Round(time.Second); {
	case skew > tolerable:
		return fmt.Sprintf("this machine's clock is %v ahead of the sign-in service's; let it keep time by NTP", skew)
	case skew < -tolerable:
		return fmt.Sprintf("this machine's clock is %v behind the sign-in service's; let it keep time by NTP", -skew)
	}
	return ""
}

// tolerable is less than the five minutes that the services allow.
const tolerable = 2 * time.Minute

const (
	unreachable = "the sign-in service cannot be reached; check token_endpoint, the DNS, the firewall and the proxy (HTTPS_PROXY)"
	noAnswer    = "what answers at token_endpoint gives no tokens; check the address, and whether a proxy answers in its place"
)

// unreached says why nothing came back. Of the error only the inner part is
// told: the outer one names the address, which the account's name stands for.
func (a *Account) unreached(err error) *Error {
	var (
		outer   *url.Error
		expired x509.CertificateInvalidError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		dns     *net.DNSError
	)
	e := &Error{Problem: unreachable, said: err.Error()}
	if errors.As(err, &outer) {
		e.said = outer.Err.Error()
	}
	e.said = a.clean(e.said) // it may repeat a header of the answer
	switch {
	case errors.As(err, &expired) && expired.Reason == x509.Expired:
		e.Problem = fmt.Sprintf("the sign-in service's certificate is not valid at this machine's time, %s; check the clock", a.config.Now().UTC().Format("2 January 2006 15:04 UTC"))
	case errors.As(err, &unknown), errors.As(err, &name):
		e.Problem = "the sign-in service's certificate is not trusted; check token_endpoint, and whether a proxy opens the connection"
	case errors.As(err, &dns):
		e.Problem = "the name of the sign-in service is not known to the DNS; check token_endpoint and the DNS"
	case errors.Is(err, context.DeadlineExceeded):
		e.said = "it does not answer in time"
	}
	return e
}

var microsoftCode = regexp.MustCompile(`AADSTS\d{4,8}`)

// refusal turns the service's no into words.
func (a *Account) refusal(g answer, skew time.Duration) *Error {
	e := &Error{Code: oneline.Of(a.without(g.Error), 60), Skew: skew, said: a.clean(g.Description)}
	if code := microsoftCode.FindString(g.Description); code != "" {
		e.Code = code
		if e.Problem = microsoftAdvice()[code]; e.Problem != "" {
			return e
		}
	}
	if e.Problem = standardAdvice()[g.Error]; e.Problem == "" {
		e.Problem = "the sign-in service gives no token; look the code up in its documentation"
	}
	return e
}

// clean keeps the first sentence or two of the service's own words, without our
// secrets: what follows are trace numbers and times.
func (a *Account) clean(said string) string {
	said, _, _ = strings.Cut(a.without(said), "Trace ID:")
	return oneline.Of(said, 300)
}

// without takes our secrets out of what the service said.
func (a *Account) without(said string) string {
	for _, secret := range []string{a.config.Secret, a.config.RefreshToken, a.refresh} {
		if secret != "" {
			said = strings.ReplaceAll(said, secret, "…")
		}
	}
	return said
}

func (a *Account) failed(e *Error) error {
	e.Account = a.config.Name
	return e
}
