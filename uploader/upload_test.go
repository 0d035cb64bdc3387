package uploader

import (
	"testing"

	"capibara/store"
)

func TestUploadAcknowledges(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents = 100
		h.putSome("a", 1050)
		got := h.upload()
		want := Summary{Batches: 11, Requests: 11, Acknowledged: 1050}
		if got.Batches != want.Batches || got.Requests != want.Requests || got.Acknowledged != want.Acknowledged || got.Stopped != nil {
			t.Errorf("summary %+v, want %+v", got, want)
		}
		h.want(store.StateAcknowledged, 1050)
		if s := h.meta.Stats(); s.Accepted != 1050 || s.Duplicates != 0 || s.Probes != 0 {
			t.Errorf("the sandbox saw %+v", s)
		}
		if again := h.upload(); again.Requests != 0 {
			t.Errorf("a second pass made %d requests", again.Requests)
		}
		h.check()
	})
}
