package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"

	"capibara/importer"

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// writeSource writes the source into the configuration, or prints it where that cannot be written.
func (a *app) writeSource(c *config, p *importer.Proposal, file string) error {
	if c.path == "" {
		a.printSource(p)
		a.line("\nThere is no %s to write this into; `capibara init` makes one. Put it under sources: there.", configName)
		return nil
	}
	old, err := os.ReadFile(c.path)
	if err != nil {
		return failed("", "reading the configuration: %w", err)
	}
	first := c.takenBy(file)
	text, err := withSource(old, &p.Source, first != "")
	if err != nil {
		a.printSource(p)
		return failed(fmt.Sprintf("put the printed source into %s yourself", c.path), "%s was left as it is: %w", c.path, err)
	}
	switch err := replaceConfig(c.path, old, text); {
	case errors.Is(err, fs.ErrPermission):
		a.printSource(p)
		a.line("\n%s may not be written, so it was left as it is. Put this under sources: there.", c.path)
		return nil
	case err != nil && holds(c.path, text):
		return failed("look into the system's log; when the machine fails now, the configuration may be as it was before",
			"the source is in %s, and the disk does not say that it keeps it: %w", c.path, err)
	case err != nil:
		return failed(cmp.Or(diskHint(err), "the configuration is as it was"), "writing %s, which is as it was: %w", c.path, err)
	}
	a.line("Source %s was written into %s; the file as it was is kept as %s.", p.Source.Name, c.relative(c.path), filepath.Base(c.path)+".bak")
	if first != "" {
		a.line("It stands before source %s, which took files of this name until now.", first)
	}
	for _, alias := range c.aliases() {
		if c.usable(alias) != nil {
			a.line("Next: write the id of dataset %s into %s under datasets (Events Manager shows it), then `capibara import %s`.", alias, c.relative(c.path), quotedArg(file))
			return nil
		}
	}
	a.line("Next: `capibara import %s`. A running capibara reads the configuration when it is started again.", quotedArg(file))
	return nil
}

// holds reports whether a file has exactly this content.
func holds(path string, text []byte) bool {
	now, err := os.ReadFile(path)
	return err == nil && bytes.Equal(now, text)
}

// takenBy is the source that takes a file of that name now; "" for none.
func (c *config) takenBy(file string) string {
	all, err := c.compileForLook()
	if err != nil {
		return ""
	}
	for _, m := range all {
		if m.Matches(file) {
			return m.Name()
		}
	}
	return ""
}

// withSource adds a source to the text of a configuration, at the end of the list or before the others, and leaves every
// other byte as it is. What comes out was read again: it must say what was said before, and the new source.
func withSource(old []byte, s *importer.Source, first bool) ([]byte, error) {
	before, err := parseConfig(old)
	if err != nil {
		return nil, err
	}
	text, err := insertSource(old, s, first)
	if err != nil {
		return nil, err
	}
	after, err := parseConfig(text)
	if err != nil {
		return nil, fmt.Errorf("the source cannot be put in place: %w", err)
	}
	at := len(before.Sources)
	if first {
		at = 0
	}
	if len(after.Sources) != len(before.Sources)+1 {
		return nil, errors.New("the source cannot be put in place")
	}
	added := after.Sources[at]
	after.Sources = append(append([]importer.Source{}, after.Sources[:at]...), after.Sources[at+1:]...)
	if len(after.Sources) == 0 {
		after.Sources = before.Sources
	}
	if !reflect.DeepEqual(before, after) || added.Name != s.Name {
		return nil, errors.New("the source cannot be put in place without changing what else it says")
	}
	return text, nil
}

