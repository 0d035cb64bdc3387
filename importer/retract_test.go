package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"capibara/event"
	"capibara/store"
)

// takingBack writes down what records take back on their way into the database.
type takingBack struct {
	store.Importing
	ids  map[string]string // event_id of every event_name and key that a test may ask for → both
	told []string
}

func newTakingBack(in store.Importing, names, keys []string) *takingBack {
	t := &takingBack{Importing: in, ids: map[string]string{}}
	for _, dataset := range []string{"1234567890", "9876543210"} {
		for _, name := range names {
			for _, key := range keys {
				var parts []event.KeyPart
				for part := range strings.SplitSeq(key, "+") {
					parts = append(parts, event.KeyPart{Value: part})
				}
				t.ids[event.DeriveID(dataset, name, parts)] = fmt.Sprintf("%s of %s", name, key)
			}
		}
	}
	return t
}

func (t *takingBack) Import(ctx context.Context, file uint64, c store.Chunk, now time.Time) (store.ImportResult, error) {
	for _, r := range c.Records {
		for _, x := range r.Retractions {
			what, derived := t.ids[x.EventID]
			if !derived {
				what = x.EventName + " with id " + x.EventID
			} else if !strings.HasPrefix(what, x.EventName+" ") {
				what += " under the name " + x.EventName
			}
			if x.Dataset != "1234567890" {
				what += " in " + x.Dataset
			}
			if x.Refund.Present() {
				what += " " + x.Refund.String() + " " + x.Currency
			}
			t.told = append(t.told, fmt.Sprintf("%d: %s %s", r.Line, x.Reason, what))
		}
		if r.Fate == store.FateRejected && len(r.Retractions) > 0 {
			t.told = append(t.told, "a rejected record takes something back")
		}
	}
	return t.Importing.Import(ctx, file, c, now)
}

const (
	crm = `
name: deals
dataset: main
record_key: [ID]
action_source: system_generated
currency: EUR
decimal: "."
on_no_longer_qualified: withdraw
columns: {event_time: SQL Date, email: Email}
`
	byRules = crm + `
events:
  - {name: sql_qualified, when: {Stage: [SQL, Won]}, event_time: SQL Date}
  - {name: deal_closed, when: {Stage: [Won]}, event_time: Close Date, value: Amount}
`
	byStage = crm + "event_name: {column: Stage, values: {SQL: sql_qualified, Won: deal_closed}}\n"
	shop    = `
name: shop
dataset: main
record_key: [Order]
action_source: in_store
event_name: Purchase
currency: EUR
decimal: "."
on_no_longer_qualified: withdraw
columns: {event_time: Date, value: Amount, email: Email}
`
)

