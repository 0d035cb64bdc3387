package uploader

import (
	"slices"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"
	"capibara/uploader/capi"
)

func TestFollow(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_800_000_000, 0)
	window := 36 * time.Hour
	whole := store.Batch{Number: 7, Events: 10}
	part := store.Batch{Number: 8, Parent: 7, Events: 10}
	lone := store.Batch{Number: 9, Events: 1}
	single := store.Batch{Number: 10, Parent: 7, Events: 1}
	maybe := func(b store.Batch, attempts int, ago time.Duration) store.Batch {
		b.FirstMaybeAt, b.MaybeAttempts = now.Add(-ago), attempts
		return b
	}
	for _, c := range []struct {
		name  string
		batch store.Batch
		end   capi.End
		know  knowledge
		want  store.Verdict
		maybe bool
		next  time.Duration // of VerdictUnknown
	}{
		{"acknowledged", whole, capi.Acknowledged, knowledge{}, store.VerdictAcknowledged, true, 0},
		{"acknowledged the third time", maybe(whole, 2, time.Hour), capi.Acknowledged, knowledge{}, store.VerdictAcknowledged, true, 0},
		{"not sent", whole, capi.NotSent, knowledge{}, store.VerdictReleased, false, 0},
		{"part not sent", part, capi.NotSent, knowledge{}, store.VerdictReady, false, 0},
		{"not sent, but maybe before", maybe(whole, 1, time.Hour), capi.NotSent, knowledge{}, store.VerdictUnknown, false, 0},
		{"part not sent, but maybe before", maybe(part, 1, time.Hour), capi.NotSent, knowledge{}, store.VerdictUnknown, false, 0},
		{"not sent, maybe before, window over", maybe(whole, 1, window), capi.NotSent, knowledge{}, store.VerdictHeld, false, 0},
		{"throttled", whole, capi.Throttled, knowledge{}, store.VerdictReleased, false, 0},
		{"throttled, but maybe before", maybe(whole, 2, time.Hour), capi.Throttled, knowledge{}, store.VerdictUnknown, false, 0},
		{"stopped", whole, capi.Stopped, knowledge{}, store.VerdictReleased, false, 0},
		{"part stopped", part, capi.Stopped, knowledge{}, store.VerdictReady, false, 0},
		{"unknown", whole, capi.Unknown, knowledge{}, store.VerdictUnknown, true, time.Minute},
		{"part unknown", part, capi.Unknown, knowledge{}, store.VerdictUnknown, true, time.Minute},
		{"unknown again", maybe(whole, 1, time.Hour), capi.Unknown, knowledge{}, store.VerdictUnknown, true, time.Minute},
		{"unknown a third time", maybe(whole, 2, time.Hour), capi.Unknown, knowledge{}, store.VerdictHeld, true, 0},
		{"unknown when the window is over", maybe(whole, 1, window), capi.Unknown, knowledge{}, store.VerdictHeld, true, 0},
		{"unknown shortly before the window is over", maybe(whole, 1, window-time.Second), capi.Unknown, knowledge{}, store.VerdictUnknown, true, time.Second},
		{"one of several invalid", whole, capi.InvalidEvent, knowledge{evidence: true}, store.VerdictSplit, false, 0},
		{"one of several invalid, maybe before", maybe(whole, 1, time.Hour), capi.InvalidEvent, knowledge{}, store.VerdictSplit, false, 0},
		{"invalid by a wrong clock", whole, capi.InvalidEvent, knowledge{clockWrong: true}, store.VerdictReleased, false, 0},
		{"alone invalid by a wrong clock", lone, capi.InvalidEvent, knowledge{clockWrong: true, evidence: true}, store.VerdictReleased, false, 0},
		{"alone invalid", lone, capi.InvalidEvent, knowledge{evidence: true}, store.VerdictRejected, false, 0},
		{"alone invalid without evidence", lone, capi.InvalidEvent, knowledge{}, store.VerdictReleased, false, 0},
		{"last of a bisection invalid", single, capi.InvalidEvent, knowledge{evidence: true}, store.VerdictRejected, false, 0},
		{"last of a bisection invalid without evidence", single, capi.InvalidEvent, knowledge{}, store.VerdictReady, false, 0},
		{"the same, maybe before", maybe(single, 1, time.Hour), capi.InvalidEvent, knowledge{}, store.VerdictUnknown, false, 0},
		{"rejected, maybe before", maybe(single, 2, time.Hour), capi.InvalidEvent, knowledge{evidence: true}, store.VerdictRejected, false, 0},
		{"too large", whole, capi.TooLarge, knowledge{}, store.VerdictSplit, false, 0},
		{"one event too large", lone, capi.TooLarge, knowledge{evidence: true}, store.VerdictRejected, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.know.now, c.know.window, c.know.retryIn = now, window, time.Minute
			got := follow(c.batch, capi.Outcome{End: c.end, Started: now.Add(-time.Second)}, c.know)
			if got.Verdict != c.want || got.MaybeSent != c.maybe || got.Batch != c.batch.Number {
				t.Errorf("got %+v, want verdict %d, maybe sent %t", got, c.want, c.maybe)
			}
			if c.want == store.VerdictUnknown && !got.NextTry.Equal(now.Add(c.next)) {
				t.Errorf("next try in %s, want %s", got.NextTry.Sub(now), c.next)
			}
			if c.want == store.VerdictRejected && got.Reason != event.ReasonRejectedByMeta {
				t.Errorf("reason %q", got.Reason)
			}
			if c.want == store.VerdictSplit && !slices.Equal(got.Children, []int{5, 5}) {
				t.Errorf("children %v", got.Children)
			}
		})
	}
}

func TestCut(t *testing.T) {
	t.Parallel()
	many := make([]int, maxHints+1)
	for i := range many {
		many[i] = i
	}
	for _, c := range []struct {
		name        string
		n           int
		hints       []int
		want, apart []int
	}{
		{"no hint", 1000, nil, []int{500, 500}, nil},
		{"odd", 7, nil, []int{3, 4}, nil},
		{"in the middle", 1000, []int{12}, []int{999, 1}, []int{12}},
		{"first", 1000, []int{0}, []int{999, 1}, []int{0}},
		{"last", 1000, []int{999}, []int{999, 1}, []int{999}},
		{"neighbours", 10, []int{3, 4}, []int{8, 1, 1}, []int{3, 4}},
		{"all", 3, []int{0, 1, 2}, []int{1, 2}, nil},
		{"two", 2, []int{1}, []int{1, 1}, nil},
		{"out of range", 10, []int{10}, []int{5, 5}, nil},
		{"negative", 10, []int{-1}, []int{5, 5}, nil},
		{"not ascending", 10, []int{5, 5}, []int{5, 5}, nil},
		{"too many", 1000, many, []int{500, 500}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, apart := cut(c.n, c.hints); !slices.Equal(got, c.want) || !slices.Equal(apart, c.apart) {
				t.Errorf("got %v and %v, want %v and %v", got, apart, c.want, c.apart)
			}
		})
	}
}

func TestDelayGrowsAndStaysBounded(t *testing.T) {
	t.Parallel()
	for n := 1; n < 100; n++ {
		d := delay(n, time.Second, time.Minute)
		whole := time.Second << min(n-1, 20)
		if d > time.Minute || d < min(whole, time.Minute)/2-1 || d > whole*3/2+1 {
			t.Errorf("failure %d: %s", n, d)
		}
	}
}
