package archive_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postroom/internal/archive"
	"postroom/internal/objects"
	"postroom/internal/objects/objectstest"
)

// inBucket opens an archive whose files are in object storage.
func inBucket(tb testing.TB, c objects.Config) (*archive.Archive, string) {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "archive")
	b, err := objects.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	a, err := archive.OpenStore(dir, b, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = a.Close() })
	return a, dir
}

// overLine is the same with a line in between.
func overLine(t *testing.T) (*archive.Archive, string, *objectstest.Line, *objects.Bucket) {
	t.Helper()
	c := objectstest.New(t)
	l, over := objectstest.NewLine(t, c)
	a, dir := inBucket(t, over)
	return a, dir, l, objectstest.Open(t, c)
}

func content(t *testing.T, a *archive.Archive, name string) (string, error) {
	t.Helper()
	f, err := a.Get(t.Context(), name)
	if err != nil {
		return "", err
	}
	got, err := io.ReadAll(f)
	return string(got), errors.Join(err, f.Close())
}

// key is where a file lies, in a folder as in a bucket.
func key(name string) string { return name[:2] + "/" + name }

func TestInABucketPutThenGet(t *testing.T) {
	t.Parallel()
	a, dir := inBucket(t, objectstest.New(t))
	for _, text := range []string{"", "a letter", strings.Repeat("long ", 100_000)} {
		s := put(t, a, text)
		if !s.New || s.Size != int64(len(text)) {
			t.Errorf("stored %+v", s)
		}
		if got, err := content(t, a, s.SHA256); err != nil || got != text {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
		if again := put(t, a, text); again.New || again.SHA256 != s.SHA256 {
			t.Errorf("again %+v", again)
		}
		if err := errors.Join(a.Verify(t.Context(), s.SHA256), a.Present(t.Context(), s.SHA256)); err != nil {
			t.Error(err)
		}
		to := filepath.Join(t.TempDir(), "copy")
		size, err := a.CopyOut(t.Context(), s.SHA256, to)
		if got, readErr := os.ReadFile(to); err != nil || readErr != nil || size != s.Size || string(got) != text {
			t.Errorf("copied out %d bytes, %v, %v", size, err, readErr)
		}
	}
	for _, name := range []string{"", "../../etc/passwd", strings.Repeat("g", 64), strings.Repeat("a", 64)} {
		if err := a.Present(t.Context(), name); !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
		if _, err := a.Get(t.Context(), name); !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
		if err := a.Verify(t.Context(), name); !errors.Is(err, archive.ErrNotFound) {
			t.Errorf("%q: %v", name, err)
		}
	}
	if n := unfinished(t, dir); n != 0 {
		t.Errorf("%d files are left over on this machine", n)
	}
	if holds, err := archive.Holds(dir); holds || err != nil {
		t.Errorf("the folder holds files: %v", err)
	}
}

func TestInABucketManyAtOnceEndAsOneFileEach(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	var wg sync.WaitGroup
	for range 4 {
		a, _ := inBucket(t, c) // each a machine of its own
		wg.Go(func() {
			readers := make([]io.Reader, 10)
			for i := range readers {
				readers[i] = strings.NewReader(fmt.Sprint("content ", i/2)) // each twice in the same batch
			}
			if stored, err := a.PutAll(t.Context(), readers); err != nil || len(stored) != 10 || stored[0].SHA256 != stored[1].SHA256 {
				t.Errorf("%v, %v", stored, err)
			}
		})
	}
	wg.Wait()
	a, _ := inBucket(t, c)
	var names []string
	err := a.Walk(t.Context(), func(name string) error {
		names = append(names, name)
		return a.Verify(t.Context(), name)
	})
	if err != nil || len(names) != 5 || !slices.IsSorted(names) {
		t.Errorf("%v, %v", names, err)
	}
	if holds, err := archive.StoreHolds(t.Context(), objectstest.Open(t, c)); !holds || err != nil {
		t.Errorf("it holds nothing: %v", err)
	}
	if holds, err := archive.StoreHolds(t.Context(), objectstest.Open(t, objectstest.New(t))); holds || err != nil {
		t.Errorf("an empty bucket holds something: %v", err)
	}
}

func TestInABucketNothingIsLeftOfWhatBreaks(t *testing.T) {
	t.Parallel()
	a, dir := inBucket(t, objectstest.New(t))
	if _, err := a.PutAll(t.Context(), []io.Reader{strings.NewReader("one"), errReader{}}); err == nil {
		t.Error("a broken reader was stored")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.Put(ctx, strings.NewReader("two")); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	if err := a.Walk(t.Context(), func(name string) error { return fmt.Errorf("found %s", name) }); err != nil || unfinished(t, dir) != 0 {
		t.Errorf("%d left, %v", unfinished(t, dir), err)
	}
}

// Bytes that are not what the name says are found, and mended by whoever has
// the right ones.
func TestInABucketDamageIsFound(t *testing.T) {
	t.Parallel()
	c := objectstest.New(t)
	a, dir := inBucket(t, c)
	b := objectstest.Open(t, c)
	for _, wrong := range []string{"a lettuc", "another length"} {
		s := put(t, a, "a letter")
		other := put(t, a, wrong)
		if err := b.Copy(t.Context(), key(other.SHA256), key(s.SHA256)); err != nil {
			t.Fatal(err)
		}
		if _, err := content(t, a, s.SHA256); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("got: %v", err)
		}
		if err := a.Verify(t.Context(), s.SHA256); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("verified: %v", err)
		}
		if _, err := a.CopyOut(t.Context(), s.SHA256, filepath.Join(t.TempDir(), "copy")); !errors.Is(err, archive.ErrDamaged) {
			t.Errorf("copied out: %v", err)
		}
		if again := put(t, a, "a letter"); !again.New {
			t.Error("the damaged file was taken for the content")
		}
		if err := a.Verify(t.Context(), s.SHA256); err != nil {
			t.Error(err)
		}
	}
	if n := unfinished(t, dir); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

// A server that keeps no sums is asked for the bytes before a second file of
// that name counts as there.
func TestInABucketWithoutSums(t *testing.T) {
	t.Parallel()
	a, _, l, b := overLine(t)
	l.Set(func(w http.ResponseWriter, r *http.Request, onward http.Handler) {
		got := httptest.NewRecorder()
		onward.ServeHTTP(got, r)
		for k, v := range got.Header() {
			if !strings.HasPrefix(strings.ToLower(k), "x-amz-checksum") {
				w.Header()[k] = v
			}
		}
		w.WriteHeader(got.Code)
		_, _ = w.Write(got.Body.Bytes())
	})
	s := put(t, a, "a letter")
	if again := put(t, a, "a letter"); again.New {
		t.Error("it is there already")
	}
	other := put(t, a, "a lettuc")
	if err := b.Copy(t.Context(), key(other.SHA256), key(s.SHA256)); err != nil {
		t.Fatal(err)
	}
	if again := put(t, a, "a letter"); !again.New || a.Verify(t.Context(), s.SHA256) != nil {
		t.Errorf("damage was not mended: %+v", again)
	}
}

// What came wrong once is asked for again; nobody is given the half of a file.
func TestWhatIsSpoiltOnTheWayIsAskedForAgain(t *testing.T) {
	t.Parallel()
	a, dir, l, _ := overLine(t)
	s := put(t, a, strings.Repeat("a letter ", 10_000))
	half := func(b []byte) []byte { return b[:len(b)/2] }
	for name, spoil := range map[string]objectstest.Fault{"changed": objectstest.Changed(bytes.ToUpper), "cut": objectstest.Changed(half)} {
		l.Set(objectstest.First(2, http.MethodGet, spoil))
		if got, err := content(t, a, s.SHA256); err != nil || int64(len(got)) != s.Size {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		l.Set(objectstest.Only(http.MethodGet, spoil))
		f, err := a.Get(t.Context(), s.SHA256)
		if f != nil || !errors.Is(err, archive.ErrDamaged) && !errors.Is(err, archive.ErrAway) {
			t.Errorf("%s for good: %v", name, err)
		}
	}
	if n := unfinished(t, dir); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

func TestAFileThatTheServerDoesNotShowYetIsWaitedFor(t *testing.T) {
	t.Parallel()
	a, _, l, _ := overLine(t)
	s := put(t, a, "a letter")
	l.Set(objectstest.First(3, http.MethodGet, objectstest.Refuse(http.StatusNotFound, "NoSuchKey")))
	if _, err := a.Get(t.Context(), s.SHA256); !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("got at once: %v", err)
	}
	f, err := a.Await(t.Context(), s.SHA256, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if _, err := a.Await(t.Context(), strings.Repeat("ab", 32), 50*time.Millisecond); !errors.Is(err, archive.ErrNotFound) {
		t.Errorf("what nobody wrote: %v", err)
	}
}

// While the storage is away nothing is lost, nothing is said to be stored or
// missing, and whoever asks beforehand is told.
func TestAwayIsNotMissing(t *testing.T) {
	t.Parallel()
	a, dir, l, b := overLine(t)
	s := put(t, a, "a letter")
	if err := a.Reach(t.Context()); err != nil {
		t.Error(err)
	}
	for name, fault := range map[string]objectstest.Fault{
		"the line is cut":   objectstest.Down,
		"the server is ill": objectstest.Refuse(http.StatusInternalServerError, "InternalError"),
		"the key is wrong":  objectstest.Refuse(http.StatusForbidden, "AccessDenied"),
		"no bucket":         objectstest.Refuse(http.StatusNotFound, "NoSuchBucket"),
	} {
		l.Set(fault)
		var wg sync.WaitGroup
		for what, do := range map[string]func() error{
			"get":    func() error { return second(a.Get(t.Context(), s.SHA256)) },
			"await":  func() error { return second(a.Await(t.Context(), s.SHA256, time.Hour)) },
			"verify": func() error { return a.Verify(t.Context(), s.SHA256) },
			"put":    func() error { return second(a.Put(t.Context(), strings.NewReader("another letter"))) },
			"remove": func() error {
				return second(a.Remove(t.Context(), s.SHA256, func() (bool, error) { return false, nil }))
			},
			"present": func() error { return a.Present(t.Context(), s.SHA256) },
			"walk":    func() error { return a.Walk(t.Context(), func(string) error { return nil }) },
		} {
			if name == "no bucket" && what == "present" {
				continue // to a question without a body it answers like a missing file
			}
			wg.Go(func() {
				err := do()
				if !errors.Is(err, archive.ErrAway) || errors.Is(err, archive.ErrNotFound) || !strings.HasPrefix(err.Error(), "archive: ") {
					t.Errorf("%s: %s: %v", name, what, err)
				}
			})
		}
		wg.Wait()
		if name != "no bucket" { // the same
			if err := a.Reach(t.Context()); !errors.Is(err, archive.ErrAway) {
				t.Errorf("%s: reach: %v", name, err)
			}
		}
		l.Set(nil)
		if err := a.Reach(t.Context()); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
		if err := a.Verify(t.Context(), s.SHA256); err != nil {
			t.Errorf("after %s: %v", name, err)
		}
	}
	var keys []string
	if err := b.List(t.Context(), "", func(k string) error { keys = append(keys, k); return nil }); err != nil || !slices.Equal(keys, []string{key(s.SHA256)}) {
		t.Errorf("there are %v, %v", keys, err)
	}
	if n := unfinished(t, dir); n != 0 {
		t.Errorf("%d files are left over", n)
	}
}

// A server that says nothing is not waited for by whoever only looks whether
// it is there.
func TestASilentStorageIsAway(t *testing.T) {
	t.Parallel()
	a, _, l, _ := overLine(t)
	l.Set(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) { <-r.Context().Done() })
	if err := a.Probe(t.Context()); !errors.Is(err, archive.ErrAway) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
