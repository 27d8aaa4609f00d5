package notify

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"postroom/internal/register"
)

// A Webhook tells other systems of alerts, such as one that sends texts or
// pages people. What it posts names a reference and nobody.
type Webhook struct {
	Timeout time.Duration // of one try; 0: 10 seconds
	// Secret goes into the Authorization header as a bearer token; empty: none.
	Secret string
	Client *http.Client // for its transport; nil: the default one
}

// post tries once. The idempotency key lets the other side know a repetition,
// so whatever did not work is simply tried again.
func (w Webhook) post(ctx context.Context, url, key string, body []byte, now func() time.Time) result {
	if err := checkWebhook(url); err != nil {
		return result{fate: refused, why: "the address of the other system cannot be used: " + err.Error()}
	}
	ctx, cancel := context.WithTimeout(ctx, orDefault(w.Timeout, 10*time.Second))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return result{fate: refused, why: "the address of the other system cannot be used"}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", key)
	if w.Secret != "" {
		request.Header.Set("Authorization", "Bearer "+w.Secret)
	}
	response, err := w.client().Do(request)
	if err != nil {
		return result{fate: tryAgain, why: "the other system could not be reached, or did not answer in time"}
	}
	defer response.Body.Close() //nolint:errcheck // nothing is done with what it says
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10))
	return judged(response.StatusCode, now)
}

// Check asks whether anybody answers at the address, by a HEAD that tells
// nothing. The address is in no error: it may be a secret.
func (w Webhook) Check(ctx context.Context, address string) error {
	if err := checkWebhook(address); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, orDefault(w.Timeout, 10*time.Second))
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodHead, address, http.NoBody)
	if err != nil {
		return errors.New("it is no web address")
	}
	response, err := w.client().Do(request)
	if failed, ok := errors.AsType[*url.Error](err); ok {
		return failed.Err
	}
	if err != nil {
		return err
	}
	return response.Body.Close()
}

func judged(status int, now func() time.Time) result {
	code := strconv.Itoa(status)
	switch {
	case status >= 200 && status < 300:
		return result{fate: sent, code: code, at: now()}
	case status >= 500, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status == http.StatusTooEarly:
		return result{fate: tryAgain, code: code, why: "the other system asks to try again later (" + code + ")"}
	}
	return result{fate: refused, code: code, why: "the other system refuses alerts (" + code + ")"}
}

// client follows no redirect: an alert goes where the configuration says and
// nowhere else.
func (w Webhook) client() *http.Client {
	c := &http.Client{}
	if w.Client != nil {
		*c = *w.Client
	}
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// deliverHook carries an alert to another system.
func (w *Worker) deliverHook(ctx context.Context, c Composed, o register.Claimed, begin func(context.Context) error) result {
	w.step("connected")
	w.step("rcpt")
	if err := begin(ctx); err != nil {
		if errors.Is(err, register.ErrStale) {
			return result{fate: notOurs}
		}
		return result{fate: tryAgain, why: "the register could not be written before the alert was sent"}
	}
	w.step("begun")
	w.step("data")
	return w.cfg.Webhook.post(ctx, c.To, o.ID, c.Bytes, w.cfg.Now)
}
