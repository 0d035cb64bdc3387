package audit

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

func TestStatusNamesWhatIsWrong(t *testing.T) {
	r := reader(t)
	db := r.store.(*bolt.DB)
	s, err := r.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if s.OK {
		t.Errorf("events wait for a dataset that is not live, and status is ok: %s", s.Summary)
	}
	if err := db.GoLive(t.Context(), dataset, "test", noon); err != nil {
		t.Fatal(err)
	}
	if s, err = r.Status(t.Context()); err != nil || !s.OK {
		t.Errorf("a healthy ledger is not ok: %s, %v", s.Summary, err)
	}
	if s.Rejected7d != 1 || !strings.Contains(s.Summary, "1 event was refused one by one in the last 7 days: `capibara history events --state rejected`") {
		t.Errorf("nobody hears of the event that Meta refused: %s", s.Summary)
	}
	open := store.Circuit{Dataset: dataset, State: store.CircuitOpen, Class: "credentials", Reason: "The access token does not work.",
		Since: noon, Until: noon.Add(time.Hour)}
	if err := db.SetCircuit(t.Context(), open, noon); err != nil {
		t.Fatal(err)
	}
	s, err = r.Status(t.Context())
	if err != nil || s.OK || s.Datasets[0].Circuit.Reason == "" {
		t.Errorf("a stopped dataset is ok: %+v, %v", s, err)
	}
	if want := "Dataset main is stopped (since Fri 20 Nov 13:00, tried again from Fri 20 Nov 14:00 on): The access token does not work."; !strings.Contains(s.Summary, want) {
		t.Errorf("the summary is %q, without %q", s.Summary, want)
	}
}

// TestStatusOfTheGraphVersion: an end that comes is a remark, one that has come makes somebody do something.
func TestStatusOfTheGraphVersion(t *testing.T) {
	t.Parallel()
	r, _ := quiet(t)
	for _, tc := range []struct {
		graph GraphStatus
		ok    bool
		says  string
	}{
		{GraphStatus{Version: "v26.0"}, true, ""},
		{GraphStatus{Version: "v21.0", Note: "Meta ends Graph v21.0 soon."}, true, "Meta ends Graph v21.0 soon."},
		{GraphStatus{Version: "v21.0", Ended: true, Note: "Graph v21.0 has ended."}, false, "Graph v21.0 has ended."},
		{GraphStatus{Version: "v26.0", Warning: "it goes"}, true, "Meta says about Graph v26.0: it goes."},
	} {
		r.graph = tc.graph
		s, err := r.Status(t.Context())
		if err != nil || s.OK != tc.ok || strings.Count(s.Summary, tc.says) != 1 && tc.says != "" || s.Graph != tc.graph {
			t.Errorf("%+v: ok is %v, %q, %v", tc.graph, s.OK, s.Summary, err)
		}
	}
}

// TestStatusOfALedgerInDoubt says it first, whatever else there is to say.
func TestStatusOfALedgerInDoubt(t *testing.T) {
	t.Parallel()
	r, _ := quiet(t)
	r.ledger = &LedgerStatus{State: "older", Sentence: "the database is older than what was sent", Fix: "run `capibara adopt`"}
	s, err := r.Status(t.Context())
	if want := "Nothing is sent: the database is older than what was sent. What to do: run `capibara adopt`. "; err != nil || s.OK || !strings.HasPrefix(s.Summary, want) {
		t.Errorf("ok is %v, %q, %v; want %q", s.OK, s.Summary, err, want)
	}
	if s.Ledger != r.ledger {
		t.Errorf("the ledger is told as %+v", s.Ledger)
	}
}

// TestStatusExplainsTheCode shows Meta's code in our own words, and which of its meanings it was.
func TestStatusExplainsTheCode(t *testing.T) {
	t.Parallel()
	r, db := quiet(t)
	for _, tc := range []struct {
		circuit store.Circuit
		says    string
	}{
		{store.Circuit{Class: "credentials", Code: 190, Subcode: 463}, "The access token has expired. Make a new token; a system user's token does not expire. (Meta's code 190, subcode 463.)"},
		{store.Circuit{Class: "configuration", Code: 803}, "There is no object with this dataset id. Older write-ups also use this code for a missing permission. Compare"},
		{store.Circuit{Class: "configuration", Code: 100}, "Meta refused the call itself before it looked at an event."},
		{store.Circuit{Class: "invalid_event", Code: 100}, "A parameter is missing or wrong."},
	} {
		c := tc.circuit
		c.Dataset, c.State, c.Since, c.Reason = dataset, store.CircuitOpen, noon, "in Meta's own words"
		if err := db.SetCircuit(t.Context(), c, noon); err != nil {
			t.Fatal(err)
		}
		s, err := r.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got := s.Datasets[0].Circuit
		if !strings.Contains(s.Summary, tc.says) || got.Class != c.Class || got.Code != c.Code || got.Subcode != c.Subcode || strings.Contains(got.Reason, c.Reason) {
			t.Errorf("%+v: %+v, %q", tc.circuit, got, s.Summary)
		}
	}
}

