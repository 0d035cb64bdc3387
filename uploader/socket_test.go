package uploader

import (
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

// Over a real socket, with the client's own transport: every cut and every odd answer ends as it does in memory.
func TestOverASocket(t *testing.T) {
	t.Parallel()
	h := newHouse(t, sandbox.Config{})
	server := httptest.NewServer(h.meta)
	closed := false
	defer func() {
		if !closed {
			server.Close()
		}
	}()
	client, err := capi.New(capi.Config{BaseURL: server.URL, Timeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	h.config.Client = client
	h.config.BatchEvents = 20
	h.config.Patience = -1 // nobody waits here; the clock is put forward between two passes
	var ahead atomic.Int64
	h.config.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }

	h.putSome("a", 200, 17)
	h.fault(sandbox.FaultCutAfter, sandbox.Fault500, sandbox.FaultCutBefore, sandbox.FaultShort)
	total := 0
	for range 12 {
		got := h.upload()
		total += got.Acknowledged
		ahead.Add(int64(20 * time.Second))
	}
	if total != 199 {
		t.Errorf("%d events were acknowledged", total)
	}
	h.want(store.StateAcknowledged, 199, store.StateRejected, 1)
	if s := h.meta.Stats(); s.Distinct != 199 || s.Changed != 0 {
		t.Errorf("the sandbox saw %+v", s)
	}
	server.Close()
	closed = true
	h.putSome("b", 10)
	if got := h.upload(); got.Released != 10 || got.Stopped == nil || got.Stopped.Class != classUnreachable {
		t.Errorf("with nobody there: %+v, %+v", got, got.Stopped)
	}
	h.want(store.StateAcknowledged, 199, store.StateRejected, 1, store.StatePending, 10)
	h.check()
}
