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

	"capibara/event"
	"capibara/store"
)

// tally adds up events.
type tally struct {
	store.Tally
	worth   store.Totals
	decoded event.Event
}

// add counts rows of one block. One that is damaged, or in a form that this version does not know, has no amount that could be
// added.
func (y *tally) add(t *txn, b *block, rows []due) error {
	halted, err := t.halted()
	if err != nil {
		return err
	}
	y.Events += uint64(len(rows))
	slices.SortFunc(rows, func(a, b due) int { return cmp.Compare(a.seq, b.seq) })
	for _, p := range rows {
		if halted.has(p.seq, b.cells[p.seq-firstSeq(b.n)].flags) {
			y.Halted++
		}
	}
	// They lie side by side: stepping from one to the next costs a fifth of looking each of them up.
	c := t.bucket(rowsBucket).Cursor()
	var k, v []byte
	for _, p := range rows {
		key := numberKey(p.seq)
		if k != nil {
			k, v = c.Next()
		}
		if !bytes.Equal(k, key) {
			k, v = c.Seek(key)
		}
		body, ok := unseal(k, v)
		if !ok || !bytes.Equal(k, key) {
			continue
		}
		r, ok := decodeRow(body)
		if !ok {
			continue
		}
		if r.deadline-r.importedAt.Unix() < lateDay {
			y.CameLate++
		}
		if y.decoded.DecodeBinary(r.payload) != nil {
			continue
		}
		if y.decoded.ActionSource == event.SourcePhysicalStore && r.deadline-r.eventTime < longWindow {
			y.PhysicalStore++
		}
		y.worth.Add(y.decoded.Custom.Value, y.decoded.Custom.Currency)
	}
	return nil
}

const (
	lateDay = int64(24 * time.Hour / time.Second)
	// longWindow leaves room for the margin that is taken off the window.
	longWindow = int64((event.MaxAgePhysicalStore - 24*time.Hour) / time.Second)
)

func (y *tally) total() store.Tally {
	y.Sums = y.worth.Sums()
	return y.Tally
}

// Expire moves pending rows whose deadline has passed to StateExpired, and says so in the audit log.
func (d *DB) Expire(ctx context.Context, dataset string, now time.Time, limit int) (expired store.Tally, err error) {
	err = d.change(ctx, func(t *txn) error {
		var y tally
		if err := t.expire(&y, dataset, now, uint64(max(limit, 0))); err != nil {
			return err
		}
		if expired = y.total(); expired.Events == 0 {
			return nil
		}
		detail := fmt.Sprintf("%d events of dataset %s expired before they were sent", expired.Events, dataset)
		if worth := expired.Worth(); worth != "" {
			detail += ", worth " + worth
		}
		return t.audit(now, "expired", detail)
	})
	if err != nil {
		return store.Tally{}, fmt.Errorf("expire events of dataset %s: %w", dataset, err)
	}
	return expired, nil
}

func (t *txn) expire(y *tally, dataset string, now time.Time, limit uint64) error {
	number, ok, err := t.dataset(dataset)
	if !ok || err != nil {
		return err
	}
	blocks, err := t.pendingBefore(number, now.Unix()+1)
	if err != nil {
		return err
	}
	for _, at := range blocks {
		if y.Events == limit {
			return nil
		}
		b, err := t.block(at)
		if errors.Is(err, store.ErrCorrupt) {
			continue // as in Plan
		}
		if err != nil {
			return err
		}
		rows := b.due(number, func(deadline int64) bool { return deadline <= now.Unix() })
		rows = rows[:min(uint64(len(rows)), limit-y.Events)]
		if err := y.add(t, b, rows); err != nil {
			return err
		}
		for _, p := range rows {
			i := int(p.seq - firstSeq(b.n))
			c := b.cells[i]
			c.state = store.StateExpired
			t.set(b, i, c)
		}
	}
	return nil
}

// Expiring adds up the pending events whose deadline lies after from and not after until.
func (d *DB) Expiring(ctx context.Context, dataset string, from, until time.Time) (store.Tally, error) {
	var y tally
	err := d.inDataset(ctx, dataset, func(prefix []byte) error {
		return d.pendingPages(ctx, prefix, func(t *txn, b *block, number uint16) error {
			rows := b.due(number, func(deadline int64) bool { return deadline <= until.Unix() })
			if len(rows) == 0 {
				return errEnough // every block behind it has later deadlines alone
			}
			return y.add(t, b, slices.DeleteFunc(rows, func(p due) bool { return p.deadline <= from.Unix() }))
		})
	})
	if err != nil {
		return store.Tally{}, fmt.Errorf("add up what expires of dataset %s: %w", dataset, err)
	}
	return y.total(), nil
}

// inDataset calls read with the key of a dataset, unless it never occurred.
func (d *DB) inDataset(ctx context.Context, dataset string, read func(prefix []byte) error) error {
	var prefix []byte
	err := d.read(ctx, func(t *txn) error {
		n, ok, err := t.dataset(dataset)
		if ok {
			prefix = datasetKey(n)
		}
		return err
	})
	if err != nil || prefix == nil {
		return err
	}
	return read(prefix)
}

// NextDeadline returns the earliest deadline after now of a pending event that may be sent before it.
func (d *DB) NextDeadline(ctx context.Context, dataset string, now time.Time) (at time.Time, ok bool, err error) {
	var earliest int64
	err = d.read(ctx, func(t *txn) error {
		ok = false
		number, known, err := t.dataset(dataset)
		if !known || err != nil {
			return err
		}
		halted, err := t.halted()
		if err != nil {
			return err
		}
		prefix := datasetKey(number)
		c := t.bucket(pendingBucket).Cursor()
		for k, v := c.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = c.Next() {
			body, sound := unseal(k, v)
			if !sound || len(k) != pendingKeySize {
				continue // as in Plan
			}
			if ok && keyInstant(k[2:]) >= earliest {
				return nil
			}
			if p, sound := decodePending(body); sound && halted.covers(p, binary.BigEndian.Uint64(k[10:])) {
				continue
			}
			b, err := t.pendingBlock(k, v)
			if err != nil {
				return err
			}
			if b == nil {
				continue
			}
			if at, found := t.nextIn(b, number, halted, now.Unix()); found && (!ok || at < earliest) {
				earliest, ok = at, true
			}
		}
		return nil
	})
	if err != nil || !ok {
		if err != nil {
			err = fmt.Errorf("find the next deadline of dataset %s: %w", dataset, err)
		}
		return time.Time{}, false, err
	}
	return time.Unix(earliest, 0).UTC(), true, nil
}

// nextIn is the earliest deadline in a block. What is damaged is never sent.
func (t *txn) nextIn(b *block, dataset uint16, halted *haltSet, now int64) (at int64, ok bool) {
	for _, p := range b.due(dataset, func(deadline int64) bool { return deadline > now }) {
		flags := b.cells[p.seq-firstSeq(b.n)].flags
		if halted.has(p.seq, flags) {
			continue
		}
		if flags&flagWaits != 0 {
			if r, err := t.row(p.seq); err != nil || r.notBefore >= p.deadline {
				continue
			}
		}
		return p.deadline, true
	}
	return 0, false
}
