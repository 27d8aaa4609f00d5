package reference

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// longestLocalPart is the most that mail servers must take before the @ (RFC
// 5321, section 4.5.3.1.1).
const longestLocalPart = 64

// ReturnPaths makes the envelope senders of our mail, one for each piece, to
// which its bounces come back: bounces+REFERENCE-NUMBER-SIGNATURE@domain.
// The number is the sender's own for what went out. Nobody else can make one,
// so a forged bounce finds no case.
type ReturnPaths struct {
	Address string   // the plain mailbox, such as bounces@landlord.example; it must accept what follows a plus sign
	Key     []byte   // signs new paths
	OldKeys [][]byte // still believed
}

// Validate reports what is wrong with the address or the keys. The part of the
// address before the @ may have 12 characters.
func (p ReturnPaths) Validate() error {
	local, domain, ok := p.split()
	var err error
	if !ok || clean(local, "._-") != local || len(local) > 12 {
		err = fmt.Errorf("address %q: want one such as bounces@landlord.example, with at most 12 letters and digits before the @", p.Address)
	}
	return errors.Join(err, checkDomain(domain), checkKeys(p.Key, p.OldKeys))
}

func (p ReturnPaths) split() (local, domain string, ok bool) {
	local, domain, ok = strings.Cut(strings.ToLower(p.Address), "@")
	return local, domain, ok && local != ""
}

// Make gives the return path of the outgoing piece with that number (from 0
// up) and reference. Where it would be longer than mail servers must take, it
// is the plain address.
func (p ReturnPaths) Make(ref string, number int64) string {
	local, domain, ok := p.split()
	said := clean(ref, "-") + "-" + strconv.FormatInt(number, 10)
	full := local + "+" + said + "-" + p.signature(p.Key, said)
	if !ok || number < 0 || len(full) > longestLocalPart {
		return p.Address
	}
	return full + "@" + domain
}

func (p ReturnPaths) signature(key []byte, said string) string {
	return token.EncodeToString(sign(key, "return-path", strings.ToLower(p.Address), said)[:signatureLength])
}

// Verify reports whether an address is one of our return paths, and the
// reference and number that it carries.
func (p ReturnPaths) Verify(address string) (ref string, number int64, ok bool) {
	local, domain, ok := p.split()
	if !ok {
		return "", 0, false
	}
	full, ok := ownLocalPart(address, domain)
	if !ok {
		return "", 0, false
	}
	rest, ok := strings.CutPrefix(full, local+"+")
	cut := strings.LastIndexByte(rest, '-')
	if !ok || cut < 0 {
		return "", 0, false
	}
	said, signature := rest[:cut], rest[cut+1:]
	if !believed(signature, p.Key, p.OldKeys, func(key []byte) string { return p.signature(key, said) }) {
		return "", 0, false
	}
	cut = strings.LastIndexByte(said, '-')
	number, err := strconv.ParseInt(said[cut+1:], 10, 64)
	if cut < 0 || err != nil {
		return "", 0, false
	}
	return strings.ToUpper(said[:cut]), number, true
}
