package importer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"

	"github.com/rs/zerolog"
)

// desk stands in for the importer: it remembers what it was given and archives it.
type desk struct {
	glob    string
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

func (d *desk) Match(name string) (*Mapping, bool) {
	ok, err := path.Match(d.glob, name)
	return &Mapping{}, ok && err == nil
}

func (d *desk) patterns() []string { return []string{d.glob} }

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
	d.names = append(d.names, in.Name)
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

func TestInboxTakesTheOldestFirstAndWhatWasLeftBehindBeforeAll(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "b.csv", "b", 3*time.Hour)
	it.drop(t, "a.csv", "a", 2*time.Hour)
	it.drop(t, "new.csv", "new", time.Minute)
	it.drop(t, ".claimed/20261101T000000-1/orphan.csv", "orphan", time.Hour)
	it.drop(t, ".claimed/put-there-by-hand.csv", "by hand", 2*time.Hour)
	if err := os.Mkdir(filepath.Join(it.dir, ".claimed", "never-used"), 0o700); err != nil {
		t.Fatal(err)
	}
	want := []string{"put-there-by-hand.csv", "orphan.csv", "b.csv", "a.csv", "new.csv"}
	if got := it.sweep(t); !slices.Equal(got, want) {
		t.Errorf("imported %q, want %q", got, want)
	}
	entries, err := os.ReadDir(filepath.Join(it.dir, ".claimed"))
	if err != nil || len(entries) != 1 || entries[0].Name() != ".lock" {
		t.Errorf(".claimed holds %v (%v)", entries, err)
	}
}

func TestInboxSameNameWhileTheFirstIsClaimed(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.desk.trouble = func(string) error { return errors.New("the database is in use") }
	it.drop(t, "deals.csv", "first", long)
	if _, err := it.Sweep(t.Context()); err == nil {
		t.Fatal("no error")
	}
	it.drop(t, "deals.csv", "second", long)
	it.desk.trouble = nil
	it.restart(t)
	it.sweep(t)
	if got := it.desk.texts["deals.csv"]; !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("imported %q", got)
	}
}

func TestInboxKeepsWhatFailsThroughNoFaultOfItsOwn(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	full := errors.New("no space left on device")
	it.desk.trouble = func(string) error { return full }
	for i := range 5 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	all := it.left(t)
	for range 3 {
		if _, err := it.Sweep(t.Context()); !errors.Is(err, full) {
			t.Fatalf("error %v", err)
		}
		it.now = it.now.Add(time.Second)
	}
	if got := it.left(t); !slices.Equal(got, all) {
		t.Fatalf("left %q of %q", got, all)
	}
	if got := strings.Join(it.Waiting(), "\n"); !strings.Contains(got, ".csv is tried again, because its import failed: no space left on device.") {
		t.Errorf("waiting: %s", got)
	}
	it.desk.trouble = nil
	it.now = it.now.Add(time.Minute)
	if got := it.sweep(t); len(got) != 5 || len(it.left(t)) != 0 || it.Waiting() != nil {
		t.Errorf("imported %q, left %q, waiting %q", got, it.left(t), it.Waiting())
	}
}

func TestInboxStopsAPassWhenTheTroubleIsEverybodys(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	tries := 0
	it.desk.trouble = func(string) error { tries++; return errors.New("locked") }
	for i := range 50 {
		it.drop(t, fmt.Sprintf("%02d.csv", i), "a", long)
	}
	if _, err := it.Sweep(t.Context()); err == nil || tries != failuresInARow {
		t.Errorf("%d tries, error %v", tries, err)
	}
	inbox, err := filepath.Glob(filepath.Join(it.dir, "*.csv"))
	if err != nil || len(inbox) != 50-failuresInARow {
		t.Errorf("%d files still where they were dropped", len(inbox))
	}
}

func TestInboxOneSickFileDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	sick := errors.New("input/output error")
	tries := 0
	it.desk.trouble = func(name string) error {
		if name != "0.csv" {
			return nil
		}
		tries++
		return sick
	}
	for i := range 4 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	for range 200 {
		if _, err := it.Sweep(t.Context()); !errors.Is(err, sick) {
			t.Fatalf("error %v", err)
		}
		it.now = it.now.Add(5 * time.Second)
	}
	if !slices.Equal(it.desk.imported(), []string{"1.csv", "2.csv", "3.csv"}) {
		t.Errorf("imported %q", it.desk.imported())
	}
	// 5, 10, 20 … 300 s apart in 1000 s.
	if tries < 6 || tries > 9 {
		t.Errorf("%d tries in 1000 seconds", tries)
	}
}

