package normalize

import "testing"

func TestGender(t *testing.T) {
	in := func(record, source string, cases []outcome) table {
		return table{"record " + record + ", source " + source, cases,
			func(s string) (string, Note) { return NormalGender(s, record, source) },
			func(s string) (Hash, bool, Note) { return Gender(s, record, source) }}
	}
	checkTables(t, shared(), in("", "", []outcome{
		{"f", "f", "f", NoteNone}, {"capital m", "M", "m", NoteNone},
		{"female", "Female", "f", NoteNone}, {"male", "MALE", "m", NoteNone},
		{"woman", "woman", "f", NoteNone}, {"man", "Man", "m", NoteNone},
		{"mrs", "Mrs.", "f", NoteNone}, {"mr", "Mr.", "m", NoteNone}, {"maam", "ma'am", "f", NoteNone},
		{"pronouns", "she/her", "f", NoteNone}, {"his pronouns", "He / Him", "m", NoteNone},
		{"german", "weiblich", "f", NoteNone}, {"german he", "Männlich", "m", NoteNone}, {"german letter", "W", "f", NoteNone},
		{"dutch", "vrouw", "f", NoteNone}, {"dutch letter without a country", "v", "", Ambiguous},
		{"french", "Femme", "f", NoteNone}, {"french letter", "H", "m", NoteNone}, {"french title", "Mme", "f", NoteNone},
		{"spanish", "Señora", "f", NoteNone}, {"portuguese", "Masculino", "m", NoteNone},
		{"polish", "Mężczyzna", "m", NoteNone}, {"russian", "женский", "f", NoteNone}, {"greek", "ΆΝΔΡΑΣ", "m", NoteNone},
		{"japanese", "女性", "f", NoteNone}, {"korean", "남자", "m", NoteNone}, {"arabic", "ذكر", "m", NoteNone},
		{"diverse", "divers", "", Omitted}, {"x", "X", "", Omitted}, {"non-binary", "non-binary", "", Omitted},
		{"iso 5218", "1", "", Omitted}, {"not said", "Prefer not to say", "", Omitted}, {"marks", "!!", "", Omitted},
		{"full-width", "Ｆ", "f", NoteNone}, {"zero-width space", "\u200bm\u200b", "m", NoteNone}, {"apostrophe of a spreadsheet", "'F", "f", NoteNone},
		{"decomposed", "Sen\u0303ora", "f", NoteNone}, {"turkish", "KADIN", "", Omitted}, {"turkish in lower case", "kadın", "f", NoteNone},
		{"cyrillic letter", "Ж", "f", NoteNone}, {"cyrillic m", "М", "m", NoteNone}, {"bulgarian", "жена", "f", NoteNone},
		{"hebrew", "נקבה", "f", NoteNone}, {"hebrew he", "זכר", "m", NoteNone}, {"hindi", "महिला", "f", NoteNone}, {"hindi he", "पुरुष", "m", NoteNone},
		{"thai", "หญิง", "f", NoteNone}, {"han letter", "女", "f", NoteNone}, {"han he", "男", "m", NoteNone}, {"korean letter", "여", "f", NoteNone},
		{"arabic she", "أنثى", "f", NoteNone}, {"spanish woman", "Mujer", "f", NoteNone}, {"spanish man", "HOMBRE", "m", NoteNone},
		{"portuguese woman", "Mulher", "f", NoteNone}, {"italian", "Donna", "f", NoteNone}, {"hungarian woman", "nő", "f", NoteNone},
		{"hungarian man", "férfi", "m", NoteNone}, {"unknown letter", "U", "", Omitted}, {"german diverse", "d", "", Omitted},
		{"polish letter that is no code", "K", "", Omitted}, {"both", "f/m", "", Omitted}, {"emoji", "♀️", "", Omitted},
	}), in("MX", "", []outcome{
		{"h", "H", "m", NoteNone}, {"m is mujer or masculino", "M", "", Ambiguous}, {"m with a dot", "m.", "", Ambiguous}, {"f", "F", "f", NoteNone},
		{"hombre", "Hombre", "m", NoteNone}, {"mujer", "MUJER", "f", NoteNone}, {"masculino", "Masculino", "m", NoteNone},
		{"femenino", "Femenino", "f", NoteNone}, {"v is varón", "V", "", Ambiguous}, {"varón", "Varón", "m", NoteNone}, {"male", "male", "m", NoteNone},
	}), in("", "España", []outcome{{"m of the source", "M", "", Ambiguous}, {"h", "h", "m", NoteNone}, {"f", "f", "f", NoteNone}}),
		in("FR", "ES", []outcome{{"a french customer of a spanish shop", "M", "", Ambiguous}}),
		in("Mexico", "US", []outcome{{"a mexican customer of an american shop", "M", "", Ambiguous}}),
		in("BR", "", []outcome{{"m is mulher or masculino", "M", "", Ambiguous}, {"h", "H", "m", NoteNone}}),
		in("LT", "", []outcome{{"m is moteris", "M", "", Ambiguous}, {"v is vyras", "V", "", Ambiguous}, {"vyras", "vyras", "m", NoteNone}}),
		in("HU", "", []outcome{{"f is férfi", "F", "", Ambiguous}, {"m", "M", "m", NoteNone}, {"n is nő, which Meta has no letter for", "N", "", Omitted}}),
		in("NL", "", []outcome{{"v is vrouw", "V", "f", NoteNone}, {"m", "M", "m", NoteNone}}),
		in("ES", "NL", []outcome{{"v of a spanish customer of a dutch shop", "V", "", Ambiguous}}),
		in("FR", "", []outcome{{"h is homme", "H", "m", NoteNone}, {"f", "F", "f", NoteNone}, {"m", "M", "m", NoteNone}}),
		in("Narnia", "n/a", []outcome{{"m", "M", "m", NoteNone}, {"f", "F", "f", NoteNone}}))
}
