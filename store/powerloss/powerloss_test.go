package powerloss

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// written is a text as strace -xx writes it.
func written(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\x%02x`, s[i])
	}
	return `"` + b.String() + `"`
}

// record makes a recording of a folder with one file, and a trace in which </name> stands for a path in it.
func record(t *testing.T, trace ...string) *Recording {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old"), []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := New(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "trace")
	text := strings.Join(trace, "\n") + "\n"
	for _, name := range []string{"", "/old", "/new"} {
		text = strings.ReplaceAll(text, "<"+name+">", written(filepath.Join(dir, name)))
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := r.Read(path, dir); err != nil {
		t.Fatal(err)
	}
	return r
}

// possible are all images that chance makes after so many steps: each as its files in order.
func possible(r *Recording, steps int) []string {
	all := map[string]bool{}
	for seed := range uint64(300) {
		r.Images([]int{steps}, rand.New(rand.NewPCG(seed, 0)), func(_ int, i Image) {
			var text []string
			for _, name := range slices.Sorted(maps.Keys(i.Files)) {
				text = append(text, fmt.Sprintf("%s=%q", name, i.Files[name]))
			}
			all[strings.Join(text, " ")] = true
		})
	}
	return slices.Sorted(maps.Keys(all))
}

func TestImages(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", sector) + strings.Repeat("y", sector)
	for _, c := range []struct {
		name  string
		trace []string
		want  []string // the images after the last step
	}{
		{"a write that is synced", []string{
			`7 openat(AT_FDCWD, </old>, O_RDWR|O_CLOEXEC) = 3`, `7 pwrite64(3, ` + written("ab") + `, 2, 4) = 2`, `7 fdatasync(3)      = 0`},
			[]string{`old="0123ab6789"`}},
		{"a write that is not synced", []string{
			`7 openat(AT_FDCWD, </old>, O_RDWR|O_CLOEXEC) = 3`, `7 pwrite64(3, ` + written("ab") + `, 2, 4) = 2`},
			[]string{`old="0123456789"`, `old="0123ab6789"`}},
		{"a write that is torn", []string{
			`7 openat(AT_FDCWD, </old>, O_RDWR|O_CLOEXEC) = 3`, `7 ftruncate(3, 0) = 0`, `7 fsync(3) = 0`, `7 write(3, ` + written(long) + `, 1024) = 1024`},
			[]string{`old=""`, fmt.Sprintf("old=%q", strings.Repeat("\x00", sector)+long[sector:]), fmt.Sprintf("old=%q", long[:sector]), fmt.Sprintf("old=%q", long)}},
		{"a name that is not synced", []string{
			`7 openat(AT_FDCWD, </new>, O_RDWR|O_CREAT|O_CLOEXEC, 0600) = 3`, `7 write(3, ` + written("n") + `, 1) = 1`, `7 fsync(3) = 0`},
			[]string{`new="n" old="0123456789"`, `old="0123456789"`}},
		{"names keep their order", []string{
			`7 linkat(AT_FDCWD, </old>, AT_FDCWD, </new>, 0) = 0`, `7 unlinkat(AT_FDCWD, </old>, 0) = 0`},
			[]string{`new="0123456789"`, `new="0123456789" old="0123456789"`, `old="0123456789"`}},
		{"a folder that is synced", []string{
			`7 renameat(AT_FDCWD, </old>, AT_FDCWD, </new>) = 0`, `7 openat(AT_FDCWD, <>, O_RDONLY|O_CLOEXEC) = 3`, `7 fsync(3) = 0`},
			[]string{`new="0123456789"`}},
		{"two threads", []string{
			`7 openat(AT_FDCWD, </old>, O_RDWR|O_CLOEXEC) = 3`, `7 pwrite64(3, ` + written("ab") + `, 2, 4 <unfinished ...>`, `8 fdatasync(3) = 0`,
			`7 <... pwrite64 resumed>) = 2`, `8 close(3) = 0`},
			[]string{`old="0123456789"`, `old="0123ab6789"`}},
		{"what failed changed nothing", []string{
			`7 openat(AT_FDCWD, </old>, O_RDWR|O_CLOEXEC) = 3`, `7 pwrite64(3, ` + written("ab") + `, 2, 4) = -1 ENOSPC (No space left on device)`, `7 fsync(3) = 0`},
			[]string{`old="0123456789"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := record(t, c.trace...)
			if got := possible(r, len(r.Steps)); !slices.Equal(got, c.want) {
				t.Errorf("the disk may hold\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// TestRefusesWhatItDoesNotUnderstand expects an error for a call that would make every image wrong.
func TestRefusesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "old"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	old := written(filepath.Join(dir, "old"))
	open := `7 openat(AT_FDCWD, ` + old + `, O_RDWR) = 3` + "\n"
	for name, line := range map[string]string{
		"a copy in the kernel": open + `7 copy_file_range(9, NULL, 3, NULL, 10, 0) = 10`,
		"an allocation":        open + `7 fallocate(3, 0, 0, 4096) = 0`,
		"a second descriptor":  open + `7 dup(3) = 4`,
		"an older call":        `7 unlink(` + old + `) = 0`,
		"a text cut short":     open + `7 pwrite64(3, "\x61"..., 2, 4) = 2`,
	} {
		t.Run(name, func(t *testing.T) {
			r, err := New(dir)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "trace")
			if err := os.WriteFile(path, []byte(line+"\n"+`7 ftruncate(3, 0) = 0`+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := r.Read(path, dir); err == nil {
				t.Errorf("it was read as %+v", r.Steps)
			}
		})
	}
}
