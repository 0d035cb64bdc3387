package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"capibara/audit"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/spf13/cobra"
)

// The ways in which a reading command answers.
const (
	asTable = "table"
	asJSON  = "json"
	asJSONL = "jsonl"
	asCSV   = "csv"
)

// addOutput gives a command the flag --output.
func addOutput(a *app, cmd *cobra.Command, forms ...string) {
	if len(forms) == 0 {
		forms = []string{asTable, asJSON, asJSONL, asCSV}
	}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&a.output, "output", "o", asTable, "how to answer: "+strings.Join(forms, ", "))
	cmd.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if slices.Contains(forms, a.output) {
			return nil
		}
		return misused("use "+strings.Join(forms, ", "), "--output %q is unknown", a.output)
	}
}

// writeList writes the entries of a list as a table or as CSV.
func writeList[T any](a *app, columns []audit.Column[T], entries []T) error {
	if a.output == asCSV {
		return audit.NewCSV(a.stdout, columns).Write(entries)
	}
	shown := slices.DeleteFunc(slices.Clone(columns), func(c audit.Column[T]) bool {
		return c.Hide || c.Rare && !slices.ContainsFunc(entries, func(e T) bool { return c.Value(e) != "" })
	})
	if wide := width(a.terminal()); wide > 0 && tableWidth(shown, entries) > wide {
		writeBlocks(a, shown, entries)
		return nil
	}
	writeTable(a, shown, entries)
	return nil
}

func writeTable[T any](a *app, columns []audit.Column[T], entries []T) {
	t := table.NewWriter()
	t.SetOutputMirror(a.stdout)
	t.SuppressTrailingSpaces()
	style := table.StyleDefault
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", gap
	t.SetStyle(style)
	header := table.Row{}
	var configs []table.ColumnConfig
	for i, c := range columns {
		header = append(header, title(c))
		align := text.AlignLeft
		if c.Right {
			align = text.AlignRight
		}
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for _, e := range entries {
		row := table.Row{}
		for _, c := range columns {
			row = append(row, printable(c.Value(e)))
		}
		t.AppendRow(row)
	}
	t.Render()
}

// writeBlocks writes every entry as a block of lines, for a terminal that is too narrow for the table.
func writeBlocks[T any](a *app, columns []audit.Column[T], entries []T) {
	for i, e := range entries {
		if i > 0 {
			a.line("")
		}
		var facts [][2]string
		for _, c := range columns {
			facts = append(facts, [2]string{title(c), printable(c.Value(e))})
		}
		a.facts(facts)
	}
}

// gap separates the columns of a table.
const gap = "  "

// title is the name of a column as people read it.
func title[T any](c audit.Column[T]) string { return strings.ReplaceAll(c.Name, "_", " ") }

func tableWidth[T any](columns []audit.Column[T], entries []T) int {
	total := 0
	for _, c := range columns {
		most := text.StringWidth(title(c))
		for _, e := range entries {
			most = max(most, text.StringWidth(printable(c.Value(e))))
		}
		total += most + len(gap)
	}
	return total
}

func cells[T any](columns []audit.Column[T], cell func(audit.Column[T]) string) []string {
	row := make([]string, len(columns))
	for i, c := range columns {
		row[i] = cell(c)
	}
	return row
}

// writeJSON writes a value for programs that people may look at too.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// writeJSONL writes every entry on a line of its own.
func writeJSONL[T any](w io.Writer, entries []T) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, entry := range entries {
		if err := e.Encode(entry); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps a text that came from a file from moving the cursor or changing colours.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return '·'
		}
		return r
	}, s)
}

// line writes one line for people.
func (a *app) line(format string, args ...any) {
	fmt.Fprintf(a.stdout, format+"\n", args...)
}
