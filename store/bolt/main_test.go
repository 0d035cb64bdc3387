package bolt_test

import (
	"fmt"
	"os"
	"testing"
)

// TestMain lets the test binary play another process: one that works until it is killed, one that holds a lock, one
// that reads a damaged database, which may be the end of it.
func TestMain(m *testing.M) {
	role, path := os.Getenv("CAPIBARA_TEST_ROLE"), os.Getenv("CAPIBARA_TEST_DATABASE")
	var err error
	switch role {
	case "":
		os.Exit(m.Run())
	case "work":
		err = workUntilKilled(path)
	case "hold":
		err = holdOpen(path)
	case "compact":
		err = compactMail(path)
	case "flip":
		err = flipBytes(path)
	case "prune":
		err = pruneUntilKilled(path)
	case "full":
		err = fillDisk(path)
	default:
		err = fmt.Errorf("there is no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
