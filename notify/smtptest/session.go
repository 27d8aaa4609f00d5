package smtptest

import (
	"cmp"
	"crypto/subtle"
	"errors"
	"io"
	"log"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

var (
	errLater   = &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Try again later"}
	errSilence = errors.New("no answer") // the connection is gone: nobody hears it
)

// A session is one connection, from its greeting on.
type session struct {
	server   *Server
	conn     *smtp.Conn
	from     string
	to       []string
	asked    string // the last recipient, taken or not
	attempt  int    // at the first recipient
	loggedIn bool
}

func (s *Server) newServer() *smtp.Server {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mu.Lock()
		s.connections++
		s.mu.Unlock()
		started := &session{server: s, conn: c}
		if err := started.act(s.decide(Call{Step: Hello})); err != nil {
			return nil, err
		}
		return started, nil
	}))
	server.Domain = "smtptest.example"
	server.AllowInsecureAuth = true
	server.EnableSMTPUTF8 = true
	server.MaxLineLength = 1 << 20
	server.ErrorLog = log.New(io.Discard, "", 0)
	if !s.config.Implicit {
		server.TLSConfig = s.config.TLS
	}
	return server
}

// refusal names the recipient, as real servers do.
func (s *session) refusal() error {
	to := cmp.Or(s.asked, "nobody")
	return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + ">: no such mailbox"}
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.config.wantsLogin() && !s.loggedIn {
		return smtp.ErrAuthRequired
	}
	s.from = from
	return s.act(s.server.decide(Call{Step: From, From: from}))
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.asked = to
	s.server.mu.Lock()
	s.server.attempts[to]++
	attempt := s.server.attempts[to]
	s.server.mu.Unlock()
	if err := s.act(s.server.decide(Call{Step: To, From: s.from, To: to, Attempt: attempt})); err != nil {
		return err
	}
	if len(s.to) == 0 {
		s.attempt = attempt
	}
	s.to = append(s.to, to)
	return nil
}

// Data notes the mail before it answers, so that whoever has read the answer
// finds it noted.
func (s *session) Data(r io.Reader) error {
	call := Call{Step: Data, From: s.from, To: s.to[0], Attempt: s.attempt}
	if s.server.decide(call) == Cut {
		_, _ = io.CopyN(io.Discard, r, 64)
		return s.act(Cut)
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	call.Raw = raw
	action := s.server.decide(call)
	s.server.arrived(Mail{From: s.from, To: s.to, Raw: raw, Action: action})
	return s.act(action)
}

func (s *session) Reset() { s.from, s.to, s.attempt = "", nil, 0 }

func (s *session) Logout() error { return nil }

// act does what was decided; nil goes on.
func (s *session) act(a Action) error {
	switch a {
	case Later:
		return errLater
	case Refuse:
		return s.refusal()
	case Hang:
		_, _ = io.Copy(io.Discard, s.conn.Conn())
	case Drop, Cut:
		_ = s.conn.Conn().Close()
	case Accept:
		return nil
	}
	return errSilence
}

// AuthMechanisms offers a login where one is needed.
func (s *session) AuthMechanisms() []string {
	switch c := s.server.config; {
	case c.Tokens != nil:
		return c.Ways
	case c.Username != "":
		return []string{sasl.Plain}
	}
	return nil
}

// Auth checks a login.
func (s *session) Auth(string) (sasl.Server, error) {
	if taken := s.server.config.Tokens; taken != nil {
		return &tokenServer{taken: taken, entered: func() { s.loggedIn = true }}, nil
	}
	want := s.server.config.Username + "\x00" + s.server.config.Password
	return sasl.NewPlainServer(func(_, username, password string) error {
		if subtle.ConstantTimeCompare([]byte(username+"\x00"+password), []byte(want)) != 1 {
			return smtp.ErrAuthFailed
		}
		s.loggedIn = true
		return nil
	}), nil
}
