package audit

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// dayDesk is a ledger with a clock, a daybook and a reader.
type dayDesk struct {
	*testing.T
	db   *bolt.DB
	now  time.Time
	book *Daybook
	r    *Reader
}

func newDayDesk(t *testing.T) *dayDesk {
	d := &dayDesk{T: t, db: ledger(t), now: noon}
	d.r = testReader(t)
	d.r.store, d.r.now = d.db, func() time.Time { return d.now }
	d.book = NewDaybook(d.db, d.r.zone, d.r.now)
	d.r.daybook = d.book
	return d
}

// overview counts, and verifies that a count from the start comes to the same.
func (d *dayDesk) overview() Overview {
	d.Helper()
	if err := d.book.count(d.Context(), time.Time{}, false); err != nil {
		d.Fatal(err)
	}
	o, err := d.r.Overview(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	alone := *d.r
	alone.daybook = nil
	anew, err := alone.Overview(d.Context())
	if err != nil {
		d.Fatal(err)
	}
	if diff := cmp.Diff(anew, o); diff != "" {
		d.Fatalf("what was counted bit by bit is not what there is (-counted at once +bit by bit):\n%s", diff)
	}
	if !o.Counted || len(o.Days) != overviewDays {
		d.Fatalf("counted: %t, %d days", o.Counted, len(o.Days))
	}
	return o
}

// want compares the days on which anything happened, and the sums.
func (d *dayDesk) want(what string, o Overview, sums []store.Sum, days ...Day) {
	d.Helper()
	var got []Day
	for _, one := range o.Days {
		if one.Sent+one.Reject+one.Expired > 0 {
			got = append(got, one)
		}
	}
	if diff := cmp.Diff(days, got); diff != "" {
		d.Errorf("%s: days (-want +got):\n%s", what, diff)
	}
	if diff := cmp.Diff(sums, o.Sums); diff != "" {
		d.Errorf("%s: sums (-want +got):\n%s", what, diff)
	}
}

func TestOverviewCountsWhatHappenedOnEachDay(t *testing.T) {
	d := newDayDesk(t)
	ctx := t.Context()
	eur := func(value string, events uint64) []store.Sum {
		return []store.Sum{{Currency: "EUR", Events: events, Value: value}}
	}
	o := d.overview()
	d.want("after an upload; what came too late counts nowhere", o, eur("100.00", 1), Day{Day: "2026-11-20", Sent: 1, Reject: 1})
	if first, last := o.Days[0].Day, o.Days[overviewDays-1].Day; first != "2026-10-22" || last != "2026-11-20" {
		t.Errorf("the days go from %s to %s", first, last)
	}

	// Half past eleven at night in UTC is the next day in Amsterdam.
	d.now = time.Date(2026, 11, 21, 23, 30, 0, 0, time.UTC)
	b := begin(t, d.db, "deal-3")
	b, err := d.db.Settle(ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictUnknown, MaybeSent: true, NextTry: d.now,
		Attempt: store.Attempt{EndedAt: d.now, End: "timeout"}}, d.now)
	if err != nil {
		t.Fatal(err)
	}
	d.want("a batch of unknown fate", d.overview(), eur("100.00", 1), Day{Day: "2026-11-20", Sent: 1, Reject: 1})
	if _, err := d.db.Resolve(ctx, b.Number, true, store.Decision{By: "mary", Reason: event.ReasonResolvedSent}, d.now); err != nil {
		t.Fatal(err)
	}
	d.want("resolved by a person", d.overview(), eur("101.00", 2), Day{Day: "2026-11-20", Sent: 1, Reject: 1}, Day{Day: "2026-11-22", Sent: 1})

	importFile(t, d.db, "more.csv", 30, record(2, row("deal-7", "Purchase", -6*24*time.Hour, "9")), record(3, row("deal-8", "Purchase", -6*24*time.Hour, "9")))
	d.want("new events wait", d.overview(), eur("101.00", 2), Day{Day: "2026-11-20", Sent: 1, Reject: 1}, Day{Day: "2026-11-22", Sent: 1})
	if _, err := d.db.Expire(ctx, dataset, d.now, 100); err != nil {
		t.Fatal(err)
	}
	d.book.expired.took = 0 // a count that took no time may be made anew at once
	expired := Day{Day: "2026-11-21", Expired: 2}
	d.want("events expired", d.overview(), eur("101.00", 2), Day{Day: "2026-11-20", Sent: 1, Reject: 1}, expired, Day{Day: "2026-11-22", Sent: 1})
	var again []store.Requeued
	for _, id := range []string{"deal-7", "deal-2"} { // the one expired, the other refused
		found, err := d.db.EventsByID(ctx, id)
		if err != nil {
			t.Fatal(err)
		}
		again = append(again, store.Requeued{Seq: found[0].Seq, Deadline: d.now.AddDate(0, 0, 40).Unix()})
	}
	if _, err := d.db.Requeue(ctx, again, store.Decision{By: "mary", Reason: event.ReasonRequeued}, d.now); err != nil {
		t.Fatal(err)
	}
	d.book.expired.took = 0
	expired.Expired = 1
	d.want("one of them was requeued, and what was refused was refused", d.overview(), eur("101.00", 2), Day{Day: "2026-11-20", Sent: 1, Reject: 1}, expired, Day{Day: "2026-11-22", Sent: 1})

	d.now = d.now.AddDate(0, 0, 28)
	d.want("four weeks later", d.overview(), eur("1.00", 1), expired, Day{Day: "2026-11-22", Sent: 1})
}

