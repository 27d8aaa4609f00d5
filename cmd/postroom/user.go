package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/term"

	"postroom/internal/password"
	"postroom/internal/register"
	"postroom/internal/web"
	"postroom/internal/workday"
)

const userUsage = `usage: postroom user add -config FILE [-role ROLE] NAME
       postroom user list -config FILE
       postroom user password -config FILE NAME
       postroom user disable -config FILE NAME
       postroom user enable -config FILE NAME
       postroom user join -config FILE NAME OTHER

Keeps the accounts with which people sign in to the pages. A name is what
histories call the officer, such as "Priya Nandakumar". The password is asked
for twice, or read from standard input when that is no terminal.

Join is for an officer who had a password and now signs in with the
organisation's own sign-in, which made the account OTHER: from then on they
come back as NAME, with all that NAME has in hand.

Roles: reviewer, manager and admin decide and may do what the mailroom does;
mailroom handles paper; auditor only reads.

`

// userVerbs are the words after "postroom user", and how many names follow.
func userVerbs() map[string]int {
	return map[string]int{"add": 1, "list": 0, "password": 1, "disable": 1, "enable": 1, "join": 2}
}

// runUser keeps the accounts. Passwords are never arguments: those show in
// lists of processes and in the shell's history.
func runUser(args []string, stdout, stderr io.Writer) int {
	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("user "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	role := flags.String("role", string(register.Reviewer), "what the new account may do: `ROLE`")
	flags.Usage = func() {
		fmt.Fprint(stderr, userUsage)
		flags.PrintDefaults()
	}
	names, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	wanted, isVerb := userVerbs()[verb]
	if !isVerb || *file == "" || wanted != len(names) {
		flags.Usage()
		return 2
	}
	names = append(names, "", "")
	u := userCommand{stdin: os.Stdin, stdout: stdout, stderr: stderr, role: register.Role(*role), name: names[0], other: names[1]}
	if err := u.run(context.Background(), verb, *file); err != nil {
		fmt.Fprintln(stderr, "postroom user "+verb+":", u.plain(err))
		return 1
	}
	return 0
}

type userCommand struct {
	stdin          *os.File
	stdout, stderr io.Writer
	role           register.Role
	name, other    string
}

func (u *userCommand) run(ctx context.Context, verb, file string) error {
	r, err := accountsRegister(ctx, file)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // each change was committed
	switch verb {
	case "add":
		hash, err := u.newPassword(file)
		if err != nil {
			return err
		}
		a, err := r.AddAccount(ctx, u.name, u.role, hash)
		if err == nil && !u.lets(file) {
			return u.said(nil, "The account of %s is made, as %s. It cannot sign in: web.local_accounts lets nobody of that role in by a password.\n", a.Name, a.Role)
		}
		return u.said(err, "%s can sign in now, as %s.\n", a.Name, a.Role)
	case "password":
		hash, err := u.newPassword(file)
		if err != nil {
			return err
		}
		return u.said(r.SetPassword(ctx, u.name, hash), "The password of %s is set. Sessions with the old one are ended.\n", u.name)
	case "disable":
		return u.said(r.DisableAccount(ctx, u.name, register.CommandLine), "%s cannot sign in any more. Sessions are ended; the history keeps the name.\n", u.name)
	case "enable":
		return u.said(r.EnableAccount(ctx, u.name, register.CommandLine), "%s can sign in again.\n", u.name)
	case "join":
		return u.said(r.JoinAccounts(ctx, u.name, u.other), "Whoever signed in as %s comes back as %s, without a password. Both are signed out.\n", u.other, u.name)
	}
	return u.list(ctx, r)
}

// lets reports whether the configuration lets a new account in by its password.
func (u *userCommand) lets(file string) bool {
	c, err := loadConfig(file, nil)
	return err != nil || c.Web.Passwords == web.ForEverybody || c.Web.Passwords == web.ForAdmins && u.role == register.Admin
}

func (u *userCommand) said(err error, format string, args ...any) error {
	if err == nil {
		fmt.Fprintf(u.stdout, format, args...)
	}
	return err
}

// plain says what register's errors mean for somebody at a terminal.
func (u *userCommand) plain(err error) string {
	switch {
	case errors.Is(err, register.ErrNotFound):
		return fmt.Sprintf("there is no account %s; \"postroom user list\" shows them all", u.named())
	case errors.Is(err, register.ErrVouchedFor):
		return register.ErrVouchedFor.Error()
	case errors.Is(err, register.ErrConflict):
		return fmt.Sprintf("want an account with a password and one of the organisation's own sign-in, in this order: %q, %q", u.name, u.other)
	case errors.Is(err, register.ErrNameTaken):
		return fmt.Sprintf("there is an account %q already; names that differ in case only are the same", u.name)
	case errors.Is(err, register.ErrBadName):
		return register.ErrBadName.Error()
	case errors.Is(err, register.ErrUnknownRole):
		return fmt.Sprintf("want one of %v for -role, not %q", register.Roles(), u.role)
	}
	return err.Error()
}

func (u *userCommand) named() string {
	if u.other == "" {
		return strconv.Quote(u.name)
	}
	return fmt.Sprintf("%q or %q", u.name, u.other)
}

func (u *userCommand) list(ctx context.Context, r *register.Register) error {
	all, err := r.Accounts(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(u.stderr, "There is no account yet. \"postroom user add\" makes one.")
	}
	for _, a := range all {
		state := "never signed in"
		if !a.SignedInAt.IsZero() {
			state = "signed in last on " + a.SignedInAt.In(workday.London()).Format("2006-01-02 15:04")
		}
		if !a.DisabledAt.IsZero() {
			state = "disabled on " + a.DisabledAt.In(workday.London()).Format("2006-01-02 15:04")
		}
		if a.Issuer != "" {
			state += ", vouched for by " + a.Issuer
		}
		fmt.Fprintf(u.stdout, "%s\t%s\t%s\n", a.Name, a.Role, state)
	}
	return nil
}

// newPassword reads a password and gives its hash. The configuration knows the
// landlord's name, which must not be all of it.
func (u *userCommand) newPassword(file string) (string, error) {
	c, err := loadRegisterConfig(file, os.LookupEnv)
	if err != nil {
		return "", err
	}
	given, err := u.readPassword()
	if err != nil {
		return "", err
	}
	if problem := password.Problem(given, u.name, c.Landlord.Name); problem != "" {
		return "", errors.New(problem)
	}
	return password.Usual().Hash(given), nil
}

// longestLine bounds what is read as a password.
const longestLine = 4096

func (u *userCommand) readPassword() (string, error) {
	in := int(u.stdin.Fd())
	if !term.IsTerminal(in) {
		line, err := bufio.NewReader(io.LimitReader(u.stdin, longestLine)).ReadString('\n')
		if err != nil && (!errors.Is(err, io.EOF) || line == "") {
			return "", errors.New("no password came on standard input")
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	first, err := u.ask(in, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := u.ask(in, "The same again: ")
	if err == nil && first != again {
		err = errors.New("the two differ; nothing was changed")
	}
	return first, err
}

func (u *userCommand) ask(in int, prompt string) (string, error) {
	fmt.Fprint(u.stderr, prompt)
	typed, err := term.ReadPassword(in)
	fmt.Fprintln(u.stderr)
	return string(typed), err
}

// accountsRegister opens the register that the configuration names, and needs
// no other secret of it, but for those of a bucket that may hold its post. It
// may be open in a running "serve" too.
func accountsRegister(ctx context.Context, file string) (*register.Register, error) {
	c, err := loadRegisterConfig(file, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	p := plan{driver: c.Register.Driver, dsn: c.Register.Path, archiveDir: c.Archive.Folder, bucket: c.Archive.S3.bucket(), now: time.Now}
	if p.driver == "postgres" {
		p.dsn = string(c.Register.DSN)
	}
	if err := p.makeRegisterFolder(); err != nil {
		return nil, err
	}
	if _, err := p.beginsAnew(ctx); err != nil {
		return nil, err
	}
	calendar, err := workday.Default(workday.Nation(c.Nation))
	if err != nil {
		return nil, err
	}
	return register.Connect(ctx, register.Config{Driver: p.driver, DSN: p.dsn, Now: p.now, Calendar: calendar})
}
