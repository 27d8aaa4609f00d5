package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"postroom/ingest"
	"postroom/ingest/mime"
	"postroom/internal/reference"
	"postroom/internal/register"
	"postroom/internal/web"
	"postroom/internal/workday"
	"postroom/notify"
	"postroom/templates"
)

// configured turns a configuration into a plan. The configuration was checked
// when it was read; what is found here are files that do not hold what they
// should.
func configured(c config, logger *slog.Logger) (plan, error) {
	p := plan{
		landlord: c.Landlord.landlord(), homes: c.Landlord.Homes, policy: c.policy(), from: register.Address(c.SMTP.From), envelope: c.SMTP.EnvelopeSender,
		retry: notify.Retry{First: c.SMTP.Retry.First, Most: c.SMTP.Retry.Longest, Limit: c.SMTP.Retry.Attempts, Patience: c.SMTP.Retry.Patience},
		lines: c.SMTP.Connections, driver: c.Register.Driver, dsn: c.Register.Path, archiveDir: c.Archive.Folder, bucket: c.Archive.S3.bucket(),
		redisURL: string(c.Queue.URL), redis: c.Queue.servers(), redisCA: []byte(c.Queue.CA), redisPrefix: c.Queue.Prefix, smtp: c.SMTP.smtp(), guard: c.guard(),
		windows: register.Windows{Recipient: c.Caps.Recipient.Within, Case: c.Caps.Case.Within, All: c.Caps.Global.Within},
		webhook: notify.Webhook{Timeout: c.Alerts.WebTimeout, Secret: string(c.Alerts.Token)}, alarms: c.Alerts.recipients(),
		press: c.press, largePrint: c.Letters.LargePrint, noReturn: len(c.Letters.Head)+len(c.Landlord.Address) == 0, printTo: c.Letters.PrintFolder, pickupTo: c.Letters.PickupFolder, pickupAt: c.Letters.PickupAt, bothSides: c.Letters.DoubleSided, digest: c.Digest.recipients(), hazards: c.HazardLaws,
		retention: c.Retention.months(), forgets: c.Retention.Daily,
		roles: map[string]bool{}, listen: c.Web.Listen, access: c.Web.access(), form: c.Web.Form, api: c.Web.API, keep: c.Review.Keep, tls: keyPair{c.Web.Certificate, c.Web.Key}, options: map[string]mime.Options{}, now: time.Now, logger: logger,
	}
	if p.driver == "postgres" {
		p.dsn = string(c.Register.DSN)
	}
	for _, role := range c.Roles {
		p.roles[role] = true
	}
	p.landlord.StaffPages = c.Web.Address
	p.watch = c.Metrics.Listen
	p.scanner = c.Malware.scanner()
	p.oldSelectors = c.SMTP.DKIM.Old
	accounts := p.addAccounts(c)
	p.addMailboxes(c)
	p.addScans(c.Scans)
	return p, errors.Join(accounts, p.addSignOn(c.Web), p.addCalendar(c), p.addKeys(c), p.addDKIM(c.SMTP), p.addRules(c), p.addWords(c))
}

func (p *plan) addWords(c config) (err error) {
	if p.words, err = c.words(); err != nil {
		return err
	}
	if p.languages, err = c.otherLanguages(); err != nil {
		return err
	}
	p.guard.Languages = append(slices.Sorted(maps.Keys(p.languages)), c.Templates.Language)
	return nil
}

func (p *plan) addCalendar(c config) (err error) {
	if p.calendar, err = c.calendar(); err != nil {
		return err
	}
	p.code, err = workday.CodeByID(c.Scheme, c.Schemes...)
	return err
}

// calendar is the nation's, with the configuration's own lists over it.
func (c config) calendar() (*workday.Calendar, error) {
	var lists [][]byte
	for _, file := range c.Calendar.Files {
		list, err := os.ReadFile(file) //nolint:gosec // the file that the configuration names
		if err != nil {
			return nil, fmt.Errorf("calendar.files: %w", err)
		}
		lists = append(lists, list)
	}
	calendar, err := workday.New(workday.Nation(c.Nation), lists...)
	if err != nil {
		return nil, fmt.Errorf("calendar.files: %w", err)
	}
	return calendar, nil
}

