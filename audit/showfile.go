package audit

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"capibara/event"
	"capibara/store"
)

// FileStory is an import with the fates of its records, and what became of its events.
type FileStory struct {
	File
	Mapping     string       `json:"mapping"`          // what the records were read with
	MappingText string       `json:"-"`                // the same as people read it
	MendedBy    []uint64     `json:"mended_by"`        // the files that brought rejected records of it back, the first one first
	People      bool         `json:"people,omitempty"` // the records are people, of whom nothing is sent
	Reasons     []FateReason `json:"reasons"`          // of the expired, skipped and rejected records
	Rejects     []Reject     `json:"rejects"`          // the first hundred
	Events      FileEvents   `json:"events"`
	// Halts say why events of it wait until somebody allows them.
	Halts []HaltStatus `json:"halts"`
	// Warnings are the remarks on its events, the most frequent first, and WarningsOf how many events were looked at for them: the
	// newest, five thousand at most. The receipt has those on records of which no event came, too.
	Warnings   []FileWarning `json:"warnings"`
	WarningsOf uint64        `json:"warnings_of"`
	// Progress tells how far the import is; absent unless it is under way in the process that answers.
	Progress *ImportProgress `json:"progress,omitempty"`
}

// FileWarning counts the events on which there is the same remark.
type FileWarning struct {
	ReasonText
	Events uint64 `json:"events"`
	Line   uint64 `json:"line"` // of the first of them
}

// ImportProgress is how far an import is.
type ImportProgress struct {
	Percent int `json:"percent"` // of the file's text that was read
	// SecondsLeft is how long it takes at the pace so far; absent as long as that cannot be told.
	SecondsLeft int `json:"seconds_left,omitempty"`
}

// FileEvents is what became of the events that a file brought; `history events --file` lists them.
type FileEvents struct {
	StateCounts
	Late uint64 `json:"late"` // of the expired: too old when they were imported
	// Batches are those that carried its events last, by number; the first thousand of BatchCount.
	Batches    []store.FileBatch `json:"batches"`
	BatchCount int               `json:"batch_count"`
	TookBack   uint64            `json:"took_back"` // events, of this or another file, that records of this one took back
}

// FateReason counts the records that met one fate for one reason.
type FateReason struct {
	Fate     string `json:"fate"`
	Reason   string `json:"reason"`
	Sentence string `json:"sentence"`
	Records  uint64 `json:"records"`
	First    uint64 `json:"first_record"`
}

// Reject is one rejected record; its values are in the rejects file and nowhere else.
type Reject struct {
	Record    uint64 `json:"record"`
	Line      uint64 `json:"line"`
	Column    string `json:"column"`
	RecordKey string `json:"record_key"`
	ReasonText
}

// maxRejectsShown bounds what one page shows; the rejects file has them all.
const maxRejectsShown = 100

// maxBatchesShown bounds the batches that a file's story names.
const maxBatchesShown = 1000

// ShowFile tells the story of one import. store.ErrNotFound when there is none.
func (r *Reader) ShowFile(ctx context.Context, n uint64) (FileStory, error) {
	f, err := r.store.File(ctx, n)
	if err != nil {
		return FileStory{}, looked("file", n, err)
	}
	s := FileStory{File: r.file(f), Mapping: f.Mapping, MappingText: r.readable(f.Mapping), People: ofPeople(f.Mapping), MendedBy: []uint64{},
		Reasons: []FateReason{}, Rejects: []Reject{}, Halts: []HaltStatus{}, Warnings: []FileWarning{}}
	for _, read := range []func(context.Context, *store.File, *FileStory) error{r.fateReasons, r.mendedBy, r.rejects, r.fileEvents, r.fileHalts, r.fileWarnings} {
		if err := read(ctx, &f, &s); err != nil {
			return s, err
		}
	}
	return s, nil
}

// ofPeople reports whether a file was read by a source whose records are people.
func ofPeople(mapping string) bool {
	var source struct {
		Kind string `json:"kind"`
	}
	// A mapping of another form, as an older version may have stored it, knows no kinds.
	return json.Unmarshal([]byte(mapping), &source) == nil && source.Kind == "people"
}

