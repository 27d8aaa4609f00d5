// Package reference owns what a reference such as CIT26-7KR4-M9X9 looks like:
// how one is made, read as people type it, and found in text, and the signed
// Message-IDs and return paths that carry one. It may not know the register:
// whether a reference was ever given out is not its business.
package reference

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// alphabet has 23 symbols, none of which is easily taken for another of them,
// and no vowels to make words with. 23 is a prime, so that the check character
// catches every single wrong symbol and every swap of neighbours.
const alphabet = "2346789BCDFGHJKMPRTVWXY"

const (
	shortestPrefix = 2
	longestPrefix  = 5
	yearLength     = 2
	bodyLength     = 8 // seven characters and the check character
	tailLength     = yearLength + bodyLength
)

// shortestKey is the least that a key may be, in bytes.
const shortestKey = 16

// ErrCheck says that something has the shape of a reference and is not one: a
// character is wrong or two are swapped.
var ErrCheck = errors.New("a character is wrong, or two are swapped: compare it with the letter or email")

// ErrShape says that something cannot be a reference at all.
var ErrShape = errors.New("not a reference: want one such as CIT26-7KR4-M9X9")

// A Maker makes a landlord's references. Its key never rotates, so that the
// same post always gets the same reference, even after a restore.
type Maker struct {
	prefix string
	key    []byte
}

// NewMaker takes the landlord's prefix, two to five letters or digits, and a
// secret key of at least 16 bytes.
func NewMaker(prefix string, key []byte) (Maker, error) {
	prefix = strings.ToUpper(prefix)
	if !validPrefix(prefix) {
		return Maker{}, fmt.Errorf("make references: prefix %q: want %d to %d letters or digits", prefix, shortestPrefix, longestPrefix)
	}
	if len(key) < shortestKey {
		return Maker{}, fmt.Errorf("make references: the key has %d bytes: want at least %d", len(key), shortestKey)
	}
	return Maker{prefix: prefix, key: key}, nil
}

func validPrefix(p string) bool {
	if len(p) < shortestPrefix || len(p) > longestPrefix {
		return false
	}
	for i := range len(p) {
		if base36(p[i]) < 0 {
			return false
		}
	}
	return true
}

// Fingerprint tells one key from another without giving it away.
func (m Maker) Fingerprint() string {
	return token.EncodeToString(sign(m.key, "reference-key", "fingerprint")[:signatureLength])
}

// Prefix is the landlord's prefix, in capitals.
func (m Maker) Prefix() string { return m.prefix }

// Make gives the reference of the post with that fingerprint, received in that
// year (of London). The counter is 0, and 1, 2, 3 … where a reference is taken
// already.
func (m Maker) Make(fingerprint string, year, counter int) string {
	sum := sign(m.key, "reference", fingerprint, strconv.Itoa(counter))
	n := binary.BigEndian.Uint64(sum)
	seven := make([]byte, bodyLength-1)
	for i := range seven {
		seven[i] = alphabet[n%uint64(len(alphabet))]
		n /= uint64(len(alphabet))
	}
	bare := m.prefix + twoDigits(year) + string(seven)
	return format(bare + string(checkCharacter(bare)))
}

func twoDigits(year int) string {
	yy := ((year % 100) + 100) % 100
	return string([]byte{byte('0' + yy/10), byte('0' + yy%10)})
}

// format puts the hyphens into the bare characters of a reference.
func format(bare string) string {
	head := len(bare) - bodyLength
	return bare[:head] + "-" + bare[head:head+4] + "-" + bare[head+4:]
}

// base36 is the value of a digit or capital letter, or -1.
func base36(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return -1
}

// value is a character's place in the alphabet; of the others, which only
// prefix and year may hold, its base-36 value modulo 23.
func value(c byte) int {
	if i := strings.IndexByte(alphabet, c); i >= 0 {
		return i
	}
	return base36(c) % len(alphabet)
}

// weightedSum is 0 for the bare characters of a right reference. The check
// character weighs 1, the others 2, 3, 4 … from the left.
func weightedSum[B string | []byte](bare B) int {
	last := len(bare) - 1
	sum := value(bare[last])
	for i := range last {
		sum += (i + 2) * value(bare[i])
	}
	return sum % len(alphabet)
}

func checkCharacter(bare string) byte {
	sum := weightedSum(bare + alphabet[:1]) // the first symbol has the value 0
	return alphabet[(len(alphabet)-sum)%len(alphabet)]
}

// Parse reads a reference as people type it: small letters, spaces, dashes or
// none of them, look-alikes such as the letter O in the year. It gives the
// reference as we write it, or an error that is ErrShape or ErrCheck.
func Parse(s string) (string, error) {
	bare, ok := squeeze(s)
	if !ok || len(bare) < shortestPrefix+tailLength || len(bare) > longestPrefix+tailLength {
		return "", fmt.Errorf("reference %q: %w", clip(s), ErrShape)
	}
	head := len(bare) - tailLength
	bare = bare[:head] + mendTail(bare[head:])
	if !digits(bare[head : head+yearLength]) {
		return "", fmt.Errorf("reference %q: %w", clip(s), ErrShape)
	}
	switch wrong := strangers(bare); {
	case wrong == 0 && weightedSum(bare) == 0:
		return format(bare), nil
	case wrong > 1:
		return "", fmt.Errorf("reference %q: %w", clip(s), ErrShape)
	}
	return "", fmt.Errorf("reference %q: %w", clip(s), ErrCheck)
}

// longestTyped bounds what Parse looks at, in bytes.
const longestTyped = 200

// squeeze leaves the letters and digits of s, in capitals; it reports false
// when s holds anything but those and separators.
func squeeze(s string) (string, bool) {
	if len(s) > longestTyped {
		return "", false
	}
	var b strings.Builder
	for _, r := range s {
		c := plain(r)
		switch {
		case c != 0:
			b.WriteByte(c)
		case !separator(r):
			return "", false
		}
	}
	return b.String(), true
}

// clip keeps an error short, whatever was typed.
func clip(s string) string {
	const most = 40
	if len(s) <= most {
		return s
	}
	cut := most
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// strangers counts the characters of the body that are not in the alphabet.
func strangers(bare string) int {
	n := 0
	for i := len(bare) - bodyLength; i < len(bare); i++ {
		if strings.IndexByte(alphabet, bare[i]) < 0 {
			n++
		}
	}
	return n
}

// sign is an HMAC-SHA-256 over the parts; the label keeps the uses of one key
// apart, and lengths keep ("ab", "c") and ("a", "bc") apart.
func sign(key []byte, label string, parts ...string) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range append([]string{label}, parts...) {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
