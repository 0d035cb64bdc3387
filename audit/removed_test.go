package audit

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"capibara/store"
	"capibara/store/bolt"
)

// TestRemovedIsTold looks at what the retention took: nothing of it is missing, and no figure passes for whole.
func TestRemovedIsTold(t *testing.T) {
	t.Parallel()
	r := reader(t)
	ctx := t.Context()
	db := r.store.(*bolt.DB)
	prune := func(by store.Retention) {
		t.Helper()
		for p := (store.Pruned{Removed: 1}); !p.Nothing(); {
			var err error
			if p, err = db.Prune(ctx, by, noon.AddDate(8, 0, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := reported(t, r, ReportQuery{Month: "2026-11"})
	prune(store.Retention{Payload: noon.Add(time.Minute)})
	stories, err := r.ShowEvent(ctx, "deal-1")
	if err != nil || !strings.Contains(stories[0].Explanation, "Meta acknowledged it.") || !strings.Contains(stories[0].Explanation, "retention.payload") {
		t.Errorf("an event whose content is gone: %+v, %v", stories, err)
	}
	// A running process answers with JSON, which whoever asked it reads back.
	var read []EventStory
	if text, err := json.Marshal(stories); err != nil || json.Unmarshal(text, &read) != nil || read[0].Emptied != store.EmptiedPruned {
		t.Errorf("the story on its way: %+v, %v", read, err)
	}
	if after := reported(t, r, ReportQuery{Month: "2026-11"}); !after.OK || len(after.Notes) != len(before.Notes) || store.Worth(after.Worth.Acknowledged) != store.Worth(before.Worth.Acknowledged) {
		t.Errorf("the report without contents: %+v", after)
	}

	prune(store.Retention{History: noon.Add(time.Minute)}) // up to deal-3, which waits
	for what, look := range map[string]func() error{
		"no event has the event_id deal-1; those that were imported up to 2026-11-": func() error { _, err := r.ShowEvent(ctx, "deal-1"); return err },
		"batch 1 was removed, because it was older than retention.history says":     func() error { _, err := r.ShowBatch(ctx, 1); return err },
		"batch 2 was removed": func() error { _, err := r.Batches(ctx, Query{Batch: "2"}); return err },
	} {
		if err := look(); !errors.Is(err, store.ErrNotFound) || !strings.Contains(err.Error(), what) {
			t.Errorf("%v, want %s", err, what)
		}
	}
	file, err := r.ShowFile(ctx, 1)
	if err != nil || file.Removed != 2 {
		t.Errorf("the file: %+v, %v", file, err)
	}
	for _, by := range []string{ByImportTime, ByEventTime} {
		p := reported(t, r, ReportQuery{Month: "2026-11", By: by})
		notes := strings.Join(p.Notes, "\n")
		if !p.OK || p.Events.Events != 2 || !strings.Contains(notes, "The 2 events that were imported up to 2026-11-") || (by == ByImportTime) != strings.Contains(notes, "Of file 1 2 events were removed") {
			t.Errorf("the report by %s: %+v", by, p)
		}
	}
	if p := reported(t, r, ReportQuery{Month: "2026-12"}); len(p.Notes) != 0 {
		t.Errorf("a later month: %v", p.Notes)
	}
}
