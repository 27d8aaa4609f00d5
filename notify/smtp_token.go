package notify

import (
	"context"
	"errors"
	"net/textproto"
	"slices"

	"github.com/wneessen/go-mail/smtp"

	"postroom/internal/oauth"
)

// A tokenLogin shows the mail server a token, in the standard's way where it
// is offered. go-mail knows only the other one, and asks for it by hand.
type tokenLogin struct {
	server SMTP
	token  string
	login  *oauth.Login // once the server has said what it offers
}

func (s SMTP) tokenLogin(ctx context.Context) (*tokenLogin, error) {
	token, err := s.Token(ctx)
	if err != nil {
		return nil, err
	}
	return &tokenLogin{server: s, token: token}, nil
}

// errNoTokens: the server wants something else, or the connection is not yet
// safe enough for it.
var errNoTokens = errors.New("the mail server offers no login with a token on this connection (neither AUTH OAUTHBEARER nor AUTH XOAUTH2)")

// Start gives the first message. A token never crosses a network in the clear.
func (l *tokenLogin) Start(info *smtp.ServerInfo) (mechanism string, first []byte, err error) {
	if !info.TLS && l.server.TLS == StartTLS {
		return "", nil, smtp.ErrUnencrypted
	}
	offers := func(mechanism string) bool { return slices.Contains(info.Auth, mechanism) }
	l.login = oauth.NewLogin(offers, l.server.Username, l.server.Host, l.server.Port, l.token)
	if l.login == nil {
		return "", nil, errNoTokens
	}
	return l.login.Mechanism, l.login.First, nil
}

// Next answers the challenge in which the server says why it refuses: only
// after that comes its 535.
func (l *tokenLogin) Next(_ []byte, more bool) ([]byte, error) {
	if !more {
		return nil, nil
	}
	return l.login.Last, nil
}

// judge tells whoever gave the token when it was not taken.
func (l *tokenLogin) judge(err error) {
	var reply *textproto.Error
	if l == nil || l.server.Refused == nil || !errors.As(err, &reply) || reply.Code != 535 {
		return
	}
	l.server.Refused(l.token)
}