// TestRetractions holds which records take which events back.
func TestRetractions(t *testing.T) {
	t.Parallel()
	const dealHead, day = "ID,Stage,SQL Date,Close Date,Amount,Email\n", ",2026-11-20,2026-11-21,5,a@example.com\n"
	const shopHead = "Order,Date,Amount,Email\n"
	for name, tt := range map[string]struct {
		source, file string
		want         []string
	}{
		"kept by default":                {strings.ReplaceAll(byRules, "on_no_longer_qualified: withdraw\n", ""), dealHead + "D1,Lost" + day, nil},
		"kept in so many words":          {strings.ReplaceAll(byRules, "withdraw", "keep"), dealHead + "D1,Lost" + day, nil},
		"no rule covers the stage":       {byRules, dealHead + "D1,Lost" + day, []string{"2: no_longer_qualified sql_qualified of D1", "2: no_longer_qualified deal_closed of D1"}},
		"one rule of two":                {byRules, dealHead + "D1,SQL" + day, []string{"2: no_longer_qualified deal_closed of D1"}},
		"every rule":                     {byRules, dealHead + "D1,Won" + day, nil},
		"without who it is":              {byRules, dealHead + "D1,SQL,2026-11-20,,,\n", []string{"2: no_longer_qualified deal_closed of D1"}},
		"a date to be mended":            {byRules, dealHead + "D1,SQL,soon,,,a@example.com\n", nil},
		"a blank date":                   {byRules, dealHead + "D1,Won,2026-11-20,,5,a@example.com\n", nil},
		"without its key":                {byRules, dealHead + ",Lost" + day, nil},
		"a key that a spreadsheet ended": {byRules, dealHead + "9.92E+15,Lost" + day, nil},
		"a blank line and a sum":         {byRules, dealHead + ",,,,,\nTotal,,,,5,\nD1,Won" + day, nil},
		"event_name went on":             {byStage, dealHead + "D1,Won" + day, nil},
		"event_name is at no stage":      {byStage, dealHead + "D1,Lost" + day, []string{"2: no_longer_qualified deal_closed of D1", "2: no_longer_qualified sql_qualified of D1"}},
		"two rules of one name": {crm + "events:\n  - {name: deal_closed, when: {Stage: [Won]}}\n  - {name: deal_closed, when: {Stage: [Signed]}}\n",
			dealHead + "D1,Won" + day + "D2,Lost" + day, []string{"3: no_longer_qualified deal_closed of D2"}},
		"another line stands for it": {byRules, dealHead + "D1,SQL" + day + "D1,Won" + day + "D1,Lost" + day, nil},
		"keep leaves it out":         {byStage + "keep: {Email: [a@example.com]}\n", dealHead + "D1,Won,2026-11-20,,,b@example.com\n", []string{"2: no_longer_qualified deal_closed of D1", "2: no_longer_qualified sql_qualified of D1"}},
		"ignore leaves it out":       {byStage + "ignore: {Amount: [0]}\n", dealHead + "D1,Won,2026-11-20,,0,b@example.com\n", []string{"2: no_longer_qualified deal_closed of D1", "2: no_longer_qualified sql_qualified of D1"}},
		"no consent any more":        {byStage + "consent: Amount\n", dealHead + "D1,Won,2026-11-20,,no,b@example.com\n", []string{"2: no_longer_qualified deal_closed of D1", "2: no_longer_qualified sql_qualified of D1"}},
		"a consent that is unclear":  {byStage + "consent: Amount\n", dealHead + "D1,Won,2026-11-20,,perhaps,b@example.com\n", nil},
		"the dataset of the record": {strings.Replace(byStage, "dataset: main", "dataset: {column: Amount, values: {a: main, b: other}}", 1),
			dealHead + "D1,Lost,,,b,\nD1,Lost,,,c,\n", []string{"2: no_longer_qualified deal_closed of D1 in 9876543210", "2: no_longer_qualified sql_qualified of D1 in 9876543210"}},
		"ids of its own": {strings.NewReplacer("record_key: [ID]\n", "", "{event_time:", "{event_id: ID, event_time:").Replace(byStage),
			dealHead + "D1,Lost" + day + ",Lost" + day, []string{"2: no_longer_qualified deal_closed with id D1", "2: no_longer_qualified sql_qualified with id D1"}},

		"a refund by its sign":      {shop, shopHead + "R1,2026-11-20,-5.50,a@example.com\nR2,2026-11-20,(2.00),\nR3,2026-11-20,0,a@example.com\n", []string{"2: refunded Purchase of R1 5.5 EUR", "3: refunded Purchase of R2 2 EUR"}},
		"a refund and its sale":     {shop, shopHead + "R1,2026-11-20,5.50,a@example.com\nR1,2026-11-21,-5.50,a@example.com\n", []string{"3: refunded Purchase of R1 5.5 EUR"}},
		"a refund to be mended":     {shop, shopHead + "R1,soon,-5.50,a@example.com\n", nil},
		"a refund names its order":  {shop + "refund_of: [Of]\n", "Order,Date,Amount,Email,Of\nR9,2026-11-20,-5.50,,R1\nR8,2026-11-20,-5.50,,\n", []string{"2: refunded Purchase of R1 5.5 EUR"}},
		"by two columns":            {strings.Replace(shop, "[Order]", "[Store, Order]", 1) + "refund_of: [Shop, Of]\n", "Store,Order,Date,Amount,Email,Of,Shop\nS1,R9,2026-11-20,-5.50,,R1,S2\n", []string{"2: refunded Purchase of S2+R1 5.5 EUR"}},
		"by its event_id":           {strings.NewReplacer("record_key: [Order]\n", "", "{event_time:", "{event_id: Order, event_time:").Replace(shop) + "refund_of: [Of]\n", "Order,Date,Amount,Email,Of\nR9,2026-11-20,-5.50,,R1\n", []string{"2: refunded Purchase with id R1 5.5 EUR"}},
		"a refund by its type":      {shop + "refunds: {Type: [Return]}\n", "Order,Date,Amount,Email,Type\nR1,2026-11-20,5.50,,return\nR2,,-5.50,,Return\nR3,2026-11-20,5.50,a@example.com,Sale\n", []string{"2: refunded Purchase of R1", "3: refunded Purchase of R2 5.5 EUR"}},
		"a refund with its amount":  {shop + "refunds: {Type: [Return]}\nrefund_amount: Back\n", "Order,Date,Amount,Email,Type,Back\nR1,2026-11-20,5.50,,return,2\nR2,2026-11-20,5.50,,return,\nR3,2026-11-20,5.50,,return,0.00\n", []string{"2: refunded Purchase of R1 2 EUR", "3: refunded Purchase of R2", "4: refunded Purchase of R3"}},
		"a refund that is not kept": {shop + "keep: {Type: [Sale]}\nrefunds: {Type: [Return]}\n", "Order,Date,Amount,Email,Type\nR1,2026-11-20,5.50,,return\nR2,2026-11-20,5.50,,Void\n", []string{"2: refunded Purchase of R1", "3: no_longer_qualified Purchase of R2"}},
		"event_name by the column":  {strings.Replace(shop, "event_name: Purchase\n", "event_name: {column: Event}\n", 1) + "keep: {Type: [Sale]}\n", "Order,Date,Amount,Email,Event,Type\nR1,2026-11-20,-5.50,,Purchase,Sale\nR2,2026-11-20,5,,Purchase,Void\nR3,2026-11-20,5,,,Void\nR4,2026-11-20,-5,b@example.com,Purchase,Sale\n", []string{"5: refunded Purchase of R4 5 EUR", "2: refunded Purchase of R1 5.5 EUR", "3: no_longer_qualified Purchase of R2"}},
		"one event of two":          {strings.Replace(byRules, "Amount}", "Net}", 1), "ID,Stage,SQL Date,Close Date,Net,Email\nD1,Won,2026-11-20,2026-11-20,-5,a@example.com\n", []string{"2: refunded deal_closed of D1 5 EUR"}},
		"lines of one record":       {shop + "group_by: record_key\nrefunds: {Type: [refunded]}\nrefund_amount: Back\n", "Order,Date,Amount,Email,Type,Back\nR1,2026-11-20,5,,refunded,2\nR1,,,,,\n", []string{"2: refunded Purchase of R1 2 EUR"}},
		"orders of Shopify": {"name: s\ndataset: main\npreset: shopify-pos\non_no_longer_qualified: withdraw\n",
			"Name,Email,Source,Financial Status,Created at,Total,Currency,Cancelled at,Refunded Amount\nR1,a@example.com,pos,refunded,2026-11-20 10:00:00 +0100,59.97,EUR,,59.97\n" +
				"R2,b@example.com,pos,partially_refunded,2026-11-20 10:00:00 +0100,20,EUR,,5.00\nR3,c@example.com,pos,voided,2026-11-20 10:00:00 +0100,20,EUR,2026-11-21,0.00\n" +
				"R4,d@example.com,pos,paid,2026-11-20 10:00:00 +0100,20,EUR,,0.00\n",
			[]string{"2: refunded Purchase of R1 59.97 EUR", "3: refunded Purchase of R2 5 EUR", "4: no_longer_qualified Purchase of R3"}},
		"an older export of Shopify": {"name: s\ndataset: main\npreset: shopify-pos\non_no_longer_qualified: withdraw\n",
			"Name,Email,Source,Financial Status,Created at,Total,Currency\nR1,a@example.com,pos,refunded,2026-11-20 10:00:00 +0100,59.97,EUR\n", []string{"2: refunded Purchase of R1"}},
		"what a source of Shopify keeps": {"name: s\ndataset: main\npreset: shopify-pos\non_no_longer_qualified: withdraw\nkeep: {Financial Status: [paid, partially_refunded]}\n",
			"Name,Email,Source,Financial Status,Created at,Total,Currency\nR1,a@example.com,pos,partially_refunded,2026-11-20 10:00:00 +0100,59.97,EUR\nR2,a@example.com,pos,refunded,2026-11-20 10:00:00 +0100,5,EUR\n",
			[]string{"3: no_longer_qualified Purchase of R2"}},
		"a refund at Square": {"name: s\ndataset: main\npreset: square\ncurrency: USD\non_no_longer_qualified: withdraw\n",
			"Date,Time,Source,Event Type,Total Collected,Payment ID,Customer ID,Email\n2026-11-20,10:00:00,Point of Sale,Refund,-$12.00,R1,,\n", []string{"2: refunded Purchase of R1 12 USD"}},
		"a currency that contradicts": {shop + "refunds: {Type: [Return]}\n", "Order,Date,Amount,Email,Type,Currency\nR1,2026-11-20,-5.50,,return,USD\n", []string{"2: refunded Purchase of R1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			seen := newTakingBack(h.db, []string{"sql_qualified", "deal_closed", "Purchase"}, []string{"D1", "D2", "R1", "R2", "R3", "R4", "S2+R1"})
			h.c.Store = seen
			if _, err := h.Import(t.Context(), Input{Path: h.write(t, "x.csv", []byte(tt.file)), Mapping: compiled(t, tt.source)}); err != nil {
				t.Fatal(err)
			}
			slices.Sort(seen.told)
			slices.Sort(tt.want)
			if d := cmp.Diff(tt.want, seen.told); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			h.checked(t)
		})
	}
}

