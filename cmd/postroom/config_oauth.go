package main

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"postroom/internal/oauth"
)

// oauthConfig is one account at a sign-in service, which mailboxes and smtp
// name.
type oauthConfig struct {
	Name          string   `yaml:"name"`
	Provider      string   `yaml:"provider"` // microsoft, google, other
	Tenant        string   `yaml:"tenant"`
	TokenEndpoint string   `yaml:"token_endpoint"` // empty: the provider's
	Grant         string   `yaml:"grant"`          // client_credentials, refresh_token; empty: the provider's usual one
	ClientID      string   `yaml:"client_id"`
	SecretEnv     string   `yaml:"client_secret_env"`
	SecretFile    string   `yaml:"client_secret_file" is:"path"`
	Secret        secret   `yaml:"-"`
	RefreshEnv    string   `yaml:"refresh_token_env"`
	RefreshFile   string   `yaml:"refresh_token_file" is:"path"`
	Refresh       secret   `yaml:"-"`
	Scopes        []string `yaml:"scopes"` // empty: the provider's
}

// setDefaults is called for each account before its own settings are read.
func (o *oauthConfig) setDefaults() { *o = oauthConfig{Provider: "other"} }

// grant is what was set, or what the provider's accounts usually have.
func (o oauthConfig) grant() oauth.Grant {
	switch {
	case o.Grant != "":
		return oauth.Grant(o.Grant)
	case o.Provider == "google":
		return oauth.RefreshToken
	}
	return oauth.ClientCredentials
}

func (o oauthConfig) endpoint() string {
	switch {
	case o.TokenEndpoint != "":
		return o.TokenEndpoint
	case o.Provider == "microsoft":
		return "https://login.microsoftonline.com/" + url.PathEscape(o.Tenant) + "/oauth2/v2.0/token"
	case o.Provider == "google":
		return "https://oauth2.googleapis.com/token"
	}
	return ""
}

// scopes: the right that a person passed on has its own, so none is named.
func (o oauthConfig) scopes() []string {
	if len(o.Scopes) == 0 && o.Provider == "microsoft" && o.grant() == oauth.ClientCredentials {
		return []string{"https://outlook.office365.com/.default"}
	}
	return o.Scopes
}

var tenantName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]{2,120}$`)

func (o oauthConfig) check(k *checker, key string, earlier []oauthConfig) {
	k.must(o.Name != "", key+".name", "is missing; mailboxes and smtp name the account by it")
	k.must(!slices.ContainsFunc(earlier, func(e oauthConfig) bool { return e.Name == o.Name }), key+".name", "another account is called %q too", o.Name)
	k.oneOf(o.Provider, key+".provider", "microsoft", "google", "other")
	k.must(o.Provider != "microsoft" || o.TokenEndpoint != "" || tenantName.MatchString(o.Tenant), key+".tenant", "want your tenant's domain, such as citrine.onmicrosoft.com, or its id")
	k.must(o.Tenant == "" || o.Provider == "microsoft", key+".tenant", "belongs to provider: microsoft")
	k.must(o.Provider != "other" || o.TokenEndpoint != "", key+".token_endpoint", "is missing")
	u, err := url.Parse(o.TokenEndpoint)
	k.must(o.TokenEndpoint == "" || err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())),
		key+".token_endpoint", "want an address that begins with https://")
	k.oneOf(o.Grant, key+".grant", "", "client_credentials", "refresh_token")
	k.must(o.ClientID != "", key+".client_id", "is missing")
	k.atMostOne(key+".client_secret", o.SecretEnv, o.SecretFile)
	k.atMostOne(key+".refresh_token", o.RefreshEnv, o.RefreshFile)
	if o.grant() == oauth.RefreshToken {
		k.must(o.RefreshEnv+o.RefreshFile != "", key+".refresh_token_file", "say where the refresh token is, in refresh_token_file or refresh_token_env")
	} else {
		k.must(o.SecretEnv+o.SecretFile != "", key+".client_secret_file", "say where the client secret is, in client_secret_file or client_secret_env")
		k.must(o.RefreshEnv+o.RefreshFile == "", key+".refresh_token_file", "belongs to grant: refresh_token")
	}
}

// checkLogin is for whoever logs in: a password, or an account that is there.
func (c *config) checkLogin(k *checker, key, auth, account string, password bool) {
	if auth != "oauth2" {
		k.must(account == "", key+".oauth", "belongs to auth: oauth2")
		return
	}
	known := slices.ContainsFunc(c.OAuth, func(o oauthConfig) bool { return o.Name == account })
	k.must(known, key+".oauth", "names no account under oauth: %q", account)
	k.must(!password, key+".password_file", "with auth: oauth2 there is no password; leave it out")
}

// account makes the account that all who name it share.
func (o oauthConfig) account(now func() time.Time) (*oauth.Account, error) {
	return oauth.New(oauth.Config{
		Name: o.Name, Endpoint: o.endpoint(), Grant: o.grant(), ClientID: o.ClientID, Secret: strings.TrimSpace(string(o.Secret)),
		RefreshToken: strings.TrimSpace(string(o.Refresh)), Scopes: o.scopes(), Now: now,
	})
}

// addAccounts makes one account for each that is configured, and gives the
// mail server's its own. Without secrets, as for inspect, there are none.
func (p *plan) addAccounts(c config) error {
	byName := map[string]account{}
	for i, o := range c.OAuth {
		if o.Secret == "" && o.Refresh == "" {
			continue
		}
		made, err := o.account(p.now)
		if err != nil {
			return fmt.Errorf("oauth[%d]: %w", i, err)
		}
		byName[o.Name] = account{made, o}
		p.accounts = append(p.accounts, byName[o.Name])
	}
	p.signIn = map[string]account{}
	for _, m := range c.Mailboxes {
		if a, ok := byName[m.OAuth]; ok {
			p.signIn[m.Name], p.signIn[m.junkName()] = a, a
		}
	}
	if a, ok := byName[c.SMTP.OAuth]; ok {
		p.signIn[""] = a
		p.smtp.Token, p.smtp.Refused = a.Access, a.Refused
	}
	return nil
}

// An account is one at a sign-in service, with what was said of it.
type account struct {
	*oauth.Account
	config oauthConfig
}
