package audit

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/importer/normalize"
	"capibara/store"
	"capibara/store/bolt"
)

// crowd is a ledger of many events in which a little of everything happened, by chance.
func crowd(t *testing.T, seed uint64) (*bolt.DB, *rand.Rand) {
	t.Helper()
	chance := rand.New(rand.NewPCG(seed, 1))
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	now := noon.Add(-time.Hour)
	for n := range 6 {
		f, err := db.OpenFile(t.Context(), store.NewFile{Name: []string{"deals.csv", "tills.csv", "other.csv"}[n%3], Source: []string{"deals", "tills"}[n%2],
			SHA256: event.Hash{byte(n + 1)}, Mapping: "{}"}, now)
		if err != nil {
			t.Fatal(err)
		}
		c := store.Chunk{First: 1}
		for i := range 100 {
			c.Records = append(c.Records, store.Record{Line: uint64(i + 2), Rows: []store.NewRow{by(chance)},
				RecordKey: fmt.Sprintf("K%d · S%d", chance.IntN(40), chance.IntN(3))})
		}
		if _, err := db.Import(t.Context(), f.Number, c, now); err != nil {
			t.Fatal(err)
		}
		if _, err := db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
			t.Fatal(err)
		}
	}
	for range 12 {
		some(t, db, chance)
	}
	return db, chance
}

// by is an event by chance; about every sixth is there already, and differs or does not.
func by(chance *rand.Rand) store.NewRow {
	e := event.Event{Name: []string{"Purchase", "Lead"}[chance.IntN(2)], ID: fmt.Sprint("e", chance.IntN(800)), ActionSource: event.SourcePhysicalStore,
		Time: noon.Add(-time.Duration(chance.IntN(8*24)) * time.Hour).Unix()}
	e.Custom.OrderID = fmt.Sprint("O", chance.IntN(40))
	who := chance.IntN(8)
	if h, ok, _ := normalize.Email(fmt.Sprintf("p%d@example.com", who)); ok {
		e.User.AddHash(event.Email, h)
	}
	if h, ok, _ := normalize.Phone(fmt.Sprintf("+3120794600%d", who), "", ""); ok && chance.IntN(2) == 0 {
		e.User.AddHash(event.Phone, h)
	}
	if chance.IntN(2) == 0 {
		e.User.SetPlain(event.ExternalID, fmt.Sprint("C", who))
	} else if h, ok, _ := normalize.ExternalID(fmt.Sprint("C", who), false); ok {
		e.User.AddHash(event.ExternalID, h)
	}
	return store.NewRow{Dataset: []string{dataset, dataset, "9876543210"}[chance.IntN(3)], EventID: e.ID, EventName: e.Name, EventTime: e.Time,
		Deadline: event.DefaultWindow().Deadline(e.Time), Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil)}
}

// some begins a batch of events that wait, and ends it somehow.
func some(t *testing.T, db *bolt.DB, chance *rand.Rand) {
	t.Helper()
	of := []string{dataset, "9876543210"}[chance.IntN(2)]
	rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: of, Now: noon, Limit: 1 + chance.IntN(30)})
	if err != nil || len(rows) == 0 {
		t.Fatalf("%d rows were planned, %v", len(rows), err)
	}
	in := store.Intent{Dataset: of}
	for _, r := range rows {
		in.Rows = append(in.Rows, r.Seq)
	}
	if chance.IntN(6) == 0 {
		if _, err := db.Withdraw(t.Context(), in.Rows, store.Decision{By: "mary", Reason: event.ReasonWithdrawn}, noon); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := db.Begin(t.Context(), in, noon)
	if err != nil {
		t.Fatal(err)
	}
	s := store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged}
	switch chance.IntN(5) {
	case 0:
		s.Verdict = store.VerdictReleased
	case 1:
		s.Verdict, s.MaybeSent = store.VerdictHeld, true
	case 2:
		return // it stays in flight
	case 3:
		if len(rows) > 1 {
			s.Verdict, s.Children = store.VerdictSplit, []int{1, len(rows) - 1}
		}
	}
	settle(t, db, s)
	if s.Verdict == store.VerdictSplit {
		bad := retry(t, db, b.Number+1)
		settle(t, db, store.Settlement{Batch: bad.Number, Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta, Attempt: store.Attempt{Code: 100}})
	}
}

