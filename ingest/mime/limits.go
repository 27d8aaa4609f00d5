package mime

import "time"

// Limits bound what one message may cost. A field that is zero takes the
// value of DefaultLimits.
type Limits struct {
	Bytes        int64         // the whole message as it arrived
	Parts        int           // entities of all depths, nested mails' included
	Depth        int           // multiparts and messages inside one another
	HeaderBytes  int64         // one header block, of the mail or of a part
	DecodedBytes int64         // all parts after base64, unpacking and the like
	HTMLNodes    int           // tags and runs of text in one HTML part
	TextBytes    int64         // text taken from one part, and from the whole mail
	Duration     time.Duration // reading one message; needs Options.Now
}

// DefaultLimits are what a mailbox of residents' mail never meets.
func DefaultLimits() Limits {
	return Limits{
		Bytes:        150 << 20,
		Parts:        1000,
		Depth:        30,
		HeaderBytes:  2 << 20,
		DecodedBytes: 300 << 20,
		HTMLNodes:    200_000,
		TextBytes:    2 << 20,
		Duration:     20 * time.Second,
	}
}

// orDefault fills what was left out.
func (l Limits) orDefault() Limits {
	d := DefaultLimits()
	l.Bytes = pick(l.Bytes, d.Bytes)
	l.Parts = pick(l.Parts, d.Parts)
	l.Depth = pick(l.Depth, d.Depth)
	l.HeaderBytes = pick(l.HeaderBytes, d.HeaderBytes)
	l.DecodedBytes = pick(l.DecodedBytes, d.DecodedBytes)
	l.HTMLNodes = pick(l.HTMLNodes, d.HTMLNodes)
	l.TextBytes = pick(l.TextBytes, d.TextBytes)
	l.Duration = pick(l.Duration, d.Duration)
	return l
}

func pick[T int | int64 | time.Duration](given, otherwise T) T {
	if given > 0 {
		return given
	}
	return otherwise
}

// Options say whose mailbox a message came to.
type Options struct {
	// AuthservID is the name that our own mail server signs its
	// Authentication-Results with (RFC 8601, section 2.2). Without it, and
	// without Microsoft365, nobody is authenticated.
	AuthservID string
	// Microsoft365 trusts the topmost Authentication-Results, which in
	// Exchange Online carries no authserv-id.
	Microsoft365 bool
	Limits       Limits
	// Now is asked only for the time limit; nil means no time limit.
	Now func() time.Time
	// OwnMessageID says whether we gave out this Message-ID; nil means never.
	OwnMessageID func(id string) bool
	// OwnAddresses are the landlord's mailboxes that Postroom reads or writes
	// from, in any case.
	OwnAddresses []string
}
