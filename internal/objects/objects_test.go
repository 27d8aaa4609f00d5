package objects_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"postroom/internal/objects"
	"postroom/internal/objects/objectstest"
)

func put(tb testing.TB, b *objects.Bucket, key, content string) error {
	tb.Helper()
	return b.Put(tb.Context(), key, sumOf(content), strings.NewReader(content), int64(len(content)))
}

func sumOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:])
}

func get(tb testing.TB, b *objects.Bucket, key string) (string, error) {
	tb.Helper()
	f, err := b.Get(tb.Context(), key)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(f)
	return string(got), errors.Join(err, f.Close())
}

func TestTheWayOfAFile(t *testing.T) {
	t.Parallel()
	b := objectstest.Open(t, objectstest.New(t))
	for key, content := range map[string]string{"aa/one": "a letter", "aa/two": "", "bb/long": strings.Repeat("long ", 2_000_000)} {
		if err := put(t, b, key, content); err != nil {
			t.Fatal(err)
		}
		if got, err := get(t, b, key); err != nil || got != content {
			t.Errorf("%s: %d bytes, %v", key, len(got), err)
		}
		if size, sum, err := b.Look(t.Context(), key); err != nil || size != int64(len(content)) || sum != sumOf(content) {
			t.Errorf("%s: %d bytes, sum %q, %v", key, size, sum, err)
		}
	}
	if err := b.Copy(t.Context(), "aa/one", "work/one"); err != nil {
		t.Fatal(err)
	}
	if err := b.Delete(t.Context(), "aa/one"); err != nil {
		t.Error(err)
	}
	if err := b.Delete(t.Context(), "aa/one"); err != nil {
		t.Errorf("once more: %v", err)
	}
	if _, err := get(t, b, "aa/one"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted, and got: %v", err)
	}
	if _, _, err := b.Look(t.Context(), "aa/one"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted, and seen: %v", err)
	}
	if err := b.Copy(t.Context(), "aa/one", "work/two"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("deleted, and copied: %v", err)
	}
	if got, err := get(t, b, "work/one"); err != nil || got != "a letter" {
		t.Errorf("the copy: %q, %v", got, err)
	}
	var keys []string
	if err := b.List(t.Context(), "", func(key string) error { keys = append(keys, key); return nil }); err != nil || !slices.Equal(keys, []string{"aa/two", "bb/long", "work/one"}) {
		t.Errorf("listed %v, %v", keys, err)
	}
	stop := errors.New("enough")
	if err := b.List(t.Context(), "", func(string) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("a listing that was stopped: %v", err)
	}
}

func TestALongListComesWhole(t *testing.T) {
	t.Parallel()
	b := objectstest.Open(t, objectstest.New(t))
	want := make([]string, 1001) // a server tells 1,000 at a time
	var g errgroup.Group
	g.SetLimit(16)
	for i := range want {
		want[i] = hex.EncodeToString([]byte{byte(i / 256), byte(i)})
		g.Go(func() error { return put(t, b, want[i], "") })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	var got []string
	if err := b.List(t.Context(), "", func(key string) error { got = append(got, key); return nil }); err != nil || !slices.Equal(got, want) {
		t.Errorf("%d keys, %v", len(got), err)
	}
}

// The server itself compares what comes with what was announced.
func TestOtherBytesThanAnnouncedAreNotKept(t *testing.T) {
	t.Parallel()
	b := objectstest.Open(t, objectstest.New(t))
	err := b.Put(t.Context(), "aa/one", sumOf("a letter"), strings.NewReader("a lettuc"), 8)
	var trouble *objects.TroubleError
	if !errors.As(err, &trouble) || !strings.Contains(err.Error(), "changed on the way") {
		t.Errorf("got %v", err)
	}
	if _, _, err := b.Look(t.Context(), "aa/one"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there: %v", err)
	}
}

func TestWhatPassesIsTriedAgain(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]objectstest.Fault{
		"too much to do": objectstest.Refuse(http.StatusServiceUnavailable, "SlowDown"),
		"in trouble":     objectstest.Refuse(http.StatusInternalServerError, "InternalError"),
		"cut off":        objectstest.Down,
		"the answer is lost": func(_ http.ResponseWriter, r *http.Request, onward http.Handler) {
			onward.ServeHTTP(&deaf{header: http.Header{}}, r)
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, c := objectstest.NewLine(t, objectstest.New(t))
			b := objectstest.Open(t, c)
			for _, method := range []string{http.MethodPut, http.MethodGet} {
				l.Set(objectstest.First(2, method, fault))
				if err := put(t, b, "aa/one", "a letter"); err != nil {
					t.Errorf("%s: put: %v", method, err)
				}
				if got, err := get(t, b, "aa/one"); err != nil || got != "a letter" {
					t.Errorf("%s: got %q, %v", method, got, err)
				}
			}
		})
	}
}

