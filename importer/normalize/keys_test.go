package normalize

import (
	"testing"
	"time"
)

func TestEmail(t *testing.T) {
	checkTable(t, append(shared(), []outcome{
		{"plain", "mary@example.com", "mary@example.com", NoteNone},
		{"capitals", "MARY@EXAMPLE.COM", "mary@example.com", NoteNone},
		{"spaces around", "\t mary@example.com \r\n", "mary@example.com", NoteNone},
		{"zero-width space inside", "mary@exam\u200bple.com", "mary@example.com", NoteNone},
		{"dots stay", "m.a.r.y@gmail.com", "m.a.r.y@gmail.com", NoteNone},
		{"plus tag stays", "mary+news@gmail.com", "mary+news@gmail.com", NoteNone},
		{"apostrophe", "o'brien@example.com", "o'brien@example.com", NoteNone},
		{"docomo dots", "a..b.@docomo.ne.jp", "a..b.@docomo.ne.jp", NoteNone},
		{"name and address", "Mary Doe <Mary@Example.com>", "mary@example.com", NoteNone},
		{"mailto", "MAILTO:mary@example.com", "mary@example.com", NoteNone},
		{"quotes", `"mary@example.com"`, "mary@example.com", NoteNone},
		{"excel apostrophe", "'mary@example.com", "mary@example.com", NoteNone},
		{"trailing semicolon", "mary@example.com;", "mary@example.com", NoteNone},
		{"trailing dot", "mary@example.com.", "mary@example.com", NoteNone},
		{"umlaut domain", "J@MÜLLER.de", "j@müller.de", NoteNone},
		{"umlaut local", "JÖRG@example.de", "jörg@example.de", NoteNone},
		{"dotted capital i", "İ@example.com", "i\u0307@example.com", NoteNone},
		{"chinese", "用户@例子.公司", "用户@例子.公司", NoteNone},
		{"hindi", "संपर्क@डाटामेल.भारत", "संपर्क@डाटामेल.भारत", NoteNone},
		{"greek final sigma", "ΝΙΚΟΣ@example.gr", "νικος@example.gr", NoteNone},
		{"full width", "ｍａｒｙ＠ｅｘａｍｐｌｅ．ｃｏｍ", "mary@example.com", NoteNone},
		{"no at", "mary.example.com", "", Unusable},
		{"two ats", "mary@home@example.com", "", Unusable},
		{"no local", "@example.com", "", Unusable},
		{"no domain", "mary@", "", Unusable},
		{"no dot", "mary@localhost", "", Unusable},
		{"empty label", "mary@example..com", "", Unusable},
		{"hyphen at the edge", "mary@-example.com", "", Unusable},
		{"numeric top", "mary@10.0.0.1", "", Unusable},
		{"short top", "mary@example.c", "", Unusable},
		{"space inside", "mary @example.com", "", Unusable},
		{"two addresses", "a@example.com; b@example.com", "", Unusable},
		{"umlaut and a bracket", "jö(rg@example.de", "", Unusable},
		{"long local", "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg@example.com", "", Unusable},
		{"words", "no email", "", Unusable},
	}...), NormalEmail, Email)
}

