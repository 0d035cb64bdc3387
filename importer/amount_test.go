package importer

import (
	"testing"

	"capibara/event"
)

func TestParseAmount(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, in string
		decimal  byte
		known    string
		value    string
		currency string
		reason   event.Reason
	}{
		{name: "plain", in: "1234", value: "1234"},
		{name: "point", in: "19.99", value: "19.99"},
		{name: "comma", in: "19,99", value: "19.99"},
		{name: "German", in: "1.234,56", value: "1234.56"},
		{name: "English", in: "1,234.56", value: "1234.56"},
		{name: "French", in: "1 234,56", value: "1234.56"},
		{name: "no-break spaces", in: "1\u202f234\u00a0567,5", value: "1234567.5"},
		{name: "Swiss", in: "1'234.50", value: "1234.5"},
		{name: "Swiss typographic", in: "1’234.50", value: "1234.5"},
		{name: "millions", in: "1,234,567", value: "1234567"},
		{name: "millions German", in: "1.234.567", value: "1234567"},
		{name: "Indian", in: "12,34,567.50", value: "1234567.5"},
		{name: "euro before", in: "€ 1.234,56", value: "1234.56", currency: "EUR"},
		{name: "euro behind", in: "1.234,56 €", value: "1234.56", currency: "EUR"},
		{name: "code before", in: "EUR 5", value: "5", currency: "EUR"},
		{name: "code behind", in: "5,00 chf", value: "5", currency: "CHF"},
		{name: "dollar alone says little", in: "$5", value: "5"},
		{name: "US dollar", in: "US$ 5", value: "5", currency: "USD"},
		{name: "minus", in: "-5.10", value: "-5.1"},
		{name: "minus behind", in: "5.10-", value: "-5.1"},
		{name: "typographic minus", in: "−5,10", value: "-5.1"},
		{name: "brackets", in: "(5.10)", value: "-5.1"},
		{name: "minus and sign of currency", in: "-€5", value: "-5", currency: "EUR"},
		{name: "sign of currency and minus", in: "€-5", value: "-5", currency: "EUR"},
		{name: "plus", in: "+5", value: "5"},
		{name: "nothing before the mark", in: ".5", value: "0.5"},
		{name: "ambiguous comma", in: "1,234", reason: event.ReasonNumberAmbiguous},
		{name: "ambiguous point", in: "1.234", reason: event.ReasonNumberAmbiguous},
		{name: "stated comma", in: "1.234", decimal: ',', value: "1234"},
		{name: "stated point", in: "1.234", decimal: '.', value: "1.234"},
		{name: "four digits before cannot be a group", in: "1234,567", value: "1234.567"},
		{name: "a group does not begin with zero", in: "0.125", value: "0.125"},
		{name: "nor with a stated comma", in: "0.500", decimal: ',', reason: event.ReasonNumberUnreadable},
		{name: "nor with a stated point", in: "0,500", decimal: '.', reason: event.ReasonNumberUnreadable},
		{name: "nor with two zeros", in: "00.500", decimal: ',', reason: event.ReasonNumberUnreadable},
		{name: "nor in millions", in: "0.000.500", decimal: ',', reason: event.ReasonNumberUnreadable},
		{name: "nor before decimals", in: "0.500,25", reason: event.ReasonNumberUnreadable},
		{name: "nor with spaces", in: "0 500", reason: event.ReasonNumberUnreadable},
		{name: "zero before a stated comma", in: "0,500", decimal: ',', value: "0.5"},
		{name: "stated comma and three digits of yen", in: "JPY 1,250", decimal: ',', reason: event.ReasonNumberAmbiguous},
		{name: "stated point and three digits of known yen", in: "1.250", decimal: '.', known: "JPY", reason: event.ReasonNumberAmbiguous},
		{name: "stated comma and grouped yen", in: "1.250 JPY", decimal: ',', value: "1250", currency: "JPY"},
		{name: "stated point and three zeros behind thousands of yen", in: "12500.000", decimal: '.', known: "JPY", value: "12500"},
		{name: "stated comma and two digits of yen", in: "1,25", decimal: ',', known: "JPY", value: "1.25"},
		{name: "no decimals in yen", in: "1,234", known: "JPY", value: "1234"},
		{name: "three decimals in dinar", in: "1.234", known: "KWD", reason: event.ReasonNumberAmbiguous},
		{name: "zeros in front", in: "010", value: "10"},
		{name: "stated comma, point as decimal", in: "1.50", decimal: ',', reason: event.ReasonNumberUnreadable},
		{name: "bad group", in: "1,23.50", reason: event.ReasonNumberUnreadable},
		{name: "mixed groups", in: "1.234 567,00", reason: event.ReasonNumberUnreadable},
		{name: "two decimals marks", in: "1,5,5", reason: event.ReasonNumberUnreadable},
		{name: "word", in: "free", reason: event.ReasonNumberUnreadable},
		{name: "exponent", in: "9.92E+5", value: "992000"},
		{name: "exponent with a comma", in: "9,92E+05", value: "992000"},
		{name: "exponent with a stated comma", in: "9,92E+05", decimal: ',', value: "992000"},
		{name: "exponent and currency", in: "€ -9.92e+5", value: "-992000", currency: "EUR"},
		{name: "exponent that leaves decimals", in: "1.2345E+2", value: "123.45"},
		{name: "exponent below one", in: "2.5E-1", value: "0.25"},
		{name: "exponent as Java writes it", in: "1.25E7", value: "12500000"},
		{name: "exponent with the other mark", in: "9.92E+5", decimal: ',', reason: event.ReasonNumberUnreadable},
		{name: "exponent behind thousands", in: "1,234.5E+5", reason: event.ReasonNumberUnreadable},
		{name: "exponent too large", in: "9.92E+500", reason: event.ReasonNumberUnreadable},
		{name: "two exponents", in: "9.92E+5E", reason: event.ReasonNumberUnreadable},
		{name: "digits lost to a narrow column", in: "1E+05", reason: event.ReasonNumberUnreadable},
		{name: "two signs", in: "--5", reason: event.ReasonNumberUnreadable},
		{name: "open bracket", in: "(5", reason: event.ReasonNumberUnreadable},
		{name: "only a sign", in: "€", reason: event.ReasonNumberUnreadable},
		{name: "percent", in: "5%", reason: event.ReasonNumberUnreadable},
		{name: "mark at the end", in: "5.", reason: event.ReasonNumberUnreadable},
		{name: "too long", in: "1234567890123456789012345", reason: event.ReasonNumberUnreadable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			a, reason := parseAmount(tt.in, tt.decimal, tt.known)
			if reason != tt.reason || a.value.String() != tt.value || a.currency != tt.currency {
				t.Errorf("parseAmount(%q, %q, %q) = %q %q %q, want %q %q %q", tt.in, tt.decimal, tt.known, a.value, a.currency, reason,
					tt.value, tt.currency, tt.reason)
			}
		})
	}
}