// deaf takes an answer and tells nobody.
type deaf struct{ header http.Header }

func (d *deaf) Header() http.Header         { return d.header }
func (d *deaf) Write(p []byte) (int, error) { return len(p), nil }
func (d *deaf) WriteHeader(int)             {}

// What does not pass ends soon, so that whoever waits can do something else.
func TestNothingIsTriedForEver(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]objectstest.Fault{
		"in trouble": objectstest.Refuse(http.StatusInternalServerError, "InternalError"),
		"cut off":    objectstest.Down,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, c := objectstest.NewLine(t, objectstest.New(t))
			b := objectstest.Open(t, c)
			l.Set(fault)
			before := l.Requests()
			err := put(t, b, "aa/one", "a letter")
			var trouble *objects.TroubleError
			if n := l.Requests() - before; !errors.As(err, &trouble) || n > 8 { // HTTP itself repeats on a connection that was idle
				t.Errorf("%d requests, %v", n, err)
			}
		})
	}
}

func TestASilentServerIsGivenUp(t *testing.T) {
	t.Parallel()
	l, c := objectstest.NewLine(t, objectstest.New(t))
	if err := put(t, objectstest.Open(t, c), "aa/one", strings.Repeat("a letter ", 1<<20)); err != nil {
		t.Fatal(err)
	}
	c.Patience = 200 * time.Millisecond
	b := objectstest.Open(t, c)
	for name, fault := range map[string]objectstest.Fault{
		"from the beginning": func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() },
		"in the middle": func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			w.Header().Set("Content-Length", "1000")
			w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
			_, _ = w.Write(make([]byte, 500))
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		},
	} {
		l.Set(objectstest.Only(http.MethodGet, fault))
		_, err := get(t, b, "aa/one")
		var trouble *objects.TroubleError
		if !errors.As(err, &trouble) || !strings.Contains(err.Error(), "too slow") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whoever is killed in the middle leaves nothing that looks like a file.
func TestAnUploadThatBreaksOffLeavesNothing(t *testing.T) {
	t.Parallel()
	b := objectstest.Open(t, objectstest.New(t))
	content := bytes.Repeat([]byte("a letter "), 1<<20)
	ctx, cancel := context.WithCancel(t.Context())
	half := &tripping{ReadSeeker: bytes.NewReader(content), after: len(content) / 2, trip: cancel}
	if err := b.Put(ctx, "aa/one", sumOf(string(content)), half, int64(len(content))); !errors.Is(err, context.Canceled) {
		t.Fatalf("put: %v", err)
	}
	if _, _, err := b.Look(t.Context(), "aa/one"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("half a file is there: %v", err)
	}
}

// tripping does something once so many bytes were read.
type tripping struct {
	io.ReadSeeker
	after int
	trip  func()
}

func (r *tripping) Read(p []byte) (int, error) {
	n, err := r.ReadSeeker.Read(p[:min(len(p), 64<<10)])
	if r.after -= n; r.after < 0 {
		r.trip()
	}
	return n, err
}

func TestCheckSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := objectstest.New(t)
	l, over := objectstest.NewLine(t, good)
	secured, tls := objectstest.NewTLSLine(t, good)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secured.Certificate().Raw})
	for _, row := range []struct {
		name   string
		change func(*objects.Config)
		fault  objectstest.Fault
		want   string // of the error; empty: all is well
	}{
		{"all is well", func(*objects.Config) {}, nil, ""},
		{"another bucket", func(c *objects.Config) { c.Bucket = "nobody-made-it" }, nil, `no bucket "nobody-made-it"; make it, or mend archive.s3.bucket`},
		{"another access key", func(c *objects.Config) { c.AccessKey = "somebody" }, nil, "does not know the access key"},
		{"another secret", func(c *objects.Config) { c.SecretKey = "wrong-wrong" }, nil, "the secret key does not belong"},
		{"another region", func(c *objects.Config) { c.Region = "us-east-1" }, nil, "the bucket is in the region eu-west-2; mend archive.s3.region"},
		{"nobody there", func(c *objects.Config) { c.Endpoint = "http://" + closedAddress(t) }, nil, "cannot be reached"},
		{"no such host", func(c *objects.Config) { c.Endpoint = "http://storage.invalid" }, nil, "archive.s3.endpoint"},
		{"no TLS there", func(c *objects.Config) { c.Endpoint = strings.Replace(c.Endpoint, "http:", "https:", 1) }, nil, "speaks no TLS"},
		{"an authority of one's own", func(c *objects.Config) { c.Endpoint = tls.Endpoint }, nil, "archive.s3.ca_file"},
		{"which is named", func(c *objects.Config) { c.Endpoint, c.CA = tls.Endpoint, certificate }, nil, ""},
		{"the clock is wrong", nil, objectstest.Refuse(http.StatusForbidden, "RequestTimeTooSkewed"), "let a time server set both"},
		{"it may not list", nil, objectstest.Only(http.MethodGet, objectstest.Refuse(http.StatusForbidden, "AccessDenied")), "allow it s3:ListBucket"},
		{"it may not put", nil, objectstest.Only(http.MethodPut, objectstest.Refuse(http.StatusForbidden, "AccessDenied")), "allow it s3:PutObject"},
		{"it may not delete", nil, objectstest.Only(http.MethodDelete, objectstest.Refuse(http.StatusForbidden, "AccessDenied")), "allow it s3:DeleteObject"},
		{"it is full", nil, objectstest.Only(http.MethodPut, objectstest.Refuse(http.StatusInsufficientStorage, "XMinioStorageFull")), "make room"},
		{"another server's bucket", nil, objectstest.Refuse(http.StatusMovedPermanently, "PermanentRedirect"), "another bucket's"},
		{"it is in trouble", nil, objectstest.Refuse(http.StatusServiceUnavailable, "SlowDown"), "tried again by itself"},
		{"it gives other bytes", nil, objectstest.Only(http.MethodGet, objectstest.Changed(bytes.ToUpper)), "other bytes than it took"},
		{"it forgets", nil, objectstest.Only(http.MethodHead, objectstest.Refuse(http.StatusNotFound, "NoSuchKey")), "is not there"},
	} {
		t.Run(row.name, func(t *testing.T) { // one after the other: they share the line
			c := good
			if l.Set(row.fault); row.fault != nil {
				c = over
			} else {
				row.change(&c)
			}
			_, err := objectstest.Open(t, c).Check(t.Context())
			if (row.want == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v", err)
			}
			if err != nil && strings.Contains(err.Error(), c.SecretKey) {
				t.Errorf("the secret key is in %q", err)
			}
		})
	}
}

func closedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close() //nolint:errcheck // a test's
	return l.Addr().String()
}

func TestCheckSpeaksOfOldVersions(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	b := objectstest.Open(t, c)
	if said, err := b.Check(t.Context()); err != nil || !strings.Contains(said, "keeps no old versions") {
		t.Errorf("%q, %v", said, err)
	}
	if err := objectstest.Client(t, c).EnableVersioning(t.Context(), c.Bucket); err != nil {
		t.Fatal(err)
	}
	if said, err := b.Check(t.Context()); err != nil || !strings.Contains(said, "let a lifecycle rule end them") {
		t.Errorf("%q, %v", said, err)
	}
	var left []string
	if err := b.List(t.Context(), "", func(key string) error { left = append(left, key); return nil }); err != nil || len(left) > 0 {
		t.Errorf("the check left %v, %v", left, err)
	}
}
