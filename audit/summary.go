package audit

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
)

// problems are the sentences that make somebody do something.
func (r *Reader) problems(s *Status, seen findings) []string {
	var out []string
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	if s.Ledger != nil {
		say("Nothing is sent: %s. What to do: %s", s.Ledger.Sentence, sentence(s.Ledger.Fix))
	}
	if s.Erased != nil {
		say("People who were erased are not kept out: %s. What to do: %s", s.Erased.Sentence, sentence(s.Erased.Fix))
	}
	for _, d := range s.Datasets {
		switch {
		case d.ID == "":
			say("Dataset %s has no id yet: write it into the configuration under datasets; Events Manager shows it.", d.Alias)
		case d.Circuit.State == store.CircuitOpen.String():
			say("Dataset %s is stopped%s: %s", d.Alias, span(d.Circuit, r.now()), sentence(d.Circuit.Reason))
		case !d.Live && d.Pending > 0:
			say("%s for dataset %s, which is not live yet: run `capibara go-live %s`.", wait(d.Pending), d.Alias, d.Alias)
		}
	}
	out = append(out, s.saidHalts(r.unattended)...)
	for _, id := range slices.Sorted(maps.Keys(s.Unnamed)) {
		say("%s for dataset %s, which the configuration does not name.", wait(s.Unnamed[id]), id)
	}
	if s.Graph.Ended {
		say("%s", s.Graph.Note)
	}
	if seen.damaged {
		say("Part of the database cannot be read: run `capibara check --database`.")
	}
	if s.Unknown > 0 {
		say("The fate of %s is unknown, because no answer came. %s sent again only as before%s%s.", count(s.Unknown, "event", "events"),
			map[bool]string{true: "It is", false: "They are"}[s.Unknown == 1], from(s.NextTry, r.now()), r.how(", which happens by itself", ": run `capibara upload`"))
	}
	if seen.begun > 0 && r.unattended {
		say("An upload ended in the middle of a search for a bad event, and %s for it to go on: run `capibara upload`.", wait(seen.begun))
	}
	if s.Events.Held > 0 {
		say("The fate of %s is unknown: the connection broke after sending and it is too late to ask again, or another ledger may have sent %s. See `capibara history batches --state held`; `capibara resolve` takes a word about them.",
			count(s.Events.Held, "event", "events"), map[bool]string{true: "it", false: "them"}[s.Events.Held == 1])
	}
	if s.Expired7d > 0 {
		atLeast := ""
		if seen.more {
			atLeast = "at least "
		}
		say("In the last 7 days %s%s expired before Meta acknowledged %s, too late now: `capibara history events --state expired` tells which. Import and upload at least once a day.",
			atLeast, count(s.Expired7d, "event", "events"), map[bool]string{true: "it", false: "them"}[s.Expired7d == 1])
		if s.Window7d > 0 {
			say("`window: 62d` at their source would have kept %s, which Meta takes for 62 days.", count(s.Window7d, "sale in a store", "sales in a store"))
		}
	}
	if s.expiringUnsent() {
		say("%s within 24 hours and nothing was uploaded yet: run `capibara upload`.", expire(s.Expiring24h, s.ExpiringSums))
	}
	if r.unattended && r.scheduled && s.Ledger == nil && s.Events.Pending-s.halted()+s.Events.InFlight > 0 {
		say("`capibara run` is not running, so nothing is uploaded on schedule: start it, or run `capibara upload`.")
	}
	return out
}

// expiringUnsent reports whether events expire soon while nothing was ever uploaded, nor will be.
func (s *Status) expiringUnsent() bool {
	return s.Expiring24h > 0 && s.NextUpload == nil && s.LastUpload == nil
}

// how chooses between what a running process with a schedule does by itself and what a person does.
func (r *Reader) how(byItself, byHand string) string {
	if !r.unattended && r.next != nil {
		return byItself
	}
	return byHand
}

