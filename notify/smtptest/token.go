package smtptest

import (
	"bytes"
	"strings"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// A tokenServer is the other side of XOAUTH2 and of OAUTHBEARER (RFC 7628): it
// takes a token, or says why not in a challenge, and no once that is answered.
type tokenServer struct {
	taken   func(user, token string) bool
	entered func()
	refused bool
}

// Next takes the first message, or the answer to the challenge.
func (t *tokenServer) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case t.refused:
		return nil, true, smtp.ErrAuthFailed
	case response == nil:
		return []byte{}, false, nil
	case t.taken(shown(response)):
		t.entered()
		return nil, true, nil
	}
	t.refused = true
	return []byte(`{"status":"401","schemes":"bearer"}`), false, nil
}

// shown reads who shows which token; both ways have the same fields.
func shown(message []byte) (user, token string) {
	for field := range bytes.SplitSeq(message, []byte{1}) {
		for name, into := range map[string]*string{"user=": &user, "n,a=": &user, "auth=Bearer ": &token} {
			if value, ok := strings.CutPrefix(string(field), name); ok {
				*into = strings.TrimSuffix(value, ",")
			}
		}
	}
	return user, token
}

var _ sasl.Server = (*tokenServer)(nil)
