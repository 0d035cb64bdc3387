// Package capibara_test holds the rules of the whole house: which room may import which.
package capibara_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// rooms says, for every package, which of our own packages its production code may import. Data flows one way: cmd →
// audit, importer, uploader, store/bolt; these → store → event. A package that is not named here fails the test, so that
// a new room is a decision.
var rooms = map[string][]string{
	"event":              {},
	"importer/normalize": {},
	"importer/preset":    {},
	"importer/xlsx":      {},
	"importer/receipt":   {},
	"uploader/capi":      {},
	"uploader/sandbox":   {},
	"sample-data":        {},
	"store":              {"event"},
	"store/bolt":         {"store", "event"},
	"store/storetest":    {"store", "event"},
	"store/powerloss":    {},
	"store/diskfault":    {},
	"importer":           {"store", "event", "importer/normalize", "importer/preset", "importer/xlsx", "importer/receipt"},
	"uploader":           {"store", "event", "uploader/capi"},
	"audit":              {"store", "event", "importer/normalize", "uploader/capi"},
	"audit/web":          {"audit", "store", "event", "uploader/capi"},
	"cmd/capibara": {"audit", "audit/web", "importer", "uploader", "uploader/capi", "uploader/sandbox", "store", "store/bolt", "event",
		"sample-data", "importer/normalize", "importer/receipt"},
}

// keepers says which packages alone may import a library: the rest of the house must not come to depend on it.
var keepers = map[string]func(room, file string) bool{
	"go.etcd.io/bbolt":                func(room, _ string) bool { return room == "store/bolt" },
	"github.com/gocarina/gocsv":       func(room, _ string) bool { return room == "importer" },
	"github.com/robfig/cron/v3":       func(room, file string) bool { return room == "uploader" && file == "schedule.go" },
	"github.com/spf13/cobra":          func(room, _ string) bool { return room == "cmd/capibara" },
	"github.com/goccy/go-yaml":        func(room, _ string) bool { return room == "cmd/capibara" || room == "importer" },
	"github.com/xuri/excelize/v2":     func(room, _ string) bool { return room == "importer" || room == "cmd/capibara" },
	"github.com/nyaruka/phonenumbers": func(room, _ string) bool { return room == "importer/normalize" },
	"github.com/rs/zerolog": func(room, _ string) bool {
		return slices.Contains([]string{"cmd/capibara", "importer", "uploader", "audit", "audit/web"}, room)
	},
}

// leaves import nothing beyond the standard library.
var leaves = []string{"event", "uploader/capi", "store", "importer/xlsx", "importer/receipt"}

// TestImportsGoDownOnly parses the files themselves: the build's list of imports may come stale from a cache.
func TestImportsGoDownOnly(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range productionFiles(t) {
		room, file := path.Split(f.path)
		room = path.Clean(room)
		seen[room] = true
		allowed, known := rooms[room]
		if !known {
			t.Errorf("%s: the package %s is in no plan of the house; add it to rooms", f.path, room)
			continue
		}
		for _, imp := range f.imports {
			if own, ok := strings.CutPrefix(imp, "capibara/"); ok {
				if !slices.Contains(allowed, own) {
					t.Errorf("%s imports %s; %s may import only %v", f.path, own, room, allowed)
				}
				continue
			}
			if keeper, ok := keepers[imp]; ok && !keeper(room, file) {
				t.Errorf("%s imports %s, which belongs to another room", f.path, imp)
			}
			if first, _, _ := strings.Cut(imp, "/"); slices.Contains(leaves, room) && strings.Contains(first, ".") {
				t.Errorf("%s imports %s; %s lives on the standard library", f.path, imp, room)
			}
		}
	}
	for room := range rooms {
		if !seen[room] {
			t.Errorf("the plan names the package %s, which is not there", room)
		}
	}
}

type sourceFile struct {
	path    string // slash-separated, from the root of the repository
	imports []string
}

func productionFiles(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go"):
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		f := sourceFile{path: filepath.ToSlash(p)}
		for _, imp := range parsed.Imports {
			name, err := strconv.Unquote(imp.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, name)
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no source file found")
	}
	return files
}
