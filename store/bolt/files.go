package bolt

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"sort"
	"time"

	"capibara/event"
	"capibara/store"
)

// extent is a run of consecutive rows.
type extent struct{ first, count uint64 }

// fileRecord is a file as it is stored.
type fileRecord struct {
	store.File
	mapping event.Hash
	extents []extent // of its rows, ascending
}

func (f *fileRecord) add(seq uint64) {
	if n := len(f.extents); n > 0 && f.extents[n-1].first+f.extents[n-1].count == seq {
		f.extents[n-1].count++
		return
	}
	f.extents = append(f.extents, extent{seq, 1})
}

// has reports whether a row is among the file's.
func (f *fileRecord) has(seq uint64) bool {
	at := sort.Search(len(f.extents), func(i int) bool { return f.extents[i].first > seq }) - 1
	return at >= 0 && seq-f.extents[at].first < f.extents[at].count
}

func (f *fileRecord) encode() []byte {
	v := unsealed(256 + 4*len(f.extents))
	v = appendText(appendText(v, f.Name), f.Source)
	v = append(append(v, f.SHA256[:]...), f.mapping[:]...)
	v = append(appendInt(v, f.Size), byte(f.State))
	v = appendText(v, f.Reason)
	c := f.Counts
	for _, n := range [...]uint64{c.Records, c.Accepted, c.Duplicate, c.Conflict, c.Expired, c.Skipped, c.Rejected} {
		v = appendUint(v, n)
	}
	v = appendTime(appendTime(v, f.StartedAt), f.EndedAt)
	v = appendText(appendText(v, f.ArchivedAs), f.Rejects)
	v = appendUint(v, uint64(len(f.extents)))
	end := uint64(0)
	for _, x := range f.extents {
		v = appendUint(appendUint(v, x.first-end), x.count)
		end = x.first + x.count
	}
	scrubbed := f.ArchivedSHA256 != (event.Hash{})
	if f.Receipt != "" || f.Mends != 0 || f.Events > 0 || scrubbed {
		v = appendUint(appendText(v, f.Receipt), f.Mends)
	}
	if f.Events > 0 || scrubbed {
		v = appendUint(appendUint(v, f.Events), uint64(len(f.Sums)))
		for _, s := range f.Sums {
			v = appendText(appendUint(appendText(v, s.Currency), s.Events), s.Value)
		}
	}
	if scrubbed {
		v = append(v, f.ArchivedSHA256[:]...)
	}
	return v
}

// addWorth adds what a chunk brought in.
func (f *fileRecord) addWorth(events uint64, worth *store.Totals) error {
	if err := worth.AddSums(f.Sums); err != nil {
		return fmt.Errorf("%w: the sums of file %d: %w", store.ErrCorrupt, f.Number, err)
	}
	f.Events += events
	if f.Sums = worth.Sums(); len(f.Sums) == 0 {
		f.Sums = nil
	}
	return nil
}

func decodeFile(n uint64, b []byte) (*fileRecord, bool) {
	d := decoder{b: b}
	f := &fileRecord{File: store.File{Number: n, Name: d.text(), Source: d.text(), SHA256: d.hash()}}
	f.mapping = d.hash()
	f.Size, f.State, f.Reason = d.int(), store.FileState(d.byte()), d.text()
	c := &f.Counts
	for _, n := range [...]*uint64{&c.Records, &c.Accepted, &c.Duplicate, &c.Conflict, &c.Expired, &c.Skipped, &c.Rejected} {
		*n = d.uint()
	}
	f.StartedAt, f.EndedAt = d.time(), d.time()
	f.ArchivedAs, f.Rejects = d.text(), d.text()
	end := uint64(0)
	for range d.count() {
		x := extent{d.uint() + end, d.uint()}
		f.extents = append(f.extents, x)
		end = x.first + x.count
	}
	// Files of earlier versions end here.
	if !d.bad && len(d.b) > 0 {
		f.Receipt, f.Mends = d.text(), d.uint()
	}
	if !d.bad && len(d.b) > 0 {
		f.Events = d.uint()
		for range d.count() {
			f.Sums = append(f.Sums, store.Sum{Currency: d.text(), Events: d.uint(), Value: d.text()})
		}
	}
	if !d.bad && len(d.b) > 0 {
		f.ArchivedSHA256 = d.hash()
	}
	return f, d.done()
}

// file reads a file without its mapping; within a transaction always the same one. ErrNotFound.
func (t *txn) file(n uint64) (*fileRecord, error) {
	if f := t.files[n]; f != nil {
		return f, nil
	}
	key := numberKey(n)
	body, err := t.get(filesBucket, key)
	if err != nil {
		return nil, err
	}
	if body == nil {
		w, err := t.removed()
		if err != nil {
			return nil, err
		}
		return nil, absent("file", n, w.file)
	}
	f, ok := decodeFile(n, body)
	if !ok {
		return nil, damaged(filesBucket, key)
	}
	t.files[n] = f
	return f, nil
}

