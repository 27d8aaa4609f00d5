// Package password owns how passwords are kept: as argon2id hashes (RFC 9106)
// that carry their own parameters. It knows no account, and keeps nothing.
package password

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// A Cost is how much work a guess costs.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32
	Threads uint8
}

// Usual is the second choice of RFC 9106, section 4, for machines with little
// memory: 64 MiB, three passes, four lanes.
func Usual() Cost { return Cost{Memory: 64 << 10, Passes: 3, Threads: 4} }

const (
	saltBytes = 16
	keyBytes  = 32
	// Bounds of the length: below, a password is guessed; above, nobody types it.
	leastRunes = 12
	mostBytes  = 256
)

// ErrUnreadable says that a stored hash is none of ours.
var ErrUnreadable = errors.New("password: the stored hash cannot be read")

// Problem says in a sentence why a password cannot be used, or "". Length is
// what counts; no kinds of characters are demanded (NCSC, password guidance),
// and what is guessed first is refused: what many people use, and the names of
// the account, the landlord and the program. Names are those the caller knows.
func Problem(password string, names ...string) string {
	switch {
	case !utf8.ValidString(password):
		return "the password holds bytes that are no text"
	case utf8.RuneCountInString(password) < leastRunes:
		return fmt.Sprintf("the password is too short: use at least %d characters, such as three words", leastRunes)
	case len(password) > mostBytes:
		return fmt.Sprintf("the password is too long: use at most %d bytes", mostBytes)
	case slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(strings.TrimSpace(password), name) }):
		return "the password is the name"
	case strings.Count(password, password[:1]) == len(password):
		return "the password is one character again and again"
	}
	return easy(password, names)
}

// Hash makes the text that is stored, in the format of the reference
// implementation: $argon2id$v=19$m=65536,t=3,p=4$salt$hash.
func (c Cost) Hash(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails (crypto/rand)
	key := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, keyBytes)
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, c.Memory, c.Passes, c.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key))
}

// Matches reports whether the password is the one that was stored, at the cost
// that is stored with it. How long it takes does not depend on the answer.
func Matches(stored, password string) (bool, error) {
	c, salt, want, err := parse(stored)
	if err != nil {
		return false, err
	}
	if len(password) > mostBytes {
		password = "" // does the same work, and matches nothing that was set
	}
	got := argon2.IDKey([]byte(password), salt, c.Passes, c.Memory, c.Threads, uint32(len(want))) //nolint:gosec // parse bounds it
	return subtle.ConstantTimeCompare(got, want) == 1, nil
}

func parse(stored string) (c Cost, salt, key []byte, err error) {
	fields := strings.Split(stored, "$")
	if len(fields) != 6 || fields[0] != "" || fields[1] != "argon2id" || fields[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return c, nil, nil, ErrUnreadable
	}
	if _, err := fmt.Sscanf(fields[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Passes, &c.Threads); err != nil {
		return c, nil, nil, ErrUnreadable
	}
	salt, saltErr := base64.RawStdEncoding.DecodeString(fields[4])
	key, keyErr := base64.RawStdEncoding.DecodeString(fields[5])
	// The bounds keep a damaged row from taking all memory.
	sane := c.Passes >= 1 && c.Passes <= 64 && c.Threads >= 1 && c.Memory >= 8 && c.Memory <= 1<<21
	if saltErr != nil || keyErr != nil || !sane || len(salt) < 8 || len(key) < 16 || len(key) > 64 {
		return c, nil, nil, ErrUnreadable
	}
	return c, salt, key, nil
}
