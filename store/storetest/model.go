package storetest

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"

	"pgregory.net/rapid"
)

// model compares the backend with a few maps in memory through random sequences of calls, right and wrong ones.
func model(t *testing.T, open func(t testing.TB) Harness) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &world{desk: newDesk(rt, open(t)), rows: map[uint64]*modelRow{}, refunds: map[string]modelRefund{}, ids: map[string]uint64{},
			batches: map[uint64]*modelBatch{}, halts: map[store.HaltKey]bool{}, files: map[uint64]*modelFile{},
			removed: map[string]map[store.State]uint64{}}
		w.openFile()
		rt.Repeat(map[string]func(*rapid.T){
			"import":   w.doImport,
			"file":     func(*rapid.T) { w.openFile() },
			"begin":    w.doBegin,
			"settle":   w.doSettle,
			"conclude": w.doConclude,
			"retry":    w.doRetry,
			"expire":   w.doExpire,
			"withdraw": w.doWithdraw,
			"requeue":  w.doRequeue,
			"resolve":  w.doResolve,
			"retract":  w.doRetract,
			"erase":    w.doErase,
			"prune":    w.doPrune,
			"wait": func(r *rapid.T) {
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 120).Draw(r, "minutes")) * time.Minute)
			},
			"halt":  w.doHalt,
			"allow": w.doAllow,
			"crash": w.doCrash,
			"":      w.compareCounts,
		})
		w.compareAll()
		w.finish()
	})
}

type modelRow struct {
	dataset             string
	state               store.State
	file                uint64
	deadline, notBefore int64
	fingerprint         uint64
	batch               uint64
	possiblySent, late  bool
	payload             []byte
	replaced            bool
	decided             []event.Reason
	takenBy             uint64 // the file that took it back last
	halts               bool   // it came in halted
	listed              []taking
	imported            time.Time
	emptied             bool
	erased              bool
}

type modelBatch struct {
	state store.BatchState
	seqs  []uint64
	left  []uint64 // rows that left it
	maybe bool
	// earlier says that an attempt before the last one may have arrived.
	earlier  bool
	resolved bool
}

// world is the model beside the database.
type world struct {
	*desk
	file    uint64
	done    uint64
	rows    map[uint64]*modelRow
	ids     map[string]uint64
	batches map[uint64]*modelBatch
	refunds map[string]modelRefund // of events that are not there, by their key
	halts   map[store.HaltKey]bool
	files   map[uint64]*modelFile
	gone    store.Removed
	removed map[string]map[store.State]uint64
	seq     uint64 // of the last row
	batch   uint64 // the last one
}

func (w *world) expired(seq uint64) bool {
	m := w.rows[seq]
	return m == nil || m.deadline <= w.now.Unix() // what was removed is long past it
}

func (w *world) doImport(r *rapid.T) {
	var records []store.Record
	var want []store.Fate
	for range rapid.IntRange(1, 6).Draw(r, "records") {
		if rapid.IntRange(0, 9).Draw(r, "kind") == 0 {
			records, want = append(records, rejected("date_unreadable", "")), append(want, store.FateRejected)
			continue
		}
		id := fmt.Sprint("id", rapid.IntRange(0, 60).Draw(r, "id"))
		row := w.row(id, content(uint64(1+rapid.IntRange(0, 4).Draw(r, "content")/4)),
			until(w.now.Add(time.Duration(rapid.IntRange(-30, 600).Draw(r, "deadline"))*time.Minute)))
		row.Dataset = rapid.SampledFrom([]string{main, main, main, other}).Draw(r, "dataset")
		row.Replace = rapid.Bool().Draw(r, "replace")
		if rapid.IntRange(0, 5).Draw(r, "waits") == 0 {
			row.NotBefore = w.now.Add(time.Hour).Unix()
		}
		row.Halt = rapid.IntRange(0, 9).Draw(r, "halted") == 0
		records, want = append(records, record(row)), append(want, w.arrive(row))
	}
	res := w.add(w.file, records...)
	w.done += uint64(len(records))
	same(w.desk, "Fates", res.Fates, want)
	same(w.desk, "Done", res.Done, w.done)
}

