package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// haltRecord is a halt as it is stored.
type haltRecord struct {
	store.Halt
	mapping event.Hash // of a source: what the files are read with that it concerns; zeros until there is one
}

// The sentences of halts that no person and no importer gave another one.
const (
	reasonImporting = "The file is being imported; only when all of it is read is it known whether its events may be sent."
	reasonSingle    = "The configuration of the source says that events like these wait until somebody allows them."
	reasonDamaged   = "What the database says about this halt is damaged."
)

func appendHaltKey(dst []byte, k store.HaltKey) []byte {
	dst = append(dst, byte(k.Kind))
	if k.Kind == store.HaltSource {
		return append(dst, k.Source...)
	}
	return appendKey(dst, k.File)
}

func decodeHaltKey(b []byte) (k store.HaltKey, ok bool) {
	if len(b) < 2 {
		return k, false
	}
	switch k.Kind = store.HaltKind(b[0]); k.Kind {
	case store.HaltSource:
		k.Source = string(b[1:])
		return k, true
	case store.HaltFile, store.HaltEvents:
		if len(b) == 9 {
			k.File = binary.BigEndian.Uint64(b[1:])
		}
	}
	return k, k.File != 0
}

func (h *haltRecord) encode() []byte {
	v := appendUint(appendText(appendTime(unsealed(64+len(h.Reason)), h.Since), h.Reason), h.Ends)
	var importing byte
	if h.Importing {
		importing = 1
	}
	return append(append(v, importing), h.mapping[:]...)
}

// decodeHalt reads a halt. One that is damaged halts all that its key names: it must not let anything go.
func decodeHalt(key, value []byte) (h haltRecord, ok bool) {
	k, ok := decodeHaltKey(key)
	if !ok {
		return h, false
	}
	if body, sound := unseal(key, value); sound {
		d := decoder{b: body}
		h = haltRecord{Halt: store.Halt{HaltKey: k, Since: d.time(), Reason: d.text(), Ends: d.uint(), Importing: d.byte() == 1}, mapping: d.hash()}
		if d.done() {
			return h, true
		}
	}
	return haltRecord{Halt: store.Halt{HaltKey: k, Reason: reasonDamaged}}, false
}

// halts calls read for everything that is halted, in order of the keys.
func (t *txn) halts(read func(h haltRecord) error) error {
	b := t.bucket(haltsBucket)
	if b == nil {
		return nil // an older schema
	}
	c := b.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		h, _ := decodeHalt(k, v)
		if h.Kind == 0 {
			return damaged(haltsBucket, k)
		}
		if err := read(h); err != nil {
			return err
		}
	}
	return nil
}

// halt reads one halt; nil when there is none.
func (t *txn) halt(k store.HaltKey) *haltRecord {
	b := t.bucket(haltsBucket)
	if b == nil {
		return nil
	}
	key := appendHaltKey(nil, k)
	v := b.Get(key)
	if v == nil {
		return nil
	}
	h, _ := decodeHalt(key, v)
	return &h
}

func (t *txn) putHalt(h *haltRecord) error {
	if err := t.put(haltsBucket, appendHaltKey(nil, h.HaltKey), h.encode()); err != nil {
		return err
	}
	return t.haltsChanged()
}

// ofFile is the halt of a whole file that concerns it, its source's first; nil when there is none.
func (t *txn) ofFile(f *fileRecord) *haltRecord {
	if h := t.halt(store.HaltKey{Kind: store.HaltSource, Source: f.Source}); h != nil && h.concerns(f.Number) {
		return h
	}
	return t.halt(store.HaltKey{Kind: store.HaltFile, File: f.Number})
}

// concerns reports whether a halt of the source concerns this file of it.
func (h *haltRecord) concerns(file uint64) bool { return h.Ends == 0 || file < h.Ends }

