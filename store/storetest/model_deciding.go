package storetest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"

	"pgregory.net/rapid"
)

// some draws a few rows, some of them twice.
func (w *world) some(r *rapid.T) []uint64 {
	if len(w.rows) == 0 {
		return nil
	}
	return rapid.SliceOfN(rapid.Uint64Range(w.gone.Events+1, w.seq), 1, 5).Draw(r, "rows")
}

// decide changes a row of the model as a decision does.
func (w *world) decide(m *modelRow, s store.State, r event.Reason) {
	m.state, m.decided = s, append(m.decided, r)
}

func (w *world) doWithdraw(r *rapid.T) {
	seqs := w.some(r)
	var want store.Decided
	for _, seq := range seqs {
		m := w.rows[seq]
		if m.state != store.StatePending {
			want.Left++
			continue
		}
		w.decide(m, store.StateWithdrawn, event.ReasonWithdrawn)
		want.Changed++
	}
	same(w.desk, "withdrawn", w.withdraw(seqs...), want)
}

func (w *world) doRequeue(r *rapid.T) {
	seqs := w.some(r)
	deadline := w.now.Add(time.Duration(rapid.IntRange(-30, 600).Draw(r, "deadline")) * time.Minute).Unix()
	var want store.Decided
	for _, seq := range seqs {
		m := w.rows[seq]
		back := m.state == store.StateRejected || m.state == store.StateExpired || m.state == store.StateWithdrawn
		if !back || m.possiblySent || m.replaced || m.emptied || w.refunded(w.keyOf(seq)) || max(m.deadline, deadline) <= w.now.Unix() {
			want.Left++
			continue
		}
		w.decide(m, store.StatePending, event.ReasonRequeued)
		m.deadline, m.late = max(m.deadline, deadline), false
		want.Changed++
	}
	same(w.desk, "requeued", w.requeue(deadline, seqs...), want)
}

func (w *world) doResolve(r *rapid.T) {
	n, b := w.someBatch(r)
	for _, held := range slices.Sorted(maps.Keys(w.batches)) {
		if w.batches[held].state == store.BatchHeld && rapid.Bool().Draw(r, "a held one") {
			n, b = held, w.batches[held]
			break
		}
	}
	sent := rapid.Bool().Draw(r, "sent")
	reason, bs, rs := event.ReasonResolvedNotSent, store.BatchReleased, store.StatePending
	if sent {
		reason, bs, rs = event.ReasonResolvedSent, store.BatchAcknowledged, store.StateAcknowledged
	}
	valid := b != nil && (b.state == store.BatchUnknown || b.state == store.BatchHeld)
	_, err := w.Outbox.Resolve(w.ctx, n, sent, decision(reason), w.now)
	if (err == nil) != valid {
		w.Fatalf("resolving %+v: %v, valid %t", b, err, valid)
	}
	if !valid {
		return
	}
	b.state, b.resolved = bs, true
	for _, seq := range b.seqs {
		w.decide(w.rows[seq], rs, reason)
		w.rows[seq].possiblySent = false
	}
	w.release(b.seqs)
}

func (w *world) doErase(r *rapid.T) {
	seqs := w.some(r)
	var want store.Decided
	left := map[uint64]bool{}
	for _, seq := range seqs {
		switch m := w.rows[seq]; {
		case m.state == store.StateInFlight || m.state == store.StateHeld:
			left[seq] = true
		case !m.erased:
			s := m.state
			if s == store.StatePending {
				s = store.StateErased
			}
			w.decide(m, s, event.ReasonErased)
			m.emptied, m.erased = true, true
			want.Changed++
		}
	}
	want.Left = uint64(len(left))
	same(w.desk, "erased", w.erase(seqs...), want)
}

// corrects predicts whether a row takes the place of an event that was withdrawn.
func (w *world) corrects(first *modelRow, row store.NewRow) bool {
	switch first.decided[len(first.decided)-1] {
	case event.ReasonWithdrawn:
		return first.fingerprint != row.Fingerprint || !bytes.Equal(first.payload, row.Payload)
	case event.ReasonNoLongerQualified:
		return first.takenBy != w.file
	}
	return false
}

// doRetract takes an event back that may be there, as a record of the file does.
func (w *world) doRetract(r *rapid.T) {
	id := fmt.Sprint("id", rapid.IntRange(0, 60).Draw(r, "id"))
	reason := rapid.SampledFrom([]event.Reason{event.ReasonNoLongerQualified, event.ReasonRefunded}).Draw(r, "reason")
	res := w.add(w.file, retracts(reason, id))
	w.done++
	key := main + "/" + id
	m := w.rows[w.ids[key]]
	want := 0
	switch {
	case m == nil:
		w.refund(key, reason)
	case m.erased:
	case m.state == store.StatePending && !slices.Contains(m.decided, reason):
		w.decide(m, store.StateWithdrawn, reason)
		m.takenBy, want = w.file, 1
	case m.state == store.StateInFlight || m.state == store.StateHeld:
		m.listed = append(m.listed, taking{w.file, reason})
	case (m.state == store.StateRejected || m.state == store.StateExpired) && !m.possiblySent,
		m.state == store.StateWithdrawn && m.decided[len(m.decided)-1] != event.ReasonRefunded:
		w.refund(key, reason)
	}
	same(w.desk, "retracted", len(res.Retracted), want)
}

// taking is a record that took an event back while that was on its way.
type taking struct {
	file   uint64
	reason event.Reason
}

// release withdraws what was taken back while it was on its way, of rows that are pending again.
func (w *world) release(seqs []uint64) {
	for _, seq := range seqs {
		m := w.rows[seq]
		for _, by := range m.listed {
			if m.state == store.StatePending && !slices.Contains(m.decided, by.reason) {
				w.decide(m, store.StateWithdrawn, by.reason)
				m.takenBy = by.file
			}
		}
	}
}

// keyOf is the key of an event, "" of one whose place another took.
func (w *world) keyOf(seq uint64) string {
	for key, at := range w.ids {
		if at == seq {
			return key
		}
	}
	return ""
}
