package bolt

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"capibara/store"
)

// due is a pending row with its deadline.
type due struct {
	seq      uint64
	deadline int64
}

// Plan returns pending rows that may be sent, the blocks with the earliest deadlines first. What is damaged is left
// out, so that it holds nothing else up: it stays pending, and Check names it.
func (d *DB) Plan(ctx context.Context, q store.PlanQuery) ([]store.Row, error) {
	var rows []store.Row
	// A block whose earliest row is taken meanwhile moves on in the index and is met again. The caller's map stays as it is.
	skip := maps.Clone(q.Skip)
	if skip == nil {
		skip = map[uint64]bool{}
	}
	q.Skip = skip
	for after, more := []byte(nil), true; more && len(rows) < q.Limit; {
		err := d.read(ctx, func(t *txn) (err error) {
			rows, after, more, err = t.planPage(q, rows, after)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("plan events of dataset %s: %w", q.Dataset, err)
		}
	}
	return rows, nil
}

// planPage appends rows of the blocks behind the pending key after, for as long as one transaction may last.
func (t *txn) planPage(q store.PlanQuery, rows []store.Row, after []byte) ([]store.Row, []byte, bool, error) {
	dataset, ok, err := t.dataset(q.Dataset)
	if !ok || err != nil {
		return rows, nil, false, err
	}
	halted, err := t.halted()
	if err != nil {
		return rows, nil, false, err
	}
	prefix := binary.BigEndian.AppendUint16(nil, dataset)
	c := t.bucket(pendingBucket).Cursor()
	began := time.Now()
	start := prefix
	if after != nil {
		start = after
	}
	for k, v := c.Seek(start); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if bytes.Equal(k, after) {
			continue
		}
		if len(rows) >= q.Limit {
			return rows, nil, false, nil
		}
		if time.Since(began) > pageTime {
			return rows, after, true, nil
		}
		after = bytes.Clone(k)
		body, ok := unseal(k, v)
		if !ok || len(k) != pendingKeySize {
			continue
		}
		if p, ok := decodePending(body); ok && halted.covers(p, binary.BigEndian.Uint64(k[10:])) {
			continue
		}
		b, err := t.block(binary.BigEndian.Uint64(k[10:]))
		if errors.Is(err, store.ErrCorrupt) {
			continue
		}
		if err != nil {
			return rows, nil, false, err
		}
		if rows, err = t.planBlock(q, b, dataset, halted, rows); err != nil {
			return rows, nil, false, err
		}
	}
	return rows, nil, false, nil
}

func (t *txn) planBlock(q store.PlanQuery, b *block, dataset uint16, halted *haltSet, rows []store.Row) ([]store.Row, error) {
	now := q.Now.Unix()
	for _, p := range b.due(dataset, func(deadline int64) bool { return deadline > now }) {
		if len(rows) >= q.Limit {
			return rows, nil
		}
		flags := b.cells[p.seq-firstSeq(b.n)].flags
		if q.Skip[p.seq] || halted.has(p.seq, flags) {
			continue
		}
		// A source may hold all its events back for days: what only waits is looked at, and not copied.
		if flags&flagWaits != 0 {
			if r, err := t.row(p.seq); err == nil && r.notBefore > now {
				continue
			}
		}
		row, err := t.sendable(p.seq)
		if errors.Is(err, store.ErrCorrupt) {
			continue
		}
		if err != nil {
			return rows, err
		}
		if row.NotBefore <= now {
			rows, q.Skip[p.seq] = append(rows, row), true
		}
	}
	return rows, nil
}

// due returns the pending rows of a dataset whose deadline is wanted, the earliest first.
func (b *block) due(dataset uint16, wanted func(deadline int64) bool) []due {
	var found []due
	for i, c := range b.cells {
		if c.state == store.StatePending && c.dataset == dataset && wanted(b.deadlines[i]) {
			found = append(found, due{firstSeq(b.n) + uint64(i), b.deadlines[i]})
		}
	}
	slices.SortFunc(found, func(a, b due) int {
		return cmp.Or(cmp.Compare(a.deadline, b.deadline), cmp.Compare(a.seq, b.seq))
	})
	return found
}

// pendingBefore returns the blocks in which a pending row of the dataset has a deadline before the instant.
func (t *txn) pendingBefore(dataset uint16, before int64) ([]uint64, error) {
	prefix := binary.BigEndian.AppendUint16(nil, dataset)
	var blocks []uint64
	c := t.bucket(pendingBucket).Cursor()
	for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if _, ok := unseal(k, v); !ok || len(k) != pendingKeySize {
			return nil, damaged(pendingBucket, k)
		}
		if keyInstant(k[2:]) >= before {
			break
		}
		blocks = append(blocks, binary.BigEndian.Uint64(k[10:]))
	}
	return blocks, nil
}
