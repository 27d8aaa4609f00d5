package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"postroom/cmd/postroom/demomail"
	"postroom/ingest"
	"postroom/notify/smtptest"
)

// The whole command, with a sign-in service beside it: each thing that is
// missing has its line, and no secret is in any.
func TestCheckExplainsTokens(t *testing.T) {
	t.Parallel()
	token := "x." + base64.RawURLEncoding.EncodeToString([]byte(`{"roles":["SMTP.SendAsApp"]}`)) + ".y"
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("client_id") == "old" {
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, `{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys for app 'old' are expired."}`)
			return
		}
		fmt.Fprintf(w, `{"expires_in":3600,"access_token":%q}`, token)
	}))
	t.Cleanup(service.Close)
	servers, err := demomail.Start(t.Context(), demomail.Config{Complaints: townAddress, AuthservID: townServer})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = servers.Close() })
	_, port, err := hostPort(servers.IMAPAddr())
	if err != nil {
		t.Fatal(err)
	}
	mail := smtptest.Start(t, smtptest.Config{Tokens: func(_, shown string) bool { return shown == token }, Ways: []string{"XOAUTH2"}})
	config := fmt.Sprintf(`landlord: {name: Citrine Homes, reference_prefix: CIT, phone: 01632 960100, out_of_hours: 01632 960999}
oauth:
  - {name: old, provider: microsoft, tenant: citrine.example, token_endpoint: %[1]s, client_id: old, client_secret_file: secret}
  - {name: new, provider: microsoft, tenant: citrine.example, token_endpoint: %[1]s, client_id: new, client_secret_file: secret}
mailboxes:
  - {name: a, host: 127.0.0.1, port: %[2]d, tls: none, auth: oauth2, oauth: old, user: %[3]s, start: 2020-01-01}
  - {name: b, host: 127.0.0.1, port: %[2]d, tls: none, auth: oauth2, oauth: new, user: %[3]s, start: 2020-01-01, junk_folder: Junk}
  - {name: c, host: 127.0.0.1, port: 1, tls: none, auth: oauth2, oauth: new, user: %[3]s, start: 2020-01-01}
smtp: {host: 127.0.0.1, port: %[4]d, tls: none, auth: oauth2, oauth: new, user: %[3]s, from: {address: %[3]s}}
`, service.URL, port, townAddress, mail.Port())
	folder := t.TempDir()
	for name, text := range map[string]string{"secret": "hunter2-secret\n", "town.yaml": config} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, log bytes.Buffer
	if code := run([]string{"check", "-config", filepath.Join(folder, "town.yaml")}, &out, &log); code != 1 {
		t.Errorf("exit code %d: %s", code, log.String())
	}
	for _, line := range []string{
		`oauth old +WRONG .*the client secret has run out; make a new one.*\(AADSTS7000222\)`,
		`oauth new +WRONG .*the token lacks IMAP\.AccessAsApp; in Entra .*Application permissions.* grant admin consent`,
		`mailbox a +WRONG +there is no token to log in with; see the line oauth old`,
		`mailbox b +WRONG +the mail server takes no tokens there; check host, port and tls\. Microsoft 365 has IMAP at outlook\.office365\.com, port 993`,
		`mailbox b \(junk\) +WRONG +the mail server takes no tokens there`,
		`mailbox c +WRONG .*no IMAP server answers at 127\.0\.0\.1:1.*; Microsoft 365 has IMAP at outlook\.office365\.com`,
		`smtp 127\.0\.0\.1:\d+ +ok`,
	} {
		if !regexp.MustCompile(`(?m)^` + line).Match(out.Bytes()) {
			t.Errorf("no line says %s", line)
		}
	}
	if all := out.String() + log.String(); strings.Contains(all, "hunter2") || strings.Contains(all, token) || t.Failed() {
		t.Errorf("check says:\n%s", all)
	}
}

