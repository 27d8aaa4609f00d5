package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// killStep makes the process kill itself when it reaches a named step for the
// nth time, as POSTROOM_KILL_AT=STEP:N says: only so can a test kill it at
// each step of a message's way. Without the variable it is nil. The signal is
// SIGKILL, so that nothing can be tidied up.
func killStep(stderr io.Writer) func(string) {
	name, count, ok := strings.Cut(os.Getenv("POSTROOM_KILL_AT"), ":")
	left, err := strconv.Atoi(count)
	if !ok || err != nil || left < 1 {
		return nil
	}
	var mu sync.Mutex
	return func(step string) {
		mu.Lock()
		defer mu.Unlock()
		if step != name {
			return
		}
		if left--; left == 0 {
			fmt.Fprintln(stderr, "killed at step", step)
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way; nothing more may happen
		}
	}
}
