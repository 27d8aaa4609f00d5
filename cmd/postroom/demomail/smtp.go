package demomail

import (
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"slices"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// An smtpSession is one SMTP connection.
type smtpSession struct {
	servers *Servers
	conn    *smtp.Conn
	from    string
	to      []string
}

var errNoRoom = &smtp.SMTPError{Code: 452, EnhancedCode: smtp.EnhancedCode{4, 3, 1}, Message: "Insufficient system storage"}

func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.from = from
	return nil
}

func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	if !slices.Contains(s.to, to) {
		s.to = append(s.to, to)
	}
	return nil
}

// Data takes a mail whole or not at all: a line that breaks before the final
// dot gives a read error.
func (s *smtpSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	t := trace{from: s.from, helo: s.conn.Hostname(), peer: peerOf(s.conn.Conn()), dmarc: "pass"}
	for _, to := range s.to {
		if err := s.servers.deliver(t, to, raw); errors.Is(err, errFull) {
			return errNoRoom
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (s *smtpSession) Reset() { s.from, s.to = "", nil }

func (s *smtpSession) Logout() error { return nil }

// AuthMechanisms are those that every mail program has.
func (s *smtpSession) AuthMechanisms() []string { return []string{sasl.Plain} }

// Auth takes any name with the right password.
func (s *smtpSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, _, password string) error {
		if subtle.ConstantTimeCompare([]byte(password), []byte(s.servers.config.Password)) != 1 {
			return smtp.ErrAuthFailed
		}
		return nil
	}), nil
}

func peerOf(c net.Conn) string {
	host, _, err := net.SplitHostPort(c.RemoteAddr().String())
	if err != nil {
		return "127.0.0.1"
	}
	return host
}
