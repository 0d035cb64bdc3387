package uploader

import (
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

const (
	// maxMaybe is how many attempts of one batch may have arrived before a person is asked.
	maxMaybe = 3
	// maxSuspects is how many events of one bisection, none of whose sources has more than maxBad of them, are refused one by
	// one, with nothing acknowledged, before the cause is taken to be the account. It is well above the run of bad neighbours
	// that a file may have.
	maxSuspects = 32
	// maxHints is how many events of a batch Meta may point at before halves are the better way to search.
	maxHints = 16
	// maxHinted is how many splits of one bisection follow hints while nothing was acknowledged.
	maxHinted = 3
)

// knowledge is what an end is judged with besides the attempt itself.
type knowledge struct {
	now    time.Time
	window time.Duration // Config.ResendWindow
	// evidence says that refusing this one event is its own fault: something else of its bisection was acknowledged, or it
	// was alone from the start and a probe has passed.
	evidence bool
	// clockWrong says that this machine's clock is off, so that a refusal may be about time and is nobody's fault.
	clockWrong bool
	// blind says that Meta's hints have led to nothing but refusals so far: with many bad events side by side they point
	// at one after the other, and halves find a good one sooner.
	blind   bool
	retryIn time.Duration // before a batch of unknown fate is sent again
}

// follow says what follows from an attempt of b, which Begin or Retry returned.
func follow(b store.Batch, o capi.Outcome, k knowledge) store.Settlement {
	s := store.Settlement{Batch: b.Number, Attempt: attempt(o)}
	switch o.End {
	case capi.Acknowledged:
		s.Verdict, s.MaybeSent = store.VerdictAcknowledged, true
		return s
	case capi.Unknown:
		s.MaybeSent = true
		first := b.FirstMaybeAt
		if first.IsZero() {
			first = o.Started
		}
		return wait(s, b.MaybeAttempts+1, first, k)
	case capi.InvalidEvent, capi.TooLarge:
		switch {
		case k.clockWrong:
		case b.Events > 1:
			hints := o.Blame
			if k.blind {
				hints = nil
			}
			s.Verdict = store.VerdictSplit
			s.Children, s.Apart = cut(b.Events, hints)
			return s
		case k.evidence:
			s.Verdict, s.Reason = store.VerdictRejected, event.ReasonRejectedByMeta
			return s
		}
	case capi.NotSent, capi.Throttled, capi.Stopped:
	}
	return putBack(s, b, k)
}

// putBack is for an attempt that definitely did not arrive and says nothing about the events.
func putBack(s store.Settlement, b store.Batch, k knowledge) store.Settlement {
	switch {
	case !b.FirstMaybeAt.IsZero():
		k.retryIn = 0 // the circuit decides when
		return wait(s, b.MaybeAttempts, b.FirstMaybeAt, k)
	case b.Parent != 0:
		s.Verdict = store.VerdictReady
	default:
		s.Verdict = store.VerdictReleased
	}
	return s
}

// wait leaves the fate open while the batch may be sent again, else holds it.
func wait(s store.Settlement, maybe int, first time.Time, k knowledge) store.Settlement {
	over := first.Add(k.window)
	if maybe >= maxMaybe || !k.now.Before(over) {
		s.Verdict = store.VerdictHeld
		return s
	}
	s.Verdict, s.NextTry = store.VerdictUnknown, k.now.Add(k.retryIn)
	if s.NextTry.After(over) {
		s.NextTry = over
	}
	return s
}

// attempt is the outcome as the journal keeps it.
func attempt(o capi.Outcome) store.Attempt {
	a := store.Attempt{EndedAt: o.Ended, End: o.End.String(), HTTPStatus: o.HTTPStatus, EventsReceived: o.EventsReceived,
		FBTraceID: o.FBTraceID, Messages: o.Messages}
	if o.Err != nil {
		a.Code, a.Subcode, a.Error = o.Err.Code, o.Err.Subcode, o.Err.Error()
	}
	return a
}

// cut says how n events are divided. Every event that Meta points at is set apart, and the rest stays together: with a true
// hint two more requests are all that it takes. Without a usable hint there are two halves. Hints may be wrong: the parts are
// sent like any others, and what comes back decides.
func cut(n int, hints []int) (sizes, apart []int) {
	halves := []int{n / 2, n - n/2}
	if len(hints) == 0 || len(hints) > maxHints || len(hints) >= n || n == 2 {
		return halves, nil
	}
	sizes = []int{n - len(hints)}
	next := 0
	for _, h := range hints {
		if h < next || h >= n {
			return halves, nil
		}
		sizes, next = append(sizes, 1), h+1
	}
	return sizes, hints
}
