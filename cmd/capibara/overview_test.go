package main

import (
	"strings"
	"testing"

	"capibara/audit"
)

// TestOverviewOfAHome has the sources of its configuration, and counts without a daybook.
func TestOverviewOfAHome(t *testing.T) {
	t.Parallel()
	h := newHome(t, "http://127.0.0.1:1")
	h.must("import", export(t, 30))
	l := opened(t, h)
	o, err := l.Overview(t.Context())
	if err != nil || !o.Counted || o.Events.Pending == 0 || len(o.Sources) != 1 || o.Sources[0].LastFile != 1 {
		t.Errorf("the overview is %+v, %v", o, err)
	}
	rules, err := l.Rules(t.Context())
	if err != nil || len(rules.Sources) != 1 {
		t.Fatalf("the rules are %+v, %v", rules, err)
	}
	want := audit.SourceRule{Name: l.config.Sources[0].Name, Files: l.config.Sources[0].Files, Datasets: []string{"main"}}
	got := rules.Sources[0]
	if got.Name != want.Name || strings.Join(got.Files, " ") != strings.Join(want.Files, " ") || strings.Join(got.Datasets, " ") != "main" ||
		!strings.Contains(got.Mapping, "\nrecord_key:\n") {
		t.Errorf("the source is %+v", got)
	}
}
