package ingest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"postroom/ingest/scan"
)

// A BacklogFile is a file with old email in it, or an old scan.
type BacklogFile struct {
	Path     string
	Size     int64
	Modified time.Time
	Mailbox  bool // an mbox with any number of mails; otherwise one mail
	Junk     bool // it lies in a junk folder: never answered by itself
	Scan     bool // a letter, or several
}

// errNoMail is said of a file that was named and holds no mail.
var errNoMail = errors.New("it is neither a mail, nor a mailbox file, nor a scan")

// FindBacklog lists the mails (.eml and what looks like one), mailbox files,
// Maildirs and scans (PDF files and pictures) in paths, folders with all that is in them. other is told of
// files that are no mail, and trouble of what was named or should have been
// readable and is not.
func FindBacklog(paths []string, other func(path string), trouble func(path string, why error)) []BacklogFile {
	f := finder{other: other, trouble: trouble, seen: map[string]bool{}}
	for _, path := range paths {
		f.path(path)
	}
	return f.files
}

type finder struct {
	files   []BacklogFile
	other   func(string)
	trouble func(string, error)
	seen    map[string]bool
}

// path looks at one thing that was named.
func (f *finder) path(path string) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		f.trouble(path, err)
	case !info.IsDir():
		if !f.file(path, false) {
			f.trouble(path, errNoMail)
		}
	default:
		f.folder(path)
	}
}

// folder looks at all that is below a folder. Links to folders are not
// followed: they may lead in a circle.
func (f *finder) folder(root string) {
	if resolved, err := filepath.EvalSymlinks(root); err == nil {
		root = resolved
	}
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			f.trouble(path, err)
		case d.IsDir():
			if d.Name() == "tmp" && isMaildir(filepath.Dir(path)) {
				return fs.SkipDir // mails whose delivery was never finished
			}
		case !f.file(path, isMaildirPart(filepath.Dir(path))):
			f.other(path)
		}
		return nil
	})
}

// isMaildir says whether a folder is a Maildir: cur, new and tmp are in it.
func isMaildir(folder string) bool {
	for _, part := range []string{"cur", "new", "tmp"} {
		if info, err := os.Stat(filepath.Join(folder, part)); err != nil || !info.IsDir() {
			return false
		}
	}
	return true
}

// isMaildirPart says whether each file in a folder is a mail.
func isMaildirPart(folder string) bool {
	name := filepath.Base(folder)
	return name == "cur" || name == "new"
}

// file adds a file and says whether it is one of mail, or was named as such
// and named as trouble.
func (f *finder) file(path string, certain bool) bool {
	info, err := os.Stat(path)
	if err != nil {
		f.trouble(path, err)
		return true
	}
	if !info.Mode().IsRegular() {
		return info.IsDir() // a link to a folder is left out without a word
	}
	key, err := filepath.Abs(path)
	if err == nil && f.seen[key] {
		return true
	}
	scanned := false
	mail, mailbox := certain || hasExtension(path, ".eml"), hasExtension(path, ".mbox", ".mbx")
	if !mail {
		start, err := beginning(path)
		if err != nil {
			f.trouble(path, err)
			return true
		}
		mailbox = mailbox || bytes.HasPrefix(start, []byte("From "))
		format := scan.Sniff(start)
		scanned = !mailbox && format != "" && format != scan.Text
		if !mailbox && !scanned && !startsMail(start) {
			return false
		}
	}
	f.seen[key] = true
	f.files = append(f.files, BacklogFile{Path: path, Size: info.Size(), Modified: info.ModTime(), Mailbox: mailbox && !mail, Junk: inJunk(path, mailbox && !mail), Scan: scanned})
	return true
}

func hasExtension(path string, extensions ...string) bool {
	return slices.Contains(extensions, strings.ToLower(filepath.Ext(path)))
}

func beginning(path string) ([]byte, error) {
	in, err := os.Open(path) //nolint:gosec // the operator names the folder
	if err != nil {
		return nil, err
	}
	defer in.Close() //nolint:errcheck // only read
	return io.ReadAll(io.LimitReader(in, peekLimit))
}

// startsMail says whether a file begins with a mail's header: two fields, one
// of which only a mail has.
func startsMail(start []byte) bool {
	if bytes.IndexByte(start, 0) >= 0 {
		return false
	}
	fields := 0
	for _, name := range []string{"Received", "Return-Path", "Message-ID", "From", "To", "Date", "Subject", "MIME-Version", "Delivered-To"} {
		if headerValue(start, name) != "" {
			fields++
		}
	}
	return fields >= 2 && (headerValue(start, "From") != "" || headerValue(start, "Received") != "")
}

// inJunk says whether a folder on the way is one of junk. A mailbox file is a
// folder itself: Thunderbird's is called Junk, Google's Spam.mbox, and Apple's
// is the file mbox in a folder Junk.mbox.
func inJunk(path string, mailbox bool) bool {
	if !mailbox {
		path = filepath.Dir(path)
	}
	for part := range strings.SplitSeq(filepath.ToSlash(path), "/") {
		for _, extension := range []string{".mbox", ".mbx"} {
			part = strings.TrimSuffix(part, extension)
		}
		if isJunkName(part[strings.LastIndexByte(part, '.')+1:]) {
			return true
		}
	}
	return false
}
