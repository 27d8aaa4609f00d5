package main

import (
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"postroom/classify"
	"postroom/ingest"
	"postroom/internal/reference"
	"postroom/internal/web"
	"postroom/internal/workday"
)

// A checker collects what is wrong with values that were read well.
type checker struct{ problems []problem }

func (k *checker) must(ok bool, key, format string, args ...any) {
	if !ok {
		k.problems = append(k.problems, problem{key: key, what: fmt.Sprintf(format, args...)})
	}
}

func (k *checker) oneOf(value, key string, known ...string) {
	k.must(slices.Contains(known, value), key, "want one of %s, not %q", strings.Join(known, ", "), value)
}

func (k *checker) atMostOne(key, env, file string) {
	k.must(env == "" || file == "", key+"_file", "%s_env says where it is already; keep one of the two", key)
}

func (k *checker) positive(d time.Duration, key string) {
	k.must(d > 0, key, "want more than no time")
}

func (k *checker) between(n, least, most int, key string) {
	k.must(n >= least && n <= most, key, "want %d to %d, not %d", least, most, n)
}

// address takes a bare address only: a name in it would end up in envelopes.
func (k *checker) address(value, key string) {
	parsed, err := mail.ParseAddress(value)
	k.must(err == nil && parsed.Address == value && parsed.Name == "", key, "want an email address such as complaints@landlord.example, not %q", value)
}

func (k *checker) web(value, key string) {
	u, err := url.Parse(value)
	k.must(value == "" || err == nil && u.Scheme == "https" && u.Host != "", key, "want a web address that begins with https://, not %q", value)
}

// check finds every rule that the values break. Who takes in post must be
// able to answer it; a configuration without mailboxes need not.
func (c *config) check() []problem {
	var k checker
	c.checkLandlord(&k)
	c.checkStores(&k)
	for i, o := range c.OAuth {
		o.check(&k, fmt.Sprintf("oauth[%d]", i), c.OAuth[:i])
	}
	for i := range c.Mailboxes {
		m, key := &c.Mailboxes[i], fmt.Sprintf("mailboxes[%d]", i)
		m.check(&k, key, c.Mailboxes[:i])
		c.checkLogin(&k, key, m.Auth, m.OAuth, m.PasswordEnv+m.PasswordFile != "")
	}
	c.checkSMTP(&k)
	c.checkKeys(&k)
	c.checkReplies(&k)
	c.checkLetters(&k)
	c.Scans.check(&k)
	c.checkLimits(&k)
	c.Malware.check(&k)
	c.checkProcess(&k)
	return k.problems
}

// checkServing finds what is missing to serve in a configuration that names no
// mail server: without mailboxes it may be one for other commands.
func (c *config) checkServing() []problem {
	if c.SMTP.Host != "" || c.Outgoing == "held" || !slices.Contains(c.Roles, "reply") {
		return nil
	}
	var k checker
	k.must(c.takesPost(), "mailboxes", "is missing, and so is scans.folder; name where post comes from")
	c.checkLandlordToServe(&k)
	c.checkSender(&k)
	return k.problems
}

func (c *config) takesPost() bool {
	return len(c.Mailboxes) > 0 || c.Scans.Folder != "" || c.Web.Form || c.Web.API
}

func (c *config) checkLandlordToServe(k *checker) {
	k.must(c.Landlord.Name != "", "landlord.name", "is missing; every reply is signed with it")
	k.must(c.Landlord.Phone != "", "landlord.phone", "is missing; every reply gives a phone number")
	k.must(c.Landlord.OutOfHours != "", "landlord.out_of_hours", "is missing; every reply gives the number for emergencies")
}

