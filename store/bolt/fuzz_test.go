package bolt

import (
	"bytes"
	"fmt"
	"reflect"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
)

// The decoders read what a disk gives back: whatever that is, they must not panic, and what they accept must be what
// its encoder writes.

func FuzzRow(f *testing.F) {
	r := row{dataset: 1, name: 2, file: 3, record: 4, line: 5, eventTime: -6, notBefore: 7, deadline: 8,
		importedAt: time.UnixMilli(9), eventID: "id", recordKey: "K · 1", warnings: []uint32{1, 300}, payload: []byte("payload")}
	f.Add(appendRow(nil, &r)[sumSize:])
	f.Add(appendRow(nil, &row{})[sumSize:])
	r.emptied, r.sum = store.EmptiedPruned, event.Hash{1}
	f.Add(appendRow(nil, &r)[sumSize:])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, ok := decodeRow(b)
		if !ok {
			return
		}
		again, ok := decodeRow(appendRow(nil, &r)[sumSize:])
		if !ok || fmt.Sprint(again) != fmt.Sprint(r) {
			t.Errorf("%+v becomes %+v", r, again)
		}
	})
}

func FuzzBatch(f *testing.F) {
	at := time.UnixMilli(1_700_000_000_000)
	b := batchRecord{dataset: 1, dropped: []uint64{9}, Batch: store.Batch{Parent: 2, State: store.BatchUnknown, Seqs: []uint64{7, 5, 6},
		FirstMaybeAt: at, MaybeAttempts: 2, NextTry: at, CreatedAt: at, Children: []uint64{3, 4},
		Attempts: []store.Attempt{{N: 1, StartedAt: at, End: "timeout", Messages: []string{"m"}, Code: -1}}}}
	f.Add(b.encode()[sumSize:])
	f.Add((&batchRecord{}).encode()[sumSize:])
	b.Resolution = &store.Resolution{At: at, By: "anna", Sent: true, Note: "n"}
	f.Add(b.encode()[sumSize:])
	b.Proofs = []store.Proof{{Body: event.Hash{1}, Events: 3, Sums: event.Hash{2}, Audit: 4}}
	f.Add(b.encode()[sumSize:])
	b.Resolution = nil
	f.Add(b.encode()[sumSize:])
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, body []byte) {
		b, ok := decodeBatch(1, body)
		if !ok {
			return
		}
		again, ok := decodeBatch(1, b.encode()[sumSize:])
		if !ok || !reflect.DeepEqual(again, b) {
			t.Errorf("%+v becomes %+v", b, again)
		}
	})
}

func FuzzFile(f *testing.F) {
	file := fileRecord{File: store.File{Name: "a.csv", Source: "deals", SHA256: event.Hash{1}, Size: 9, State: store.FileImported,
		StartedAt: time.UnixMilli(5)}, extents: []extent{{1, 5}, {9, 2}}}
	file.Counts.Add(store.FateAccepted, 7)
	f.Add(file.encode()[sumSize:])
	f.Add((&fileRecord{}).encode()[sumSize:])
	file.Receipt, file.Mends = "receipts/a.html", 3
	f.Add(file.encode()[sumSize:])
	f.Fuzz(func(t *testing.T, body []byte) {
		file, ok := decodeFile(1, body)
		if !ok {
			return
		}
		again, ok := decodeFile(1, file.encode()[sumSize:])
		if !ok || fmt.Sprint(again) != fmt.Sprint(file) {
			t.Errorf("%+v becomes %+v", file, again)
		}
	})
}

func FuzzBlock(f *testing.F) {
	b := block{minTime: -1, maxTime: 1, cells: []cell{{store.StatePending, flagLate, 7, 8}, {}}, deadlines: []int64{-5, 5}}
	f.Add(b.encodeCells()[sumSize:], b.encodeDeadlines()[sumSize:])
	f.Add([]byte{}, []byte{1})
	f.Fuzz(func(t *testing.T, cells, deadlines []byte) {
		var b block
		if !b.decodeCells(cells) || !b.decodeDeadlines(deadlines) {
			return
		}
		if got := b.encodeCells()[sumSize:]; !bytes.Equal(got[2:], cells[2:]) {
			t.Errorf("%x becomes %x", cells, got)
		}
		if got := b.encodeDeadlines()[sumSize:]; !bytes.Equal(got, deadlines) {
			t.Errorf("%x becomes %x", deadlines, got)
		}
		b.pending()
	})
}

// FuzzPage reads pages of the file itself.
func FuzzPage(f *testing.F) {
	f.Add(make([]byte, 64), 1, true)
	f.Add(append(make([]byte, 16), 0, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 'k', 'v'), 1, false)
	f.Fuzz(func(t *testing.T, b []byte, count int, branch bool) {
		kind := uint16(leafKind)
		if branch {
			kind = branchKind
		}
		elements, ok := parsePage(b, kind, int(uint16(count)))
		if ok && len(elements) != int(uint16(count)) {
			t.Errorf("%d elements of %d", len(elements), count)
		}
		ordered(elements, nil, nil)
	})
}

// FuzzSmall reads the other records.
func FuzzSmall(f *testing.F) {
	f.Add(make([]byte, 16), []byte{1, 2, 3})
	amount, err := event.ParseMoney("19.90")
	if err != nil {
		f.Fatal(err)
	}
	at := time.UnixMilli(1_700_000_000_000)
	f.Add(make([]byte, 16), encodeConflict(&store.Conflict{At: at, Kind: store.ConflictRefunded, Value: amount, Currency: "EUR", EventTime: -1})[sumSize:])
	f.Add(make([]byte, 24), (&refund{line: 1, at: at, amount: amount, currency: "EUR"}).encode()[sumSize:])
	f.Add(make([]byte, 8), append(appendUint(nil, 1), make([]byte, 40)...))
	f.Fuzz(func(t *testing.T, key, body []byte) {
		if c, ok := decodeConflict(key, body); ok {
			again, ok := decodeConflict(key, encodeConflict(&c)[sumSize:])
			if !ok || again != c {
				t.Errorf("%+v becomes %+v", c, again)
			}
		}
		if k, ok := decodeKnown(body); ok && !bytes.Equal(appendKnown(nil, k)[sumSize:], body) {
			t.Errorf("%x becomes %+v", body, k)
		}
		if r, ok := decodeRefund(key, body); ok {
			again, ok := decodeRefund(key, r.encode()[sumSize:])
			if !ok || again != r {
				t.Errorf("%+v becomes %+v", r, again)
			}
		}
		decodeAudit(body)
	})
}
