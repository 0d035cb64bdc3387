package web_test

import (
	"errors"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"capibara/audit"
	"capibara/audit/web"
	"capibara/store/bolt"
)

// emptyLedger is one into which nothing was imported.
func emptyLedger(t *testing.T) *ledger {
	t.Helper()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return &ledger{db: db, Reader: audit.New(audit.Config{Store: db})}
}

func TestFilters(t *testing.T) {
	p := serve(t, nil)
	story(t, p)
	for name, tc := range map[string]struct {
		path string
		rows int
		csv  string // where the whole list is
	}{
		"state":              {"/events?state=acknowledged", 1, "/events.csv?state=acknowledged"},
		"event name":         {"/events?event_name=Purchase", 4, "/events.csv?event_name=Purchase"},
		"since a day":        {"/events?since=2026-11-20", 7, "/events.csv?since=2026-11-20"},
		"since an age":       {"/events?since=30m", 4, "/events.csv?since=30m"},
		"until":              {"/events?until=2026-11-19", 0, ""},
		"key":                {"/events?key=deal-1", 1, "/events.csv?key=deal-1"},
		"key of an order":    {"/events?key=order-1", 4, "/events.csv?key=order-1"},
		"record key":         {"/events?record_key=deal-3", 1, "/events.csv?record_key=deal-3"},
		"order id":           {"/events?order_id=order-1", 4, "/events.csv?order_id=order-1"},
		"event id":           {"/events?event_id=deal-9", 2, "/events.csv?event_id=deal-9"},
		"source":             {"/events?source=deals", 3, "/events.csv?source=deals"},
		"dataset":            {"/events?dataset=main", 7, "/events.csv?dataset=main"},
		"file":               {"/events?file=2", 1, "/events.csv?file=2"},
		"file by name":       {"/events?file=deals.csv", 1, "/events.csv?file=deals.csv"},
		"batch":              {"/events?batch=1", 2, "/events.csv?batch=1"},
		"changed":            {"/events?changed=true", 0, ""},
		"several":            {"/events?file=3&state=pending", 2, "/events.csv?file=3&state=pending"},
		"state of a batch":   {"/batches?state=split", 1, "/batches.csv?state=split"},
		"batches since":      {"/batches?since=2026-11-21", 0, ""},
		"one batch":          {"/batches?batch=2", 1, "/batches.csv?batch=2"},
		"batches of dataset": {"/batches?dataset=main", 4, "/batches.csv?dataset=main"},
		"trace":              {"/batches?fbtrace_id=A2", 1, "/batches.csv?fbtrace_id=A2"},
		"one file":           {"/files?file=1", 1, "/files.csv?file=1"},
		"files by name":      {"/files?file=refused.csv", 1, "/files.csv?file=refused.csv"},
		"files of a source":  {"/files?source=deals", 4, "/files.csv?source=deals"},
		"files until":        {"/files?until=2026-11-19", 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := p.browse(tc.path)
			got.t = t
			got.sound()
			if got.status != http.StatusOK || got.rows() != tc.rows {
				t.Errorf("%s is answered with %d and %d rows, not %d:\n%s", tc.path, got.status, got.rows(), tc.rows, text(got.root))
			}
			csv := ""
			for _, a := range got.all("a") {
				if text(a) == "As CSV" {
					csv = attr(a, "href")
				}
			}
			if csv != tc.csv {
				t.Errorf("the whole list is at %q, not %q", csv, tc.csv)
			}
			_, asked, _ := strings.Cut(tc.path, "?")
			values, err := url.ParseQuery(asked)
			if err != nil {
				t.Fatal(err)
			}
			for field, want := range values {
				f := got.byID("f-" + field)
				shown := attr(f, "value")
				if f != nil && f.Data == "select" {
					for option := range f.ChildNodes() {
						if option.Data == "option" && strings.Contains(option.Attr[len(option.Attr)-1].Key, "selected") {
							shown = attr(option, "value")
						}
					}
				}
				if shown != want[0] {
					t.Errorf("the field %s shows %q", field, shown)
				}
			}
		})
	}
}

