package importer

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"capibara/event"
	"capibara/store"
)

// Preview tells what an import of a file would do. Nothing is stored and nothing is sent.
type Preview struct {
	Report                   // as of an import into an empty ledger
	Refusal  string          // why the file as a whole would be refused; "" when it would not
	Hint     string          // what to do about that
	Coverage *event.Coverage // of the events that would be sent
	Stages   []StageCount    // values that no rule covers, most frequent first
	Crowded  bool            // there are too many of them, or such as look personal, so that not all are told
	Concerns []Concern       // what a person should look at
	Samples  []string        // up to three events as they would be sent
}

// StageCount is a value of a column that decides about events, and that no rule covers.
type StageCount struct {
	Column  string `json:"column"`
	Value   string `json:"value"`
	Records uint64 `json:"records"`
}

// PreviewInput is a file to look at.
type PreviewInput struct {
	Path    string
	Name    string // base name to show; "" is the base of Path
	Mapping *Mapping
	Now     time.Time
	// Suppressed is who was erased; nil for nobody.
	Suppressed *event.Suppression
}

// MakePreview reads the whole file as an import does, and stores nothing. The error is one of reading the file; what is
// wrong with the file itself is in the preview.
func MakePreview(ctx context.Context, in PreviewInput) (Preview, error) {
	if in.Name == "" {
		in.Name = filepath.Base(in.Path)
	}
	m := in.Mapping
	out := Preview{Coverage: &event.Coverage{}}
	src, err := inspect(ctx, in.Path, in.Name, m.reading())
	var no *refusal
	if err != nil && !errors.As(err, &no) {
		return out, err
	}
	sink := newCounting(in.Now)
	im := New(Config{Store: sink, Log: zerolog.Nop(), Now: func() time.Time { return in.Now },
		Suppressed: func() *event.Suppression { return in.Suppressed }})
	file := store.File{Name: in.Name, Source: m.source.Name, SHA256: src.sha256, Size: src.size, State: store.FileImporting}
	p := &pass{im: im, mapping: m, in: src, file: file, now: in.Now, report: newReport(file), watched: []*watch{}, suppressed: im.suppressed()}
	p.report.report.People = m.People()
	if err == nil {
		err = p.run(ctx)
	}
	if err == nil {
		err = p.judged // the file was read to its end all the same
	}
	if errors.As(err, &no) {
		out.Refusal, out.Hint = sentence(no.reason), no.hint
		p.file.State = store.FileRefused
	} else if err != nil {
		return out, fmt.Errorf("preview %s: %w", in.Name, err)
	}
	out.Report = p.finish()
	seen := newWatch()
	for _, w := range p.watched {
		seen.add(w)
	}
	out.Coverage, out.Samples = &sink.coverage, sink.samples
	out.stages(seen)
	out.Concerns = concerns(&out, p, sink, seen)
	return out, nil
}

// stages lists the values that no rule covers. They are shown when they can be stages and nothing else: few, short and
// nothing personal.
func (v *Preview) stages(seen *watch) {
	if v.Crowded = seen.crowded; v.Crowded {
		return
	}
	for s, n := range seen.stages {
		if len(s.value) > 40 || dataLike(s.value) {
			v.Crowded = true
			continue
		}
		v.Stages = append(v.Stages, StageCount{s.column, s.value, n})
	}
	slices.SortFunc(v.Stages, func(x, y StageCount) int {
		if x.Records != y.Records {
			if x.Records > y.Records {
				return -1
			}
			return 1
		}
		if x.Value < y.Value {
			return -1
		}
		return 1
	})
}
