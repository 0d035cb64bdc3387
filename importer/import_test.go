package importer

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
)

const till = `
name: till
files: ["*till*.csv"]
dataset: main
record_key: [Receipt]
action_source: physical_store
event_name: Purchase
currency: EUR
decimal: "."
`

// tillFile writes n sales; every seventh has an amount that nobody can read, every fifth no person.
func tillFile(n int) []byte {
	var b strings.Builder
	b.WriteString("Receipt,Date,Email,Amount\n")
	for i := range n {
		email, amount := fmt.Sprintf("p%d@example.com", i), fmt.Sprintf("%d.50", 1+i%90)
		if i%5 == 4 {
			email = ""
		}
		if i%17 == 16 {
			amount = "lots"
		}
		fmt.Fprintf(&b, "R%d,2026-11-%02dT10:00:00Z,%s,%s\n", i, 17+i%6, email, amount)
	}
	return []byte(b.String())
}

func TestImportTwiceAndArchive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	data := tillFile(100)
	for try, want := range []store.FileCounts{
		{Records: 100, Accepted: 76, Skipped: 20, Rejected: 4},
		{Records: 100, Duplicate: 76, Skipped: 20, Rejected: 4},
	} {
		path := h.write(t, "till 1.csv", data)
		r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, r.File.Counts); d != "" {
			t.Errorf("import %d: -want +got:\n%s", try+1, d)
		}
		archived := fmt.Sprintf("archive/2026/11/23/till 1.%d.csv", try+1)
		if r.File.ArchivedAs != archived || r.File.State != store.FileImported {
			t.Errorf("import %d: %s as %q", try+1, r.File.State, r.File.ArchivedAs)
		}
		kept, err := os.ReadFile(filepath.Join(h.home, archived))
		if err != nil || string(kept) != string(data) {
			t.Errorf("import %d: the archive holds %d bytes, %v", try+1, len(kept), err)
		}
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("import %d: the file is still there: %v", try+1, err)
		}
		for _, p := range []string{archived, r.File.Rejects} {
			if info, err := os.Stat(filepath.Join(h.home, p)); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("%s is not private: %v %v", p, info, err)
			}
		}
	}
	h.checked(t)
}

// TestArchiveOfAnotherLedger finds the names taken that it would give, as after an old copy of the database was put back.
func TestArchiveOfAnotherLedger(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	for _, folder := range []string{"archive", "rejected"} {
		for i, name := range []string{"till.1.csv", "till.1-2.csv", "till bad.2.csv"} {
			path := filepath.Join(h.home, folder, "2026/11/23", name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte{byte(i)}, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
	}
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", tillFile(2)), Archive: true})
	if err != nil || r.File.ArchivedAs != "archive/2026/11/23/till.1-3.csv" {
		t.Errorf("archived as %q, %v", r.File.ArchivedAs, err)
	}
	r, err = h.Import(t.Context(), Input{Path: h.write(t, "till bad.csv", []byte("Receipt,Date,Amount\nR1,2026-11-17,5\n")), Archive: true})
	if err == nil || r.File.ArchivedAs != "rejected/2026/11/23/till bad.2-2.csv" {
		t.Errorf("put aside as %q, %v", r.File.ArchivedAs, err)
	}
	h.checked(t)
}

func TestRejectsComeBack(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", tillFile(100))})
	if err != nil {
		t.Fatal(err)
	}
	rejects, err := os.ReadFile(filepath.Join(h.home, r.File.Rejects))
	if err != nil {
		t.Fatal(err)
	}
	mended := strings.ReplaceAll(string(rejects), "lots", "7.25")
	again, err := h.Import(t.Context(), Input{Path: h.write(t, "till.rejects.csv", []byte(mended))})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(store.FileCounts{Records: 4, Accepted: 4}, again.File.Counts); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
	h.checked(t)
}

func TestRefusedFileIsPutAside(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	path := h.write(t, "till.csv", []byte("Receipt,Date,Amount\nR1,2026-11-17,5\n"))
	r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
	var refused *RefusedError
	if !errors.As(err, &refused) || refused.Hint == "" || r.File.State != store.FileRefused || r.File.Reason != refused.Reason {
		t.Fatalf("got %+v, %v", r.File, err)
	}
	if r.File.ArchivedAs != "rejected/2026/11/23/till.1.csv" {
		t.Errorf("it went to %q", r.File.ArchivedAs)
	}
	why, err := os.ReadFile(filepath.Join(h.home, r.File.ArchivedAs+".reason.txt"))
	if err != nil || string(why) != refused.Reason+"\n"+refused.Hint+"\n" {
		t.Errorf("beside it stands %q, %v", why, err)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file is still there: %v", err)
	}
	if !strings.Contains(h.log.String(), `"level":"warn"`) || strings.Count(h.log.String(), "\n") != 1 {
		t.Errorf("the log says %q", h.log)
	}
	h.checked(t)
}

func TestNoSource(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	if _, err := h.Import(t.Context(), Input{Path: h.write(t, "deals.csv", tillFile(1))}); !errors.Is(err, ErrNoSource) {
		t.Errorf("got %v", err)
	}
}

// TestNoRegularFile does not wait for what may never come.
func TestNoRegularFile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	if _, err := h.Import(t.Context(), Input{Path: h.home, Name: "till.csv"}); err == nil {
		t.Error("a folder was imported")
	}
	if _, err := h.Import(t.Context(), Input{Path: filepath.Join(h.home, "till.csv")}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestLargeTextInSmallChunks commits before the text of the records alone fills the memory.
func TestLargeTextInSmallChunks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	var b strings.Builder
	b.WriteString("Receipt,Date,Email,Amount,Note\n")
	note := strings.Repeat("note ", 20_000)
	for i := range 250 {
		fmt.Fprintf(&b, "R%d,2026-11-17,p@example.com,5,%s\n", i, note)
	}
	chunks := &failing{Importing: h.db, chunks: 1000, closes: 1}
	h.c.Store = chunks
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "till.csv", []byte(b.String()))})
	if err != nil || r.File.Counts.Accepted != 250 {
		t.Fatalf("%+v, %v", r.File.Counts, err)
	}
	if made := 1000 - chunks.chunks; made < 3 {
		t.Errorf("25 MB of text were committed in %d chunks", made)
	}
	h.checked(t)
}

