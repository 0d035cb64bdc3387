package bolt

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// Settle records how the last attempt of a batch ended and what follows from it.
func (d *DB) Settle(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	batch, err := d.journalled(ctx, func(t *txn) (func() (store.Batch, error), error) {
		b, err := t.batch(s.Batch)
		if err != nil {
			return nil, err
		}
		if b.State != store.BatchSending || len(b.Attempts) == 0 {
			return nil, fmt.Errorf("%w: the batch is %s", store.ErrStale, b.State)
		}
		b.end(s, now)
		if err := t.concludable(b, s, now); err != nil {
			return nil, err
		}
		return func() (store.Batch, error) { return t.conclude(b, s, now, "batch_settled") }, nil
	})
	if err != nil {
		return store.Batch{}, fmt.Errorf("settle batch %d: %w", s.Batch, err)
	}
	return batch, nil
}

// end fills in the last attempt.
func (b *batchRecord) end(s store.Settlement, now time.Time) {
	last := &b.Attempts[len(b.Attempts)-1]
	a := s.Attempt
	a.N, a.StartedAt, a.BodySHA256, a.Events = last.N, last.StartedAt, last.BodySHA256, last.Events
	if a.EndedAt.IsZero() {
		a.EndedAt = now
	}
	a.EndedAt = stored(a.EndedAt)
	*last = a
	if s.MaybeSent {
		b.maybeSent()
	}
}

// maybeSent counts the last attempt as one that may have arrived.
func (b *batchRecord) maybeSent() {
	b.MaybeAttempts++
	if b.FirstMaybeAt.IsZero() {
		b.FirstMaybeAt = b.Attempts[len(b.Attempts)-1].StartedAt
	}
}

// Conclude ends a batch that is not being sent: as held, released, split or expired.
func (d *DB) Conclude(ctx context.Context, s store.Settlement, now time.Time) (store.Batch, error) {
	batch, err := d.journalled(ctx, func(t *txn) (func() (store.Batch, error), error) {
		b, err := t.batch(s.Batch)
		if err != nil {
			return nil, err
		}
		if b.State != store.BatchReady && b.State != store.BatchUnknown {
			return nil, fmt.Errorf("%w: the batch is %s", store.ErrStale, b.State)
		}
		switch s.Verdict {
		case store.VerdictHeld, store.VerdictReleased, store.VerdictSplit, store.VerdictExpired:
		default:
			return nil, fmt.Errorf("a batch that is not being sent cannot end with verdict %d", s.Verdict)
		}
		if err := t.concludable(b, s, now); err != nil {
			return nil, err
		}
		return func() (store.Batch, error) { return t.conclude(b, s, now, "batch_concluded") }, nil
	})
	if err != nil {
		return store.Batch{}, fmt.Errorf("conclude batch %d: %w", s.Batch, err)
	}
	return batch, nil
}

var (
	errMaybeSent = errors.New("an attempt may have arrived; it may be sent again only as itself")
	errNeverSent = errors.New("no attempt may have arrived; its events need not wait")
)

// concludable validates a verdict against its batch.
func (t *txn) concludable(b *batchRecord, s store.Settlement, now time.Time) error {
	if err := t.holds(b); err != nil {
		return err
	}
	maybe := !b.FirstMaybeAt.IsZero()
	switch s.Verdict {
	case store.VerdictAcknowledged:
		return nil
	case store.VerdictReleased, store.VerdictReady:
		if maybe {
			return errMaybeSent
		}
		return nil
	case store.VerdictUnknown, store.VerdictHeld:
		if !maybe {
			return errNeverSent
		}
		return nil
	case store.VerdictRejected:
		if len(b.Seqs) != 1 {
			return fmt.Errorf("only a batch of one event can be rejected, this one has %d", len(b.Seqs))
		}
		return nil
	case store.VerdictSplit:
		return checkChildren(s.Children, s.Apart, len(b.Seqs))
	case store.VerdictExpired:
		return t.allExpired(b.Seqs, now)
	}
	return fmt.Errorf("there is no verdict %d", s.Verdict)
}

func checkChildren(sizes, apart []int, events int) error {
	for i, at := range apart {
		if at < 0 || at >= events || i > 0 && at <= apart[i-1] {
			return fmt.Errorf("index %d cannot be set apart in a batch of %d", at, events)
		}
	}
	sum := 0
	for _, n := range sizes {
		if n < 1 || n > events {
			return fmt.Errorf("a child of %d events cannot be cut from a batch of %d", n, events)
		}
		sum += n
	}
	if sum != events || len(sizes) < 2 {
		return fmt.Errorf("%d children with %d events do not divide a batch of %d", len(sizes), sum, events)
	}
	return nil
}

func (t *txn) allExpired(seqs []uint64, now time.Time) error {
	for _, seq := range seqs {
		b, at, err := t.cell(seq)
		if err != nil {
			return err
		}
		if b.deadlines[at] > now.Unix() {
			return fmt.Errorf("%w: the deadline of event %d has not passed", store.ErrStale, seq)
		}
	}
	return nil
}

