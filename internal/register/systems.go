package register

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A System is another system of the landlord's, such as a resident's portal,
// that hands post in and asks how a case stands.
type System struct {
	ID      ID
	Name    string // histories name it by it
	AddedAt time.Time
}

// Actor is the system in histories and views. No account can be called so.
func (s System) Actor() string { return s.Name + " (system)" }

// A Grant is something that a token lets its system do.
type Grant string

// The grants.
const (
	MaySubmit Grant = "submit" // hand post in, and ask after what it handed in
	MayVouch  Grant = "vouch"  // and say that it knows who the resident is
	MayRead   Grant = "read"   // ask after every case
)

// Grants lists every grant.
func Grants() []Grant { return []Grant{MaySubmit, MayVouch, MayRead} }

// A Token is what a system shows. Itself it is shown once, when it is made.
type Token struct {
	ID        ID
	System    System
	Mark      string // its first characters, by which people tell tokens apart
	May       []Grant
	MadeAt    time.Time
	UsedAt    time.Time // to the minute; zero: never
	RevokedAt time.Time // zero: it counts
}

// Grants reports whether the token grants that.
func (t Token) Grants(g Grant) bool { return slices.Contains(t.May, g) }

// Errors of tokens that callers branch on.
var (
	// ErrUnknownGrant: the rights are none of Grants, or make no sense together.
	ErrUnknownGrant = errors.New("a token may submit or read or both, and vouch only where it may submit")
	// ErrNoToken: there is no such token, or it was revoked.
	ErrNoToken = errors.New("no such token")
	// ErrKeyReused: something else was handed in under that key before.
	ErrKeyReused = errors.New("something else was handed in under that key")
)

// TokenPrefix begins every token, so that programs which look for secrets where
// none belong find it. What follows is random, 260 bits.
const TokenPrefix = "postroom_"

const markLength = 6

var tokenShape = regexp.MustCompile(`^` + TokenPrefix + `[A-Z2-7]{52}$`)

func hashOf(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func systemSubject(id ID) string { return "system:" + id }

// AddToken makes a token for the system of that name, which is added when it is
// not known. A system may have several. The secret is nowhere else.
func (r *Register) AddToken(ctx context.Context, system string, may []Grant) (secret string, made Token, err error) {
	system = strings.Join(strings.Fields(system), " ")
	secret = TokenPrefix + rand.Text() + rand.Text()
	made, err = result(ctx, r, func(t *tx) (Token, error) {
		k := Token{ID: newID(t.now), Mark: secret[len(TokenPrefix):][:markLength], MadeAt: t.now}
		if !accountName.MatchString(system) || ownActor(accountKey(system)) {
			return k, ErrBadName
		}
		if k.May = granted(may); k.May == nil {
			return k, ErrUnknownGrant
		}
		var err error
		if k.System, err = systemNamed(t, system); err != nil {
			return k, err
		}
		err = t.exec(`INSERT INTO system_token (id, system_id, hash, mark, may, made_at) VALUES ($1, $2, $3, $4, $5, $6)`,
			k.ID, k.System.ID, hashOf(secret), k.Mark, grantText(k.May), micros(k.MadeAt))
		if err != nil {
			return k, err
		}
		return k, t.note(systemSubject(k.System.ID), CommandLine, "token_added", detail{"mark": k.Mark, "may": grantText(k.May)})
	})
	if err != nil {
		return "", made, wrap("add token", err)
	}
	return secret, made, nil
}

// granted puts the grants in order, each once; nil when they make no sense.
func granted(may []Grant) (all []Grant) {
	for _, g := range Grants() {
		if slices.Contains(may, g) {
			all = append(all, g)
		}
	}
	known := !slices.ContainsFunc(may, func(g Grant) bool { return !slices.Contains(Grants(), g) })
	if !known || slices.Contains(all, MayVouch) && !slices.Contains(all, MaySubmit) {
		return nil
	}
	return all
}

func grantText(may []Grant) string {
	words := make([]string, len(may))
	for i, g := range may {
		words[i] = string(g)
	}
	return strings.Join(words, " ")
}

// systemNamed finds a system, or adds it.
func systemNamed(t *tx, name string) (System, error) {
	s, err := systemByName(t, name)
	if !errors.Is(err, ErrNotFound) {
		return s, err
	}
	s = System{ID: newID(t.now), Name: name, AddedAt: t.now}
	if err := t.exec(`INSERT INTO outside_system (id, name, key, added_at) VALUES ($1, $2, $3, $4)`, s.ID, s.Name, accountKey(name), micros(s.AddedAt)); err != nil {
		return s, err
	}
	return s, t.begin(systemSubject(s.ID), CommandLine, "system_added", detail{})
}

func systemByName(t *tx, name string) (System, error) {
	return row(t, func(s scanner) (o System, err error) {
		var added int64
		err = s.Scan(&o.ID, &o.Name, &added)
		o.AddedAt = instant(added)
		return o, err
	}, `SELECT id, name, added_at FROM outside_system WHERE key = $1`, accountKey(name))
}

const tokenColumns = `k.id, k.mark, k.may, k.made_at, k.used_at, k.revoked_at, s.id, s.name, s.added_at` //nolint:gosec // names of columns

func scanToken(row scanner) (k Token, err error) {
	var made, used, revoked, added int64
	var may string
	err = row.Scan(&k.ID, &k.Mark, &may, &made, &used, &revoked, &k.System.ID, &k.System.Name, &added)
	for g := range strings.FieldsSeq(may) {
		k.May = append(k.May, Grant(g))
	}
	k.MadeAt, k.UsedAt, k.RevokedAt, k.System.AddedAt = instant(made), instant(used), instant(revoked), instant(added)
	return k, err
}

// Tokens lists every token by its system's name, the oldest first.
func (r *Register) Tokens(ctx context.Context) ([]Token, error) {
	return list(ctx, r, "tokens", scanToken, `SELECT `+tokenColumns+` FROM system_token k JOIN outside_system s ON s.id = k.system_id ORDER BY s.key, k.made_at, k.id`)
}

// RevokeTokens ends a system's tokens at once: all of them, or the one of that
// mark. It says how many those were; ErrNotFound when there is no such system.
func (r *Register) RevokeTokens(ctx context.Context, system, mark string) (int, error) {
	n, err := result(ctx, r, func(t *tx) (int, error) {
		s, err := systemByName(t, system)
		if err != nil {
			return 0, err
		}
		marks, err := idsWithin(t, `SELECT mark FROM system_token WHERE system_id = $1 AND revoked_at = 0 AND ($2 = '' OR mark = $2) ORDER BY made_at, id`, s.ID, strings.ToUpper(mark))
		if err != nil {
			return 0, err
		}
		for _, m := range marks {
			err := t.exec(`UPDATE system_token SET revoked_at = $1 WHERE system_id = $2 AND mark = $3 AND revoked_at = 0`, micros(t.now), s.ID, m)
			if err == nil {
				err = t.note(systemSubject(s.ID), CommandLine, "token_revoked", detail{"mark": m})
			}
			if err != nil {
				return 0, err
			}
		}
		return len(marks), nil
	})
	return n, wrap("revoke tokens", err)
}

// UseToken finds what a secret grants, and notes that it was used. ErrNoToken
// when it grants nothing. What is looked up is the hash, so that how long it
// takes tells nothing of a token.
func (r *Register) UseToken(ctx context.Context, secret string) (Token, error) {
	if !tokenShape.MatchString(secret) {
		return Token{}, wrap("use token", ErrNoToken)
	}
	var hash string
	mine := hashOf(secret)
	k, err := get(ctx, r, "use token", func(row scanner) (Token, error) { return scanToken(scanAlso{row, []any{&hash}}) },
		`SELECT `+tokenColumns+`, k.hash FROM system_token k JOIN outside_system s ON s.id = k.system_id WHERE k.hash = $1 AND k.revoked_at = 0`, mine)
	if errors.Is(err, ErrNotFound) || err == nil && subtle.ConstantTimeCompare([]byte(hash), []byte(mine)) != 1 {
		err = wrap("use token", ErrNoToken)
	}
	if err != nil || r.now().Sub(k.UsedAt) < seenEvery {
		return k, err
	}
	return k, wrap("use token", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`UPDATE system_token SET used_at = $1 WHERE id = $2`, micros(t.now), k.ID)
	}))
}

