package bolt

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// maxEventID bounds an event_id, in bytes; bbolt bounds a key.
const maxEventID = 4096

// arrival is a row of a chunk on its way in.
type arrival struct {
	*store.NewRow
	record   int // index in the chunk
	key      []byte
	dataset  uint16
	name     uint32
	seq      uint64   // its own when it is new
	earlier  *arrival // the row of this chunk that it repeats
	existing known    // the event that was there, when seq is 0 and earlier is nil, or that this one replaces
	// withdrawn says that existing was taken back, and that nothing took its place before this chunk.
	withdrawn bool
	replaces  bool // it takes the place of existing
	// taken is why it was taken back as it arrived; "" when it was not.
	taken event.Reason
}

// importing is one Import under way.
type importing struct {
	*txn
	file   *fileRecord
	chunk  store.Chunk
	now    time.Time
	rows   []arrival
	order  []int32             // of rows by key, those with one key in order of arrival
	added  map[uint64]*arrival // by number, those that are new; nil while nobody asked
	first  *uint64             // the first file with the same bytes, read in the same way; 0 for none, nil while nobody asked
	people map[int]store.Fate  // of the records that are people, by their index
	out    store.ImportResult
}

// Import commits a chunk of consecutive records in one transaction.
func (d *DB) Import(ctx context.Context, file uint64, c store.Chunk, now time.Time) (out store.ImportResult, err error) {
	if err := checkChunk(c); err != nil {
		return store.ImportResult{}, fmt.Errorf("import records of file %d: %w", file, err)
	}
	if err := d.makeRoom(ctx); err != nil {
		return store.ImportResult{}, fmt.Errorf("make room for records of file %d: %w", file, err)
	}
	err = d.change(ctx, func(t *txn) error {
		in := &importing{txn: t, chunk: c, now: now}
		if err := in.run(file); err != nil {
			return err
		}
		out = in.out
		return nil
	})
	if err != nil {
		return store.ImportResult{}, fmt.Errorf("import records from %d of file %d: %w", c.First, file, err)
	}
	return out, nil
}

// checkChunk refuses what no importer may hand over; it is a mistake of the program, not of a file.
func checkChunk(c store.Chunk) error {
	for i := range c.Records {
		r := &c.Records[i]
		n := c.First + uint64(i)
		if err := checkRetractions(r); err != nil {
			return fmt.Errorf("record %d: %w", n, err)
		}
		if r.Person != nil {
			if len(r.Rows) > 0 || r.Fate != 0 || len(r.Person.Identifiers) == 0 {
				return fmt.Errorf("record %d is a person with %d rows, the fate %s and %d bytes of identifiers", n, len(r.Rows), r.Fate, len(r.Person.Identifiers))
			}
			continue
		}
		if (len(r.Rows) == 0) != (r.Fate == store.FateSkipped || r.Fate == store.FateRejected) || len(r.Rows) > 0 && r.Fate != 0 {
			return fmt.Errorf("record %d has %d rows and the fate %s", n, len(r.Rows), r.Fate)
		}
		for j := range r.Rows {
			switch row := &r.Rows[j]; {
			case row.Dataset == "" || row.EventName == "" || row.EventID == "":
				return fmt.Errorf("record %d has a row without dataset, event_name or event_id", n)
			case len(row.EventID) > maxEventID:
				return fmt.Errorf("record %d has an event_id of %d bytes, more than %d", n, len(row.EventID), maxEventID)
			}
		}
	}
	return nil
}

func (in *importing) run(file uint64) error {
	f, err := in.txn.file(file)
	if err != nil {
		return err
	}
	if f.State != store.FileImporting {
		return fmt.Errorf("%w: the file is %s", store.ErrStale, f.State)
	}
	if in.chunk.First != f.Counts.Records+1 {
		return fmt.Errorf("%w: %d records of it are done", store.ErrStale, f.Counts.Records)
	}
	in.file = f
	for _, step := range []func() error{in.collect, in.recognise, in.addRows, in.addIDs, in.replace, in.retract, in.addPeople, in.addFates, in.haltRows} {
		if err := step(); err != nil {
			return err
		}
	}
	in.out.Done = f.Counts.Records
	return in.put(filesBucket, numberKey(file), f.encode())
}

