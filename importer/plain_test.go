package importer

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"capibara/event"
)

// plainCase is what a cell becomes as an identifier that is sent unhashed; want "" and not dropped is a cell that says
// nothing.
type plainCase struct {
	name, cell, want string
	dropped          bool
}

func checkPlain(t *testing.T, k event.Key, least int, cases []plainCase) {
	t.Helper()
	t.Parallel()
	cases = append(cases, []plainCase{
		{"empty", "", "", false}, {"spaces", "  ", "", false}, {"null", "NULL", "", false}, {"n/a", "n/a", "", false},
		{"dash", "-", "", false}, {"unknown", "unknown", "", false}, {"byte order mark alone", "\ufeff", "", false}, {"null in a formula", `="null"`, "", false},
	}...)
	if len(cases) < least {
		t.Errorf("%s has %d cases, want at least %d", k, len(cases), least)
	}
	seen := map[string]bool{}
	for _, c := range cases {
		if seen[c.name] {
			t.Errorf("two cases are named %q", c.name)
		}
		seen[c.name] = true
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, usable := plainIdentifier(k, c.cell, noon())
			if usable == c.dropped || usable && got != c.want {
				t.Fatalf("%q became %q, usable %v; want %q, dropped %v", c.cell, got, usable, c.want, c.dropped)
			}
			if again, ok := plainIdentifier(k, got, noon()); usable && (!ok || again != got) {
				t.Errorf("%q became %q, and that becomes %q, usable %v", c.cell, got, again, ok)
			}
		})
	}
}

func TestLeadID(t *testing.T) {
	const id = "1234567890123456"
	checkPlain(t, event.LeadID, 40, []plainCase{
		{"sixteen digits", id, id, false}, {"fifteen digits", id[:15], id[:15], false}, {"seventeen digits", id + "7", id + "7", false},
		{"l: of meta's download", "l:" + id, id, false}, {"capital l", "L:" + id, id, false}, {"l: and a space", "l: " + id, id, false},
		{"spaces around", "\t " + id + " \n", id, false}, {"no-break space", "\u00a0" + id, id, false}, {"zero-width space", id[:8] + "\u200b" + id[8:], id, false},
		{"byte order mark", "\ufeff" + id, id, false}, {"formula of a spreadsheet", `="` + id + `"`, id, false}, {"apostrophe of a spreadsheet", "'" + id, id, false},
		{"decimal of a spreadsheet", id + ".0", id, false}, {"formula and l:", `="l:` + id + `"`, id, false}, {"direction marks", "\u200e" + id + "\u200f", id, false},
		{"fourteen digits", id[:14], "", true}, {"eighteen digits", id + "78", "", true}, {"leading zero", "0" + id[1:], "", true},
		{"exponent", "1.23457E+15", "", true}, {"exponent with a comma", "1,23457E+15", "", true}, {"rounded by a spreadsheet", "1200000000000000", "", true},
		{"too narrow a column", "########", "", true}, {"error of a spreadsheet", "#VALUE!!", "", true}, {"letters", "12345678901234ab", "", true},
		{"salesforce id", "00Q5e00000AbCdEEAV", "", true}, {"uuid", "5d41402a-bc4b-2a76-b971-9d911017c592", "", true},
		{"plus", "+" + id, "", true}, {"minus", "-" + id, "", true}, {"grouped", "1,234,567,890,123,456", "", true}, {"dots", "1.234.567.890.123.456", "", true},
		{"space inside", "12345678 90123456", "", true}, {"fraction", id + ".5", "", true}, {"l twice", "l:l:" + id, "", true}, {"another letter", "f:" + id, "", true},
		{"arabic digits", "١٢٣٤٥٦٧٨٩٠١٢٣٤٥٦", "", true}, {"full-width digits", "１２３４５６７８９０１２３４５６", "", true}, {"devanagari digits", "१२३४५६७८९०१२३४५६", "", true},
		{"han digits", "一二三四五六七八九〇一二三四五六", "", true}, {"e-mail", "mary@example.com", "", true}, {"phone", "+1 650 555 1212", "", true},
	})
}

