package register

import (
	"context"
	"database/sql"
)

// sides are connections that only read, beside the writer, with statements that
// stay prepared. What is read there need not keep a transaction waiting.
type sides chan *side

type side struct {
	conn *sql.Conn
	prep map[string]*sql.Stmt
}

// kept is how many sides are kept open.
const kept = 2

// do runs fn on a side, and once more on a new one where an old one may have
// lost its server. Each of fn's statements sees all that was committed before
// it; there is no transaction around them.
func (s sides) do(ctx context.Context, r *Register, fn func(*tx) error) error {
	select {
	case on := <-s:
		if s.on(ctx, r, on, fn) == nil {
			return nil
		}
	default:
	}
	conn, err := r.db.Conn(ctx)
	if err != nil {
		return err
	}
	return s.on(ctx, r, &side{conn: conn, prep: map[string]*sql.Stmt{}}, fn)
}

func (s sides) on(ctx context.Context, r *Register, on *side, fn func(*tx) error) error {
	err := fn(&tx{ctx: ctx, conn: on.conn, prep: on.prep, now: r.now(), sqlite: r.sqlite(), looks: true})
	if err != nil {
		on.close()
		return err
	}
	select {
	case s <- on:
	default:
		on.close()
	}
	return nil
}

func (on *side) close() {
	for _, s := range on.prep {
		_ = s.Close()
	}
	_ = on.conn.Close()
}

func (s sides) close() {
	for {
		select {
		case on := <-s:
			on.close()
		default:
			return
		}
	}
}