// quiet is a ledger of a live dataset in which deal-3 waits, and its reader.
func quiet(t *testing.T) (*Reader, *bolt.DB) {
	t.Helper()
	r := reader(t)
	db := r.store.(*bolt.DB)
	if err := db.GoLive(t.Context(), dataset, "test", noon); err != nil {
		t.Fatal(err)
	}
	return r, db
}

// TestStatusOfWhatNobodyKnows is the silent case: nothing is pending, no circuit is open, and events are in between.
func TestStatusOfWhatNobodyKnows(t *testing.T) {
	t.Parallel()
	unknown := func(t *testing.T, db *bolt.DB, next time.Time) {
		settle(t, db, store.Settlement{Batch: begin(t, db, "deal-3").Number, Verdict: store.VerdictUnknown, MaybeSent: true, NextTry: next,
			Attempt: store.Attempt{EndedAt: noon, End: "unknown"}})
	}
	for name, tc := range map[string]struct {
		do    func(*testing.T, *bolt.DB)
		alone bool
		want  []string
	}{
		"unknown, nobody works": {func(t *testing.T, db *bolt.DB) { unknown(t, db, noon.Add(5*time.Minute)) }, true, []string{
			"The fate of 1 event is unknown", "only as before from Fri 20 Nov 13:05 on: run `capibara upload`.", "Nothing else waits to be sent."}},
		"unknown and due": {func(t *testing.T, db *bolt.DB) { unknown(t, db, noon.Add(-time.Second)) }, true, []string{
			"only as before: run `capibara upload`."}},
		"unknown, a schedule runs": {func(t *testing.T, db *bolt.DB) { unknown(t, db, noon.Add(5*time.Minute)) }, false, []string{
			"from Fri 20 Nov 13:05 on, which happens by itself."}},
		"left in the middle of sending": {func(t *testing.T, db *bolt.DB) { begin(t, db, "deal-3") }, true, []string{
			"The fate of 1 event is unknown", "run `capibara upload`."}},
		"left in the middle of a search": {func(t *testing.T, db *bolt.DB) {
			importFile(t, db, "more.csv", 30, record(2, row("deal-9", "Purchase", -time.Hour, "1")))
			settle(t, db, store.Settlement{Batch: begin(t, db, "deal-3", "deal-9").Number, Verdict: store.VerdictSplit, Children: []int{1, 1},
				Attempt: store.Attempt{EndedAt: noon, End: "invalid_event"}})
		}, true, []string{"in the middle of a search for a bad event, and 2 events wait for it to go on: run `capibara upload`."}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, db := quiet(t)
			tc.do(t, db)
			if tc.alone {
				r.next = nil
				r = r.Unattended(false)
			}
			s, err := r.Status(t.Context())
			if err != nil || s.OK {
				t.Fatalf("ok is %t, %v: %s", s.OK, err, s.Summary)
			}
			for _, want := range tc.want {
				if !strings.Contains(s.Summary, want) {
					t.Errorf("the summary is %q, without %q", s.Summary, want)
				}
			}
		})
	}
}

// TestNextTryIsShownWhileItIsAwaited holds that a batch says when it is sent again, and no longer once it has been.
func TestNextTryIsShownWhileItIsAwaited(t *testing.T) {
	t.Parallel()
	r, db := quiet(t)
	b := settle(t, db, store.Settlement{Batch: begin(t, db, "deal-3").Number, Verdict: store.VerdictUnknown, MaybeSent: true,
		NextTry: noon.Add(5 * time.Minute), Attempt: store.Attempt{EndedAt: noon, End: "unknown"}})
	got, err := r.ShowBatch(t.Context(), b.Number)
	if err != nil || got.NextTry == nil || !got.NextTry.Equal(noon.Add(5*time.Minute)) {
		t.Errorf("the next try is %v, %v", got.NextTry, err)
	}
	retry(t, db, b.Number)
	settle(t, db, store.Settlement{Batch: b.Number, Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{EndedAt: noon, End: "acknowledged", EventsReceived: 1}})
	if got, err = r.ShowBatch(t.Context(), b.Number); err != nil || got.NextTry != nil {
		t.Errorf("an acknowledged batch is tried again at %v, %v", got.NextTry, err)
	}
}

