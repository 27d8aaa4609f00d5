package queue

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	// maxSlice is how many ids one script call carries: few enough for Lua's
	// stack, in Redis and in miniredis.
	maxSlice = 256
	// noDeadline sorts after every deadline; the largest whole number that a
	// sorted set's score holds exactly.
	noDeadline = int64(1)<<53 - 1
)

var (
	prefixForm = regexp.MustCompile(`^[A-Za-z0-9.:_-]+$`)
	laneForm   = regexp.MustCompile(`^[A-Za-z0-9._-]+$`)
)

func (c Config) withDefaults() (Config, error) {
	if c.Now == nil {
		return c, errors.New("queue: open: no time source")
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Prefix == "" {
		c.Prefix = "postroom:"
	}
	if !prefixForm.MatchString(c.Prefix) {
		return c, fmt.Errorf("queue: open: prefix %q has characters other than letters, digits and .:_-", c.Prefix)
	}
	if c.Servers != nil {
		if err := c.Servers.validate(); err != nil {
			return c, err
		}
	}
	if c.Timeout <= 0 {
		c.Timeout = 200 * time.Millisecond
	}
	return c, nil
}

// connect prepares the client, which dials only when it is first used.
func (q *Queue) connect(c Config) error {
	// go-redis logs to standard error for the whole process; what it says
	// reaches our own log as errors.
	logging.Disable()
	roots, err := trusted(c.CA)
	if err != nil {
		return err
	}
	if c.Servers != nil {
		q.client = q.several(*c.Servers, roots)
		return nil
	}
	opt, err := q.options(c)
	if err != nil {
		return err
	}
	if opt.TLSConfig != nil {
		opt.TLSConfig.RootCAs = roots
	}
	opt.Protocol = 2
	opt.DisableIdentity = true // old Redis and Valkey know neither of these
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	opt.ContextTimeoutEnabled = true
	opt.DialTimeout, opt.ReadTimeout, opt.WriteTimeout = q.patience(), q.patience(), q.patience()
	opt.DialerRetries = 1
	opt.MaxRetries = 1 // enough for a pooled connection that has died
	q.client = redis.NewClient(opt)
	return nil
}

// trusted are this machine's authorities and one of the operator's own; nil:
// this machine's alone.
func trusted(ca []byte) (*x509.CertPool, error) {
	if len(ca) == 0 {
		return nil, nil
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(ca) {
		return nil, errors.New("queue: open: ca_file holds no certificate in PEM form")
	}
	return pool, nil
}

func (q *Queue) options(c Config) (*redis.Options, error) {
	if c.URL == "" {
		return q.embed()
	}
	// The parse error would repeat the URL, which may hold a password.
	if _, err := url.Parse(c.URL); err != nil {
		return nil, errors.New("queue: open: the address of Redis is not a redis:// or rediss:// URL")
	}
	opt, err := redis.ParseURL(c.URL)
	if err != nil {
		return nil, fmt.Errorf("queue: open: %w", err)
	}
	return opt, nil
}

// embed starts a Redis inside this process, on a loopback port that only this
// process has the password of.
func (q *Queue) embed() (*redis.Options, error) {
	password := rand.Text()
	q.embedded = miniredis.NewMiniRedis()
	q.embedded.RequireAuth(password)
	if err := q.embedded.Start(); err != nil {
		return nil, fmt.Errorf("queue: start the in-process redis: %w", err)
	}
	return &redis.Options{Addr: q.embedded.Addr(), Password: password}, nil
}

// patience bounds what only workers wait for. It is longer than Put's, because
// a claim whose answer is given up leaves its ids held by nobody.
func (q *Queue) patience() time.Duration { return 10 * q.timeout }

func (q *Queue) keys(lane string) []string {
	slot := q.prefix + "{" + lane + "}:"
	return []string{slot + "waiting", slot + "ready", slot + "held", slot + "deadlines", slot + "tokens"}
}

func (q *Queue) channel(lane string) string { return q.prefix + "wake:" + lane }

type reply struct {
	ids []string
	err error
}

// run runs a script on a lane.
func (q *Queue) run(ctx context.Context, limit time.Duration, op, lane string, s *redis.Script, argv []any) reply {
	var got reply
	got.err = q.do(ctx, limit, op, lane, func(ctx context.Context) error {
		var err error
		got.ids, err = s.Run(ctx, q.client, q.keys(lane), argv...).StringSlice()
		return err
	})
	return got
}

// do asks Redis within limit, unless it is known to be down, and keeps the
// link informed. What the caller itself called off is not Redis's failure.
func (q *Queue) do(ctx context.Context, limit time.Duration, op, lane string, ask func(context.Context) error) error {
	if !laneForm.MatchString(lane) {
		return fmt.Errorf("queue: %s: lane %q has characters other than letters, digits and ._-", op, lane)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("queue: %s in lane %s: %w", op, lane, err)
	}
	if !q.Up() {
		return fmt.Errorf("queue: %s in lane %s: %w", op, lane, ErrDown)
	}
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	err := ask(bounded)
	switch {
	case err == nil:
		return nil
	case errors.Is(ctx.Err(), context.Canceled):
		return fmt.Errorf("queue: %s in lane %s: %w", op, lane, ctx.Err())
	case !answered(err):
		q.link.lost(err)
	}
	return fmt.Errorf("queue: %s in lane %s: %w: %w", op, lane, ErrDown, err)
}

// answered reports whether Redis itself said no: then it is there, and was
// quick, and asking again costs nobody any time.
func answered(err error) bool {
	var refusal redis.Error
	return errors.As(err, &refusal)
}

func pairs(claims []Claimed) []any {
	argv := make([]any, 0, 2*len(claims))
	for _, c := range claims {
		argv = append(argv, c.ID, c.Token)
	}
	return argv
}

func stillHeld(claims []Claimed, ids []string) []Claimed {
	mine := make(map[string]bool, len(ids))
	for _, id := range ids {
		mine[id] = true
	}
	var held []Claimed
	for _, c := range claims {
		if mine[c.ID] {
			held = append(held, c)
		}
	}
	return held
}

// floorMillis and ceilMillis round so that nothing is ever ready early.
// Absurd times are kept within what a score holds, and so keep their order.
func floorMillis(t time.Time) int64 {
	const farthest = noDeadline / 1000
	if sec := t.Unix(); sec >= farthest {
		return noDeadline - 1
	} else if sec <= -farthest {
		return -noDeadline
	}
	return t.UnixMilli()
}

func ceilMillis(t time.Time) int64 { return floorMillis(t.Add(time.Millisecond - time.Nanosecond)) }

func urgency(deadline time.Time) int64 {
	if deadline.IsZero() {
		return noDeadline
	}
	return floorMillis(deadline)
}
