package uploader

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/sandbox"
)

// putFrom imports rows as one file of a source.
func (h *house) putFrom(source string, rows ...store.NewRow) {
	h.Helper()
	ctx, now := h.Context(), time.Now()
	h.rows++
	f, err := h.db.OpenFile(ctx, store.NewFile{Name: fmt.Sprintf("%d.csv", h.rows), Source: source,
		SHA256: sha256.Sum256(fmt.Append(nil, "from", h.rows)), Mapping: "m"}, now)
	if err != nil {
		h.Fatal(err)
	}
	c := store.Chunk{First: 1}
	for i, r := range rows {
		c.Records = append(c.Records, store.Record{Line: uint64(i + 2), Rows: []store.NewRow{r}})
	}
	if _, err := h.db.Import(ctx, f.Number, c, now); err != nil {
		h.Fatal(err)
	}
	if _, err := h.db.CloseFile(ctx, f.Number, store.FileEnd{State: store.FileImported}, now); err != nil {
		h.Fatal(err)
	}
}

func some(prefix string, n int, make func(string, time.Time) store.NewRow) []store.NewRow {
	var rows []store.NewRow
	for i := range n {
		rows = append(rows, make(fmt.Sprintf("%s-%d", prefix, i), time.Now()))
	}
	return rows
}

// worthless makes a row that is found wrong here.
func worthless(id string, now time.Time) store.NewRow {
	e := sale(id, now.Add(-time.Hour))
	e.Custom.Value = event.Money{}
	return row(shop, e, now.Add(6*day))
}

// halts is what is halted.
func (h *house) halts() []store.Halt {
	h.Helper()
	halts, err := h.db.Halts(h.Context())
	if err != nil {
		h.Fatal(err)
	}
	return halts
}

func TestIsolation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		change   func(*Config)
		put      func(h *house)
		halted   string
		says     []string
		accepted int
		rejected int
		pending  int
	}{
		{"every event of one of two sources", nil, func(h *house) {
			h.putFrom("deals", some("d", 400, bad)...)
			h.putFrom("tills", some("t", 400, good)...)
		}, "deals", []string{`column "Close Date" of source deals; 26 of 400 events`, "100/2804003"}, 400, 26, 374},
		{"every event of the only source", nil, func(h *house) { h.putFrom("deals", some("d", 1000, bad)...) },
			"deals", []string{"26 of 1000 events"}, 0, 0, 1000},
		{"wrong as we know it", nil, func(h *house) {
			h.putFrom("deals", some("d", 60, worthless)...)
			h.putFrom("tills", some("t", 60, good)...)
		}, "deals", []string{"of source deals: 26 of 60 events", "value_missing"}, 60, 26, 34},
		{"one event a request", func(c *Config) { c.BatchEvents, c.InFlight = 1, 1 }, func(h *house) {
			h.putFrom("deals", some("d", 40, bad)...)
			h.putFrom("tills", some("t", 5, good)...)
		}, "deals", nil, 5, 26, 14},
		{"small batches", func(c *Config) { c.BatchEvents, c.InFlight = 10, 1 }, func(h *house) {
			for i := range 10 {
				h.putFrom("tills", some(fmt.Sprint("t", i), 1, good)...)
				h.putFrom("deals", some(fmt.Sprint("d", i), 9, bad)...)
			}
		}, "deals", nil, 10, 26, 64},
		{"as many as may be", nil, func(h *house) {
			h.putFrom("deals", some("d", maxBad, bad)...)
			h.putFrom("tills", some("t", 60, good)...)
		}, "", nil, 60, maxBad, 0},
		{"two sources, none of them too often", nil, func(h *house) {
			h.putFrom("deals", some("d", 20, bad)...)
			h.putFrom("tills", some("t", 20, bad)...)
			h.putFrom("good", some("g", 60, good)...)
		}, "", nil, 60, 40, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.config.Column = func(source, member string) string {
					if source == "deals" && member == "event_time" {
						return "Close Date"
					}
					return ""
				}
				if c.change != nil {
					c.change(&h.config)
				}
				c.put(h)
				got := h.upload()
				t.Logf("%d requests, %+v", got.Requests, got.Halted)
				if got.Stopped != nil {
					h.Errorf("stopped: %+v", got.Stopped)
				}
				want := []any{}
				for s, n := range map[store.State]int{store.StateAcknowledged: c.accepted, store.StateRejected: c.rejected, store.StatePending: c.pending} {
					want = append(want, s, n)
				}
				h.want(want...)
				halts := h.halts()
				if c.halted == "" {
					if len(halts)+len(got.Halted) > 0 {
						h.Errorf("halts are %+v", halts)
					}
					h.check()
					return
				}
				if len(halts) != 1 || halts[0].HaltKey != (store.HaltKey{Kind: store.HaltSource, Source: c.halted}) || halts[0].Events != uint64(c.pending) {
					h.Fatalf("halts are %+v", halts)
				}
				if len(got.Halted) != 1 || got.Halted[0].Reason != halts[0].Reason {
					h.Errorf("the summary says %+v", got.Halted)
				}
				for _, text := range append(c.says, "This looks like a wrong mapping") {
					if !strings.Contains(halts[0].Reason, text) {
						h.Errorf("the reason is %q, want %q in it", halts[0].Reason, text)
					}
				}
				requests := h.meta.Stats().Requests
				h.putFrom(c.halted, some("later", 3, good)...)
				if h.upload(); h.meta.Stats().Requests != requests {
					h.Error("what is halted is sent")
				}
				if s := h.meta.Stats(); s.Duplicates != 0 {
					h.Errorf("the sandbox saw %+v", s)
				}
				h.check()
			})
		})
	}
}

