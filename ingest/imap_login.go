package ingest

import (
	"context"
	"errors"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"
)

// login asks for the password or token anew each time, since a token is
// short-lived, and reads what the server can do.
func (s *session) login(ctx context.Context) error {
	secret, err := s.mailbox.Password(ctx)
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
	case s.mailbox.Auth == XOAuth2:
		return s.client.Authenticate(&xoauth2{user: s.mailbox.User, token: secret})
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

// xoauth2 is the login with a token that Microsoft 365 and Gmail want; go-sasl
// has only its successor.
type xoauth2 struct{ user, token string }

// Start gives the first and only message.
func (x *xoauth2) Start() (mechanism string, first []byte, err error) {
	return "XOAUTH2", []byte("user=" + x.user + "\x01auth=Bearer " + x.token + "\x01\x01"), nil
}

// Next answers the challenge in which the server says why it refuses: an empty
// answer makes it say NO.
func (x *xoauth2) Next([]byte) ([]byte, error) { return []byte{}, nil }
