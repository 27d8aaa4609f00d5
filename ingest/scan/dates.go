package scan

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// months by the first letters of their names, in English, Welsh and Polish.
func months() map[string]int {
	return map[string]int{
		"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12,
		"ion": 1, "chw": 2, "maw": 3, "ebr": 4, "mai": 5, "meh": 6, "gor": 7, "aws": 8, "med": 9, "hyd": 10, "tac": 11, "rha": 12,
		"sty": 1, "lut": 2, "kwi": 4, "maj": 5, "cze": 6, "lip": 7, "sie": 8, "wrz": 9, "paź": 10, "paz": 10, "lis": 11, "gru": 12,
	}
}

var (
	dayMonthYear = regexp.MustCompile(`(?i)\b([0-3]?[0-9])\s?(?:st|nd|rd|th|fed|ydd|af|ain)?\s+(?:of\s+|o\s+)?(\pL{3,11})\.?,?\s+(20[0-9]{2}|[0-9]{2})\b`)
	allNumbers   = regexp.MustCompile(`\b([0-3]?[0-9])\s?[-./]\s?([01]?[0-9])\s?[-./]\s?(20[0-9]{2}|[0-9]{2})\b`)
)

// day finds a date in a line, day first as in the United Kingdom, as
// 2006-01-02; empty where there is none, or none without guessing.
func day(line string) string {
	if m := dayMonthYear.FindStringSubmatch(line); m != nil {
		name := []rune(strings.ToLower(m[2]))
		if month := months()[string(name[:3])]; month != 0 {
			return civil(m[3], month, m[1])
		}
	}
	if m := allNumbers.FindStringSubmatch(line); m != nil {
		month, _ := strconv.Atoi(m[2])
		return civil(m[3], month, m[1])
	}
	return ""
}

// civil writes a date that exists.
func civil(year string, month int, dayOf string) string {
	y, _ := strconv.Atoi(year)
	d, _ := strconv.Atoi(dayOf)
	if y < 100 {
		y += 2000
	}
	if month < 1 || month > 12 || d < 1 || d > daysIn(y, month) {
		return ""
	}
	return fmt.Sprintf("%04d-%02d-%02d", y, month, d)
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// stampDay reads the date of a received stamp, as 2006-01-02.
func stampDay(stamp string) string {
	digits := strings.NewReplacer("O", "0", "I", "1", "l", "1")
	f := strings.Fields(stamp)
	for i, w := range f {
		// Only among digits: OCT and NOV have letters of their own.
		if strings.ContainsAny(w, "0123456789") {
			f[i] = digits.Replace(w)
		}
	}
	return day(strings.Join(f, " "))
}
