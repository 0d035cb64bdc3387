package receipt

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// headline is the one sentence that matters.
func headline(r Receipt) (tone, string) {
	c := r.Counts
	switch {
	case r.Refused != "":
		return toneRefused, "Nothing of this file was taken."
	case c.Rejected == 1 && c.Records == 1:
		return toneMend, "The one record of this file needs to be mended."
	case c.Rejected > 0 && c.Rejected == c.Records:
		return toneMend, "Every one of the " + grouped(c.Records) + " records needs to be mended."
	case c.Rejected > 0:
		return toneMend, fmt.Sprintf("%s of %s to be mended.", grouped(c.Rejected), counted(c.Records, "record", "records")+needs(c.Rejected))
	case c.Expired > 0 && c.Accepted == 0:
		return toneMend, counted(c.Expired, "record", "records") + " came too late to be sent."
	case c.Expired > 0:
		return toneMend, fmt.Sprintf("%s taken, but %s came too late.", were(c.Accepted), counted(c.Expired, "record", "records"))
	case c.Accepted > 0 && r.Halt != "":
		return toneMend, were(c.Accepted) + " taken, and nothing of it is sent before somebody has looked."
	case c.Accepted > 0 && r.Large > 0:
		return toneMend, fmt.Sprintf("%s taken, and %s until somebody has looked.", were(c.Accepted), counted(r.Large, "event waits", "events wait"))
	case c.Accepted > 0:
		return toneGood, "All is well: " + were(c.Accepted) + " taken."
	case c.Conflict > 0:
		return toneQuiet, fmt.Sprintf("Nothing is new in this file, and %s changed since the first time.", counted(c.Conflict, "record has", "records have"))
	case c.Duplicate > 0:
		return toneGood, "All is well: this file was known already, and nothing is sent twice."
	}
	return toneQuiet, "No record of this file is sent, and there is nothing to mend."
}

func needs(n uint64) string {
	if n == 1 {
		return " needs"
	}
	return " need"
}

func were(n uint64) string { return counted(n, "record was", "records were") }

// details are the sentences after the first.
func details(r Receipt) []string {
	c := r.Counts
	var out []string
	if r.Refused != "" {
		out = append(out, r.Refused)
		if r.Hint != "" {
			out = append(out, r.Hint)
		}
	}
	if r.Refused == "" && c.Skipped > 0 && c.Skipped == c.Records && r.Withdrew.Events() == 0 && r.Stands == 0 {
		out = append(out, "Did you expect something to be sent? Then the report is another one than agreed, or its columns are read wrong: show this page to whoever looks after Capibara.")
	}
	if m := r.Mends; m != nil {
		out = append(out, fmt.Sprintf("These are %s of %s, file %d, that came back mended.", counted(c.Records, "record", "records"), shown(m.Name), m.Number))
	}
	if r.Refused == "" && c.Rejected > 0 && c.Rejected < c.Records {
		out = append(out, "Everything else in the file is taken care of.")
	}
	if r.Refused == "" && c.Duplicate > 0 && c.Accepted+c.Rejected > 0 {
		out = append(out, fmt.Sprintf("%s known already and %s not sent again.", were(c.Duplicate), map[bool]string{true: "is", false: "are"}[c.Duplicate == 1]))
	}
	if r.Repeated > 0 {
		out = append(out, counted(r.Repeated, "event of this file was", "events of this file were")+" withdrawn before, and the same record brings none back. Whoever looks after Capibara does that with: capibara requeue")
	}
	if r.Resumed {
		out = append(out, "The import was interrupted and went on by itself. All counts and sums are of the whole file; some remarks may be missing.")
	}
	return out
}

