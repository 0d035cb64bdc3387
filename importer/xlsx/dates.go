package xlsx

import (
	"math"
	"time"
)

// lastDay is 31 December 9999, the last day that a spreadsheet knows.
const lastDay = 2958465

// Date turns the number by which a spreadsheet keeps a time into that time, to the second, on a clock without a zone. Day 1
// is 1 January 1900; day 60 is 29 February 1900, which never was and is refused.
func Date(serial float64) (time.Time, bool) {
	day := math.Floor(serial)
	if !(serial >= 1) || day > lastDay || day == 60 {
		return time.Time{}, false
	}
	if day > 60 {
		day--
	}
	midnight := time.Date(1899, time.December, 31, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(day))
	return midnight.Add(ofDay(serial)), true
}

// ofDay is the time of the day, to the nearest second, so that a whole day is possible.
func ofDay(serial float64) time.Duration {
	return time.Duration(math.Round((serial-math.Floor(serial))*86400)) * time.Second
}

// date writes a number as the date, the time, or both that it stands for. A cell that shows a date alone and holds a time
// as well has both: how it is shown takes nothing away.
func (b *Book) date(serial float64, f format) (string, bool) {
	if serial >= 0 && serial < 1 && !(b.date1904 && f == dateOnly) {
		at := ofDay(serial)
		if at >= 24*time.Hour {
			at -= 24 * time.Hour
		}
		return time.Time{}.Add(at).Format(time.TimeOnly), true
	}
	if b.date1904 {
		serial += 1462
	}
	at, ok := Date(serial)
	if !ok {
		return "", false
	}
	if f == dateOnly && at.Equal(at.Truncate(24*time.Hour)) {
		return at.Format(time.DateOnly), true
	}
	return at.Format(time.DateTime), true
}
