package capi

import (
	"fmt"
	"net/http"
)

// maxAnswer bounds how much of an answer is read; Meta's are a few hundred bytes.
const maxAnswer = 1 << 20

// reply is an answer as it came.
type reply struct {
	status  int
	header  http.Header
	body    []byte // at most maxAnswer + 1 bytes
	bodyErr error  // the answer broke off
	whole   bool   // the server may hold the whole request
}

// verdict is what a reply means.
type verdict struct {
	end   End
	class Class
	why   string // what was wrong with an answer that carries no Graph error
}

// judge decides a reply to a request of n events.
//
// A listed code is definite whatever the status. An answer that proves nothing leaves the fate unknown, unless the
// request did not leave whole: a proxy that answers 503 after the first kilobyte has not handed it on.
func judge(r reply, a answer, readable bool, n int) verdict {
	if readable && a.err != nil {
		if v, definite := refusal(classify(a.err)); definite {
			return v
		}
	}
	switch r.status {
	case http.StatusTooManyRequests:
		return verdict{Throttled, ClassThrottle, "too many requests"}
	case http.StatusRequestEntityTooLarge:
		return verdict{TooLarge, ClassInvalidRequest, "the request is too large"}
	}
	if readable && a.err != nil {
		return r.undecided(classify(a.err), "")
	}
	success := r.status >= 200 && r.status < 300
	if success && readable && a.hasReceived {
		switch {
		case !r.whole:
			return verdict{Unknown, ClassUnknown, fmt.Sprintf("events_received %d before the request was sent whole", a.received)}
		case a.received != n:
			return verdict{Unknown, ClassUnknown, fmt.Sprintf("events_received %d of %d", a.received, n)}
		}
		return verdict{end: Acknowledged}
	}
	class := ClassTransient
	if r.status < 500 && !success {
		class = ClassUnknown
	}
	return r.undecided(class, r.oddity(readable))
}

func refusal(class Class) (v verdict, definite bool) {
	switch class {
	case ClassThrottle:
		return verdict{end: Throttled, class: class}, true
	case ClassCredentials, ClassPermission, ClassConfiguration, ClassPolicy:
		return verdict{end: Stopped, class: class}, true
	case ClassInvalidEvent:
		return verdict{end: InvalidEvent, class: class}, true
	}
	return verdict{}, false
}

func (r reply) undecided(class Class, why string) verdict {
	if !r.whole {
		return verdict{NotSent, class, why}
	}
	return verdict{Unknown, class, why}
}

// oddity says in words why an answer without an error decides nothing.
func (r reply) oddity(readable bool) string {
	switch {
	case r.status >= 300 && r.status < 400:
		return "it redirects elsewhere, which is never followed"
	case r.bodyErr != nil:
		return "the answer broke off"
	case len(r.body) > maxAnswer:
		return fmt.Sprintf("the answer is larger than %d bytes", maxAnswer)
	case len(r.body) == 0:
		return "the answer is empty"
	case !readable:
		return "the answer is not the JSON of the Graph API; something in between may have answered"
	}
	return "the answer has neither an error nor events_received"
}
