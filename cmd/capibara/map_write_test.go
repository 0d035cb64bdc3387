package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"capibara/importer"
)

// TestWithSource puts a source into configurations that people write in all sorts of ways, and holds every byte that was
// there to its place.
func TestWithSource(t *testing.T) {
	t.Parallel()
	s := importer.Source{Name: "new", Files: importer.Names{"*new*.csv"}, Dataset: importer.DatasetChoice{Alias: "main"}, Preset: "salesforce"}
	const entry = "- name: new\n  files:\n    - \"*new*.csv\"\n  preset: salesforce\n  dataset: main\n"
	for _, tc := range []struct {
		name, before, after string // | is where the entry goes
		indent              int
		first               bool
	}{
		{"at the end", "time_zone: UTC\nsources:\n  - name: a\n    files: [x]\n", "|", 2, false},
		{"at the end, with a comment below", "sources:\n  - name: a\n    files: [x] # why\n\n# Where requests go.\n# graph:\n", "sources:\n  - name: a\n    files: [x] # why\n\n|\n# Where requests go.\n# graph:\n", 2, false},
		{"between other keys", "sources:\n  - name: a\n    # inner\n    files: [x]\nupload: {in_flight: 2}\n", "sources:\n  - name: a\n    # inner\n    files: [x]\n\n|\nupload: {in_flight: 2}\n", 2, false},
		{"a list without indentation", "sources:\n- name: a\n  files: [x]\nupload: {in_flight: 2}\n", "sources:\n- name: a\n  files: [x]\n\n|\nupload: {in_flight: 2}\n", 0, false},
		{"a list far to the right", "sources:\n      - name: a\n", "sources:\n      - name: a\n\n|", 6, false},
		{"a comment at the margin between entries", "sources:\n  - name: a\n# b is next\n  - name: b\n", "sources:\n  - name: a\n# b is next\n  - name: b\n\n|", 2, false},
		{"before the others", "sources:\n  # the deals\n  - name: a\n", "sources:\n|\n  # the deals\n  - name: a\n", 2, true},
		{"no sources", "time_zone: UTC", "time_zone: UTC\n\nsources:\n|", 2, false},
		{"an empty file", "# only a comment\n", "# only a comment\n\nsources:\n|", 2, false},
		{"an empty list", "sources: []\nupload: {in_flight: 2}\n", "sources:\n|\nupload: {in_flight: 2}\n", 2, false},
		{"a key without a value", "sources:\nupload: {in_flight: 2}\n", "sources:\n|\nupload: {in_flight: 2}\n", 2, false},
		{"entries in braces", "sources:\n  - {name: a, files: [x]}\n", "sources:\n  - {name: a, files: [x]}\n\n|", 2, false},
		{"no end of line at the end", "sources:\n  - name: a", "sources:\n  - name: a\n\n|", 2, false},
		{"Windows ends of lines", "time_zone: UTC\r\nsources:\r\n  - name: a\r\n", "time_zone: UTC\r\nsources:\r\n  - name: a\r\n\r\n|", 2, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			want := tc.after
			if want == "|" {
				want = tc.before + "\n|"
			}
			want = strings.ReplaceAll(want, "|", indented(entry, tc.indent))
			if strings.Contains(tc.before, "\r\n") {
				want = strings.ReplaceAll(strings.ReplaceAll(want, "\r\n", "\n"), "\n", "\r\n")
			}
			got, err := withSource([]byte(tc.before), &s, tc.first)
			if err != nil {
				t.Fatal(err)
			}
			if string(got) != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if rest := strings.ReplaceAll(string(got), indented(entry, tc.indent), ""); !strings.Contains(tc.before, "[]") && !strings.Contains(tc.before, "\r") {
				for line := range strings.Lines(tc.before) {
					if !strings.Contains(rest, strings.TrimSpace(line)) {
						t.Errorf("the line %q is gone", line)
					}
				}
			}
		})
	}
	for name, text := range map[string]string{
		"a list in brackets": "sources: [{name: a}]\n",
		"all in braces":      "{time_zone: UTC, sources: []}\n",
		"no list":            "sources: {a: b}\n",
	} {
		if got, err := withSource([]byte(text), &s, false); err == nil {
			t.Errorf("%s was changed to:\n%s", name, got)
		}
	}
	if got, err := withSource([]byte(initialConfig), &s, false); err != nil || !strings.HasPrefix(string(got), initialConfig[:strings.Index(initialConfig, "# Where requests go")]) {
		t.Errorf("the first configuration: %v\n%s", err, got)
	}
}

// TestReplaceConfig keeps the old file, its mode, and a link that leads to it.
func TestReplaceConfig(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.yaml"), filepath.Join(dir, configName)
	if err := os.WriteFile(real, []byte("old"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Skip("no links here")
	}
	if err := replaceConfig(link, []byte("old"), []byte("new")); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link was replaced: %v %v", info, err)
	}
	for path, want := range map[string]string{real: "new", real + ".bak": "old"} {
		got, err := os.ReadFile(path)
		info, serr := os.Stat(path)
		if err != nil || serr != nil || string(got) != want || info.Mode().Perm() != 0o640 {
			t.Errorf("%s holds %q with mode %v: %v %v", path, got, info.Mode(), err, serr)
		}
	}
	if err := replaceConfig(link, []byte("old"), []byte("newer")); err == nil || !strings.Contains(err.Error(), "meanwhile") {
		t.Errorf("a file that somebody changed meanwhile: %v", err)
	}
	if err := os.Chmod(real, 0o440); err != nil {
		t.Fatal(err)
	}
	if err := replaceConfig(link, []byte("new"), []byte("newer")); err == nil {
		t.Error("a file that may not be written was written")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("%d entries were left: %v", len(entries), err)
	}
}
