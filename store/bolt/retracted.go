package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// refund is what the bucket retracted keeps of the refund of an event that is not there, or that is not going to be sent.
type refund struct {
	file, line, record uint64
	at                 time.Time
	amount             event.Money // absent for the whole
	currency           string
}

func (r *refund) encode() []byte {
	v := appendTime(appendUint(appendUint(unsealed(40), r.line), r.record), r.at)
	return appendText(appendText(v, r.amount.String()), r.currency)
}

// decodeRefund reads what is kept under a key, which is that of the event in ids with the number of the file behind it.
func decodeRefund(key, body []byte) (refund, bool) {
	if len(key) < idTail+8 {
		return refund{}, false
	}
	d := decoder{b: body}
	r := refund{file: binary.BigEndian.Uint64(key[len(key)-8:]), line: d.uint(), record: d.uint(), at: d.time()}
	r.amount = d.money()
	r.currency = d.text()
	return r, d.done()
}

// money reads an amount that was stored as text; "" is none.
func (d *decoder) money() event.Money {
	text := d.text()
	if text == "" {
		return event.Money{}
	}
	m, err := event.ParseMoney(text)
	if err != nil {
		d.fail()
	}
	return m
}

// refunds are those that files of a source brought about an event that could not be withdrawn then. One that is damaged must
// not stop a file: Check names it.
func (t *txn) refunds(key []byte, source string) []refund {
	var all []refund
	c := t.bucket(retractedBucket).Cursor()
	for k, v := c.Seek(key); bytes.HasPrefix(k, key); k, v = c.Next() {
		if len(k) != len(key)+8 {
			continue // an event_id that goes on with a zero byte
		}
		body, ok := unseal(k, v)
		r, whole := decodeRefund(k, body)
		if !ok || !whole {
			continue
		}
		if t.sourceOf(r.file) == source {
			all = append(all, r)
		}
	}
	return all
}

// remember keeps a refund until its event comes. Of two about one event in a file the greater counts. One that an earlier
// file brought is not kept again.
func (in *importing) remember(r *retraction) error {
	if r.Reason != event.ReasonRefunded {
		return nil
	}
	for _, k := range in.refunds(r.key, in.file.Source) {
		if !k.amount.Present() || k.amount == r.Refund && k.currency == r.Currency ||
			k.file == in.file.Number && r.Refund.Present() && r.Refund.Cmp(k.amount) <= 0 {
			return nil
		}
	}
	one := refund{line: in.chunk.Records[r.record].Line, record: in.chunk.First + uint64(r.record), at: in.now, amount: r.Refund, currency: r.Currency}
	return in.put(retractedBucket, appendKey(bytes.Clone(r.key), in.file.Number), one.encode())
}

// refundArrivals applies the refunds that came before their events: one of the whole withdraws the event as it arrives.
func (in *importing) refundArrivals() error {
	if k, _ := in.bucket(retractedBucket).Cursor().First(); k == nil {
		return nil
	}
	var files []uint64
	taken := map[uint64][]uint64{}
	for _, i := range in.order {
		a := &in.rows[i]
		if a.seq == 0 || a.Deadline <= in.now.Unix() {
			continue
		}
		refunds := in.refunds(a.key, in.file.Source)
		arrived := row{payload: a.Payload}
		for _, r := range refunds {
			if err := in.delete(retractedBucket, appendKey(bytes.Clone(a.key), r.file)); err != nil {
				return err
			}
			if a.taken == "" && wholeRefund(&arrived, r.amount, r.currency) {
				a.taken = event.ReasonRefunded
				if taken[r.file] == nil {
					files = append(files, r.file)
				}
				taken[r.file] = append(taken[r.file], a.seq)
			}
		}
		for _, r := range refunds {
			if a.taken != "" {
				break
			}
			err := in.disagree(store.Conflict{Seq: a.seq, Kind: store.ConflictRefunded, Fingerprint: retractionPrint(event.ReasonRefunded, r.amount, r.currency),
				File: r.file, Line: r.line, Record: r.record, Value: r.amount, Currency: r.currency})
			if err != nil {
				return err
			}
		}
	}
	for _, file := range files {
		if err := in.takeBack(file, event.ReasonRefunded, taken[file], in.now); err != nil {
			return err
		}
	}
	return nil
}

// refundedSince reports whether all that an event was worth was given back while it was not going to be sent. An event that
// cannot be told is never sent.
func (t *txn) refundedSince(seq uint64) (bool, error) {
	if k, _ := t.bucket(retractedBucket).Cursor().First(); k == nil {
		return false, nil
	}
	r, err := t.row(seq)
	if errors.Is(err, store.ErrCorrupt) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	key := appendIDKey(nil, r.eventID, r.dataset, r.name)
	return slices.ContainsFunc(t.refunds(key, t.sourceOf(r.file)), func(one refund) bool {
		return wholeRefund(&r, one.amount, one.currency)
	}), nil
}

// allRefunds verifies the refunds whose events are not there.
func (c *checker) allRefunds() error {
	if c.bucket(retractedBucket) == nil {
		return nil
	}
	files, err := c.lastFile()
	if err != nil {
		return c.damage(err)
	}
	return c.each(retractedBucket, func(key, body []byte) error {
		r, ok := decodeRefund(key, body)
		if !ok || r.file == 0 || r.file > files {
			return damaged(retractedBucket, key)
		}
		return nil
	})
}
