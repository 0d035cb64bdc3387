package importer

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"capibara/event"
	"capibara/store"
)

const orders = `
name: orders
files: ["*orders*.csv"]
dataset: main
record_key: [Order]
group_by: {key: record_key, value: sum}
action_source: physical_store
event_name: Purchase
currency: EUR
decimal: "."
columns: {contents.id: Sku}
`

// become maps a file without a database and returns its records, or the refusal.
func become(t rapid.TB, m *Mapping, path string) ([]store.Record, *output, error) {
	t.Helper()
	in, err := inspect(context.Background(), path, filepath.Base(path), m.reading())
	if err != nil {
		return nil, nil, err
	}
	p := &pass{im: New(Config{Now: noon}), mapping: m, in: in, now: noon(), report: newReport(store.File{})}
	if err := p.prepare(); err != nil {
		return nil, nil, err
	}
	if err := p.checkGroups(context.Background()); err != nil {
		return nil, nil, err
	}
	cut, closer, err := p.cutter()
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	all, w := &output{}, p.worker(context.Background())
	for more := true; more; {
		b := &block{}
		if more, err = cut.next(b); err != nil {
			t.Fatal(err)
		}
		if err := w.work(b); err != nil {
			t.Fatal(err)
		}
		all.records = append(all.records, b.out.records...)
	}
	return all.records, all, nil
}

// valueOf is the amount of a record that yields one event.
func valueOf(t rapid.TB, r *store.Record) string {
	t.Helper()
	var e event.Event
	if err := e.DecodeBinary(r.Rows[0].Payload); err != nil {
		t.Fatal(err)
	}
	return e.Custom.Value.String()
}

// TestDamageNeverSplitsAnAmount damages one place of a file in every way in which exports are damaged: whatever is
// accepted has its whole amount.
func TestDamageNeverSplitsAnAmount(t *testing.T) {
	t.Parallel()
	headers := map[string][]string{
		"key first":         {"Order", "Date", "Email", "Amount", "Sku"},
		"key in the middle": {"Date", "Email", "Order", "Sku", "Amount"},
		"key last":          {"Email", "Amount", "Date", "Sku", "Order"},
	}
	for name, header := range headers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, dir, otherKey := compiled(t, orders), t.TempDir(), regexp.MustCompile(`R\d*("|\n\d)`)
			rapid.Check(t, func(rt *rapid.T) {
				var b strings.Builder
				want := map[string]string{}
				number := rapid.IntRange(7, 98).Draw(rt, "first")
				for range rapid.IntRange(1, 6).Draw(rt, "orders") {
					number++
					key, cents := fmt.Sprint("R", number), 0
					for range rapid.IntRange(1, 4).Draw(rt, "lines") {
						amount := rapid.IntRange(1, 9999).Draw(rt, "amount")
						cents += amount
						cells := map[string]string{"Order": key, "Date": "2026-11-20", "Email": fmt.Sprintf("\"p%d@example.com\"", number),
							"Amount": fmt.Sprintf("%d.%02d", amount/100, amount%100), "Sku": rapid.SampledFrom([]string{"A", "\"B, blue\"", ""}).Draw(rt, "sku")}
						for i, h := range header {
							b.WriteString(cells[h] + map[bool]string{true: "\n", false: ","}[i == len(header)-1])
						}
					}
					sum, err := event.ParseMoney(fmt.Sprintf("%d.%02d", cents/100, cents%100))
					if err != nil {
						rt.Fatal(err)
					}
					want[key] = sum.String()
				}
				text := b.String()
				at := rapid.IntRange(0, len(text)-1).Draw(rt, "at")
				switch c := text[at]; {
				case rapid.Bool().Draw(rt, "insert"):
					text = text[:at] + rapid.SampledFrom([]string{",", "\"", "\n"}).Draw(rt, "what") + text[at:]
				case c == ',' || c == '\n' || c == '"':
					text = text[:at] + text[at+1:]
				}
				if otherKey.MatchString(text) {
					return // half an id, or a letter more, is another id, and nobody can know
				}
				path := filepath.Join(dir, "orders.csv")
				if err := os.WriteFile(path, []byte(strings.Join(header, ",")+"\n"+text), 0o600); err != nil {
					rt.Fatal(err)
				}
				records, _, err := become(rt, m, path)
				var no *refusal
				if errors.As(err, &no) {
					return
				}
				if err != nil {
					rt.Fatal(err)
				}
				for i := range records {
					if r := &records[i]; len(r.Rows) > 0 && valueOf(rt, r) != cmp.Or(want[r.RecordKey], "nothing") {
						rt.Errorf("%s is worth %s, want %s, in\n%s", r.RecordKey, valueOf(rt, r), want[r.RecordKey], text)
					}
				}
			})
		})
	}
}