func (p *plan) addKeys(c config) (err error) {
	p.ids = reference.MessageIDs{Domain: c.SMTP.MessageIDDomain, Key: []byte(c.Keys.MessageID)}
	for _, old := range c.Keys.OldMessageIDs {
		p.ids.OldKeys = append(p.ids.OldKeys, []byte(old))
	}
	if c.SMTP.ReturnPath != "" {
		p.returns = reference.ReturnPaths{Address: c.SMTP.ReturnPath, Key: p.ids.Key, OldKeys: p.ids.OldKeys}
	}
	if p.references, err = reference.NewMaker(c.Landlord.ReferencePrefix, []byte(c.Keys.Reference)); err != nil {
		return fmt.Errorf("keys: %w", err)
	}
	return nil
}

func (p *plan) addDKIM(c smtpConfig) (err error) {
	if c.DKIM.Domain == "" || c.DKIM.Key == "" {
		return nil // the second: inspect reads no secrets, and sends nothing
	}
	if p.dkim, err = notify.NewDKIM(c.DKIM.Domain, c.DKIM.Selector, string(c.DKIM.Key)); err != nil {
		return fmt.Errorf("smtp.dkim: %w", err)
	}
	if !p.dkim.Aligned(c.From.Address) {
		return fmt.Errorf("smtp.dkim.domain: %s signs nothing for %s: DMARC wants the domain of smtp.from, or one above it", c.DKIM.Domain, c.From.Address)
	}
	return nil
}

func (p *plan) addRules(c config) (err error) {
	p.ruleFiles = c.Rules
	if p.rules, err = rulesFrom(c.Rules.File, c.Rules.Words); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	return nil
}

// addMailboxes makes a poller's mailbox of each folder: a junk folder is a
// mailbox too, whose mail nobody answers by itself.
func (p *plan) addMailboxes(c config) {
	p.options[importSource] = c.reading(mailboxConfig{})
	p.scanners = map[string][]string{}
	for _, m := range c.Mailboxes {
		p.mailboxes = append(p.mailboxes, p.mailbox(m, m.Name, m.Folder, m.FiledFolder, false))
		p.options[m.Name] = c.reading(m)
		p.scanners[m.Name] = m.Scanners
		if m.JunkFolder != "" {
			name := m.junkName()
			p.mailboxes = append(p.mailboxes, p.mailbox(m, name, m.JunkFolder, "", true))
			p.options[name] = c.reading(m)
		}
	}
}

func (m mailboxConfig) junkName() string { return m.Name + " (junk)" }

func (p *plan) mailbox(m mailboxConfig, name, folder, filed string, junk bool) ingest.Mailbox {
	made := ingest.Mailbox{
		Name: name, Host: m.Host, Port: m.Port, TLS: ingest.TLSMode(m.TLS), Auth: ingest.Auth(m.Auth), User: m.User,
		Password: func(context.Context) (string, error) { return string(m.Password), nil },
		Folder:   folder, Junk: junk, FiledFolder: filed, Start: m.Start, PollEvery: m.Poll, IdleFor: m.IdleFor,
		SilentAfter: m.SilentAfter, SizeCap: int64(m.SizeCapMB) << 20, Batch: m.Batch,
	}
	if a, ok := p.signIn[m.Name]; ok {
		made.Password, made.Refused = a.Access, a.Refused
	}
	return made
}

// reading is how a mailbox's mail is read.
func (c config) reading(m mailboxConfig) mime.Options {
	l := c.Limits
	return mime.Options{
		AuthservID: m.AuthservID, Microsoft365: m.Microsoft365, OwnAddresses: c.own(), Now: time.Now,
		Limits: mime.Limits{
			Bytes: int64(l.MessageMB) << 20, Parts: l.Parts, Depth: l.Depth, HeaderBytes: int64(l.HeaderKB) << 10,
			DecodedBytes: int64(l.DecodedMB) << 20, HTMLNodes: l.HTMLNodes, TextBytes: int64(l.TextKB) << 10, Duration: l.Time,
		},
	}
}

