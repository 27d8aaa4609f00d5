package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profiled runs the program, and leaves profiles of its processor time and its
// garbage in the folder that POSTROOM_TEST_PROFILE names:
//
//	POSTROOM_TEST_PROFILE=/tmp/p go test -run '^$' -bench TheWholeWay ./cmd/postroom
//	go tool pprof -top /tmp/p/cpu-PID
//	go tool pprof -top -sample_index=alloc_space /tmp/p/allocs-PID
//
// Without the variable it only runs.
func profiled(program func() int) int {
	folder := os.Getenv("POSTROOM_TEST_PROFILE")
	if folder == "" {
		return program()
	}
	at := func(kind string) string { return filepath.Join(folder, fmt.Sprintf("%s-%d", kind, os.Getpid())) }
	cpu, err := os.Create(at("cpu"))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "no profile:", err)
		return program()
	}
	code := program()
	pprof.StopCPUProfile()
	allocs, err := os.Create(at("allocs"))
	if err == nil {
		err = errors.Join(pprof.Lookup("allocs").WriteTo(allocs, 0), allocs.Close())
	}
	if err = errors.Join(err, cpu.Close()); err != nil {
		fmt.Fprintln(os.Stderr, "no profile:", err)
	}
	return code
}
