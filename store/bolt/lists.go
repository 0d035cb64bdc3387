package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"capibara/store"

	"go.etcd.io/bbolt"
)

// Batch returns one batch. ErrNotFound.
func (d *DB) Batch(ctx context.Context, n uint64) (batch store.Batch, err error) {
	err = d.read(ctx, func(t *txn) error {
		b, err := t.batch(n)
		if err == nil {
			batch = b.Batch
		}
		return err
	})
	if err != nil {
		return store.Batch{}, fmt.Errorf("read a batch: %w", err)
	}
	return batch, nil
}

// File returns one file. ErrNotFound.
func (d *DB) File(ctx context.Context, n uint64) (file store.File, err error) {
	err = d.read(ctx, func(t *txn) error {
		f, err := t.file(n)
		if err != nil {
			return err
		}
		file, err = t.whole(f)
		return err
	})
	if err != nil {
		return store.File{}, fmt.Errorf("read a file: %w", err)
	}
	return file, nil
}

// Batches returns a page of batches, newest first.
func (d *DB) Batches(ctx context.Context, f store.Filter) (store.Page[store.Batch], error) {
	trace := []byte(f.FBTraceID)
	var newest uint64 // batch of the row, when f.Seq asks for one
	isRow := func(seq uint64) bool { return seq == f.Seq }
	page, err := newestFirst(ctx, d, batchesBucket, f, f.Batch, func(t *txn, n uint64, v []byte) (store.Batch, bool, error) {
		// Most batches are ruled out as they are stored, without decoding their rows.
		if len(trace) > 0 && !bytes.Contains(v, trace) {
			return store.Batch{}, false, nil
		}
		if f.BatchState != 0 {
			if body, ok := unseal(numberKey(n), v); ok && storedState(body) != f.BatchState {
				return store.Batch{}, false, nil
			}
		}
		if f.Seq != 0 {
			if newest == 0 {
				newest = t.batchOf(f.Seq)
			}
			if body, ok := unseal(numberKey(n), v); ok && n != newest && !carriedBefore(body, isRow) {
				return store.Batch{}, false, nil
			}
		}
		b, err := t.batch(n)
		if err != nil {
			return store.Batch{}, false, err
		}
		fits := (f.Dataset == "" || b.Dataset == f.Dataset) && (f.BatchState == 0 || b.State == f.BatchState) &&
			(f.Seq == 0 || b.carried(f.Seq)) && between(b.CreatedAt, f) &&
			(f.FBTraceID == "" || slices.ContainsFunc(b.Attempts, func(a store.Attempt) bool { return a.FBTraceID == f.FBTraceID }))
		return b.Batch, fits, nil
	})
	if err != nil {
		return store.Page[store.Batch]{}, fmt.Errorf("list batches: %w", err)
	}
	return page, nil
}

// Files returns a page of files, newest first.
func (d *DB) Files(ctx context.Context, f store.Filter) (store.Page[store.File], error) {
	page, err := newestFirst(ctx, d, filesBucket, f, f.File, func(t *txn, n uint64, v []byte) (store.File, bool, error) {
		// Its name and source stand in a file as they are.
		if !bytes.Contains(v, []byte(f.FileName)) || !bytes.Contains(v, []byte(f.Source)) {
			return store.File{}, false, nil
		}
		r, err := t.file(n)
		if err != nil {
			return store.File{}, false, err
		}
		if f.FileName != "" && r.Name != f.FileName || f.Mends != 0 && r.Mends != f.Mends ||
			f.Source != "" && r.Source != f.Source || !between(r.StartedAt, f) {
			return store.File{}, false, nil
		}
		file, err := t.whole(r)
		return file, true, err
	})
	if err != nil {
		return store.Page[store.File]{}, fmt.Errorf("list files: %w", err)
	}
	return page, nil
}

func between(t time.Time, f store.Filter) bool {
	return (f.Since.IsZero() || !t.Before(f.Since)) && (f.Until.IsZero() || t.Before(f.Until))
}

// entryBefore puts a cursor on the last entry before a key.
func entryBefore(c *bbolt.Cursor, key []byte) (k, v []byte) {
	if k, _ := c.Seek(key); k == nil {
		return c.Last()
	}
	return c.Prev()
}

