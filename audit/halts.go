package audit

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"capibara/event"
	"capibara/store"
)

// HaltStatus is what waits until somebody allows it.
type HaltStatus struct {
	Kind     string     `json:"kind"` // source, file or events: single events of a file
	Source   string     `json:"source"`
	File     uint64     `json:"file"` // 0 for a source
	FileName string     `json:"file_name"`
	Reason   string     `json:"reason"` // a sentence
	Since    *time.Time `json:"since"`
	Events   uint64     `json:"events"` // pending events that wait for it
	// EndsBeforeFile is the first file of a source that is not concerned, because its mapping was changed; 0 for none.
	EndsBeforeFile uint64 `json:"ends_before_file"`
	Importing      bool   `json:"importing"` // until the file is read to its end, which decides
	Allow          string `json:"allow"`     // the command that lets them go
	Withdraw       string `json:"withdraw"`  // the command that takes them back
}

// halts lists what is halted. What no event waits for any more is left out, unless it concerns the files to come.
func (r *Reader) halts(ctx context.Context) ([]HaltStatus, error) {
	all, err := r.store.Halts(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing what is halted: %w", err)
	}
	halts := []HaltStatus{}
	for _, h := range all {
		if h.Events == 0 && (h.Kind != store.HaltSource || h.Ends != 0) {
			continue
		}
		out := HaltStatus{Kind: "source", Source: h.Source, File: h.File, Reason: sentence(h.Reason), Since: r.instant(h.Since),
			Events: h.Events, EndsBeforeFile: h.Ends, Importing: h.Importing}
		name := "--source " + word(h.Source)
		if h.Kind != store.HaltSource {
			out.Kind = map[store.HaltKind]string{store.HaltFile: "file", store.HaltEvents: "events"}[h.Kind]
			name = fmt.Sprint("--file ", h.File)
			f, err := r.store.File(ctx, h.File)
			if err != nil && !errors.Is(err, store.ErrCorrupt) {
				return nil, fmt.Errorf("reading file %d, which is halted: %w", h.File, err)
			}
			out.Source, out.FileName = f.Source, strings.ToValidUTF8(f.Name, "\uFFFD")
		}
		out.Allow, out.Withdraw = "capibara allow "+name, "capibara withdraw "+name
		halts = append(halts, out)
	}
	return halts, nil
}

// word is a name as a shell takes it.
func word(s string) string {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || strings.ContainsRune(`"'$&|;<>()*?\`+"`", r) }) {
		return strconv.Quote(s)
	}
	return s
}

// maxHaltsSaid is how many halts a summary tells one by one.
const maxHaltsSaid = 5

// saidHalts are the sentences about what is halted, each with its two ways out. A file that is being imported needs nobody,
// unless the process that did it has ended.
func (s *Status) saidHalts(unattended bool) []string {
	var out []string
	halts := slices.Clone(s.Halts)
	if !unattended {
		halts = slices.DeleteFunc(halts, func(h HaltStatus) bool { return h.Importing })
	}
	for i, h := range halts {
		if i == maxHaltsSaid {
			out = append(out, fmt.Sprintf("%d more are halted: `capibara status --output json` lists them.", len(halts)-i))
			break
		}
		if h.Importing {
			out = append(out, fmt.Sprintf("The import of file %d (%s) was cut off, and %s for its end: import it again and it goes on, or `%s` lets them go as they are.",
				h.File, h.FileName, wait(h.Events), h.Allow))
			continue
		}
		what := "Source " + h.Source + " is halted"
		switch h.Kind {
		case "file":
			what = fmt.Sprintf("File %d (%s) is halted", h.File, h.FileName)
		case "events":
			what = fmt.Sprintf("Part of file %d (%s) is halted", h.File, h.FileName)
		}
		till := ""
		if h.EndsBeforeFile != 0 {
			till = fmt.Sprintf(" up to file %d, which has another mapping", h.EndsBeforeFile)
		}
		them := map[bool]string{true: "it", false: "them"}[h.Events == 1]
		back := " back"
		if h.Kind == "source" {
			back += ", so that the file can be imported again once the mapping is mended"
		}
		out = append(out, fmt.Sprintf("%s%s, and %s: %s `%s` lets %s go, `%s` takes %[6]s%[8]s.", what, till, wait(h.Events), h.Reason, h.Allow, them, h.Withdraw, back))
	}
	return out
}

// halted is how many of the pending events are halted, as far as that is certain: one event may wait for a source and for a file,
// and then 0 is returned.
func (s *Status) halted() uint64 {
	var n uint64
	seen := map[string]bool{}
	for _, h := range s.Halts {
		if seen[h.Source] {
			return 0
		}
		seen[h.Source] = true
		n += h.Events
	}
	return min(n, s.Events.Pending)
}

// expiringSums adds up what expires within a day.
func (r *Reader) expiringSums(ctx context.Context, counts store.Counts, now time.Time) ([]store.Sum, error) {
	var pending, due uint64
	for _, d := range counts.Datasets {
		pending, due = pending+d.Events[store.StatePending], due+d.Expiring
	}
	if due == 0 {
		return []store.Sum{}, nil
	}
	return recall(ctx, r, func(l *lately) *remembered[[]store.Sum] { return &l.sums }, pending, due, now, func() ([]store.Sum, error) {
		return r.sumsDue(ctx, counts, now)
	})
}

// sumsDue reads the events that expire within a day.
func (r *Reader) sumsDue(ctx context.Context, counts store.Counts, now time.Time) ([]store.Sum, error) {
	var sums store.Totals
	for _, d := range counts.Datasets {
		if d.Expiring == 0 {
			continue
		}
		t, err := r.store.Expiring(ctx, d.Dataset, time.Time{}, now.Add(24*time.Hour))
		if err == nil {
			err = sums.AddSums(t.Sums)
		}
		if err != nil {
			return nil, fmt.Errorf("adding up what expires: %w", err)
		}
	}
	return sums.Sums(), nil
}

// worth is what events are worth, as part of a sentence; "" when none has an amount.
func worth(sums []store.Sum) string {
	if len(sums) == 0 {
		return ""
	}
	return " worth " + store.Worth(sums)
}

// wider reports whether `window: 62d` would have kept an event that expired.
func wider(e store.EventEntry) bool {
	var decoded event.Event
	short := time.Duration(e.Deadline-e.EventTime)*time.Second < event.MaxAgePhysicalStore-24*time.Hour
	return short && decoded.DecodeBinary(e.Payload) == nil && decoded.ActionSource == event.SourcePhysicalStore
}
