package uploader

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"capibara/event"
	"capibara/store"
)

// DryRun is what a pass would send now, if every dataset took it.
type DryRun struct {
	Datasets []DryDataset `json:"datasets"`
}

// DryDataset is the part of one dataset.
type DryDataset struct {
	Alias    string            `json:"alias"`
	ID       string            `json:"id"`
	Live     bool              `json:"live"`    // a pass would send to it; false until a person allows it
	Stopped  string            `json:"stopped"` // why a circuit keeps it from sending, "" when none does
	Events   int               `json:"events"`  // that would be sent in new batches
	Batches  int               `json:"batches"`
	Bytes    int64             `json:"bytes"`    // of the events as JSON
	Open     int               `json:"open"`     // batches of an earlier pass that await an end and come first
	Expiring int               `json:"expiring"` // pending events that are too late and would expire
	Waiting  int               `json:"waiting"`  // pending events whose time has not come
	Halted   int               `json:"halted"`   // pending events that wait until somebody allows them
	Wrong    int               `json:"wrong"`    // events that would be rejected here, without being sent
	Names    []DryName         `json:"event_names"`
	Sums     []DrySum          `json:"sums"`
	Samples  []json.RawMessage `json:"samples"` // the first three events as they would be sent
}

// DryName counts the events of one event_name.
type DryName struct {
	EventName string `json:"event_name"`
	Events    int    `json:"events"`
}

// DrySum adds up the values of the events of one event_name in one currency.
type DrySum struct {
	EventName string `json:"event_name"`
	Currency  string `json:"currency"`
	Events    int    `json:"events"`
	Sum       string `json:"sum"`
}

const (
	dryPage    = 20_000 // rows read at once
	drySamples = 3
)

// DryRun says what a pass would send now. It sends nothing and changes nothing.
func (u *Uploader) DryRun(ctx context.Context) (DryRun, error) {
	now := u.c.Now()
	counts, err := u.c.Store.Counts(ctx, now)
	if err != nil {
		return DryRun{}, fmt.Errorf("count what is pending: %w", err)
	}
	run := DryRun{Datasets: []DryDataset{}}
	for _, d := range u.c.Datasets {
		var of store.DatasetCounts
		for _, c := range counts.Datasets {
			if c.Dataset == d.ID {
				of = c
			}
		}
		dry, err := u.dryDataset(ctx, d, of, now)
		if err != nil {
			return DryRun{}, err
		}
		run.Datasets = append(run.Datasets, dry)
	}
	return run, nil
}

func (u *Uploader) dryDataset(ctx context.Context, d Dataset, counts store.DatasetCounts, now time.Time) (DryDataset, error) {
	dry := DryDataset{Alias: d.Alias, ID: d.ID, Live: d.Live, Open: int(counts.Open), Expiring: int(counts.Expiring)}
	if !d.Live {
		var err error
		if dry.Live, err = u.c.Store.Live(ctx, d.ID); err != nil {
			return dry, fmt.Errorf("look up whether %s may be sent to: %w", d.Alias, err)
		}
	}
	circuit, err := u.c.Store.Circuit(ctx, d.ID)
	if err != nil {
		return dry, fmt.Errorf("read the circuit of %s: %w", d.Alias, err)
	}
	if circuit.State == store.CircuitOpen {
		dry.Stopped = circuit.Reason
	}
	t := dryTally{u: u, now: now, dry: &dry, names: map[string]int{}, sums: map[[2]string]*dryTotal{}}
	seen := map[uint64]bool{}
	for {
		rows, err := u.c.Store.Plan(ctx, store.PlanQuery{Dataset: d.ID, Now: now, Limit: dryPage, Skip: seen})
		if err != nil {
			return dry, fmt.Errorf("plan for %s: %w", d.Alias, err)
		}
		if len(rows) == 0 {
			break
		}
		for _, row := range rows {
			seen[row.Seq] = true
			t.add(row)
		}
	}
	t.close()
	if dry.Halted, err = u.haltedOf(ctx, d, now); err != nil {
		return dry, err
	}
	dry.Waiting = max(0, int(counts.Events[store.StatePending])-len(seen)-dry.Expiring-dry.Halted)
	return dry, nil
}

// haltedOf counts the pending events of a dataset that are halted and not too late.
func (u *Uploader) haltedOf(ctx context.Context, d Dataset, now time.Time) (int, error) {
	halts, err := u.c.Store.Halts(ctx)
	if err != nil {
		return 0, fmt.Errorf("list what is halted: %w", err)
	}
	if !slices.ContainsFunc(halts, func(h store.Halt) bool { return h.Events > 0 }) {
		return 0, nil // most of the time: else every event is looked at
	}
	t, err := u.c.Store.Expiring(ctx, d.ID, now, now.AddDate(1, 0, 0))
	if err != nil {
		return 0, fmt.Errorf("count what is halted of %s: %w", d.Alias, err)
	}
	return int(t.Halted), nil
}

// dryTally adds up the rows of one dataset.
type dryTally struct {
	u     *Uploader
	now   time.Time
	dry   *DryDataset
	b     builder
	names map[string]int
	sums  map[[2]string]*dryTotal // by event_name and currency
	batch int                     // events of the batch that is being filled
	bytes int                     // of them
}

type dryTotal struct {
	events int
	sum    event.Sum
}

func (t *dryTally) add(row store.Row) {
	if p, bad := t.b.wrong(row, t.now, checked); bad {
		if p.Reason != event.ReasonEventTimeFuture {
			t.dry.Wrong++
		}
		return
	}
	e := &t.b.event
	t.b.json = e.AppendJSON(t.b.json[:0])
	size := len(t.b.json)
	if t.batch == t.u.c.BatchEvents || t.batch > 0 && t.bytes+size+t.batch > t.u.c.BatchBytes-bodyMargin {
		t.batch, t.bytes = 0, 0
	}
	if t.batch == 0 {
		t.dry.Batches++
	}
	t.batch++
	t.bytes += size
	t.dry.Events++
	t.dry.Bytes += int64(size)
	t.names[e.Name]++
	if len(t.dry.Samples) < drySamples {
		t.dry.Samples = append(t.dry.Samples, slices.Clone(t.b.json))
	}
	if !e.Custom.Value.Present() {
		return
	}
	key := [2]string{e.Name, e.Custom.Currency}
	total := t.sums[key]
	if total == nil {
		total = &dryTotal{}
		t.sums[key] = total
	}
	total.events++
	total.sum.Add(e.Custom.Value)
}

// close writes the tallies down in a fixed order.
func (t *dryTally) close() {
	t.dry.Names, t.dry.Sums = []DryName{}, []DrySum{}
	for name, n := range t.names {
		t.dry.Names = append(t.dry.Names, DryName{name, n})
	}
	for key, total := range t.sums {
		t.dry.Sums = append(t.dry.Sums, DrySum{key[0], key[1], total.events, total.sum.String()})
	}
	slices.SortFunc(t.dry.Names, func(a, b DryName) int { return cmp.Compare(a.EventName, b.EventName) })
	slices.SortFunc(t.dry.Sums, func(a, b DrySum) int {
		return cmp.Or(cmp.Compare(a.EventName, b.EventName), cmp.Compare(a.Currency, b.Currency))
	})
}
