package register

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// UnreadLetters lists up to n letters that are registered and not read,
// oldest first, without those that a reader holds. They are read apart from
// the mail: a stack of scans takes minutes.
func (r *Register) UnreadLetters(ctx context.Context, n int) ([]ID, error) {
	ids, err := r.unread(ctx, `SELECT id FROM message WHERE state = 'arrived' AND channel = 'letter' AND lease_until <= $1 ORDER BY registered_at, id LIMIT $2`, n)
	return ids, wrap("unread letters", err)
}

// KeepReading renews a reader's lease on those of the messages that are not read
// yet.
func (r *Register) KeepReading(ctx context.Context, ids []ID, lease time.Duration) error {
	return wrap("keep reading", r.writes.do(ctx, func(t *tx) error {
		now, err := r.leaseNow(t)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := t.exec(`UPDATE message SET lease_until = $1 WHERE id = $2 AND state = 'arrived'`, micros(now.Add(lease)), id); err != nil {
				return err
			}
		}
		return nil
	}))
}

// A SavedPage is one page of a scan, as its reader wrote it down.
type SavedPage struct {
	Page    int
	Reading string
}

// SavePage keeps a page that was read, and with it that the message does not
// break its reader: attempts are counted anew from here.
func (r *Register) SavePage(ctx context.Context, id ID, original string, p SavedPage) error {
	return wrap("save page", r.writes.do(ctx, func(t *tx) error {
		err := t.exec(`INSERT INTO scan_page (original, page, reading) VALUES ($1, $2, $3) ON CONFLICT (original, page) DO UPDATE SET reading = excluded.reading`,
			original, int64(p.Page), clean(p.Reading))
		if err != nil {
			return err
		}
		return t.exec(`UPDATE message SET attempts = 1 WHERE id = $1 AND state = 'arrived'`, id)
	}))
}

// SavedPages lists the pages of an original that were read before.
func (r *Register) SavedPages(ctx context.Context, original string) ([]SavedPage, error) {
	return list(ctx, r, "saved pages", func(row scanner) (p SavedPage, err error) {
		return p, row.Scan(&p.Page, &p.Reading)
	}, `SELECT page, reading FROM scan_page WHERE original = $1 ORDER BY page`, original)
}

// DropPages forgets the pages of an original whose letters are all read.
func (r *Register) DropPages(ctx context.Context, original string) error {
	return wrap("drop pages", r.writes.do(ctx, func(t *tx) error {
		return t.exec(`DELETE FROM scan_page WHERE original = $1 AND NOT EXISTS (SELECT 1 FROM message WHERE original = $1 AND state = 'arrived')`, original)
	}))
}

// A Part is one letter of a file of many.
type Part struct {
	Number     int       // from 1
	ReceivedAt time.Time // by the sheet before it; zero: the file's
	Pages      []int     // where a person parted the file; empty: as it is read
}

// PartFingerprint is the fingerprint of one letter of a file.
func PartFingerprint(file string, part int) string { return file + "#" + strconv.Itoa(part) }

// PartNumber is a letter's place in its file, by its fingerprint; 0 for a file.
func PartNumber(fingerprint string) int {
	n, err := strconv.Atoi(fingerprint[strings.LastIndexByte(fingerprint, '#')+1:])
	if err != nil || !strings.Contains(fingerprint, "#") {
		return 0
	}
	return n
}

// SplitFile registers each letter of a file as a message of its own, received
// with the file, and closes the file's own row. The letters are leased to the
// caller, who read them. What another reader did is found as it is, and only
// the letters that nobody has opened yet are returned.
func (r *Register) SplitFile(ctx context.Context, id ID, parts []Part, lease time.Duration) ([]Message, error) {
	found, err := result(ctx, r, func(t *tx) ([]Message, error) { return r.splitFile(t, id, parts, lease) })
	return found, wrap("split file", err)
}

func (r *Register) splitFile(t *tx, id ID, parts []Part, lease time.Duration) ([]Message, error) {
	file, err := messageByID(t, id)
	if err != nil {
		return nil, err
	}
	if file.State == Arrived {
		if err := r.closeFile(t, file, parts, "postroom", detail{}); err != nil {
			return nil, err
		}
	}
	now, err := r.leaseNow(t)
	if err != nil {
		return nil, err
	}
	var letters []Message
	for _, p := range parts {
		fingerprint := PartFingerprint(file.Fingerprint, p.Number)
		n, err := t.affected(`UPDATE message SET lease_until = $1, attempts = attempts + 1 WHERE fingerprint = $2 AND state = 'arrived'`, micros(now.Add(lease)), fingerprint)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			continue
		}
		m, err := row(t, scanMessage, `SELECT `+messageColumns+messageTables+`WHERE m.fingerprint = $1`, fingerprint)
		if err != nil {
			return nil, err
		}
		letters = append(letters, m)
	}
	return letters, nil
}

// SplitMail registers each scan that a scanner's mail carries as a letter of its
// own and closes the mail's row, once. Results stand in the order given; scans
// that came before by whatever door are found as they are.
func (r *Register) SplitMail(ctx context.Context, id ID, scans []Arrival) ([]Received, error) {
	got, err := result(ctx, r, func(t *tx) ([]Received, error) {
		m, err := messageByID(t, id)
		if err != nil || m.State != Arrived {
			return nil, err
		}
		got := make([]Received, len(scans))
		for i, a := range scans {
			if got[i], err = r.receive(t, a); err != nil {
				return nil, err
			}
			if !got[i].New {
				continue
			}
			if err := t.exec(`UPDATE message SET part_of = $1 WHERE id = $2`, m.ID, got[i].ID); err != nil {
				return nil, err
			}
		}
		err = t.changed(`UPDATE message SET state = 'split', lease_until = 0, version = version + 1 WHERE id = $1 AND version = $2`, m.ID, m.Version)
		if err != nil {
			return nil, err
		}
		return got, t.note(messageSubject(m.ID), "postroom", "split", detail{"letters": strconv.Itoa(len(got))})
	})
	return got, wrap("split mail", err)
}

// closeFile registers the parts and closes the file.
func (r *Register) closeFile(t *tx, file Message, parts []Part, by string, d detail) error {
	d["letters"] = strconv.Itoa(len(parts))
	for _, p := range parts {
		a := Arrival{
			Fingerprint: PartFingerprint(file.Fingerprint, p.Number), Original: file.Original, Size: file.Size,
			Channel: file.Channel, Source: file.Source, Junk: file.Junk, History: file.History, ReceivedAt: file.ReceivedAt, Basis: file.Basis,
		}
		if !p.ReceivedAt.IsZero() {
			a.ReceivedAt, a.Basis = p.ReceivedAt.UTC().Truncate(time.Microsecond), Stamp
		}
		letter, err := r.receive(t, a)
		if err == nil {
			err = t.exec(`UPDATE message SET part_of = $1 WHERE id = $2`, file.ID, letter.ID)
		}
		if err == nil && len(p.Pages) > 0 {
			err = setHandPages(t, letter.ID, p.Pages)
		}
		if err != nil {
			return err
		}
	}
	err := t.changed(`UPDATE message SET state = 'split', lease_until = 0, version = version + 1 WHERE id = $1 AND version = $2`, file.ID, file.Version)
	if err != nil {
		return err
	}
	if err := handOver(t, file, by); err != nil {
		return err
	}
	return t.note(messageSubject(file.ID), by, "split", d)
}
