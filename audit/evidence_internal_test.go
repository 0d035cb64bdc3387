package audit

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// TestEvidenceOfErased holds what evidence shows of a request of which an event was erased: the rest by its sums, and of the
// event itself that it is gone.
func TestEvidenceOfErased(t *testing.T) {
	t.Parallel()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{Now: noon})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows := []store.NewRow{row("deal-1", "Purchase", -time.Hour, "100.00"), row("deal-2", "Purchase", -time.Hour, "7.50"), row("deal-3", "Purchase", -time.Hour, "1")}
	importFile(t, db, "deals.csv", 10, record(2, rows[0]), record(3, rows[1]), record(4, rows[2]))
	data := []byte("[")
	var sums []event.Hash
	for i := range 2 {
		var e event.Event
		if err := e.DecodeBinary(rows[i].Payload); err != nil {
			t.Fatal(err)
		}
		sums = append(sums, e.Sum())
		data = append(e.AppendJSON(data), ",]"[i])
	}
	b, err := db.Begin(t.Context(), store.Intent{Dataset: dataset, Rows: []uint64{1, 2}, BodySHA256: sha256.Sum256(data)}, noon)
	if err != nil {
		t.Fatal(err)
	}
	settle(t, db, store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{EndedAt: noon, End: "acknowledged", HTTPStatus: 200}})
	settle(t, db, store.Settlement{Batch: begin(t, db, "deal-3").Number, Verdict: store.VerdictAcknowledged}) // with a body that is another's
	r := testReader(t)
	r.store = db
	before := evidence(t, r, "deal-1")
	if len(before["event-1/batch-1-attempt-1-data.json"]) == 0 || string(before["event-1/batch-1-attempt-1-data.json"]) != string(data) {
		t.Errorf("before anything is erased the body is %q", before["event-1/batch-1-attempt-1-data.json"])
	}
	by := store.Decision{By: "anna", Reason: event.ReasonErased}
	if _, err := db.Erase(t.Context(), []uint64{2, 3}, by, noon); err != nil {
		t.Fatal(err)
	}
	over := store.SumOver(sums)
	told := func(files map[string][]byte, want ...string) {
		t.Helper()
		for _, w := range want {
			if !strings.Contains(string(files["README.txt"]), w) {
				t.Errorf("it does not say %q:\n%s", w, files["README.txt"])
			}
		}
	}
	whole := evidence(t, r, "deal-1")
	told(whole, fmt.Sprintf("It must print %x. Entry ", over), "event-1/event.json", "Nothing is missing.")
	if got := whole["event-1/batch-1-attempt-1-sums"]; sha256.Sum256(got) != over {
		t.Errorf("the sums are %x", got)
	}
	if sha256.Sum256(whole["event-1/event.json"]) != sums[0] {
		t.Error("the sum of the event is not among them")
	}
	if list := string(whole["event-1/batch-1-attempt-1-sums.txt"]); list != fmt.Sprintf("%x  row 1  whole  deal-1\n%x  row 2  erased  deal-2\n", sums[0], sums[1]) {
		t.Errorf("the list is\n%s", list)
	}
	if !strings.Contains(string(whole["chain/index.txt"]), fmt.Sprintf("body %x of 2 events, sums %x", sha256.Sum256(data), over)) {
		t.Errorf("the chain is\n%s", whole["chain/index.txt"])
	}
	gone := evidence(t, r, "deal-2")
	told(gone, fmt.Sprintf("event-1: what the event said was erased. Its JSON had the SHA-256 %x.", sums[1]), fmt.Sprintf("It must print %x. Entry ", over))
	if _, there := gone["event-1/event.json"]; there {
		t.Error("what the event said is there")
	}
	told(evidence(t, r, "deal-3"), "before that its events did not make them any more, as entry")
	stories, err := r.ShowEvent(t.Context(), "deal-2")
	if err != nil || len(stories) != 1 || stories[0].Sent != nil || stories[0].SentSHA256 != fmt.Sprintf("%x", sums[1]) ||
		!slices.ContainsFunc(stories[0].Decisions, func(d Decision) bool { return d.Reason == "erased" }) {
		t.Errorf("its story is %+v, %v", stories, err)
	}
}

func evidence(t *testing.T, r *Reader, id string) map[string][]byte {
	t.Helper()
	e, err := r.Evidence(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, f := range e.Files {
		files[f.Name] = f.Content
	}
	return files
}