func TestName(t *testing.T) {
	cases := append(shared(), []outcome{
		{"plain", "Mary", "mary", NoteNone},
		{"capitals", "MARY", "mary", NoteNone},
		{"two words", "Mary Ann", "maryann", NoteNone},
		{"hyphen", "Jean-Luc", "jeanluc", NoteNone},
		{"apostrophe", "O'Brien", "obrien", NoteNone},
		{"curly apostrophe", "O’Brien", "obrien", NoteNone},
		{"acute as apostrophe", "O´Brien", "obrien", NoteNone},
		{"dot", "Sammy Davis Jr.", "sammydavisjr", NoteNone},
		{"digits stay", "John 3rd", "john3rd", NoteNone},
		{"dollar", "Ke$ha", "keha", NoteNone},
		{"emoji", "Mary 😀", "mary", NoteNone},
		{"composed", "Val\u00e9ry", "valéry", NoteNone},
		{"decomposed", "Vale\u0301ry", "valéry", NoteNone},
		{"capital accent", "ÉLODIE", "élodie", NoteNone},
		{"german", "Weiß", "weiß", NoteNone},
		{"capital sharp s", "WEIẞ", "weiß", NoteNone},
		{"turkish", "İbrahim", "i\u0307brahim", NoteNone},
		{"polish", "Łukasz", "łukasz", NoteNone},
		{"greek final sigma", "ΓΙΩΡΓΟΣ", "γιωργος", NoteNone},
		{"cyrillic", "Наталья", "наталья", NoteNone},
		{"georgian", "გიორგი", "გიორგი", NoteNone},
		{"korean", "정", "정", NoteNone},
		{"korean jamo", "\u110c\u1165\u11bc", "정", NoteNone},
		{"japanese", "山田 太郎", "山田太郎", NoteNone},
		{"japanese dot and mark", "ジョン・スミスー", "ジョンスミスー", NoteNone},
		{"arabic", "محمد علي", "محمدعلي", NoteNone},
		{"hebrew with geresh", "ז׳אן", "זאן", NoteNone},
		{"hindi marks stay", "श्रीमती", "श्रीमती", NoteNone},
		{"thai", "สมชาย", "สมชาย", NoteNone},
		{"joiner removed", "می\u200cخواهم", "میخواهم", NoteNone},
		{"direction mark removed", "\u200eMary", "mary", NoteNone},
		{"word for nothing that is a name", "NA", "na", NoteNone},
		{"hidden word for nothing", "n.o.n.e", "", Missing},
		{"hidden md5", "5d41402abc4b2a76 b9719d911017c592", "", WeakHash},
		{"punctuation", "!!", "", Unusable},
		{"digits alone", "12345", "", Unusable},
	}...)
	t.Run("first", func(t *testing.T) { checkTable(t, cases, NormalFirstName, FirstName) })
	t.Run("last", func(t *testing.T) { checkTable(t, cases, NormalLastName, LastName) })
}

func TestCity(t *testing.T) {
	checkTable(t, append(shared(), []outcome{
		{"plain", "London", "london", NoteNone},
		{"space", "Menlo Park", "menlopark", NoteNone},
		{"accent", "San José", "sanjosé", NoteNone},
		{"decomposed", "Sa\u0303o Paulo", "sãopaulo", NoteNone},
		{"dot", "St. Louis", "stlouis", NoteNone},
		{"apostrophe", "'s-Hertogenbosch", "shertogenbosch", NoteNone},
		{"brackets", "Frankfurt (Main)", "frankfurtmain", NoteNone},
		{"slash", "Biel/Bienne", "bielbienne", NoteNone},
		{"digits", "Paris 15", "paris", NoteNone},
		{"arabic digits", "دبي ٣", "دبي", NoteNone},
		{"capitals", "NEW YORK", "newyork", NoteNone},
		{"umlaut", "MÜNCHEN", "münchen", NoteNone},
		{"turkish", "İSTANBUL", "i\u0307stanbul", NoteNone},
		{"polish", "Łódź", "łódź", NoteNone},
		{"icelandic", "Þorlákshöfn", "þorlákshöfn", NoteNone},
		{"russian", "Санкт-Петербург", "санктпетербург", NoteNone},
		{"greek", "ΑΘΗΝΑ", "αθηνα", NoteNone},
		{"chinese", "北京", "北京", NoteNone},
		{"korean", "서울", "서울", NoteNone},
		{"thai", "กรุงเทพฯ", "กรุงเทพฯ", NoteNone},
		{"tamil", "சென்னை", "சென்னை", NoteNone},
		{"hebrew", "תל אביב-יפו", "תלאביביפו", NoteNone},
		{"vietnamese", "Thành phố Hồ Chí Minh", "thànhphốhồchíminh", NoteNone},
		{"trailing comma", "Boston,", "boston", NoteNone},
		{"digits alone", "12345", "", Unusable},
		{"symbols", "★", "", Unusable},
	}...), NormalCity, City)
}

