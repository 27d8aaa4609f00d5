package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"

	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/ingest/scan"
	"postroom/internal/archive"
	"postroom/internal/malware"
	"postroom/internal/paper"
	"postroom/internal/queue"
	"postroom/internal/records"
	"postroom/internal/register"
	"postroom/internal/web"
	"postroom/notify"
)

// A house is a plan with its doors open.
type house struct {
	plan
	register *register.Register
	archive  *archive.Archive
	screen   *malware.Screen
	queue    *queue.Queue
	composer *notify.Composer
	letters  *scan.Reader
	desk     *web.Desk
	listener net.Listener
	watching net.Listener // nil: nobody asks
}

// build opens everything that the plan names. What cannot be opened closes
// what was.
func build(ctx context.Context, p plan) (_ *house, err error) {
	h := &house{plan: p}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if err = p.makeRegisterFolder(); err != nil {
		return nil, err
	}
	var anew bool
	anew, err = p.beginsAnew(ctx)
	if err != nil {
		return nil, err
	}
	if h.register, err = register.Connect(ctx, p.registerConfig(true)); err != nil {
		return nil, err
	}
	if anew {
		h.logger.WarnContext(ctx, "there was no register: a new one was made. If there should have been one, stop this now: its disk may not be mounted", slog.String("register", p.registerName()))
	}
	if err = h.register.HoldReferenceKey(ctx); err != nil {
		return nil, err
	}
	if h.archive, err = p.openArchive(); err != nil {
		return nil, err
	}
	h.screen = p.screenOf(h.register, h.archive)
	if h.queue, err = queue.Open(ctx, p.queueConfig()); err != nil {
		return nil, err
	}
	h.letters = scan.NewReader(h.paper)
	h.composer = p.composer()
	if h.composer.Press, err = p.press(); err != nil {
		return nil, err
	}
	if err = h.openWatch(ctx); err != nil {
		return nil, err
	}
	if p.listen == "" || !p.plays("web") {
		return h, nil
	}
	return h, h.openDesk(ctx)
}

func (p *plan) makeRegisterFolder() error {
	if p.driver != "sqlite" {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(p.dsn), 0o700); err != nil { //nolint:gosec // the operator names it
		return fmt.Errorf("register.path: %w", err)
	}
	return nil
}

// registerConfig is the register's; serve owns an SQLite register, the other
// commands may be beside it.
func (p *plan) registerConfig(own bool) register.Config {
	return register.Config{
		Driver: p.driver, DSN: p.dsn, Own: own, Now: p.now, Calendar: p.calendar, Code: p.code, HazardLaws: p.hazards, References: p.references, Policy: p.policy,
		Screened: p.scanner != nil, Migrating: p.newForm(),
	}
}

// newForm logs how far a register is on its way to a new form: each migration,
// and of one that lasts how much it has done.
func (p *plan) newForm() func(string, int) {
	last := p.now()
	return func(migration string, n int) {
		if t := p.now(); n == 0 || t.Sub(last) >= progressEvery {
			last = t
			p.logger.Info("the register is brought to the form of this version; stopped, it is as before", slog.String("migration", migration), slog.Int("done", n))
		}
	}
}

