package mime

import "testing"

func TestAuthentication(t *testing.T) {
	t.Parallel()
	own := Options{AuthservID: "mx1.larkmere.example.org"}
	cloud := Options{Microsoft365: true}
	const pass = "Authentication-Results: mx1.larkmere.example.org; spf=pass smtp.mailfrom=example.net; dmarc=pass header.from=example.net\n"
	const from = "From: Jo <jo@example.net>\n"
	for _, tt := range []struct {
		name, header string
		o            Options
		want         bool
	}{
		{"ours, passed", pass + from, own, true},
		{"ours, odd case and a version", "authentication-results: MX1.larkmere.example.org 1;\n\tdmarc=Pass (p=none dis=none)\n header.from=Example.net\n" + from, own, true},
		{"a pass below a header of ours that does not speak of DMARC", "Authentication-Results: mx1.larkmere.example.org; spf=pass smtp.mailfrom=x\n" + pass + from, own, false},
		{"nothing configured", pass + from, Options{}, false},
		{"failed", "Authentication-Results: mx1.larkmere.example.org; dmarc=fail header.from=example.net\n" + from, own, false},
		{"not checked", "Authentication-Results: mx1.larkmere.example.org; dkim=pass header.d=example.net\n" + from, own, false},
		{"none", "Authentication-Results: mx1.larkmere.example.org; none\n" + from, own, false},
		{"of another server", "Authentication-Results: mx.example.net; dmarc=pass header.from=example.net\n" + from, own, false},
		{"ours below another's, so from outside", "Authentication-Results: mx.evil.example; dmarc=fail header.from=example.net\n" + pass + from, own, false},
		{"ours first, forged below", "Authentication-Results: mx1.larkmere.example.org; dmarc=fail header.from=example.net\n" + pass + from, own, false},
		{"another domain checked", "Authentication-Results: mx1.larkmere.example.org; dmarc=pass header.from=evil.example\n" + from, own, false},
		{"a subdomain is not the domain", "Authentication-Results: mx1.larkmere.example.org; dmarc=pass header.from=mail.example.net\n" + from, own, false},
		{"domain not named", "Authentication-Results: mx1.larkmere.example.org; dmarc=pass\n" + from, own, false},
		{"our name in a comment", "Authentication-Results: (mx1.larkmere.example.org;) mx.evil.example; dmarc=pass header.from=example.net\n" + from, own, false},
		{"our name as a beginning", "Authentication-Results: mx1.larkmere.example.org.evil.example; dmarc=pass header.from=example.net\n" + from, own, false},
		{"pass in a comment", "Authentication-Results: mx1.larkmere.example.org; dmarc=fail (dmarc=pass header.from=example.net) header.from=example.net\n" + from, own, false},
		{"pass in a quoted reason", "Authentication-Results: mx1.larkmere.example.org; spf=fail reason=\"x; dmarc=pass header.from=example.net\"\n" + from, own, false},
		{"pass in an address of the sender's choice", "Authentication-Results: mx1.larkmere.example.org; spf=fail smtp.mailfrom=\"a;dmarc=pass header.from=example.net\"@evil.example\n" + from, own, false},
		{"two From lines", pass + from + "From: Boss <boss@example.com>\n", own, false},
		{"two addresses in From", pass + "From: jo@example.net, boss@example.com\n", own, false},
		{"an address as a name", pass + "From: \"boss@example.com\" <jo@example.net>\n", own, true},
		{"no From", pass, own, false},
		{"arc is not ours", "ARC-Authentication-Results: i=1; mx1.larkmere.example.org; dmarc=pass header.from=example.net\n" + from, own, false},
		{"microsoft 365", "Authentication-Results: spf=pass (sender IP is 192.0.2.1)\n smtp.mailfrom=example.net; dkim=pass (signature was verified)\n header.d=example.net;dmarc=pass action=none\n header.from=example.net;compauth=pass reason=100\n" + from, cloud, true},
		{"microsoft 365, failed on top of a forged pass", "Authentication-Results: spf=fail smtp.mailfrom=example.net; dmarc=fail action=none header.from=example.net\nAuthentication-Results: spf=pass smtp.mailfrom=example.net; dmarc=pass header.from=example.net\n" + from, cloud, false},
		{"microsoft 365, topmost of another", "Authentication-Results: mx.evil.example; dmarc=pass header.from=example.net\n" + from, cloud, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := readText(t, tt.header+"Subject: damp\n\nThe wall is wet.\n", tt.o)
			if m.Authenticated != tt.want || m.AuthWhy == "" {
				t.Errorf("got %v: %s", m.Authenticated, m.AuthWhy)
			}
		})
	}
}
