package storetest

import (
	"errors"
	"fmt"
	"time"

	"capibara/event"
	"capibara/store"
)

// halting tries what is not sent without a yes, and what is about to expire.
func halting() map[string]func(*desk) {
	return map[string]func(*desk){
		"a source":                        haltSource,
		"a source whose mapping changes":  haltMended,
		"a file":                          haltFile,
		"single events":                   haltEvents,
		"a file until it is closed":       haltClosing,
		"a cut off import stays halted":   haltCutOff,
		"what cannot be halted":           haltNothing,
		"what is halted expires":          haltExpires,
		"what a file is worth":            fileWorth,
		"what expires, and what it costs": expiring,
		"the next deadline":               nextDeadline,
	}
}

func (d *desk) expire(dataset string, now time.Time, limit int) int {
	d.Helper()
	t, err := d.Outbox.Expire(d.ctx, dataset, now, limit)
	d.must(err)
	return int(t.Events)
}

func (d *desk) halt(k store.HaltKey, reason string) {
	d.Helper()
	d.must(d.Outbox.Halt(d.ctx, store.Halt{HaltKey: k, Reason: reason}, d.now))
}

func (d *desk) halts() []store.Halt {
	d.Helper()
	return must(d.Outbox.Halts(d.ctx))
}

func (d *desk) allow(k store.HaltKey) uint64 {
	d.Helper()
	n, err := d.Outbox.Allow(d.ctx, k, "anna", d.now)
	d.must(err)
	return n
}

// planned are the numbers of the rows that may be sent; Begin must take the same view of every one that is pending.
func (d *desk) planned(dataset string) []uint64 {
	d.Helper()
	seqs := []uint64{}
	for _, r := range d.plan(store.PlanQuery{Dataset: dataset, Limit: 10_000}) {
		seqs = append(seqs, r.Seq)
	}
	for _, e := range d.events(store.Filter{Dataset: dataset, State: store.StatePending}) {
		if e.Halted == "" {
			continue
		}
		if _, err := d.Outbox.Begin(d.ctx, store.Intent{Dataset: dataset, Rows: []uint64{e.Seq}}, d.now); !errors.Is(err, store.ErrStale) {
			d.Errorf("sending halted event %d: %v, want ErrStale", e.Seq, err)
		}
	}
	return seqs
}

// openAs registers a file with bytes of its own.
func (d *desk) openAs(nf store.NewFile) store.File {
	d.Helper()
	d.files++
	nf.Name, nf.SHA256 = fmt.Sprint(d.files), event.Hash{byte(d.files), byte(d.files >> 8), 7}
	return must(d.Outbox.OpenFile(d.ctx, nf, d.now))
}

func worth(value, currency string) func(*store.NewRow, *event.Event) {
	return func(r *store.NewRow, e *event.Event) {
		m, err := event.ParseMoney(value)
		if err != nil {
			panic(err)
		}
		r.Value, r.Currency, e.Custom.Value, e.Custom.Currency = m, currency, m, currency
	}
}

func halted(r *store.NewRow, _ *event.Event) { r.Halt = true }

func haltSource(d *desk) {
	tills := d.openAs(store.NewFile{Source: "tills", Mapping: "m"})
	d.add(tills.Number, record(d.row("t0")))
	deals := d.openAs(store.NewFile{Source: "deals", Mapping: "m"})
	d.add(deals.Number, record(d.row("d0")), record(d.row("d1")))
	k := store.HaltKey{Kind: store.HaltSource, Source: "deals"}
	d.halt(k, "It looks wrong.")
	d.add(deals.Number, record(d.row("d2")))
	d.add(d.openAs(store.NewFile{Source: "deals", Mapping: "m"}).Number, record(d.row("d3")))
	same(d, "planned", d.planned(main), []uint64{1})
	d.reopen()
	same(d, "planned after opening again", d.planned(main), []uint64{1})
	since := d.now
	d.now = d.now.Add(time.Hour)
	d.halt(k, "It is wrong.")
	same(d, "halts", d.halts(), []store.Halt{{HaltKey: k, Reason: "It is wrong.", Since: since, Events: 4}})
	same(d, "the event", []any{d.event(3).Halted, d.event(1).Halted}, []any{"It is wrong.", ""})
	same(d, "let go", d.allow(k), 4)
	same(d, "planned", len(d.planned(main)), 5)
	same(d, "halts", len(d.halts()), 0)
	d.add(d.openAs(store.NewFile{Source: "deals", Mapping: "m"}).Number, record(d.row("d4")))
	same(d, "planned with a later file", len(d.planned(main)), 6)
	if _, err := d.Outbox.Allow(d.ctx, k, "anna", d.now); !errors.Is(err, store.ErrNotFound) {
		d.Errorf("allowing it again: %v, want ErrNotFound", err)
	}
	same(d, "the audit log", d.kinds(), "created file_opened file_opened halted file_opened halted allowed file_opened")
}