func (h *house) openDesk(ctx context.Context) (err error) {
	h.desk, err = web.New(web.Config{
		Register: h.register, Archive: h.archive, Screen: h.screen, Calendar: h.calendar, Landlord: h.landlord.Name, Homes: h.homes, Rules: h.rules,
		Code: h.code, Outgoing: h.outgoingWords, Queue: h.queueWords, Owed: h.owed, Composer: h.composer, Reading: func(source string) mime.Options { return h.options[source] }, Letters: h.letters,
		Uploads: h.uploads(), Prefixes: []string{h.references.Prefix()},
		Printer: h.printer(h.register, h.archive, h.composer.Press),
		Intake:  h.intake("typed"), Reader: h.reader(),
		CaseFile: h.caseFile,
		Machine:  h.machine, Form: h.form, API: h.api, FormFiles: filepath.Join(h.archiveDir, "form"),
		Access: h.access, Keep: h.keep, Refresh: h.refresh, Hints: h.hints, Now: h.now, Logger: h.logger,
	})
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	if h.listener, err = lc.Listen(ctx, "tcp", h.listen); err != nil {
		return fmt.Errorf("web.listen: %w; another program may use the port, name another one", err)
	}
	if h.tls.certificate == "" {
		return nil
	}
	pair, err := tls.LoadX509KeyPair(h.tls.certificate, h.tls.key)
	if err != nil {
		return fmt.Errorf("web.tls_certificate: %w", err)
	}
	h.listener = tls.NewListener(h.listener, &tls.Config{
		Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
	})
	return nil
}

// caseFile writes a case's file for the pages, as "postroom export" does.
func (h *house) caseFile(ctx context.Context, reference, path, by string) error {
	keeper := &records.Keeper{Register: h.register, Archive: h.archive, Screen: h.screen, Press: h.composer.Press}
	return keeper.ExportCase(ctx, reference, path, by, h.now())
}

// owed tells the queue what a decision on the pages owes. A hint that is lost
// costs a minute: the sweep puts it again.
func (h *house) owed(ctx context.Context, hints []register.Hint) {
	items := make([]queue.Item, len(hints))
	for i, hint := range hints {
		items[i] = queue.Item{ID: hint.ID, NotBefore: hint.NotBefore, Deadline: hint.Deadline}
	}
	_ = h.queue.Put(context.WithoutCancel(ctx), notify.Lane, items...)
}

func (p *plan) screenOf(r *register.Register, a *archive.Archive) *malware.Screen {
	return malware.NewScreen(r, a, p.scanner, p.now, p.logger)
}

func (p *plan) printer(r *register.Register, a *archive.Archive, press *paper.Press) *notify.Printer {
	return &notify.Printer{Register: r, Archive: a, Press: press, Words: p.words, Folder: p.printTo, Pickup: p.pickupTo, Double: p.bothSides}
}

func (p *plan) composer() *notify.Composer {
	return &notify.Composer{LargePrint: p.largePrint, Words: p.words, Languages: p.languages, Landlord: p.landlord, From: p.from, IDs: p.ids, Envelope: p.envelope, ReturnPaths: p.returns, DKIM: p.dkim}
}

// queueWords says how the queue is, in words for the status page.
func (h *house) queueWords(ctx context.Context) string {
	if !h.queue.Up() {
		return "Redis cannot be reached. Post is taken in and replies go, more slowly."
	}
	var depths [3]queue.Depth
	for i, lane := range []string{ingest.ReadLane, ingest.LetterLane, ingest.ReplyLane} {
		var err error
		if depths[i], err = h.queue.Depth(ctx, lane); err != nil {
			return "Redis does not answer. Post is taken in and replies go, more slowly."
		}
	}
	mail, letters, reply := depths[0], depths[1], depths[2]
	return fmt.Sprintf("%d to read, %d letters to read, %d to send, %d in hand",
		mail.Ready+mail.Waiting, letters.Ready+letters.Waiting, reply.Ready+reply.Waiting, mail.Held+letters.Held+reply.Held)
}

