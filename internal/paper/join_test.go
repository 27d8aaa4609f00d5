package paper

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func joinedLetters(t *testing.T, double bool, all ...[]byte) (pdf []byte, firsts []int) {
	t.Helper()
	var b bytes.Buffer
	j := NewJoiner(&b)
	for _, one := range all {
		first, err := j.Add(one, double)
		if err != nil {
			t.Fatal(err)
		}
		firsts = append(firsts, first)
	}
	if err := j.Close("Batch 26-11-25/1 (é)", time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), firsts
}

// TestJoin joins letters and looks at every page: each is what it was, and on
// double-sided paper each letter begins on a new sheet.
func TestJoin(t *testing.T) {
	t.Parallel()
	p := newPress(t, "dl-35x90", true)
	var files [][]byte
	var pages []picture
	var want []int
	cover, err := p.Cover(Batch{Name: "26-11-25/1", Double: true, Letters: []BatchLetter{{"CIT26-7KR4-M9X9", 2, false, false}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []Printed{cover, printed(t, p, sampleLetter()), printed(t, p, letters()["large"]), printed(t, p, letters()["names"])} {
		files = append(files, one.PDF)
		if len(pages)%2 == 1 {
			pages = append(pages, picture{})
		}
		want = append(want, len(pages)+1)
		pages = append(pages, pictures(t, one.PDF)...)
	}
	pdf, firsts := joinedLetters(t, true, files...)
	qpdfCheck(t, pdf)
	for i := range want {
		if firsts[i] != want[i] || firsts[i]%2 != 1 {
			t.Errorf("file %d begins on page %d, want %d", i, firsts[i], want[i])
		}
	}
	got := pictures(t, pdf)
	if len(got) != len(pages) {
		t.Fatalf("%d pages, want %d", len(got), len(pages))
	}
	for i := range pages {
		if pages[i].width == 0 {
			if r, found := got[i].ink(func(_, _ float64) bool { return true }); found {
				t.Errorf("page %d should be empty and has %v", i+1, r)
			}
		} else if !bytes.Equal(got[i].pixels, pages[i].pixels) {
			t.Errorf("page %d changed", i+1)
		}
	}
	if again, _ := joinedLetters(t, true, files...); !bytes.Equal(again, pdf) {
		t.Error("joined again, other bytes")
	}
	if single, firsts := joinedLetters(t, false, files...); len(pictures(t, single)) != firsts[3] {
		t.Errorf("on one side: the last letter begins on page %d", firsts[3])
	}
}

func TestJoinRefuses(t *testing.T) {
	t.Parallel()
	p := newPress(t, "c5", false)
	whole := printed(t, p, sampleLetter()).PDF
	joined, _ := joinedLetters(t, false, whole)
	for name, pdf := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "cut off": whole[:len(whole)/2],
		"a byte more": append([]byte("x"), whole...), "a joined file": joined,
		"another table": bytes.Replace(whole, []byte("00000 n \n"), []byte("00001 n \n"), 1),
		"no root":       bytes.Replace(whole, []byte("/Root "), []byte("/Boot "), 1),
	} {
		if _, err := NewJoiner(io.Discard).Add(pdf, false); !errors.Is(err, errNotOurs) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if err := NewJoiner(io.Discard).Close("", time.Time{}); err == nil {
		t.Error("an empty file is closed")
	}
}

func FuzzJoin(f *testing.F) {
	p := newPress(f, "c5", false)
	f.Add(printed(f, p, sampleLetter()).PDF)
	f.Add([]byte("xref\n0 2\n0000000000 65535 f \n"))
	f.Fuzz(func(_ *testing.T, pdf []byte) {
		_, _ = NewJoiner(io.Discard).Add(pdf, true)
	})
}

func TestCover(t *testing.T) {
	t.Parallel()
	p := newPress(t, "notify", true)
	b := Batch{Name: "26-11-25/1", Date: "Wednesday 25 November 2026", PostBy: "Thursday 26 November 2026", Double: true}
	for range 60 {
		b.Letters = append(b.Letters, BatchLetter{"CIT26-7KR4-M9X9", 3, true, false}, BatchLetter{"CIT26-2XMF-6VK9", 1, false, false})
	}
	out, err := p.Cover(b)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		writePictures(t, "cover", out)
	}
	text := strings.Join(words(t, out.PDF), "")
	for _, want := range []string{"120", "240", "180, without", "do not post", "Thursday 26 November 2026", "3 pages, 2 sheets, large print", "1 page, 1 sheet"} {
		if !strings.Contains(text, want) {
			t.Errorf("the cover lacks %q", want)
		}
	}
}
