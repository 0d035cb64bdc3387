package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"capibara/audit"
	"capibara/uploader/sandbox"
)

// readers is how many people turn pages during the upload.
const readers = 50

// glance is how long one of them looks at a page before the next.
const glance = 100 * time.Millisecond

// TestPageMillion asks the page of a large ledger all that it can be asked, alone and while fifty readers turn pages during an upload. It
// fails for what is wrong and never for what takes long; how long it took, and the memory of the process, it prints. CAPIBARA_ROWS asks
// for another number of events than a million.
func TestPageMillion(t *testing.T) {
	if os.Getenv("CAPIBARA_LONG_TESTS") == "" {
		t.Skip("SKIPPED: CAPIBARA_LONG_TESTS is not set")
	}
	rows := rowsWanted(t)
	m := million{rows: rows, waiting: min(rows/5, 100_000), refused: 20, began: time.Now().AddDate(0, 0, -5).Truncate(time.Second)}
	m.step = 4 * 24 * time.Hour / time.Duration(rows)
	s, web := meta(t, sandbox.Config{Seed: 1})
	h := newMillionHome(t, web.URL, m)
	a := &pageReader{t: t, base: strings.TrimSuffix(h.page, "/"), token: h.token("rita", "reader"),
		client: &http.Client{Timeout: 5 * time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: readers}}}

	began := time.Now()
	for strings.Contains(a.get("/").text, "are being counted") {
		time.Sleep(time.Second) // looking is work for the process too
	}
	t.Logf("the days were counted %v after the page was served; memory %s", time.Since(began).Round(time.Millisecond), memory(h.pid))
	for _, q := range m.inquiries() {
		a.measure(q)
	}
	t.Logf("alone, memory after all of them %s", memory(h.pid))
	m.crowd(t, h, a)
	if sum := s.Stats(); sum.Distinct != m.waiting || sum.Duplicates != 0 {
		t.Errorf("%d events arrived, %d of them again, and %d waited", sum.Distinct, sum.Duplicates, m.waiting)
	}
	var st audit.Status
	a.json("/api/v1/status", &st)
	if st.Events.Acknowledged != uint64(m.rows-m.refused) || st.Events.Rejected != uint64(m.refused) || st.Events.Pending+st.Events.InFlight != 0 {
		t.Errorf("in the end there are %+v", st.Events)
	}
}

// inquiry is asked of the page, and the answer holds so many entries of a list, and a text.
type inquiry struct {
	name, path string
	form       url.Values // sent by POST; nil asks by GET
	entries    int        // of a list; -1 for a page that has none
	holds      string
	once       bool // it reads everything, so that asking again would only take long
}

