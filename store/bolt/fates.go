package bolt

import (
	"context"
	"encoding/binary"
	"fmt"

	"capibara/event"
	"capibara/store"
)

// fateRuns gathers the fates of a file's records as runs, going on with the last run that is stored.
type fateRuns struct {
	t    *txn
	file uint64
	run  store.FateRun // not stored yet; Count is 0 at the start
}

func (t *txn) runs(file uint64) (*fateRuns, error) {
	f := &fateRuns{t: t, file: file}
	c := t.bucket(fatesBucket).Cursor()
	last := c.Prev
	if k, _ := c.Seek(numberKey(file + 1)); k == nil {
		last = c.Last
	}
	k, v := last()
	if len(k) != 16 || binary.BigEndian.Uint64(k) != file {
		return f, nil
	}
	body, ok := unseal(k, v)
	if !ok {
		return nil, damaged(fatesBucket, k)
	}
	run, ok, err := decodeFateRun(t, k, body)
	if err == nil && !ok {
		err = damaged(fatesBucket, k)
	}
	f.run = run
	return f, err
}

func (f *fateRuns) add(record uint64, fate store.Fate, reason event.Reason) error {
	if r := &f.run; r.Count > 0 && r.Fate == fate && r.Reason == reason && r.First+r.Count == record {
		r.Count++
		return nil
	}
	if err := f.flush(); err != nil {
		return err
	}
	f.run = store.FateRun{First: record, Count: 1, Fate: fate, Reason: reason}
	return nil
}

func (f *fateRuns) flush() error {
	if f.run.Count == 0 {
		return nil
	}
	reason, err := f.t.reasonNumber(f.run.Reason)
	if err != nil {
		return err
	}
	v := append(appendUint(unsealed(16), f.run.Count), byte(f.run.Fate))
	f.t.appending(fatesBucket)
	return f.t.put(fatesBucket, appendKey(numberKey(f.file), f.run.First), appendUint(v, reason))
}

func decodeFateRun(t *txn, key, b []byte) (store.FateRun, bool, error) {
	k, d := decoder{b: key}, decoder{b: b}
	k.fixed()
	run := store.FateRun{First: k.fixed(), Count: d.uint(), Fate: store.Fate(d.byte())}
	reason := d.uint()
	if !k.done() || !d.done() {
		return run, false, nil
	}
	text, err := t.text(reasonName, uint32(reason))
	run.Reason = event.Reason(text)
	return run, true, err
}

// FateRuns calls yield for the fates of a file's records in order.
func (d *DB) FateRuns(ctx context.Context, file uint64, yield func(store.FateRun) bool) error {
	err := d.ofFile(ctx, file, func() error {
		return scan(ctx, d, fatesBucket, numberKey(file), numberKey(file), decodeFateRun, yield)
	})
	if err != nil {
		return fmt.Errorf("read the fates of file %d: %w", file, err)
	}
	return nil
}

// ofFile runs read when there is such a file.
func (d *DB) ofFile(ctx context.Context, file uint64, read func() error) error {
	err := d.read(ctx, func(t *txn) error {
		_, err := t.file(file)
		return err
	})
	if err != nil {
		return err
	}
	return read()
}

func (in *importing) addReject(file, record uint64, r *store.Record) error {
	reason, err := in.reasonNumber(r.Reason)
	if err != nil {
		return err
	}
	raw := rawReject{r.Line, reason, r.Column, r.RecordKey}
	in.appending(rejectsBucket)
	return in.put(rejectsBucket, appendKey(numberKey(file), record), raw.encode())
}

func decodeReject(t *txn, key, b []byte) (store.Reject, bool, error) {
	k := decoder{b: key}
	k.fixed()
	raw, whole := decodeRawReject(b)
	r := store.Reject{Record: k.fixed(), Line: raw.line, Column: raw.column, RecordKey: raw.key}
	if !k.done() || !whole {
		return r, false, nil
	}
	text, err := t.text(reasonName, uint32(raw.reason))
	r.Reason = event.Reason(text)
	return r, true, err
}

// Rejects calls yield for every rejected record of a file in order.
func (d *DB) Rejects(ctx context.Context, file uint64, yield func(store.Reject) bool) error {
	err := d.ofFile(ctx, file, func() error {
		return scan(ctx, d, rejectsBucket, numberKey(file), numberKey(file), decodeReject, yield)
	})
	if err != nil {
		return fmt.Errorf("read the rejects of file %d: %w", file, err)
	}
	return nil
}
