package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/store"
)

// FileEvents tells what became of a file's events. It reads their cells, a few of which are as long as one row.
func (d *DB) FileEvents(ctx context.Context, n uint64) (store.FileEvents, error) {
	out := store.FileEvents{States: map[store.State]uint64{}}
	batches := map[uint32]uint64{}
	next := uint64(1) // the row to go on with
	for more := true; more; {
		err := d.read(ctx, func(t *txn) error {
			f, err := t.file(n)
			if err != nil {
				return err
			}
			next, more, err = t.countEvents(f.extents, next, &out, batches)
			return err
		})
		if err != nil {
			return store.FileEvents{}, fmt.Errorf("count the events of file %d: %w", n, err)
		}
	}
	for b, events := range batches {
		out.Batches = append(out.Batches, store.FileBatch{Batch: uint64(b), Events: events})
	}
	slices.SortFunc(out.Batches, func(a, b store.FileBatch) int { return cmp.Compare(a.Batch, b.Batch) })
	if err := d.tookBack(ctx, n, &out); err != nil {
		return store.FileEvents{}, fmt.Errorf("count what file %d took back: %w", n, err)
	}
	return out, nil
}

// countEvents counts rows from one on, until the time of a page is over, and says where it goes on.
func (t *txn) countEvents(extents []extent, from uint64, out *store.FileEvents, batches map[uint32]uint64) (next uint64, more bool, err error) {
	began := time.Now()
	for _, x := range extents {
		end := x.first + x.count
		for seq := max(x.first, from); seq < end; {
			if time.Since(began) > pageTime {
				return seq, true, nil
			}
			n := blockOf(seq)
			last := min(end, firstSeq(n+1))
			b, err := t.block(n)
			if err != nil && !errors.Is(err, store.ErrCorrupt) {
				return 0, false, err
			}
			if err != nil {
				out.Damaged += last - seq
				seq = last
				continue
			}
			for ; seq < last; seq++ {
				at := int(seq - firstSeq(n))
				if at >= len(b.cells) {
					out.Damaged++
					continue
				}
				c := b.cells[at]
				out.States[c.state]++
				if c.flags&flagLate != 0 {
					out.Late++
				}
				if c.batch != 0 {
					batches[c.batch]++
				}
			}
		}
	}
	return 0, false, nil
}

// tookBack counts the events that a file decided about, each once: they lie side by side.
func (d *DB) tookBack(ctx context.Context, file uint64, out *store.FileEvents) error {
	author := []byte(fileAuthor(file))
	var next []byte
	var last uint64
	for more := true; more; {
		err := d.read(ctx, func(t *txn) error {
			more = false
			if t.bucket(decisionsBucket) == nil {
				return nil // an older schema, open to read
			}
			began := time.Now()
			c := t.bucket(decisionsBucket).Cursor()
			for k, v := c.Seek(next); k != nil; k, v = c.Next() {
				if time.Since(began) > pageTime {
					next, more = bytes.Clone(k), true
					return nil
				}
				if !bytes.Contains(v, author) || len(k) != 16 {
					continue
				}
				body, ok := unseal(k, v)
				if !ok {
					continue // a check says so
				}
				e, err := t.decodeDecision(k, body)
				if err != nil {
					return err
				}
				if seq := binary.BigEndian.Uint64(k); e.By == string(author) && takesBack(e.Reason) && seq != last {
					last = seq
					out.TookBack++
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