// inquiries are one of every page and of every filter.
func (m million) inquiries() []inquiry {
	last, sent, some := m.rows-1, m.rows-m.waiting, m.rows/3
	leads := min(100, (m.rows-1)/5_000+1)
	day := m.at(some).UTC().Format(time.DateOnly)
	number := func(n int) string { return strconv.Itoa(n) }
	return []inquiry{
		{name: "overview", path: "/", entries: -1, holds: audit.ShownNumber(uint64(sent - m.refused))},
		{name: "files", path: "/files", entries: min(100, m.rows/millionFile)},
		{name: "file", path: "/files/1", entries: -1, holds: "50\u202f000"},
		{name: "events", path: "/events", entries: 100, holds: m.id(last)},
		{name: "events, a page in the middle", path: "/events?cursor=" + number(some), entries: 100},
		{name: "event, the first", path: "/events/" + m.id(m.refused), entries: -1, holds: "key-" + number(m.refused)},
		{name: "batches", path: "/batches", entries: 100},
		{name: "batch", path: "/batches/" + number(m.refused+10), entries: 100},
		{name: "rules", path: "/rules", entries: -1, holds: "tills-*.csv"},
		{name: "search, empty", path: "/search", entries: -1},
		{name: "reports", path: "/reports", entries: -1},
		{name: "state=pending", path: "/events?state=pending", entries: 100, holds: m.id(last)},
		{name: "state=acknowledged", path: "/events?state=acknowledged", entries: 100, holds: m.id(sent - 1)},
		{name: "state=rejected (the oldest)", path: "/events?state=rejected", entries: m.refused, holds: m.id(0)},
		{name: "state=held (none)", path: "/events?state=held", entries: 0},
		{name: "event_name=Lead (1 of 5,000)", path: "/events?event_name=Lead", entries: leads},
		{name: "since, until", path: "/events?since=" + day + "&until=" + day, entries: 100},
		{name: "until (the oldest)", path: "/events?until=" + url.QueryEscape(m.at(50).UTC().Format(time.RFC3339)), entries: -2},
		{name: "source", path: "/events?source=tills", entries: 100},
		{name: "dataset", path: "/events?dataset=main", entries: 100},
		{name: "file=1", path: "/events?file=1", entries: 100},
		{name: "file=NAME", path: "/events?file=deals-1.csv", entries: 100},
		{name: "batch", path: "/events?batch=" + number(m.refused+10), entries: 100},
		{name: "changed (none)", path: "/events?changed=true", entries: 0},
		{name: "event_id", path: "/events?event_id=" + m.id(some), entries: 1, holds: m.id(some)},
		{name: "record_key, read through", path: "/events?record_key=key-7", entries: 1, holds: m.id(7), once: true},
		{name: "order_id, read through", path: "/events?order_id=order-7", entries: 1, holds: m.id(7), once: true},
		{name: "key, read through", path: "/events?key=order-7", entries: 1, holds: m.id(7), once: true},
		{name: "a person, read through", path: "/events", form: url.Values{"email": {"mail-7@example.com"}}, entries: 100, holds: m.id(700), once: true},
		{name: "search for an event_id", path: "/search", form: url.Values{"find": {m.id(some)}}, entries: 1, holds: m.id(some)},
		{name: "search for a batch", path: "/search", form: url.Values{"find": {number(m.refused + 10)}}, entries: -2, holds: "/batches/" + number(m.refused+10), once: true},
		{name: "search for an order", path: "/search", form: url.Values{"find": {"order-7"}}, entries: 1, holds: m.id(7), once: true},
		{name: "batches, state", path: "/batches?state=rejected", entries: m.refused},
		{name: "batches, fbtrace_id", path: "/batches?fbtrace_id=trace-" + number(m.refused+1), entries: 1},
		{name: "batches, dataset", path: "/batches?dataset=main", entries: 100},
		{name: "batches, since", path: "/batches?since=1d", entries: 100},
		{name: "files, source", path: "/files?source=deals", entries: min(100, (m.rows/millionFile+1)/2)},
		{name: "files, name", path: "/files?file=tills-2.csv", entries: 1},
		{name: "CSV of a file (50,000 events)", path: "/events.csv?file=1", entries: -1, holds: m.id(millionFile - 1), once: true},
		{name: "report of the month", path: "/report?month=" + time.Now().UTC().Add(-3*time.Hour).Format("2006-01"), entries: -1, once: true},
	}
}

// pageReader asks the page as a browser does. Several may ask at a time.
type pageReader struct {
	t           *testing.T
	base, token string
	client      *http.Client
}

// answered is an answer of the page.
type answered struct {
	status int
	text   string
	took   time.Duration
}

func (a *pageReader) ask(ctx context.Context, method, path string, form url.Values) (answered, error) {
	r, err := http.NewRequestWithContext(ctx, method, a.base+path, strings.NewReader(form.Encode()))
	if err != nil {
		return answered{}, err
	}
	r.Header.Set("Authorization", "Bearer "+a.token)
	r.Header.Set("Accept", "text/html")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	began := time.Now()
	resp, err := a.client.Do(r)
	if err != nil {
		return answered{}, err
	}
	text, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close() // it was read to its end, or the error says so
	return answered{resp.StatusCode, string(text), time.Since(began)}, err
}

func (a *pageReader) get(path string) answered {
	a.t.Helper()
	got, err := a.ask(a.t.Context(), http.MethodGet, path, nil)
	if err != nil || got.status != http.StatusOK {
		a.t.Fatalf("%s: status %d, %v\n%.500s", path, got.status, err, got.text)
	}
	return got
}

func (a *pageReader) json(path string, into any) {
	a.t.Helper()
	if err := json.Unmarshal([]byte(a.get(path).text), into); err != nil {
		a.t.Fatal(err)
	}
}

var entryForm = regexp.MustCompile(`<th scope="row"><a href="/(?:events|batches|files)/`)

// wrong says what is wrong with an answer.
func (q inquiry) wrong(got answered) string {
	entries := len(entryForm.FindAllString(got.text, -1))
	if q.path == "/search" && entries < q.entries && strings.Contains(got.text, "Not every event was looked at") {
		return "" // a search gives up after seconds, says so, and names who goes on; a million never take it that long
	}
	switch {
	case got.status != http.StatusOK:
		return fmt.Sprintf("status %d: %.500s", got.status, got.text)
	case q.entries >= 0 && entries != q.entries, q.entries == -2 && entries == 0:
		return fmt.Sprintf("%d entries, want %d", entries, q.entries)
	case !strings.Contains(got.text, q.holds):
		return "the answer does not hold " + q.holds
	}
	return ""
}