func TestFBC(t *testing.T) {
	clicked := fmt.Sprint(noon().Add(-24 * time.Hour).UnixMilli())
	old := fmt.Sprint(noon().Add(-91 * 24 * time.Hour).UnixMilli())
	good := "fb.1." + clicked + ".IwAR3x_y-Z0AbC"
	checkPlain(t, event.FBC, 40, []plainCase{
		{"plain", good, good, false}, {"case kept", "fb.1." + clicked + ".ABCabc", "fb.1." + clicked + ".ABCabc", false},
		{"subdomain 0", "fb.0." + clicked + ".abc", "fb.0." + clicked + ".abc", false}, {"subdomain 2", "fb.2." + clicked + ".abc", "fb.2." + clicked + ".abc", false},
		{"dot in the click id", "fb.1." + clicked + ".abc.AQYB", "fb.1." + clicked + ".abc.AQYB", false}, {"spaces around", " " + good + " ", good, false},
		{"no-break space", "\u00a0" + good, good, false}, {"line break at the end", good + "\r\n", good, false}, {"formula of a spreadsheet", `="` + good + `"`, good, false},
		{"apostrophe of a spreadsheet", "'" + good, good, false}, {"zero-width space", "fb.1.\u200b" + clicked + ".abc", "fb.1." + clicked + ".abc", false},
		{"byte order mark", "\ufeff" + good, good, false}, {"89 days old", "fb.1." + fmt.Sprint(noon().Add(-89*24*time.Hour).UnixMilli()) + ".abc", "fb.1." + fmt.Sprint(noon().Add(-89*24*time.Hour).UnixMilli()) + ".abc", false},
		{"a day ahead", "fb.1." + fmt.Sprint(noon().Add(24*time.Hour).UnixMilli()) + ".abc", "fb.1." + fmt.Sprint(noon().Add(24*time.Hour).UnixMilli()) + ".abc", false},
		{"91 days old", "fb.1." + old + ".abc", "", true}, {"a week ahead", "fb.1." + fmt.Sprint(noon().Add(7*24*time.Hour).UnixMilli()) + ".abc", "", true},
		{"seconds", "fb.1." + clicked[:10] + ".abc", "", true}, {"microseconds", "fb.1." + clicked + "000.abc", "", true}, {"no click id", "fb.1." + clicked, "", true},
		{"empty click id", "fb.1." + clicked + ".", "", true}, {"no version", "1." + clicked + ".abc", "", true}, {"fbclid alone", "IwAR3x_y-Z0AbC", "", true},
		{"capital prefix", "FB.1." + clicked + ".abc", "", true}, {"no subdomain", "fb.." + clicked + ".abc", "", true}, {"letters as subdomain", "fb.x." + clicked + ".abc", "", true},
		{"long subdomain", "fb.100." + clicked + ".abc", "", true}, {"letters as time", "fb.1.yesterday.abc", "", true}, {"exponent as time", "fb.1.1.79E+12.abc", "", true},
		{"minus", "fb.1.-" + clicked + ".abc", "", true}, {"space inside", "fb.1." + clicked + ".ab c", "", true}, {"slash", "fb.1." + clicked + ".ab/c", "", true},
		{"percent", "fb.1." + clicked + ".ab%20c", "", true}, {"query", "fbclid=abc", "", true}, {"at sign", "fb.1." + clicked + ".mary@example.com", "", true},
		{"cyrillic", "fb.1." + clicked + ".абв", "", true}, {"han", "fb.1." + clicked + ".点击", "", true}, {"arabic digits as time", "fb.1.١٧٩٥٣٤٨٨٠٠٠٠٠.abc", "", true},
		{"full-width", "ｆｂ.1." + clicked + ".abc", "", true}, {"accent", "fb.1." + clicked + ".é", "", true}, {"two cookies", good + ";" + good, "", true},
	})
}

