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
	for in, want := range map[string]time.Duration{"7d": 7 * 24 * time.Hour, "36h": 36 * time.Hour, "1d12h30m5s": 36*time.Hour + 30*time.Minute + 5*time.Second, "0s": 0} {
		if got, err := ParseDuration(in); err != nil || got != want {
			t.Errorf("%s is %s, %v", in, got, err)
		}
		if d := Duration(want); want > 0 {
			if back, err := ParseDuration(d.String()); err != nil || back != want {
				t.Errorf("%s is written %s", want, d)
			}
		}
	}
	for _, bad := range []string{"", "7", "d", "-1d", "1h1d", "7 days", "1.5h", "7d ", "99999999999d"} {
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
