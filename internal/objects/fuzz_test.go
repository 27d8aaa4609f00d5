package objects

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// FuzzServer answers as object storage that says whatever it likes. What is
// told of it is text of a bearable length, what is got are the bytes that it
// sent, and a listing gives no key that it did not name.
func FuzzServer(f *testing.F) {
	const list = `<ListBucketResult><IsTruncated>false</IsTruncated><Contents><Key>ours/ab/cd</Key></Contents><Contents><Key>theirs</Key></Contents></ListBucketResult>`
	f.Add(uint(0), "", []byte(list))
	f.Add(uint(0), "x-amz-checksum-sha256: !", []byte("the bytes"))
	f.Add(uint(203), "", []byte("<Error><Code>AccessDenied</Code><Message>"+strings.Repeat("ü", 150)+"</Message></Error>"))
	f.Add(uint(138), "", []byte("\xff\t\x00"+strings.Repeat("ü", 1000)))
	f.Add(uint(204), "Content-Length: 5", []byte(nil))
	f.Add(uint(2), "", []byte("<A>"))
	type answer struct {
		status int
		header string
		body   []byte
	}
	var now atomic.Pointer[answer]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		a := now.Load()
		if name, value, ok := strings.Cut(a.header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(a.status)
		_, _ = w.Write(a.body)
	}))
	f.Cleanup(server.Close)
	b, err := Open(Config{Endpoint: server.URL, Region: "eu-west-2", Bucket: "post", Prefix: "ours/", AccessKey: "acc3ss", SecretKey: "s3cr3t-value", PathStyle: true, Patience: time.Minute})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = b.Close() })
	f.Fuzz(func(t *testing.T, status uint, header string, body []byte) {
		a := &answer{200 + int(status%300), header, body}
		if a.status == http.StatusTooManyRequests || a.status == http.StatusRequestTimeout || a.status == 499 || strings.Contains(string(body), "Slow") {
			return // are tried again, with pauses
		}
		now.Store(a)
		var errs []error
		_, _, err := b.Look(t.Context(), "ab/cd")
		errs = append(errs, err)
		got, err := b.Get(t.Context(), "ab/cd")
		if err == nil {
			read, err := io.ReadAll(got)
			errs = append(errs, err, got.Close())
			if err == nil && !bytes.Equal(read, body) && a.status < 300 {
				t.Errorf("%q came as %q", body, read)
			}
		}
		errs = append(errs, err, b.List(t.Context(), "ab", func(key string) error {
			if len(key) > len(body) {
				t.Errorf("the key %q is listed", key)
			}
			return nil
		}))
		line := ""
		if err := errors.Join(errs...); err != nil {
			line = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		if !utf8.ValidString(line) || len(line) > 4000 || strings.IndexFunc(line, unicode.IsControl) >= 0 {
			t.Errorf("%q is told of %d %q %q", line, a.status, header, body)
		}
	})
}
