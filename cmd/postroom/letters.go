package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"postroom/internal/paper"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
)

const lettersUsage = `usage: postroom letters list -config FILE
       postroom letters batch -config FILE -by NAME [-again BATCH]
       postroom letters posted -config FILE -by NAME [-on DATE] BATCH
       postroom letters unposted -config FILE -by NAME -why WORDS BATCH
       postroom letters pull -config FILE -by NAME -why WORDS REFERENCE
       postroom letters returned -config FILE -by NAME [-why WORDS] REFERENCE
       postroom letters address -config FILE -by NAME REFERENCE [RESIDENT LINE…]
       postroom letters sheet -config FILE PDF

list shows what waits: letters that are held, with the reason; the tray; and
batches that are not marked as posted.
batch takes all letters out of the tray and writes them for the printer, with a
cover sheet and a list. With -again it writes a batch's files once more.
posted says that a batch is in the post. Its letters count as sent that day.
unposted takes that back within a day: it was the wrong batch, or it never left.
pull takes one letter out of the tray or its batch, before it is posted.
returned says that a letter came back undelivered.
address says that you have compared the name and address of a case with what
the resident wrote, or gives another name and address, a line each: letters may
go there.
sheet writes a page to try your envelope with.

`

// A letterVerb is a word after "postroom letters".
type letterVerb struct {
	least, most int // arguments
	person      bool
	run         func(context.Context, *letterRoom, []string) error
}

func letterVerbs() map[string]letterVerb {
	return map[string]letterVerb{
		"list":     {0, 0, false, listLetters},
		"batch":    {0, 0, true, batchLetters},
		"posted":   {1, 1, true, postedLetters},
		"unposted": {1, 1, true, unpostedLetters},
		"pull":     {1, 1, true, pullLetter},
		"returned": {1, 1, true, returnedLetter},
		"address":  {1, 1 + 12, true, confirmAddress},
	}
}

// A letterRoom is what the verbs work with.
type letterRoom struct {
	*recordRoom
	stdout             io.Writer
	by, on, why, again string
}

// runLetters is the mailroom's command for letters that go out.
func runLetters(args []string, stdout, stderr io.Writer) int {
	verb := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		verb, args = args[0], args[1:]
	}
	flags := flag.NewFlagSet("letters "+verb, flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	l := letterRoom{stdout: stdout}
	flags.StringVar(&l.by, "by", "", "the `NAME` of the person who does it, for the history")
	flags.StringVar(&l.on, "on", "", "the `DATE` on which it was posted; empty: today")
	flags.StringVar(&l.why, "why", "", "the reason, in `WORDS`")
	flags.StringVar(&l.again, "again", "", "write the files of this `BATCH` once more")
	flags.Usage = func() {
		fmt.Fprint(stderr, lettersUsage)
		flags.PrintDefaults()
	}
	rest, err := parseMixed(flags, args)
	if err != nil {
		return usageCode(err)
	}
	v, known := letterVerbs()[verb]
	if verb == "sheet" && *file != "" && len(rest) == 1 {
		return lettersExit(stderr, verb, writeSheet(*file, rest[0], stdout))
	}
	if !known || *file == "" || len(rest) < v.least || len(rest) > v.most || v.person == (l.by == "") {
		flags.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if l.recordRoom, err = openRecord(ctx, *file, stderr); err == nil {
		err = errors.Join(v.run(ctx, &l, rest), l.close())
	}
	return lettersExit(stderr, verb, err)
}

func lettersExit(stderr io.Writer, verb string, err error) int {
	if err == nil {
		return 0
	}
	if no, is := errors.AsType[*register.NotAllowedError](err); is {
		err = no
	}
	fmt.Fprintf(stderr, "postroom letters %s: %v\n", verb, err)
	return 1
}

// everything is more than waits anywhere: a list that stopped early would hide
// what must still be posted.
const everything = math.MaxInt32

func listLetters(ctx context.Context, l *letterRoom, _ []string) error {
	held, err := l.register.HeldLetters(ctx, everything)
	if err != nil {
		return err
	}
	for _, o := range held {
		fmt.Fprintf(l.stdout, "held\t%s\t%s\tdeadline %s\t%s\n", o.Reference, o.Kind, lastDay(o), o.Why)
	}
	tray, err := l.register.TrayLetters(ctx, everything)
	if err != nil {
		return err
	}
	for _, t := range tray {
		fmt.Fprintf(l.stdout, "tray\t%s\t%s\tprint by %s\t%s", t.Reference, t.Kind, t.PostBy, counted(t.Pages, "page"))
		if t.About != nil && t.About.File != "" {
			fmt.Fprint(l.stdout, "\tand its enclosed file")
		}
		fmt.Fprintln(l.stdout)
	}
	batches, err := l.register.Batches(ctx, everything)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if b.PostedOn.IsZero() && b.Letters > 0 {
			fmt.Fprintf(l.stdout, "batch\t%s\tmade by %s\tnot posted yet\t%s\n", b.Name, b.MadeBy, counted(b.Letters, "letter"))
		}
	}
	return nil
}

// lastDay is the day of a deadline, which is the instant after its end.
func lastDay(o register.Outgoing) workday.Date { return workday.DateOf(o.Deadline.Add(-1)) }

