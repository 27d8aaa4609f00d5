package register

import (
	"errors"
	"slices"

	"postroom/classify"
)

// Marks are what an officer says of a message beside what it is.
type Marks struct {
	Topics      []string
	Flags       []classify.Flag // Hazard goes by the level
	HazardLevel classify.HazardLevel
}

// flags are the flags, with Hazard where there is one.
func (k Marks) flags() []classify.Flag {
	all := slices.DeleteFunc(slices.Clone(k.Flags), func(f classify.Flag) bool { return f == classify.Hazard })
	if k.HazardLevel != classify.NoHazard {
		all = append([]classify.Flag{classify.Hazard}, all...)
	}
	return all
}

func (k Marks) check() error {
	for _, t := range k.Topics {
		if !slices.Contains(classify.Topics(), t) {
			return notAllowed("There is no such topic.")
		}
	}
	for _, f := range k.Flags {
		if !slices.Contains(classify.Flags(), f) {
			return notAllowed("There is no such flag.")
		}
	}
	if !slices.Contains([]classify.HazardLevel{classify.NoHazard, classify.Significant, classify.Emergency}, k.HazardLevel) {
		return notAllowed("A hazard is significant, or an emergency.")
	}
	return nil
}

// heedMarks brings the law's clocks in line with the hazard that an officer
// found. Another hazard, or that nobody is in danger after all, needs a reason.
func (r *Register) heedMarks(t *tx, d *Ruling) error {
	if d.Marks == nil {
		return nil
	}
	if err := d.Marks.check(); err != nil {
		return err
	}
	m, err := messageByID(t, d.Message)
	switch {
	case err != nil:
		return err
	case m.State != InReview || m.Version != d.Version:
		return ErrConflict
	}
	var was Verdict
	if m.Verdict != nil {
		was = *m.Verdict
	}
	unsafe := was.Has(classify.Safeguarding) && !slices.Contains(d.Marks.Flags, classify.Safeguarding)
	changed := was.HazardLevel != d.Marks.HazardLevel
	if (unsafe || changed) && d.Reason == "" {
		return ErrNeedsReason
	}
	if !changed {
		return nil
	}
	if err := r.hazardIs(t, m, HazardRuling{Message: m.ID, Level: d.Marks.HazardLevel, By: d.By, Reason: d.Reason}); err != nil {
		return err
	}
	if m, err = messageByID(t, d.Message); err == nil {
		d.Version = m.Version
	}
	return err
}

// hazardIs sets a message's hazard, where it is not known as that already.
func (r *Register) hazardIs(t *tx, m Message, h HazardRuling) error {
	err := r.setHazard(t, m, h)
	if _, known := errors.AsType[*NotAllowedError](err); known {
		return nil
	}
	return err
}