func haltMended(d *desk) {
	open := func(mapping string) uint64 {
		return d.openAs(store.NewFile{Source: "deals", Mapping: mapping}).Number
	}
	wrong := open("wrong")
	d.add(wrong, record(d.row("a")))
	k := store.HaltKey{Kind: store.HaltSource, Source: "deals"}
	d.halt(k, "It looks wrong.")
	d.add(open("wrong"), record(d.row("b")))
	mended := open("mended")
	d.add(mended, record(d.row("c")))
	d.add(wrong, record(d.row("late")))
	d.add(open("wrong"), record(d.row("d")))
	same(d, "planned", d.planned(main), []uint64{3, 5})
	same(d, "halts", d.halts(), []store.Halt{{HaltKey: k, Reason: "It looks wrong.", Since: d.now, Events: 3, Ends: mended}})
	d.halt(k, "It is still wrong.")
	same(d, "planned after it was halted again", d.planned(main), []uint64{})
	d.add(open("wrong"), record(d.row("e")))
	same(d, "planned of a file that is read as the newest was", d.planned(main), []uint64{})
	same(d, "let go", d.allow(k), 6)
	// Halted before there is any file: the first one says which mapping it is.
	k.Source = "new"
	d.halt(k, "Nobody looked at it.")
	d.add(d.openAs(store.NewFile{Source: "new", Mapping: "m"}).Number, record(d.row("n0")))
	d.add(d.openAs(store.NewFile{Source: "new", Mapping: "m"}).Number, record(d.row("n1")))
	same(d, "planned", len(d.planned(main)), 6)
}

func haltFile(d *desk) {
	a, b := d.open("a.csv").Number, d.open("b.csv").Number
	for i := range 3 {
		d.add(a, record(d.row(fmt.Sprint("a", i))))
		d.add(b, record(d.row(fmt.Sprint("b", i), in(other))))
	}
	d.halt(store.HaltKey{Kind: store.HaltFile, File: a}, "Look.")
	d.halt(store.HaltKey{Kind: store.HaltFile, File: b}, "Look too.")
	d.halt(store.HaltKey{Kind: store.HaltSource, Source: "deals"}, "Look first.")
	d.add(b, record(d.row("main")))
	same(d, "halts", d.halts(), []store.Halt{
		{HaltKey: store.HaltKey{Kind: store.HaltSource, Source: "deals"}, Reason: "Look first.", Since: d.now, Events: 7},
		{HaltKey: store.HaltKey{Kind: store.HaltFile, File: a}, Reason: "Look.", Since: d.now, Events: 3},
		{HaltKey: store.HaltKey{Kind: store.HaltFile, File: b}, Reason: "Look too.", Since: d.now, Events: 4},
	})
	same(d, "let go by what is halted twice", d.allow(store.HaltKey{Kind: store.HaltSource, Source: "deals"}), 0)
	same(d, "planned", [][]uint64{d.planned(main), d.planned(other)}, [][]uint64{{}, {}})
	same(d, "let go", d.allow(store.HaltKey{Kind: store.HaltFile, File: a}), 3)
	same(d, "planned", [][]uint64{d.planned(main), d.planned(other)}, [][]uint64{{1, 3, 5}, {}})
	b1 := d.begin(1)
	d.settle(store.Settlement{Batch: b1.Number, Verdict: store.VerdictReleased})
	d.begin(3)
	d.halt(store.HaltKey{Kind: store.HaltFile, File: a}, "Look again.")
	same(d, "planned of what was released", d.planned(main), []uint64{})
	same(d, "the events that wait", d.halts()[0].Events, 2)
}

