package importer

import (
	"context"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/bojanz/currency"

	"capibara/event"
	"capibara/store"
)

// bounds are the limits of a source, ready for use.
type bounds struct {
	values map[string]event.Money // currency → what an event may be worth
	events float64                // times the usual number; 0 for no bound
	sum    float64                // times the usual sum of a currency; 0 for no bound
}

// compare reports whether a file as a whole is compared with those before it.
func (b *bounds) compare() bool { return b.events > 0 || b.sum > 0 }

// compileLimits checks limits.
func (m *Mapping) compileLimits(s *Source) error {
	of := s.Limits.Value.Currencies
	if amount := s.Limits.Value.Amount; amount != "" {
		if s.Currency == "" {
			return fmt.Errorf("limits.value: the source states no currency; write it by currency, like value: {EUR: %q}, or state the source's currency", amount)
		}
		of = map[string]string{s.Currency: amount}
	}
	for _, code := range slices.Sorted(maps.Keys(of)) {
		value, err := event.ParseMoney(of[code])
		switch {
		case !currency.IsValid(code) || len(code) != 3:
			return fmt.Errorf("limits.value: %q is no currency code in capitals, such as EUR", code)
		case s.Currency != "" && code != s.Currency:
			return fmt.Errorf("limits.value: the source states currency: %s, so that no event is in %s; take that out", s.Currency, code)
		case err != nil || value.Sign() <= 0:
			return fmt.Errorf("limits.value: %q is no amount; write digits with a point for decimals and without a mark for thousands, such as \"50000\"", of[code])
		}
		if m.limits.values == nil {
			m.limits.values = map[string]event.Money{}
		}
		m.limits.values[code] = value
	}
	for _, times := range []struct {
		key   string
		value float64
	}{{"events", s.Limits.Events}, {"sum", s.Limits.Sum}} {
		if times.value != 0 && (times.value <= 1 || times.value > 1e6) {
			return fmt.Errorf("limits.%s: %v is not more than 1; it says how many times the usual a file may bring, such as 5", times.key, times.value)
		}
	}
	m.limits.events, m.limits.sum = s.Limits.Events, s.Limits.Sum
	return nil
}

// over reports whether an event is worth more than the source lets through by itself.
func (b *bounds) over(value event.Money, code string) bool {
	if b.values == nil || !value.Present() {
		return false
	}
	most, limited := b.values[code]
	return limited && value.Cmp(most) > 0
}

const (
	usualFiles = 10 // files of a source that show what is usual
	usualLeast = 3  // fewer with events show nothing
)

// beyond says in sentences why a file that brought so many events, worth so much, is not let through by itself; "" when it is.
// before are the last files of the source, of which those that brought nothing new show nothing.
func (b *bounds) beyond(source string, f store.File, before []store.File) string {
	var why []string
	if b.events > 0 {
		var counts []*big.Rat
		for _, x := range before {
			if x.Events > 0 {
				counts = append(counts, new(big.Rat).SetUint64(x.Events))
			}
		}
		if usual, known := median(counts); known && exceeds(new(big.Rat).SetUint64(f.Events), usual, b.events) {
			why = append(why, fmt.Sprintf("This file brings %s events, and the last %d files of %s that brought any brought %s as a rule (half of them more, half of them fewer), while limits.events lets %s times that through.",
				thousands(strconv.FormatUint(f.Events, 10)), len(counts), source, thousands(trimZeros(usual.FloatString(1))), times(b.events)))
		}
	}
	if b.sum == 0 {
		return strings.Join(why, " ")
	}
	for _, s := range f.Sums {
		var sums []*big.Rat
		for _, x := range before {
			for _, o := range x.Sums {
				if worth, ok := new(big.Rat).SetString(o.Value); ok && o.Currency == s.Currency && worth.Sign() > 0 {
					sums = append(sums, worth)
				}
			}
		}
		worth, ok := new(big.Rat).SetString(s.Value)
		if usual, known := median(sums); ok && known && exceeds(worth, usual, b.sum) {
			why = append(why, fmt.Sprintf("The events of this file are worth %s %s, and those of the last %d files of %s in that currency were worth %s as a rule (half of them more, half of them less), while limits.sum lets %s times that through.",
				thousands(s.Value), s.Currency, len(sums), source, thousands(usual.FloatString(2)), times(b.sum)))
		}
	}
	return strings.Join(why, " ")
}

// beyondUsual says why the file that is about to be closed is not let through by itself; "" when it is.
func (p *pass) beyondUsual(ctx context.Context) (string, error) {
	b := &p.mapping.limits
	if !b.compare() {
		return "", nil
	}
	f, err := p.im.c.Store.File(ctx, p.file.Number)
	if err != nil || f.Events == 0 {
		return "", err
	}
	before, err := p.filesBefore(ctx)
	if err != nil {
		return "", err
	}
	return b.beyond(f.Source, f, before), nil
}

// filesBefore are the last files of the source that were imported before this one, but for those that brought back what was
// mended: they are small by nature.
func (p *pass) filesBefore(ctx context.Context) ([]store.File, error) {
	var before []store.File
	f := store.Filter{Source: p.file.Source, Limit: 2 * usualFiles}
	for {
		page, err := p.im.c.Store.Files(ctx, f)
		if err != nil {
			return nil, err
		}
		for _, x := range page.Items {
			if x.Number < p.file.Number && x.State == store.FileImported && x.Mends == 0 {
				before = append(before, x)
			}
			if len(before) == usualFiles {
				return before, nil
			}
		}
		if page.Next == "" {
			return before, nil
		}
		f.Cursor = page.Next
	}
}

// median is the middle one, or the mean of the two in the middle; known is false when there are too few.
func median(all []*big.Rat) (middle *big.Rat, known bool) {
	n := len(all)
	if n < usualLeast {
		return nil, false
	}
	slices.SortFunc(all, (*big.Rat).Cmp)
	if n%2 == 1 {
		return all[n/2], true
	}
	sum := new(big.Rat).Add(all[n/2-1], all[n/2])
	return sum.Quo(sum, big.NewRat(2, 1)), true
}

// exceeds reports whether n is more than so many times the usual.
func exceeds(n, usual *big.Rat, factor float64) bool {
	most, ok := new(big.Rat).SetString(times(factor))
	return ok && n.Cmp(most.Mul(most, usual)) > 0
}

// times writes a factor as it stands in the configuration.
func times(factor float64) string { return strconv.FormatFloat(factor, 'f', -1, 64) }

func trimZeros(s string) string { return strings.TrimSuffix(s, ".0") }

// thousands sets the thousands of a plain decimal apart.
func thousands(s string) string {
	whole, frac, dot := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		return whole + "." + frac
	}
	return whole
}
