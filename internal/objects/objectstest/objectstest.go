// Package objectstest gives tests a bucket of their own on a real S3 server,
// and a line to it that does what a test wants. It is used by tests alone.
package objectstest

import (
	"crypto/rand"
	"fmt"
	"io"
	"log"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"postroom/internal/objects"
)

// Region is the server's.
const Region = "eu-west-2"

// New makes a bucket on the server that POSTROOM_TEST_S3 names, as
// http://ACCESS_KEY:SECRET_KEY@HOST:PORT. Without one the test is skipped.
func New(tb testing.TB) objects.Config {
	tb.Helper()
	named := os.Getenv("POSTROOM_TEST_S3")
	if named == "" {
		tb.Skip("integration: POSTROOM_TEST_S3 names no S3 server")
	}
	u, err := url.Parse(named)
	if err != nil {
		tb.Fatal(err)
	}
	secret, _ := u.User.Password()
	c := objects.Config{
		Endpoint: u.Scheme + "://" + u.Host, Region: Region, Bucket: "test-" + strings.ToLower(rand.Text()), Prefix: "originals/",
		AccessKey: u.User.Username(), SecretKey: secret, PathStyle: true, Patience: time.Minute,
	}
	if err := Client(tb, c).MakeBucket(tb.Context(), c.Bucket, minio.MakeBucketOptions{Region: Region}); err != nil {
		tb.Fatal(err)
	}
	return c
}

// Client is the library itself, for what Postroom never does.
func Client(tb testing.TB, c objects.Config) *minio.Client {
	tb.Helper()
	u, err := url.Parse(c.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds: credentials.NewStaticV4(c.AccessKey, c.SecretKey, ""), Region: c.Region, BucketLookup: minio.BucketLookupPath,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// Open opens a bucket for a test.
func Open(tb testing.TB, c objects.Config) *objects.Bucket {
	tb.Helper()
	b, err := objects.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = b.Close() })
	return b
}

// A Fault does something else with a request than to pass it on, or passes it
// on after all.
type Fault func(w http.ResponseWriter, r *http.Request, onward http.Handler)

// A Line stands between us and the server.
type Line struct {
	*httptest.Server
	fault    atomic.Pointer[Fault]
	requests atomic.Int64
}

// NewLine puts a line before the server and gives the way over it.
func NewLine(tb testing.TB, c objects.Config) (*Line, objects.Config) {
	tb.Helper()
	l := newLine(tb, c)
	l.Start()
	c.Endpoint = l.URL
	return l, c
}

// NewTLSLine is a line with a certificate that nobody knows.
func NewTLSLine(tb testing.TB, c objects.Config) (*Line, objects.Config) {
	tb.Helper()
	l := newLine(tb, c)
	l.StartTLS()
	c.Endpoint = l.URL
	return l, c
}

func newLine(tb testing.TB, c objects.Config) *Line {
	tb.Helper()
	to, err := url.Parse(c.Endpoint)
	if err != nil {
		tb.Fatal(err)
	}
	transport := &http.Transport{DisableCompression: true}
	onward := &httputil.ReverseProxy{
		Transport: transport,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
			r.Out.Host = r.In.Host // it is signed
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, _ error) { Down(w, r, nil) },
	}
	l := &Line{}
	l.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.requests.Add(1)
		if f := l.fault.Load(); f != nil {
			(*f)(w, r, onward)
			return
		}
		onward.ServeHTTP(w, r)
	}))
	l.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	tb.Cleanup(func() {
		l.CloseClientConnections()
		l.Close()
		transport.CloseIdleConnections()
	})
	return l
}

// Set puts a fault on the line; nil takes it off.
func (l *Line) Set(f Fault) {
	if f == nil {
		l.fault.Store(nil)
		return
	}
	l.fault.Store(&f)
}

// Requests is how many came so far.
func (l *Line) Requests() int64 { return l.requests.Load() }

// Refuse answers as S3 does.
func Refuse(status int, code string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>said by the test</Message></Error>", code)
	}
}

// Down breaks every connection.
func Down(http.ResponseWriter, *http.Request, http.Handler) {
	panic(http.ErrAbortHandler) //nolint:forbidigo // so net/http is told to
}

// Only has a fault for one method.
func Only(method string, f Fault) Fault {
	return func(w http.ResponseWriter, r *http.Request, onward http.Handler) {
		if r.Method != method {
			onward.ServeHTTP(w, r)
			return
		}
		f(w, r, onward)
	}
}

// First has a fault for the first n requests of a method.
func First(n int64, method string, f Fault) Fault {
	var seen atomic.Int64
	return Only(method, func(w http.ResponseWriter, r *http.Request, onward http.Handler) {
		if seen.Add(1) > n {
			onward.ServeHTTP(w, r)
			return
		}
		f(w, r, onward)
	})
}

// Changed passes a request on and gives another body back, with the length of
// the first.
func Changed(change func([]byte) []byte) Fault {
	return func(w http.ResponseWriter, r *http.Request, onward http.Handler) {
		got := httptest.NewRecorder()
		onward.ServeHTTP(got, r)
		maps.Copy(w.Header(), got.Header())
		w.WriteHeader(got.Code)
		_, _ = w.Write(change(got.Body.Bytes()))
	}
}
