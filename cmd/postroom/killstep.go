package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// killStep makes the process kill itself when it reaches a named step for the
// nth time, as POSTROOM_KILL_AT=STEP:N says, or freeze until it is told to go
// on, as POSTROOM_FREEZE_AT says: only so can a test do that at each step of a
// message's way. Without the variables it is nil. The signals are SIGKILL, so
// that nothing can be tidied up, and SIGSTOP.
func killStep(stderr io.Writer) func(string) {
	if kill := signalStep(stderr, "POSTROOM_KILL_AT", "killed", syscall.SIGKILL); kill != nil {
		return kill
	}
	return signalStep(stderr, "POSTROOM_FREEZE_AT", "frozen", syscall.SIGSTOP)
}

func signalStep(stderr io.Writer, variable, word string, sig syscall.Signal) func(string) {
	name, count, ok := strings.Cut(os.Getenv(variable), ":")
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
			resumed := make(chan os.Signal, 1)
			signal.Notify(resumed, syscall.SIGCONT)
			fmt.Fprintln(stderr, word, "at step", step)
			_ = syscall.Kill(os.Getpid(), sig)
			<-resumed // the signal is on its way; nothing more may happen here
		}
	}
}
