package bolt

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"capibara/store"
)

// conflicts reads the records that disagreed with an event, oldest first.
func (t *txn) conflicts(seq uint64) ([]store.Conflict, error) {
	var all []store.Conflict
	prefix := numberKey(seq)
	c := t.bucket(conflictsBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		body, ok := unseal(k, v)
		if !ok {
			return nil, damaged(conflictsBucket, k)
		}
		one, ok := decodeConflict(k, body)
		if !ok {
			return nil, damaged(conflictsBucket, k)
		}
		all = append(all, one)
	}
	for i := range all {
		all[i].FirstSource, all[i].Source = t.sourceOf(all[i].FirstFile), t.sourceOf(all[i].File)
	}
	slices.SortFunc(all, func(a, b store.Conflict) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.File, b.File), cmp.Compare(a.Record, b.Record))
	})
	return all, nil
}

// sourceOf is the source that read a file; "" when that cannot be told.
func (t *txn) sourceOf(file uint64) string {
	if f, err := t.file(file); err == nil {
		return f.Source
	}
	return ""
}

// addConflict stores a disagreement, and reports it unless one with the same content was reported before.
func (in *importing) addConflict(a *arrival, seq uint64) error {
	return in.disagree(store.Conflict{Seq: seq, Kind: store.ConflictChanged, File: in.file.Number, Line: in.chunk.Records[a.record].Line,
		Record: in.chunk.First + uint64(a.record), Fingerprint: a.Fingerprint, Value: a.Value, Currency: a.Currency, EventTime: a.EventTime})
}

func (in *importing) disagree(c store.Conflict) error {
	seq := c.Seq
	key := appendKey(numberKey(seq), c.Fingerprint)
	body, err := in.get(conflictsBucket, key)
	if body != nil || err != nil {
		return err
	}
	c.At = stored(in.now)
	first, err := in.row(seq)
	if err != nil && !errors.Is(err, store.ErrCorrupt) {
		return err
	}
	c.FirstFile, c.FirstLine = first.file, first.line // zeros when the first is damaged, which must not stop the file
	c.FirstSource, c.Source = in.sourceOf(first.file), in.sourceOf(c.File)
	if err := in.put(conflictsBucket, key, encodeConflict(&c)); err != nil {
		return err
	}
	b, at, err := in.cell(seq)
	if err != nil {
		return err
	}
	changed := b.cells[at]
	changed.flags |= flagConflicts
	in.set(b, at, changed)
	in.out.Conflicts = append(in.out.Conflicts, c)
	return nil
}

func encodeConflict(c *store.Conflict) []byte {
	v := appendUint(appendUint(unsealed(80), c.FirstFile), c.FirstLine)
	v = appendUint(appendUint(appendUint(v, c.File), c.Line), c.Record)
	// What follows came with schema 3.
	v = append(appendTime(v, c.At), byte(c.Kind))
	return appendInt(appendText(appendText(v, c.Value.String()), c.Currency), c.EventTime)
}

func decodeConflict(key, b []byte) (store.Conflict, bool) {
	if len(key) != 16 {
		return store.Conflict{}, false
	}
	k, d := decoder{b: key}, decoder{b: b}
	c := store.Conflict{Seq: k.fixed(), Fingerprint: k.fixed(), FirstFile: d.uint(), FirstLine: d.uint(), File: d.uint(),
		Line: d.uint(), Record: d.uint(), At: d.time()}
	if len(d.b) > 0 {
		c.Kind, c.Value, c.Currency, c.EventTime = store.ConflictKind(d.byte()), d.money(), d.text(), d.int()
	}
	return c, d.done()
}

// Conflicts returns the records that disagreed with an event, oldest first.
func (d *DB) Conflicts(ctx context.Context, seq uint64) ([]store.Conflict, error) {
	var all []store.Conflict
	err := d.read(ctx, func(t *txn) error {
		if _, _, err := t.cell(seq); err != nil {
			return err
		}
		var err error
		all, err = t.conflicts(seq)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the conflicts of event %d: %w", seq, err)
	}
	return all, nil
}
