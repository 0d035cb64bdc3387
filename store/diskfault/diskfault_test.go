package diskfault_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"capibara/store/diskfault"
)

func run(t *testing.T, dir, script string, f diskfault.Fault) diskfault.Run {
	t.Helper()
	if err := diskfault.Available(); err != nil {
		if os.Getenv("CAPIBARA_NEED_STRACE") != "" {
			t.Fatal(err)
		}
		t.Skipf("calls cannot be made to fail here: %v", err)
	}
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	wait, err := diskfault.Start(cmd, dir, f)
	if err != nil {
		t.Fatal(err)
	}
	r, err := wait()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSites sees what changes the folder, and nothing else.
func TestSites(t *testing.T) {
	t.Parallel()
	r := run(t, t.TempDir(), `echo one > day-20261128; echo two >> day-20261128; exec 3<day-20261128; echo nothing > /dev/null; exit 3`, diskfault.Fault{})
	want := []string{"openat day-* (1)", "write day-* (1)", "openat day-* (2)", "write day-* (2)"}
	var got []string
	for _, s := range r.Sites {
		got = append(got, s.String())
	}
	if !slices.Equal(got, want) || r.Hit || r.Code != 3 {
		t.Errorf("it saw %q, hit %t, code %d; want %q and 3", got, r.Hit, r.Code, want)
	}
}

// TestFault lets one call fail, or all from then on that need room.
func TestFault(t *testing.T) {
	t.Parallel()
	const script = `echo one > a; echo two > b; echo three > c; true`
	for _, tc := range []struct {
		name  string
		fault diskfault.Fault
		hit   bool
		left  []string
	}{
		{"none", diskfault.Fault{}, false, []string{"one\n", "two\n", "three\n"}},
		{"once", diskfault.Fault{Site: diskfault.Site{Call: "write", Path: "b", Nth: 1}, Errno: syscall.ENOSPC}, true, []string{"one\n", "", "three\n"}},
		{"from then on", diskfault.Fault{Site: diskfault.Site{Call: "openat", Path: "b", Nth: 1}, Errno: syscall.ENOSPC, Lasting: true}, true, []string{"one\n", "-", "-"}},
		{"never reached", diskfault.Fault{Site: diskfault.Site{Call: "write", Path: "b", Nth: 2}, Errno: syscall.EIO}, false, []string{"one\n", "two\n", "three\n"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := run(t, dir, script, tc.fault)
			var left []string
			for _, name := range []string{"a", "b", "c"} {
				text, err := os.ReadFile(filepath.Join(dir, name))
				if err != nil {
					text = []byte("-")
				}
				left = append(left, string(text))
			}
			if !slices.Equal(left, tc.left) || r.Hit != tc.hit || r.Code != 0 {
				t.Errorf("it left %q, hit %t, code %d; want %q, %t", left, r.Hit, r.Code, tc.left, tc.hit)
			}
		})
	}
}
