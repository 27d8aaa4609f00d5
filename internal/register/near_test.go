package register

import (
	"fmt"
	"testing"
	"time"

	"postroom/internal/workday"
)

// What was warned of before is in nobody's way: of many duties that nobody
// marks as done, and of many requests for information, each is warned of,
// however few one pass takes.
func TestOldWarningsHideNoNewOnes(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		calendar, err := workday.Default(workday.EnglandAndWales)
		if err != nil {
			t.Fatal(err)
		}
		r.cfg.Calendar = calendar
		now := r.now()
		err = r.writes.do(t.Context(), func(t *tx) error {
			for i := range 5 {
				id := fmt.Sprint("message ", i)
				m := Message{ID: id, Fingerprint: id, Reference: id, Channel: Email, Basis: Given, State: InReview, Deadline: workday.DateOf(now)}
				err := insertMessage(t, m)
				if err == nil {
					err = t.exec(`INSERT INTO hazard (id, message_id, case_id, level, law, aware_at) VALUES ($1, $2, '', 'significant', 'a law', 1)`, fmt.Sprint("hazard ", i), id)
				}
				if err == nil {
					err = t.exec(`INSERT INTO hazard_duty (hazard_id, name, due_at, counted) VALUES ($1, 'investigate', $2, '')`, fmt.Sprint("hazard ", i), micros(now.Add(time.Duration(i-9)*time.Hour)))
				}
				if err == nil {
					err = t.exec(`INSERT INTO information_request (message_id, received_on, due_on) VALUES ($1, $2, $2)`, id, dateText(workday.DateOf(now)))
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for pass, want := range []int{2, 2, 1, 0} {
			duties, err := r.nearDuties(t.Context(), now, 2)
			if err != nil || duties != want {
				t.Errorf("pass %d warns of %d duties, %v; want %d", pass, duties, err, want)
			}
			requests, err := r.warnInformation(t.Context(), now, 1, 2)
			if err != nil || requests != want {
				t.Errorf("pass %d warns of %d requests, %v; want %d", pass, requests, err, want)
			}
		}
	})
}