// What Exchange Online and Gmail say, as administrators report it.
func TestMailServersRefusalsInWords(t *testing.T) {
	t.Parallel()
	microsoft := account{config: oauthConfig{Provider: "microsoft", ClientID: "0a1b"}}
	delegated := account{config: oauthConfig{Provider: "microsoft", Grant: "refresh_token"}}
	google := account{config: oauthConfig{Provider: "google"}}
	other := account{config: oauthConfig{Provider: "other"}}
	for _, row := range []struct {
		name    string
		account account
		trouble ingest.Trouble
		said    string
		want    string
	}{
		{"no mailbox permission", microsoft, ingest.LoginRefused, "NO AUTHENTICATE failed.", "New-ServicePrincipal -AppId 0a1b -ObjectId OBJECT; Add-MailboxPermission -Identity box@citrine.example"},
		{"let in, but not there", microsoft, ingest.NotConnected, "BAD User is authenticated but not connected.", "gives no access to the mailbox box@citrine.example"},
		{"passed on by another person", delegated, ingest.LoginRefused, "NO AUTHENTICATE failed.", "let whoever passed the right on have full access"},
		{"a folder that is missing", microsoft, ingest.FolderMissing, "NO The requested item could not be found.", "the folder is missing"},
		{"Gmail", google, ingest.LoginRefused, "NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)", "that the scope was https://mail.google.com/"},
		{"another", other, ingest.LoginRefused, "NO", "the server refuses the token"},
		{"a server that is away", google, ingest.Unreachable, "connection refused", "imap.gmail.com, port 993"},
		{"one that cannot be polled", google, ingest.Unusable, "no UIDVALIDITY", "no UIDVALIDITY"},
	} {
		p := plan{signIn: map[string]account{"box": row.account}}
		err := p.mailboxAdvice(ingest.Mailbox{Name: "box", User: "box@citrine.example"},
			&ingest.MailboxError{Mailbox: "box", Trouble: row.trouble, Advice: "the folder is missing", Err: errors.New(row.said)})
		if !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	for _, row := range []struct {
		name    string
		account account
		said    string
		want    string
	}{
		{"SMTP is off", microsoft, "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.", "-SmtpClientAuthenticationDisabled $false"},
		{"no permission", microsoft, "535 5.7.3 Authentication unsuccessful", "Add-MailboxPermission -Identity box@citrine.example"},
		{"Gmail", google, "535 5.7.8 Username and Password not accepted", "check smtp.user, scopes"},
		{"no tokens there", google, "the mail server offers no login with a token", "smtp.gmail.com, port 465"},
		{"away", microsoft, "connection refused", "smtp.office365.com, port 587 with starttls"},
		{"away, elsewhere", other, "connection refused", "check smtp.tls, smtp.port and smtp.auth"},
	} {
		if got := row.account.smtpAdvice("box@citrine.example", errors.New(row.said)); !strings.Contains(got, row.want) {
			t.Errorf("%s: %s", row.name, got)
		}
	}
}

func TestProvidersBringTheirAddresses(t *testing.T) {
	t.Parallel()
	microsoft := oauthConfig{Provider: "microsoft", Tenant: "citrine.onmicrosoft.com", ClientID: "c", Secret: "s"}
	google := oauthConfig{Provider: "google", ClientID: "c", Secret: "s", Refresh: "r"}
	if got := microsoft.endpoint() + " " + strings.Join(microsoft.scopes(), " "); got != "https://login.microsoftonline.com/citrine.onmicrosoft.com/oauth2/v2.0/token https://outlook.office365.com/.default" {
		t.Error(got)
	}
	if got := google.endpoint(); got != "https://oauth2.googleapis.com/token" || google.grant() != "refresh_token" || google.scopes() != nil {
		t.Error(got, google.grant(), google.scopes())
	}
	for _, o := range []oauthConfig{microsoft, google} {
		if _, err := o.account(time.Now); err != nil {
			t.Error(err)
		}
	}
}
