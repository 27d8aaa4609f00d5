package ingest

import (
	"context"
	"errors"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"

	"postroom/internal/oauth"
)

// login asks for the password or token anew each time, since a token is
// short-lived, and reads what the server can do.
func (s *session) login(ctx context.Context) error {
	secret, err := s.mailbox.Password(ctx)
	if _, ok := errors.AsType[*oauth.Error](err); ok {
		return s.mailbox.trouble(NoToken, err)
	}
	if err != nil {
		return s.mailbox.trouble(LoginRefused, err)
	}
	err = s.watch(ctx, "log in", s.mailbox.Timeouts.Command, func(*watchdog) error {
		if s.client.State() == imap.ConnStateAuthenticated { // PREAUTH
			return nil
		}
		return s.authenticate(secret)
	})
	if err != nil {
		if isRefusal(err) && s.mailbox.Refused != nil {
			s.mailbox.Refused(secret)
		}
		return s.mailbox.trouble(LoginRefused, err)
	}
	err = s.watch(ctx, "ask what the server can do", s.mailbox.Timeouts.Command, func(*watchdog) error {
		if s.caps = s.client.Caps(); s.caps == nil {
			return errors.New("no list of capabilities came")
		}
		return nil
	})
	if err != nil {
		return s.mailbox.trouble(Unreachable, err)
	}
	return nil
}

func (s *session) authenticate(secret string) error {
	caps := s.client.Caps()
	switch {
	case s.mailbox.Auth == OAuth2:
		offers := func(mechanism string) bool { return caps.Has(imap.AuthCap(mechanism)) }
		m := s.mailbox
		login := oauth.NewLogin(offers, m.User, m.Host, m.Port, secret)
		if login == nil {
			return errors.New("the server offers no login with a token on this connection (neither AUTH=OAUTHBEARER nor AUTH=XOAUTH2)")
		}
		return s.client.Authenticate((*bearer)(login))
	case caps.Has(imap.CapLoginDisabled):
		return errors.New("the server takes no passwords on this connection; use tls or starttls")
	case caps.Has(imap.AuthCap(sasl.Plain)) && !isASCII(s.mailbox.User+secret):
		// LOGIN is defined for ASCII alone (RFC 9051, section 6.2.3).
		return s.client.Authenticate(sasl.NewPlainClient("", s.mailbox.User, secret))
	}
	return s.client.Login(s.mailbox.User, secret).Wait()
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > 126 || r < 32 })
}

// A bearer shows a token; go-sasl knows only one of the two ways.
type bearer oauth.Login

// Start gives the first message.
func (b *bearer) Start() (mechanism string, first []byte, err error) {
	return b.Mechanism, b.First, nil
}

// Next answers the challenge in which the server says why it refuses: only
// after that does it say NO.
func (b *bearer) Next([]byte) ([]byte, error) { return b.Last, nil }
