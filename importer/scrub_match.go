package importer

import (
	"bytes"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"capibara/event"
	"capibara/importer/normalize"
)

// matcher finds people in cells whose columns nobody has named, by the hash that each cell would make.
type matcher struct {
	people    *event.Suppression
	countries []string
	hasher    normalize.Hasher
	phones    map[string]bool // cells that look like telephone numbers: dates and ids come again and again
}

// maxKnownPhones bounds what a matcher remembers.
const maxKnownPhones = 64 << 10

// maxCell is the longest cell, in bytes, that can be one identifier.
const maxCell = 512

func newMatcher(people *event.Suppression, countries []string) *matcher {
	return &matcher{people: people, countries: countries, phones: map[string]bool{}}
}

// cells reports whether one of the cells of a record is about somebody wanted. ids says that any cell may hold an id.
func (m *matcher) cells(cells []string, ids bool) bool {
	for _, cell := range cells {
		if m.cell(cell, cells, ids) {
			return true
		}
	}
	return false
}

func (m *matcher) cell(cell string, beside []string, ids bool) bool {
	if strings.IndexByte(cell, '@') >= 0 && m.addresses(cell) {
		return true
	}
	if len(cell) > maxCell {
		return false
	}
	return phoneShaped(cell) && m.phone(cell, beside) || len(cell) >= 64 && m.hashed(cell) || ids && m.id(cell)
}

// addresses reports whether one of the e-mail addresses in a text is somebody's.
func (m *matcher) addresses(text string) bool {
	if len(text) <= maxCell && m.email(text) {
		return true
	}
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r <= ' ' || strings.ContainsRune("<>()[]{},;:\"'|/\\=", r) }) {
		if strings.IndexByte(word, '@') > 0 && len(word) <= maxCell && m.email(strings.Trim(word, ".!?")) {
			return true
		}
	}
	return false
}

func (m *matcher) email(text string) bool {
	h, ok, _ := m.hasher.Email(text)
	return ok && m.has(event.Email, h)
}

// hashed reports whether a cell is the hash of somebody's identifier, as exports that are hashed already hold.
func (m *matcher) hashed(cell string) bool {
	h, ok, note := m.hasher.ExternalID(cell, false)
	return ok && note == normalize.Prehashed && (m.has(event.Email, h) || m.has(event.Phone, h) || m.has(event.ExternalID, h))
}

// phone reports whether a cell is somebody's telephone number, in a country of the sources or one that stands beside it.
func (m *matcher) phone(cell string, beside []string) bool {
	if known, there := m.phones[cell]; there && known {
		return true
	} else if !there {
		found := false
		for _, country := range m.countries {
			found = found || m.phoneIn(cell, country)
		}
		if len(m.phones) < maxKnownPhones {
			m.phones[strings.Clone(cell)] = found
		}
		if found {
			return true
		}
	}
	for _, other := range beside {
		if len(other) == 2 && other[0]|0x20 >= 'a' && other[1]|0x20 >= 'a' && other[0] < utf8.RuneSelf && m.phoneIn(cell, strings.ToLower(other)) {
			return true
		}
	}
	return false
}

func (m *matcher) phoneIn(cell, country string) bool {
	h, ok, _ := m.hasher.Phone(cell, country, country)
	return ok && m.has(event.Phone, h)
}

// phoneShaped reports whether a cell is written as telephone numbers are.
func phoneShaped(cell string) bool {
	if len(cell) < 6 || len(cell) > 40 {
		return false
	}
	digits := 0
	for i := range len(cell) {
		switch c := cell[i]; {
		case c >= '0' && c <= '9':
			digits++
		case c >= utf8.RuneSelf, strings.IndexByte(" +-.()/\t'=\"telTELxX:", c) >= 0:
		default:
			return false
		}
	}
	return digits >= 6 && digits <= 20
}

// id reports whether a cell is an id of somebody, hashed or as it is.
func (m *matcher) id(cell string) bool {
	id := keyText(cell)
	if normalize.IsMissing(id) {
		return false
	}
	for _, lower := range [...]bool{false, true} {
		if h, ok, _ := m.hasher.ExternalID(id, lower); ok && m.has(event.ExternalID, h) {
			return true
		}
	}
	for _, k := range [...]event.Key{event.ExternalID, event.LeadID, event.MADID, event.SubscriptionID, event.FBLoginID, event.PageScopedID, event.IGAccountID} {
		if m.people.Holds(m.people.SumPlain(event.PlainValue{Key: k, Value: id})) {
			return true
		}
	}
	return false
}

