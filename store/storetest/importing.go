package storetest

import (
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// importing tries what turns a file into rows.
func importing() map[string]func(*desk) {
	return map[string]func(*desk){
		"a file is registered once":          fileOnce,
		"a closed file takes nothing":        fileClosed,
		"chunks follow one another":          chunkOrder,
		"an import goes on where it stopped": fileResumed,
		"every record has a fate":            everyFate,
		"an event twice in a chunk":          twiceInChunk,
		"a duplicate is not late":            duplicateNotLate,
		"a late event is kept":               lateKept,
		"the weightiest fate counts":         weightiest,
		"a conflict is reported once":        conflictOnce,
		"identity":                           identity,
		"what no importer may hand over":     badChunks,
		"many chunks":                        manyChunks,
		"a changed record replaces":          replaced,
		"what nothing replaces":              irreplaceable,
		"a file again replaces nothing":      replacedByItself,
		"replaced within a chunk":            replacedInChunk,
		"replaced in a row":                  replacedInARow,
	}
}

func fileOnce(d *desk) {
	nf := store.NewFile{Name: "a.csv", Source: "deals", SHA256: event.Hash{1}, Size: 5, Mapping: "m: 1"}
	open := func(nf store.NewFile) store.File {
		f, err := d.Outbox.OpenFile(d.ctx, nf, d.now)
		d.must(err)
		return f
	}
	first := open(nf)
	same(d, "the file", first, store.File{Number: 1, Name: "a.csv", Source: "deals", SHA256: event.Hash{1}, Size: 5,
		Mapping: "m: 1", State: store.FileImporting, StartedAt: d.now})
	same(d, "opened again", open(nf), first)
	for what, change := range map[string]func(*store.NewFile){
		"another mapping": func(n *store.NewFile) { n.Mapping = "m: 2" },
		"another source":  func(n *store.NewFile) { n.Source = "tills" },
		"other bytes":     func(n *store.NewFile) { n.SHA256[31] = 9 },
	} {
		changed := nf
		change(&changed)
		if f := open(changed); f.Number == first.Number || f.Counts.Records != 0 {
			d.Errorf("with %s the file goes on as number %d", what, f.Number)
		}
	}
	_, err := d.Outbox.CloseFile(d.ctx, first.Number, store.FileEnd{State: store.FileImported}, d.now)
	d.must(err)
	if f := open(nf); f.Number != 5 {
		d.Errorf("a file that was imported before has the number %d, want the next, 5", f.Number)
	}
}

func fileClosed(d *desk) {
	f := d.open("a.csv")
	for _, s := range []store.FileState{0, store.FileImporting, 9} {
		if _, err := d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: s}, d.now); err == nil {
			d.Errorf("an import ends as %s", s)
		}
	}
	end := store.FileEnd{State: store.FileRefused, Reason: "It has no header.", ArchivedAs: "archive/a.csv", Rejects: "r.csv",
		Receipt: "receipts/a.html", Mends: 2}
	d.now = d.now.Add(time.Second)
	if _, err := d.Outbox.CloseFile(d.ctx, f.Number, end, d.now); err == nil {
		d.Errorf("file %d mends file 2, which came after it", f.Number)
	}
	first := f
	d.must(second(d.Outbox.CloseFile(d.ctx, first.Number, store.FileEnd{State: store.FileImported}, d.now)))
	f = d.open("b.csv")
	end.Mends = first.Number
	got, err := d.Outbox.CloseFile(d.ctx, f.Number, end, d.now)
	d.must(err)
	f.State, f.Reason, f.ArchivedAs, f.Rejects, f.EndedAt = end.State, end.Reason, end.ArchivedAs, end.Rejects, d.now
	f.Receipt, f.Mends = end.Receipt, end.Mends
	same(d, "the closed file", got, f)
	stored, err := d.Outbox.File(d.ctx, f.Number)
	d.must(err)
	same(d, "the file read again", stored, f)
	if _, err := d.Outbox.CloseFile(d.ctx, f.Number, end, d.now); !errors.Is(err, store.ErrStale) {
		d.Errorf("closing it again: %v, want ErrStale", err)
	}
	chunk := store.Chunk{First: 1, Records: []store.Record{record(d.row("a"))}}
	if _, err := d.Outbox.Import(d.ctx, f.Number, chunk, d.now); !errors.Is(err, store.ErrStale) {
		d.Errorf("a chunk for a closed file: %v, want ErrStale", err)
	}
	for _, err := range []error{
		second(d.Outbox.Import(d.ctx, 99, chunk, d.now)),
		second(d.Outbox.CloseFile(d.ctx, 99, end, d.now)),
		second(d.Outbox.File(d.ctx, 99)),
	} {
		if !errors.Is(err, store.ErrNotFound) {
			d.Errorf("an unknown file: %v, want ErrNotFound", err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func chunkOrder(d *desk) {
	f := d.open("a.csv")
	same(d, "Done", d.add(f.Number, record(d.row("a")), skipped("refund")).Done, 2)
	for _, first := range []uint64{0, 1, 2, 4} {
		chunk := store.Chunk{First: first, Records: []store.Record{record(d.row("b"))}}
		if _, err := d.Outbox.Import(d.ctx, f.Number, chunk, d.now); !errors.Is(err, store.ErrStale) {
			d.Errorf("a chunk from record %d: %v, want ErrStale", first, err)
		}
	}
	same(d, "events after refused chunks", len(d.events(store.Filter{})), 1)
	same(d, "Done after the right chunk", d.add(f.Number, record(d.row("b"))).Done, 3)
	same(d, "Done after an empty chunk", d.add(f.Number).Done, 3)
}

func fileResumed(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, record(d.row("a")), rejected("date_unreadable", "Close Date"))
	d.reopen()
	d.files--
	again := d.open("a.csv")
	if again.Number != f.Number || again.Counts.Records != 2 || again.State != store.FileImporting {
		d.Fatalf("the interrupted file goes on as %+v", again)
	}
	same(d, "Done", d.add(again.Number, record(d.row("b"))).Done, 3)
}

func everyFate(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, record(d.row("there")))
	res := d.add(f.Number,
		record(d.row("new")), record(d.row("new2")), record(d.row("there")), record(d.row("there", content(99))),
		record(d.row("late", until(d.now))), skipped("refund"), skipped("refund"), skipped("zero_sale"),
		rejected("date_unreadable", "Close Date"), record(d.row("new3")))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateAccepted, store.FateDuplicate, store.FateConflict,
		store.FateExpired, store.FateSkipped, store.FateSkipped, store.FateSkipped, store.FateRejected, store.FateAccepted})
	same(d, "Events", res.Events, 3)
	same(d, "Accepted", res.Accepted, []bool{true, true, false, false, false, true})
	same(d, "conflicts", len(res.Conflicts), 1)
	file, err := d.Outbox.File(d.ctx, f.Number)
	d.must(err)
	same(d, "Counts", file.Counts, store.FileCounts{Records: 11, Accepted: 4, Duplicate: 1, Conflict: 1, Expired: 1, Skipped: 3, Rejected: 1})
	same(d, "FateRuns", d.runs(f.Number), []store.FateRun{
		{First: 1, Count: 3, Fate: store.FateAccepted},
		{First: 4, Count: 1, Fate: store.FateDuplicate},
		{First: 5, Count: 1, Fate: store.FateConflict},
		{First: 6, Count: 1, Fate: store.FateExpired},
		{First: 7, Count: 2, Fate: store.FateSkipped, Reason: "refund"},
		{First: 9, Count: 1, Fate: store.FateSkipped, Reason: "zero_sale"},
		{First: 10, Count: 1, Fate: store.FateRejected, Reason: "date_unreadable"},
		{First: 11, Count: 1, Fate: store.FateAccepted},
	})
	same(d, "Rejects", d.rejects(f.Number), []store.Reject{{Record: 10, Line: 11, Reason: "date_unreadable", Column: "Close Date", RecordKey: "R"}})
	stopped := 0
	d.must(d.Outbox.FateRuns(d.ctx, f.Number, func(store.FateRun) bool { stopped++; return false }))
	same(d, "runs after yield returned false", stopped, 1)
}

