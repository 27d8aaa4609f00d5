package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"strings"
	"testing"

	"postroom/notify"
)

// TestCheckDKIM says what to publish, and whether it is there.
func TestCheckDKIM(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	d, err := notify.NewDKIM("citrine.example", "post", string(text))
	if err != nil {
		t.Fatal(err)
	}
	name, record, err := d.Record()
	if err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct {
		answer []string
		fails  error
		want   string // of the problem; empty: none
	}{
		"there":       {answer: []string{record}},
		"not there":   {fails: errors.New("no such host"), want: "no such host; publish the TXT record " + name + " with: v=DKIM1; k=rsa; p="},
		"another key": {answer: []string{"v=DKIM1; p=MIIB"}, want: "another key"},
	} {
		f := checkDKIM(t.Context(), d, func(_ context.Context, asked string) ([]string, error) {
			if asked != "post._domainkey.citrine.example" {
				t.Errorf("asked for %s", asked)
			}
			return c.answer, c.fails
		})
		if (f.err == nil) != (c.want == "") || f.err != nil && !strings.Contains(f.err.Error(), c.want) {
			t.Errorf("%s: %v", what, f.err)
		}
	}
}
