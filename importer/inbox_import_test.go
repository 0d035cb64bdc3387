package importer_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"capibara/importer"
	sampledata "capibara/sample-data"
	"capibara/store"
)

// stopping ends an import after its first chunk is committed, as a process that is told to end does.
type stopping struct {
	store.Importing
	stop func()
}

func (s stopping) Import(ctx context.Context, file uint64, c store.Chunk, now time.Time) (store.ImportResult, error) {
	r, err := s.Importing.Import(ctx, file, c, now)
	s.stop()
	return r, err
}

func TestInboxBringsTheSamplesToTheLedger(t *testing.T) {
	t.Parallel()
	im, outbox, home := sampleImporter(t)
	inbox := filepath.Join(home, "inbox")
	files, err := sampledata.Files(samplesNow)
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		dropOld(t, filepath.Join(inbox, f.Name), f.Data, time.Duration(len(files)-i)*time.Hour)
	}
	b, err := importer.NewInbox(importer.InboxConfig{Importer: im, Dir: inbox, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	reports, err := b.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(reports) != len(files) {
		t.Fatalf("%d reports of %d files", len(reports), len(files))
	}
	for i, r := range reports {
		kept, err := outbox.File(t.Context(), r.File.Number)
		if err != nil || kept.Name != files[i].Name || kept.ArchivedAs == "" {
			t.Errorf("file %d is %+v (%v)", r.File.Number, kept, err)
			continue
		}
		if _, err := os.Stat(filepath.Join(home, filepath.FromSlash(kept.ArchivedAs))); err != nil {
			t.Error(err)
		}
		if refused := strings.HasPrefix(kept.Name, "refused-"); refused != (kept.State == store.FileRefused) {
			t.Errorf("%s is %s", kept.Name, kept.State)
		}
	}
	if rest := filesBelow(t, inbox); len(rest) != 0 {
		t.Errorf("left behind: %q", rest)
	}
}

func TestInboxGoesOnWhereAnEndedProcessStopped(t *testing.T) {
	t.Parallel()
	im, outbox, home := sampleImporter(t)
	inbox := filepath.Join(home, "inbox")
	const rows = 30_000 // more than one chunk
	var export strings.Builder
	err := sampledata.Generate(&export, sampledata.Options{Kind: sampledata.KindPOS, Rows: rows, Now: samplesNow})
	if err != nil {
		t.Fatal(err)
	}
	dropOld(t, filepath.Join(inbox, "pos-big.jsonl"), []byte(export.String()), time.Hour)

	ctx, cancel := context.WithCancel(t.Context())
	ended := importer.New(importer.Config{Store: stopping{outbox, cancel}, Log: zerolog.Nop(), Home: home,
		Folders:  importer.Folders{Inbox: inbox, Archive: filepath.Join(home, "archive"), Rejected: filepath.Join(home, "rejected")},
		Mappings: sampleMappings(t), Now: func() time.Time { return samplesNow }})
	b, err := importer.NewInbox(importer.InboxConfig{Importer: ended, Dir: inbox, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	if reports, err := b.Sweep(ctx); !errors.Is(err, context.Canceled) || len(reports) != 0 {
		t.Fatalf("reports %v, error %v", reports, err)
	}

	b, err = importer.NewInbox(importer.InboxConfig{Importer: im, Dir: inbox, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	reports, err := b.Sweep(t.Context())
	if err != nil || len(reports) != 1 {
		t.Fatalf("%d reports, error %v", len(reports), err)
	}
	r := reports[0]
	if r.File.Number != 1 || r.Resumed == 0 || r.File.Counts.Records != rows || r.File.Counts.Duplicate != 0 {
		t.Errorf("file %d resumed at %d: %+v", r.File.Number, r.Resumed, r.File.Counts)
	}
	if rest := filesBelow(t, inbox); len(rest) != 0 {
		t.Errorf("left behind: %q", rest)
	}
}

// dropOld writes a file that was last changed so long ago.
func dropOld(t *testing.T, path string, data []byte, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-age)
	if err := os.Chtimes(path, when, when); err != nil {
		t.Fatal(err)
	}
}

func filesBelow(t *testing.T, dir string) []string {
	t.Helper()
	var paths []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != ".lock" {
			paths = append(paths, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}
