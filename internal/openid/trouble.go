package openid

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// A Trouble says what kind of thing went wrong, for those who tell a visitor.
type Trouble string

// The troubles.
const (
	Away          Trouble = "away"          // the provider does not answer; later it may
	Stale         Trouble = "stale"         // the browser brought back nothing that it was sent off with; begin again
	Refused       Trouble = "refused"       // the provider, or the visitor, said no
	Untrusted     Trouble = "untrusted"     // what came is not what the provider should send
	Misconfigured Trouble = "misconfigured" // the provider does not take our settings
)

// An Error says in its words what is wrong and what an operator does about it.
type Error struct {
	Trouble Trouble
	Err     error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

func away(err error) error      { return &Error{Trouble: Away, Err: err} }
func untrusted(err error) error { return &Error{Trouble: Untrusted, Err: err} }
func misconfigured(format string, args ...any) error {
	return &Error{Trouble: Misconfigured, Err: fmt.Errorf(format, args...)}
}

// discoverError is for a provider that does not say who it is.
func (p *Provider) discoverError(err error) error {
	if wrong, ok := errors.AsType[*oidc.IssuerMismatchError](err); ok {
		return misconfigured("the provider calls itself %q; write exactly that as web.oidc.issuer. With Entra it holds the tenant's id, not its domain", brief(wrong.Discovered))
	}
	if err := unreached(err); err != nil {
		return err
	}
	said := err.Error()
	switch {
	case strings.Contains(said, "AADSTS90002"), strings.Contains(said, "AADSTS900023"):
		return misconfigured("Entra knows no such tenant; take the directory (tenant) id from the application's overview for web.oidc.issuer")
	case strings.HasPrefix(said, "404"), strings.HasPrefix(said, "400"), strings.HasPrefix(said, "3"):
		return misconfigured("there is no provider at web.oidc.issuer: %s/.well-known/openid-configuration answers %s", strings.TrimSuffix(p.config.Issuer, "/"), brief(said[:min(len(said), 3)]))
	case strings.HasPrefix(said, "5"), strings.HasPrefix(said, "429"):
		return away(fmt.Errorf("the provider answers %s; try again later", said[:3]))
	}
	return misconfigured("what answers at web.oidc.issuer is no provider of OpenID Connect; check the address")
}

// unreached is for whoever did not answer; nil: they did.
func unreached(err error) error {
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return away(fmt.Errorf("the provider's certificate is not trusted here: %w; check the machine's roots, and its clock", cert.Err))
	}
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		return away(fmt.Errorf("no address is known for %s; check web.oidc.issuer, and this machine's DNS", dns.Name))
	}
	if u, ok := errors.AsType[*url.Error](err); ok {
		return away(fmt.Errorf("the provider cannot be reached: %w; check web.oidc.issuer, the firewall, and HTTPS_PROXY", u.Err))
	}
	return nil
}

// exchangeError is for a code that was not taken; nil when it was.
func exchangeError(err error) error {
	if err == nil {
		return nil
	}
	refused, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok {
		if err := unreached(err); err != nil {
			return err
		}
		return untrusted(errors.New("what the provider's token endpoint sent cannot be read"))
	}
	if refused.Response != nil && (refused.Response.StatusCode >= http.StatusInternalServerError || refused.Response.StatusCode == http.StatusTooManyRequests) {
		return away(fmt.Errorf("the provider's token endpoint answers %d; try again later", refused.Response.StatusCode))
	}
	return told(refused.ErrorCode, refused.ErrorDescription)
}

// told is what the provider itself says, by the codes of RFC 6749, section
// 4.1.2.1 and 5.2, of Core, section 3.1.2.6, and of Entra.
func told(code, description string) error {
	words := strings.TrimSuffix(fmt.Sprintf("the provider says %s: %s", brief(code), brief(description)), ": ")
	for mark, advice := range map[string]string{
		"AADSTS7000215": "the client secret is wrong; take the secret's value, which is shown once when it is made, and not its ID",
		"AADSTS7000222": "the client secret has run out; make a new one in Entra under Certificates & secrets",
		"AADSTS700016":  "this tenant does not know the application; check web.oidc.client_id and the tenant in web.oidc.issuer",
		"AADSTS50011":   "the redirect address is not registered; add it in Entra under Authentication, Web",
		"AADSTS65001":   "nobody has consented; in Entra open API permissions and grant admin consent",
	} {
		if strings.Contains(description, mark) {
			return misconfigured("%s (%s)", advice, words)
		}
	}
	switch code {
	case "access_denied", "consent_required", "interaction_required", "login_required", "account_selection_required":
		return &Error{Trouble: Refused, Err: errors.New(words + "; in Entra see that the person is assigned to the application")}
	case "server_error", "temporarily_unavailable":
		return away(errors.New(words))
	case "invalid_client":
		return misconfigured("the provider does not know the client, or its secret is wrong; check web.oidc.client_id and the client secret (%s)", words)
	case "unauthorized_client", "invalid_scope", "unsupported_response_type", "unsupported_grant_type":
		return misconfigured("the provider does not let this client sign people in so; allow it the authorization code flow, and check web.oidc.scopes (%s)", words)
	case "invalid_grant":
		return untrusted(errors.New("the provider does not take the code: it was used before, is too old, or the redirect address is another one (" + words + ")"))
	}
	return untrusted(errors.New(words))
}

// verifyError is for a token that does not stand up. The library's words name
// no part of it but issuer, audience and times.
func (p *Provider) verifyError(err error) error {
	if err := unreached(err); err != nil {
		return err
	}
	if _, ok := errors.AsType[*oidc.TokenExpiredError](err); ok {
		return untrusted(errors.New("the token has run out already; check this machine's clock, and let it keep time by NTP"))
	}
	return untrusted(fmt.Errorf("the token is not to be trusted: %s", brief(err.Error())))
}

// longestWords of a provider get into an error.
const longestWords = 300

// brief keeps what others say short and on one line.
func brief(s string) string {
	runes := []rune(strings.Join(strings.Fields(s), " "))
	return string(runes[:min(len(runes), longestWords)])
}
