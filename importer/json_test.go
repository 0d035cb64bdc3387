package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"capibara/event"
)

func TestFlattener(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		want     string
		reason   event.Reason
	}{
		{name: "flat", in: `{"a":"x","b":1.10,"c":true,"d":null}`, want: `a=x b=1.10# c=true? d=`},
		{name: "nested", in: `{"a":{"b":{"c":"x"},"d":1},"e":2}`, want: `a.b.c=x a.d=1# e=2#`},
		{name: "digits stay", in: `{"a":12345678901234567890.123456789}`, want: `a=12345678901234567890.123456789#`},
		{name: "escapes", in: `{"a\u0062":"\u00e9\n"}`, want: "ab=é\n"},
		{name: "list of values", in: `{"a":["x",1,null,"y"]}`, want: `a=x,1,y`},
		{name: "list of objects", in: `{"a":[{"b":1}],"c":2}`, want: `c=2#`},
		{name: "empty", in: `{}`, want: ``},
		{name: "member twice", in: `{"a":1,"a":2}`, reason: event.ReasonJSONMalformed},
		{name: "number", in: `1`, reason: event.ReasonJSONNotObject},
		{name: "list", in: `[{"a":1}]`, reason: event.ReasonJSONNotObject},
		{name: "cut off", in: `{"a":1`, reason: event.ReasonJSONMalformed},
		{name: "more behind it", in: `{"a":1}{"b":2}`, reason: event.ReasonJSONMalformed},
		{name: "no JSON", in: `name=x`, reason: event.ReasonJSONMalformed},
		{name: "too deep", in: strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), reason: event.ReasonJSONMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got, paths []string
			f := newFlattener(func(path []byte) int {
				paths = append(paths, string(path))
				return len(paths) - 1
			}, func(slot int, value string, kind cellKind) {
				got = append(got, paths[slot]+"="+value+[]string{"", "#", "?"}[kind])
			})
			// A reader that failed before reads the next one all the same.
			f.record(`{"broken":`)
			got = nil
			reason := f.record(tt.in)
			if reason != tt.reason || reason == "" && strings.Join(got, " ") != tt.want {
				t.Errorf("%q %s, want %q %s", got, reason, tt.want, tt.reason)
			}
		})
	}
}