func haltEvents(d *desk) {
	a, b := d.open("a.csv").Number, d.open("b.csv").Number
	d.add(a, record(d.row("a0")), record(d.row("a1", halted)), record(d.row("late", halted, until(d.now))), record(d.row("a2", halted)))
	d.add(b, record(d.row("a0", halted)), record(d.row("b0", halted), d.row("b1")))
	k := func(file uint64) store.HaltKey { return store.HaltKey{Kind: store.HaltEvents, File: file} }
	same(d, "planned", d.planned(main), []uint64{1, 6})
	h := d.halts()
	if len(h) != 2 || h[0].HaltKey != k(a) || h[0].Events != 2 || h[0].Reason == "" || h[1].HaltKey != k(b) || h[1].Events != 1 {
		d.Errorf("halts are %+v", h)
	}
	d.halt(k(a), "They are worth more than EUR 10000.")
	same(d, "the event", d.event(2).Halted, "They are worth more than EUR 10000.")
	d.add(a, record(d.row("a3", halted)))
	same(d, "the reason after another chunk", d.halts()[0].Reason, "They are worth more than EUR 10000.")
	same(d, "let go", d.allow(k(a)), 3)
	same(d, "planned", d.planned(main), []uint64{1, 2, 4, 6, 7})
	// The file is still being imported: what was let go stays so, and what comes after it is halted.
	d.add(a, record(d.row("a4", halted)))
	same(d, "halted after another chunk", d.halts()[0].Events, 1)
	same(d, "planned", d.planned(main), []uint64{1, 2, 4, 6, 7})
	same(d, "let go", d.allow(k(a)), 1)
	d.halt(store.HaltKey{Kind: store.HaltFile, File: b}, "Look.")
	same(d, "let go with the file", d.allow(store.HaltKey{Kind: store.HaltFile, File: b}), 2)
	d.add(b, record(d.row("b2", halted)))
	d.halt(store.HaltKey{Kind: store.HaltSource, Source: "deals"}, "Look.")
	same(d, "let go with the source", d.allow(store.HaltKey{Kind: store.HaltSource, Source: "deals"}), 8)
	same(d, "halts", len(d.halts()), 0)
}

func haltClosing(d *desk) {
	end := func(f store.File, halt string) store.File {
		return must(d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported, Halt: halt}, d.now))
	}
	nf := store.NewFile{Source: "deals", Mapping: "m", HaltUntilClosed: true}
	a, b := d.openAs(nf), d.openAs(nf)
	nf.HaltUntilClosed = false
	c := d.openAs(nf)
	person := d.openAs(store.NewFile{Source: "deals", Mapping: "m", HaltUntilClosed: true})
	for i, f := range []store.File{a, b, c, person} {
		d.add(f.Number, record(d.row(fmt.Sprint(i))))
	}
	same(d, "planned while they are open", d.planned(main), []uint64{3})
	d.halt(store.HaltKey{Kind: store.HaltFile, File: person.Number}, "Wait.")
	end(a, "")
	end(b, "It is worth too much.")
	end(c, "So is this one.")
	end(person, "")
	same(d, "planned", d.planned(main), []uint64{1})
	halts := d.halts()
	same(d, "reasons", []string{halts[0].Reason, halts[1].Reason, halts[2].Reason}, []string{"It is worth too much.", "So is this one.", "Wait."})
	same(d, "let go", d.allow(halts[1].HaltKey), 1)
	same(d, "planned", d.planned(main), []uint64{1, 3})
}

func haltCutOff(d *desk) {
	nf := store.NewFile{Source: "deals", Mapping: "m", HaltUntilClosed: true}
	f := d.openAs(nf)
	d.add(f.Number, record(d.row("a", worth("10", "EUR"))))
	d.reopen()
	same(d, "planned", d.planned(main), []uint64{})
	d.files--
	again := d.openAs(nf)
	same(d, "the file goes on", []any{again.Number, again.Counts.Records, again.Events, again.Sums},
		[]any{f.Number, 1, 1, []store.Sum{{Currency: "EUR", Events: 1, Value: "10.00"}}})
	d.add(again.Number, record(d.row("b")))
	same(d, "planned", d.planned(main), []uint64{})
	d.must(second(d.Outbox.CloseFile(d.ctx, f.Number, store.FileEnd{State: store.FileImported}, d.now)))
	same(d, "planned", d.planned(main), []uint64{1, 2})
	// A file that was cut off before it was to wait does from then on.
	nf.HaltUntilClosed = false
	g := d.openAs(nf)
	d.add(g.Number, record(d.row("c")))
	d.files--
	nf.HaltUntilClosed = true
	same(d, "the file goes on", d.openAs(nf).Number, g.Number)
	same(d, "planned", d.planned(main), []uint64{1, 2})
}

