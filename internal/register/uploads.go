package register

import (
	"context"
	"errors"
	"time"

	"postroom/internal/workday"
)

// UploadSource is the door of uploaded scans, as messages name it.
const UploadSource = "upload"

// An Upload is a batch of scans that a person of the mailroom uploads, with
// the number of letters that they counted on the table.
type Upload struct {
	ID         ID
	By         string
	At         time.Time
	Counted    int          // letters; 0: nobody counted
	ReceivedOn workday.Date // of all its letters, unless a sheet says otherwise
	Reason     string       // where the day of receipt lies far back
}

// An UploadedFile is one file of an upload.
type UploadedFile struct {
	Place   int    // from 1
	Name    string // as the person's computer calls it
	At      time.Time
	Message ID     // empty: it was refused
	Again   bool   // the same bytes were here before
	Refused string // why it was not taken, in a sentence

	Reference string
	State     MessageState // of the file
	Problem   string       // why a person has to look at it, in a sentence
	Letters   int          // that are registered of it; 0 while it is not read
}

// An UploadStands is how far an upload has come.
type UploadStands struct {
	Upload
	Files   []UploadedFile
	Waiting int // files that are not read yet
	Letters int // registered of those that are; a file that was here before counts none
	Refused int // files that were not taken
	Again   int // files that were here before
	People  int // files that wait for a person to say which letters they hold
}

// Reconciled reports whether everything is read and there are as many letters
// as the mailroom counted.
func (s UploadStands) Reconciled() bool {
	return s.Waiting == 0 && s.People == 0 && s.Refused == 0 && (s.Counted == 0 || s.Counted == s.Letters)
}

// BeginUpload records an upload, before its first file.
func (r *Register) BeginUpload(ctx context.Context, u Upload) (Upload, error) {
	out, err := result(ctx, r, func(t *tx) (Upload, error) {
		if err := byPerson(u.By); err != nil {
			return u, err
		}
		u.ID, u.At, u.By, u.Reason, u.Counted = newID(t.now), t.now, clean(u.By), clean(u.Reason), max(0, u.Counted)
		return u, t.exec(`INSERT INTO upload (id, by_whom, at, counted, received_on, reason) VALUES ($1, $2, $3, $4, $5, $6)`,
			u.ID, u.By, micros(u.At), int64(u.Counted), dateText(u.ReceivedOn), u.Reason)
	})
	return out, wrap("begin upload", err)
}

// CountUpload corrects how many letters the mailroom counted.
func (r *Register) CountUpload(ctx context.Context, id ID, counted int) error {
	return wrap("count upload", r.writes.do(ctx, func(t *tx) error {
		return t.changed(`UPDATE upload SET counted = $1 WHERE id = $2`, int64(max(0, counted)), id)
	}))
}

// NoteUploaded records a file of an upload, with what became of it at the
// door, and who gave it in into the message's history.
func (r *Register) NoteUploaded(ctx context.Context, upload ID, f UploadedFile) (UploadedFile, error) {
	out, err := result(ctx, r, func(t *tx) (UploadedFile, error) {
		u, err := row(t, scanUpload, `SELECT `+uploadColumns+` FROM upload WHERE id = $1`, upload)
		if err != nil {
			return f, err
		}
		if f.At = t.now; f.Again {
			// Taken in by this door and noted by no upload: it was stopped in
			// between, and goes on here.
			err := t.one(`SELECT count(*) FROM message m WHERE m.id = $1 AND (m.source <> $2 OR EXISTS (SELECT 1 FROM upload_file f WHERE f.message_id = m.id))`,
				[]any{f.Message, UploadSource}, &f.Again)
			if err != nil {
				return f, err
			}
		}
		if err := insertUploaded(t, upload, &f); err != nil || f.Message == "" {
			return f, err
		}
		return f, t.note(messageSubject(f.Message), u.By, "uploaded", detail{"upload": upload, "received_on": dateText(u.ReceivedOn), "reason": t.said(f.Message, u.Reason)})
	})
	return out, wrap("note uploaded", err)
}

