package importer

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/rs/zerolog"
)

// desk stands in for the importer: it remembers what it was given and archives it.
type desk struct {
	glob    string
	sources []string // names of sources, which folders may have
	archive string
	trouble func(name string) error // what keeps a file from being imported; nil for nothing

	mu    sync.Mutex
	names []string // in the order of import
	texts map[string][]string
}

func newDesk(t *testing.T) *desk {
	return &desk{glob: "*.csv", archive: t.TempDir(), texts: map[string][]string{}}
}

// imported returns the names in the order of import.
func (d *desk) imported() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.names)
}

func (d *desk) Find(_ context.Context, folder, name string) (*Mapping, error) {
	if _, ok := d.InFolder(folder); ok {
		return &Mapping{}, nil
	}
	if ok, err := path.Match(d.glob, name); !ok || err != nil || folder != "" {
		return nil, ErrNoSource
	}
	return &Mapping{}, nil
}

func (d *desk) InFolder(folder string) (*Mapping, bool) {
	return &Mapping{}, slices.Contains(d.sources, strings.ToLower(folder))
}

func (d *desk) sourceNames() []string { return d.sources }

func (d *desk) patterns() []string { return []string{d.glob} }

func (d *desk) resembles(string, string) string { return "" }

func (d *desk) Import(_ context.Context, in Input) (Report, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trouble != nil {
		if err := d.trouble(in.Name); err != nil {
			return Report{}, err
		}
	}
	text, err := os.ReadFile(in.Path)
	if err != nil {
		return Report{}, err
	}
	if err := os.Rename(in.Path, filepath.Join(d.archive, fmt.Sprint(len(d.names)))); err != nil {
		return Report{}, err
	}
	d.names = append(d.names, path.Join(in.Folder, in.Name))
	d.texts[in.Name] = append(d.texts[in.Name], string(text))
	var r Report
	r.File.Name = in.Name
	if string(text) == "refuse me" {
		return r, &RefusedError{Name: in.Name, Reason: "It is wrong."}
	}
	return r, nil
}

// inboxTest is an inbox with a clock of its own.
type inboxTest struct {
	*Inbox
	desk *desk
	dir  string
	now  time.Time
	log  bytes.Buffer
}

func newInboxTest(t *testing.T) *inboxTest {
	t.Helper()
	it := &inboxTest{desk: newDesk(t), dir: t.TempDir(), now: time.Now()}
	it.restart(t)
	return it
}

// restart is what a new process finds.
func (it *inboxTest) restart(t *testing.T) {
	t.Helper()
	b, err := NewInbox(InboxConfig{Importer: it.desk, Dir: it.dir, Poll: 5 * time.Second, Settle: 10 * time.Second,
		Log: zerolog.New(&it.log), Now: func() time.Time { return it.now }})
	if err != nil {
		t.Fatal(err)
	}
	it.Inbox = b
}

// drop writes a file that was changed so long ago by the clock of the file system.
func (it *inboxTest) drop(t *testing.T, name, text string, age time.Duration) string {
	t.Helper()
	at := filepath.Join(it.dir, name)
	if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	when := time.Now().Add(-age)
	if err := os.Chtimes(at, when, when); err != nil {
		t.Fatal(err)
	}
	return at
}

