package records

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"

	"postroom/internal/archive"
	"postroom/internal/register"
)

// A Finding is something that a look over the record brought up.
type Finding struct {
	Problem bool // false: worth knowing, and nothing is wrong
	What    string
}

// A Proof is what a look over the record covered, and what it found.
type Proof struct {
	register.Extent
	Files    int
	Findings []Finding
}

// Problems counts what is wrong.
func (p Proof) Problems() int {
	n := 0
	for _, f := range p.Findings {
		if f.Problem {
			n++
		}
	}
	return n
}

func (p *Proof) wrong(format string, args ...any) {
	p.Findings = append(p.Findings, Finding{Problem: true, What: fmt.Sprintf(format, args...)})
}

// Verify proves that register, archive and histories agree, or says where they
// do not. With quick it looks only whether files are there, and does not read
// them.
func (k *Keeper) Verify(ctx context.Context, quick bool) (Proof, error) {
	var p Proof
	// The archive is listed first: a file that comes meanwhile is then never
	// taken for one that nobody knows.
	held, err := k.names(ctx)
	if err != nil {
		return p, err
	}
	if p.Extent, err = k.Register.Extent(ctx); err != nil {
		return p, err
	}
	if err := k.verifyRegister(ctx, &p); err != nil {
		return p, err
	}
	if err := k.verifyFiles(ctx, quick, held, &p); err != nil {
		return p, err
	}
	for name := range held {
		p.Findings = append(p.Findings, Finding{What: fmt.Sprintf("file %x: neither a message nor a reply names it", name)})
	}
	return p, nil
}

// names lists what the archive holds.
func (k *Keeper) names(ctx context.Context) (map[[32]byte]bool, error) {
	held := map[[32]byte]bool{}
	return held, k.Archive.Walk(ctx, func(name string) error {
		if key, ok := binaryName(name); ok {
			held[key] = true
		}
		k.progress("listing the archive", len(held))
		return nil
	})
}

// binaryName is half as long as the name: of a large archive all must be kept
// in mind.
func binaryName(name string) (key [32]byte, ok bool) {
	raw, err := hex.DecodeString(name)
	if err != nil || len(raw) != len(key) {
		return key, false
	}
	return [32]byte(raw), true
}

func (k *Keeper) verifyRegister(ctx context.Context, p *Proof) error {
	k.progress("reading the histories", p.Events)
	broken, err := k.Register.VerifyHistories(ctx)
	if err != nil {
		return err
	}
	for _, subject := range broken {
		p.wrong("history of %s: a line was changed, taken away or put in", subject)
	}
	k.progress("comparing messages, cases and replies", p.Messages)
	contradictions, err := k.Register.Contradictions(ctx)
	if err != nil {
		return err
	}
	for _, c := range contradictions {
		p.wrong("%s", c)
	}
	return nil
}

// verifyFiles looks at each file that the register names, and takes it off
// what is held.
func (k *Keeper) verifyFiles(ctx context.Context, quick bool, held map[[32]byte]bool, p *Proof) error {
	return k.Register.Files(ctx, func(f register.File) error {
		p.Files++
		k.progress("reading the files", p.Files)
		if key, ok := binaryName(f.Name); ok {
			delete(held, key)
		}
		return k.verifyFile(ctx, f, quick, p)
	})
}

func (k *Keeper) verifyFile(ctx context.Context, f register.File, quick bool, p *Proof) error {
	look := k.Archive.Verify
	if quick {
		look = k.Archive.Present
	}
	switch err := look(ctx, f.Name); {
	case err == nil:
	case errors.Is(err, archive.ErrNotFound):
		p.wrong("%s %s (%s): its file %s is missing from the archive", f.Of, f.ID, f.Reference, f.Name)
	case errors.Is(err, archive.ErrDamaged):
		p.wrong("%s %s (%s): its file %s is damaged", f.Of, f.ID, f.Reference, f.Name)
	case ctx.Err() != nil, errors.Is(err, archive.ErrAway): // nothing is known of the others either
		return err
	default:
		p.wrong("%s %s (%s): its file %s cannot be read: %v", f.Of, f.ID, f.Reference, f.Name, err)
	}
	return nil
}
