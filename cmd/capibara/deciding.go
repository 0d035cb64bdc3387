package main

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/importer"
	"capibara/store"
)

// The decisions about events that are in the ledger.
const (
	decideWithdraw = "withdraw"
	decideRequeue  = "requeue"
)

// verdict asks for a decision about the events that a selection names.
type verdict struct {
	What string `json:"what"` // decideWithdraw or decideRequeue
	selection
	By   string `json:"by"`
	Note string `json:"note,omitempty"`
	// Through leaves out the events with a greater number: those that came in after somebody had looked; 0 takes all.
	Through uint64 `json:"through,omitempty"`
}

// verdictReport is what a decision is about, and what it did.
type verdictReport struct {
	Action  string         `json:"action"`  // withdraw or requeue
	DryRun  bool           `json:"dry_run"` // nothing was changed
	File    uint64         `json:"file,omitempty"`
	Events  uint64         `json:"events"`  // that it applies to
	Changed uint64         `json:"changed"` // of them, those that it changed
	Groups  []verdictGroup `json:"groups"`  // of Events
	Left    []verdictLeft  `json:"left"`    // events that match and stay as they are
	TooOld  *outOfWindow   `json:"too_old,omitempty"`
	// Disagreed counts those of Events with which a later record disagrees.
	Disagreed uint64 `json:"changed_since,omitempty"`
	Through   uint64 `json:"through"` // the greatest number of an event that matches
}

// verdictGroup are events of one dataset, name and reason.
type verdictGroup struct {
	Dataset   string      `json:"dataset"`
	EventName string      `json:"event_name"`
	Reason    string      `json:"reason,omitempty"` // why they are in the state that they are to leave
	Events    uint64      `json:"events"`
	Sums      []store.Sum `json:"sums"`
}

// verdictLeft counts events that stay as they are.
type verdictLeft struct {
	Why    string `json:"why"` // their state, or too_old, possibly_sent, replaced, damaged
	Events uint64 `json:"events"`
}

// outOfWindow are events whose window is over.
type outOfWindow struct {
	Events uint64 `json:"events"`
	// Days is the window, in whole days, that the oldest of them would need.
	Days int `json:"window_days"`
	// PhysicalStore counts those that a window of 62 days could still bring back.
	PhysicalStore uint64 `json:"physical_store"`
}

// What stays as it is, besides the states.
const (
	leftTooOld       = "too_old"
	leftPossiblySent = "possibly_sent"
	leftReplaced     = "replaced"
	leftDamaged      = "damaged"
)

// decidePage is how many events one decision of the ledger is about.
const decidePage = 2000

// deciding is a decision under way.
type deciding struct {
	*local
	verdict
	window  func(source string, src event.ActionSource) event.Window
	report  verdictReport
	groups  map[[3]string]*groupTally
	left    map[string]uint64
	seqs    []uint64
	requeue []store.Requeued
	decoded event.Event
}

type groupTally struct {
	events uint64
	sums   map[string]*event.Sum
	counts map[string]uint64
}

// Look tells what a decision would be about. It changes nothing.
func (l *local) Look(ctx context.Context, v verdict) (verdictReport, error) {
	return l.decide(ctx, v, true)
}

// Decide carries a decision out.
func (l *local) Decide(ctx context.Context, v verdict) (verdictReport, error) {
	defer l.testimony.keep(ctx)
	return l.decide(ctx, v, false)
}

func (l *local) decide(ctx context.Context, v verdict, look bool) (verdictReport, error) {
	if err := v.check(); err != nil {
		return verdictReport{}, err
	}
	f, err := l.reader().Filter(ctx, v.query())
	if err != nil {
		return verdictReport{}, err
	}
	d := &deciding{local: l, verdict: v, groups: map[[3]string]*groupTally{}, left: map[string]uint64{},
		report: verdictReport{Action: v.What, DryRun: look, File: f.File}}
	if v.What == decideRequeue {
		if d.window, err = l.config.windows(); err != nil {
			return verdictReport{}, err
		}
	}
	for f.Limit = decidePage; ; {
		page, err := l.db.Events(ctx, f)
		if err != nil {
			return verdictReport{}, err
		}
		for i := range page.Items {
			if e := &page.Items[i]; v.Through == 0 || e.Seq <= v.Through {
				d.see(e)
			}
		}
		if err := d.carryOut(ctx, look); err != nil {
			return verdictReport{}, err
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			return d.result(), nil
		}
		if err := ctx.Err(); err != nil {
			return verdictReport{}, err
		}
	}
}

// see finds out what the decision does with an event.
func (d *deciding) see(e *store.EventEntry) {
	if d.State != "" && e.State.String() != d.State || d.Reason != "" && audit.ReasonOf(*e) != d.Reason && string(e.Reason) != d.Reason {
		return
	}
	d.report.Through = max(d.report.Through, e.Seq)
	d.decoded.Reset()
	if e.Payload != nil && d.decoded.DecodeBinary(e.Payload) != nil {
		d.decoded.Reset()
	}
	if d.What == decideWithdraw {
		if e.State != store.StatePending {
			d.left[e.State.String()]++
			return
		}
		d.seqs = append(d.seqs, e.Seq)
		d.count(e, "")
		return
	}
	d.seeRequeued(e)
}

