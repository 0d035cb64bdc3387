package importer

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// cutAll cuts a text into records, reading step bytes at once.
func cutAll(t testing.TB, c cutter) (records []string, spans []span) {
	t.Helper()
	for more := true; more; {
		b := &block{}
		var err error
		if more, err = c.next(b); err != nil {
			t.Fatal(err)
		}
		for i := range b.spans {
			records = append(records, strings.Clone(b.record(i)))
		}
		spans = append(spans, b.spans...)
	}
	return records, spans
}

func csvOver(text []byte, step int, newline byte) *csvCutter {
	w := newWindow(bytes.NewReader(text))
	w.step = step
	return &csvCutter{dialect: dialect{delimiter: ',', newline: newline}, window: w}
}

func TestCSVCutter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // line, flags if any, text
	}{
		{"plain", "a,b\nc,d\n", []string{"1 a,b", "2 c,d"}},
		{"no end of line", "a,b\nc,d", []string{"1 a,b", "2 c,d"}},
		{"empty lines", "a\n\nb\n", []string{"1 a", "2 ", "3(8) b"}},
		{"CRLF", "a,b\r\nc,d\r\n", []string{"1 a,b", "2 c,d"}},
		{"quoted end of line", "\"a\nb\",c\nd\n", []string{"1 \"a\nb\",c", "3 d"}},
		{"quoted CRLF", "\"a\r\nb\"\r\nd\r\n", []string{"1 \"a\r\nb\"", "3 d"}},
		{"doubled quote", "\"a\"\"\nb\"\nd\n", []string{"1 \"a\"\"\nb\"", "3 d"}},
		{"quote inside a cell", "a\"b\nc\"d\n", []string{"1 a\"b", "2 c\"d"}},
		{"closed in the middle", "\"a\"b,c\nd\n", []string{"1(1) \"a\"b,c", "2 d"}},
		{"never closed", "x\n\"a,b\nc\nd\n", []string{"1 x", "2(1) \"a,b", "3 c", "4 d"}},
		{"never closed, with quotes to come", "\"a,b\n\"c\",d\n", []string{"1(1) \"a,b", "2 \"c\",d"}},
		{"quote at the very end", "a,\"", []string{"1(1) a,\""}},
		{"carriage return alone", "a\rb\nc\n", []string{"1 a\rb", "2 c"}},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 2, 3, 7, readSize} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, step), func(t *testing.T) {
				t.Parallel()
				if got := told(cutAll(t, csvOver([]byte(tt.in), step, '\n'))); !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// TestCSVCutterInchMarks holds what becomes of two stray marks that open and close a cell over the end of a line, in a file
// of four columns.
func TestCSVCutterInchMarks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     []string // line, flags if any, text
	}{
		{"two lines", "R1,\"5 inch,x,10\nR2,6\",y,20\nR3,,z,30\n", []string{"1(1) R1,\"5 inch,x,10", "2 R2,6\",y,20", "3 R3,,z,30"}},
		{"lines between", "R1,\"5 inch,x,10\nR2,,y,20\nR3,6\",z,30\n", []string{"1(1) R1,\"5 inch,x,10", "2 R2,,y,20", "3 R3,6\",z,30"}},
		{"at the end", "R1,x,10,\"5 inch\nR2,y,20,6\"", []string{"1(1) R1,x,10,\"5 inch", "2 R2,y,20,6\""}},
		{"CRLF", "R1,\"5 inch,x,10\r\nR2,6\",y,20\r\n", []string{"1(1) R1,\"5 inch,x,10", "2 R2,6\",y,20"}},
		{"a note", "R1,\"one\ntwo\",y,20\n", []string{"1 R1,\"one\ntwo\",y,20"}},
		{"a note with commas", "R1,\"one, two\nthree, four\",y,20\n", []string{"1 R1,\"one, two\nthree, four\",y,20"}},
		{"a note at the end", "R1,y,20,\"one\ntwo, three\"\n", []string{"1 R1,y,20,\"one\ntwo, three\""}},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 3, readSize} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, step), func(t *testing.T) {
				t.Parallel()
				c := csvOver([]byte(tt.in), step, '\n')
				c.columns = 4
				if got := told(cutAll(t, c)); !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// told writes down records with their line, and their flags if any.
func told(records []string, spans []span) []string {
	var got []string
	for i, s := range spans {
		flags := ""
		if s.flag != 0 {
			flags = fmt.Sprintf("(%d)", s.flag)
		}
		got = append(got, fmt.Sprintf("%d%s %s", s.line, flags, records[i]))
	}
	return got
}

// TestCSVCutterLongRecords reads on after a record that is longer than one may be.
func TestCSVCutterLongRecords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*maxRecord)
	for name, in := range map[string]string{
		"a line":               "a\n" + long + "\nb\n",
		"a quoted cell":        "a\n\"" + strings.Repeat("y\n", maxRecord) + "\"\nb\n",
		"a line at the end":    "a\n" + long,
		"a quote never closed": "a\n\"b\n" + strings.Repeat("c\n", maxRecord),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records, spans := cutAll(t, csvOver([]byte(in), readSize, '\n'))
			if records[0] != "a" || spans[1].flag == 0 {
				t.Errorf("the second record has no flag: %+v", spans[:2])
			}
			if last := records[len(records)-1]; strings.HasSuffix(in, "b\n") && last != "b" {
				t.Errorf("the last record is %.20q", last)
			}
			for i, s := range spans {
				if s.line > spans[0].line && i > 0 && s.line <= spans[i-1].line {
					t.Fatalf("lines do not ascend: %d after %d", s.line, spans[i-1].line)
				}
			}
		})
	}
}

// FuzzCSVCutter holds the cutter against encoding/csv on text that the latter accepts, and against itself with other
// reads on any text.
func FuzzCSVCutter(f *testing.F) {
	for _, s := range []string{"a,b\nc,d\n", "\"a\nb\",c\n", "\"a\"\"b\"\n", "x\n\"y", "a\"b,c\n", "\n\n", "\"\",\"\"\n,\n", "\"a\"b\n\"c\n"} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		records, spans := cutAll(t, csvOver(text, readSize, '\n'))
		again, spansAgain := cutAll(t, csvOver(text, int(step)+1, '\n'))
		if !slices.Equal(records, again) {
			t.Fatalf("read at once %q, in steps %q", records, again)
		}
		line := uint64(0)
		for i, s := range spans {
			if s.line <= line || s.flag != spansAgain[i].flag || s.line != spansAgain[i].line {
				t.Fatalf("record %d of %q is %+v, after line %d; in steps %+v", i, text, s, line, spansAgain[i])
			}
			line = s.line
		}
		if bytes.IndexByte(text, '\r') >= 0 {
			return // encoding/csv changes line ends within cells
		}
		r := csv.NewReader(bytes.NewReader(text))
		r.FieldsPerRecord = -1
		want, err := r.ReadAll()
		if err != nil {
			return
		}
		var got [][]string
		for i := range records {
			if records[i] != "" {
				got = append(got, allCells(records[i], ','))
			}
		}
		if !slices.EqualFunc(got, want, slices.Equal[[]string]) {
			t.Fatalf("%q is %q, encoding/csv reads %q", text, got, want)
		}
	})
}