// failing is a store that fails on purpose.
type failing struct {
	store.Importing
	chunks, closes int // how many still succeed
}

var errPower = errors.New("the power went out")

func (f *failing) Import(ctx context.Context, file uint64, c store.Chunk, now time.Time) (store.ImportResult, error) {
	if f.chunks--; f.chunks < 0 {
		return store.ImportResult{}, errPower
	}
	return f.Importing.Import(ctx, file, c, now)
}

func (f *failing) CloseFile(ctx context.Context, file uint64, end store.FileEnd, now time.Time) (store.File, error) {
	if f.closes--; f.closes < 0 {
		return store.File{}, errPower
	}
	return f.Importing.CloseFile(ctx, file, end, now)
}

func TestResume(t *testing.T) {
	t.Parallel()
	const records = 2*chunkRecords + 123
	data := tillFile(records)
	whole := newHouse(t, compiled(t, till))
	want, err := whole.Import(t.Context(), Input{Path: whole.write(t, "till.csv", data)})
	if err != nil {
		t.Fatal(err)
	}
	wantRejects, err := os.ReadFile(filepath.Join(whole.home, want.File.Rejects))
	if err != nil {
		t.Fatal(err)
	}
	for chunks := range 4 {
		t.Run(fmt.Sprint(chunks), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, compiled(t, till))
			path := h.write(t, "till.csv", data)
			h.c.Store = &failing{Importing: h.db, chunks: chunks}
			broken, err := h.Import(t.Context(), Input{Path: path, Archive: true})
			if !errors.Is(err, errPower) {
				t.Fatalf("got %v", err)
			}
			h.c.Store = h.db
			got, err := h.Import(t.Context(), Input{Path: path, Archive: true})
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(want.File.Counts, got.File.Counts); d != "" {
				t.Errorf("-in one go +resumed:\n%s", d)
			}
			if got.File.Number != 1 || got.Resumed != broken.File.Counts.Records || got.Resumed == 0 != (chunks == 0) {
				t.Errorf("file %d resumed after %d records; the first try had done %d", got.File.Number, got.Resumed, broken.File.Counts.Records)
			}
			if broken.Events+got.Events != want.Events {
				t.Errorf("%d and %d events, want %d", broken.Events, got.Events, want.Events)
			}
			rejects, err := os.ReadFile(filepath.Join(h.home, got.File.Rejects))
			if err != nil || string(rejects) != string(wantRejects) {
				t.Errorf("the rejects file has %d bytes, want %d: %v", len(rejects), len(wantRejects), err)
			}
			h.checked(t)
		})
	}
}

