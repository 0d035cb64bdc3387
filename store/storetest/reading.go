package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// reading tries what status, history and the auditor look at.
func reading() map[string]func(*desk) {
	return map[string]func(*desk){
		"an event whole":         eventWhole,
		"filters of events":      eventFilters,
		"pages while rows come":  stablePages,
		"filters of batches":     batchFilters,
		"filters of files":       fileFilters,
		"events of a file":       fileEvents,
		"rejected records":       rejectedRecords,
		"counts":                 counts,
		"the audit chain":        auditChain,
		"what does not exist":    notThere,
		"a cursor that is wrong": wrongCursor,
	}
}

func eventWhole(d *desk) {
	r := d.row("a", notBefore(d.now.Add(time.Hour)))
	r.Warnings = []event.Reason{event.ReasonDateOnly, event.ReasonEventNameMended}
	f := d.open("a.csv")
	d.add(f.Number, skipped("refund"), record(r))
	want := store.EventEntry{Seq: 1, Dataset: main, EventID: "a", EventName: "Purchase", EventTime: r.EventTime, NotBefore: r.NotBefore,
		Deadline: r.Deadline, State: store.StatePending, ImportedAt: d.now, File: f.Number, FileName: "a.csv", Source: "deals",
		Record: 2, Line: 3, RecordKey: "K-a · S1", Warnings: r.Warnings, Payload: r.Payload}
	same(d, "the event", d.event(1), want)
	d.reopen()
	same(d, "the event in the history", d.events(store.Filter{}), []store.EventEntry{want})
	byID, err := d.Outbox.EventsByID(d.ctx, "a")
	d.must(err)
	same(d, "the event by its id", byID, []store.EventEntry{want})
}

