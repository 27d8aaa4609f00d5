package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// Four people restore at once, and a fifth when all is done: one of them does
// it, the others are told, and the register is whole.
func TestTwoRestoresByMistake(t *testing.T) {
	t.Parallel()
	c := newCabinet(t)
	for _, from := range []string{"ann@homes.example", "bob@homes.example"} {
		c.complaint("no heating for "+from, from)
	}
	if _, err := loadConfig(c.config, os.LookupEnv); err != nil { // makes the keys
		t.Fatal(err)
	}
	folder := filepath.Join(t.TempDir(), "backup")
	c.postroom(0, "backup", folder)
	for range 5 {
		fresh := newCabinet(t)
		if err := os.RemoveAll(filepath.Join(fresh.folder, "data")); err != nil {
			t.Fatal(err)
		}
		var restores sync.WaitGroup
		var mu sync.Mutex
		done, begin := 0, make(chan struct{})
		for range 4 {
			restores.Go(func() {
				<-begin
				var out, complaints bytes.Buffer
				code := run([]string{"restore", "-config", fresh.config, folder}, &out, &complaints)
				mu.Lock()
				defer mu.Unlock()
				if code == 0 {
					done++
				} else if said := complaints.String(); !strings.Contains(said, "another Postroom process") && !strings.Contains(said, "is there already") {
					t.Errorf("exit code %d: %s", code, said)
				}
			})
		}
		close(begin)
		restores.Wait()
		if done != 1 {
			t.Errorf("%d of 4 restores succeeded", done)
		}
		_, complaint := fresh.postroom(1, "restore", folder)
		fresh.says(complaint, "is there already")
		out, _ := fresh.postroom(0, "verify")
		fresh.says(out, "2 messages", "all agree")
	}
}
