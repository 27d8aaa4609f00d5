package mime

import (
	"net/mail"
	"regexp"
	"strings"
	"time"
)

// parseDate gives a Date header as RFC 3339, empty when it cannot be read or
// is absurd.
func parseDate(s string) string {
	t, ok := readDate(s)
	if !ok {
		return ""
	}
	return t.Format(time.RFC3339)
}

// readDate reads RFC 5322 dates and the commonest wrong ones.
func readDate(s string) (time.Time, bool) {
	s = strings.Join(strings.Fields(stripComments(clean(s))), " ")
	if s == "" || len(s) > 200 {
		return time.Time{}, false
	}
	s = withOffset(s)
	t, err := mail.ParseDate(s)
	if err != nil {
		t, err = otherDate(s)
	}
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return time.Time{}, false
	}
	return t, true
}

// namedZone is a zone's name at the end of a date, with or without its offset.
var namedZone = regexp.MustCompile(`^(.*?)( [+-]\d{4})? (BST|CET|CEST|EST|EDT|CST|CDT|MST|MDT|PST|PDT)$`)

// withOffset writes the offset for a zone's name (RFC 5322, section 4.3, and the
// names of our part of the world): Go takes a name that it does not know for UTC,
// so that what came on a summer evening would have come on the next day.
func withOffset(s string) string {
	m := namedZone.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	if m[2] != "" {
		return m[1] + m[2]
	}
	return m[1] + " " + map[string]string{
		"BST": "+0100", "CET": "+0100", "CEST": "+0200", "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
		"MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700",
	}[m[3]]
}

// dateForms are what programs write instead of RFC 5322.
func dateForms() []string {
	return []string{
		"Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", "Mon, 2 Jan 2006 15:04:05", "2 Jan 2006 15:04:05",
		"Mon 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04 -0700", "Mon, 2 Jan 06 15:04:05 -0700",
		"Mon Jan 2 15:04:05 2006", "Mon Jan 2 15:04:05 2006 -0700", "Mon Jan 2 15:04:05 MST 2006", "Mon, Jan 2 2006 15:04:05 -0700",
		"Monday, 2 January 2006 15:04:05 -0700", "Monday, 2 January 2006 15:04:05", "Monday, January 2, 2006 3:04 PM",
		"Mon, 2 January 2006 15:04:05 -0700", "2 January 2006 15:04:05 -0700", "2 Jan 2006 15:04:05 -0700",
		"2 Jan 2006 15.04.05 -0700", "Mon, 2 Jan 2006 15.04.05 -0700", "Mon, 2-Jan-2006 15:04:05 -0700", "2-Jan-2006 15:04:05 -0700",
		time.RFC3339, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02T15:04:05",
	}
}

func otherDate(s string) (time.Time, error) {
	s = strings.TrimSuffix(strings.TrimSuffix(s, " GMT"), " UT")
	s = strings.Replace(s, "GMT+", "+", 1)
	s = strings.Replace(s, "Sept ", "Sep ", 1)
	var err error
	for _, form := range dateForms() {
		var t time.Time
		if t, err = time.Parse(form, s); err == nil {
			return t, nil
		}
	}
	return time.Time{}, err
}

// receivedAt gives the time of our own server's Received header, the topmost
// (RFC 5321, section 4.4: the date stands after the last semicolon). It is in
// UTC; zero when it cannot be read.
func receivedAt(h header) time.Time {
	all := h.all("Received")
	if len(all) == 0 {
		return time.Time{}
	}
	return ReceivedAt(all[0])
}

// ReceivedAt gives the time in the value of a Received header, in UTC; zero when
// it cannot be read.
func ReceivedAt(received string) time.Time {
	i := strings.LastIndexByte(received, ';')
	if i < 0 {
		return time.Time{}
	}
	t, ok := readDate(received[i+1:])
	if !ok {
		return time.Time{}
	}
	return t.UTC()
}
