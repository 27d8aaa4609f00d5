package web

import (
	"context"
	"crypto/rand"
	"log/slog"
	"net/http"
	"regexp"
)

// numberHeader carries a request's number, to whoever asked and from a proxy.
const numberHeader = "X-Request-ID"

type numberKey struct{}

// numbered gives every request a number by which it is found in the log. It is
// in each line that the request writes, in a header of the answer and on the
// pages that say what went wrong. A proxy of ours may give it; anybody else
// would name our requests as they like.
func (d *Desk) numbered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number := r.Header.Get(numberHeader)
		if !d.c.Access.BehindProxy || !aNumber.MatchString(number) {
			number = rand.Text()[:10]
		}
		w.Header().Set(numberHeader, number)
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), numberKey{}, number)))
	})
}

// aNumber is what proxies send: letters, digits and what UUIDs and trace ids
// have between them.
var aNumber = regexp.MustCompile(`^[0-9A-Za-z._:=-]{8,64}$`)

func number(ctx context.Context) string {
	n, _ := ctx.Value(numberKey{}).(string)
	return n
}

// NumberedLog writes the request's number into every line that is written
// while a request of the pages is served, in whatever room.
func NumberedLog(h slog.Handler) slog.Handler {
	if already, ok := h.(numberedLog); ok {
		return already
	}
	return numberedLog{h}
}

type numberedLog struct{ slog.Handler }

func (l numberedLog) Handle(ctx context.Context, line slog.Record) error {
	if n := number(ctx); n != "" {
		line = line.Clone()
		line.AddAttrs(slog.String("request_id", n))
	}
	return l.Handler.Handle(ctx, line)
}

func (l numberedLog) WithAttrs(all []slog.Attr) slog.Handler {
	return numberedLog{l.Handler.WithAttrs(all)}
}

func (l numberedLog) WithGroup(name string) slog.Handler {
	return numberedLog{l.Handler.WithGroup(name)}
}