// outlook is what a good day has to say, and remarks that need nobody at once.
func (s *Status) outlook(seen findings) []string {
	var out []string
	if s.Rejected7d > 0 {
		out = append(out, count(s.Rejected7d, "event was", "events were")+
			" refused one by one in the last 7 days: `capibara history events --state rejected` says why.")
	}
	if s.Graph.Note != "" && !s.Graph.Ended {
		out = append(out, s.Graph.Note)
	}
	if s.Graph.Warning != "" {
		out = append(out, "Meta says about Graph "+s.Graph.Version+": "+sentence(s.Graph.Warning))
	}
	if seen.more && s.Expired7d == 0 {
		out = append(out, "More events expired lately than are looked at here: `capibara history events --state expired` lists them.")
	}
	switch sending := s.Events.InFlight - min(s.Events.InFlight, s.Unknown); {
	case s.Events.Pending > s.halted() && s.halted() > 0:
		out = append(out, count(s.Events.Pending-s.halted(), "other event waits", "other events wait")+" to be sent.")
	case s.Events.Pending > s.halted():
		out = append(out, wait(s.Events.Pending)+" to be sent.")
	case sending > 0:
		out = append(out, count(sending, "event is", "events are")+" on the way.")
	case s.Unknown > 0, s.Events.Pending > 0:
		out = append(out, "Nothing else waits to be sent.")
	default:
		out = append(out, "Nothing waits to be sent.")
	}
	if s.Expiring24h > 0 && !s.expiringUnsent() {
		out = append(out, expire(s.Expiring24h, s.ExpiringSums)+" within 24 hours.")
	}
	if s.NextUpload != nil {
		out = append(out, "Next upload "+day(s.NextUpload)+".")
	}
	return out
}

// stopReason says why a dataset is stopped: in the words of our own catalogue where it knows the code, since Meta's come
// in the language of the token's owner. Every attempt keeps Meta's words.
func stopReason(c store.Circuit) string {
	entry, known := capi.Explain(c.Code, c.Subcode)
	if c.Code == 0 || !known {
		return c.Reason
	}
	// The same code may mean something else with another type, which is not kept: then the class tells which entry it was.
	for _, e := range capi.Entries() {
		if e.Type != "" && e.Code == c.Code && c.Subcode == 0 && e.Class.String() == c.Class {
			entry = e
		}
	}
	codes := fmt.Sprintf(" (Meta's code %d.)", c.Code)
	if c.Subcode != 0 {
		codes = fmt.Sprintf(" (Meta's code %d, subcode %d.)", c.Code, c.Subcode)
	}
	switch c.Class {
	case capi.ClassCredentials.String(), capi.ClassPermission.String(), capi.ClassConfiguration.String(), capi.ClassPolicy.String():
		return entry.Meaning() + " " + entry.Person + codes
	case capi.ClassThrottle.String():
		return "Meta asks to wait. " + entry.Cause + codes
	case capi.ClassInvalidEvent.String():
		return "Every event of a batch was refused, which looks like a wrong mapping or account, so nothing was rejected. " +
			entry.Cause + " " + entry.Person + codes
	case "unknown_fate":
		return "It is unknown what Meta received last. " + entry.Cause + " Nothing more is sent until the dataset answers a probe." + codes
	}
	return c.Reason
}

// span tells since when a dataset is stopped and when it is tried again.
func span(c CircuitStatus, now time.Time) string {
	var parts []string
	if c.Since != nil {
		parts = append(parts, "since "+day(c.Since))
	}
	if c.Until != nil && c.Until.After(now) {
		parts = append(parts, "tried again from "+day(c.Until)+" on")
	} else {
		parts = append(parts, "the next upload tries again")
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// from is when something may happen, "" when it may happen now.
func from(at *time.Time, now time.Time) string {
	if at == nil || !at.After(now) {
		return ""
	}
	return " from " + day(at) + " on"
}

func day(t *time.Time) string { return t.Format("Mon 2 Jan 15:04") }

func wait(n uint64) string {
	if n == 1 {
		return "1 event waits"
	}
	return fmt.Sprintf("%d events wait", n)
}

func expire(n uint64, sums []store.Sum) string {
	if n == 1 {
		return "1 event" + worth(sums) + " expires"
	}
	return fmt.Sprintf("%d events%s expire", n, worth(sums))
}

func count(n uint64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// sentence ends a text as a sentence ends.
func sentence(s string) string {
	if s == "" || strings.HasSuffix(s, ".") || strings.HasSuffix(s, ".)") {
		return s
	}
	return s + "."
}
