package event

import (
	"errors"
	"math/big"
	"strings"
)

// Money is an exact decimal amount without a currency. It never goes through a float64: 19.99 stays 19.99. The zero
// value is "no amount", which is not the amount 0; see [Money.Present]. Amounts compare with ==: ParseMoney gives the
// same Money for "20", "20.0" and "20.00".
type Money struct {
	units int64 // the amount times 10 to the power of scale, without trailing zeros
	scale uint8
	set   bool
}

// MaxMoneyDigits bounds the significant digits of an amount, and those after its point; a longer one is no amount of money but an id in the wrong column.
const MaxMoneyDigits = 18

// maxUnits is the greatest number of MaxMoneyDigits digits.
const maxUnits = 999_999_999_999_999_999

// ErrMoney says that a text is not a plain decimal amount such as -1234.50.
var ErrMoney = errors.New("not a plain decimal amount")

// ParseMoney reads digits with an optional sign and an optional decimal point: "1234", "-0.5", "+12.00". Nothing else
// is accepted: separators, symbols and exponents are a matter of a file's locale, which the importer settles first.
// The error is ErrMoney.
func ParseMoney(s string) (Money, error) {
	t, neg := s, false
	if t != "" && (t[0] == '-' || t[0] == '+') {
		neg, t = t[0] == '-', t[1:]
	}
	whole, frac, dot := strings.Cut(t, ".")
	if whole == "" || dot && frac == "" {
		return Money{}, ErrMoney
	}
	frac = strings.TrimRight(frac, "0")
	if len(frac) > MaxMoneyDigits {
		return Money{}, ErrMoney
	}
	m := Money{set: true, scale: uint8(len(frac))}
	for _, part := range [2]string{whole, frac} {
		for i := range len(part) {
			c := part[i]
			// Zeros in front, which keep units at 0, do not count as digits.
			if c < '0' || c > '9' || m.units > maxUnits/10 {
				return Money{}, ErrMoney
			}
			m.units = m.units*10 + int64(c-'0')
		}
	}
	if neg {
		m.units = -m.units
	}
	if m.units == 0 {
		m.scale = 0
	}
	return m, nil
}

// Present reports whether there is an amount; the zero Money has none.
func (m Money) Present() bool { return m.set }

// Sign is -1, 0 or 1.
func (m Money) Sign() int {
	switch {
	case m.units < 0:
		return -1
	case m.units > 0:
		return 1
	}
	return 0
}

// Cmp is -1 when m is less than o, 0 when they are worth the same, 1 when m is more. No amount counts as 0.
func (m Money) Cmp(o Money) int {
	a, b := big.NewInt(m.units), big.NewInt(o.units)
	for i := m.scale; i < o.scale; i++ {
		a.Mul(a, big.NewInt(10))
	}
	for i := o.scale; i < m.scale; i++ {
		b.Mul(b, big.NewInt(10))
	}
	return a.Cmp(b)
}

// String is the shortest plain decimal, such as "19.99" or "20"; "" when there is no amount.
func (m Money) String() string { return string(m.append(nil)) }

// MarshalText makes an amount a decimal string in JSON, so that no reader rounds it.
func (m Money) MarshalText() ([]byte, error) { return m.append(nil), nil }

func (m Money) append(dst []byte) []byte {
	if !m.set {
		return dst
	}
	u := uint64(m.units)
	if m.units < 0 {
		dst, u = append(dst, '-'), -u
	}
	var buf [24]byte
	i := len(buf)
	for n := 0; u > 0 || n <= int(m.scale); n++ {
		if n == int(m.scale) && n > 0 {
			i--
			buf[i] = '.'
		}
		i--
		buf[i] = byte('0' + u%10)
		u /= 10
	}
	return append(dst, buf[i:]...)
}

// Sum adds amounts exactly, however many there are. The zero Sum is 0.
type Sum struct {
	units big.Int
	scale uint8
}

// Add adds m; no amount adds nothing.
func (s *Sum) Add(m Money) {
	if m.set {
		s.add(big.NewInt(m.units), m.scale)
	}
}

// AddSum adds what o has added up.
func (s *Sum) AddSum(o *Sum) { s.add(new(big.Int).Set(&o.units), o.scale) }

// add adds an amount of units with so many digits after the point. It keeps v.
func (s *Sum) add(v *big.Int, scale uint8) {
	for ; s.scale < scale; s.scale++ {
		s.units.Mul(&s.units, big.NewInt(10))
	}
	for i := scale; i < s.scale; i++ {
		v.Mul(v, big.NewInt(10))
	}
	s.units.Add(&s.units, v)
}

// ParseSum reads what Sum.String writes, however long it is. The error is ErrMoney.
func ParseSum(text string) (*Sum, error) {
	digits, neg := strings.CutPrefix(text, "-")
	whole, frac, dot := strings.Cut(digits, ".")
	if whole == "" || dot && frac == "" || len(frac) > MaxMoneyDigits || strings.Trim(whole+frac, "0123456789") != "" {
		return nil, ErrMoney
	}
	s := &Sum{scale: uint8(len(frac))}
	s.units.SetString(whole+frac, 10)
	if neg {
		s.units.Neg(&s.units)
	}
	return s, nil
}

// String is the sum as a plain decimal with at least two digits after the point, such as "1250.00".
func (s *Sum) String() string {
	t := new(big.Int).Abs(&s.units).String()
	scale := int(s.scale)
	if len(t) <= scale {
		t = strings.Repeat("0", scale-len(t)+1) + t
	}
	whole, frac := t[:len(t)-scale], t[len(t)-scale:]
	for len(frac) < 2 {
		frac += "0"
	}
	if s.units.Sign() < 0 {
		whole = "-" + whole
	}
	return whole + "." + frac
}
