package event

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestParseActionSource(t *testing.T) {
	t.Parallel()
	for _, a := range ActionSources() {
		if got, err := ParseActionSource(string(a)); err != nil || got != a || !a.known() {
			t.Errorf("%s: %q, %v", a, got, err)
		}
		if n, ok := numberedSource(sourceNumber(a)); !ok || n != a {
			t.Errorf("%s is stored as %q", a, n)
		}
	}
	for in, want := range map[string]ActionSource{"Physical Store": SourcePhysicalStore, "PHYSICAL-STORE ": SourcePhysicalStore,
		"physicalstore": SourcePhysicalStore, "in_store": SourcePhysicalStore, "In Store": SourcePhysicalStore,
		"phone call": SourcePhoneCall, "System_Generated": SourceSystemGenerated, "Other": SourceOther} {
		if got, err := ParseActionSource(in); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", in, got, err, want)
		}
	}
	for _, in := range []string{"", " ", "store", "web", "emails", "émail"} {
		got, err := ParseActionSource(in)
		if err == nil || got != "" || !strings.Contains(err.Error(), "physical_store, system_generated") {
			t.Errorf("%q: %q, %v, want an error that lists what is allowed", in, got, err)
		}
	}
}

func TestMendName(t *testing.T) {
	t.Parallel()
	if n := len(Standard()); n != 17 || !slices.IsSorted(Standard()) {
		t.Errorf("%d standard names", n)
	}
	for _, name := range Standard() {
		if !IsStandard(name) || IsStandard(strings.ToLower(name)) {
			t.Errorf("IsStandard is wrong about %s", name)
		}
		for _, s := range []string{strings.ToLower(name), strings.ToUpper(name)} {
			if got, mended := MendName(s); got != name || !mended {
				t.Errorf("MendName(%q) = %q, %t", s, got, mended)
			}
		}
	}
	tests := []struct {
		in, want string
		mended   bool
	}{
		{"Purchase", "Purchase", false}, {" Purchase ", "Purchase", false}, {"add to cart", "AddToCart", true},
		{"add_to_cart", "AddToCart", true}, {"Add-To-Cart", "AddToCart", true}, {"ADD\u00a0TO CART", "AddToCart", true},
		{"deal_closed", "deal_closed", false}, {"  Closed Won ", "Closed Won", false}, {"purchases", "purchases", false},
		{"purchas", "purchas", false}, {"", "", false}, {" ", "", false}, {"_", "_", false},
	}
	for _, test := range tests {
		if got, mended := MendName(test.in); got != test.want || mended != test.mended {
			t.Errorf("MendName(%q) = %q, %t, want %q, %t", test.in, got, mended, test.want, test.mended)
		}
	}
}

func FuzzMendName(f *testing.F) {
	for _, s := range []string{"PURCHASE", "add to cart", "deal_closed", "", "\xff", "ſearch"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, mended := MendName(s)
		if mended != (IsStandard(name) && name != strings.TrimSpace(s)) {
			t.Fatalf("MendName(%q) = %q, %t", s, name, mended)
		}
		if again, twice := MendName(name); again != name || twice {
			t.Fatalf("%q is mended twice: %q, then %q", s, name, again)
		}
	})
}

func TestRequiredAndRecommended(t *testing.T) {
	t.Parallel()
	for _, name := range append(Standard(), "deal_closed") {
		if (len(Required(name)) > 0) != (name == "Purchase" || name == "Subscribe") {
			t.Errorf("Required(%s) = %v", name, Required(name))
		}
		if IsStandard(name) != (len(Recommended(name)) > 0) {
			t.Errorf("Recommended(%s) = %v", name, Recommended(name))
		}
		both := append(Required(name), Recommended(name)...)
		for i, member := range both {
			if !StandardMember(member) || slices.Contains(both[:i], member) {
				t.Errorf("%s: %s is no member of custom_data, or named twice", name, member)
			}
		}
	}
}

func TestWindow(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	tests := []struct {
		name string
		w    Window
		src  ActionSource
		want string // part of the error; empty when there is none
	}{
		{"default", DefaultWindow(), SourceSystemGenerated, ""},
		{"an hour", Window{Length: time.Hour}, SourceEmail, ""},
		{"7 days", Window{Length: 7 * day}, SourceWebsite, ""},
		{"8 days", Window{Length: 8 * day}, SourceWebsite, "only physical_store"},
		{"62 days in a store", Window{Length: 62 * day, Margin: time.Hour}, SourcePhysicalStore, ""},
		{"62 days elsewhere", Window{Length: 62 * day}, SourceSystemGenerated, "62d is longer than the 7d"},
		{"63 days in a store", Window{Length: 63 * day}, SourcePhysicalStore, "63d is longer than the 62d"},
		{"nothing", Window{}, SourcePhysicalStore, "not positive"},
		{"below zero", Window{Length: -day}, SourcePhysicalStore, "not positive"},
		{"margin below zero", Window{Length: day, Margin: -1}, SourceEmail, "negative"},
		{"margin as long", Window{Length: day, Margin: day}, SourceEmail, "leaves nothing"},
	}
	for _, test := range tests {
		err := test.w.Check(test.src)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	if got := DefaultWindow().Deadline(testTime); got != testTime+7*86400-900 {
		t.Errorf("deadline %d", got)
	}
}

func TestCurrencies(t *testing.T) {
	t.Parallel()
	var all []string
	for i := 0; i < len(currencies); i += 3 {
		code := currencies[i : i+3]
		if all = append(all, code); !isCurrency(code) {
			t.Errorf("%s is not found", code)
		}
	}
	if len(all) != 155 || !slices.IsSorted(all) || len(slices.Compact(slices.Clone(all))) != len(all) {
		t.Errorf("%d codes, or out of order, or twice", len(all))
	}
	for _, code := range []string{"", "EU", "EURO", "eur", "XXX", "XTS", "XAU", "HRK", "BGN", "ANG", "ZWL", "AAA", "ZZZ", "UR\x00"} {
		if isCurrency(code) {
			t.Errorf("%q is taken for a currency", code)
		}
	}
}
