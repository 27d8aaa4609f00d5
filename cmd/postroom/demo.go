package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"postroom/cmd/postroom/demomail"
	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/password"
	"postroom/internal/register"
	"postroom/internal/web"
	"postroom/internal/workday"
	"postroom/notify"
)

// demoOptions are what the demo's flags say.
type demoOptions struct {
	imap, smtp, listen string
	every              time.Duration
	folder             string
	verbose            bool
}

// runDemo runs everything in one process, for somebody who wants to see it.
func runDemo(args []string, stdout, stderr io.Writer) int {
	var o demoOptions
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.StringVar(&o.imap, "imap", "127.0.0.1:1143", "`ADDRESS` of the IMAP server, on loopback")
	flags.StringVar(&o.smtp, "smtp", "127.0.0.1:1025", "`ADDRESS` of the SMTP server, on loopback")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:8080", "`ADDRESS` of the pages, on loopback")
	flags.DurationVar(&o.every, "every", 4*time.Second, "`TIME` between two pieces of sample post; 0: none")
	flags.StringVar(&o.folder, "folder", "", "`FOLDER` to keep the register and the originals in; default: one that is thrown away")
	flags.BoolVar(&o.verbose, "v", false, "log what happens")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom demo [-imap ADDRESS] [-smtp ADDRESS] [-listen ADDRESS] [-every TIME] [-folder FOLDER] [-v]\n\nRuns a mailbox, a mail server, Postroom and its pages in one process on this machine alone.\nSample post flows in; send your own with any mail program. Ctrl-C ends it.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if flags.NArg() > 0 {
		flags.Usage()
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	// Ctrl-C while it starts is no failure.
	if err := demo(ctx, o, stdout, stderr); err != nil && (ctx.Err() == nil || !errors.Is(err, context.Canceled)) {
		fmt.Fprintln(stderr, "postroom demo:", err)
		return 1
	}
	return 0
}

func demo(ctx context.Context, o demoOptions, stdout, stderr io.Writer) (err error) {
	// The mail servers look at their own addresses.
	if err := demomail.OnLoopback(o.listen); err != nil {
		return fmt.Errorf("-listen: %w", err)
	}
	folder, tidy, err := demoFolder(o.folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tidy()) }()
	servers, err := demomail.Start(ctx, demomail.Config{IMAP: o.imap, SMTP: o.smtp, Now: time.Now})
	if errors.Is(err, syscall.EADDRINUSE) {
		err = fmt.Errorf("%w; another program uses the port: name other ones with -imap and -smtp", err)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, servers.Close()) }()
	p, err := demoPlan(o, folder, servers, stderr)
	if err != nil {
		return err
	}
	h, err := build(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	word, err := demoAccount(ctx, h.register)
	if err != nil {
		return err
	}
	welcome(stdout, h, servers, o, word)
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return h.run(ctx) })
	if o.every > 0 {
		g.Go(func() error { return servers.Play(ctx, o.every, demomail.Sample()) })
	}
	return g.Wait()
}

// demoOfficer signs in to the demo's pages.
const demoOfficer = "demo"

// demoAccount makes the demo's account, or gives the one that a kept folder
// has another password. It returns the password.
func demoAccount(ctx context.Context, r *register.Register) (string, error) {
	word := strings.ToLower(rand.Text()[:4] + "-" + rand.Text()[:4] + "-" + rand.Text()[:4])
	hash := password.Usual().Hash(word)
	_, err := r.AddAccount(ctx, demoOfficer, register.Manager, hash)
	if errors.Is(err, register.ErrNameTaken) {
		err = errors.Join(r.SetPassword(ctx, demoOfficer, hash), r.EnableAccount(ctx, demoOfficer, register.CommandLine))
	}
	return word, err
}

// demoFolder is where the demo keeps its register; what nobody asked to keep
// goes away with it.
func demoFolder(kept string) (folder string, tidy func() error, err error) {
	if kept != "" {
		return kept, func() error { return nil }, os.MkdirAll(kept, 0o700)
	}
	folder, err = os.MkdirTemp("", "postroom-demo-")
	return folder, func() error { return os.RemoveAll(folder) }, err
}

