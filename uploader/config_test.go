package uploader

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"capibara/store"
)

func TestConfigsThatAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"no store", func(c *Config) { c.Store = nil }, "needs a store"},
		{"no client", func(c *Config) { c.Client = nil }, "needs a store and a client"},
		{"no id", func(c *Config) { c.Datasets[0].ID = "" }, `dataset "shop" needs an id`},
		{"no token", func(c *Config) { c.Datasets[0].Token = nil }, `dataset "shop" needs an id and an access token`},
		{"one id twice", func(c *Config) { c.Datasets = append(c.Datasets, c.Datasets[0]) }, "have the same id"},
		{"too many events", func(c *Config) { c.BatchEvents = 1001 }, "more than the 1000"},
		{"negative events", func(c *Config) { c.BatchEvents = -1 }, "must be positive"},
		{"negative bytes", func(c *Config) { c.BatchBytes = -1 }, "must be positive"},
		{"negative requests", func(c *Config) { c.InFlight = -1 }, "must be positive"},
		{"negative events of a pass", func(c *Config) { c.MaxEvents = -1 }, "must be positive"},
		{"too long a window", func(c *Config) { c.ResendWindow = 47 * time.Hour }, "48 hours"},
		{"an unknown way to resend", func(c *Config) { c.ResendUnknown = "sometimes" }, "within_window"},
		{"negative window", func(c *Config) { c.ResendWindow = -1 }, "48 hours"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, func(h *house) {
				c.change(&h.config)
				if _, err := New(h.config); err == nil || !strings.Contains(err.Error(), c.want) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			})
		})
	}
}

// Other programs read the summary; its members keep their names.
func TestSummaryAsJSON(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		s    Summary
		want string
	}{
		{"nothing", Summary{}, `{"batches":0,"requests":0,"acknowledged":0,"rejected":0,"released":0,"unknown":0,"held":0,"expired":0,"relied":0,"stopped":null}`},
		{"everything", Summary{1, 2, 3, 4, 5, 6, 7, 8, 2, &Stop{"main", "why", "throttle"}, []NotLive{{"1", "a", 9}}, []Halted{{"deals", "main", "why"}},
			[]TooLate{{"main", store.Tally{Events: 8, Sums: []store.Sum{{Currency: "EUR", Events: 7, Value: "6.00"}}, PhysicalStore: 5}, "why"}}},
			`{"batches":1,"requests":2,"acknowledged":3,"rejected":4,"released":5,"unknown":6,"held":7,"expired":8,"relied":2,` +
				`"stopped":{"dataset":"main","reason":"why","class":"throttle"},"not_live":[{"dataset":"1","alias":"a","events":9}],` +
				`"halted":[{"source":"deals","dataset":"main","reason":"why"}],"too_late":[{"dataset":"main","events":8,` +
				`"sums":[{"currency":"EUR","events":7,"value":"6.00"}],"physical_store":5,"why":"why"}]}`},
	} {
		got, err := json.Marshal(c.s)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, %v; want %s", c.name, got, err, c.want)
		}
	}
}
