package paper

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// A Joiner writes one PDF out of many that a Press printed, each page exactly
// as it was: objects are copied byte by byte and only numbered anew. It knows
// the form of files that gofpdf writes and refuses every other.
type Joiner struct {
	out     io.Writer
	at      int64         // bytes written
	offsets map[int]int64 // of objects, by number
	next    int           // number of the next object
	kids    []int
	pages   int
}

// The first objects of a joined file.
const (
	rootObject = 1 + iota
	catalogObject
	infoObject
	firstFree
)

var (
	errNotOurs = errors.New("it is not a PDF that was printed here")

	startXref = regexp.MustCompile(`startxref\n(\d+)\n%%EOF\s*$`)
	xrefHead  = regexp.MustCompile(`^xref\n0 (\d+)\n0000000000 65535 f \n`)
	rootRef   = regexp.MustCompile(`/Root (\d+) 0 R`)
	pagesRef  = regexp.MustCompile(`/Pages (\d+) 0 R`)
	infoRef   = regexp.MustCompile(`/Info (\d+) 0 R`)
	anyRef    = regexp.MustCompile(`\b(\d+) 0 R\b`)
	pageCount = regexp.MustCompile(`/Count (\d+)`)
)

// NewJoiner begins a file.
func NewJoiner(w io.Writer) *Joiner {
	return &Joiner{out: w, offsets: map[int]int64{}, next: firstFree}
}

// Pages is how many pages there are so far, blank ones too.
func (j *Joiner) Pages() int { return j.pages }

// Add appends a file's pages. It returns the number of its first page, from 1.
// With double, an empty page is put before it where that lets it begin on a
// new sheet of paper that is printed on both sides.
func (j *Joiner) Add(pdf []byte, double bool) (first int, err error) {
	f, err := parseFile(pdf)
	if err != nil {
		return 0, fmt.Errorf("paper: join: %w", err)
	}
	if err := j.begin(); err != nil {
		return 0, err
	}
	if double && j.pages%2 == 1 {
		if err := j.blank(); err != nil {
			return 0, err
		}
	}
	first = j.pages + 1
	base := j.next
	for i, object := range f.objects {
		if i+1 == f.catalog || i+1 == f.info {
			continue // the joined file has its own
		}
		if err := j.write(base+i, f.renumbered(object, i+1, base)); err != nil {
			return 0, err
		}
	}
	j.next = base + len(f.objects)
	j.kids = append(j.kids, base+f.pages-1)
	j.pages += f.count
	return first, nil
}