// HandedIn is the fingerprint of what a system hands in under a key: the same
// key is the same post, whatever becomes of either side in between.
func (s System) HandedIn(key string) string { return s.handedIn() + hashOf(key) }

func (s System) handedIn() string { return "system:" + s.ID + ":" }

// ClaimKey notes what a system hands in under a key, before it is taken in.
// ErrKeyReused when it was something else before; the same once more is fine.
func (r *Register) ClaimKey(ctx context.Context, s System, key, digest string) error {
	return wrap("claim key", r.writes.do(ctx, func(t *tx) error {
		err := t.exec(`INSERT INTO system_key (system_id, key, digest, at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`, s.ID, hashOf(key), digest, micros(t.now))
		if err != nil {
			return err
		}
		var first string
		err = t.one(`SELECT digest FROM system_key WHERE system_id = $1 AND key = $2`, []any{s.ID, hashOf(key)}, &first)
		if err == nil && first != digest {
			err = ErrKeyReused
		}
		return err
	}))
}

// Gave reports whether a system handed in a message of a case, or of one that
// was merged into it.
func (r *Register) Gave(ctx context.Context, s System, caseID ID) (bool, error) {
	return get(ctx, r, "gave", func(row scanner) (bool, error) {
		var n int
		err := row.Scan(&n)
		return n > 0, err
	}, `SELECT count(*) FROM message WHERE case_id IN (`+familyOf+`) AND fingerprint LIKE $2`, caseID, s.handedIn()+"%")
}

// GaveMessage reports whether a system handed in the message.
func (s System) GaveMessage(m Message) bool { return strings.HasPrefix(m.Fingerprint, s.handedIn()) }

// SystemViewed records that a system asked after a case, once for all that it
// asks from an instant on: a portal may ask every minute.
func (r *Register) SystemViewed(ctx context.Context, caseID ID, s System, since time.Time) error {
	return wrap("system viewed", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`INSERT INTO viewing (at, by_whom, what, case_id, message_id, outgoing_id)
			SELECT CAST($1 AS BIGINT), CAST($2 AS TEXT), CAST($3 AS TEXT), c.id, '', '' FROM cases c WHERE c.id = $4
			AND NOT EXISTS (SELECT 1 FROM viewing v WHERE v.case_id = c.id AND v.by_whom = CAST($2 AS TEXT) AND v.at >= $5)`,
			micros(t.now), clean(s.Actor()), ViewedCase, caseID, micros(since))
	}))
}
