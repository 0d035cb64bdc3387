package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kind is a way to be hostile.
type Kind string

// The faults. Where it says "either way", the seed decides whether the events were accepted before, and they are counted
// truthfully.
const (
	Fault500       Kind = "500"        // HTTP 500, with code 1 or with a page; either way
	Fault503       Kind = "503"        // HTTP 503, with code 2 or with a page; either way
	Fault429       Kind = "429"        // HTTP 429 with Retry-After and a page; not accepted
	FaultThrottle  Kind = "throttle"   // HTTP 400 with a rate limit's code and usage header; not accepted
	FaultCutBefore Kind = "cut_before" // the connection is cut once the body has arrived; not accepted
	FaultCutAfter  Kind = "cut_after"  // accepted, then the connection is cut instead of an answer
	FaultHTML      Kind = "html"       // a proxy's page with HTTP 200 or 502; either way
	FaultOKError   Kind = "ok_error"   // HTTP 200 with a transient error member; either way
	FaultShort     Kind = "short"      // accepted, but events_received is one too small
	FaultSlow      Kind = "slow"       // accepted, and answered after Config.SlowFor
	FaultRedirect  Kind = "redirect"   // HTTP 302; not accepted
	FaultEmpty     Kind = "empty"      // HTTP 200 without a body; either way
	FaultAuth      Kind = "auth"       // code 190; not accepted
	FaultPolicy    Kind = "policy"     // code 368; not accepted
)

var kinds = []Kind{Fault500, Fault503, Fault429, FaultThrottle, FaultCutBefore, FaultCutAfter, FaultHTML, FaultOKError,
	FaultShort, FaultSlow, FaultRedirect, FaultEmpty, FaultAuth, FaultPolicy}

// Kinds returns every kind of fault.
func Kinds() []Kind { return slices.Clone(kinds) }

// Fault is a kind and how often it happens.
type Fault struct {
	Kind Kind
	Rate float64 // the share of requests, above 0 and at most 1
}

// ParseFault reads KIND or KIND:rate, such as cut_after:0.1.
func ParseFault(text string) (Fault, error) {
	name, rate, rated := strings.Cut(text, ":")
	f := Fault{Kind: Kind(name), Rate: 1}
	if rated {
		var err error
		if f.Rate, err = strconv.ParseFloat(rate, 64); err != nil {
			return Fault{}, fmt.Errorf("the rate of the fault %q must be a number such as 0.1", text)
		}
	}
	if err := f.check(); err != nil {
		return Fault{}, err
	}
	return f, nil
}

func (f Fault) check() error {
	if !slices.Contains(kinds, f.Kind) {
		return fmt.Errorf("%q is not a fault; the faults are %s", string(f.Kind), kindList())
	}
	if !(f.Rate > 0 && f.Rate <= 1) {
		return fmt.Errorf("the rate of the fault %s must be above 0 and at most 1", f.Kind)
	}
	return nil
}

func kindList() string {
	names := make([]string, len(kinds))
	for i, k := range kinds {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}