func TestGender(t *testing.T) {
	checkTable(t, append(shared(), []outcome{
		{"f", "f", "f", NoteNone}, {"capital m", "M", "m", NoteNone},
		{"female", "Female", "f", NoteNone}, {"male", "MALE", "m", NoteNone},
		{"woman", "woman", "f", NoteNone}, {"man", "Man", "m", NoteNone},
		{"mrs", "Mrs.", "f", NoteNone}, {"mr", "Mr.", "m", NoteNone}, {"maam", "ma'am", "f", NoteNone},
		{"pronouns", "she/her", "f", NoteNone}, {"his pronouns", "He / Him", "m", NoteNone},
		{"german", "weiblich", "f", NoteNone}, {"german he", "Männlich", "m", NoteNone}, {"german letter", "W", "f", NoteNone},
		{"dutch", "vrouw", "f", NoteNone}, {"dutch letter", "v", "f", NoteNone},
		{"french", "Femme", "f", NoteNone}, {"french letter", "H", "m", NoteNone}, {"french title", "Mme", "f", NoteNone},
		{"spanish", "Señora", "f", NoteNone}, {"portuguese", "Masculino", "m", NoteNone},
		{"polish", "Mężczyzna", "m", NoteNone}, {"russian", "женский", "f", NoteNone}, {"greek", "ΆΝΔΡΑΣ", "m", NoteNone},
		{"japanese", "女性", "f", NoteNone}, {"korean", "남자", "m", NoteNone}, {"arabic", "ذكر", "m", NoteNone},
		{"diverse", "divers", "", Omitted}, {"x", "X", "", Omitted}, {"non-binary", "non-binary", "", Omitted},
		{"iso 5218", "1", "", Omitted}, {"not said", "Prefer not to say", "", Omitted}, {"marks", "!!", "", Omitted},
	}...), NormalGender, Gender)
}

func TestExternalID(t *testing.T) {
	cases := []outcome{
		{"plain", "12345", "12345", NoteNone},
		{"case kept", "003Dn00000Xyz12", "003Dn00000Xyz12", NoteNone},
		{"trimmed", "\t A1 \n", "A1", NoteNone},
		{"spaces inside", "A 1", "A 1", NoteNone},
		{"no-break space inside", "A\u00a01", "A 1", NoteNone},
		{"leading zeros", "000123", "000123", NoteNone},
		{"punctuation", "a-b_c.d/e", "a-b_c.d/e", NoteNone},
		{"uuid", "5D41402A-BC4B-2A76-B971-9D911017C592", "5D41402A-BC4B-2A76-B971-9D911017C592", NoteNone},
		{"zero-width removed", "A\u200b1", "A1", NoteNone},
		{"decomposed", "e\u0301", "é", NoteNone},
		{"turkish", "İ1", "İ1", NoteNone},
		{"korean", "회원-1", "회원-1", NoteNone},
	}
	t.Run("as it is", func(t *testing.T) {
		checkTable(t, append(shared(), cases...), func(s string) (string, Note) { return NormalExternalID(s, false) },
			func(s string) (Hash, bool, Note) { return ExternalID(s, false) })
	})
	lower := append(shared(), []outcome{
		{"plain", "12345", "12345", NoteNone},
		{"capitals", "CUST-00A", "cust-00a", NoteNone},
		{"umlaut", "KÜ-1", "kü-1", NoteNone},
		{"turkish", "İ1", "i\u03071", NoteNone},
		{"greek", "ΟΔΟΣ", "οδος", NoteNone},
		{"kelvin", "\u212a1", "k1", NoteNone},
		{"spaces inside", "A 1", "a 1", NoteNone},
		{"uuid", "5D41402A-BC4B-2A76-B971-9D911017C592", "5d41402a-bc4b-2a76-b971-9d911017c592", NoteNone},
	}...)
	t.Run("lower case", func(t *testing.T) {
		checkTable(t, lower, func(s string) (string, Note) { return NormalExternalID(s, true) },
			func(s string) (Hash, bool, Note) { return ExternalID(s, true) })
	})
}