// TestCrashAfterClose leaves the file where it was, as a crash between the close and the archive does.
func TestCrashAfterClose(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	path := h.write(t, "till.csv", tillFile(100))
	if _, err := h.Import(t.Context(), Input{Path: path}); err != nil {
		t.Fatal(err)
	}
	r, err := h.Import(t.Context(), Input{Path: path, Archive: true})
	if err != nil {
		t.Fatal(err)
	}
	if r.File.Counts.Duplicate != 76 || r.File.Number != 2 || r.File.ArchivedAs != "archive/2026/11/23/till.2.csv" {
		t.Errorf("got %+v", r.File)
	}
	h.checked(t)
}

// TestCrashWhileArchiving finds the file at its place already, as a crash between copy and removal leaves it.
func TestCrashWhileArchiving(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	data := tillFile(10)
	from := h.write(t, "till.csv", data)
	to := filepath.Join(h.home, "archive", "till.1.csv")
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := h.place(from, to); err != nil {
		t.Error(err)
	}
	from = h.write(t, "till.csv", []byte("another"))
	if err := h.place(from, to); err == nil {
		t.Error("another file was replaced")
	}
	if kept, err := os.ReadFile(to); err != nil || string(kept) != string(data) {
		t.Errorf("the archived file is now %q, %v", kept, err)
	}
	if err := h.copyFile(from, filepath.Join(h.home, "elsewhere", "till.csv")); err != nil {
		t.Error(err)
	}
	if err := h.copyFile(from, to); err == nil {
		t.Error("another file was replaced by a copy")
	}
}

func TestCancel(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	path := h.write(t, "till.csv", tillFile(2*chunkRecords))
	ctx, cancel := context.WithCancel(t.Context())
	h.c.Progress = func(p Progress) {
		if p.Records == 0 || p.Bytes == 0 || p.Total == 0 || p.Name != "till.csv" {
			t.Errorf("progress %+v", p)
		}
		cancel()
	}
	r, err := h.Import(ctx, Input{Path: path})
	if !errors.Is(err, context.Canceled) || r.File.Counts.Records < chunkRecords || r.File.Counts.Records == 2*chunkRecords {
		t.Fatalf("%d records, %v", r.File.Counts.Records, err)
	}
	h.c.Progress = nil
	done := r.File.Counts.Records
	r, err = h.Import(t.Context(), Input{Path: path})
	if err != nil || r.File.Counts.Records != 2*chunkRecords || r.Resumed != done {
		t.Fatalf("%d records, %d resumed, %v", r.File.Counts.Records, r.Resumed, err)
	}
	h.checked(t)
}

func TestFileChangesWhileRead(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, till))
	path := h.write(t, "till.csv", tillFile(chunkRecords+10))
	h.c.Progress = func(Progress) {
		if err := os.WriteFile(path, tillFile(3), 0o600); err != nil {
			t.Error(err)
		}
	}
	if r, err := h.Import(t.Context(), Input{Path: path}); err == nil {
		t.Errorf("it was imported: %+v", r.File)
	}
	h.checked(t)
}