func TestStatusWhileSomethingIsSent(t *testing.T) {
	r, db := quiet(t)
	begin(t, db, "deal-3")
	s, err := r.Status(t.Context())
	if err != nil || !s.OK || !strings.Contains(s.Summary, "1 event is on the way.") {
		t.Errorf("a running upload is %t, %v: %s", s.OK, err, s.Summary)
	}
}

// TestStatusOfWhatExpired holds that an event that expired here is a reason to act for a week, and one that came too
// late is not.
func TestStatusOfWhatExpired(t *testing.T) {
	r, db := quiet(t)
	later := noon.AddDate(0, 0, 8)
	if n, err := db.Expire(t.Context(), dataset, later, 10); err != nil || n.Events != 1 {
		t.Fatalf("%+v events expired, %v", n, err)
	}
	for _, tc := range []struct {
		days int
		lost uint64
	}{{8, 1}, {13, 1}, {15, 0}} {
		r.now = func() time.Time { return noon.AddDate(0, 0, tc.days) }
		s, err := r.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if s.Expired7d != tc.lost || s.OK != (tc.lost == 0) {
			t.Errorf("after %d days %d of 2 expired events are new, and ok is %t: %s", tc.days, s.Expired7d, s.OK, s.Summary)
		}
		if said := strings.Contains(s.Summary, "In the last 7 days 1 event expired before Meta acknowledged it"); said != (tc.lost > 0) {
			t.Errorf("after %d days the summary is %s", tc.days, s.Summary)
		}
	}
}

// TestStatusOfWhatIsHalted holds that what waits for a yes is told with its reason and the two ways out, until it is allowed.
func TestStatusOfWhatIsHalted(t *testing.T) {
	r, db := quiet(t)
	entry, err := r.ShowEvent(t.Context(), "deal-3")
	if err != nil || len(entry) != 1 || entry[0].State != "pending" {
		t.Fatalf("the event that waits is %+v, %v", entry, err)
	}
	file, source := entry[0].File, entry[0].Source
	for _, k := range []store.HaltKey{{Kind: store.HaltSource, Source: source}, {Kind: store.HaltFile, File: file}, {Kind: store.HaltSource, Source: "never seen"}} {
		if err := db.Halt(t.Context(), store.Halt{HaltKey: k, Reason: "Look at it."}, noon); err != nil {
			t.Fatal(err)
		}
	}
	s, err := r.Status(t.Context())
	if err != nil || s.OK || len(s.Halts) != 3 {
		t.Fatalf("halts are %+v, %v", s.Halts, err)
	}
	of := map[string]HaltStatus{}
	for _, h := range s.Halts {
		of[h.Kind+h.Source] = h
	}
	if h := of["file"+source]; h.File != file || h.FileName != entry[0].FileName || h.Events == 0 || h.Allow != fmt.Sprint("capibara allow --file ", file) {
		t.Errorf("the file's halt is %+v", h)
	}
	if h := of["sourcenever seen"]; h.Events != 0 || h.Withdraw != `capibara withdraw --source "never seen"` {
		t.Errorf("the halt of a source without events is %+v", h)
	}
	for _, text := range []string{"Source " + source + " is halted, and", "Look at it. `capibara allow --source " + source + "` lets "} {
		if !strings.Contains(s.Summary, text) {
			t.Errorf("the summary is %q, want %q in it", s.Summary, text)
		}
	}
	if entry, err = r.ShowEvent(t.Context(), "deal-3"); err != nil || entry[0].Halted != "Look at it." || !strings.Contains(entry[0].Explanation, "until somebody allows it") {
		t.Errorf("the event that is halted is %+v, %v", entry, err)
	}
	for _, k := range []store.HaltKey{{Kind: store.HaltSource, Source: source}, {Kind: store.HaltFile, File: file}, {Kind: store.HaltSource, Source: "never seen"}} {
		if _, err := db.Allow(t.Context(), k, "anna", noon); err != nil {
			t.Fatal(err)
		}
	}
	if s, err = r.Status(t.Context()); err != nil || len(s.Halts) != 0 || strings.Contains(s.Summary, "halted") {
		t.Errorf("halts are %+v, %v: %s", s.Halts, err, s.Summary)
	}
}

