package importer

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/unicode"

	"capibara/event"
	"capibara/importer/normalize"
)

// annas is a person with an address, a number and an id.
func annas() Wanted {
	none := event.NewSuppression([32]byte{7}, nil)
	email, _, _ := normalize.Email("anna@example.com")
	phone, _, _ := normalize.Phone("+31612345678", "", "")
	id, _, _ := normalize.ExternalID("C-17", false)
	return Wanted{Typed: []string{"Anna@Example.com", "+31 6 12345678"}, People: event.NewSuppression([32]byte{7}, []event.Hash{
		none.Sum(event.HashedValue{Key: event.Email, Hash: email}), none.Sum(event.HashedValue{Key: event.Phone, Hash: phone}),
		none.Sum(event.HashedValue{Key: event.ExternalID, Hash: id}), none.SumEventID("order-9")})}
}

func unpackedText(t testing.TB, data []byte) []byte {
	t.Helper()
	if !bytes.HasPrefix(data, []byte(gzipMagic)) {
		return data
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func encodedAs(t testing.TB, e encoding.Encoding, text string) string {
	t.Helper()
	out, err := e.NewEncoder().String(text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestScrub(t *testing.T) {
	t.Parallel()
	const source = `{name: deals, files: ["*"], dataset: main, record_key: [Order], action_source: physical_store, event_name: Purchase, country: NL,
columns: {event_time: Date, value: Total, email: Mail, phone: Tel, external_id: Customer}, currency: EUR}`
	grouped := strings.Replace(source, "currency: EUR", "currency: EUR, group_by: record_key", 1)
	japan := strings.Replace(source, "currency: EUR", "currency: EUR, encoding: shift_jis", 1)
	const head = "Order,Date,Total,Mail,Tel,Customer,Note\n"
	const bert = "2,2026-11-20,10,bert@example.com,0612345679,C-171,joanna@example.com\n"
	utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	for _, c := range []struct {
		name, file, source, text, want string
		places                         []Place
		whole                          string
	}{
		{"by each column", "a.csv", source, head + "1,2026-11-20,10,ANNA@example.com,,,\n" + bert + "3,x,y,,06-12 34 56 78,,\n4,,,,,C-17,\n",
			head + " ,          ,  ,                ,,,\n" + bert + " , , ,,              ,,\n ,,,,,    ,\n", nil, ""},
		{"in running text", "a.csv", source, head + "1,2026-11-20,10,,,,\"call\nAnna@example.com, please\"\n" + bert,
			head + " ,          ,  ,,,,\"    \n                ,       \"\n" + bert, nil, ""},
		{"as a hash", "a.csv", source, head + "1,,,f7d54c22dda5b1780276601cd005909b70543fc4a6ba72d735b4cb9bbb611f01,,,\n", head + " ,,," + strings.Repeat(" ", 64) + ",,,\n", nil, ""},
		{"what the ledger names", "a.csv", source, head + bert + "3,,,,,,\n", head + strings.Map(func(r rune) rune {
			if r == ',' || r == '\n' {
				return r
			}
			return ' '
		}, bert) + "3,,,,,,\n", []Place{{1, 2}}, ""},
		{"a stray quotation mark", "a.csv", source, head + "1,\"2026,10,anna@example.com,\n" + bert, head + " ,\"    ,  ,                ,\n" + bert, nil, ""},
		{"another delimiter, no source", "b.tsv", "", "Id\tMail\n1\tanna@example.com\n2\tbert@example.com\n", "Id\tMail\n \t                \n2\tbert@example.com\n", nil, ""},
		{"rejects", "a.1.rejects.csv", source, "\ufeffOrder,Mail,capibara_line,capibara_reason\n1,anna@example.com,2,x: y\n'+2,bert@example.com,3,x: y\n",
			"\ufeffOrder,Mail,capibara_line,capibara_reason\n ,                , ,    \n'+2,bert@example.com,3,x: y\n", nil, ""},
		{"UTF-16", "a.csv", source, encodedAs(t, utf16, head+"1,2026-11-20,10,anna@example.com,,,Zoë 😀\n"+bert), encodedAs(t, utf16, head+" ,          ,  ,                ,,,     \n"+bert), nil, ""},
		{"Windows-1252", "a.csv", source, encodedAs(t, charmap.Windows1252, head+"1,,,anna@example.com,,,Zoë\n5,,,,,,Zoë\n"), encodedAs(t, charmap.Windows1252, head+" ,,,                ,,,   \n5,,,,,,Zoë\n"), nil, ""},
		{"Shift JIS", "a.csv", japan, encodedAs(t, japanese.ShiftJIS, head+"1,,,anna@example.com,,,東\n5,,,,,,東京\n"), encodedAs(t, japanese.ShiftJIS, head+" ,,,                ,,, \n5,,,,,,東京\n"), nil, ""},
		{"lines of one record", "a.csv", grouped, head + "1,2026-11-20,10,anna@example.com,,,a\n1,2026-11-20,10,,,,b\n" + bert, head + " ,          ,  ,                ,,, \n ,          ,  ,,,, \n" + bert, nil, ""},
		{"JSON", "a.json", source, `{"x":1,"data":[{"Order":1,"Mail":"\u0061nna@example.com","in":{"n":-1.5e3,"ok":true}},{"Order":2,"Mail":"bert@example.com"}]}`,
			`{"x":1,"data":[{"Order":1,"Mail":"\u0000***************","in":{"n":111111,"ok":true}},{"Order":2,"Mail":"bert@example.com"}]}`, nil, ""},
		{"JSON with a name that is a person", "a.json", source, `[{"anna@example.com":{"a":"b"}}, {"Order": 2}]`, `[{"****************":{"a":"*"}}, {"Order": 2}]`, nil, ""},
		{"JSON by its number", "a.json", source, `[{"Order":1},{"Order":2}]`, `[{"Order":1},{"Order":1}]`, []Place{{2, 1}}, ""},
		{"JSON lines", "a.jsonl", source, "{\"Order\":1,\"Tel\":\"+31612345678\"}\n{\"Order\":2}\n{\"Mail\":\"anna@example.com\"\n", "{\"Order\":1,\"Tel\":\"************\"}\n{\"Order\":2}\n{\"****\":\"****************\"\n", nil, ""},
		{"outside of the records", "a.json", source, `{"by":"anna@example.com","data":[{"Order":2,"Mail":"bert@example.com"}]}`, "", nil, "it names the person outside of its records"},
		{"a text of its own", "a.reason.txt", "", "Nobody.\n", "Nobody.\n", nil, ""},
		{"no table", "a.csv", source, "\x00\x01anna@example.com\x00", "", nil, "it cannot be read as a table"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, gz := range []bool{false, true} {
				var mappings []*Mapping
				of := Origin{Places: c.places}
				if c.source != "" {
					of.Mapping = compiled(t, c.source)
					mappings = append(mappings, of.Mapping)
				}
				h := newHouse(t, mappings...)
				name, data := c.file, []byte(c.text)
				if gz && !slices.Contains([]string{"by each column", "UTF-16", "JSON"}, c.name) {
					continue
				}
				if gz {
					name, data = name+".gz", packed(t, string(data))
				}
				if err := os.MkdirAll(filepath.Join(h.home, "archive"), 0o700); err != nil {
					t.Fatal(err)
				}
				path := h.write(t, "archive/"+name, data)
				s, err := h.Scrubber(annas())
				if err != nil {
					t.Fatal(err)
				}
				look, err := s.Look(t.Context(), path, of)
				if err != nil {
					t.Fatal(err)
				}
				held, err := s.Scrub(t.Context(), path, of)
				if err != nil {
					t.Fatal(err)
				}
				if look.Records != held.Records || look.Whole != held.Whole || held.Whole != c.whole {
					t.Errorf("a look finds %+v, scrubbing %+v, want %q", look, held, c.whole)
				}
				got, err := os.ReadFile(path)
				if c.whole != "" {
					if !os.IsNotExist(err) {
						t.Error("the file is still there")
					}
					continue
				}
				if err != nil {
					t.Fatal(err)
				}
				want := c.want
				if want == "" {
					want = c.text
				}
				if text := string(unpackedText(t, got)); text != want {
					t.Errorf("scrubbed it is\n%q, want\n%q", text, want)
				}
				if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
					t.Errorf("its mode is %v", info.Mode())
				}
				if again, err := s.Look(t.Context(), path, Origin{Mapping: of.Mapping}); err != nil || !again.Nothing() {
					t.Errorf("a second look finds %+v, %v", again, err)
				}
			}
		})
	}
}

// FuzzScrub holds that a scrubbed file has the records it had, on the same lines, and that those of others are byte for byte
// what they were.
func FuzzScrub(f *testing.F) {
	for _, seed := range []string{
		"Id,Mail\n1,anna@example.com\n2,bert@example.com\n", "Id;Mail\r\n1;\"anna@example.com\r\nx\"\r\n2;\"a\"b\r\n", "a\tb\n\"anna@example.com\n\"c\td\n",
		`[{"m":"anna@example.com"},{"m":"x},{"n":"y"},{"m":1}]`, "{\"m\":\"anna@example.com\"}\n{\"m\":\n\n[1]", `[{"a":"b,{"m":"anna@example.com"}},{"c":"}]`,
		"\xff\xfea\x00,\x00b\x00\n\x00", "a,b\n\xe9,anna@example.com\n", "[1,anna@example.com,[\"anna@example.com\"],\"\\\"anna@example.com\"]",
	} {
		f.Add([]byte(seed), byte(0))
		f.Add([]byte(seed), byte(1))
		f.Add([]byte(seed), byte(2))
	}
	s, err := New(Config{Now: noon}).Scrubber(annas())
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte, kind byte) { scrubKeeps(t, s, data, kind) })
}