func eventFilters(d *desk) {
	mail := event.Hash{1, 2, 3}
	day := 24 * time.Hour
	a := d.queue(d.row("a0", at(d.now.Add(-3*day))), d.row("a1", at(d.now.Add(-2*day)), person(mail, "123456789012345")),
		d.row("a2", at(d.now.Add(-1*day)), in(other)), d.row("a3", named("deal_closed")))
	d.now = d.now.Add(time.Minute)
	f := d.open("b.csv")
	d.add(f.Number, record(d.row("a3"), d.row("b1", person(mail, ""))), record(d.row("b2", until(d.now))))
	b := []uint64{a[3] + 1, a[3] + 2, a[3] + 3}
	batch := d.begin(a[0], b[1])
	d.settle(store.Settlement{Batch: batch.Number, Verdict: store.VerdictSplit, Children: []int{1, 1}})
	d.settle(store.Settlement{Batch: d.begin(a[1]).Number, Verdict: store.VerdictAcknowledged})
	for name, c := range map[string]struct {
		f    store.Filter
		want []uint64
	}{
		"everything":                  {store.Filter{}, []uint64{b[2], b[1], b[0], a[3], a[2], a[1], a[0]}},
		"since":                       {store.Filter{Since: d.now.Add(-25 * time.Hour)}, []uint64{b[2], b[1], b[0], a[3], a[2]}},
		"since, to the second":        {store.Filter{Since: time.Unix(d.event(a[1]).EventTime, 0), Until: d.now.Add(-25 * time.Hour)}, []uint64{a[1]}},
		"until, to the second":        {store.Filter{Until: time.Unix(d.event(a[1]).EventTime, 0)}, []uint64{a[0]}},
		"event_id":                    {store.Filter{EventID: "a3"}, []uint64{b[0], a[3]}},
		"event_id and name":           {store.Filter{EventID: "a3", EventName: "deal_closed"}, []uint64{a[3]}},
		"event_name":                  {store.Filter{EventName: "deal_closed"}, []uint64{a[3]}},
		"an event_name that is not":   {store.Filter{EventName: "Lead"}, nil},
		"dataset":                     {store.Filter{Dataset: other}, []uint64{a[2]}},
		"a dataset that is not":       {store.Filter{Dataset: "55"}, nil},
		"record key":                  {store.Filter{RecordKey: "K-a0 · S1"}, []uint64{a[0]}},
		"a column of the record key":  {store.Filter{RecordKey: "K-a0"}, []uint64{a[0]}},
		"part of a column of the key": {store.Filter{RecordKey: "K-a"}, nil},
		"order_id":                    {store.Filter{OrderID: "order-a2"}, []uint64{a[2]}},
		"a record key or order_id":    {store.Filter{Key: "K-a0"}, []uint64{a[0]}},
		"an order_id or record key":   {store.Filter{Key: "order-a2"}, []uint64{a[2]}},
		"neither":                     {store.Filter{Key: "order-a"}, nil},
		"either, of a person":         {store.Filter{Key: "order-a2", Person: []event.HashedValue{{Key: event.Email, Hash: mail}}}, nil},
		"state":                       {store.Filter{State: store.StateInFlight}, []uint64{b[1], a[0]}},
		"late":                        {store.Filter{State: store.StateExpired}, []uint64{b[2]}},
		"no such state yet":           {store.Filter{State: store.StateHeld}, nil},
		"file":                        {store.Filter{File: f.Number}, []uint64{b[2], b[1], b[0]}},
		"file and state":              {store.Filter{File: f.Number, State: store.StatePending}, []uint64{b[0]}},
		"file name":                   {store.Filter{FileName: "b.csv"}, []uint64{b[2], b[1], b[0]}},
		"source":                      {store.Filter{Source: "deals", Since: d.now.Add(-25 * time.Hour)}, []uint64{b[2], b[1], b[0], a[3], a[2]}},
		"a source that is not":        {store.Filter{Source: "tills"}, nil},
		"file of another source":      {store.Filter{File: f.Number, Source: "tills"}, nil},
		"batch":                       {store.Filter{Batch: batch.Number}, []uint64{b[1], a[0]}},
		"child":                       {store.Filter{Batch: batch.Number + 1}, []uint64{a[0]}},
		"batch and file":              {store.Filter{Batch: batch.Number, File: f.Number}, []uint64{b[1]}},
		"row":                         {store.Filter{Seq: b[0]}, []uint64{b[0]}},
		"person":                      {store.Filter{Person: []event.HashedValue{{Key: event.Email, Hash: mail}}}, []uint64{b[1], a[1]}},
		"person, other key":           {store.Filter{Person: []event.HashedValue{{Key: event.Phone, Hash: mail}}}, nil},
		"plain identifier":            {store.Filter{PersonPlain: []event.PlainValue{{Key: event.LeadID, Value: "123456789012345"}}}, []uint64{a[1]}},
		"either identifier": {store.Filter{Person: []event.HashedValue{{Key: event.Email, Hash: mail}},
			PersonPlain: []event.PlainValue{{Key: event.LeadID, Value: "1"}}}, []uint64{b[1], a[1]}},
	} {
		for _, limit := range []int{0, 1, 2, 100_000} {
			c.f.Limit = limit
			var got []uint64
			for _, e := range d.events(c.f) {
				got = append(got, e.Seq)
			}
			if !slices.Equal(got, c.want) {
				d.Errorf("%s, %d a page: %v, want %v", name, limit, got, c.want)
			}
		}
	}
}

func stablePages(d *desk) {
	seqs := d.queueN("e", 1200)
	f := store.Filter{Limit: 97}
	var got []uint64
	for page := 0; ; page++ {
		p, err := d.Outbox.Events(d.ctx, f)
		d.must(err)
		for _, e := range p.Items {
			got = append(got, e.Seq)
		}
		if f.Cursor = p.Next; f.Cursor == "" {
			break
		}
		d.queue(d.row(fmt.Sprint("meanwhile", page)))
		if page == 2 {
			d.begin(seqs[0], seqs[600])
		}
	}
	slices.Reverse(got)
	if !slices.Equal(got, seqs) {
		d.Errorf("pages that were read while rows came show %d events, want the %d that were there", len(got), len(seqs))
	}
}

