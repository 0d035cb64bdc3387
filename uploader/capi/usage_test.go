package capi

import (
	"net/http"
	"testing"
	"time"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	const business, app = "X-Business-Use-Case-Usage", "X-App-Usage"
	for _, tc := range []struct {
		name   string
		header http.Header
		want   Usage
	}{
		{"nothing", http.Header{}, Usage{}},
		{"app", http.Header{app: {`{"call_count":28,"total_time":25,"total_cputime":81.5}`}}, Usage{Percent: 81.5}},
		{"business", http.Header{business: {`{"12":[{"type":"ads_management","call_count":7,"total_cputime":3,"total_time":96,"estimated_time_to_regain_access":0}]}`}},
			Usage{Percent: 96}},
		{"the fullest of several", http.Header{app: {`{"call_count":85}`}, business: {`{"12":[{"call_count":10},{"call_count":40}],"13":[{"total_time":84,"estimated_time_to_regain_access":19}]}`}},
			Usage{Percent: 85, Regain: 19 * time.Minute}},
		{"headers that come twice", http.Header{app: {`{"call_count":1}`, `{"call_count":2}`}}, Usage{Percent: 2}},
		{"over the limit", http.Header{app: {`{"call_count":140}`}}, Usage{Percent: 140}},
		{"absurd", http.Header{app: {`{"call_count":1e300}`}, business: {`{"1":[{"estimated_time_to_regain_access":1e300}]}`}}, Usage{Percent: mostPercent, Regain: MaxRetryAfter}},
		{"not JSON", http.Header{app: {`85%`, `[]`, `null`, `{"call_count":"90"}`, `{"call_count":-5}`}, business: {`{"1":{}}`, `{"1":[7]}`, ``}}, Usage{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := usageOf(tc.header); got != tc.want {
				t.Errorf("got %+v, want %+v", got, tc.want)
			}
		})
	}
}
