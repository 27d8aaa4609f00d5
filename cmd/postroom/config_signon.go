package main

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"postroom/internal/openid"
	"postroom/internal/register"
	"postroom/internal/web"
)

// oidcConfig is the organisation's own sign-in.
type oidcConfig struct {
	Issuer     string              `yaml:"issuer"` // empty: there is none
	Name       string              `yaml:"name"`
	Ask        string              `yaml:"ask"`
	ClientID   string              `yaml:"client_id"`
	SecretEnv  string              `yaml:"client_secret_env"`
	SecretFile string              `yaml:"client_secret_file" is:"path"`
	Secret     secret              `yaml:"-"`
	Scopes     []string            `yaml:"scopes"`
	RolesClaim string              `yaml:"roles_claim"`
	Roles      map[string][]string `yaml:"roles"` // by role: the claim's values; empty: the roles' names
	ACR        string              `yaml:"acr"`
}

func defaultOIDC() oidcConfig {
	return oidcConfig{Name: "organisation's account", Ask: "whoever runs Postroom", Scopes: []string{"profile", "email"}, RolesClaim: "roles"}
}

// manyTenants are what Entra calls everybody's directory: with it whoever has
// any Microsoft account would be vouched for.
func manyTenants() []string { return []string{"common", "organizations", "consumers"} }

func (o oidcConfig) check(k *checker, w webConfig) {
	if o.Issuer == "" {
		k.must(o.ClientID+o.SecretEnv+o.SecretFile == "", "web.oidc.issuer", "is missing; without it nobody signs in with the organisation's account")
		return
	}
	u, err := url.Parse(o.Issuer)
	k.must(err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())), "web.oidc.issuer", "want an address that begins with https://")
	if err == nil && strings.HasPrefix(u.Hostname(), "login.microsoftonline.") {
		tenant, version, _ := strings.Cut(strings.Trim(u.Path, "/"), "/")
		k.must(!slices.Contains(manyTenants(), tenant), "web.oidc.issuer", "%q lets in every Microsoft account there is; name your own tenant's id", tenant)
		k.must(version == "v2.0" && !strings.HasSuffix(u.Path, "/"), "web.oidc.issuer", "want https://login.microsoftonline.com/TENANT-ID/v2.0")
		k.must(o.RolesClaim != "email", "web.oidc.roles_claim", "Entra vouches for no email address; use roles or groups")
	}
	k.must(o.Name != "", "web.oidc.name", "is missing; staff must know what they sign in with")
	k.must(o.Ask != "", "web.oidc.ask", "is missing; who has no role must know whom to ask")
	k.must(o.ClientID != "", "web.oidc.client_id", "is missing")
	k.must(o.SecretEnv+o.SecretFile != "", "web.oidc.client_secret_file", "say where the client secret is, in client_secret_file or client_secret_env")
	k.atMostOne("web.oidc.client_secret", o.SecretEnv, o.SecretFile)
	k.must(o.RolesClaim != "", "web.oidc.roles_claim", "is missing; roles come from it")
	for role, values := range o.Roles {
		k.oneOf(role, "web.oidc.roles."+role, roleNames()...)
		k.must(len(values) > 0 && !slices.Contains(values, ""), "web.oidc.roles."+role, "want the claim's values that give this role")
	}
	k.must(w.Address != "" || !w.tls() && !w.BehindProxy, "web.address", "is missing; the provider sends browsers back to it")
}

func roleNames() (names []string) {
	for _, r := range register.Roles() {
		names = append(names, string(r))
	}
	return names
}

// byValue turns the mapping round. Where a value stands under two roles, the
// one that opens more counts, as it does for who has two values.
func (o oidcConfig) byValue() map[string][]register.Role {
	all := map[string][]register.Role{}
	for _, role := range register.Roles() {
		values := o.Roles[string(role)]
		if len(o.Roles) == 0 {
			values = []string{string(role)}
		}
		for _, v := range values {
			all[v] = append(all[v], role)
		}
	}
	return all
}

// home is the address at which browsers reach the pages.
func (w webConfig) home() string {
	if w.Address == "" {
		return "http://" + w.Listen // this machine alone
	}
	return strings.TrimSuffix(w.Address, "/")
}

// addSignOn makes the organisation's sign-in. Without its secret, as for
// inspect, there is none.
func (p *plan) addSignOn(w webConfig) error {
	o := w.OIDC
	if o.Issuer == "" || o.Secret == "" {
		return nil
	}
	provider, err := openid.New(openid.Config{
		Issuer: o.Issuer, ClientID: o.ClientID, Secret: strings.TrimSpace(string(o.Secret)), Redirect: w.home() + web.SignOnBack,
		Scopes: o.Scopes, Roles: o.RolesClaim, ACR: o.ACR, Now: p.now,
	})
	if err != nil {
		return fmt.Errorf("web.oidc: %w", err)
	}
	p.access.SignOn = &web.SignOn{Provider: provider, Name: o.Name, Roles: o.byValue(), Ask: o.Ask}
	return nil
}

// longestCheckSkew is from where a clock that differs is told of: sign-ins
// begin to fail at openid.Leeway.
const longestCheckSkew = openid.Leeway / 2

func skewWords(skew time.Duration) string {
	switch skew = skew.Round(time.Second); {
	case skew > longestCheckSkew:
		return fmt.Sprintf("this machine's clock is %v ahead of the provider's", skew)
	case skew < -longestCheckSkew:
		return fmt.Sprintf("this machine's clock is %v behind the provider's", -skew)
	}
	return ""
}