func (c *config) checkLandlord(k *checker) {
	l := c.Landlord
	if c.takesPost() {
		c.checkLandlordToServe(k)
	}
	_, err := reference.NewMaker(l.ReferencePrefix, make([]byte, shortestKey))
	k.must(err == nil, "landlord.reference_prefix", "want 2 to 5 letters or digits, not %q", l.ReferencePrefix)
	if l.Email != "" {
		k.address(l.Email, "landlord.email")
	}
	k.web(l.Website, "landlord.website")
	k.web(l.ComplaintsAt, "landlord.complaints_at")
	k.must(len(l.Ombudsman) > 0, "landlord.ombudsman", "is empty; every acknowledgement names the Ombudsman")
	for i, o := range l.Ombudsman {
		key := fmt.Sprintf("landlord.ombudsman[%d]", i)
		k.must(o.Name != "", key+".name", "is missing")
		k.must(o.Phone != "" || o.Website != "", key+".phone", "give a phone number or a website")
		k.web(o.Website, key+".website")
	}
	_, err = workday.ParseNation(c.Nation)
	k.must(err == nil, "nation", "%v", err)
	_, err = workday.CodeByID(c.Scheme, c.Schemes...)
	k.must(err == nil, "scheme", "%v", err)
	for i, law := range c.HazardLaws {
		err := law.Check()
		k.must(err == nil, fmt.Sprintf("hazard_laws[%d]", i), "%v", err)
		for _, topic := range law.Topics {
			k.oneOf(topic, fmt.Sprintf("hazard_laws[%d].topics", i), classify.Topics()...)
		}
	}
	for i, email := range c.Digest.Emails {
		k.address(email, fmt.Sprintf("digest.emails[%d]", i))
	}
	for i, s := range c.Schemes {
		err := s.CheckOwn()
		k.must(err == nil, fmt.Sprintf("schemes[%d]", i), "%v", err)
	}
}

func (c *config) checkStores(k *checker) {
	k.oneOf(c.Register.Driver, "register.driver", "sqlite", "postgres")
	k.atMostOne("register.dsn", c.Register.DSNEnv, c.Register.DSNFile)
	switch c.Register.Driver {
	case "sqlite":
		k.must(c.Register.Path != "", "register.path", "is missing")
		k.must(c.Register.DSNEnv+c.Register.DSNFile == "", "register.dsn_file", "belongs to driver: postgres")
	case "postgres":
		k.must(c.Register.DSNEnv+c.Register.DSNFile != "", "register.dsn_file", "say where the connection string is, in dsn_file or dsn_env")
	}
	k.must(c.Archive.Folder != "", "archive.folder", "is missing")
	c.Archive.S3.check(k)
	c.Queue.check(k)
}

