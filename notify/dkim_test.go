package notify

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
)

func pemOf(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func rsaKey(t *testing.T, bits int) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// TestDKIM has another program's verifier look at what was composed, with the
// record that the operator is told to publish.
func TestDKIM(t *testing.T) {
	t.Parallel()
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, is := range map[string]struct {
		key              any
		domain, selector string
	}{
		"rsa":       {rsaKey(t, 2048), "larkmere.example", "post2026"},
		"ed25519":   {edwards, "larkmere.example", "post2026"},
		"long":      {rsaKey(t, 2048), strings.Repeat("l", longestName-8) + ".example", strings.Repeat("s", longestName)},
		"long keys": {rsaKey(t, 4096), "larkmere.example", "s"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := composer(t)
			var err error
			if c.DKIM, err = NewDKIM(is.domain, is.selector, pemOf(t, is.key)); err != nil {
				t.Fatal(err)
			}
			got, err := c.Compose(answered(), tuesday)
			if err != nil {
				t.Fatal(err)
			}
			host, record, err := c.DKIM.Record()
			if err != nil {
				t.Fatal(err)
			}
			verify := func(raw []byte) error {
				t.Helper()
				found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(asked string) ([]string, error) {
					if asked != host {
						t.Errorf("asked for %s, want %s", asked, host)
					}
					return []string{record}, nil
				}})
				if err != nil || len(found) != 1 || found[0].Domain != is.domain {
					t.Fatalf("%d signatures, %v", len(found), err)
				}
				return found[0].Err
			}
			if err := verify(got.Bytes); err != nil {
				t.Errorf("the signature does not hold: %v", err)
			}
			for what, changed := range map[string][]byte{
				"words":           bytes.Replace(got.Bytes, []byte("complaints process"), []byte("complaints progress"), 1),
				"a second sender": append([]byte("From: other@larkmere.example\r\n"), got.Bytes...),
				"where to answer": append([]byte("Reply-To: other@larkmere.example\r\n"), got.Bytes...),
				"the thread":      bytes.Replace(got.Bytes, []byte("In-Reply-To: <x"), []byte("In-Reply-To: <y"), 1),
			} {
				if bytes.Equal(changed, got.Bytes) || verify(changed) == nil {
					t.Errorf("the signature holds although %s changed", what)
				}
			}
			again, err := c.Compose(answered(), tuesday)
			if err != nil || !bytes.Equal(again.Bytes, got.Bytes) {
				t.Errorf("the same reply has other bytes: %v", err)
			}
		})
	}
}

func TestDKIMRefuses(t *testing.T) {
	t.Parallel()
	good := pemOf(t, rsaKey(t, 2048))
	for name, c := range map[string]struct{ domain, selector, key, want string }{
		"no domain":       {"", "s", good, "both needed"},
		"odd selector":    {"larkmere.example", "a b", good, "both needed"},
		"no key":          {"larkmere.example", "s", "secret", "no private RSA"},
		"a short RSA key": {"larkmere.example", "s", pemOf(t, rsaKey(t, 1024)), "1024 bits"},
	} {
		if _, err := NewDKIM(c.domain, c.selector, c.key); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDKIMAligned(t *testing.T) {
	t.Parallel()
	d, err := NewDKIM("Larkmere.example", "s", pemOf(t, rsaKey(t, 2048)))
	if err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]bool{
		"complaints@larkmere.example": true, "complaints@Post.Larkmere.example": true,
		"complaints@notlarkmere.example": false, "complaints@example": false, "": false,
	} {
		if d.Aligned(from) != want {
			t.Errorf("%q: aligned %v", from, !want)
		}
	}
	_, record, err := d.Record()
	if err != nil {
		t.Fatal(err)
	}
	spaced := strings.ReplaceAll(strings.ReplaceAll(record, "; ", ";\t"), "p=MII", "p= MI I")
	if !d.Published([]string{"v=spf1 -all", spaced}) || d.Published([]string{"v=DKIM1; p="}) || d.Published(nil) {
		t.Error("the published key is not recognised, or another one is")
	}
}
