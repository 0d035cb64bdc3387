package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReadmeConfiguration loads the configuration that the README shows: what people copy must work.
func TestReadmeConfiguration(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(readme), "```yaml\n")
	block, _, closed := strings.Cut(block, "```")
	if !found || !closed {
		t.Fatal("the README shows no configuration")
	}
	path := filepath.Join(t.TempDir(), configName)
	if err := os.WriteFile(path, []byte(block), 0o600); err != nil {
		t.Fatal(err)
	}
	a := &app{stdout: t.Output(), stderr: t.Output(), now: time.Now, configFlag: path}
	c, err := a.load()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.compile(); err != nil {
		t.Error(err)
	}
	if err := c.checkSchedule(a.now); err != nil {
		t.Error(err)
	}
}

// TestReadmeCommands finds every command that the README tells people to run.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	root := newRootCommand(&app{stdout: t.Output(), stderr: t.Output(), now: time.Now})
	told := 0
	for line := range strings.Lines(string(readme)) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "./capibara ")
		if !ok {
			continue
		}
		command, _, _ = strings.Cut(command, "#")
		words := strings.Fields(command)
		found, rest, err := root.Find(words)
		if err != nil || found == root {
			t.Errorf("the README tells people to run %q: %v", command, err)
			continue
		}
		for _, word := range rest {
			if name, ok := strings.CutPrefix(word, "--"); ok && found.Flag(name) == nil {
				t.Errorf("the README tells people to run %q, which has no flag --%s", command, name)
			}
		}
		told++
	}
	if told == 0 {
		t.Error("the README tells people to run nothing")
	}
}
