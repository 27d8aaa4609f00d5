package reference_test

import (
	"slices"
	"strings"
	"testing"

	"postroom/internal/reference"
)

func TestFindAll(t *testing.T) {
	t.Parallel()
	other := maker(t, "OLD").Make("x", 2024, 0)
	for _, row := range []struct {
		name, text string
		want       []string
	}{
		{"in a sentence", "My reference is CIT26-7KR4-M9X9, please answer.", []string{example}},
		{"in brackets, glued behind", "Re: [CIT26-7KR4-M9X9]Still no heating", []string{example}},
		{"glued before", "RefCIT26-7KR4-M9X9", []string{example}},
		{"glued behind", "CIT26-7KR4-M9X9Thanks", []string{example}},
		{"small and spaced", "about cit26 7kr4 m9x9 again", []string{example}},
		{"spaced hyphens", "CIT26 - 7KR4 - M9X9", []string{example}},
		{"no hyphens", "cit267kr4m9x9", []string{example}},
		{"broken over lines", "your letter CIT26-7KR4-\r\nM9X9", []string{example}},
		{"broken over quoted lines", "> > CIT26-7KR4-\n> > M9X9", []string{example}},
		{"read by a scanner", "ClTZ6-7KRA-M9X9", []string{example}},
		{"at the end", "CIT26-7KR4-M9X9", []string{example}},
		{"twice is once", "CIT26-7KR4-M9X9 and cit26-7kr4-m9x9", []string{example}},
		{"two landlords", other + " then " + example, []string{other, example}},
		{"a stranger's prefix", "ABC26-7KR4-M9X9", nil},
		{"a wrong character", "CIT26-7KR4-M9X8", nil},
		{"one character more", "CIT26-7KR4-MM9X9", nil},
		{"one character less", "CIT26-7KR4-M9X", nil},
		{"nothing", "", nil},
		{"a prefix alone", "CIT", nil},
		{"words", "citizens 26 in the citadel", nil},
		{"after an odd rune", "№CIT26-7KR4-M9X9", []string{example}},
		{"after bad bytes", "\xff\xfeCIT26-7KR4-M9X9\xff", []string{example}},
		{"after a false start", "CITCIT26-7KR4-M9X9", []string{example}},
		{"in another script", "Моя заявка CIT26-7KR4-M9X9.", []string{example}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			found, near := reference.FindAll(row.text, []string{"CIT", "old"})
			if !slices.Equal(found, row.want) {
				t.Errorf("found %q, near %q; want %q", found, near, row.want)
			}
		})
	}
}

func TestNearIsOfferedAndNotFound(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text string
		offered    bool
	}{
		{"one wrong", "CIT26-7KR4-M9X8", true},
		{"one that looks like two others", "CIT26-7KR4-N9X9", true},
		{"a swap", "CIT26-7RK4-M9X9", true},
		{"two wrong", "CIT26-7KR4-M8X8", false},
		{"two strangers", "CIT26-7KR4-NNX9", false},
		{"glued: most likely something else", "xCIT26-7KR4-M9X8", false},
		{"found as well", "CIT26-7KR4-M9X8, I mean CIT26-7KR4-M9X9", false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			found, near := reference.FindAll(row.text, []string{"CIT"})
			if slices.Contains(near, example) != row.offered {
				t.Errorf("found %q, near %q", found, near)
			}
			for _, ref := range near {
				if got, err := reference.Parse(ref); err != nil || got != ref {
					t.Errorf("offered %s, which is no reference: %v", ref, err)
				}
			}
		})
	}
}

// TestFindAllStaysCheap: texts made to be slow are read in steps that grow
// with their length, and give lists that do not.
func TestFindAllStaysCheap(t *testing.T) {
	t.Parallel()
	for _, unit := range []string{"CIT", "CIT26-7KR4-M9X8 ", "C ", "CIT26      7KR4      M9X", "CIT26-7KR4-M9X9", "\u00ad", "CIT26\n>\n>\n>7"} {
		text := strings.Repeat(unit, 300_000/len(unit))
		found, near := reference.FindAll(text, []string{"CIT", "CI", "CITCI", "C1T"})
		if len(found) > 100 || len(near) > 500 {
			t.Errorf("%q: %d found, %d near", unit, len(found), len(near))
		}
	}
}

func TestManyDifferentReferencesAreCut(t *testing.T) {
	t.Parallel()
	m := maker(t, "CIT")
	var text strings.Builder
	for i := range 3000 {
		ref := m.Make("x", 2026, i)
		text.WriteString(ref + " " + ref[:len(ref)-1] + "2 ")
	}
	found, near := reference.FindAll(text.String(), []string{"CIT"})
	if len(found) != 100 || len(near) == 0 || len(near) > 500 {
		t.Errorf("%d found, %d near", len(found), len(near))
	}
}

func FuzzFindAll(f *testing.F) {
	for _, seed := range []string{example, "CIT26-7KR4-M9X8", "> CIT26-\r\n> 7KR4 M9X9", "ＣＩＴ２６", "CIT2\xff6-7KR4-M9X9"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found, near := reference.FindAll(text, []string{"CIT"})
		for _, ref := range append(found, near...) {
			if got, err := reference.Parse(ref); err != nil || got != ref || !strings.HasPrefix(ref, "CIT") {
				t.Errorf("%q gives %q: %v", text, ref, err)
			}
		}
		if again, _ := reference.FindAll(text+" "+example, []string{"CIT"}); len(found) < 100 && !slices.Contains(again, example) {
			if tail, _ := reference.FindAll(text+"\n\n\n\n\n\n\n"+example, []string{"CIT"}); !slices.Contains(tail, example) {
				t.Errorf("%q hides what follows it", text)
			}
		}
	})
}

func BenchmarkFindAll(b *testing.B) {
	text := strings.Repeat("The boiler has been broken since October and nobody has come to look at it. ", 500) + example
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if found, _ := reference.FindAll(text, []string{"CIT"}); len(found) != 1 {
			b.Fatal("not found")
		}
	}
}
