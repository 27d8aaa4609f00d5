package workday

import (
	_ "embed" // the bank holidays that are known at build time
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// builtIn is GOV.UK's list for 2012 to 2028. GOV.UK drops past years from its
// feed over time, so the history is kept here.
//
//go:embed bank-holidays.json
var builtIn []byte

// wholeYear is the fewest bank holidays that a nation has in a year.
const wholeYear = 8

// A feed is GOV.UK's bank-holidays.json: a division for each nation. Fields
// that do not move a deadline, such as bunting, are left unread.
type feed map[Nation]struct {
	Division Nation `json:"division"`
	Events   []struct {
		Title string `json:"title"`
		Date  string `json:"date"`
		Notes string `json:"notes"`
	} `json:"events"`
}

// yearly holds the titles of a nation's bank holidays by year.
type yearly map[int]map[Date]string

func (y yearly) span() (first, last int) {
	years := slices.Sorted(maps.Keys(y))
	return years[0], years[len(years)-1]
}

// readYears lays the lists over each other, the first being the whole history.
func readYears(nation Nation, lists [][]byte) (yearly, error) {
	all := yearly{}
	var problems []error
	for i, list := range lists {
		years, err := readList(nation, list)
		if err == nil {
			err = all.merge(years)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("bank holiday list %d: %w", i, err))
		}
	}
	return all, errors.Join(problems...)
}

// merge puts whole years in the place of known ones and adds single days.
func (y yearly) merge(list yearly) error {
	var problems []error
	for _, year := range slices.Sorted(maps.Keys(list)) {
		days := list[year]
		switch _, after := y[year-1]; {
		case len(days) < wholeYear && y[year] == nil:
			problems = append(problems, fmt.Errorf("%d has only %d days and is not a known year: list the whole year, at least %d days", year, len(days), wholeYear))
		case len(days) >= wholeYear && len(y) > 0 && y[year] == nil && !after:
			problems = append(problems, fmt.Errorf("%d is given but %d is not known: list that year too", year, year-1))
		case len(days) >= wholeYear:
			y[year] = days
		default:
			maps.Copy(y[year], days)
		}
	}
	return errors.Join(problems...)
}

// readList reads one nation's days out of a list, but finds fault with all.
func readList(nation Nation, list []byte) (yearly, error) {
	var f feed
	if err := json.Unmarshal(list, &f); err != nil {
		return nil, fmt.Errorf("not in the shape of GOV.UK's bank-holidays.json: %w", err)
	}
	var problems []error
	years := yearly{}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if _, err := ParseNation(string(name)); err != nil {
			problems = append(problems, err)
			continue
		}
		division := f[name]
		if division.Division != "" && division.Division != name {
			problems = append(problems, fmt.Errorf("%s: division says %q", name, division.Division))
		}
		seen := map[Date]string{}
		for i, event := range division.Events {
			if err := addEvent(seen, event.Title, event.Date, event.Notes); err != nil {
				problems = append(problems, fmt.Errorf("%s: event %d: %w", name, i+1, err))
			}
		}
		if name == nation {
			years = byYear(seen)
		}
	}
	if _, ok := f[nation]; !ok {
		problems = append(problems, fmt.Errorf("there is no division %q", nation))
	}
	return years, errors.Join(problems...)
}

func byYear(days map[Date]string) yearly {
	years := yearly{}
	for d, title := range days {
		if years[d.Year] == nil {
			years[d.Year] = map[Date]string{}
		}
		years[d.Year][d] = title
	}
	return years
}

func addEvent(days map[Date]string, title, date, notes string) error {
	d, err := ParseDate(date)
	if err != nil {
		return err
	}
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		return fmt.Errorf("%s is a %s: list the substitute day, as GOV.UK does", d, w)
	}
	if other, twice := days[d]; twice {
		return fmt.Errorf("%s is listed twice, as %q and %q", d, other, title)
	}
	if title == "" {
		title = "bank holiday"
	}
	if notes == "Substitute day" {
		title += " (substitute day)"
	}
	days[d] = title
	return nil
}