func (it *inboxTest) sweep(t *testing.T) []string {
	t.Helper()
	reports, err := it.Sweep(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return reportNames(reports)
}

func reportNames(reports []Report) []string {
	var names []string
	for _, r := range reports {
		names = append(names, r.File.Name)
	}
	return names
}

// left lists every file that is still in the inbox or claimed, by base name.
func (it *inboxTest) left(t *testing.T) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(it.dir, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && e.Name() != ".lock" {
			names = append(names, e.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

const long = time.Hour

func TestInboxTakesOnlyWhatIsReady(t *testing.T) {
	t.Parallel()
	utf16le := func(s string) string {
		var b []byte
		for _, u := range utf16.Encode([]rune(s)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		file, text string
		taken      bool
		waiting    string // "" for nothing to say
	}{
		"a file that fits":               {"deals.csv", "a\n1\n", true, ""},
		"an empty one":                   {"empty.csv", "", true, ""},
		"UTF-16, which ends in a zero":   {"utf16.csv", utf16le("a\n1\n"), true, ""},
		"a small workbook":               {"book.csv", "PK\x03\x04 cells PK\x05\x06" + "\x00\x00\x00\x00\x01\x00\x01\x00\x2e\x00\x00\x00\x00\x19\x00\x00\x00\x00", true, ""},
		"half a workbook":                {"half.csv", "PK\x03\x04 cells" + strings.Repeat("\x00", 4096), false, "half.csv ends in zero bytes, as a file does while it is being copied; it is taken when they are gone."},
		"no source":                      {"deals.xls", "a", false, "deals.xls fits no source; the sources take *.csv. Rename the file or add a source."},
		"half copied":                    {"half.csv", "a\n1\n" + strings.Repeat("\x00", 4096), false, "half.csv ends in zero bytes, as a file does while it is being copied; it is taken when they are gone."},
		"nothing copied yet":             {"none.csv", strings.Repeat("\x00", 4096), false, "none.csv ends in zero bytes, as a file does while it is being copied; it is taken when they are gone."},
		"a hidden file":                  {".deals.csv", "a", false, ""},
		"an owner file of Office":        {"~$deals.csv", "a", false, ""},
		"a download of Firefox":          {"deals.csv.part", "a", false, ""},
		"a download of KDE":              {"deals.partial", "a", false, ""},
		"an upload of WinSCP":            {"deals.csv.filepart", "a", false, ""},
		"a temporary file":               {"deals.csv.TMP", "a", false, ""},
		"a download of Chrome":           {"deals.crdownload", "a", false, ""},
		"what Windows leaves in folders": {"Desktop.ini", "a", false, ""},
		"what Windows keeps of pictures": {"Thumbs.db", "a", false, ""},
		"what a disk check leaves":       {"lost+found/#1.csv", "a", false, ""},
		"what a network store keeps":     {"@eaDir/deals.csv", "a", false, ""},
		"a folder":                       {"folder.csv/inner.csv", "a", false, "folder.csv is a folder; drop the files themselves."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			it := newInboxTest(t)
			it.drop(t, c.file, c.text, long)
			for range 2 { // what waits goes on waiting
				it.sweep(t)
			}
			if taken := len(it.desk.imported()) == 1; taken != c.taken || len(it.desk.imported())+len(it.left(t)) != 1 {
				t.Errorf("imported %q, left %q", it.desk.imported(), it.left(t))
			}
			if got := strings.Join(it.Waiting(), "\n"); got != c.waiting {
				t.Errorf("waiting: %q, want %q", got, c.waiting)
			}
			if c.taken && it.desk.texts[c.file][0] != c.text {
				t.Errorf("%q was imported", it.desk.texts)
			}
		})
	}
}

func TestInboxLinkIsNotFollowed(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	outside := filepath.Join(t.TempDir(), "secret.csv")
	if err := os.WriteFile(outside, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(it.dir, "link.csv")); err != nil {
		t.Fatal(err)
	}
	it.sweep(t)
	if len(it.desk.imported()) != 0 || !slices.Equal(it.Waiting(), []string{"link.csv is a link; drop the file itself."}) {
		t.Errorf("imported %q, waiting %q", it.desk.imported(), it.Waiting())
	}
}

func TestInboxWaitsUntilAFileStandsStill(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	at := it.drop(t, "deals.csv", "a\n", 0)
	step := func(d time.Duration, want ...string) {
		t.Helper()
		it.now = it.now.Add(d)
		if got := it.sweep(t); !slices.Equal(got, want) {
			t.Errorf("imported %q, want %q", got, want)
		}
	}
	step(0)
	step(9 * time.Second)
	// The server that holds the file tells an old time although the file still grows.
	it.drop(t, "deals.csv", "a\n1\n", long)
	step(2 * time.Second)
	it.drop(t, "deals.csv", "a\n1\n2\n", long)
	step(9 * time.Second)
	step(9 * time.Second)
	if _, err := os.Stat(at); err != nil {
		t.Fatal(err)
	}
	step(time.Second, "deals.csv")
	if got := it.desk.texts["deals.csv"]; !slices.Equal(got, []string{"a\n1\n2\n"}) {
		t.Errorf("imported %q", got)
	}
}

func TestInboxDoesNotTrustTheFutureOfAFile(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "deals.csv", "a\n", -long)
	if got := it.sweep(t); got != nil {
		t.Errorf("imported %q at first sight", got)
	}
	it.now = it.now.Add(10 * time.Second)
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) {
		t.Errorf("imported %q after it stood still", got)
	}
}

func TestInboxTellsOfACopyThatWasCutShort(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "deals.csv", "a\n1\n\x00\x00\x00\x00", long)
	it.sweep(t)
	it.now = it.now.Add(time.Hour)
	it.sweep(t)
	want := "deals.csv has ended in zero bytes for more than an hour, so its copy was cut short; copy it again."
	if got := it.Waiting(); !slices.Equal(got, []string{want}) {
		t.Errorf("waiting: %q", got)
	}
	it.drop(t, "deals.csv", "a\n1\n2\n", long)
	it.sweep(t)
	it.now = it.now.Add(10 * time.Second)
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) || it.Waiting() != nil {
		t.Errorf("imported %q after it was copied again, waiting %q", got, it.Waiting())
	}
}