// TestFiltersThatCannotBeRead are told beside their fields.
func TestFiltersThatCannotBeRead(t *testing.T) {
	p := serve(t, nil)
	for path, field := range map[string]string{"/events?since=soon": "since", "/events?until=7": "until", "/events?state=gone": "state", "/events?batch=x": "batch",
		"/batches?state=pending": "state", "/batches?batch=0": "batch", "/files?since=" + url.QueryEscape(evil): "since"} {
		got := p.browse(path)
		got.sound()
		f := got.byID("f-" + field)
		if got.status != http.StatusBadRequest || attr(f, "aria-invalid") != "true" || !strings.HasPrefix(text(got.byID(attr(f, "aria-describedby"))), "Cannot be read: ") {
			t.Errorf("%s is answered with %d, and its field is %v", path, got.status, f)
		}
	}
	for path, says := range map[string]string{"/events?file=99": "There is no file 99.", "/events?dataset=other": "No dataset is named \"other\"", "/events?source=x": "No file was read by a source named \"x\".",
		"/batches?batch=9": "There is no batch 9.", "/events?cursor=x": "The cursor cannot be read", "/events?limit=9999": "a page holds 1 to 5000 entries",
		"/events?colour=red": "no filter of the name colour", "/batches?event_id=1": "no filter of the name event_id", "/events?limit=x": "Limit must be a number", "/events?changed=x": "Changed must be true or false"} {
		got := p.browse(path)
		got.sound()
		got.wantText(says)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s is answered with %d", path, got.status)
		}
	}
}

func TestEmptyFieldsLeaveTheAddress(t *testing.T) {
	p := serve(t, nil)
	got := p.browse("/events?since=&state=pending&order_id=")
	if got.status != http.StatusSeeOther || got.header.Get("Location") != "/events?state=pending" {
		t.Errorf("answered with %d, %s", got.status, got.header.Get("Location"))
	}
}

// TestPersonStaysOutOfAddresses looks for a person, page by page, and wants nothing of it in an address.
func TestPersonStaysOutOfAddresses(t *testing.T) {
	p := serve(t, nil)
	form := url.Values{"email": {"Mary@Example.com"}, "limit": {"2"}, "source": {"deals"}, "phone": {""}}
	got := p.post("/events", form)
	got.sound()
	got.wantText("They carry the e-mail address that you typed.", "2 events, newest first; there are older ones.")
	cursor := ""
	for _, f := range got.all("form") {
		for n := range f.Descendants() {
			if attr(n, "name") == "cursor" {
				cursor = attr(n, "value")
			}
		}
		if attr(f, "method") == "get" {
			for n := range f.Descendants() {
				if strings.Contains(attr(n, "value"), "@") {
					t.Errorf("a form that goes into an address holds the person: %v", n.Attr)
				}
			}
		}
	}
	for _, n := range got.all("a") {
		if strings.Contains(strings.ToLower(attr(n, "href")), "mary") {
			t.Errorf("an address holds the person: %s", attr(n, "href"))
		}
	}
	form.Set("cursor", cursor)
	got = p.post("/events", form)
	got.wantText("1 event, the last ones.")
	if got := p.post("/events", url.Values{"email": {"nobody@example.com"}}); got.status != http.StatusOK || got.rows() != 0 {
		t.Errorf("nobody is found, and it is answered with %d and %d rows", got.status, got.rows())
	}
	got = p.post("/events", url.Values{"email": {"no address"}})
	got.sound()
	if got.status != http.StatusBadRequest || attr(got.byID("f-email"), "aria-invalid") != "true" {
		t.Errorf("an address that is none is answered with %d", got.status)
	}
	if got := p.post("/events", url.Values{"email": {""}, "state": {"pending"}}); got.status != http.StatusSeeOther || got.header.Get("Location") != "/events?state=pending" {
		t.Errorf("a form without a person is answered with %d, %s", got.status, got.header.Get("Location"))
	}
	if said := p.log.String(); strings.Contains(strings.ToLower(said), "mary") {
		t.Errorf("the log holds the person: %s", said)
	}
}

func TestSearch(t *testing.T) {
	p := serve(t, nil)
	story(t, p)
	for typed, says := range map[string]string{"deal-9": "Purchase", "order-1": "deal_closed", "batch 2": "Batch 2", "deals.csv": "file 2", "A2": "Batch 2",
		"MARY@example.com": "an e-mail address", "nothing like this": "Nothing was found", evil: "Found", "  ": "What do you know?"} {
		got := p.post("/search", url.Values{"find": {typed}})
		got.sound()
		got.wantText(says)
		if got.status != http.StatusOK || attr(got.byID("find"), "value") != strings.TrimSpace(typed) {
			t.Errorf("%q is answered with %d and stands in the box as %q", typed, got.status, attr(got.byID("find"), "value"))
		}
	}
}

