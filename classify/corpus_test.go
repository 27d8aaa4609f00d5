package classify

import (
	"strings"
	"testing"
)

func TestReadCorpus(t *testing.T) {
	t.Parallel()
	line := `{"body": "x", "headers": {"Precedence": "bulk", "Auto-Submitted": "auto-replied", "List-Id": "y"}, "labels": {"primary": "enquiry"}}`
	for range 20 { // a map has no order
		examples, err := ReadCorpus(strings.NewReader("\ufeff" + line + "\n\n" + line))
		if err != nil || len(examples) != 2 {
			t.Fatalf("%d examples, %v", len(examples), err)
		}
		if a, b := examples[0], examples[1]; a.Group == b.Group || a.Message.Automatic != "auto_reply" {
			t.Fatalf("groups %q and %q of people who are not known, automatic %q", a.Group, b.Group, a.Message.Automatic)
		}
	}
	for text, want := range map[string]string{
		line + "\n{": "line 2", line + "\n" + strings.Repeat(" ", maxLine+1): "line 2", "": "no example", strings.Replace(line, "enquiry", "moan", 1): `"moan" is no label`,
	} {
		if _, err := ReadCorpus(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v, want %s", text, err, want)
		}
	}
}
