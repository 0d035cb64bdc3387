package importer

import (
	"fmt"
	"html"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"capibara/store"
)

func filesOf(counts ...uint64) []store.File {
	var all []store.File
	for _, n := range counts {
		f := store.File{Events: n}
		if n > 0 {
			f.Sums = []store.Sum{{Currency: "EUR", Events: n, Value: fmt.Sprintf("%d.00", 10*n)}}
		}
		all = append(all, f)
	}
	return all
}

// TestBeyond holds when a file brings so much that somebody should look first.
func TestBeyond(t *testing.T) {
	t.Parallel()
	const many = "This file brings 4,310 events, and the last 8 files of deals that brought any brought 210 as a rule (half of them more, half of them fewer), while limits.events lets 5 times that through."
	eight := filesOf(0, 200, 220, 0, 210, 210, 90, 4000, 205, 215)
	file := func(events uint64, sums ...store.Sum) store.File { return store.File{Events: events, Sums: sums} }
	for name, tt := range map[string]struct {
		limits bounds
		file   store.File
		before []store.File
		want   string
	}{
		"many more than usual":           {bounds{events: 5}, file(4310), eight, many},
		"exactly as many as are let in":  {bounds{events: 5}, file(1050), eight, ""},
		"one more than that":             {bounds{events: 5}, file(1051), eight, strings.Replace(many, "4,310", "1,051", 1)},
		"half a time more":               {bounds{events: 1.5}, file(316), eight, strings.NewReplacer("4,310", "316", "lets 5", "lets 1.5").Replace(many)},
		"the first file":                 {bounds{events: 5, sum: 5}, file(4310, store.Sum{Currency: "EUR", Value: "1.00"}), nil, ""},
		"two files with events before":   {bounds{events: 5}, file(4310), filesOf(1, 2, 0, 0, 0), ""},
		"three files with events before": {bounds{events: 5}, file(11), filesOf(1, 2, 0, 2, 0), strings.NewReplacer("4,310", "11", "8 files", "3 files", "210", "2").Replace(many)},
		"an even number of files":        {bounds{events: 5}, file(8), filesOf(1, 1, 2, 2), strings.NewReplacer("4,310", "8", "8 files", "4 files", "210", "1.5").Replace(many)},
		"no limit":                       {bounds{}, file(4310), eight, ""},
		"a sum beyond": {bounds{sum: 5}, file(4, store.Sum{Currency: "EUR", Value: "10500.01"}, store.Sum{Currency: "USD", Value: "999999.00"}), eight,
			"The events of this file are worth 10,500.01 EUR, and those of the last 8 files of deals in that currency were worth 2,100.00 as a rule (half of them more, half of them less), while limits.sum lets 5 times that through."},
		"a sum that is let in": {bounds{sum: 5}, file(4, store.Sum{Currency: "EUR", Value: "10500.00"}), eight, ""},
	} {
		if got := tt.limits.beyond("deals", tt.file, tt.before); got != tt.want {
			t.Errorf("%s:\n got %q\nwant %q", name, got, tt.want)
		}
	}
	for in, want := range map[string]string{"1": "1", "999": "999", "1000": "1,000", "-1000": "-1,000", "-100": "-100", "1234567.89": "1,234,567.89"} {
		if got := thousands(in); got != want {
			t.Errorf("%s is written %s", in, got)
		}
	}
}

func readReceipt(t *testing.T, f ReceiptFolder, r Report) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(f.Dir, filepath.Base(r.File.Receipt)))
	if err != nil {
		t.Fatal(err)
	}
	return html.UnescapeString(string(page))
}

// sales writes a file of so many sales of one day.
func sales(day, n int, amount string) []byte {
	var b strings.Builder
	b.WriteString("Receipt,Date,Email,Amount\n")
	for i := range n {
		fmt.Fprintf(&b, "R%d-%d,2026-11-22T10:00:00Z,p%d@example.com,%s\n", day, i, i, amount)
	}
	return []byte(b.String())
}

