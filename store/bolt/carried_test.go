package bolt_test

import (
	"slices"
	"testing"

	"capibara/store"
	"capibara/store/bolt"

	"pgregory.net/rapid"
)

// TestCarriedIsToldFromTheBytes compares it with the decoded batch.
func TestCarriedIsToldFromTheBytes(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		row := rapid.Uint64Range(1, rapid.SampledFrom([]uint64{30, 3000, 1 << 40}).Draw(r, "rows"))
		seqs := rapid.SliceOfN(row, 0, 40).Draw(r, "seqs")
		dropped := rapid.SliceOfN(row, 0, 9).Draw(r, "dropped")
		seq := row.Draw(r, "seq")
		if all := slices.Concat(seqs, dropped); len(all) > 0 && rapid.Bool().Draw(r, "one of them") {
			seq = rapid.SampledFrom(all).Draw(r, "which")
		}
		for _, state := range store.BatchStates() {
			// A row of an acknowledged batch that did not leave it is in no other one.
			want := slices.Contains(dropped, seq) || state != store.BatchAcknowledged && slices.Contains(seqs, seq)
			if got := bolt.CarriedBefore(state, seqs, dropped, seq); got != want {
				r.Fatalf("%s: %t, want %t", state, got, want)
			}
		}
	})
}
