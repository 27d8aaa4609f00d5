package main

import (
	"context"
	"fmt"

	"postroom/internal/register"
)

// beginsAnew reports that there is no register yet, and refuses to make one
// beside the originals of another: a disk that is not mounted, a wrong path or
// an empty database would let everybody be answered again.
func (p *plan) beginsAnew(ctx context.Context) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	there, err := register.There(ctx, p.driver, p.dsn)
	if err != nil || there {
		return false, nil // opening it says what is wrong, and waits as long as it should
	}
	holds, err := p.archiveHolds(ctx)
	if err != nil || !holds {
		return true, err
	}
	ask := "Is the disk mounted, and is register.path right?"
	if p.driver == "postgres" {
		ask = "Does the connection string (register.dsn) name the right database, and has that been restored?"
	}
	return false, fmt.Errorf("there is no register %s, but the archive at %s holds post that one knew. %s If the register is lost, restore it from a backup (postroom restore). To begin anew all the same, name another %s",
		p.registerName(), p.archiveName(), ask, p.archivePlace())
}

// mustBeThere refuses to make a register where a command only looks after one.
func (p *plan) mustBeThere(ctx context.Context) error {
	anew, err := p.beginsAnew(ctx)
	if err == nil && anew {
		err = fmt.Errorf("there is no register %s yet; postroom serve makes it", p.registerName())
	}
	return err
}

// registerName says where the register is, without the secrets of a connection
// string.
func (p *plan) registerName() string {
	if p.driver == "postgres" {
		return "in the database"
	}
	return "at " + p.dsn
}
