package bolt

import (
	"fmt"
	"time"

	"capibara/store"
)

// removedMark is the key in meta of how far the retention has come. A database that it never changed has no such key.
const removedMark = "removed"

// lowWater says what is still there: everything from these numbers on. What comes before them was removed by the retention, and
// its numbers are never used again.
type lowWater struct {
	row, file, batch uint64    // the first that is still there
	whole            uint64    // the first row whose content was not due yet; see prune_contents.go
	newest           time.Time // when the newest event that was removed had been imported
	at               time.Time // when something was removed last
}

func (w *lowWater) encode() []byte {
	v := appendUint(appendUint(appendUint(appendUint(unsealed(60), w.row), w.file), w.batch), w.whole)
	return appendTime(appendTime(v, w.newest), w.at)
}

// removed returns how far the retention has come, as this transaction sees it.
func (t *txn) removed() (*lowWater, error) {
	if t.low != nil {
		return t.low, nil
	}
	w := &lowWater{row: 1, file: 1, batch: 1, whole: 1}
	key := []byte(removedMark)
	body, err := t.get(metaBucket, key)
	if err != nil {
		return nil, err
	}
	if body != nil {
		d := decoder{b: body}
		*w = lowWater{row: d.uint(), file: d.uint(), batch: d.uint(), whole: d.uint(), newest: d.time(), at: d.time()}
		if !d.done() || w.row == 0 || w.file == 0 || w.batch == 0 || w.whole == 0 {
			return nil, damaged(metaBucket, key)
		}
	}
	t.low = w
	return w, nil
}

func (t *txn) setRemoved(w *lowWater) error {
	t.low = w
	return t.put(metaBucket, []byte(removedMark), w.encode())
}

// absent is the error of something that is not there: removed, when its number comes before the first that is.
func absent(what string, n, first uint64) error {
	if n > 0 && n < first {
		return fmt.Errorf("%s %d: %w", what, n, store.ErrRemoved)
	}
	return fmt.Errorf("%s %d: %w", what, n, store.ErrNotFound)
}

// lastRow is the greatest number that a row ever had, 0 before the first.
func (t *txn) lastRow() (uint64, error) { return t.metaUint("seq") }

// lastFile is the greatest number that a file ever had, 0 before the first.
func (t *txn) lastFile() (uint64, error) {
	w, err := t.removed()
	if err != nil {
		return 0, err
	}
	return max(t.last(filesBucket), w.file-1), nil
}

// lastBatch is the greatest number that a batch ever had, 0 before the first.
func (t *txn) lastBatch() (uint64, error) {
	w, err := t.removed()
	if err != nil {
		return 0, err
	}
	return max(t.last(batchesBucket), w.batch-1), nil
}

// removedOf counts the rows of a file that were removed.
func (w *lowWater) removedOf(f *fileRecord) (n uint64) {
	for _, x := range f.extents {
		if x.first < w.row {
			n += min(x.count, w.row-x.first)
		}
	}
	return n
}

// removedAmong counts the rows that were removed.
func (w *lowWater) removedAmong(seqs []uint64) (n int) {
	for _, seq := range seqs {
		if seq < w.row {
			n++
		}
	}
	return n
}
