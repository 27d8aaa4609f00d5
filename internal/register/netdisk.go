package register

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNetworkDisk says that a SQLite register is on a network file system.
var ErrNetworkDisk = errors.New("SQLite's locks do not hold there and the register would be damaged; " +
	"put register.path on a disk of this machine, or use a PostgreSQL register, which several machines can share")

// OnNetworkDisk refuses a place for a SQLite register that is on a network
// file system (https://www.sqlite.org/useovernet.html). What is not there yet
// is judged by the folder that it will be made in.
func OnNetworkDisk(file string) error { return onNetworkDisk(file, networkDisk) }

func onNetworkDisk(file string, kind func(string) string) error {
	at, err := filepath.Abs(file)
	if err != nil {
		return err
	}
	for {
		if _, err := os.Stat(at); err == nil || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	if name := kind(at); name != "" {
		return fmt.Errorf("%s is on a network file system (%s): %w", file, name, ErrNetworkDisk)
	}
	return nil
}
