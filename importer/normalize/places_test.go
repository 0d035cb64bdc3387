package normalize

import (
	"strings"
	"testing"

	"github.com/biter777/countries"
)

func TestCountry(t *testing.T) {
	checkTable(t, append(shared(), []outcome{
		{"alpha-2", "US", "us", NoteNone},
		{"alpha-2 in lower case", "nl", "nl", NoteNone},
		{"alpha-3", "USA", "us", NoteNone},
		{"alpha-3 unlike alpha-2", "CHE", "ch", NoteNone},
		{"dotted", "U.S.A.", "us", NoteNone},
		{"name", "United States", "us", NoteNone},
		{"long name", "United States of America", "us", NoteNone},
		{"article", "the Netherlands", "nl", NoteNone},
		{"holland", "Holland", "nl", NoteNone},
		{"uk", "UK", "gb", NoteNone},
		{"dotted uk", "U.K.", "gb", NoteNone},
		{"great britain", "Great Britain", "gb", NoteNone},
		{"england", "England", "gb", NoteNone},
		{"scotland", "Scotland", "gb", NoteNone},
		{"northern ireland", "Northern Ireland", "gb", NoteNone},
		{"official united kingdom", "United Kingdom of Great Britain and Northern Ireland (the)", "gb", NoteNone},
		{"uae", "UAE", "ae", NoteNone},
		{"el for greece", "EL", "gr", NoteNone},
		{"namibia is no missing value", "NA", "na", NoteNone},
		{"kosovo", "Kosovo", "xk", NoteNone},
		{"georgia", "Georgia", "ge", NoteNone},
		{"iran", "Iran, Islamic Republic of", "ir", NoteNone},
		{"iran in brackets", "Iran (Islamic Republic of)", "ir", NoteNone},
		{"south korea", "Korea, Republic of", "kr", NoteNone},
		{"north korea", "Korea (the Democratic People's Republic of)", "kp", NoteNone},
		{"north korea, short", "Korea, North", "kp", NoteNone},
		{"north korea in brackets", "Korea (North)", "kp", NoteNone},
		{"congo", "Republic of the Congo", "cg", NoteNone},
		{"other congo", "Congo (the Democratic Republic of the)", "cd", NoteNone},
		{"virgin islands", "Virgin Islands (U.S.)", "vi", NoteNone},
		{"other virgin islands", "Virgin Islands (British)", "vg", NoteNone},
		{"which virgin islands", "Virgin Islands", "", Unusable},
		{"taiwan", "Taiwan, Province of China", "tw", NoteNone},
		{"ampersand", "Trinidad & Tobago", "tt", NoteNone},
		{"saint", "St. Vincent & the Grenadines", "vc", NoteNone},
		{"ivory coast", "Côte d'Ivoire", "ci", NoteNone},
		{"curly apostrophe", "Côte d’Ivoire", "ci", NoteNone},
		{"turkey's new name", "Türkiye", "tr", NoteNone},
		{"note in brackets", "Germany (West)", "de", NoteNone},
		{"german", "Deutschland", "de", NoteNone},
		{"spanish", "España", "es", NoteNone},
		{"portuguese", "México", "mx", NoteNone},
		{"french", "États-Unis", "us", NoteNone},
		{"russian", "Россия", "ru", NoteNone},
		{"japanese", "日本", "jp", NoteNone},
		{"korean", "대한민국", "kr", NoteNone},
		{"arabic", "مصر", "eg", NoteNone},
		{"greek", "Ελλάδα", "gr", NoteNone},
		{"no such code", "XQ", "", Unusable},
		{"gone", "Yugoslavia", "", Unusable},
		{"gone code", "AN", "", Unusable},
		{"the library's nowhere", "International", "", Unusable},
		{"vehicle code", "RCH", "", Unusable},
		{"digits", "U5", "", Unusable},
		{"numeric", "840", "", Unusable},
		{"county", "Norfolk", "", Unusable},
		{"territory that has the county's name", "Norfolk Island", "nf", NoteNone},
		{"not a prefix", "Northern Marianas", "", Unusable},
		{"one letter", "U", "", Unusable},
		{"planet", "Mars", "", Unusable},
		{"very long", strings.Repeat("land ", 60), "", Unusable},
	}...), NormalCountry, Country)
}

// TestISOCodes holds the list of codes to the library's, which follows ISO 3166-1, less the two countries it keeps
// although they are no more.
func TestISOCodes(t *testing.T) {
	t.Parallel()
	found := 0
	for _, country := range countries.All() {
		two, three := country.Alpha2(), country.Alpha3()
		if two == "AN" || two == "YU" {
			continue
		}
		found++
		for _, written := range []string{two, strings.ToLower(two), three, country.String()} {
			if got, ok := CountryCode(written); !ok || got != strings.ToLower(two) {
				t.Errorf("%q is %q, %v, want %s", written, got, ok, two)
			}
		}
	}
	if 2*found != len(isoCodes) {
		t.Errorf("the library has %d countries, the list %d", found, len(isoCodes)/2)
	}
}

