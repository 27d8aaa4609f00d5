package openid_test

import (
	"testing"
	"time"

	"postroom/internal/openid"
	"postroom/internal/openid/openidtest"
)

// FuzzTold: who does not hold the provider's key ends nobody's session, and
// makes nobody a person.
func FuzzTold(f *testing.F) {
	now := func() time.Time { return time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC) }
	lies := openidtest.Start(f, now)
	p, err := openid.New(openid.Config{Issuer: lies.URL, ClientID: openidtest.ClientID, Secret: openidtest.Secret, Redirect: "https://post.example/sign-in/back", Roles: "roles", Now: now})
	if err != nil {
		f.Fatal(err)
	}
	genuine := lies.Logout(nil)
	if _, err := p.Told(f.Context(), genuine); err != nil {
		f.Fatal(err)
	}
	f.Add("x.y.z")
	f.Add("eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0.")
	f.Add(genuine[:len(genuine)-4])
	f.Fuzz(func(t *testing.T, raw string) {
		if told, err := p.Told(t.Context(), raw); err == nil && raw != genuine {
			t.Errorf("%q is believed: %+v", raw, told)
		}
	})
}