// arrive predicts the fate of a row.
func (w *world) arrive(row store.NewRow) store.Fate {
	key := row.Dataset + "/" + row.EventID
	if seq, ok := w.ids[key]; ok {
		first := w.rows[seq]
		disagrees := row.Replace && first.fingerprint != row.Fingerprint && first.state == store.StatePending && !w.expired(seq)
		corrects := first.state == store.StateWithdrawn && w.corrects(first, row)
		if !disagrees && !corrects || row.Deadline <= w.now.Unix() || first.file == w.file {
			if first.erased || first.fingerprint == row.Fingerprint {
				return store.FateDuplicate
			}
			return store.FateConflict
		}
		first.state, first.replaced = store.StateWithdrawn, true
	}
	w.seq++
	seq := w.seq
	m := &modelRow{dataset: row.Dataset, imported: w.now, state: store.StatePending, file: w.file, deadline: row.Deadline, notBefore: row.NotBefore, fingerprint: row.Fingerprint,
		payload: row.Payload}
	w.ids[key], w.rows[seq] = seq, m
	if w.expired(seq) {
		m.state, m.late = store.StateExpired, true
		return store.FateExpired
	}
	if m.halts = row.Halt; m.halts {
		w.halts[store.HaltKey{Kind: store.HaltEvents, File: w.file}] = true
	}
	if w.refunded(key) {
		delete(w.refunds, key)
		w.decide(m, store.StateWithdrawn, event.ReasonRefunded)
		return store.FateSkipped
	}
	return store.FateAccepted
}

func (w *world) sendable(seq uint64, dataset string) bool {
	m := w.rows[seq]
	return m != nil && m.dataset == dataset && m.state == store.StatePending && !w.expired(seq) && m.notBefore <= w.now.Unix() &&
		!w.halted(m)
}

func (w *world) doBegin(r *rapid.T) {
	limit := rapid.IntRange(1, 6).Draw(r, "limit")
	planned := w.plan(store.PlanQuery{Dataset: main, Limit: limit})
	eligible := 0
	for seq := range w.rows {
		if w.sendable(seq, main) {
			eligible++
		}
	}
	same(w.desk, "planned", len(planned), min(limit, eligible))
	var seqs []uint64
	for _, row := range planned {
		seqs = append(seqs, row.Seq)
	}
	if rapid.IntRange(0, 3).Draw(r, "stranger") == 0 {
		seqs = append(seqs, rapid.Uint64Range(0, w.seq+1).Draw(r, "seq"))
	}
	valid := len(seqs) > 0
	for i, seq := range seqs {
		valid = valid && w.sendable(seq, main) && !slices.Contains(seqs[:i], seq)
	}
	b, err := w.Outbox.Begin(w.ctx, store.Intent{Dataset: main, Rows: seqs, BodySHA256: event.Hash{1}}, w.now)
	if (err == nil) != valid {
		w.Fatalf("beginning %v: %v, valid %t", seqs, err, valid)
	}
	if valid {
		w.newBatch(b.Number, seqs, false, store.BatchSending)
	}
}

func (w *world) newBatch(n uint64, seqs []uint64, maybe bool, s store.BatchState) {
	w.batch++
	same(w.desk, "the number of a batch", n, w.batch)
	w.batches[n] = &modelBatch{state: s, seqs: slices.Clone(seqs), maybe: maybe}
	w.assign(seqs, store.StateInFlight, n, false)
}

func (w *world) assign(seqs []uint64, s store.State, batch uint64, possiblySent bool) {
	for _, seq := range seqs {
		m := w.rows[seq]
		m.state, m.batch, m.possiblySent = s, batch, possiblySent
	}
}

// someBatch draws a batch, an open one mostly.
func (w *world) someBatch(r *rapid.T) (uint64, *modelBatch) {
	var open []uint64
	for n, b := range w.batches {
		if b.state.Open() {
			open = append(open, n)
		}
	}
	slices.Sort(open)
	n := rapid.Uint64Range(1, w.batch+1).Draw(r, "batch")
	if len(open) > 0 && rapid.IntRange(0, 5).Draw(r, "any") > 0 {
		n = rapid.SampledFrom(open).Draw(r, "open batch")
	}
	return n, w.batches[n]
}

