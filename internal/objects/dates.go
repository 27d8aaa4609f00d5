package objects

import (
	"net/http"
	"sync"
	"time"
)

// dates notes by how much the server's clock differs, which stands in each of
// its answers.
type dates struct {
	now   func() time.Time
	inner http.RoundTripper

	mu    sync.Mutex
	ahead time.Duration
	known bool
}

// RoundTrip is http.RoundTripper.
func (d *dates) RoundTrip(r *http.Request) (*http.Response, error) {
	if d.now == nil {
		return d.inner.RoundTrip(r)
	}
	asked := d.now()
	response, err := d.inner.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if theirs, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		ours := asked.Add(d.now().Sub(asked) / 2)
		d.mu.Lock()
		d.ahead, d.known = theirs.Sub(ours), true
		d.mu.Unlock()
	}
	return response, nil
}

// ClockAhead is how far the server's clock was ahead of this machine's at its
// last answer, to the second; known only once it has answered with its time,
// to a Bucket with a source of time.
func (b *Bucket) ClockAhead() (ahead time.Duration, known bool) {
	b.dates.mu.Lock()
	defer b.dates.mu.Unlock()
	return b.dates.ahead, b.dates.known
}
