package workday

import "time"

// MonthAfter is the last day of a time limit of one calendar month from d: the
// same day of the next month, or that month's last day where it has none; and
// the next working day where that is a day off. So the ICO counts subject
// access requests, from the day of receipt, working or not.
func (c *Calendar) MonthAfter(d Date) Date {
	first := time.Date(d.Year, d.Month+1, 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return c.Next(Date{Year: first.Year(), Month: first.Month(), Day: min(d.Day, last)})
}