func (w *world) settlement(r *rapid.T, n uint64, b *modelBatch) store.Settlement {
	s := store.Settlement{Batch: n, Verdict: store.Verdict(rapid.IntRange(1, 8).Draw(r, "verdict")), MaybeSent: rapid.Bool().Draw(r, "maybe")}
	if s.Verdict == store.VerdictSplit && b != nil {
		first := rapid.IntRange(1, max(1, len(b.seqs)-1)).Draw(r, "first child")
		s.Children = []int{first, len(b.seqs) - first}
		if first < len(b.seqs)-1 && rapid.Bool().Draw(r, "apart") {
			s.Apart = []int{first - 1, first + 1}
		}
	}
	return s
}

// concludable predicts whether the verdict suits the batch.
func (w *world) concludable(b *modelBatch, v store.Verdict, maybe bool) bool {
	switch v {
	case store.VerdictReleased, store.VerdictReady:
		return !maybe
	case store.VerdictUnknown, store.VerdictHeld:
		return maybe
	case store.VerdictRejected:
		return len(b.seqs) == 1
	case store.VerdictSplit:
		return len(b.seqs) > 1
	case store.VerdictExpired:
		return !slices.ContainsFunc(b.seqs, func(seq uint64) bool { return !w.expired(seq) })
	}
	return true
}

// conclude carries the verdict out in the model.
func (w *world) conclude(n uint64, s store.Settlement, children []uint64) {
	b := w.batches[n]
	end := func(bs store.BatchState, rs store.State, sent bool) {
		b.state = bs
		w.assign(b.seqs, rs, n, sent)
	}
	switch s.Verdict {
	case store.VerdictAcknowledged:
		end(store.BatchAcknowledged, store.StateAcknowledged, b.earlier)
	case store.VerdictReleased:
		end(store.BatchReleased, store.StatePending, false)
		w.release(b.seqs)
	case store.VerdictRejected:
		end(store.BatchRejected, store.StateRejected, b.maybe)
	case store.VerdictHeld:
		end(store.BatchHeld, store.StateHeld, true)
	case store.VerdictExpired:
		end(store.BatchExpired, store.StateExpired, b.maybe)
	case store.VerdictReady:
		b.state = store.BatchReady
	case store.VerdictUnknown:
		b.state = store.BatchUnknown
	case store.VerdictSplit:
		b.state = store.BatchSplit
		same(w.desk, "children", len(children), 2)
		seqs := apart(b.seqs, s.Apart)
		w.newBatch(children[0], seqs[:s.Children[0]], b.maybe, store.BatchReady)
		w.newBatch(children[1], seqs[s.Children[0]:], b.maybe, store.BatchReady)
	}
}

// apart puts what is set apart behind all others.
func apart(seqs []uint64, indexes []int) []uint64 {
	var first, last []uint64
	for i, seq := range seqs {
		if slices.Contains(indexes, i) {
			last = append(last, seq)
		} else {
			first = append(first, seq)
		}
	}
	return append(first, last...)
}

func (w *world) doSettle(r *rapid.T) {
	n, b := w.someBatch(r)
	s := w.settlement(r, n, b)
	valid := b != nil && b.state == store.BatchSending && w.concludable(b, s.Verdict, b.maybe || s.MaybeSent)
	got, err := w.Outbox.Settle(w.ctx, s, w.now)
	if (err == nil) != valid {
		w.Fatalf("settling %+v of %+v: %v, valid %t", s, b, err, valid)
	}
	if valid {
		b.earlier, b.maybe = b.maybe, b.maybe || s.MaybeSent
		w.conclude(n, s, got.Children)
	}
}

func (w *world) doConclude(r *rapid.T) {
	n, b := w.someBatch(r)
	s := w.settlement(r, n, b)
	allowed := []store.Verdict{store.VerdictHeld, store.VerdictReleased, store.VerdictSplit, store.VerdictExpired}
	valid := b != nil && (b.state == store.BatchReady || b.state == store.BatchUnknown) && slices.Contains(allowed, s.Verdict) &&
		w.concludable(b, s.Verdict, b.maybe)
	got, err := w.Outbox.Conclude(w.ctx, s, w.now)
	if (err == nil) != valid {
		w.Fatalf("concluding %+v of %+v: %v, valid %t", s, b, err, valid)
	}
	if valid {
		w.conclude(n, s, got.Children)
	}
}

