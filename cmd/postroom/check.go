package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"postroom/ingest"
	"postroom/internal/archive"
	"postroom/internal/register"
	"postroom/internal/workday"
	"postroom/notify"
)

// checkLimit bounds one look at one server.
const checkLimit = 30 * time.Second

// runCheck reads the configuration, connects to every server named in it and
// prints a line for each.
func runCheck(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	flags.SetOutput(stderr)
	file := flags.String("config", "", "configuration `FILE`")
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: postroom check -config FILE\n\nReads the configuration, connects to every server that it names and prints a line for each:\nok, a look that it is worth, or what is wrong and what to do. Takes nothing in and sends nothing.")
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		return usageCode(err)
	}
	if *file == "" || flags.NArg() > 0 {
		flags.Usage()
		return 2
	}
	c, err := loadConfig(*file, os.LookupEnv)
	if err != nil {
		fmt.Fprintln(stderr, "postroom check:", err)
		return 1
	}
	p, err := configured(c, c.Log.logger(stderr))
	if err != nil {
		fmt.Fprintln(stderr, "postroom check:", err)
		return 1
	}
	if !p.check(context.Background(), stdout) {
		return 1
	}
	return 0
}

// A checked thing: its name, and what was found.
type finding struct {
	name, found string
	warning     string // works for now, and should be looked at; takes the place of found
	err         error
	clock       *witness // the server's, where it was asked
}

// check looks at everything, prints a line for each, and reports whether all
// is well.
func (p *plan) check(ctx context.Context, w io.Writer) bool {
	well := true
	var clocks []witness
	say := func(f finding) {
		if f.clock != nil {
			clocks = append(clocks, *f.clock)
		}
		switch {
		case f.err != nil:
			well = false
			fmt.Fprintf(w, "%-24s WRONG  %v\n", f.name, f.err)
		case f.warning != "":
			fmt.Fprintf(w, "%-24s look   %s\n", f.name, f.warning)
		default:
			fmt.Fprintf(w, "%-24s ok     %s\n", f.name, f.found)
		}
	}
	say(finding{name: "rules", found: "version " + p.rules.Version()})
	say(p.checkCalendar())
	say(p.checkHazards())
	say(p.checkRegister(ctx))
	say(p.checkArchive())
	if p.bucket != nil {
		say(p.checkBucket(ctx))
	}
	if p.scanner != nil {
		say(p.checkMalware(ctx))
	}
	say(p.checkQueue(ctx))
	for _, a := range p.accounts {
		say(p.checkAccount(ctx, a))
	}
	for _, m := range p.mailboxes {
		say(p.checkMailbox(ctx, m))
	}
	if len(p.mailboxes) == 0 {
		say(finding{name: "mailboxes", found: "none is configured: no email is taken in"})
	}
	for _, f := range p.checkScans(ctx) {
		say(f)
	}
	say(p.checkPages(ctx))
	if f, asked := p.checkSignOn(ctx); asked {
		say(f)
	}
	say(checkClocks(clocks))
	say(p.checkSMTP(ctx))
	say(p.checkLetters())
	say(p.checkAlerts(ctx))
	if p.dkim != nil {
		say(checkDKIM(ctx, p.dkim, net.DefaultResolver.LookupTXT))
		for _, old := range p.oldSelectors {
			say(checkOldDKIM(ctx, p.dkim, old, net.DefaultResolver.LookupTXT))
		}
	}
	return well
}

func (p *plan) checkCalendar() finding {
	today := workday.DateOf(p.now())
	f := finding{name: "bank holidays", found: "known up to the end of " + strconv.Itoa(p.calendar.LastYear())}
	if !p.calendar.Covers(today.AddDays(90)) {
		f.err = fmt.Errorf("%s: deadlines run past them; put a newer list from gov.uk into calendar.files", f.found)
	}
	return f
}

// checkHazards names the law about hazards that holds today, and the next one.
// Nobody could hold the built-in ones against the regulations.
func (p *plan) checkHazards() finding {
	today, nation := workday.DateOf(p.now()), p.calendar.Nation()
	f := finding{name: "hazards", found: "no law sets clocks here"}
	if law, ok := workday.HazardLawOn(today, nation, p.hazards); ok {
		f.found = lawWords(law)
	}
	for day := today.AddDays(1); !day.After(today.AddDays(90)); day = day.AddDays(1) {
		if law, ok := workday.HazardLawOn(day, nation, p.hazards); ok && law.EffectiveFrom == day {
			f.found += "; then " + lawWords(law)
		}
	}
	return f
}

func lawWords(law workday.HazardLaw) string {
	words := law.ID + " from " + law.EffectiveFrom.Long()
	if law.Unverified != "" {
		words += " (not verified: " + law.Unverified + "; check GOV.UK, and hazard_laws)"
	}
	return words
}

func (p *plan) checkRegister(ctx context.Context) finding {
	f := finding{name: "register (" + p.driver + ")"}
	anew, err := p.beginsAnew(ctx)
	if err != nil {
		f.err = err
		return f
	}
	if anew && p.driver == "sqlite" {
		f.found, f.err = "will be made at "+p.dsn, errors.Join(register.OnNetworkDisk(p.dsn), canBeMade(p.dsn))
		return f
	}
	r, err := register.Connect(ctx, p.registerConfig(false)) // which has limits of its own, and may have to change its form
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if err != nil {
		f.err = fmt.Errorf("%w; check register.%s", err, map[string]string{"sqlite": "path", "postgres": "dsn_env or dsn_file"}[p.driver])
		return f
	}
	s, err := r.Status(ctx)
	f.found = fmt.Sprintf("%d unread, %d wait for a person, %d owed", s.Arrived, s.InReview, s.Owed)
	if ahead, clockErr := r.ClockAhead(ctx); clockErr == nil && p.driver == "postgres" {
		f.clock = databaseClock(ahead)
	}
	f.err = errors.Join(err, r.CheckReferenceKey(ctx), r.Close())
	return f
}

