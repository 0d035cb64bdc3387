package uploader

import (
	"fmt"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// move is something that a person may decide at a moment. It changes the database, and what an onlooker knows.
type move struct {
	name string
	do   func(t *truth) error
}

// moves are those that there are now: taking back what waits, trying again what was refused or taken back, and a word, true or
// not, about a batch of which nobody knows whether it arrived.
func (m *machine) moves(db *bolt.DB, at int) []move {
	var all []move
	by := func(r event.Reason) store.Decision { return store.Decision{By: "Ada", Reason: r} }
	for i := range m.events {
		seq := uint64(i + 1)
		e, err := db.Event(m.Context(), seq)
		if err != nil {
			m.Fatal(err)
		}
		switch e.State {
		case store.StatePending:
			all = append(all, move{"withdraw " + machineID(i), func(t *truth) error {
				_, err := db.Withdraw(m.Context(), []uint64{seq}, by(event.ReasonWithdrawn), m.now(at))
				t.events[i] = fact{ledger: store.StateWithdrawn, first: -1}
				return err
			}})
		case store.StateWithdrawn, store.StateRejected, store.StateExpired:
			all = append(all, move{"requeue " + machineID(i), func(t *truth) error {
				done, err := db.Requeue(m.Context(), []store.Requeued{{Seq: seq}}, by(event.ReasonRequeued), m.now(at))
				if err != nil || done.Changed == 0 {
					return err
				}
				if t.events[i].taken {
					return fmt.Errorf("an event that may have been taken was requeued")
				}
				t.events[i] = fact{ledger: store.StatePending, first: -1}
				return nil
			}})
		}
	}
	for _, s := range []store.BatchState{store.BatchUnknown, store.BatchHeld} {
		page, err := db.Batches(m.Context(), store.Filter{BatchState: s})
		if err != nil {
			m.Fatal(err)
		}
		for _, b := range page.Items {
			all = append(all, m.word(db, at, b, true, by(event.ReasonResolvedSent)), m.word(db, at, b, false, by(event.ReasonResolvedNotSent)))
		}
	}
	return all
}

// word is a person's word about a batch. From then on it is what counts: nobody can know better.
func (m *machine) word(db *bolt.DB, at int, b store.Batch, sent bool, by store.Decision) move {
	return move{fmt.Sprintf("resolve %d %t", b.Number, sent), func(t *truth) error {
		_, err := db.Resolve(m.Context(), b.Number, sent, by, m.now(at))
		state := store.StatePending
		if sent {
			state = store.StateAcknowledged
		}
		for _, seq := range b.Seqs {
			t.events[seq-1] = fact{ledger: state, first: -1}
		}
		return err
	}}
}

// decide makes every move that there is at a moment at which no process works.
func (m *machine) decide(now *moment) {
	for n := 0; ; n++ {
		db := m.open(now.disk)
		all := m.moves(db, now.at)
		if n >= len(all) {
			m.close(db)
			return
		}
		next := *now
		next.path += ", " + all[n].name
		if err := all[n].do(&next.truth); err != nil {
			m.broken[err.Error()] = next.path
		}
		key := m.describe(db, next.at)
		if err := db.Check(m.Context(), func(p string) { m.broken["the database: "+p] = next.path }); err != nil {
			m.Fatal(err)
		}
		m.close(db)
		next.disk = m.copied()
		m.add(&next, key)
	}
}