func (d *deciding) seeRequeued(e *store.EventEntry) {
	now := d.now().Unix()
	window := d.window(e.Source, d.decoded.ActionSource)
	deadline := max(e.Deadline, window.Deadline(e.EventTime))
	switch {
	case e.State != store.StateRejected && e.State != store.StateExpired && e.State != store.StateWithdrawn:
		d.left[e.State.String()]++
	case e.PossiblySent:
		d.left[leftPossiblySent]++
	case e.ReplacedBy != 0:
		d.left[leftReplaced]++
	case e.Damaged:
		d.left[leftDamaged]++
	case deadline <= now:
		d.left[leftTooOld]++
		d.tooOld(time.Duration(now-e.EventTime)*time.Second + window.Margin)
	default:
		if e.Conflicts > 0 {
			d.report.Disagreed++
		}
		d.requeue = append(d.requeue, store.Requeued{Seq: e.Seq, Deadline: deadline})
		d.count(e, audit.ReasonOf(*e))
	}
}

// tooOld notes an event that is so old, with the margin that its source keeps.
func (d *deciding) tooOld(age time.Duration) {
	if d.report.TooOld == nil {
		d.report.TooOld = &outOfWindow{}
	}
	const day = 24 * time.Hour
	old := d.report.TooOld
	old.Events++
	old.Days = max(old.Days, int(age/day)+1)
	if d.decoded.ActionSource == event.SourcePhysicalStore && age < event.MaxAgePhysicalStore {
		old.PhysicalStore++
	}
}

func (d *deciding) count(e *store.EventEntry, reason string) {
	d.report.Events++
	key := [3]string{e.Dataset, e.EventName, reason}
	g := d.groups[key]
	if g == nil {
		g = &groupTally{sums: map[string]*event.Sum{}, counts: map[string]uint64{}}
		d.groups[key] = g
	}
	g.events++
	if c := &d.decoded.Custom; c.Value.Present() {
		if g.sums[c.Currency] == nil {
			g.sums[strings.Clone(c.Currency)] = &event.Sum{}
		}
		g.sums[c.Currency].Add(c.Value)
		g.counts[c.Currency]++
	}
}

// carryOut decides about what was seen since it was called last.
func (d *deciding) carryOut(ctx context.Context, look bool) error {
	defer func() { d.seqs, d.requeue = d.seqs[:0], d.requeue[:0] }()
	if look || len(d.seqs)+len(d.requeue) == 0 {
		return nil
	}
	by := store.Decision{By: d.By, Note: d.Note, Reason: event.ReasonWithdrawn}
	var done store.Decided
	var err error
	if d.What == decideWithdraw {
		done, err = d.db.Withdraw(ctx, d.seqs, by, d.now())
	} else {
		by.Reason = event.ReasonRequeued
		done, err = d.db.Requeue(ctx, d.requeue, by, d.now())
	}
	d.report.Changed += done.Changed
	return err
}

// result puts what was counted in order. Datasets have their names.
func (d *deciding) result() verdictReport {
	r := d.report
	r.Groups, r.Left = []verdictGroup{}, []verdictLeft{}
	names := map[string]string{}
	for alias, of := range d.config.Datasets {
		names[string(of.ID)] = alias
	}
	for k, g := range d.groups {
		group := verdictGroup{Dataset: cmp.Or(names[k[0]], k[0]), EventName: k[1], Reason: k[2], Events: g.events, Sums: []store.Sum{}}
		for _, currency := range slices.Sorted(maps.Keys(g.sums)) {
			group.Sums = append(group.Sums, store.Sum{Currency: currency, Events: g.counts[currency], Value: g.sums[currency].String()})
		}
		r.Groups = append(r.Groups, group)
	}
	slices.SortFunc(r.Groups, func(a, b verdictGroup) int {
		return cmp.Or(cmp.Compare(a.Dataset, b.Dataset), cmp.Compare(a.EventName, b.EventName), cmp.Compare(a.Reason, b.Reason))
	})
	for _, why := range slices.Sorted(maps.Keys(d.left)) {
		r.Left = append(r.Left, verdictLeft{why, d.left[why]})
	}
	return r
}

// windows tells how long events may be sent, by their source as it is configured now; one that is no longer configured has
// the default.
func (c *config) windows() (func(source string, src event.ActionSource) event.Window, error) {
	all, err := c.compileForLook()
	if err != nil {
		return nil, err
	}
	of := map[string]*importer.Mapping{}
	for _, m := range all {
		of[m.Name()] = m
	}
	return func(source string, src event.ActionSource) event.Window {
		if m := of[source]; m != nil {
			return m.Window(src)
		}
		return c.window().For(src)
	}, nil
}
