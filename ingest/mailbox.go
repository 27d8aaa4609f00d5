package ingest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"postroom/internal/workday"
)

// TLSMode says how a connection is kept from being read.
type TLSMode string

// The modes.
const (
	ImplicitTLS TLSMode = "tls"      // TLS from the first byte, port 993
	StartTLS    TLSMode = "starttls" // TLS before the login, port 143
	NoTLS       TLSMode = "none"     // plain; to this machine only
)

// Auth says what Password gives.
type Auth string

// The ways to log in.
const (
	Login  Auth = "login"  // a password
	OAuth2 Auth = "oauth2" // an OAuth 2 access token, asked for anew at each connection
)

// A Mailbox is one folder of one mailbox as it is to be polled. The junk
// folder of a mailbox is a Mailbox of its own.
type Mailbox struct {
	Name        string // unique; the source of its messages, and part of the cursor's name
	Host        string
	Port        int         // 0: 993 for tls, else 143
	TLS         TLSMode     // empty: tls
	TLSConfig   *tls.Config // nil: the machine's roots, and Host as the name
	Auth        Auth        // empty: login
	User        string
	Password    func(context.Context) (string, error)
	Refused     func(secret string) // told of a token that the server did not take; may be nil
	Folder      string              // empty: INBOX; JunkRole: the one that the server marks
	Junk        bool                // its messages are marked, and never answered by themselves
	FiledFolder string              // where mails go once they are registered; empty: they stay
	Start       workday.Date        // mail received before it is left alone; required

	PollEvery   time.Duration // between polls, with IDLE or without; 0: one minute
	IdleFor     time.Duration // at most this long between full looks at the folder, less up to a third; 0: nine minutes
	SilentAfter time.Duration // no new mail for this long is shown as a problem; 0: never
	SizeCap     int64         // bytes; a larger mail is shown to a person, not fetched; 0: 150 MiB
	Batch       int           // mails a command; 0: 32
	Timeouts    Timeouts
}

// Timeouts bound what a mail server may keep us waiting. Zero means the value
// in brackets.
type Timeouts struct {
	Dial      time.Duration // to connect, and again for TLS (30 s)
	Command   time.Duration // silence within any command (1 min)
	Filing    time.Duration // to move or copy a batch (10 min)
	Reconnect time.Duration // before the first new attempt, then doubling to 200 times (500 ms)
	Retry     time.Duration // before a mail that did not come is asked for again, then four times as long each time (30 s)
	Reopen    time.Duration // between attempts at mails that were given up (1 h)
	Lease     time.Duration // how long after a crash another poller must wait (1 min)
}

// withDefaults fills in what was left out.
func (m Mailbox) withDefaults() Mailbox {
	fill(&m.TLS, ImplicitTLS)
	fill(&m.Auth, Login)
	fill(&m.Folder, "INBOX")
	fill(&m.Port, 143)
	if m.Port == 143 && m.TLS == ImplicitTLS {
		m.Port = 993
	}
	fill(&m.PollEvery, time.Minute)
	fill(&m.IdleFor, 9*time.Minute)
	fill(&m.SizeCap, 150<<20)
	fill(&m.Batch, 32)
	fill(&m.Timeouts.Dial, 30*time.Second)
	fill(&m.Timeouts.Command, time.Minute)
	fill(&m.Timeouts.Filing, 10*time.Minute)
	fill(&m.Timeouts.Reconnect, 500*time.Millisecond)
	fill(&m.Timeouts.Retry, 30*time.Second)
	fill(&m.Timeouts.Reopen, time.Hour)
	fill(&m.Timeouts.Lease, time.Minute)
	return m
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

// Validate says everything that is wrong with the settings, each problem with
// its key.
func (m Mailbox) Validate() error {
	m = m.withDefaults()
	var problems []error
	must := func(ok bool, problem string) {
		if !ok {
			problems = append(problems, errors.New(problem))
		}
	}
	must(m.Name != "", "name: is missing")
	must(m.Host != "", "host: is missing")
	must(m.User != "", "user: is missing")
	must(m.Password != nil, "password: is missing")
	must(!m.Start.IsZero(), "start: is missing; mail from before this date is left alone")
	must(m.Port > 0 && m.Port < 65536, "port: is not between 1 and 65535")
	must(m.TLS == ImplicitTLS || m.TLS == StartTLS || m.TLS == NoTLS, "tls: is none of tls, starttls and none")
	must(m.TLS != NoTLS || loopbackHost(m.Host), "tls: none is for a mail server on this machine only")
	must(m.Auth == Login || m.Auth == OAuth2, "auth: is neither login nor oauth2")
	must(!sameFolder(m.Folder, m.FiledFolder), "filed_folder: is the folder that mail is taken from")
	must(!strings.HasPrefix(m.FiledFolder, `\`) && (!strings.HasPrefix(m.Folder, `\`) || m.Folder == JunkRole && m.Junk), `folder: of the roles only \Junk may stand for a folder, and for the junk folder alone`)
	must(m.Batch > 0 && m.Batch <= 128, "batch: is not between 1 and 128")
	must(m.SizeCap > 0, "size_cap: is not positive")
	must(m.PollEvery > 0 && m.IdleFor > 0, "poll_every, idle_for: must be positive")
	if len(problems) > 0 {
		return fmt.Errorf("mailbox %q: %w", m.Name, errors.Join(problems...))
	}
	return nil
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// sameFolder compares names as IMAP does: INBOX in any case is one folder
// (RFC 9051, section 5.1).
func sameFolder(a, b string) bool {
	return a == b || strings.EqualFold(a, "INBOX") && strings.EqualFold(b, "INBOX")
}

func (m Mailbox) tlsConfig() *tls.Config {
	config := &tls.Config{}
	if m.TLSConfig != nil {
		config = m.TLSConfig.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = m.Host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	return config
}

// cursorName names the folder's cursor: another folder under the same name
// must not take over its high-water mark.
func (m Mailbox) cursorName() string { return m.Name + "/" + m.Folder }
