package audit

import (
	"context"
	"sync"
	"time"

	"capibara/store"
)

// lately remembers what a status looked for in the ledger, so that those who look at it every few seconds have it looked for once,
// and not each of them again while nothing changed. The zero value is ready. It may be used from several goroutines.
type lately struct {
	expired, rejected remembered[findings]
	sums              remembered[[]store.Sum]
}

// rememberedAt is what an answer holds for: as long as the counters stay, within a minute of the clock.
type rememberedAt struct {
	events uint64 // in the state that was looked for
	due    uint64 // of them those that the answer is about, where the counters know
	minute int64
}

// muchLooked is how long looking takes in a ledger so large that an answer is kept although something changed since: for
// recountsApart times as long as it took.
const muchLooked = time.Second

// remembered is one answer.
type remembered[T any] struct {
	mu    sync.Mutex
	known bool
	of    rememberedAt
	value T
	found time.Time
	took  time.Duration
}

// get is the answer that is known, or else what look finds. Those who ask meanwhile wait for it.
func (m *remembered[T]) get(ctx context.Context, of rememberedAt, look func() (T, error)) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known && (m.of == of || m.took > muchLooked && time.Since(m.found) < recountsApart*m.took) {
		return m.value, nil
	}
	if err := ctx.Err(); err != nil { // who waited for so long may have gone
		return m.value, err
	}
	began := time.Now()
	value, err := look()
	if err != nil {
		return value, err
	}
	m.known, m.of, m.value, m.found, m.took = true, of, value, time.Now(), time.Since(began)
	return value, nil
}

// recall answers from what is remembered where there is somebody to remember it.
func recall[T any](ctx context.Context, r *Reader, which func(*lately) *remembered[T], events, due uint64, now time.Time, look func() (T, error)) (T, error) {
	if r.daybook == nil {
		return look()
	}
	return which(&r.daybook.lately).get(ctx, rememberedAt{events, due, now.Unix() / 60}, look)
}
