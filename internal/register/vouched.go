package register

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// A Vouched is somebody for whom an issuer of OpenID Connect vouches. They are
// known by issuer and subject alone: names and addresses change hands.
type Vouched struct {
	Issuer, Subject string
	FullName, Email string // for people to read
	Role            Role   // empty: they have none here
	Outside         string // what the issuer calls its session; may be empty
}

// Errors of vouched sign-ins that callers branch on.
var (
	// ErrNoRole: the issuer knows them, and nobody gave them a role here.
	ErrNoRole = errors.New("no role")
	// ErrDisabled: the account was disabled here, whatever the issuer says.
	ErrDisabled = errors.New("the account is disabled")
)

// SignInVouched begins a session of somebody for whom an issuer vouches. The
// first time it makes their account; each time it takes over the role that the
// issuer gives them today. Who has none any more loses their other sessions too.
func (r *Register) SignInVouched(ctx context.Context, v Vouched, s NewSession) (Account, error) {
	type outcome struct {
		Account
		refused error
	}
	o, err := result(ctx, r, func(t *tx) (o outcome, err error) {
		o.Account, o.refused, err = signInVouched(t, v, s)
		return o, err
	})
	if err == nil {
		err = o.refused
	}
	return o.Account, wrap("sign in vouched", err)
}

// signInVouched returns refusals beside the error: what goes with a refusal is
// to be committed.
func signInVouched(t *tx, v Vouched, s NewSession) (a Account, refused, err error) {
	if v.Role == "" {
		return a, ErrNoRole, loseRole(t, v)
	}
	if !slices.Contains(Roles(), v.Role) || v.Issuer == "" || v.Subject == "" {
		return a, nil, ErrUnknownRole
	}
	if a, err = vouchedAccount(t, v); err != nil {
		return a, nil, err
	}
	if !a.DisabledAt.IsZero() {
		return a, ErrDisabled, nil
	}
	if a.Role != v.Role {
		if err := t.note(accountSubject(a.ID), signInService, "role_changed", detail{"from": string(a.Role), "to": string(v.Role)}); err != nil {
			return a, nil, err
		}
	}
	a.Role, a.FullName, a.Email = v.Role, clean(v.FullName), clean(v.Email)
	return a, nil, errors.Join(
		t.exec(`UPDATE account SET role = $1, full_name = $2, email = $3 WHERE id = $4`, a.Role, a.FullName, a.Email, a.ID),
		beginSession(t, a, s, v.Outside),
	)
}

// loseRole ends the sessions of somebody who has no role any more.
func loseRole(t *tx, v Vouched) error {
	a, err := accountOf(t, v)
	if err != nil {
		return notMissing(err)
	}
	n, err := t.affected(`DELETE FROM session WHERE account_id = $1`, a.ID)
	if err != nil || n == 0 {
		return err
	}
	return t.note(accountSubject(a.ID), signInService, "sessions_ended", detail{"why": "no_role"})
}

func accountOf(t *tx, v Vouched) (Account, error) {
	return row(t, scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.issuer = $1 AND a.subject = $2 AND a.issuer <> ''`, v.Issuer, v.Subject)
}

// namesakes is how many officers may have one name.
const namesakes = 100

// vouchedAccount finds the account, or makes it. Histories name officers by
// the account's name, so it stays what it was the first time, and two of one
// name are told apart by a number.
func vouchedAccount(t *tx, v Vouched) (Account, error) {
	base := officerName(v)
	for n := 1; n <= namesakes; n++ {
		a, err := accountOf(t, v)
		if !errors.Is(err, ErrNotFound) {
			return a, err
		}
		a = Account{ID: newID(t.now), Name: base, Role: v.Role, Issuer: v.Issuer, Subject: v.Subject, CreatedAt: t.now}
		if n > 1 {
			a.Name += " " + strconv.Itoa(n)
		}
		made, err := t.affected(`INSERT INTO account (id, name, key, role, password, created_at, issuer, subject) VALUES ($1, $2, $3, $4, '', $5, $6, $7) ON CONFLICT DO NOTHING`,
			a.ID, a.Name, accountKey(a.Name), a.Role, micros(a.CreatedAt), a.Issuer, a.Subject)
		if err != nil {
			return a, err
		}
		if made == 1 {
			return a, t.begin(accountSubject(a.ID), signInService, "account_added", detail{"role": string(a.Role)})
		}
	}
	return Account{}, ErrNameTaken
}

// longestOfficer leaves room for a number after a name (accountName).
const longestOfficer = 56

// officerName makes a name for histories of what an issuer calls somebody.
func officerName(v Vouched) string {
	for _, claimed := range []string{v.FullName, v.Email} {
		kept := strings.Map(func(r rune) rune {
			switch {
			case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsDigit(r), strings.ContainsRune(" .'_@-", r):
				return r
			case r == '’':
				return '\''
			}
			return ' '
		}, norm.NFC.String(claimed))
		runes := []rune(strings.Join(strings.Fields(kept), " "))
		name := string(runes[:min(len(runes), longestOfficer)])
		name = strings.TrimLeftFunc(name, func(r rune) bool { return !unicode.IsLetter(r) })
		name = strings.TrimRightFunc(name, func(r rune) bool {
			return r != '.' && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
		})
		if accountName.MatchString(name) && !ownActor(accountKey(name)) {
			return name
		}
	}
	return "Officer"
}

// JoinAccounts gives the account of that name the issuer's word of another
// one, which is disabled: an officer who had a password keeps their name in
// histories and what they have in hand. Both are signed out.
func (r *Register) JoinAccounts(ctx context.Context, name, other string) error {
	return wrap("join accounts", r.changeAccount(ctx, name, CommandLine, "account_joined", func(t *tx, a Account) error {
		b, err := row(t, scanAccount, `SELECT `+accountColumns+` FROM account a WHERE a.key = $1`, accountKey(other))
		if err != nil {
			return err
		}
		if b.Issuer == "" || a.Issuer != "" || a.ID == b.ID {
			return ErrConflict
		}
		return errors.Join(
			t.exec(`UPDATE account SET issuer = '', subject = '', disabled_at = $1 WHERE id = $2`, micros(t.now), b.ID),
			t.exec(`DELETE FROM session WHERE account_id = $1`, b.ID),
			t.note(accountSubject(b.ID), CommandLine, "account_joined_to", detail{"account": a.ID}),
			t.exec(`UPDATE account SET issuer = $1, subject = $2, full_name = $3, email = $4, password = '' WHERE id = $5`, b.Issuer, b.Subject, b.FullName, b.Email, a.ID),
		)
	}))
}
