package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"capibara/event"
	"capibara/store"
)

// reporting is a report in the making.
type reporting struct {
	r       *Reader
	f       store.Filter // the period and the source
	dataset string       // Meta's id; "" for all
	tell    func(done, total uint64)
	out     Report
	all     *counting
	reasons map[string]map[reasonKey]uint64 // by source
	sources map[string]*ReportSource
	done    uint64
	about   uint64 // events there are, about
}

type reasonKey struct {
	fate   store.Fate
	reason event.Reason
}

// reads of a file that changes under the reader's hands, before it is taken as it is.
const reportReads = 3

func newReporting(r *Reader, f store.Filter, tell func(done, total uint64)) *reporting {
	return &reporting{r: r, f: f, tell: tell, all: newCounting(), reasons: map[string]map[reasonKey]uint64{}, sources: map[string]*ReportSource{},
		out: Report{Problems: []ReportProblem{}, Notes: []string{}, Files: []ReportFile{}, Sources: []ReportSource{}}}
}

// files reports the files of the period, and the events that they brought.
func (w *reporting) files(ctx context.Context) error {
	w.out.Records = &store.FileCounts{}
	f := w.f
	f.Limit = MaxPage
	var numbers []uint64
	for {
		page, err := w.r.store.Files(ctx, f)
		if err != nil {
			return fmt.Errorf("reading the files of the period: %w", err)
		}
		for _, one := range page.Items {
			numbers = append(numbers, one.Number)
			w.about += max(one.Events, one.Counts.Accepted)
		}
		if page.Next == "" {
			break
		}
		f.Cursor = page.Next
	}
	slices.Reverse(numbers)
	for _, n := range numbers {
		if err := w.file(ctx, n); err != nil {
			return fmt.Errorf("reading file %d: %w", n, err)
		}
	}
	return nil
}

// file reports one file. One that an import goes on with is read again, because what is read in pages would not agree.
func (w *reporting) file(ctx context.Context, n uint64) error {
	before := w.done
	for try := 1; ; try++ {
		w.done = before
		f, err := w.r.store.File(ctx, n)
		if err != nil {
			return err
		}
		one, err := w.read(ctx, f)
		if err != nil {
			return err
		}
		after, err := w.r.store.File(ctx, n)
		if err != nil {
			return err
		}
		changed := after.Counts != f.Counts || after.Events != f.Events
		if changed && try < reportReads {
			continue
		}
		if changed {
			w.out.Notes = append(w.out.Notes, fmt.Sprintf("File %d is being imported at this moment, so that its figures need not agree yet.", n))
		} else {
			w.compare(f, one)
		}
		return w.take(f, one)
	}
}

// fileReading is what was found of one file.
type fileReading struct {
	fates   store.FileCounts // by its records
	reasons map[reasonKey]uint64
	events  *counting // all that it brought
	kept    *counting // of them those of the dataset that is asked for
	damage  []string
}

func (w *reporting) read(ctx context.Context, f store.File) (*fileReading, error) {
	one := &fileReading{reasons: map[reasonKey]uint64{}, events: newCounting()}
	one.kept = one.events
	if w.dataset != "" {
		one.kept = newCounting()
	}
	err := w.r.store.FateRuns(ctx, f.Number, func(run store.FateRun) bool {
		one.fates.Add(run.Fate, run.Count)
		if run.Reason != "" {
			one.reasons[reasonKey{run.Fate, run.Reason}] += run.Count
		}
		return true
	})
	damage, err := damagedAlone(err)
	if err != nil {
		return nil, err
	}
	if damage != "" {
		one.damage = append(one.damage, damage)
	}
	err = w.walk(ctx, store.Filter{File: f.Number}, func(e *store.EventEntry) error {
		value, currency, action, ok := one.events.value(e)
		one.events.arrived(e, value, currency, ok)
		if e.Damaged {
			one.damage = append(one.damage, fmt.Sprintf("event number %d is damaged", e.Seq))
		}
		if w.dataset != "" && e.Dataset != w.dataset {
			return nil
		}
		one.kept.add(e, f.Source, value, currency, action)
		return w.disagree(ctx, one.kept, e, value, currency)
	})
	if damage, err = damagedAlone(err); damage != "" {
		one.damage = append(one.damage, damage)
	}
	return one, err
}

