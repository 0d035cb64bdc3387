package uploader

import (
	"time"

	"github.com/cenkalti/backoff/v5"
)

// What doubles with every failure in a row, with a jitter of half of it. The longest stays below the patience of a pass
// for what heals by itself within seconds; Meta's own word on throttling comes first.
const (
	firstRetry      = 2 * time.Second // of a probe or a connection
	longestRetry    = 15 * time.Second
	lastResend      = 10 * time.Minute // before the last attempt that may arrive: a trouble needs time to pass
	firstThrottle   = time.Minute
	longestThrottle = time.Hour
	policyPause     = 4 * time.Hour
	mappingPause    = 15 * time.Minute
)

// delay is the wait after the n-th failure in a row, n from 1.
func delay(n int, first, longest time.Duration) time.Duration {
	b := backoff.ExponentialBackOff{InitialInterval: first, RandomizationFactor: 0.5, Multiplier: 2, MaxInterval: longest}
	b.Reset()
	d := b.NextBackOff()
	for range min(n, 30) - 1 {
		d = b.NextBackOff()
	}
	return min(d, longest)
}
