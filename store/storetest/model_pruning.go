package storetest

import (
	"time"

	"capibara/event"
	"capibara/store"

	"pgregory.net/rapid"
)

// modelFile is a file of the model, none of which is ever closed.
type modelFile struct {
	started time.Time
	goesOn  bool // it was opened since the database was
}

// modelRefund is a refund whose order is not there.
type modelRefund struct {
	file uint64
	at   time.Time
}

// openFile begins another file.
func (w *world) openFile() {
	w.file, w.done = w.open("another.csv").Number, 0
	w.files[w.file] = &modelFile{started: w.now, goesOn: true}
}

// goOn goes on with the file after a crash.
func (w *world) goOn() {
	w.desk.files--
	f := w.open("another.csv")
	same(w.desk, "the file that is gone on with", []uint64{f.Number, f.Counts.Records}, []uint64{w.file, w.done})
	w.files[w.file].goesOn = true
}

func (w *world) refunded(key string) bool {
	r, ok := w.refunds[key]
	return ok && r.file > w.gone.Files
}

// refund remembers a refund, unless one is remembered.
func (w *world) refund(key string, reason event.Reason) {
	if reason == event.ReasonRefunded && !w.refunded(key) {
		w.refunds[key] = modelRefund{w.file, w.now}
	}
}

// doPrune lets a quarter pass, mostly, and prunes what is older than that.
func (w *world) doPrune(r *rapid.T) {
	if rapid.IntRange(0, 3).Draw(r, "later") > 0 {
		w.now = w.now.Add(store.MinHistory)
	}
	if rapid.Bool().Draw(r, "expire") {
		for _, dataset := range []string{main, other} {
			w.expire(dataset, w.now, 1000)
		}
		for seq, m := range w.rows {
			if m.state == store.StatePending && w.expired(seq) {
				m.state = store.StateExpired
			}
		}
	}
	var by store.Retention
	if rapid.Bool().Draw(r, "history") {
		by.History = w.now.Add(-store.MinHistory)
	}
	if rapid.Bool().Draw(r, "payload") {
		by.Payload = w.now.Add(-time.Duration(rapid.IntRange(1, 60).Draw(r, "days")) * 24 * time.Hour)
	}
	got := w.prune(by)
	got.Stays = 0
	same(w.desk, "pruned", got, w.predict(by))
}

// final reports whether nothing can become of a row by itself.
func (w *world) final(m *modelRow) bool {
	switch m.state {
	case store.StatePending, store.StateInFlight, store.StateHeld:
		return false
	case store.StateExpired:
		b := w.batches[m.batch]
		return b == nil || !b.state.Open()
	}
	return true
}

// predict prunes the model.
func (w *world) predict(by store.Retention) (p store.Pruned) {
	for !by.History.IsZero() {
		seq := w.gone.Events + 1
		m := w.rows[seq]
		if m == nil || !m.imported.Before(by.History) || !w.final(m) {
			break
		}
		w.remove(seq, m)
		p.Removed++
	}
	for !by.History.IsZero() {
		b := w.batches[w.gone.Batches+1]
		if b == nil || b.state.Open() || w.anyOf(b.seqs) || w.anyOf(b.left) {
			break
		}
		w.gone.Batches++
		delete(w.batches, w.gone.Batches)
		p.Batches++
	}
	for !by.History.IsZero() {
		n := w.gone.Files + 1
		f := w.files[n]
		if f == nil || f.goesOn || !f.started.Before(by.History) || w.hasRows(n) {
			break
		}
		w.gone.Files++
		for _, kind := range []store.HaltKind{store.HaltFile, store.HaltEvents} {
			delete(w.halts, store.HaltKey{Kind: kind, File: n})
		}
		p.Files++
	}
	for key, r := range w.refunds {
		if !by.History.IsZero() && r.at.Before(by.History) {
			delete(w.refunds, key)
		}
	}
	for _, m := range w.rows {
		if m.imported.Before(by.Payload) && w.final(m) && !m.emptied {
			m.emptied = true
			p.Emptied++
		}
	}
	return p
}

func (w *world) remove(seq uint64, m *modelRow) {
	if w.removed[m.dataset] == nil {
		w.removed[m.dataset] = map[store.State]uint64{}
	}
	w.removed[m.dataset][m.state]++
	w.gone.Events, w.gone.Newest = seq, m.imported
	if key := w.keyOf(seq); key != "" {
		delete(w.ids, key)
	}
	delete(w.rows, seq)
}

// anyOf reports whether any of the rows is there.
func (w *world) anyOf(seqs []uint64) bool {
	for _, seq := range seqs {
		if w.rows[seq] != nil {
			return true
		}
	}
	return false
}

func (w *world) hasRows(file uint64) bool {
	for _, m := range w.rows {
		if m.file == file {
			return true
		}
	}
	return false
}

func (w *world) compareRemoved() {
	c := w.counts()
	c.Removed.At = time.Time{}
	same(w.desk, "what was removed", c.Removed, w.gone)
	for _, d := range c.Datasets {
		same(w.desk, "what was removed of "+d.Dataset, d.Removed, w.removed[d.Dataset])
	}
}
