package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"capibara/store"
)

// Rejected returns a page of rejected records, those of the newest file first.
func (d *DB) Rejected(ctx context.Context, f store.Filter) (page store.Page[store.RejectEntry], err error) {
	file, record, err := rejectCursor(f.Cursor)
	if err == nil {
		err = d.read(ctx, func(t *txn) error {
			page, err = t.rejected(f, file, record)
			return err
		})
	}
	if err != nil {
		return store.Page[store.RejectEntry]{}, fmt.Errorf("list rejected records: %w", err)
	}
	return page, nil
}

// rejectCursor reads the file and the record that the page before ended at.
func rejectCursor(s string) (file, record uint64, err error) {
	if s == "" {
		return math.MaxUint64, math.MaxUint64, nil
	}
	of, in, ok := strings.Cut(s, ".")
	file, err = strconv.ParseUint(of, 10, 64)
	if err == nil {
		record, err = strconv.ParseUint(in, 10, 64)
	}
	if !ok || err != nil {
		return 0, 0, fmt.Errorf("%q is no cursor of a page", s)
	}
	return file, record, nil
}

// rejected reads the records before one. The key stands in the entry as it is, so that most need not be decoded.
func (t *txn) rejected(f store.Filter, file, record uint64) (page store.Page[store.RejectEntry], err error) {
	began := time.Now()
	key := keyProbe(f.RecordKey)
	c := t.bucket(rejectsBucket).Cursor()
	if f.File != 0 && f.File < file {
		file, record = f.File, math.MaxUint64
	}
	k, v := entryBefore(c, appendKey(numberKey(file), record))
	for looked := 0; k != nil; k, v = c.Prev() {
		if len(k) != 16 {
			return page, damaged(rejectsBucket, k)
		}
		n := binary.BigEndian.Uint64(k)
		if f.File != 0 && n < f.File {
			return page, nil
		}
		if looked++; len(page.Items) >= limit(f) || looked%64 == 0 && time.Since(began) > pageTime {
			// The page ends behind this one, which is not looked at yet.
			page.Next = fmt.Sprintf("%d.%d", n, binary.BigEndian.Uint64(k[8:])+1)
			return page, nil
		}
		if !bytes.Contains(v, key) {
			continue
		}
		one, fits, err := t.rejectEntry(f, n, k, v)
		if err != nil {
			return page, err
		}
		if fits {
			page.Items = append(page.Items, one)
		}
	}
	return page, nil
}

// rejectEntry decodes one record, and says whether it is looked for.
func (t *txn) rejectEntry(f store.Filter, n uint64, k, v []byte) (store.RejectEntry, bool, error) {
	body, ok := unseal(k, v)
	if !ok {
		return store.RejectEntry{}, false, damaged(rejectsBucket, k)
	}
	r, ok, err := decodeReject(t, k, body)
	if err == nil && !ok {
		err = damaged(rejectsBucket, k)
	}
	if err != nil || f.RecordKey != "" && !isKey(r.RecordKey, f.RecordKey) {
		return store.RejectEntry{}, false, err
	}
	of, err := t.file(n)
	if err != nil {
		return store.RejectEntry{}, false, err
	}
	fits := (f.FileName == "" || of.Name == f.FileName) && (f.Source == "" || of.Source == f.Source)
	return store.RejectEntry{Reject: r, File: n, FileName: of.Name, Source: of.Source, ImportedAt: of.StartedAt}, fits, nil
}
