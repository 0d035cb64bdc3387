package main

import (
	"errors"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"capibara/importer"
)

// TestFirstConfigIsWhole holds the configuration that init writes to the keys that exist: each one is there, in force or
// behind a #, and the file loads as it is.
func TestFirstConfigIsWhole(t *testing.T) {
	t.Parallel()
	text := string(firstConfig())
	c, err := parseConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 2 || len(c.Datasets) != 1 {
		t.Errorf("it has %d sources and %d datasets", len(c.Sources), len(c.Datasets))
	}
	for _, key := range keysOf(reflect.TypeFor[config]()) {
		if !strings.Contains(text, "\n"+key+":") && !strings.Contains(text, "\n# "+key+":") {
			t.Errorf("it does not mention %s", key)
		}
	}
	for _, section := range []reflect.Type{reflect.TypeFor[graphConfig](), reflect.TypeFor[datasetConfig](), reflect.TypeFor[uploadConfig](),
		reflect.TypeFor[scheduleConfig](), reflect.TypeFor[windowConfig](), reflect.TypeFor[inboxConfig](), reflect.TypeFor[foldersConfig](),
		reflect.TypeFor[retentionConfig](), reflect.TypeFor[webConfig]()} {
		for _, key := range keysOf(section) {
			if !strings.Contains(text, " "+key+":") {
				t.Errorf("it does not mention %s of %s", key, section.Name())
			}
		}
	}
}

// TestFirstConfigTellsDefaults takes the # away from every key that is not in force: nothing may change by that.
func TestFirstConfigTellsDefaults(t *testing.T) {
	t.Parallel()
	before, after, _ := strings.Cut(string(firstConfig()), "# Where requests go.")
	_, after, _ = strings.Cut(after, "\n")
	var lines []string
	for _, line := range strings.Split(after, "\n") {
		line = strings.TrimPrefix(line, "# ")
		if strings.HasPrefix(line, "Where everything is") {
			line = ""
		}
		lines = append(lines, line)
	}
	plain, err := parseConfig([]byte(before))
	if err != nil {
		t.Fatal(err)
	}
	whole, err := parseConfig([]byte(before + "\n" + strings.Join(lines, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(plain, whole) {
		t.Errorf("what it tells as defaults are others:\n%+v\n%+v", plain, whole)
	}
}

func TestResolve(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, text, home    string
		wantHome, wantInbox string
		wantToken           string
	}{
		{"from the file's folder", "datasets: {main: {access_token_file: t}}", "", "/etc/cb", "/etc/cb/inbox", "/etc/cb/t"},
		{"home of the file", "home: ../../srv\nfolders: {inbox: drop}\ndatasets: {main: {access_token_file: t}}", "", "/srv", "/srv/drop", "/etc/cb/t"},
		{"home of a flag comes first", "home: ../srv\ndatasets: {main: {access_token_file: t}}", "/flag", "/flag", "/flag/inbox", "/etc/cb/t"},
		{"absolute paths stay", "folders: {inbox: /drop}\ndatasets: {main: {access_token_file: /t}}", "", "/etc/cb", "/drop", "/t"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := parseConfig([]byte(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			c.resolve(filepath.FromSlash("/etc/cb"), tc.home)
			if c.Home != tc.wantHome || c.Folders.Inbox != tc.wantInbox || c.Datasets["main"].AccessTokenFile != tc.wantToken {
				t.Errorf("got home %s, inbox %s, token %s", c.Home, c.Folders.Inbox, c.Datasets["main"].AccessTokenFile)
			}
		})
	}
}

// FuzzParseConfig holds the reader of configurations to: no crash, and what was read can be checked.
func FuzzParseConfig(f *testing.F) {
	for _, text := range []string{initialConfig, crashConfig, "", "a: b", "datasets: {main: {id: 0123, lve: true}}", "sources: [{name: x, columns: &a {email: [b, c]}}]",
		"upload: [1]", "sources:\n  - *a", "window: {default: 7d, margin: -1m}", "schedule: {upload: {a: b}}", "\xff\xfe", "? [a]\n: b", "a: &a [*a]",
		"sources:\n  - files: !000\n0000"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseConfig(text)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("an error without a text")
			}
			return
		}
		c.resolve("/etc", "")
		if c.check() == nil {
			_, _ = c.compile()
		}
	})
}

func TestRelative(t *testing.T) {
	t.Parallel()
	home := filepath.FromSlash("/srv/home")
	c := &config{Home: home}
	for path, want := range map[string]string{
		"inbox/a.csv": "inbox/a.csv", "..a.csv": "..a.csv", "../a.csv": "/srv/a.csv", "../..": "/", ".": ".",
	} {
		if got := c.relative(filepath.Join(home, filepath.FromSlash(path))); got != filepath.FromSlash(want) {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

func TestVersionEnds(t *testing.T) {
	t.Parallel()
	day := func(s string) time.Time {
		at, err := time.Parse("2006-01-02", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tc := range []struct {
		version, now, says string
		ended              bool
	}{
		{"v21.0", "2026-10-01", "", false}, {"v21.0", "2026-10-22", "", false}, {"v21.0", "2026-10-23", "Meta ends Graph v21.0 on 21 January 2027, in 90 days; ", false},
		{"v21.0", "2027-01-20", "in 1 day; ", false}, {"v21.0", "2027-01-21", "Graph v21.0 ended on 21 January 2027", true},
		{"v21.0", "2027-03-01", "Graph v21.0 ended on 21 January 2027", true}, {"v20.0", "2026-11-23", "Graph v20.0 has ended", true},
		{"v26.0", "2026-11-23", "", false}, {"v27.0", "2030-01-01", "", false},
	} {
		c := defaults()
		c.Graph.Version = tc.version
		got := c.versionEnds(day(tc.now))
		if (got != "") != (tc.says != "") || !strings.Contains(got, tc.says) || got != "" && !strings.Contains(got, "write v26.0 there") {
			t.Errorf("%s on %s: %q", tc.version, tc.now, got)
		}
		if ended := c.versionEnded(day(tc.now)); ended != tc.ended {
			t.Errorf("%s on %s has ended: %v", tc.version, tc.now, ended)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	known := []string{"time_zone", "home", "inbox", "record_key"}
	for word, want := range map[string]string{"timezone": "time_zone", "hom": "home", "in_box": "inbox", "recordkeys": "record_key", "preset": "", "x": ""} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %s is %q, want %q", word, got, want)
		}
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	order := []int{exitOK, exitRejected, exitFailed, exitCredentials, exitLocked, exitUsage}
	for i, a := range order {
		for j, b := range order {
			if got, want := worse(a, b), order[max(i, j)]; got != want {
				t.Errorf("of %d and %d the exit code is %d, want %d", a, b, got, want)
			}
		}
	}
	refused := importOutcome(nil, []error{&importer.RefusedError{Name: "x", Reason: "It is empty.", Hint: "Export it again."}}, 1)
	if exitCode(refused) != exitFailed || hintOf(refused) != "Export it again." {
		t.Errorf("a refused file gives %d and %q", exitCode(refused), hintOf(refused))
	}
	mixed := importOutcome([]fileReport{{}}, []error{errors.New("x"), misused("", "y")}, 3)
	if exitCode(mixed) != exitUsage {
		t.Errorf("the worst of a failure and a misuse is %d", exitCode(mixed))
	}
}

func TestMachineZone(t *testing.T) {
	if _, err := time.LoadLocation(machineZone()); err != nil {
		t.Error(err)
	}
	t.Setenv("TZ", ":America/New_York")
	if got := machineZone(); got != "America/New_York" {
		t.Errorf("got %s", got)
	}
}
