package main

import (
	"bytes"
	"strings"
	"testing"

	"capibara/audit"
)

func TestHarmless(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{"": "", "4711": "4711", "-12.5": "-12.5", "=1+1": "'=1+1", "@SUM(A1)": "'@SUM(A1)", "-x": "'-x", "a=b": "a=b", "\tx": "'\tx"} {
		if got := audit.HarmlessCell(cell); got != want {
			t.Errorf("%q becomes %q, want %q", cell, got, want)
		}
	}
}

func TestPrintableKeepsTheTerminal(t *testing.T) {
	t.Parallel()
	if got := printable("a\x1b[31mb\u009bc\nd é"); got != "a·[31mb·c·d é" {
		t.Errorf("got %q", got)
	}
}

func TestGrouped(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -100: "-100"} {
		if got := grouped(n); got != want {
			t.Errorf("%d is written %s", n, got)
		}
	}
}

// TestTableAndBlocks shows the same entries in a terminal that is wide enough and in one that is not.
func TestTableAndBlocks(t *testing.T) {
	t.Parallel()
	columns := []audit.Column[[2]string]{
		{Name: "event_name", Value: func(v [2]string) string { return v[0] }},
		{Name: "n", Value: func(v [2]string) string { return v[1] }, Right: true},
	}
	entries := [][2]string{{"Purchase", "1"}, {"Lead", "20"}}
	var out bytes.Buffer
	a := &app{stdout: &out, output: asTable}
	if err := writeList(a, columns, entries); err != nil {
		t.Fatal(err)
	}
	want := "event name   n\nPurchase     1\nLead        20\n"
	if out.String() != want {
		t.Errorf("the table is\n%s", out.String())
	}
	longest := 0
	for _, line := range strings.Split(want, "\n") {
		longest = max(longest, len(line))
	}
	if got := tableWidth(columns, entries); got < longest || got > longest+2*len(gap) {
		t.Errorf("its width is %d, not %d", got, longest)
	}
	out.Reset()
	writeBlocks(a, columns, entries)
	if want := "  event name     Purchase\n  n              1\n\n  event name     Lead\n  n              20\n"; out.String() != want {
		t.Errorf("the blocks are\n%s", out.String())
	}
}
