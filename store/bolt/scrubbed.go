package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"capibara/event"
)

// shaKey is where a file is found by its bytes: those that came, and those that lie in the archive since people were taken out of
// them.
func shaKey(sum event.Hash, file uint64) []byte { return appendKey(sum[:len(sum):len(sum)], file) }

// Scrubbed keeps that people were taken out of an archived file.
func (d *DB) Scrubbed(ctx context.Context, file uint64, sum event.Hash, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		f, err := t.file(file)
		if err != nil {
			return err
		}
		if sum == f.SHA256 || sum == f.ArchivedSHA256 {
			return errNothingToCommit
		}
		if err := t.archivedAnew(f, sum); err != nil {
			return err
		}
		if err := t.put(filesBucket, numberKey(file), f.encode()); err != nil {
			return err
		}
		return t.audit(now, "scrubbed", fmt.Sprintf("file %d: people who were erased were taken out of what is archived, which has the SHA-256 %x now", file, sum))
	})
	if err != nil && !errors.Is(err, errNothingToCommit) {
		return fmt.Errorf("keep that file %d was scrubbed: %w", file, err)
	}
	return nil
}

// archivedAnew has a file found by the bytes that are in the archive now, in place of those that were there before.
func (t *txn) archivedAnew(f *fileRecord, sum event.Hash) error {
	if err := t.forgetArchived(f); err != nil {
		return err
	}
	f.ArchivedSHA256 = sum
	return t.put(fileSHABucket, shaKey(sum, f.Number), unsealed(0))
}

// forgetArchived has a file not found any more by bytes that are not those that came.
func (t *txn) forgetArchived(f *fileRecord) error {
	if f.ArchivedSHA256 == (event.Hash{}) || f.ArchivedSHA256 == f.SHA256 {
		return nil
	}
	return t.delete(fileSHABucket, shaKey(f.ArchivedSHA256, f.Number))
}
