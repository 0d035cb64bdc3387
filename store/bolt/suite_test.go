package bolt_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"capibara/store"
	"capibara/store/bolt"
	"capibara/store/storetest"
)

func TestSuite(t *testing.T) {
	storetest.Run(t, func(t testing.TB) storetest.Harness {
		path := filepath.Join(t.TempDir(), "capibara.db")
		db, err := bolt.Create(path, bolt.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return storetest.Harness{Outbox: faulty(db), Reopen: func() (store.Outbox, error) {
			db, err := bolt.Open(path, bolt.Options{})
			if err != nil {
				return nil, err
			}
			return faulty(db), nil
		}}
	})
}

// faultKey names the fault that the tests of a child process are to find.
const faultKey = "CAPIBARA_TEST_FAULT"

// faulty gives the database the fault that a control asks for; none when nothing does.
func faulty(db *bolt.DB) store.Outbox {
	if fault := os.Getenv(faultKey); fault != "" {
		return bolt.OpenFaulty(db, fault)
	}
	return db
}

// TestTheTestsFindFaults runs tests against a database with a fault, and expects them to fail: tests that do not would
// prove nothing.
func TestTheTestsFindFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fault, test string
		says        []string // one of these
		traced      bool     // the test needs strace
	}{
		{bolt.BlindSettle, "^TestSuite$/^uploading$", []string{"ErrStale"}, false},
		{bolt.BlindSettle, "^TestSuite$/^model$", []string{"valid false"}, false},
		{bolt.ApartImport, "^TestPowerLoss$", []string{"do not add up"}, true},
		{bolt.NoSync, "^TestPowerLoss$", []string{"is lost", "damaged record"}, true},
	} {
		t.Run(c.fault+" "+c.test, func(t *testing.T) {
			t.Parallel()
			if c.traced {
				needStrace(t)
			}
			cmd := exec.Command(os.Args[0], "-test.run", c.test, "-rapid.nofailfile", "-rapid.shrinktime", "0s")
			cmd.Env = append(os.Environ(), faultKey+"="+c.fault)
			out, err := cmd.CombinedOutput()
			said := slices.ContainsFunc(c.says, func(text string) bool { return strings.Contains(string(out), text) })
			if err == nil || !strings.Contains(string(out), "--- FAIL") || !said {
				t.Errorf("the tests did not find the fault: %v\n%.5000s", err, out)
			}
		})
	}
}
