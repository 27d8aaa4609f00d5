package register

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// ErrNoSession says that a session never was, has ended or was ended.
var ErrNoSession = errors.New("no such session")

// A NewSession is a sign-in that was good.
type NewSession struct {
	Token   string // the SHA-256 of what the cookie holds
	Account ID     // whose password it was; not looked at by SignInVouched
	Hash    string // that the password matched: a password set meanwhile wins
	Address string
	Device  string // such as "Firefox on Windows"
	Idle    time.Duration
	Longest time.Duration
}

// StartSession begins a session. ErrNoSession when the account was disabled,
// or got another password, since it was compared.
func (r *Register) StartSession(ctx context.Context, s NewSession) error {
	return wrap("start session", r.writes.do(ctx, func(t *tx) error {
		a, err := row(t, scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.id = $1 AND a.password = $2 AND a.password <> '' AND a.disabled_at = 0`, s.Account, s.Hash)
		if errors.Is(err, ErrNotFound) {
			return ErrNoSession
		}
		if err != nil {
			return err
		}
		return errors.Join(signedInFrom(t, a, s.Address), beginSession(t, a, s, ""))
	}))
}

// beginSession begins one, whatever the account signed in by. outside is what
// the issuer calls its own.
func beginSession(t *tx, a Account, s NewSession, outside string) error {
	return errors.Join(
		t.exec(`UPDATE account SET signed_in_at = $1 WHERE id = $2`, micros(t.now), a.ID),
		t.exec(`DELETE FROM session WHERE idle_at <= $1`, micros(t.now)),
		t.exec(`INSERT INTO session (token, id, account_id, started_at, seen_at, idle_at, ends_at, address, device, outside) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9)`,
			s.Token, newID(t.now), a.ID, micros(t.now), micros(t.now.Add(min(s.Idle, s.Longest))), micros(t.now.Add(s.Longest)), clean(s.Address), clean(s.Device), clean(outside)),
		t.note(accountSubject(a.ID), a.Name, "signed_in", detail{}),
	)
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

// A Session is somebody's that has not ended.
type Session struct {
	ID        ID
	Account   ID
	Name      string // the account's
	StartedAt time.Time
	SeenAt    time.Time // to the minute
	Address   string
	Device    string
	This      bool // it is the one of the token that was given
}

// Sessions lists the sessions that have not ended, the one used last first:
// of one account, or with an empty id of all.
func (r *Register) Sessions(ctx context.Context, account ID, token string) ([]Session, error) {
	return list(ctx, r, "sessions", func(row scanner) (s Session, err error) {
		var started, seen int64
		var own string
		err = row.Scan(&s.ID, &s.Account, &s.Name, &started, &seen, &s.Address, &s.Device, &own)
		s.StartedAt, s.SeenAt, s.This = instant(started), instant(seen), own == token
		return s, err
	}, `SELECT s.id, s.account_id, a.name, s.started_at, s.seen_at, s.address, s.device, s.token FROM session s JOIN account a ON a.id = s.account_id
		WHERE s.idle_at > $1 AND a.disabled_at = 0 AND ($2 = '' OR s.account_id = $2) ORDER BY s.seen_at DESC, s.started_at DESC, s.id DESC`, micros(r.now()), account)
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

// EndSessionOf ends one session of an account from elsewhere. ErrNotFound when
// the account has no such one; it may have ended by itself.
func (r *Register) EndSessionOf(ctx context.Context, account, id ID, by string) error {
	return wrap("end session of", r.writes.do(ctx, func(t *tx) error {
		n, err := t.affected(`DELETE FROM session WHERE account_id = $1 AND id = $2`, account, id)
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		return t.note(accountSubject(account), by, "session_ended", detail{"session": id})
	}))
}

// EndSessionsBut ends every session of an account but the one of the token;
// an empty token ends all.
func (r *Register) EndSessionsBut(ctx context.Context, account ID, token, by string) error {
	return wrap("end sessions", r.writes.do(ctx, func(t *tx) error {
		n, err := t.affected(`DELETE FROM session WHERE account_id = $1 AND token <> $2`, account, token)
		if err != nil || n == 0 {
			return err
		}
		return t.note(accountSubject(account), by, "sessions_ended", detail{})
	}))
}

// A SignedOut is an issuer's word that somebody signed out there: of one
// session of its own, or of all.
type SignedOut struct {
	Issuer  string
	Subject string // empty: told by Outside alone
	Outside string // the issuer's own session; empty: all of the subject's
	// Before is when that was said: a session that began later is another one,
	// however often it is said again.
	Before time.Time
}

// EndVouched ends the sessions that an issuer says are over.
func (r *Register) EndVouched(ctx context.Context, o SignedOut) error {
	if o.Issuer == "" || o.Subject == "" && o.Outside == "" {
		return nil // that would be everybody's
	}
	return wrap("end vouched", r.writes.do(ctx, func(t *tx) error {
		const which = `($1 = '' OR outside = $1) AND started_at <= $2`
		var accounts []ID
		err := t.each(`SELECT DISTINCT account_id FROM session WHERE `+which+` AND account_id IN (SELECT id FROM account WHERE issuer = $3 AND ($4 = '' OR subject = $4))`,
			[]any{clean(o.Outside), micros(o.Before), o.Issuer, o.Subject}, func(rows *sql.Rows) error {
				var id ID
				err := rows.Scan(&id)
				accounts = append(accounts, id)
				return err
			})
		if err != nil {
			return err
		}
		for _, id := range accounts {
			if err := errors.Join(
				t.exec(`DELETE FROM session WHERE `+which+` AND account_id = $3`, clean(o.Outside), micros(o.Before), id),
				t.note(accountSubject(id), signInService, "sessions_ended", detail{"why": "signed_out_there"}),
			); err != nil {
				return err
			}
		}
		return nil
	}))
}
