package storetest

import (
	"errors"
	"time"

	"capibara/store"

	"pgregory.net/rapid"
)

// halted predicts whether a row is halted, should it be pending.
func (w *world) halted(m *modelRow) bool {
	for k := range w.halts {
		if w.concerns(k, m) {
			return true
		}
	}
	return false
}

func (w *world) concerns(k store.HaltKey, m *modelRow) bool {
	return k.Kind == store.HaltSource || k.File == m.file && (k.Kind == store.HaltFile || m.halts)
}

// haltKey draws what is halted or allowed. Every file of the model is of one source.
func (w *world) haltKey(r *rapid.T) store.HaltKey {
	file := uint64(rapid.IntRange(1, int(w.file)).Draw(r, "file"))
	return rapid.SampledFrom([]store.HaltKey{{Kind: store.HaltSource, Source: "deals"}, {Kind: store.HaltFile, File: file},
		{Kind: store.HaltEvents, File: file}}).Draw(r, "halt")
}

func (w *world) doHalt(r *rapid.T) {
	k := w.haltKey(r)
	err := w.Outbox.Halt(w.ctx, store.Halt{HaltKey: k, Reason: "Look at it."}, w.now)
	if valid := (k.Kind != store.HaltEvents || w.halts[k]) && (k.File == 0 || k.File > w.gone.Files); (err == nil) != valid {
		w.Fatalf("halting %+v: %v, valid %t", k, err, valid)
	}
	if err == nil {
		w.halts[k] = true
	}
}

func (w *world) doAllow(r *rapid.T) {
	k := w.haltKey(r)
	before := map[uint64]bool{}
	for seq, m := range w.rows {
		before[seq] = m.state == store.StatePending && w.halted(m)
	}
	valid := w.halts[k]
	if valid {
		delete(w.halts, k)
		for other := range w.halts {
			if other.Kind == store.HaltEvents && (k.Kind == store.HaltSource || other.File == k.File) {
				delete(w.halts, other)
				w.letGo(other.File)
			}
		}
		if k.Kind == store.HaltEvents {
			w.letGo(k.File)
		}
	}
	var want uint64
	for seq, m := range w.rows {
		if before[seq] && !w.halted(m) {
			want++
		}
	}
	n, err := w.Outbox.Allow(w.ctx, k, "anna", w.now)
	if (err == nil) != valid || err != nil && !errors.Is(err, store.ErrNotFound) {
		w.Fatalf("allowing %+v: %v, valid %t", k, err, valid)
	}
	same(w.desk, "let go", n, want)
}

// letGo lets the single events of a file go. Every file of the model is still being imported: later ones are halted anew.
func (w *world) letGo(file uint64) {
	for _, m := range w.rows {
		m.halts = m.halts && m.file != file
	}
}

func (w *world) compareHalts() {
	halts, err := w.Outbox.Halts(w.ctx)
	w.must(err)
	same(w.desk, "halts", len(halts), len(w.halts))
	for _, h := range halts {
		var events uint64
		for _, m := range w.rows {
			if m.state == store.StatePending && w.concerns(h.HaltKey, m) {
				events++
			}
		}
		same(w.desk, "what is halted", []any{h.Events, w.halts[h.HaltKey]}, []any{events, true})
	}
	at, ok, err := w.Outbox.NextDeadline(w.ctx, main, w.now)
	w.must(err)
	var next int64
	for _, m := range w.rows {
		if m.dataset == main && m.state == store.StatePending && m.deadline > w.now.Unix() && m.notBefore < m.deadline && !w.halted(m) &&
			(next == 0 || m.deadline < next) {
			next = m.deadline
		}
	}
	if ok != (next != 0) || ok && !at.Equal(time.Unix(next, 0)) {
		w.Errorf("the next deadline is %v, %t, want %d", at, ok, next)
	}
}
