package register

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A Role says what an account may do.
type Role string

// The roles.
const (
	Reviewer Role = "reviewer" // decides
	Mailroom Role = "mailroom" // handles paper
	Manager  Role = "manager"  // decides, and answers for the figures
	Auditor  Role = "auditor"  // reads
	Admin    Role = "admin"    // decides, and runs Postroom
)

// Roles lists every role.
func Roles() []Role { return []Role{Reviewer, Mailroom, Manager, Auditor, Admin} }

// An Account is somebody who signs in: with a password that we keep, or
// because an issuer of OpenID Connect vouches for them.
type Account struct {
	ID         ID
	Name       string // histories name the officer by it
	Role       Role
	Issuer     string // who vouches; empty: a password
	Subject    string // what the issuer calls them
	FullName   string // as the issuer told it last
	Email      string // as the issuer told it last
	CreatedAt  time.Time
	SignedInAt time.Time // the last time; zero: never
	DisabledAt time.Time // zero: not disabled
	KeysOff    bool      // single letters do nothing on the pages
}

// Errors of accounts that callers branch on.
var (
	// ErrNameTaken: an account has that name, or one that differs in case only.
	ErrNameTaken = errors.New("there is an account of that name")
	// ErrBadName: the name cannot stand in a history.
	ErrBadName = errors.New("a name has 2 to 60 letters, digits, spaces or .'_@-, begins with a letter, and is not one of Postroom's own")
	// ErrUnknownRole: the role is none of Roles.
	ErrUnknownRole = errors.New("unknown role")
	// ErrLastAdmin: without this account nobody could run Postroom from its pages.
	ErrLastAdmin = errors.New("the last account of an admin")
	// ErrVouchedFor: an issuer vouches for the account, so it has no password.
	ErrVouchedFor = errors.New("the account has no password: it signs in with the organisation's own sign-in")
)

var accountName = regexp.MustCompile(`^\p{L}[\p{L}\p{M}\p{N} .'_@-]{0,58}[\p{L}\p{M}\p{N}.]$`)

// ownActor reports whether histories use the name for what no officer did.
func ownActor(key string) bool {
	return key == "postroom" || key == "fail-safe" || strings.HasPrefix(key, "rules@") || key == CommandLine || key == signInService
}

// CommandLine is the actor of what was done to accounts from the terminal, and
// signInService of what came of an issuer's word.
const (
	CommandLine   = "command line"
	signInService = "sign-in service"
)

func accountKey(name string) string { return clean(strings.ToLower(strings.TrimSpace(name))) }

func accountSubject(id ID) string { return "account:" + id }

// AddAccount makes an account; hash is the password's.
func (r *Register) AddAccount(ctx context.Context, name string, role Role, hash string) (Account, error) {
	name = strings.Join(strings.Fields(name), " ")
	a, err := result(ctx, r, func(t *tx) (Account, error) {
		a := Account{ID: newID(t.now), Name: name, Role: role, CreatedAt: t.now}
		if !accountName.MatchString(name) || ownActor(accountKey(name)) {
			return a, ErrBadName
		}
		if !slices.Contains(Roles(), role) {
			return a, ErrUnknownRole
		}
		n, err := t.affected(`INSERT INTO account (id, name, key, role, password, created_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING`,
			a.ID, a.Name, accountKey(name), a.Role, hash, micros(a.CreatedAt))
		if err != nil {
			return a, err
		}
		if n == 0 {
			return a, ErrNameTaken
		}
		return a, t.begin(accountSubject(a.ID), CommandLine, "account_added", detail{"role": string(role)})
	})
	return a, wrap("add account", err)
}

const accountColumns = `a.id, a.name, a.role, a.issuer, a.subject, a.full_name, a.email, a.created_at, a.signed_in_at, a.disabled_at, a.keys_off`

func scanAccount(row scanner) (a Account, err error) {
	var created, signedIn, disabled, keysOff int64
	err = row.Scan(&a.ID, &a.Name, &a.Role, &a.Issuer, &a.Subject, &a.FullName, &a.Email, &created, &signedIn, &disabled, &keysOff)
	a.KeysOff = keysOff == 1
	a.CreatedAt, a.SignedInAt, a.DisabledAt = instant(created), instant(signedIn), instant(disabled)
	return a, err
}

