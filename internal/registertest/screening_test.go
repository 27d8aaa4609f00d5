package registertest_test

import (
	"strings"
	"testing"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A finding calls people once for each message that came as the file. A file
// that could not be looked at calls nobody, and neither does old post or junk.
func TestMalwareCallsPeople(t *testing.T) {
	t.Parallel()
	both(t, func(d *desk) {
		ctx := t.Context()
		arrival := func(text string, change func(*register.Arrival)) register.ID {
			a := registertest.Arrival(text, d.clock.Now())
			change(&a)
			got, err := d.Receive(ctx, []register.Arrival{a})
			d.must(err)
			d.must(got[0].Err)
			return got[0].ID
		}
		file := registertest.Arrival("harm", d.clock.Now()).Original
		first := arrival("harm", func(*register.Arrival) {})
		second := arrival("a part of it", func(a *register.Arrival) { a.Original = file })
		arrival("long ago", func(a *register.Arrival) { a.Original, a.History = file, true })
		arrival("junk", func(a *register.Arrival) { a.Original, a.Junk = file, true })
		other := arrival("too large", func(*register.Arrival) {})
		d.must(d.Screened(ctx, registertest.Arrival("too large", d.clock.Now()).Original, register.Unscannable, "too large"))
		d.must(d.Screened(ctx, file, register.Infected, "Test.Bad"))
		d.must(d.Screened(ctx, file, register.Infected, "Test.Bad")) // looked at again
		alarms, err := d.OpenAlarms(ctx, 10)
		d.must(err)
		told := map[register.ID]int{}
		for _, a := range alarms {
			told[a.Message]++
			if a.Kind != register.MalwareAlarm || !strings.Contains(a.Note, "Test.Bad") {
				t.Errorf("%+v", a)
			}
		}
		if len(told) != 2 || told[first] != 1 || told[second] != 1 || told[other] != 0 {
			t.Errorf("alarms %+v", alarms)
		}
		hints, err := d.Sound(ctx, d.clock.Now(), []register.Recipient{{Way: register.ByEmail, Address: "team@citrine.example"}})
		if err != nil || len(hints) != 2 {
			t.Errorf("owed %+v, %v", hints, err)
		}
	})
}