// newestFirst reads a page of what fits among the numbered entries of b, from the greatest number down; of the one entry only when
// that is not 0. read gets the entry as it is stored.
func newestFirst[T any](ctx context.Context, d *DB, b bucket, f store.Filter, only uint64,
	read func(t *txn, n uint64, stored []byte) (T, bool, error)) (page store.Page[T], err error) {
	err = d.read(ctx, func(t *txn) error {
		before, err := cursor(f.Cursor)
		if err != nil {
			return err
		}
		if only != 0 && only < before {
			before = only + 1
		}
		began := time.Now()
		c := t.bucket(b).Cursor()
		k, v := entryBefore(c, numberKey(before))
		for k != nil {
			if len(k) != 8 {
				return damaged(b, k)
			}
			n := binary.BigEndian.Uint64(k)
			if only != 0 && n != only {
				return nil
			}
			one, fits, err := read(t, n, v)
			if err != nil {
				return err
			}
			if fits {
				page.Items = append(page.Items, one)
			}
			if k, v = c.Prev(); k != nil && (len(page.Items) >= limit(f) || time.Since(began) > pageTime) {
				page.Next = strconv.FormatUint(n, 10)
				return nil
			}
		}
		return nil
	})
	return page, err
}

// Counts returns how many events are in each state, per dataset.
func (d *DB) Counts(ctx context.Context, horizon time.Time) (counts store.Counts, err error) {
	err = d.read(ctx, func(t *txn) error {
		if counts, err = t.ever(); err != nil {
			return err
		}
		datasets, err := t.eventCounts()
		if err != nil {
			return err
		}
		for n, events := range datasets {
			c := store.DatasetCounts{Events: map[store.State]uint64{}, Removed: map[store.State]uint64{}, Relied: events[countRelied]}
			for s, n := range events {
				switch {
				case s&countRemoved != 0:
					c.Removed[s&^countRemoved] = n
				case s != countRelied:
					c.Events[s] = n
				}
			}
			if c.Dataset, err = t.datasetText(n); err != nil {
				return err
			}
			if c.Expiring, err = t.expiring(n, horizon); err != nil {
				return err
			}
			open, err := t.openBatches(datasetKey(n))
			if err != nil {
				return err
			}
			c.Open = uint64(len(open))
			counts.Datasets = append(counts.Datasets, c)
		}
		return nil
	})
	if err != nil {
		return store.Counts{}, fmt.Errorf("count events: %w", err)
	}
	slices.SortFunc(counts.Datasets, func(a, b store.DatasetCounts) int { return cmp.Compare(a.Dataset, b.Dataset) })
	return counts, nil
}

// ever counts what there ever was, and what of it was removed.
func (t *txn) ever() (c store.Counts, err error) {
	if c.Files, err = t.lastFile(); err != nil {
		return c, err
	}
	if c.Batches, err = t.lastBatch(); err != nil {
		return c, err
	}
	w, err := t.removed()
	if err != nil {
		return c, err
	}
	c.Removed = store.Removed{Events: w.row - 1, Files: w.file - 1, Batches: w.batch - 1, Newest: w.newest, At: w.at}
	return c, nil
}

// eventCounts reads the counters of every dataset, those of countRelied and countRemoved among them; those at zero are left out.
func (t *txn) eventCounts() (map[uint16]map[store.State]uint64, error) {
	datasets := map[uint16]map[store.State]uint64{}
	c := t.bucket(countsBucket).Cursor()
	for k, _ := c.First(); k != nil; k, _ = c.Next() {
		if len(k) != 3 {
			return nil, damaged(countsBucket, k)
		}
		n, err := t.counter(k)
		if err != nil {
			return nil, err
		}
		dataset := binary.BigEndian.Uint16(k)
		if datasets[dataset] == nil {
			datasets[dataset] = map[store.State]uint64{}
		}
		if n > 0 {
			datasets[dataset][store.State(k[2])] = n
		}
	}
	return datasets, nil
}

// expiring counts the pending events of a dataset whose deadline comes before the horizon.
func (t *txn) expiring(dataset uint16, horizon time.Time) (n uint64, err error) {
	before := horizon.Unix()
	if horizon.Nanosecond() > 0 {
		before++
	}
	blocks, err := t.pendingBefore(dataset, before)
	if err != nil {
		return 0, err
	}
	for _, at := range blocks {
		b, err := t.block(at)
		if errors.Is(err, store.ErrCorrupt) {
			continue // as in Plan
		}
		if err != nil {
			return 0, err
		}
		n += uint64(len(b.due(dataset, func(deadline int64) bool { return deadline < before })))
	}
	return n, nil
}
