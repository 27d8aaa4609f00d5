package queue

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Try takes an id the whole way, in a lane of its own, and leaves nothing
// behind: it shows whether this Redis runs our scripts, and lets us do all that
// the work does.
func (q *Queue) Try(ctx context.Context) error {
	if err := q.Ping(ctx); err != nil {
		return err
	}
	if err := q.hears(ctx); err != nil {
		return err
	}
	const lane = "check"
	if err := q.Put(ctx, lane, Item{ID: "check"}); err != nil {
		return err
	}
	if _, err := q.Depth(ctx, lane); err != nil {
		return err
	}
	held, err := q.Claim(ctx, lane, 1, time.Second)
	if err != nil {
		return err
	}
	if held, err = q.Renew(ctx, lane, time.Second, held...); err != nil {
		return err
	}
	for _, c := range held {
		if err := q.Return(ctx, lane, c, time.Time{}); err != nil {
			return err
		}
	}
	if held, err = q.Claim(ctx, lane, 1, time.Second); err != nil {
		return err
	}
	return q.Done(ctx, lane, held...)
}

// hears subscribes to the wake-up channels once: without them everything works,
// and late.
func (q *Queue) hears(ctx context.Context) error {
	sub := q.client.PSubscribe(ctx, q.channel("*"))
	defer sub.Close() //nolint:errcheck // only tried
	if _, err := sub.ReceiveTimeout(ctx, q.patience()); err != nil {
		return fmt.Errorf("queue: hear of what is put: %w: %w", ErrDown, err)
	}
	return nil
}

// ClockAhead is how far the server's clock is ahead of this machine's, to within
// the time that asking takes. Nothing here is counted by it: it shows whether
// the machines that share a Redis agree. A Redis in the process has no other.
func (q *Queue) ClockAhead(ctx context.Context) (time.Duration, error) {
	if q.embedded != nil {
		return 0, nil
	}
	bounded, cancel := context.WithTimeout(ctx, q.patience())
	defer cancel()
	asked := q.now()
	theirs, err := q.client.Time(bounded).Result()
	if err != nil {
		return 0, fmt.Errorf("queue: ask for the time: %w: %w", ErrDown, err)
	}
	took := q.now().Sub(asked)
	return theirs.Sub(asked.Add(took / 2)).Round(time.Millisecond), nil
}

// A Trouble is why Redis cannot be used, as far as an operator can mend it.
type Trouble string

// The troubles; empty when it is none of them.
const (
	Refused         Trouble = "refused"          // user and password
	SentinelRefuses Trouble = "sentinel_refuses" // likewise, by the Sentinels
	NotAllowed      Trouble = "not_allowed"      // the user may not do all that we do
	Untrusted       Trouble = "untrusted"        // the certificate, or no TLS where it is wanted
	NoSentinel      Trouble = "no_sentinel"      // none of them answers
	UnknownMaster   Trouble = "unknown_master"   // the Sentinels know no such name
	Replica         Trouble = "replica"          // it takes no writes
	IsCluster       Trouble = "is_cluster"       // it is one server of a Cluster
	NoCluster       Trouble = "no_cluster"       // it is no Cluster's server
	NotWhole        Trouble = "not_whole"        // slots without a server
)

// TroubleOf reads an error of this package.
func TroubleOf(err error) Trouble {
	if err == nil {
		return ""
	}
	var certificate *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	if errors.As(err, &certificate) || errors.As(err, &record) {
		return Untrusted
	}
	if errors.Is(err, errNotWhole) {
		return NotWhole
	}
	for _, row := range []struct {
		says string // the server's own word, or go-redis's
		is   Trouble
	}{
		{"NOPERM", NotAllowed},
		{"NOAUTH", Refused},
		{"WRONGPASS", Refused},
		{"invalid password", Refused},
		{"without any password configured", Refused},
		{"redis: nil", UnknownMaster}, // a Sentinel's answer; it comes before that none can be used
		{noSentinel, NoSentinel},
		{"READONLY", Replica},
		{"MOVED ", IsCluster},
		{"cluster support disabled", NoCluster},
		{"CLUSTERDOWN", NotWhole},
	} {
		if !strings.Contains(err.Error(), row.says) {
			continue
		}
		if (row.is == Refused || row.is == NotAllowed) && strings.Contains(err.Error(), noSentinel) {
			return SentinelRefuses
		}
		return row.is
	}
	return ""
}

// noSentinel is go-redis's word for that none of them can be used; why stands
// behind it.
const noSentinel = "all sentinels specified in configuration are unreachable"
