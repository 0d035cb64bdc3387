package importer

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/rs/zerolog"

	"capibara/store/bolt"
)

// noon is when every test takes place.
func noon() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) }

// house is a home folder with an empty database and an importer.
type house struct {
	*Importer
	db   *bolt.DB
	home string
	log  *bytes.Buffer
}

func newHouse(t testing.TB, mappings ...*Mapping) house {
	t.Helper()
	h := house{home: t.TempDir(), log: &bytes.Buffer{}}
	db, err := bolt.Create(filepath.Join(h.home, "capibara.db"), bolt.Options{Now: noon()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	h.db = db
	h.Importer = New(Config{Store: db, Log: zerolog.New(h.log), Home: h.home, Mappings: mappings, Now: noon,
		Folders: Folders{Archive: filepath.Join(h.home, "archive"), Rejected: filepath.Join(h.home, "rejected")}})
	return h
}

// withReceipts lets the importer write receipts, and returns their folder.
func (h house) withReceipts() ReceiptFolder {
	h.c.Receipts = ReceiptFolder{Dir: filepath.Join(h.home, "receipts")}
	return h.c.Receipts
}

func (h house) write(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(h.home, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// checked fails the test when the database does not agree with itself.
func (h house) checked(t testing.TB) {
	t.Helper()
	if err := h.db.Check(t.Context(), func(problem string) { t.Error("the database: " + problem) }); err != nil {
		t.Fatal(err)
	}
}

func readSource(t testing.TB, text []byte) Source {
	t.Helper()
	var s Source
	d := yaml.NewDecoder(bytes.NewReader(text), yaml.DisallowUnknownField())
	if err := d.Decode(&s); err != nil {
		t.Fatal(err)
	}
	return s
}

func compiled(t testing.TB, text string) *Mapping {
	t.Helper()
	s := readSource(t, []byte(text))
	m, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1234567890", "other": "9876543210"}, TimeZone: time.UTC})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
