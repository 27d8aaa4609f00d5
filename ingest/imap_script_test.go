package ingest

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// A script is a mail server that misbehaves as it is told. What it is not told
// about it does as a server should.
type script struct {
	testing.TB
	addr net.Addr

	mu        sync.Mutex
	validity  int
	next      int // UIDNEXT; 0: one above the highest
	caps      string
	mails     map[int]*scripted
	filed     map[int]*scripted
	folders   map[string]bool
	tree      []string // what stands behind LIST, a line each; nil: LIST gives nothing, and every folder can be opened
	plainList bool     // LIST with more than two arguments is BAD
	prefix    string   // of all folders but INBOX; what is made without it is refused
	logins    []string
	commands  []string
	logIn     string // answer to a login; empty: OK
	onFirst   map[string]func(c *scriptConn, tag string)
	onIdle    func(c *scriptConn)
	drips     bool // every byte for itself
}

// A scripted mail may be odd: odd writes an answer of its own to a FETCH, or
// cuts the connection, and reports whether it did.
type scripted struct {
	text string
	date string // INTERNALDATE; empty: monday
	size int    // RFC822.SIZE; 0: the truth
	odd  func(c *scriptConn, uid int, items string) bool
}

type scriptConn struct {
	net.Conn
	r     *bufio.Reader
	s     *script
	drips bool
}

func newScript(tb testing.TB, mails map[int]*scripted) *script {
	tb.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &script{
		TB: tb, addr: listener.Addr(), validity: 7, mails: mails, caps: "IMAP4rev1 IDLE MOVE UIDPLUS",
		filed: map[int]*scripted{}, folders: map[string]bool{"INBOX": true}, onFirst: map[string]func(*scriptConn, string){},
	}
	var conns sync.WaitGroup
	conns.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns.Go(func() {
				defer conn.Close() //nolint:errcheck // a test's end
				s.serve(&scriptConn{Conn: conn, r: bufio.NewReader(conn), s: s})
			})
		}
	})
	tb.Cleanup(func() {
		_ = listener.Close()
		conns.Wait()
	})
	return s
}

func textMails(texts ...string) map[int]*scripted {
	mails := map[int]*scripted{}
	for i, t := range texts {
		mails[i+1] = &scripted{text: t}
	}
	return mails
}

// first sets a one-time trick for a command.
func (s *script) first(verb string, do func(c *scriptConn, tag string)) {
	s.change(func() { s.onFirst[verb] = do })
}

// change changes the server while it may be talking.
func (s *script) change(do func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	do()
}

func (c *scriptConn) say(format string, args ...any) {
	said := fmt.Appendf(nil, format, args...)
	if !c.drips {
		_, _ = c.Write(said)
		return
	}
	for i := range said {
		_, _ = c.Write(said[i : i+1])
	}
}

// hang reads until the other side gives up.
func (c *scriptConn) hang() {
	for {
		if _, err := c.r.ReadByte(); err != nil {
			return
		}
	}
}

func (s *script) serve(c *scriptConn) {
	if s.trick(c, "GREETING", "*") {
		return
	}
	s.change(func() { c.drips = s.drips; c.say("* OK [CAPABILITY %s] ready\r\n", s.caps) })
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			return
		}
		tag, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb, args, _ := strings.Cut(rest, " ")
		if verb == "UID" {
			sub, more, _ := strings.Cut(args, " ")
			verb, args = "UID "+sub, more
		}
		s.mu.Lock()
		s.commands = append(s.commands, rest)
		s.mu.Unlock()
		if s.trick(c, verb, tag) {
			return
		}
		s.answer(c, tag, verb, args)
	}
}

// trick plays a one-time trick instead of an answer; the connection then ends.
func (s *script) trick(c *scriptConn, verb, tag string) bool {
	s.mu.Lock()
	do := s.onFirst[verb]
	delete(s.onFirst, verb)
	s.mu.Unlock()
	if do == nil {
		return false
	}
	do(c, tag)
	return true
}