func haltNothing(d *desk) {
	f := d.open("a.csv").Number
	d.add(f, record(d.row("a")))
	for name, h := range map[string]store.Halt{
		"nothing":                   {Reason: "r"},
		"a kind that there is not":  {HaltKey: store.HaltKey{Kind: 9, File: f}, Reason: "r"},
		"a source without a name":   {HaltKey: store.HaltKey{Kind: store.HaltSource}, Reason: "r"},
		"a source and a file":       {HaltKey: store.HaltKey{Kind: store.HaltSource, Source: "s", File: f}, Reason: "r"},
		"a file and a source":       {HaltKey: store.HaltKey{Kind: store.HaltFile, Source: "s", File: f}, Reason: "r"},
		"a file that is not there":  {HaltKey: store.HaltKey{Kind: store.HaltFile, File: 9}, Reason: "r"},
		"single events of no event": {HaltKey: store.HaltKey{Kind: store.HaltEvents, File: f}, Reason: "r"},
		"for no reason":             {HaltKey: store.HaltKey{Kind: store.HaltFile, File: f}},
	} {
		if err := d.Outbox.Halt(d.ctx, h, d.now); err == nil {
			d.Errorf("%s is halted", name)
		}
		if _, err := d.Outbox.Allow(d.ctx, h.HaltKey, "anna", d.now); !errors.Is(err, store.ErrNotFound) {
			d.Errorf("allowing %s: %v, want ErrNotFound", name, err)
		}
	}
	d.halt(store.HaltKey{Kind: store.HaltFile, File: f}, "Look.")
	if _, err := d.Outbox.Allow(d.ctx, store.HaltKey{Kind: store.HaltFile, File: f}, "", d.now); err == nil {
		d.Error("nobody allowed it")
	}
	same(d, "planned", d.planned(main), []uint64{})
}

func haltExpires(d *desk) {
	f := d.open("a.csv").Number
	soon := until(d.now.Add(time.Minute))
	d.add(f, record(d.row("a", soon, worth("5", "EUR"))), record(d.row("b", soon, halted)), record(d.row("c")))
	d.halt(store.HaltKey{Kind: store.HaltFile, File: f}, "Look.")
	d.now = d.now.Add(time.Minute)
	same(d, "expired", must(d.Outbox.Expire(d.ctx, main, d.now, 10)),
		store.Tally{Events: 2, Sums: []store.Sum{{Currency: "EUR", Events: 1, Value: "5.00"}}, PhysicalStore: 2, Halted: 2, CameLate: 2})
	d.states(store.StateExpired, 1, 2)
	same(d, "halts", d.halts()[0].Events, 1)
	same(d, "an event that expired", d.event(1).Halted, "")
	same(d, "let go", d.allow(store.HaltKey{Kind: store.HaltFile, File: f}), 1)
}

func fileWorth(d *desk) {
	f := d.open("a.csv").Number
	d.add(f, record(d.row("a", worth("0.10", "EUR"))), record(d.row("a", worth("0.10", "EUR"))), record(d.row("b", worth("0.2", "EUR")), d.row("c")))
	d.add(f, record(d.row("late", worth("999", "EUR"), until(d.now))), record(d.row("d", worth("-3", "CHF"))), rejected("date_unreadable", ""))
	d.reopen()
	got := must(d.Outbox.File(d.ctx, f))
	same(d, "what it brought in", []any{got.Events, got.Sums},
		[]any{4, []store.Sum{{Currency: "CHF", Events: 1, Value: "-3.00"}, {Currency: "EUR", Events: 2, Value: "0.30"}}})
	end := must(d.Outbox.CloseFile(d.ctx, f, store.FileEnd{State: store.FileImported, Receipt: "r.html"}, d.now))
	same(d, "when it is closed", []any{end.Events, end.Sums, end.Receipt}, []any{4, got.Sums, "r.html"})
	none := d.open("b.csv").Number
	d.add(none, record(d.row("a")))
	same(d, "a file without events", must(d.Outbox.File(d.ctx, none)).Sums, nil)
}

