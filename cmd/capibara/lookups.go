package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"

	"capibara/audit"
)

// lookUps remembers which look-ups of people this process kept in the audit log, so that those who turn the page make one entry and
// not one for every page. It holds nothing of what was looked for: only sums that cannot be turned back. The zero value is ready.
type lookUps struct {
	mu   sync.Mutex
	salt [32]byte
	kept map[[32]byte]bool
}

// maxLookUps bounds the memory. Behind it a page that is turned makes another entry, which is no harm.
const maxLookUps = 10_000

// sum tells one look-up from another.
func (s *lookUps) sum(caller string, q audit.Query) [32]byte {
	if s.kept == nil || len(s.kept) >= maxLookUps {
		s.kept = map[[32]byte]bool{}
		_, _ = rand.Read(s.salt[:]) // it never fails
	}
	h := sha256.New()
	h.Write(s.salt[:])
	for _, text := range []string{caller, q.Email, q.Phone, q.ExternalID} {
		fmt.Fprintf(h, "%d %s ", len(text), text)
	}
	return [32]byte(h.Sum(nil))
}

// goesOn reports whether a question is the next page of a look-up of the same caller that was kept. A cursor alone proves nothing:
// anybody may type one.
func (s *lookUps) goesOn(caller string, q audit.Query) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return q.Cursor != "" && s.kept[s.sum(caller, q)]
}

// keep remembers a look-up that was kept.
func (s *lookUps) keep(caller string, q audit.Query) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sum := s.sum(caller, q)
	s.kept[sum] = true
}

// lookedUpBy keeps that somebody looked for a person by a query, once for all its pages. It returns why that could not be kept.
func (l *local) lookedUpBy(ctx context.Context, q audit.Query) string {
	if !q.Personal() || l.lookUps.goesOn(looking(ctx), q) {
		return ""
	}
	why := l.lookedUp(ctx, q.PersonKinds())
	if why == "" {
		l.lookUps.keep(looking(ctx), q)
	}
	return why
}
