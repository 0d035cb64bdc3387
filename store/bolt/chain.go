package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"capibara/event"
	"capibara/store"
)

// Chain is what was found in the audit log.
type Chain struct {
	Entries uint64           // that follow each other from the first one on
	Last    store.AuditEntry // the last of them
	// Break is the first place where the log is not what was written; nil when it is whole.
	Break *ChainBreak
}

// ChainBreak is a place where an audit log is not what was written.
type ChainBreak struct {
	Entry    uint64 `json:"entry"`    // number of the entry that is missing, or that is not the one that was written
	Expected string `json:"expected"` // what should be there
	Found    string `json:"found"`    // what is there
}

// Kept is the head of an audit log as somebody kept it elsewhere.
type Kept struct {
	Entry uint64
	Hash  event.Hash
}

// Chain reads the audit log from its first entry on and verifies each: its number, its checksum and, by the entry after it
// or by the head that the database keeps, its hash. kept, when it is not nil, is a head that was kept elsewhere: a log that
// was written anew as a whole agrees with itself, and not with that. ErrCorrupt when the pages of the log cannot be read.
func (d *DB) Chain(ctx context.Context, kept *Kept) (c Chain, err error) {
	err = d.read(ctx, func(t *txn) error {
		c = Chain{}
		return t.chain(ctx, kept, &c)
	})
	if err != nil {
		return Chain{}, fmt.Errorf("verify the audit log: %w", err)
	}
	return c, nil
}

func (t *txn) chain(ctx context.Context, kept *Kept, c *Chain) error {
	last, hash, err := t.head()
	if errors.Is(err, store.ErrCorrupt) {
		c.broken(0, "a note of which entry is the last", "one that fails its checksum")
		return nil
	}
	if err != nil {
		return err
	}
	cur := t.bucket(auditBucket).Cursor()
	for k, v := cur.First(); k != nil; k, v = cur.Next() {
		if c.Entries%pageRows == 0 && ctx.Err() != nil {
			return context.Cause(ctx)
		}
		n := c.Entries + 1
		e, ok := c.entry(n, last, k, v)
		if !ok {
			return nil
		}
		if e.Previous != c.Last.Hash {
			if n == 1 {
				c.broken(1, fmt.Sprintf("the first entry, with no hash of one before it (%x)", event.Hash{}), fmt.Sprintf("one with the hash %x of an entry before it", e.Previous))
			} else {
				c.broken(n-1, fmt.Sprintf("the entry with hash %x, because entry %d was written behind that", e.Previous, n),
					fmt.Sprintf("one with hash %x: it was changed or put in, or what followed it was taken out or moved", c.Last.Hash))
			}
			return nil
		}
		if kept != nil && n == kept.Entry && e.Hash != kept.Hash {
			c.broken(n, fmt.Sprintf("the entry with hash %x, which was kept elsewhere", kept.Hash), fmt.Sprintf("one with hash %x: it or one before it was changed", e.Hash))
			return nil
		}
		c.Entries, c.Last = n, e
	}
	switch {
	case c.Entries < last:
		c.broken(c.Entries+1, fmt.Sprintf("an entry: the log was written up to entry %d", last), "the end of the log")
	case c.Last.Hash != hash:
		c.broken(c.Entries, fmt.Sprintf("the entry with hash %x, which was written last", hash), fmt.Sprintf("one with hash %x", c.Last.Hash))
	case kept != nil && kept.Entry > c.Entries:
		c.broken(c.Entries+1, fmt.Sprintf("an entry: a head that was kept elsewhere is of entry %d", kept.Entry), "the end of the log")
	}
	return nil
}

// entry reads entry n, which is to stand under the key k. last is the number of the last one.
func (c *Chain) entry(n, last uint64, k, v []byte) (e store.AuditEntry, ok bool) {
	if len(k) != 8 {
		c.broken(n, fmt.Sprintf("entry %d", n), "something under a key that is no number")
		return e, false
	}
	if at := binary.BigEndian.Uint64(k); at != n {
		c.broken(n, fmt.Sprintf("entry %d", n), fmt.Sprintf("entry %d after entry %d: those between are gone", at, n-1))
		return e, false
	}
	if n > last {
		c.broken(n, fmt.Sprintf("the end of the log, after entry %d", last), "an entry behind it that was put in")
		return e, false
	}
	body, whole := unseal(k, v)
	if !whole {
		has := "no checksum at all"
		if len(v) >= sumSize {
			has = fmt.Sprintf("the checksum %08x, and bytes that give %08x", binary.BigEndian.Uint32(v), checksum(k, v[sumSize:]))
		}
		c.broken(n, "an entry with the checksum of its bytes", has)
		return e, false
	}
	e, readable := decodeAudit(body)
	switch {
	case !readable:
		c.broken(n, "an entry", "bytes that are none")
	case e.N != n:
		c.broken(n, fmt.Sprintf("entry %d", n), fmt.Sprintf("one that was written as entry %d", e.N))
	default:
		return e, true
	}
	return e, false
}

func (c *Chain) broken(entry uint64, expected, found string) {
	c.Break = &ChainBreak{Entry: entry, Expected: expected, Found: found}
}

// AuditBytes calls yield for the entries of the audit log from number from on with the bytes as they are stored, whose SHA-256
// is the hash of the entry.
func (d *DB) AuditBytes(ctx context.Context, from uint64, yield func(store.AuditEntry, []byte) bool) error {
	type stored struct {
		entry store.AuditEntry
		body  []byte
	}
	err := scan(ctx, d, auditBucket, nil, numberKey(from), func(_ *txn, _, body []byte) (stored, bool, error) {
		e, ok := decodeAudit(body)
		return stored{e, bytes.Clone(body)}, ok, nil
	}, func(s stored) bool { return yield(s.entry, s.body) })
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	return nil
}
