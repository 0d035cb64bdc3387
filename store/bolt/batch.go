package bolt

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"capibara/store"
)

// batchRecord is a batch as it is stored.
type batchRecord struct {
	store.Batch
	dataset uint16
	dropped []uint64 // rows that expired while the batch was open, and left it
}

// carried reports whether the row was ever in the batch.
func (b *batchRecord) carried(seq uint64) bool {
	return slices.Contains(b.Seqs, seq) || slices.Contains(b.dropped, seq)
}

// appendSeqs stores row numbers in their order, each as its distance from the one before.
func appendSeqs(dst []byte, seqs []uint64) []byte {
	dst = appendUint(dst, uint64(len(seqs)))
	previous := uint64(0)
	for _, s := range seqs {
		dst = appendInt(dst, int64(s-previous))
		previous = s
	}
	return dst
}

func (d *decoder) seqs() []uint64 {
	n := d.count()
	if n == 0 {
		return nil
	}
	seqs := make([]uint64, 0, n)
	previous := uint64(0)
	for range n {
		previous += uint64(d.int())
		seqs = append(seqs, previous)
	}
	return seqs
}

func (b *batchRecord) encode() []byte {
	v := unsealed(128 + 3*len(b.Seqs) + 128*len(b.Attempts))
	v = append(appendUint(appendUint(v, uint64(b.dataset)), b.Parent), byte(b.State))
	v = appendUint(appendTime(v, b.FirstMaybeAt), uint64(b.MaybeAttempts))
	v = appendTime(appendTime(v, b.NextTry), b.CreatedAt)
	v = appendSeqs(appendSeqs(appendSeqs(v, b.Seqs), b.dropped), b.Children)
	v = appendUint(v, uint64(len(b.Attempts)))
	for i := range b.Attempts {
		v = appendAttempt(v, &b.Attempts[i])
	}
	if len(b.Proofs) == 0 {
		return appendResolution(v, b.Resolution)
	}
	// Since schema 4. A word of nobody stands for none.
	v = appendProofs(appendResolution(v, cmp.Or(b.Resolution, &store.Resolution{})), b.Proofs)
	return appendGone(v, b.Gone)
}

func appendAttempt(v []byte, a *store.Attempt) []byte {
	v = appendTime(appendTime(v, a.StartedAt), a.EndedAt)
	v = append(v, a.BodySHA256[:]...)
	v = appendText(appendUint(v, uint64(a.Events)), a.End)
	for _, n := range [...]int{a.HTTPStatus, a.EventsReceived, a.Code, a.Subcode} {
		v = appendInt(v, int64(n))
	}
	v = appendUint(appendText(v, a.FBTraceID), uint64(len(a.Messages)))
	for _, m := range a.Messages {
		v = appendText(v, m)
	}
	return appendText(v, a.Error)
}

func decodeBatch(n uint64, body []byte) (*batchRecord, bool) {
	d := decoder{b: body}
	b := &batchRecord{dataset: uint16(d.uint())}
	b.Number, b.Parent, b.State = n, d.uint(), store.BatchState(d.byte())
	b.FirstMaybeAt, b.MaybeAttempts = d.time(), int(d.uint())
	b.NextTry, b.CreatedAt = d.time(), d.time()
	b.Seqs, b.dropped, b.Children = d.seqs(), d.seqs(), d.seqs()
	b.Events = len(b.Seqs)
	for i := range d.count() {
		b.Attempts = append(b.Attempts, d.attempt(i+1))
	}
	b.Resolution = d.resolution()
	b.Proofs = d.proofs()
	b.Gone = d.gone()
	return b, d.done()
}

// batchOf is the batch that a row is or was last in; 0 for none, and when that cannot be read.
func (t *txn) batchOf(seq uint64) uint64 {
	b, at, err := t.cell(seq)
	if err != nil {
		return 0
	}
	return uint64(b.cells[at].batch)
}

// storedState is the state of a batch as it is stored.
func storedState(body []byte) store.BatchState {
	d := decoder{b: body}
	_, _ = d.uint(), d.uint()
	return store.BatchState(d.byte())
}

// carriedBefore reports whether a batch, as it is stored, may have carried one of certain rows that are in others now, without
// decoding it. Of one that cannot be read it says yes: whoever decodes it says what is wrong.
func carriedBefore(body []byte, is func(seq uint64) bool) bool {
	d := decoder{b: body}
	_, _ = d.uint(), d.uint()
	state := store.BatchState(d.byte())
	_, _, _, _ = d.int(), d.uint(), d.int(), d.int() // times, and attempts that may have arrived
	if n := d.count(); state == store.BatchAcknowledged {
		d.skip(n) // what was acknowledged never goes into another
	} else if d.among(n, is) {
		return true
	}
	return d.among(d.count(), is) || d.bad // those that left it
}