func batchFilters(d *desk) {
	start := d.now
	seqs := d.queueN("e", 3)
	o := d.queue(d.row("o", in(other)))
	d.begin(seqs[0])
	d.now = d.now.Add(time.Hour)
	d.settle(store.Settlement{Batch: d.begin(seqs[1]).Number, Verdict: store.VerdictReleased, Attempt: store.Attempt{FBTraceID: "Ab1", Error: "Cd2"}})
	_, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: other, Rows: o}, d.now)
	d.must(err)
	d.now = d.now.Add(time.Hour)
	d.begin(seqs[1], seqs[2])
	for name, c := range map[string]struct {
		f    store.Filter
		want []uint64
	}{
		"everything": {store.Filter{}, []uint64{4, 3, 2, 1}},
		"dataset":    {store.Filter{Dataset: other}, []uint64{3}},
		"state":      {store.Filter{BatchState: store.BatchReleased}, []uint64{2}},
		"since":      {store.Filter{Since: start.Add(time.Hour)}, []uint64{4, 3, 2}},
		"until":      {store.Filter{Until: start.Add(time.Hour)}, []uint64{1}},
		"number":     {store.Filter{Batch: 3}, []uint64{3}},
		"row":        {store.Filter{Seq: seqs[1]}, []uint64{4, 2}},
		"none":       {store.Filter{Seq: 99}, nil},
		"fbtrace_id": {store.Filter{FBTraceID: "Ab1"}, []uint64{2}},
		"part of it": {store.Filter{FBTraceID: "Ab"}, nil},
		"no such id": {store.Filter{FBTraceID: "Cd2"}, nil},
	} {
		for _, limit := range []int{0, 1, 3} {
			c.f.Limit = limit
			if got := numbers(d.batches(c.f)); !slices.Equal(got, c.want) {
				d.Errorf("%s, %d a page: %v, want %v", name, limit, got, c.want)
			}
		}
	}
}

func fileFilters(d *desk) {
	start := d.now
	for _, name := range []string{"a.csv", "b.csv", "a.csv"} {
		d.open(name)
		d.now = d.now.Add(time.Hour)
	}
	_, err := d.Outbox.CloseFile(d.ctx, 3, store.FileEnd{State: store.FileImported, Mends: 1}, d.now)
	d.must(err)
	for name, c := range map[string]struct {
		f    store.Filter
		want []uint64
	}{
		"everything": {store.Filter{}, []uint64{3, 2, 1}},
		"number":     {store.Filter{File: 2}, []uint64{2}},
		"name":       {store.Filter{FileName: "a.csv"}, []uint64{3, 1}},
		"mends":      {store.Filter{Mends: 1}, []uint64{3}},
		"mends none": {store.Filter{Mends: 2}, nil},
		"between":    {store.Filter{Since: start.Add(time.Hour), Until: start.Add(2 * time.Hour)}, []uint64{2}},
	} {
		for _, limit := range []int{0, 1, 3} {
			c.f.Limit = limit
			var got []uint64
			for _, f := range d.allFiles(c.f) {
				got = append(got, f.Number)
				same(d, "the mapping", f.Mapping, "columns: {}")
			}
			if !slices.Equal(got, c.want) {
				d.Errorf("%s, %d a page: %v, want %v", name, limit, got, c.want)
			}
		}
	}
}

