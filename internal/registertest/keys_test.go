package registertest

import (
	"errors"
	"strings"
	"testing"

	"postroom/internal/reference"
	"postroom/internal/register"
)

// The first reference key that a register sees is its own; no other is taken,
// on whichever machine.
func TestReferenceKeyIsHeld(t *testing.T) {
	t.Parallel()
	for name, point := range map[string]func(testing.TB, register.Config) register.Config{"sqlite": SQLite, "postgres": Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := point(t, Config(t, NewClock().Now))
			open := func(key string) *register.Register {
				var err error
				if cfg.References, err = reference.NewMaker("CIT", []byte(strings.Repeat(key, 32))); err != nil {
					t.Fatal(err)
				}
				return Open(t, cfg)
			}
			first, other := open("a"), open("b")
			if err := errors.Join(first.CheckReferenceKey(t.Context()), other.CheckReferenceKey(t.Context())); err != nil {
				t.Errorf("a register without a key refuses one: %v", err)
			}
			for range 2 {
				if err := errors.Join(first.HoldReferenceKey(t.Context()), first.CheckReferenceKey(t.Context())); err != nil {
					t.Fatal(err)
				}
				for _, err := range []error{other.HoldReferenceKey(t.Context()), other.CheckReferenceKey(t.Context())} {
					if !errors.Is(err, register.ErrOtherReferenceKey) {
						t.Errorf("another key: %v", err)
					}
				}
			}
		})
	}
}
