package uploader

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/capi"
)

// answer is how a request ends.
type answer struct {
	name   string
	cut    bool // no answer comes
	unread bool // nor did the request leave
	takes  bool // Meta keeps the events
	status int
	body   string // %d is the number of events, less short
	short  int
	off    time.Duration // of Meta's clock
}

// The ends of a request with events. What Meta keeps without saying so, and says without keeping, is the point.
var (
	counted   = answer{name: "counted", takes: true, status: 200, body: `{"events_received":%d}`}
	kept      = answer{name: "cut", cut: true, takes: true}
	refused   = answer{name: "refused", unread: true}
	wrong     = answer{name: "wrong event", status: 400, body: `{"error":{"code":100,"error_subcode":2804003}}`}
	throttled = answer{name: "throttled", status: 400, body: `{"error":{"code":4}}`}
	unwelcome = answer{name: "bad token", status: 400, body: `{"error":{"code":190}}`}
	fewer     = answer{name: "counted short", takes: true, status: 200, body: `{"events_received":%d}`, short: 1}
	tooLarge  = answer{name: "too large", status: 413}
	upset     = answer{name: "kept and 500", takes: true, status: 500}
	blocked   = answer{name: "blocked", status: 400, body: `{"error":{"code":368}}`}
	odd       = answer{name: "counted with an error", takes: true, status: 200, body: `{"events_received":%d,"error":{"code":2}}`}
)

// The ends of a probe.
var (
	passes      = answer{name: "passes", status: 400, body: `{"error":{"code":100,"error_subcode":2804019}}`}
	silent      = answer{name: "cut", cut: true}
	unreachable = answer{name: "refused", unread: true}
	denied      = answer{name: "bad token", status: 400, body: `{"error":{"code":190}}`}
	skewedClock = answer{name: "another clock", status: 400, body: `{"error":{"code":100,"error_subcode":2804019}}`, off: time.Hour}
)

// walk is one pass along a script of choices: a number for every step, and the first choice when the script is over.
type walk struct {
	*machine
	moment
	script []int
	widths []int // how many choices there were at each step
	taken  []string
	moved  bool // a person decided something in this pass

	db     *bolt.DB
	over   chan error
	mu     sync.Mutex
	parked map[string]chan int // who waits for a step, by what it wants to do
	wants  map[string][]answer
}

// stop waits for the walk to allow a step.
func (w *walk) stop(what string) { w.choose(what, nil) }

func (w *walk) choose(what string, among []answer) int {
	turn := make(chan int)
	w.mu.Lock()
	if w.wants == nil {
		w.wants = map[string][]answer{}
	}
	for w.parked[what] != nil {
		what += "+"
	}
	w.parked[what], w.wants[what] = turn, among
	w.mu.Unlock()
	return <-turn
}

// waits reports whether somebody waits for a step.
func (w *walk) waits() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.parked) > 0
}

// step lets one of those who wait go on.
func (w *walk) step() {
	w.mu.Lock()
	var options []func()
	for _, what := range slices.Sorted(maps.Keys(w.parked)) {
		turn, among := w.parked[what], w.wants[what]
		for i := range max(len(among), 1) {
			name := what
			if len(among) > 0 {
				name = what + " " + among[i].name
			}
			options = append(options, func() {
				w.taken = append(w.taken, name)
				w.mu.Lock()
				delete(w.parked, what)
				w.mu.Unlock()
				turn <- i
			})
		}
	}
	if w.decides && !w.moved {
		for _, move := range w.moves(w.db, w.at) {
			options = append(options, func() {
				w.moved, w.taken = true, append(w.taken, move.name)
				if err := move.do(&w.truth); err != nil {
					w.breaks(w, "a person's move: %v", err)
				}
			})
		}
	}
	w.mu.Unlock()
	n := 0
	if at := len(w.widths); at < len(w.script) {
		n = w.script[at]
	}
	w.widths = append(w.widths, len(options))
	options[n]()
}

