package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// A TLSMode says how the way to the mail server is kept private.
type TLSMode string

// The modes.
const (
	TLS      TLSMode = "tls"      // from the first byte, usually port 465
	StartTLS TLSMode = "starttls" // after the greeting, usually port 587; nothing is sent without it
	NoTLS    TLSMode = "none"     // on this machine only
)

// An AuthMode says how we show the mail server who we are.
type AuthMode string

// The modes. With AuthAuto and a user name the best one that the server offers
// is taken.
const (
	AuthAuto        AuthMode = ""
	AuthPlain       AuthMode = "plain"
	AuthLogin       AuthMode = "login"
	AuthCramMD5     AuthMode = "cram-md5"
	AuthScramSHA256 AuthMode = "scram-sha-256"
	AuthOAuth2      AuthMode = "oauth2" // Token gives the access token
)

// SMTP is the mail server that takes our mail.
type SMTP struct {
	Host     string
	Port     int
	TLS      TLSMode
	Auth     AuthMode
	Username string // empty: no login
	Password string
	Token    func(context.Context) (string, error) // for AuthOAuth2
	Refused  func(token string)                    // told of a token that the server did not take; may be nil
	Helo     string                                // the name that we greet with; empty: the machine's
	Timeout  time.Duration                         // of connecting and of each step; 0: 30 seconds
	Final    time.Duration                         // of the wait for the reply to the mail's end; 0: 2 minutes
	Config   *tls.Config                           // more than the system's trust; nil: the system's
	Now      func() time.Time
}

// Validate reports what is wrong with the settings.
func (s SMTP) Validate() error {
	switch s.TLS {
	case TLS, StartTLS:
	case NoTLS:
		if !loopback(s.Host) {
			return errors.New("tls: mail without TLS may go to this machine only; use tls or starttls")
		}
	default:
		return fmt.Errorf("tls: %q is none of tls, starttls, none", s.TLS)
	}
	switch s.Auth {
	case AuthAuto, AuthPlain, AuthLogin, AuthCramMD5, AuthScramSHA256:
	case AuthOAuth2:
		if s.Username == "" || s.Token == nil {
			return errors.New("auth: oauth2 needs a user and an account that gives tokens")
		}
	default:
		return fmt.Errorf("auth: %q is none of plain, login, cram-md5, scram-sha-256, oauth2", s.Auth)
	}
	if s.Host == "" || s.Port < 1 || s.Port > 65535 {
		return errors.New("smtp.host, smtp.port: name the mail server and its port")
	}
	return nil
}

func (s SMTP) timeout() time.Duration { return orDefault(s.Timeout, 30*time.Second) }
func (s SMTP) final() time.Duration   { return orDefault(s.Final, 2*time.Minute) }

// longest is how long one mail may take at most: the steps, connecting among
// them, and the wait at its end.
func (s SMTP) longest() time.Duration { return 6*s.timeout() + s.final() }

func orDefault(d, otherwise time.Duration) time.Duration {
	if d <= 0 {
		return otherwise
	}
	return d
}

// Check connects, logs in and leaves again; for postroom check.
func (s SMTP) Check(ctx context.Context) error {
	l, err := s.dial(ctx)
	if err != nil {
		return err
	}
	l.quit()
	return nil
}

// dial connects by go-mail. What it leaves open when it fails half-way is
// closed here.
func (s SMTP) dial(ctx context.Context) (*link, error) {
	var conn net.Conn
	options, err := s.options(&conn)
	if err != nil {
		return nil, err
	}
	var login *tokenLogin
	if s.Auth == AuthOAuth2 {
		if login, err = s.tokenLogin(ctx); err != nil {
			return nil, fmt.Errorf("notify: log in to the mail server: %w", err)
		}
		options = append(options, mail.WithSMTPAuthCustom(login))
	}
	dialer, err := mail.NewClient(s.Host, options...)
	if err != nil {
		return nil, fmt.Errorf("notify: mail server: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	client, err := dialer.DialToSMTPClientWithContext(ctx)
	if err != nil {
		if conn != nil {
			_ = conn.Close()
		}
		login.judge(err)
		return nil, fmt.Errorf("notify: connect to the mail server: %w", err)
	}
	return &link{client: client, conn: conn, usedAt: s.Now()}, nil
}

func (s SMTP) options(opened *net.Conn) ([]mail.Option, error) {
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("notify: mail server: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.Config != nil {
		config = s.Config.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = s.Host
	}
	options := []mail.Option{
		mail.WithPort(s.Port), mail.WithTimeout(s.timeout()), mail.WithTLSConfig(config),
		// Our addresses are ASCII, so no server is asked for more than it has.
		mail.WithoutSMTPUTF8(),
		mail.WithTLSPolicy(s.policy()), mail.WithDialContextFunc(s.dialer(config, opened)),
	}
	if s.Helo != "" {
		options = append(options, mail.WithHELO(s.Helo))
	}
	if s.Username != "" && s.Auth != AuthOAuth2 {
		options = append(options, mail.WithUsername(s.Username), mail.WithPassword(s.Password), s.login())
	}
	return options, nil
}

func (s SMTP) policy() mail.TLSPolicy {
	if s.TLS == StartTLS {
		return mail.TLSMandatory
	}
	return mail.NoTLS // none at all, or from the first byte, which the dialer does
}

func (s SMTP) login() mail.Option {
	switch s.Auth {
	case AuthPlain:
		return mail.WithSMTPAuth(mail.SMTPAuthPlain)
	case AuthLogin:
		return mail.WithSMTPAuth(mail.SMTPAuthLogin)
	case AuthCramMD5:
		return mail.WithSMTPAuth(mail.SMTPAuthCramMD5)
	case AuthScramSHA256:
		return mail.WithSMTPAuth(mail.SMTPAuthSCRAMSHA256)
	case AuthAuto, AuthOAuth2: // the second is our own
	}
	return mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5)
}

func (s SMTP) dialer(config *tls.Config, opened *net.Conn) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		if s.TLS == TLS {
			conn, err = (&tls.Dialer{Config: config}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err == nil {
			*opened = conn
		}
		return conn, err
	}
}

// A link is one open connection. One sender at a time uses it.
type link struct {
	client *smtp.Client
	conn   net.Conn
	usedAt time.Time
	used   bool // it has carried a mail
}

// drop closes the connection as it stands. QUIT would end a mail that is half
// sent with a full stop, and the server would deliver the half.
func (l *link) drop() {
	_ = l.conn.Close()
	_ = l.client.Close()
}

// quit says goodbye; only between mails.
func (l *link) quit() {
	_ = l.client.UpdateDeadline(2 * time.Second)
	if l.client.Quit() != nil {
		l.drop()
	}
}