func expiring(d *desk) {
	var rows []store.NewRow
	for i := range 1200 {
		rows = append(rows, d.row(fmt.Sprint(i), until(d.now.Add(time.Duration(i*7%1200)*time.Minute)), worth("1.5", []string{"EUR", "USD"}[i%2])))
	}
	d.queue(rows...)
	d.queue(d.row("other", in(other), until(d.now.Add(time.Minute))))
	for name, c := range map[string]struct {
		dataset     string
		from, until time.Duration
		want        store.Tally
	}{
		"an hour": {main, 0, time.Hour, store.Tally{Events: 60, PhysicalStore: 60, CameLate: 60,
			Sums: []store.Sum{{Currency: "EUR", Events: 30, Value: "45.00"}, {Currency: "USD", Events: 30, Value: "45.00"}}}},
		"the second": {main, time.Hour, 2 * time.Hour, store.Tally{Events: 60, PhysicalStore: 60, CameLate: 60,
			Sums: []store.Sum{{Currency: "EUR", Events: 30, Value: "45.00"}, {Currency: "USD", Events: 30, Value: "45.00"}}}},
		"all": {main, 0, 24 * time.Hour, store.Tally{Events: 1199, PhysicalStore: 1199, CameLate: 1199,
			Sums: []store.Sum{{Currency: "EUR", Events: 599, Value: "898.50"}, {Currency: "USD", Events: 600, Value: "900.00"}}}},
		"nothing":            {main, 24 * time.Hour, 25 * time.Hour, store.Tally{Sums: []store.Sum{}}},
		"backwards":          {main, time.Hour, 0, store.Tally{Sums: []store.Sum{}}},
		"no amount":          {other, 0, time.Hour, store.Tally{Events: 1, PhysicalStore: 1, CameLate: 1, Sums: []store.Sum{}}},
		"an unknown dataset": {"55", 0, time.Hour, store.Tally{Sums: []store.Sum{}}},
	} {
		same(d, name, must(d.Outbox.Expiring(d.ctx, c.dataset, d.now.Add(c.from), d.now.Add(c.until))), c.want)
	}
	d.halt(store.HaltKey{Kind: store.HaltSource, Source: "deals"}, "Look.")
	same(d, "halted ones too", must(d.Outbox.Expiring(d.ctx, main, d.now, d.now.Add(time.Hour))).Events, 60)
}

func nextDeadline(d *desk) {
	next := func() string {
		at, ok, err := d.Outbox.NextDeadline(d.ctx, main, d.now)
		d.must(err)
		if !ok {
			return "none"
		}
		return at.Sub(d.now).String()
	}
	same(d, "of nothing", next(), "none")
	f := d.open("a.csv").Number
	minutes := func(n int) func(*store.NewRow, *event.Event) { return until(d.now.Add(time.Duration(n) * time.Minute)) }
	d.add(f, record(d.row("halted", minutes(1), halted)), record(d.row("never", minutes(2), notBefore(d.now.Add(2*time.Minute)))),
		record(d.row("waits", minutes(3), notBefore(d.now.Add(time.Minute)))), record(d.row("plain", minutes(4))),
		record(d.row("other", minutes(1), in(other))))
	same(d, "the next", next(), "3m0s")
	d.now = d.now.Add(3 * time.Minute)
	same(d, "three minutes later", next(), "1m0s")
	batch := d.begin(4)
	same(d, "while it is sent", next(), "none")
	d.settle(store.Settlement{Batch: batch.Number, Verdict: store.VerdictReleased})
	same(d, "when it is released", next(), "1m0s")
	d.halt(store.HaltKey{Kind: store.HaltFile, File: f}, "Look.")
	same(d, "when it is halted", next(), "none")
	// Many blocks, the earliest deadline not in the first of them.
	d.queueN("many", 700)
	d.queue(d.row("early", until(d.now.Add(time.Hour))))
	same(d, "among many", next(), "1h0m0s")
}
