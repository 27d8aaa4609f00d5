package ingest

import (
	"context"
	"fmt"
	"time"

	"github.com/emersion/go-imap/v2"
)

// maxFound bounds one SEARCH: a folder with more mails than this is not a
// mailbox, and a broken range must not eat the memory.
const maxFound = 5_000_000

// findAll lists every UID in the folder, ascending.
func (s *session) findAll(ctx context.Context) ([]uint32, error) {
	return s.find(ctx, &imap.SearchCriteria{})
}

// findAbove lists the UIDs above mark. "n:*" always names the last mail too,
// even when its UID is lower (RFC 9051, section 9, seq-range).
func (s *session) findAbove(ctx context.Context, mark uint32) ([]uint32, error) {
	set := imap.UIDSet{{Start: imap.UID(mark) + 1, Stop: 0}}
	uids, err := s.find(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{set}})
	return above(uids, mark), err
}

// findAmong lists which of uids are still there.
func (s *session) findAmong(ctx context.Context, uids []uint32) (map[uint32]bool, error) {
	found, err := s.find(ctx, &imap.SearchCriteria{UID: []imap.UIDSet{uidSet(uids)}})
	return setOf(found), err
}

// findSince lists the UIDs whose internal date is t's day or later. Servers
// look at the date alone, in whatever zone: be generous with t.
func (s *session) findSince(ctx context.Context, t time.Time) ([]uint32, error) {
	return s.find(ctx, &imap.SearchCriteria{Since: t})
}

func (s *session) find(ctx context.Context, criteria *imap.SearchCriteria) ([]uint32, error) {
	var data *imap.SearchData
	err := s.watch(ctx, "search the folder", s.mailbox.Timeouts.Command, func(*watchdog) (err error) {
		data, err = s.client.UIDSearch(criteria, nil).Wait()
		return err
	})
	if err != nil {
		return nil, err
	}
	set, _ := data.All.(imap.UIDSet)
	return spread(set)
}

// spread lists the numbers of a set, without trusting its ranges.
func spread(set imap.UIDSet) ([]uint32, error) {
	var uids []uint32
	for _, r := range set {
		if r.Start == 0 || r.Stop < r.Start || uint64(r.Stop)-uint64(r.Start)+uint64(len(uids)) >= maxFound {
			return nil, fmt.Errorf("search the folder: the server named a range that cannot be: %d to %d", r.Start, r.Stop)
		}
		for uid := uint64(r.Start); uid <= uint64(r.Stop); uid++ {
			uids = append(uids, uint32(uid)) //nolint:gosec // between two uint32
		}
	}
	return uids, nil
}

func uidSet(uids []uint32) imap.UIDSet {
	var set imap.UIDSet
	for _, uid := range uids {
		set.AddNum(imap.UID(uid))
	}
	return set
}

func setOf(uids []uint32) map[uint32]bool {
	set := make(map[uint32]bool, len(uids))
	for _, uid := range uids {
		set[uid] = true
	}
	return set
}

// above keeps what is greater than mark, of an ascending list.
func above(uids []uint32, mark uint32) []uint32 {
	for i, uid := range uids {
		if uid > mark {
			return uids[i:]
		}
	}
	return nil
}