func fileEvents(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, record(d.row("a0"), d.row("a1")), record(d.row("a2", until(d.now))), rejected("date_unreadable", ""))
	_, err := d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	d.queueN("b", 700)
	g := d.open("c.csv")
	d.add(g.Number, record(d.row("c0")), record(d.row("c1")))
	split := d.begin(1, 2, 5)
	d.settle(store.Settlement{Batch: split.Number, Verdict: store.VerdictSplit, Children: []int{1, 2}})
	took := d.add(g.Number, store.Record{Fate: store.FateSkipped, Reason: "stage_not_mapped", Retractions: []store.Retraction{
		{Dataset: main, EventID: "b9", EventName: "Purchase", Reason: event.ReasonNoLongerQualified},
		{Dataset: main, EventID: "b8", EventName: "Purchase", Reason: event.ReasonNoLongerQualified}}})
	if len(took.Retracted) != 2 {
		d.Fatalf("taken back were %v", took.Retracted)
	}
	for _, reopened := range []bool{false, true} {
		for file, want := range map[uint64]store.FileEvents{
			1: {States: map[store.State]uint64{store.StateInFlight: 2, store.StateExpired: 1}, Late: 1,
				Batches: []store.FileBatch{{Batch: split.Number + 1, Events: 1}, {Batch: split.Number + 2, Events: 1}}},
			2: {States: map[store.State]uint64{store.StateInFlight: 1, store.StateWithdrawn: 2, store.StatePending: 697},
				Batches: []store.FileBatch{{Batch: split.Number + 2, Events: 1}}},
			3: {States: map[store.State]uint64{store.StatePending: 2}, TookBack: 2},
		} {
			got, err := d.Outbox.FileEvents(d.ctx, file)
			d.must(err)
			same(d, fmt.Sprintf("events of file %d, reopened %t", file, reopened), got, want)
		}
		d.reopen()
	}
	if _, err := d.Outbox.FileEvents(d.ctx, 9); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("events of a file that is not there: %v", err)
	}
}

func rejectedRecords(d *desk) {
	bad := func(key string) store.Record {
		r := rejected("date_unreadable", "Date")
		r.RecordKey = key
		return r
	}
	a := d.open("a.csv")
	d.add(a.Number, bad("4711 · S1"), record(d.row("x")), bad("4711"), bad("47110"))
	b := d.open("b.csv")
	d.now = d.now.Add(time.Minute)
	d.add(b.Number, bad("4712"), bad("4711 · S2"), bad("006Hp00001A2b3C · S2"), bad("006Hp00001A2b3CIAR"))
	for name, c := range map[string]struct {
		f    store.Filter
		want []string
	}{
		"all":                {store.Filter{}, []string{"2.4", "2.3", "2.2", "2.1", "1.4", "1.3", "1.1"}},
		"with a key":         {store.Filter{RecordKey: "4711"}, []string{"2.2", "1.3", "1.1"}},
		"of Salesforce, 15":  {store.Filter{RecordKey: "006Hp00001A2b3C"}, []string{"2.4", "2.3"}},
		"of Salesforce, 18":  {store.Filter{RecordKey: "006Hp00001A2b3CIAR"}, []string{"2.4", "2.3"}},
		"with a whole key":   {store.Filter{RecordKey: "4711 · S1"}, []string{"1.1"}},
		"with part of a key": {store.Filter{RecordKey: "471"}, nil},
		"of a file":          {store.Filter{RecordKey: "4711", File: a.Number}, []string{"1.3", "1.1"}},
		"of the last file":   {store.Filter{RecordKey: "4711", File: b.Number}, []string{"2.2"}},
		"by its name":        {store.Filter{RecordKey: "4711", FileName: "b.csv"}, []string{"2.2"}},
		"of a source":        {store.Filter{Source: "deals", RecordKey: "4712"}, []string{"2.1"}},
		"of another source":  {store.Filter{Source: "tills", RecordKey: "4712"}, nil},
	} {
		for _, limit := range []int{0, 1, 2} {
			c.f.Limit = limit
			var got []string
			for _, r := range pages(d, c.f, d.Outbox.Rejected) {
				got = append(got, fmt.Sprintf("%d.%d", r.File, r.Record))
			}
			if !slices.Equal(got, c.want) {
				d.Errorf("%s, %d a page: %v, want %v", name, limit, got, c.want)
			}
		}
	}
	page, err := d.Outbox.Rejected(d.ctx, store.Filter{RecordKey: "4712"})
	d.must(err)
	same(d, "a rejected record", page.Items, []store.RejectEntry{{File: b.Number, FileName: "b.csv", Source: "deals", ImportedAt: b.StartedAt,
		Reject: store.Reject{Record: 1, Line: 2, Reason: "date_unreadable", Column: "Date", RecordKey: "4712"}}})
}

