package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// guides are the pages that tell people what to run.
func guides(t *testing.T) map[string]string {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("docs has %d pages, %v", len(paths), err)
	}
	pages := map[string]string{}
	for _, path := range append(paths, filepath.Join("..", "..", "README.md")) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.Base(path)] = string(text)
	}
	return pages
}

// loads reads a configuration as the program does.
func loads(t *testing.T, text string) (*app, *config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), configName)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: t.Output(), stderr: t.Output(), now: time.Now, configFlag: path}
	c, err := a.load()
	if err != nil {
		return a, nil, err
	}
	_, err = c.compile()
	return a, c, err
}

// TestReadmeConfiguration loads the configuration that the README shows: what people copy must work.
func TestReadmeConfiguration(t *testing.T) {
	t.Parallel()
	_, block, found := strings.Cut(guides(t)["README.md"], "```yaml\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("the README shows no configuration")
	}
	a, c, err := loads(t, block)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.checkSchedule(a.now); err != nil {
		t.Error(err)
	}
}

// TestGuidesConfiguration loads what the other pages show: lines to add to a configuration, and keys of a source.
func TestGuidesConfiguration(t *testing.T) {
	t.Parallel()
	const base = "datasets: {main: {id: \"1234567890\"}}\n"
	const source = "sources:\n  - {name: deals, files: [\"*.csv\"], dataset: main, event_name: Lead, action_source: physical_store, %s}\n"
	if _, _, err := loads(t, base+fmt.Sprintf(source, "record_key: [ID], colour: red")); err == nil {
		t.Error("a key that does not exist is taken")
	}
	blocks, keys := regexp.MustCompile("(?s)```yaml\n(.*?)```"), regexp.MustCompile("`([a-z_]+: [^`]+)`")
	shown := 0
	for name, page := range guides(t) {
		if name == "README.md" {
			continue
		}
		for _, block := range blocks.FindAllStringSubmatch(page, -1) {
			if _, _, err := loads(t, base+block[1]); err != nil {
				t.Errorf("%s shows\n%s%v", name, block[1], err)
			}
			shown++
		}
		for _, key := range keys.FindAllStringSubmatch(page, -1) {
			text := key[1]
			if !strings.HasPrefix(text, "identity:") {
				text += ", record_key: [ID]"
			}
			if _, _, err := loads(t, base+fmt.Sprintf(source, text)); err != nil {
				t.Errorf("%s names the key %s of a source: %v", name, key[1], err)
			}
			shown++
		}
	}
	if shown == 0 {
		t.Error("the pages show no configuration")
	}
}

// TestGuidesCommands finds every command that the README and the pages of docs tell people to run, on a line of its own or in
// a sentence.
func TestGuidesCommands(t *testing.T) {
	t.Parallel()
	root := newRootCommand(&app{stdout: t.Output(), stderr: t.Output(), now: time.Now})
	commands := regexp.MustCompile("(?m)^ +\\./capibara ([^#\n]+)|`(?:\\./)?capibara ([^`]+)`")
	for name, page := range guides(t) {
		told := commands.FindAllStringSubmatch(page, -1)
		for _, match := range told {
			command := strings.TrimSpace(match[1] + match[2])
			found, rest, err := root.Find(strings.Fields(command))
			if err != nil || found == root {
				t.Errorf("%s tells people to run %q: %v", name, command, err)
				continue
			}
			for _, word := range rest {
				if flag, ok := strings.CutPrefix(word, "--"); ok && found.Flag(flag) == nil {
					t.Errorf("%s tells people to run %q, which has no flag --%s", name, command, flag)
				}
			}
		}
		if len(told) == 0 && (name == "README.md" || name == "for-sales-ops.md") {
			t.Errorf("%s tells people to run nothing", name)
		}
	}
}

// TestGuidesLinks follows every link of the pages to a file of the house: pictures and other pages.
func TestGuidesLinks(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)`)
	for name, page := range guides(t) {
		dir := filepath.Join("..", "..", "docs")
		if name == "README.md" {
			dir = filepath.Join("..", "..")
		}
		for _, link := range links.FindAllStringSubmatch(page, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(link[1]))); err != nil {
				t.Errorf("%s links to %s: %v", name, link[1], err)
			}
		}
	}
}
