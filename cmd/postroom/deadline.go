package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"strings"
	"time"

	"postroom/internal/workday"
)

// runDeadline works out a complaint code's deadlines for post received at a
// time: a line for each clock, for programs, and then the arithmetic, for
// people.
func runDeadline(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("deadline", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`: its scheme and nation are the defaults, and its own schemes and bank holidays count")
	schemeID := flags.String("scheme", "", "the complaint code, by its `ID`: "+strings.Join(workday.CodeIDs(), ", ")+" (default "+workday.DefaultScheme().ID+")")
	nationID := flags.String("nation", "", "whose bank holidays, by the `ID`: "+nationIDs()+" (default "+string(workday.EnglandAndWales)+")")
	flags.Usage = func() {
		fmt.Fprint(stderr, deadlineUsage)
		flags.PrintDefaults()
	}
	words, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	if len(words) == 0 {
		flags.Usage()
		return 2
	}
	c := defaultConfig()
	if *file != "" {
		if c, err = loadConfig(*file, nil); err != nil {
			fmt.Fprintln(stderr, "postroom deadline:", err)
			return 1
		}
	}
	code, err := workday.CodeByID(cmp.Or(*schemeID, c.Scheme), c.Schemes...)
	if err != nil {
		return deadlineMistake(stderr, err)
	}
	nation, err := workday.ParseNation(cmp.Or(*nationID, c.Nation))
	if err != nil {
		return deadlineMistake(stderr, err)
	}
	received, err := workday.ParseInstant(strings.Join(words, " "))
	if err != nil {
		return deadlineMistake(stderr, err)
	}
	c.Nation = string(nation)
	calendar, err := c.calendar()
	if err != nil {
		fmt.Fprintln(stderr, "postroom deadline:", err)
		return 1
	}
	scheme := code.On(workday.DateOf(received))
	if _, err := io.WriteString(stdout, deadlineText(scheme, calendar, received)); err != nil {
		fmt.Fprintln(stderr, "postroom deadline:", err)
		return 1
	}
	return 0
}

const deadlineUsage = `usage: postroom deadline [-config FILE] [-scheme ID] [-nation ID] RECEIVED

Works out the deadlines for post received at a time: first a line for each
clock, its name and the last day in time, with a tab between them; then the
count, day by day, and how far an answer may be put off.

RECEIVED is a time such as 2026-11-23T09:30:00Z. Without an offset, as in
"2026-11-23 09:30", it is the time in London; of an hour that the autumn
repeats it is the first. A date alone is the start of that day.

`

// deadlineMistake reports a wrong argument.
func deadlineMistake(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "postroom deadline:", err)
	fmt.Fprintln(stderr, `"postroom deadline -h" explains.`)
	return 2
}

// parseMixed parses flags that stand before, between and behind the words, and
// gives the words.
func parseMixed(flags *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	for {
		if err := flags.Parse(args); err != nil {
			return nil, err
		}
		if flags.NArg() == 0 {
			return words, nil
		}
		words = append(words, flags.Arg(0))
		args = flags.Args()[1:]
	}
}

func nationIDs() string {
	var ids []string
	for _, n := range workday.Nations() {
		ids = append(ids, string(n))
	}
	return strings.Join(ids, ", ")
}

func deadlineText(scheme workday.Scheme, calendar *workday.Calendar, received time.Time) string {
	clocks := scheme.Clocks(calendar, received)
	var b strings.Builder
	for _, c := range clocks {
		fmt.Fprintf(&b, "%s\t%s\n", c.Name, c.Due)
	}
	fmt.Fprintf(&b, "\nReceived on %s at %s, London time.\n", workday.DateOf(received).Long(), received.In(workday.London()).Format("15:04"))
	fmt.Fprintf(&b, "Counted by the %s.\n", scheme.Name)
	fmt.Fprintf(&b, "Working days are Monday to Friday without the bank holidays of %s.\n", calendar.Nation())
	for _, note := range []string{scheme.InForce(workday.DateOf(received)), otherNation(scheme, calendar.Nation())} {
		if note != "" {
			fmt.Fprintln(&b, note)
		}
	}
	fmt.Fprint(&b, "Stage 2 is counted as if this were the request for it.\n")
	for _, c := range clocks {
		fmt.Fprintf(&b, "\n%s: due on %s\n", c.Name, c.Due.Long())
		for _, note := range []string{c.Assumes, c.Warning} {
			if note != "" {
				fmt.Fprintf(&b, "  %s\n", note)
			}
		}
		for _, step := range c.Steps {
			fmt.Fprintf(&b, "  %s\n", step)
		}
		if words := extensionWords(scheme, calendar, c); words != "" {
			fmt.Fprintf(&b, "  %s\n", words)
		}
	}
	return b.String()
}

// otherNation says that the code belongs to other bank holidays than those
// that were counted.
func otherNation(scheme workday.Scheme, counted workday.Nation) string {
	if scheme.Nation == "" || scheme.Nation == counted {
		return ""
	}
	return fmt.Sprintf("This scheme is used in %s; its bank holidays count with -nation %s.", scheme.Nation, scheme.Nation)
}

// extensionWords says how far an answer may be put off (Code 6.4, 6.15).
func extensionWords(scheme workday.Scheme, calendar *workday.Calendar, c workday.Due) string {
	if c.Name != workday.Stage1Answer && c.Name != workday.Stage2Answer {
		return ""
	}
	last, ok := scheme.Extended(calendar, c.Name, c.Due)
	if !ok {
		return "The scheme sets no number of days by which it may be put off."
	}
	return fmt.Sprintf("It may be put off by %d working days, to %s at the latest: in writing before it is due, with the reason and the new date.",
		calendar.Between(c.Due, last), last.Long())
}
