package importer

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"capibara/event"
	"capibara/importer/receipt"
	"capibara/store"
)

// writeReceipt writes the page that tells whoever dropped the file what became of it, and returns its path. It comes before
// the file is closed in the database: a closed file always has its receipt, and after a crash in between the same call
// writes the same one again.
func (p *pass) writeReceipt(ctx context.Context, end store.FileEnd, no *refusal) (string, error) {
	folder := p.im.c.Receipts
	if folder.Dir == "" {
		return "", nil
	}
	r := p.receipt()
	r.Rejects = receipt.Rejects{File: p.rejects.path, Workbook: p.rejects.workbook, Without: p.rejects.without}
	for _, path := range []*string{&r.Rejects.File, &r.Rejects.Workbook} {
		*path = p.im.relative(*path)
	}
	if no != nil {
		r.Refused, r.Hint = sentence(no.reason), no.hint
	}
	if r.Resumed && p.report.report.Resumed == r.Counts.Records {
		// Nothing was left to read. A receipt that is there already was written by the call that read it all, and knows more.
		if name, there := folder.find(r); there {
			return p.im.relative(filepath.Join(folder.Dir, name)), nil
		}
	}
	if err := p.complete(ctx, &r, end); err != nil {
		return "", fmt.Errorf("gather what the receipt of %s says: %w", p.file.Name, err)
	}
	name, err := folder.put(r)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrReceipt, err)
	}
	return p.im.relative(filepath.Join(folder.Dir, name)), nil
}

// receipt is what this call knows by itself.
func (p *pass) receipt() receipt.Receipt {
	f, result := p.file, p.report.result()
	r := receipt.Receipt{
		Mark: receipt.Mark{File: f.Number, Started: f.StartedAt, SHA256: f.SHA256},
		Name: f.Name, Source: f.Source, Taken: f.StartedAt.In(p.mapping.folders), Counts: receipt.Counts(f.Counts),
		Events: result.Events, Halt: result.Halt, Large: result.Large, Repeated: result.Withdrawn, Sums: p.report.worth(), Remarks: problems(result.Warnings), Resumed: result.Resumed > 0,
		Outlook: receipt.Outlook{Zone: p.mapping.folders.String()},
	}
	for _, c := range result.Reasons {
		of := &r.Problems
		if c.Fate == store.FateSkipped {
			of = &r.Skipped
		}
		*of = append(*of, problem(c))
	}
	if late := p.report.late; late.Count > 0 {
		one := problem(late)
		r.Late = &one
	}
	for _, c := range result.Conflicts {
		of := &r.Changes
		if c.Kind != store.ConflictChanged {
			of = &r.Standing
		}
		*of = append(*of, receipt.Change{Line: c.Line, FirstFile: c.FirstFile, FirstLine: c.FirstLine})
	}
	r.Changes, r.Standing = slices.Compact(r.Changes), slices.Compact(r.Standing)
	r.Stands = result.Kinds[store.ConflictUnqualified] + result.Kinds[store.ConflictRefunded]
	r.Withdrew = withdrew(result)
	return r
}

// withdrew is what the records of the file took back.
func withdrew(r Report) receipt.Withdrew {
	t := receipt.Withdrew{NoLongerQualified: r.Retracting.NoLongerQualified, Refunded: r.Retracting.Refunded}
	for _, x := range r.Retracted {
		t.Items = append(t.Items, receipt.Change{Line: x.Line, FirstFile: x.FirstFile, FirstLine: x.FirstLine})
	}
	t.Items = slices.Compact(t.Items) // a record that yielded several events says the same of each
	return t
}

// complete adds what others know: the database about records that an earlier call read, and about the file that this one
// mends; the rest of the program about what happens next.
func (p *pass) complete(ctx context.Context, r *receipt.Receipt, end store.FileEnd) error {
	if r.Resumed {
		if err := p.recall(ctx, r); err != nil {
			return err
		}
	}
	if end.Mends != 0 {
		first, err := p.im.c.Store.File(ctx, end.Mends)
		if err != nil {
			return err
		}
		r.Mends = &receipt.Mended{Number: first.Number, Name: first.Name}
	}
	if r.Events == 0 || p.im.c.Outlook == nil {
		return nil
	}
	outlook, err := p.outlook(ctx)
	if err != nil {
		return err
	}
	outlook.Zone = p.mapping.folders.String()
	if !outlook.Next.IsZero() {
		outlook.Next = outlook.Next.In(p.mapping.folders)
	}
	r.Outlook = outlook
	return nil
}