// walk calls each for the events that a filter finds, page by page.
func (w *reporting) walk(ctx context.Context, f store.Filter, each func(*store.EventEntry) error) error {
	f.Limit = MaxPage
	for {
		page, err := w.r.store.Events(ctx, f)
		if err != nil {
			return err
		}
		for i := range page.Items {
			if err := each(&page.Items[i]); err != nil {
				return err
			}
		}
		w.done += uint64(len(page.Items))
		w.tell(w.done, max(w.done, w.about))
		if page.Next == "" {
			return nil
		}
		f.Cursor = page.Next
	}
}

// disagree counts an event that was sent, or may have been, when a record disagrees with it since.
func (w *reporting) disagree(ctx context.Context, c *counting, e *store.EventEntry, value event.Money, currency string) error {
	sent := e.State == store.StateAcknowledged || e.State == store.StateInFlight || e.PossiblySent
	if e.Conflicts == 0 || !sent {
		return nil
	}
	conflicts, err := w.r.store.Conflicts(ctx, e.Seq)
	if err != nil || len(conflicts) == 0 {
		return err
	}
	return c.disagreed(conflicts, value, currency)
}

// events reports the events whose event_time lies in the period.
func (w *reporting) events(ctx context.Context) error {
	counts, err := w.r.store.Counts(ctx, time.Time{})
	if err != nil {
		return fmt.Errorf("counting the events: %w", err)
	}
	for _, d := range counts.Datasets {
		for _, n := range d.Events {
			w.about += n
		}
	}
	w.out.Notes = append(w.out.Notes, "A record has no event time, so that this counts events alone; a report by import time counts the records of files too.")
	files := map[uint64]*ReportFile{}
	f := w.f
	f.Dataset = w.dataset
	err = w.walk(ctx, f, func(e *store.EventEntry) error {
		value, currency, action, _ := w.all.value(e)
		w.all.add(e, e.Source, value, currency, action)
		in := files[e.File]
		if in == nil {
			in = &ReportFile{File: e.File, Name: e.FileName, Source: e.Source, Reasons: []ReasonCount{}}
			files[e.File] = in
		}
		in.Events.one(e)
		return w.disagree(ctx, w.all, e, value, currency)
	})
	if err != nil {
		return fmt.Errorf("reading the events of the period: %w", err)
	}
	for _, n := range slices.Sorted(maps.Keys(files)) {
		of, err := w.r.store.File(ctx, n)
		if err != nil {
			return fmt.Errorf("reading file %d: %w", n, err)
		}
		in := files[n]
		in.State, in.StartedAt = of.State.String(), w.r.instant(of.StartedAt)
		w.list(*in)
	}
	return nil
}

// take adds a file to the report.
func (w *reporting) take(f store.File, one *fileReading) error {
	counts := f.Counts
	w.list(ReportFile{File: f.Number, Name: strings.ToValidUTF8(f.Name, "\uFFFD"), Source: f.Source, State: f.State.String(),
		StartedAt: w.r.instant(f.StartedAt), Records: &counts, Reasons: reasonCounts(one.reasons), Events: one.kept.total()})
	if w.reasons[f.Source] == nil {
		w.reasons[f.Source] = map[reasonKey]uint64{}
	}
	for k, n := range one.reasons {
		w.reasons[f.Source][k] += n
	}
	return w.all.plus(one.kept)
}

// list adds a file to the list, and to its source.
func (w *reporting) list(f ReportFile) {
	w.out.Files = append(w.out.Files, f)
	s := w.sources[f.Source]
	if s == nil {
		s = &ReportSource{Source: f.Source}
		w.sources[f.Source] = s
	}
	s.Files++
	s.Events.plus(f.Events)
	if f.Records == nil {
		return
	}
	if s.Records == nil {
		s.Records = &store.FileCounts{}
	}
	addCounts(s.Records, *f.Records)
	addCounts(w.out.Records, *f.Records)
}

// addCounts adds them member by member, so that records that do not add up stay visible in the sum.
func addCounts(to *store.FileCounts, c store.FileCounts) {
	to.Records, to.Accepted, to.Duplicate = to.Records+c.Records, to.Accepted+c.Accepted, to.Duplicate+c.Duplicate
	to.Conflict, to.Expired, to.Skipped, to.Rejected = to.Conflict+c.Conflict, to.Expired+c.Expired, to.Skipped+c.Skipped, to.Rejected+c.Rejected
}