func TestCountryAliases(t *testing.T) {
	t.Parallel()
	for name, code := range countryAliases {
		if got, ok := CountryCode(name); got != code || ok != (code != "") {
			t.Errorf("%q is %q, %v, want %q", name, got, ok, code)
		}
		if _, ok := alpha2(code); code != "" && !ok {
			t.Errorf("%q stands for %q, which is no code", name, code)
		}
	}
}

func TestHasherRemembersFewCountries(t *testing.T) {
	t.Parallel()
	var h Hasher
	for i := range 2 * maxCountries {
		h.countryCode("Somewhere " + string(rune('一'+i)))
	}
	if len(h.countries) != maxCountries {
		t.Errorf("%d names are remembered, want %d", len(h.countries), maxCountries)
	}
	for range 2 {
		if code, ok := h.countryCode("Portugal"); !ok || code != "pt" {
			t.Errorf("a full memory gives %q, %v for Portugal", code, ok)
		}
	}
}

func TestState(t *testing.T) {
	in := func(country string, cases []outcome) func(*testing.T) {
		return func(t *testing.T) {
			checkTable(t, append(shared(), cases...), func(s string) (string, Note) { return NormalState(s, country) },
				func(s string) (Hash, bool, Note) { return State(s, country) })
		}
	}
	t.Run("us", in("United States", []outcome{
		{"code", "CA", "ca", NoteNone}, {"code in lower case", "ny", "ny", NoteNone},
		{"dotted code", "N.Y.", "ny", NoteNone}, {"name", "California", "ca", NoteNone},
		{"calif", "Calif.", "ca", NoteNone}, {"mass", "Mass.", "ma", NoteNone}, {"fla", "Fla.", "fl", NoteNone},
		{"penna", "Penna.", "pa", NoteNone}, {"wash", "Wash", "wa", NoteNone}, {"ind", "Ind.", "in", NoteNone},
		{"two words", "New  York", "ny", NoteNone}, {"west virginia", "West Virginia", "wv", NoteNone},
		{"virginia", "Virginia", "va", NoteNone}, {"arkansas", "Arkansas", "ar", NoteNone}, {"kansas", "Kansas", "ks", NoteNone},
		{"dc", "D.C.", "dc", NoteNone}, {"washington dc", "Washington, D.C.", "dc", NoteNone},
		{"district", "District of Columbia", "dc", NoteNone}, {"washington", "Washington", "wa", NoteNone},
		{"washington state", "Washington State", "wa", NoteNone}, {"state of", "State of New York", "ny", NoteNone},
		{"iso 3166-2", "US-TX", "tx", NoteNone}, {"puerto rico", "Puerto Rico", "pr", NoteNone},
		{"commonwealth", "Commonwealth of Puerto Rico", "pr", NoteNone},
		{"guam", "Guam", "gu", NoteNone}, {"virgin islands", "U.S. Virgin Islands", "vi", NoteNone},
		{"armed forces", "AE", "ae", NoteNone}, {"okina", "Hawaiʻi", "hi", NoteNone},
		{"ontario after all", "Ontario", "on", NoteNone}, {"not a state", "Bavaria", "", Unusable},
		{"no such code", "XX", "", Unusable}, {"number", "06", "", Unusable}, {"chinese", "加州", "", Unusable},
		{"too long", strings.Repeat("california", 9), "", Unusable},
	}))
	t.Run("canada", in("CA", []outcome{
		{"code", "QC", "qc", NoteNone}, {"name", "Ontario", "on", NoteNone}, {"accents", "Québec", "qc", NoteNone},
		{"decomposed", "Que\u0301bec", "qc", NoteNone}, {"short", "Ont.", "on", NoteNone}, {"old code", "PQ", "qc", NoteNone},
		{"pei", "P.E.I.", "pe", NoteNone}, {"island", "Prince Edward Island", "pe", NoteNone},
		{"french island", "Île-du-Prince-Édouard", "pe", NoteNone}, {"bc", "B.C.", "bc", NoteNone},
		{"french bc", "Colombie-Britannique", "bc", NoteNone}, {"newfoundland", "Newfoundland & Labrador", "nl", NoteNone},
		{"yukon", "Yukon Territory", "yt", NoteNone}, {"nwt", "NWT", "nt", NoteNone}, {"nunavut", "Nunavut", "nu", NoteNone},
		{"iso 3166-2", "CA-AB", "ab", NoteNone}, {"province of", "Province of Alberta", "ab", NoteNone},
		{"province de", "Province de Québec", "qc", NoteNone},
		{"california after all", "California", "ca", NoteNone}, {"not a province", "Zuid-Holland", "", Unusable},
	}))
	t.Run("elsewhere", in("AU", []outcome{
		{"name", "New South Wales", "newsouthwales", NoteNone}, {"code", "NSW", "nsw", NoteNone},
		{"no american state", "WA", "wa", NoteNone}, {"no short form", "Vic.", "vic", NoteNone},
		{"accents", "Île-de-France", "îledefrance", NoteNone}, {"umlaut", "Baden-Württemberg", "badenwürttemberg", NoteNone},
		{"digits", "JP-13", "jp13", NoteNone}, {"japanese", "東京都", "東京都", NoteNone}, {"arabic", "الرياض", "الرياض", NoteNone},
		{"russian", "Московская область", "московскаяобласть", NoteNone}, {"calif stays", "Calif.", "calif", NoteNone},
		{"marks", "!!", "", Unusable},
	}))
	t.Run("nowhere", in("", []outcome{
		{"code", "CA", "ca", NoteNone}, {"unknown code", "ZZ", "zz", NoteNone}, {"name", "California", "ca", NoteNone},
		{"short form", "Calif.", "ca", NoteNone}, {"province", "Québec", "qc", NoteNone}, {"old code stays", "PQ", "pq", NoteNone},
		{"other", "Bayern", "bayern", NoteNone}, {"dc", "Washington, D.C.", "dc", NoteNone},
	}))
}