// outlook is what happens next to the events. Of several datasets the first that a person has to do something about tells.
func (p *pass) outlook(ctx context.Context) (receipt.Outlook, error) {
	var first receipt.Outlook
	for i, id := range p.mapping.Datasets() {
		o, err := p.im.c.Outlook(ctx, id)
		if err != nil || o.NotLive || o.Stopped {
			return o, err
		}
		if i == 0 {
			first = o
		}
	}
	return first, nil
}

// recall takes from the database what the records of the whole file became, for an import that was interrupted: what an
// earlier call knew is gone with it. It does not bring back remarks on records without an event.
func (p *pass) recall(ctx context.Context, r *receipt.Receipt) error {
	t := newReport(p.file)
	err := p.im.c.Store.Rejects(ctx, p.file.Number, func(rej store.Reject) bool {
		t.reason(store.FateRejected, &store.Record{Line: rej.Line, Reason: rej.Reason, Column: rej.Column})
		return true
	})
	if err != nil {
		return err
	}
	skipped := map[event.Reason]*receipt.Problem{}
	err = p.im.c.Store.FateRuns(ctx, p.file.Number, func(run store.FateRun) bool {
		switch {
		case run.Fate == store.FateExpired && t.late.Count == 0:
			t.late = ReasonCount{Reason: event.ReasonTooOld, Count: r.Counts.Expired}
		case run.Fate == store.FateSkipped && skipped[run.Reason] == nil:
			skipped[run.Reason] = &receipt.Problem{Sentence: run.Reason.Sentence(), Record: run.First}
		}
		if run.Fate == store.FateSkipped {
			skipped[run.Reason].Count += run.Count
		}
		return true
	})
	if err != nil {
		return err
	}
	if r.Events, err = p.recallEvents(ctx, t); err != nil {
		return err
	}
	result := t.result()
	r.Problems, r.Remarks, r.Sums, r.Skipped = problems(result.Reasons), problems(result.Warnings), t.worth(), nil
	for _, s := range skipped {
		r.Skipped = append(r.Skipped, *s)
	}
	slices.SortFunc(r.Skipped, func(x, y receipt.Problem) int {
		return cmp.Or(cmp.Compare(y.Count, x.Count), strings.Compare(x.Sentence, y.Sentence))
	})
	if t.late.Count > 0 {
		one := problem(t.late)
		r.Late = &one
	}
	return nil
}

// recallEvents adds the events of the file to a tally, and returns how many of them wait.
func (p *pass) recallEvents(ctx context.Context, t *tally) (waiting uint64, err error) {
	f := store.Filter{File: p.file.Number, Limit: 1000}
	for {
		page, err := p.im.c.Store.Events(ctx, f)
		if err != nil {
			return 0, err
		}
		// The newest come first, and a report names the line of the first.
		for i := range page.Items {
			e := &page.Items[i]
			for _, w := range e.Warnings {
				t.warning(w, e.Line)
				t.warnings[w].FirstLine = min(t.warnings[w].FirstLine, e.Line)
			}
			if e.State == store.StatePending {
				waiting++
			}
			var one event.Event
			if e.Late || e.Damaged || e.Payload == nil || one.DecodeBinary(e.Payload) != nil {
				continue
			}
			t.sum(rowSum{e.EventName, one.Custom.Currency, one.Custom.Value})
		}
		if page.Next == "" {
			return waiting, nil
		}
		f.Cursor = page.Next
	}
}

func problems(counts []ReasonCount) []receipt.Problem {
	var out []receipt.Problem
	for _, c := range counts {
		out = append(out, problem(c))
	}
	return out
}

// problem is a reason as a page shows it. A header that looks like somebody's data is not shown.
func problem(c ReasonCount) receipt.Problem {
	p := receipt.Problem{Sentence: c.Reason.Sentence(), Fix: c.Reason.Fix(), Column: c.Column, Count: c.Count, Line: c.FirstLine}
	if dataLike(p.Column) {
		p.Column = ""
	}
	return p
}
