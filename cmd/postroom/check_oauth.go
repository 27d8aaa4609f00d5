package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"postroom/ingest"
	"postroom/internal/oauth"
)

// checkAccount asks for a token, and looks into it where it can be read.
func (p *plan) checkAccount(ctx context.Context, a account) finding {
	f := finding{name: "oauth " + a.config.Name}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	t, err := a.Token(ctx)
	if refused, ok := errors.AsType[*oauth.Error](err); ok {
		t.Skew = refused.Skew
	}
	if t.Skew != 0 {
		f.clock = tokenClock(a.config.Name, -t.Skew)
	}
	if err != nil {
		f.err = err
		return f
	}
	f.found = "gives a token, good for " + t.Expires.Sub(p.now()).Round(time.Minute).String()
	permissions, readable := t.Permissions()
	if !readable || a.config.Provider != "microsoft" {
		return f
	}
	f.found += ", with " + strings.Join(permissions, ", ")
	for _, need := range p.permissions(a) {
		if !slices.Contains(permissions, need) {
			f.err = fmt.Errorf("the token lacks %s; in Entra open the application, API permissions, Add a permission, APIs my organization uses, "+
				"Office 365 Exchange Online, %s permissions, take %s, and grant admin consent. It may take some minutes to count", need, a.kind(), need)
			return f
		}
	}
	return f
}

func (a account) kind() string {
	if a.config.grant() == oauth.ClientCredentials {
		return "Application"
	}
	return "Delegated"
}

// permissions are those that Microsoft wants for what uses the account.
func (p *plan) permissions(a account) (need []string) {
	byItself := a.config.grant() == oauth.ClientCredentials
	reads := slices.ContainsFunc(p.mailboxes, func(m ingest.Mailbox) bool { return p.signIn[m.Name].Account == a.Account })
	switch {
	case reads && byItself:
		need = append(need, "IMAP.AccessAsApp")
	case reads:
		need = append(need, "IMAP.AccessAsUser.All")
	}
	switch sends := p.signIn[""].Account == a.Account; {
	case sends && byItself:
		need = append(need, "SMTP.SendAsApp")
	case sends:
		need = append(need, "SMTP.Send")
	}
	return need
}

// mailboxAdvice says more about a mailbox than that it does not let us in: the
// folders that there are, and what its account needs.
func (p *plan) mailboxAdvice(m ingest.Mailbox, err error) error {
	a, ok := p.signIn[m.Name]
	trouble, known := errors.AsType[*ingest.MailboxError](err)
	if known && trouble.Folders != "" {
		return fmt.Errorf("%w; %s", err, trouble.Folders)
	}
	if !ok || !known {
		return err
	}
	switch trouble.Trouble {
	case ingest.NoToken:
		return fmt.Errorf("there is no token to log in with; see the line oauth %s", a.config.Name)
	case ingest.Unreachable, ingest.Insecure:
		if usual := a.servers(); usual != "" {
			return fmt.Errorf("%w; %s", err, usual)
		}
	case ingest.LoginRefused, ingest.FolderMissing, ingest.NotConnected:
		if strings.Contains(err.Error(), takesNoTokens) {
			return errors.New(a.elsewhere("host, port and tls"))
		}
		if trouble.Trouble != ingest.FolderMissing {
			return fmt.Errorf("%s: %w", a.imapAdvice(m.User), trouble.Err)
		}
	case ingest.Unusable, ingest.Throttled, ingest.TurnedAway, ingest.WrongFolder:
	}
	return err
}

// takesNoTokens is in both rooms' errors about a server that offers no such
// login.
const takesNoTokens = "offers no login with a token" //nolint:gosec // words, and no secret

func (a account) elsewhere(check string) string {
	return strings.TrimSuffix("the mail server takes no tokens there; check "+check+". "+a.servers(), ". ")
}

// servers says where the provider's mail servers are.
func (a account) servers() string {
	switch a.config.Provider {
	case "microsoft":
		return "Microsoft 365 has IMAP at outlook.office365.com, port 993 with tls, and SMTP at smtp.office365.com, port 587 with starttls"
	case "google":
		return "Google has IMAP at imap.gmail.com, port 993 with tls, and SMTP at smtp.gmail.com, port 465 with tls or 587 with starttls"
	}
	return ""
}

// grantMailbox are the steps without which Exchange Online lets a program into
// no mailbox.
func (a account) grantMailbox(user string) string {
	if a.config.grant() != oauth.ClientCredentials {
		return "let whoever passed the right on have full access to " + user
	}
	return "in Exchange Online PowerShell run: New-ServicePrincipal -AppId " + a.config.ClientID + " -ObjectId OBJECT; Add-MailboxPermission -Identity " + user +
		" -User OBJECT -AccessRights FullAccess, where OBJECT is the object id of the enterprise application and not of the app registration. It may take an hour to count"
}

func (a account) imapAdvice(user string) string {
	switch a.config.Provider {
	case "microsoft":
		return "Exchange Online takes the token but gives no access to the mailbox " + user + "; check that user is its address and that it is not only a group, " +
			"that IMAP is on for it (Set-CASMailbox -Identity " + user + " -ImapEnabled $true), and " + a.grantMailbox(user)
	case "google":
		return "Gmail refuses the token; check that user is the address of whoever passed the right on, that the scope was https://mail.google.com/, and that the organisation's administrator allows IMAP"
	}
	return "the server refuses the token; check user, scopes, and what the account may do at the mail server"
}

// smtpAdvice says why a mail server that wants a token does not let us in.
func (a account) smtpAdvice(user string, err error) string {
	said := err.Error()
	noToken, none := errors.AsType[*oauth.Error](err)
	switch {
	case none:
		return "there is no token to log in with; see the line oauth " + noToken.Account
	case strings.Contains(said, "5.7.139"), strings.Contains(said, "SmtpClientAuthentication"):
		return "Exchange Online has SMTP logins switched off for this mailbox or the tenant; run Set-CASMailbox -Identity " + user +
			" -SmtpClientAuthenticationDisabled $false, and see that security defaults and authentication policies allow it"
	case strings.Contains(said, "535") && a.config.Provider == "microsoft":
		return "Exchange Online refuses the token for " + user + "; check that user is the mailbox's address, and " + a.grantMailbox(user)
	case strings.Contains(said, "535"):
		return "the mail server refuses the token; check smtp.user, scopes, and what the account may do"
	case strings.Contains(said, takesNoTokens):
		return a.elsewhere("smtp.host, smtp.port and smtp.tls")
	}
	return strings.TrimSuffix(smtpAdvice(err)+"; "+a.servers(), "; ")
}