func reasonCounts(by map[reasonKey]uint64) []ReasonCount {
	out := []ReasonCount{}
	for k, n := range by {
		out = append(out, ReasonCount{Fate: k.fate.String(), Reason: string(k.reason), Sentence: k.reason.Sentence(), Records: n})
	}
	slices.SortFunc(out, func(a, b ReasonCount) int {
		return cmp.Or(cmp.Compare(a.Fate, b.Fate), cmp.Compare(b.Records, a.Records), cmp.Compare(a.Reason, b.Reason))
	})
	return out
}

// report ends the report.
func (w *reporting) report(ctx context.Context, now time.Time) (Report, error) {
	out := &w.out
	out.Since, out.Until, out.MadeAt = w.r.instant(w.f.Since), w.r.instant(w.f.Until), w.r.instant(now)
	out.Zone, out.Source, out.Dataset = w.r.zone.String(), w.f.Source, w.dataset
	if w.dataset != "" && out.By == ByImportTime {
		out.Notes = append(out.Notes, "Records are those of whole files; events are those of dataset "+w.dataset+" alone.")
	}
	for _, name := range slices.Sorted(maps.Keys(w.sources)) {
		s := w.sources[name]
		s.Reasons = reasonCounts(w.reasons[name])
		out.Sources = append(out.Sources, *s)
	}
	out.Events = w.all.total()
	counts, err := w.r.store.Counts(ctx, time.Time{})
	if err != nil {
		return *out, fmt.Errorf("finding out what was removed: %w", err)
	}
	if note := w.r.removedNote(counts.Removed, w.f.Since); note != "" {
		out.Notes = append(out.Notes, note)
	}
	out.Groups, out.Worth, out.Changed, err = w.all.shaped()
	out.OK = len(out.Problems) == 0
	return *out, err
}

// compare finds where the figures of a file do not agree.
func (w *reporting) compare(f store.File, one *fileReading) {
	say := func(what, counted, found, sentence string) {
		w.out.Problems = append(w.out.Problems, ReportProblem{File: f.Number, Name: strings.ToValidUTF8(f.Name, "\uFFFD"), What: what, Counted: counted, Found: found,
			Sentence: fmt.Sprintf("file %d: %s", f.Number, sentence)})
	}
	for _, d := range one.damage {
		say("damaged", "", "", d)
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	c := f.Counts
	if sum := c.Accepted + c.Duplicate + c.Conflict + c.Expired + c.Skipped + c.Rejected; sum != c.Records {
		say("records", number(c.Records), number(sum), fmt.Sprintf("%d records were read, and the six fates add up to %d", c.Records, sum))
	}
	for _, fate := range []struct {
		fate           store.Fate
		counted, found uint64
	}{
		{store.FateAccepted, c.Accepted, one.fates.Accepted}, {store.FateDuplicate, c.Duplicate, one.fates.Duplicate},
		{store.FateConflict, c.Conflict, one.fates.Conflict}, {store.FateExpired, c.Expired, one.fates.Expired},
		{store.FateSkipped, c.Skipped, one.fates.Skipped}, {store.FateRejected, c.Rejected, one.fates.Rejected},
	} {
		if fate.counted != fate.found {
			say(fate.fate.String(), number(fate.counted), number(fate.found),
				fmt.Sprintf("%d records are counted as %s, and the list of its records has %d", fate.counted, fate.fate, fate.found))
		}
	}
	if f.Removed > 0 {
		w.out.Notes = append(w.out.Notes, fmt.Sprintf("Of file %d %d events were removed, as retention.history says, so that what it brought cannot be compared any more.", f.Number, f.Removed))
		return
	}
	ev := one.events
	// Records of people bring no events; a file that an early version read does not count them.
	if total := ev.entered + ev.decided; total > 0 && (c.Accepted < ev.records || c.Accepted > ev.either) {
		say("accepted", number(c.Accepted), number(ev.records), fmt.Sprintf("%d records are counted as accepted, and %d of them have an event in the ledger", c.Accepted, ev.records))
	}
	if f.Events > 0 && (f.Events < ev.entered || f.Events > ev.entered+ev.decided) {
		say("events", number(f.Events), number(ev.entered+ev.decided), fmt.Sprintf("it brought %d events by its own count, and the ledger has %d of it", f.Events, ev.entered+ev.decided))
	}
	if found := ev.worth.Sums(); f.Events > 0 && ev.decided == 0 && ev.unread == 0 && !slices.Equal(found, f.Sums) {
		say("worth", store.Worth(f.Sums), store.Worth(found), fmt.Sprintf("its events are worth %s by its own count, and %s in the ledger",
			cmp.Or(store.Worth(f.Sums), "nothing"), cmp.Or(store.Worth(found), "nothing")))
	}
}