// TestScrubKeepsOthers holds the same for texts that are made of what decides where records end.
func TestScrubKeepsOthers(t *testing.T) {
	t.Parallel()
	s, err := New(Config{Now: noon}).Scrubber(annas())
	if err != nil {
		t.Fatal(err)
	}
	pieces := []string{"\"", ",", "\n", "\r\n", "{", "}", "[", "]", ":", "\\", "\\\"", " ", "a", "1", "anna@example.com", "\"anna@example.com\"", "é", "{\"m\":\"", "},{", "bert@example.com"}
	r := rand.New(rand.NewPCG(1, 2))
	for range 60 {
		var b strings.Builder
		b.WriteString([]string{"Id,Mail\n", "[", "{\"a\":[", "a\tb\n"}[r.IntN(4)])
		for range 4 + r.IntN(40) {
			b.WriteString(pieces[r.IntN(len(pieces))])
		}
		if scrubKeeps(t, s, []byte(b.String()), byte(r.IntN(3))); t.Failed() {
			t.Fatalf("the text is %q", b.String())
		}
	}
}

// scrubKeeps scrubs a file and compares what is there with what was.
func scrubKeeps(t *testing.T, s *Scrubber, data []byte, kind byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file"+[]string{".csv", ".json", ".jsonl"}[kind%3])
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	before, err := s.examine(t.Context(), path, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if before.held.Whole != "" || before.pass == nil {
		return
	}
	was := recordsOf(t, before)
	held, err := s.Scrub(t.Context(), path, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	after, err := s.examine(t.Context(), path, Origin{})
	if err != nil {
		t.Fatal(err)
	}
	if !after.held.Nothing() {
		t.Errorf("scrubbed, the file still holds %+v", after.held)
	}
	after.pass.format, after.pass.sheet.dialect = before.pass.format, before.pass.sheet.dialect
	is := recordsOf(t, after)
	if len(is) != len(was) {
		t.Fatalf("of %d records %d are there", len(was), len(is))
	}
	changed := 0
	for i := range was {
		if is[i].line != was[i].line {
			t.Fatalf("record %d is on line %d, and was on %d", i+1, is[i].line, was[i].line)
		}
		if is[i].text != was[i].text {
			changed++
			if !slices.ContainsFunc(before.regions, func(r region) bool { return r.start <= was[i].offset && was[i].offset <= r.end }) {
				t.Errorf("record %d was %q, and is %q", i+1, was[i].text, is[i].text)
			}
		}
	}
	if changed > held.Records {
		t.Errorf("%d records changed, and %d were told", changed, held.Records)
	}
}

type cutRecord struct {
	text   string
	line   uint64
	offset int64
}

func recordsOf(t testing.TB, e *examination) (all []cutRecord) {
	t.Helper()
	cut, closer, err := e.lines()
	if err != nil {
		t.Fatal(err)
	}
	defer closer.Close()
	for more := true; more; {
		b := &block{}
		if more, err = cut.next(b); err != nil {
			t.Fatal(err)
		}
		for i, s := range b.spans {
			all = append(all, cutRecord{b.record(i), s.line, s.offset})
		}
	}
	return all
}