// Halt halts what h names. What is halted already keeps its Since.
func (d *DB) Halt(ctx context.Context, h store.Halt, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if h.Reason == "" {
			return errors.New("nothing says why")
		}
		r := haltRecord{Halt: store.Halt{HaltKey: h.HaltKey, Reason: h.Reason, Since: stored(now)}}
		there := t.halt(h.HaltKey)
		if there != nil && !there.Since.IsZero() {
			r.Since = there.Since
		}
		switch {
		case h.Kind == store.HaltSource && h.Source != "" && h.File == 0:
			newest, err := t.newestOf(h.Source)
			if err != nil {
				return err
			}
			if newest != nil {
				r.mapping = newest.mapping
			}
		case h.Kind == store.HaltFile && h.Source == "":
			if _, err := t.file(h.File); err != nil {
				return err
			}
		case h.Kind == store.HaltEvents && h.Source == "":
			if there == nil {
				return fmt.Errorf("single events of file %d: %w", h.File, store.ErrNotFound)
			}
		default:
			return fmt.Errorf("kind %d, source %q, file %d name nothing that can be halted", h.Kind, h.Source, h.File)
		}
		if err := t.putHalt(&r); err != nil {
			return err
		}
		return t.audit(now, "halted", fmt.Sprintf("%s: %s", named(h.HaltKey), h.Reason))
	})
	if err != nil {
		return fmt.Errorf("halt %s: %w", named(h.HaltKey), err)
	}
	return nil
}

func named(k store.HaltKey) string {
	switch k.Kind {
	case store.HaltSource:
		return fmt.Sprintf("source %q", k.Source)
	case store.HaltFile:
		return fmt.Sprintf("file %d", k.File)
	case store.HaltEvents:
	}
	return fmt.Sprintf("single events of file %d", k.File)
}

// newestOf is the newest file of a source; nil when there is none.
func (t *txn) newestOf(source string) (*fileRecord, error) {
	w, err := t.removed()
	if err != nil {
		return nil, err
	}
	for n := t.last(filesBucket); n >= w.file; n-- {
		f, err := t.file(n)
		switch {
		case errors.Is(err, store.ErrCorrupt):
		case err != nil:
			return nil, err
		case f.Source == source:
			return f, nil
		}
	}
	return nil, nil
}

// haltOpened halts a file that is opened until it is closed, when that is asked for, and ends the halt of its source when it
// is the first that is read with another mapping.
func (t *txn) haltOpened(f *fileRecord, nf store.NewFile, now time.Time) error {
	if h := t.halt(store.HaltKey{Kind: store.HaltSource, Source: f.Source}); h != nil && h.Ends == 0 && h.mapping != f.mapping {
		if h.mapping == (event.Hash{}) {
			h.mapping = f.mapping
		} else {
			h.Ends = f.Number
		}
		if h.Reason != reasonDamaged {
			if err := t.putHalt(h); err != nil {
				return err
			}
		}
	}
	k := store.HaltKey{Kind: store.HaltFile, File: f.Number}
	if !nf.HaltUntilClosed || t.halt(k) != nil {
		return nil
	}
	return t.putHalt(&haltRecord{Halt: store.Halt{HaltKey: k, Reason: reasonImporting, Since: stored(now), Importing: true}})
}

// haltClosed halts a file that is closed because of reason, or lets go what waited for its end when that is empty.
func (t *txn) haltClosed(f *fileRecord, reason string, now time.Time) error {
	k := store.HaltKey{Kind: store.HaltFile, File: f.Number}
	h := t.halt(k)
	if reason == "" {
		if h == nil || !h.Importing {
			return nil
		}
		if err := t.delete(haltsBucket, appendHaltKey(nil, k)); err != nil {
			return err
		}
		return t.haltsChanged()
	}
	if err := t.putHalt(&haltRecord{Halt: store.Halt{HaltKey: k, Reason: reason, Since: stored(now)}}); err != nil {
		return err
	}
	return t.audit(now, "halted", fmt.Sprintf("%s: %s", named(k), reason))
}

// haltRows notes which rows of the chunk are halted by themselves.
func (in *importing) haltRows() error {
	added, n := 0, 0
	for i := range in.rows {
		if a := &in.rows[i]; a.seq != 0 {
			added++
			if in.cellOf(a).flags&flagHalted != 0 {
				n++
			}
		}
	}
	// What came too late is none of the rows that are halted, until somebody makes it pending.
	if added > 0 && in.ofFile(in.file) != nil {
		if err := in.haltsChanged(); err != nil {
			return err
		}
	}
	if n == 0 {
		return nil
	}
	k := store.HaltKey{Kind: store.HaltEvents, File: in.file.Number}
	h := in.halt(k)
	if h == nil {
		h = &haltRecord{Halt: store.Halt{HaltKey: k, Reason: reasonSingle, Since: stored(in.now)}}
	}
	if err := in.putHalt(h); err != nil {
		return err
	}
	return in.audit(in.now, "halted", fmt.Sprintf("%s: %d events of records %d to %d", named(k), n, in.chunk.First,
		in.chunk.First+uint64(len(in.chunk.Records))-1))
}

