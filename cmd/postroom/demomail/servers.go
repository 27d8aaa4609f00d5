// Package demomail owns the mail servers of the demo: IMAP and SMTP in this
// process, on loopback, for anyone's mail program and for tests. It keeps mail
// in memory only, and knows nothing of Postroom.
package demomail

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-smtp"
)

// Limits that keep a mad mail program from filling the machine.
const (
	maxMessage   = 64 << 20 // bytes of one mail
	maxKept      = 1 << 30  // bytes of all mail
	maxLine      = 1 << 20  // bytes; some programs write HTML on one line
	maxAddresses = 1000
	maxPerMail   = 50 // recipients
)

// Config says where the servers listen and whom they serve. Every field has a
// default.
type Config struct {
	IMAP, SMTP string // loopback addresses, such as 127.0.0.1:1143; empty: any free port

	Complaints string   // the complaints mailbox; complaints@citrine.example
	Also       []string // more addresses whose mail lands there, such as that for bounces
	Resident   string   // a mailbox that is there from the start; resident@homes.example
	Password   string   // of every mailbox; "demo"
	AuthservID string   // signs our Authentication-Results (RFC 8601); mx.citrine.example

	Now func() time.Time // INTERNALDATE and Received; time.Now
}

// Servers are the two servers and the mail that they hold.
type Servers struct {
	config   Config
	own      map[string]bool // the addresses of the complaints mailbox
	imap     *imapserver.Server
	smtp     *smtp.Server
	imapDoor *door
	smtpDoor *door
	running  sync.WaitGroup
	filing   sync.Mutex // held while mail goes from folder to folder

	mu    sync.Mutex
	boxes map[string]*box // by address
	kept  int64           // bytes
}

// Start starts both servers. They serve until Close.
func Start(ctx context.Context, c Config) (*Servers, error) {
	c = c.withDefaults()
	s := &Servers{config: c, own: map[string]bool{}, boxes: map[string]*box{}}
	for _, address := range append([]string{c.Complaints}, c.Also...) {
		s.own[mailboxName(address)] = true
	}
	for _, address := range []string{c.Complaints, c.Resident} {
		if _, err := s.open(address); err != nil {
			return nil, err
		}
	}
	var err error
	if s.imapDoor, err = listen(ctx, c.IMAP); err != nil {
		return nil, err
	}
	if s.smtpDoor, err = listen(ctx, c.SMTP); err != nil {
		return nil, errors.Join(err, s.imapDoor.Close())
	}
	s.imap, s.smtp = s.newIMAP(), s.newSMTP()
	s.running.Go(func() { _ = s.imap.Serve(s.imapDoor) }) // each ends when its door is shut
	s.running.Go(func() { _ = s.smtp.Serve(s.smtpDoor) })
	return s, nil
}

// Close stops both servers and waits for their connections to end. The mail
// is gone.
func (s *Servers) Close() error {
	s.imapDoor.shut()
	s.smtpDoor.shut()
	s.running.Wait()
	if err := errors.Join(s.imap.Close(), ended(s.smtp.Close())); err != nil {
		return fmt.Errorf("demo mail: close: %w", err)
	}
	return nil
}

// IMAPAddr is the host and port of the IMAP server (plain, no TLS). Log in
// with an address and the password.
func (s *Servers) IMAPAddr() string { return s.imapDoor.Addr().String() }

// SMTPAddr is the host and port of the SMTP server (plain; a login is allowed,
// not needed).
func (s *Servers) SMTPAddr() string { return s.smtpDoor.Addr().String() }

// Config is what was started, defaults filled in.
func (s *Servers) Config() Config { return s.config }

func (c Config) withDefaults() Config {
	orElse := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	orElse(&c.IMAP, "127.0.0.1:0")
	orElse(&c.SMTP, "127.0.0.1:0")
	orElse(&c.Complaints, "complaints@citrine.example")
	orElse(&c.Resident, "resident@homes.example")
	orElse(&c.Password, "demo")
	orElse(&c.AuthservID, "mx.citrine.example")
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// ended passes over a listener that is closed already.
func ended(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *Servers) newIMAP() *imapserver.Server {
	return imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return &imapSession{servers: s}, nil, nil
		},
		Caps: imap.CapSet{
			imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}, imap.CapIdle: {}, imap.CapNamespace: {},
		},
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0), // it would tell what people wrote
	})
}

func (s *Servers) newSMTP() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{servers: s, conn: c}, nil
	}))
	server.Domain = s.config.AuthservID
	server.MaxMessageBytes = maxMessage
	server.MaxRecipients = maxPerMail
	server.MaxLineLength = maxLine
	server.ReadTimeout, server.WriteTimeout = 5*time.Minute, time.Minute
	server.EnableSMTPUTF8 = true
	server.AllowInsecureAuth = true
	server.ErrorLog = log.New(io.Discard, "", 0)
	return server
}

// mailboxName is the address that holds an address's mail: in small letters,
// and without what follows a plus sign.
func mailboxName(address string) string {
	local, domain, _ := strings.Cut(strings.ToLower(strings.TrimSpace(address)), "@")
	local, _, _ = strings.Cut(local, "+")
	return local + "@" + domain
}
