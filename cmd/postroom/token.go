package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"postroom/internal/register"
	"postroom/internal/workday"
)

//nolint:gosec // words about tokens, and none itself
const tokenUsage = `usage: postroom token add -config FILE [-may RIGHTS] SYSTEM
       postroom token list -config FILE
       postroom token revoke -config FILE [-only MARK] SYSTEM

Keeps the tokens with which other systems, such as a portal for residents, hand
post in and ask how a case stands (web.api). A token is written to standard
output, once: only its SHA-256 is kept. A system may have several, so that a
new one can be put in place before the old one is revoked. Revoking ends all
of a system's tokens, or the one whose first characters are MARK.

Rights, with commas between:
  submit  hand post in, and ask after what it handed in
  vouch   and say of it that the system knows who the resident is
  read    ask after every case

`

// tokenVerbs are the words after "postroom token", and whether a name follows.
func tokenVerbs() map[string]bool { return map[string]bool{"add": true, "list": false, "revoke": true} }

// runToken keeps the tokens of other systems.
func runToken(args []string, stdout, stderr io.Writer) int {
	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("token "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	may := flags.String("may", string(register.MaySubmit), "what the token grants: `RIGHTS`")
	only := flags.String("only", "", "revoke the token with this `MARK` alone")
	flags.Usage = func() {
		fmt.Fprint(stderr, tokenUsage)
		flags.PrintDefaults()
	}
	names, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	named, isVerb := tokenVerbs()[verb]
	if !isVerb || *file == "" || named != (len(names) == 1) || *only != "" && verb != "revoke" {
		flags.Usage()
		return 2
	}
	c := tokenCommand{stdout: stdout, stderr: stderr, system: strings.Join(names, ""), only: *only}
	for g := range strings.SplitSeq(*may, ",") {
		c.may = append(c.may, register.Grant(strings.TrimSpace(g)))
	}
	if err := c.run(context.Background(), verb, *file); err != nil {
		fmt.Fprintln(stderr, "postroom token "+verb+":", c.plain(err))
		return 1
	}
	return 0
}

type tokenCommand struct {
	stdout, stderr io.Writer
	system, only   string
	may            []register.Grant
}

func (c *tokenCommand) run(ctx context.Context, verb, file string) error {
	r, err := accountsRegister(ctx, file)
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // each change was committed
	switch verb {
	case "add":
		return c.add(ctx, r, file)
	case "revoke":
		n, err := r.RevokeTokens(ctx, c.system, c.only)
		if err == nil && n == 0 {
			return errors.New("no token of it counts any more, or none has that mark; \"postroom token list\" shows them all")
		}
		if err == nil {
			fmt.Fprintf(c.stdout, "Revoked %s of %s. Whoever shows one is refused from now on.\n", counted(n, "token"), c.system)
		}
		return err
	}
	return c.list(ctx, r)
}

func (c *tokenCommand) add(ctx context.Context, r *register.Register, file string) error {
	secret, made, err := r.AddToken(ctx, c.system, c.may)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.stdout, secret)
	fmt.Fprintf(c.stderr, "This is the token of %s. Put it where that system keeps its secrets: it is not shown again.\n", made.System.Name)
	if settings, err := loadConfig(file, nil); err == nil && !settings.Web.API {
		fmt.Fprintln(c.stderr, "The door for other systems is closed in this configuration: set web.api to true and start \"postroom serve\" again.")
	}
	return nil
}

// plain says what register's errors mean for somebody at a terminal.
func (c *tokenCommand) plain(err error) string {
	switch {
	case errors.Is(err, register.ErrNotFound):
		return fmt.Sprintf("there is no system %q; \"postroom token list\" shows them all", c.system)
	case errors.Is(err, register.ErrBadName):
		return register.ErrBadName.Error()
	case errors.Is(err, register.ErrUnknownGrant):
		return register.ErrUnknownGrant.Error() + "; want for -may, with commas between, some of submit, vouch, read"
	}
	return err.Error()
}

func (c *tokenCommand) list(ctx context.Context, r *register.Register) error {
	all, err := r.Tokens(ctx)
	if err != nil {
		return err
	}
	if len(all) == 0 {
		fmt.Fprintln(c.stderr, "There is no token yet. \"postroom token add\" makes one.")
	}
	day := func(t time.Time) string { return t.In(workday.London()).Format("2006-01-02 15:04") }
	for _, k := range all {
		words := make([]string, len(k.May))
		for i, g := range k.May {
			words[i] = string(g)
		}
		state := "never used"
		if !k.UsedAt.IsZero() {
			state = "used last on " + day(k.UsedAt)
		}
		if !k.RevokedAt.IsZero() {
			state = "revoked on " + day(k.RevokedAt)
		}
		fmt.Fprintf(c.stdout, "%s\t%s\t%s\tmade on %s\t%s\n", k.System.Name, k.Mark, strings.Join(words, ","), day(k.MadeAt), state)
	}
	return nil
}
