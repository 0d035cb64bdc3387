package main

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/importer/receipt"
	"capibara/store"
	"capibara/store/bolt"
	"capibara/uploader/sandbox"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

const picturedConfig = `
time_zone: Europe/Amsterdam
datasets: {main: {id: "1234567890"}}
schedule: {upload: "0 2 * * *"}
inbox: {poll: 1s, settle: 1s}
web: 127.0.0.1:0
sources:
  - name: deals
    files: ["*deals*.csv"]
    dataset: main
    record_key: [Opportunity ID]
    action_source: system_generated
    lead_event_source: Salesforce
    date_only_time: "12:00"
    currency: EUR
    country: NL
    columns: {email: "Contact: Email", phone: "Contact: Phone"}
    events:
      - {name: sql_qualified, when: {Stage: [Proposal, Closed Won]}, event_time: SQL Date}
      - {name: deal_closed, when: {Stage: [Closed Won]}, event_time: Close Date, value: Amount}
  - name: stores
    files: ["stores-*.csv"]
    dataset: main
    record_key: [Receipt]
    action_source: physical_store
    event_name: Purchase
    columns: {email: E-mail, event_time: Time, value: Total, currency: Currency}
`

// picturePage takes the pictures of the page, of a home with a month behind it.
func picturePage(t *testing.T, c *camera) {
	t.Helper()
	_, web := meta(t, sandbox.Config{Seed: 1})
	h := &pagedHome{home: &home{t: t, dir: t.TempDir(), url: web.URL}}
	put(t, filepath.Join(h.dir, configName), picturedConfig)
	h.must("init")
	aMonth(t, filepath.Join(h.dir, "data", "capibara.db"))
	h.must("import", h.drop("deals-of-last-week.csv", dealsReport(time.Now(), 12)))
	h.must("upload")
	h.serve()
	put(t, filepath.Join(h.dir, "inbox", "deals-of-today.csv"), h.laterDeals()+spoiltDeals())
	arrivedAt(t, filepath.Join(h.dir, "receipts", "deals-of-today.csv - *"+receipt.Ext))
	eventually(t, "the days are counted", func() bool { return !strings.Contains(h.fetched("/api/v1/overview"), `"counted":false`) })

	sent := h.eventsOf("--event-name", "deal_closed", "--state", "acknowledged")[0]
	mend := h.eventsOf("--source", "deals", "--state", "pending")[0].File
	c.site("page-overview", h.page, 1260, 1180, "light")
	c.site("page-event", h.page+"events/"+sent.EventID, 1260, 1230, "light")
	c.site("page-file", h.page+"files/"+itoa(mend), 1260, 1180, "light")
	c.site("page-phone", h.page, 360, 1180, "dark")
}

// drop writes an export outside the inbox, and returns its path.
func (h *pagedHome) drop(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.t.TempDir(), name)
	put(h.t, path, text)
	return path
}

// laterDeals is a report of other deals than dealsReport has.
func (h *pagedHome) laterDeals() string {
	return strings.ReplaceAll(dealsReport(time.Now(), 9), "006Qy00000Ka7", "006Qy00000Ka9")
}

// fetched is what the API answers.
func (h *pagedHome) fetched(path string) string {
	h.t.Helper()
	a := &pageReader{t: h.t, base: strings.TrimSuffix(h.page, "/"), client: http.DefaultClient}
	return a.get(path).text
}

