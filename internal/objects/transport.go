package objects

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// transport waits for nothing longer than patience: to connect, for the
// beginning of an answer. Redirects are not followed by it; a signed request
// is for one server.
func (c Config) transport() (*http.Transport, error) {
	t := &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: (&net.Dialer{Timeout: min(c.Patience, 10*time.Second), KeepAlive: 15 * time.Second}).DialContext,
		// As many calls at once as the archive makes, and the pages' beside them.
		MaxIdleConns: 64, MaxIdleConnsPerHost: 32, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: c.Patience, ExpectContinueTimeout: time.Second,
		DisableCompression: true, // the bytes as they are
		TLSClientConfig:    &tls.Config{MinVersion: tls.VersionTLS12},
	}
	if len(c.CA) == 0 {
		return t, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(c.CA) {
		return nil, errors.New("ca_file holds no certificate in PEM form")
	}
	t.TLSClientConfig.RootCAs = pool
	return t, nil
}

// errSilent ends a download of which nothing came for a while.
var errSilent = errors.New("nothing came any more")

// A watch cancels a call when nothing has been heard of it for too long.
type watch struct {
	timer    *time.Timer
	patience time.Duration
	cancel   context.CancelCauseFunc
}

func newWatch(cancel context.CancelCauseFunc, patience time.Duration) *watch {
	return &watch{timer: time.AfterFunc(patience, func() { cancel(errSilent) }), patience: patience, cancel: cancel}
}

func (w *watch) heard() { w.timer.Reset(w.patience) }

func (w *watch) end() {
	w.timer.Stop()
	w.cancel(nil)
}

// cause tells our own impatience from the caller's end.
func (w *watch) cause(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errSilent) {
		return errSilent
	}
	return err
}

// reading is a file on its way to us.
type reading struct {
	b     *Bucket
	ctx   context.Context //nolint:containedctx // it is this call's own, and lives as long
	body  io.ReadCloser
	watch *watch
}

func (r *reading) Read(p []byte) (int, error) {
	n, err := r.body.Read(p)
	r.watch.heard()
	if err != nil && !errors.Is(err, io.EOF) {
		err = r.b.explain("get", "s3:GetObject", r.watch.cause(r.ctx, err))
	}
	return n, err
}

func (r *reading) Close() error {
	err := r.body.Close()
	r.watch.end()
	return err
}
