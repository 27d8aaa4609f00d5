package register

import (
	"context"
	"fmt"
)

// TakeTurn waits until nobody else has the turn, in this process or in another
// on the same register, and gives it back by done. Officers' work on cases is
// done in turn: what a form was filled in on is compared with the case, and then
// done, in steps. One who sends a form twice may reach two machines.
//
// On SQLite there is one process (see ErrInUse). On PostgreSQL the turn ends
// with a transaction, so that no pooler can keep it, and the server ends one that
// a machine without power left behind (see endIdleTransactions).
func (r *Register) TakeTurn(ctx context.Context) (done func(), err error) {
	select {
	case r.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if r.sqlite() {
		return func() { <-r.turn }, nil
	}
	defer func() {
		if err != nil {
			<-r.turn
		}
	}()
	tx, err := r.db.BeginTx(ctx, nil)
	if err != nil {
		return nil, fmt.Errorf("take the turn: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock(7766957, hashtext(current_schema()))`); err != nil {
		_ = tx.Rollback()
		return nil, fmt.Errorf("take the turn: %w", err)
	}
	return func() {
		_ = tx.Rollback() // nothing was written
		<-r.turn
	}, nil
}