// TestStatusOfAnImportThatHalts holds that a file whose events wait for its end is no reason to act, unless it was cut off.
func TestStatusOfAnImportThatHalts(t *testing.T) {
	r, db := quiet(t)
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: "big.csv", Source: "tills", SHA256: event.Hash{9}, HaltUntilClosed: true}, noon)
	if err != nil {
		t.Fatal(err)
	}
	row := store.NewRow{Dataset: dataset, EventID: "big", EventName: "Purchase", EventTime: noon.Unix(), Deadline: noon.AddDate(0, 0, 7).Unix(), Payload: []byte("p")}
	if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: []store.Record{{Rows: []store.NewRow{row}}}}, noon); err != nil {
		t.Fatal(err)
	}
	s, err := r.Status(t.Context())
	if err != nil || !s.OK || len(s.Halts) != 1 || !s.Halts[0].Importing {
		t.Errorf("while it is imported ok is %t, %+v, %v: %s", s.OK, s.Halts, err, s.Summary)
	}
	s, err = r.Unattended(false).Status(t.Context())
	if err != nil || s.OK || !strings.Contains(s.Summary, "The import of file 3 (big.csv) was cut off, and 1 event waits for its end") {
		t.Errorf("when it was cut off ok is %t, %v: %s", s.OK, err, s.Summary)
	}
	if _, err := db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported}, noon); err != nil {
		t.Fatal(err)
	}
	if s, err = r.Status(t.Context()); err != nil || len(s.Halts) != 0 {
		t.Errorf("when it is imported halts are %+v, %v", s.Halts, err)
	}
}

// TestStatusOfWhatExpires tells what is about to expire with what it is worth, and of what did what a wider window had kept.
func TestStatusOfWhatExpires(t *testing.T) {
	r, db := quiet(t)
	var deadline time.Time
	for _, c := range []struct {
		id     string
		source event.ActionSource
		window time.Duration
	}{{"store", event.SourcePhysicalStore, 7 * 24 * time.Hour}, {"long", event.SourcePhysicalStore, event.MaxAgePhysicalStore}, {"crm", event.SourceSystemGenerated, 7 * 24 * time.Hour}} {
		deadline = noon.AddDate(0, 0, 20)
		e := event.Event{Name: "Purchase", ID: c.id, Time: deadline.Add(-c.window).Unix(), ActionSource: c.source}
		e.Custom.Value, _ = event.ParseMoney("10.50")
		e.Custom.Currency = "EUR"
		f, err := db.OpenFile(t.Context(), store.NewFile{Name: c.id, Source: "tills", SHA256: event.Hash{byte(len(c.id)), 77}}, noon)
		if err != nil {
			t.Fatal(err)
		}
		row := store.NewRow{Dataset: dataset, EventID: c.id, EventName: "Purchase", EventTime: e.Time, Deadline: deadline.Unix(), Payload: e.AppendBinary(nil)}
		if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: []store.Record{{Rows: []store.NewRow{row}}}}, noon); err != nil {
			t.Fatal(err)
		}
	}
	expired := func(at time.Time) {
		t.Helper()
		if _, err := db.Expire(t.Context(), dataset, at, 10); err != nil {
			t.Fatal(err)
		}
	}
	expired(deadline.Add(-time.Hour)) // what was there before
	r.now = func() time.Time { return deadline.Add(-time.Hour) }
	s, err := r.Status(t.Context())
	if err != nil || s.Expiring24h != 3 || len(s.ExpiringSums) != 1 || s.ExpiringSums[0].Value != "31.50" || !strings.Contains(s.Summary, "3 events worth 31.50 EUR expire within 24 hours.") {
		t.Errorf("what expires is %d, %+v, %v: %s", s.Expiring24h, s.ExpiringSums, err, s.Summary)
	}
	expired(deadline)
	r.now = func() time.Time { return deadline.Add(time.Hour) }
	if s, err = r.Status(t.Context()); err != nil || s.Expired7d != 3 || s.Window7d != 1 || !strings.Contains(s.Summary, "`window: 62d` at their source would have kept 1 sale in a store") {
		t.Errorf("what expired is %d, %d of it for a window, %v: %s", s.Expired7d, s.Window7d, err, s.Summary)
	}
}

