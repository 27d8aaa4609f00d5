package notify

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

var (
	errBadAddress = errors.New("it is no address that mail can be sent to")
	errBadURL     = errors.New("it is no web address")
	errNotSecret  = errors.New("it is neither https nor on this machine")
)

// plainAddress is an addr-spec without quoted strings, comments or literals
// (RFC 5322, section 3.4.1): what people have, and nothing that could end a
// header line or an SMTP command.
var plainAddress = regexp.MustCompile("^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$")

// deliverable is the form of an address that goes into a header and an SMTP
// command: ASCII, the domain in its encoded form (RFC 5891). Lengths are those
// of RFC 5321, section 4.5.3.1.
func deliverable(address string) (string, error) {
	local, domain, ok := cutLast(address, "@")
	if !ok || len(local) > 64 || len(address) > 254 {
		return "", errBadAddress
	}
	if strings.IndexFunc(domain, func(r rune) bool { return r > 127 }) >= 0 {
		encoded, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", errBadAddress
		}
		domain = encoded
	}
	address = local + "@" + domain
	if len(address) > 254 || !plainAddress.MatchString(address) {
		return "", errBadAddress
	}
	return address, nil
}

// loopback reports whether a host name or address is this machine's own.
func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