func (m *mailboxConfig) check(k *checker, key string, earlier []mailboxConfig) {
	k.must(m.Name != "", key+".name", "is missing; the cursor is kept by it, so never change it later")
	k.must(!slices.ContainsFunc(earlier, func(e mailboxConfig) bool { return e.Name == m.Name }),
		key+".name", "another mailbox is called %q too", m.Name)
	k.must(m.Host != "", key+".host", "is missing")
	k.between(m.Port, 0, 65535, key+".port")
	k.oneOf(m.TLS, key+".tls", "tls", "starttls", "none")
	k.must(m.TLS != "none" || loopback(m.Host), key+".tls", "none is for a mail server on this machine only; use tls or starttls")
	k.oneOf(m.Auth, key+".auth", "login", "oauth2")
	k.must(m.User != "", key+".user", "is missing")
	k.must(m.Auth == "oauth2" || m.PasswordEnv+m.PasswordFile != "", key+".password_file", "say where the password is, in password_file or password_env")
	k.atMostOne(key+".password", m.PasswordEnv, m.PasswordFile)
	k.must(m.Folder != "", key+".folder", "is missing; the usual one is INBOX")
	for _, other := range []struct{ folder, key string }{{m.JunkFolder, ".junk_folder"}, {m.FiledFolder, ".filed_folder"}} {
		k.must(other.folder == "" || !strings.EqualFold(other.folder, m.Folder), key+other.key, "is the folder that mail is taken from")
	}
	for _, named := range []struct{ folder, key string }{{m.Folder, ".folder"}, {m.FiledFolder, ".filed_folder"}, {m.JunkFolder, ".junk_folder"}} {
		byRole := named.folder == ingest.JunkRole && named.key == ".junk_folder"
		k.must(byRole || !strings.HasPrefix(named.folder, `\`), key+named.key, `want the folder's name; only junk_folder may be a role, \Junk`)
	}
	k.must(m.JunkFolder == "" || m.JunkFolder != m.FiledFolder, key+".filed_folder", "is the junk folder")
	k.must(!m.Start.IsZero(), key+".start", "is missing; say from which day on mail is taken in, as YYYY-MM-DD: older mail is left alone")
	for i, a := range m.Addresses {
		k.address(a, fmt.Sprintf("%s.addresses[%d]", key, i))
	}
	for i, a := range m.Scanners {
		if a != ingest.AnyScanner {
			k.address(a, fmt.Sprintf("%s.scanners[%d]", key, i))
		}
	}
	k.must(m.AuthservID == "" || !m.Microsoft365, key+".authserv_id", "Microsoft 365 writes none; leave it out, or microsoft365")
	k.positive(m.Poll, key+".poll")
	k.positive(m.IdleFor, key+".idle_for")
	k.must(m.SilentAfter >= 0, key+".silent_after", "want a span of time, or 0 for never")
	k.between(m.SizeCapMB, 1, 2047, key+".size_cap_mb")
	k.between(m.Batch, 1, 256, key+".batch")
}

func (c *config) checkSender(k *checker) {
	k.must(c.SMTP.Host != "" || c.Outgoing == "held", "smtp.host", "is missing; with outgoing: held it may be")
	k.must(c.SMTP.From.Address != "", "smtp.from.address", "is missing; replies come from it")
}

func (c *config) checkSMTP(k *checker) {
	s := c.SMTP
	if c.takesPost() {
		c.checkSender(k)
	}
	k.between(s.Port, 0, 65535, "smtp.port")
	k.oneOf(s.TLS, "smtp.tls", "tls", "starttls", "none")
	k.must(s.TLS != "none" || s.Host == "" || loopback(s.Host), "smtp.tls", "none is for a mail server on this machine only; use tls or starttls")
	k.oneOf(s.Auth, "smtp.auth", "", "plain", "login", "cram-md5", "scram-sha-256", "oauth2")
	c.checkLogin(k, "smtp", s.Auth, s.OAuth, s.PasswordEnv+s.PasswordFile != "")
	k.must(s.Auth != "oauth2" || s.User != "", "smtp.user", "is missing; with auth: oauth2 it is the mailbox that sends")
	k.must(s.User == "" || s.Auth == "oauth2" || s.PasswordEnv+s.PasswordFile != "", "smtp.password_file", "say where the password is, in password_file or password_env")
	k.atMostOne("smtp.password", s.PasswordEnv, s.PasswordFile)
	if s.From.Address != "" {
		k.address(s.From.Address, "smtp.from.address")
	}
	if s.ReturnPath != "" {
		err := reference.ReturnPaths{Address: s.ReturnPath, Key: make([]byte, shortestKey)}.Validate()
		k.must(err == nil, "smtp.return_path", "%v", err)
		k.must(s.EnvelopeSender == "", "smtp.envelope_sender", "return_path says where bounces go already; keep one of the two")
	}
	if s.EnvelopeSender != "" && s.EnvelopeSender != "<>" {
		k.address(s.EnvelopeSender, "smtp.envelope_sender")
	}
	if s.MessageIDDomain != "" {
		err := reference.MessageIDs{Domain: s.MessageIDDomain, Key: make([]byte, shortestKey)}.Validate()
		k.must(err == nil, "smtp.message_id_domain", "%v", err)
	}
	d := s.DKIM
	k.atMostOne("smtp.dkim.key", d.KeyEnv, d.KeyFile)
	k.must(d.Domain == "" || d.Selector != "", "smtp.dkim.selector", "is missing; it names the key in the DNS, as in SELECTOR._domainkey.%s", d.Domain)
	k.must(d.Domain == "" || d.KeyEnv+d.KeyFile != "", "smtp.dkim.key_file", "say where the private key is, in key_file or key_env")
	for i, old := range d.Old {
		k.must(old != "" && old != d.Selector, fmt.Sprintf("smtp.dkim.old_selectors[%d]", i), "want a selector that signed before, not the one that signs now")
	}
	k.must(d.Domain != "" || d.Selector+d.KeyEnv+d.KeyFile == "", "smtp.dkim.domain", "is missing; without it nothing is signed")
	k.between(s.Connections, 1, 100, "smtp.connections")
	k.positive(s.Timeout, "smtp.timeout")
	k.positive(s.FinalTimeout, "smtp.final_timeout")
	k.positive(s.Retry.First, "smtp.retry.first")
	k.must(s.Retry.Longest >= s.Retry.First, "smtp.retry.longest", "is shorter than the first pause")
	k.between(s.Retry.Attempts, 1, 1000, "smtp.retry.attempts")
	k.must(s.Retry.Patience >= 0, "smtp.retry.patience", "want a span of time")
}

// checkKeys: a key of its own on every machine would give the same post
// another reference on each, and the replies of one would be strangers to the
// next.
func (c *config) checkKeys(k *checker) {
	y := c.Keys
	k.atMostOne("keys.reference_key", y.ReferenceEnv, y.ReferenceFile)
	k.atMostOne("keys.message_id_key", y.MessageIDEnv, y.MessageIDFile)
	if c.Register.Driver == "postgres" {
		const why = "is missing; with a PostgreSQL register every machine needs the same key, so none is made by itself"
		k.must(y.ReferenceEnv+y.ReferenceFile != "", "keys.reference_key_file", why)
		k.must(y.MessageIDEnv+y.MessageIDFile != "", "keys.message_id_key_file", why)
	} else {
		k.must(y.Folder != "", "keys.folder", "is missing")
	}
}

func (c *config) checkReplies(k *checker) {
	for key, n := range map[string]int{
		"landlord.homes": c.Landlord.Homes, "retention.complaints": c.Retention.Complaints, "retention.service_requests": c.Retention.ServiceRequests,
		"retention.enquiries": c.Retention.Enquiries, "retention.others": c.Retention.Others,
	} {
		k.must(n >= 0, key, "want a number, or 0")
	}
	k.oneOf(c.Outgoing, "outgoing", "send", "held")
	k.oneOf(c.Release, "acknowledge", "automatic", "reviewed")
	k.between(c.Failsafe.WorkingDay, 1, 5, "failsafe.working_day")
	k.must(c.Review.Keep >= time.Minute && c.Review.Keep <= 12*time.Hour, "review.keep", "want 1m to 12h, not %s", c.Review.Keep)
	k.must(c.Review.Undo >= 0 && c.Review.Undo <= time.Hour, "review.undo", "want 0s to 1h, not %s", c.Review.Undo)
	for i, day := range c.Warnings.DaysBefore {
		k.between(day, 0, 20, fmt.Sprintf("warnings.days_before[%d]", i))
	}
	for i, a := range c.Alerts.Emails {
		k.address(a, fmt.Sprintf("alerts.emails[%d]", i))
	}
	k.atMostOne("alerts.webhook_token", c.Alerts.TokenEnv, c.Alerts.TokenFile)
	u, err := url.Parse(c.Alerts.Webhook)
	k.must(c.Alerts.Webhook == "" || err == nil && u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())),
		"alerts.webhook", "want an address that begins with https://")
	k.positive(c.Alerts.Repeat, "alerts.repeat")
	k.positive(c.Alerts.WebTimeout, "alerts.webhook_timeout")
	for _, limit := range []struct {
		capConfig
		key string
	}{{c.Caps.Recipient, "caps.per_recipient"}, {c.Caps.Case, "caps.per_case"}, {c.Caps.Global, "caps.global"}} {
		k.must(limit.Most >= 0, limit.key+".most", "want a number, or 0 for no cap")
		k.must(limit.Within > 0 || limit.Most == 0, limit.key+".within", "want more than no time")
	}
	k.must(c.Caps.Team >= 0, "caps.per_team", "want a number, or 0 for no cap")
	for topic, to := range c.Forwarding {
		k.oneOf(topic, "forwarding."+topic, forwardable()...)
		k.address(to, "forwarding."+topic)
	}
}

