package paper

import (
	"errors"
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ name, in, want, why string }{
		{"plain", "Ms A Jones|12 Quay Street|Bristol|bs29xx", "Ms A Jones|12 Quay Street|Bristol|BS2 9XX", ""},
		{"commas at the ends", "Ms A Jones,|12 Quay Street,|Bristol.|BS2 9XX", "Ms A Jones|12 Quay Street|Bristol|BS2 9XX", ""},
		{"one line", "Ms A Jones, 12 Quay Street, Bristol, BS2 9XX", "Ms A Jones|12 Quay Street|Bristol|BS2 9XX", ""},
		{"the postcode beside the town", "Ms A Jones|12 Quay Street|Bristol BS2  9XX", "Ms A Jones|12 Quay Street|Bristol|BS2 9XX", ""},
		{"our country", "Ms A Jones|12 Quay Street|BS2 9XX|England|U.K.", "Ms A Jones|12 Quay Street|BS2 9XX", ""},
		{"seven lines", "A|B|C|D|E|F|BS2 9XX", "A|B|C|D|E|F|BS2 9XX", ""},
		{"eight short lines", "Ms A Jones|Flat 3|Ropewalk House|12|Quay Street|St Werburghs|Bristol|BS2 9XX", "Ms A Jones|Flat 3|Ropewalk House|12|Quay Street, St Werburghs|Bristol|BS2 9XX", ""},
		{"line breaks inside", "Ms A Jones\r\n12 Quay Street|BS2 9XX\n", "Ms A Jones|12 Quay Street|BS2 9XX", ""},
		{"forces", "Pte A Jones|BFPO c/o 12|Unit 4", "Pte A Jones|Unit 4|BFPO 12", ""},
		{"forces with a postcode", "Pte A Jones|Unit 4|BF1 2AB|BFPO 12", "Pte A Jones|Unit 4|BF1 2AB|BFPO 12", ""},
		{"London", "A Jones|1 High Street|ec1a1bb", "A Jones|1 High Street|EC1A 1BB", ""},
		{"Jersey", "A Jones|1 High Street|JE2 3AB", "A Jones|1 High Street|JE2 3AB", ""},
		{"a name in Greek", "Ολυμπία|1 High Street|LS1 4AP", "Ολυμπία|1 High Street|LS1 4AP", ""},
		{"control characters", "A\x00 Jones\u200b|1 High\tStreet|LS1 4AP", "A Jones|1 High Street|LS1 4AP", ""},

		{"none", "", "", "there is none"},
		{"no postcode", "Ms A Jones|12 Quay Street|Bristol", "", "postcode"},
		{"letters for digits", "A Jones|1 High Street|TT7 PBJ", "", "postcode"},
		{"too long a postcode", "A Jones|1 High Street|SW1 1ZZ0", "", "postcode"},
		{"no such area", "A Jones|1 High Street|QX4 2JB", "", "postcode"},
		{"a letter that no inward code has", "A Jones|1 High Street|LS1 4CV", "", "postcode"},
		{"abroad", "M Dupont|1 rue de la Paix|75002 Paris|France", "", "postcode"},
		{"too few lines", "A Jones|LS1 4AP", "", "2 lines"},
		{"too many lines", strings.Repeat("a line that is much too long to be joined|", 9) + "LS1 4AP", "", "10 lines"},
		{"no fixed abode", "A Jones|No fixed abode|Leeds|LS1 4AP", "", "no fixed address"},
		{"NFA", "A Jones|NFA|Leeds|LS1 4AP", "", "no fixed address"},
		{"no name", "--|1 High Street|LS1 4AP", "", "line 1"},
		{"a bracket first", "A Jones|(rear) 1 High Street|LS1 4AP", "", "begins with"},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			got, err := Address(strings.Split(row.in, "|"))
			if bad, is := errors.AsType[*AddressError](err); row.why != "" && (!is || !strings.Contains(bad.Why, row.why)) {
				t.Fatalf("got %q, error %v; want an error with %q", got, err, row.why)
			}
			if joined := strings.Join(got, "|"); joined != row.want {
				t.Errorf("got %q, error %v; want %q", joined, err, row.want)
			}
		})
	}
}

// An address that was made ready stays as it is.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"A|B|LS1 4AP", "a, b, c, ls14ap", "x\ny\nBFPO 3", "..|,|", "A|B|C|D|E|F|G|H|LS1 4AP"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, in string) {
		once, err := Address(strings.Split(in, "|"))
		if err != nil {
			return
		}
		if len(once) < minLines || len(once) > maxLines {
			t.Errorf("%d lines", len(once))
		}
		if again, err := Address(once); err != nil || strings.Join(again, "|") != strings.Join(once, "|") {
			t.Errorf("%q becomes %q, error %v", once, again, err)
		}
	})
}
