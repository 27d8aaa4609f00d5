package main

import (
	"context"
	"errors"
	"fmt"

	"postroom/internal/archive"
	"postroom/internal/objects"
	"postroom/internal/web"
)

// openArchive opens the archive, wherever its files are. A folder that holds
// files while a bucket is named would hide them: nobody could open old post.
func (p *plan) openArchive() (*archive.Archive, error) {
	if p.bucket == nil {
		return archive.Open(p.archiveDir, p.now())
	}
	holds, err := archive.Holds(p.archiveDir)
	if err != nil {
		return nil, err
	}
	if holds {
		return nil, fmt.Errorf("archive.s3 names a bucket, and the folder %s holds originals that are not looked for any more; copy them into the bucket under the same names, and move the folder away (docs/operating.md, \"Originals in object storage\")", p.archiveDir)
	}
	b, err := objects.Open(*p.bucket)
	if err != nil {
		return nil, err
	}
	a, err := archive.OpenStore(p.archiveDir, b, p.now())
	if err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return a, nil
}

// archiveHolds reports whether there is any file of an archive's, without
// making one.
func (p *plan) archiveHolds(ctx context.Context) (bool, error) {
	if p.bucket == nil {
		return archive.Holds(p.archiveDir)
	}
	b, err := objects.Open(*p.bucket)
	if err != nil {
		return false, err
	}
	holds, err := archive.StoreHolds(ctx, b)
	return holds, errors.Join(err, b.Close())
}

// archiveName says where the files are, and archivePlace which setting does.
func (p *plan) archiveName() string {
	if p.bucket == nil {
		return p.archiveDir
	}
	return p.bucket.Bucket + "/" + p.bucket.Prefix
}

func (p *plan) archivePlace() string {
	if p.bucket == nil {
		return "archive.folder"
	}
	return "archive.s3.prefix"
}

// checkBucket takes a small file there and back.
func (p *plan) checkBucket(ctx context.Context) finding {
	f := finding{name: "object storage"}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	c := *p.bucket
	c.Now = p.now
	b, err := objects.Open(c)
	if err != nil {
		f.err = err
		return f
	}
	versions, err := b.Check(ctx)
	if ahead, ok := b.ClockAhead(); ok {
		f.clock = storageClock(ahead)
	}
	f.found = p.archiveName() + " takes files and gives them back; " + versions
	f.err = errors.Join(err, b.Close())
	return f
}

// storagePart says for the status page how the object storage is, where there
// is one.
func (h *house) storagePart(ctx context.Context) []web.Part {
	if !h.archive.Remote() {
		return nil
	}
	part := web.Part{Name: "Object storage", Now: "answers"}
	if err := h.archive.Probe(ctx); err != nil {
		part.Now = "does not answer"
		part.Trouble, part.Broken = "the operator runs postroom check, which says what is wrong. Post waits in its mailboxes with the day on which it came; files cannot be opened and no reply is written until it is back", true
	}
	return []web.Part{part}
}
