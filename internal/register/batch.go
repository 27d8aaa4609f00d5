package register

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"postroom/internal/workday"
)

// few is how many items may share a transaction with whatever else waits: what
// the replies that go out at once bring with them.
const few = 4

// batch does one for each item in a single transaction. When an item fails
// the transaction is undone and the items are done again one by one, so that
// only the bad one fails. Errors stand in their items' places; err is set
// when the database itself failed and nothing more was tried.
func batch[I, O any](ctx context.Context, r *Register, items []I, one func(*tx, I) (O, error)) (out []O, errs []error, err error) {
	out, errs = make([]O, len(items)), make([]error, len(items))
	if len(items) == 0 {
		return out, errs, nil
	}
	do := r.writes.do
	if len(items) > few {
		do = r.writes.doLot
	}
	all, err := resultOf(ctx, do, func(t *tx) ([]O, error) {
		all := make([]O, len(items))
		for i, item := range items {
			var err error
			if all[i], err = one(t, item); err != nil {
				return nil, err
			}
		}
		return all, nil
	})
	if err == nil {
		return all, errs, nil
	}
	if isLost(err) || ctx.Err() != nil {
		return out, errs, err
	}
	for i, item := range items {
		out[i], errs[i] = result(ctx, r, func(t *tx) (O, error) { return one(t, item) })
		if isLost(errs[i]) || ctx.Err() != nil {
			return out, errs, errs[i]
		}
	}
	return out, errs, nil
}

// result runs fn as one transaction and hands out what it made. When ctx ends
// first the transaction may still be running: what it makes then is its own,
// and nobody reads it.
func result[O any](ctx context.Context, r *Register, fn func(*tx) (O, error)) (O, error) {
	return resultOf(ctx, r.writes.do, fn)
}

func resultOf[O any](ctx context.Context, do func(context.Context, func(*tx) error) error, fn func(*tx) (O, error)) (O, error) {
	made := make(chan O, 1)
	err := do(ctx, func(t *tx) error {
		out, err := fn(t)
		if err == nil {
			select { // a commit that failed is done again, and this with it
			case <-made:
			default:
			}
			made <- out
		}
		return err
	})
	if err != nil {
		var none O
		return none, err
	}
	return <-made, nil
}

// wrap names the verb in an error that leaves the room.
func wrap(verb string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("register: %s: %w", verb, err)
}

// errOnly adapts a step without a result to batch.
func errOnly[I any](one func(*tx, I) error) func(*tx, I) (struct{}, error) {
	return func(t *tx, item I) (struct{}, error) { return struct{}{}, one(t, item) }
}

var idAlphabet = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// newID makes an id that sorts by the time of its making: 48 bits of
// milliseconds, then 80 random bits.
func newID(at time.Time) ID {
	b := idTime(at)
	_, _ = rand.Read(b[6:]) // never fails (crypto/rand)
	return idAlphabet.EncodeToString(b[:])
}

// firstID stands before every id that is made at that instant or later.
func firstID(at time.Time) ID {
	b := idTime(at)
	return idAlphabet.EncodeToString(b[:])
}

func idTime(at time.Time) (b [16]byte) {
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16)
	return b
}

// micros is how an instant is stored; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// instant reads a stored instant.
func instant(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// asJSON encodes our own types, which always encode.
func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return "null"
	}
	return string(b)
}

// clean makes text that both databases take: PostgreSQL refuses NUL and
// invalid UTF-8, SQLite swallows them.
func clean(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "")
}

// sameMailbox compares addresses as people do: without regard to case.
func sameMailbox(a, b string) bool {
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}

// mailbox is the form in which addresses are stored and compared.
func mailbox(address string) string { return clean(strings.ToLower(strings.TrimSpace(address))) }

// dateText is how a civil date is stored; the zero date is empty.
func dateText(d workday.Date) string {
	if d.IsZero() {
		return ""
	}
	return d.String()
}

// dateOf reads a stored civil date.
func dateOf(s string) (workday.Date, error) {
	if s == "" {
		return workday.Date{}, nil
	}
	return workday.ParseDate(s)
}
