package receipt

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestFileName(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"deals.csv":                    "deals.csv - accepted 312, rejected 4.html",
		"Verkäufe März 2026.csv":       "Verkäufe März 2026.csv - accepted 312, rejected 4.html",
		"売上.csv":                       "売上.csv - accepted 312, rejected 4.html",
		`a<b>c:d"e/f\g|h?i*j.csv`:      "a_b_c_d_e_f_g_h_i_j.csv - accepted 312, rejected 4.html",
		"a\nb\x00c\x1b.csv":            "a_b_c_.csv - accepted 312, rejected 4.html",
		"\xff\xfe.csv":                 "__.csv - accepted 312, rejected 4.html",
		"\u202evsc.slaed":              "_vsc.slaed - accepted 312, rejected 4.html",
		"a\u00a0b\u200b.csv":           "a_b_.csv - accepted 312, rejected 4.html",
		"trailing. . .":                "trailing - accepted 312, rejected 4.html",
		"  leading.csv":                "_leading.csv - accepted 312, rejected 4.html",
		"-rf":                          "_-rf - accepted 312, rejected 4.html",
		"$(reboot).csv":                "_$(reboot).csv - accepted 312, rejected 4.html",
		".hidden.csv":                  "_.hidden.csv - accepted 312, rejected 4.html",
		"~$deals.xlsx":                 "_~$deals.xlsx - accepted 312, rejected 4.html",
		"..":                           "_ - accepted 312, rejected 4.html",
		"":                             "_ - accepted 312, rejected 4.html",
		"CON":                          "_CON - accepted 312, rejected 4.html",
		"con.csv":                      "_con.csv - accepted 312, rejected 4.html",
		"nul .csv":                     "_nul .csv - accepted 312, rejected 4.html",
		"LPT1.deals.csv":               "_LPT1.deals.csv - accepted 312, rejected 4.html",
		"com¹.csv":                     "_com¹.csv - accepted 312, rejected 4.html",
		"COM.csv":                      "COM.csv - accepted 312, rejected 4.html",
		"console.csv":                  "console.csv - accepted 312, rejected 4.html",
		"com10.csv":                    "com10.csv - accepted 312, rejected 4.html",
		strings.Repeat("é", 200):       strings.Repeat("é", 58) + "… - accepted 312, rejected 4.html",
		strings.Repeat("x", 120):       strings.Repeat("x", 120) + " - accepted 312, rejected 4.html",
		strings.Repeat("x", 121):       strings.Repeat("x", 117) + "… - accepted 312, rejected 4.html",
		strings.Repeat(".", 300):       "_" + strings.Repeat(".", 117) + "… - accepted 312, rejected 4.html",
		"a" + strings.Repeat(" ", 300): "a" + strings.Repeat(" ", 116) + "… - accepted 312, rejected 4.html",
	} {
		if got := FileName(Receipt{Name: name, Counts: Counts{Records: 316, Accepted: 312, Rejected: 4}}); got != want {
			t.Errorf("%q has the receipt %q, want %q", name, got, want)
		}
	}
	for want, r := range map[string]Receipt{
		"a.csv - refused.html":                                 {Name: "a.csv", Refused: "It is wrong."},
		"a.csv - accepted 3, rejected 0.html":                  {Name: "a.csv", Counts: Counts{Accepted: 3, Duplicate: 1}},
		"a.csv - accepted 0, rejected 0, duplicate 12345.html": {Name: "a.csv", Counts: Counts{Duplicate: 12345}},
		"a.csv - accepted 0, rejected 0.html":                  {Name: "a.csv"},
	} {
		if got := FileName(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	r := Receipt{Name: "a.csv", Refused: "It is wrong.", Mark: Mark{File: 17}}
	if got := [2]string{NumberedName(r, 1), NumberedName(r, 2)}; got != [2]string{"a.csv - refused (file 17).html", "a.csv - refused (file 17, 2).html"} {
		t.Errorf("%q", got)
	}
}

func FuzzFileName(f *testing.F) {
	for _, name := range []string{"deals.csv", "con", "..", "\xff", "a/b", strings.Repeat("é", 200), "LPT9 .x", "_STATUS"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		for _, got := range []string{FileName(Receipt{Name: name}), NumberedName(Receipt{Name: name, Mark: Mark{File: 1 << 63}}, 9)} {
			switch {
			case !utf8.ValidString(got), strings.ContainsAny(got, "<>:\"/\\|?*\n\r\x00"), len(got) > 255,
				strings.ContainsRune(" .-~$", rune(got[0])), reserved(got), got == StatusName, !strings.HasSuffix(got, Ext):
				t.Errorf("%q has the receipt %q", name, got)
			}
		}
	})
}
