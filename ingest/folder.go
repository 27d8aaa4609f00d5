package ingest

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"strings"
	"time"

	"postroom/internal/register"
)

// A ScanFolder is where the mailroom's scanner puts its files, as a rule a
// share on the network.
type ScanFolder struct {
	Name   string // for the register and the status page
	Path   string
	Poll   time.Duration // between two looks; 0: five seconds
	Stable time.Duration // a file is whole when it has not changed for so long; 0: ten seconds
	Most   int64         // larger files are kept and not read; 0: 200 MB
	// Problem is shown on the status page beside whatever else is wrong, such
	// as that the programs which read letters are missing.
	Problem func() string
}

const (
	mostScan  = 200 << 20 // bytes of a file of scans
	emptyFile = "The file is empty: the scanner wrote nothing into it. Scan the letter again."
	typedFile = "The file is text, not a scan, and was not taken in. Scan the letter as PDF. What a resident told somebody goes under Log a contact, and an email to the mailbox."
)

// The folders within the folder.
const (
	workingFolder    = "working"    // taken, not registered yet
	doneFolder       = "done"       // registered
	duplicatesFolder = "duplicates" // registered before
	failedFolder     = "failed"     // not taken, with the reason beside it
)

// A FolderDoor takes the files of a folder in, for ever. A network share does
// not tell of new files, and scanners write page by page: files are looked
// at again and again, and taken when they have stopped to change.
type FolderDoor struct {
	folder ScanFolder
	intake *Intake
	log    *slog.Logger
	holder string
	seen   map[string]sighting
	left   string // what lies in the folder and is not taken in, in words
}

// A sighting is what a file was like, and since when.
type sighting struct {
	size  int64
	mtime time.Time
	since time.Time
}

const (
	folderBatch = 8 // files that are registered together
	// emptyPatience is how many times as long a file may be empty: scanners make
	// it first, and write when they have done with the last page.
	emptyPatience = 60
)

// NewFolderDoor makes a door, with the defaults filled in.
func NewFolderDoor(f ScanFolder, in *Intake) *FolderDoor {
	if f.Poll == 0 {
		f.Poll = 5 * time.Second
	}
	if f.Stable == 0 {
		f.Stable = 10 * time.Second
	}
	if f.Most == 0 {
		f.Most = mostScan
	}
	if f.Problem == nil {
		f.Problem = func() string { return "" }
	}
	return &FolderDoor{folder: f, intake: in, log: in.Logger.With(slog.String("folder", f.Name)), holder: rand.Text(), seen: map[string]sighting{}}
}

// Run looks into the folder until ctx ends. What goes wrong is logged, shown
// on the status page, and tried again.
func (d *FolderDoor) Run(ctx context.Context) error {
	failing := false
	for {
		waiting, err := d.turn(ctx)
		problem := cmp.Or(d.folder.Problem(), d.left)
		if err != nil && ctx.Err() == nil {
			problem = err.Error()
			if !failing {
				d.log.WarnContext(ctx, "scan folder cannot be taken in", slog.Any("error", unnamed(err)))
			}
		}
		failing = err != nil
		d.note(ctx, register.MailboxStatus{Mailbox: d.folder.Name, PolledAt: d.intake.Now(), Backlog: waiting, Problem: problem})
		if !pause(ctx, d.folder.Poll) {
			return nil
		}
	}
}

func (d *FolderDoor) note(ctx context.Context, s register.MailboxStatus) {
	if err := d.intake.Register.NotePoll(ctx, s); err != nil && ctx.Err() == nil {
		d.log.WarnContext(ctx, "status not kept", slog.Any("error", err))
	}
}

// turn is one look under the lease; another process may have it.
func (d *FolderDoor) turn(ctx context.Context) (waiting int, err error) {
	defer recovered(&err)
	const ttl = 2 * time.Minute
	held, err := d.intake.Register.Lease(ctx, "scans:"+d.folder.Name, d.holder, ttl)
	if err != nil || !held {
		return 0, err
	}
	return d.Look(ctx)
}