// begin writes the header before the first object. The bytes of the comment
// tell programs that copy files that this one is not text.
func (j *Joiner) begin() error {
	if j.at > 0 {
		return nil
	}
	return j.print("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
}

// blank adds an empty page.
func (j *Joiner) blank() error {
	n := j.next
	j.next++
	j.kids = append(j.kids, n)
	j.pages++
	return j.write(n, fmt.Appendf(nil, "<</Type /Page /Parent %d 0 R /MediaBox [0 0 595.28 841.89] /Resources <<>> >>\n", rootObject))
}

// Close writes what ends the file.
func (j *Joiner) Close(title string, made time.Time) error {
	if j.pages == 0 {
		return errors.New("paper: join: there is nothing to print")
	}
	var kids bytes.Buffer
	for _, k := range j.kids {
		fmt.Fprintf(&kids, "%d 0 R ", k)
	}
	date := made.UTC().Format("D:20060102150405Z")
	for _, o := range []struct {
		number int
		body   string
	}{
		{rootObject, fmt.Sprintf("<</Type /Pages /Kids [%s] /Count %d>>\n", kids.Bytes(), j.pages)},
		{catalogObject, fmt.Sprintf("<</Type /Catalog /Pages %d 0 R>>\n", rootObject)},
		{infoObject, fmt.Sprintf("<</Title (%s) /Producer (Postroom) /CreationDate (%s) /ModDate (%s)>>\n", plainString(title), date, date)},
	} {
		if err := j.write(o.number, []byte(o.body)); err != nil {
			return err
		}
	}
	return j.end()
}

// end writes the table of objects. Numbers that were left out are free (PDF
// 1.4, section 3.4.3).
func (j *Joiner) end() error {
	table := j.at
	var b bytes.Buffer
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", j.next)
	for n := 1; n < j.next; n++ {
		if at, ok := j.offsets[n]; ok {
			fmt.Fprintf(&b, "%010d 00000 n \n", at)
		} else {
			b.WriteString("0000000000 65535 f \n")
		}
	}
	fmt.Fprintf(&b, "trailer\n<</Size %d /Root %d 0 R /Info %d 0 R>>\nstartxref\n%d\n%%%%EOF\n", j.next, catalogObject, infoObject, table)
	return j.print(b.String())
}

func (j *Joiner) write(number int, body []byte) error {
	j.offsets[number] = j.at
	return j.print(strconv.Itoa(number) + " 0 obj\n" + string(body) + "endobj\n")
}

func (j *Joiner) print(s string) error {
	n, err := io.WriteString(j.out, s)
	j.at += int64(n)
	if err != nil {
		return fmt.Errorf("paper: join: %w", err)
	}
	return nil
}

// plainString keeps what needs no escape in a PDF string.
func plainString(s string) string {
	return string(bytes.Map(func(r rune) rune {
		if r < ' ' || r > '~' || r == '(' || r == ')' || r == '\\' {
			return '-'
		}
		return r
	}, []byte(s)))
}

// A file is a PDF taken apart.
type file struct {
	objects                     [][]byte // by number from 1, without "N 0 obj" and "endobj"
	catalog, pages, info, count int
}

func parseFile(pdf []byte) (file, error) {
	var f file
	tail := pdf[max(0, len(pdf)-200):]
	m := startXref.FindSubmatch(tail)
	if m == nil {
		return f, errNotOurs
	}
	table := number(m[1])
	if table <= 0 || table >= len(pdf) {
		return f, errNotOurs
	}
	offsets, err := parseTable(pdf, table)
	if err != nil {
		return f, err
	}
	if f.objects, err = cutObjects(pdf[:table], offsets); err != nil {
		return f, err
	}
	return f, f.find(pdf[table:])
}

// find looks up the objects that matter.
func (f *file) find(trailer []byte) error {
	for _, look := range []struct {
		in      []byte
		pattern *regexp.Regexp
		into    *int
	}{{trailer, rootRef, &f.catalog}, {trailer, infoRef, &f.info}} {
		m := look.pattern.FindSubmatch(look.in)
		if m == nil {
			return errNotOurs
		}
		*look.into = number(m[1])
	}
	if f.catalog < 1 || f.catalog > len(f.objects) || f.info < 1 || f.info > len(f.objects) {
		return errNotOurs
	}
	m := pagesRef.FindSubmatch(f.objects[f.catalog-1])
	if m == nil || number(m[1]) < 1 || number(m[1]) > len(f.objects) {
		return errNotOurs
	}
	f.pages = number(m[1])
	c := pageCount.FindSubmatch(f.objects[f.pages-1])
	if c == nil || !bytes.HasPrefix(f.objects[f.pages-1], []byte("<</Type /Pages\n")) {
		return errNotOurs
	}
	f.count = number(c[1])
	return nil
}

// parseTable reads the offsets of all objects.
func parseTable(pdf []byte, at int) ([]int, error) {
	head := xrefHead.FindSubmatch(pdf[at:])
	if head == nil {
		return nil, errNotOurs
	}
	count := number(head[1]) - 1
	rows := pdf[at+len(head[0]):]
	if count < 1 || len(rows) < 20*count {
		return nil, errNotOurs
	}
	offsets := make([]int, count)
	for i := range offsets {
		line := rows[20*i : 20*i+20]
		offsets[i] = number(line[:10])
		if string(line[10:]) != " 00000 n \n" || offsets[i] <= 0 || offsets[i] >= at {
			return nil, errNotOurs
		}
	}
	return offsets, nil
}

// cutObjects cuts the body at the objects' offsets.
func cutObjects(body []byte, offsets []int) ([][]byte, error) {
	ends := append(slices.Sorted(slices.Values(offsets)), len(body))
	objects := make([][]byte, len(offsets))
	for i, from := range offsets {
		place, _ := slices.BinarySearch(ends, from)
		part := body[from:ends[place+1]]
		part, ok := bytes.CutPrefix(part, []byte(strconv.Itoa(i+1)+" 0 obj\n"))
		part, also := bytes.CutSuffix(part, []byte("endobj\n"))
		if !ok || !also {
			return nil, errNotOurs
		}
		objects[i] = part
	}
	return objects, nil
}

// renumbered is an object with its references moved to begin at base. What
// stands in a stream is not touched.
func (f *file) renumbered(object []byte, n, base int) []byte {
	head, stream := object, []byte(nil)
	if at := bytes.Index(object, []byte(">>\nstream\n")); at >= 0 {
		head, stream = object[:at], object[at:]
	}
	moved := anyRef.ReplaceAllFunc(head, func(ref []byte) []byte {
		digits, _, _ := bytes.Cut(ref, []byte(" "))
		return fmt.Appendf(nil, "%d 0 R", number(digits)+base-1)
	})
	if n == f.pages {
		moved = append(fmt.Appendf(nil, "<</Type /Pages\n/Parent %d 0 R\n", rootObject), moved[len("<</Type /Pages\n"):]...)
	}
	return append(moved, stream...)
}

func number(digits []byte) int {
	n, err := strconv.Atoi(string(digits))
	if err != nil {
		return 0
	}
	return n
}
