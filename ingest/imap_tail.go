package ingest

import (
	"bytes"
	"slices"
	"sync"
)

// tailSize is more than a line in which a server says goodbye.
const tailSize = 512

// A tail keeps the end of what went over a connection, both ways. Many
// goroutines may use it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

// Write never fails.
func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	last := b[max(0, len(b)-tailSize):]
	t.kept = append(t.kept, last...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = t.kept[:copy(t.kept, t.kept[over:])]
	}
	return len(b), nil
}

// goodbye gives the server's BYE, if that was the last that it said: after it
// come at most commands of ours, which have a tag.
func (t *tail) goodbye() (said string, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := bytes.Split(bytes.TrimSuffix(t.kept, []byte("\r\n")), []byte("\r\n"))
	for _, line := range slices.Backward(lines) {
		if words, found := bytes.CutPrefix(line, []byte("* BYE")); found {
			return string(words), true
		}
		if !ours(line) {
			return "", false
		}
	}
	return "", false
}

// ours reports whether a line is a command, with the library's tag, or DONE,
// which ends IDLE.
func ours(line []byte) bool {
	if string(line) == "DONE" {
		return true
	}
	tag, _, _ := bytes.Cut(line, []byte(" "))
	return len(tag) > 1 && tag[0] == 'T' && len(bytes.Trim(tag[1:], "0123456789")) == 0
}
