package uploader

import "context"

// press asks, beside every look at the clock, whether a run should not wait for its time.
func (s *Schedule) press(ctx context.Context) {
	if s.c.Urgent == nil || ctx.Err() != nil {
		return
	}
	s.mu.Lock()
	idle := !s.running
	s.mu.Unlock()
	if !idle {
		return
	}
	at, err := s.c.Urgent(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.c.Log.Error().Str("schedule", s.c.Name).Err(err).Msg("cannot tell whether a run is urgent")
		}
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !at.IsZero() && (s.again.IsZero() || at.Before(s.again)) {
		s.again = at
	}
}

// Reconsider asks anew when another run makes sense, because something was done beside the schedule: an upload by hand may
// have found an outage that is over before the next run. It returns at once when a run is under way, which asks at its end.
func (s *Schedule) Reconsider(ctx context.Context) {
	s.mu.Lock()
	running := s.running
	s.mu.Unlock()
	if running {
		return
	}
	again := s.askAgain(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.again = earlier(s.again, again)
}