// Accounts lists every account by name.
func (r *Register) Accounts(ctx context.Context) ([]Account, error) {
	return list(ctx, r, "accounts", scanAccount, `SELECT `+accountColumns+` FROM account a ORDER BY a.key`)
}

// GetAccount reads one account.
func (r *Register) GetAccount(ctx context.Context, id ID) (Account, error) {
	return get(ctx, r, "get account", scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.id = $1`, id)
}

// SetPassword gives an account another password and ends its sessions.
func (r *Register) SetPassword(ctx context.Context, name, hash string) error {
	return wrap("set password", r.changeAccount(ctx, name, CommandLine, "password_set", func(t *tx, a Account) error {
		if a.Issuer != "" {
			return ErrVouchedFor
		}
		return t.exec(`UPDATE account SET password = $1 WHERE id = $2`, hash, a.ID)
	}))
}

// A PasswordChange is somebody's own, who gave the password that they had.
type PasswordChange struct {
	Account      ID
	Was, Becomes string // the hashes: what the present password matched, and the new one's
	Keep         string // the token of the session in which it is done; all others end
	Address      string // where it is done
}

// ChangePassword gives an account another password at its owner's wish.
// ErrConflict when the account got another one, or was disabled, since the
// present one was compared.
func (r *Register) ChangePassword(ctx context.Context, c PasswordChange) error {
	return wrap("change password", r.writes.do(ctx, func(t *tx) error {
		n, err := t.affected(`UPDATE account SET password = $1 WHERE id = $2 AND password = $3 AND password <> '' AND issuer = '' AND disabled_at = 0`, c.Becomes, c.Account, c.Was)
		if err == nil && n == 0 {
			err = ErrConflict
		}
		if err != nil {
			return err
		}
		a, err := row(t, scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.id = $1`, c.Account)
		if err != nil {
			return err
		}
		return errors.Join(
			signedInFrom(t, a, c.Address),
			t.exec(`DELETE FROM session WHERE account_id = $1 AND token <> $2`, a.ID, c.Keep),
			t.note(accountSubject(a.ID), a.Name, "password_changed", detail{}),
		)
	}))
}

// DisableAccount lets nobody sign in with an account any more and ends its
// sessions. Histories keep its name. Only the command line, which can make an
// account again, may disable the last admin: ErrLastAdmin.
func (r *Register) DisableAccount(ctx context.Context, name, by string) error {
	return wrap("disable account", r.changeAccount(ctx, name, by, "account_disabled", func(t *tx, a Account) error {
		var others int
		if err := t.one(`SELECT COUNT(*) FROM account WHERE role = 'admin' AND disabled_at = 0 AND id <> $1`, []any{a.ID}, &others); err != nil {
			return err
		}
		if a.Role == Admin && others == 0 && by != CommandLine {
			return ErrLastAdmin
		}
		return t.exec(`UPDATE account SET disabled_at = $1 WHERE id = $2 AND disabled_at = 0`, micros(t.now), a.ID)
	}))
}

// EnableAccount undoes DisableAccount.
func (r *Register) EnableAccount(ctx context.Context, name, by string) error {
	return wrap("enable account", r.changeAccount(ctx, name, by, "account_enabled", func(t *tx, a Account) error {
		return t.exec(`UPDATE account SET disabled_at = 0 WHERE id = $1`, a.ID)
	}))
}

// UseKeys turns single letters as keys on or off for whoever has the account.
func (r *Register) UseKeys(ctx context.Context, account ID, on bool) error {
	return wrap("use keys", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`UPDATE account SET keys_off = $1 WHERE id = $2`, bit(!on), account)
	}))
}

// changeAccount does one thing to an account, ends its sessions, forgets wrong
// tries, and writes it down. ErrNotFound when there is no such account.
func (r *Register) changeAccount(ctx context.Context, name, by, what string, change func(*tx, Account) error) error {
	return r.writes.do(ctx, func(t *tx) error {
		a, err := row(t, scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.key = $1`, accountKey(name))
		if err != nil {
			return err
		}
		if err := change(t, a); err != nil {
			return err
		}
		if err := errors.Join(t.exec(`DELETE FROM session WHERE account_id = $1`, a.ID), t.exec(`DELETE FROM sign_in_try WHERE name = $1`, accountKey(a.Name))); err != nil {
			return err
		}
		return t.note(accountSubject(a.ID), by, what, detail{})
	})
}