// insertUploaded gives a file the next place; another process may take one at
// the same moment.
func insertUploaded(t *tx, upload ID, f *UploadedFile) error {
	for range 100 {
		if err := t.one(`SELECT count(*) + 1 FROM upload_file WHERE upload_id = $1`, []any{upload}, &f.Place); err != nil {
			return err
		}
		err := t.changed(`INSERT INTO upload_file (upload_id, place, name, at, message_id, again, refused) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			upload, int64(f.Place), clean(f.Name), micros(f.At), f.Message, bit(f.Again), clean(f.Refused))
		if !errors.Is(err, ErrConflict) {
			return err
		}
	}
	return ErrConflict
}

const uploadColumns = `id, by_whom, at, counted, received_on, reason`

func scanUpload(row scanner) (u Upload, err error) {
	var at int64
	var received string
	if err = row.Scan(&u.ID, &u.By, &at, &u.Counted, &received, &u.Reason); err != nil {
		return u, err
	}
	u.At = instant(at)
	u.ReceivedOn, err = dateOf(received)
	return u, err
}

// GetUpload reads an upload without its files.
func (r *Register) GetUpload(ctx context.Context, id ID) (Upload, error) {
	return get(ctx, r, "get upload", scanUpload, `SELECT `+uploadColumns+` FROM upload WHERE id = $1`, id)
}

// Uploads lists up to n uploads, newest first.
func (r *Register) Uploads(ctx context.Context, n int) ([]Upload, error) {
	return list(ctx, r, "uploads", scanUpload, `SELECT `+uploadColumns+` FROM upload ORDER BY at DESC, id DESC LIMIT $1`, n)
}

// UploadStands says how far an upload has come: what was counted against what
// is registered.
func (r *Register) UploadStands(ctx context.Context, id ID) (UploadStands, error) {
	u, err := r.GetUpload(ctx, id)
	if err != nil {
		return UploadStands{}, err
	}
	s := UploadStands{Upload: u}
	// A letter of a file may have been parted once more, by hand.
	s.Files, err = list(ctx, r, "upload stands", scanUploaded, `SELECT f.place, f.name, f.at, f.message_id, f.again, f.refused,
			COALESCE(m.reference, ''), COALESCE(m.state, ''), COALESCE(m.problem, ''), COALESCE(m.reading, ''),
			(SELECT count(*) FROM message p WHERE p.state <> 'split' AND p.part_of <> ''
				AND (p.part_of = f.message_id OR p.part_of IN (SELECT q.id FROM message q WHERE q.part_of <> '' AND q.part_of = f.message_id)))
		FROM upload_file f LEFT JOIN message m ON m.id = f.message_id WHERE f.upload_id = $1 ORDER BY f.place`, id)
	for i := range s.Files {
		s.add(&s.Files[i])
	}
	return s, err
}

func scanUploaded(row scanner) (f UploadedFile, err error) {
	var at, again int64
	var reading string
	if err = row.Scan(&f.Place, &f.Name, &at, &f.Message, &again, &f.Refused, &f.Reference, &f.State, &f.Problem, &reading, &f.Letters); err != nil {
		return f, err
	}
	f.At, f.Again = instant(at), again == 1
	rd, err := readingOf(reading)
	switch {
	case err != nil || f.Message == "" || f.State == Split || f.State == Arrived:
	case rd != nil && rd.Paper != nil && rd.Paper.Held && f.State == InReview:
	default:
		f.Letters = 1
	}
	return f, err
}

func (s *UploadStands) add(f *UploadedFile) {
	switch {
	case f.Refused != "":
		s.Refused++
	case f.Again:
		s.Again++
	case f.State == Arrived:
		s.Waiting++
	case f.Letters == 0:
		s.People++
	default:
		s.Letters += f.Letters
	}
}
