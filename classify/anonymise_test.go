package classify

import "testing"

func TestAnonymised(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, text, want string
		known            []string
	}{
		{"a name that is known", "Bexon here. BEXON'S tap drips.", "[name] here. [name]'S tap drips.", []string{"Cyril Bexon"}},
		{"not within a word", "A bell, says Bel.", "A bell, says [name].", []string{"Bel"}},
		{"a title", "Mrs O. Littlejohn and Mr Amis came.", "[name] and [name] came.", nil},
		{"an address", "I live at Flat 3, 14 Tansy Court, LM3 4QT.", "I live at [address], [address].", nil},
		{"a house", "The lift at Mercer House is out.", "The lift at [address] is out.", nil},
		{"a mail address", "Write to a.b@example.org please.", "Write to [address] please.", nil},
		{"a link", "See https://example.org/x?y=1 for it.", "See [address] for it.", nil},
		{"a telephone number", "Ring 07700 900 123 or +44 1632 960123.", "Ring [number] or [number].", nil},
		{"a signature", "The tap drips.\n\nKind regards\nShaz Oakes\n", "The tap drips.\n\nKind regards\n[name]\n", nil},
		{"a name at the end", "The tap drips.\nT. Oakes", "The tap drips.\n[name]", nil},
		{"words stay", "On 3 May nobody came. Third time in 12 weeks.", "On 3 May nobody came. Third time in 12 weeks.", nil},
		{"a dozen days are no number", "I rang on 12, 13 and 14 May", "I rang on 12, 13 and 14 May", nil},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			if got := anonymised(row.text, row.known); got != row.want {
				t.Errorf("%q becomes\n%q, want\n%q", row.text, got, row.want)
			}
		})
	}
}