// next is the script of the pass after this one, in the order of a search that goes deep first.
func (w *walk) next() (script []int, more bool) {
	script = append(script, w.script...)
	for len(script) < len(w.widths) {
		script = append(script, 0)
	}
	for at := len(script) - 1; at >= 0; at-- {
		if script[at]+1 < w.widths[at] {
			script[at]++
			return script[:at+1], true
		}
	}
	return nil, false
}

func (w *walk) way() string { return w.path + ", pass (" + strings.Join(w.taken, ", ") + ")" }

// look holds what the database shows between two steps to the truth, and keeps the moment: the process may die here.
func (w *walk) look() {
	ctx := w.Context()
	for i := range w.events {
		e, err := w.db.Event(ctx, uint64(i+1))
		if err != nil {
			w.Fatal(err)
		}
		w.judge(i, e)
	}
	if len(w.widths)+1 < len(w.script) {
		return // an earlier pass was here
	}
	here := moment{at: w.at, truth: w.truth, path: w.way()}
	key := w.describe(w.db, w.at)
	if w.seen[fmt.Sprint(here.at, here.truth, key)] {
		return
	}
	here.disk = w.copied()
	w.add(&here, key)
	if err := w.db.Check(ctx, func(p string) { w.breaks(w, "the database: %s", p) }); err != nil {
		w.Fatal(err)
	}
	counts, err := w.db.Counts(ctx, w.now(w.at))
	if err != nil {
		w.Fatal(err)
	}
	sum := uint64(0)
	for _, d := range counts.Datasets {
		for _, n := range d.Events {
			sum += n
		}
	}
	if sum != uint64(w.events) {
		w.breaks(w, "the states of %d events add up to %d", w.events, sum)
	}
}

// mayBecome says what an event may be seen as after it was seen in a state. Several steps may lie between.
var mayBecome = map[store.State][]store.State{
	store.StatePending:  {store.StateInFlight, store.StateExpired, store.StateRejected},
	store.StateInFlight: {store.StatePending, store.StateAcknowledged, store.StateRejected, store.StateHeld, store.StateExpired},
}

// judge holds the ledger's word about an event to the truth.
func (w *walk) judge(i int, e store.EventEntry) {
	f := &w.truth.events[i]
	if e.State != f.ledger && !slices.Contains(mayBecome[f.ledger], e.State) {
		w.breaks(w, "an event that was %s is %s", f.ledger, e.State)
	}
	if f.ledger == e.State && ended(e.State) {
		return // its story is over, and forgotten
	}
	f.ledger = e.State
	switch {
	case e.State == store.StateAcknowledged && !f.named:
		w.breaks(w, "an event is acknowledged, and no 2xx counted every event of a request with it")
	case e.State == store.StateRejected && !f.refused:
		w.breaks(w, "an event is rejected, and was never refused by itself")
	case e.State == store.StatePending && f.maybe > 0:
		w.breaks(w, "an event that may have been taken is pending again")
	case (e.State == store.StateExpired || e.State == store.StateRejected) && f.maybe > 0 && !e.PossiblySent:
		w.breaks(w, "an event that may have been taken is %s as if it had not been sent", e.State)
	case e.State == store.StateExpired && w.now(w.at).Before(w.start.Add(machineDeadlines[i])):
		w.breaks(w, "an event is expired before its deadline")
	}
	if ended(e.State) {
		*f = fact{ledger: e.State, first: -1, taken: f.maybe > 0}
	}
}

func ended(s store.State) bool { return s != store.StatePending && s != store.StateInFlight }