func (w *world) doRetry(r *rapid.T) {
	n, b := w.someBatch(r)
	var drop []uint64
	valid := b != nil && (b.state == store.BatchReady || b.state == store.BatchUnknown)
	if b != nil {
		careless := rapid.IntRange(0, 3).Draw(r, "careless") == 0
		for _, seq := range b.seqs {
			expired := w.expired(seq)
			if expired && !careless {
				drop = append(drop, seq)
			}
			valid = valid && (!expired || !careless)
		}
		valid = valid && len(drop) < len(b.seqs)
	}
	_, err := w.Outbox.Retry(w.ctx, n, drop, event.Hash{2}, w.now)
	if (err == nil) != valid {
		w.Fatalf("sending %+v again without %v: %v, valid %t", b, drop, err, valid)
	}
	if valid {
		w.assign(drop, store.StateExpired, n, b.maybe)
		b.left = append(b.left, drop...)
		b.seqs = slices.DeleteFunc(b.seqs, func(seq uint64) bool { return slices.Contains(drop, seq) })
		b.state = store.BatchSending
	}
}

func (w *world) doExpire(r *rapid.T) {
	limit := rapid.IntRange(1, 20).Draw(r, "limit")
	due := 0
	for seq, m := range w.rows {
		if m.dataset == main && m.state == store.StatePending && w.expired(seq) {
			due++
		}
	}
	for due > 0 {
		n := w.expire(main, w.now, limit)
		same(w.desk, "expired", n, min(limit, due))
		due -= n
		if n == 0 {
			return
		}
	}
	for seq, m := range w.rows {
		if m.dataset == main && m.state == store.StatePending && w.expired(seq) {
			m.state = store.StateExpired
		}
	}
}

// doCrash opens the database again, and recovers what was being sent.
func (w *world) doCrash(*rapid.T) {
	w.reopen()
	for _, f := range w.files {
		f.goesOn = false
	}
	w.goOn()
	got, err := w.Outbox.Recover(w.ctx, w.now)
	w.must(err)
	var want []uint64
	for _, n := range slices.Sorted(maps.Keys(w.batches)) {
		if b := w.batches[n]; b.state == store.BatchSending {
			b.state, b.maybe = store.BatchUnknown, true
			want = append(want, n)
		}
	}
	same(w.desk, "recovered", numbers(got), want)
}

func (w *world) compareCounts(*rapid.T) {
	want, relied := map[string]map[store.State]uint64{}, map[string]uint64{}
	for _, m := range w.rows {
		if want[m.dataset] == nil {
			want[m.dataset] = map[store.State]uint64{}
		}
		want[m.dataset][m.state]++
		if m.state == store.StateAcknowledged && m.possiblySent {
			relied[m.dataset]++
		}
	}
	for _, c := range w.counts().Datasets {
		same(w.desk, "events of "+c.Dataset+" that relied on Meta", c.Relied, relied[c.Dataset])
		same(w.desk, "counts of "+c.Dataset, c.Events, want[c.Dataset])
		delete(want, c.Dataset)
	}
	same(w.desk, "datasets not counted", len(want), 0)
	w.compareRemoved()
}

func (w *world) compareAll() {
	for _, e := range w.events(store.Filter{Limit: 50}) {
		m := w.rows[e.Seq]
		same(w.desk, fmt.Sprint("event ", e.Seq),
			[]any{e.Dataset, e.State, e.Batch, e.PossiblySent, e.Late, e.Deadline, e.Decided, e.Halted != "", e.Emptied != store.NotEmptied, e.Emptied == store.EmptiedErased},
			[]any{m.dataset, m.state, m.batch, m.possiblySent, m.late, m.deadline, len(m.decided) > 0, m.state == store.StatePending && w.halted(m), m.emptied, m.erased})
		var decided []event.Reason
		for _, x := range w.decisions(e.Seq) {
			decided = append(decided, x.Reason)
		}
		same(w.desk, fmt.Sprint("decisions about event ", e.Seq), decided, m.decided)
	}
	w.compareHalts()
	for _, b := range w.desk.batches(store.Filter{}) {
		m := w.batches[b.Number]
		same(w.desk, fmt.Sprint("batch ", b.Number), []any{b.State, b.Seqs, !b.FirstMaybeAt.IsZero(), b.MaybeAttempts > 0, b.Resolution != nil},
			[]any{m.state, m.seqs, m.maybe, m.maybe, m.resolved})
	}
}