// narrowing is a filter as it is typed, and what it lets through, said as plainly as can be.
type narrowing struct {
	name string
	set  func(*Query)
	fits func(*store.EventEntry, *event.Event) bool
}

func narrowings(t *testing.T, db *bolt.DB) []narrowing {
	var all []narrowing
	add := func(name string, set func(*Query), fits func(*store.EventEntry, *event.Event) bool) {
		all = append(all, narrowing{name, set, fits})
	}
	for _, id := range []string{"e1", "e2", "e3", "e4", "none"} {
		add("event_id "+id, func(q *Query) { q.EventID = id }, func(e *store.EventEntry, _ *event.Event) bool { return e.EventID == id })
	}
	for _, key := range []string{"K1", "K2 · S1", "S2", "none"} {
		has := func(e *store.EventEntry) bool {
			return e.RecordKey == key || slices.Contains(strings.Split(e.RecordKey, " · "), key)
		}
		add("record_key "+key, func(q *Query) { q.RecordKey = key }, func(e *store.EventEntry, _ *event.Event) bool { return has(e) })
		add("key "+key, func(q *Query) { q.Key = key }, func(e *store.EventEntry, p *event.Event) bool { return has(e) || p.Custom.OrderID == key })
	}
	for _, order := range []string{"O1", "O7"} {
		fits := func(_ *store.EventEntry, p *event.Event) bool { return p.Custom.OrderID == order }
		add("order_id "+order, func(q *Query) { q.OrderID = order }, fits)
		add("key "+order, func(q *Query) { q.Key = order }, fits)
	}
	for _, who := range []int{1, 2} {
		mail, _, _ := normalize.Email(fmt.Sprintf("p%d@example.com", who))
		add(fmt.Sprint("email ", who), func(q *Query) { q.Email = fmt.Sprintf("P%d@Example.com", who) },
			func(_ *store.EventEntry, p *event.Event) bool { return p.User.HasHash(event.Email, mail) })
	}
	phone, _, _ := normalize.Phone("+31207946003", "", "")
	add("phone", func(q *Query) { q.Phone = "+31 20 794 6003" }, func(_ *store.EventEntry, p *event.Event) bool { return p.User.HasHash(event.Phone, phone) })
	id, _, _ := normalize.ExternalID("C4", false)
	add("external_id", func(q *Query) { q.ExternalID = "C4" }, func(_ *store.EventEntry, p *event.Event) bool {
		return p.User.HasHash(event.ExternalID, id) || slices.Contains(p.User.Plain(), event.PlainValue{Key: event.ExternalID, Value: "C4"})
	})
	for _, n := range []uint64{2, 5} {
		add(fmt.Sprint("file ", n), func(q *Query) { q.File = fmt.Sprint(n) }, func(e *store.EventEntry, _ *event.Event) bool { return e.File == n })
	}
	add("file tills.csv", func(q *Query) { q.File = "tills.csv" }, func(e *store.EventEntry, _ *event.Event) bool { return e.File == 5 }) // the newest
	for _, name := range []string{"deals", "tills"} {
		add("source "+name, func(q *Query) { q.Source = name }, func(e *store.EventEntry, _ *event.Event) bool { return e.Source == name })
	}
	for n := range uint64(14) {
		b, err := db.Batch(t.Context(), n+1)
		if err != nil {
			continue
		}
		add(fmt.Sprint("batch ", b.Number), func(q *Query) { q.Batch = fmt.Sprint(b.Number) }, func(e *store.EventEntry, _ *event.Event) bool { return slices.Contains(b.Seqs, e.Seq) })
	}
	for _, s := range store.States() {
		add("state "+s.String(), func(q *Query) { q.State = s.String() }, func(e *store.EventEntry, _ *event.Event) bool { return e.State == s })
	}
	for _, name := range []string{"Purchase", "Lead", "none"} {
		add("event_name "+name, func(q *Query) { q.EventName = name }, func(e *store.EventEntry, _ *event.Event) bool { return e.EventName == name })
	}
	for _, name := range []string{"main", "9876543210"} {
		of := map[string]string{"main": dataset}[name] + map[string]string{"9876543210": name}[name]
		add("dataset "+name, func(q *Query) { q.Dataset = name }, func(e *store.EventEntry, _ *event.Event) bool { return e.Dataset == of })
	}
	add("changed", func(q *Query) { q.Changed = true }, func(e *store.EventEntry, _ *event.Event) bool {
		return e.Conflicts > 0 && e.State != store.StateWithdrawn
	})
	for _, ago := range []int{30, 100} {
		at := noon.Add(-time.Duration(ago) * time.Hour)
		add(fmt.Sprint("since ", ago), func(q *Query) { q.Since = at.Format(time.RFC3339) }, func(e *store.EventEntry, _ *event.Event) bool { return e.EventTime >= at.Unix() })
		add(fmt.Sprint("until ", ago), func(q *Query) { q.Until = at.Format(time.RFC3339) }, func(e *store.EventEntry, _ *event.Event) bool { return e.EventTime < at.Unix() })
	}
	return all
}

