package importer

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestResembles drops files that fit no source, and reads what the folder says about them.
func TestResembles(t *testing.T) {
	t.Parallel()
	deals := compiled(t, `{name: deals, files: ["*deals*.csv"], dataset: main, record_key: [Deal], action_source: system_generated, event_name: deal_closed,
  columns: {email: Mail, event_time: Won On}}`)
	sales := compiled(t, `{name: sales, files: ["*sales*.csv", "till-*.csv"], dataset: main, record_key: [Receipt], action_source: physical_store, event_name: Purchase,
  columns: {email: Mail, event_time: Sold, value: Total}}`)
	for _, tc := range []struct{ name, file, text, want string }{
		{"by its columns", "report17.csv", "Deal,Won On,Mail\n1,2026-11-20,a@example.com\n", "Its columns look like those of source deals: rename it to fit *deals*.csv, or move it into the folder deals of the inbox."},
		{"by its columns, two patterns", "x.csv", "Receipt,Sold,Total,Mail\n1,2026-11-20,5,a@example.com\n",
			"Its columns look like those of source sales: rename it to fit *sales*.csv or till-*.csv, or move it into the folder sales of the inbox."},
		{"by its name", "dealz-2026.csv", "a,b\n1,2\n", "Its name comes nearest to *deals*.csv of source deals: if it belongs there, rename it or move it into the folder deals of the inbox."},
		{"by another ending", "deals.txt", "a,b\n1,2\n", "Its name comes nearest to *deals*.csv of source deals: if it belongs there, rename it or move it into the folder deals of the inbox."},
		{"by a preset", "q4.csv", "Opportunity ID,Opportunity Name,Stage,Close Date\n006A,x,Closed Won,2026-11-20\n",
			"It looks like an export of Salesforce opportunities: add a source with preset: salesforce, which `capibara map` writes for you."},
		{"nothing known", "photo.jpg", "\x00\x01\x02", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, deals, sales)
			if got := h.resembles(h.write(t, tc.file, []byte(tc.text)), tc.file); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
}

// TestWaitingResembles holds the sentence of a file that waits to what it resembles once it stands still.
func TestWaitingResembles(t *testing.T) {
	t.Parallel()
	deals := compiled(t, `{name: deals, files: ["*deals*.csv"], dataset: main, record_key: [Deal], action_source: system_generated, event_name: deal_closed,
  columns: {email: Mail, event_time: Won On}}`)
	h := newHouse(t, deals)
	dir := filepath.Join(h.home, "inbox")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := h.write(t, "inbox/report17.csv", []byte("Deal,Won On,Mail\n1,2026-11-20,a@example.com\n"))
	if err := os.Chtimes(path, noon(), noon()); err != nil {
		t.Fatal(err)
	}
	now := noon()
	b, err := NewInbox(InboxConfig{Importer: h.Importer, Dir: dir, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{
		{0, "Rename the file or add a source."},
		{time.Minute, "Its columns look like those of source deals: rename it to fit *deals*.csv, or move it into the folder deals of the inbox."},
	} {
		now = noon().Add(tc.after)
		if _, err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := b.Waiting(); len(got) != 1 || !strings.HasSuffix(got[0], tc.want) {
			t.Errorf("after %s: %q", tc.after, got)
		}
	}
	if strings.Contains(h.log.String(), "example.com") {
		t.Error("the log holds a value of the file")
	}
}
