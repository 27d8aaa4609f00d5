package register

import (
	"context"
	"errors"
	"time"
)

// How many wrong tries close signing in, and for how long. A name is closed
// sooner than an address, behind which a whole office may sit.
const (
	triesOfName    = 5
	triesOfAddress = 30
	// TriesClosed is how long signing in stays closed after too many.
	TriesClosed = 15 * time.Minute
)

// ErrTooManyTries says that a name or an address was tried too often; a right
// password is not looked at either.
var ErrTooManyTries = errors.New("too many wrong tries")

// ErrNoSession says that a session never was, has ended or was ended.
var ErrNoSession = errors.New("no such session")

// A Candidate is somebody who tries to sign in. An unknown name and a disabled
// account have no Hash: compare with a hash that matches nothing instead, so
// that it takes as long.
type Candidate struct {
	Account Account
	Hash    string
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
		overName, err := countTry(t, tryOfName(name), triesOfName)
		if err != nil {
			return c, err
		}
		overAddress, err := countTry(t, tryOfAddress(address), triesOfAddress)
		if c.over = overName || overAddress; err != nil || c.over {
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

// countTry adds one and reports whether there were too many before. What is
// closed is not counted further: it opens by itself.
func countTry(t *tx, key string, most int64) (over bool, err error) {
	n, err := t.affected(`INSERT INTO sign_in_try (key, failures, last_at) VALUES ($1, 1, $2)
		ON CONFLICT (key) DO UPDATE SET failures = sign_in_try.failures + 1, last_at = $2 WHERE sign_in_try.failures < $3`, key, micros(t.now), most)
	return n == 0, err
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

// A NewSession is a sign-in whose password was right.
type NewSession struct {
	Token   string // the SHA-256 of what the cookie holds
	Account ID
	Hash    string // that the password matched: a password set meanwhile wins
	Address string
	Idle    time.Duration
	Longest time.Duration
}

// StartSession begins a session. ErrNoSession when the account was disabled,
// or got another password, since it was compared.
func (r *Register) StartSession(ctx context.Context, s NewSession) error {
	return wrap("start session", r.writes.do(ctx, func(t *tx) error {
		n, err := t.affected(`UPDATE account SET signed_in_at = $1 WHERE id = $2 AND password = $3 AND disabled_at = 0`, micros(t.now), s.Account, s.Hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNoSession
		}
		var name string
		if err := t.one(`SELECT name FROM account WHERE id = $1`, []any{s.Account}, &name); err != nil {
			return err
		}
		return errors.Join(
			t.exec(`DELETE FROM sign_in_try WHERE key = $1`, tryOfName(name)),
			t.exec(`UPDATE sign_in_try SET failures = failures - 1 WHERE key = $1 AND failures > 0`, tryOfAddress(s.Address)),
			t.exec(`DELETE FROM session WHERE idle_at <= $1`, micros(t.now)),
			t.exec(`INSERT INTO session (token, account_id, started_at, seen_at, idle_at, ends_at) VALUES ($1, $2, $3, $3, $4, $5)`,
				s.Token, s.Account, micros(t.now), micros(t.now.Add(min(s.Idle, s.Longest))), micros(t.now.Add(s.Longest))),
			t.note(accountSubject(s.Account), name, "signed_in", detail{}),
		)
	}))
}

// seenEvery is how often at most a session that is used is written to.
const seenEvery = time.Minute

// UseSession finds the account of a session that has not ended, and puts its
// idle end off. ErrNoSession otherwise.
func (r *Register) UseSession(ctx context.Context, token string, idle time.Duration) (Account, error) {
	var seen int64
	now := r.now()
	a, err := get(ctx, r, "use session", func(row scanner) (a Account, err error) {
		return scanAccount(scanAlso{row, []any{&seen}})
	}, `SELECT `+accountColumns+`, s.seen_at FROM session s JOIN account a ON a.id = s.account_id
		WHERE s.token = $1 AND s.idle_at > $2 AND a.disabled_at = 0`, token, micros(now))
	if errors.Is(err, ErrNotFound) {
		err = ErrNoSession
	}
	if err != nil || now.Sub(instant(seen)) < seenEvery {
		return a, err
	}
	return a, wrap("use session", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`UPDATE session SET seen_at = $1, idle_at = CASE WHEN ends_at < $2 THEN ends_at ELSE $2 END WHERE token = $3 AND idle_at > $1`,
			micros(t.now), micros(t.now.Add(idle)), token)
	}))
}

// EndSession signs out.
func (r *Register) EndSession(ctx context.Context, token string) error {
	return wrap("end session", r.writes.do(ctx, func(t *tx) error {
		var id ID
		var name string
		err := t.one(`SELECT a.id, a.name FROM session s JOIN account a ON a.id = s.account_id WHERE s.token = $1`, []any{token}, &id, &name)
		if errors.Is(err, ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return errors.Join(t.exec(`DELETE FROM session WHERE token = $1`, token), t.note(accountSubject(id), name, "signed_out", detail{}))
	}))
}