func TestActing(t *testing.T) {
	p := serve(t, nil)
	p.setTokens(nil, token("anna", web.Operator), token("ben", web.Reader))
	as := func(name, method, path, body string) page {
		return p.read(asked{method: method, path: path, body: body, header: map[string]string{"Authorization": "Bearer " + name + "-secret", "Content-Type": "application/x-www-form-urlencoded"}})
	}
	for _, a := range [][2]string{{"GET", "/upload"}, {"POST", "/upload"}, {"GET", "/allow?kind=file&file=2"}, {"POST", "/allow"}} {
		got := as("ben", a[0], a[1], "kind=file&file=2")
		got.sound()
		if got.status != http.StatusForbidden {
			t.Errorf("a reader who asks %s %s is answered with %d", a[0], a[1], got.status)
		}
	}
	if len(p.ledger.uploads) > 0 {
		t.Errorf("a reader had something uploaded: %v", p.ledger.uploads)
	}
	got := as("anna", "GET", "/", "")
	got.sound()
	if got.byID("upload-now") == nil || attr(got.byID("halt-allow-0"), "href") != "/allow?file=2&kind=file" {
		t.Errorf("an operator is not offered to act: %s", text(got.root))
	}
	got = as("anna", "GET", "/upload", "")
	got.sound()
	got.wantText("Upload now?", "3 events wait to be sent.")
	if len(p.ledger.uploads) > 0 {
		t.Error("a question uploaded")
	}
	as("anna", "POST", "/upload", "").wantText("The upload begins.")
	if len(p.ledger.uploads) != 1 || p.ledger.uploads[0] != "anna" {
		t.Errorf("uploads were asked for by %v", p.ledger.uploads)
	}
	got = as("anna", "GET", "/allow?kind=file&file=2", "")
	got.sound()
	got.wantText("File 2 (deals.csv) is halted. It is worth too much.", "1 event waits for this", "capibara withdraw --file 2", "Let it go")
	as("anna", "POST", "/allow", "kind=file&file=2&source=deals").wantText("You let 1 event go.")
	for path, status := range map[string]int{"/allow?kind=file&file=2": http.StatusNotFound, "/allow?kind=dataset": http.StatusBadRequest, "/allow?kind=file&file=x": http.StatusBadRequest} {
		if got := as("anna", "GET", path, ""); got.status != status {
			t.Errorf("%s is answered with %d", path, got.status)
		}
	}
	if got := as("anna", "POST", "/allow", "kind=file&file=2"); got.status != http.StatusNotFound {
		t.Errorf("allowing again is answered with %d", got.status)
	}
}

func TestTroublePages(t *testing.T) {
	p := serve(t, nil)
	for path, want := range map[string]struct {
		status int
		says   string
	}{
		"/nowhere":                            {http.StatusNotFound, "This address leads to no page."},
		"/files/99":                           {http.StatusNotFound, "There is no file 99."},
		"/files/x":                            {http.StatusNotFound, "A file is named by its number"},
		"/batches/99":                         {http.StatusNotFound, "There is no batch 99."},
		"/events/deal":                        {http.StatusNotFound, "No event has the event_id deal."},
		"/events/a%2Fb":                       {http.StatusNotFound, "No event has the event_id a/b."},
		"/events?email=mary%40example.com":    {http.StatusBadRequest, "An address must not name a person"},
		"/files/1?x=" + url.QueryEscape(evil): {http.StatusOK, "records in all"},
	} {
		got := p.browse(path)
		got.sound()
		got.wantText(want.says)
		if got.status != want.status {
			t.Errorf("%s is answered with %d", path, got.status)
		}
	}
	if err := p.ledger.db.Close(); err != nil {
		t.Fatal(err)
	}
	got := p.browse("/events")
	got.sound()
	got.wantText("Something went wrong.")
	if got.status != http.StatusInternalServerError || strings.Contains(got.body, t.TempDir()) {
		t.Errorf("a database that does not answer is answered with %d", got.status)
	}
}

func TestSignInPage(t *testing.T) {
	p := serve(t, nil)
	p.setTokens(nil, token("anna", web.Reader))
	got := p.browse("/events?state=pending")
	got.sound()
	if got.status != http.StatusUnauthorized || attr(got.byID("token"), "type") != "password" || len(got.all("nav")) > 0 {
		t.Errorf("somebody who has to sign in is answered with %d", got.status)
	}
	p.setTokens(errors.New("the file is gone"))
	got = p.browse("/")
	got.sound()
	got.wantText("Nobody is let in for now.")
}
