package notify

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/internal/oauth"
	"postroom/notify/smtptest"
)

// A purse holds tokens, of which the first is shown until it is refused.
type purse struct {
	mu     sync.Mutex
	tokens []string
}

func (p *purse) token(context.Context) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tokens[0], nil
}

func (p *purse) refused(token string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tokens = slices.DeleteFunc(p.tokens, func(t string) bool { return t == token })
}

func (p *purse) smtp(s *smtptest.Server) SMTP {
	return SMTP{
		Host: s.Host(), Port: s.Port(), TLS: NoTLS, Helo: "post.larkmere.example", Timeout: time.Minute, Final: time.Minute, Now: time.Now,
		Auth: AuthOAuth2, Username: "complaints@larkmere.example", Token: p.token, Refused: p.refused,
	}
}

func goodToken(user, token string) bool {
	return user == "complaints@larkmere.example" && token == "good"
}

func TestLoginByToken(t *testing.T) {
	t.Parallel()
	for _, ways := range [][]string{{"XOAUTH2"}, {"OAUTHBEARER"}, {"PLAIN", "XOAUTH2", "OAUTHBEARER"}} {
		t.Run(strings.Join(ways, " "), func(t *testing.T) {
			t.Parallel()
			server := smtptest.Start(t, smtptest.Config{Tokens: goodToken, Ways: ways})
			p := &purse{tokens: []string{"withdrawn", "good"}}
			c := courierTo(t, p.smtp(server))
			// The first token is refused: nothing goes, and the next attempt shows another.
			if r := c.hand(t.Context(), parcelTo("ann@mail.example", nil)); r.fate != tryAgain || !r.down || !strings.HasPrefix(r.code, "535") {
				t.Errorf("%+v", r)
			}
			if r := c.hand(t.Context(), parcelTo("ann@mail.example", nil)); r.fate != sent {
				t.Errorf("%+v", r)
			}
			if got := len(server.Mails()); got != 1 {
				t.Errorf("%d mails arrived", got)
			}
		})
	}
}

func TestNoTokenNoMail(t *testing.T) {
	t.Parallel()
	server := smtptest.Start(t, smtptest.Config{Tokens: goodToken, Ways: []string{"XOAUTH2"}})
	passwords := smtptest.Start(t, smtptest.Config{Username: "u", Password: "p"})
	p := &purse{tokens: []string{"good"}}
	for _, row := range []struct {
		name   string
		server *smtptest.Server
		change func(*SMTP)
		want   string
	}{
		{"the sign-in service is away", server, func(s *SMTP) {
			s.Token = func(context.Context) (string, error) {
				return "", &oauth.Error{Account: "microsoft", Problem: "the client secret has run out"}
			}
		}, "no access token for the mail server is to be had: the client secret has run out"},
		{"a server without tokens", passwords, func(*SMTP) {}, "could not be reached"},
	} {
		s := p.smtp(row.server)
		row.change(&s)
		r := courierTo(t, s).hand(t.Context(), parcelTo("ann@mail.example", nil))
		if r.fate != tryAgain || !r.down || !strings.Contains(r.why, row.want) {
			t.Errorf("%s: %+v", row.name, r)
		}
	}
	s := p.smtp(passwords)
	if err := s.Check(t.Context()); !errors.Is(err, errNoTokens) {
		t.Errorf("check: %v", err)
	}
	s.Token = nil
	if err := s.Validate(); err == nil || !strings.Contains(err.Error(), "oauth2 needs a user and an account") {
		t.Errorf("without an account: %v", err)
	}
}

// Over STARTTLS, as with Microsoft 365; and not without it.
func TestTokenOverTLS(t *testing.T) {
	t.Parallel()
	web := httptest.NewTLSServer(nil)
	t.Cleanup(web.Close)
	roots := x509.NewCertPool()
	roots.AddCert(web.Certificate())
	for _, offered := range []bool{true, false} {
		c := smtptest.Config{Tokens: goodToken, Ways: []string{"XOAUTH2"}}
		if offered {
			c.TLS = &tls.Config{Certificates: web.TLS.Certificates, MinVersion: tls.VersionTLS12}
		}
		p := &purse{tokens: []string{"good"}}
		s := p.smtp(smtptest.Start(t, c))
		s.TLS, s.Config = StartTLS, &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}
		if err := s.Check(t.Context()); (err == nil) != offered {
			t.Errorf("STARTTLS offered %v: %v", offered, err)
		}
	}
}
