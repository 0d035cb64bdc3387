package bolt_test

import (
	"encoding/binary"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"capibara/store/bolt"
	"capibara/store/powerloss"
)

// powerCuts is how often the power goes: more often when there is a fault to be found, which may show in one image of fifteen.
func powerCuts(t *testing.T) int {
	t.Helper()
	text := os.Getenv("CAPIBARA_POWER_LOSSES")
	switch {
	case os.Getenv(faultKey) != "":
		return 200
	case text != "":
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("CAPIBARA_POWER_LOSSES is %q; write a number such as 500", text)
		}
		return n
	case os.Getenv("CAPIBARA_LONG_TESTS") != "":
		return 5000
	}
	return 50
}

// TestPowerLoss records what a process does to its disk, and looks at what may be on the disk if the power had gone at any
// moment of it. Everything that was said to be done must be there, and the database must be just as it was after one of
// its transactions: the last one that was synced, or one that was on its way.
func TestPowerLoss(t *testing.T) {
	t.Parallel()
	needStrace(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "capibara.db")
	db, err := bolt.Create(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	recording, err := powerloss.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	cmd := child("work", path)
	cmd.Env = append(cmd.Env, "CAPIBARA_TEST_ROUNDS=2")
	trace := filepath.Join(t.TempDir(), "trace")
	if out, err := powerloss.Command(cmd, trace).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := recording.Read(trace, dir); err != nil {
		t.Fatal(err)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d, %d steps", seed, len(recording.Steps))
	chance := rand.New(rand.NewPCG(seed, 0))
	cuts := make([]int, powerCuts(t))
	for i := range cuts {
		cuts[i] = 1 + chance.IntN(len(recording.Steps))
	}
	history := transactions(t, recording)
	image := filepath.Join(memory(t), "image.db")
	recording.Images(cuts, chance, func(steps int, i powerloss.Image) {
		if t.Failed() {
			return // the first image that is wrong says enough
		}
		if err := os.WriteFile(image, i.Files["capibara.db"], 0o600); err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, s := range recording.Steps[:steps] {
			if s.Kind == powerloss.Said {
				said = append(said, strings.TrimSpace(string(s.Data)))
			}
		}
		verify(t, image, said)
		if !t.Failed() {
			history.verify(t, image, steps, i.Files["capibara.db"])
		}
		if t.Failed() {
			t.Logf("after %d of %d steps", steps, len(recording.Steps))
		}
	})
}

func needStrace(t *testing.T) {
	t.Helper()
	if err := powerloss.Available(); err != nil {
		if os.Getenv("CAPIBARA_NEED_STRACE") != "" {
			t.Fatal(err)
		}
		t.Skipf("the loss of power cannot be played: %v; install strace", err)
	}
}

// memory is a folder in memory where there is such a thing.
func memory(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "capibara-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// transactionLog knows what the database was after each of its transactions.
type transactionLog struct {
	recording *powerloss.Recording
	written   map[uint64]int    // by transaction: the step that wrote its header page
	synced    map[uint64]int    // and the one that made it durable
	shows     map[uint64]string // what a reader sees then
	scratch   string
}

func transactions(t *testing.T, r *powerloss.Recording) *transactionLog {
	t.Helper()
	l := &transactionLog{recording: r, written: map[uint64]int{}, synced: map[uint64]int{}, shows: map[uint64]string{},
		scratch: filepath.Join(memory(t), "whole.db")}
	l.written[transaction(r.Files["capibara.db"])], l.synced[transaction(r.Files["capibara.db"])] = 0, 0
	last := uint64(0)
	for n, s := range r.Steps {
		switch {
		case s.Kind == powerloss.Write && s.Path == "capibara.db" && s.Offset < 2*4096:
			last = headerOf(s.Data)
			l.written[last] = n + 1
		case s.Kind == powerloss.Sync && last != 0:
			if _, before := l.synced[last]; !before {
				l.synced[last] = n + 1
			}
		}
	}
	if len(l.written) < 20 {
		t.Fatalf("%d transactions were recorded", len(l.written))
	}
	return l
}

// verify compares the image with the transactions that it may hold.
func (l *transactionLog) verify(t *testing.T, path string, steps int, content []byte) {
	t.Helper()
	has := transaction(content)
	if at, known := l.written[has]; !known || at > steps {
		t.Errorf("the image holds transaction %d, which was not written yet", has)
		return
	}
	for n, at := range l.synced {
		if n > has && at <= steps {
			t.Errorf("the image holds transaction %d, and %d was synced", has, n)
			return
		}
	}
	if _, known := l.shows[has]; !known {
		l.recording.Images([]int{l.written[has]}, nil, func(_ int, i powerloss.Image) {
			if err := os.WriteFile(l.scratch, i.Files["capibara.db"], 0o600); err != nil {
				t.Fatal(err)
			}
			whole, err := shown(l.scratch)
			if err != nil {
				t.Errorf("after transaction %d: %v", has, err)
			}
			l.shows[has] = whole
		})
	}
	got, err := shown(path)
	if err != nil || got != l.shows[has] {
		t.Errorf("the image is not what the database was after transaction %d; %v", has, err)
	}
}

// transaction is the number of the transaction that a reader of the database sees: the greater one of its two header
// pages, of those that are whole.
func transaction(content []byte) uint64 {
	last := uint64(0)
	for at := 0; at+4096 <= min(len(content), 2*4096); at += 4096 {
		last = max(last, headerOf(content[at:at+4096]))
	}
	return last
}

// headerOf is the number in a header page, 0 when it is not whole.
func headerOf(page []byte) uint64 {
	const header, size = 16, 64
	if len(page) < header+size {
		return 0
	}
	meta := page[header : header+size]
	sum := fnv.New64a()
	_, _ = sum.Write(meta[:size-8])
	if sum.Sum64() != binary.LittleEndian.Uint64(meta[size-8:]) {
		return 0
	}
	return binary.LittleEndian.Uint64(meta[size-16:])
}
