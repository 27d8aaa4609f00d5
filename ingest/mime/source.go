package mime

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
)

// errLimit stops the reading of a message; the reason is in the walk.
var errLimit = errors.New("limit reached")

// A budget is what is left of the limits while one message is read. It is
// shared by the mail and all that is inside it.
type budget struct {
	ctx     context.Context //nolint:containedctx // lives as long as one call of Read
	limits  Limits
	now     func() time.Time
	end     time.Time
	parts   int
	decoded int64
	text    int64
	signed  int64  // bytes of the signed wrappers that are open around the current place
	why     string // the first limit that was met
}

func newBudget(ctx context.Context, o Options) *budget {
	b := &budget{ctx: ctx, limits: o.Limits.orDefault(), now: o.Now}
	if b.now != nil {
		b.end = b.now().Add(b.limits.Duration)
	}
	return b
}

// stop records why nothing more is read; the first reason stands.
func (b *budget) stop(why string) error {
	if b.why == "" {
		b.why = why
	}
	return errLimit
}

// check is called often enough that no limit is passed by much.
func (b *budget) check() error {
	if b.why != "" {
		return errLimit
	}
	if b.ctx.Err() != nil {
		return b.stop("Reading was stopped before the end of the mail.")
	}
	if b.now != nil && b.now().After(b.end) {
		return b.stop("Reading the mail took longer than the time limit; the rest was not read.")
	}
	return nil
}

// spend counts decoded bytes.
func (b *budget) spend(n int) error {
	b.decoded += int64(n)
	if b.decoded > b.limits.DecodedBytes {
		return b.stop("The mail unpacks to more than the size limit; the rest was not read.")
	}
	return nil
}

const sourceBuffer = 64 << 10

// A source gives the lines of one message and knows the boundaries of the
// multiparts that are open around the current place.
type source struct {
	r      *bufio.Reader
	b      *budget
	left   int64 // bytes that may still be read
	delim  byte  // '\n', or '\r' in mail of old Macintoshes
	held   []byte
	heldAt bool // held starts a line
	again  bool // give held once more
	start  bool // the next piece starts a line
	opened []string
	hit    int // index in opened of the boundary line just met, -1 for none
	closed bool
	end    bool
	failed error // reading failed, other than at the end
	ticks  int
}

// readers are buffers that the reading of one mail leaves to the next: they were
// a seventh of all the memory that was ever asked for.
var readers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, sourceBuffer) }}

// wholeSource is the source of a whole mail, whose buffer is to be released when
// the mail has been read.
func wholeSource(r io.Reader, b *budget) (s *source, release func()) {
	buffered := readers.Get().(*bufio.Reader) // the pool makes no others
	buffered.Reset(r)
	return newSource(buffered, b, b.limits.Bytes), func() {
		buffered.Reset(nil)
		readers.Put(buffered)
	}
}

func newSource(r io.Reader, b *budget, left int64) *source {
	// A reader that has such a buffer already is taken as it is.
	s := &source{r: bufio.NewReaderSize(r, sourceBuffer), b: b, left: left, delim: '\n', start: true, hit: -1}
	head := s.look(sourceBuffer)
	if bytes.IndexByte(head, '\n') < 0 && bytes.IndexByte(head, '\r') >= 0 {
		s.delim = '\r'
	}
	return s
}

// line gives the next line with its end, or a piece of a long line; starts
// says that the piece starts a line. The bytes are good until the next call.
func (s *source) line() (piece []byte, starts, ok bool) {
	if s.again {
		s.again = false
		return s.held, s.heldAt, true
	}
	if s.end || s.failed != nil && s.r.Buffered() == 0 {
		return nil, false, false
	}
	piece, err := s.r.ReadSlice(s.delim)
	piece = s.take(piece, err)
	if len(piece) == 0 {
		return nil, false, false
	}
	starts = s.start
	last := len(piece) - 1
	s.start = piece[last] == s.delim
	if s.start && s.delim == '\r' {
		piece[last] = '\n'
	}
	s.held, s.heldAt = piece, starts
	return piece, starts, true
}

// take books what was read and notices the end and the limits.
func (s *source) take(piece []byte, err error) []byte {
	if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
		s.end = true
		if !errors.Is(err, io.EOF) && s.failed == nil {
			s.failed = err
		}
	}
	s.left -= int64(len(piece))
	if s.left < 0 {
		s.end = true
		_ = s.b.stop("The mail is larger than the size limit; the rest was not read.")
		return nil
	}
	if s.ticks++; s.ticks%512 == 0 && s.b.check() != nil {
		s.end = true
		return nil
	}
	return piece
}

// unread gives the last piece once more.
func (s *source) unread() { s.again = true }

// peek shows what comes after the current line, at most the buffer. The
// current line is copied, because looking ahead may move the buffer; slices
// of it that line gave out are good no more.
func (s *source) peek() []byte {
	s.held = bytes.Clone(s.held)
	return s.look(max(s.r.Buffered(), sourceBuffer/2))
}

// look keeps the error that looking ahead meets, which bufio tells only once.
func (s *source) look(n int) []byte {
	b, err := s.r.Peek(n)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) && s.failed == nil {
		s.failed = err
	}
	return b
}

// boundary says whether a line ends the current part, and remembers which
// multipart it belongs to. The innermost one that fits is meant.
func (s *source) boundary(line []byte) bool {
	if len(line) < 3 || line[0] != '-' || line[1] != '-' || len(s.opened) == 0 {
		return false
	}
	rest := strings.TrimRight(string(line[2:]), " \t\r\n")
	for i, v := range slices.Backward(s.opened) {
		if b := v; rest == b {
			s.hit, s.closed = i, false
			return true
		} else if len(rest) == len(b)+2 && strings.HasPrefix(rest, b) && strings.HasSuffix(rest, "--") {
			s.hit, s.closed = i, true
			return true
		}
	}
	return false
}

// A body reads one part up to the boundary that ends it. The line end before
// a boundary belongs to the boundary (RFC 2046, section 5.1.1).
type body struct {
	s    *source
	due  []byte // line end of the line before, now known to be data
	rest []byte // of the current line, not yet given out
	ends []byte // its line end, kept back
	buf  [4]byte
	done bool
}

func (s *source) body() *body { return &body{s: s, done: s.hit >= 0} }

// Read fills p with as many lines as fit.
func (b *body) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if len(b.due) > 0 {
			c := copy(p[n:], b.due)
			b.due, n = b.due[c:], n+c
			continue
		}
		if len(b.rest) == 0 {
			if !b.more() {
				break
			}
			continue // the line end before this line goes first
		}
		c := copy(p[n:], b.rest)
		b.rest, n = b.rest[c:], n+c
	}
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// more fetches the next piece; it is false when there is nothing to give.
func (b *body) more() bool {
	if b.done {
		return false
	}
	piece, starts, ok := b.s.line()
	if ok && starts && b.s.boundary(piece) {
		b.done = true
		return false
	}
	b.due = append(b.buf[:0], b.ends...)
	b.ends = b.ends[:0]
	if !ok {
		b.done = true
		return len(b.due) > 0
	}
	n := len(piece)
	if n > 0 && piece[n-1] == '\n' {
		n--
		if n > 0 && piece[n-1] == '\r' {
			n--
		}
	}
	b.rest = piece[:n]
	b.ends = append(b.ends, piece[n:]...)
	return true
}