func batchLetters(ctx context.Context, l *letterRoom, _ []string) error {
	press, err := l.press()
	if err != nil {
		return err
	}
	p := l.printer(l.register, l.archive, press)
	var batch register.PrintBatch
	var files []string
	if l.again != "" {
		batch, files, err = p.Again(ctx, l.again, l.by)
	} else {
		batch, files, err = p.Make(ctx, l.by)
	}
	switch {
	case errors.Is(err, notify.ErrNothingToPrint):
		fmt.Fprintln(l.stdout, "The tray is empty.")
		return nil
	case errors.Is(err, register.ErrNotFound):
		return fmt.Errorf("there is no batch %q", l.again)
	case err != nil && batch.Name != "":
		return fmt.Errorf("%w; try again with -again %s", err, batch.Name)
	case err != nil:
		return err
	}
	fmt.Fprintf(l.stdout, "Batch %s: %s, %s.\n", batch.Name, counted(batch.Letters, "letter"), counted(batch.Pages, "page"))
	for _, f := range files {
		fmt.Fprintln(l.stdout, f)
	}
	return nil
}

func postedLetters(ctx context.Context, l *letterRoom, args []string) error {
	on := workday.DateOf(l.now())
	if l.on != "" {
		var err error
		if on, err = workday.ParseDate(l.on); err != nil {
			return fmt.Errorf("-on: %w", err)
		}
	}
	batch, err := l.batch(ctx, args[0])
	if err != nil {
		return err
	}
	if err := l.register.Posted(ctx, batch.ID, on, l.by); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "Batch %s: %s posted on %s.\n", batch.Name, counted(batch.Letters, "letter"), on.Long())
	return nil
}

func (l *letterRoom) batch(ctx context.Context, name string) (register.PrintBatch, error) {
	batch, err := l.register.BatchNamed(ctx, name)
	if errors.Is(err, register.ErrNotFound) {
		err = fmt.Errorf("there is no batch %q", name)
	}
	return batch, err
}

func unpostedLetters(ctx context.Context, l *letterRoom, args []string) error {
	batch, err := l.batch(ctx, args[0])
	if err == nil {
		err = l.register.Unpost(ctx, batch.ID, l.by, l.why)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "Batch %s: not posted after all. Its %s wait to be posted.\n", batch.Name, counted(batch.Letters, "letter"))
	return nil
}

// letter finds the newest letter with a reference that is in one of the states.
func (l *letterRoom) letter(ctx context.Context, reference string, state register.OutgoingState) (register.TrayLetter, error) {
	all, err := l.register.LettersNamed(ctx, strings.ToUpper(reference))
	if err != nil {
		return register.TrayLetter{}, err
	}
	for _, one := range all {
		if one.State == state {
			return one, nil
		}
	}
	if len(all) > 0 {
		return all[0], nil // the register says why it cannot be done
	}
	return register.TrayLetter{}, fmt.Errorf("there is no letter %q", reference)
}

func pullLetter(ctx context.Context, l *letterRoom, args []string) error {
	one, err := l.letter(ctx, args[0], register.ToPrint)
	if err == nil {
		err = l.register.Pull(ctx, one.ID, l.by, l.why)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "%s is pulled. It waits for a person, who lets it go again or cancels it.\n", one.Reference)
	return nil
}

func returnedLetter(ctx context.Context, l *letterRoom, args []string) error {
	one, err := l.letter(ctx, args[0], register.Delivered)
	if err == nil {
		err = l.register.Returned(ctx, one.ID, l.by, l.why)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "%s came back. It waits for a person, who finds another address or another way.\n", one.Reference)
	return nil
}

// confirmAddress shows the address as it will be printed: what is looked at
// is what is confirmed.
func confirmAddress(ctx context.Context, l *letterRoom, args []string) error {
	m, err := l.register.FindReference(ctx, strings.ToUpper(args[0]))
	if errors.Is(err, register.ErrNotFound) || err == nil && m.Case == "" {
		return fmt.Errorf("there is no case %q", args[0])
	}
	if err != nil {
		return err
	}
	c, _, err := l.register.GetCase(ctx, m.Case)
	if err != nil {
		return err
	}
	if len(args) > 2 {
		c.Correspondent.Name, c.Postal = args[1], args[2:]
	}
	printed, err := paper.Address(c.Addressee())
	if err != nil {
		return err
	}
	if err := l.register.ConfirmAddress(ctx, c.ID, c.Correspondent.Name, c.Postal, l.by); err != nil {
		return err
	}
	fmt.Fprintf(l.stdout, "Letters about %s go to:\n%s\n", c.Reference, strings.Join(printed, "\n"))
	return nil
}

func writeSheet(file, name string, stdout io.Writer) error {
	c, err := loadConfig(file, nil)
	if err != nil {
		return err
	}
	press, err := c.press()
	if err != nil {
		return err
	}
	sheet, err := press.TestSheet(time.Now())
	if err != nil {
		return err
	}
	if err := os.WriteFile(name, sheet.PDF, 0o600); err != nil { //nolint:gosec // the file that the user names
		return err
	}
	fmt.Fprintf(stdout, "%s: print it at 100 %%, fold it and put it into your envelope.\n", name)
	return nil
}
