package uploader

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"capibara/event"
	"capibara/store"

	"github.com/google/go-cmp/cmp"
)

func TestDryRun(t *testing.T) {
	inBubble(t, func(h *house) {
		h.config.BatchEvents = 10
		h.config.Datasets = append(h.config.Datasets, Dataset{Alias: "other", ID: other, Token: tokens(secret)})
		now := time.Now()
		var rows []store.NewRow
		for i := range 25 {
			e := sale(fmt.Sprintf("s-%d", i), now.Add(-time.Hour))
			if i%5 == 0 {
				e.Custom.Value, _ = event.ParseMoney("0.01")
				e.Custom.Currency = "USD"
			}
			rows = append(rows, row(shop, e, now.Add(6*day)))
		}
		deal := sale("deal", now.Add(-2*time.Hour))
		deal.Name, deal.Custom.Value = "deal_closed", event.Money{}
		late := good("late", now)
		late.Deadline = now.Add(time.Minute).Unix()
		early := good("early", now)
		early.NotBefore = now.Add(time.Hour).Unix()
		wrong := good("wrong", now)
		wrong.Payload = []byte{99}
		h.put(append(rows, row(shop, deal, now.Add(5*day)), late, early, wrong)...)
		time.Sleep(2 * time.Minute)

		before := h.states()
		got, err := h.uploader().DryRun(h.Context())
		if err != nil {
			h.Fatal(err)
		}
		first := &got.Datasets[0]
		if first.Bytes < 26*200 || len(first.Samples) != 3 || !strings.Contains(string(first.Samples[0]), `"event_id":"deal"`) {
			h.Errorf("%d bytes, samples %s", first.Bytes, first.Samples)
		}
		for _, s := range first.Samples {
			if !json.Valid(s) {
				h.Errorf("a sample is no JSON: %s", s)
			}
		}
		first.Bytes, first.Samples = 0, nil
		want := DryRun{Datasets: []DryDataset{
			{Alias: "shop", ID: shop, Live: true, Events: 26, Batches: 3, Expiring: 1, Waiting: 1, Wrong: 1,
				Names: []DryName{{"Purchase", 25}, {"deal_closed", 1}},
				Sums:  []DrySum{{"Purchase", "EUR", 20, "399.80"}, {"Purchase", "USD", 5, "0.05"}}},
			{Alias: "other", ID: other, Names: []DryName{}, Sums: []DrySum{}},
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			h.Errorf("dry run (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(before, h.states()); diff != "" {
			h.Errorf("a dry run changed something:\n%s", diff)
		}
		if s := h.meta.Stats(); s.Requests+s.Probes != 0 {
			h.Errorf("a dry run sent something: %+v", s)
		}
		// What it says is what a pass does.
		if sent := h.upload(); sent.Batches != 3 || sent.Acknowledged != 26 || sent.Expired != 1 || sent.Rejected != 1 {
			h.Errorf("the pass: %+v", sent)
		}
	})
}
