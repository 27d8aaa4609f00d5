package oauth

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
)

// The names of the logins that take a token.
const (
	XOAuth2     = "XOAUTH2"     // Google's, and the only one of Microsoft's
	OAuthBearer = "OAUTHBEARER" // the standard (RFC 7628)
)

// A Login is a token as a mail server wants to be shown it.
type Login struct {
	Mechanism string
	First     []byte // the first message
	Last      []byte // the answer to the challenge in which the server says why it refuses
}

// NewLogin takes the standard's form where the server offers it, else the
// other. Neither is nil.
func NewLogin(offers func(mechanism string) bool, user, host string, port int, token string) *Login {
	switch {
	case offers(OAuthBearer):
		// The user's name stands in a GS2 header, in which , and = are written
		// otherwise (RFC 5801, section 4).
		name := strings.NewReplacer("=", "=3D", ",", "=2C").Replace(user)
		first := "n,a=" + name + ",\x01host=" + host + "\x01port=" + strconv.Itoa(port) + "\x01auth=Bearer " + token + "\x01\x01"
		return &Login{Mechanism: OAuthBearer, First: []byte(first), Last: []byte{1}} // RFC 7628, section 3.2.3
	case offers(XOAuth2):
		return &Login{Mechanism: XOAuth2, First: []byte("user=" + user + "\x01auth=Bearer " + token + "\x01\x01"), Last: []byte{}}
	}
	return nil
}

// Permissions lists what Microsoft's token allows the program. A token is the
// server's affair, so this only helps to explain: ok is false for one that
// cannot be read, such as Google's.
func (t Token) Permissions() (permissions []string, ok bool) {
	parts := strings.Split(t.Access, ".")
	if len(parts) != 3 {
		return nil, false
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, false
	}
	var claims struct {
		Roles []string `json:"roles"` // of the program itself
		Scope string   `json:"scp"`   // passed on by a person
	}
	if json.Unmarshal(text, &claims) != nil {
		return nil, false
	}
	return slices.Concat(claims.Roles, strings.Fields(claims.Scope)), true
}