// TestRetractionsAreOfEarlierEvents shows that what a record takes back has the id that the same record gave its event the day
// before.
func TestRetractionsAreOfEarlierEvents(t *testing.T) {
	t.Parallel()
	const head = "ID,Stage,SQL Date,Close Date,Amount,Email\n"
	h := newHouse(t)
	m := compiled(t, byRules)
	if _, err := h.Import(t.Context(), Input{Path: h.write(t, "monday.csv", []byte(head+"0061t00000AbCdE,Won,2026-11-20,2026-11-21,5,a@example.com\n")), Mapping: m}); err != nil {
		t.Fatal(err)
	}
	page, err := h.db.Events(t.Context(), store.Filter{})
	if err != nil || len(page.Items) != 2 {
		t.Fatalf("%d events, %v", len(page.Items), err)
	}
	seen := newTakingBack(h.db, nil, nil)
	for _, x := range page.Items {
		seen.ids[x.EventID] = x.EventName + " of monday"
	}
	h.c.Store = seen
	if _, err := h.Import(t.Context(), Input{Path: h.write(t, "tuesday.csv", []byte(head+"0061t00000AbCdEAAV,Lost,,,,\n")), Mapping: m}); err != nil {
		t.Fatal(err)
	}
	want := []string{"2: no_longer_qualified sql_qualified of monday", "2: no_longer_qualified deal_closed of monday"}
	if d := cmp.Diff(want, seen.told); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// TestStandingIsBounded shows that what is committed together stands, however much came before.
func TestStandingIsBounded(t *testing.T) {
	t.Parallel()
	record := func(id string, r event.Reason) store.Record {
		return store.Record{Rows: []store.NewRow{{Dataset: "1", EventID: id, EventName: "x"}},
			Retractions: []store.Retraction{{Dataset: "1", EventID: id, EventName: "x", Reason: r}}}
	}
	var s standing
	s.spare(nil)
	for i := range maxSeen + 1 {
		s.known[uint64(i)] = struct{}{}
	}
	records := []store.Record{record("a", event.ReasonNoLongerQualified), record("b", event.ReasonRefunded)}
	s.spare(records)
	if len(s.known) != 2 || len(records[0].Retractions) != 0 || len(records[1].Retractions) != 1 {
		t.Errorf("%d are known, and %d and %d taken back", len(s.known), len(records[0].Retractions), len(records[1].Retractions))
	}
}