// Look takes in what is whole, and says how many files are still growing. It
// may be called again at any time: what a crash left in working is done first.
func (d *FolderDoor) Look(ctx context.Context) (waiting int, err error) {
	root, err := os.OpenRoot(d.folder.Path)
	if err != nil {
		return 0, fmt.Errorf("ingest: open scan folder: %w", err)
	}
	defer root.Close() //nolint:errcheck // only a folder
	for _, name := range []string{workingFolder, doneFolder, duplicatesFolder, failedFolder} {
		if err := root.Mkdir(name, 0o750); err != nil && !errors.Is(err, fs.ErrExist) {
			return 0, fmt.Errorf("ingest: make %s in scan folder: %w", name, err)
		}
	}
	if d.left, err = notTaken(root, d.intake.Now()); err != nil {
		return 0, err
	}
	begun, err := d.files(root, workingFolder)
	if err != nil {
		return 0, err
	}
	if err := d.takeAll(ctx, root, begun, doneFolder); err != nil {
		return 0, err
	}
	whole, waiting, err := d.whole(root)
	if err != nil {
		return waiting, err
	}
	var taken []string
	for _, name := range whole {
		free, err := free(root, workingFolder, name)
		if err == nil {
			err = root.Rename(name, path.Join(workingFolder, free))
		}
		if err != nil {
			d.log.WarnContext(ctx, "a scan cannot be taken yet", slog.Int64("size", d.seen[name].size), slog.Time("file_time", d.seen[name].mtime), slog.Any("error", unnamed(err)))
			waiting++
			continue
		}
		delete(d.seen, name)
		taken = append(taken, free)
	}
	d.step("working")
	return waiting, d.takeAll(ctx, root, taken, duplicatesFolder)
}