// aMonth writes what was imported and sent on each of the last thirty days. Weekends are calm.
func aMonth(t *testing.T, path string) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	seq, now := uint64(1), time.Now()
	for ago := 29; ago > 0; ago-- {
		day := time.Date(now.Year(), now.Month(), now.Day()-ago, 1, 0, 0, 0, time.UTC)
		n := 60 + (ago*37)%70
		if w := day.Weekday(); w == time.Saturday || w == time.Sunday {
			n /= 5
		}
		first := seq
		for k, source := range []string{"deals", "stores"} {
			seq = importedDay(t, db, source, day, n*(k+1), seq)
		}
		settledDay(t, db, day.Add(time.Minute), first, seq, ago%6 == 2)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// importedDay writes a file with so many events, and returns the sequence number behind them.
func importedDay(t *testing.T, db *bolt.DB, source string, day time.Time, n int, seq uint64) uint64 {
	t.Helper()
	name := fmt.Sprintf("%s-%s.csv", source, day.Format(time.DateOnly))
	sum := event.Hash{}
	copy(sum[:], name[len(name)-16:])
	f, err := db.OpenFile(t.Context(), store.NewFile{Name: name, Source: source, SHA256: sum, Size: int64(n) * 180, Mapping: `{"name":"` + source + `"}`}, day)
	if err != nil {
		t.Fatal(err)
	}
	records, rows := make([]store.Record, n), make([]store.NewRow, n)
	for i := range rows {
		e := event.Event{Name: "Purchase", ID: fmt.Sprintf("cb-%032x", (seq+uint64(i))*0x9e3779b97f4a7c15), Time: day.Add(-time.Duration(i+1) * 10 * time.Minute / 2).Unix(), ActionSource: event.SourcePhysicalStore}
		if e.Custom.Currency = "EUR"; i%9 == 0 {
			e.Custom.Currency = "GBP"
		}
		amount := fmt.Sprintf("%d.%02d", 12+i*7%90, i*31%100)
		if source == "deals" {
			e.Name, e.ActionSource, amount = "deal_closed", event.SourceSystemGenerated, fmt.Sprintf("%d.00", 900+i*137%9000)
		}
		if e.Custom.Value, err = event.ParseMoney(amount); err != nil {
			t.Fatal(err)
		}
		e.User.AddHash(event.Email, event.Hash{1, byte(seq), byte(i)})
		if i%3 > 0 {
			e.User.AddHash(event.Phone, event.Hash{2, byte(seq), byte(i)})
		}
		if i%4 > 0 {
			e.User.AddHash(event.LastName, event.Hash{3, byte(seq), byte(i)})
		}
		rows[i] = store.NewRow{Dataset: "1234567890", EventID: e.ID, EventName: e.Name, EventTime: e.Time, Deadline: e.Time + 7*86400, Payload: e.AppendBinary(nil),
			Value: e.Custom.Value, Currency: e.Custom.Currency}
		records[i] = store.Record{Line: uint64(i + 2), RecordKey: fmt.Sprint(source, "-", seq+uint64(i)), Rows: rows[i : i+1]}
	}
	if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, day); err != nil {
		t.Fatal(err)
	}
	if _, err := db.CloseFile(t.Context(), f.Number, store.FileEnd{State: store.FileImported}, day); err != nil {
		t.Fatal(err)
	}
	return seq + uint64(n)
}

// settledDay has these events acknowledged, but for the first ones of a day on which Meta refused some.
func settledDay(t *testing.T, db *bolt.DB, at time.Time, first, end uint64, refused bool) {
	t.Helper()
	settle := func(s store.Settlement, rows ...uint64) {
		b, err := db.Begin(t.Context(), store.Intent{Dataset: "1234567890", Rows: rows}, at)
		if err == nil {
			s.Batch = b.Number
			_, err = db.Settle(t.Context(), s, at.Add(time.Second))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	for range 3 {
		if refused {
			settle(store.Settlement{Verdict: store.VerdictRejected, Reason: event.ReasonRejectedByMeta, Attempt: store.Attempt{End: "invalid_event", HTTPStatus: 400, Code: 100, Subcode: 2804003}}, first)
			first++
		}
	}
	var rows []uint64
	for ; first < end; first++ {
		rows = append(rows, first)
	}
	settle(store.Settlement{Verdict: store.VerdictAcknowledged, Attempt: store.Attempt{End: "acknowledged", HTTPStatus: 200, EventsReceived: len(rows), FBTraceID: "AbQsfVCwUSJU0IcqfRFAG7q"}}, rows...)
}

// site takes a picture of the upper part of a page that is served.
func (c *camera) site(name, url string, width, height int64, scheme string) {
	c.t.Helper()
	for _, err := range []error{
		told(c.tab, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1, Mobile: true}),
		told(c.tab, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
		chromedp.Do(c.tab, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS("main"))),
	} {
		if err != nil {
			c.t.Fatalf("%s: %v", name, err)
		}
	}
	shot, err := chromedp.Run(c.tab, chromedp.CaptureScreenshot())
	if err != nil {
		c.t.Fatalf("%s: %v", name, err)
	}
	c.keep(name, shot, int(height), 256)
}
