package normalize

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// State normalises and hashes a state or province (st). See NormalState.
func State(s, country string) (Hash, bool, Note) {
	var h Hasher
	return h.State(s, country)
}

// NormalState returns the form of a state, province or region that is hashed as st. Meta: the two-letter code in lower
// case for the US, lower case without punctuation, special characters and spaces elsewhere.
//
// States and territories of the US, DC, the armed forces' codes and the provinces and territories of Canada are
// recognised by code (also US-CA), by name in English and French, by common short form (Calif., Mass., Fla.), and by two
// of these that agree (California (CA), NY - New York). country is anything CountryCode knows; a US territory may stand
// there as a country of its own. Without a country, names of both countries are still recognised, and short forms of up
// to four letters only with their full stop: Kent is a county and Cali a city. A value of a US or Canadian address that
// is none of them is Unusable. Elsewhere the value stays as it is given, neither shortened nor spelled out: whether NSW
// or New South Wales is sent is up to the export, and should be what the pixel sends.
//
// Meta's parameter builders shorten every state of the world to two letters (New South Wales to ne, which is
// Nebraska) and look for a state's name anywhere in the value (West Virginia contains Virginia).
func NormalState(s, country string) (string, Note) {
	var h Hasher
	n := h.state(s, country)
	return string(h.out), n
}

func (h *Hasher) state(s, country string) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	where, _ := h.place(country)
	switch where {
	case "us", "ca":
		code := stateCode(h.narrow(text), where)
		if code == "" {
			return h.drop(Unusable)
		}
		h.out = append(h.out, code...)
		return NoteNone
	case "pr", "vi", "gu", "as", "mp", "um":
		// Of the territory itself; its towns and islands are no states of the US.
		if code := stateCode(h.narrow(text), "us"); code == where {
			h.out = append(h.out, code...)
			return NoteNone
		}
	case "":
		if code := stateByName(h.narrow(text)); code != "" {
			h.out = append(h.out, code...)
			return NoteNone
		}
	}
	h.keep(text, letters|numbers)
	return h.settle()
}

// place returns the code of the country a record names: "" and true when it names none, "" and false when what it
// names is unknown.
func (h *Hasher) place(country string) (string, bool) {
	if len(country) == 2 {
		if code, ok := alpha2(country); ok {
			return code, true
		}
	}
	text := Clean(country)
	if missingWord(text) {
		return "", true
	}
	return h.countryCode(text)
}

// stateCode finds a code in the tables of a country that has them, and then in its neighbour's: an Ontario in a
// file of US addresses is still Ontario.
func stateCode(text, country string) string {
	if code := oneState(text, country); code != "" {
		return code
	}
	if at := strings.IndexAny(text, "-(,/"); at > 0 {
		// "California (CA)", "NY - New York": both must say the same.
		if code := oneState(text[:at], country); code != "" && code == oneState(text[at+1:], country) {
			return code
		}
	}
	return ""
}

func oneState(text, country string) string {
	var buf [maxStateKey]byte
	key := stateKey(buf[:0], text)
	own, other := usStates, caProvinces
	if country == "ca" {
		own, other = caProvinces, usStates
	}
	for range 2 {
		if code := own[string(key)]; code != "" {
			return code
		}
		if code := other[string(key)]; code != "" {
			return code
		}
		// "US-CA", "State of New York", "Washington State".
		key = withoutStateWords(key, len(text))
	}
	return ""
}

// stateByName is stateCode where no country is known: two letters then stand for themselves, and so does a word that is
// short and not plainly an abbreviation.
func stateByName(text string) string {
	if utf8.RuneCountInString(text) <= 2 {
		return ""
	}
	if len(text) <= longestShort && strings.IndexByte(text, '.') < 0 {
		switch strings.ToLower(text) {
		case "iowa", "ohio", "utah", "guam":
		default:
			return ""
		}
	}
	return stateCode(text, "us")
}

// longestShort is the length of the short forms that are also other words.
const longestShort = 4

// maxStateKey is longer than every key; what does not fit is no state.
const maxStateKey = 48

// longestState is more than a name with its accents needs, in bytes.
const longestState = 200

// stateKey appends the letters a to z of text in lower case and without accents to key.
func stateKey(key []byte, text string) []byte {
	for i := range len(text) {
		switch c := text[i]; {
		case c >= utf8.RuneSelf && len(text) > longestState:
			return key[:0]
		case c >= utf8.RuneSelf && !norm.NFD.IsNormalString(text):
			return stateKey(key[:0], norm.NFD.String(text))
		case !asciiLetter(c):
		case len(key) == maxStateKey:
			return key[:0]
		default:
			key = append(key, c|0x20)
		}
	}
	return key
}

// withoutStateWords takes what is no name off the key of a text that is written in so many bytes: more than its
// letters, if a country's code is set apart from a state's.
func withoutStateWords(key []byte, written int) []byte {
	name := string(key)
	if len(name) == len("usca") && written > len(name) {
		if bare, ok := strings.CutPrefix(name, "us"); ok {
			return []byte(bare)
		}
		if bare, ok := strings.CutPrefix(name, "ca"); ok {
			return []byte(bare)
		}
	}
	for _, word := range []string{"thestateof", "stateof", "commonwealthof", "provinceof", "provincede", "territoryof"} {
		name = strings.TrimPrefix(name, word)
	}
	for _, word := range []string{"state", "province", "territory"} {
		name = strings.TrimSuffix(name, word)
	}
	return []byte(name)
}