// whole is the file as callers see it.
func (t *txn) whole(f *fileRecord) (store.File, error) {
	body, err := t.get(mappingsBucket, f.mapping[:])
	if err != nil {
		return store.File{}, err
	}
	w, err := t.removed()
	if err != nil {
		return store.File{}, err
	}
	out := f.File
	out.Mapping, out.Removed = string(body), w.removedOf(f)
	return out, nil
}

// OpenFile registers a file, or finds the one to go on with.
func (d *DB) OpenFile(ctx context.Context, nf store.NewFile, now time.Time) (file store.File, err error) {
	err = d.change(ctx, func(t *txn) error {
		mapping := event.Hash(sha256.Sum256([]byte(nf.Mapping)))
		f, err := t.interrupted(nf, mapping)
		if err != nil {
			return err
		}
		if f == nil {
			if f, err = t.addFile(nf, mapping, now); err != nil {
				return err
			}
		}
		if err := t.haltOpened(f, nf, now); err != nil {
			return err
		}
		file, err = t.whole(f)
		return err
	})
	if err != nil {
		return store.File{}, fmt.Errorf("register file %q: %w", nf.Name, err)
	}
	d.importing.Store(file.Number, true)
	return file, nil
}

// interrupted finds the import of the same bytes with the same source and mapping that did not end; nil when there is
// none.
func (t *txn) interrupted(nf store.NewFile, mapping event.Hash) (*fileRecord, error) {
	c := t.bucket(fileSHABucket).Cursor()
	for k, _ := c.Seek(nf.SHA256[:]); len(k) == 40 && event.Hash(k[:32]) == nf.SHA256; k, _ = c.Next() {
		f, err := t.file(binary.BigEndian.Uint64(k[32:]))
		if err != nil {
			return nil, err
		}
		if f.State == store.FileImporting && f.Source == nf.Source && f.mapping == mapping {
			return f, nil
		}
	}
	return nil, nil
}

func (t *txn) addFile(nf store.NewFile, mapping event.Hash, now time.Time) (*fileRecord, error) {
	last, err := t.lastFile()
	if err != nil {
		return nil, err
	}
	f := &fileRecord{mapping: mapping, File: store.File{Number: last + 1, Name: nf.Name, Source: nf.Source,
		SHA256: nf.SHA256, Size: nf.Size, State: store.FileImporting, StartedAt: stored(now)}}
	body, err := t.get(mappingsBucket, mapping[:])
	if err != nil {
		return nil, err
	}
	if body == nil {
		if err := t.put(mappingsBucket, mapping[:], append(unsealed(len(nf.Mapping)), nf.Mapping...)); err != nil {
			return nil, err
		}
	}
	if err := t.put(fileSHABucket, shaKey(nf.SHA256, f.Number), unsealed(0)); err != nil {
		return nil, err
	}
	if err := t.put(filesBucket, numberKey(f.Number), f.encode()); err != nil {
		return nil, err
	}
	t.files[f.Number] = f
	return f, t.audit(now, "file_opened", fmt.Sprintf("file %d %q of source %q, SHA-256 %x", f.Number, f.Name, f.Source, f.SHA256))
}

// stored is an instant as the database gives it back: UTC, whole milliseconds.
func stored(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return time.UnixMilli(t.UnixMilli()).UTC()
}

// CloseFile ends an import.
func (d *DB) CloseFile(ctx context.Context, n uint64, end store.FileEnd, now time.Time) (file store.File, err error) {
	if end.State != store.FileImported && end.State != store.FileRefused {
		return store.File{}, fmt.Errorf("close file %d: %s is no way for an import to end", n, end.State)
	}
	err = d.change(ctx, func(t *txn) error {
		f, err := t.file(n)
		if err != nil {
			return err
		}
		if f.State != store.FileImporting {
			return fmt.Errorf("%w: the file is %s", store.ErrStale, f.State)
		}
		if end.Mends >= n {
			return fmt.Errorf("it cannot mend file %d, which did not come before it", end.Mends)
		}
		f.State, f.Reason, f.ArchivedAs, f.Rejects, f.EndedAt = end.State, end.Reason, end.ArchivedAs, end.Rejects, stored(now)
		f.Receipt, f.Mends = end.Receipt, end.Mends
		if end.ArchivedSHA256 != (event.Hash{}) {
			if err := t.archivedAnew(f, end.ArchivedSHA256); err != nil {
				return err
			}
		}
		if err := t.put(filesBucket, numberKey(n), f.encode()); err != nil {
			return err
		}
		if file, err = t.whole(f); err != nil {
			return err
		}
		if err := t.haltClosed(f, end.Halt, now); err != nil {
			return err
		}
		return t.audit(now, "file_closed", closingDetail(f))
	})
	if err != nil {
		return store.File{}, fmt.Errorf("close file %d: %w", n, err)
	}
	d.importing.Delete(n)
	return file, nil
}

func closingDetail(f *fileRecord) string {
	c := f.Counts
	s := fmt.Sprintf("file %d %q %s: %d records, %d accepted, %d duplicate, %d conflict, %d expired, %d skipped, %d rejected",
		f.Number, f.Name, f.State, c.Records, c.Accepted, c.Duplicate, c.Conflict, c.Expired, c.Skipped, c.Rejected)
	if f.Reason != "" {
		s += "; " + f.Reason
	}
	return s
}
