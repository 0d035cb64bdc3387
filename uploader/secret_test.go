package uploader

import (
	"encoding/hex"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

const (
	ourApp     capi.Secret = "0123456789abcdef0123456789abcdef"
	anotherApp capi.Secret = "ffffffffffffffffffffffffffffffff"
)

// keyed makes the house send with an app secret that may change.
func keyed(h *house, key *capi.Secret) {
	h.Helper()
	client, err := capi.New(capi.Config{BaseURL: "http://127.0.0.1:1", Transport: h.wire, Timeout: 30 * time.Second,
		AppSecret: func(string) (capi.Secret, error) { return *key, nil }})
	if err != nil {
		h.Fatal(err)
	}
	h.config.Client = client
}

func TestWrongAppSecretBlamesNoEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{AppSecret: string(ourApp)})
		key := anotherApp
		keyed(h, &key)
		h.putSome("a", 5)
		got := h.upload()
		if got.Requests != 1 || got.Released != 5 || got.Rejected != 0 || got.Stopped == nil || got.Stopped.Class != "configuration" {
			t.Errorf("with the secret of another app: %+v", got)
		}
		h.want(store.StatePending, 5)
		key = ourApp
		if got := h.upload(); got.Acknowledged != 5 || got.Stopped != nil {
			t.Errorf("with the right one: %+v", got)
		}
		if s := h.meta.Stats(); s.Probes != 1 {
			t.Errorf("%d probes passed the same check, want 1", s.Probes)
		}
		h.check()
	})
}

// A batch of unknown fate is recognised by the bytes of its data. The proof of another secret makes it no other batch.
func TestProofChangesNoBatch(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *house) {
		key := ourApp
		keyed(h, &key)
		h.putSome("a", 5)
		batches := 0
		h.wire.set(func(r *http.Request) error {
			if r.ContentLength > 500 { // a probe is shorter
				if batches++; batches == 1 {
					h.fault(sandbox.FaultCutAfter)
					key = anotherApp
				}
			}
			return nil
		}, nil)
		if got := h.upload(); got.Acknowledged != 5 || got.Requests != 2 || got.Held != 0 {
			h.Errorf("summary %+v", got)
		}
		var lengths []int
		journalled := h.batches()[0].Attempts
		for _, r := range h.meta.Requests() {
			if r.Probe {
				continue
			}
			lengths = append(lengths, r.Bytes)
			for _, a := range journalled {
				if want := hex.EncodeToString(a.BodySHA256[:]); r.DataHash != want {
					h.Errorf("the data that arrived has the hash %s, and the journal %s", r.DataHash, want)
				}
			}
		}
		if s := h.meta.Stats(); len(lengths) != 2 || lengths[0] != lengths[1] || s.Changed != 0 || s.Duplicates != 5 {
			h.Errorf("requests of %v bytes, the sandbox saw %+v", lengths, s)
		}
		h.check()
	})
}
