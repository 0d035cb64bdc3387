package importer

import (
	"slices"
	"strings"
	"time"
	"unicode"

	"capibara/event"
	"capibara/importer/normalize"
)

// ColumnSight is what the cells of one column look like.
type ColumnSight struct {
	Header string
	Filled int      // cells that hold something
	Masks  []string // up to three forms of values, with letters as a and digits as 9

	emails, phones, hashes, numbers  int
	times, dates, unix               int // read without a stated order: with a time of day, without, as a number
	parted                           map[dateShape]int
	dayFirst, monthFirst             int // dates that can only be read in one order
	amounts, points, commas, unclear int // amounts at all; those that prove the decimal mark; those that do not say
	codes                            int // codes of currencies
	signs                            int // amounts with a currency beside them
	values                           map[string]int
	crowded                          bool // it has more different values than stages
}

// dateShape is how a date is written whose order of day and month must be known.
type dateShape struct {
	mark  string // between its parts
	year  int    // digits
	clock string // what follows, as under date_formats: "" or " HH:mm"
}

func newColumnSight(header string) ColumnSight {
	return ColumnSight{Header: trimSpace(header), parted: map[dateShape]int{}, values: map[string]int{}}
}

// add takes in one cell.
func (c *ColumnSight) add(cell string, kind cellKind) {
	cell = present(cell)
	if cell == "" {
		return
	}
	c.Filled++
	if mask := Mask(cell); len(c.Masks) < 3 && !slices.Contains(c.Masks, mask) {
		c.Masks = append(c.Masks, mask)
	}
	c.value(cell)
	switch {
	case isHash(cell):
		c.hashes++
		return
	case emailLike(cell):
		c.emails++
		return
	case len(cell) == 3 && currencyColumn(cell):
		c.codes++
	}
	if onlyDigits(cell) {
		c.numbers++
	}
	if c.date(cell) {
		return
	}
	if phoneLike(cell) {
		c.phones++
	}
	if kind == kindNumber {
		c.amounts++ // a number of a workbook or of JSON has one meaning
		return
	}
	c.amount(cell)
}

// value remembers the different values while they are few and short enough to be stages.
func (c *ColumnSight) value(cell string) {
	if c.crowded {
		return
	}
	v := strings.Clone(cell)
	if c.values[v]++; len(c.values) > maxStages || len(v) > 60 || dataLike(v) {
		c.crowded, c.values = true, nil
	}
}

// Values are the different values of a column that can hold stages, most frequent first; nil when it cannot: there are too
// many, or some look personal.
func (c *ColumnSight) Values() []StageCount {
	if c.crowded || len(c.values) == 0 {
		return nil
	}
	var all []StageCount
	for v, n := range c.values {
		all = append(all, StageCount{c.Header, v, uint64(n)})
	}
	slices.SortFunc(all, func(x, y StageCount) int {
		if x.Records != y.Records {
			return int(y.Records) - int(x.Records)
		}
		return strings.Compare(x.Value, y.Value)
	})
	return all
}

func emailLike(s string) bool {
	_, note := normalize.NormalEmail(s)
	return strings.Contains(s, "@") && !note.Dropped()
}

// phoneLike reports whether a text is written as telephone numbers are: 7 to 15 digits with a + in front, or a 0, or marks
// between them.
func phoneLike(s string) bool {
	digits := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digits++
		case !strings.ContainsRune("+()-./ ", rune(c)):
			return false
		}
	}
	return digits >= 7 && digits <= 15 && (s[0] == '+' || s[0] == '0' || s[0] == '(' || strings.ContainsAny(s, "- /"))
}

func currencyColumn(s string) bool {
	_, ok := currencyCode("1 "+s, 2)
	return ok && s == strings.ToUpper(s)
}

// date takes in a date; false when the cell is none.
func (c *ColumnSight) date(cell string) bool {
	unstated := clock{zone: time.UTC}
	at, reason := unstated.parse(cell)
	switch {
	case reason == event.ReasonDateUnreadable:
		return false
	case reason == "" && onlyDigits(strings.TrimSuffix(cell, ".0")) && len(cell) != 8:
		c.unix++
		return true
	case reason == "" && at.warning == event.ReasonDateOnly:
		c.dates++
		return !onlyDigits(cell)
	case reason == "":
		c.times++
		return true
	}
	shape, first, second, ok := shapeOf(cell)
	if !ok {
		return false
	}
	c.parted[shape]++
	if first > 12 && second <= 12 {
		c.dayFirst++
	}
	if second > 12 && first <= 12 {
		c.monthFirst++
	}
	return true
}

// amount takes in a cell that may be an amount.
func (c *ColumnSight) amount(cell string) {
	point, noPoint := parseAmount(cell, '.', "")
	_, noComma := parseAmount(cell, ',', "")
	plain, reason := parseAmount(cell, 0, "")
	if noPoint != "" && noComma != "" {
		return
	}
	c.amounts++
	if point.currency != "" || plain.currency != "" {
		c.signs++
	}
	switch {
	case reason == event.ReasonNumberAmbiguous:
		c.unclear++
	case noComma != "":
		c.points++
	case noPoint != "":
		c.commas++
	}
}

// maskLength is how much of a value a mask tells of.
const maskLength = 24

// Mask is the form of a value without the value: letters are a or A, digits are 9, what else stands there stays. It says
// neither what a value is nor, when it is long, how long.
func Mask(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n++; n > maskLength {
			b.WriteString("…")
			break
		}
		switch {
		case unicode.IsDigit(r):
			b.WriteByte('9')
		case unicode.IsUpper(r):
			b.WriteByte('A')
		case unicode.IsLetter(r) || unicode.IsMark(r):
			b.WriteByte('a')
		case r < ' ' || unicode.Is(unicode.C, r):
			b.WriteByte('.')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
