package bolt

import (
	"encoding/binary"
	"fmt"

	"capibara/store"

	"go.etcd.io/bbolt"
)

// bucket names one of the top-level buckets.
type bucket string

const (
	metaBucket      bucket = "meta"
	namesBucket     bucket = "names"
	filesBucket     bucket = "files"
	fileSHABucket   bucket = "file_sha"
	mappingsBucket  bucket = "mappings"
	fatesBucket     bucket = "fates"
	rejectsBucket   bucket = "rejects"
	rowsBucket      bucket = "rows"
	idsBucket       bucket = "ids"
	idsNewBucket    bucket = "ids_new"
	blocksBucket    bucket = "blocks"
	deadlinesBucket bucket = "deadlines"
	pendingBucket   bucket = "pending"
	refusalsBucket  bucket = "refusals"
	conflictsBucket bucket = "conflicts"
	batchesBucket   bucket = "batches"
	openBucket      bucket = "open"
	countsBucket    bucket = "counts"
	circuitsBucket  bucket = "circuits"
	liveBucket      bucket = "live"
	runsBucket      bucket = "runs"
	auditBucket     bucket = "audit"
	// peopleBucket is made by the first record of people. A database without it holds none, whichever version wrote it.
	peopleBucket bucket = "people"

	// Since schema 3. A database of an older one that is open to read has none of them.
	decisionsBucket bucket = "decisions"
	haltsBucket     bucket = "halts"
	retractedBucket bucket = "retracted"

	// Since schema 4.
	suppressionsBucket bucket = "suppressions"
	unfinishedBucket   bucket = "unfinished"
)

func buckets() []bucket {
	return []bucket{metaBucket, namesBucket, filesBucket, fileSHABucket, mappingsBucket, fatesBucket, rejectsBucket,
		rowsBucket, idsBucket, idsNewBucket, blocksBucket, deadlinesBucket, pendingBucket, refusalsBucket, conflictsBucket,
		batchesBucket, openBucket, countsBucket, circuitsBucket, liveBucket, runsBucket, auditBucket}
}

// buckets3 are those that schema 3 brought.
func buckets3() []bucket { return []bucket{decisionsBucket, haltsBucket, retractedBucket} }

// buckets4 are those that schema 4 brought.
func buckets4() []bucket { return []bucket{suppressionsBucket, unfinishedBucket} }

// txn is one transaction with what it has looked up so far. Changes to cells and counts are gathered and written by
// flush, so that a group of operations rewrites a block once.
type txn struct {
	tx     *bbolt.Tx
	dict   dictionary
	blocks map[uint64]*block
	counts map[countKey]int64
	files  map[uint64]*fileRecord
	// haltCache is shared by the transactions of a database; haltedRows is what this one sees of it.
	haltCache  *haltCache
	haltedRows *haltSet
	low        *lowWater // nil until somebody asks
}

type countKey struct {
	dataset uint16
	state   store.State
}

// countRelied stands for a state where events are counted that relied on Meta to drop a copy. It is part of the layout.
const countRelied store.State = 128

// countRemoved stands beside a state for the events that were in it when the retention removed them. It is part of the layout.
const countRemoved store.State = 64

func newTxn(tx *bbolt.Tx) *txn {
	return &txn{tx: tx, blocks: map[uint64]*block{}, counts: map[countKey]int64{}, files: map[uint64]*fileRecord{}}
}

func (t *txn) bucket(b bucket) *bbolt.Bucket { return t.tx.Bucket([]byte(b)) }

// get returns what is stored under key behind its checksum; nil and no error when there is nothing. It is valid only
// inside the transaction.
func (t *txn) get(b bucket, key []byte) ([]byte, error) {
	v := t.bucket(b).Get(key)
	if v == nil {
		return nil, nil
	}
	body, ok := unseal(key, v)
	if !ok {
		return nil, damaged(b, key)
	}
	return body, nil
}

// put stores value, which starts with room for the checksum (see unsealed). bbolt keeps a reference to value until the
// transaction ends.
func (t *txn) put(b bucket, key, value []byte) error {
	seal(key, value)
	if err := t.bucket(b).Put(key, value); err != nil {
		return fmt.Errorf("write %s: %w", b, err)
	}
	return nil
}

func (t *txn) delete(b bucket, key []byte) error {
	if err := t.bucket(b).Delete(key); err != nil {
		return fmt.Errorf("delete from %s: %w", b, err)
	}
	return nil
}

// last returns the greatest number that is a key of b, 0 when b is empty.
func (t *txn) last(b bucket) uint64 {
	k, _ := t.bucket(b).Cursor().Last()
	if len(k) != 8 {
		return 0
	}
	return binary.BigEndian.Uint64(k)
}

// metaUint reads a number of the meta bucket, 0 when it was never written.
func (t *txn) metaUint(name string) (uint64, error) {
	body, err := t.get(metaBucket, []byte(name))
	if body == nil || err != nil {
		return 0, err
	}
	d := decoder{b: body}
	n := d.uint()
	if !d.done() {
		return 0, damaged(metaBucket, []byte(name))
	}
	return n, nil
}

func (t *txn) setMetaUint(name string, n uint64) error {
	return t.put(metaBucket, []byte(name), appendUint(unsealed(10), n))
}

// damaged is an ErrCorrupt that names the value without showing what it holds.
func damaged(b bucket, key []byte) error {
	if len(key) == 8 {
		return fmt.Errorf("%w: %s %d", store.ErrCorrupt, b, binary.BigEndian.Uint64(key))
	}
	return fmt.Errorf("%w: %s %x", store.ErrCorrupt, b, key)
}

// flush writes the gathered changes. A transaction that changed anything ends with it.
func (t *txn) flush() error {
	if err := t.flushBlocks(); err != nil {
		return err
	}
	return t.flushCounts()
}

func (t *txn) count(dataset uint16, s store.State, by int64) {
	t.counts[countKey{dataset, s}] += by
}

func (t *txn) flushCounts() error {
	for k, by := range t.counts {
		if by == 0 {
			continue
		}
		key := append(binary.BigEndian.AppendUint16(nil, k.dataset), byte(k.state))
		n, err := t.counter(key)
		if err != nil {
			return err
		}
		if by < 0 && n < uint64(-by) {
			return fmt.Errorf("%w: fewer %s events are counted than there are", store.ErrCorrupt, k.state)
		}
		if err := t.put(countsBucket, key, appendUint(unsealed(10), n+uint64(by))); err != nil {
			return err
		}
	}
	clear(t.counts)
	return nil
}

func (t *txn) counter(key []byte) (uint64, error) {
	body, err := t.get(countsBucket, key)
	if body == nil || err != nil {
		return 0, err
	}
	d := decoder{b: body}
	n := d.uint()
	if !d.done() {
		return 0, damaged(countsBucket, key)
	}
	return n, nil
}
