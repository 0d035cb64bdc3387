package storetest

import (
	"bytes"
	"fmt"

	"capibara/event"
	"capibara/store"
)

// people tries what is known of people, for the records that refer to them.
func people() map[string]func(*desk) {
	return map[string]func(*desk){
		"nobody is known at first":     nobodyKnown,
		"a person is kept":             personKept,
		"a person twice in a chunk":    personTwice,
		"people among other records":   peopleMixed,
		"what is no person":            badPeople,
		"people of an unfinished file": peopleResumed,
		"many people":                  manyPeople,
	}
}

// someone is a record of a person with one e-mail address and a lead id.
func someone(key, email byte) store.Record {
	var u event.UserData
	u.AddHash(event.Email, event.Hash{email})
	u.SetPlain(event.LeadID, "123456789012345")
	return store.Record{Person: &store.NewPerson{Key: event.Hash{key}, Identifiers: u.AppendBinary(nil)}}
}

// known reads people and tells the first byte of the e-mail address of each, 0 for nobody.
func (d *desk) known(keys ...byte) []byte {
	d.Helper()
	var hashes []event.Hash
	for _, k := range keys {
		hashes = append(hashes, event.Hash{k})
	}
	all, err := d.Outbox.People(d.ctx, hashes)
	d.must(err)
	if len(all) != len(keys) {
		d.Fatalf("People answers %d of %d keys", len(all), len(keys))
	}
	emails := make([]byte, len(all))
	for i := range all {
		if all[i] == nil {
			continue
		}
		var u event.UserData
		d.must(u.DecodeBinary(all[i]))
		if len(u.Hashed()) != 1 || len(u.Plain()) != 1 {
			d.Fatalf("a person comes back with %d hashed and %d plain identifiers", len(u.Hashed()), len(u.Plain()))
		}
		emails[i] = u.Hashed()[0].Hash[0]
	}
	return emails
}

func nobodyKnown(d *desk) {
	same(d, "people of an empty database", d.known(1, 2), []byte{0, 0})
	same(d, "people when nobody is asked for", d.known(), []byte{})
}

func personKept(d *desk) {
	f := d.open("contacts.csv")
	same(d, "Fates", d.add(f.Number, someone(1, 11), someone(2, 12)).Fates, []store.Fate{store.FateAccepted, store.FateAccepted})
	same(d, "people", d.known(2, 3, 1, 2), []byte{12, 0, 11, 12})
	g := d.open("contacts again.csv")
	same(d, "Fates of a known, a changed and a new person", d.add(g.Number, someone(1, 11), someone(2, 22), someone(3, 13)).Fates,
		[]store.Fate{store.FateDuplicate, store.FateAccepted, store.FateAccepted})
	d.reopen()
	same(d, "people after opening again", d.known(1, 2, 3), []byte{11, 22, 13})
	file, err := d.Outbox.File(d.ctx, g.Number)
	d.must(err)
	same(d, "Counts", file.Counts, store.FileCounts{Records: 3, Accepted: 2, Duplicate: 1})
	same(d, "events", len(d.events(store.Filter{})), 0)
}

func personTwice(d *desk) {
	f := d.open("contacts.csv")
	res := d.add(f.Number, someone(1, 11), someone(2, 12), someone(1, 11), someone(1, 21), someone(1, 11))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateAccepted, store.FateDuplicate, store.FateAccepted, store.FateAccepted})
	same(d, "people", d.known(1, 2), []byte{11, 12})
}

func peopleMixed(d *desk) {
	f := d.open("a.csv")
	res := d.add(f.Number, record(d.row("a")), someone(1, 11), rejected("date_unreadable", "Born"), skipped("identifier_missing"), record(d.row("a")), someone(1, 11))
	same(d, "Fates", res.Fates, []store.Fate{store.FateAccepted, store.FateAccepted, store.FateRejected, store.FateSkipped,
		store.FateDuplicate, store.FateDuplicate})
	same(d, "Events", res.Events, 1)
	same(d, "Accepted", res.Accepted, []bool{true, false})
}

func badPeople(d *desk) {
	f := d.open("contacts.csv")
	whole := someone(1, 11)
	for what, r := range map[string]store.Record{
		"a person with a row":          {Person: whole.Person, Rows: []store.NewRow{d.row("a")}},
		"a person with a fate":         {Person: whole.Person, Fate: store.FateSkipped, Reason: "refund"},
		"a person without identifiers": {Person: &store.NewPerson{Key: event.Hash{1}}},
	} {
		if _, err := d.Outbox.Import(d.ctx, f.Number, store.Chunk{First: 1, Records: []store.Record{r}}, d.now); err == nil {
			d.Errorf("%s is imported", what)
		}
	}
	same(d, "people", d.known(1), []byte{0})
}

func peopleResumed(d *desk) {
	f := d.open("contacts.csv")
	d.add(f.Number, someone(1, 11))
	if _, err := d.Outbox.Import(d.ctx, f.Number, store.Chunk{First: 1, Records: []store.Record{someone(2, 12)}}, d.now); err == nil {
		d.Error("a chunk is imported twice")
	}
	d.reopen()
	same(d, "people", d.known(1, 2), []byte{11, 0})
	same(d, "Done", d.add(f.Number, someone(2, 12)).Done, 2)
	same(d, "people", d.known(1, 2), []byte{11, 12})
}

func manyPeople(d *desk) {
	const n = 3000
	f := d.open("contacts.csv")
	var records []store.Record
	var keys []event.Hash
	for i := range n {
		r := someone(0, byte(1+i%200))
		r.Person.Key = event.Hash{byte(i * 7919), byte(i * 7919 >> 8), byte(i), byte(i >> 8)}
		records, keys = append(records, r), append(keys, r.Person.Key)
	}
	same(d, "Done", d.add(f.Number, records...).Done, n)
	all, err := d.Outbox.People(d.ctx, keys)
	d.must(err)
	for i := range all {
		if !bytes.Equal(all[i], records[i].Person.Identifiers) {
			d.Fatalf("person %d comes back as another", i)
		}
	}
	runs := d.runs(f.Number)
	same(d, "FateRuns", fmt.Sprint(runs), fmt.Sprint([]store.FateRun{{First: 1, Count: n, Fate: store.FateAccepted}}))
}
