package importer

import (
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"capibara/event"
)

// The ways in which a proposal came to take a column for what it does.
const (
	ByValues = "values" // by the look of its values
	ByPerson = "person" // a person said so
)

// Proposal is the source that the look of a file suggests. What the look cannot tell is in Lacks, and for a person to say.
type Proposal struct {
	Sight  *Sight
	Source Source            // what would be written; a preset keeps its own keys to itself
	How    map[string]string // header → ByValues or ByPerson, for columns that the proposal added

	people []string // names of the sources of kind people
	bound  *binding
}

// ColumnProposal is what one column is taken for.
type ColumnProposal struct {
	Header  string
	Filled  int      // of the records that were looked at
	Masks   []string // the form of its values
	Members []string // nothing when it is not used
	By      string   // ByPreset, ByAlias, ByValues or ByPerson; "" when it is not used
}

// Lack is something that a source needs and that nothing says yet.
type Lack string

// What a source may lack.
const (
	LackEvent     Lack = "event"         // which event a record is
	LackTime      Lack = "event_time"    // when it happened
	LackKey       Lack = "record_key"    // what identifies a record
	LackAction    Lack = "action_source" // where it happened
	LackPerson    Lack = "person"        // who it was
	LackCurrency  Lack = "currency"      // of the amounts
	LackDecimal   Lack = "decimal"       // whether 1.234 is a thousand
	LackDateOrder Lack = "date_formats"  // whether 03/04 is in March or in April
	LackCountry   Lack = "country"       // of telephone numbers without a country code
)

// Propose makes a source of the look of a file. preset is the name of the one to start from; "" takes the one whose export
// it looks like.
func Propose(s *Sight, preset string) (*Proposal, error) {
	p := &Proposal{Sight: s, How: map[string]string{}}
	p.Source = Source{Name: sourceName(s.Name), Files: filePatterns(s.Name), Encoding: s.Encoding}
	switch {
	case preset != "":
		if _, err := LoadPreset(preset); err != nil {
			return nil, err
		}
		p.Source.Preset = preset
	case s.Preset != nil:
		p.Source.Preset = s.Preset.Name
	}
	if err := p.Refresh(); err != nil {
		return nil, err
	}
	p.identifiers()
	return p, p.Settle()
}

// Settle states what the values of the columns prove about dates and amounts, after the columns were changed.
func (p *Proposal) Settle() error {
	if err := p.Refresh(); err != nil {
		return err
	}
	p.formats()
	return p.Refresh()
}

// Refresh finds out again what the columns mean, after the source was changed.
func (p *Proposal) Refresh() error {
	m, err := p.Compile()
	if err != nil {
		return err
	}
	// What is missing is told by Lacks.
	p.bound, _ = m.lay(p.Sight.Headers(), false)
	return nil
}

// Compile makes a mapping of the proposal for a preview, whatever datasets there are.
func (p *Proposal) Compile() (*Mapping, error) {
	s := p.Source
	s.Dataset = DatasetChoice{}
	return s.Compile(Defaults{Datasets: map[string]string{"any": "1"}, People: p.people})
}

// People reports whether the file's records are people, which yield no events.
func (p *Proposal) People() bool { return p.bound.People() }

// Know says which sources of people there are, which a preset may join.
func (p *Proposal) Know(people []string) error {
	p.people = people
	return p.Refresh()
}

// Columns says for every column what it is taken for.
func (p *Proposal) Columns() []ColumnProposal {
	var all []ColumnProposal
	for i := range p.Sight.Columns {
		c := &p.Sight.Columns[i]
		out := ColumnProposal{Header: c.Header, Filled: c.Filled, Masks: c.Masks}
		for _, m := range p.bound.matches {
			if fold(m.Header) != fold(c.Header) || slices.Contains(out.Members, m.Member) {
				continue
			}
			out.Members = append(out.Members, m.Member)
			if out.By == "" || m.By == ByColumns {
				out.By = m.By
			}
		}
		if how := p.How[c.Header]; how != "" && len(out.Members) > 0 {
			out.By = how
		} else if out.By == ByColumns {
			out.By = ByPerson
		}
		all = append(all, out)
	}
	return all
}

// identifiers maps columns whose values can be nothing else than e-mail addresses or telephone numbers, when no header
// says where these are. A column about the seller is none of the customer's.
func (p *Proposal) identifiers() {
	for _, want := range []struct {
		key   event.Key
		looks func(*ColumnSight) int
	}{
		{event.Email, func(c *ColumnSight) int { return c.emails }},
		{event.Phone, func(c *ColumnSight) int { return c.phones }},
	} {
		if p.fills(target{key: want.key}) {
			continue
		}
		for i := range p.Sight.Columns {
			c := &p.Sight.Columns[i]
			if p.used(c.Header) || c.Filled == 0 || want.looks(c)*10 < c.Filled*8 || aboutStaff(c.Header) {
				continue
			}
			p.set(target{key: want.key}.plainName(), Names{c.Header})
			p.How[c.Header] = ByValues
			break
		}
	}
}

