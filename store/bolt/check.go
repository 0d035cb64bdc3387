package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"

	"capibara/event"
	"capibara/store"

	"go.etcd.io/bbolt"
)

// Check reads everything in one read transaction and verifies that it agrees with itself. Writers go on meanwhile; the
// pages that they replace are kept until it ends.
func (d *DB) Check(ctx context.Context, problem func(string)) error {
	err := d.check(ctx, problem)
	if err != nil {
		return fmt.Errorf("check database %s: %w", d.path, err)
	}
	return nil
}

func (d *DB) check(ctx context.Context, problem func(string)) (err error) {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer guard(&err)()
	f, tx, err := d.beginBeside()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return d.viewIn(tx, func(t *txn) error {
		sound, err := checkPages(f, t, problem)
		if err != nil || !sound {
			return err
		}
		c := &checker{txn: t, ctx: ctx, report: problem, tally: map[countKey]uint64{}}
		if c.low, err = t.removed(); err != nil {
			return c.damage(err)
		}
		for _, step := range []func() error{c.names, c.auditLog, c.allFiles, c.allBatches, c.allUnfinished, c.allRows, c.allProofs, c.indexes, c.allDecisions, c.allRefunds,
			c.allPeople, c.allSuppressions, c.allHalts, c.smallBuckets} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// beginBeside begins a read transaction and opens the file that it reads: a compaction may give its name to another.
func (d *DB) beginBeside() (*os.File, *bbolt.Tx, error) {
	d.swapping.RLock()
	defer d.swapping.RUnlock()
	f, err := os.Open(d.path)
	if err != nil {
		return nil, nil, err
	}
	tx, err := d.bolt.Load().Begin(false)
	if err != nil {
		return nil, nil, errors.Join(closedOr(err), f.Close())
	}
	return f, tx, nil
}

// checkPages verifies the pages that the transaction sees. Only when they are sound can the rest be read.
func checkPages(f *os.File, t *txn, problem func(string)) (sound bool, err error) {
	valid, err := readHeaders(f)
	if err != nil {
		problem(err.Error())
		return false, nil
	}
	if len(valid) < headerPages {
		problem("One of the two header pages of the database is damaged; the change made last may be missing.")
	}
	p := &pages{f: f, header: header{pageSize: valid[0].pageSize, root: uint64(t.tx.Cursor().Bucket().Root()),
		freelist: noFreelist}}
	p.high = uint64(t.tx.Size() / p.pageSize)
	for _, h := range valid {
		if h.transaction == uint64(t.tx.ID()) {
			p.freelist = h.freelist
		}
	}
	if err := p.walk(); err != nil {
		problem(err.Error())
		return false, nil
	}
	return true, nil
}

// checker verifies the content of a sound tree.
type checker struct {
	*txn
	ctx         context.Context
	report      func(string)
	tally       map[countKey]uint64 // events seen, by dataset and state
	batchStates []store.BatchState  // by batch number
	conflicted  uint64              // cells that say that a record disagreed
	replaced    uint64              // cells of events whose place another took
	replacing   uint64              // cells of events that took one
	decidedOn   uint64              // cells of events about which something was decided
	pendings    uint64              // entries that the pending index should have
	rowsOf      map[uint64]uint64   // rows seen, by file
	inTime      map[uint64]uint64   // of them those that were not late, by file
	haltedOf    map[uint64]uint64   // of them those that came in halted, by file
	emptied     rowSet
	unfinished  rowSet // rows that the retention is to look at again
	scanned     int
}

func (c *checker) problem(format string, args ...any) { c.report(fmt.Sprintf(format, args...)) }

// damage reports an ErrCorrupt and goes on; any other error ends the check.
func (c *checker) damage(err error) error {
	if errors.Is(err, store.ErrCorrupt) || errors.Is(err, store.ErrNotFound) {
		c.report(err.Error())
		return nil
	}
	return err
}

// each reads every entry of a bucket whose checksum is right and reports the others.
func (c *checker) each(b bucket, read func(key, body []byte) error) error {
	cur := c.bucket(b).Cursor()
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		if c.scanned++; c.scanned%pageRows == 0 {
			if err := c.ctx.Err(); err != nil {
				return err
			}
		}
		body, ok := unseal(k, v)
		if !ok {
			c.report(damaged(b, k).Error())
			continue
		}
		if err := read(k, body); err != nil {
			if err := c.damage(err); err != nil {
				return err
			}
		}
	}
	return nil
}

// numbered is each for a bucket whose keys are the numbers from first to last; first is last + 1 when there are none.
func (c *checker) numbered(b bucket, first, last uint64, read func(n uint64, body []byte) error) error {
	n, bad := first-1, uint64(0)
	cur := c.bucket(b).Cursor()
	for k, _ := cur.First(); k != nil; k, _ = cur.Next() {
		n++
		if !bytes.Equal(k, numberKey(n)) {
			bad++
		}
	}
	if n != last || bad > 0 {
		c.problem("%s: %d entries are there, %d should be, numbered from %d without a gap", b, n-(first-1), last-(first-1), first)
	}
	return c.each(b, func(key, body []byte) error {
		d := decoder{b: key}
		at := d.fixed()
		if !d.done() {
			return damaged(b, key)
		}
		return read(at, body)
	})
}

func (c *checker) names() error {
	forward, back := 0, 0
	err := c.each(namesBucket, func(key, body []byte) error {
		if len(key) < 2 {
			return damaged(namesBucket, key)
		}
		if key[1] == 1 {
			back++
			return nil
		}
		forward++
		d := decoder{b: body}
		n := uint32(d.uint())
		text, err := c.get(namesBucket, textKey(key[0], n))
		if err != nil {
			return err
		}
		if !d.done() || !bytes.Equal(text, key[2:]) {
			c.problem("names: %q has the number %d of another name", key[2:], n)
		}
		return nil
	})
	if forward != back {
		c.problem("names: %d names have %d numbers", forward, back)
	}
	return err
}

func (c *checker) auditLog() error {
	last, hash, err := c.head()
	if err != nil {
		return c.damage(err)
	}
	var previous event.Hash
	err = c.numbered(auditBucket, 1, last, func(n uint64, body []byte) error {
		e, ok := decodeAudit(body)
		if !ok || e.N != n {
			return damaged(auditBucket, numberKey(n))
		}
		if e.Previous != previous {
			c.problem("audit: entry %d does not follow the one before it", n)
		}
		previous = e.Hash
		return nil
	})
	if previous != hash {
		c.problem("audit: the last entry is not the one that was written last")
	}
	return err
}

// smallBuckets verifies what no other step looks at.
func (c *checker) smallBuckets() error {
	err := c.each(circuitsBucket, func(key, _ []byte) error {
		d := decoder{b: key}
		name, err := c.datasetText(uint16(d.byte())<<8 | uint16(d.byte()))
		if err != nil {
			return err
		}
		_, err = c.circuit(name)
		return err
	})
	if err == nil {
		if _, err = c.retirement(); err != nil {
			err = c.damage(err)
		}
	}
	for _, b := range []bucket{liveBucket, runsBucket, metaBucket, mappingsBucket} {
		if err == nil {
			err = c.each(b, func([]byte, []byte) error { return nil })
		}
	}
	return err
}