// TestFileBeyondLimits imports some usual days and then one that is not: its events wait until somebody allows them, and the
// report, the page and the log say so and how.
func TestFileBeyondLimits(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till+"limits: {events: 3, sum: 4}\n"))
	receipts := h.withReceipts()
	for day := range 4 {
		r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", sales(day, 5+day%2, "10"))})
		if err != nil || r.Halt != "" {
			t.Fatalf("day %d: %q, %v", day, r.Halt, err)
		}
	}
	// A dump of all days brings nothing new, and what is new counts alone.
	if r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", append(sales(0, 5, "10"), sales(1, 6, "10")[len("Receipt,Date,Email,Amount\n"):]...))}); err != nil || r.Halt != "" || r.File.Counts.Duplicate != 11 {
		t.Fatalf("the dump: %+v, %v", r, err)
	}
	h.log.Reset()
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", sales(9, 17, "10"))})
	if err != nil {
		t.Fatal(err)
	}
	const want = "This file brings 17 events, and the last 4 files of till that brought any brought 5.5 as a rule (half of them more, half of them fewer), while limits.events lets 3 times that through."
	if r.Halt != want || r.File.Counts.Accepted != 17 || r.Events != 17 {
		t.Errorf("%+v", r)
	}
	halts, err := h.db.Halts(t.Context())
	if err != nil || len(halts) != 1 || halts[0].Kind != store.HaltFile || halts[0].File != 6 || halts[0].Reason != want || halts[0].Events != 17 {
		t.Errorf("%+v, %v", halts, err)
	}
	if log := h.log.String(); !strings.Contains(log, `"level":"warn"`) || !strings.Contains(log, want) || !strings.Contains(log, "capibara allow --file 6") {
		t.Errorf("the log says %s", log)
	}
	page := readReceipt(t, receipts, r)
	for _, say := range []string{"17 events wait until somebody allows them", "This file brings 17 events", "capibara allow --file 6", "capibara withdraw --file 6"} {
		if !strings.Contains(page, say) {
			t.Errorf("the receipt does not say %q:\n%s", say, page)
		}
	}
	// What was halted counts as a file like any other, and does not change much what is usual.
	if r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", sales(10, 5, "50"))}); err != nil || !strings.HasPrefix(r.Halt, "The events of this file are worth 250.00 EUR, and those of the last 5 files") {
		t.Errorf("%q, %v", r.Halt, err)
	}
	h.checked(t)
}

// TestEventBeyondLimits shows that an event that is worth too much waits by itself, and the others do not.
func TestEventBeyondLimits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ source, file string }{
		"in the currency of the source": {till + "limits: {value: \"50000\"}\n",
			"Receipt,Date,Email,Amount\nR1,2026-11-22,a@example.com,50000\nR2,2026-11-22,b@example.com,50000.01\nR3,2026-11-22,c@example.com,1\n"},
		"by currency": {strings.Replace(till, "currency: EUR\n", "", 1) + "limits: {value: {EUR: 100, USD: \"50000\"}}\n",
			"Receipt,Date,Email,Amount,Currency\nR1,2026-11-22,a@example.com,101,USD\nR2,2026-11-22,b@example.com,101,EUR\nR3,2026-11-22,c@example.com,9000,JPY\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, tt.source))
			receipts := h.withReceipts()
			r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte(tt.file))})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]any{uint64(3), uint64(1), uint64(3), ""}, []any{r.Events, r.Large, r.LargeLine, r.Halt}); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			halts, err := h.db.Halts(t.Context())
			if err != nil || len(halts) != 1 || halts[0].Kind != store.HaltEvents || halts[0].Events != 1 {
				t.Errorf("%+v, %v", halts, err)
			}
			rows, err := h.db.Plan(t.Context(), store.PlanQuery{Dataset: "1234567890", Now: noon(), Limit: 10})
			if err != nil || len(rows) != 2 {
				t.Errorf("%d rows may be sent, %v", len(rows), err)
			}
			if page := readReceipt(t, receipts, r); !strings.Contains(page, "1 event waits until somebody allows it") || !strings.Contains(page, "2 events wait for the next upload") && !strings.Contains(page, "2 events wait, and no upload is planned") {
				t.Errorf("the receipt says\n%s", page)
			}
			h.checked(t)
		})
	}
}
