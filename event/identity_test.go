package event

import (
	"strings"
	"testing"
)

func TestCanonicalKey(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"trimmed", " \u00a0R-1\t\ufeff", "R-1"},
		{"inner blank stays", "Store  7", "Store  7"},
		{"case stays", "aB", "aB"},
		{"published example", "08730000000BrVw", "08730000000BrVwAAK"},
		{"lower case", "0061r00001abcde", "0061r00001abcdeAAA"},
		{"opportunity", "0061r00001AbCdE", "0061r00001AbCdEAAV"},
		{"trimmed first", " 0061r00001AbCdE ", "0061r00001AbCdEAAV"},
		{"every letter a capital", "00QABCDEFGHIJKL", "00QABCDEFGHIJKL255"},
		{"case", "5003000000D8cuI", "5003000000D8cuIAAR"},
		{"custom object", "a0X3000000D8cuI", "a0X3000000D8cuIEAR"},
		{"digits with a leading zero", "006000000000001", "006000000000001AAA"},
		{"18 characters", "0061r00001AbCdEAAV", "0061r00001AbCdEAAV"},
		{"14 characters", "0061r00001AbCd", "0061r00001AbCd"},
		{"digits of a case", "500300000000001", "500300000000001"},
		{"digits", "123456789012345", "123456789012345"},
		{"zeros in front", "000000000012345", "000000000012345"},
		{"letters alone", "abcdefghijklmno", "abcdefghijklmno"},
		{"not alphanumeric", "0061r00001-bCdE", "0061r00001-bCdE"},
		{"not ASCII", "0061r00001AbC\u00e9", "0061r00001AbC\u00e9"},
		{"other beginning", "R061r00001AbCdE", "R061r00001AbCdE"},
	}
	for _, test := range tests {
		if got := CanonicalKey(test.in); got != test.want {
			t.Errorf("%s: CanonicalKey(%q) = %q, want %q", test.name, test.in, got, test.want)
		}
	}
}

func FuzzCanonicalKey(f *testing.F) {
	for _, s := range []string{"", " x ", "0061r00001AbCdE", "a0X3000000D8cuI", "\xff", "\ufeff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := CanonicalKey(s)
		if twice := CanonicalKey(once); twice != once {
			t.Fatalf("%q becomes %q and then %q", s, once, twice)
		}
		id := func(v string) string { return DeriveID("1", "Lead", []KeyPart{{Value: v}}) }
		if id(s) != id(once) {
			t.Fatalf("%q and %q derive two ids", s, once)
		}
	})
}

func TestDeriveID(t *testing.T) {
	t.Parallel()
	id := func(dataset, name string, values ...string) string {
		var key []KeyPart
		for _, v := range values {
			key = append(key, KeyPart{Column: "column", Value: v})
		}
		return DeriveID(dataset, name, key)
	}
	base := id("1", "Lead", "12", "3")
	for name, other := range map[string]string{
		"dataset":           id("2", "Lead", "12", "3"),
		"event name":        id("1", "lead", "12", "3"),
		"border of values":  id("1", "Lead", "1", "23"),
		"order":             id("1", "Lead", "3", "12"),
		"one value":         id("1", "Lead", "123"),
		"empty value":       id("1", "Lead", "12", "3", ""),
		"value in the name": id("1", "Lead12", "3"),
	} {
		if other == base {
			t.Errorf("%s does not tell two records apart", name)
		}
	}
	if id("1", "Lead", "x") == id("1", "Lead", "X") {
		t.Error("two ids that differ in case are one record")
	}
	if DeriveID("1", "Lead", []KeyPart{{"Opportunity ID", "12"}}) != DeriveID("1", "Lead", []KeyPart{{"Opportunity Id (18)", " 12 "}}) {
		t.Error("a renamed header or a blank makes a second conversion")
	}
	if id("1", "Lead", "0061r00001AbCdE") != id("1", "Lead", "0061r00001AbCdEAAV") {
		t.Error("the two forms of a Salesforce id are two conversions")
	}
	if long := id("1", "Lead", strings.Repeat("x", 5000)); len(long) != 35 || !strings.HasPrefix(long, "cb-") {
		t.Errorf("an id of another form: %q", long)
	}
}

func TestDeriveContentID(t *testing.T) {
	t.Parallel()
	e := saleEvent(t)
	base := DeriveContentID("1", e.Name, e)
	e.ID = "another"
	if DeriveContentID("1", e.Name, e) != base {
		t.Error("the event's own id takes part")
	}
	if e.ID != "another" {
		t.Error("the event was changed")
	}
	if DeriveContentID("2", e.Name, e) == base {
		t.Error("the dataset takes no part")
	}
	e.Custom.Status = "paid"
	if DeriveContentID("1", e.Name, e) == base {
		t.Error("a member that is sent takes no part")
	}
}

func TestFingerprint(t *testing.T) {
	t.Parallel()
	base := saleEvent(t).Fingerprint()
	changes := map[string]struct {
		mess func(e *Event)
		same bool
	}{
		"time":              {func(e *Event) { e.Time++ }, false},
		"value":             {func(e *Event) { e.Custom.Value = money(t, "129.96") }, false},
		"no value":          {func(e *Event) { e.Custom.Value = Money{} }, false},
		"value spelled out": {func(e *Event) { e.Custom.Value = money(t, "0129.9500") }, true},
		"currency":          {func(e *Event) { e.Custom.Currency = "USD" }, false},
		"order":             {func(e *Event) { e.Custom.OrderID = "R-1" }, false},
		"item":              {func(e *Event) { e.Custom.ItemNumber = "1" }, false},
		"border of texts":   {func(e *Event) { e.Custom.Currency, e.Custom.OrderID = "EURR", "-2026-004711" }, false},
		"person":            {func(e *Event) { e.User.AddHash(Email, Hash{1}) }, true},
		"id":                {func(e *Event) { e.ID = "x" }, true},
	}
	for name, change := range changes {
		e := saleEvent(t)
		change.mess(e)
		if (e.Fingerprint() == base) != change.same {
			t.Errorf("%s: same = %t", name, !change.same)
		}
	}
}

func TestDestroyedID(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"9.92E+15", "1.23457E+11", "1,23457E+11", "9.92e+15", "5E+20", " 9.92E+15 ", "-9.92E+15", "9.92E15", "9,E+15", "1.2E-05",
		"###", "##########", "#N/A", "#NV", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#WERT!", "#¿NOMBRE?",
		"47110000000000000000", "12345678901234500000", "4711000000000000000", "1234560000000000"} {
		if !DestroyedID(s) {
			t.Errorf("%q went unnoticed", s)
		}
	}
	for _, s := range []string{"", "0", "12E45", "1E10", "E+15", "9.92E+", "9.92E+1x", "9.92", "#", "##", "#12", "#A1", "#N", "#Wow!", "R-1",
		"0061r00001AbCdE", "1234567890123456", "1234567890123450", "12345678901234500", "1000000000000000", "100000", "4006381333930",
		"00000000000000000000", "12345678901234567890", "1234567890123450000", "cb-00112233445566778899aabbccddeeff", "1E-5", "+15"} {
		if DestroyedID(s) {
			t.Errorf("%q was taken for destroyed", s)
		}
	}
}

func FuzzDestroyedID(f *testing.F) {
	for _, s := range []string{"", "9.92E+15", "#####", "#N/A", "47110000000000000000", "+", "-1.e", "#\xff!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if DestroyedID(s) != DestroyedID(" "+s+" ") {
			t.Fatalf("%q is judged otherwise with blanks around it", s)
		}
	})
}