// measure asks a question, and says how long the answer took.
func (a *pageReader) measure(q inquiry) {
	a.t.Helper()
	method, times := http.MethodGet, []time.Duration{}
	if q.form != nil {
		method = http.MethodPost
	}
	for range map[bool]int{false: 5, true: 1}[q.once] {
		got, err := a.ask(a.t.Context(), method, q.path, q.form)
		if err != nil {
			a.t.Fatalf("%s: %v", q.name, err)
		}
		if wrong := q.wrong(got); wrong != "" {
			a.t.Errorf("%s: %s", q.name, wrong)
		}
		times = append(times, got.took)
	}
	slices.Sort(times)
	a.t.Logf("%8.1f ms  at most %8.1f ms  %s", milliseconds(times[len(times)/2]), milliseconds(times[len(times)-1]), q.name)
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

var (
	olderForm = regexp.MustCompile(`id="older"[^>]* href="([^"]+)"`)
	idForm    = regexp.MustCompile(`<th scope="row"><a href="(/[a-z]+/[^"]+)"`)
)

// crowd has fifty readers turn pages until an upload of all that waits has ended. None of them sees an entry twice while turning.
func (m million) crowd(t *testing.T, h *pagedHome, a *pageReader) {
	operator := *a
	operator.token = h.token("otto", "operator")
	before := memory(h.pid)
	began := time.Now()
	if got, err := operator.ask(t.Context(), http.MethodPost, "/upload", url.Values{}); err != nil || got.status != http.StatusOK {
		t.Fatalf("status %d, %v\n%.500s", got.status, err, got.text)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		times []time.Duration
		worst [2]struct { // the longest answer, and the longest of those that do not read through the ledger
			path string
			took time.Duration
		}
		most int64
	)
	starts := []string{"/events", "/events?state=acknowledged", "/batches", "/events?source=tills", "/events?file=2", "/events?event_name=Lead", "/", "/events/" + m.id(m.rows/2), "/files", "/batches/" + strconv.Itoa(m.refused+5)}
	for reader := range readers {
		all.Go(func() {
			for turn := reader; ctx.Err() == nil; turn++ {
				seen := map[string]bool{}
				for path, pages := starts[turn%len(starts)], 0; path != "" && pages < 10 && ctx.Err() == nil; pages++ {
					got, err := a.ask(ctx, http.MethodGet, path, nil)
					if ctx.Err() != nil {
						return
					}
					if err != nil || got.status != http.StatusOK {
						t.Errorf("%s: status %d, %v", path, got.status, err)
						return
					}
					mu.Lock()
					times = append(times, got.took)
					for i := range worst {
						if through := strings.Contains(path, "event_name="); got.took > worst[i].took && (i == 0 || !through) {
							worst[i].path, worst[i].took = path, got.took
						}
					}
					mu.Unlock()
					for _, entry := range idForm.FindAllStringSubmatch(got.text, -1) {
						if strings.Contains(path, "cursor=") && seen[entry[1]] {
							t.Errorf("%s shows %s again", path, entry[1])
						}
						seen[entry[1]] = true
					}
					time.Sleep(glance)
					next := olderForm.FindStringSubmatch(got.text)
					if path = ""; next != nil {
						path = strings.ReplaceAll(next[1], "&amp;", "&")
					}
				}
			}
		})
	}
	for waits := true; waits; {
		most = max(most, memoryOf(h.pid))
		var st audit.Status
		a.json("/api/v1/status", &st)
		waits = st.Events.Pending+st.Events.InFlight > 0
		time.Sleep(200 * time.Millisecond)
	}
	took := time.Since(began)
	stop()
	all.Wait()
	slices.Sort(times)
	for _, w := range worst {
		t.Logf("%.0f ms at most: %s", milliseconds(w.took), w.path)
	}
	if len(times) < readers {
		t.Fatalf("the readers turned %d pages in all", len(times))
	}
	t.Logf("%d events uploaded in %v, while %d readers read %d pages: %.0f ms in the middle, %.0f ms for 95 of 100; memory before %s, at most %d MiB",
		m.waiting, took.Round(time.Millisecond), readers, len(times), milliseconds(times[len(times)/2]), milliseconds(times[len(times)*95/100]), before, most>>20)
}

var anonymous = regexp.MustCompile(`RssAnon:\s+(\d+) kB`)

// memoryOf is the memory of a process that no file backs, in bytes; 0 where the system does not tell.
func memoryOf(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	found := anonymous.FindSubmatch(text)
	if found == nil {
		return 0
	}
	n, err := strconv.ParseInt(string(found[1]), 10, 64)
	if err != nil {
		return 0
	}
	return n << 10
}

func memory(pid int) string { return fmt.Sprintf("%d MiB", memoryOf(pid)>>20) }
