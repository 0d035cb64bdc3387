// Package sampledata holds small synthetic exports of sales, as a CRM, a till or a web shop writes them, with one of
// every kind of record that cannot be used, and a generator of large ones. Nobody in them exists: addresses end in
// example.com, example.org or example.net, and telephone numbers come from ranges that are reserved for fiction.
package sampledata

import (
	"embed"
	"fmt"
	"time"
)

//go:embed *.csv *.json *.jsonl
var exports embed.FS

//go:embed capibara.yaml
var config []byte

// zoneName is the time zone of the sample configuration; what day it is decides where the dates of the files go.
const zoneName = "Europe/Amsterdam"

// Anchor is the day, in Amsterdam, on which the files in this folder are up to date: the conversions in them lie one to
// five days before it. [Files] moves them along with the calendar.
func Anchor() time.Time { return time.Date(2026, time.November, 20, 0, 0, 0, 0, time.UTC) }

// File is one export.
type File struct {
	Name string // base name; one of the sources of [Config] reads it
	Data []byte
}

// sample is a file of this folder, and how it writes its dates.
type sample struct {
	name  string
	dates dateForm
}

// samples lists the exports in the order in which a day would bring them.
func samples() []sample {
	return []sample{
		{"salesforce-deals.csv", dayFirstSlash},
		{"hubspot-deals.csv", yearFirst},
		{"hubspot-deals-api.json", yearFirst},
		{"store-purchases.json", yearFirst},
		{"webshop-nl.csv", dayFirstDash},
		{"meta-offline.csv", yearFirst},
		{"bad-records-to-mend.csv", yearFirst},
		{"bad-records-to-skip.csv", yearFirst},
		{"bad-records-till-lines.jsonl", yearFirst},
		{"refused-salesforce-without-ids.csv", dayFirstSlash},
		{"salesforce-deals-next-day.csv", dayFirstSlash},
	}
}

// Files returns the exports with every date in them moved by the same number of whole days, so that the conversions lie
// in the five days before now. Times of day, dates of birth and dates that are wrong on purpose stay as they are. The
// order is one in which a day would bring them: salesforce-deals-next-day.csv repeats deals of salesforce-deals.csv and
// comes last.
func Files(now time.Time) ([]File, error) {
	zone, err := time.LoadLocation(zoneName)
	if err != nil {
		return nil, fmt.Errorf("load the time zone of the sample files: %w", err)
	}
	days := daysBetween(Anchor(), now.In(zone))
	var files []File
	for _, s := range samples() {
		data, err := exports.ReadFile(s.name)
		if err != nil {
			return nil, fmt.Errorf("read the sample file %s: %w", s.name, err)
		}
		files = append(files, File{Name: s.name, Data: moveDates(data, s.dates, days)})
	}
	return files, nil
}

// Config returns the capibara.yaml that reads the exports and what [Generate] writes. It leaves graph and upload out, so
// that a rehearsal can append them.
func Config() []byte { return append([]byte(nil), config...) }