// files lists the regular files of a folder. Links, hidden files and what
// other programs leave about are none.
func (d *FolderDoor) files(root *os.Root, folder string) ([]string, error) {
	entries, err := fs.ReadDir(root.FS(), folder)
	if err != nil {
		return nil, fmt.Errorf("ingest: list scan folder: %w", err)
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && !ignored(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// ignored knows files that are none of the mailroom's: hidden ones, those of
// systems, and those that a program is still writing under another name.
func ignored(name string) bool {
	lower := strings.ToLower(name)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "~") || lower == "thumbs.db" || lower == "desktop.ini" {
		return true
	}
	return unfinished(lower)
}

// whole finds the files that have not changed for so long, and can be opened.
func (d *FolderDoor) whole(root *os.Root) (whole []string, waiting int, err error) {
	names, err := d.files(root, ".")
	if err != nil {
		return nil, 0, err
	}
	now, there := d.intake.Now(), map[string]bool{}
	for _, name := range names {
		there[name] = true
		info, err := root.Lstat(name)
		if err != nil {
			continue // gone, or renamed: it is seen under its new name
		}
		before, known := d.seen[name]
		if !known || before.size != info.Size() || !before.mtime.Equal(info.ModTime()) {
			d.seen[name] = sighting{info.Size(), info.ModTime(), now}
			waiting++
			continue
		}
		stable := d.folder.Stable
		if info.Size() == 0 {
			stable *= emptyPatience
		}
		f, err := root.Open(name)
		if err != nil || now.Sub(before.since) < stable {
			waiting++
		} else {
			whole = append(whole, name)
		}
		if err == nil {
			_ = f.Close()
		}
	}
	for name := range d.seen {
		if !there[name] {
			delete(d.seen, name)
		}
	}
	return whole, waiting, nil
}

// takeAll registers files that are in working and moves them on. again is
// where those go that were registered before.
func (d *FolderDoor) takeAll(ctx context.Context, root *os.Root, names []string, again string) error {
	for len(names) > 0 {
		n := min(folderBatch, len(names))
		if err := d.take(ctx, root, names[:n], again); err != nil {
			return err
		}
		names = names[n:]
	}
	return nil
}

func (d *FolderDoor) take(ctx context.Context, root *os.Root, names []string, again string) error {
	var posts []Post
	var files []copied
	var unreadable error // no reason to let the others wait
	for _, name := range names {
		post, mtime, err := d.post(ctx, root, name)
		switch {
		case errors.Is(err, errEmptyFile):
			d.log.WarnContext(ctx, "a scan is empty and was put into failed")
			d.move(ctx, root, name, failedFolder, emptyFile)
		case err != nil:
			unreadable = errors.Join(unreadable, fmt.Errorf("ingest: read scan: %w", err))
		default:
			posts, files = append(posts, post), append(files, copied{name, post.Original.Size(), mtime})
		}
	}
	received, err := d.intake.Take(ctx, posts)
	if err != nil {
		return err
	}
	for i, r := range received {
		switch {
		case r.Err != nil:
			d.log.ErrorContext(ctx, "a scan could not be registered; it stays in working and is tried again", slog.Any("error", r.Err))
		case files[i].changed(root):
			d.log.WarnContext(ctx, "a scan went on growing after it was taken; it is taken again when it is whole", slog.String("message_id", r.ID))
			d.move(ctx, root, files[i].name, ".", "")
		case r.New || again == doneFolder:
			d.log.InfoContext(ctx, "scan registered", slog.String("message_id", r.ID), slog.String("case_ref", r.Reference), slog.Bool("new", r.New))
			d.move(ctx, root, files[i].name, doneFolder, "")
		default:
			d.move(ctx, root, files[i].name, again, "The same file was taken in before. Its reference is "+r.Reference+". Nothing more was done with it.")
		}
	}
	return unreadable
}

// A copied file is as it was when it was copied into the archive.
type copied struct {
	name  string
	size  int64
	mtime time.Time
}

// changed says whether a scanner that paused for long goes on writing: what was
// registered is then a part of it.
func (c copied) changed(root *os.Root) bool {
	info, err := root.Lstat(path.Join(workingFolder, c.name))
	return err == nil && (info.Size() != c.size || !info.ModTime().Equal(c.mtime))
}

var errEmptyFile = errors.New("the file is empty")

// post copies a file towards the archive, and says when it was last written to.
func (d *FolderDoor) post(ctx context.Context, root *os.Root, name string) (post Post, mtime time.Time, err error) {
	f, err := root.Open(path.Join(workingFolder, name))
	if err != nil {
		return Post{}, mtime, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return Post{}, mtime, err
	}
	if info.Size() == 0 {
		return Post{}, mtime, errEmptyFile
	}
	w, err := d.intake.Archive.Create(ctx)
	if err != nil {
		return Post{}, mtime, err
	}
	if _, err := io.Copy(w, f); err != nil {
		w.Abort()
		return Post{}, mtime, err
	}
	p := Post{Original: w, Channel: register.Letter, Source: d.folder.Name, ReceivedAt: d.arrived(info.ModTime()), Basis: register.FileTime}
	if w.Size() > d.folder.Most {
		p.Problem = fmt.Sprintf("the file has %d MB, more than the limit of %d MB, and was not read; scan it in smaller parts", w.Size()>>20, d.folder.Most>>20)
	}
	return p, info.ModTime(), nil
}

// arrived is the file's own time, unless the scanner's clock is plainly wrong.
func (d *FolderDoor) arrived(mtime time.Time) time.Time {
	now := d.intake.Now()
	if mtime.After(now) || now.Sub(mtime) > 31*24*time.Hour {
		return now
	}
	return mtime.UTC().Truncate(time.Microsecond)
}

// move puts a file that is done with into its folder, with the reason beside
// it. That it fails does no harm: the file is registered, and is found again.
func (d *FolderDoor) move(ctx context.Context, root *os.Root, name, folder, why string) {
	free, err := free(root, folder, name)
	if err != nil {
		d.log.WarnContext(ctx, "a scan could not be moved on", slog.Any("error", unnamed(err)))
		return
	}
	to := path.Join(folder, free)
	if why != "" {
		if err := root.WriteFile(to+".txt", []byte(why+"\n"), 0o640); err != nil {
			d.log.WarnContext(ctx, "the reason could not be written beside a scan", slog.Any("error", unnamed(err)))
		}
	}
	if err := root.Rename(path.Join(workingFolder, name), to); err != nil {
		d.log.WarnContext(ctx, "a scan could not be moved on", slog.Any("error", unnamed(err)))
	}
	d.step("moved")
}

func (d *FolderDoor) step(name string) {
	if d.intake.Step != nil {
		d.intake.Step(name)
	}
}