// steps are how to mend what is rejected.
func steps(r Receipt) []string {
	f := r.Rejects
	if f.File == "" || r.Refused != "" {
		return nil
	}
	var out []string
	switch {
	case f.Workbook != "":
		out = append(out,
			"Open "+shown(f.Workbook)+" in your spreadsheet. It has these records alone, each with what is wrong and what to do in the columns on the right.",
			"Mend the cells, leave the columns that begin with capibara_ as they are, and save it.")
	case strings.HasSuffix(f.File, ".jsonl"):
		out = append(out,
			"Open "+shown(f.File)+" in a text editor. It has these records alone, one a line, each with what is wrong and what to do.",
			"Mend the values, leave the members that begin with capibara_ as they are, and save it.")
	default:
		out = append(out,
			"Open "+shown(f.File)+" in a text editor, because a spreadsheet changes telephone numbers and ids in it. It has these records alone, each with what is wrong and what to do.",
			"Mend the cells, leave the columns that begin with capibara_ as they are, and save it.")
	}
	return append(out, "Drop it where you dropped this file. A corrected whole file is welcome too: what was taken already is not sent twice.")
}

// next is what happens next, and when.
func next(r Receipt) []string {
	o := r.Outlook
	switch {
	case r.Refused != "":
		return []string{"Nothing of this file is sent. Once it is mended, drop it in again."}
	case r.Events == 0:
		return []string{"Nothing of this file waits to be sent."}
	}
	out, events := halted(r)
	if events == 0 {
		return out
	}
	waits := counted(events, "event waits", "events wait")
	switch {
	case o.NotLive:
		return append(out, waits+" for go-live: nothing is sent to Meta before a person has allowed it once.",
			"Whoever looks after Capibara does that with: capibara go-live "+shown(o.Dataset))
	case o.Next.IsZero():
		return append(out, waits+", and no upload is planned.", "Whoever looks after Capibara starts one with: capibara upload")
	case o.Stopped:
		return append(out, waits+". Sending to Meta is stopped at the moment, and is tried again at the next upload: "+when(o.Next, o.Zone)+".")
	}
	return append(out, waits+" for the next upload: "+when(o.Next, o.Zone)+".")
}

// halted says of the events that wait for a person why they do and what that person does, and how many wait for nobody.
func halted(r Receipt) (out []string, others uint64) {
	n := min(r.Large, r.Events)
	if r.Halt != "" {
		n = r.Events
	}
	if n == 0 {
		return nil, r.Events
	}
	waits := counted(n, "event waits until somebody allows it", "events wait until somebody allows them")
	if r.Halt != "" {
		out = append(out, waits+". "+r.Halt)
	} else {
		out = append(out, waits+", because "+map[bool]string{true: "it is", false: "each of them is"}[n == 1]+" worth more than the source lets through by itself.")
	}
	them := map[bool]string{true: "it", false: "them"}[n == 1]
	return append(out, fmt.Sprintf("Whoever looks after Capibara lets %s go with: capibara allow --file %d", them, r.Mark.File),
		fmt.Sprintf("If the file is wrong, no event of it that waits is sent after: capibara withdraw --file %d", r.Mark.File)), r.Events - n
}

// when is an instant as people say it.
func when(t time.Time, zone string) string {
	s := t.Format("Monday 2 January 2006, 15:04")
	if zone != "" {
		s += " (" + zone + ")"
	}
	return s
}

// shown is a name as it may be shown: control characters, marks that turn the direction of writing, and bytes that are no
// UTF-8 are escaped.
func shown(name string) string {
	if quoted := strconv.Quote(name); quoted != `"`+name+`"` {
		return quoted
	}
	return name
}

// text is a sentence without what must not reach a page: control characters, and marks that turn the direction of writing.
func text(sentence string) string {
	return strings.Map(func(r rune) rune {
		if string(r) != thin && !unicode.IsPrint(r) {
			return utf8.RuneError
		}
		return r
	}, sentence)
}

// counted is "1 event" or "12 events".
func counted(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + many
}

// thin sets groups of digits apart in a way that no country takes for a decimal mark.
const thin = "\u202f"

// grouped is a number with its thousands set apart.
func grouped(n uint64) string { return groupDigits(strconv.FormatUint(n, 10)) }

// money is a plain decimal with its thousands set apart.
func money(amount string) string {
	sign := ""
	if rest, ok := strings.CutPrefix(amount, "-"); ok {
		sign, amount = "−", rest
	}
	whole, frac, dot := strings.Cut(amount, ".")
	if whole = groupDigits(whole); dot {
		whole += "." + frac
	}
	return sign + whole
}

func groupDigits(text string) string {
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + thin + text[i:]
	}
	return text
}
