package normalize

import (
	"strings"
	"testing"

	"github.com/biter777/countries"
)

func TestCountry(t *testing.T) {
	checkTables(t, shared(), table{"a country", []outcome{
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
		{"spaced", "U S A", "us", NoteNone}, {"full-width", "ＵＳ", "us", NoteNone}, {"full-width of three", "ＪＰＮ", "jp", NoteNone},
		{"direction marks", "\u200fIL\u200f", "il", NoteNone}, {"zero-width space", "N\u200bL", "nl", NoteNone},
		{"no-break space", "United\u00a0States", "us", NoteNone}, {"capitals", "DEUTSCHLAND", "de", NoteNone},
		{"decomposed", "Espan\u0303a", "es", NoteNone}, {"apostrophe of a spreadsheet", "'NL", "nl", NoteNone},
		{"austrian", "Österreich", "at", NoteNone}, {"dutch", "Nederland", "nl", NoteNone}, {"flemish", "België", "be", NoteNone},
		{"walloon", "Belgique", "be", NoteNone}, {"both of belgium", "België / Belgique", "be", NoteNone}, {"swiss", "Schweiz", "ch", NoteNone},
		{"romand", "Suisse", "ch", NoteNone}, {"italian", "Italia", "it", NoteNone}, {"french for france", "France", "fr", NoteNone},
		{"polish", "Polska", "pl", NoteNone}, {"czech", "Česko", "cz", NoteNone}, {"swedish", "Sverige", "se", NoteNone},
		{"norwegian", "Norge", "no", NoteNone}, {"danish", "Danmark", "dk", NoteNone}, {"finnish", "Suomi", "fi", NoteNone},
		{"brazilian", "Brasil", "br", NoteNone}, {"chinese", "中国", "cn", NoteNone}, {"short korean", "한국", "kr", NoteNone},
		{"korean decomposed", "\u1112\u1161\u11ab\u1100\u116e\u11a8", "kr", NoteNone}, {"hindi", "भारत", "in", NoteNone}, {"thai", "ประเทศไทย", "th", NoteNone},
		{"hebrew", "ישראל", "il", NoteNone}, {"georgian", "საქართველო", "ge", NoteNone}, {"armenian", "Հայաստան", "am", NoteNone},
		{"ukrainian", "Україна", "ua", NoteNone}, {"kazakh", "Қазақстан", "kz", NoteNone}, {"turkish capitals", "TÜRKİYE", "tr", NoteNone},
		{"french for the netherlands", "Pays-Bas", "nl", NoteNone}, {"spanish for germany", "Alemania", "de", NoteNone},
		{"code and name", "DE - Germany", "de", NoteNone}, {"name and code", "Germany (DE)", "de", NoteNone}, {"part of a country", "GB-ENG", "gb", NoteNone},
		{"part and whole", "England, UK", "gb", NoteNone}, {"two countries", "Germany / Austria", "", Unusable}, {"country and town", "Paris, France", "", Unusable},
		{"georgia of the us", "Georgia (US)", "", Unusable}, {"continent", "Europe", "", Unusable}, {"union", "EU", "", Unusable}, {"arabic town", "دبي", "", Unusable}, {"punctuation", "!!", "", Unusable},
		{"puerto rico is a country too", "PR", "pr", NoteNone}, {"puerto rico by name", "Puerto Rico", "pr", NoteNone}, {"serbia's numeric code", "688", "", Unusable},
	}, NormalCountry, Country})
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
