package main

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// serve tells monitoring programs, at an address of its own, that it is ready.
func TestServeIsWatched(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "postroom.yaml")
	writeFile(t, file, "web: {listen: \"\"}\nmetrics: {listen: \"127.0.0.1:0\"}\nroles: [mailbox]\n")
	out := begun(t, func(ctx context.Context, out io.Writer) error { return serve(ctx, file, out) })
	base := strings.TrimSuffix(said(t, out, `metrics=(http://\S+)`)[1], "/metrics")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for path, want := range map[string]string{
		"/healthz": "alive", "/readyz": "ready\nregister: ok\narchive: ok\nredis: ok\n",
		"/metrics": "postroom_lane{lane=\"read-letters\",state=\"ready\"} 0\n",
	} {
		response, err := client.Get(base + path)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		if _ = response.Body.Close(); err != nil || response.StatusCode != http.StatusOK || !strings.Contains(string(body), want) {
			t.Errorf("%s: %d %s, %v", path, response.StatusCode, body, err)
		}
	}
}

// What is held needs no mail server: so one can begin before there is one.
func TestHeldItServesWithoutAMailServer(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "postroom.yaml")
	writeFile(t, file, "web: {listen: \"\"}\nmetrics: {listen: \"127.0.0.1:0\"}\noutgoing: held\nroles: [reply]\n")
	out := begun(t, func(ctx context.Context, out io.Writer) error { return serve(ctx, file, out) })
	base := strings.TrimSuffix(said(t, out, `metrics=(http://\S+)`)[1], "/metrics")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(base + "/readyz")
	if err != nil {
		t.Fatal(err)
	}
	if err := response.Body.Close(); err != nil || response.StatusCode != http.StatusOK {
		t.Errorf("%d, %v", response.StatusCode, err)
	}
}
