package notify

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// DKIM signs our mail (RFC 6376), so that DMARC passes however it is relayed.
type DKIM struct {
	domain, selector string
	key              crypto.Signer
}

// shortestRSA is what RFC 8301, section 3.2, asks signers to use, in bits.
const shortestRSA = 2048

// NewDKIM takes the private key in PEM: RSA, or Ed25519 (RFC 8463), which
// fewer receivers know.
func NewDKIM(domain, selector, pem string) (*DKIM, error) {
	if !hostName(domain) || !hostName(selector) {
		return nil, errors.New("domain and selector are both needed, as names in the DNS of at most 70 letters")
	}
	key, err := mail.PrivKeyFromPEM([]byte(pem))
	if err != nil {
		return nil, fmt.Errorf("the key is no private RSA or Ed25519 key in PEM: %w", err)
	}
	if k, ok := key.(*rsa.PrivateKey); ok && k.N.BitLen() < shortestRSA {
		return nil, fmt.Errorf("the RSA key has %d bits; want at least %d", k.N.BitLen(), shortestRSA)
	}
	return &DKIM{domain: strings.ToLower(domain), selector: strings.ToLower(selector), key: key}, nil
}

// Aligned reports whether DMARC counts a signature of ours for mail from that
// address: its domain is the signing one or lies below it (RFC 7489, section
// 3.1.1, relaxed; a landlord that signs with a sibling domain is not served).
func (d *DKIM) Aligned(from string) bool {
	_, domain, _ := strings.Cut(strings.ToLower(from), "@")
	return domain == d.domain || strings.HasSuffix(domain, "."+d.domain)
}

// Record is the name and the text of the TXT record to publish (RFC 6376,
// section 3.6.1; RFC 8463, section 4).
func (d *DKIM) Record() (name, text string, err error) {
	kind := "rsa"
	public, err := x509.MarshalPKIXPublicKey(d.key.Public())
	if err != nil {
		return "", "", fmt.Errorf("notify: DKIM record: %w", err)
	}
	if k, ok := d.key.Public().(ed25519.PublicKey); ok {
		kind, public = "ed25519", k
	}
	return d.RecordName(d.selector), "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(public), nil
}

// RecordName is where the key of a selector is published.
func (d *DKIM) RecordName(selector string) string {
	return strings.ToLower(selector) + "._domainkey." + d.domain
}

// HoldsKey reports whether one of those TXT records holds a key that was not
// withdrawn (RFC 6376, section 3.6.1: an empty p=).
func HoldsKey(records []string) bool {
	for _, r := range records {
		for tag := range strings.SplitSeq(r, ";") {
			name, value, _ := strings.Cut(tag, "=")
			if strings.TrimSpace(name) == "p" && strings.TrimSpace(value) != "" {
				return true
			}
		}
	}
	return false
}

// Published reports whether one of those TXT records holds our public key.
func (d *DKIM) Published(records []string) bool {
	_, ours, err := d.Record()
	if err != nil {
		return false
	}
	for _, r := range records {
		if tag(r, "p") == tag(ours, "p") {
			return true
		}
	}
	return false
}

// tag is the value of a tag=value list's tag, without white space (RFC 6376,
// section 3.2).
func tag(list, name string) string {
	for item := range strings.SplitSeq(list, ";") {
		if key, value, ok := strings.Cut(item, "="); ok && strings.TrimSpace(key) == name {
			return strings.Join(strings.Fields(value), "")
		}
	}
	return ""
}

// signedHeaders are those that receivers show, thread or unpack by. From twice
// and Reply-To, which we never write, so that none can be added on the way
// (RFC 6376, section 5.4.2). go-mail folds a tag of more than 75 characters
// after it was signed as one line, so that the signature is void: this list is
// as long as it may be.
const signedHeaders = "From:From:To:Subject:Date:Message-ID:In-Reply-To:Reply-To:Content-Type"

// longestName is what is left of such a line for domain and selector.
const longestName = 70

// sign has the mail signed as of that time.
func (d *DKIM) sign(m *mail.Msg, now time.Time) {
	s := mail.NewDKIMSigner(d.domain, d.selector, d.key)
	s.NowFunc = func() time.Time { return now }
	s.HeaderCanonicalization(mail.CanonicalizationRelaxed)
	s.BodyCanonicalization(mail.CanonicalizationRelaxed)
	s.SignHeaders(strings.Split(signedHeaders, ":")...)
	m.SetDKIM(s)
}

// hostName holds a name to the letters of the DNS.
func hostName(s string) bool {
	return s != "" && len(s) <= longestName && !strings.HasPrefix(s, ".") && !strings.HasSuffix(s, ".") && !strings.Contains(s, "..") &&
		strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == ""
}
