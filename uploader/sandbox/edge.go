package sandbox

import (
	"net/http"
	"strconv"
	"strings"
)

// respond answers any request.
func (s *Sandbox) respond(c call) reply {
	var out reply
	if strings.HasPrefix(c.url.Path, controlPrefix) {
		out = s.control(c)
	} else {
		out = s.edge(c)
	}
	if out.status != 0 {
		out.header.Set("Date", s.config.Now().UTC().Format(http.TimeFormat))
		out.header.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	return out
}

// edge answers a request to the events edge, and counts it before.
func (s *Sandbox) edge(c call) reply {
	t := s.nextTurn()
	now := s.config.Now()
	r, refused := s.read(c, now)
	accepted := false
	if refused == nil && takes(t) {
		if !s.accept(r) {
			refused = &refusal{status: http.StatusServiceUnavailable, code: 2, message: "The sandbox could not write down what it took", transient: true, index: -1}
		} else {
			accepted = true
		}
	}
	out := s.answer(t, c, r, refused)
	if out.status != 0 && s.config.VersionWarning != "" {
		out.header.Set("X-Ad-Api-Version-Warning", s.config.VersionWarning)
	}
	if out.status != 0 {
		s.tellUsage(out.header, r.dataset)
	}
	out.wait += s.config.Delay
	s.record(t, c, r, refused, accepted, out.status)
	return out
}

// takes decides whether a valid request is taken.
func takes(t turn) bool {
	switch t.fault {
	case Fault429, FaultThrottle, FaultCutBefore, FaultRedirect, FaultAuth, FaultPolicy:
		return false
	case Fault500, Fault503, FaultHTML, FaultOKError, FaultEmpty:
		return t.chance.IntN(2) == 0
	}
	return true
}

func (s *Sandbox) accept(r reading) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.config.Now()
	if err := s.ledger.note(now, r.dataset, r.testCode, r.events); err != nil {
		return false
	}
	s.ledger.accept(now, r.dataset, r.testCode, r.events)
	return true
}

// answer says what the client hears. A fault that answers comes before any check, as what stands before Meta does; one
// that changes the answer to a request that was taken leaves a refusal as it is.
func (s *Sandbox) answer(t turn, c call, r reading, refused *refusal) reply {
	if out, struck := hostile(t, r); struck {
		return out
	}
	if c.tooBig {
		return page(http.StatusRequestEntityTooLarge, "413 Request Entity Too Large")
	}
	if refused != nil {
		out := refused.reply(t.chance, s.config.Blame)
		if t.fault == FaultSlow {
			out.wait = s.config.SlowFor
		}
		return out
	}
	switch t.fault {
	case FaultShort:
		return acknowledgement(t.chance, len(r.events)-1)
	case FaultSlow:
		out := acknowledgement(t.chance, len(r.events))
		out.wait = s.config.SlowFor
		return out
	}
	return acknowledgement(t.chance, len(r.events))
}

// hostile makes the answer of a fault that has one of its own.
func hostile(t turn, r reading) (reply, bool) {
	transient := func(status, code int) reply {
		return (&refusal{status: status, code: code, message: "An unexpected error has occurred. Please retry your request later.",
			transient: true, index: -1}).reply(t.chance, BlameNone)
	}
	switch t.fault {
	case Fault500:
		if t.chance.IntN(2) == 0 {
			return transient(http.StatusInternalServerError, 1), true
		}
		return page(http.StatusInternalServerError, "500 Internal Server Error"), true
	case Fault503:
		if t.chance.IntN(2) == 0 {
			return transient(http.StatusServiceUnavailable, 2), true
		}
		return page(http.StatusServiceUnavailable, "503 Service Unavailable"), true
	case Fault429:
		out := page(http.StatusTooManyRequests, "429 Too Many Requests")
		out.header.Set("Retry-After", "1")
		return out, true
	case FaultThrottle:
		return throttled(t.chance, r.dataset).reply(t.chance, BlameNone), true
	case FaultCutBefore, FaultCutAfter:
		return reply{abrupt: t.chance.IntN(2) == 0}, true
	case FaultHTML:
		if t.chance.IntN(2) == 0 {
			return page(http.StatusOK, "Welcome"), true
		}
		return page(http.StatusBadGateway, "502 Bad Gateway"), true
	case FaultOKError:
		return transient(http.StatusOK, 2), true
	case FaultRedirect:
		out := page(http.StatusFound, "302 Found")
		out.header.Set("Location", "https://www.facebook.com/unsupportedbrowser")
		return out, true
	case FaultEmpty:
		return reply{status: http.StatusOK, header: http.Header{"Content-Type": {jsonType}}}, true
	case FaultAuth:
		return invalidToken().reply(t.chance, BlameNone), true
	case FaultPolicy:
		return (&refusal{code: 368, message: "The action attempted has been deemed abusive or is otherwise disallowed", index: -1}).reply(t.chance, BlameNone), true
	}
	return reply{}, false
}

// record counts the request and keeps it among the last ones.
func (s *Sandbox) record(t turn, c call, r reading, refused *refusal, accepted bool, status int) {
	ids := make([]string, len(r.events))
	for i, e := range r.events {
		ids[i] = e.id
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := &s.ledger.stats
	switch {
	case r.probe:
		stats.Probes++
	default:
		stats.Requests++
		if refused != nil && status == http.StatusBadRequest && t.fault != FaultThrottle && t.fault != FaultAuth && t.fault != FaultPolicy {
			stats.RejectedBatches++
			stats.Rejected += r.count
		}
	}
	if t.fault != "" {
		stats.Faults[t.fault]++
	}
	s.ledger.recent.add(Request{At: s.config.Now(), Dataset: r.dataset, EventIDs: ids, Events: r.count, Accepted: accepted, Probe: r.probe,
		Fault: t.fault, Status: status, DataHash: r.dataHash, TestEventCode: r.testCode, Bytes: len(c.body)})
}
