package main

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader"

	"github.com/rs/zerolog"
)

func TestRetentionCheck(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ text, says string }{
		"what is usual":             {"files: 30d", ""},
		"everything for ever":       {"files: 0s, payload: 0s, history: 0s", ""},
		"the least":                 {"files: 1d, payload: 90d, history: 90d", ""},
		"contents with their event": {"payload: 0s, history: 1y", ""},
		"files go at once":          {"files: 1h", "retention.files is 1h; use 1d or more"},
		"contents too early":        {"payload: 89d", "retention.payload is 89d; use 90d or more"},
		"events too early":          {"payload: 0s, history: 89d", "retention.history is 89d; use 90d or more"},
		"contents after the event":  {"history: 1y", "so write retention.payload: 1y or less"},
	} {
		c, err := parseConfig([]byte("retention: {" + tc.text + "}"))
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Retention.check(); (err == nil) != (tc.says == "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if leastPayload < event.MaxAgePhysicalStore+24*time.Hour {
		t.Error("an event may wait for longer than its content is kept at least")
	}
}

// TestPruneLedger takes out what is old, but not during an upload nor by a clock that is in doubt, and tells what has to stay.
func TestPruneLedger(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	a := &app{stdout: io.Discard, stderr: io.Discard, now: time.Now, homeFlag: h.dir}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	var said bytes.Buffer
	l, err := a.openLocal(t.Context(), c, "run", toAct, zerolog.New(&said))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	now := time.Now()
	l.now = func() time.Time { return now.AddDate(8, 0, 0) }
	f, err := l.db.OpenFile(t.Context(), store.NewFile{Name: "a.csv", Source: "deals"}, now)
	if err != nil {
		t.Fatal(err)
	}
	e := event.Event{Name: "Purchase", ID: "a", Time: now.Unix(), ActionSource: event.SourcePhysicalStore}
	row := func(id string, deadline time.Time) store.Record {
		return store.Record{Rows: []store.NewRow{{Dataset: "1234567890", EventID: id, EventName: e.Name, EventTime: e.Time, Deadline: deadline.Unix(), Payload: e.AppendBinary(nil)}}}
	}
	records := []store.Record{row("late", now), row("waits", now.Add(time.Hour)), row("late too", now)}
	if _, err := l.db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
		t.Fatal(err)
	}
	skewed := store.Circuit{Dataset: "1234567890", State: store.CircuitOpen, Class: uploader.ClassClockSkew}
	for _, step := range []struct {
		name    string
		circuit store.Circuit
		want    store.Pruned
	}{
		{"by a clock that is in doubt", skewed, store.Pruned{}},
		{"up to one that waits", store.Circuit{Dataset: "1234567890"}, store.Pruned{Removed: 1, Emptied: 1, Stays: 2}},
	} {
		if err := l.db.SetCircuit(t.Context(), step.circuit, now); err != nil {
			t.Fatal(err)
		}
		if got, err := l.pruneLedger(t.Context()); err != nil || got != step.want {
			t.Errorf("%s: %+v, %v, want %+v", step.name, got, err, step.want)
		}
	}
	l.tellStays(t.Context(), 2)
	if !strings.Contains(said.String(), "`capibara show event waits`") || !strings.Contains(said.String(), "has no end yet") {
		t.Errorf("it says %s", said.String())
	}
	l.passing.Lock()
	defer l.passing.Unlock()
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.pruneLedger(over); err == nil {
		t.Error("it prunes while an upload is under way")
	}
}
