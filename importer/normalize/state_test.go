package normalize

import (
	"strings"
	"testing"
)

func TestState(t *testing.T) {
	in := func(country string, cases []outcome) table {
		return table{"country " + country, cases, func(s string) (string, Note) { return NormalState(s, country) },
			func(s string) (Hash, bool, Note) { return State(s, country) }}
	}
	checkTables(t, shared(), in("United States", []outcome{
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
		{"full-width", "ＣＡ", "ca", NoteNone}, {"zero-width space", "C\u200bA", "ca", NoteNone}, {"direction marks", "\u200eCA\u200e", "ca", NoteNone},
		{"name and code", "California (CA)", "ca", NoteNone}, {"code and name", "NY - New York", "ny", NoteNone}, {"name and another code", "California (NY)", "", Unusable},
		{"spelled short", "N. Carolina", "nc", NoteNone}, {"south dakota", "S. Dakota", "sd", NoteNone}, {"west virginia, short", "W. Va.", "wv", NoteNone},
		{"kent is kentucky here", "Kent.", "ky", NoteNone}, {"territory's code", "PR", "pr", NoteNone}, {"marianas", "Northern Mariana Islands", "mp", NoteNone},
		{"cyrillic look-alikes", "СА", "", Unusable}, {"arabic", "كاليفورنيا", "", Unusable}, {"town", "New York City", "", Unusable},
	}), in("CA", []outcome{
		{"code", "QC", "qc", NoteNone}, {"name", "Ontario", "on", NoteNone}, {"accents", "Québec", "qc", NoteNone},
		{"decomposed", "Que\u0301bec", "qc", NoteNone}, {"short", "Ont.", "on", NoteNone}, {"old code", "PQ", "qc", NoteNone},
		{"pei", "P.E.I.", "pe", NoteNone}, {"island", "Prince Edward Island", "pe", NoteNone},
		{"french island", "Île-du-Prince-Édouard", "pe", NoteNone}, {"bc", "B.C.", "bc", NoteNone},
		{"french bc", "Colombie-Britannique", "bc", NoteNone}, {"newfoundland", "Newfoundland & Labrador", "nl", NoteNone},
		{"yukon", "Yukon Territory", "yt", NoteNone}, {"nwt", "NWT", "nt", NoteNone}, {"nunavut", "Nunavut", "nu", NoteNone},
		{"iso 3166-2", "CA-AB", "ab", NoteNone}, {"province of", "Province of Alberta", "ab", NoteNone},
		{"province de", "Province de Québec", "qc", NoteNone},
		{"california after all", "California", "ca", NoteNone}, {"not a province", "Zuid-Holland", "", Unusable},
		{"nova scotia", "Nouvelle-Écosse", "ns", NoteNone}, {"nova scotia, short in french", "N.-É.", "ns", NoteNone},
		{"newfoundland, short in french", "T.-N.-L.", "nl", NoteNone}, {"old newfoundland in french", "T.-N.", "nl", NoteNone},
		{"new brunswick in french", "Nouveau-Brunswick", "nb", NoteNone}, {"territories in french", "Territoires du Nord-Ouest", "nt", NoteNone},
		{"island, short in french", "Î.-P.-É.", "pe", NoteNone}, {"yukon in french", "Yn", "yt", NoteNone}, {"curly apostrophe", "Territoire d’Yukon", "", Unusable},
	}), in("PR", []outcome{
		{"puerto rico of puerto rico", "Puerto Rico", "pr", NoteNone}, {"its code", "PR", "pr", NoteNone}, {"a town of it", "San Juan", "sanjuan", NoteNone},
		{"a state of the us stays as given", "Florida", "florida", NoteNone},
	}), in("VI", []outcome{{"islands", "U.S. Virgin Islands", "vi", NoteNone}, {"an island", "St. Croix", "stcroix", NoteNone}}),
		in("AU", []outcome{
			{"name", "New South Wales", "newsouthwales", NoteNone}, {"code", "NSW", "nsw", NoteNone},
			{"no american state", "WA", "wa", NoteNone}, {"no short form", "Vic.", "vic", NoteNone},
			{"accents", "Île-de-France", "îledefrance", NoteNone}, {"umlaut", "Baden-Württemberg", "badenwürttemberg", NoteNone},
			{"digits", "JP-13", "jp13", NoteNone}, {"japanese", "東京都", "東京都", NoteNone}, {"arabic", "الرياض", "الرياض", NoteNone},
			{"russian", "Московская область", "московскаяобласть", NoteNone}, {"calif stays", "Calif.", "calif", NoteNone},
			{"marks", "!!", "", Unusable},
			{"territory stays", "Northern Territory", "northernterritory", NoteNone}, {"decomposed", "I\u0302le-de-France", "îledefrance", NoteNone},
			{"greek final sigma", "ΝΟΜΟΣ ΑΤΤΙΚΗΣ", "νομοσαττικης", NoteNone}, {"turkish", "İzmir", "i\u0307zmir", NoteNone}, {"hebrew", "מחוז הדרום", "מחוזהדרום", NoteNone},
			{"devanagari", "महाराष्ट्र", "महाराष्ट्र", NoteNone}, {"thai", "เชียงใหม่", "เชียงใหม่", NoteNone}, {"hangul", "경기도", "경기도", NoteNone},
			{"digits of another script stay", "ولاية ٣", "ولاية٣", NoteNone}, {"emoji", "Victoria 🦘", "victoria", NoteNone}, {"hidden word for nothing", "n.u.l.l", "", Missing},
		}), in("GB", []outcome{{"county", "Kent", "kent", NoteNone}, {"durham", "Co. Durham", "codurham", NoteNone}, {"dc", "DC", "dc", NoteNone}}),
		in("", []outcome{
			{"code", "CA", "ca", NoteNone}, {"unknown code", "ZZ", "zz", NoteNone}, {"name", "California", "ca", NoteNone},
			{"short form", "Calif.", "ca", NoteNone}, {"province", "Québec", "qc", NoteNone}, {"old code stays", "PQ", "pq", NoteNone},
			{"other", "Bayern", "bayern", NoteNone}, {"dc", "Washington, D.C.", "dc", NoteNone},
			{"english county that is also short for a state", "Kent", "kent", NoteNone}, {"short form with its full stop", "Fla.", "fl", NoteNone},
			{"isle of man", "Man", "man", NoteNone}, {"town that is also short for a state", "Cali", "cali", NoteNone}, {"short name", "Ohio", "oh", NoteNone},
			{"alba of romania", "Alba", "alba", NoteNone}, {"code behind the country", "US-CA", "ca", NoteNone}, {"name and code", "Texas (TX)", "tx", NoteNone},
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
