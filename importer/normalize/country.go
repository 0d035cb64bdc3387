package normalize

import (
	"strings"
	"unicode"

	"github.com/biter777/countries"
	"golang.org/x/text/unicode/norm"
)

// Country normalises and hashes a country. See NormalCountry.
func Country(s string) (Hash, bool, Note) {
	var h Hasher
	return h.Country(s)
}

// NormalCountry returns the form of a country that is hashed: the lower-case two-letter code of ISO 3166-1, which is
// what Meta asks for, and xk for Kosovo. A value that CountryCode does not know is Unusable.
//
// Meta's parameter builders guess: they look for a country's name anywhere inside the value and otherwise send its
// first two letters, so that Northern Marianas would become no, Norway. Nothing is guessed here.
func NormalCountry(s string) (string, Note) {
	var h Hasher
	n := h.country(s)
	return string(h.out), n
}

// CountryCode returns the lower-case ISO 3166-1 alpha-2 code of a country written as alpha-2, alpha-3, English name,
// common short form (UK, U.S.A., UAE, Holland) or name in its own language or a neighbour's; false if it is none of
// these. Case, accents, spaces and punctuation do not matter, and two forms that agree are one (DE - Germany). England, Scotland, Wales and Northern Ireland are gb. States that
// are no more (Yugoslavia) are unknown.
func CountryCode(s string) (alpha2 string, ok bool) {
	text := Clean(s)
	if missingWord(text) {
		return "", false
	}
	return lookUpCountry(text)
}

func (h *Hasher) country(s string) Note {
	text, note := h.begin(s)
	if note != NoteNone {
		return note
	}
	code, ok := h.countryCode(text)
	if !ok {
		return h.drop(Unusable)
	}
	h.out = append(h.out, code...)
	return NoteNone
}

// countryCode is CountryCode for a value that is clean, and remembers what it looked up.
func (h *Hasher) countryCode(text string) (string, bool) {
	if len(text) == 2 {
		return alpha2(text)
	}
	code, known := h.countries[text]
	if !known {
		code, _ = lookUpCountry(text)
		if h.countries == nil {
			h.countries = make(map[string]string)
		}
		if len(h.countries) < maxCountries {
			h.countries[strings.Clone(text)] = code
		}
	}
	return code, code != ""
}

// longestCountry is more than the longest official name needs, in bytes.
const longestCountry = 120

func lookUpCountry(text string) (string, bool) {
	if len(text) > longestCountry {
		return "", false
	}
	text = strings.Map(narrowASCII, text)
	if code, ok := oneCountry(text); ok {
		return code, true
	}
	if at := strings.IndexAny(text, "/-,("); at > 0 {
		// "DE - Germany", "België / Belgique", "England, UK": both must say the same.
		first, ok := oneCountry(text[:at])
		if second, same := oneCountry(text[at+1:]); ok && same && first == second {
			return first, true
		}
	}
	return "", false
}

func oneCountry(text string) (string, bool) {
	whole, bare, ok := countryWords(text)
	if !ok {
		return "", false
	}
	switch len(whole) {
	case 0, 1:
		return "", false
	case 2:
		return alpha2(whole)
	case 3:
		return alpha3(whole)
	}
	for _, name := range []string{whole, bare, withoutAccents(whole), withoutAccents(bare)} {
		if code, ok := countryName(name); ok {
			return code, true
		}
	}
	// "Hong Kong (SAR)". Where several countries share the word before the bracket, only the whole name will do.
	if before, _, found := strings.Cut(text, "("); found {
		switch name, _, _ := countryWords(before); name {
		case "korea", "congo", "virginislands", "saintmartin", "stmartin", "guinea", "samoa", "sudan", "ireland", "georgia":
		default:
			if len(name) > 3 {
				return countryName(name)
			}
		}
	}
	return "", false
}

// countryWords joins the letters of a name in lower case: all of them, and without the words that lists put in,
// leave out or abbreviate (the, of, and). A digit means that it is no name.
func countryWords(text string) (whole, bare string, ok bool) {
	words := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsNumber(r)
	})
	var all, some strings.Builder
	for _, word := range words {
		if strings.ContainsFunc(word, unicode.IsNumber) {
			return "", "", false
		}
		all.WriteString(word)
		if word != "the" && word != "of" && word != "and" {
			some.WriteString(word)
		}
	}
	return all.String(), some.String(), true
}

func withoutAccents(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(name))
}

func countryName(name string) (string, bool) {
	if code, ok := countryAliases[name]; ok {
		return code, code != ""
	}
	if len(name) < 4 {
		return "", false
	}
	return alpha2(countries.ByName(name).Alpha2())
}

// alpha3 finds a code by the library, which also answers to Olympic and vehicle codes, some of which are another
// country's ISO code; so its answer counts only if the code is the country's own.
func alpha3(code string) (string, bool) {
	if alias, ok := countryAliases[code]; ok {
		return alias, true
	}
	if country := countries.ByName(code); strings.EqualFold(country.Alpha3(), code) {
		return alpha2(country.Alpha2())
	}
	return "", false
}

// alpha2 returns a two-letter code of any case in lower case if ISO 3166-1 has it. UK and EL, which the United Kingdom
// and Greece use for themselves, stand for gb and gr.
func alpha2(code string) (string, bool) {
	if len(code) != 2 || !asciiLetter(code[0]) || !asciiLetter(code[1]) {
		return "", false
	}
	a, b := code[0]|0x20, code[1]|0x20
	switch {
	case a == 'u' && b == 'k':
		return "gb", true
	case a == 'e' && b == 'l':
		return "gr", true
	}
	for i := isoStart[a-'a']; i+1 < len(isoCodes) && isoCodes[i] == a; i += 2 {
		if isoCodes[i+1] == b {
			return isoCodes[i : i+2], true
		}
	}
	return "", false
}

// isoStart says where the codes that begin with a letter start in isoCodes.
var isoStart = func() (start [26]int) {
	for i := len(isoCodes) - 2; i >= 0; i -= 2 {
		start[isoCodes[i]-'a'] = i
	}
	return start
}()

// isoCodes holds the two-letter codes of ISO 3166-1 and xk, sorted.
const isoCodes = "" +
	"adaeafagaialamaoaqarasatauawaxazbabbbdbebfbgbhbibjblbmbnbobqbrbsbtbvbwbybzcacccdcfcgchcickclcmcncocr" +
	"cucvcwcxcyczdedjdkdmdodzeceeegeheresetfifjfkfmfofrgagbgdgegfggghgiglgmgngpgqgrgsgtgugwgyhkhmhnhrhthu" +
	"idieiliminioiqirisitjejmjojpkekgkhkikmknkpkrkwkykzlalblclilklrlsltlulvlymamcmdmemfmgmhmkmlmmmnmompmq" +
	"mrmsmtmumvmwmxmymznancnenfngninlnonpnrnunzompapepfpgphpkplpmpnprpsptpwpyqarerorsrurwsasbscsdsesgshsi" +
	"sjskslsmsnsosrssstsvsxsysztctdtftgthtjtktltmtntotrtttvtwtzuaugumusuyuzvavcvevgvivnvuwfwsxkyeytzazmzw"
