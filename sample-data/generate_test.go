package sampledata

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestGenerateWritesSoManyRecords(t *testing.T) {
	t.Parallel()
	const rows = 5000
	for _, kind := range Kinds() {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			data := generate(t, Options{Kind: kind, Rows: rows, Seed: 1, Now: Anchor()})
			if kind == KindPOS {
				if got := len(tillLines(t, data)); got != rows {
					t.Errorf("%d records, want %d", got, rows)
				}
				return
			}
			all := readGenerated(t, data)
			width := len(all[0])
			full := slices.DeleteFunc(all[1:], func(r []string) bool { return len(r) != width })
			if len(full) != rows {
				t.Errorf("%d full records, want %d", len(full), rows)
			}
			if foot := len(all) - 1 - rows; kind == KindSalesforce && foot != 5 || kind != KindSalesforce && foot != 0 {
				t.Errorf("%d lines after the records", foot)
			}
		})
	}
}

func TestGeneratedHeadersAreThoseOfTheSmallFiles(t *testing.T) {
	t.Parallel()
	for kind, name := range map[string]string{
		KindSalesforce: "salesforce-deals.csv", KindHubSpot: "hubspot-deals.csv", KindMetaOffline: "meta-offline.csv",
	} {
		small := readCSV(t, File{name, filesByName(t, Anchor())[name]})
		if big := readGenerated(t, generate(t, Options{Kind: kind, Now: Anchor()})); !slices.Equal(big[0], small[0]) {
			t.Errorf("%s: header %q, in %s %q", kind, big[0], name, small[0])
		}
	}
	members := func(record map[string]any) []string {
		var names []string
		for name, v := range record {
			names = append(names, name)
			if inner, ok := v.(map[string]any); ok {
				for n := range inner {
					names = append(names, name+"."+n)
				}
			}
		}
		return names
	}
	var small struct{ Purchases []map[string]any }
	if err := json.Unmarshal(filesByName(t, Anchor())["store-purchases.json"], &small); err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range small.Purchases {
		for _, m := range members(p) {
			known[m] = true
		}
	}
	for _, p := range tillLines(t, generate(t, Options{Kind: KindPOS, Rows: 300, Now: Anchor()})) {
		for _, m := range members(p) {
			if !known[m] {
				t.Fatalf("a generated sale has the member %s, which store-purchases.json has not", m)
			}
		}
	}
}

func TestGenerateIsDeterministic(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds() {
		o := Options{Kind: kind, Rows: 700, Seed: 7, Now: Anchor()}
		first := generate(t, o)
		if !bytes.Equal(first, generate(t, o)) {
			t.Errorf("%s: two runs differ", kind)
		}
		o.Seed = 8
		if bytes.Equal(first, generate(t, o)) {
			t.Errorf("%s: another seed gives the same", kind)
		}
	}
}

func TestGeneratedConversionsLieInTheLastSixDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, time.March, 2, 9, 30, 0, 0, time.UTC)
	inside := func(kind string, at time.Time, err error, slack time.Duration) {
		if err != nil || at.After(now) || now.Sub(at) > 6*24*time.Hour+slack {
			t.Errorf("%s: a conversion at %s (%v)", kind, at, err)
		}
	}
	for _, r := range readGenerated(t, generate(t, Options{Kind: KindMetaOffline, Rows: 2000, Now: now}))[1:] {
		at, err := time.Parse(time.RFC3339, r[19])
		inside(KindMetaOffline, at, err, 0)
	}
	for _, p := range tillLines(t, generate(t, Options{Kind: KindPOS, Rows: 2000, Now: now})) {
		at, err := time.Parse(time.RFC3339, p["time"].(string))
		inside(KindPOS, at, err, 0)
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range readGenerated(t, generate(t, Options{Kind: KindHubSpot, Rows: 2000, Now: now}))[1:] {
		at, err := time.ParseInLocation("2006-01-02 15:04", r[3], zone)
		inside(KindHubSpot, at, err, time.Minute)
	}
	for _, r := range readGenerated(t, generate(t, Options{Kind: KindSalesforce, Rows: 2000, Now: now}))[1:] {
		if len(r) > 5 && r[2] != "" {
			at, err := time.Parse("02/01/2006", r[4])
			inside(KindSalesforce, at.Add(12*time.Hour), err, 0)
		}
	}
}

func TestGeneratedIDsAreUnique(t *testing.T) {
	t.Parallel()
	for kind, column := range map[string]int{KindSalesforce: 0, KindHubSpot: 0, KindMetaOffline: 22} {
		seen := map[string]bool{}
		for seed := range uint64(3) {
			for _, r := range readGenerated(t, generate(t, Options{Kind: kind, Rows: 1000, Seed: seed, Now: Anchor()}))[1:] {
				if len(r) > 1 {
					seen[r[column]] = true
				}
			}
		}
		if len(seen) != 3000 {
			t.Errorf("%s: %d ids in 3000 records of three seeds", kind, len(seen))
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	t.Parallel()
	if err := Generate(&bytes.Buffer{}, Options{Kind: "pipedrive"}); err == nil || !strings.Contains(err.Error(), "meta-offline") {
		t.Errorf("an unknown kind: %v", err)
	}
	if err := Generate(&bytes.Buffer{}, Options{Kind: KindPOS, Rows: -1}); err == nil {
		t.Error("a negative number of records is taken")
	}
	if err := Generate(fullDisk{}, Options{Kind: KindPOS, Rows: 10_000, Now: Anchor()}); !errors.Is(err, errFull) {
		t.Errorf("a full disk: %v", err)
	}
	if name := FileName("pipedrive"); name != "" {
		t.Errorf("an unknown kind is called %s", name)
	}
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func generate(t *testing.T, o Options) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := Generate(&b, o); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readGenerated(t *testing.T, data []byte) [][]string {
	t.Helper()
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func tillLines(t *testing.T, data []byte) []map[string]any {
	t.Helper()
	var records []map[string]any
	for line := range bytes.Lines(data) {
		var p map[string]any
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		records = append(records, p)
	}
	return records
}

func BenchmarkGenerate(b *testing.B) {
	for _, kind := range Kinds() {
		b.Run(kind, func(b *testing.B) {
			if err := Generate(io.Discard, Options{Kind: kind, Rows: b.N, Seed: 1, Now: Anchor()}); err != nil {
				b.Fatal(err)
			}
		})
	}
}