func twiceInChunk(d *desk) {
	f := d.open("a.csv")
	res := d.add(f.Number, record(d.row("a", content(1))), record(d.row("a", content(1))), record(d.row("a", content(2))),
		record(d.row("a", content(2))), record(d.row("a", content(1))))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateDuplicate, store.FateConflict, store.FateConflict, store.FateDuplicate})
	e := d.events(store.Filter{})
	if len(e) != 1 || e[0].Record != 1 || e[0].Conflicts != 1 {
		d.Fatalf("the events are %+v", e)
	}
	same(d, "Conflicts", res.Conflicts, []store.Conflict{{Seq: e[0].Seq, FirstFile: f.Number, FirstLine: 2, FirstSource: "deals", File: f.Number, Source: "deals", Line: 4,
		Record: 3, Fingerprint: 2, At: d.now, EventTime: e[0].EventTime}})
}

func duplicateNotLate(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, record(d.row("a", until(d.now.Add(time.Hour)))))
	d.now = d.now.Add(2 * time.Hour)
	res := d.add(f.Number, record(d.row("a", until(d.now.Add(-time.Hour)))))
	same(d, "Fates", res.Fates, []store.Fate{store.FateDuplicate})
}

func lateKept(d *desk) {
	f := d.open("a.csv")
	res := d.add(f.Number, record(d.row("a", until(d.now.Add(-time.Second)))), record(d.row("b", until(d.now.Add(time.Second)))))
	same(d, "Fates", res.Fates, []store.Fate{store.FateExpired, store.FateAccepted})
	got, err := d.Outbox.EventsByID(d.ctx, "a")
	d.must(err)
	if len(got) != 1 || got[0].State != store.StateExpired || !got[0].Late || got[0].PossiblySent || got[0].Reason == "" || got[0].Payload == nil {
		d.Errorf("the late event is %+v", got)
	}
	rows, err := d.Outbox.Plan(d.ctx, store.PlanQuery{Dataset: main, Now: d.now.Add(-time.Hour), Limit: 9})
	d.must(err)
	same(d, "planned", len(rows), 1)
	// The same record again is a duplicate of the one that came late.
	same(d, "Fates", d.add(f.Number, record(d.row("a", until(d.now.Add(-time.Second))))).Fates, []store.Fate{store.FateDuplicate})
}