func TestInboxTellsWhereAFileLiesThatLostItsSource(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	at := it.drop(t, ".claimed/1/deals.csv", "a", long)
	it.desk.glob = "*.json"
	it.sweep(t)
	if got := it.Waiting(); len(got) != 1 || !strings.Contains(got[0], "fits no source") || !strings.Contains(got[0], filepath.Dir(at)) {
		t.Errorf("waiting: %q", got)
	}
	it.desk.glob = "*.csv"
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) || it.Waiting() != nil {
		t.Errorf("imported %q, waiting %q", got, it.Waiting())
	}
}

func TestInboxEndedInTheMiddle(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "deals.csv", "a", long)
	ctx, cancel := context.WithCancel(t.Context())
	it.desk.trouble = func(string) error { cancel(); return ctx.Err() }
	if _, err := it.Sweep(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("error %v", err)
	}
	if got, err := filepath.Glob(filepath.Join(it.dir, ".claimed", "*", "deals.csv")); err != nil || len(got) != 1 {
		t.Fatalf("claimed: %q", got)
	}
	it.desk.trouble = nil
	it.restart(t)
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) || len(it.left(t)) != 0 {
		t.Errorf("imported %q, left %q", got, it.left(t))
	}
}

func TestInboxRefusedFileIsDone(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "wrong.csv", "refuse me", long)
	it.drop(t, "right.csv", "a", time.Minute)
	if got := it.sweep(t); !slices.Equal(got, []string{"wrong.csv", "right.csv"}) || it.Waiting() != nil {
		t.Errorf("reports %q, waiting %q", got, it.Waiting())
	}
	if got := it.sweep(t); got != nil {
		t.Errorf("reports %q of a second pass", got)
	}
}

