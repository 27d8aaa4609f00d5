package reference_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postroom/internal/reference"
)

const (
	example  = "CIT26-7KR4-M9X9"
	alphabet = "2346789BCDFGHJKMPRTVWXY"
)

func maker(tb testing.TB, prefix string) reference.Maker {
	tb.Helper()
	m, err := reference.NewMaker(prefix, []byte("a key for tests, not for a landlord"))
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func TestMake(t *testing.T) {
	t.Parallel()
	m := maker(t, "CIT")
	one := m.Make("fingerprint", 2026, 0)
	if !regexp.MustCompile(`^CIT26-[` + alphabet + `]{4}-[` + alphabet + `]{4}$`).MatchString(one) {
		t.Errorf("made %s", one)
	}
	if m.Make("fingerprint", 2026, 0) != one {
		t.Error("the same post has two references")
	}
	for name, other := range map[string]string{
		"counter": m.Make("fingerprint", 2026, 1), "fingerprint": m.Make("fingerprint2", 2026, 0),
		"counter and fingerprint run together": m.Make("fingerprint0", 2026, 0),
	} {
		if other == one {
			t.Errorf("another %s has the same reference", name)
		}
	}
	if got := m.Make("fingerprint", 2031, 0); got[:5] != "CIT31" || got[6:14] != one[6:14] {
		t.Errorf("in 2031 made %s, want the same seven characters as %s", got, one)
	}
}

func TestNewMakerRefuses(t *testing.T) {
	t.Parallel()
	key := []byte("0123456789abcdef")
	for _, row := range []struct {
		name, prefix string
		key          []byte
	}{
		{"one letter", "C", key},
		{"six letters", "CITIZN", key},
		{"a hyphen", "C-T", key},
		{"an accent", "CÎT", key},
		{"nothing", "", key},
		{"a short key", "CIT", key[:15]},
		{"no key", "CIT", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if _, err := reference.NewMaker(row.prefix, row.key); err == nil {
				t.Error("taken for good")
			}
		})
	}
	if m := maker(t, "cit"); m.Prefix() != "CIT" {
		t.Errorf("prefix %s", m.Prefix())
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want string }{
		{"as printed", example, example},
		{"small letters", "cit26-7kr4-m9x9", example},
		{"no hyphens", "CIT267KR4M9X9", example},
		{"spaces", "CIT26 7KR4 M9X9", example},
		{"a space between all", "c i t 2 6 7 k r 4 m 9 x 9", example},
		{"long dashes", "CIT26–7KR4—M9X9", example},
		{"non-breaking hyphens and spaces", "CIT26\u20117KR4\u00a0\u2011\u00a0M9X9", example},
		{"full-width", "ＣＩＴ２６－７ＫＲ４－Ｍ９Ｘ９", example},
		{"zero-width spaces", "CIT26-\u200b7KR4\u00ad-M9X9", example},
		{"letters in the year", "CITZ6-7KR4-M9X9", example},
		{"A for 4", "CIT26-7KRA-M9X9", example},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got, err := reference.Parse(row.in); err != nil || got != row.want {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, in string
		want     error
	}{
		{"one wrong", "CIT26-7KR4-M9X8", reference.ErrCheck},
		{"a swap", "CIT26-7RK4-M9X9", reference.ErrCheck},
		{"a stranger", "CIT26-7KR4-M9XN", reference.ErrCheck},
		{"nothing", "", reference.ErrShape},
		{"one short", "CIT26-7KR4-M9X", reference.ErrShape},
		{"too long", "CITCIT26-7KR4-M9X9", reference.ErrShape},
		{"a word in it", "ref: CIT26-7KR4-M9X9", reference.ErrShape},
		{"no year", "CITXX-7KR4-M9X9", reference.ErrShape},
		{"another script", "СІТ26-7KR4-M9X9", reference.ErrShape},
		{"bad bytes", "CIT26-7KR4-M9X\xff9", reference.ErrShape},
		{"endless", strings.Repeat("-", 1<<20) + example, reference.ErrShape},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := reference.Parse(row.in)
			if !errors.Is(err, row.want) || len(err.Error()) > 300 {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}

// anyReference draws references as landlords' makers make them.
func anyReference(t *rapid.T) string {
	prefix := rapid.StringMatching(`[A-Z0-9]{2,5}`).Draw(t, "prefix")
	m, err := reference.NewMaker(prefix, []byte("0123456789abcdef"))
	if err != nil {
		t.Fatal(err)
	}
	return m.Make(rapid.String().Draw(t, "fingerprint"), rapid.IntRange(2000, 2099).Draw(t, "year"), rapid.IntRange(0, 9).Draw(t, "counter"))
}

func TestParseReadsWhatMakeMakes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ref := anyReference(t)
		typed := ref
		for _, join := range []string{" ", "", "_"} {
			typed = strings.Replace(typed, "-", join, rapid.IntRange(0, 2).Draw(t, "joins"))
		}
		if rapid.Bool().Draw(t, "small") {
			typed = strings.ToLower(typed)
		}
		if got, err := reference.Parse(typed); err != nil || got != ref {
			t.Fatalf("%q reads as %q, %v; want %s", typed, got, err, ref)
		}
	})
}

// twins are the digits that weigh the same in a year, because 0, 1 and 5 are
// not in the alphabet: the one slip that no check character can catch.
var twins = map[string]bool{"02": true, "20": true, "13": true, "31": true, "58": true, "85": true}

func TestEveryWrongCharacterIsCaught(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ref := anyReference(t)
		year := len(ref) - len("26-7KR4-M9X9")
		for i := year; i < len(ref); i++ {
			symbols := alphabet
			if i < year+2 {
				symbols = "0123456789"
			}
			for _, c := range symbols {
				wrong := ref[:i] + string(c) + ref[i+1:]
				if ref[i] == '-' || wrong == ref || (i < year+2 && twins[ref[i:i+1]+string(c)]) {
					continue
				}
				if got, err := reference.Parse(wrong); err == nil {
					t.Fatalf("%s for %s reads as %s", wrong, ref, got)
				}
				if i >= year+2 && !slices.Contains(reference.Near(wrong), ref) {
					t.Fatalf("%s is not offered for %s", ref, wrong)
				}
			}
		}
	})
}

func TestEverySwapIsCaught(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ref := strings.ReplaceAll(anyReference(t), "-", "")
		body := len(ref) - 8
		for i := body; i+1 < len(ref); i++ {
			swapped := ref[:i] + ref[i+1:i+2] + ref[i:i+1] + ref[i+2:]
			if swapped == ref {
				continue
			}
			if got, err := reference.Parse(swapped); err == nil {
				t.Fatalf("%s for %s reads as %s", swapped, ref, got)
			}
			if want, err := reference.Parse(ref); err != nil || !slices.Contains(reference.Near(swapped), want) {
				t.Fatalf("%s is not offered for %s", want, swapped)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{example, "cit 26 7kr4 m9x9", "ＣＩＴ２６", "CIT26-7KR4-M9X\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		ref, err := reference.Parse(s)
		if err != nil {
			return
		}
		if again, err := reference.Parse(ref); err != nil || again != ref {
			t.Errorf("%q reads as %q, which reads as %q, %v", s, ref, again, err)
		}
	})
}
