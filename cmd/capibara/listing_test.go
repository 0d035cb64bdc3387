package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/audit"
	"capibara/event"
	"capibara/store"
	"capibara/store/bolt"
)

// TestListingWhileAnImportGoesOn has every event that was there when it began, once, the newest first.
func TestListingWhileAnImportGoesOn(t *testing.T) {
	t.Parallel()
	db, err := bolt.Create(filepath.Join(t.TempDir(), "capibara.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	now, files := time.Now(), 0
	bring := func(n int) {
		files++
		f, err := db.OpenFile(t.Context(), store.NewFile{Name: "deals.csv", Source: "deals", SHA256: event.Hash{byte(files)}}, now)
		if err != nil {
			t.Fatal(err)
		}
		var records []store.Record
		for i := range n {
			e := event.Event{Name: "Purchase", ID: fmt.Sprint("cb-", files, "-", i), Time: now.Unix(), ActionSource: event.SourcePhysicalStore}
			records = append(records, store.Record{Line: uint64(i + 2), Rows: []store.NewRow{{Dataset: "1234567890", EventID: e.ID, EventName: e.Name, EventTime: e.Time,
				Deadline: e.Time + 1000, Payload: e.AppendBinary(nil)}}})
		}
		if _, err := db.Import(t.Context(), f.Number, store.Chunk{First: 1, Records: records}, now); err != nil {
			t.Fatal(err)
		}
	}
	bring(20)
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint("cb-1-", 19-i))
	}
	l := &local{db: db}
	for form, ids := range map[string]func(string) []string{
		asCSV: func(text string) (ids []string) {
			rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows[1:] {
				ids = append(ids, r[0])
			}
			return ids
		},
		asJSONL: func(text string) (ids []string) {
			for _, line := range strings.Split(strings.TrimSpace(text), "\n") {
				var e audit.Event
				if err := json.Unmarshal([]byte(line), &e); err != nil {
					t.Fatal(err)
				}
				ids = append(ids, e.EventID)
			}
			return ids
		},
		asXLSX: func(text string) (ids []string) {
			for _, line := range strings.Split(strings.TrimSpace(sheetsOf(t, bytes.NewBufferString(text))), "\n")[2:] {
				id, _, _ := strings.Cut(line, " | ")
				ids = append(ids, id)
			}
			return ids
		},
	} {
		var out bytes.Buffer
		a := &app{output: form, stdout: &out, stderr: t.Output()}
		pages := 0
		list := listing[audit.Event]{a: a, w: &out, what: "events", columns: audit.EventColumns(), everything: true,
			ask: func(_ house, ctx context.Context, q audit.Query, tell func(progress)) (audit.List[audit.Event], error) {
				q.Limit, q.File = 3, "1"
				if form != asCSV {
					q.File = ""
				}
				if pages++; pages > 1 {
					bring(2)
				}
				tell(progress{Done: 3, Total: 20, Count: 3})
				return audit.New(audit.Config{Store: l.db}).Events(ctx, q)
			}}
		before := files
		if err := list.write(t.Context(), nil, audit.Query{}); err != nil {
			t.Fatal(err)
		}
		all := slices.Clone(want)
		if form != asCSV {
			all = nil
			for n := before; n > 1; n-- {
				all = append(all, fmt.Sprintf("cb-%d-1", n), fmt.Sprintf("cb-%d-0", n))
			}
			all = append(all, want...)
		}
		if got := ids(out.String()); !slices.Equal(got, all) {
			t.Errorf("%s lists\n%v, want\n%v", form, got, all)
		}
		if pages < 7 {
			t.Errorf("%s took %d pages", form, pages)
		}
	}
}

// TestSocketNamesNobodyInAnAddress refuses a person in the address of a request, and asks in a body itself.
func TestSocketNamesNobodyInAnAddress(t *testing.T) {
	t.Parallel()
	refuse := list(func(context.Context, audit.Query) (audit.List[audit.Event], error) {
		t.Error("it was answered")
		return audit.List[audit.Event]{}, nil
	})
	for _, filter := range []string{"email=mary%40example.com", "phone=%2B3120", "external_id=C-1"} {
		w := httptest.NewRecorder()
		refuse(w, httptest.NewRequest(http.MethodGet, "/v1/events?"+filter, nil))
		if w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "mary") {
			t.Errorf("%s: %d, %s", filter, w.Code, w.Body)
		}
	}
	var asked []string
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.URL.String())
		askedLong(func(_ context.Context, q audit.Query, _ func(progress)) (audit.List[audit.Event], error) {
			if q.Email != "mary@example.com" {
				t.Errorf("the question arrived as %+v", q)
			}
			return audit.List[audit.Event]{Items: []audit.Event{{EventID: "cb-1"}}}, nil
		})(w, r)
	}))
	defer web.Close()
	c := &client{http: &http.Client{Transport: toServer{web}}}
	for _, ask := range []func() (audit.List[audit.Event], error){
		func() (audit.List[audit.Event], error) {
			return c.Events(t.Context(), audit.Query{Email: "mary@example.com"})
		},
		func() (audit.List[audit.Event], error) {
			return c.Search(t.Context(), audit.Query{Email: "mary@example.com"}, func(progress) {})
		},
	} {
		if got, err := ask(); err != nil || len(got.Items) != 1 {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if want := []string{"POST /v1/search", "POST /v1/search"}; !slices.Equal(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

// toServer sends every request to a server, whatever its host.
type toServer struct{ web *httptest.Server }

func (s toServer) RoundTrip(r *http.Request) (*http.Response, error) {
	r.URL.Host = strings.TrimPrefix(s.web.URL, "http://")
	return http.DefaultTransport.RoundTrip(r)
}
