package main

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestDaily(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		zone := time.FixedZone("CET", 3600)
		ctx, stop := context.WithCancel(t.Context())
		// The bubble begins on 1 January 2000 at midnight UTC.
		answers := []bool{true, false, false, true, true, true}
		var asked []string
		go daily(ctx, zone, time.Now, func(context.Context) bool {
			asked = append(asked, time.Now().In(zone).Format("2 15:04"))
			return answers[len(asked)-1]
		})
		time.Sleep(60 * time.Hour)
		stop()
		synctest.Wait()
		if want := []string{"1 01:01", "1 09:00", "1 10:00", "1 11:00", "2 09:00", "3 09:00"}; !slices.Equal(asked, want) {
			t.Errorf("asked at %q, want %q", asked, want)
		}
	})
}

func TestNextMorning(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Amsterdam")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-11-28T08:59:00+01:00": "2026-11-28T09:00:00+01:00",
		"2026-11-28T09:00:00+01:00": "2026-11-29T09:00:00+01:00",
		"2026-10-24T23:00:00+02:00": "2026-10-25T09:00:00+01:00", // the clocks go back in between
		"2026-12-31T22:30:00Z":      "2027-01-01T09:00:00+01:00",
	} {
		from, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := nextMorning(from, zone).Format(time.RFC3339); got != want {
			t.Errorf("after %s: %s, want %s", at, got, want)
		}
	}
}
