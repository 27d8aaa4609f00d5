package ingest

import (
	"slices"
	"time"

	"postroom/internal/register"
)

// memory is what a poller knows of its folder beyond one connection, and
// forgets with the process: everything in it can be found out again.
type memory struct {
	uidValidity uint32
	limit       map[uint32]int       // no larger batch may hold this UID: it is near a poison mail
	tried       map[uint32]time.Time // when an open UID was last asked for
	huge        map[uint32]int64     // announced larger than listed
	present     []uint32             // UIDs of the last full look, ascending
	since       map[uint32]bool      // UIDs dealt with since
	looked      bool                 // a full look was had
	firstTop    uint32               // the highest UID of the first full look
	deadEnds    int                  // mails in a row that failed even alone
	lastNew     time.Time            // when new mail was last seen
	silent      bool                 // nothing new for too long, and said so
}

func newMemory(now time.Time) memory {
	m := memory{lastNew: now}
	m.forget(0)
	return m
}

// forget starts anew: UIDs mean other mails under another UIDVALIDITY.
func (m *memory) forget(uidValidity uint32) {
	*m = memory{
		uidValidity: uidValidity, lastNew: m.lastNew, silent: m.silent,
		limit: map[uint32]int{}, tried: map[uint32]time.Time{}, huge: map[uint32]int64{}, since: map[uint32]bool{},
	}
}

// room says how many of uids, from the first on, may go into one command.
func (m *memory) room(uids []uint32, most int) int {
	for i, uid := range uids {
		if limit, ok := m.limit[uid]; ok {
			most = min(most, limit)
		}
		if i >= most {
			return max(i, 1)
		}
	}
	return min(len(uids), max(most, 1))
}

// halve makes the next batches with these UIDs half as large.
func (m *memory) halve(uids []uint32) {
	for _, uid := range uids {
		m.limit[uid] = (len(uids) + 1) / 2
	}
}

// cleared forgets doubts about UIDs that are dealt with.
func (m *memory) cleared(uids ...uint32) {
	for _, uid := range uids {
		delete(m.limit, uid)
		delete(m.huge, uid)
		m.since[uid] = true
	}
}

// meet notes which mails were here before this process.
func (m *memory) meet(all []uint32) {
	if !m.looked && len(all) > 0 {
		m.firstTop = all[len(all)-1]
	}
}

// remember keeps the outcome of a full look, once all that was late is dealt
// with.
func (m *memory) remember(all []uint32) {
	m.looked, m.present, m.since = true, all, map[uint32]bool{}
}

// late picks the UIDs at or below the high-water mark that were not there at
// the last full look: some servers show a mail after a later one.
func (m *memory) late(all []uint32, mark uint32, open map[uint32]register.UIDNote) []uint32 {
	var late []uint32
	for _, uid := range all {
		if uid > mark {
			break
		}
		_, isOpen := open[uid]
		_, known := slices.BinarySearch(m.present, uid)
		if !isOpen && !known && !m.since[uid] {
			late = append(late, uid)
		}
	}
	return late
}