func (c *config) checkLimits(k *checker) {
	l := c.Limits
	k.between(l.MessageMB, 1, 2047, "limits.message_mb")
	k.between(l.Parts, 1, 100_000, "limits.parts")
	k.between(l.Depth, 1, 200, "limits.depth")
	k.between(l.HeaderKB, 16, 1<<20, "limits.header_kb")
	k.between(l.DecodedMB, 1, 8191, "limits.decoded_mb")
	k.between(l.HTMLNodes, 100, 10_000_000, "limits.html_nodes")
	k.between(l.TextKB, 16, 1<<20, "limits.text_kb")
	k.positive(l.Time, "limits.time")
}

// check: passwords and residents' words never cross a network in the clear.
func (w webConfig) check(k *checker) {
	if w.Listen != "" {
		host, _, err := net.SplitHostPort(w.Listen)
		k.must(err == nil, "web.listen", "want an address and port such as 127.0.0.1:8080, not %q", w.Listen)
		k.must(err != nil || loopback(host) || w.tls() || w.BehindProxy, "web.listen",
			"without TLS the pages are for this machine only: 127.0.0.1:PORT; set tls_certificate and tls_key, or behind_proxy when a proxy does TLS")
	}
	k.must(!w.Form || w.Listen != "", "web.form", "needs the pages; set web.listen")
	k.must(!w.API || w.Listen != "", "web.api", "needs the pages; set web.listen")
	k.web(w.Address, "web.address")
	k.must(w.tls() == (w.Key != ""), "web.tls_key", "tls_certificate and tls_key belong together")
	k.must(!w.tls() || !w.BehindProxy, "web.behind_proxy", "either the proxy does TLS or tls_certificate is set; keep one of the two")
	k.must(!w.BehindProxy || w.Address != "", "web.address", "is missing; behind a proxy Postroom must know by which address staff reach it")
	k.oneOf(w.Cookies, "web.cookies", "auto", "secure", "plain")
	k.must(w.Cookies != "plain" || !w.tls() && !w.BehindProxy, "web.cookies", "plain is for pages without TLS on this machine only")
	k.positive(w.Idle, "web.session_idle")
	k.must(w.Longest >= w.Idle, "web.session_longest", "is shorter than session_idle")
	k.oneOf(string(w.Passwords), "web.local_accounts", string(web.ForEverybody), string(web.ForAdmins), string(web.ForNobody))
	k.must(w.Passwords == web.ForEverybody || w.OIDC.Issuer != "", "web.local_accounts", "without web.oidc.issuer nobody could sign in but by a password; want everybody")
	w.OIDC.check(k, w)
}

