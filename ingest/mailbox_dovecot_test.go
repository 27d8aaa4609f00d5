package ingest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
)

// dovecot is a fresh mailbox on the Dovecot that the environment names.
func (d *desk) dovecot() Mailbox {
	d.Helper()
	dsn := os.Getenv("POSTROOM_TEST_DOVECOT")
	if dsn == "" {
		d.Skip("integration: POSTROOM_TEST_DOVECOT is not set")
	}
	u, err := url.Parse(dsn)
	d.must(err)
	addr, err := net.ResolveTCPAddr("tcp", u.Host)
	d.must(err)
	m := d.mailboxAt(addr)
	m.Host = addr.IP.String()
	m.User = "mailbox-" + strings.ToLower(rand.Text())
	m.Password = func(context.Context) (string, error) {
		password, _ := u.User.Password()
		return password, nil
	}
	return m
}

// deliverTo appends mails quickly: commands and literals are sent without
// waiting (RFC 7888), and the answers are read beside.
func (d *desk) deliverTo(m Mailbox, folder string, mails ...string) {
	d.Helper()
	conn, err := net.Dial("tcp", m.address())
	d.must(err)
	defer conn.Close() //nolint:errcheck // a test's end
	password, err := m.Password(d.Context())
	d.must(err)
	lines := bufio.NewScanner(conn)
	_, _ = fmt.Fprintf(conn, "in LOGIN %s %s\r\n", m.User, password)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "in ") {
	}
	sent := make(chan error, 1)
	go func() {
		w := bufio.NewWriterSize(conn, 1<<20)
		for i, mail := range mails {
			_, _ = fmt.Fprintf(w, "a%d APPEND %s \"23-Nov-2026 09:30:00 +0000\" {%d+}\r\n%s\r\n", i, folder, len(mail), mail)
		}
		_, _ = fmt.Fprint(w, "out NOOP\r\n")
		sent <- w.Flush()
	}()
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "out ") {
		if status := strings.Fields(lines.Text()); len(status) > 1 && status[0] != "*" && status[1] != "OK" {
			d.Fatalf("append: %s", lines.Text())
		}
	}
	d.must(errors.Join(lines.Err(), <-sent))
}

// On a real server: wake, take in, file, survive its connections being cut.
func TestDovecot(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.dovecot()
	m.FiledFolder = "Postroom-Filed"
	m.PollEvery = time.Hour
	d.deliverTo(m, "INBOX", letters(100)...)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	p := d.poller(m)
	go func() { ended <- p.Run(ctx) }()
	d.log.await(t, "uid=100 ")
	late := letter(101) + strings.Repeat("A long complaint.\r\n", 60_000)
	d.deliverTo(m, "INBOX", late)
	d.log.await(t, "uid=101 ")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	d.wantWhole(append(letters(100), late)...)
	d.passes(p) // files what was registered when the stop came
	d.wantWhole(append(letters(100), late)...)
	// The stop may have come when the last was filed and the mark not moved.
	if rows, mark := d.rows(p); len(rows) > 0 || mark < 100 {
		t.Errorf("rows %q, mark %d", rows, mark)
	}
	filed := m
	filed.Folder, filed.FiledFolder, filed.Name = "Postroom-Filed", "", "filed"
	inbox, err := Probe(t.Context(), m)
	d.must(err)
	put, err := Probe(t.Context(), filed)
	d.must(err)
	if inbox.Mails != 0 || put.Mails != 101 || !inbox.Idle || !inbox.Files || !inbox.FiledFolder {
		t.Errorf("inbox %+v, filed %+v", inbox, put)
	}
}

// Connections that are cut at arbitrary bytes, against a real server.
func TestDovecotBehindABadLine(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	m := d.dovecot()
	want := letters(60)
	want[30] += strings.Repeat("A long complaint.\r\n", 20_000)
	d.deliverTo(m, "INBOX", want...)
	budget := 3_000
	addr := badLine(t, m.address(), func() int {
		budget = budget * 5 / 4
		return budget
	})
	m.Host, m.Port = "127.0.0.1", addr.(*net.TCPAddr).Port
	m.Batch = 16
	p := d.poller(m)
	for range 60 {
		if d.pass(p) == nil {
			if rows, mark := d.rows(p); len(rows) == 0 && mark == 60 {
				break
			}
		}
		d.clock.Advance(10 * time.Minute)
	}
	d.wantRows(p, 60)
	d.wantWhole(want...)
}

// badLine forwards to a server and cuts each connection after so many bytes
// from the server.
func badLine(t *testing.T, to string, budget func() int) net.Addr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			forward(conn, to, int64(budget()))
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-ended
	})
	return listener.Addr()
}

func forward(conn net.Conn, to string, budget int64) {
	server, err := net.Dial("tcp", to)
	if err == nil {
		go func() {
			_, _ = io.Copy(server, conn)
			_ = server.Close()
		}()
		_, _ = io.CopyN(conn, server, budget)
		_ = server.Close()
	}
	_ = conn.Close()
}

// mixes are sets of mails as they come.
var mixes = map[string]struct {
	n     int
	bytes func(i int) int
}{
	"small":     {2000, func(i int) int { return 2_000 + i*7919%30_000 }},
	"mean150kB": {600, func(i int) int { return []int{4_000, 12_000, 30_000, 90_000, 614_000}[i%5] }},
}

// BenchmarkReceive measures fetch to committed: on disk, flushed, registered,
// the mark moved. Its ratio is to a bare UID FETCH of the same mails by the
// same library, bodies thrown away.
func BenchmarkReceive(b *testing.B) {
	for _, name := range []string{"small", "mean150kB"} {
		mix := mixes[name]
		b.Run(name, func(b *testing.B) {
			m := (&desk{TB: b}).dovecot()
			mails := make([]string, mix.n)
			total := 0
			for i := range mails {
				mails[i] = letter(i+1) + strings.Repeat("It has been four weeks and nobody has come.\r\n", mix.bytes(i)/45)
				total += len(mails[i])
			}
			(&desk{TB: b}).deliverTo(m, "INBOX", mails...)
			bare := bareFetch(b, m)
			b.SetBytes(int64(total))
			b.ResetTimer()
			for range b.N {
				b.StopTimer()
				d := newDesk(b)
				d.intake.Logger = quietLogger()
				p := d.poller(m)
				b.StartTimer()
				if err := d.pass(p); err != nil {
					b.Fatal(err)
				}
			}
			perPass := b.Elapsed() / time.Duration(b.N)
			b.ReportMetric(float64(mix.n)/perPass.Seconds(), "msg/s")
			b.ReportMetric(float64(mix.n)/bare.Seconds(), "bare-msg/s")
			b.ReportMetric(bare.Seconds()/perPass.Seconds(), "of-bare")
		})
	}
}

// bareFetch is the median of three.
func bareFetch(b *testing.B, m Mailbox) time.Duration {
	b.Helper()
	var took []time.Duration
	for range 3 {
		s, err := connect(b.Context(), m.withDefaults())
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.open(b.Context(), true); err != nil {
			b.Fatal(err)
		}
		uids, err := s.findAll(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		start := time.Now()
		options := &imap.FetchOptions{UID: true, InternalDate: true, RFC822Size: true, BodySection: []*imap.FetchItemBodySection{wholeMail}}
		if err := s.client.Fetch(uidSet(uids), options).Close(); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
		s.close()
	}
	slices.Sort(took)
	return took[1]
}
