package ingest

import (
	"context"
	"log/slog"
	"slices"

	"postroom/internal/register"
)

// A filing is how mails are put away once they are registered. It is a
// courtesy to people who look into the mailbox: nothing depends on it.
type filing int

const (
	fileNot   filing = iota // they stay where they are
	fileLater               // they should be moved, and cannot be at present
	fileMark                // the server can only mark them
	fileCopy                // copy, wait, mark as deleted, remove exactly those
	fileMove
)

// filedAtOnce is how many mails one command files.
const filedAtOnce = 500

// howToFile finds the way that cannot lose a mail on this server.
func (v *visit) howToFile(ctx context.Context, f folder) (filing, error) {
	var way filing
	switch {
	case v.mailbox.FiledFolder == "":
		return fileNot, nil
	case v.s.canMove():
		way = fileMove
	case v.s.canExpunge():
		way = fileCopy
	case f.keywords:
		return fileMark, nil
	default:
		return fileNot, nil
	}
	name, err := v.s.filedFolder(ctx, true)
	if sameFolder(name, v.mailbox.Folder) {
		// Under another spelling, or by its role, it is the folder itself: mails
		// moved there would come back as new ones, for ever.
		v.p.log.WarnContext(ctx, "the filed folder is the folder that mail is taken from, mails stay in it")
		return fileNot, nil
	}
	v.mailbox.FiledFolder = name
	if isRefusal(err) {
		v.p.log.WarnContext(ctx, "no filed folder, mails stay in the mailbox", slog.Any("error", err))
		return fileLater, nil
	}
	return way, err
}

// file puts registered mails away and returns the rows that are to be kept for
// them: of those that could not be moved, and of those that had a row. The
// error is the connection's.
func (v *visit) file(ctx context.Context, done []register.UIDNote) (rows []register.UIDNote, err error) {
	for batch := range slices.Chunk(done, filedAtOnce) {
		ok := false
		if err == nil {
			ok, err = v.fileBatch(ctx, batch)
		}
		for _, n := range batch {
			_, hadRow := v.open[n.UID]
			switch {
			case !ok:
				n.Attempts = v.open[n.UID].Attempts + 1
				rows = append(rows, n)
			case hadRow:
				rows = append(rows, register.UIDNote{UID: n.UID, State: register.UIDSettled})
			}
		}
	}
	return rows, err
}

// fileBatch reports false when the mails are still to be filed. Only a broken
// connection is an error.
func (v *visit) fileBatch(ctx context.Context, batch []register.UIDNote) (bool, error) {
	uids := make([]uint32, len(batch))
	for i, n := range batch {
		uids[i] = n.UID
	}
	var err error
	switch v.filing {
	case fileNot:
		return true, nil
	case fileLater:
		return false, nil
	case fileMark:
		err = v.s.flag(ctx, uids, filedKeyword)
	case fileCopy:
		err = v.s.copyAway(ctx, uids, v.mailbox.FiledFolder)
	case fileMove:
		err = v.s.move(ctx, uids, v.mailbox.FiledFolder)
	}
	if err == nil {
		v.intake.step("filed")
		return true, nil
	}
	v.p.log.WarnContext(ctx, "mails could not be filed", slog.Int("mails", len(uids)), slog.Any("error", err))
	if v.s.alive() {
		return v.filing == fileMark, nil // a mark is not worth trying again
	}
	return false, err
}

// refile tries again to file what could not be filed before.
func (v *visit) refile(ctx context.Context) error {
	if v.filing == fileLater {
		return nil
	}
	var todo []register.UIDNote
	for _, uid := range v.openUIDs() {
		if n := v.open[uid]; n.State == register.UIDUnfiled {
			todo = append(todo, n)
		}
	}
	rows, filingErr := v.file(ctx, todo)
	if err := v.advance(ctx, 0, rows); err != nil {
		return err
	}
	return filingErr
}
