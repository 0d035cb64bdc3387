package importer

import (
	"context"
	"errors"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// TestInboxGather waits for what is still settling, and for nothing else.
func TestInboxGather(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		arrange func(t *testing.T, it *inboxTest)
		took    time.Duration
		want    []string
		fails   bool
	}{
		{"nothing", func(*testing.T, *inboxTest) {}, 5 * time.Second, nil, false},
		{"what lay there", func(t *testing.T, it *inboxTest) { it.drop(t, "old.csv", "a", long) }, 5 * time.Second, []string{"old.csv"}, false},
		{"what has just come", func(t *testing.T, it *inboxTest) {
			it.drop(t, "new.csv", "a", -time.Second)
			it.drop(t, "old.csv", "a", long)
		}, 10 * time.Second, []string{"old.csv", "new.csv"}, false},
		{"what nobody takes", func(t *testing.T, it *inboxTest) { it.drop(t, "deals.xls", "a", long) }, 5 * time.Second, nil, false},
		{"what cannot be imported", func(t *testing.T, it *inboxTest) {
			it.desk.trouble = func(name string) error {
				if name == "bad.csv" {
					return errors.New("the disk is full")
				}
				return nil
			}
			it.drop(t, "bad.csv", "a", long)
			it.drop(t, "new.csv", "a", -time.Second)
		}, 10 * time.Second, []string{"new.csv"}, true},
		{"what never stands still", func(t *testing.T, it *inboxTest) {
			path := it.drop(t, "growing.csv", "a", -time.Second)
			it.c.Now = func() time.Time { // a pass looks at the clock after it has looked at the folder
				f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
				if err == nil {
					_, _ = f.WriteString("a")
					_ = f.Close()
				}
				return time.Now()
			}
		}, 5 * time.Minute, nil, true},
		{"no folder", func(t *testing.T, it *inboxTest) {
			if err := os.RemoveAll(it.dir); err != nil {
				t.Fatal(err)
			}
		}, 10 * time.Second, nil, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			it := newInboxTest(t)
			it.c.Now = nil
			tc.arrange(t, it)
			synctest.Test(t, func(t *testing.T) {
				if it.c.Now == nil {
					it.c.Now = time.Now
				}
				running, end := context.WithCancel(t.Context())
				ended := make(chan error)
				go func() { ended <- it.Run(running) }()
				synctest.Wait() // a pass that began before does not count
				ctx, stop := context.WithTimeout(t.Context(), 5*time.Minute)
				defer stop()
				began := time.Now()
				err := it.Gather(ctx)
				if took := time.Since(began); took != tc.took || (err != nil) != tc.fails || !slices.Equal(it.desk.imported(), tc.want) {
					t.Errorf("after %s it had imported %q: %v; want %q after %s", took, it.desk.imported(), err, tc.want, tc.took)
				}
				end()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}
