package archive_test

import (
	"errors"
	"net/http"
	"os"
	"testing"

	"postroom/internal/archive"
	"postroom/internal/objects/objectstest"
)

// Remove asks while the file is out of reach, and what is interrupted anywhere
// is finished by the next call: gone, or in its place.
func TestInABucketRemoveAsksBeforeTheFileIsGone(t *testing.T) {
	t.Parallel()
	broken := errors.New("the register does not answer")
	for _, row := range []struct {
		name   string
		needed bool
		err    error
		stands bool
	}{
		{"nobody needs it", false, nil, false},
		{"somebody needs it", true, nil, true},
		{"nobody can say", false, broken, true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			a, _, l, b := overLine(t)
			// The line breaks before each of the requests in turn, until one call
			// comes through.
			for whole := int64(0); ; whole++ {
				s := put(t, a, "a letter")
				asked := false
				needed := func() (bool, error) {
					asked = true
					if _, _, err := b.Look(t.Context(), key(s.SHA256)); err == nil {
						t.Error("it is within reach while the question is asked")
					}
					return row.needed, row.err
				}
				l.Set(after(whole, objectstest.Refuse(http.StatusForbidden, "AccessDenied")))
				gone, err := a.Remove(t.Context(), s.SHA256, needed)
				l.Set(nil)
				if errors.Is(err, archive.ErrAway) {
					if gone, err = a.Remove(t.Context(), s.SHA256, needed); errors.Is(err, archive.ErrAway) {
						t.Fatalf("after %d requests, again: %v", whole, err)
					}
				} else if whole == 0 {
					t.Fatal("nothing broke")
				}
				if !asked || gone == row.stands || !errors.Is(err, row.err) {
					t.Errorf("after %d requests: gone %v, %v", whole, gone, err)
				}
				if err := a.Verify(t.Context(), s.SHA256); (err == nil) != row.stands {
					t.Errorf("after %d requests, afterwards: %v", whole, err)
				}
				var keys []string
				err = b.List(t.Context(), "work", func(k string) error { keys = append(keys, k); return nil })
				if err != nil || len(keys) > 0 {
					t.Errorf("after %d requests left aside: %v, %v", whole, keys, err)
				}
				if whole > 8 { // more than it takes
					return
				}
			}
		})
	}
}

// after lets n requests through.
func after(n int64, f objectstest.Fault) objectstest.Fault {
	left := n
	return func(w http.ResponseWriter, r *http.Request, onward http.Handler) {
		if left--; left >= 0 { // one request follows the other
			onward.ServeHTTP(w, r)
			return
		}
		f(w, r, onward)
	}
}

// TestInABucketKilledProcess is TestKilledProcess for object storage: what a
// process said that it had stored is there and whole, and nothing else is.
func TestInABucketKilledProcess(t *testing.T) {
	if bucket := os.Getenv("ARCHIVE_TEST_BUCKET"); bucket != "" {
		c := objectstest.New(t)
		c.Bucket = bucket
		a, _ := inBucket(t, c)
		storeUntilKilled(t, a)
		return
	}
	t.Parallel()
	c := objectstest.New(t)
	a, _ := inBucket(t, c)
	for range 3 {
		for _, name := range killAfter(t, 10, "ARCHIVE_TEST_BUCKET="+c.Bucket) {
			if err := a.Verify(t.Context(), name); err != nil {
				t.Error(err)
			}
		}
		if err := a.Walk(t.Context(), func(name string) error { return a.Verify(t.Context(), name) }); err != nil {
			t.Error(err)
		}
	}
}