func (h *house) close() error {
	var errs []error
	for _, l := range []net.Listener{h.listener, h.watching} {
		if l == nil {
			continue
		}
		if err := l.Close(); !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	if h.queue != nil {
		errs = append(errs, h.queue.Close())
	}
	if h.archive != nil {
		errs = append(errs, h.archive.Close())
	}
	if h.register != nil {
		errs = append(errs, h.register.Close())
	}
	return errors.Join(errs...)
}

// recount counts the deadlines anew: the calendar or the scheme may have changed
// since they were counted. One that cannot be read keeps no other from being
// served.
func (h *house) recount(ctx context.Context) error {
	moved, err := h.register.Recount(ctx)
	switch {
	case errors.Is(err, register.ErrLost), ctx.Err() != nil:
		return err
	case err != nil:
		h.logger.ErrorContext(ctx, "some deadlines could not be counted anew", slog.Any("error", err))
	}
	if moved > 0 {
		h.logger.InfoContext(ctx, "deadlines were counted anew", slog.Int("count", moved))
	}
	return nil
}

// run does the plan's work until ctx ends, then lets what is in hand finish.
// A worker that fails ends them all: the service manager starts them anew.
func (h *house) run(ctx context.Context) error {
	if err := h.recount(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	if h.plays("mailbox") {
		in := h.intake("in")
		for _, m := range h.mailboxes {
			poller, err := ingest.NewPoller(m, in)
			if err != nil {
				return err
			}
			g.Go(func() error { return poller.Run(ctx) })
			g.Go(func() error { return h.rescan(ctx, m, in) })
		}
	}
	if h.plays("scans") && h.scans.Path != "" {
		door := h.folderDoor()
		g.Go(func() error { return door.Run(ctx) })
	}
	if h.plays("mailbox") {
		g.Go(func() error { return h.sweepFiles(ctx) })
		if h.forgets {
			g.Go(func() error { return h.retainDaily(ctx) })
		}
	}
	if h.plays("read") {
		reader := h.reader()
		g.Go(func() error { return reader.Run(ctx) })
		letters := h.letterReader()
		g.Go(func() error { return letters.Run(ctx) })
		g.Go(func() error { return h.screen.Run(ctx, h.sweep) })
	}
	if h.plays("reply") {
		worker, err := notify.NewWorker(notify.Config{ //nolint:contextcheck // what goes with a reply is read whole, whatever ends
			Register: h.register, Queue: h.queue, Archive: h.archive, Screen: h.screen, Composer: h.composer, Guard: h.guard, Windows: h.windows,
			SMTP: h.smtp, Webhook: h.webhook, Alarms: h.alarms, Digest: h.digest, Retry: h.retry, Connections: h.lines, Held: h.stopped(ctx), Now: h.now, Logger: h.logger, Step: h.steps("out"), Sweep: h.sweep,
		})
		if err != nil {
			return err
		}
		g.Go(func() error { return worker.Run(ctx) })
	}
	if h.plays("reply") && h.pickupAt.Set {
		pickup := h.pickup(ctx, h.composer.Press)
		g.Go(func() error { return pickup.Run(ctx) })
	}
	g.Go(func() error { return h.watchClock(ctx) })
	g.Go(func() error { return h.watchSchema(ctx) })
	if h.watching != nil {
		g.Go(func() error { return h.monitor().Serve(ctx, h.watching) })
	}
	if h.desk != nil {
		g.Go(func() error { return h.desk.Serve(ctx, h.listener) })
	}
	return g.Wait()
}

func (h *house) reader() *ingest.Reader { return ingest.NewReader(h.reading("read")) }

// letterReader reads letters, which takes longer, beside the mail.
func (h *house) letterReader() *ingest.Reader { return ingest.NewLetterReader(h.reading("letters")) }

func (h *house) reading(part string) ingest.ReaderConfig {
	return ingest.ReaderConfig{
		Register: h.register, Archive: h.archive, Queue: h.queue, Rules: h.rules, MessageIDs: h.ids, Returns: h.returns,
		Prefixes: []string{h.references.Prefix()}, Options: h.options, Letters: h.letters, Splitting: h.splitting, Landlord: h.landlord.Address, Scanners: h.scanners,
		Now: h.now, Logger: h.logger, Step: h.steps(part), Sweep: h.sweep,
	}
}

// steps names the steps of one part of the way, such as "out begun".
func (h *house) steps(part string) func(string) {
	if h.step == nil {
		return nil
	}
	return func(step string) { h.step(part + " " + step) }
}
