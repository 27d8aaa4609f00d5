package register

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"postroom/internal/terms"
	"postroom/internal/workday"
)

// TestEveryWayOfASearchFindsTheSame looks for words that few entries hold, that
// many do and that all do, with what else a search may ask, and compares with
// going through all of them.
func TestEveryWayOfASearchFindsTheSame(t *testing.T) {
	t.Parallel()
	inUse(t, func(t *testing.T, r *Register) {
		t.Helper()
		random := rand.New(rand.NewPCG(31, 31))
		const entries = 1500
		all := make([]entry, entries)
		day := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
		err := r.writes.long(t.Context(), func(t *tx) error {
			for i := range all {
				e := anEntry(random, i, day)
				all[i] = e
				if err := t.write(e, ""); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for range 300 {
			s := aSearch(random, day)
			want := through(all, s, r.now())
			found, n, more, err := r.Search(context.WithoutCancel(t.Context()), s)
			if err != nil {
				t.Fatal(err)
			}
			var got []ID
			for _, f := range found {
				got = append(got, f.ID)
			}
			if n != min(len(want), mostCounted) || more != (len(want) > mostCounted) {
				t.Errorf("%+v: counted %d, more: %v, of %d", s, n, more, len(want))
			}
			if want = want[min(s.Skip, len(want)):]; !slices.Equal(got, want[:min(s.N, len(want))]) {
				t.Errorf("%+v: found %v, not %v", s, got, want[:min(s.N, len(want))])
			}
		}
	})
}

func anEntry(random *rand.Rand, i int, day time.Time) entry {
	words := []string{"regards"}
	for every, word := range map[int]string{2: "boiler", 3: "boilers", 40: "parking", 700: "owl"} {
		if i%every == 0 {
			words = append(words, word)
		}
	}
	pick := func(of ...string) string { return of[random.IntN(len(of))] }
	e := entry{
		ID: fmt.Sprintf("case%05d", i), Message: fmt.Sprint("m", i), Reference: fmt.Sprint("R", i), Kind: pick("complaint", "complaint", "service_request", "message"), Stage: random.IntN(3),
		State: pick("open", "closed", "closed", "review", "recorded"), ReceivedAt: micros(day.Add(time.Duration(random.IntN(300*24)) * time.Hour)),
		Channel: Channel(pick("email", "letter")), Topics: strings.Fields(pick("damp", "pests damp", "")), Officer: pick("", "Ann", "Bob"), words: words,
	}
	if random.IntN(2) == 0 {
		e.Due = workday.DateOf(day.AddDate(0, 0, random.IntN(400)))
	}
	return e
}

func aSearch(random *rand.Rand, day time.Time) Search {
	s := Search{N: 20, Skip: []int{0, 0, 35}[random.IntN(3)], SoonFirst: random.IntN(3) == 0}
	some := func(do func()) {
		if random.IntN(4) == 0 {
			do()
		}
	}
	one := [][]terms.Term{nil, {{Word: "regards"}}, {{Word: "regar", Begin: true}}, {{Word: "boil", Begin: true}}, {{Word: "boiler"}, {Word: "park", Begin: true}}, {{Word: "owl"}}, {{Word: "nobody"}}}
	s.Terms = one[random.IntN(len(one))]
	some(func() {
		s.State = []SearchState{FoundOpen, FoundLate, FoundClosed, FoundReview, FoundRecorded}[random.IntN(5)]
	})
	some(func() { s.Kind = ComplaintCase })
	some(func() { s.Stage = 1 + random.IntN(2) })
	some(func() { s.Topic = "damp" })
	some(func() { s.Channel = Letter })
	some(func() { s.Officer = "Ann" })
	some(func() { s.From = workday.DateOf(day.AddDate(0, 0, random.IntN(300))) })
	some(func() { s.To = workday.DateOf(day.AddDate(0, 0, random.IntN(300))) })
	some(func() { s.DueTo = workday.DateOf(day.AddDate(0, 0, random.IntN(400))) })
	return s
}

// through is what a search finds, by looking at each entry.
func through(all []entry, s Search, now time.Time) (ids []ID) {
	var found []entry
	for _, e := range all {
		if fits(e, s, workday.DateOf(now)) {
			found = append(found, e)
		}
	}
	slices.SortFunc(found, func(a, b entry) int {
		if s.SoonFirst {
			return strings.Compare(dateText(a.Due)+a.ID, dateText(b.Due)+b.ID)
		}
		return cmp.Or(cmp.Compare(b.ReceivedAt, a.ReceivedAt), strings.Compare(b.ID, a.ID))
	})
	for _, e := range found {
		ids = append(ids, e.ID)
	}
	return ids
}

func fits(e entry, s Search, today workday.Date) bool {
	for _, term := range s.Terms {
		if !slices.ContainsFunc(e.words, term.Fits) {
			return false
		}
	}
	day := workday.DateOf(instant(e.ReceivedAt))
	for _, wrong := range []bool{
		s.State == FoundLate && (e.State != string(FoundOpen) || e.Due.IsZero() || !e.Due.Before(today)),
		s.State != FoundLate && s.State != "" && e.State != string(s.State),
		s.State == "" && len(s.Terms) == 0 && e.Kind == "message",
		s.Kind != "" && e.Kind != string(s.Kind),
		s.Stage != 0 && e.Stage != s.Stage,
		s.Topic != "" && !slices.Contains(e.Topics, s.Topic),
		s.Channel != "" && e.Channel != s.Channel,
		s.Officer != "" && e.Officer != s.Officer,
		!s.From.IsZero() && day.Before(s.From),
		!s.To.IsZero() && s.To.Before(day),
		!s.DueTo.IsZero() && (e.Due.IsZero() || s.DueTo.Before(e.Due)),
		s.SoonFirst && e.Due.IsZero(),
	} {
		if wrong {
			return false
		}
	}
	return true
}