func (w webConfig) tls() bool { return w.Certificate != "" }

// access is who reaches the pages, and how.
func (w webConfig) access() web.Access {
	return web.Access{
		Idle: w.Idle, Longest: w.Longest, BehindProxy: w.BehindProxy, Address: strings.TrimSuffix(w.Address, "/"),
		SecureCookies: w.Cookies == "secure" || w.Cookies == "auto" && (w.tls() || w.BehindProxy),
		AnyHost:       w.tls() && w.Address == "", Passwords: w.Passwords,
	}
}

func (c *config) checkProcess(k *checker) {
	c.Web.check(k)
	if at := c.Metrics.Listen; at != "" {
		_, _, err := net.SplitHostPort(at)
		k.must(err == nil, "metrics.listen", "want an address and port such as 127.0.0.1:9464, not %q", at)
		k.must(at != c.Web.Listen, "metrics.listen", "is where the pages are; name another port")
	}
	k.must(len(c.Roles) > 0, "roles", "is empty; name at least one of %s", strings.Join(roles(), ", "))
	for i, role := range c.Roles {
		k.oneOf(role, fmt.Sprintf("roles[%d]", i), roles()...)
	}
	k.oneOf(c.Log.Level, "log.level", "debug", "info", "warn", "error")
	k.oneOf(c.Log.Format, "log.format", "text", "json")
}

// loopback reports whether the host is this machine.
func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