func TestInboxHostileNames(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	names := []string{"a\nb\x1b[31m.csv", "\xff\xfe.csv", strings.Repeat("x", 251) + ".csv", "-rf.csv", "$(reboot).csv",
		" .csv", "..csv.csv", "%s%n.csv", "‮vsc.csv", `C:\deals.csv`, "*.csv", "..\\..\\up.csv"}
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

func TestInboxTenThousandFiles(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	const n = 10_000
	when := time.Now().Add(-long)
	var want []string
	for i := range n {
		name := fmt.Sprintf("%05d.csv", i)
		at := filepath.Join(it.dir, name)
		if err := os.WriteFile(at, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(at, when, when.Add(-time.Duration(i/100)*time.Second)); err != nil {
			t.Fatal(err)
		}
		want = append(want, name)
	}
	slices.SortFunc(want, func(x, y string) int { // the oldest hundred first, by name within
		if x[:3] != y[:3] {
			return strings.Compare(y, x)
		}
		return strings.Compare(x, y)
	})
	if got := it.sweep(t); !slices.Equal(got, want) {
		t.Errorf("imported %d files, %q first", len(got), got[:3])
	}
}

func TestTwoInboxesOnOneFolder(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	const n = 300
	for i := range n {
		it.drop(t, fmt.Sprintf("%03d.csv", i), "a", long)
	}
	var together sync.WaitGroup
	for range 2 {
		b, err := NewInbox(InboxConfig{Importer: it.desk, Dir: it.dir})
		if err != nil {
			t.Fatal(err)
		}
		together.Go(func() {
			for len(listed(it.dir)) > 0 {
				if _, err := b.Sweep(context.Background()); err != nil && !errors.Is(err, errBusy) {
					t.Error(err)
				}
			}
		})
	}
	together.Wait()
	for name, texts := range it.desk.texts {
		if len(texts) != 1 {
			t.Errorf("%s was imported %d times", name, len(texts))
		}
	}
	if len(it.desk.texts) != n || len(it.left(t)) != 0 {
		t.Errorf("%d of %d imported, left %q", len(it.desk.texts), n, it.left(t))
	}
}

func listed(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*.csv"))
	return found
}

// Where there are no locks the rename alone decides.
func TestClaimIsWonByOne(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	c, err := openClaims(it.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for i := range 100 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	files, err := listFolder(it.dir, temporaryName)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	won := map[string]int{}
	var racers sync.WaitGroup
	for range 4 {
		racers.Go(func() {
			for _, f := range files {
				mine, err := c.claim(f)
				if err != nil {
					t.Error(err)
				}
				if mine != nil {
					mu.Lock()
					won[f.name]++
					mu.Unlock()
				}
			}
		})
	}
	racers.Wait()
	for _, f := range files {
		if won[f.name] != 1 {
			t.Errorf("%s was claimed %d times", f.name, won[f.name])
		}
	}
}

func TestClaimOfAFileThatStillChanges(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	at := it.drop(t, "deals.csv", "a\n", long)
	c, err := openClaims(it.dir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := listFolder(it.dir, temporaryName)
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(at, []byte("a\n1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if mine, err := c.claim(files[0]); mine != nil || err != nil {
		t.Errorf("claimed %v, error %v", mine, err)
	}
	c.close()
	it.sweep(t)
	it.now = it.now.Add(10 * time.Second)
	if it.sweep(t); !slices.Equal(it.desk.texts["deals.csv"], []string{"a\n1\n"}) {
		t.Errorf("imported %q", it.desk.texts)
	}
}

func TestInboxLock(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, ".claimed/1/deals.csv", "a", long)
	other, err := openClaims(it.dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := it.Sweep(t.Context()); !errors.Is(err, errBusy) || len(it.desk.imported()) != 0 {
		t.Errorf("error %v, imported %q while another process works", err, it.desk.imported())
	}
	other.close()
	if got := it.sweep(t); !slices.Equal(got, []string{"deals.csv"}) {
		t.Errorf("imported %q after the other process ended", got)
	}
}

func TestInboxFolderTrouble(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	home := it.dir
	file := it.drop(t, "a-file", "a", 0)
	for name, c := range map[string]struct {
		dir  string
		says string
	}{
		"missing": {filepath.Join(home, "missing"), "does not exist; create it"},
		"a file":  {file, "is a file and not a folder"},
	} {
		b, err := NewInbox(InboxConfig{Importer: it.desk, Dir: c.dir})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.Symlink(t.TempDir(), filepath.Join(home, ".claimed")); err != nil {
		t.Fatal(err)
	}
	if _, err := it.Sweep(t.Context()); err == nil || !strings.Contains(err.Error(), "must be a folder") {
		t.Errorf("a link in the place of .claimed: %v", err)
	}
}

func TestInboxClaimsArePrivate(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.sweep(t)
	info, err := os.Stat(filepath.Join(it.dir, ".claimed"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("mode %v (%v)", info.Mode(), err)
	}
}

func TestInboxLogsAWaitingFileOnce(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.drop(t, "deals.xls", "a", long)
	for range 5 {
		it.sweep(t)
	}
	if n := strings.Count(it.log.String(), "deals.xls fits no source"); n != 1 {
		t.Errorf("%d lines:\n%s", n, it.log.String())
	}
	if err := os.Remove(filepath.Join(it.dir, "deals.xls")); err != nil {
		t.Fatal(err)
	}
	it.sweep(t)
	it.drop(t, "deals.xls", "a", long)
	it.sweep(t)
	if n := strings.Count(it.log.String(), "deals.xls fits no source"); n != 2 {
		t.Errorf("%d lines after it was dropped again:\n%s", n, it.log.String())
	}
}

func TestInboxRun(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		it.c.Now = time.Now
		done := make(chan error)
		go func() { done <- it.Run(ctx) }()
		synctest.Wait()
		// Its time comes from the clock of the real world, which stands still in here.
		if err := os.WriteFile(filepath.Join(it.dir, "deals.csv"), []byte("a"), 0o600); err != nil {
			t.Fatal(err)
		}
		time.Sleep(14 * time.Second) // seen at 5 s, still settling at 10 s
		synctest.Wait()
		if len(it.desk.imported()) != 0 {
			t.Errorf("imported %q before it had settled", it.desk.imported())
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !slices.Equal(it.desk.imported(), []string{"deals.csv"}) {
			t.Errorf("imported %q", it.desk.imported())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestInboxRunTellsOnceThatTheFolderIsMissing(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	if err := os.Remove(it.dir); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		it.c.Now = time.Now
		done := make(chan error)
		go func() { done <- it.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if n := strings.Count(it.log.String(), "does not exist"); n != 1 {
			t.Errorf("%d lines:\n%s", n, it.log.String())
		}
		it.drop(t, "deals.csv", "a", long)
		time.Sleep(slowestPoll)
		synctest.Wait()
		if !slices.Equal(it.desk.imported(), []string{"deals.csv"}) || !strings.Contains(it.log.String(), "worked off again") {
			t.Errorf("imported %q after the folder came back; log:\n%s", it.desk.imported(), it.log.String())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestInboxRunTellsATroubleOnceWhicheverFilesItHits(t *testing.T) {
	t.Parallel()
	it := newInboxTest(t)
	it.desk.trouble = func(name string) error { return fmt.Errorf("import %s: %w", name, errors.New("the disk is full")) }
	for i := range 40 {
		it.drop(t, fmt.Sprintf("%d.csv", i), "a", long)
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		it.c.Now = time.Now
		done := make(chan error)
		go func() { done <- it.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	if n := strings.Count(it.log.String(), "\n"); n != 1 {
		t.Errorf("%d lines:\n%s", n, it.log.String())
	}
}

func TestNewInboxRefuses(t *testing.T) {
	t.Parallel()
	d := newDesk(t)
	for name, c := range map[string]InboxConfig{
		"no importer":       {Dir: "x"},
		"no folder":         {Importer: d},
		"a negative poll":   {Importer: d, Dir: "x", Poll: -1},
		"a negative settle": {Importer: d, Dir: "x", Settle: -1},
	} {
		if _, err := NewInbox(c); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
