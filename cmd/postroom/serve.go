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
)

// runServe does the real work until it is told to stop.
func runServe(args []string, _, stderr io.Writer) int {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom serve -config FILE\n\nTakes in post, decides what the rules are sure of, replies, and serves the pages.\nStops cleanly on SIGTERM and SIGINT.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if *file == "" || flags.NArg() > 0 {
		flags.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := serve(ctx, *file, stderr); err != nil {
		fmt.Fprintln(stderr, "postroom serve:", err)
		return 1
	}
	return 0
}

// serve serves what the file says; tests change the plan.
func serve(ctx context.Context, file string, stderr io.Writer, changes ...func(*plan)) error {
	c, err := loadConfig(file, os.LookupEnv)
	if err != nil {
		return err
	}
	if err := report(file, c.checkServing()); err != nil {
		return err
	}
	logger := c.Log.logger(stderr)
	p, err := configured(c, logger)
	if err != nil {
		return err
	}
	p.step = killStep(stderr)
	for _, change := range changes {
		change(&p)
	}
	h, err := build(ctx, p)
	if err != nil && ctx.Err() != nil {
		logger.InfoContext(context.WithoutCancel(ctx), "postroom was told to stop while it started")
		return nil //nolint:nilerr // what was being opened says only that it was told to stop
	}
	if err != nil {
		return err
	}
	attributes := []any{slog.String("rules", p.rules.Version()), slog.Int("mailboxes", len(p.mailboxes)), slog.Bool("outgoing_held", p.guard.Held)}
	if h.listener != nil {
		attributes = append(attributes, slog.String("pages", h.pagesAddress()))
	}
	if h.watching != nil {
		attributes = append(attributes, slog.String("metrics", "http://"+h.watching.Addr().String()+"/metrics"))
	}
	logger.InfoContext(ctx, "postroom serves", attributes...)
	err = h.run(ctx)
	logger.InfoContext(context.WithoutCancel(ctx), "postroom stops")
	return errors.Join(err, h.close())
}

// pagesAddress is where the pages are on this machine.
func (h *house) pagesAddress() string {
	if h.tls.certificate != "" {
		return "https://" + h.listener.Addr().String() + "/"
	}
	return "http://" + h.listener.Addr().String() + "/"
}
