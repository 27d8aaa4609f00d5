package reference

import (
	"crypto/hmac"
	"encoding/base32"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// token writes signatures in small letters and digits, since some gateways
// change the case of what they pass on.
var token = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Lengths of what is kept of an HMAC, in bytes. Ten bytes are 80 bits, which
// nobody guesses by sending mail.
const (
	digestLength    = 8
	signatureLength = 10
)

// longestID bounds what Verify looks at, in bytes; RFC 5322, section 2.1.1
// allows no line over 998.
const longestID = 998

// MessageIDs makes and knows again our own Message-IDs (RFC 5322, section
// 3.6.4). An id carries its reference and a signature with our key over all
// that it says and our domain, so that an id of the same shape from anybody
// else, another Postroom included, is not taken for ours.
type MessageIDs struct {
	Domain  string   // the right-hand side, such as post.landlord.example
	Key     []byte   // signs new ids
	OldKeys [][]byte // still believed
}

// Validate reports what is wrong with the domain or the keys.
func (m MessageIDs) Validate() error {
	return errors.Join(checkDomain(m.Domain), checkKeys(m.Key, m.OldKeys))
}

func checkKeys(key []byte, old [][]byte) error {
	for _, k := range append([][]byte{key}, old...) {
		if len(k) < shortestKey {
			return fmt.Errorf("a key has %d bytes: want at least %d", len(k), shortestKey)
		}
	}
	return nil
}

// checkDomain holds a domain to letters, digits, hyphens and dots.
func checkDomain(domain string) error {
	if domain == "" || len(domain) > 253 || clean(domain, ".-") != strings.ToLower(domain) || strings.Contains(domain, "..") ||
		strings.HasPrefix(domain, ".") || strings.HasSuffix(domain, ".") {
		return fmt.Errorf("domain %q: want one such as post.landlord.example", domain)
	}
	return nil
}

// Make gives the Message-ID, without angle brackets, of the reply of that kind
// to the post with that fingerprint: the same again for the same arguments.
// The ordinal tells replies of one kind apart. ref is the case's reference, or
// empty.
func (m MessageIDs) Make(fingerprint, kind string, ordinal int, ref string) string {
	said := strings.Join([]string{
		clean(ref, "-"), clean(kind, "_-"), strconv.Itoa(ordinal),
		token.EncodeToString(sign(m.Key, "fingerprint", fingerprint)[:digestLength]),
	}, ".")
	return said + "." + m.signature(m.Key, said) + "@" + strings.ToLower(m.Domain)
}

func (m MessageIDs) signature(key []byte, said string) string {
	return token.EncodeToString(sign(key, "message-id", strings.ToLower(m.Domain), said)[:signatureLength])
}

// Verify reports whether a Message-ID, with angle brackets or without, is one
// of ours, and the reference that it carries.
func (m MessageIDs) Verify(id string) (ref string, ok bool) {
	local, ok := ownLocalPart(id, m.Domain)
	if !ok {
		return "", false
	}
	cut := strings.LastIndexByte(local, '.')
	if cut < 0 || strings.Count(local, ".") != 4 {
		return "", false
	}
	said, signature := local[:cut], local[cut+1:]
	if !believed(signature, m.Key, m.OldKeys, func(key []byte) string { return m.signature(key, said) }) {
		return "", false
	}
	ref, _, _ = strings.Cut(said, ".")
	return strings.ToUpper(ref), true
}

// ownLocalPart is what stands before the @ of an id or address of the domain,
// in small letters.
func ownLocalPart(id, domain string) (string, bool) {
	id = strings.TrimSpace(id)
	if len(id) > longestID || domain == "" {
		return "", false
	}
	id = strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")
	return strings.CutSuffix(strings.ToLower(id), "@"+strings.ToLower(domain))
}

// believed compares a signature with those of every key in constant time. An
// empty key signs nothing.
func believed(signature string, key []byte, old [][]byte, with func(key []byte) string) bool {
	ok := false
	for _, k := range append([][]byte{key}, old...) {
		if len(k) >= shortestKey && hmac.Equal([]byte(signature), []byte(with(k))) {
			ok = true
		}
	}
	return ok
}

// clean makes s small letters, digits and the extra characters; everything
// else becomes a hyphen, which nothing of ours contains where it matters.
func clean(s, extra string) string {
	b := []byte(strings.ToLower(s))
	for i, c := range b {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && strings.IndexByte(extra, c) < 0 {
			b[i] = '-'
		}
	}
	return string(b)
}
