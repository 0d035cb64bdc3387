package bolt_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capibara/store"
	"capibara/store/bolt"

	"go.etcd.io/bbolt"
)

// resealed is a value with the checksum that belongs to its key: whoever changes an entry can do that too.
func resealed(k, v []byte) []byte {
	v = slices.Clone(v)
	table := crc32.MakeTable(crc32.Castagnoli)
	binary.BigEndian.PutUint32(v, crc32.Update(crc32.Checksum(k, table), table, v[4:]))
	return v
}

// renumbered is an entry as another number. Numbers below 128 are one byte.
func renumbered(n byte, v []byte) []byte {
	v = slices.Clone(v)
	v[4] = n
	return resealed(key(uint64(n)), v)
}

func key(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

// TestChain tampers with the audit log in the file, with and without the checksums that belong to it.
func TestChain(t *testing.T) {
	t.Parallel()
	path := create(t)
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for range 6 {
		if err := db.Note(t.Context(), "test", "something that was done", crashDay); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := db.Chain(t.Context(), nil)
	if err != nil || whole.Break != nil {
		t.Fatalf("an untouched log: %+v, %v", whole, err)
	}
	last := whole.Entries
	kept := bolt.Kept{Entry: 5}
	e, err := db.AuditEntry(t.Context(), kept.Entry)
	if err != nil {
		t.Fatal(err)
	}
	kept.Hash = e.Hash
	if c, err := db.Chain(t.Context(), &kept); err != nil || c.Break != nil || c.Last != whole.Last {
		t.Errorf("an untouched log against a head that was kept: %+v, %v", c, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if last < 9 || last > 100 {
		t.Fatalf("the log has %d entries", last)
	}
	detail := func(v []byte) []byte { // "something" becomes "samething"
		v = slices.Clone(v)
		v[len(v)-len("omething that was done")] = 'a'
		return v
	}
	entries := func(b *bbolt.Bucket) [][]byte {
		var all [][]byte
		for n := uint64(1); n <= last; n++ {
			all = append(all, slices.Clone(b.Get(key(n))))
		}
		return all
	}
	// write replaces the whole log, renumbered and with its checksums.
	write := func(b *bbolt.Bucket, all [][]byte) error {
		var errs error
		for n := range max(uint64(len(all)), last) {
			if n < uint64(len(all)) {
				errs = errors.Join(errs, b.Put(key(n+1), renumbered(byte(n+1), all[n])))
			} else {
				errs = errors.Join(errs, b.Delete(key(n+1)))
			}
		}
		return errs
	}
	k := last - 2 // one of those that say "something that was done"
	for name, tt := range map[string]struct {
		tamper func(audit, meta *bbolt.Bucket) error
		entry  uint64
		found  string
		head   bool // only a head that was kept elsewhere shows it
	}{
		"edited":            {func(b, _ *bbolt.Bucket) error { return b.Put(key(k), detail(b.Get(key(k)))) }, k, "checksum", false},
		"edited and sealed": {func(b, _ *bbolt.Bucket) error { return b.Put(key(k), resealed(key(k), detail(b.Get(key(k))))) }, k, "it was changed", false},
		"last edited":       {func(b, _ *bbolt.Bucket) error { return b.Put(key(last), resealed(key(last), detail(b.Get(key(last))))) }, last, "one with hash", false},
		"dropped":           {func(b, _ *bbolt.Bucket) error { return b.Delete(key(k)) }, k, "are gone", false},
		"first dropped":     {func(b, _ *bbolt.Bucket) error { return b.Delete(key(1)) }, 1, "are gone", false},
		"dropped and closed up": {func(b, _ *bbolt.Bucket) error {
			all := entries(b)
			return write(b, slices.Delete(all, int(k-1), int(k)))
		}, k - 1, "taken out", false},
		"inserted": {func(b, _ *bbolt.Bucket) error {
			all := entries(b)
			return write(b, slices.Insert(all, int(k-1), slices.Clone(all[k-1])))
		}, k, "put in", false},
		"added behind the end": {func(b, _ *bbolt.Bucket) error { return b.Put(key(last+1), renumbered(byte(last+1), b.Get(key(last)))) }, last + 1, "behind it", false},
		"no number":            {func(b, _ *bbolt.Bucket) error { return b.Put([]byte("x"), []byte("12345")) }, last + 1, "no number", false},
		"reordered": {func(b, _ *bbolt.Bucket) error {
			x, y := slices.Clone(b.Get(key(k))), slices.Clone(b.Get(key(k+1)))
			return errors.Join(b.Put(key(k), y), b.Put(key(k+1), x))
		}, k, "checksum", false},
		"reordered and sealed": {func(b, _ *bbolt.Bucket) error {
			x, y := slices.Clone(b.Get(key(k))), slices.Clone(b.Get(key(k+1)))
			return errors.Join(b.Put(key(k), resealed(key(k), y)), b.Put(key(k+1), resealed(key(k+1), x)))
		}, k, "written as entry", false},
		"reordered and renumbered": {func(b, _ *bbolt.Bucket) error {
			all := entries(b)
			all[k-1], all[k] = all[k], all[k-1]
			return write(b, all)
		}, k - 1, "moved", false},
		"truncated":         {func(b, _ *bbolt.Bucket) error { return errors.Join(b.Delete(key(last)), b.Delete(key(last-1))) }, last - 1, "the end", false},
		"note of the last":  {func(_, m *bbolt.Bucket) error { return m.Put([]byte("audit"), []byte("12345678")) }, 0, "checksum", false},
		"truncated in both": {func(b, m *bbolt.Bucket) error { return bolt.CutAudit(b, m, 4) }, 5, "the end", true},
		"rewritten":         {func(b, m *bbolt.Bucket) error { return bolt.ForgeAudit(b, m, 3) }, 5, "it or one before it", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			copied := copyOf(t, path)
			b, err := bbolt.Open(copied, 0o600, nil)
			if err != nil {
				t.Fatal(err)
			}
			err = b.Update(func(tx *bbolt.Tx) error { return tt.tamper(tx.Bucket([]byte("audit")), tx.Bucket([]byte("meta"))) })
			if err := errors.Join(err, b.Close()); err != nil {
				t.Fatal(err)
			}
			db, err := bolt.Open(copied, bolt.Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			alone, err := db.Chain(t.Context(), nil)
			if err != nil || tt.head != (alone.Break == nil) {
				t.Fatalf("by itself: %+v, %v", alone.Break, err)
			}
			c, err := db.Chain(t.Context(), &kept)
			if err != nil || c.Break == nil || c.Break.Entry != tt.entry || !strings.Contains(c.Break.Found, tt.found) || c.Break.Expected == "" {
				t.Errorf("found is %+v, %v; want entry %d and %q", c.Break, err, tt.entry, tt.found)
			}
			problems := 0
			if err := db.Check(t.Context(), func(string) { problems++ }); !tt.head && problems == 0 && err == nil {
				t.Error("Check finds nothing")
			}
		})
	}
	if _, err := db.Chain(t.Context(), nil); err == nil || errors.Is(err, store.ErrCorrupt) {
		t.Errorf("a closed database says %v", err)
	}
}

// copyOf is a copy of a file.
func copyOf(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := os.WriteFile(copied, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return copied
}
