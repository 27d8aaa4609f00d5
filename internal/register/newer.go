package register

import "context"

// Outgrown says that a newer version changed the register while this program
// runs.
type Outgrown string

// How far a register has outgrown the program; empty: not at all.
const (
	GrownOn   Outgrown = "grown"  // it has more than we know: we may go on
	TakenAway Outgrown = "broken" // what we know is gone or means something else: we must stop
)

// Outgrown looks whether another process has brought the register to a newer
// form. A program that is older than that is refused at its start (Connect);
// one that runs already may go on unless a migration took away what it knows.
func (r *Register) Outgrown(ctx context.Context) (Outgrown, error) {
	newest := 0
	for _, m := range migrations(r.cfg.Driver) {
		newest = max(newest, m.number)
	}
	var newer, breaking int
	err := r.db.QueryRowContext(ctx, `SELECT (SELECT count(*) FROM migration WHERE number > $1), (SELECT count(*) FROM schema_break WHERE number > $1)`, newest).Scan(&newer, &breaking)
	switch {
	case err != nil:
		return "", wrap("look for a newer schema", err)
	case breaking > 0:
		return TakenAway, nil
	case newer > 0:
		return GrownOn, nil
	}
	return "", nil
}