func demoPlan(o demoOptions, folder string, servers *demomail.Servers, stderr io.Writer) (plan, error) {
	secret, err := demoSecret(folder)
	if err != nil {
		return plan{}, err
	}
	p, err := examplePlan(secret)
	if err != nil {
		return p, err
	}
	c := servers.Config()
	p.driver, p.dsn, p.archiveDir, p.listen = "sqlite", filepath.Join(folder, "register.db"), filepath.Join(folder, "archive"), o.listen
	p.printTo = filepath.Join(folder, "print")
	p.from.Address, p.guard.Own = c.Complaints, []string{c.Complaints}
	p.policy.Forward = map[string]string{"*": "repairs@citrine.example"}
	p.guard.Team = []string{"repairs@citrine.example", "duty@citrine.example"}
	p.alarms = []register.Recipient{{Way: register.ByEmail, Address: "duty@citrine.example"}}
	if err := p.demoServers(servers); err != nil {
		return p, err
	}
	p.refresh, p.form = 5, true
	p.hints = []web.Hint{
		{Name: "Residents complain", Value: "at /complain on this address"},
		{Name: "Write to", Value: c.Complaints + " by SMTP at " + servers.SMTPAddr() + ", no password"},
		{Name: "Read replies", Value: "by IMAP at " + servers.IMAPAddr() + ", user: the address that you wrote from, password: " + c.Password},
	}
	if o.verbose {
		p.logger = slog.New(slog.NewTextHandler(stderr, nil))
	} else {
		p.logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: slog.LevelError}))
	}
	return p, nil
}

// demoSecret is new for a folder that is thrown away, and stays with one that
// is kept: the same post must get the same reference.
func demoSecret(folder string) ([]byte, error) {
	value, err := keyIn(filepath.Join(folder, "secrets"), "demo.key")
	if err != nil {
		return nil, err
	}
	return []byte(value), nil
}

// demoServers points the plan at the demo's own servers.
func (p *plan) demoServers(servers *demomail.Servers) error {
	c := servers.Config()
	imapHost, imapPort, err := hostPort(servers.IMAPAddr())
	if err != nil {
		return err
	}
	smtpHost, smtpPort, err := hostPort(servers.SMTPAddr())
	if err != nil {
		return err
	}
	yesterday := workday.DateOf(time.Now()).AddDays(-400)
	inbox := ingest.Mailbox{
		Name: c.Complaints, Host: imapHost, Port: imapPort, TLS: ingest.NoTLS, User: c.Complaints, Folder: "INBOX", FiledFolder: "Filed",
		Password: func(context.Context) (string, error) { return c.Password, nil }, Start: yesterday, PollEvery: 5 * time.Second,
	}
	junk := inbox
	junk.Name, junk.Folder, junk.FiledFolder, junk.Junk = c.Complaints+" (junk)", "Junk", "", true
	p.mailboxes = []ingest.Mailbox{inbox, junk}
	reading := mime.Options{AuthservID: c.AuthservID, OwnAddresses: []string{c.Complaints}, Now: time.Now}
	p.options = map[string]mime.Options{inbox.Name: reading, junk.Name: reading}
	p.smtp = notify.SMTP{Host: smtpHost, Port: smtpPort, TLS: notify.NoTLS}
	return nil
}

func hostPort(address string) (string, int, error) {
	host, text, err := net.SplitHostPort(address)
	if err != nil {
		return "", 0, err
	}
	port, err := strconv.Atoi(text)
	return host, port, err
}

func welcome(w io.Writer, h *house, servers *demomail.Servers, o demoOptions, word string) {
	c := servers.Config()
	fmt.Fprintf(w, `Postroom is running, on this machine alone.

  The pages          http://%s/
  Sign in            name: %s, password: %s
  Write a complaint  to %s by SMTP at %s (no TLS, no password)
  Read the replies   by IMAP at %s (no TLS), user: the address you wrote from, password: %s

`, h.listener.Addr(), demoOfficer, word, c.Complaints, servers.SMTPAddr(), servers.IMAPAddr(), c.Password)
	if o.every > 0 {
		fmt.Fprintf(w, "Sample post arrives every %v. ", o.every)
	}
	fmt.Fprintln(w, "Ctrl-C ends it.")
}
