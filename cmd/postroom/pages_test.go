package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// pagesPatience bounds a wait on a machine that is busy with other tests.
const pagesPatience = 3 * time.Minute

// said waits until a line that a program writes matches, and gives what the
// pattern caught. Whatever else is written is read and dropped.
func said(t *testing.T, out io.Reader, pattern string) []string {
	t.Helper()
	want, found := regexp.MustCompile(pattern), make(chan []string, 1)
	go func() {
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if m := want.FindStringSubmatch(lines.Text()); m != nil {
				select {
				case found <- m:
				default:
				}
			}
		}
	}()
	select {
	case m := <-found:
		return m
	case <-time.After(pagesPatience):
		t.Fatalf("nothing like %q was said", pattern)
		return nil
	}
}

// begun runs a program until the test ends, and demands that it then ends well.
func begun(t *testing.T, program func(ctx context.Context, out io.Writer) error) io.Reader {
	t.Helper()
	r, w := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- program(ctx, w) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("it ended with %v", err)
		}
		_ = w.Close()
	})
	return r
}

// TestTheDemoShowsTheQueue signs in as the demo says, waits for sample post
// that a person must look at, and decides it.
func TestTheDemoShowsTheQueue(t *testing.T) {
	t.Parallel()
	o := demoOptions{imap: "127.0.0.1:0", smtp: "127.0.0.1:0", listen: "127.0.0.1:0", every: 10 * time.Millisecond, folder: t.TempDir()}
	out := begun(t, func(ctx context.Context, out io.Writer) error { return demo(ctx, o, out, io.Discard) })
	lines := said(t, joined(out, 2, "The pages", "Sign in"), `The pages +(http://\S+/).*name: (\S+), password: (\S+)`)
	base := strings.TrimSuffix(lines[1], "/")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar}
	defer client.CloseIdleConnections()
	fetch := func(path string, form url.Values) string {
		t.Helper()
		method := http.MethodGet
		if form != nil {
			method = http.MethodPost
		}
		req, err := http.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close() //nolint:errcheck // a test's own
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	fetch("/sign-in", url.Values{"account": {lines[2]}, "password": {lines[3]}})
	row := regexp.MustCompile(`(?s)scope="row" class="any"><a href="/messages/(\w+)"`)
	found, queue := []string(nil), ""
	for deadline := time.After(pagesPatience); found == nil; found = row.FindStringSubmatch(queue) {
		select {
		case <-deadline:
			t.Fatalf("nothing waits in the demo:\n%s", queue)
		case <-time.After(20 * time.Millisecond):
			queue = fetch("/", nil)
		}
	}
	version := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(fetch("/messages/"+found[1], nil))
	if version == nil {
		t.Fatal("the demo's account may not decide")
	}
	after := fetch("/messages/"+found[1]+"/decision", url.Values{"version": {version[1]}, "label": {"not_actionable"}, "reason": {"only a demo"}})
	if !strings.Contains(after, "decided by demo") {
		t.Errorf("not decided:\n%s", after)
	}
}

// joined reads lines and writes those that hold the words, n of them, as one.
func joined(in io.Reader, n int, words ...string) io.Reader {
	r, w := io.Pipe()
	go func() {
		lines := bufio.NewScanner(in)
		var held []string
		for lines.Scan() {
			for _, word := range words {
				if strings.Contains(lines.Text(), word) {
					held = append(held, lines.Text())
				}
			}
			if len(held) == n {
				_, _ = io.WriteString(w, strings.Join(held, " ")+"\n")
				held = nil
			}
		}
		_ = w.Close()
	}()
	return r
}

// TestPagesByTLS serves the pages with a certificate of their own.
func TestPagesByTLS(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	roots := certificate(t, folder)
	config := filepath.Join(folder, "c.yaml")
	text := "web: {listen: \"127.0.0.1:0\", tls_certificate: cert.pem, tls_key: key.pem}\nroles: [web]\n"
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := begun(t, func(ctx context.Context, out io.Writer) error { return serve(ctx, config, out) })
	address := said(t, out, `pages=(https://\S+/)`)[1]
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}}}
	defer client.CloseIdleConnections()
	res, err := client.Get(address + "sign-in")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close() //nolint:errcheck // a test's own
	if res.StatusCode != http.StatusOK || res.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("%d, %v", res.StatusCode, res.Header)
	}
}

// certificate writes a certificate of its own for loopback into the folder.
func certificate(t *testing.T, folder string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "postroom"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: private}} {
		text := pem.EncodeToMemory(block)
		roots.AppendCertsFromPEM(text)
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return roots
}