func TestInboxHostileNames(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	names := []string{"a\nb\x1b[31m.csv", "\xff\xfe.csv", strings.Repeat("x", 251) + ".csv", "-rf.csv", "$(reboot).csv",
		" .csv", "..csv.csv", "%s%n.csv", "\u202evsc.csv", `C:\deals.csv`, "*.csv", "..\\..\\up.csv"}
	for i, name := range names {
		it.drop(t, name, name, time.Duration(len(names)-i)*time.Hour)
	}
	odd := "no\nsource\xff"
	it.drop(t, odd, "a", long)
	if got := it.sweep(t); !slices.Equal(got, slices.DeleteFunc(slices.Clone(names), temporaryName)) {
		t.Errorf("imported %q", got)
	}
	for name, texts := range it.desk.texts {
		if !slices.Equal(texts, []string{name}) {
			t.Errorf("%q holds %q", name, texts)
		}
	}
	if got := it.Waiting(); len(got) != 1 || !strings.HasPrefix(got[0], `"no\nsource\xff" fits no source`) {
		t.Errorf("waiting: %q", got)
	}
}

func FuzzInboxNames(f *testing.F) {
	for _, name := range []string{"deals.csv", "~$deals.csv", ".csv", "a\n.csv", "\x00", "..", "a/b", "\xff.CSV", "x.csv.part"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		it := newInboxTest(t)
		if name == claimedFolder || strings.Contains(name, "/") || name == ".." || name == "." {
			return
		}
		if err := os.WriteFile(filepath.Join(it.dir, name), []byte("a"), 0o600); err != nil {
			return // no name of a file
		}
		it.sweep(t)
		it.now = it.now.Add(long)
		it.sweep(t)
		if got := append(it.left(t), it.desk.imported()...); !slices.Equal(got, []string{name}) {
			t.Errorf("%q became %q", name, got)
		}
		for _, sentence := range it.Waiting() {
			if strings.ContainsAny(sentence, "\n\r\x1b") {
				t.Errorf("a sentence of several lines: %q", sentence)
			}
		}
	})
}