func (c config) policy() register.Policy {
	return register.Policy{
		Acknowledge: register.Release(c.Release), FailsafeDay: c.Failsafe.WorkingDay, FailsafeHour: c.Failsafe.At.Hour, FailsafeMin: c.Failsafe.At.Minute,
		DigestHour: c.Digest.At.Hour, DigestMin: c.Digest.At.Minute, WarnDays: c.Warnings.DaysBefore, LetterDays: c.Letters.DaysToPost,
		Forward: c.Forwarding, AlarmRepeat: c.Alerts.Repeat, Undo: c.Review.Undo, Own: c.own(),
	}
}

// own lists our own addresses: whatever claims to come from one is no
// resident, and nothing is ever sent to one.
func (c config) own() []string {
	all := []string{c.SMTP.From.Address, c.SMTP.ReturnPath, c.SMTP.EnvelopeSender}
	for _, m := range c.Mailboxes {
		all = append(append(append(all, m.Addresses...), m.User), m.Scanners...)
	}
	var own []string
	for _, a := range all {
		if strings.Contains(a, "@") {
			own = append(own, strings.ToLower(a))
		}
	}
	return own
}

func (c config) guard() notify.GuardSettings {
	g := notify.GuardSettings{
		Held: c.Outgoing == "held", Own: c.own(), Team: append([]string{}, c.Alerts.Emails...), Domain: c.SMTP.MessageIDDomain,
		Caps: notify.Caps{Recipient: c.Caps.Recipient.Most, Case: c.Caps.Case.Most, Team: c.Caps.Team, All: c.Caps.Global.Most},
	}
	for _, to := range c.Forwarding {
		g.Team = append(g.Team, to)
	}
	g.Team = append(g.Team, c.Digest.Emails...)
	return g
}

func (s smtpConfig) smtp() notify.SMTP {
	port := s.Port
	if port == 0 {
		port = map[string]int{"tls": 465, "starttls": 587, "none": 25}[s.TLS]
	}
	return notify.SMTP{
		Host: s.Host, Port: port, TLS: notify.TLSMode(s.TLS), Auth: notify.AuthMode(s.Auth), Username: s.User, Password: string(s.Password),
		Helo: s.Helo, Timeout: s.Timeout, Final: s.FinalTimeout, Now: time.Now,
	}
}

func (d digestConfig) recipients() []register.Recipient {
	var to []register.Recipient
	for _, email := range d.Emails {
		to = append(to, register.Recipient{Way: register.ByEmail, Address: email})
	}
	return to
}

func (a alertsConfig) recipients() []register.Recipient {
	var to []register.Recipient
	for _, email := range a.Emails {
		to = append(to, register.Recipient{Way: register.ByEmail, Address: email})
	}
	if a.Webhook != "" {
		to = append(to, register.Recipient{Way: register.ByWebhook, Address: a.Webhook})
	}
	return to
}

func (l landlordConfig) landlord() templates.Landlord {
	out := templates.Landlord{
		Name: l.Name, Team: l.Team, Address: l.Address, Phone: l.Phone, Hours: l.Hours, OutOfHours: l.OutOfHours,
		Email: l.Email, Website: l.Website, ComplaintsAt: l.ComplaintsAt,
	}
	for _, o := range l.Ombudsman {
		out.Ombudsman = append(out.Ombudsman, templates.Ombudsman{From: templates.Date(o.From), Name: o.Name, Phone: o.Phone, Website: o.Website, Address: o.Address})
	}
	return out
}

// logger writes to stderr as the configuration says.
func (l logConfig) logger(stderr io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(l.Level)); err != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "json" {
		return slog.New(web.NumberedLog(slog.NewJSONHandler(stderr, options)))
	}
	return slog.New(web.NumberedLog(slog.NewTextHandler(stderr, options)))
}
