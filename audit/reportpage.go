package audit

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"
	"time"
)

//go:embed pages
var pageFiles embed.FS

var pages = template.Must(template.New("").Funcs(template.FuncMap{
	"grouped": ShownNumber, "text": ShownText, "worth": ShownWorth, "states": namedStates,
	"words": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
}).ParseFS(pageFiles, "pages/*"))

// WritePage writes the report as one page that needs neither network nor script, for a browser, a phone and paper. It holds
// counts, sums and names of files, and no customer's data.
func (p Report) WritePage(w io.Writer) error {
	var out bytes.Buffer
	if err := pages.ExecuteTemplate(&out, "report.html", p); err != nil {
		return fmt.Errorf("make the page of the report: %w", err)
	}
	_, err := out.WriteTo(w)
	return err
}

// Title says what the report is about, such as "1 November 2026 to 30 November 2026".
func (p Report) Title() string {
	const day, minute = "2 January 2006", "2 January 2006, 15:04"
	switch {
	case p.Since == nil && p.Until == nil:
		return "everything"
	case p.Until == nil:
		return "from " + p.Since.Format(minute) + " on"
	case p.Since == nil:
		return "before " + p.Until.Format(minute)
	}
	midnight := func(text string) bool { return strings.HasSuffix(text, "00:00:00") }
	if !midnight(p.Since.Format("15:04:05")) || !midnight(p.Until.Format("15:04:05")) {
		return p.Since.Format(minute) + " to " + p.Until.Format(minute)
	}
	last := p.Until.AddDate(0, 0, -1)
	switch {
	case last.Equal(*p.Since):
		return p.Since.Format(day)
	case p.Since.Day() == 1 && p.Since.AddDate(0, 1, 0).Equal(*p.Until):
		return p.Since.Format("January 2006")
	}
	return p.Since.Format(day) + " to " + last.Format(day)
}

// Means says which time the period means, a sentence.
func (p Report) Means() string {
	if p.By == ByEventTime {
		return "The period means the time of the events (event_time), whichever file brought them and whenever."
	}
	return "The period means the time of import: the files whose import began in it, and all events that they brought, as they stand now."
}

// Verdict says whether everything adds up, a sentence.
func (p Report) Verdict() string {
	switch n := len(p.Problems); {
	case n > 0:
		return "In " + count(uint64(n), "place", "places") + " it does not add up."
	case p.By == ByEventTime:
		return "The states of the events add up."
	case len(p.Files) == 0:
		return "No file was imported in this period."
	}
	return "Everything adds up."
}

// NamedCount is a count with its name.
type NamedCount struct {
	Name  string
	Count uint64
}

// namedStates are the states that accepted events are in, as people read them.
func namedStates(c EventCounts) []NamedCount {
	return []NamedCount{{"pending", c.Pending}, {"in flight", c.InFlight}, {"Meta accepted", c.Acknowledged}, {"rejected", c.Rejected},
		{"expired here", c.Expired}, {"held", c.Held}, {"withdrawn", c.Withdrawn}, {"erased", c.Erased}}
}

// States are the states that the accepted events are in, as people read them.
func (c EventCounts) States() []NamedCount { return namedStates(c) }

// ReportStyle names the style that stands in the page of a report, for a Content-Security-Policy that lets this one through alone.
func ReportStyle() string {
	var out bytes.Buffer
	if err := (Report{MadeAt: &time.Time{}}).WritePage(&out); err != nil {
		return "none"
	}
	_, rest, _ := strings.Cut(out.String(), "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}
