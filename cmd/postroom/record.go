package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"postroom/internal/archive"
	"postroom/internal/records"
	"postroom/internal/register"
)

// recordCommands look after the record as a whole.
func recordCommands() []command {
	return []command{
		{"verify", "prove that register, archive and histories agree", runVerify},
		{"report", "count what was received, acknowledged and answered in time", runReport},
		{"export", "write the file of a case, for the Ombudsman", runExport},
		{"information", "list requests for information with their deadlines, or settle one", runInformation},
		{"subject-access", "write what is held about one person", runSubjectAccess},
		{"retention", "forget what is older than it is to be kept", runRetention},
		{"keep", "have a case kept whatever its age", runKeep},
		{"erase", "forget one case, or a message without one", runErase},
		{"backup", "copy register, archive and keys, also while serve runs", runBackup},
		{"restore", "put a backup into empty places", runRestore},
		{"outgoing", "stop everything that leaves, or let it go", runOutgoing},
	}
}

// A recordCommand is one that works on the register and the archive that a
// configuration names, beside a serve that may be running.
type recordCommand struct {
	name  string
	usage string   // what follows the name
	about string   // what it does, in sentences
	args  []string // its arguments by name
	flags *flag.FlagSet
	file  *string
}

func newRecordCommand(name, usage, about string, stderr io.Writer, args ...string) *recordCommand {
	c := &recordCommand{name: name, usage: usage, about: about, args: args, flags: flag.NewFlagSet(name, flag.ContinueOnError)}
	c.flags.SetOutput(stderr)
	c.file = c.flags.String("config", "", "configuration `FILE`")
	c.flags.Usage = func() {
		fmt.Fprintf(stderr, "usage: postroom %s %s\n\n%s\n", name, usage, about)
		c.flags.PrintDefaults()
	}
	return c
}

// parse reads flags and arguments; code is the exit code when it is not -1.
func (c *recordCommand) parse(args []string) (rest []string, code int) {
	if err := c.flags.Parse(args); err != nil {
		return nil, usageCode(err)
	}
	if *c.file == "" || c.flags.NArg() != len(c.args) {
		c.flags.Usage()
		return nil, 2
	}
	return c.flags.Args(), -1
}

// A recordRoom is the register and the archive, open.
type recordRoom struct {
	plan
	config   config
	register *register.Register
	archive  *archive.Archive
	keeper   *records.Keeper
}

// with opens the record, does the work and closes it. It stops cleanly on
// SIGTERM and SIGINT.
func (c *recordCommand) with(stderr io.Writer, work func(context.Context, *recordRoom) error) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	room, err := openRecord(ctx, *c.file, stderr)
	if err == nil {
		err = errors.Join(work(ctx, room), room.close())
	}
	if err != nil {
		fmt.Fprintf(stderr, "postroom %s: %v\n", c.name, err)
		return 1
	}
	return 0
}

func openRecord(ctx context.Context, file string, stderr io.Writer) (*recordRoom, error) {
	c, err := loadConfig(file, os.LookupEnv)
	if err != nil {
		return nil, err
	}
	p, err := configured(c, c.Log.logger(stderr))
	if err != nil {
		return nil, err
	}
	if err := p.mustBeThere(ctx); err != nil {
		return nil, err
	}
	room := &recordRoom{plan: p, config: c}
	if room.register, err = register.Connect(ctx, p.registerConfig(false)); err != nil {
		return nil, err
	}
	if room.archive, err = p.openArchive(); err != nil {
		return nil, errors.Join(err, room.close())
	}
	room.keeper = &records.Keeper{Register: room.register, Archive: room.archive, Screen: p.screenOf(room.register, room.archive), Progress: progressOn(stderr, p.now)}
	return room, nil
}

func (r *recordRoom) close() error {
	var errs []error
	if r.archive != nil {
		errs = append(errs, r.archive.Close())
	}
	if r.register != nil {
		errs = append(errs, r.register.Close())
	}
	return errors.Join(errs...)
}

// progressEvery is how often a long run says how far it is.
const progressEvery = 5 * time.Second

// progressOn says on w how far a run is, and nothing of a short one.
func progressOn(w io.Writer, now func() time.Time) func(string, int) {
	last := now()
	return func(what string, done int) {
		if t := now(); t.Sub(last) >= progressEvery {
			last = t
			fmt.Fprintf(w, "%s: %d\n", what, done)
		}
	}
}
