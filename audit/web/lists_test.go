package web_test

import (
	"context"
	"net/http"
	"net/http/httptrace"
	"sync"
	"testing"
)

// TestScansAreBounded loads pages that look through the whole ledger again and again: two look at a time, whoever asks for what is
// quick does not wait for them, and neither does whoever has a whole list written.
func TestScansAreBounded(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/events?record_key=x", "/events?event_name=Purchase&state=pending", "/api/v1/events?order_id=x", "/api/v1/events?changed=true"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			p := serve(t, nil)
			came, on := make(chan struct{}, 100), make(chan struct{})
			p.ledger.setBefore(func() {
				came <- struct{}{}
				<-on
			})
			var loads sync.WaitGroup
			defer loads.Wait()
			defer sync.OnceFunc(func() { close(on) })()
			sent := make(chan struct{}, 100)
			trace := httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { sent <- struct{}{} }}
			ctx, leave := context.WithCancel(httptrace.WithClientTrace(t.Context(), &trace))
			for range 20 {
				loads.Go(func() { // whether it is answered is not what this is about
					r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.url+path, nil)
					if err == nil {
						if resp, err := http.DefaultClient.Do(r); err == nil {
							resp.Body.Close()
						}
					}
				})
			}
			for range 20 {
				<-sent
			}
			for range 2 {
				<-came
			}
			p.ledger.setBefore(nil)
			for _, quick := range []string{"/events?state=pending", "/events", "/api/v1/events?event_id=deal-1", "/events.csv", "/report?month=2026-11", "/batches"} {
				if got := p.ask(asked{path: quick}); got.status != http.StatusOK {
					t.Errorf("%s: %d", quick, got.status)
				}
			}
			if n := len(came); n != 0 {
				t.Errorf("%d more look at the same time", n)
			}
			leave() // those who wait give up
		})
	}
}
