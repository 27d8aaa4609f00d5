package redistest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// A Lock is what guarded servers want of whoever comes: TLS under an authority
// of one's own, and a user who may do what the operator's manual says and
// nothing else. The user that everybody is without a name is off.
type Lock struct {
	CA               []byte // the authority's certificate, in PEM form
	CAFile           string
	User, Password   string // of the servers
	SentinelPassword string // the same user's, among the Sentinels
	folder           string
	roots            *x509.CertPool
	admin            string // the password of the user that may do everything: the servers' own, and the tests'
}

// The lines of the manual that give Postroom its user.
const (
	ServerLine   = "user postroom on >PASSWORD "
	SentinelLine = "user postroom on >SENTINEL_PASSWORD "
)

// NewLock makes the certificates and the files of users.
func NewLock(tb testing.TB) *Lock {
	tb.Helper()
	l := &Lock{
		User: "postroom", Password: rand.Text(), SentinelPassword: rand.Text(), admin: rand.Text(),
		folder: tb.TempDir(), roots: x509.NewCertPool(),
	}
	l.CAFile = filepath.Join(l.folder, "ca.pem")
	if err := l.sign(); err != nil {
		tb.Fatal(err)
	}
	all := "user default off\nuser admin on >" + l.admin + " ~* &* +@all\n"
	l.write(tb, "servers.acl", all+strings.Replace(Documented(tb, ServerLine), "PASSWORD", l.Password, 1)+"\n")
	l.write(tb, "sentinels.acl", all+strings.Replace(Documented(tb, SentinelLine), "SENTINEL_PASSWORD", l.SentinelPassword, 1)+"\n")
	return l
}

// Documented is the line of the operator's manual that begins with these
// words. The packages that use it lie two folders below the project's.
func Documented(tb testing.TB, begin string) string {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operating.md"))
	if err != nil {
		tb.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, begin) {
			return line
		}
	}
	tb.Fatalf("docs/operating.md has no line that begins with %q", begin)
	return ""
}

func (l *Lock) write(tb testing.TB, name, text string) {
	tb.Helper()
	if err := os.WriteFile(filepath.Join(l.folder, name), []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// sign makes an authority, and by it the certificate of all the servers.
func (l *Lock) sign() error {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	server, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	end := time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority of tests"}, NotAfter: end, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	signed, err := x509.CreateCertificate(rand.Reader, ca, ca, authority.Public(), authority)
	if err != nil {
		return err
	}
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "a Redis of tests"}, NotAfter: end, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	certificate, err := x509.CreateCertificate(rand.Reader, leaf, ca, server.Public(), authority)
	if err != nil {
		return err
	}
	private, err := x509.MarshalPKCS8PrivateKey(server)
	if err != nil {
		return err
	}
	l.CA = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})
	l.roots.AppendCertsFromPEM(l.CA)
	for name, text := range map[string][]byte{
		"ca.pem":   l.CA,
		"cert.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate}),
		"key.pem":  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}),
	} {
		if err := os.WriteFile(filepath.Join(l.folder, name), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// arguments are those of a guarded server; none of one that is open.
func (l *Lock) arguments() []string {
	if l == nil {
		return nil
	}
	return append(l.tls(), "--aclfile", l.file("servers.acl"), "--masteruser", "admin", "--masterauth", l.admin)
}

// tls is how servers speak to us and to each other.
func (l *Lock) tls() []string {
	return []string{
		"--tls-cert-file", l.file("cert.pem"), "--tls-key-file", l.file("key.pem"), "--tls-ca-cert-file", l.file("ca.pem"),
		"--tls-auth-clients", "no", "--tls-replication", "yes", "--tls-cluster", "yes",
	}
}

// sentinel are the lines of a Sentinel's configuration for its port and for
// what it is asked for.
func (l *Lock) sentinel(master, port string) string {
	args, users := l.listens(port), ""
	if l != nil {
		args = append(args, l.tls()...)
		users = fmt.Sprintf("aclfile %s\nsentinel auth-user %[2]s admin\nsentinel auth-pass %[2]s %[3]s\nsentinel sentinel-user admin\nsentinel sentinel-pass %[3]s\n",
			l.file("sentinels.acl"), master, l.admin)
	}
	var text strings.Builder
	for option := range slices.Chunk(args, 2) {
		fmt.Fprintf(&text, "%s %s\n", strings.TrimPrefix(option[0], "--"), option[1])
	}
	return text.String() + users
}

func (l *Lock) file(name string) string { return filepath.Join(l.folder, name) }

// listens are the options for the port that clients come to.
func (l *Lock) listens(port string) []string {
	if l == nil {
		return []string{"--port", port}
	}
	return []string{"--port", "0", "--tls-port", port}
}

// key is how a test itself gets in.
func (l *Lock) key() (user, password string, config *tls.Config) {
	if l == nil {
		return "", "", nil
	}
	return "admin", l.admin, &tls.Config{RootCAs: l.roots, MinVersion: tls.VersionTLS12}
}
