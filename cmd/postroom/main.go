// Command postroom is a social landlord's post room for complaints: it takes
// post in, tells complaints from service requests, and answers in time. This
// room only reads flags and the configuration file, opens the other rooms and
// owns the exit code; the work is theirs.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// A command is one word after "postroom". Its results go to stdout, everything
// else to stderr; it returns 0 when fine, 1 when it failed, 2 when it was used
// wrongly.
type command struct {
	name, does string
	run        func(args []string, stdout, stderr io.Writer) int
}

func commands() []command {
	return append([]command{
		{"demo", "show it all: a mailbox, a mail server, sample post and the page, on this machine", runDemo},
		{"serve", "take in post, decide, reply, and serve the pages", runServe},
		{"check", "look at the configuration and every server that it names", runCheck},
		{"user", "make accounts for the pages, list them, set passwords, disable them", runUser},
		{"token", "make tokens for other systems, list them, revoke them", runToken},
		{"inspect", "say what Postroom would do with a message, keeping nothing", runInspect},
		{"deadline", "work out the deadlines for post received at a time", runDeadline},
		{"import", "take in a backlog of email as history", runImport},
		{"rules", "show and test the rule file, fit its weights, collect officers' decisions", runRules},
		{"letters", "print, post and look after letters that go out", runLetters},
		{"separators", "print separator sheets for the scanner, as a PDF", runSeparators},
		{"templates", "the words of replies: copy them, check them, and preview them all", runTemplates},
		{"version", "say which version this is", runVersion},
	}, recordCommands()...)
}

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		usage(stderr)
		return 2
	}
	switch args[0] {
	case "-h", "-help", "--help", "help":
		usage(stdout)
		return 0
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return c.run(args[1:], stdout, stderr)
		}
	}
	fmt.Fprintf(stderr, "postroom: there is no command %q\n\n", args[0])
	usage(stderr)
	return 2
}

func usage(w io.Writer) {
	fmt.Fprint(w, "Postroom takes in a landlord's post, tells complaints from service requests, and answers in time.\n\nusage: postroom COMMAND [-h] ...\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-14s %s\n", c.name, c.does)
	}
	fmt.Fprint(w, "\nEach command explains itself with -h.\n")
}
