package importer_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"capibara/importer"
	sampledata "capibara/sample-data"
	"capibara/store"
	"capibara/store/bolt"
)

// samplesNow is when the sample files are imported: on a day when their dates cross the end of a month.
var samplesNow = time.Date(2027, time.March, 3, 8, 0, 0, 0, time.UTC)

// sampleImporter is an importer with the sample configuration, in a home of its own.
func sampleImporter(t *testing.T) (*importer.Importer, *bolt.DB, string) {
	t.Helper()
	home := t.TempDir()
	outbox, err := bolt.Create(filepath.Join(home, "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := outbox.Close(); err != nil {
			t.Error(err)
		}
	})
	return importer.New(importer.Config{
		Store: outbox,
		Log:   zerolog.Nop(),
		Home:  home,
		Folders: importer.Folders{Inbox: filepath.Join(home, "inbox"), Archive: filepath.Join(home, "archive"),
			Rejected: filepath.Join(home, "rejected")},
		Mappings: sampleMappings(t),
		Now:      func() time.Time { return samplesNow },
	}), outbox, home
}

func sampleMappings(t *testing.T) []*importer.Mapping {
	t.Helper()
	var config struct {
		TimeZone string `yaml:"time_zone"`
		Datasets map[string]struct {
			ID string `yaml:"id"`
		} `yaml:"datasets"`
		Sources []importer.Source `yaml:"sources"`
	}
	if err := yaml.Unmarshal(sampledata.Config(), &config); err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation(config.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	d := importer.Defaults{Datasets: map[string]string{}, TimeZone: zone}
	for alias, set := range config.Datasets {
		d.Datasets[alias] = set.ID
	}
	var mappings []*importer.Mapping
	for _, s := range config.Sources {
		m, err := s.Compile(d)
		if err != nil {
			t.Fatal(err)
		}
		mappings = append(mappings, m)
	}
	return mappings
}

// TestSamples imports every sample file in the order of a day, and holds the fate and the reason of every record to
// what the README of the samples says.
func TestSamples(t *testing.T) {
	t.Parallel()
	im, outbox, home := sampleImporter(t)
	files, err := sampledata.Files(samplesNow)
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, f := range files {
		at := filepath.Join(home, f.Name)
		if err := os.WriteFile(at, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		report, err := im.Import(t.Context(), importer.Input{Path: at})
		describeImport(&got, report, err)
		describeFates(t, &got, outbox, report.File)
	}
	const golden = "testdata/samples.golden"
	if flag.Lookup("update").Value.String() == "true" { // the flag is declared beside the corpus
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("the fates of the samples differ from %s (-want +got):\n%s", golden, diff)
	}
}

func describeImport(w *strings.Builder, r importer.Report, err error) {
	c := r.File.Counts
	fmt.Fprintf(w, "%s by %s: %s\n", r.File.Name, r.File.Source, r.File.State)
	if err != nil {
		fmt.Fprintf(w, "  error: %v\n", err)
	}
	fmt.Fprintf(w, "  %d records = %d accepted + %d duplicate + %d conflict + %d expired + %d skipped + %d rejected; %d events\n",
		c.Records, c.Accepted, c.Duplicate, c.Conflict, c.Expired, c.Skipped, c.Rejected, r.Events)
	for _, s := range r.Sums {
		fmt.Fprintf(w, "  %d %s: %s %s\n", s.Events, s.EventName, s.Sum, s.Currency)
	}
	for _, x := range r.Warnings {
		fmt.Fprintf(w, "  note %s: %d, first in line %d\n", x.Reason, x.Count, x.FirstLine)
	}
}

// describeFates lists the records that were not simply accepted, with the line and the column of the rejected ones.
func describeFates(t *testing.T, w *strings.Builder, outbox *bolt.DB, f store.File) {
	t.Helper()
	columns := map[uint64]string{}
	err := outbox.Rejects(context.Background(), f.Number, func(r store.Reject) bool {
		columns[r.Record] = fmt.Sprintf(" (line %d, column %q)", r.Line, r.Column)
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	err = outbox.FateRuns(context.Background(), f.Number, func(run store.FateRun) bool {
		if run.Fate == store.FateAccepted {
			return true
		}
		for n := run.First; n < run.First+run.Count; n++ {
			fmt.Fprintf(w, "  record %d: %s %s%s\n", n, run.Fate, run.Reason, columns[n])
		}
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGeneratedSamples imports what the generator writes, so that a demonstration of a large file is one of good ones.
func TestGeneratedSamples(t *testing.T) {
	t.Parallel()
	im, _, home := sampleImporter(t)
	for _, kind := range sampledata.Kinds() {
		at := filepath.Join(home, sampledata.FileName(kind))
		f, err := os.Create(at)
		if err != nil {
			t.Fatal(err)
		}
		const rows = 3000
		if err := sampledata.Generate(f, sampledata.Options{Kind: kind, Rows: rows, Seed: 1, Now: samplesNow}); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		r, err := im.Import(t.Context(), importer.Input{Path: at})
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		c := r.File.Counts
		if c.Duplicate+c.Conflict+c.Expired != 0 || c.Rejected > rows/100 || c.Accepted < rows*3/5 || c.Skipped < rows/50 {
			t.Errorf("%s: %+v, %v", kind, c, r.Reasons)
		}
	}
}