// TestNothingPersonalStays imports data that is found nowhere else, and looks for it in the bytes of the database, in the log, in
// the report and in the errors.
func TestNothingPersonalStays(t *testing.T) {
	t.Parallel()
	const canary = "xq7canary"
	person := canary + "@example.com,+31687654321," + canary + "first," + canary + "last,1971-03-09," + canary + "ville,1234XQ"
	const header = "Receipt,Date,Amount,email,phone,first_name,last_name,date_of_birth,city,zip,lead_id,Rep\n"
	files := map[string]string{
		"good till.csv":      header + "R1,2026-11-17,5," + person + ",,north\n",
		"bad till.csv":       header + "R1,never " + canary + ",5," + person + ",,\nR2,2026-11-17," + canary + "," + person + ",,\n" + canary + "@example.com,2026-11-17,5," + person + ",,\n",
		"personal till.csv":  header + "R3,2026-11-17,5," + person + "," + canary + "," + canary + "@example.com\n",
		"ragged till.csv":    header + "R4," + canary + "\n\"" + canary + "\n",
		"headless till.csv":  canary + "first," + canary + "@example.com,+31687654321\n" + canary + ",b,c\n",
		"empty till.csv":     "\n",
		"many bad till.csv":  header + strings.Repeat(canary+","+canary+","+canary+","+person+",,\n", 30),
		"binary till.csv":    canary + "@example.com\x00",
		"latin till.csv":     header + canary + "@example.com\xe9\n",
		"truncated till.csv": header + "R9,2026-11-17,5,\"" + canary + "@exa",
	}
	h := newHouse(t, compiled(t, till+"custom_data: {rep: Rep}\ncountry: NL\n"), compiled(t, strings.Replace(till, "*till*.csv", "*.json", 1)+"columns: {event_time: d}\n"))
	files["one.json"] = `[{"Receipt":"J1","d":"` + canary + `","email":"` + canary + `@example.com"},{"` + canary + `":` + canary + `}]`
	files["two.json"] = `{"` + canary + `@example.com":1`
	var told strings.Builder
	receipts := h.withReceipts()
	for name, text := range files {
		r, err := h.Import(t.Context(), Input{Path: h.write(t, name, []byte(text))})
		fmt.Fprintf(&told, "%+v\n", r)
		if err != nil {
			var refused *RefusedError
			if !errors.As(err, &refused) {
				t.Errorf("%s: %v", name, err)
			}
			fmt.Fprintf(&told, "%v %+v\n", err, refused)
		}
	}
	h.checked(t)
	database, err := os.ReadFile(filepath.Join(h.home, "capibara.db"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(database), "good till.csv") {
		t.Fatal("the database does not even hold the name of the file; this test looks in the wrong place")
	}
	pages := ""
	for _, name := range listedAll(t, receipts.Dir) {
		page, err := os.ReadFile(filepath.Join(receipts.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		pages += name + string(page)
	}
	if got := len(listedAll(t, receipts.Dir)); got != len(files) {
		t.Errorf("%d receipts of %d files", got, len(files))
	}
	for place, text := range map[string]string{"database": string(database), "log": h.log.String(), "report": told.String(), "receipts": pages} {
		for _, secret := range []string{canary, "87654321", "19710309", "1234xq"} {
			if at := strings.Index(strings.ToLower(text), secret); at >= 0 {
				t.Errorf("the %s holds %s: %q", place, secret, text[max(0, at-40):min(len(text), at+60)])
			}
		}
	}
}

// FuzzImport imports any bytes in any format: it must not panic, the counts must add up and the database must agree with
// itself.
func FuzzImport(f *testing.F) {
	names := []string{"a.csv", "a.json", "a.jsonl", "a.txt"}
	files, err := filepath.Glob("testdata/corpus/*")
	if err != nil {
		f.Fatal(err)
	}
	for i, file := range files {
		if data, err := os.ReadFile(file); err == nil && filepath.Ext(file) != ".yaml" {
			f.Add(data, uint8(i))
		}
	}
	mappings := []*Mapping{
		compiled(f, "name: a\ndataset: main\nrecord_key: [Order]\naction_source: physical_store\nevent_name: Purchase\ncurrency: EUR\ncustom_data: {rep: Rep}\ncolumns: {event_time: Date}\n"),
		compiled(f, "name: b\ndataset: main\nidentity: content\naction_source: system_generated\nlead_event_source: X\nevents: [{name: won, when: {Stage: [Won]}}, {name: seen}]\n"),
		compiled(f, "name: c\ndataset: main\nencoding: windows-1252\ncolumns: {event_id: id}\naction_source: email\nevent_name: {column: event}\n"),
		compiled(f, orders),
	}
	f.Fuzz(func(t *testing.T, data []byte, kind uint8) {
		h := newHouse(t)
		name := names[int(kind)%len(names)]
		r, err := h.Import(t.Context(), Input{Path: h.write(t, name, data), Mapping: mappings[int(kind)/len(names)%len(mappings)]})
		var refused *RefusedError
		if err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
		c := r.File.Counts
		if c.Records != c.Accepted+c.Duplicate+c.Conflict+c.Expired+c.Skipped+c.Rejected {
			t.Fatalf("the counts do not add up: %+v", c)
		}
		var told uint64
		for _, x := range r.Reasons {
			told += x.Count
			if x.Fate == store.FateRejected && x.Reason.Severity() != event.Reject || !x.Reason.Known() {
				t.Errorf("a record is %s for %s", x.Fate, x.Reason)
			}
		}
		if told != c.Skipped+c.Rejected {
			t.Errorf("%d reasons for %d records", told, c.Skipped+c.Rejected)
		}
		if c.Rejected > 0 && err == nil {
			if _, err := os.Stat(filepath.Join(h.home, r.File.Rejects)); err != nil {
				t.Error(err)
			}
		}
		h.checked(t)
	})
}
