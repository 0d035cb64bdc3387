package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"capibara/store"
)

// openBatches returns the batches that await an end, by dataset and age; those of one dataset with a prefix.
func (t *txn) openBatches(prefix []byte) ([]*batchRecord, error) {
	var open []*batchRecord
	c := t.bucket(openBucket).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if _, ok := unseal(k, v); !ok || len(k) != 10 {
			return nil, damaged(openBucket, k)
		}
		b, err := t.batch(binary.BigEndian.Uint64(k[2:]))
		if err != nil {
			return nil, err
		}
		open = append(open, b)
	}
	return open, nil
}

// OpenBatches returns the batches of a dataset that still await an end, oldest first.
func (d *DB) OpenBatches(ctx context.Context, dataset string) ([]store.Batch, error) {
	var batches []store.Batch
	err := d.read(ctx, func(t *txn) error {
		number, ok, err := t.dataset(dataset)
		if !ok || err != nil {
			return err
		}
		open, err := t.openBatches(binary.BigEndian.AppendUint16(nil, number))
		for _, b := range open {
			batches = append(batches, b.Batch)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list open batches of dataset %s: %w", dataset, err)
	}
	return batches, nil
}

// BatchRows returns the rows of an open batch in the order in which they are sent. ErrStale when it is not open.
func (d *DB) BatchRows(ctx context.Context, n uint64) ([]store.Row, error) {
	var rows []store.Row
	err := d.read(ctx, func(t *txn) error {
		b, err := t.batch(n)
		if err != nil {
			return err
		}
		if !b.State.Open() {
			return fmt.Errorf("%w: the batch is %s", store.ErrStale, b.State)
		}
		halted, err := t.halted()
		if err != nil {
			return err
		}
		for _, seq := range b.Seqs {
			row, err := t.sendable(seq)
			if err != nil {
				return err
			}
			blk, at, err := t.cell(seq)
			if err != nil {
				return err
			}
			row.Halted = halted.has(seq, blk.cells[at].flags)
			rows = append(rows, row)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the events of batch %d: %w", n, err)
	}
	return rows, nil
}