// RoundTrip is Meta: it looks at a request before it leaves, and lets the script decide how it ends.
func (w *walk) RoundTrip(r *http.Request) (*http.Response, error) {
	events, data := w.read(r)
	ends := w.probes
	what := "probe:"
	if events != nil {
		w.requests++
		what, ends = "send "+names(events)+":", w.ends
		w.inspect(events, data)
	}
	a := ends[w.choose(what, ends)]
	if a.unread {
		return nil, errors.New("connection refused")
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	for _, i := range events {
		w.note(i, a, len(events))
	}
	if a.cut {
		return nil, io.ErrUnexpectedEOF
	}
	body := a.body
	if strings.Contains(body, "%d") {
		body = fmt.Sprintf(body, max(len(events), 1)-a.short)
	}
	header := http.Header{"Date": {w.now(w.at).Add(a.off).UTC().Format(http.TimeFormat)}, "Retry-After": {"60"}}
	return &http.Response{StatusCode: a.status, Header: header, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// note takes down what a request really did.
func (w *walk) note(i int, a answer, n int) {
	f := &w.truth.events[i]
	definite := a.status == http.StatusBadRequest || a.status == http.StatusRequestEntityTooLarge
	if a.takes || !definite {
		if f.maybe++; f.first < 0 {
			f.first = w.at
		}
	}
	f.named = f.named || a.name == counted.name
	f.refused = f.refused || n == 1 && (a.name == wrong.name || a.name == tooLarge.name)
}

func names(events []int) string {
	var all []string
	for _, i := range events {
		all = append(all, machineID(i))
	}
	return strings.Join(all, "")
}

// read returns the events of a request, nil for a probe, and the bytes of its data.
func (w *walk) read(r *http.Request) (events []int, data []json.RawMessage) {
	body, err := r.GetBody()
	if err != nil {
		w.Fatal(err)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		w.Fatal(err)
	}
	if r.Body, err = r.GetBody(); err != nil {
		w.Fatal(err)
	}
	var sent struct{ Data []json.RawMessage }
	if err := json.Unmarshal(raw, &sent); err != nil {
		w.Fatal(err)
	}
	for _, one := range sent.Data {
		var e struct {
			ID string `json:"event_id"`
		}
		if err := json.Unmarshal(one, &e); err != nil {
			w.Fatal(err)
		}
		if e.ID == "" {
			return nil, nil
		}
		events = append(events, int(e.ID[0]-'a'))
	}
	return events, sent.Data
}

// inspect holds a request to the promises before it leaves.
func (w *walk) inspect(events []int, data []json.RawMessage) {
	now := w.now(w.at)
	if !w.truth.live {
		w.breaks(w, "a request leaves before going live")
	}
	for at, i := range events {
		f := &w.truth.events[i]
		age := time.Duration(0)
		if f.first >= 0 {
			age = now.Sub(w.now(f.first))
		}
		sum := event.Hash(sha256.Sum256(data[at]))
		switch {
		case !now.Before(w.start.Add(machineDeadlines[i])):
			w.breaks(w, "an event is sent after its deadline")
		case now.Before(w.start.Add(machineNotBefore[i])):
			w.breaks(w, "an event is sent before its not_before")
		case ended(f.ledger):
			w.breaks(w, "an event that is %s is sent again", f.ledger)
		case age >= DefaultResendWindow:
			w.breaks(w, "an event that may have been taken is sent again after its window")
		case f.maybe >= maxMaybe:
			w.breaks(w, "an event is sent after %d requests that may have been taken", f.maybe)
		case w.bytes[i] != (event.Hash{}) && w.bytes[i] != sum:
			w.breaks(w, "an event is sent again with other bytes")
		}
		w.bytes[i] = sum
	}
	w.intended(events, data)
}

// intended looks for the journalled intent behind a request.
func (w *walk) intended(events []int, data []json.RawMessage) {
	open, err := w.db.OpenBatches(context.Background(), shop)
	if err != nil {
		w.Fatal(err)
	}
	whole := append(append([]byte{'['}, bytes.Join(toBytes(data), []byte{','})...), ']')
	sum := event.Hash(sha256.Sum256(whole))
	for _, b := range open {
		n := len(b.Attempts)
		if b.State != store.BatchSending || n == 0 || b.Attempts[n-1].BodySHA256 != sum || b.Attempts[n-1].End != "" {
			continue
		}
		for _, a := range b.Attempts[:n-1] {
			sent := a.End == capi.Unknown.String() || a.End == store.EndLost
			if sent && a.Events == len(events) && a.BodySHA256 != sum {
				w.breaks(w, "two attempts of a batch have other bytes")
			}
		}
		if len(b.Seqs) == len(events) {
			return
		}
	}
	w.breaks(w, "a request leaves without an intent in the database")
}

func toBytes(data []json.RawMessage) [][]byte {
	all := make([][]byte, len(data))
	for i, d := range data {
		all[i] = d
	}
	return all
}
