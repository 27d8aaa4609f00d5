package oauth

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

type answering func(*http.Request) (*http.Response, error)

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// FuzzAnswer: whatever stands behind the token endpoint, there is a token that
// is good for a while, or a line that says why not and repeats no secret.
func FuzzAnswer(f *testing.F) {
	for _, body := range []string{
		`{"access_token": "t", "expires_in": 3600}`, `{"access_token":"t","expires_in":"-1","refresh_token":"r"}`, `{"error":"invalid_grant","error_description":"AADSTS70008: s3cr3t-value r3fr3sh \n Trace ID: 1"}`,
		`{"error":"s3cr3t-value"}`, `<html>`, `{"access_token":"t","error":"\u0000x"}`,
	} {
		f.Add(200, "Mon, 23 Nov 2026 09:31:00 GMT", []byte(body))
		f.Add(400, "", []byte(body))
	}
	f.Add(303, "", []byte(`"70008: s3cr3t-value`)) // as an address that cannot be read
	now := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, status int, date string, body []byte) {
		a, err := New(Config{
			Name: "google", Endpoint: "https://login.example/token", Grant: RefreshToken, ClientID: "client-1", Secret: "s3cr3t-value", RefreshToken: "r3fr3sh", Now: func() time.Time { return now },
			Transport: answering(func(*http.Request) (*http.Response, error) {
				return &http.Response{StatusCode: status, Header: http.Header{"Date": {date}, "Location": {string(body)}}, Body: io.NopCloser(bytes.NewReader(body))}, nil
			}),
		})
		if err != nil {
			t.Fatal(err)
		}
		token, err := a.Token(t.Context())
		if err == nil {
			if life := token.Expires.Sub(now); token.Access == "" || life <= 0 || life > 31*24*time.Hour {
				t.Errorf("a token %+v of %q", token, body)
			}
			return
		}
		if _, ours := errors.AsType[*Error](err); !ours {
			t.Errorf("an error of another kind: %v", err)
		}
		line := err.Error()
		if strings.Contains(line, "s3cr3t-value") || strings.Contains(line, "r3fr3sh") || !utf8.ValidString(line) || len(line) > 3000 || strings.IndexFunc(line, unicode.IsControl) >= 0 {
			t.Errorf("%q is told of %q", line, body)
		}
	})
}
