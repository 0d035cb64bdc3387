package normalize

import "testing"

func TestZip(t *testing.T) {
	in := func(country string, cases []outcome) table {
		return table{"country " + country, cases, func(s string) (string, Note) { return NormalZip(s, country) },
			func(s string) (Hash, bool, Note) { return Zip(s, country) }}
	}
	checkTables(t, shared(), in("USA", []outcome{
		{"five", "94115", "94115", NoteNone}, {"plus four", "94115-1234", "94115", NoteNone},
		{"plus four with space", "94115 1234", "94115", NoteNone}, {"plus four together", "941151234", "94115", NoteNone},
		{"lost zero", "2134", "02134", ZeroRestored}, {"kept zero", "02134", "02134", NoteNone},
		{"lost zero, plus four", "2134-1234", "02134", ZeroRestored}, {"lost zero, spreadsheet's number", "2134.0", "02134", ZeroRestored},
		{"spreadsheet's number", "94115.0", "94115", NoteNone}, {"full-width", "９４１１５", "94115", NoteNone},
		{"arabic digits", "٩٤١١٥", "94115", NoteNone}, {"no-break space", "\u00a094115", "94115", NoteNone},
		{"dangling dash", "94115-", "94115", NoteNone},
		{"start of a zip", "941", "", Unusable}, {"six digits", "941151", "", Unusable}, {"zeros", "00000", "", Unusable}, {"zeros, plus four", "00000-0001", "", Unusable},
		{"canadian after all", "K1A 0B1", "k1a0b1", NoteNone}, {"punctuation", "!!", "", Unusable},
		{"formula of a spreadsheet", `="02134"`, "02134", NoteNone}, {"apostrophe of a spreadsheet", "'02134", "02134", NoteNone},
		{"devanagari digits", "९४११५", "94115", NoteNone}, {"direction marks", "\u200e94115\u200e", "94115", NoteNone}, {"dash of print", "94115–1234", "94115", NoteNone},
		{"state before", "CA 94115", "ca94115", NoteNone}, {"two digits", "94", "", Unusable}, {"ten digits", "9411512345", "", Unusable},
	}), in("PR", []outcome{
		{"whole", "00901", "00901", NoteNone}, {"two lost zeros", "901", "00901", ZeroRestored}, {"one lost zero", "0901", "00901", ZeroRestored},
	}), in("VI", []outcome{{"two lost zeros", "802", "00802", ZeroRestored}}),
		in("GU", []outcome{{"whole", "96910", "96910", NoteNone}, {"no zero to lose", "969", "", Unusable}}),
		in("UK", []outcome{
			{"space", "M1 1AE", "m11ae", NoteNone}, {"no space", "SW1A1AA", "sw1a1aa", NoteNone}, {"lower case", "ec1a 1bb", "ec1a1bb", NoteNone},
			{"outward code", "W1", "w1", NoteNone},
			{"no-break space", "M1\u00a01AE", "m11ae", NoteNone}, {"dash", "M1-1AE", "m11ae", NoteNone}, {"full-width", "Ｍ１　１ＡＥ", "m11ae", NoteNone},
		}), in("PT", []outcome{
			{"dash", "1000-205", "1000205", NoteNone}, {"dutch", "1012 AB", "1012ab", NoteNone}, {"four digits", "1012", "1012", NoteNone},
			{"japanese mark", "〒100-0001", "1000001", NoteNone}, {"japanese full-width", "１００－０００１", "1000001", NoteNone},
			{"prefix", "D-10115", "d10115", NoteNone}, {"persian digits", "۱۲۳۴۵-۶۷۸۹۰", "1234567890", NoteNone},
			{"full-width letters", "ＡＢ１", "ab1", NoteNone}, {"nine with dash", "12345-6789", "123456789", NoteNone}, {"russian", "Индекс 1", "индекс1", NoteNone},
			{"hidden md5", "5d41402abc4b2a76-b9719d911017c592", "", WeakHash},
			{"irish", "D02 AF30", "d02af30", NoteNone}, {"canadian in lower case", "k1a 0b1", "k1a0b1", NoteNone}, {"indian with a space", "110 001", "110001", NoteNone},
			{"arabic digits", "١١٥٦٤", "11564", NoteNone}, {"bengali digits", "১২০৭", "1207", NoteNone}, {"thai digits", "๑๐๒๐๐", "10200", NoteNone},
			{"korean word", "우편번호 03187", "우편번호03187", NoteNone}, {"decomposed", "e\u03011", "é1", NoteNone}, {"zero-width space", "10\u200b12", "1012", NoteNone},
			{"zeros", "0000", "", Unusable}, {"emoji", "📮", "", Unusable}, {"hidden word for nothing", "n/o/n/e", "", Missing},
		}), in("", []outcome{
			{"zip plus four", "94115-1234", "94115", NoteNone}, {"four digits stay", "2134", "2134", NoteNone}, {"brazil", "01310-100", "01310100", NoteNone},
		}), in("Narnia", []outcome{
			{"no american zip", "94115-1234", "941151234", NoteNone}, {"five", "94115", "94115", NoteNone}, {"word", "Lantern", "lantern", NoteNone},
		}))
}
