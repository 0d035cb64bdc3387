package importer

import (
	"slices"
	"strings"
	"testing"
	"time"

	"capibara/event"
)

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	const base = "name: s\ndataset: main\n"
	for name, tt := range map[string]struct{ source, want string }{
		"no name":                {"dataset: main\n", "name is missing"},
		"unknown dataset":        {"name: s\ndataset: mian\n", `dataset: "mian" is not one of`},
		"glob with a folder":     {base + "files: [\"in/*.csv\"]\n", "files:"},
		"bad glob":               {base + "files: [\"[\"]\n", "files:"},
		"format":                 {base + "format: xml\n", "format:"},
		"delimiter":              {base + "delimiter: \";;\"\n", "delimiter:"},
		"letter as delimiter":    {base + "delimiter: a\n", "delimiter:"},
		"encoding":               {base + "encoding: klingon\n", "encoding:"},
		"zone":                   {base + "time_zone: Amsterdam\n", "time_zone:"},
		"zone of the machine":    {base + "time_zone: Local\n", "time_zone:"},
		"date format":            {base + "date_formats: [dd/mm]\n", "date_formats:"},
		"two orders of a date":   {base + "date_formats: [DD/MM/YYYY, MM/DD/YYYY]\n", "date_formats: \"DD/MM/YYYY\" and \"MM/DD/YYYY\" read"},
		"numbers of two kinds":   {base + "date_formats: [YYMMDD, excel]\n", "read the same date as different days"},
		"three columns of time":  {base + "columns: {event_time: [A, B, C]}\n", "columns.event_time:"},
		"unknown format":         {base + "format: ods\n", "format: \"ods\" is none of csv, xlsx"},
		"sheet of JSON":          {base + "format: json\nsheet: Deals\n", "sheet: only a workbook"},
		"delimiter of a sheet":   {base + "format: xlsx\ndelimiter: ;\n", "delimiter: a workbook has none"},
		"half a clock":           {base + "date_formats: [\"DD/MM/YYYY hh:mm\"]\n", "AM or PM"},
		"date only time":         {base + "date_only_time: noon\n", "date_only_time:"},
		"decimal":                {base + "decimal: \"'\"\n", "decimal:"},
		"identity":               {base + "identity: email\n", "identity:"},
		"identity and key":       {base + "identity: content\nrecord_key: [Id]\n", "identity:"},
		"action source":          {base + "action_source: shop\n", "action_source:"},
		"currency":               {base + "currency: Euro\n", "currency:"},
		"country":                {base + "country: Atlantis\n", "country:"},
		"unknown column":         {base + "columns: {mail_adress: E}\n", "columns:"},
		"too many columns":       {base + "columns: {city: [a, b]}\n", "at most 1"},
		"column twice":           {base + "columns: {email: a, em: b}\n", "mapped twice"},
		"empty header":           {base + "columns: {email: \"\"}\n", "header is empty"},
		"custom data twice":      {base + "columns: {custom_data.x: a}\ncustom_data: {x: b}\n", "mapped twice"},
		"personal property":      {base + "custom_data: {a@example.com: b}\n", "custom_data:"},
		"name and events":        {base + "event_name: x\nevents: [{name: y}]\n", "exclude each other"},
		"event without a name":   {base + "events: [{event_time: x}]\n", "events:"},
		"event with a long name": {base + "event_name: " + strings.Repeat("x", 51) + "\n", "events:"},
		"when without values":    {base + "events: [{name: x, when: {Stage: []}}]\n", "when needs"},
		"window":                 {base + "action_source: email\nwindow: 62d\n", "window:"},
		"keep without values":    {base + "keep: {Status: []}\n", "keep: Status has no values"},
		"keep without a header":  {base + "keep: {\"\": [x]}\n", "keep: a header is empty"},
		"keep in two spellings":  {base + "keep: {Status: [x], status: [y]}\n", "keep: status is there twice"},
		"ignore without values":  {base + "ignore: {Status: }\n", "ignore: Status has no values"},
		"kept and ignored":       {base + "keep: {Status: [Paid, Open]}\nignore: {status: [paid]}\n", `ignore: the value "paid" of status stands under keep too`},
		"hold back too long":     {base + "hold_back: 6d\n", "hold_back: 6d leaves less than a day to send an event within its window of 7d; write at most 5d23h45m"},
		"hold back in no window": {base + "window: 1d\nhold_back: 1h\n", "hold_back: the window of 1d leaves no time"},
		"consent of no column":   {base + "consent: {values: [yes]}\n", "consent: column is missing"},
		"consent by a blank":     {base + "consent: {column: Opt-in, values: [yes, \"\"]}\n", "consent: a blank cell is no consent"},
		"consent as a column":    {base + "columns: {consent: Opt-in}\n", "columns.consent: write `consent: Opt-in` beside columns"},
		"no option":              {base + "data_processing_options: {country: 1, state: 1000}\n", "data_processing_options: write {options: [LDU]"},
		"another option":         {base + "data_processing_options: {options: [GDPR]}\n", "LDU is the only option"},
		"a place and no option":  {base + "data_processing_options: {options: [], country: 1, state: 1000}\n", "country and state belong to LDU"},
		"a country alone":        {base + "data_processing_options: {options: [LDU], country: 1}\n", "country and state go together"},
		"an unknown state":       {base + "data_processing_options: {options: [LDU], country: 1, state: 1014}\n", "1 with a state from 1000 to 1013"},
		"unmapped and nameless":  {base + "unmapped: [\"#\"]\n", `unmapped: the header "#" has no letter to make a name of; write custom_data: {a_name: "#"}`},
		"unmapped and blank":     {base + "unmapped: [\"\"]\n", "unmapped: a header is empty"},
		"unmapped of Meta's":     {base + "unmapped: [Content Name]\n", `unmapped: "Content Name" has a meaning of its own at Meta or here; to send it under another name, write custom_data: {my_content_name: "Content Name"}`},
		"unmapped and known":     {base + "unmapped: [Close Date]\n", `custom_data: {my_close_date: "Close Date"}`},
		"unmapped person":        {base + "unmapped: [First Name]\n", `unmapped: "First Name" tells who somebody is`},
		"unmapped mapped person": {base + "columns: {last_name: Kunde}\nunmapped: [kunde]\n", `unmapped: "kunde" tells who somebody is`},
		"unmapped address":       {base + "unmapped: [ann@example.com]\n", "unmapped: a header looks like an e-mail address"},
		"unmapped twice":         {base + "unmapped: [Lead Source, lead_source]\n", `unmapped: "lead_source" would be sent as lead_source, which is there already`},
		"unmapped and mapped":    {base + "custom_data: {region: Area}\nunmapped: [Region]\n", `write custom_data: {another_name: "Region"}`},
		"datasets of no column":  {"name: s\ndataset: {values: {a: main}}\n", "dataset: column or values is missing"},
		"datasets of no value":   {"name: s\ndataset: {column: Brand}\n", "dataset: column or values is missing"},
		"a dataset unknown":      {"name: s\ndataset: {column: Brand, values: {Acme: mian}}\n", `dataset: the value "Acme" goes to "mian", which is not one of the datasets of the configuration (main, other)`},
		"a value of two":         {"name: s\ndataset: {column: Brand, values: {Acme: main, acme: other}}\n", `dataset: the value "acme" is there twice`},
		"on conflict":            {base + "on_conflict: replace\n", `on_conflict: "replace" is neither report nor update`},
		"update without an id":   {base + "identity: content\non_conflict: update\n", "on_conflict: update needs records that keep their id"},
		"no longer qualified":    {base + "on_no_longer_qualified: retract\n", `on_no_longer_qualified: "retract" is neither keep nor withdraw`},
		"withdraw without an id": {base + "on_no_longer_qualified: withdraw\n", "on_no_longer_qualified: withdraw needs to know which event a record had; name the columns that identify it under record_key"},
		"withdraw by content":    {base + "identity: content\non_no_longer_qualified: withdraw\n", "on_no_longer_qualified: withdraw needs records that keep their id"},
		"refund of, and kept":    {base + "record_key: [ID]\nrefund_of: [Of]\n", "refund_of: it says what a refund takes back, and nothing is taken back without on_no_longer_qualified: withdraw"},
		"amount of it, and kept": {base + "record_key: [ID]\nrefund_amount: Back\n", "refund_amount: it says what a refund takes back"},
		"refund of half a key":   {base + "record_key: [Store, ID]\non_no_longer_qualified: withdraw\nrefund_of: [Of]\n", "refund_of: it needs a column for each of record_key, in the same order (Store, ID)"},
		"refund of two ids":      {base + "columns: {event_id: ID}\non_no_longer_qualified: withdraw\nrefund_of: [Of, By]\n", "refund_of: the events have their event_id from one column"},
		"refund of nothing":      {base + "record_key: [ID]\non_no_longer_qualified: withdraw\nrefund_of: [\"\"]\n", "refund_of: a header is empty"},
		"amount of no refund":    {base + "record_key: [ID]\non_no_longer_qualified: withdraw\nrefund_amount: Back\n", "refund_amount: nothing says which records are refunds"},
		"refunds without values": {base + "refunds: {Type: []}\n", "refunds: Type has no values"},
		"limit without currency": {base + "limits: {value: \"50000\"}\n", `limits.value: the source states no currency; write it by currency, like value: {EUR: "50000"}`},
		"limit of another":       {base + "currency: EUR\nlimits: {value: {USD: 5}}\n", "limits.value: the source states currency: EUR, so that no event is in USD"},
		"limit in no currency":   {base + "limits: {value: {Euro: 5}}\n", `limits.value: "Euro" is no currency code`},
		"limit with a mark":      {base + "currency: EUR\nlimits: {value: \"50,000\"}\n", `limits.value: "50,000" is no amount`},
		"limit of nothing":       {base + "currency: EUR\nlimits: {value: 0}\n", `limits.value: "0" is no amount`},
		"limit of fewer events":  {base + "limits: {events: 0.5}\n", "limits.events: 0.5 is not more than 1; it says how many times the usual"},
		"limit of a sum":         {base + "limits: {sum: -3}\n", "limits.sum: -3 is not more than 1"},
		"window of a year":       {base + "action_source: physical_store\nwindow: 365d\n", "window:"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := readSource(t, []byte(tt.source))
			_, err := s.Compile(Defaults{Datasets: map[string]string{"main": "1", "other": "2"}})
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

func TestMatches(t *testing.T) {
	t.Parallel()
	a, b := compiled(t, strings.Replace(till, "name: till", "name: a", 1)), compiled(t, strings.Replace(till, "*till*.csv", "*.CSV", 1))
	im := New(Config{Mappings: []*Mapping{a, b}})
	for name, want := range map[string]*Mapping{"Till-1.CSV": a, "my till.csv": a, "deals.csv": b, "deals.json": nil} {
		if m, ok := im.Match(name); m != want || ok != (want != nil) {
			t.Errorf("%s is matched by %v", name, m)
		}
	}
}

// TestShortFormsAreRules shows that the short forms of event_name compile to what events says at length.
func TestShortFormsAreRules(t *testing.T) {
	t.Parallel()
	const base = "name: s\ndataset: main\n"
	for name, tt := range map[string]struct {
		source string
		want   []string
	}{
		"one name":      {"event_name: purchase\n", []string{"Purchase "}},
		"by value":      {"event_name: {column: Stage, values: {Won: deal_closed, Done: deal_closed, SQL: sql_qualified}}\n", []string{"deal_closed Stage=done,won", "sql_qualified Stage=sql"}},
		"at length":     {"events: [{name: deal_closed, when: {Stage: [Won, Done]}}, {name: seen, when: {Stage: SQL, Owner: [x]}}]\n", []string{"deal_closed Stage=done,won", "seen Owner=x Stage=sql"}},
		"by the column": {"event_name: {column: Event}\n", []string{" "}},
		"nothing":       {"", []string{" "}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for _, r := range compiled(t, base+tt.source).rules {
				var when []string
				for _, c := range r.when {
					var values []string
					for v := range c.values {
						values = append(values, v)
					}
					slices.Sort(values)
					when = append(when, c.header+"="+strings.Join(values, ","))
				}
				got = append(got, r.name+" "+strings.Join(when, " "))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{"7d": 7 * 24 * time.Hour, "36h": 36 * time.Hour, "1d12h30m5s": 36*time.Hour + 30*time.Minute + 5*time.Second, "0s": 0,
		"7y": 7 * 365 * 24 * time.Hour, "1y35d": 400 * 24 * time.Hour} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%s is %s, %v", in, got, err)
		}
		if d := Duration(want); want > 0 {
			if back, err := ParseDuration(d.String()); err != nil || back != want {
				t.Errorf("%s is written %s", want, d)
			}
		}
	}
	for _, bad := range []string{"", "7", "d", "-1d", "1h1d", "7 days", "1.5h", "7d ", "99999999999d", "293y", "292y1000000h"} {
		if got, err := ParseDuration(bad); err == nil && bad != "7d " {
			t.Errorf("%q was read as %s", bad, got)
		}
	}
}

// TestAliases holds the headers of common exports against what they are taken for.
func TestAliases(t *testing.T) {
	t.Parallel()
	known := newAliases()
	for header, want := range map[string]target{
		"E-mail": {key: event.Email}, "Contact: Email": {key: event.Email}, "email_address": {key: event.Email},
		"Phone Number": {key: event.Phone}, "MobilePhone": {key: event.Phone}, "First Name": {key: event.FirstName},
		"Mailing Zip/Postal Code": {key: event.Zip}, "State/Region": {key: event.State}, "match_keys.gen": {key: event.Gender},
		"match_keys.extern_id": {key: event.ExternalID}, "properties.email": {key: event.Email}, "user_data.em": {key: event.Email},
		"Close Date": {field: fieldEventTime}, "event_time": {field: fieldEventTime}, "Amount": {field: fieldValue},
		"custom_data.value": {field: fieldValue}, "Receipt No.": {field: fieldOrderID}, "Currency ISO Code": {field: fieldCurrency},
		"custom_data.contents.item_price": {field: fieldItemPrice}, "custom_data.search_string": {field: fieldSearchString},
		"custom_data.event_source": {field: fieldEventSource}, "action_source": {field: fieldActionSource}, "fbclid": {field: fieldClickID}, "custom_data.status": {field: fieldStatus},
	} {
		if got, _, ok := known.find(header); !ok || got != want {
			t.Errorf("%q is %v, want %v", header, got, want)
		}
	}
	for _, header := range []string{"", "Owner Email Sent", "Id", "Name", "Stage", "capibara_reason", "capibara_line", "Notes", "owner.email", "Status",
		"Opt Out", "Search String", "Customer Segmentation", "Event Source", "Lead Event Source", "Content Name", "Content Category",
		"Delivery Category", "Net Revenue", "Predicted LTV", "Num Items", "Item Count", "Referrer URL", "Content IDs", "contents.title",
		"properties.status", "fields.content_name"} {
		if got, _, ok := known.find(header); ok {
			t.Errorf("%q is taken for %v", header, got)
		}
	}
}

// TestAliasesAreUnique makes sure that no header is listed for two targets: the second would never be found.
func TestAliasesAreUnique(t *testing.T) {
	t.Parallel()
	seen := map[string]target{}
	check := func(own target, headers string) {
		for _, h := range strings.Fields(headers) {
			if other, there := seen[h]; there && other != own {
				t.Errorf("%s stands for %v and %v", h, other, own)
			}
			if fold(h) != h {
				t.Errorf("%s is not folded", h)
			}
			seen[h] = own
		}
	}
	for _, l := range userAliases() {
		check(target{key: l.key}, l.headers)
	}
	for _, l := range fieldAliases() {
		check(target{field: l.field}, l.headers)
	}
}