func TestOverviewTellsWhatSourcesCarry(t *testing.T) {
	d := newDayDesk(t)
	one := d.overview().Sources
	if len(one) != 1 || one[0].Source != "deals" || one[0].Events != 4 || one[0].LastFile != 2 || one[0].Quality != "4.0" ||
		!cmp.Equal(one[0].Keys, []KeyShare{{Key: "em", Label: "e-mail address", Events: 4}}) {
		t.Errorf("the sources are %+v", one)
	}
	f, err := d.db.OpenFile(t.Context(), store.NewFile{Name: "big.csv", Source: "deals", SHA256: event.Hash{77}, Mapping: "{}"}, d.now)
	if err != nil {
		t.Fatal(err)
	}
	c := store.Chunk{First: 1}
	for i := range coverageEvents - 2 {
		e := event.Event{Name: "Purchase", ID: "big-" + time.Duration(i).String(), Time: d.now.Unix(), ActionSource: event.SourceEmail}
		e.User.AddHash(event.Phone, event.Hash{1})
		c.Records = append(c.Records, record(uint64(i+2), store.NewRow{Dataset: dataset, EventID: e.ID, EventName: e.Name, EventTime: e.Time,
			Deadline: d.now.Add(time.Hour).Unix(), Fingerprint: e.Fingerprint(), Payload: e.AppendBinary(nil)}))
	}
	if _, err := d.db.Import(t.Context(), f.Number, c, d.now); err != nil {
		t.Fatal(err)
	}
	if got := d.overview().Sources; got[0].LastFile != 2 {
		t.Errorf("a file that is being imported counts already: %+v", got)
	}
	if _, err := d.db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported}, d.now); err != nil {
		t.Fatal(err)
	}
	got := d.overview().Sources
	want := []KeyShare{{Key: "ph", Label: "telephone number", Events: coverageEvents - 2}, {Key: "em", Label: "e-mail address", Events: 2}}
	if len(got) != 1 || got[0].Events != coverageEvents || got[0].LastFile != 3 || !cmp.Equal(got[0].Keys, want) {
		t.Errorf("after a file of %d events the source is %+v", coverageEvents-2, got)
	}
}

func TestDaybookIsKept(t *testing.T) {
	d := newDayDesk(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		d.book.Keep(ctx, func(err error) { t.Errorf("counting failed: %v", err) })
	}()
	for {
		o, err := d.r.Overview(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if o.Counted {
			d.want("kept", o, []store.Sum{{Currency: "EUR", Events: 1, Value: "100.00"}}, Day{Day: "2026-11-20", Sent: 1, Reject: 1})
			break
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-ended
}