// among reports whether one of the rows is among the next n, and reads past them unless it is.
func (d *decoder) among(n int, is func(seq uint64) bool) bool {
	at := uint64(0)
	for range n {
		if at += uint64(d.int()); is(at) {
			return true
		}
	}
	return false
}

// skip reads past n varints. Each ends with the first byte whose highest bit is not set, which eight at a time tell.
func (d *decoder) skip(n int) {
	at := 0
	for n >= 8 && at+8 <= len(d.b) {
		ends := 8 - bits.OnesCount64(binary.LittleEndian.Uint64(d.b[at:])&0x8080808080808080)
		n, at = n-ends, at+8
	}
	for ; n > 0 && at < len(d.b); at++ {
		if d.b[at] < 0x80 {
			n--
		}
	}
	if d.b = d.b[at:]; n > 0 {
		d.fail()
	}
}

func (d *decoder) attempt(n int) store.Attempt {
	a := store.Attempt{N: n, StartedAt: d.time(), EndedAt: d.time(), BodySHA256: d.hash(), Events: int(d.uint()),
		End: d.text(), HTTPStatus: int(d.int()), EventsReceived: int(d.int()), Code: int(d.int()), Subcode: int(d.int()),
		FBTraceID: d.text()}
	for range d.count() {
		a.Messages = append(a.Messages, d.text())
	}
	a.Error = d.text()
	return a
}

// batch reads a batch. ErrNotFound.
func (t *txn) batch(n uint64) (*batchRecord, error) {
	key := numberKey(n)
	body, err := t.get(batchesBucket, key)
	if err != nil {
		return nil, err
	}
	if body == nil {
		w, err := t.removed()
		if err != nil {
			return nil, err
		}
		return nil, absent("batch", n, w.batch)
	}
	b, ok := decodeBatch(n, body)
	if !ok {
		return nil, damaged(batchesBucket, key)
	}
	w, err := t.removed()
	if err != nil {
		return nil, err
	}
	b.Removed = w.removedAmong(b.Seqs)
	b.Dataset, err = t.datasetText(b.dataset)
	return b, err
}

// putBatch stores a batch, and its place among the open ones.
func (t *txn) putBatch(b *batchRecord) error {
	b.Events = len(b.Seqs)
	if err := t.put(batchesBucket, numberKey(b.Number), b.encode()); err != nil {
		return err
	}
	key := appendKey(binary.BigEndian.AppendUint16(nil, b.dataset), b.Number)
	if b.State.Open() {
		return t.put(openBucket, key, unsealed(0))
	}
	return t.delete(openBucket, key)
}

// addBatch numbers and stores a new batch.
func (t *txn) addBatch(b *batchRecord, now time.Time) error {
	last, err := t.lastBatch()
	if err != nil {
		return err
	}
	b.Number = last + 1
	if b.Number > math.MaxUint32 {
		return fmt.Errorf("there are more than %d batches", uint32(math.MaxUint32))
	}
	b.CreatedAt = stored(now)
	t.appending(batchesBucket)
	return t.putBatch(b)
}

// assign puts the rows of a batch into a state, as rows of that batch, with the flags given besides those they have.
func (t *txn) assign(seqs []uint64, s store.State, batch uint64, flags uint8) error {
	for _, seq := range seqs {
		b, at, err := t.cell(seq)
		if err != nil {
			return err
		}
		c := b.cells[at]
		c.state, c.batch, c.flags = s, uint32(batch), c.flags|flags
		t.set(b, at, c)
	}
	return nil
}

// holds verifies that every row of an open batch is in flight with it.
func (t *txn) holds(b *batchRecord) error { return t.allAre(b, store.StateInFlight) }

// allAre verifies that every row of a batch is in a state with it.
func (t *txn) allAre(b *batchRecord, s store.State) error {
	for _, seq := range b.Seqs {
		blk, at, err := t.cell(seq)
		if err != nil {
			return err
		}
		if c := blk.cells[at]; c.state != s || uint64(c.batch) != b.Number {
			return fmt.Errorf("%w: event %d of batch %d is %s with batch %d", store.ErrCorrupt, seq, b.Number, c.state, c.batch)
		}
	}
	return nil
}
