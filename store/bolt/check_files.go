package bolt

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"

	"capibara/event"
	"capibara/store"
)

// allFiles verifies that the fates of every file add up.
func (c *checker) allFiles() error {
	c.rowsOf, c.inTime, c.haltedOf = map[uint64]uint64{}, map[uint64]uint64{}, map[uint64]uint64{}
	files, err := c.lastFile()
	if err != nil {
		return c.damage(err)
	}
	var shas uint64
	if err := c.each(fileSHABucket, func([]byte, []byte) error { shas++; return nil }); err != nil {
		return err
	}
	there := files - (c.low.file - 1)
	err = c.numbered(filesBucket, c.low.file, files, func(n uint64, body []byte) error {
		f, ok := decodeFile(n, body)
		if !ok {
			return damaged(filesBucket, numberKey(n))
		}
		if f.ArchivedSHA256 != (event.Hash{}) {
			there++
		}
		return c.oneFile(f)
	})
	if err != nil {
		return err
	}
	if shas != there {
		c.problem("file_sha: %d entries are there, %d should be", shas, there)
	}
	return c.orphans(files)
}

func (c *checker) oneFile(f *fileRecord) error {
	for _, sum := range []event.Hash{f.SHA256, f.ArchivedSHA256} {
		if sum == (event.Hash{}) && sum != f.SHA256 {
			continue // it was archived as it came
		}
		if v, err := c.get(fileSHABucket, shaKey(sum, f.Number)); v == nil {
			c.problem("file_sha: file %d is missing", f.Number)
			if err != nil {
				return err
			}
		}
	}
	mapping, err := c.get(mappingsBucket, f.mapping[:])
	if err != nil {
		return err
	}
	if event.Hash(sha256.Sum256(mapping)) != f.mapping {
		c.problem("file %d: the mapping that it was read with is not the one that is stored", f.Number)
	}
	var counts store.FileCounts
	prefix := numberKey(f.Number)
	cur := c.bucket(fatesBucket).Cursor()
	for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		body, ok := unseal(k, v)
		if !ok {
			return damaged(fatesBucket, k)
		}
		run, ok, err := decodeFateRun(c.txn, k, body)
		if err != nil {
			return err
		}
		if !ok || run.First != counts.Records+1 {
			return damaged(fatesBucket, k)
		}
		counts.Add(run.Fate, run.Count)
	}
	c2 := f.Counts
	sum := c2.Accepted + c2.Duplicate + c2.Conflict + c2.Expired + c2.Skipped + c2.Rejected
	if counts != f.Counts || sum != c2.Records {
		c.problem("file %d: the fates of its records do not add up: %+v are stored, %+v counted", f.Number, counts, f.Counts)
	}
	return c.rejectsOf(f)
}

func (c *checker) rejectsOf(f *fileRecord) error {
	var rejects uint64
	prefix := numberKey(f.Number)
	cur := c.bucket(rejectsBucket).Cursor()
	for k, v := cur.Seek(prefix); bytes.HasPrefix(k, prefix); k, v = cur.Next() {
		body, ok := unseal(k, v)
		if !ok {
			return damaged(rejectsBucket, k)
		}
		if _, ok, err := decodeReject(c.txn, k, body); err != nil || !ok {
			return damaged(rejectsBucket, k)
		}
		rejects++
	}
	if rejects != f.Counts.Rejected {
		c.problem("file %d: %d rejected records are stored, %d counted", f.Number, rejects, f.Counts.Rejected)
	}
	return nil
}

// orphans reports fates and rejects of files that were never there. Those of files that were removed are taken out a little later.
func (c *checker) orphans(files uint64) error {
	for _, b := range []bucket{fatesBucket, rejectsBucket} {
		err := c.each(b, func(key, _ []byte) error {
			if n := binary.BigEndian.Uint64(key); len(key) != 16 || n == 0 || n > files {
				return damaged(b, key)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
