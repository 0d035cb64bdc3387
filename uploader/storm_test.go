package uploader

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"capibara/store"
	"capibara/uploader/capi"
	"capibara/uploader/sandbox"
)

// storm makes everything go wrong at random, and watches every request on its way.
type storm struct {
	*house
	mu        sync.Mutex
	chance    *rand.Rand
	raging    bool
	deadlines map[string]time.Time
	bad       map[string]bool
	total     Summary // of all passes
}

// TestStorm drives uploads through random faults, deaths and waits, and holds what came of it to the promises of the
// house.
func TestStorm(t *testing.T) {
	t.Parallel()
	seeds := uint64(8)
	if longTests() {
		seeds = 64
	}
	for seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				chance := rand.New(rand.NewPCG(seed, 1))
				s := &storm{house: newHouse(t, sandbox.Config{Seed: seed, Delay: time.Duration(chance.IntN(300)) * time.Millisecond}),
					chance: chance, deadlines: map[string]time.Time{}, bad: map[string]bool{}}
				s.config.BatchEvents = 1 + chance.IntN(40)
				s.config.InFlight = 1 + chance.IntN(4)
				s.wire.set(s.watch, nil)
				s.rage()
				s.calm()
				s.judge()
			})
		})
	}
}

// rage imports and uploads while things fail.
func (s *storm) rage() {
	s.raging = true
	for round := range 6 {
		s.more(round)
		s.config.Store = s.db
		dies := s.chance.IntN(3) == 0
		if dies {
			s.config.Store = newPlugged(s.db, s.chance.IntN(12), s.chance.IntN(12))
		}
		err := s.pass()
		if err != nil && !(dies && errors.Is(err, errPlug)) {
			s.Fatalf("upload: %v", err)
		}
		if err != nil || s.chance.IntN(4) == 0 {
			s.die()
		}
		time.Sleep(time.Duration(s.chance.IntN(int(6 * time.Hour))))
	}
}

// pass uploads and adds up.
func (s *storm) pass() error {
	got, err := s.uploader().Upload(s.Context())
	s.total.Acknowledged += got.Acknowledged
	s.total.Rejected += got.Rejected
	s.total.Held += got.Held
	s.total.Expired += got.Expired
	return err
}

// more imports a few rows, some of them bad, some with little time.
func (s *storm) more(round int) {
	var rows []store.NewRow
	for i := range 1 + s.chance.IntN(60) {
		id := fmt.Sprintf("e-%d-%d", round, i)
		r := good(id, time.Now())
		if s.chance.IntN(15) == 0 {
			r, s.bad[id] = bad(id, time.Now()), true
		}
		if s.chance.IntN(10) == 0 {
			r.Deadline = time.Now().Add(time.Duration(s.chance.IntN(int(12 * time.Hour)))).Add(time.Minute).Unix()
		}
		s.deadlines[id] = time.Unix(r.Deadline, 0)
		rows = append(rows, r)
	}
	s.put(rows...)
}

// calm uploads without faults until nothing is left to do.
func (s *storm) calm() {
	s.mu.Lock()
	s.raging = false
	s.mu.Unlock()
	s.config.Store = s.db
	s.die()
	for range 12 {
		time.Sleep(5 * time.Hour)
		if err := s.pass(); err != nil {
			s.Fatalf("upload: %v", err)
		}
	}
}

// watch looks at a request before it is sent, and may keep it from arriving.
func (s *storm) watch(r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range idsOf(s.T, r) {
		if id == "" {
			continue // a probe
		}
		if deadline := s.deadlines[id]; !time.Now().Before(deadline) {
			s.Errorf("%s is sent %s after its deadline", id, time.Since(deadline))
		}
		if e := s.event(id); e.State != store.StateInFlight {
			s.Errorf("%s is sent while it is %s", id, e.State)
		}
	}
	if !s.raging {
		return nil
	}
	switch p := s.chance.IntN(100); {
	case p < 10:
		return errors.New("connection refused")
	case p < 35:
		kinds := sandbox.Kinds()
		s.fault(kinds[s.chance.IntN(len(kinds))])
	}
	return nil
}

// idsOf reads the event ids of a request.
func idsOf(t *testing.T, r *http.Request) []string {
	body, err := r.GetBody()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	// Asking for the body takes it from the transport; give it back.
	if r.Body, err = r.GetBody(); err != nil {
		t.Fatal(err)
	}
	var sent struct {
		Data []struct {
			ID string `json:"event_id"`
		} `json:"data"`
	}
	if err := json.Unmarshal(raw, &sent); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, e := range sent.Data {
		ids = append(ids, e.ID)
	}
	return ids
}

// judge holds the result to the promises.
func (s *storm) judge() {
	s.check()
	states := s.states()
	sum := 0
	for _, n := range states {
		sum += n
	}
	if sum != len(s.deadlines) {
		s.Errorf("%d events are there of %d that were imported", sum, len(s.deadlines))
	}
	if n := states[store.StateInFlight] + states[store.StatePending]; n > 0 && s.circuit().Class != "invalid_event" {
		s.Errorf("%d events are neither sent nor ended: %v, circuit %+v", n, states, s.circuit())
	}
	if s.total.Acknowledged != states[store.StateAcknowledged] || s.total.Rejected != states[store.StateRejected] ||
		s.total.Held != states[store.StateHeld] || s.total.Expired != states[store.StateExpired] {
		s.Errorf("the summaries add up to %+v, the outbox to %v", s.total, states)
	}
	if stats := s.meta.Stats(); stats.Changed != 0 {
		s.Errorf("%d events came again with other bytes", stats.Changed)
	}
	for id := range s.deadlines {
		s.judgeEvent(id)
	}
}

func (s *storm) judgeEvent(id string) {
	e, taken := s.event(id), s.accepted(id)
	switch {
	case e.State == store.StateAcknowledged && taken == 0:
		s.Errorf("%s is acknowledged and was never taken", id)
	case taken > 0 && (e.State == store.StateRejected || e.State == store.StatePending || e.State == store.StateExpired && !e.PossiblySent):
		s.Errorf("%s was taken and is %s", id, e.State)
	case e.State == store.StateRejected && !s.bad[id]:
		s.Errorf("%s is good and was rejected", id)
	case s.bad[id] && e.State == store.StateAcknowledged:
		s.Errorf("%s is bad and was acknowledged", id)
	}
	if taken < 2 {
		return
	}
	page, err := s.db.Batches(s.Context(), store.Filter{Seq: e.Seq, Limit: 1000})
	if err != nil {
		s.Fatal(err)
	}
	unknown := slices.ContainsFunc(page.Items, func(b store.Batch) bool {
		return slices.ContainsFunc(b.Attempts, func(a store.Attempt) bool {
			return a.End == capi.Unknown.String() || a.End == store.EndLost
		})
	})
	if !unknown {
		s.Errorf("%s was taken %d times, and its fate was never unknown", id, taken)
	}
}
