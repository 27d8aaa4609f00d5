package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"postroom/ingest"
	"postroom/internal/queue"
	"postroom/internal/register"
)

// importSource is the source of what import takes in, and of its reading
// options: no mail server's word counts for files.
const importSource = "import"

// runImport takes in a backlog.
func runImport(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("import", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	owed := flags.Bool("acknowledge", false, "answer the mails like new post; without it they are history and owe nothing")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom import -config FILE [-acknowledge] PATH...\n\nTakes in old post: .eml files, Maildirs, mbox files, scans (PDF, pictures), and folders of them.\n"+
			"It may be stopped with Ctrl-C and run again: what is there already is not taken in twice.\n"+
			"postroom serve may run beside it. Exits with 1 when a file could not be taken in or it was stopped.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if *file == "" || flags.NArg() == 0 {
		flags.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	failed, err := importAll(ctx, *file, *owed, flags.Args(), stdout, stderr)
	if err != nil {
		fmt.Fprintln(stderr, "postroom import:", err)
	}
	if err != nil || failed > 0 {
		return 1
	}
	return 0
}

// importAll returns how many files and mails were not taken in.
func importAll(ctx context.Context, config string, owed bool, paths []string, stdout, stderr io.Writer) (failed int, err error) {
	c, err := loadConfig(config, os.LookupEnv)
	if err != nil {
		return 0, err
	}
	c.Log.Level = quieter(c.Log.Level)
	p, err := configured(c, c.Log.logger(stderr))
	if err != nil {
		return 0, err
	}
	trouble := func(name string, why error) {
		failed++
		fmt.Fprintf(stderr, "not taken in: %s: %v\n", name, why)
	}
	files := ingest.FindBacklog(paths, func(path string) { fmt.Fprintf(stderr, "no post, left alone: %s\n", path) }, trouble)
	h, err := openBeside(ctx, p)
	if err != nil {
		return 0, err
	}
	b := h.backlog(owed, trouble, stderr)
	tally, err := b.TakeIn(ctx, files)
	if closing := h.close(); err == nil {
		err = closing
	}
	sayTally(stdout, tally, failed)
	if ctx.Err() != nil {
		return failed, errors.New("stopped; nothing is lost: run the same command again to go on")
	}
	return failed, err
}

// quieter drops the line that each opened message gives the log.
func quieter(level string) string {
	if level == "debug" || level == "error" {
		return level
	}
	return slog.LevelWarn.String()
}

// openBeside opens a house for a command that may run beside serve: it does
// not own the register.
func openBeside(ctx context.Context, p plan) (_ *house, err error) {
	h := &house{plan: p}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err = p.makeRegisterFolder(); err != nil {
		return nil, err
	}
	if _, err = p.beginsAnew(ctx); err != nil {
		return nil, err
	}
	if h.register, err = register.Connect(ctx, p.registerConfig(false)); err != nil {
		return nil, err
	}
	if err = h.register.HoldReferenceKey(ctx); err != nil {
		return nil, err
	}
	if h.archive, err = p.openArchive(); err != nil {
		return nil, err
	}
	if h.queue, err = queue.Open(ctx, p.queueConfig()); err != nil {
		return nil, err
	}
	return h, nil
}

// mailsBetweenWords is how many mails are gone through between two words of progress.
const mailsBetweenWords = 200

func (h *house) backlog(owed bool, trouble func(string, error), stderr io.Writer) *ingest.Backlog {
	said := 0
	return &ingest.Backlog{
		Intake: h.intake("in"),
		Reader: h.reader(), Source: importSource, Owed: owed, Trouble: trouble,
		Progress: func(t ingest.Tally) {
			if n := (t.New + t.Scans + t.Known) / mailsBetweenWords; n > said {
				said = n
				fmt.Fprintf(stderr, "%d mails and scans, %d %% of %.0f MB\n", t.New+t.Scans+t.Known, t.Done*100/max(1, t.Bytes), float64(t.Bytes)/1e6)
			}
		},
	}
}

func sayTally(w io.Writer, t ingest.Tally, failed int) {
	fmt.Fprintf(w, "%s taken in, %d there already\n", counted(t.New, "mail"), t.Known)
	if t.Scans > 0 {
		fmt.Fprintf(w, "%s taken in, to be read by postroom serve\n", counted(t.Scans, "scan"))
	}
	if t.People > 0 {
		fmt.Fprintf(w, "waiting for a person: %d of them\n", t.People)
	}
	if t.Unread > 0 {
		fmt.Fprintf(w, "registered, and to be read by postroom serve: %d of them\n", t.Unread)
	}
	if failed > 0 {
		fmt.Fprintf(w, "could not be taken in, and named above: %d\n", failed)
	}
}
