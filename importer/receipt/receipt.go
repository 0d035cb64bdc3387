package receipt

import (
	"io"
	"time"
)

// Receipt is what a page says about one file.
type Receipt struct {
	Mark     Mark
	Name     string    // of the file as it was dropped
	Source   string    // name of the source that it was read with
	Taken    time.Time // when the import began, in the zone that the reader lives in
	Refused  string    // why the whole file was refused, a sentence; "" when it was imported
	Hint     string    // what to do about that, a sentence; may be empty
	Counts   Counts
	Events   uint64    // that wait for the next upload
	Halt     string    // why none of them is sent before somebody allows it, sentences; "" when they are not halted
	Large    uint64    // of Events, those that are halted because each is worth more than the source lets through by itself
	Sums     []Sum     // of the accepted events
	Problems []Problem // of rejected records, most frequent first
	Skipped  []Problem // of skipped records, most frequent first
	Late     *Problem  // of records that came too late; nil when none did
	Remarks  []Problem // of records that were taken, or skipped, with a remark
	Changes  []Change  // the first of the records that differ from what was imported before
	Withdrew Withdrew  // what its records took back
	Standing []Change  // the first of the records whose event is no conversion any more, or not for all of its amount, and is not taken back
	Stands   uint64    // how many of those there are
	Repeated uint64    // events that its records repeat and that were withdrawn before
	Rejects  Rejects   // where what can be mended is
	Mends    *Mended   // which file's records these are; nil when they are a file's own
	Resumed  bool      // the import was interrupted and went on: not every remark is known any more
	Outlook  Outlook   // what happens next
}

// Counts are the records of a file by what became of them. Records is the sum of the others.
type Counts struct {
	Records, Accepted, Duplicate, Conflict, Expired, Skipped, Rejected uint64
}

// Sum is the value of events in one currency.
type Sum struct {
	Currency string // "" for events without an amount
	Events   uint64
	Amount   string // plain decimal; "" without an amount
}

// Problem is what several records have in common.
type Problem struct {
	Sentence string // what is wrong
	Fix      string // what to do about it; may be empty
	Column   string // header at fault; "" when none is, or when it may be somebody's data
	Count    uint64 // of records; of a remark, how often it was made: a record of several events may have it several times
	Line     uint64 // of the first; 0 when it is not known
	Record   uint64 // number of the first, when its line is not known
}

// Change is a record whose event was imported before with another content.
type Change struct {
	Line      uint64
	FirstFile uint64 // where the event came from
	FirstLine uint64
}

// Withdrew are events that were withdrawn before they were sent, because a record says that they are no conversions any more.
type Withdrew struct {
	NoLongerQualified uint64
	Refunded          uint64
	Items             []Change // the first of them
}

// Events is how many there are in all.
func (t Withdrew) Events() uint64 { return t.NoLongerQualified + t.Refunded }

// Rejects says where what can be mended is: paths below the home.
type Rejects struct {
	File     string // "" when nothing is rejected
	Workbook string // "" when there is none
	Without  string // why there is no workbook, a sentence; "" when that needs no word
}

// Mended says which file's rejected records a file brings back.
type Mended struct {
	Number uint64
	Name   string
}

// Outlook is what happens next, as far as anybody can say when the page is written.
type Outlook struct {
	Next    time.Time // of the upload, in the zone of Receipt.Taken; zero when none is planned
	Zone    string    // name of that zone
	NotLive bool      // nobody has allowed sending to the dataset yet
	Dataset string    // its name in the configuration
	Stopped bool      // nothing is sent to the dataset at the moment
}

// Write writes the page.
func Write(w io.Writer, r Receipt) error { return write(w, "receipt.html", newReceiptPage(r)) }

// tone is how a page greets.
type tone string

const (
	toneGood    tone = "good"
	toneMend    tone = "mend"
	toneRefused tone = "refused"
	toneQuiet   tone = "quiet"
)

// receiptPage is what the template shows.
type receiptPage struct {
	Receipt
	Tone     tone
	Headline string
	Details  []string // sentences below the headline
	Totals   []total
	Shown    []Problem // the most frequent of Problems
	Others   int       // how many kinds of problem are not shown
	Unlisted uint64    // changed records that are not listed
	Steps    []string
	Next     []string
}

// total is a line of the totals.
type total struct {
	Name, Means string
	Count       uint64
}

const (
	maxProblems = 10
	maxChanges  = 10
)

func newReceiptPage(r Receipt) receiptPage {
	p := receiptPage{Receipt: r, Totals: totals(r.Counts), Steps: steps(r), Next: next(r)}
	p.Tone, p.Headline = headline(r)
	p.Details = details(r)
	p.Shown = r.Problems[:min(maxProblems, len(r.Problems))]
	p.Others = len(r.Problems) - len(p.Shown)
	p.Changes = r.Changes[:min(maxChanges, len(r.Changes))]
	p.Withdrew.Items = r.Withdrew.Items[:min(maxChanges, len(r.Withdrew.Items))]
	p.Standing = r.Standing[:min(maxChanges, len(r.Standing))]
	p.Unlisted = r.Counts.Conflict - min(r.Counts.Conflict, uint64(len(p.Changes)))
	return p
}

func totals(c Counts) []total {
	var all []total
	for _, t := range []total{
		{"accepted", "New. What came of them is sent to Meta once.", c.Accepted},
		{"duplicate", "Known already, unchanged. Nothing is sent twice.", c.Duplicate},
		{"conflict", "Known already, and changed since. What came first counts.", c.Conflict},
		{"expired", "Too old for Meta when they arrived.", c.Expired},
		{"skipped", "Left out on purpose. There is nothing to mend.", c.Skipped},
		{"rejected", "To be mended, by you or whoever made the file.", c.Rejected},
	} {
		if t.Count > 0 || t.Name == "accepted" || t.Name == "rejected" {
			all = append(all, t)
		}
	}
	return all
}