func counts(d *desk) {
	read := func(horizon time.Time) store.Counts {
		c, err := d.Outbox.Counts(d.ctx, horizon)
		d.must(err)
		return c
	}
	same(d, "counts of nothing", read(d.now), store.Counts{})
	seqs := d.queue(d.row("a", until(d.now.Add(time.Hour))), d.row("b", until(d.now.Add(2*time.Hour))), d.row("c", until(d.now.Add(time.Hour))),
		d.row("late", until(d.now)), d.row("o", in(other)))
	d.begin(seqs[2])
	want := store.Counts{Files: 1, Batches: 1, Datasets: []store.DatasetCounts{
		{Dataset: main, Events: map[store.State]uint64{store.StatePending: 2, store.StateInFlight: 1, store.StateExpired: 1}, Expiring: 1, Open: 1},
		{Dataset: other, Events: map[store.State]uint64{store.StatePending: 1}}}}
	same(d, "counts", read(d.now.Add(time.Hour+time.Millisecond)), want)
	want.Datasets[0].Expiring = 0
	same(d, "counts to the second", read(d.now.Add(time.Hour)), want)
}

func auditChain(d *desk) {
	b := d.begin(d.queue(d.row("a"), d.row("b", until(d.now.Add(time.Second))))[0])
	d.settle(store.Settlement{Batch: b.Number, Verdict: store.VerdictReady})
	must(d.Outbox.Conclude(d.ctx, store.Settlement{Batch: b.Number, Verdict: store.VerdictReleased}, d.now))
	d.now = d.now.Add(time.Minute)
	must(d.Outbox.Expire(d.ctx, main, d.now, 10))
	same(d, "the kinds", d.kinds(), "created file_opened file_closed batch_settled batch_concluded expired")
	var previous event.Hash
	var last uint64
	d.must(d.Outbox.Audit(d.ctx, 1, func(e store.AuditEntry) bool {
		if e.N != last+1 || e.Previous != previous || e.Hash == previous || e.Detail == "" || e.At.IsZero() {
			d.Errorf("entry %+v does not follow entry %d", e, last)
		}
		last, previous = e.N, e.Hash
		return true
	}))
	from := 0
	d.must(d.Outbox.Audit(d.ctx, 3, func(store.AuditEntry) bool { from++; return from < 2 }))
	same(d, "entries from the third until yield returned false", from, 2)
}

func notThere(d *desk) {
	b := d.Outbox
	for name, err := range map[string]error{
		"Event":           second(b.Event(d.ctx, 1)),
		"event 0":         second(b.Event(d.ctx, 0)),
		"Batch":           second(b.Batch(d.ctx, 1)),
		"File":            second(b.File(d.ctx, 1)),
		"FateRuns":        b.FateRuns(d.ctx, 1, func(store.FateRun) bool { return true }),
		"Rejects":         b.Rejects(d.ctx, 1, func(store.Reject) bool { return true }),
		"Events of batch": second(b.Events(d.ctx, store.Filter{Batch: 1})),
		"Events of file":  second(b.Events(d.ctx, store.Filter{File: 1})),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			d.Errorf("%s: %v, want ErrNotFound", name, err)
		}
	}
	same(d, "events", len(d.events(store.Filter{Seq: 77})), 0)
}

func wrongCursor(d *desk) {
	d.queueN("e", 2)
	for _, cursor := range []string{"x", "0", "-1", "18446744073709551616"} {
		f := store.Filter{Cursor: cursor}
		for name, err := range map[string]error{
			"Events": second(d.Outbox.Events(d.ctx, f)), "Batches": second(d.Outbox.Batches(d.ctx, f)), "Files": second(d.Outbox.Files(d.ctx, f)),
			"Rejected": second(d.Outbox.Rejected(d.ctx, f)),
		} {
			if err == nil {
				d.Errorf("%s takes the cursor %q", name, cursor)
			}
		}
	}
}
