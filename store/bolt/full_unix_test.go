//go:build unix

package bolt_test

import (
	"context"
	"errors"
	"fmt"
	"os/signal"
	"syscall"
	"testing"

	"capibara/store"
	"capibara/store/bolt"
)

// TestFullDisk lets a process reach the limit of what a file may grow to: what was committed stays, the program goes on,
// and once there is room it writes again.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	c := child("full", create(t))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// fillDisk imports until the file may not grow, and goes on when it may.
func fillDisk(path string) error {
	ctx := context.Background()
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	narrow := limit
	narrow.Cur = 24 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &narrow); err != nil {
		return err
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return err
	}
	defer db.Close()
	f, err := db.OpenFile(ctx, store.NewFile{Name: "big.csv"}, crashDay)
	if err != nil {
		return err
	}
	add := func() error {
		done, err := db.File(ctx, f.Number)
		if err != nil {
			return err
		}
		first := done.Counts.Records + 1
		chunk := store.Chunk{First: first}
		for i := range uint64(500) {
			chunk.Records = append(chunk.Records, store.Record{Rows: []store.NewRow{{Dataset: "123", EventName: "Purchase",
				EventID: fmt.Sprint("big", first+i), Deadline: crashDay.Unix() + 1, Payload: make([]byte, 4000)}}})
		}
		_, err = db.Import(ctx, f.Number, chunk, crashDay)
		return err
	}
	chunks := 0
	for ; chunks < 100; chunks++ {
		if err = add(); err != nil {
			break
		}
	}
	if err == nil {
		return errors.New("the file grew beyond its limit")
	}
	if err := add(); err == nil {
		return errors.New("a second import into a full disk succeeds")
	}
	if err := whole(db, f.Number, uint64(chunks)*500); err != nil {
		return err
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if err := add(); err != nil {
		return fmt.Errorf("when there is room again: %w", err)
	}
	return whole(db, f.Number, uint64(chunks+1)*500)
}

// whole verifies that the database is sound, and that so many records of the file are done.
func whole(db *bolt.DB, file, records uint64) error {
	var found error
	if err := db.Check(context.Background(), func(p string) { found = errors.Join(found, errors.New(p)) }); err != nil {
		return err
	}
	f, err := db.File(context.Background(), file)
	if err == nil && f.Counts.Records != records {
		err = fmt.Errorf("%d records are done, want %d", f.Counts.Records, records)
	}
	return errors.Join(found, err)
}