func (m *matcher) has(k event.Key, h event.Hash) bool {
	return m.people.Holds(m.people.Sum(event.HashedValue{Key: k, Hash: h}))
}

// lineValues takes a line of CSV apart. One whose quotation marks are not in order is cut at every delimiter.
func lineValues(line string, d dialect, stray bool) []string {
	if stray {
		cells := strings.Split(line, string(rune(d.delimiter)))
		for i := range cells {
			cells[i] = strings.Trim(cells[i], "\" \t\r\n")
		}
		return cells
	}
	cells := allCells(line, d.delimiter)
	if d.guarded {
		for i := range cells {
			cells[i] = unguard(cells[i])
		}
	}
	return cells
}

// jsonValues are the names and plain values in a JSON text; of one that is malformed whatever stands between its marks.
func jsonValues(text string) []string {
	var values []string
	d := jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true))
	for {
		token, err := d.ReadToken()
		if err != nil {
			break
		}
		if k := token.Kind(); k == '"' || k == '0' {
			values = append(values, token.String())
		}
	}
	if int(d.InputOffset()) < len(strings.TrimRight(text, " \t\r\n")) {
		values = append(values, strings.FieldsFunc(text[d.InputOffset():], func(r rune) bool { return strings.ContainsRune("{}[]:,\"\r\n", r) })...)
	}
	return values
}

// needles are texts that are looked for in running text, whatever their case, as words of their own.
type needles struct {
	texts   [][]byte
	longest int
}

func newNeedles(typed []string) *needles {
	n := &needles{}
	for _, text := range typed {
		for _, form := range forms(text) {
			n.texts = append(n.texts, []byte(form))
			n.longest = max(n.longest, len(form))
		}
	}
	return n
}

// forms are the ways in which what somebody typed may stand in a text.
func forms(typed string) []string {
	text := strings.ToLower(normalize.Clean(typed))
	if strings.IndexByte(text, '@') > 0 {
		all := []string{text}
		if normal, note := normalize.NormalEmail(typed); !note.Dropped() && normal != "" && normal != text {
			all = append(all, normal)
		}
		return all
	}
	normal, note := normalize.NormalPhone(typed, "", "")
	if note != normalize.NoteNone || len(normal) < 8 {
		return nil
	}
	all := []string{normal} // with +, 00 or nothing before it
	if text != normal && text != "+"+normal && text != "00"+normal && phoneShaped(text) {
		all = append(all, text)
	}
	return all
}

// in reports whether one of them stands in a text in lower case, beginning at from or later and not within the last bytes
// that are left out.
func (n *needles) in(text []byte, from, left int) bool {
	for _, needle := range n.texts {
		for at := from; ; at++ {
			i := bytes.Index(text[at:], needle)
			if i < 0 || at+i+len(needle) > len(text)-left {
				break
			}
			at += i
			if !wordBefore(text[:at], needle[0]) && !wordAfter(text[at+len(needle):]) {
				return true
			}
		}
	}
	return false
}

// wordBefore reports whether what stands before a needle belongs to it: another person's address ends like this one, but 00
// and + before a number do not make another of it.
func wordBefore(before []byte, first byte) bool {
	if first >= '0' && first <= '9' {
		before = bytes.TrimSuffix(before, []byte("00"))
	}
	if len(before) == 0 {
		return false
	}
	c := before[len(before)-1]
	return wordByte(c) || first > '9' && (c == '.' || c == '-' || c == '_') && len(before) > 1 && wordByte(before[len(before)-2])
}

func wordAfter(after []byte) bool {
	if len(after) == 0 {
		return false
	}
	return wordByte(after[0]) || (after[0] == '.' || after[0] == '-') && len(after) > 1 && wordByte(after[1])
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// finder looks for needles in a text that comes in pieces.
type finder struct {
	n     *needles
	kept  []byte // the end of what came so far
	from  int    // where in it a needle may begin: what lies before was looked at
	found bool
}

// finderContext is how many bytes around a needle decide whether it is a word of its own.
const finderContext = 4

// add takes the next piece.
func (f *finder) add(piece []byte) {
	if f.found || len(f.n.texts) == 0 {
		return
	}
	f.kept = append(f.kept, bytes.ToLower(piece)...)
	f.found = f.n.in(f.kept, f.from, finderContext)
	if keep := f.n.longest + 2*finderContext; len(f.kept) > keep {
		f.kept = append(f.kept[:0], f.kept[len(f.kept)-keep:]...)
		f.from = finderContext
	}
}

// end reports whether one was found.
func (f *finder) end() bool { return f.found || f.n.in(f.kept, f.from, 0) }