func weightiest(d *desk) {
	f := d.open("a.csv")
	d.add(f.Number, record(d.row("there")))
	n := 0
	kind := map[store.Fate]func() store.NewRow{
		store.FateAccepted:  func() store.NewRow { n++; return d.row(fmt.Sprint("n", n)) },
		store.FateConflict:  func() store.NewRow { return d.row("there", content(77)) },
		store.FateExpired:   func() store.NewRow { n++; return d.row(fmt.Sprint("n", n), until(d.now)) },
		store.FateDuplicate: func() store.NewRow { return d.row("there") },
	}
	order := []store.Fate{store.FateAccepted, store.FateConflict, store.FateExpired, store.FateDuplicate}
	for i, a := range order {
		for _, b := range order[i:] {
			for _, pair := range [][2]store.Fate{{a, b}, {b, a}} {
				res := d.add(f.Number, record(kind[pair[0]](), kind[pair[1]]()))
				same(d, fmt.Sprintf("the fate of a record with %s and %s", pair[0], pair[1]), res.Fates[0], a)
			}
		}
	}
}

func conflictOnce(d *desk) {
	seq := d.queue(d.row("a", content(1)))[0]
	d.now = d.now.Add(time.Hour)
	f := d.open("b.csv")
	first := d.add(f.Number, skipped("refund"), record(d.row("a", content(2))))
	same(d, "conflicts", len(first.Conflicts), 1)
	d.now = d.now.Add(time.Hour)
	again := d.add(f.Number, record(d.row("a", content(2))), record(d.row("a", content(3))))
	same(d, "fates", again.Fates, []store.Fate{store.FateConflict, store.FateConflict})
	same(d, "conflicts of the second chunk", len(again.Conflicts), 1)
	all, err := d.Outbox.Conflicts(d.ctx, seq)
	d.must(err)
	if len(all) != 2 || all[0].Fingerprint != 2 || all[0].Record != 2 || all[0].FirstFile != 1 || all[1].Fingerprint != 3 {
		d.Errorf("Conflicts are %+v", all)
	}
	same(d, "the event's conflicts", d.event(seq).Conflicts, 2)
	if _, err := d.Outbox.Conflicts(d.ctx, 99); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("conflicts of an unknown event: %v", err)
	}
}

func identity(d *desk) {
	seqs := d.queue(d.row("a"), d.row("a", named("deal_closed")), d.row("a", in(other)), d.row("ab"), d.row("b"), d.row("a\x00b"))
	same(d, "events", len(seqs), 6)
	for id, want := range map[string]int{"a": 3, "ab": 1, "": 0, "c": 0, "a\x00b": 1} {
		got, err := d.Outbox.EventsByID(d.ctx, id)
		d.must(err)
		same(d, fmt.Sprintf("events with the id %q", id), len(got), want)
	}
}

func badChunks(d *desk) {
	f := d.open("a.csv")
	for name, r := range map[string]store.Record{
		"neither rows nor fate":     {},
		"rows and a fate":           {Rows: []store.NewRow{d.row("a")}, Fate: store.FateSkipped},
		"accepted by itself":        {Fate: store.FateAccepted},
		"a row without a dataset":   record(d.row("a", in(""))),
		"a row without a name":      record(d.row("a", named(""))),
		"a row without an event_id": record(d.row("")),
		"an endless event_id":       record(d.row(string(make([]byte, 100_000)))),
	} {
		chunk := store.Chunk{First: 1, Records: []store.Record{record(d.row("ok")), r}}
		if _, err := d.Outbox.Import(d.ctx, f.Number, chunk, d.now); err == nil {
			d.Errorf("%s is imported", name)
		}
	}
	same(d, "events", len(d.events(store.Filter{})), 0)
}

func manyChunks(d *desk) {
	a, b := d.open("a.csv"), d.open("b.csv")
	for c := range 6 {
		for i, f := range []uint64{a.Number, b.Number} {
			records := make([]store.Record, 0, 340)
			for n := range 340 {
				// Two files with every third event in common, and ids in no order.
				id := fmt.Sprintf("%04d-%d-%d", n*7919%340, c, i)
				if n%3 == 0 {
					id = fmt.Sprintf("%04d-%d", n*7919%340, c)
				}
				records = append(records, record(d.row(id)))
			}
			d.add(f, records...)
		}
	}
	same(d, "events", len(d.events(store.Filter{})), 6*(340+226))
	for _, f := range []uint64{a.Number, b.Number} {
		for _, e := range d.events(store.Filter{File: f, Limit: 77}) {
			if e.File != f {
				d.Fatalf("event %d of file %d is in the history of file %d", e.Seq, e.File, f)
			}
		}
	}
}
