package audit

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"capibara/store"
)

// BatchStory is a batch with the events in it, and the files that they are from.
type BatchStory struct {
	Batch
	Explanation string      `json:"explanation"` // sentences: what its state means, and what to do
	Files       []BatchFile `json:"files"`       // by number
	List        []Event     `json:"list"`
}

// BatchFile is how many events of a batch a file brought.
type BatchFile struct {
	File   uint64 `json:"file"`
	Name   string `json:"name"`
	Source string `json:"source"`
	Events uint64 `json:"events"`
}

// ShowBatch tells the story of one batch. store.ErrNotFound when there is none.
func (r *Reader) ShowBatch(ctx context.Context, n uint64) (BatchStory, error) {
	b, err := r.store.Batch(ctx, n)
	if err != nil {
		return BatchStory{}, looked("batch", n, err)
	}
	files := map[uint64]*BatchFile{}
	events, err := collect(ctx, store.Filter{Batch: n, Limit: max(len(b.Seqs), 1)}, r.store.Events, func(e store.EventEntry) Event {
		one := r.event(e)
		if files[e.File] == nil && e.File != 0 {
			files[e.File] = &BatchFile{File: e.File, Name: one.FileName, Source: e.Source}
		}
		if e.File != 0 {
			files[e.File].Events++
		}
		return one
	})
	if err != nil {
		return BatchStory{}, err
	}
	s := BatchStory{Batch: r.batch(b), Explanation: r.explainBatch(&b), Files: []BatchFile{}, List: events.Items}
	for _, f := range slices.SortedFunc(maps.Values(files), func(a, b *BatchFile) int { return cmp.Compare(a.File, b.File) }) {
		s.Files = append(s.Files, *f)
	}
	return s, nil
}

// explainBatch says what a batch's state means for the person who asks.
func (r *Reader) explainBatch(b *store.Batch) string {
	switch b.State {
	case store.BatchReady:
		return "It is part of a batch that was divided, and waits for its turn."
	case store.BatchSending:
		if r.unattended {
			return "It was being sent when the process ended, so that it may have arrived. The next upload sends it again, only as it was."
		}
		return "It is being sent."
	case store.BatchAcknowledged:
		if b.Resolution != nil {
			return "Its fate was unknown, and a person said that it was sent. Its events are never sent again."
		}
		return "Meta acknowledged all of it. Its events are never sent again."
	case store.BatchSplit:
		return "It was refused as a whole, so that it was divided: its events went on in smaller batches."
	case store.BatchRejected:
		return "Meta refused its one event, and nothing else of it: `capibara show event` says why."
	case store.BatchReleased:
		if b.Resolution != nil {
			return "Its fate was unknown, and a person said that it was not sent. Its events went back to those that wait."
		}
		return "Nothing of it arrived. Its events went back to those that wait."
	case store.BatchUnknown:
		return "Nobody knows whether it arrived, because no answer came. It is sent again only as it was."
	case store.BatchHeld:
		return fmt.Sprintf("Nobody knows whether it arrived, and it is not sent again by itself: `capibara resolve --batch %d` takes a person's word about it.", b.Number)
	case store.BatchExpired:
		return "Its events became too old before Meta acknowledged them."
	}
	return ""
}
