package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// largestAnswer is in bytes; tokens have some thousand.
const largestAnswer = 1 << 20

// An answer is what a token endpoint says, either way (RFC 6749, sections 5.1
// and 5.2).
type answer struct {
	Access      string      `json:"access_token"`
	Refresh     string      `json:"refresh_token"`
	ExpiresIn   json.Number `json:"expires_in"` // some send it in quotes
	Error       string      `json:"error"`
	Description string      `json:"error_description"`
}

// request asks for a token. The caller has the turn.
func (a *Account) request(ctx context.Context) (Token, error) {
	asked := a.config.Now()
	ctx, cancel := context.WithTimeout(ctx, a.config.Timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.config.Endpoint, strings.NewReader(a.form().Encode()))
	if err != nil {
		return Token{}, a.failed(&Error{Problem: unreachable, said: "the address cannot be used"})
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	response, err := a.client.Do(r)
	if err != nil {
		return Token{}, a.failed(a.unreached(err))
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, largestAnswer))
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return Token{}, a.failed(a.unreached(err))
	}
	skew := a.skew(asked, response.Header.Get("Date"))
	var got answer
	if json.Unmarshal(body, &got) != nil || got.Error == "" && got.Access == "" {
		return Token{}, a.failed(&Error{Problem: noAnswer, said: fmt.Sprintf("it answers %d with something else", response.StatusCode), Skew: skew})
	}
	if got.Error != "" || response.StatusCode != http.StatusOK {
		return Token{}, a.failed(a.refusal(got, skew))
	}
	if got.Refresh != "" {
		a.refresh = got.Refresh
	}
	return Token{Access: got.Access, Issued: asked, Expires: asked.Add(got.life()), Skew: skew}, nil
}

func (a *Account) form() url.Values {
	c := a.config
	form := url.Values{"grant_type": {string(c.Grant)}, "client_id": {c.ClientID}}
	if c.Secret != "" {
		form.Set("client_secret", c.Secret)
	}
	if c.Grant == RefreshToken {
		form.Set("refresh_token", a.refresh)
	}
	if len(c.Scopes) > 0 {
		form.Set("scope", strings.Join(c.Scopes, " "))
	}
	return form
}

// life is how long the token is good for: an hour where nothing is said.
func (g answer) life() time.Duration {
	seconds, err := g.ExpiresIn.Int64()
	if err != nil || seconds <= 0 || seconds > 30*24*3600 {
		return time.Hour
	}
	return time.Duration(seconds) * time.Second
}

// skew compares our clock, half way through the request, with the service's,
// which is given to the second.
func (a *Account) skew(asked time.Time, date string) time.Duration {
	theirs, err := http.ParseTime(date)
	if err != nil {
		return 0
	}
	ours := asked.Add(a.config.Now().Sub(asked) / 2)
	return ours.Sub(theirs)
}
