package scan

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// limited sets the limits and becomes the program. A shell is everywhere, and
// Go cannot set a child's limits by itself.
const limited = `ulimit -c 0; ulimit -v "$1"; ulimit -t "$2"; ulimit -f "$3"; shift 3; exec "$@"`

const (
	stderrLimit = 8 << 10
	fileLimit   = 1 << 30 // bytes of one file that a program may write
	killDelay   = 5 * time.Second
)

// A job is one run of a program.
type job struct {
	program string
	args    []string
	dir     string // private to the file that is read
	stdin   io.Reader
	most    int64 // bytes of output that are kept; 0: one megabyte
}

// A result is what came of it. Exit codes are not believed: poppler ends with
// 0 after a page that it could not draw. Whoever asked judges the output.
type result struct {
	out     []byte
	stderr  string
	cut     bool // there was more output than was asked for
	timeout bool
	err     error
}

// why says in words what went wrong, for an operator.
func (r result) why() string {
	switch {
	case r.timeout:
		return "it took too long"
	case strings.TrimSpace(r.stderr) != "":
		line, _, _ := strings.Cut(strings.TrimSpace(r.stderr), "\n")
		return line
	case r.err != nil:
		return r.err.Error()
	}
	return "it gave nothing"
}

// run starts a program with a deadline, bounded memory, one thread and an
// environment of its own, and takes its whole family away when time is up.
func (r *Reader) run(ctx context.Context, j job) result {
	path := r.program(j.program)
	if path == "" {
		return result{err: fmt.Errorf("%s is not installed", j.program)}
	}
	limit := r.c.Limits.PageTime
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	args := append([]string{
		"-c", limited, "sh", strconv.FormatInt(r.c.Limits.Memory>>10, 10),
		strconv.Itoa(int(limit/time.Second) + 1), strconv.Itoa(fileLimit / 512), path,
	}, j.args...)
	cmd := exec.CommandContext(ctx, "/bin/sh", args...) //nolint:gosec // our own programs; strangers' names never stand among the arguments
	cmd.Dir, cmd.Stdin = j.dir, j.stdin
	cmd.Env = childEnvironment(j.dir)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = killDelay
	if j.most == 0 {
		j.most = 1 << 20
	}
	out, stderr := &bounded{most: j.most}, &bounded{most: stderrLimit}
	cmd.Stdout, cmd.Stderr = out, stderr
	err := cmd.Run()
	if end := cmd.ProcessState; end != nil {
		r.ran.Add(1)
		r.spent.Add(int64(end.UserTime() + end.SystemTime()))
	}
	return result{
		out: out.kept, stderr: strings.ToValidUTF8(string(stderr.kept), "?"), cut: out.cut, err: err,
		timeout: errors.Is(ctx.Err(), context.DeadlineExceeded),
	}
}

// childEnvironment is all that a child sees. More than one thread makes
// tesseract many times slower (tesseract #3109), and 0 is refused.
func childEnvironment(dir string) []string {
	env := []string{"OMP_THREAD_LIMIT=1", "LC_ALL=C.UTF-8", "HOME=" + dir, "TMPDIR=" + dir, "PATH=/usr/bin:/bin"}
	for _, name := range []string{"TESSDATA_PREFIX", "LD_LIBRARY_PATH"} {
		if v := os.Getenv(name); v != "" {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// A bounded writer keeps the first bytes and lets the rest go by.
type bounded struct {
	kept []byte
	most int64
	cut  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	room := max(0, b.most-int64(len(b.kept)))
	if int64(len(p)) > room {
		b.cut = true
		b.kept = append(b.kept, p[:room]...)
		return len(p), nil
	}
	b.kept = append(b.kept, p...)
	return len(p), nil
}

// private makes a folder that only the children of one file see.
func (r *Reader) private() (string, func(), error) {
	dir, err := os.MkdirTemp(r.c.Temp, "postroom-scan-")
	if err != nil {
		return "", nil, fmt.Errorf("scan: make a private folder: %w", err)
	}
	return dir, func() { _ = os.RemoveAll(dir) }, nil
}