// Events of several sources that are all refused say nothing about one mapping: the dataset stops, as the account may be at fault.
func TestSeveralSourcesRefused(t *testing.T) {
	inBubble(t, func(h *house) {
		for i := range 4 {
			h.putFrom(fmt.Sprint("source", i), some(fmt.Sprint(i), 10, bad)...)
		}
		got := h.upload()
		if got.Stopped == nil || got.Stopped.Class != "invalid_event" || len(got.Halted) > 0 {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StatePending, 40)
		h.check()
	})
}

// A probe that fails says that the account is at fault and not the source.
func TestNoIsolationWhenTheProbeFails(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putFrom("deals", some("d", 60, bad)...)
		h.wire.set(func(r *http.Request) error {
			if r.ContentLength < 100 {
				h.fault(sandbox.FaultAuth)
			}
			return nil
		}, nil)
		got := h.upload()
		if got.Stopped == nil || got.Stopped.Class != "credentials" || got.Rejected > 0 || len(h.halts()) > 0 {
			h.Errorf("summary %+v", got)
		}
		h.check()
	})
}

// What may have arrived stays itself when its source is halted.
func TestIsolationKeepsWhatMayHaveArrived(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putFrom("deals", some("d", 60, bad)...)
		h.fault(sandbox.FaultCutAfter)
		got := h.upload()
		if len(got.Halted) != 1 || got.Rejected != 0 || got.Stopped != nil {
			h.Errorf("summary %+v", got)
		}
		h.want(store.StateInFlight, 60)
		time.Sleep(40 * time.Hour)
		h.putFrom("tills", some("t", 3, good)...)
		h.upload()
		h.want(store.StateHeld, 60, store.StateAcknowledged, 3)
		h.check()
	})
}

// weak is a store that fails to conclude, as a process does that dies after it halted a source.
type weak struct{ Outbox }

func (w *weak) Conclude(context.Context, store.Settlement, time.Time) (store.Batch, error) {
	return store.Batch{}, errPlug
}

// A process that dies between halting a source and putting its events back leaves that to the next one.
func TestIsolationCutOff(t *testing.T) {
	t.Parallel()
	for name, others := range map[string]int{"nothing else": 0, "others in the batch": 100} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				h.putFrom("deals", some("d", 60, bad)...)
				if others > 0 {
					h.putFrom("tills", some("t", others, good)...)
				}
				h.config.Store = &weak{h.db}
				if _, err := h.uploader().Upload(h.Context()); !errors.Is(err, errPlug) {
					h.Fatalf("upload: %v", err)
				}
				if halts := h.halts(); len(halts) != 1 {
					h.Fatalf("halts are %+v", halts)
				}
				h.die()
				requests := h.meta.Stats().Requests
				got := h.upload()
				if got.Stopped != nil || got.Rejected > 0 || h.meta.Stats().Requests > requests+others {
					h.Errorf("summary %+v", got)
				}
				states := h.states()
				if states[store.StateAcknowledged] != others || states[store.StatePending]+states[store.StateRejected] != 60 {
					h.Errorf("states are %v", states)
				}
				h.check()
			})
		})
	}
}

// Somebody who allows the source takes the refusals: it goes on, and is halted again only after as many.
func TestAllowedSourceGoesOn(t *testing.T) {
	inBubble(t, func(h *house) {
		h.putFrom("deals", some("d", 60, bad)...)
		h.putFrom("tills", some("t", 60, good)...)
		h.upload()
		before := h.states()[store.StateRejected]
		if _, err := h.db.Allow(h.Context(), store.HaltKey{Kind: store.HaltSource, Source: "deals"}, "anna", time.Now()); err != nil {
			h.Fatal(err)
		}
		h.putFrom("deals", some("good", 60, good)...)
		h.upload()
		if now := h.states(); now[store.StateRejected] <= before {
			h.Errorf("%d events are rejected, %d were", now[store.StateRejected], before)
		}
		h.check()
	})
}