// TestStateTables holds every entry to being found, and to standing for a code of its own table.
func TestStateTables(t *testing.T) {
	t.Parallel()
	for country, table := range map[string]map[string]string{"us": usStates, "ca": caProvinces} {
		for name, code := range table {
			if table[code] != code {
				t.Errorf("%s: %q stands for %q, which is no code", country, name, code)
			}
			if got, _ := NormalState(name, country); got != code {
				t.Errorf("%s: %q became %q, want %q", country, name, got, code)
			}
		}
	}
}

func TestZip(t *testing.T) {
	in := func(country string, cases []outcome) func(*testing.T) {
		return func(t *testing.T) {
			checkTable(t, append(shared(), cases...), func(s string) (string, Note) { return NormalZip(s, country) },
				func(s string) (Hash, bool, Note) { return Zip(s, country) })
		}
	}
	t.Run("us", in("USA", []outcome{
		{"five", "94115", "94115", NoteNone}, {"plus four", "94115-1234", "94115", NoteNone},
		{"plus four with space", "94115 1234", "94115", NoteNone}, {"plus four together", "941151234", "94115", NoteNone},
		{"lost zero", "2134", "02134", ZeroRestored}, {"kept zero", "02134", "02134", NoteNone},
		{"lost zero, plus four", "2134-1234", "02134", ZeroRestored}, {"lost zero, spreadsheet's number", "2134.0", "02134", ZeroRestored},
		{"spreadsheet's number", "94115.0", "94115", NoteNone}, {"full-width", "９４１１５", "94115", NoteNone},
		{"arabic digits", "٩٤١١٥", "94115", NoteNone}, {"no-break space", "\u00a094115", "94115", NoteNone},
		{"dangling dash", "94115-", "94115", NoteNone},
		{"start of a zip", "941", "", Unusable}, {"six digits", "941151", "", Unusable}, {"zeros", "00000", "", Unusable}, {"zeros, plus four", "00000-0001", "", Unusable},
		{"canadian after all", "K1A 0B1", "k1a0b1", NoteNone}, {"punctuation", "!!", "", Unusable},
	}))
	t.Run("puerto rico", in("PR", []outcome{
		{"whole", "00901", "00901", NoteNone}, {"two lost zeros", "901", "00901", ZeroRestored}, {"one lost zero", "0901", "00901", ZeroRestored},
	}))
	t.Run("britain", in("UK", []outcome{
		{"space", "M1 1AE", "m11ae", NoteNone}, {"no space", "SW1A1AA", "sw1a1aa", NoteNone}, {"lower case", "ec1a 1bb", "ec1a1bb", NoteNone},
		{"outward code", "W1", "w1", NoteNone},
	}))
	t.Run("elsewhere", in("PT", []outcome{
		{"dash", "1000-205", "1000205", NoteNone}, {"dutch", "1012 AB", "1012ab", NoteNone}, {"four digits", "1012", "1012", NoteNone},
		{"japanese mark", "〒100-0001", "1000001", NoteNone}, {"japanese full-width", "１００－０００１", "1000001", NoteNone},
		{"prefix", "D-10115", "d10115", NoteNone}, {"persian digits", "۱۲۳۴۵-۶۷۸۹۰", "1234567890", NoteNone},
		{"full-width letters", "ＡＢ１", "ab1", NoteNone}, {"nine with dash", "12345-6789", "123456789", NoteNone}, {"russian", "Индекс 1", "индекс1", NoteNone},
		{"hidden md5", "5d41402abc4b2a76-b9719d911017c592", "", WeakHash},
	}))
	t.Run("nowhere", in("", []outcome{
		{"zip plus four", "94115-1234", "94115", NoteNone}, {"four digits stay", "2134", "2134", NoteNone}, {"brazil", "01310-100", "01310100", NoteNone},
	}))
	t.Run("unknown country", in("Narnia", []outcome{
		{"no american zip", "94115-1234", "941151234", NoteNone}, {"five", "94115", "94115", NoteNone}, {"word", "Lantern", "lantern", NoteNone},
	}))
}
