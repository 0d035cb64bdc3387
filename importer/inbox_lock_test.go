//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package importer

import (
	"syscall"
	"testing"
)

// TestInboxLockEndsWithThePass has what a process that is being started inherits for a moment: the open lock.
func TestInboxLockEndsWithThePass(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := openClaims(dir, "")
	if err != nil {
		t.Fatal(err)
	}
	inherited, err := syscall.Dup(int(c.lock.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(inherited)
	if other, err := openClaims(dir, ""); err == nil {
		other.close()
		t.Error("two passes have the folder at once")
	}
	c.close()
	if c, err = openClaims(dir, ""); err != nil {
		t.Fatal(err)
	}
	c.close()
}
