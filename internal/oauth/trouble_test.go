package oauth

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What the services say, as administrators report it, and what is made of it.
func TestRefusalsInWords(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, status, body, want string }{
		{"secret's id for its value", "401", `{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '0a1b'. Trace ID: 11-22 Correlation ID: 33 Timestamp: 2026-11-23 09:30:00Z"}`, "take the secret's value"},
		{"secret run out", "401", `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app '0a1b' are expired."}`, "the client secret has run out"},
		{"unknown application", "400", `{"error":"unauthorized_client","error_description":"AADSTS700016: Application with identifier '0a1b' was not found in the directory 'citrine'."}`, "check client_id and tenant"},
		{"unknown tenant", "400", `{"error":"invalid_request","error_description":"AADSTS90002: Tenant 'citrin.onmicrosoft.com' not found."}`, "there is no such tenant"},
		{"no consent", "400", `{"error":"invalid_grant","error_description":"AADSTS65001: The user or administrator has not consented to use the application."}`, "grant admin consent"},
		{"scope", "400", `{"error":"invalid_scope","error_description":"AADSTS1002012: The provided value for scope IMAP.AccessAsApp is not valid."}`, "scopes is wrong"},
		{"refresh token unused", "400", `{"error":"invalid_grant","error_description":"AADSTS700082: The refresh token has expired due to inactivity."}`, "a person must sign in once more"},
		{"second factor", "400", `{"error":"interaction_required","error_description":"AADSTS50076: Due to a configuration change made by your administrator, you must use multi-factor authentication."}`, "second factor"},
		{"a code that is not listed", "400", `{"error":"invalid_grant","error_description":"AADSTS9999999: Something new."}`, "AADSTS9999999"},
		{"Google withdrawn", "400", `{"error":"invalid_grant","error_description":"Token has been expired or revoked."}`, "publishing status is Testing"},
		{"Google client", "401", `{"error":"invalid_client","error_description":"The OAuth client was not found."}`, "check client_id and the client secret"},
		{"an error with 200", "200", `{"error":"slow_down"}`, "asks for a pause"},
		{"unheard of", "400", `{"error":"out_of_tea"}`, "look the code up"},
		{"a proxy's page", "403", `<html>Blocked</html>`, "whether a proxy answers in its place"},
		{"an answer without a token", "200", `{}`, "gives no tokens"},
		{"a redirect", "302", ``, "it answers 302"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			d := openDesk(t, func(_ int, w http.ResponseWriter) {
				var status int
				_, _ = fmt.Sscan(row.status, &status)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				_, _ = fmt.Fprint(w, row.body)
			})
			_, err := d.account(t, nil).Access(t.Context())
			var trouble *Error
			if !errors.As(err, &trouble) || trouble.Account != "microsoft" || !strings.Contains(err.Error(), row.want) {
				t.Fatalf("got %v, want %s", err, row.want)
			}
			if strings.Contains(err.Error(), "Trace ID") || strings.Contains(err.Error(), "\n") || d.asked() != 1 {
				t.Errorf("%d requests, %v", d.asked(), err)
			}
		})
	}
}

// Whatever the service says, no secret comes out.
func TestNoSecretInAnError(t *testing.T) {
	t.Parallel()
	d := openDesk(t, func(_ int, w http.ResponseWriter) {
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprint(w, `{"error":"invalid_grant","error_description":"not valid: s3cr3t-value and r3fr3sh\u001b[31m\r\nX: y"}`)
	})
	_, err := d.account(t, func(c *Config) { c.Grant, c.RefreshToken = RefreshToken, "r3fr3sh" }).Access(t.Context())
	if err == nil || strings.Contains(err.Error(), "s3cr3t") || strings.Contains(err.Error(), "r3fr3sh") || strings.ContainsAny(err.Error(), "\x1b\r\n") {
		t.Errorf("got %q", err)
	}
	closed := d.account(t, func(c *Config) { c.Endpoint = "http://127.0.0.1:1/?" + c.Secret })
	if _, err := closed.Access(t.Context()); err == nil || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("got %q", err)
	}
}

func TestAClockThatIsWrong(t *testing.T) {
	t.Parallel()
	d := openDesk(t, grants)
	for _, row := range []struct {
		ahead time.Duration
		want  string
	}{{90 * time.Second, ""}, {7 * time.Minute, "7m0s ahead"}, {-time.Hour, "1h0m0s behind"}} {
		now := func() time.Time { return d.clock().Add(row.ahead) }
		token, err := d.account(t, func(c *Config) { c.Now = now }).Token(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if note := SkewNote(token.Skew); (row.want == "") != (note == "") || !strings.Contains(note, row.want) {
			t.Errorf("%v ahead: %q", row.ahead, note)
		}
	}
}

func TestAServiceThatIsNotReached(t *testing.T) {
	t.Parallel()
	trusted := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { grants(1, w) }))
	trusted.Config.ErrorLog = log.New(io.Discard, "", 0) // of our refusing it
	trusted.StartTLS()
	t.Cleanup(trusted.Close)
	hangs, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = hangs.Close() })
	for _, row := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"nobody there", func(c *Config) { c.Endpoint = "http://127.0.0.1:1/" }, "cannot be reached"},
		{"no such name", func(c *Config) { c.Endpoint, c.Transport = "https://signin.invalid/", &http.Transport{} }, "not known to the DNS"},
		{"an unknown authority", func(c *Config) { c.Endpoint = trusted.URL }, "certificate is not trusted"},
		{"silence", func(c *Config) { c.Endpoint, c.Timeout = "http://"+hangs.Addr().String(), time.Millisecond }, "does not answer in time"},
		{"a clock far ahead", func(c *Config) {
			transport := trusted.Client().Transport.(*http.Transport).Clone()
			transport.DisableKeepAlives = true
			transport.TLSClientConfig.Time = func() time.Time { return time.Date(2199, 1, 1, 0, 0, 0, 0, time.UTC) }
			c.Endpoint, c.Transport = trusted.URL, transport
			c.Now = transport.TLSClientConfig.Time
		}, "not valid at this machine's time, 1 January 2199"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			_, err := openDesk(t, grants).account(t, row.change).Access(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}
