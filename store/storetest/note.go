package storetest

import "capibara/store"

// noted tries that a note is in the audit log as it was given, that the chain holds over it, and that it says something.
func noted(d *desk) {
	for _, empty := range [][2]string{{"", "a test"}, {"test", ""}} {
		if err := d.Outbox.Note(d.ctx, empty[0], empty[1], d.now); err == nil {
			d.Errorf("a note of kind %q that says %q is taken", empty[0], empty[1])
		}
	}
	d.must(d.Outbox.Note(d.ctx, "test", "ana tested dataset 1", d.now))
	d.reopen()
	d.must(d.Outbox.Note(d.ctx, "trial", "ana tried dataset 2", d.now))
	same(d, "the audit log", d.kinds(), "created test trial")
	var last store.AuditEntry
	d.must(d.Outbox.Audit(d.ctx, 3, func(e store.AuditEntry) bool { last = e; return true }))
	same(d, "the detail of the last entry", last.Detail, "ana tried dataset 2")
	same(d, "its time", last.At, d.now)
	d.must(d.Outbox.Check(d.ctx, func(problem string) { d.Error(problem) }))
}