// insertSource does the work of withSource, by lines.
func insertSource(old []byte, s *importer.Source, first bool) ([]byte, error) {
	entry, err := sourceYAML(s)
	if err != nil {
		return nil, err
	}
	end := "\n"
	if bytes.Contains(old, []byte("\r\n")) {
		end = "\r\n"
	}
	lines := strings.SplitAfter(string(old), "\n")
	if n := len(lines); lines[n-1] == "" {
		lines = lines[:n-1]
	} else {
		lines[n-1] += end
	}
	key, value, err := sourcesNode(old)
	if err != nil {
		return nil, err
	}
	if key == 0 {
		return []byte(strings.Join(lines, "") + end + "sources:" + end + withEnds(indented(entry, 2), end)), nil
	}
	indent, at := 2, key
	switch list := value.(type) {
	case *ast.SequenceNode:
		if list.IsFlowStyle {
			if len(list.Values) > 0 {
				return nil, errors.New("its list of sources is written in brackets")
			}
			cut := strings.LastIndex(lines[key-1], "[")
			if cut < 0 || strings.Trim(lines[key-1][cut:], "[] \t\r\n") != "" {
				return nil, errors.New("its list of sources is written in brackets")
			}
			lines[key-1] = strings.TrimRight(lines[key-1][:cut], " \t") + end
			break
		}
		indent = list.Start.Position.Column - 1
		if !first {
			at = lastLine(lines, key, indent)
		}
	case *ast.NullNode:
	default:
		return nil, errors.New("its sources are no list")
	}
	return []byte(strings.Join(lines[:at], "") + gapBefore(at, key, end) + withEnds(indented(entry, indent), end) + gapAfter(lines, at, end) +
		strings.Join(lines[at:], "")), nil
}

// gapBefore sets an entry off from the one above it.
func gapBefore(at, key int, end string) string {
	if at == key {
		return ""
	}
	return end
}

// gapAfter sets an entry off from what follows directly.
func gapAfter(lines []string, at int, end string) string {
	if at < len(lines) && strings.TrimSpace(lines[at]) != "" {
		return end
	}
	return ""
}

// sourcesNode finds the line of the key sources, counted from 1, and its value; 0 when there is none.
func sourcesNode(text []byte) (int, ast.Node, error) {
	file, err := parser.ParseBytes(text, parser.ParseComments)
	if err != nil {
		return 0, nil, err
	}
	if len(file.Docs) > 1 {
		return 0, nil, errors.New("it holds several documents")
	}
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		return 0, nil, nil
	}
	var values []*ast.MappingValueNode
	switch body := file.Docs[0].Body.(type) {
	case *ast.MappingNode:
		if body.IsFlowStyle {
			return 0, nil, errors.New("it is written in braces")
		}
		values = body.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{body}
	}
	for _, v := range values {
		if v.Key.GetToken().Value == "sources" {
			return v.Key.GetToken().Position.Line, v.Value, nil
		}
	}
	return 0, nil, nil
}

// lastLine is how many lines there are up to the last one of the list that begins below line key: the last one that is no
// comment and no blank and stands as far to the right as its entries.
func lastLine(lines []string, key, indent int) int {
	last := key
	for i := key; i < len(lines); i++ {
		text := strings.TrimRight(lines[i], " \t\r\n")
		inner := strings.TrimLeft(text, " ")
		switch depth := len(text) - len(inner); {
		case inner == "" || depth == 0 && inner[0] == '#':
			continue
		case depth > indent || depth == indent && (inner == "-" || strings.HasPrefix(inner, "- ") || depth > 0):
			last = i + 1
		default:
			return last
		}
	}
	return last
}

func withEnds(text, end string) string { return strings.ReplaceAll(text, "\n", end) }

// replaceConfig puts the new text in the place of the old one, which is kept beside it. Whatever happens, the configuration
// is either the old one or the new one.
func replaceConfig(path string, old, text []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o200 == 0 {
		return fs.ErrPermission
	}
	if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, old) {
		return errors.Join(errors.New("somebody changed it meanwhile"), err)
	}
	if err := writeWhole(path+".bak", old, info.Mode().Perm()); err != nil {
		return err
	}
	return writeWhole(path, text, info.Mode().Perm())
}
