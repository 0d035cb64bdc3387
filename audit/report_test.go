package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

func quietly(uint64, uint64) {}

func reported(t *testing.T, r *Reader, q ReportQuery) Report {
	t.Helper()
	p, err := r.Report(t.Context(), q, quietly)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestReportShapes holds the JSON and the page of a report to golden files.
func TestReportShapes(t *testing.T) {
	r := reader(t)
	p := reported(t, r, ReportQuery{Month: "2026-11"})
	if !p.OK {
		t.Errorf("it does not add up: %+v", p.Problems)
	}
	golden(t, "report.json", p)
	golden(t, "report-event-time.json", reported(t, r, ReportQuery{Day: "2026-11-20", By: ByEventTime, Dataset: "main"}))
	var page bytes.Buffer
	if err := p.WritePage(&page); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", "report.html")
	if *update {
		if err := os.WriteFile(path, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), page.String()); diff != "" {
		t.Errorf("the page (-want +got):\n%s", diff)
	}
	for _, foreign := range []string{"<script", "http:", "https:", " src=", " style="} {
		if strings.Contains(page.String(), foreign) {
			t.Errorf("the page has %q", foreign)
		}
	}
}

// lyingStore says something else of a file than it should.
type lyingStore struct {
	*bolt.DB
	lie func(*store.File)
}

func (s lyingStore) File(ctx context.Context, n uint64) (store.File, error) {
	f, err := s.DB.File(ctx, n)
	s.lie(&f)
	return f, err
}

// TestReportFindsWhatDoesNotAddUp lets a file's own figures differ from what is in the ledger, one at a time.
func TestReportFindsWhatDoesNotAddUp(t *testing.T) {
	r := reader(t)
	db := r.store.(*bolt.DB)
	for name, tc := range map[string]struct {
		lie  func(*store.File)
		want []string // what is wrong of file 1, and the two figures
	}{
		"nothing":          {func(*store.File) {}, nil},
		"records":          {func(f *store.File) { f.Counts.Records++ }, []string{"records 7 6"}},
		"a fate":           {func(f *store.File) { f.Counts.Skipped, f.Counts.Records = 2, 7 }, []string{"skipped 2 1"}},
		"accepted":         {func(f *store.File) { f.Counts.Accepted, f.Counts.Records = 4, 7 }, []string{"accepted 4 3", "accepted 4 3"}},
		"two that cancel":  {func(f *store.File) { f.Counts.Skipped, f.Counts.Rejected = 0, 2 }, []string{"skipped 0 1", "rejected 2 1"}},
		"events":           {func(f *store.File) { f.Events++ }, []string{"events 4 3"}},
		"what it is worth": {func(f *store.File) { f.Sums = []store.Sum{{Currency: "EUR", Events: 3, Value: "108.51"}} }, []string{"worth 108.51 EUR 108.50 EUR"}},
		"its currency":     {func(f *store.File) { f.Sums[0].Currency = "USD" }, []string{"worth 108.50 USD 108.50 EUR"}},
		"an early version": {func(f *store.File) { f.Events, f.Sums = 0, nil }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			r.store = lyingStore{db, func(f *store.File) {
				if f.Number == 1 {
					f.Sums = slices.Clone(f.Sums)
					tc.lie(f)
				}
			}}
			p := reported(t, r, ReportQuery{Month: "2026-11"})
			var got []string
			for _, x := range p.Problems {
				got = append(got, fmt.Sprintf("%s %s %s", x.What, x.Counted, x.Found))
				if x.File != 1 || x.Name != "deals.csv" || !strings.HasPrefix(x.Sentence, "file 1: ") {
					t.Errorf("it does not say where: %+v", x)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || p.OK != (tc.want == nil) {
				t.Errorf("ok is %v; the problems (-want +got):\n%s", p.OK, diff)
			}
			if len(p.Files) != 2 || p.Events.Events != 4 {
				t.Errorf("the report is not whole: %d files, %d events", len(p.Files), p.Events.Events)
			}
		})
	}
}

// TestReportOfADamagedRecord says so, and of everything else what it is.
func TestReportOfADamagedRecord(t *testing.T) {
	r := reader(t)
	r.store = brokenFates{r.store.(*bolt.DB)}
	p := reported(t, r, ReportQuery{Month: "2026-11"})
	if p.OK || p.Problems[0].What != "damaged" || p.Events.Accepted != 3 {
		t.Errorf("got %+v", p)
	}
}

type brokenFates struct{ *bolt.DB }

func (brokenFates) FateRuns(context.Context, uint64, func(store.FateRun) bool) error {
	return fmt.Errorf("reading: %w", store.ErrCorrupt)
}

// growing is a ledger whose file an import goes on with while it is read.
type growing struct {
	*bolt.DB
	reads *int
}

func (s growing) File(ctx context.Context, n uint64) (store.File, error) {
	f, err := s.DB.File(ctx, n)
	*s.reads++
	f.Counts.Records += uint64(*s.reads)
	return f, err
}

// TestReportWhileAFileIsImported does not take what grows for an error.
func TestReportWhileAFileIsImported(t *testing.T) {
	r := reader(t)
	r.store = growing{r.store.(*bolt.DB), new(int)}
	p := reported(t, r, ReportQuery{Month: "2026-11"})
	if !p.OK || len(p.Notes) != 2 || !strings.Contains(p.Notes[0], "File 1 is being imported") || p.Events.Events != 4 {
		t.Errorf("got %+v", p)
	}
}

func TestReportPeriods(t *testing.T) {
	r := testReader(t)
	for _, tc := range []struct {
		name         string
		q            ReportQuery
		since, until string
		title        string
	}{
		{"this month", ReportQuery{}, "2026-10-31T23:00:00Z", "2026-11-30T23:00:00Z", "November 2026"},
		{"month", ReportQuery{Month: "2026-10"}, "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "October 2026"},
		{"day on which the clock changes", ReportQuery{Day: "2026-10-25"}, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", "25 October 2026"},
		{"days", ReportQuery{Since: "2026-11-02", Until: "2026-11-08"}, "2026-11-01T23:00:00Z", "2026-11-08T23:00:00Z", "2 November 2026 to 8 November 2026"},
		{"from on", ReportQuery{Since: "2026-11-02"}, "2026-11-01T23:00:00Z", "", "from 2 November 2026, 00:00 on"},
		{"before", ReportQuery{Until: "2026-11-02"}, "", "2026-11-02T23:00:00Z", "before 3 November 2026, 00:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, err := r.period(tc.q)
			if err != nil || text(f.Since) != tc.since || text(f.Until) != tc.until {
				t.Errorf("%s to %s, %v", text(f.Since), text(f.Until), err)
			}
			if got := (Report{Since: r.instant(f.Since), Until: r.instant(f.Until)}).Title(); got != tc.title {
				t.Errorf("the title is %q, want %q", got, tc.title)
			}
		})
	}
	for name, q := range map[string]ReportQuery{"month": {Month: "november"}, "day": {Day: "20-11-2026"}, "two periods": {Month: "2026-11", Day: "2026-11-20"},
		"by": {By: "moonlight"}, "backwards": {Since: "2026-11-20", Until: "2026-11-01"}} {
		var usage *UsageError
		if err := q.Check(); !errors.As(err, &usage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestReportIsWhatHistoryLists makes ledgers by chance, and adds up by hand what their histories list.
func TestReportIsWhatHistoryLists(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := testReader(t)
			r.store = byChance(t, rand.New(rand.NewPCG(seed, 1)))
			for _, q := range []ReportQuery{{Month: "2026-11"}, {Month: "2026-11", Dataset: "main"}, {Month: "2026-11", Source: "deals"},
				{By: ByEventTime, Since: "2026-11-20T10:00:00Z"}} {
				p := reported(t, r, q)
				if !p.OK {
					t.Errorf("%+v does not add up: %+v", q, p.Problems)
				}
				want := Query{Source: q.Source, Dataset: q.Dataset, Limit: 3}
				if q.By == ByEventTime {
					want.Since = q.Since
				}
				states := listed(t, r, want)
				got := map[string]uint64{}
				for _, s := range p.Events.States() {
					name := map[string]string{"in flight": "in_flight", "Meta accepted": "acknowledged", "expired here": "expired"}[s.Name]
					if name == "" {
						name = s.Name
					}
					if s.Count > 0 {
						got[name] = s.Count
					}
				}
				if p.Events.Late > 0 {
					got["expired"] += p.Events.Late
				}
				if diff := cmp.Diff(states, got); diff != "" {
					t.Errorf("%+v: the events by state (-history +report):\n%s", q, diff)
				}
				var total, accepted uint64
				for _, g := range p.Groups {
					total, accepted = total+g.Events.Events, accepted+g.Events.Accepted
				}
				c := p.Events
				sum := c.Pending + c.InFlight + c.Acknowledged + c.Rejected + c.Expired + c.Held + c.Withdrawn + c.Erased
				if total != c.Events || accepted != c.Accepted || sum != c.Accepted || c.Accepted+c.Late != c.Events {
					t.Errorf("%+v: the groups have %d and %d accepted; %+v", q, total, accepted, c)
				}
				if p.Records == nil {
					continue
				}
				files, err := r.Files(t.Context(), Query{Source: q.Source})
				if err != nil {
					t.Fatal(err)
				}
				var records store.FileCounts
				for _, f := range files.Items {
					addCounts(&records, f.Counts)
				}
				if records != *p.Records {
					t.Errorf("%+v: the records are %+v, those of the files %+v", q, *p.Records, records)
				}
			}
		})
	}
}

// listed counts what a history lists, by state.
func listed(t *testing.T, r *Reader, q Query) map[string]uint64 {
	t.Helper()
	states := map[string]uint64{}
	for {
		page, err := r.Events(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Items {
			states[e.State]++
		}
		if page.Next == nil {
			return states
		}
		q.Cursor = *page.Next
	}
}

// byChance is a ledger with which all kinds of things happened.
func byChance(t *testing.T, chance *rand.Rand) *bolt.DB {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	for n := range 3 {
		f, err := db.OpenFile(t.Context(), store.NewFile{Name: fmt.Sprintf("%d.csv", n), Source: []string{"deals", "tills", "deals"}[n], SHA256: event.Hash{byte(n + 1)}}, noon)
		if err != nil {
			t.Fatal(err)
		}
		var records []store.Record
		for line := range uint64(20) {
			var rows []store.NewRow
			for _, name := range []string{"Purchase", "deal_closed"}[:1+chance.IntN(2)] {
				one := row(fmt.Sprint("o-", chance.IntN(40)), name, []time.Duration{-time.Hour, -3 * time.Hour, -9 * 24 * time.Hour}[chance.IntN(3)], []string{"1.10", "0.05", "99"}[chance.IntN(3)])
				one.Dataset = []string{dataset, "222"}[chance.IntN(2)]
				rows = append(rows, one)
			}
			r := record(line+2, rows...)
			switch chance.IntN(8) {
			case 0:
				r = store.Record{Line: line + 2, Fate: store.FateSkipped, Reason: event.ReasonStageNotMapped}
			case 1:
				r = store.Record{Line: line + 2, Fate: store.FateRejected, Reason: event.ReasonDateUnreadable}
			}
			records = append(records, r)
		}
		if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, noon); err != nil {
			t.Fatal(err)
		}
		if _, err := db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported}, noon); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{dataset, "222"} {
		for _, verdict := range []store.Verdict{store.VerdictAcknowledged, store.VerdictUnknown, store.VerdictHeld} {
			rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: id, Now: noon, Limit: 2 + chance.IntN(3)})
			if err != nil {
				t.Fatal(err)
			}
			in := store.Intent{Dataset: id}
			for _, r := range rows {
				in.Rows = append(in.Rows, r.Seq)
			}
			if len(in.Rows) == 0 {
				continue
			}
			b, err := db.Begin(t.Context(), in, noon)
			if err != nil {
				t.Fatal(err)
			}
			settle(t, db, store.Settlement{Batch: b.Number, Verdict: verdict, MaybeSent: true, NextTry: noon.Add(time.Hour)})
		}
	}
	rows, err := db.Plan(t.Context(), store.PlanQuery{Dataset: dataset, Now: noon, Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range rows {
		if _, err := db.Withdraw(t.Context(), []uint64{one.Seq}, store.Decision{By: "mary", Reason: event.ReasonWithdrawn}, noon); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := db.Expire(t.Context(), "222", noon.Add(8*24*time.Hour), 2); err != nil {
		t.Fatal(err)
	}
	return db
}