// aboutStaff reports whether a header is about who sells, and not about who buys.
func aboutStaff(header string) bool {
	f := fold(header)
	return slices.ContainsFunc([]string{"owner", "agent", "salesrep", "seller", "employee", "staff", "manager", "assigned", "createdby", "modifiedby",
		"user", "inhaber", "mitarbeiter", "verkäufer", "eigenaar", "medewerker", "propriétaire", "propietario", "fax"},
		func(word string) bool { return strings.Contains(f, word) })
}

// formats states what the values of dates and amounts prove.
func (p *Proposal) formats() {
	if s := &p.Source; len(s.DateFormats) == 0 {
		if dayFirst, monthFirst := p.proof(); dayFirst != monthFirst {
			p.StateOrder(dayFirst)
		}
	}
	if s := &p.Source; s.Decimal == "" {
		points, commas, _ := p.marks()
		switch {
		case points > 0 && commas == 0:
			s.Decimal = "."
		case commas > 0 && points == 0:
			s.Decimal = ","
		}
	}
}

// StateOrder states the order of day and month for every form in which the dates are written.
func (p *Proposal) StateOrder(dayFirst bool) {
	var formats []string
	columns := p.timeColumns()
	for _, c := range p.columnsOf(event.Birth) {
		// A date of birth is read by the same formats, unless it proves to be written in another order.
		if dayFirst && c.monthFirst == 0 || !dayFirst && c.dayFirst == 0 {
			columns = append(columns, c)
		}
	}
	for _, c := range columns {
		for shape := range c.parted {
			if f := shape.format(dayFirst); !slices.Contains(formats, f) {
				formats = append(formats, f)
			}
		}
	}
	slices.SortFunc(formats, func(x, y string) int { return len(y) - len(x) })
	p.Source.DateFormats = formats
}

// proof reports whether some date can only be read with the day first, and whether some can only with the month first.
func (p *Proposal) proof() (dayFirst, monthFirst bool) {
	for _, c := range p.timeColumns() {
		dayFirst = dayFirst || c.dayFirst > 0
		monthFirst = monthFirst || c.monthFirst > 0
	}
	return dayFirst, monthFirst
}

// marks counts the amounts that prove their decimal mark, and those that do not say.
func (p *Proposal) marks() (points, commas, unclear int) {
	for _, c := range p.valueColumns() {
		points, commas, unclear = points+c.points, commas+c.commas, unclear+c.unclear
	}
	return points, commas, unclear
}

// sourceName makes the name of a source from the name of a file: "Deals 2026-11-20 (1).csv" is deals.
func sourceName(file string) string {
	file = unpackedName(file)
	words := strings.FieldsFunc(strings.ToLower(strings.TrimSuffix(file, filepath.Ext(file))), func(r rune) bool { return !unicode.IsLetter(r) })
	words = slices.DeleteFunc(words, func(w string) bool { return len(w) < 2 || w == "export" || w == "csv" || w == "copy" })
	if len(words) == 0 {
		return "export"
	}
	return strings.Join(words[:min(len(words), 3)], "-")
}

// Takes reports whether a pattern fits the file that was looked at.
func (p *Proposal) Takes(pattern string) bool {
	m := &Mapping{source: Source{Files: []string{pattern}}}
	return m.Matches(p.Sight.Name)
}

// filePatterns are the patterns that fit the next file of the same kind. Whoever saves a table as CSV today may save it as a
// workbook tomorrow: what a source says of one holds for the other.
func filePatterns(file string) Names {
	pattern := filePattern(file)
	for _, x := range [2][2]string{{".csv", ".xlsx"}, {".xlsx", ".csv"}} {
		if stem, ok := strings.CutSuffix(pattern, x[0]); ok {
			return Names{pattern, stem + x[1]}
		}
	}
	return Names{pattern}
}

// filePattern is a pattern that fits the next file of the same kind: what changes from day to day is a star.
func filePattern(file string) string {
	file = unpackedName(file)
	ext := strings.ToLower(filepath.Ext(file))
	var b strings.Builder
	for _, r := range strings.ToLower(strings.TrimSuffix(file, filepath.Ext(file))) {
		if unicode.IsLetter(r) {
			b.WriteRune(r)
		} else if s := b.String(); !strings.HasSuffix(s, "*") {
			b.WriteByte('*')
		}
	}
	middle := strings.Trim(b.String(), "*")
	if len(middle) < 3 {
		return strings.ToLower(strings.TrimSuffix(file, filepath.Ext(file))) + "*" + ext
	}
	return "*" + middle + "*" + ext
}