func (s *script) answer(c *scriptConn, tag, verb, args string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	done := "OK done"
	switch verb {
	case "LOGIN", "AUTHENTICATE":
		s.logins = append(s.logins, args)
		done = cmp.Or(s.logIn, done)
	case "CAPABILITY":
		c.say("* CAPABILITY %s\r\n", s.caps)
	case "LIST":
		if s.plainList && strings.Contains(args, "RETURN") {
			done = "BAD unknown arguments"
			break
		}
		for _, line := range s.listed(args) {
			c.say("* LIST %s\r\n", line)
		}
	case "NAMESPACE":
		c.say("* NAMESPACE ((\"%s\" \".\")) NIL NIL\r\n", s.prefix)
	case "SELECT", "EXAMINE":
		if s.tree != nil && !s.has(strings.Trim(args, `"`)) {
			done = "NO [NONEXISTENT] Unknown Mailbox: " + args
			break
		}
		c.say("* %d EXISTS\r\n* OK [UIDVALIDITY %d] ok\r\n* OK [UIDNEXT %d] ok\r\n* OK [PERMANENTFLAGS (\\Deleted \\*)] ok\r\n", len(s.mails), s.validity, s.uidNext())
	case "STATUS":
		name := strings.Trim(strings.Fields(args)[0], `"`)
		if done = "NO no such folder"; s.folders[name] || s.tree != nil && s.has(name) {
			c.say("* STATUS %s (UIDNEXT 1)\r\n", name)
			done = "OK done"
		}
	case "CREATE":
		name := strings.Trim(args, `"`)
		if !strings.HasPrefix(name, s.prefix) || s.prefix != "" && strings.Contains(name, "/") {
			done = "NO Permission denied"
			break
		}
		s.folders[name] = true
	case "UID SEARCH":
		c.say("* SEARCH%s\r\n", s.search(args))
	case "UID FETCH":
		s.fetch(c, args)
	case "UID MOVE":
		for _, uid := range s.among(strings.Fields(args)[0]) {
			s.filed[uid] = s.mails[uid]
			delete(s.mails, uid)
		}
	case "IDLE":
		c.say("+ idling\r\n")
		if s.onIdle != nil {
			s.onIdle(c)
		}
		s.mu.Unlock()
		_, _ = c.r.ReadString('\n')
		s.mu.Lock()
	}
	c.say("%s %s\r\n", tag, done)
}

// has reports whether the tree has a folder that can be opened.
func (s *script) has(name string) bool {
	return slices.ContainsFunc(s.tree, func(line string) bool {
		return strings.HasSuffix(line, `"`+name+`"`) && !strings.Contains(line, `\Noselect`)
	})
}

// listed are the tree's lines, or the one that is asked for.
func (s *script) listed(args string) []string {
	if strings.Contains(args, `"*"`) || strings.Contains(args, " * ") || strings.HasSuffix(args, " *") {
		return s.tree
	}
	return slices.DeleteFunc(slices.Clone(s.tree), func(line string) bool {
		name := line[strings.LastIndex(strings.TrimSuffix(line, `"`), `"`):]
		return !strings.Contains(args, name)
	})
}

func (s *script) uidNext() int {
	if s.next > 0 {
		return s.next
	}
	highest := 0
	for uid := range s.mails {
		highest = max(highest, uid)
	}
	for uid := range s.filed {
		highest = max(highest, uid)
	}
	return highest + 1
}

// among lists the UIDs of a set that are there. As in every server "n:*" has
// the last one whatever n is.
func (s *script) among(set string) []int {
	there := slices.Sorted(maps.Keys(s.mails))
	var got []int
	for _, uid := range there {
		for part := range strings.SplitSeq(set, ",") {
			from, to, isRange := strings.Cut(part, ":")
			low, _ := strconv.Atoi(from)
			high, err := strconv.Atoi(to)
			switch {
			case !isRange:
				high = low
			case err != nil: // "*"
				high = there[len(there)-1]
				low = min(low, high)
			}
			if uid >= low && uid <= high {
				got = append(got, uid)
				break
			}
		}
	}
	return got
}

func (s *script) search(args string) string {
	set := "1:*"
	if rest, ok := strings.CutPrefix(args, "UID "); ok {
		set = strings.Fields(rest)[0]
	}
	var b strings.Builder
	if len(s.mails) > 0 {
		for _, uid := range s.among(set) {
			fmt.Fprintf(&b, " %d", uid)
		}
	}
	return b.String()
}

var partial = regexp.MustCompile(`BODY\.PEEK\[(HEADER)?\](?:<(\d+)\.(\d+)>)?`)

func (s *script) fetch(c *scriptConn, args string) {
	set, items, _ := strings.Cut(args, " ")
	for _, uid := range s.among(set) {
		m := s.mails[uid]
		if m.odd != nil && m.odd(c, uid, items) {
			continue
		}
		m.answer(c, uid, items)
	}
}

func (m *scripted) answer(c *scriptConn, uid int, items string) {
	c.say("* %d FETCH (UID %d", uid, uid)
	if strings.Contains(items, "RFC822.SIZE") {
		c.say(" RFC822.SIZE %d", cmp.Or(m.size, len(m.text)))
	}
	if strings.Contains(items, "INTERNALDATE") {
		c.say(" INTERNALDATE \"%s\"", cmp.Or(m.date, "23-Nov-2026 09:30:00 +0000"))
	}
	if want := partial.FindStringSubmatch(items); want != nil {
		text, name := m.text, "BODY["+want[1]+"]"
		if want[1] != "" {
			text, _, _ = strings.Cut(text, "\r\n\r\n")
			text += "\r\n\r\n"
		}
		if want[2] != "" {
			from, _ := strconv.Atoi(want[2])
			n, _ := strconv.Atoi(want[3])
			from = min(from, len(text))
			text = text[from:min(from+n, len(text))]
			name += "<" + want[2] + ">"
		}
		c.say(" %s {%d}\r\n%s", name, len(text), text)
	}
	c.say(")\r\n")
}

func (s *script) count(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for _, c := range s.commands {
		if strings.HasPrefix(c, verb) {
			n++
		}
	}
	return n
}
