package event

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestParseMoney(t *testing.T) {
	t.Parallel()
	nines, wide := strings.Repeat("9", 18), strings.Repeat("9", 19)
	tests := []struct{ in, want string }{
		{"0", "0"}, {"-0", "0"}, {"+0.00", "0"}, {"20", "20"}, {"20.0", "20"}, {"20.00", "20"}, {"00.10", "0.1"},
		{"0.5", "0.5"}, {"-0.05", "-0.05"}, {"+12.00", "12"}, {"1234.50", "1234.5"}, {"100", "100"},
		{nines, nines}, {"-" + nines, "-" + nines}, {"0" + nines, nines}, {nines[:16] + ".99", nines[:16] + ".99"},
		{"0.000000000000000001", "0.000000000000000001"}, {"1." + strings.Repeat("0", 40), "1"},
		{strings.Repeat("0", 40) + ".5", "0.5"},
	}
	for _, test := range tests {
		m, err := ParseMoney(test.in)
		if err != nil || m.String() != test.want || !m.Present() {
			t.Errorf("ParseMoney(%q) = %q, %v, want %q", test.in, m, err, test.want)
		}
	}
	for _, bad := range []string{"", ".", "1.", ".5", "-", "+", "--1", "1e5", "1E5", "1,5", "1 000", " 1", "1.2.3", "NaN", "0x10",
		"٣", "1_000", wide, "0." + wide, "1.0000000000000000001", nines + ".1", "€5"} {
		if m, err := ParseMoney(bad); !errors.Is(err, ErrMoney) || m.Present() {
			t.Errorf("ParseMoney(%q) = %q, %v, want ErrMoney", bad, m, err)
		}
	}
}

func TestMoneyCmp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"20", "20.00", 0}, {"19.99", "20", -1}, {"20", "19.99", 1}, {"-1", "1", -1}, {"0.1", "0.01", 1},
		{strings.Repeat("9", 18), "0.000000000000000001", 1}} {
		if got := money(t, c.a).Cmp(money(t, c.b)); got != c.want {
			t.Errorf("%s against %s is %d, want %d", c.a, c.b, got, c.want)
		}
	}
	if (Money{}).Cmp(money(t, "0")) != 0 {
		t.Error("no amount differs from 0")
	}
}

func TestMoneyIsComparable(t *testing.T) {
	t.Parallel()
	if money(t, "20") != money(t, "20.00") || money(t, "-0") != money(t, "0.0") {
		t.Error("the same amount in two spellings is two values")
	}
	if (Money{}) == money(t, "0") || (Money{}).Present() || (Money{}).String() != "" {
		t.Error("no amount is not told from the amount 0")
	}
	if money(t, "-1").Sign() != -1 || money(t, "0").Sign() != 0 || money(t, "0.01").Sign() != 1 {
		t.Error("Sign is wrong")
	}
	if text, err := money(t, "19.99").MarshalText(); err != nil || string(text) != "19.99" {
		t.Errorf("MarshalText = %s, %v", text, err)
	}
}

func TestSumNeverRounds(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var sum, part Sum
	want := new(big.Rat)
	for i := range 2000 {
		m := arbitraryMoney(r)
		part.Add(m)
		if i%7 == 6 || i == 1999 {
			before := part.String()
			sum.AddSum(&part)
			if part.String() != before {
				t.Fatalf("adding %s made it %s", before, part.String())
			}
			part = Sum{}
		}
		if m.Present() {
			want.Add(want, rat(t, m.String()))
		}
	}
	if got := rat(t, sum.String()); got.Cmp(want) != 0 {
		t.Errorf("sum = %s, want %s", sum.String(), want.FloatString(20))
	}
}

func TestSumString(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		add  []string
		want string
	}{
		{"nothing", nil, "0.00"},
		{"a tenth and two tenths", []string{"0.1", "0.2"}, "0.30"},
		{"whole", []string{"1000", "250"}, "1250.00"},
		{"below zero", []string{"0.01", "-0.06"}, "-0.05"},
		{"to zero", []string{"-5", "5.00"}, "0.00"},
		{"three decimals", []string{"1.005", "1"}, "2.005"},
		{"beyond 64 bits", []string{strings.Repeat("9", 18), strings.Repeat("9", 18), "0.01"}, "1999999999999999998.01"},
	}
	for _, test := range tests {
		var sum Sum
		sum.Add(Money{})
		for _, s := range test.add {
			sum.Add(money(t, s))
		}
		if got := sum.String(); got != test.want {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if back, err := ParseSum(test.want); err != nil || back.String() != test.want {
			t.Errorf("%s: %s is read as %v, %v", test.name, test.want, back, err)
		}
	}
	for _, text := range []string{"", "-", ".5", "1.", "1e5", "--1", "+1", "1,5", "0.0000000000000000001"} {
		if s, err := ParseSum(text); err != ErrMoney {
			t.Errorf("%q is read as %v, %v", text, s, err)
		}
	}
}

func FuzzParseMoney(f *testing.F) {
	for _, s := range []string{"", "0", "-0.50", "+12", "1e5", "999999999999999999", "0.000000000000000001", "1.", "."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMoney(s)
		if err != nil {
			return
		}
		if rat(t, m.String()).Cmp(rat(t, s)) != 0 {
			t.Fatalf("ParseMoney(%q) = %s", s, m)
		}
		again, err := ParseMoney(m.String())
		if err != nil || again != m {
			t.Fatalf("%q printed as %s reads back as %s, %v", s, m, again, err)
		}
		if !jsonNumber(m.String()) {
			t.Fatalf("%q printed as %s is no JSON number", s, m)
		}
	})
}

func money(t testing.TB, s string) Money {
	t.Helper()
	m, err := ParseMoney(s)
	if err != nil {
		t.Fatalf("ParseMoney(%q): %v", s, err)
	}
	return m
}

func rat(t testing.TB, s string) *big.Rat {
	t.Helper()
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		t.Fatalf("%q is no number", s)
	}
	return r
}