// Halts returns what is halted, and counts the pending events in pages.
func (d *DB) Halts(ctx context.Context) (halts []store.Halt, err error) {
	var set *haltSet
	err = d.read(ctx, func(t *txn) error {
		halts = nil
		if set, err = t.halted(); err != nil {
			return err
		}
		return t.halts(func(h haltRecord) error {
			halts = append(halts, h.Halt)
			return nil
		})
	})
	if err == nil && len(halts) > 0 {
		err = d.countHalted(ctx, set, halts)
	}
	if err != nil {
		return nil, fmt.Errorf("list what is halted: %w", err)
	}
	return halts, nil
}

func (d *DB) countHalted(ctx context.Context, set *haltSet, halts []store.Halt) error {
	counts := map[store.HaltKey]uint64{}
	err := d.pendingPages(ctx, nil, func(_ *txn, b *block, dataset uint16) error {
		set.each(b, dataset, func(s *haltSpan, c cell) {
			if s.bySource {
				counts[store.HaltKey{Kind: store.HaltSource, Source: s.source}]++
			}
			if s.byFile {
				counts[store.HaltKey{Kind: store.HaltFile, File: s.file}]++
			}
			if s.single && c.flags&flagHalted != 0 {
				counts[store.HaltKey{Kind: store.HaltEvents, File: s.file}]++
			}
		})
		return nil
	})
	for i := range halts {
		halts[i].Events = counts[halts[i].HaltKey]
	}
	return err
}

// haltOf is why a pending event of a file is not sent until somebody allows it; "" when nothing halts it.
func (t *txn) haltOf(c cell, f *fileRecord) string {
	if c.state != store.StatePending {
		return ""
	}
	if h := t.ofFile(f); h != nil {
		return h.Reason
	}
	if c.flags&flagHalted != 0 {
		if h := t.halt(store.HaltKey{Kind: store.HaltEvents, File: f.Number}); h != nil {
			return h.Reason
		}
	}
	return ""
}

// eachPending calls look for every block with a pending row of a dataset. What is damaged is left out, as in Plan.
func (t *txn) eachPending(look func(b *block, dataset uint16)) error {
	c := t.bucket(pendingBucket).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		b, err := t.pendingBlock(k, v)
		if err != nil {
			return err
		}
		if b != nil {
			look(b, binary.BigEndian.Uint16(k))
		}
	}
	return nil
}

// pendingBlock is the block that an entry of the pending index is about; nil when either is damaged. A block that was not
// looked at before is not kept: there may be very many.
func (t *txn) pendingBlock(key, value []byte) (*block, error) {
	if _, ok := unseal(key, value); !ok || len(key) != pendingKeySize {
		return nil, nil
	}
	n := binary.BigEndian.Uint64(key[10:])
	_, kept := t.blocks[n]
	b, err := t.block(n)
	if errors.Is(err, store.ErrCorrupt) {
		return nil, nil
	}
	if !kept {
		delete(t.blocks, n)
	}
	return b, err
}

// pendingPages calls look for every block with a pending row of the dataset, of any when it is nil, with the earliest
// deadlines first, in transactions that do not last long. A block may be met again when it changes meanwhile: it is shown once.
func (d *DB) pendingPages(ctx context.Context, dataset []byte, look func(t *txn, b *block, dataset uint16) error) error {
	type place struct {
		dataset uint16
		block   uint64
	}
	seen := map[place]bool{}
	next := dataset
	for more := true; more; {
		err := d.read(ctx, func(t *txn) error {
			began := time.Now()
			c := t.bucket(pendingBucket).Cursor()
			for k, v := c.Seek(next); bytes.HasPrefix(k, dataset) && k != nil; k, v = c.Next() {
				if time.Since(began) > pageTime {
					next = bytes.Clone(k)
					return nil
				}
				b, err := t.pendingBlock(k, v)
				if err != nil {
					return err
				}
				if b == nil {
					continue
				}
				at := place{binary.BigEndian.Uint16(k), b.n}
				if seen[at] {
					continue
				}
				seen[at] = true
				if err := look(t, b, at.dataset); err != nil {
					if errors.Is(err, errEnough) {
						break
					}
					return err
				}
			}
			more = false
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// errEnough ends the reading of pages.
var errEnough = errors.New("enough was read")
