package uploader

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

func TestProbeOnAQuietDay(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *house) {
		token := capi.Token(secret)
		h.config.Datasets[0].Token = func() (capi.Token, error) { return token, nil }
		h.config.Datasets = append(h.config.Datasets, Dataset{Alias: "other", ID: other, Token: tokens(secret)}) // not live
		u := h.uploader()
		probe := func(want bool) {
			h.Helper()
			if sure, err := u.Probe(h.Context()); err != nil || sure != want {
				h.Errorf("sure: %v, %v", sure, err)
			}
		}
		probe(true)
		if s := h.meta.Stats(); s.Probes != 1 || s.Requests != 0 || h.circuit().State != store.CircuitClosed {
			h.Errorf("the sandbox saw %+v, the circuit is %+v", s, h.circuit())
		}

		// The token dies, and is told once, however many days pass.
		token = "EAAwrongTokenOfSomebodyElse000000"
		for range 3 {
			probe(true)
			time.Sleep(day)
		}
		if c := h.circuit(); c.State != store.CircuitOpen || c.Class != "credentials" || c.Code != 190 {
			h.Errorf("circuit %+v", c)
		}
		if n := h.log.lines(`"level":"error"`); n != 1 {
			h.Errorf("told %d times", n)
		}
		token = secret
		probe(true)
		if c := h.circuit(); c.State != store.CircuitClosed || h.log.lines("a probe passed") != 1 {
			h.Errorf("circuit %+v", c)
		}

		// A trouble of a moment is nobody's business.
		h.fault(sandbox.Fault503)
		probe(false)
		h.fault(sandbox.FaultCutBefore)
		probe(false)
		if c := h.circuit(); c.State != store.CircuitClosed || h.log.lines(`"level":"error"`) != 1 || h.log.lines(`"level":"warn"`) != 0 {
			h.Errorf("circuit %+v", c)
		}

		// A block by policy is not asked about again before its time.
		h.fault(sandbox.FaultPolicy)
		probe(true)
		before := h.meta.Stats().Probes
		probe(true)
		if c := h.circuit(); c.Class != "policy" || h.meta.Stats().Probes != before {
			h.Errorf("circuit %+v, %d probes", c, h.meta.Stats().Probes-before)
		}
		token = "EAAanotherTokenOfTheSameShop00000" // the block may be another's
		probe(true)
		if c := h.circuit(); c.Class != "credentials" || h.meta.Stats().Probes != before+1 {
			h.Errorf("with another token: circuit %+v", c)
		}
		token = secret
		h.fault(sandbox.FaultPolicy)
		probe(true)
		before = h.meta.Stats().Probes
		time.Sleep(policyPause + time.Minute)
		probe(true)
		if c := h.circuit(); c.State != store.CircuitClosed || h.meta.Stats().Probes != before+1 {
			h.Errorf("circuit %+v", c)
		}
		h.check()
	})
}

func TestProbeLeavesAWrongMappingAlone(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *house) {
		wrong := store.Circuit{Dataset: shop, State: store.CircuitOpen, Class: "invalid_event", Code: 100, Subcode: 2804003, Since: time.Now(), Failures: 1}
		if err := h.db.SetCircuit(h.Context(), wrong, time.Now()); err != nil {
			h.Fatal(err)
		}
		if sure, err := h.uploader().Probe(h.Context()); err != nil || !sure {
			h.Error(sure, err)
		}
		if c := h.circuit(); c.State != store.CircuitOpen || c.Class != "invalid_event" {
			h.Errorf("circuit %+v", c)
		}
	})
}

func TestProbeWithoutAToken(t *testing.T) {
	t.Parallel()
	inBubble(t, func(h *house) {
		h.config.Datasets[0].Token = func() (capi.Token, error) { return "", errors.New("token.txt is empty") }
		u := h.uploader()
		for range 2 {
			if sure, err := u.Probe(h.Context()); err != nil || !sure {
				h.Error(sure, err)
			}
		}
		if c := h.circuit(); c.Class != "credentials" || h.log.lines("token.txt is empty") != 1 || h.meta.Stats().Probes != 0 {
			h.Errorf("circuit %+v", c)
		}
		u.lanes <- struct{}{}
		if _, err := u.Probe(h.Context()); !errors.Is(err, ErrBusy) {
			h.Errorf("during a pass: %v", err)
		}
	})
}

// TestAPassWaitsForAProbe: an upload that is due while a probe is under way is not refused for it.
func TestAPassWaitsForAProbe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, sandbox.Config{Delay: 5 * time.Second})
		h.putSome("a", 1)
		u := h.uploader()
		probed := make(chan error, 1)
		go func() {
			_, err := u.Probe(t.Context())
			probed <- err
		}()
		synctest.Wait()
		if got, err := u.Upload(t.Context()); err != nil || got.Acknowledged != 1 {
			t.Errorf("summary %+v, %v", got, err)
		}
		if err := <-probed; err != nil || h.meta.Stats().Probes != 1 {
			t.Error(err)
		}
	})
}
