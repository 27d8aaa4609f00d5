// Package records looks after the record as a whole: it proves that register,
// archive and histories agree, makes and restores backups, gives cases
// out whole, and forgets what is to be forgotten. It takes nothing in, decides nothing about a message and
// sends nothing.
package records

import (
	"postroom/internal/archive"
	"postroom/internal/malware"
	"postroom/internal/paper"
	"postroom/internal/register"
)

// A Keeper looks after one register and its archive. It may work while other
// processes use both.
type Keeper struct {
	Register *register.Register
	Archive  *archive.Archive
	Screen   *malware.Screen // nil: every file is given out
	Press    *paper.Press    // prints timelines; nil: a case's file has none
	// Progress is told now and then what is being done and how far it is; nil:
	// nobody.
	Progress func(what string, done int)
}

func (k *Keeper) progress(what string, done int) {
	if k.Progress != nil {
		k.Progress(what, done)
	}
}
