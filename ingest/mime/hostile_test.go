package mime

import (
	"strings"
	"testing"
)

// What is repeated to the limits costs as much as any text of that length. Where
// the work grew with the square of it, each of these took minutes.
func TestLongRepeats(t *testing.T) {
	t.Parallel()
	const n = 1_900_000
	header := "From: Jo <jo@example.net>\nSubject: heating\n"
	for name, raw := range map[string]string{
		"a style":               header + "Content-Type: text/html\n\n<p style=\"" + strings.Repeat("font-size:0;", n/12) + "\">no heat</p>",
		"schemes in an address": header + "To: " + strings.Repeat("mailto: ", n/8) + "\n\nno heat",
		"colons in an address":  header + "To: " + strings.Repeat("x", n/2) + "@" + strings.Repeat(":", n/2) + "\n\nno heat",
		"enriched text":         header + "Content-Type: text/enriched\n\nno heat" + strings.Repeat("<a", n/2),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m := Read(t.Context(), strings.NewReader(raw), Options{}); !strings.HasPrefix(m.Text, "no heat") {
				t.Errorf("read as %.100q", m.Text)
			}
		})
	}
}