// ordersFile writes n orders of one to three lines; every seventeenth has a line that is damaged, every tenth an empty line in it.
func ordersFile(n int) []byte {
	var b strings.Builder
	b.WriteString("Order,Date,Email,Amount,Sku\n")
	for i := range n {
		for line := range 1 + i%3 {
			fmt.Fprintf(&b, "R%d,2026-11-%02d,p%d@example.com,%d.%02d,SKU%d", i, 17+i%6, i, 1+line, i%100, line)
			if i%17 == 16 && line == i%3 {
				b.WriteString(",too much")
			}
			b.WriteByte('\n')
			if i%10 == 9 {
				b.WriteByte('\n')
			}
		}
	}
	return []byte(b.String())
}

// TestGroupsAcrossBlocks cuts the same records whatever the pieces in which a file is read, and loses no line.
func TestGroupsAcrossBlocks(t *testing.T) {
	t.Parallel()
	data := ordersFile(200)
	var want []string
	for _, step := range []int{1, 7, 64, 333, len(data) + 1} {
		w := newWindow(bytes.NewReader(data))
		w.step = step
		g := &groupCutter{dialect: dialect{delimiter: ','}, lines: &smallBlocks{&csvCutter{dialect: dialect{delimiter: ',', newline: '\n', columns: 5}, window: w, header: 1}, step},
			width: 5, key: []int{0}, column: "Order"}
		var got []string
		lines := 0
		for more := true; more; {
			b := &block{}
			var err error
			if more, err = g.next(b); err != nil {
				t.Fatal(err)
			}
			for i := range b.spans {
				text := fmt.Sprint(b.spans[i].line, ":")
				for _, s := range b.lines(i) {
					text += b.slice(s) + "|"
					lines++
				}
				got = append(got, text)
			}
		}
		if physical := bytes.Count(data, []byte("\n")) - 1; lines != physical {
			t.Errorf("in steps of %d: %d lines went in and %d came out", step, physical, lines)
		}
		if want == nil {
			want = got
		}
		if !slices.Equal(want, got) {
			t.Errorf("in steps of %d there are other records", step)
		}
	}
}

// smallBlocks cuts blocks of a few lines.
type smallBlocks struct {
	*csvCutter
	lines int
}

func (c *smallBlocks) next(b *block) (bool, error) {
	whole := &block{}
	more, err := c.csvCutter.next(whole)
	if err != nil || len(whole.spans) <= c.lines {
		*b = *whole
		return more, err
	}
	// What does not fit is cut again: as if the block had been full.
	next := whole.spans[c.lines]
	rest := int(next.start)
	b.text, b.spans = whole.text[:rest], whole.spans[:c.lines]
	c.window.data = append([]byte(whole.text[rest:]), c.window.data[c.window.at:]...)
	c.window.at = 0
	c.line = next.line - 1
	c.tail = slices.ContainsFunc(b.spans, func(s span) bool { return s.start == s.end }) || b.spans[0].flag&spanTail != 0
	return true, nil
}