// collect lists the rows and looks up the numbers of their datasets and names.
func (in *importing) collect() error {
	rows, size := 0, 0
	for i := range in.chunk.Records {
		rows += len(in.chunk.Records[i].Rows)
		for j := range in.chunk.Records[i].Rows {
			size += len(in.chunk.Records[i].Rows[j].EventID) + idTail
		}
	}
	in.rows = make([]arrival, 0, rows)
	in.order = make([]int32, rows)
	keys := make([]byte, 0, size)
	for i := range in.chunk.Records {
		for j := range in.chunk.Records[i].Rows {
			a := arrival{NewRow: &in.chunk.Records[i].Rows[j], record: i}
			var err error
			if a.dataset, err = in.addDataset(a.Dataset); err != nil {
				return err
			}
			if a.name, err = in.number(eventName, a.EventName, true); err != nil {
				return err
			}
			at := len(keys)
			keys = appendIDKey(keys, a.EventID, a.dataset, a.name)
			a.key = keys[at:len(keys):len(keys)]
			in.order[len(in.rows)] = int32(len(in.rows))
			in.rows = append(in.rows, a)
		}
	}
	slices.SortFunc(in.order, func(a, b int32) int {
		if by := bytes.Compare(in.rows[a].key, in.rows[b].key); by != 0 {
			return by
		}
		return int(a - b)
	})
	return nil
}

// recognise finds the rows whose event is in the outbox or earlier in the chunk, and numbers the others in order.
func (in *importing) recognise() error {
	isNew := make([]bool, len(in.rows))
	var first *arrival           // the new row with the key at hand, else the first with it
	there, added := false, false // in the outbox before; in this chunk
	for _, i := range in.order {
		a := &in.rows[i]
		if first != nil && bytes.Equal(first.key, a.key) {
			a.existing = first.existing
		} else {
			var err error
			if a.existing, there, err = in.known(a.key); err != nil {
				return err
			}
			first, added = a, false
		}
		if added {
			a.earlier = first
			continue
		}
		if there {
			var err error
			if a.replaces, err = in.replaceable(a); err != nil {
				return err
			}
		}
		if !there || a.replaces {
			isNew[i], added, first = true, true, a
		}
	}
	seq, err := in.lastRow()
	if err != nil {
		return err
	}
	for i := range in.rows {
		if isNew[i] {
			seq++
			in.rows[i].seq = seq
		}
	}
	return in.setMetaUint("seq", seq)
}

// addRows stores the new rows. Their values share one piece of memory, which lives until the commit.
func (in *importing) addRows() error {
	size := 0
	for i := range in.rows {
		if a := &in.rows[i]; a.seq != 0 {
			size += rowOverhead + len(a.EventID) + len(in.chunk.Records[a.record].RecordKey) + 5*len(a.Warnings) + len(a.Payload)
		}
	}
	values := make([]byte, 0, size)
	in.appending(rowsBucket)
	r := row{file: in.file.Number, importedAt: in.now}
	key := make([]byte, 8)
	for i := range in.rows {
		a := &in.rows[i]
		if a.seq == 0 {
			continue
		}
		record := &in.chunk.Records[a.record]
		r.dataset, r.name, r.record, r.line = a.dataset, a.name, in.chunk.First+uint64(a.record), record.Line
		r.eventTime, r.notBefore, r.deadline = a.EventTime, a.NotBefore, a.Deadline
		r.eventID, r.recordKey, r.payload = a.EventID, record.RecordKey, a.Payload
		r.warnings = r.warnings[:0]
		for _, w := range a.Warnings {
			n, err := in.number(reasonName, string(w), true)
			if err != nil {
				return err
			}
			r.warnings = append(r.warnings, n)
		}
		at := len(values)
		values = appendRow(values, &r)
		if err := in.put(rowsBucket, appendKey(key[:0], a.seq), values[at:len(values):len(values)]); err != nil {
			return err
		}
		if err := in.grow(a.seq, in.cellOf(a), a.Deadline, a.EventTime); err != nil {
			return err
		}
		in.file.add(a.seq)
	}
	return nil
}

func (in *importing) cellOf(a *arrival) cell {
	c := cell{state: store.StatePending, dataset: a.dataset}
	if a.NotBefore != 0 {
		c.flags |= flagWaits
	}
	if a.replaces {
		c.flags |= flagReplaces
	}
	if a.Deadline <= in.now.Unix() {
		c.state = store.StateExpired
		c.flags |= flagLate
	} else if a.Halt {
		c.flags |= flagHalted
	}
	return c
}