func TestStatusWithoutRun(t *testing.T) {
	r, _ := quiet(t)
	r.next = nil
	for scheduled, want := range map[bool]bool{true: false, false: true} {
		s, err := r.Unattended(scheduled).Status(t.Context())
		if err != nil || s.OK != want {
			t.Errorf("scheduled %t: ok is %t, %v: %s", scheduled, s.OK, err, s.Summary)
		}
		if strings.Contains(s.Summary, "`capibara run` is not running, so nothing is uploaded on schedule") != scheduled {
			t.Errorf("scheduled %t: %s", scheduled, s.Summary)
		}
	}
}

func TestStatusOfADatasetWithoutID(t *testing.T) {
	r, _ := quiet(t)
	r.datasets = append(r.datasets, Dataset{Alias: "shop"})
	s, err := r.Status(t.Context())
	if err != nil || s.OK || !strings.Contains(s.Summary, "Dataset shop has no id yet: write it into the configuration") {
		t.Errorf("ok is %t, %v: %s", s.OK, err, s.Summary)
	}
}

// TestStopReasons holds that a person reads our own sentences, not Meta's in somebody else's language.
func TestStopReasons(t *testing.T) {
	t.Parallel()
	const words = "Meta refuses everything for main: Meta's answer (HTTP 400, code 190): Ungültiges Zugriffstoken"
	for name, tc := range map[string]struct {
		circuit store.Circuit
		want    string
	}{
		"token":       {store.Circuit{Class: "credentials", Code: 190, Subcode: 463}, "The access token has expired. Make a new token; a system user's token does not expire. (Meta's code 190, subcode 463.)"},
		"throttle":    {store.Circuit{Class: "throttle", Code: 4}, "Meta asks to wait. The app made too many calls. (Meta's code 4.)"},
		"unlisted":    {store.Circuit{Class: "configuration", Code: 99999}, words},
		"no code":     {store.Circuit{Class: "unreachable"}, words},
		"lost answer": {store.Circuit{Class: "unknown_fate", Code: 2}, "It is unknown what Meta received last. A service at Meta is down for a moment. Nothing more is sent until the dataset answers a probe. (Meta's code 2.)"},
	} {
		tc.circuit.Reason = words
		if got := stopReason(tc.circuit); got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := stopReason(store.Circuit{Class: "invalid_event", Code: 100, Subcode: 2804050, Reason: words}); !strings.Contains(got, "nothing was rejected") || strings.Contains(got, "Zugriffstoken") {
		t.Errorf("invalid events: %q", got)
	}
}

func TestTooManyExpiredEventsToCount(t *testing.T) {
	t.Parallel()
	r, db := quiet(t)
	// More than a page beyond the bound: how long the pages are depends on the machine.
	const events = maxExpiredSeen + 2*expiredPage
	records := make([]store.Record, 0, events)
	for i := range events {
		records = append(records, record(uint64(i+2), row("late-"+time.Duration(i).String(), "Purchase", -8*24*time.Hour, "5")))
	}
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: "old.csv", Source: "deals", SHA256: event.Hash{40}, Size: 1}, noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, noon); err != nil {
		t.Fatal(err)
	}
	s, err := r.Status(t.Context())
	if err != nil || !s.OK || !strings.Contains(s.Summary, "More events expired lately than are looked at here") {
		t.Errorf("ok is %t, %v: %s", s.OK, err, s.Summary)
	}
}

// TestStatusOfTheBinding names what requests go to from the first one on, and what came of the last upload.
func TestStatusOfTheBinding(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		endpoint store.Endpoint
		says     string
	}{
		{"", "nobody yet: what the first upload goes to is kept"},
		{store.EndpointMeta, "Meta, since 20 November 2026"},
		{store.EndpointRehearsal, "a stand-in on this machine, since 20 November 2026: a rehearsal, and nothing of it goes to Meta"},
	} {
		t.Run(tc.says, func(t *testing.T) {
			t.Parallel()
			r, db := quiet(t)
			if tc.endpoint != "" {
				if _, err := db.Bind(t.Context(), tc.endpoint, noon); err != nil {
					t.Fatal(err)
				}
			}
			if err := db.SetRun(t.Context(), UploadSchedule, store.Run{StartedAt: noon, EndedAt: noon, Summary: "Nothing was sent."}); err != nil {
				t.Fatal(err)
			}
			s, err := r.Status(t.Context())
			if err != nil || s.Bound.Sentence() != tc.says || (s.Bound == nil) != (tc.endpoint == "") || s.LastSummary != "Nothing was sent." {
				t.Errorf("%+v says %q, want %q: %v", s.Bound, s.Bound.Sentence(), tc.says, err)
			}
		})
	}
}
