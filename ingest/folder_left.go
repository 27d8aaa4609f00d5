package ingest

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// longUnfinished is after how long a file that a program is still writing, by
// its name, is one that it gave up.
const longUnfinished = time.Hour

// unfinished knows the names under which programs write files.
func unfinished(lower string) bool {
	return slices.ContainsFunc([]string{".part", ".filepart", ".tmp", ".crdownload", ".lock"}, func(end string) bool { return strings.HasSuffix(lower, end) })
}

// notTaken says in words what lies in the scan folder and is never taken in:
// folders that a scanner made for each day or clerk, and files that it never
// finished. Letters may be in them.
func notTaken(root *os.Root, now time.Time) (string, error) {
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return "", fmt.Errorf("ingest: list scan folder: %w", err)
	}
	folders, files := 0, 0
	for _, e := range entries {
		switch {
		case e.IsDir() && !ownFolder(e.Name()):
			folders++
		case e.Type().IsRegular() && unfinished(strings.ToLower(e.Name())):
			if info, err := e.Info(); err == nil && now.Sub(info.ModTime()) > longUnfinished {
				files++
			}
		}
	}
	switch {
	case folders > 0:
		return fmt.Sprintf("scans in folders within the scan folder are not taken in, and there are such folders (%d): let the scanner write into the scan folder itself, move the scans there and remove the folders", folders), nil
	case files > 0:
		return fmt.Sprintf("the scan folder holds files that were begun and never finished (%d), by their names (.part, .tmp): scan the letters again and remove the files", files), nil
	}
	return "", nil
}

// ownFolder knows our own folders, and those that storage and systems keep
// everywhere.
func ownFolder(name string) bool {
	switch name {
	case workingFolder, doneFolder, duplicatesFolder, failedFolder, "lost+found", "System Volume Information":
		return true
	}
	return strings.ContainsAny(name[:1], ".@#$_~")
}