func TestBirth(t *testing.T) {
	run := func(layout string) func(*testing.T, []outcome) {
		return func(t *testing.T, cases []outcome) {
			checkTable(t, append(shared(), cases...), func(s string) (string, Note) { return NormalBirth(s, layout, testDay) },
				func(s string) (Hash, bool, Note) { return Birth(s, layout, testDay) })
		}
	}
	t.Run("no layout", func(t *testing.T) {
		run("")(t, []outcome{
			{"digits", "19970216", "19970216", NoteNone},
			{"iso", "1997-02-16", "19970216", NoteNone},
			{"iso with t", "1997-02-16T00:00:00.000Z", "19970216", NoteNone},
			{"iso with space", "1997-02-16 00:00:00", "19970216", NoteNone},
			{"iso with offset", "1997-02-16T23:30:00+02:00", "19970216", NoteNone},
			{"iso with am", "1997-02-16 12:00 AM", "19970216", NoteNone},
			{"arabic digits", "١٩٩٧-٠٢-١٦", "19970216", NoteNone},
			{"full-width digits", "１９９７０２１６", "19970216", NoteNone},
			{"leap day", "2000-02-29", "20000229", NoteNone},
			{"first day", "1900-01-01", "19000101", NoteNone},
			{"today", "2026-11-23", "20261123", NoteNone},
			{"tomorrow", "2026-11-24", "", Unusable},
			{"before 1900", "1899-12-31", "", Unusable},
			{"no leap day", "1900-02-29", "", Unusable},
			{"february 30", "1997-02-30", "", Unusable},
			{"month 13", "19971302", "", Unusable},
			{"slash", "02/16/1997", "", Unusable},
			{"dot", "16.02.1997", "", Unusable},
			{"short month", "1997-2-16", "", Unusable},
			{"year alone", "1997", "", Unusable},
			{"words after", "1997-02-16 born", "", Unusable},
			{"words", "February 16, 1997", "", Unusable},
			{"letters", "1997021b", "", Unusable},
			{"mysql zero", "0000-00-00", "", Missing},
			{"mysql zero with time", "0000-00-00 00:00:00", "", Missing},
		})
	})
	t.Run("month first", func(t *testing.T) {
		run("1/2/2006")(t, []outcome{
			{"stated", "2/16/1997", "19970216", NoteNone},
			{"zeros", "02/06/1997", "19970206", NoteNone},
			{"iso still", "1997-02-16", "19970216", NoteNone},
			{"day first", "16/2/1997", "", Unusable},
			{"future", "2/16/2097", "", Unusable},
		})
	})
	t.Run("day first, two digits", func(t *testing.T) {
		run("02.01.06")(t, []outcome{
			{"last century", "16.02.97", "19970216", NoteNone},
			{"this century", "16.02.05", "20050216", NoteNone},
			{"future is the past", "16.02.45", "19450216", NoteNone},
			{"tomorrow is a century ago", "24.11.26", "19261124", NoteNone},
			{"leap day of the past", "29.02.48", "19480229", NoteNone},
		})
	})
	t.Run("day first, eight digits", func(t *testing.T) {
		run("02012006")(t, []outcome{
			{"stated", "16021997", "19970216", NoteNone},
			{"layout before iso", "12101990", "19901012", NoteNone},
			{"both can be", "19121912", "19121219", NoteNone},
			{"neither", "45451912", "", Unusable},
			{"iso where the layout cannot be", "19971216", "19971216", NoteNone},
		})
	})
	t.Run("today by its own zone", func(t *testing.T) {
		t.Parallel()
		kiritimati := time.FixedZone("+14", 14*3600)
		morning := time.Date(2026, time.November, 24, 1, 0, 0, 0, kiritimati)
		if got, note := NormalBirth("2026-11-24", "", morning); got != "20261124" {
			t.Errorf("got %q, %v", got, note)
		}
	})
}
