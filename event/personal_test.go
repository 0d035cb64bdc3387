package event

import (
	"strings"
	"testing"
)

func TestLooksPersonal(t *testing.T) {
	t.Parallel()
	personal := []string{
		"anna@example.com", "Anna <anna.de-vries+x@mail.example.co.uk>", "mailto:o'brien@example.ie.", "a@b.co",
		"https://shop.example/?email=anna%40example.com&x=1", "JOHN@EXAMPLE.COM", "정@회사.한국", "x@xn--fiqs8s.xn--p1ai",
		"order for anna@example.com, thanks", "anna_@example.nl", "\"anna v\"@example.nl",
		"+31612345678", "+31 6 1234 5678", "+31 (0)6 12345678", "+1 (650) 555-1212", "+1.6505551212", "+31.612345678",
		"+33.1.23.45.67.89", "call +44 (0)20 7946 0958 today", "tel:+31612345678;ext=4", "+31612345678x12", "+31612345678 ext. 5",
		"(+31) 6 12345678", "+(31)612345678", "電話+81901234567", "+31612345678,+31687654321", "+49/30/1234567",
		"https://x.example/?p=%2B31612345678", "https://x.example/?p=%2b31%206%201234%205678", "+49\u00a030\u00a01234567", "+49 30–1234567",
		"0031 6 1234 5678", "00 31 6 12345678", "0031-612345678", "0049 (0)30 1234567", "phone:0044 20 7946 0958",
		"001 650 555 1212", "(020) 7946 0958", "(06) 12345678", "(06)12345678", "tel (0172) 123-4567", "(650) 555-1212",
		"(650)555-1212", "Call (212) 555 0100.", "+4712345678", "+999123456789012",
	}
	for _, s := range personal {
		if !LooksPersonal(s) {
			t.Errorf("%q went unnoticed", s)
		}
	}
	plain := []string{
		"", " ", "deal_closed", "Purchase", "Winter coat, blue (size 42)", "@home", "2 @ 3.50", "3@1.99", "a@b", "a@b.c", "user@localhost",
		"https://social.example/@user.name", "costs @ home.nl", "anna @ example.com", "4pcs@1.5kg", "e@.com", "a@b..com", "@", "%40",
		"100%40x", "%4", "%", "%2B", "fb.1.1794900000000.IwAR2abc",
		// ids
		"R-2026-004711", "0061r00001AbCdE", "001A0000006Vm9rIAC", "00Q5g00000AbCdEFGH", "500123456789012", "12345678901234567890",
		"0012345678", "0000123456", "00123456789012345678", "0031612345678", "00-11-22-33-44-55-66", "0012-3456-7890", "0000-0001-2345-6789",
		"cb-00112233445566778899aabbccddeeff", "550e8400-e29b-41d4-a716-446655440000", "00449999-0031-4123-8123-001234567890",
		"113-1234567-1234567", "123-45-6789", "4711/0031 12", "SKU+12345678", "abc+12345678/xyz=", "+12345678abcdef", "C++ 12345678",
		"INV00441234567", "A0031 6", "id_+1", "++31612345678", "x0044 20 7946 0958",
		// article numbers
		"4006381333931", "0012345678905", "00012345678905", "96385074", "0 012345 678905", "978-3-16-148410-0", "(01)09501101530003",
		"(01)09501101530003(17)251231(10)ABC123", "(00)340123450000000018", "(02)04006381333931",
		// amounts
		"+1250.00", "+12345678.90", "+1.234.567,89", "+12.345.678", "+12.345.678,90", "+1,234,567.89", "+1 234 567.89", "+12 345 678",
		"-12345678.90", "(1,234.56)", "(12345678)", "(012) 345", "00.10", "+12345678,90", "1 000 000 000", "0.00000001", "+1.23456789", "+1.5",
		// times and places
		"2026-11-19T10:00:00+01:00", "2026-11-19 10:00:00 +0100", "19/11/2026", "00:12:30", "20261119", "2026-11-19T00 31 12", "GMT+1",
		"+01:00", "UTC +0100", "1794900000000", "52.3702157, 4.8951679",
		// other numbers
		"+1234567", "+0612345678", "+1234567890123456", "10+20+30", "5 + 12345678", "(2024) 12345678", "(10) 12345678", "06-12345678",
		"(650) 555-12", "(650) 5551-212", "(1234567) 12345678", "(050", "(", "+", "0", "00", "00 ", "+(", "(0)", "00 00 00 00 00 00",
	}
	for _, s := range plain {
		if LooksPersonal(s) {
			t.Errorf("%q was taken for personal data", s)
		}
	}
}

// TestLooksPersonalIsLinear would take hours if a text could make the search look again and again.
func TestLooksPersonalIsLinear(t *testing.T) {
	t.Parallel()
	for _, part := range []string{"@", "a@", "a@b.", "%40", "+", "+1", "+1 ", "00 ", "0031 ", "(0", "(012)", "0", "1", " 00"} {
		// What comes last is too long for a telephone number, and so is everything before it.
		if s := strings.Repeat(part, 1<<17) + strings.Repeat("1", 20); LooksPersonal(s) {
			t.Errorf("%q repeated was taken for personal data", part)
		}
	}
}

func FuzzLooksPersonal(f *testing.F) {
	for _, s := range []string{"anna@example.com", "+31612345678", "0031 6 12345678", "(020) 7946 0958", "%40", "+1.2.3", "00", "\xff@\xe2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		// What stands apart from it can hide nothing and betray nothing that is not there.
		if got := LooksPersonal(s); got != LooksPersonal(s+" ") {
			t.Fatalf("%q: %t, and otherwise with a blank behind it", s, got)
		}
		if !LooksPersonal(s + " anna@example.com") {
			t.Fatalf("%q hides an address", s)
		}
	})
}