// conclude carries a validated verdict out.
func (t *txn) conclude(b *batchRecord, s store.Settlement, now time.Time, kind string) (store.Batch, error) {
	b.NextTry = time.Time{}
	var err error
	switch s.Verdict {
	case store.VerdictAcknowledged:
		err = t.finish(b, store.BatchAcknowledged, store.StateAcknowledged, b.reliedFlag(s.MaybeSent))
	case store.VerdictReleased:
		err = t.finish(b, store.BatchReleased, store.StatePending, 0)
	case store.VerdictReady:
		b.State = store.BatchReady
	case store.VerdictUnknown:
		b.State, b.NextTry = store.BatchUnknown, stored(s.NextTry)
	case store.VerdictHeld:
		err = t.finish(b, store.BatchHeld, store.StateHeld, flagPossiblySent)
	case store.VerdictExpired:
		err = t.finish(b, store.BatchExpired, store.StateExpired, b.sentFlag())
	case store.VerdictRejected:
		if err = t.finish(b, store.BatchRejected, store.StateRejected, b.sentFlag()); err == nil {
			err = t.putRefusal(b.Seqs[0], refusal{s.Reason, s.Attempt.Code, s.Attempt.Subcode})
		}
	case store.VerdictSplit:
		err = t.split(b, s.Children, s.Apart, now)
	}
	if err != nil {
		return store.Batch{}, err
	}
	if err := t.putBatch(b); err != nil {
		return store.Batch{}, err
	}
	if err := t.audit(now, kind, b.detail()); err != nil || s.Verdict != store.VerdictReleased {
		return b.Batch, err
	}
	return b.Batch, t.retractReleased(b.Seqs, now)
}

// reliedFlag marks rows that are acknowledged after an earlier attempt that may have arrived. maybe says that the last
// attempt was counted as one, too.
func (b *batchRecord) reliedFlag(maybe bool) uint8 {
	earlier := b.MaybeAttempts
	if maybe {
		earlier--
	}
	if earlier > 0 {
		return flagPossiblySent
	}
	return 0
}

func (t *txn) finish(b *batchRecord, bs store.BatchState, s store.State, flags uint8) error {
	b.State = bs
	return t.assign(b.Seqs, s, b.Number, flags)
}

// split cuts a batch into children, which inherit what may have arrived.
func (t *txn) split(b *batchRecord, sizes, apart []int, now time.Time) error {
	b.State = store.BatchSplit
	rest := b.Seqs
	if len(apart) > 0 {
		rest = make([]uint64, 0, len(b.Seqs))
		for i, seq := range b.Seqs {
			if !slices.Contains(apart, i) {
				rest = append(rest, seq)
			}
		}
		for _, i := range apart {
			rest = append(rest, b.Seqs[i])
		}
	}
	for _, n := range sizes {
		child := &batchRecord{dataset: b.dataset, Batch: store.Batch{Parent: b.Number, Dataset: b.Dataset,
			State: store.BatchReady, Seqs: rest[:n:n], FirstMaybeAt: b.FirstMaybeAt, MaybeAttempts: b.MaybeAttempts}}
		if err := t.addBatch(child, now); err != nil {
			return err
		}
		if err := t.assign(child.Seqs, store.StateInFlight, child.Number, 0); err != nil {
			return err
		}
		b.Children = append(b.Children, child.Number)
		rest = rest[n:]
	}
	return nil
}

// detail describes a batch for the audit log.
func (b *batchRecord) detail() string {
	s := fmt.Sprintf("batch %d of dataset %s, %d events, %s", b.Number, b.Dataset, len(b.Seqs), b.State)
	if n := len(b.Attempts); n > 0 {
		a := &b.Attempts[n-1]
		s += fmt.Sprintf("; attempt %d ended %s, HTTP %d, received %d, body %x", a.N, a.End, a.HTTPStatus, a.EventsReceived, a.BodySHA256)
	}
	if len(b.Children) > 0 {
		s += fmt.Sprintf("; children %v", b.Children)
	}
	return s
}

// refusal is why Meta refused an event.
type refusal struct {
	reason        event.Reason
	code, subcode int
}

func (t *txn) putRefusal(seq uint64, r refusal) error {
	reason, err := t.reasonNumber(r.reason)
	if err != nil {
		return err
	}
	v := appendInt(appendInt(appendUint(unsealed(12), reason), int64(r.code)), int64(r.subcode))
	return t.put(refusalsBucket, numberKey(seq), v)
}

func (t *txn) refusal(seq uint64) (r refusal, err error) {
	key := numberKey(seq)
	body, err := t.get(refusalsBucket, key)
	if err != nil {
		return r, err
	}
	d := decoder{b: body}
	reason := d.uint()
	r.code, r.subcode = int(d.int()), int(d.int())
	if !d.done() {
		return r, damaged(refusalsBucket, key)
	}
	text, err := t.text(reasonName, uint32(reason))
	r.reason = event.Reason(text)
	return r, err
}

// Recover makes every batch that was being sent when the process ended unknown.
func (d *DB) Recover(ctx context.Context, now time.Time) (batches []store.Batch, err error) {
	err = d.change(ctx, func(t *txn) error {
		batches = nil
		open, err := t.openBatches(nil)
		if err != nil {
			return err
		}
		var numbers []uint64
		for _, b := range open {
			if b.State != store.BatchSending {
				continue
			}
			b.Attempts[len(b.Attempts)-1].End = store.EndLost
			b.maybeSent()
			b.State = store.BatchUnknown
			if err := t.putBatch(b); err != nil {
				return err
			}
			numbers, batches = append(numbers, b.Number), append(batches, b.Batch)
		}
		if len(numbers) == 0 {
			return nil
		}
		return t.audit(now, "recovered", fmt.Sprintf("batches %v were being sent when the program ended", numbers))
	})
	if err != nil {
		return nil, fmt.Errorf("recover batches that were being sent: %w", err)
	}
	return batches, nil
}