func (r *Reader) fateReasons(ctx context.Context, f *store.File, s *FileStory) error {
	at := map[FateReason]int{}
	err := r.store.FateRuns(ctx, f.Number, func(run store.FateRun) bool {
		if run.Fate == store.FateExpired {
			run.Reason = event.ReasonTooOld
		}
		if run.Reason == "" {
			return true
		}
		key := FateReason{Fate: run.Fate.String(), Reason: string(run.Reason), Sentence: run.Reason.Sentence()}
		i, ok := at[key]
		if !ok {
			i = len(s.Reasons)
			at[key] = i
			key.First = run.First
			s.Reasons = append(s.Reasons, key)
		}
		s.Reasons[i].Records += run.Count
		return true
	})
	if err != nil {
		return fmt.Errorf("reading the fates of file %d: %w", f.Number, err)
	}
	return nil
}

func (r *Reader) mendedBy(ctx context.Context, f *store.File, s *FileStory) error {
	if f.Counts.Rejected == 0 {
		return nil
	}
	later, err := collect(ctx, store.Filter{Mends: f.Number, Limit: maxRejectsShown}, r.store.Files, func(f store.File) uint64 { return f.Number })
	if err != nil {
		return err
	}
	slices.Reverse(later.Items)
	s.MendedBy = later.Items
	return nil
}

func (r *Reader) rejects(ctx context.Context, f *store.File, s *FileStory) error {
	err := r.store.Rejects(ctx, f.Number, func(rej store.Reject) bool {
		s.Rejects = append(s.Rejects, rejectOf(rej))
		return len(s.Rejects) < maxRejectsShown
	})
	if err != nil {
		return fmt.Errorf("reading the rejects of file %d: %w", f.Number, err)
	}
	return nil
}

func rejectOf(r store.Reject) Reject {
	return Reject{Record: r.Record, Line: r.Line, Column: r.Column, RecordKey: r.RecordKey,
		ReasonText: ReasonText{Reason: string(r.Reason), Sentence: r.Reason.Sentence(), Fix: r.Reason.Fix()}}
}

func (r *Reader) fileEvents(ctx context.Context, f *store.File, s *FileStory) error {
	of, err := r.store.FileEvents(ctx, f.Number)
	if err != nil {
		return fmt.Errorf("counting the events of file %d: %w", f.Number, err)
	}
	s.Events = FileEvents{Late: of.Late, BatchCount: len(of.Batches), TookBack: of.TookBack,
		Batches: append([]store.FileBatch{}, of.Batches[:min(len(of.Batches), maxBatchesShown)]...)}
	s.Events.add(of.States)
	return nil
}

func (r *Reader) fileHalts(ctx context.Context, f *store.File, s *FileStory) error {
	if s.Events.Pending == 0 {
		return nil // nothing waits that could be halted
	}
	all, err := r.halts(ctx)
	if err != nil {
		return err
	}
	for _, h := range all {
		ofSource := h.Kind == "source" && h.Source == f.Source && (h.EndsBeforeFile == 0 || f.Number < h.EndsBeforeFile)
		if h.File == f.Number || ofSource {
			s.Halts = append(s.Halts, h)
		}
	}
	return nil
}

// warningsLooked is how many events of a file are looked at for what was remarked on them.
const warningsLooked = 5000

// fileWarnings counts the remarks on the newest events of a file.
func (r *Reader) fileWarnings(ctx context.Context, f *store.File, s *FileStory) error {
	by := map[event.Reason]*FileWarning{}
	for from := (store.Filter{File: f.Number}); s.WarningsOf < warningsLooked; {
		from.Limit = warningsLooked - int(s.WarningsOf)
		page, err := r.store.Events(ctx, from)
		if err != nil {
			return fmt.Errorf("reading the remarks on the events of file %d: %w", f.Number, err)
		}
		for i := range page.Items {
			e := &page.Items[i]
			for _, w := range e.Warnings {
				if by[w] == nil {
					by[w] = &FileWarning{ReasonText: ReasonText{Reason: string(w), Sentence: w.Sentence()}}
				}
				by[w].Events, by[w].Line = by[w].Events+1, e.Line // the newest come first
			}
		}
		s.WarningsOf += uint64(len(page.Items))
		if from.Cursor = page.Next; from.Cursor == "" {
			break
		}
	}
	for _, w := range by {
		s.Warnings = append(s.Warnings, *w)
	}
	slices.SortFunc(s.Warnings, func(a, b FileWarning) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), cmp.Compare(a.Reason, b.Reason))
	})
	return nil
}
