//go:build unix

package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"postroom/internal/register"
	"postroom/internal/registertest"
)

// A benchLoad is what BenchmarkTheWholeWay is to be run with, as POSTROOM_BENCH
// says it in words with commas between:
//
//	mails=N        how many wait in the mailbox; 1,000
//	small          mails of 4 KB, not of 150 on average
//	connections=N  to the mail server at once, of each process; 16
//	processes=N    of postroom serve at once; more than one want postgres and redis
//	held=N         how many answered messages the register holds before; 0
//	postgres       the register is on PostgreSQL
//	redis          the queue is in Redis
type benchLoad struct {
	mails, connections, processes, held int
	small, postgres, redis              bool
}

func benchLoadOf(b *testing.B, words string) benchLoad {
	b.Helper()
	l := benchLoad{mails: 1000, connections: 16, processes: 1}
	numbers := map[string]*int{"mails": &l.mails, "connections": &l.connections, "processes": &l.processes, "held": &l.held}
	switches := map[string]*bool{"small": &l.small, "postgres": &l.postgres, "redis": &l.redis}
	for word := range strings.FieldsFuncSeq(words, func(r rune) bool { return r == ',' || r == ' ' }) {
		name, value, _ := strings.Cut(word, "=")
		n, err := strconv.Atoi(value)
		switch {
		case numbers[name] != nil && err == nil:
			*numbers[name] = n
		case switches[name] != nil && value == "":
			*switches[name] = true
		default:
			b.Fatalf("POSTROOM_BENCH: %q is none of mails=N, connections=N, processes=N, held=N, small, postgres, redis", word)
		}
	}
	if l.processes > 1 && (!l.postgres || !l.redis) {
		b.Fatal("POSTROOM_BENCH: several processes want postgres and redis")
	}
	return l
}

func (l benchLoad) plan() townPlan {
	p := townPlan{dovecot: true, connections: l.connections, rules: true, postgres: l.postgres}
	if l.redis {
		p.redis = os.Getenv("POSTROOM_TEST_REDIS")
	}
	return p
}

// fill puts the messages into the register that it is to hold before. Filling
// it with a million takes minutes, so POSTROOM_TEST_REGISTER may name a SQLite
// file that another run filled, such as that of BenchmarkPagesAmongMany; it is
// copied.
func (l benchLoad) fill(b *testing.B, c register.Config) {
	b.Helper()
	kept := os.Getenv("POSTROOM_TEST_REGISTER")
	switch {
	case l.held == 0:
	case kept == "" || l.postgres:
		registertest.Many(b, c, l.held)
	default:
		out, err := exec.CommandContext(b.Context(), "cp", "--reflink=auto", kept, c.DSN).CombinedOutput()
		if err != nil {
			b.Fatalf("%v %s", err, out)
		}
	}
}

// consumed is what processes took of the machine.
type consumed struct {
	user, system time.Duration
	memory       float64 // MB, the most that one of them had
}

func (c *consumed) add(more consumed) {
	c.user += more.user
	c.system += more.system
	c.memory = max(c.memory, more.memory)
}

func (c *consumed) report(b *testing.B, of string, mails int) {
	b.Helper()
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 / float64(mails) }
	b.ReportMetric(each(c.user+c.system), of+"cpu-ms/msg")
	b.ReportMetric(each(c.user), of+"user-ms/msg")
	b.ReportMetric(each(c.system), of+"sys-ms/msg")
	b.ReportMetric(c.memory, of+"rss-MB")
}

// finish stops a process and says what it took. What the system says of a
// child's memory at its end counts the parent's before it began, so it is asked
// before.
func (p *process) finish(b *testing.B) consumed {
	b.Helper()
	most := p.memory(b) / 1024
	p.stop(b)
	usage := p.cmd.ProcessState.SysUsage().(*syscall.Rusage) //nolint:forcetypeassert // on unix it is one
	return consumed{user: time.Duration(usage.Utime.Nano()), system: time.Duration(usage.Stime.Nano()), memory: float64(most)}
}

// mostMemories is how many MB each process has taken at most until now.
func mostMemories(b *testing.B, processes []*process) (megabytes []int) {
	b.Helper()
	for _, p := range processes {
		megabytes = append(megabytes, p.memory(b)/1024)
	}
	return megabytes
}
