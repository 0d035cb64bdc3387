package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"capibara/store"
)

func datasetKey(n uint16) []byte { return binary.BigEndian.AppendUint16(nil, n) }

// Circuit returns the circuit of a dataset.
func (d *DB) Circuit(ctx context.Context, dataset string) (c store.Circuit, err error) {
	err = d.read(ctx, func(t *txn) error {
		c, err = t.circuit(dataset)
		return err
	})
	if err != nil {
		return store.Circuit{}, fmt.Errorf("read the circuit of dataset %s: %w", dataset, err)
	}
	return c, nil
}

func (t *txn) circuit(dataset string) (store.Circuit, error) {
	none := store.Circuit{Dataset: dataset}
	n, ok, err := t.dataset(dataset)
	if !ok || err != nil {
		return none, err
	}
	body, err := t.get(circuitsBucket, datasetKey(n))
	if body == nil || err != nil {
		return none, err
	}
	d := decoder{b: body}
	c := store.Circuit{Dataset: dataset, State: store.CircuitState(d.byte()), Class: d.text(), Reason: d.text(),
		Code: int(d.int()), Subcode: int(d.int()), Since: d.time(), Until: d.time(), Failures: int(d.int()),
		TokenSum: d.text()}
	if !d.done() {
		return none, damaged(circuitsBucket, datasetKey(n))
	}
	return c, nil
}

// SetCircuit replaces the circuit of c.Dataset.
func (d *DB) SetCircuit(ctx context.Context, c store.Circuit, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		before, err := t.circuit(c.Dataset)
		if err != nil {
			return err
		}
		n, err := t.addDataset(c.Dataset)
		if err != nil {
			return err
		}
		v := appendText(appendText(append(unsealed(64+len(c.Reason)), byte(c.State)), c.Class), c.Reason)
		v = appendTime(appendTime(appendInt(appendInt(v, int64(c.Code)), int64(c.Subcode)), c.Since), c.Until)
		v = appendText(appendInt(v, int64(c.Failures)), c.TokenSum)
		if err := t.put(circuitsBucket, datasetKey(n), v); err != nil {
			return err
		}
		if before.State == c.State {
			return nil
		}
		detail := fmt.Sprintf("circuit of dataset %s is %s", c.Dataset, c.State)
		if c.State == store.CircuitOpen {
			detail += fmt.Sprintf(": %s, code %d, subcode %d; %s", c.Class, c.Code, c.Subcode, c.Reason)
		}
		return t.audit(now, "circuit", detail)
	})
	if err != nil {
		return fmt.Errorf("set the circuit of dataset %s: %w", c.Dataset, err)
	}
	return nil
}

// Live reports whether a person has allowed sending to the dataset.
func (d *DB) Live(ctx context.Context, dataset string) (live bool, err error) {
	err = d.read(ctx, func(t *txn) error {
		n, ok, err := t.dataset(dataset)
		if !ok || err != nil {
			return err
		}
		body, err := t.get(liveBucket, datasetKey(n))
		live = body != nil
		return err
	})
	if err != nil {
		return false, fmt.Errorf("read whether dataset %s is live: %w", dataset, err)
	}
	return live, nil
}

// GoLive records that a person, named by, allowed sending to the dataset.
func (d *DB) GoLive(ctx context.Context, dataset, by string, now time.Time) error {
	err := d.change(ctx, func(t *txn) error {
		if by == "" {
			return errors.New("nobody is named who allowed it")
		}
		n, err := t.addDataset(dataset)
		if err != nil {
			return err
		}
		if err := t.put(liveBucket, datasetKey(n), appendTime(appendText(unsealed(16+len(by)), by), now)); err != nil {
			return err
		}
		return t.audit(now, "go_live", fmt.Sprintf("sending to dataset %s was allowed by %s", dataset, by))
	})
	if err != nil {
		return fmt.Errorf("allow sending to dataset %s: %w", dataset, err)
	}
	return nil
}

// LastRun returns the last run of a schedule; the zero Run when there was none.
func (d *DB) LastRun(ctx context.Context, schedule string) (r store.Run, err error) {
	err = d.read(ctx, func(t *txn) error {
		body, err := t.get(runsBucket, runKey(schedule))
		if body == nil || err != nil {
			return err
		}
		dec := decoder{b: body}
		r = store.Run{ScheduledAt: dec.time(), StartedAt: dec.time(), EndedAt: dec.time(), Summary: dec.text()}
		if !dec.done() {
			return damaged(runsBucket, runKey(schedule))
		}
		return nil
	})
	if err != nil {
		return store.Run{}, fmt.Errorf("read the last run of schedule %q: %w", schedule, err)
	}
	return r, nil
}

// SetRun records a run of a schedule.
func (d *DB) SetRun(ctx context.Context, schedule string, r store.Run) error {
	err := d.change(ctx, func(t *txn) error {
		v := appendTime(appendTime(appendTime(unsealed(40+len(r.Summary)), r.ScheduledAt), r.StartedAt), r.EndedAt)
		return t.put(runsBucket, runKey(schedule), appendText(v, r.Summary))
	})
	if err != nil {
		return fmt.Errorf("record a run of schedule %q: %w", schedule, err)
	}
	return nil
}

// runKey is never empty, which bbolt does not allow.
func runKey(schedule string) []byte { return append([]byte("schedule/"), schedule...) }