func TestLargeGroups(t *testing.T) {
	t.Parallel()
	line := func(key string) string { return key + ",2026-11-20,p@example.com,1.00,A\n" }
	for name, tt := range map[string]struct {
		text string
		want []string // key, value or reason of every record
	}{
		"as many lines as may be": {strings.Repeat(line("R1"), maxGroupLines) + line("R2"), []string{"R1 1000", "R2 1"}},
		"one line more":           {strings.Repeat(line("R1"), maxGroupLines+1) + line("R2"), []string{"record_too_large", "R2 1"}},
		"too many bytes": {strings.Repeat("R1,2026-11-20,p@example.com,1.00,"+strings.Repeat("A", 10_000)+"\n", 120) + line("R2"),
			[]string{"record_too_large", "R2 1"}},
		"a line that is too long": {line("R1") + "R1,2026-11-20,p@example.com,1.00," + strings.Repeat("A", maxRecord+1) + "\n" + line("R1") + line("R2"),
			[]string{"record_too_large", "R2 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "orders.csv")
			if err := os.WriteFile(path, []byte("Order,Date,Email,Amount,Sku\n"+tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			records, _, err := become(t, compiled(t, orders), path)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i := range records {
				if r := &records[i]; len(r.Rows) > 0 {
					got = append(got, r.RecordKey+" "+valueOf(t, r))
				} else {
					got = append(got, string(r.Reason))
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestEmptyLinesWithoutEnd holds no more than so many empty lines behind a record, and counts them all.
func TestEmptyLinesWithoutEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, compiled(t, orders))
	text := "Order,Date,Email,Amount,Sku\nR1,2026-11-20,p@example.com,1.00,A\n" + strings.Repeat(",,,,\n", 5*maxGroupLines)
	r, err := h.Import(t.Context(), Input{Path: h.write(t, "orders.csv", []byte(text))})
	if err != nil || r.File.Counts.Accepted != 1 || r.File.Counts.Skipped != 5*maxGroupLines {
		t.Errorf("%+v, %v", r.File.Counts, err)
	}
	h.checked(t)
}

// FuzzGroups joins the lines of any text: every line that was cut is there once, in one record or another, and the same
// records come out whatever the pieces in which the text is read.
func FuzzGroups(f *testing.F) {
	for _, name := range []string{"shopify_orders.csv", "contact_roles.csv", "group_damaged.csv", "group_key_behind.csv", "quotes.csv"} {
		data, err := os.ReadFile(filepath.Join("testdata", "corpus", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(0), uint8(0))
	}
	f.Add([]byte("K,a\nK,b,\"\n\nK,c\n,d\nL\nL,e"), uint8(0), uint8(1))
	f.Fuzz(func(t *testing.T, data []byte, column, second uint8) {
		cut := func(step int, grouped bool) (lines, records []string) {
			w := newWindow(bytes.NewReader(data))
			w.step = step
			var c cutter = &csvCutter{dialect: dialect{delimiter: ',', newline: '\n', columns: 5}, window: w, header: 1}
			if grouped {
				c = &groupCutter{dialect: dialect{delimiter: ','}, lines: c, width: 5, key: []int{int(column % 5), int(second % 5)}, column: "Order"}
			}
			for more := true; more; {
				b := &block{}
				var err error
				if more, err = c.next(b); err != nil {
					t.Fatal(err)
				}
				for i := range b.spans {
					record := ""
					for _, s := range b.lines(i) {
						text := fmt.Sprint(s.line, ":", b.slice(s))
						lines, record = append(lines, text), record+text+"|"
					}
					records = append(records, record)
				}
			}
			slices.Sort(lines)
			return lines, records
		}
		want, _ := cut(len(data)+1, false)
		got, records := cut(len(data)+1, true)
		if len(want) <= maxGroupLines && !slices.Equal(got, want) {
			t.Errorf("%q went in and %q came out", want, got)
		}
		if _, other := cut(3, true); !slices.Equal(records, other) {
			t.Errorf("in small pieces the records are %q, else %q", other, records)
		}
	})
}
