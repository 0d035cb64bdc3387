package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"time"

	"capibara/event"
	"capibara/store"
)

// files removes the files of which no row is left and that were closed long ago, up to the first that has to stay.
func (p *pruning) files() error {
	last, err := p.lastFile()
	if err != nil {
		return err
	}
	first := p.to.file
	mappings := map[event.Hash]bool{}
	for ; p.to.file <= last && p.budget > 0; p.budget-- {
		f, err := p.file(p.to.file)
		if errors.Is(err, store.ErrCorrupt) {
			break
		}
		if err != nil {
			return err
		}
		if !p.over(f) {
			break
		}
		mappings[f.mapping] = true
		if err := p.removeFile(f); err != nil {
			return err
		}
		p.to.file++
	}
	if p.out.Files = p.to.file - first; p.out.Files == 0 {
		return nil
	}
	p.say("files %d to %d", first, p.to.file-1)
	return p.unused(mappings)
}

// over reports whether a file may go. An import that was cut off counts from its beginning, unless it goes on at this moment.
func (p *pruning) over(f *fileRecord) bool {
	at := f.EndedAt
	if f.State == store.FileImporting {
		if _, goesOn := p.opened.Load(f.Number); goesOn {
			return false
		}
		at = f.StartedAt
	}
	if n := len(f.extents); n > 0 && f.extents[n-1].first+f.extents[n-1].count > p.to.row {
		return false
	}
	return at.Before(p.r.History)
}

// removeFile removes a file. The fates of its records are leftovers from then on.
func (p *pruning) removeFile(f *fileRecord) error {
	if err := p.delete(fileSHABucket, shaKey(f.SHA256, f.Number)); err != nil {
		return err
	}
	if err := p.forgetArchived(f); err != nil {
		return err
	}
	for _, kind := range []store.HaltKind{store.HaltFile, store.HaltEvents} {
		k := store.HaltKey{Kind: kind, File: f.Number}
		if p.halt(k) == nil {
			continue
		}
		if err := p.delete(haltsBucket, appendHaltKey(nil, k)); err != nil {
			return err
		}
		if err := p.haltsChanged(); err != nil {
			return err
		}
	}
	delete(p.txn.files, f.Number)
	return p.delete(filesBucket, numberKey(f.Number))
}

// unused removes, of these mappings, those that no file was read with that is still there. When a file cannot be read all of
// them stay, because one of them may be its own.
func (p *pruning) unused(mappings map[event.Hash]bool) error {
	c := p.bucket(filesBucket).Cursor()
	for k, v := c.First(); k != nil && len(mappings) > 0; k, v = c.Next() {
		body, ok := unseal(k, v)
		if !ok || len(k) != 8 {
			return nil
		}
		f, ok := decodeFile(binary.BigEndian.Uint64(k), body)
		if !ok {
			return nil
		}
		delete(mappings, f.mapping)
	}
	for m := range mappings {
		if err := p.delete(mappingsBucket, m[:]); err != nil {
			return err
		}
	}
	return nil
}

// leftovers takes out the fates and rejects of files that were removed: a file may have millions of them.
func (p *pruning) leftovers() error {
	for _, b := range []bucket{fatesBucket, rejectsBucket} {
		n, err := p.deleteBefore(b, numberKey(p.to.file), p.budget)
		if err != nil {
			return err
		}
		p.budget -= n
		p.more = p.more || n > 0
	}
	return nil
}

// oldRefunds finds refunds whose orders did not come, by their keys, at most as many as are taken out at once. What is damaged
// stays for somebody to look at.
func (d *DB) oldRefunds(ctx context.Context, before time.Time) (keys [][]byte, err error) {
	next := []byte{0}
	for next != nil {
		err := d.read(ctx, func(t *txn) error {
			began := time.Now()
			c := t.bucket(retractedBucket).Cursor()
			k, v := c.Seek(next)
			for next = nil; k != nil && len(keys) < d.pruneLimit(); k, v = c.Next() {
				if time.Since(began) > pageTime {
					next = append(next, k...)
					return nil
				}
				body, ok := unseal(k, v)
				if r, whole := decodeRefund(k, body); ok && whole && r.at.Before(before) {
					keys = append(keys, append([]byte(nil), k...))
				}
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// refunds removes those of them that are still there, as far as the budget goes.
func (p *pruning) refunds(keys [][]byte) error {
	keys = keys[:max(0, min(len(keys), p.budget))]
	if len(keys) == 0 {
		return nil
	}
	n := 0
	for _, k := range keys {
		body, err := p.get(retractedBucket, k)
		if r, ok := decodeRefund(k, body); err != nil || !ok || !r.at.Before(p.r.History) {
			continue // it was applied meanwhile
		}
		if err := p.delete(retractedBucket, k); err != nil {
			return err
		}
		n++
	}
	if p.budget -= n; n > 0 {
		p.more = true
		p.say("%d refunds of orders that did not come", n)
	}
	return nil
}
