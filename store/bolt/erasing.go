package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// Erase empties events on request. A row that is damaged cannot be told from any other and is left as well.
func (d *DB) Erase(ctx context.Context, seqs []uint64, by store.Decision, now time.Time) (out store.Decided, err error) {
	if err := by.Check(event.ReasonErased); err != nil {
		return store.Decided{}, fmt.Errorf("erase %d events: %w", len(seqs), err)
	}
	err = d.change(ctx, func(t *txn) error {
		rows, left, err := t.erasable(seqs)
		if err != nil {
			return err
		}
		if rows, err = t.empty(rows, store.EmptiedErased, now); err != nil {
			return err
		}
		w, err := t.deciding(by.By, by.Reason, by.Note, now)
		if err != nil {
			return err
		}
		for _, seq := range rows {
			b, at, err := w.cell(seq)
			if err != nil {
				return err
			}
			c := b.cells[at]
			if c.state == store.StatePending {
				c.state = store.StateErased
			}
			if err := w.change(b, at, c); err != nil {
				return err
			}
		}
		out = store.Decided{Changed: w.changed(), Left: left}
		return w.log("erased", "were erased")
	})
	if err != nil {
		return store.Decided{}, fmt.Errorf("erase %d events: %w", len(seqs), err)
	}
	return out, nil
}

// erasable are those of the rows that may be erased, each once, and how many others there are.
func (t *txn) erasable(seqs []uint64) (rows []uint64, left uint64, err error) {
	seen := make(map[uint64]bool, len(seqs))
	for _, seq := range seqs {
		if seen[seq] {
			continue
		}
		seen[seq] = true
		b, at, err := t.cell(seq)
		if err != nil {
			return nil, 0, err
		}
		// What may be sent again must be the same, and what a person may resolve as not sent must be whole.
		if s := b.cells[at].state; s == store.StateInFlight || s == store.StateHeld {
			left++
			continue
		}
		if _, err := t.row(seq); errors.Is(err, store.ErrCorrupt) {
			left++
			continue
		} else if err != nil {
			return nil, 0, err
		}
		rows = append(rows, seq)
	}
	return rows, left, nil
}

// forgetRows bounds how many people one transaction of ForgetPeople reads and removes.
const forgetRows = pageRows

// ForgetPeople removes people in pages, each with its audit entry. One whose entry is damaged goes as well: nobody can tell who
// it is.
func (d *DB) ForgetPeople(ctx context.Context, match func(identifiers []byte) bool, by store.Decision, now time.Time) (uint64, error) {
	if err := by.Check(event.ReasonErased); err != nil {
		return 0, fmt.Errorf("forget people: %w", err)
	}
	var forgotten uint64
	for start := []byte{}; start != nil; {
		keys, next, err := d.peopleToForget(ctx, start, match)
		if err == nil && len(keys) > 0 {
			err = d.change(ctx, func(t *txn) error { return t.forget(keys, by, now) })
		}
		if err != nil {
			return forgotten, fmt.Errorf("forget people: %w", err)
		}
		forgotten += uint64(len(keys))
		start = next
	}
	return forgotten, nil
}

// peopleToForget reads a page of people from the key start on. next is where the next page begins; nil for none. An import
// may add somebody behind it meanwhile: suppression keeps those out that were erased.
func (d *DB) peopleToForget(ctx context.Context, start []byte, match func([]byte) bool) (keys [][]byte, next []byte, err error) {
	err = d.read(ctx, func(t *txn) error {
		b := t.bucket(peopleBucket)
		if b == nil {
			return nil
		}
		began, read := time.Now(), 0
		c := b.Cursor()
		for k, v := c.Seek(start); k != nil; k, v = c.Next() {
			if read == forgetRows || read > 0 && read%64 == 0 && time.Since(began) > pageTime {
				next = bytes.Clone(k)
				return nil
			}
			read++
			body, ok := unseal(k, v)
			_, identifiers, whole := decodePerson(body)
			if !ok || !whole || match(identifiers) {
				keys = append(keys, bytes.Clone(k))
			}
		}
		return nil
	})
	return keys, next, err
}

// forget removes people, and says how many.
func (t *txn) forget(keys [][]byte, by store.Decision, now time.Time) error {
	for _, k := range keys {
		if err := t.delete(peopleBucket, k); err != nil {
			return err
		}
	}
	e := store.DecisionEntry{By: by.By, Note: by.Note}
	return t.audit(now, "erased", fmt.Sprintf("%d people that records of other files refer to were removed", len(keys))+e.Signature())
}

// Suppress keeps keyed sums of identifiers.
func (d *DB) Suppress(ctx context.Context, sums []event.Hash, by string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if by == "" {
			return errors.New("nobody is named who decided it")
		}
		added := 0
		for i := range sums {
			if t.bucket(suppressionsBucket).Get(sums[i][:]) != nil {
				continue
			}
			added++
			if err := t.put(suppressionsBucket, sums[i][:], appendTime(unsealed(10), now)); err != nil {
				return err
			}
		}
		if added == 0 {
			return errNothingToCommit
		}
		return t.audit(now, "suppressed", fmt.Sprintf("%d identifiers of people who were erased, so that no record brings them back, by %s", added, by))
	})
	if err != nil && !errors.Is(err, errNothingToCommit) {
		return fmt.Errorf("suppress %d identifiers: %w", len(sums), err)
	}
	return nil
}

// Suppressed returns the sums that Suppress kept, sorted: bbolt keeps its keys so. A damaged one counts: better that somebody is
// kept out.
func (d *DB) Suppressed(ctx context.Context) (sums []event.Hash, err error) {
	err = d.read(ctx, func(t *txn) error {
		sums = nil
		b := t.bucket(suppressionsBucket)
		if b == nil {
			return nil // an older schema, open to read
		}
		return b.ForEach(func(k, _ []byte) error {
			if len(k) != len(event.Hash{}) {
				return damaged(suppressionsBucket, k)
			}
			sums = append(sums, event.Hash(k))
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the suppressed identifiers: %w", err)
	}
	return sums, nil
}
