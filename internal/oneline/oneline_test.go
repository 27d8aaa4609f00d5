package oneline

import (
	"strings"
	"testing"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, said, want string }{
		{"plain", "mailbox is full", "mailbox is full"},
		{"line ends", " NO\r\nlevel=ERROR msg=\"forged\"\n", "NO  level=ERROR msg=\"forged\""},
		{"a terminal's commands", "a\x1b[2Jb\x00c\u009bd", "a [2Jb c d"},
		{"line ends of Unicode", "a\u2028b\u2029c\u0085d", "a b c d"},
		{"turned words", "a\u202eb\u2066c", "a b c"},
		{"bytes that are no text", "caf\xe9", "caf\ufffd"},
		{"as long as it may be", strings.Repeat("é", 40), strings.Repeat("é", 40)},
		{"longer", strings.Repeat("é", 41), strings.Repeat("é", 40) + "…"},
		{"nothing", "\r\n", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := Of(tt.said, 40); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
