package bolt

import (
	"bytes"
	"time"

	"capibara/event"
	"capibara/store"
)

// row is what the rows bucket keeps of an event: all that never changes, until it is emptied. Its deadline is the one that it came with; see
// [txn.deadline].
type row struct {
	dataset    uint16
	name       uint32
	file       uint64
	record     uint64
	line       uint64
	eventTime  int64
	notBefore  int64
	deadline   int64
	importedAt time.Time
	eventID    string
	recordKey  string
	warnings   []uint32
	payload    []byte // what is left of it when the row was emptied
	emptied    store.Emptied
	sum        event.Hash // of an emptied row: of the JSON that it made before
}

// rowOverhead bounds what encoding a row adds to its texts and payload, warnings apart.
const rowOverhead = sumSize + 3 + 9*10

// emptiedShift is where the number of the dataset, which begins a row, goes on with why the row was emptied. Until schema 4
// nothing was there.
const emptiedShift = 16

// appendRow encodes a row behind room for its checksum.
func appendRow(dst []byte, r *row) []byte {
	dst = append(dst, 0, 0, 0, 0)
	dst = appendUint(appendUint(dst, uint64(r.dataset)|uint64(r.emptied)<<emptiedShift), uint64(r.name))
	dst = appendUint(appendUint(appendUint(dst, r.file), r.record), r.line)
	dst = appendInt(appendInt(appendInt(dst, r.eventTime), r.notBefore), r.deadline)
	dst = appendTime(dst, r.importedAt)
	dst = appendText(appendText(dst, r.eventID), r.recordKey)
	dst = appendUint(dst, uint64(len(r.warnings)))
	for _, w := range r.warnings {
		dst = appendUint(dst, uint64(w))
	}
	if r.emptied != store.NotEmptied {
		dst = append(dst, r.sum[:]...)
	}
	return append(dst, r.payload...)
}

// decodeRow reads what appendRow wrote behind the checksum. The payload is not copied.
func decodeRow(b []byte) (row, bool) {
	d := decoder{b: b}
	head := d.uint()
	r := row{dataset: uint16(head), emptied: store.Emptied(head >> emptiedShift), name: uint32(d.uint()), file: d.uint(), record: d.uint(), line: d.uint(),
		eventTime: d.int(), notBefore: d.int(), deadline: d.int(), importedAt: d.time(), eventID: d.text(),
		recordKey: d.text()}
	for range d.count() {
		r.warnings = append(r.warnings, uint32(d.uint()))
	}
	if head>>emptiedShift > uint64(store.EmptiedPruned) {
		d.fail()
	}
	if r.emptied != store.NotEmptied {
		r.sum = d.hash()
	}
	r.payload = d.b
	return r, !d.bad
}

// row reads one row, its payload valid inside the transaction only. ErrCorrupt when it is damaged or gone.
func (t *txn) row(seq uint64) (row, error) {
	key := numberKey(seq)
	body, err := t.get(rowsBucket, key)
	if err != nil {
		return row{}, err
	}
	r, ok := decodeRow(body)
	if body == nil || !ok {
		return row{}, damaged(rowsBucket, key)
	}
	return r, nil
}

// sendable reads a row as the uploader needs it, with a payload of its own.
func (t *txn) sendable(seq uint64) (store.Row, error) {
	r, err := t.row(seq)
	if err != nil {
		return store.Row{}, err
	}
	if r.emptied != store.NotEmptied {
		return store.Row{}, damaged(rowsBucket, numberKey(seq)) // none that may be sent was emptied
	}
	dataset, err := t.datasetText(r.dataset)
	if err != nil {
		return store.Row{}, err
	}
	name, err := t.text(eventName, r.name)
	if err != nil {
		return store.Row{}, err
	}
	f, err := t.file(r.file)
	if err != nil {
		return store.Row{}, err
	}
	b, at, err := t.cell(seq)
	if err != nil {
		return store.Row{}, err
	}
	return store.Row{Seq: seq, Dataset: dataset, EventID: r.eventID, EventName: name, EventTime: r.eventTime,
		NotBefore: r.notBefore, Deadline: b.deadlines[at], Source: f.Source, Payload: bytes.Clone(r.payload)}, nil
}

// deadline is the deadline of a row: a later one than it came with when it was requeued.
func (t *txn) deadline(seq uint64, c cell, r *row) (int64, error) {
	if c.flags&flagDecided == 0 {
		return r.deadline, nil
	}
	b, at, err := t.cell(seq)
	if err != nil {
		return 0, err
	}
	return b.deadlines[at], nil
}
