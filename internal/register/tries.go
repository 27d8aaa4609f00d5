package register

import (
	"context"
	"errors"
	"time"
)

// How many wrong tries close signing in, and for how long. A name is closed
// for the address that tried it, so that nobody can lock an officer out from
// afar; an address, behind which a whole office may sit, later. Tries of one
// name from many addresses close it for all places but those where its officer
// signed in of late.
const (
	triesOfNameAt  = 5
	triesOfAddress = 30
	triesOfName    = 20
	// TriesClosed is how long signing in stays closed after too many.
	TriesClosed = 15 * time.Minute
)

// ErrTooManyTries says that a name or an address was tried too often; a right
// password is not looked at either.
var ErrTooManyTries = errors.New("too many wrong tries")

// A Candidate is somebody who tries to sign in. An unknown name and a disabled
// account have no Hash: compare with a hash that matches nothing instead, so
// that it takes as long.
type Candidate struct {
	Account Account
	Hash    string
}

func tryOfNameAt(name, address string) string {
	return "name:" + accountKey(name) + " at:" + clean(address)
}
func tryOfName(name string) string       { return "name:" + accountKey(name) }
func tryOfAddress(address string) string { return "address:" + clean(address) }

// TrySignIn counts a try before its password is compared, so that tries at
// the same moment count too, and returns what to compare with. StartSession
// takes the count back.
func (r *Register) TrySignIn(ctx context.Context, name, address string) (Candidate, error) {
	type tried struct {
		Candidate
		over bool
	}
	c, err := result(ctx, r, func(t *tx) (c tried, err error) {
		if err = t.exec(`DELETE FROM sign_in_try WHERE last_at < $1`, micros(t.now.Add(-TriesClosed))); err != nil {
			return c, err
		}
		if c.over, err = countTries(t, name, address); err != nil || c.over {
			return c, err
		}
		c.Account, c.Hash, err = candidate(t, name)
		return c, err
	})
	if err == nil && c.over {
		err = ErrTooManyTries
	}
	return c.Candidate, wrap("try sign-in", err)
}

// countTries counts a try by all that it may be too many of.
func countTries(t *tx, name, address string) (over bool, err error) {
	limits := []struct {
		key, name string
		most      int64
	}{
		{tryOfNameAt(name, address), accountKey(name), triesOfNameAt},
		{tryOfAddress(address), "", triesOfAddress},
		{tryOfName(name), accountKey(name), triesOfName},
	}
	usual, err := usualPlace(t, name, address)
	if err != nil {
		return false, err
	}
	if usual {
		limits = limits[:2]
	}
	for _, l := range limits {
		tooMany, err := countTry(t, l.key, l.name, l.most)
		if err != nil {
			return false, err
		}
		over = over || tooMany
	}
	return over, nil
}

// countTry adds one and reports whether there were too many before. What is
// closed is not counted further: it opens by itself.
func countTry(t *tx, key, name string, most int64) (over bool, err error) {
	n, err := t.affected(`INSERT INTO sign_in_try (key, name, failures, last_at) VALUES ($1, $2, 1, $3)
		ON CONFLICT (key) DO UPDATE SET failures = sign_in_try.failures + 1, last_at = $3 WHERE sign_in_try.failures < $4`, key, name, micros(t.now), most)
	return n == 0, err
}

// usualPlace reports whether the officer of that name signed in from there of
// late.
func usualPlace(t *tx, name, address string) (bool, error) {
	var n int
	err := t.one(`SELECT COUNT(*) FROM sign_in_place p JOIN account a ON a.id = p.account_id WHERE a.key = $1 AND p.address = $2`,
		[]any{accountKey(name), clean(address)}, &n)
	return n > 0, err
}

// usualFor is how long a place is remembered after a sign-in from it.
const usualFor = 60 * 24 * time.Hour

// signedInFrom takes the tries of a good sign-in back, and remembers where it
// came from.
func signedInFrom(t *tx, a Account, address string) error {
	return errors.Join(
		t.exec(`DELETE FROM sign_in_try WHERE key = $1`, tryOfNameAt(a.Name, address)),
		t.exec(`UPDATE sign_in_try SET failures = failures - 1 WHERE key = $1 AND failures > 0`, tryOfAddress(address)),
		t.exec(`DELETE FROM sign_in_place WHERE last_at < $1`, micros(t.now.Add(-usualFor))),
		t.exec(`INSERT INTO sign_in_place (account_id, address, last_at) VALUES ($1, $2, $3)
			ON CONFLICT (account_id, address) DO UPDATE SET last_at = $3`, a.ID, clean(address), micros(t.now)),
	)
}

func candidate(t *tx, name string) (a Account, hash string, err error) {
	a, err = row(t, scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.key = $1`, accountKey(name))
	if errors.Is(err, ErrNotFound) {
		return Account{}, "", nil
	}
	if err != nil || !a.DisabledAt.IsZero() {
		return a, "", err
	}
	err = t.one(`SELECT password FROM account WHERE id = $1`, []any{a.ID}, &hash)
	return a, hash, err
}