// addIDs makes the new rows known, in order of their keys: bbolt is several times faster that way.
func (in *importing) addIDs() error {
	values := make([]byte, 0, len(in.rows)*knownSize)
	fresh := make([]idEntry, 0, len(in.rows))
	for _, i := range in.order {
		a := &in.rows[i]
		if a.seq == 0 {
			continue
		}
		at := len(values)
		if a.replaces {
			if err := in.succeed(a); err != nil {
				return err
			}
			// The row that it replaces keeps an entry of its own.
			values = appendKnown(values, a.existing)
			fresh = append(fresh, idEntry{appendReplacedKey(nil, a.key, a.existing.seq), values[at:len(values):len(values)]})
			continue
		}
		values = appendKnown(values, known{a.seq, a.Fingerprint})
		fresh = append(fresh, idEntry{a.key, values[at:len(values):len(values)]})
	}
	return in.addKnown(fresh)
}

// addFates finds out what became of each record, and stores it.
func (in *importing) addFates() error {
	in.out.Fates = make([]store.Fate, 0, len(in.chunk.Records))
	in.out.Accepted = make([]bool, 0, len(in.rows))
	row := 0
	runs, err := in.runs(in.file.Number)
	if err != nil {
		return err
	}
	var worth store.Totals
	for i := range in.chunk.Records {
		r := &in.chunk.Records[i]
		fate, taken := r.Fate, event.Reason("")
		if r.Person != nil {
			fate = in.people[i]
		}
		for range r.Rows {
			rowFate, err := in.fateOf(&in.rows[row])
			if err != nil {
				return err
			}
			fate, taken = weightier(fate, rowFate), cmp.Or(taken, in.rows[row].taken)
			in.out.Accepted = append(in.out.Accepted, rowFate == store.FateAccepted)
			if rowFate == store.FateAccepted {
				in.out.Events++
				worth.Add(in.rows[row].Value, in.rows[row].Currency)
			}
			row++
		}
		n := in.chunk.First + uint64(i)
		in.out.Fates = append(in.out.Fates, fate)
		in.file.Counts.Add(fate, 1)
		if fate == store.FateRejected {
			if err := in.addReject(in.file.Number, n, r); err != nil {
				return err
			}
		}
		reason := r.Reason
		if len(r.Rows) > 0 {
			if reason = ""; fate == store.FateSkipped {
				reason = taken
				if in.out.TakenBack == nil {
					in.out.TakenBack = map[int]event.Reason{}
				}
				in.out.TakenBack[i] = taken
			}
		}
		if err := runs.add(n, fate, reason); err != nil {
			return err
		}
	}
	if err := in.file.addWorth(in.out.Events, &worth); err != nil {
		return err
	}
	return runs.flush()
}

// fateOf is the fate of one row. A duplicate is one before it is expired: what was sent in time is not late.
func (in *importing) fateOf(a *arrival) (store.Fate, error) {
	switch {
	case a.taken != "":
		return store.FateSkipped, nil
	case a.seq != 0 && a.Deadline <= in.now.Unix():
		return store.FateExpired, nil
	case a.seq != 0:
		return store.FateAccepted, nil
	}
	first := a.existing
	if a.earlier != nil {
		first = known{a.earlier.seq, a.earlier.Fingerprint}
	}
	if first.fingerprint == a.Fingerprint {
		if a.withdrawn {
			in.out.Withdrawn++
		}
		return store.FateDuplicate, nil
	}
	// Nothing disagrees with an event that was erased: what it said is not there any more, its fingerprint least of all.
	if r, err := in.row(first.seq); err == nil && r.emptied == store.EmptiedErased {
		return store.FateDuplicate, nil
	}
	return store.FateConflict, in.addConflict(a, first.seq)
}

// weightier picks the fate of a record from those of its rows: accepted, conflict, expired, skipped, duplicate.
func weightier(a, b store.Fate) store.Fate {
	for _, f := range [...]store.Fate{store.FateAccepted, store.FateConflict, store.FateExpired, store.FateSkipped, store.FateDuplicate} {
		if a == f || b == f {
			return f
		}
	}
	return a
}

// reasonNumber is the number of a reason; it gives it one.
func (t *txn) reasonNumber(r event.Reason) (uint64, error) {
	n, err := t.number(reasonName, string(r), true)
	return uint64(n), err
}
