package audit

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"capibara/event"
	"capibara/store"
)

// carried reads the events of a batch. One that the retention removed is empty, with the sum that is kept of it.
func (c *collecting) carried(ctx context.Context, b store.Batch) (rows []store.EventEntry, err error) {
	for _, seq := range b.Seqs {
		e, err := c.store.Event(ctx, seq)
		if errors.Is(err, store.ErrRemoved) {
			e = store.EventEntry{Seq: seq, Emptied: store.EmptiedPruned}
			if i := slices.IndexFunc(b.Gone, func(g store.RowSum) bool { return g.Seq == seq }); i >= 0 {
				e.Sum = b.Gone[i].Sum
			}
		} else if err != nil {
			return nil, err
		}
		rows = append(rows, e)
	}
	return rows, nil
}

// proveRest adds what is proved of a body that cannot be made again, because the content of events in it was taken out.
func (c *collecting) proveRest(folder string, b store.Batch, a store.Attempt, rows []store.EventEntry, sum event.Hash, body *evidenceBody) {
	cannot := func(why string, args ...any) {
		c.unproven("%s: the bytes of attempt %d of batch %d cannot be made again, because an event in it was erased, pruned or is damaged%s.",
			folder, a.N, b.Number, fmt.Sprintf(why, args...))
	}
	i := slices.IndexFunc(b.Proofs, func(p store.Proof) bool { return p.Body == a.BodySHA256 })
	if i < 0 {
		cannot("")
		return
	}
	p := &b.Proofs[i]
	body.Entry = p.Audit
	switch {
	case !p.Proves():
		cannot(", and before that its events did not make them any more, as entry %d of the audit log says", p.Audit)
		return
	case p.Events != len(rows):
		cannot("; entry %d of the audit log is of its %d events, and some of them left the batch since", p.Audit, p.Events)
		return
	}
	sums, list := sumsOf(rows)
	if store.SumOver(sums) != p.Sums {
		cannot(", and the events that are left are not those that entry %d of the audit log is of: one of them was changed", p.Audit)
		return
	}
	body.Sums = fmt.Sprintf("%x", p.Sums)
	body.Name = fmt.Sprintf("%s/batch-%d-attempt-%d-sums", folder, b.Number, a.N)
	body.Holds = slices.Contains(sums, sum)
	c.add(body.Name, bytes.Join(slicesOf(sums), nil))
	c.add(body.Name+".txt", list)
}

// sumsOf are the sums of events in order of their rows, and a list of them for people.
func sumsOf(rows []store.EventEntry) (sums []event.Hash, list []byte) {
	rows = slices.Clone(rows)
	slices.SortFunc(rows, func(a, b store.EventEntry) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, r := range rows {
		var e event.Event
		sum, what := r.Sum, r.Emptied.String()
		if r.Emptied == store.NotEmptied && e.DecodeBinary(r.Payload) == nil {
			sum, what = e.Sum(), "whole"
		}
		sums = append(sums, sum)
		list = fmt.Appendf(list, "%x  row %d  %s  %s\n", sum, r.Seq, what, r.EventID)
	}
	return sums, list
}

func slicesOf(sums []event.Hash) [][]byte {
	all := make([][]byte, len(sums))
	for i := range sums {
		all[i] = sums[i][:]
	}
	return all
}