// TestFiltersCombineFreely compares every pair of filters with a look at every event, page by page.
func TestFiltersCombineFreely(t *testing.T) {
	db, chance := crowd(t, 7)
	r := testReader(t)
	r.store = db
	page, err := db.Events(t.Context(), store.Filter{Limit: MaxPage})
	if err != nil || page.Next != "" {
		t.Fatalf("%d events, more %q, %v", len(page.Items), page.Next, err)
	}
	payloads, states := make([]event.Event, len(page.Items)), map[store.State]int{}
	for i, e := range page.Items {
		if err := payloads[i].DecodeBinary(e.Payload); err != nil {
			t.Fatal(err)
		}
		states[e.State]++
		if i > 0 && e.Seq >= page.Items[i-1].Seq {
			t.Fatalf("row %d follows row %d", e.Seq, page.Items[i-1].Seq)
		}
	}
	if len(states) < 7 { // all but erased
		t.Fatalf("the ledger holds only %v", slices.Collect(maps.Keys(states)))
	}
	all := narrowings(t, db)
	found := 0
	for i, a := range all {
		for _, b := range all[i:] {
			var q Query
			a.set(&q)
			b.set(&q)
			var alone Query
			if b.set(&alone); alone.PersonKinds() != "" && q.PersonKinds() != alone.PersonKinds() || !holds(q, a) {
				continue // several identifiers find either, and one value of a filter takes the place of another
			}
			var want []string
			for n := range page.Items {
				if e := &page.Items[n]; a.fits(e, &payloads[n]) && b.fits(e, &payloads[n]) {
					want = append(want, fmt.Sprint(e.EventID, e.EventName, e.Dataset, e.Line))
				}
			}
			q.Limit = 10 + chance.IntN(60)
			var got []string
			for {
				list, err := r.Events(t.Context(), q)
				if err != nil {
					t.Fatalf("%s and %s: %v", a.name, b.name, err)
				}
				if len(list.Items) > q.Limit {
					t.Fatalf("%s and %s: a page of %d has %d", a.name, b.name, q.Limit, len(list.Items))
				}
				for _, e := range list.Items {
					got = append(got, fmt.Sprint(e.EventID, e.EventName, e.Dataset, e.Line))
				}
				if list.Next == nil {
					break
				}
				q.Cursor = *list.Next
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s and %s: found %v, want %v", a.name, b.name, got, want)
			}
			if found += len(want); t.Failed() {
				return
			}
		}
	}
	if found < 10_000 {
		t.Errorf("all pairs together found %d events, which is too few to tell anything", found)
	}
}

// holds reports whether a query still says what a filter set.
func holds(q Query, a narrowing) bool {
	again := q
	a.set(&again)
	return again == q
}