func listCutter(t testing.TB, text string, path string, step int) cutter {
	t.Helper()
	list, err := findList(strings.NewReader(text), path)
	if err != nil {
		t.Fatal(err)
	}
	c, err := list.cutter(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c.(*jsonCutter).window.step = step
	return c
}

func TestJSONCutter(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in, path string
		want           []string
	}{
		{"list", `[{"a":1}, {"a":2}]`, "", []string{`1 {"a":1}`, `1 {"a":2}`}},
		{"lines", "[\n{\"a\":\n1},\n\n{\"a\":2}\n]\n", "", []string{"2 {\"a\":\n1}", `5 {"a":2}`}},
		{"brackets in texts", `[{"a":"]}\"]"},{"b":1}]`, "", []string{`1 {"a":"]}\"]"}`, `1 {"b":1}`}},
		{"scalars", `[1,"x",null,{}]`, "", []string{`1 1`, `1 "x"`, `1 null`, `1 {}`}},
		{"first list of objects", `{"n":[1,2],"x":{"y":[{"z":0}]},"r":[{"a":1}],"s":[{"b":2}]}`, "", []string{`1 {"a":1}`}},
		{"path", "{\"d\":{\n\"r\":[{\"a\":1}]},\"e\":[{\"b\":2}]}", "d.r", []string{`2 {"a":1}`}},
		{"no list at all", `{"a":1} {"a":2}`, "", []string{`1 {"a":1}`, `1 {"a":2}`}},
		{"cut off in a record", `[{"a":1},{"a":`, "", []string{`1 {"a":1}`, `1(16) {"a":`}},
		{"cut off between records", `[{"a":1},`, "", []string{`1 {"a":1}`, `1(16) `}},
		{"list is not closed", `{"r":[{"a":1}]`, "", []string{`1 {"a":1}`, `1(16) `}},
		{"something behind the document", "[{\"a\":1}]\n[]", "", []string{`1 {"a":1}`, `2(16) `}},
		{"not closed", `[{"a":{"b":1},{"a":2},{"a":3}]`, "", []string{`1 {"a":{"b":1}`, `1 {"a":2}`, `1 {"a":3}`}},
		{"not closed, on lines", "[{\"a\":1,\n{\"a\":2},\n{\"a\":{\"b\":3},\n{\"a\":4}]", "", []string{`1 {"a":1`, `2 {"a":2}`, `3 {"a":{"b":3}`, `4 {"a":4}`}},
		{"not closed, without commas", "{\"a\":1}\n{\"a\":{\"b\":2}\n{\"a\":3}", "", []string{`1 {"a":1}`, "2 {\"a\":{\"b\":2}\n", `3 {"a":3}`}},
		{"text not closed", "[{\"a\":\"x},\n{\"a\":\"2\"},\n{\"a\":\"x,\"b\":\"y\"},\n{\"a\":4}]", "", []string{`1 {"a":"x}`, `2 {"a":"2"}`, `3 {"a":"x,"b":"y"}`, `4 {"a":4}`}},
		{"text not closed, over lines", "[{\n\"a\":\"x,\n\"b\":1\n},{\"a\":2}]", "", []string{"1 {\n\"a\":\"x,\n\"b\":1\n}", `4 {"a":2}`}},
		{"objects in objects", "[{\"a\":\n {\"b\" : {\"c\":[{\"d\":1},{\"d\":2}]}}},{\"a\":\",{\"}]", "", []string{"1 {\"a\":\n {\"b\" : {\"c\":[{\"d\":1},{\"d\":2}]}}}", `2 {"a":",{"}`}},
		{"text not closed, on one line", `[{"a":"x","b":"y},{"a":"z"},{"a":4}]`, "", []string{`1 {"a":"x","b":"y}`, `1 {"a":"z"}`, `1 {"a":4}`}},
		{"text not closed, on one line, early", `[{"a":"x,"b":"y"},{"a":"z"},{"a":4}]`, "", []string{`1 {"a":"x,"b":"y"}`, `1 {"a":"z"}`, `1 {"a":4}`}},
		{"text not opened, on one line", `[{"a":x","b":"y"},{"a":"z"}]`, "", []string{`1 {"a":x","b":"y"}`, `1 {"a":"z"}`}},
		{"text not closed before a number", `[{"a":"x,"b":5} , {"a":"z"}]`, "", []string{`1 {"a":"x,"b":5}`, `1 {"a":"z"}`}},
		{"text not closed, nested", `[{"a":{"b":"x}},{"a":"z"},{"a":4}]`, "", []string{`1 {"a":{"b":"x}}`, `1 {"a":"z"}`, `1 {"a":4}`}},
		{"broken bracket", `[{"a":[1},{"a":2}]`, "", []string{`1 {"a":[1}`, `1 {"a":2}`}},
	}
	for _, tt := range tests {
		for _, step := range []int{1, 3, readSize} {
			t.Run(fmt.Sprintf("%s/%d", tt.name, step), func(t *testing.T) {
				t.Parallel()
				if got := told(cutAll(t, listCutter(t, tt.in, tt.path, step))); !slices.Equal(got, tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
			})
		}
	}
}

// TestJSONCutterLongRecords reads on after an element that is longer than a record may be, wherever reads end.
func TestJSONCutterLongRecords(t *testing.T) {
	t.Parallel()
	for _, size := range []int{maxRecord - 20, maxRecord, maxRecord + 20, 3*maxRecord + 17} {
		for pad := range 3 {
			in := "[" + strings.Repeat(" ", pad) + "{\"a\":1},\n{\"b\":\"" + strings.Repeat("\\\"}", size/3) + "\"},\n{\"c\":3}]"
			records, spans := cutAll(t, listCutter(t, in, "", readSize))
			if len(records) != 3 || records[0] != `{"a":1}` || records[2] != `{"c":3}` || spans[2].line != 3 {
				t.Fatalf("%d bytes: %d records, the last of %+v", size, len(records), spans[len(spans)-1])
			}
			if large := spans[1].flag&spanTooLarge != 0; large != (len(in)-pad-20 > maxRecord) {
				t.Errorf("%d bytes: flag %d", len(in), spans[1].flag)
			}
		}
	}
	in := `[{"a":1},{"b":"` + strings.Repeat("x", 2*maxRecord) + `",{"c":3}]`
	for _, step := range []int{readSize, 100_003} {
		if records, spans := cutAll(t, listCutter(t, in, "", step)); len(records) != 3 || records[2] != `{"c":3}` || spans[1].flag&spanTooLarge == 0 {
			t.Errorf("one that is not closed: %d records, %+v", len(records), spans)
		}
	}
	records, spans := cutAll(t, listCutter(t, `[{"a":1},{"b":"`+strings.Repeat("x", 2*maxRecord), "", readSize))
	if len(records) != 2 || spans[1].flag&spanTooLarge == 0 {
		t.Errorf("%d records, %+v", len(records), spans)
	}
}

// TestFindListIsBounded refuses a text before the list that would fill the memory, and nothing else that is long.
func TestFindListIsBounded(t *testing.T) {
	t.Parallel()
	const piece, pieces = 1 << 20, maxBefore>>20 + 2
	long := strings.Repeat("x", piece)
	filled := func(head, each, tail string) io.Reader {
		parts := []io.Reader{strings.NewReader(head)}
		for range pieces {
			parts = append(parts, strings.NewReader(each))
		}
		return io.MultiReader(append(parts, strings.NewReader(tail))...)
	}
	_, err := findList(filled(`{"note":"`, long, `","r":[{"a":1}]}`), "")
	var no *refusal
	if !errors.As(err, &no) || !strings.Contains(no.reason, "more than 64 MiB") {
		t.Errorf("a long text: %v", err)
	}
	for _, path := range []string{"", "r"} {
		list, err := findList(filled(`{"n":[0`, `,"`+long+`"`, `],"r":[{"a":1}]}`), path)
		if err != nil || list.offset < maxBefore {
			t.Errorf("a long list: %+v, %v", list, err)
		}
	}
}

// FuzzJSON holds the cutter against encoding/json on lists that the latter accepts, and against itself with other reads
// on any text.
func FuzzJSON(f *testing.F) {
	for _, s := range []string{`[{"a":1},{"b":[1,{"c":"]"}]}]`, `{"r":[{"a":1}]}`, `[{"a":[1},2]`, `[`, `{"a":1}{"a":2}`, `[{"a":1,{"b":{"c":2},{"d":3}]`, `[1 2]`, `["\\"]`} {
		f.Add([]byte(s), uint8(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, step uint8) {
		list, err := findList(bytes.NewReader(text), "")
		if err != nil {
			return
		}
		cut := func(step int) []string {
			c, err := list.cutter(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			c.(*jsonCutter).window.step = step
			records, spans := cutAll(t, c)
			for i := range records {
				records[i] = fmt.Sprintf("%d %d %s", spans[i].line, spans[i].flag, records[i])
			}
			return records
		}
		got := cut(readSize)
		if again := cut(int(step) + 1); !slices.Equal(got, again) {
			t.Fatalf("read at once %q, in steps %q", got, again)
		}
		var want []json.RawMessage
		if json.Unmarshal(text, &want) != nil || len(got) == 0 && len(want) == 0 {
			return
		}
		records, _ := cutAll(t, &jsonCutter{window: newWindow(bytes.NewReader(text[list.offset:])), line: 1, depth: 1})
		if !slices.EqualFunc(records, want, func(r string, w json.RawMessage) bool { return r == string(w) }) {
			t.Fatalf("%q is %q, encoding/json reads %q", text, records, want)
		}
		for _, w := range want {
			sameMembers(t, string(w))
		}
	})
}

// sameMembers holds the flattener against encoding/json.
func sameMembers(t *testing.T, record string) {
	t.Helper()
	got := map[string]string{}
	var paths []string
	reader := newFlattener(func(path []byte) int {
		paths = append(paths, string(path))
		return len(paths) - 1
	}, func(slot int, value string, _ cellKind) { got[paths[slot]] = value })
	if reader.record(record) != "" {
		return
	}
	d := json.NewDecoder(strings.NewReader(record))
	d.UseNumber()
	var object map[string]any
	if err := d.Decode(&object); err != nil {
		t.Fatalf("%q was read and is no object: %v", record, err)
	}
	for name, value := range object {
		want := ""
		switch v := value.(type) {
		case string:
			want = v
		case json.Number:
			want = v.String()
		case bool:
			want = fmt.Sprint(v)
		case nil:
		default:
			continue
		}
		if strings.Contains(name, ".") {
			continue // could be a member of a member as well
		}
		if got[name] != want {
			t.Fatalf("%q of %q is %q, want %q; all are %v", name, record, got[name], want, slices.Sorted(maps.Keys(got)))
		}
	}
}
