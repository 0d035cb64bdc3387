package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

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

// column is one column of a list.
type column[T any] struct {
	name  string // as CSV's header; a table shows it with spaces
	value func(T) string
	exact func(T) string // what CSV has instead, for programs
	hide  bool           // too much for a table; CSV has it
	rare  bool           // a table has it when an entry does
	right bool           // a number
}

// writeList writes the entries of a list as a table or as CSV.
func writeList[T any](a *app, columns []column[T], entries []T) error {
	if a.output == asCSV {
		w := csv.NewWriter(a.stdout)
		if err := w.Write(cells(columns, func(c column[T]) string { return c.name })); err != nil {
			return err
		}
		for _, e := range entries {
			if err := w.Write(cells(columns, func(c column[T]) string {
				if c.exact != nil {
					return harmless(c.exact(e))
				}
				return harmless(c.value(e))
			})); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	}
	shown := slices.DeleteFunc(slices.Clone(columns), func(c column[T]) bool {
		return c.hide || c.rare && !slices.ContainsFunc(entries, func(e T) bool { return c.value(e) != "" })
	})
	if wide := width(a.terminal()); wide > 0 && tableWidth(shown, entries) > wide {
		writeBlocks(a, shown, entries)
		return nil
	}
	writeTable(a, shown, entries)
	return nil
}

func writeTable[T any](a *app, columns []column[T], entries []T) {
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
		header = append(header, c.title())
		align := text.AlignLeft
		if c.right {
			align = text.AlignRight
		}
		configs = append(configs, table.ColumnConfig{Number: i + 1, Align: align, AlignHeader: align})
	}
	t.AppendHeader(header)
	t.SetColumnConfigs(configs)
	for _, e := range entries {
		row := table.Row{}
		for _, c := range columns {
			row = append(row, printable(c.value(e)))
		}
		t.AppendRow(row)
	}
	t.Render()
}

// writeBlocks writes every entry as a block of lines, for a terminal that is too narrow for the table.
func writeBlocks[T any](a *app, columns []column[T], entries []T) {
	for i, e := range entries {
		if i > 0 {
			a.line("")
		}
		var facts [][2]string
		for _, c := range columns {
			facts = append(facts, [2]string{c.title(), printable(c.value(e))})
		}
		a.facts(facts)
	}
}

// gap separates the columns of a table.
const gap = "  "

// title is the column's name as people read it.
func (c column[T]) title() string { return strings.ReplaceAll(c.name, "_", " ") }

func tableWidth[T any](columns []column[T], entries []T) int {
	total := 0
	for _, c := range columns {
		most := text.StringWidth(c.title())
		for _, e := range entries {
			most = max(most, text.StringWidth(printable(c.value(e))))
		}
		total += most + len(gap)
	}
	return total
}

func cells[T any](columns []column[T], cell func(column[T]) string) []string {
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

// harmless keeps a spreadsheet from taking a cell for a formula: ids and record keys come from other people's files.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		if _, err := strconv.ParseFloat(cell, 64); err != nil {
			return "'" + cell
		}
	}
	return cell
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

// moment is an instant as people read it, "" when there is none.
func moment(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format("2006-01-02 15:04:05 -07:00")
}

// instant is an instant as programs read it, "" when there is none.
func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.Format(time.RFC3339)
}

// number is a number, "" for 0: an empty cell says that there is none.
func number(n uint64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatUint(n, 10)
}

// line writes one line for people.
func (a *app) line(format string, args ...any) {
	fmt.Fprintf(a.stdout, format+"\n", args...)
}
