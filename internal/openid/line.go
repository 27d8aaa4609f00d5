package openid

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
)

// A line is how the provider is reached: with bounds on what it may send, and
// never asked the same thing again within moments, so that forged logout
// tokens with made-up keys do not make us a nuisance to it.
type line struct {
	now    func() time.Time
	inner  http.RoundTripper
	client *http.Client

	mu   sync.Mutex
	said map[string]answer // by address: what anybody may read
	skew time.Duration
}

type answer struct {
	header http.Header
	body   []byte
	at     time.Time
}

const (
	// longestAnswer bounds what a provider may send, in bytes.
	longestAnswer = 1 << 20
	// askedAgain is when the same is asked again.
	askedAgain = 5 * time.Second
)

// newLine follows no redirect, which would carry the secret elsewhere.
func newLine(now func() time.Time) *line {
	l := &line{now: now, said: map[string]answer{}, inner: &http.Transport{
		Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, TLSHandshakeTimeout: 10 * time.Second,
		DialContext: (&net.Dialer{Timeout: 10 * time.Second}).DialContext, ForceAttemptHTTP2: true,
	}}
	l.client = &http.Client{Transport: l, Timeout: 15 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return l
}

// through makes the libraries use the line.
func (p *Provider) through(ctx context.Context) context.Context {
	return oidc.ClientContext(ctx, p.line.client)
}

// RoundTrip is http.RoundTripper.
func (l *line) RoundTrip(req *http.Request) (*http.Response, error) {
	public := req.Method == http.MethodGet && req.Header.Get("Authorization") == ""
	if said, ok := l.recall(req.URL.String()); ok && public {
		return &http.Response{
			Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: said.header.Clone(), Body: io.NopCloser(bytes.NewReader(said.body)), ContentLength: int64(len(said.body)), Request: req,
		}, nil
	}
	res, err := l.inner.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	res.Body, res.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	l.remember(req, res, body, public && res.StatusCode == http.StatusOK)
	return res, nil
}

func (l *line) recall(address string) (answer, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	said, ok := l.said[address]
	age := l.now().Sub(said.at)
	return said, ok && age >= 0 && age < askedAgain
}

func (l *line) remember(req *http.Request, res *http.Response, body []byte, keep bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if date, err := http.ParseTime(res.Header.Get("Date")); err == nil {
		l.skew = l.now().Sub(date)
	}
	if keep {
		l.said[req.URL.String()] = answer{res.Header.Clone(), body, l.now()}
	}
}

// Skew is by how much our clock was ahead of the provider's at its last answer.
func (l *line) Skew() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.skew
}