func (p *plan) checkArchive() finding {
	f := finding{name: "archive", found: p.archiveDir}
	if _, err := os.Stat(p.archiveDir); err != nil {
		f.found, f.err = "will be made at "+p.archiveDir, canBeMade(p.archiveDir)
		return f
	}
	a, err := archive.Open(p.archiveDir, p.now())
	if err == nil {
		err = a.Close()
	}
	f.err = err
	return f
}

func (p *plan) checkMailbox(ctx context.Context, m ingest.Mailbox) finding {
	f := finding{name: "mailbox " + m.Name}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	found, err := ingest.Probe(ctx, m)
	if err != nil {
		f.err = p.mailboxAdvice(m, err)
		return f
	}
	f.found = fmt.Sprintf("%s: %d would be taken in", found.Folder, found.WouldTake)
	if m.FiledFolder != "" && !found.FiledFolder {
		f.found += "; the folder " + found.FiledTo + " is not there yet and will be made"
	}
	if found.JunkFolder != "" && !p.takesJunk(m) {
		f.found += fmt.Sprintf("; junk in %s is not looked at, since there is no junk_folder", found.JunkFolder)
	}
	if found.Warning != "" {
		f.warning = f.found + "; " + found.Warning
	}
	return f
}

// takesJunk reports whether a junk folder of the same account is taken in.
func (p *plan) takesJunk(m ingest.Mailbox) bool {
	return slices.ContainsFunc(p.mailboxes, func(other ingest.Mailbox) bool {
		return other.Junk && other.Host == m.Host && other.User == m.User
	})
}

func (p *plan) checkSMTP(ctx context.Context) finding {
	if p.smtp.Host == "" {
		return p.checkNoSMTP()
	}
	f := finding{name: "smtp " + net.JoinHostPort(p.smtp.Host, strconv.Itoa(p.smtp.Port)), found: "greets and lets us in"}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	if err := p.smtp.Check(ctx); err != nil {
		advice := smtpAdvice(err)
		if a, ok := p.signIn[""]; ok {
			advice = a.smtpAdvice(p.smtp.Username, err)
		}
		f.err = fmt.Errorf("%s: %w", advice, err)
	}
	return f
}

// checkNoSMTP says what it means that no mail server is named.
func (p *plan) checkNoSMTP() finding {
	f := finding{name: "smtp"}
	switch {
	case !p.plays("reply"):
		f.found = "none is configured: this machine's roles send nothing"
	case p.guard.Held:
		f.warning = "none is configured, which is well while outgoing is held; name it in smtp.host before you set outgoing: send"
	default:
		f.err = errors.New("smtp.host is not configured: no reply can go by email")
	}
	return f
}

// smtpAdvice says what to look at when the mail server does not let us in.
func smtpAdvice(err error) string {
	var (
		certificate *tls.CertificateVerificationError
		record      tls.RecordHeaderError
		network     *net.OpError
	)
	switch {
	case errors.As(err, &certificate):
		return "the mail server's certificate is not trusted; check that it is valid for smtp.host"
	case errors.As(err, &record):
		return "the mail server does not speak TLS there; check smtp.tls and smtp.port"
	case strings.Contains(err.Error(), "AUTH"):
		return "the mail server refuses the login; check smtp.user, its password and smtp.auth"
	case errors.As(err, &network), errors.Is(err, context.DeadlineExceeded):
		return "no mail server answers; check smtp.host and smtp.port, and the firewall"
	}
	return "the mail server does not let us in; check smtp.tls, smtp.port and smtp.auth"
}

// checkOldDKIM looks whether a key that signs no more can still be had: mail
// that it signed is looked at by receivers for days.
func checkOldDKIM(ctx context.Context, d *notify.DKIM, selector string, lookup func(context.Context, string) ([]string, error)) finding {
	f := finding{name: "dkim " + selector}
	name := d.RecordName(selector)
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	records, err := lookup(ctx, name)
	switch {
	case err != nil:
		f.err = fmt.Errorf("the DNS gives %s no more: %w; mail that was signed with it and is still on its way is not believed. Publish it again, or take the selector out of smtp.dkim.old_selectors when a week has passed", name, err)
	case !notify.HoldsKey(records):
		f.err = fmt.Errorf("the DNS holds no key at %s; publish the old one again, or take the selector out of smtp.dkim.old_selectors when a week has passed since it signed", name)
	default:
		f.found = name + " is still published; it signs no more"
	}
	return f
}

// checkDKIM looks whether the public key is where receivers will look for it.
func checkDKIM(ctx context.Context, d *notify.DKIM, lookup func(context.Context, string) ([]string, error)) finding {
	f := finding{name: "dkim"}
	name, text, err := d.Record()
	if err != nil {
		f.err = err
		return f
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	records, err := lookup(ctx, name)
	switch publish := "publish the TXT record " + name + " with: " + text; {
	case err != nil:
		f.err = fmt.Errorf("the DNS does not give %s: %w; %s", name, err, publish)
	case !d.Published(records):
		f.err = fmt.Errorf("the DNS holds another key, so receivers will refuse the signature; %s", publish)
	default:
		f.found = name + " holds our key"
	}
	return f
}