func FuzzParseAmount(f *testing.F) {
	for _, s := range []string{"1.234,56", "(€ 1'234.50)", "-5", "USD 1 234", "1,23,456.7", "9.92E+5", "1,5e-", "", "\u00a0"} {
		f.Add(s, byte('.'))
		f.Add(s, byte(','))
		f.Add(s, byte(0))
	}
	f.Fuzz(func(t *testing.T, s string, decimal byte) {
		if decimal != '.' && decimal != ',' {
			decimal = 0
		}
		a, reason := parseAmount(s, decimal, "")
		if reason != "" {
			if a.value.Present() {
				t.Fatalf("%q is both %s and %s", s, a.value, reason)
			}
			return
		}
		// What was understood is understood the same when it is written plainly.
		again, reason := parseAmount(a.value.String(), '.', "")
		if reason != "" || again.value != a.value {
			t.Fatalf("%q is %s, which reads as %s %s", s, a.value, again.value, reason)
		}
	})
}

func TestWithoutExponent(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"12.50": "12.50", "1e3": "1000", "1.5e3": "1500", "-1.5E-3": "-0.0015", "1.25e1": "12.5",
		"125e-2": "1.25", "1e400": "1e400", "0e0": "0"} {
		if got := withoutExponent(in); got != want {
			t.Errorf("%s is %s, want %s", in, got, want)
		}
	}
}
