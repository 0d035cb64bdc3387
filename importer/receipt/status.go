package receipt

import (
	"io"
	"time"
)

// Status is what the page says that tells how everything stands.
type Status struct {
	Written    time.Time // when the page was written, in the zone that the reader lives in
	Zone       string    // name of that zone
	Refresh    time.Duration
	Stale      time.Duration // after this time nobody writes the page any more
	Stopped    bool          // the program was stopped at Written
	OK         bool          // nobody has to do anything
	Summary    string        // one or more sentences
	Scheduled  bool          // uploads are planned
	NextUpload time.Time     // zero when none is planned
	LastUpload time.Time     // zero before the first
	LastSaid   string        // what came of it, a sentence or two; "" when nobody knows
	SendsTo    string        // whom what is sent goes to, in a few words; "" when nobody knows
	States     []State       // of events
	Waiting    []string      // files that stay in the inbox, each a sentence
	Unlisted   int           // files that stay there and are not in Waiting
	Files      []File        // the last ones, the newest first
}

// State is how many events are in a state.
type State struct {
	Name, Means string
	Count       uint64
}

// File is a file that was imported lately.
type File struct {
	Number  uint64
	Name    string
	Taken   time.Time
	Counts  Counts
	Refused bool
	Busy    bool   // its import is under way
	Receipt string // name of its receipt, in the folder of the page; "" when there is none
}

// WriteStatus writes the page.
func WriteStatus(w io.Writer, s Status) error { return write(w, "status.html", newStatusPage(s)) }

type statusPage struct {
	Status
	Tone     tone
	Headline string
	Minutes  int // of Stale
	Seconds  int // of Refresh
}

func newStatusPage(s Status) statusPage {
	p := statusPage{Status: s, Tone: toneGood, Headline: "Everything is all right.", Minutes: int(s.Stale.Minutes()), Seconds: int(s.Refresh.Seconds())}
	switch {
	case s.Stopped:
		p.Tone, p.Headline = toneQuiet, "Capibara was stopped on "+when(s.Written, s.Zone)+"."
	case !s.OK:
		p.Tone, p.Headline = toneMend, "Somebody has to do something."
	}
	return p
}

// Tone is how a file's line is marked.
func (f File) Tone() string {
	switch {
	case f.Busy:
		return string(toneQuiet)
	case f.Refused:
		return string(toneRefused)
	case f.Counts.Rejected > 0 || f.Counts.Expired > 0:
		return string(toneMend)
	}
	return string(toneGood)
}

// Outcome says in a few words what became of a file.
func (f File) Outcome() string {
	c := f.Counts
	switch {
	case f.Busy:
		return "under way, " + counted(c.Records, "record", "records") + " so far"
	case f.Refused:
		return "refused"
	case c.Accepted == 0 && c.Rejected == 0 && c.Expired == 0 && c.Duplicate > 0:
		return "known already"
	}
	s := "accepted " + grouped(c.Accepted)
	if c.Rejected > 0 {
		s += ", rejected " + grouped(c.Rejected)
	}
	if c.Expired > 0 {
		s += ", too late " + grouped(c.Expired)
	}
	return s
}