func TestMADID(t *testing.T) {
	const upper, lower = "5D41402A-BC4B-4A76-B971-9D911017C592", "5d41402a-bc4b-4a76-b971-9d911017c592"
	checkPlain(t, event.MADID, 40, []plainCase{
		{"apple's", upper, upper, false}, {"android's", lower, lower, false}, {"mixed case", "5d41402A-bc4b-4a76-b971-9d911017C592", "5d41402A-bc4b-4a76-b971-9d911017C592", false},
		{"spaces around", " " + lower + "\n", lower, false}, {"no-break space", "\u00a0" + lower, lower, false}, {"zero-width space", lower[:9] + "\u200b" + lower[9:], lower, false},
		{"byte order mark", "\ufeff" + lower, lower, false}, {"formula of a spreadsheet", `="` + lower + `"`, lower, false}, {"apostrophe of a spreadsheet", "'" + lower, lower, false},
		{"direction marks", "\u202a" + lower + "\u202c", lower, false}, {"any version", "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000001", false},
		{"digits alone", "12345678-1234-1234-1234-123456789012", "12345678-1234-1234-1234-123456789012", false},
		{"zeros", "00000000-0000-0000-0000-000000000000", "", true}, {"no dashes", strings.ReplaceAll(lower, "-", ""), "", true}, {"braces", "{" + lower + "}", "", true},
		{"urn", "urn:uuid:" + lower, "", true}, {"too short", lower[:35], "", true}, {"too long", lower + "0", "", true}, {"dash in another place", "5d41402-abc4b-4a76-b971-9d911017c592", "", true},
		{"underscores", strings.ReplaceAll(lower, "-", "_"), "", true}, {"letter beyond f", "5d41402g-bc4b-4a76-b971-9d911017c592", "", true}, {"dashes of print", strings.ReplaceAll(lower, "-", "–"), "", true},
		{"md5", "5d41402abc4b2a76b9719d911017c592", "", true}, {"sha-256", strings.Repeat("5d41402a", 8), "", true}, {"e-mail", "mary@example.com", "", true}, {"phone", "+16505551212", "", true},
		{"word", "iPhone", "", true}, {"number", "12345", "", true}, {"exponent", "5.14E+10", "", true}, {"too narrow a column", "########", "", true}, {"two ids", lower + "," + lower, "", true},
		{"space inside", "5d41402a bc4b-4a76-b971-9d911017c592", "", true}, {"full-width", "５d41402a-bc4b-4a76-b971-9d911017c592", "", true}, {"arabic digit", "٥d41402a-bc4b-4a76-b971-9d911017c592", "", true},
		{"cyrillic a", "5d41402\u0430-bc4b-4a76-b971-9d911017c592", "", true}, {"han", "设备", "", true}, {"accent", "é", "", true}, {"zero", "0", "", true},
	})
}

func TestOtherPlainIdentifiers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		key        event.Key
		cell, want string
		usable     bool
	}{
		{event.FBP, "fb.1.1795348800000.1098115397", "fb.1.1795348800000.1098115397", true},
		{event.FBP, "'fb.1.1795348800000.1098115397 ", "fb.1.1795348800000.1098115397", true},
		{event.FBP, "fb.1.1795348800.1098115397", "", false},
		{event.FBP, "fb.1.1795348800000.abc", "", false},
		{event.ClientIP, "203.0.113.7", "203.0.113.7", true},
		{event.ClientIP, "2001:db8::7", "2001:db8::7", true},
		{event.ClientIP, "fe80::1%eth0", "", false},
		{event.ClientIP, "203.0.113", "", false},
		{event.UserAgent, " Mozilla/5.0 ", "Mozilla/5.0", true},
		{event.UserAgent, "n/a", "", true},
		{event.SubscriptionID, "S-1", "S-1", true},
		{event.SubscriptionID, "mary@example.com", "", false},
		{event.SubscriptionID, strings.Repeat("x", 257), "", false},
		{event.ExternalID, `="0012"`, "0012", true},
		{event.ExternalID, "0", "", false},
	} {
		got, usable := plainIdentifier(c.key, c.cell, noon())
		if usable != c.usable || usable && got != c.want {
			t.Errorf("%s: %q became %q, usable %v; want %q, %v", c.key, c.cell, got, usable, c.want, c.usable)
		}
	}
}
