package audit

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"capibara/store"
)

// counted is a store that counts what is dear.
type counted struct {
	Store
	asked atomic.Int64
}

// Expiring reads every event that it adds up.
func (c *counted) Expiring(ctx context.Context, dataset string, from, until time.Time) (store.Tally, error) {
	c.asked.Add(1)
	return c.Store.Expiring(ctx, dataset, from, until)
}

// Events reads pages of what expired.
func (c *counted) Events(ctx context.Context, f store.Filter) (store.Page[store.EventEntry], error) {
	c.asked.Add(1)
	return c.Store.Events(ctx, f)
}

// Batches reads pages of what was rejected.
func (c *counted) Batches(ctx context.Context, f store.Filter) (store.Page[store.Batch], error) {
	c.asked.Add(1)
	return c.Store.Batches(ctx, f)
}

// TestStatusLooksOnce has many look at the overview: what it takes to look for is looked for once, and again as soon as something
// changed.
func TestStatusLooksOnce(t *testing.T) {
	t.Parallel()
	d := newDayDesk(t)
	db := &counted{Store: d.db}
	d.r.store = db
	d.now = noon.Add(6 * 24 * time.Hour) // the one pending event expires within a day, one expired, one was rejected
	look := func(readers int) (st Status) {
		t.Helper()
		var all sync.WaitGroup
		for range readers {
			all.Go(func() {
				if _, err := d.r.Status(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		st, err := d.r.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	if st := look(20); db.asked.Load() != 3 || st.Expiring24h != 1 || len(st.ExpiringSums) != 1 || st.Rejected7d != 1 || st.Expired7d != 0 {
		t.Errorf("21 readers had it looked for %d times, and see %+v", db.asked.Load(), st)
	}
	d.now = d.now.Add(24 * time.Hour)
	if _, err := d.db.Expire(t.Context(), dataset, d.now, 10); err != nil {
		t.Fatal(err)
	}
	if st := look(20); db.asked.Load() != 5 || st.Expiring24h != 0 || len(st.ExpiringSums) != 0 || st.Expired7d != 1 {
		t.Errorf("after something expired they had it looked for %d times, and see %+v", db.asked.Load(), st)
	}
	// What is eight days old is lately no more, though no counter says so.
	d.now = d.now.Add(8 * 24 * time.Hour)
	if st := look(0); st.Expired7d != 0 || st.Rejected7d != 0 {
		t.Errorf("a week later they see %+v", st)
	}
	// Whoever has gone meanwhile has nothing looked for.
	asked := db.asked.Load()
	d.now = d.now.Add(time.Hour)
	gone, leave := context.WithCancel(t.Context())
	leave()
	if _, err := d.r.Status(gone); err == nil || db.asked.Load() != asked {
		t.Errorf("for somebody who has gone it was looked for %d times, %v", db.asked.Load()-asked, err)
	}
}
