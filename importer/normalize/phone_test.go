package normalize

import "testing"

func TestPhone(t *testing.T) {
	in := func(record, fallback string, cases []outcome) func(*testing.T) {
		return func(t *testing.T) {
			checkTable(t, append(shared(), cases...), func(s string) (string, Note) { return NormalPhone(s, record, fallback) },
				func(s string) (Hash, bool, Note) { return Phone(s, record, fallback) })
		}
	}
	t.Run("no country", in("", "", []outcome{
		{"plus", "+16505551212", "16505551212", NoteNone},
		{"zero zero", "0016505551212", "16505551212", NoteNone},
		{"plus and zero zero", "+0016505551212", "16505551212", NoteNone},
		{"two pluses", "++16505551212", "16505551212", NoteNone},
		{"formatted", "+1 (650) 555-1212", "16505551212", NoteNone},
		{"trunk zero", "+44 (0)20 7946 0958", "442079460958", NoteNone},
		{"trunk zero without brackets", "+44 020 7946 0958", "442079460958", NoteNone},
		{"trunk zero after 00", "0044 (0)20 7946 0958", "442079460958", NoteNone},
		{"trunk zero where there is none", "+34 (0)912 345 678", "34912345678", NoteNone},
		{"italian zero stays", "+39 06 6982", "39066982", NoteNone},
		{"italian zero in brackets stays", "+39 (0)6 6982 1234", "390669821234", NoteNone},
		{"calling code in brackets", "(+31) 20 123 4567", "31201234567", NoteNone},
		{"calling code alone in brackets", "+(31)(0)20 123 4567", "31201234567", NoteNone},
		{"country before", "US (650)555-1212", "16505551212", NoteNone},
		{"country in words before", "United Kingdom: 020 7946 0958", "442079460958", NoteNone},
		{"uk before", "UK 020 7946 0958", "442079460958", NoteNone},
		{"country before plus", "US +44 20 7946 0958", "442079460958", NoteNone},
		{"label", "Tel.: +31 20 123 4567", "31201234567", NoteNone},
		{"uri", "tel:+31-20-123-4567", "31201234567", NoteNone},
		{"unknown word before plus", "Marys phone +31 20 123 4567", "31201234567", NoteNone},
		{"label after", "+31 6 12345678 (mobile)", "31612345678", NoteNone},
		{"extension", "+1 650 555 1212 ext. 34", "16505551212", NoteNone},
		{"extension x", "+1 650 555 1212x34", "16505551212", NoteNone},
		{"extension #", "+1 650 555 1212 #34", "16505551212", NoteNone},
		{"extension ;ext=", "+16505551212;ext=34", "16505551212", NoteNone},
		{"extension russian", "+7 916 123-45-67 доб. 12", "79161234567", NoteNone},
		{"arabic digits", "+٩٦٦٥٠١٢٣٤٥٦٧", "966501234567", NoteNone},
		{"persian digits", "+۹۸۹۱۲۳۴۵۶۷۸۹", "989123456789", NoteNone},
		{"devanagari digits", "+९१९८७६५४३२१०", "919876543210", NoteNone},
		{"full-width", "＋８１－９０－１２３４－５６７８", "819012345678", NoteNone},
		{"direction marks", "\u202a+16505551212\u202c", "16505551212", NoteNone},
		{"no-break and thin spaces", "+33\u00a06\u200912\u200934\u200956\u200978", "33612345678", NoteNone},
		{"dashes of print", "+1 650–555—1212", "16505551212", NoteNone},
		{"spreadsheet's formula", `="+16505551212"`, "16505551212", NoteNone},
		{"spreadsheet's number", "+16505551212.0", "16505551212", NoteNone},
		{"two numbers", "+31612345678, +31687654321", "31612345678", NoteNone},
		{"two numbers and a slash", "+31612345678/+31687654321", "31612345678", NoteNone},
		{"german slash", "+49 171/1234567", "491711234567", NoteNone},
		{"german slash and long area", "+49 (0)34202/12345", "493420212345", NoteNone},
		{"unassigned but possible", "+1 999 555 1212", "19995551212", NoteNone},
		{"international freephone", "+800 1234 5678", "80012345678", NoteNone},
		{"national without a country", "(650) 555-1212", "", Unusable},
		{"digits without a country", "16505551212", "", Unusable},
		{"no such calling code", "+999 12345678", "", Unusable},
		{"two trunk zeros", "+49 00 100000", "", Unusable},
		{"too short", "+1 650", "", Unusable},
		{"too long", "+1 650 555 1212 1212", "", Unusable},
		{"endless", "+1650555121216505551212165055512121650555", "", Unusable},
		{"zeros", "+10000000000", "", Unusable},
		{"plus alone", "+", "", Unusable},
		{"words", "call me", "", Unusable},
		{"scientific", "3.16E+10", "", Unusable},
		{"asterisks", "+1 650 555 ****", "", Unusable},
		{"masked", "+1 650 555 xxxx", "", Unusable},
		{"e-mail", "mary1@example.com", "", Unusable},
	}))
	t.Run("american", in("US", "", []outcome{
		{"ten digits", "6505551212", "16505551212", NoteNone},
		{"eleven digits", "16505551212", "16505551212", NoteNone},
		{"formatted", "(650) 555-1212", "16505551212", NoteNone},
		{"dots", "650.555.1212", "16505551212", NoteNone},
		{"one and dashes", "1-650-555-1212", "16505551212", NoteNone},
		{"dialled abroad", "011 44 20 7946 0958", "442079460958", NoteNone},
		{"zero zero", "0044 20 7946 0958", "442079460958", NoteNone},
		{"extension", "650-555-1212 x 34", "16505551212", NoteNone},
		{"spreadsheet's number", "6505551212.0", "16505551212", NoteNone},
		{"spreadsheet's apostrophe", "'6505551212", "16505551212", NoteNone},
		{"state before", "CA 650 555 1212", "16505551212", NoteNone},
		{"delaware or germany", "DE 302 555 1212", "", Unusable},
		{"phone or philippines", "Ph 650 555 1212", "", Unusable},
		{"country in the field wins", "NL 020 123 4567", "31201234567", NoteNone},
		{"no area code", "555-1212", "", Unusable},
		{"dutch in an american file", "0612345678", "", Unusable},
		{"british in an american file", "447911123456", "", Unusable},
		{"vanity", "1-800-FLOWERS", "", Unusable},
		{"word behind", "6505551212 Mary", "", Unusable},
		{"two numbers without a sign", "650 555 1212 650 555 1213", "", Unusable},
		{"nine digits", "650555121", "", Unusable},
		{"zeros", "0000000000", "", Unusable},
	}))
	t.Run("german record, american default", in("Germany", "US", []outcome{
		{"trunk zero", "030 123456", "4930123456", NoteNone},
		{"mobile", "0171 1234567", "491711234567", NoteNone},
		{"slash", "030/1234567", "49301234567", NoteNone},
		{"alternative ending", "030 1234567/68", "49301234567", NoteNone},
		{"no trunk zero", "1711234567", "491711234567", NoteNone},
		{"label behind is no vanity", "030 1234567 home", "49301234567", NoteNone},
		{"word behind is no vanity", "030 1234567 abc", "", Unusable},
		{"mobile that lost its zero, and could be in arizona", "15202345678", "4915202345678", NoteNone},
		{"british without plus", "447911123456", "", Unusable},
		{"slash that nobody can tell", "1234567/1234568", "", Unusable},
	}))
	t.Run("default alone", in("n/a", "GB", []outcome{
		{"national", "020 7946 0958", "442079460958", NoteNone},
		{"without plus", "442079460958", "442079460958", NoteNone},
		{"without plus, with trunk zero", "44 (0)20 7946 0958", "442079460958", NoteNone},
		{"bracketed trunk zero", "(0)20 7946 0958", "442079460958", NoteNone},
	}))
	t.Run("unknown record country", in("Narnia", "GB", []outcome{
		{"national", "020 7946 0958", "", Unusable},
		{"international", "+44 20 7946 0958", "442079460958", NoteNone},
		{"country in the field", "UK 020 7946 0958", "442079460958", NoteNone},
	}))
	t.Run("australian", in("AU", "", []outcome{
		{"national", "02 9876 5432", "61298765432", NoteNone},
		{"dialled abroad", "0011 44 20 7946 0958", "442079460958", NoteNone},
		{"dialled abroad, near an american number", "0011 64 4 499 4444", "6444994444", NoteNone},
		{"zero zero", "0044 20 7946 0958", "442079460958", NoteNone},
	}))
	t.Run("italian", in("IT", "", []outcome{
		{"zero stays", "06 6982 1234", "390669821234", NoteNone},
		{"mobile that begins like the calling code", "391 234 5678", "393912345678", NoteNone},
		{"without plus", "393912345678", "393912345678", NoteNone},
	}))
	t.Run("argentinian", in("AR", "", []outcome{
		{"mobile with 15", "011 15-2345-6789", "5491123456789", NoteNone},
		{"fixed", "011 2345-6789", "541123456789", NoteNone},
		{"international mobile", "+54 9 11 2345 6789", "5491123456789", NoteNone},
	}))
	t.Run("no numbering plan", in("AQ", "", []outcome{
		{"national", "020 7946 0958", "", Unusable},
		{"international", "+44 20 7946 0958", "442079460958", NoteNone},
		{"zero zero", "0044 20 7946 0958", "442079460958", NoteNone},
	}))
}
