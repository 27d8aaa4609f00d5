package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/register"
)

const rulesCorpusUsage = `usage: postroom rules corpus -config FILE

Writes what officers decided as a corpus, a JSON object a line, for "rules
test" and "rules tune". Names, addresses and numbers are masked as far as they
can be known. Read it before you pass it on.

`

// runRulesCorpus writes officers' decisions out as labelled messages.
func runRulesCorpus(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("rules corpus", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	flags.Usage = func() { fmt.Fprint(stderr, rulesCorpusUsage); flags.PrintDefaults() }
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if *file == "" || flags.NArg() > 0 {
		flags.Usage()
		return 2
	}
	n, err := rulesCorpus(context.Background(), *file, stdout)
	if err != nil {
		fmt.Fprintln(stderr, "postroom rules corpus:", err)
		return 1
	}
	fmt.Fprintf(stderr, "%d decisions written\n", n)
	return 0
}

func rulesCorpus(ctx context.Context, file string, stdout io.Writer) (n int, err error) {
	c, err := loadConfig(file, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	// Nothing is registered here, so no reference is made, and no key is needed.
	c.Keys.Reference, c.Keys.MessageID = placeholderKey, placeholderKey
	p, err := configured(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, err
	}
	if err := p.mustBeThere(ctx); err != nil {
		return 0, err
	}
	r, err := register.Connect(ctx, p.registerConfig(false))
	if err != nil {
		return 0, err
	}
	defer func() { err = cmp.Or(err, r.Close()) }()
	w := bufio.NewWriter(stdout)
	if n, err = writeRuled(ctx, r, w); err != nil {
		return n, err
	}
	return n, w.Flush()
}

// writeRuled writes the register's ruled messages, some at a time.
func writeRuled(ctx context.Context, r *register.Register, w io.Writer) (n int, err error) {
	const some = 200
	who := writers{group: map[string]string{}}
	for after := register.ID(""); ; {
		ruled, err := r.Ruled(ctx, after, some)
		if err != nil {
			return n, err
		}
		for _, m := range ruled {
			after = m.ID
			if m.Reading == nil || m.Verdict == nil {
				continue
			}
			if err := classify.WriteCorpus(w, ruledExample(m, who.of(m)), knownOf(*m.Reading)); err != nil {
				return n, err
			}
			n++
		}
		if len(ruled) < some {
			return n, nil
		}
	}
}

// ruledExample is a message with the labels that an officer left it with.
func ruledExample(m register.RuledMessage, group string) classify.Example {
	e := classify.Example{
		ID: m.ID, Group: group, Message: ingest.Question(m.Channel, *m.Reading, nil),
		Label: m.Verdict.Label, Topics: m.Verdict.Topics, Flags: m.Verdict.Flags, Why: m.Reason,
	}
	if m.Joined {
		e.Context = ingest.ContextOf(m.CaseKind, m.Stage)
	}
	return e
}

// writers number whoever wrote: messages of one case, or of one sender, belong
// together and are never parted between folds, and a number tells nobody.
type writers struct {
	group map[string]string // by case, and by sender
	last  int
}

func (w *writers) of(m register.RuledMessage) string {
	rd := m.Reading
	sender := cmp.Or(rd.From.Address, rd.Complainant.Address, rd.From.Name, rd.Complainant.Name, m.ID)
	byCase, bySender := "case "+cmp.Or(m.Case, m.ID), "from "+strings.ToLower(sender)
	group := cmp.Or(w.group[byCase], w.group[bySender])
	if group == "" {
		w.last++
		group = "writer " + strconv.Itoa(w.last)
	}
	w.group[byCase], w.group[bySender] = group, group
	return group
}

// knownOf gives the names and addresses that the register knows of a message.
func knownOf(rd register.Reading) []string {
	known := []string{rd.From.Name, rd.From.Address, rd.Complainant.Name, rd.Complainant.Address}
	for _, a := range append(append(rd.ReplyTo, rd.To...), rd.Cc...) {
		known = append(known, a.Name, a.Address)
	}
	return append(known, rd.PostalAddress...)
}
